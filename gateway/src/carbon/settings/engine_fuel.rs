//! [`EngineFuel`]: fuel of an engine: heat value, CO2 factor, density and biodiesel (METHODS C.5).

use crate::assets::CheckContext;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::{check_use, choose_factor};
use crate::config::raw_values::{RawDate, RawNumber, RawText, SpannedValue};
use crate::domain::factor::Factor;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Factor of the biodiesel share in force from 2025 on.
// B40 is mandatory from 2025-01-01. Fossil diesel instead of B40 overstates the saving by 67 %
// (METHODS C.5).
const BLEND_FACTOR: &str = "fuel.biodiesel.blend.2025";

/// Fuel of an engine, with the factors of its emissions.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineFuel {
    /// Kind of fuel.
    pub kind: FuelKind,
    /// CO2 per heat, such as kgCO2/GJ; `None` only after an error.
    pub co2: Option<Arc<Factor>>,
    /// Net calorific value, GJ/t; `None` only after an error.
    pub ncv: Option<Arc<Factor>>,
    /// Density from the delivery note, kg/L; `None` when not known: then litres give no CO2.
    pub density_kg_l: Option<f64>,
    /// Biodiesel shares, ascending by date; empty for gasoline.
    pub blends: Vec<BiodieselBlend>,
}

/// Share of biodiesel from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct BiodieselBlend {
    /// First day.
    pub from: Date,
    /// Share by volume, 0 to 1.
    pub share: f64,
    /// Factor behind the share; `None` for the site's own record.
    pub factor: Option<Arc<Factor>>,
}

/// Kind of fuel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FuelKind {
    /// Diesel oil (Solar, Biosolar).
    #[default]
    Diesel,
    /// Gasoline (Pertalite, Premium).
    Gasoline,
}

/// Kind of fuel as typed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawFuelKind {
    /// Diesel oil (Solar, Biosolar).
    Diesel,
    /// Gasoline (Pertalite, Premium).
    Gasoline,
}

/// Entry of `biodiesel`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBlend {
    /// First day.
    #[schemars(required, with = "Option<serde_json::Value>")]
    pub(crate) from: Option<RawDate>,
    /// Share by volume, 0 to 1.
    #[schemars(required)]
    pub(crate) share: RawNumber,
}

/// Fuel keys of any table.
#[derive(Debug)]
pub(crate) struct RawFuelKeys<'a> {
    pub(crate) kind: Option<&'a SpannedValue<RawFuelKind>>,
    pub(crate) factor: &'a RawText,
    pub(crate) density: &'a RawNumber,
    pub(crate) blends: &'a [SpannedValue<RawBlend>],
}

impl EngineFuel {
    /// Biodiesel share on a day: the last entry that has begun, else the first entry.
    pub fn blend_on(&self, day: Date) -> Option<&BiodieselBlend> {
        let begun = self.blends.iter().rfind(|blend| blend.from <= day);
        begun.or(self.blends.first())
    }

    /// Factors on which its emissions depend.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        let blends = self.blends.iter().filter_map(|blend| blend.factor.as_ref());
        self.co2.iter().chain(&self.ncv).chain(blends).collect()
    }
}

impl FuelKind {
    /// Word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Diesel => "diesel",
            Self::Gasoline => "gasoline",
        }
    }
}

pub(crate) fn check_fuel(
    notes: &mut DiagnosticCollector<'_>,
    around: &CheckContext<'_>,
    typed: &RawFuelKeys<'_>,
) -> EngineFuel {
    let kind = match typed.kind.map(SpannedValue::get) {
        Some(RawFuelKind::Gasoline) => FuelKind::Gasoline,
        Some(RawFuelKind::Diesel) | None => FuelKind::Diesel,
    };
    let of_heat = |factor: &Factor| factor.kg_per_gj().is_some();
    let co2 = choose_factor(
        notes,
        around.factors,
        typed.factor,
        "fuel_factor",
        "kgCO2/GJ",
        of_heat,
    );
    if let Some((at, factor)) = typed.factor.as_ref().zip(co2.as_ref()) {
        check_use(notes, (&at.span(), "fuel_factor"), factor, "fuel_factor");
    }
    let usual = around.factors.find(&format!("fuel.{}.co2", kind.word()));
    EngineFuel {
        kind,
        co2: co2.or_else(|| usual.cloned()),
        ncv: around
            .factors
            .find(&format!("fuel.{}.ncv", kind.word()))
            .cloned(),
        density_kg_l: notes.ranged_number(typed.density, "density_kg_l"),
        blends: check_blends(notes, around, kind, typed.blends),
    }
}

fn check_blends(
    notes: &mut DiagnosticCollector<'_>,
    around: &CheckContext<'_>,
    kind: FuelKind,
    raw: &[SpannedValue<RawBlend>],
) -> Vec<BiodieselBlend> {
    if let Some(at) = raw.first().filter(|_| kind == FuelKind::Gasoline) {
        notes.add_error(at.span(), "biodiesel", "fault-gasoline", "", "");
    }
    if raw.is_empty() && kind == FuelKind::Diesel {
        // Without a record of the site the national blend applies.
        let known = around.factors.find(BLEND_FACTOR);
        let blend = known.and_then(|factor| {
            Some(BiodieselBlend {
                from: factor.valid_from?,
                share: factor.value_in("m3/m3")?,
                factor: Some(Arc::clone(factor)),
            })
        });
        return blend.into_iter().collect();
    }
    let mut all: Vec<BiodieselBlend> = Vec::new();
    for at in raw {
        let from = notes.declared_date(at.get().from.as_ref(), "from");
        let share = notes.number_in_range(&at.get().share, "share", 0.0..=1.0);
        let (Some(from), Some(share)) = (from, share) else {
            continue;
        };
        if let Some(last) = all.last().filter(|last| last.from >= from) {
            let expected = format!("> {}", last.from);
            notes.add_error(
                at.span(),
                "from",
                "fault-range",
                &from.to_string(),
                &expected,
            );
        }
        let factor = None;
        all.push(BiodieselBlend {
            from,
            share,
            factor,
        });
    }
    all
}
