//! `genset`: an engine that makes electricity (METHODS C.4, C.5).

use super::fuel::{self, Fuel, RawBlend, RawFuelKind};
use super::point::{self, FLOW, KWH, PointUse, VOLUME, WATT};
use super::{Around, indicator};
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// An engine that makes electricity.
#[derive(Clone, Debug, PartialEq)]
pub struct Genset {
    /// Rating, kW.
    pub rating_kw: f64,
    /// How it is loaded; `None`: not said.
    pub load: Option<GensetLoad>,
    /// Power, W.
    pub power: Option<PointUse>,
    /// Energy, kWh.
    pub energy: Option<PointUse>,
    /// Fuel used, m3.
    pub fuel: Option<PointUse>,
    /// Fuel flow, m3/h.
    pub fuel_flow: Option<PointUse>,
    /// Indicator of the ledger with the litres bought.
    pub fuel_ledger: Option<Arc<str>>,
    /// What it burns.
    pub burns: Fuel,
}

/// How a set is loaded: the columns of C.4.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum GensetLoad {
    /// 25 %: a mini-grid day and night.
    Lf25,
    /// 50 %: four to six hours a day, productive use, water pumps.
    Lf50,
    /// 100 %: with storage.
    Lf100,
}

impl GensetLoad {
    /// Its word in files and in `genset_ef`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lf25 => "lf25",
            Self::Lf50 => "lf50",
            Self::Lf100 => "lf100",
        }
    }
}

/// `genset` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawGenset {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// Rating, kW.
    #[schemars(required)]
    pub(crate) rating_kw: Number,
    /// How it is loaded.
    pub(crate) load: Option<At<GensetLoad>>,
    /// Point of the power.
    pub(crate) power: Text,
    /// Point of the energy, a counter.
    pub(crate) energy: Text,
    /// Point of the fuel used, a counter.
    pub(crate) fuel: Text,
    /// Point of the fuel flow.
    pub(crate) fuel_flow: Text,
    /// Indicator of the ledger with the litres bought.
    pub(crate) fuel_ledger: Text,
    /// What it burns, `diesel` when left out.
    pub(crate) fuel_kind: Option<At<RawFuelKind>>,
    /// Factor of the CO2 of its heat; the IPCC's of the fuel when left out.
    pub(crate) fuel_factor: Text,
    /// Density from the delivery note, kg/L.
    pub(crate) density_kg_l: Number,
    /// Share of biodiesel, by month: `[{ from = 2025-01-01, share = 0.4 }]`.
    #[serde(default)]
    pub(crate) biodiesel: Vec<At<RawBlend>>,
}

pub(super) fn genset(
    notes: &mut Notes<'_>,
    _span: &Range<usize>,
    raw: &RawGenset,
    around: &mut Around<'_>,
) -> Genset {
    let typed = fuel::Typed {
        kind: raw.fuel_kind.as_ref(),
        factor: &raw.fuel_factor,
        density: &raw.density_kg_l,
        blends: &raw.biodiesel,
    };
    let ledger = raw.fuel_ledger.as_ref();
    Genset {
        rating_kw: notes.positive(&raw.rating_kw, "rating_kw").unwrap_or(0.0),
        load: raw.load.as_ref().map(|at| *at.get()),
        power: point::point(notes, around, &raw.power, "power", WATT),
        energy: point::total(notes, around, &raw.energy, "energy", KWH),
        fuel: point::total(notes, around, &raw.fuel, "fuel", VOLUME),
        fuel_flow: point::point(notes, around, &raw.fuel_flow, "fuel_flow", FLOW),
        fuel_ledger: ledger.map(|_| indicator(notes, around, &raw.fuel_ledger, "fuel_ledger", "")),
        burns: fuel::fuel(notes, around, &typed),
    }
}
