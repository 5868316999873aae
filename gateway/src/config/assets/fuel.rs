//! What an engine burns (METHODS C.5): heat, CO2 of it, density, share of biodiesel by month.

use super::Around;
use crate::config::factors::chosen;
use crate::config::notes::Notes;
use crate::config::raw::{At, Day, Number, Text};
use crate::model::factor::Factor;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// The share of biodiesel in force, from 2025 on.
const BLEND: &str = "fuel.biodiesel.blend.2025";

/// What an engine burns.
#[derive(Clone, Debug, PartialEq)]
pub struct Fuel {
    /// Which fuel.
    pub kind: FuelKind,
    /// CO2 of its heat, a factor in kgCO2/GJ or the like; `None` only beside a fault.
    pub co2: Option<Arc<Factor>>,
    /// Its heat, a factor in GJ/t; `None` only beside a fault.
    pub ncv: Option<Arc<Factor>>,
    /// Density from the delivery note, kg/L; `None`: not known, then litres make no CO2.
    pub density_kg_l: Option<f64>,
    /// Shares of biodiesel, ascending by date; empty for gasoline.
    pub blends: Vec<Blend>,
}

/// A share of biodiesel from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    /// First day.
    pub from: Date,
    /// Share by volume, 0 to 1.
    pub share: f64,
    /// The factor that says so; `None`: the site's own record.
    pub factor: Option<Arc<Factor>>,
}

/// Fuels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FuelKind {
    /// Solar, Biosolar.
    #[default]
    Diesel,
    /// Pertalite, Premium.
    Gasoline,
}

/// Fuels as typed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawFuelKind {
    /// Solar, Biosolar.
    Diesel,
    /// Pertalite, Premium.
    Gasoline,
}

/// One entry of `biodiesel`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBlend {
    /// First day.
    #[schemars(required, with = "Option<serde_json::Value>")]
    pub(crate) from: Option<Day>,
    /// Share by volume, 0 to 1.
    #[schemars(required)]
    pub(crate) share: Number,
}

/// The keys of a fuel, wherever they stand.
#[derive(Debug)]
pub(super) struct Typed<'a> {
    pub(super) kind: Option<&'a At<RawFuelKind>>,
    pub(super) factor: &'a Text,
    pub(super) density: &'a Number,
    pub(super) blends: &'a [At<RawBlend>],
}

impl Fuel {
    /// Share of biodiesel on a day: the last entry that has begun, or the first when none has.
    pub fn blend_on(&self, day: Date) -> Option<&Blend> {
        let begun = self.blends.iter().rfind(|blend| blend.from <= day);
        begun.or(self.blends.first())
    }

    /// The factors that it stands on.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        let blends = self.blends.iter().filter_map(|blend| blend.factor.as_ref());
        self.co2.iter().chain(&self.ncv).chain(blends).collect()
    }
}

impl FuelKind {
    /// Its word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Diesel => "diesel",
            Self::Gasoline => "gasoline",
        }
    }
}

pub(super) fn fuel(notes: &mut Notes<'_>, around: &Around<'_>, typed: &Typed<'_>) -> Fuel {
    let kind = match typed.kind.map(At::get) {
        Some(RawFuelKind::Gasoline) => FuelKind::Gasoline,
        Some(RawFuelKind::Diesel) | None => FuelKind::Diesel,
    };
    let of_heat = |factor: &Factor| factor.kg_per_gj().is_some();
    let co2 = chosen(
        notes,
        around.factors,
        typed.factor,
        "fuel_factor",
        "kgCO2/GJ",
        of_heat,
    );
    let usual = around.factors.find(&format!("fuel.{}.co2", kind.word()));
    Fuel {
        kind,
        co2: co2.or_else(|| usual.cloned()),
        ncv: around
            .factors
            .find(&format!("fuel.{}.ncv", kind.word()))
            .cloned(),
        density_kg_l: notes.within(typed.density, "density_kg_l", 0.6..=1.1),
        blends: blends(notes, around, kind, typed.blends),
    }
}

fn blends(
    notes: &mut Notes<'_>,
    around: &Around<'_>,
    kind: FuelKind,
    raw: &[At<RawBlend>],
) -> Vec<Blend> {
    if let Some(at) = raw.first().filter(|_| kind == FuelKind::Gasoline) {
        notes.fault(at.span(), "biodiesel", "fault-gasoline", "", "");
    }
    if raw.is_empty() && kind == FuelKind::Diesel {
        let known = around.factors.find(BLEND);
        let blend = known.and_then(|factor| {
            Some(Blend {
                from: factor.valid_from?,
                share: factor.value,
                factor: Some(Arc::clone(factor)),
            })
        });
        return blend.into_iter().collect();
    }
    let mut all: Vec<Blend> = Vec::new();
    for at in raw {
        let from = notes.date(at.get().from.as_ref(), "from");
        let share = notes.within(&at.get().share, "share", 0.0..=1.0);
        let (Some(from), Some(share)) = (from, share) else {
            continue;
        };
        if let Some(last) = all.last().filter(|last| last.from >= from) {
            let expected = format!("> {}", last.from);
            notes.fault(
                at.span(),
                "from",
                "fault-range",
                &from.to_string(),
                &expected,
            );
        }
        let factor = None;
        all.push(Blend {
            from,
            share,
            factor,
        });
    }
    all
}
