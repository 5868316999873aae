//! `bsf` and `compost`: organic waste (METHODS E).

use super::disposal::{self, Disposal, RawDisposal};
use super::point::{self, CELSIUS, HUMIDITY, KWH, MOISTURE, PointUse};
use super::{ANY, Around, indicator, one_of, words};
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// A bin with maggots.
#[derive(Clone, Debug, PartialEq)]
pub struct Bsf {
    /// Temperatures of the substrate, degC; the first is the core.
    pub temperatures: Vec<PointUse>,
    /// Humidity of the air, % or %RH.
    pub humidity: Option<PointUse>,
    /// Moisture of the substrate, % or %RH.
    pub moisture: Option<PointUse>,
    /// What is reared, in words.
    pub stage: String,
    /// Where the probe sits, in words; empty when nobody wrote it down.
    pub probe: String,
    /// Limits of the temperature bands.
    pub bands: Bands,
    /// Indicators of the ledger: waste fed, maggots harvested, residue (kasgot).
    pub fed: Arc<str>,
    /// See `fed`.
    pub larvae: Arc<str>,
    /// See `fed`.
    pub residue: Arc<str>,
    /// The three are dry mass; otherwise wet.
    pub dry_mass: bool,
    /// Where the waste would have gone; `None`: no methane baseline.
    pub disposal: Option<Disposal>,
}

/// Limits between bands of temperature, degC (E.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Bands {
    /// Below: no development.
    pub slow: f64,
    /// From here to `warm`: optimal.
    pub optimal: f64,
    /// Above: warm.
    pub warm: f64,
    /// From here: critical.
    pub critical: f64,
    /// From here: lethal.
    pub lethal: f64,
}

/// A compost heap.
#[derive(Clone, Debug, PartialEq)]
pub struct Compost {
    /// How it is composted.
    pub process: Composting,
    /// Temperatures of the heap, degC.
    pub temperatures: Vec<PointUse>,
    /// Moisture, % or %RH.
    pub moisture: Option<PointUse>,
    /// Turnings, a count.
    pub turning: Option<PointUse>,
    /// Indicator of the ledger with the turnings.
    pub turning_ledger: Option<Arc<str>>,
    /// Electricity that it takes, kWh.
    pub energy: Option<PointUse>,
    /// Indicator of the ledger: waste put in.
    pub fed: Arc<str>,
    /// Where the waste would have gone; `None`: no methane baseline.
    pub disposal: Option<Disposal>,
}

/// Ways to compost, as `pfrp` knows them.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Composting {
    /// In a vessel.
    InVessel,
    /// A heap with air blown in.
    AeratedStaticPile,
    /// A heap that is turned.
    Windrow,
}

impl Composting {
    /// Its word in files and in `pfrp`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InVessel => "in_vessel",
            Self::AeratedStaticPile => "aerated_static_pile",
            Self::Windrow => "windrow",
        }
    }
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            slow: 12.0,
            optimal: 27.0,
            warm: 30.0,
            critical: 36.0,
            lethal: 44.0,
        }
    }
}

/// `bsf` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBsf {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// Point of the substrate's temperature, or a list of them, the core first.
    #[schemars(required, with = "Option<serde_json::Value>")]
    pub(crate) temperature: Option<At<toml::Value>>,
    /// Point of the air's humidity.
    pub(crate) humidity: Text,
    /// Point of the substrate's moisture.
    pub(crate) moisture: Text,
    /// What is reared, `larva` when left out.
    pub(crate) stage: Option<At<RawStage>>,
    /// Where the probe sits, e.g. "5 cm deep, centre".
    pub(crate) probe: Text,
    /// Limits between bands of temperature.
    pub(crate) bands: Option<At<RawBands>>,
    /// Indicator of the waste fed, `bsf-fed` when left out.
    pub(crate) fed: Text,
    /// Indicator of the maggots harvested, `bsf-maggot` when left out.
    pub(crate) larvae: Text,
    /// Indicator of the residue, `bsf-kasgot` when left out.
    pub(crate) residue: Text,
    /// Whether these are wet or dry mass, `wet` when left out.
    pub(crate) basis: Option<At<RawBasis>>,
    /// Where the waste would have gone.
    pub(crate) disposal: Option<At<RawDisposal>>,
}

/// What is reared.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawStage {
    Egg,
    Larva,
    Prepupa,
    Pupa,
    Adult,
}

/// Basis of masses.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawBasis {
    Wet,
    Dry,
}

/// `bands` as typed; each degC.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBands {
    /// Below: no development; 12 when left out.
    pub(crate) slow: Number,
    /// From here to `warm`: optimal; 27 when left out.
    pub(crate) optimal: Number,
    /// Above: warm; 30 when left out.
    pub(crate) warm: Number,
    /// From here: critical; 36 when left out.
    pub(crate) critical: Number,
    /// From here: lethal; 44 when left out.
    pub(crate) lethal: Number,
}

