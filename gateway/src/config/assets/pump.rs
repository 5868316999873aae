//! `pump`: a water pump (METHODS B).

use super::head::{self, Head, RawHead};
use super::point::{self, FLOW, KWH, PointUse, VOLUME, WATT};
use super::{ANY, Around, one_of};
use crate::config::check::DURATION;
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use crate::config::values;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Shares of the ratings, and the time, of a dry run when nothing is said (B.8).
const POWER_SHARE: f64 = 0.30;
const FLOW_SHARE: f64 = 0.05;
const DRY_AFTER: Duration = Duration::from_mins(1);

/// A water pump.
#[derive(Clone, Debug, PartialEq)]
pub struct Pump {
    /// Electric power, W.
    pub power: Option<PointUse>,
    /// Electric energy, kWh.
    pub energy: Option<PointUse>,
    /// Water, m3.
    pub volume: Option<PointUse>,
    /// Water, m3/h.
    pub flow: Option<PointUse>,
    /// State of the drive.
    pub status: Option<PointUse>,
    /// Rated electric power, W.
    pub rated_power_w: Option<f64>,
    /// Rated flow, m3/h.
    pub rated_flow_m3_h: Option<f64>,
    /// What it works against.
    pub head: Option<Head>,
    /// When it is said to run dry.
    pub dry_run: DryRun,
    /// Id of the plant that drives it.
    pub plts: Option<Arc<str>>,
}

/// When a pump is said to run dry: all at the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct DryRun {
    /// At least this share of the rated power.
    pub power_share: f64,
    /// Less than this share of the rated flow.
    pub flow_share: f64,
    /// For so long.
    pub after: Duration,
}

/// `pump` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPump {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// Point of the electric power.
    pub(crate) power: Text,
    /// Point of the electric energy, a counter.
    pub(crate) energy: Text,
    /// Point of the water, a counter.
    pub(crate) volume: Text,
    /// Point of the flow.
    pub(crate) flow: Text,
    /// Point of the drive's state.
    pub(crate) status: Text,
    /// Rated electric power, kW.
    pub(crate) rated_power_kw: Number,
    /// Rated flow, m3/h.
    pub(crate) rated_flow_m3_h: Number,
    /// What it works against.
    pub(crate) head: Option<At<RawHead>>,
    /// When it is said to run dry.
    pub(crate) dry_run: Option<RawDryRun>,
    /// Id of the plant that drives it.
    pub(crate) plts: Text,
}

/// `dry_run` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDryRun {
    /// At least this share of the rated power, 0.3 when left out.
    pub(crate) power_share: Number,
    /// Less than this share of the rated flow, 0.05 when left out.
    pub(crate) flow_share: Number,
    /// For so long, `"60s"` when left out.
    pub(crate) after: Text,
}

pub(super) fn pump(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawPump,
    around: &mut Around<'_>,
) -> Pump {
    let keys = [
        ("energy", raw.energy.is_some()),
        ("power", raw.power.is_some()),
        ("volume", raw.volume.is_some()),
        ("flow", raw.flow.is_some()),
    ];
    one_of(notes, span, &keys);
    let rated_power = notes.positive(&raw.rated_power_kw, "rated_power_kw");
    Pump {
        power: point::point(notes, around, &raw.power, "power", WATT),
        energy: point::total(notes, around, &raw.energy, "energy", KWH),
        volume: point::total(notes, around, &raw.volume, "volume", VOLUME),
        flow: point::point(notes, around, &raw.flow, "flow", FLOW),
        status: point::point(notes, around, &raw.status, "status", ANY),
        rated_power_w: rated_power.map(|kw| kw * 1000.0),
        rated_flow_m3_h: notes.positive(&raw.rated_flow_m3_h, "rated_flow_m3_h"),
        head: raw.head.as_ref().map(|at| head::head(notes, at, around)),
        dry_run: dry_run(notes, raw),
        plts: raw.plts.as_ref().map(|at| Arc::from(at.get().as_str())),
    }
}

fn dry_run(notes: &mut Notes<'_>, raw: &RawPump) -> DryRun {
    let empty = RawDryRun::default();
    let limits = raw.dry_run.as_ref().unwrap_or(&empty);
    let power = notes.within(&limits.power_share, "power_share", 0.0..=1.0);
    let flow = notes.within(&limits.flow_share, "flow_share", 0.0..=1.0);
    let after = notes.parsed(&limits.after, "after", values::duration, DURATION);
    DryRun {
        power_share: power.unwrap_or(POWER_SHARE),
        flow_share: flow.unwrap_or(FLOW_SHARE),
        after: after.unwrap_or(DRY_AFTER),
    }
}