/// `compost` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCompost {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// How it is composted.
    #[schemars(required)]
    pub(crate) process: Option<At<Composting>>,
    /// Point of the heap's temperature, or a list of them.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) temperature: Option<At<toml::Value>>,
    /// Point of the moisture.
    pub(crate) moisture: Text,
    /// Point that counts turnings.
    pub(crate) turning: Text,
    /// Indicator of the ledger with the turnings.
    pub(crate) turning_ledger: Text,
    /// Point of the electricity that it takes, a counter.
    pub(crate) energy: Text,
    /// Indicator of the waste put in, `waste-sorted` when left out.
    pub(crate) fed: Text,
    /// Where the waste would have gone.
    pub(crate) disposal: Option<At<RawDisposal>>,
}

pub(super) fn bsf(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawBsf,
    around: &mut Around<'_>,
) -> Bsf {
    let probe = words(&raw.probe);
    if probe.is_empty() {
        notes.warn(span.clone(), "probe", "fault-no-probe", "", "");
    }
    let stage = raw.stage.as_ref().map_or(RawStage::Larva, |at| *at.get());
    let disposal = raw.disposal.as_ref();
    let temperature = raw.temperature.as_ref();
    Bsf {
        temperatures: point::points(notes, around, temperature, "temperature", CELSIUS),
        humidity: point::point(notes, around, &raw.humidity, "humidity", HUMIDITY),
        moisture: point::point(notes, around, &raw.moisture, "moisture", MOISTURE),
        stage: stage_word(stage).to_owned(),
        probe,
        bands: bands(notes, raw.bands.as_ref()),
        fed: indicator(notes, around, &raw.fed, "fed", "bsf-fed"),
        larvae: indicator(notes, around, &raw.larvae, "larvae", "bsf-maggot"),
        residue: indicator(notes, around, &raw.residue, "residue", "bsf-kasgot"),
        dry_mass: raw
            .basis
            .as_ref()
            .is_some_and(|at| *at.get() == RawBasis::Dry),
        disposal: disposal.and_then(|at| disposal::disposal(notes, at, around)),
    }
}

fn stage_word(stage: RawStage) -> &'static str {
    match stage {
        RawStage::Egg => "egg",
        RawStage::Larva => "larva",
        RawStage::Prepupa => "prepupa",
        RawStage::Pupa => "pupa",
        RawStage::Adult => "adult",
    }
}

/// The limits, which must rise.
fn bands(notes: &mut Notes<'_>, typed: Option<&At<RawBands>>) -> Bands {
    let usual = Bands::default();
    let Some(at) = typed else {
        return usual;
    };
    let raw = at.get();
    let mut limit = |typed: &Number, key: &str, usual: f64| {
        notes.within(typed, key, -20.0..=80.0).unwrap_or(usual)
    };
    let bands = Bands {
        slow: limit(&raw.slow, "slow", usual.slow),
        optimal: limit(&raw.optimal, "optimal", usual.optimal),
        warm: limit(&raw.warm, "warm", usual.warm),
        critical: limit(&raw.critical, "critical", usual.critical),
        lethal: limit(&raw.lethal, "lethal", usual.lethal),
    };
    let all = [
        bands.slow,
        bands.optimal,
        bands.warm,
        bands.critical,
        bands.lethal,
    ];
    if all.windows(2).any(|pair| pair[0] >= pair[1]) {
        let found = all.map(|limit| limit.to_string()).join(", ");
        notes.fault(
            at.span(),
            "bands",
            "fault-value",
            &found,
            "fault-expect-rising",
        );
    }
    bands
}

pub(super) fn compost(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawCompost,
    around: &mut Around<'_>,
) -> Compost {
    let windrow = raw
        .process
        .as_ref()
        .is_some_and(|at| *at.get() == Composting::Windrow);
    if windrow && raw.temperature.is_some() {
        let turnings = [
            ("turning", raw.turning.is_some()),
            ("turning_ledger", raw.turning_ledger.is_some()),
        ];
        one_of(notes, span, &turnings);
    }
    let ledger = raw.turning_ledger.as_ref();
    let disposal = raw.disposal.as_ref();
    let temperature = raw.temperature.as_ref();
    Compost {
        process: raw
            .process
            .as_ref()
            .map_or(Composting::Windrow, |at| *at.get()),
        temperatures: point::points(notes, around, temperature, "temperature", CELSIUS),
        moisture: point::point(notes, around, &raw.moisture, "moisture", MOISTURE),
        turning: point::point(notes, around, &raw.turning, "turning", ANY),
        turning_ledger: ledger
            .map(|_| indicator(notes, around, &raw.turning_ledger, "turning_ledger", "")),
        energy: point::total(notes, around, &raw.energy, "energy", KWH),
        fed: indicator(notes, around, &raw.fed, "fed", "waste-sorted"),
        disposal: disposal.and_then(|at| disposal::disposal(notes, at, around)),
    }
}
