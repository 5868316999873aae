//! [`PumpAsset`]: kind `pump`, a water pump (METHODS B).

use crate::assets::asset_point::{AssetPoint, ENERGY_UNITS, FLOW_UNITS, POWER_UNITS, VOLUME_UNITS};
use crate::assets::pump::head_settings::{self as pump_head, HeadComponents, RawHead};
use crate::assets::{
    ANY_UNIT, AssetKindSettings, CheckContext, NamedAsset, PumpMeasurements, RatedLimit,
    RawAssetTable, check_named_asset, lifetime_limit, require_one_of, symmetric_limit,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawNumber, RawText, SpannedValue};
use crate::config::value_syntax;
use crate::config::value_syntax::EXPECT_DURATION;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Default criteria of a dry run: shares of the rated power and flow, and duration (METHODS B.8).
const DRY_RUN_POWER_SHARE: f64 = 0.30;
const DRY_RUN_FLOW_SHARE: f64 = 0.05;
const DRY_RUN_DURATION: Duration = Duration::from_mins(1);
/// Margin on the rated power of a pump.
// A motor draws a multiple of its rating when it starts.
const START_MARGIN: f64 = 5.0;
/// Margin on the rated flow of a pump.
// Without head a pump delivers more than its rating.
const FLOW_MARGIN: f64 = 3.0;

/// Water pump.
#[derive(Clone, Debug, PartialEq)]
pub struct PumpAsset {
    /// Electric power, W.
    pub power: Option<AssetPoint>,
    /// Electric energy, kWh.
    pub energy: Option<AssetPoint>,
    /// Water volume, m3.
    pub volume: Option<AssetPoint>,
    /// Water flow, m3/h.
    pub flow: Option<AssetPoint>,
    /// Status of the drive.
    pub status: Option<AssetPoint>,
    /// Rated electric power, W.
    pub rated_power_w: Option<f64>,
    /// Rated flow, m3/h.
    pub rated_flow_m3_h: Option<f64>,
    /// Components of the head.
    pub head: Option<HeadComponents>,
    /// Criteria of a dry run.
    pub dry_run: DryRunRule,
    /// Id of the PV plant that drives it.
    pub plts: Option<Arc<str>>,
}

/// Criteria of a dry run; all must hold at the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct DryRunRule {
    /// Minimum share of the rated power.
    pub power_share: f64,
    /// Share of the rated flow below which the pump runs dry.
    pub flow_share: f64,
    /// Minimum duration.
    pub after: Duration,
}

/// `pump` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPump {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people.
    pub(crate) name: RawText,
    /// First day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) since: Option<RawDate>,
    /// Last day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) until: Option<RawDate>,
    /// Point of the electric power.
    pub(crate) power: RawText,
    /// Point of the electric energy, a counter.
    pub(crate) energy: RawText,
    /// Point of the water volume, a counter.
    pub(crate) volume: RawText,
    /// Point of the flow.
    pub(crate) flow: RawText,
    /// Point of the drive status.
    pub(crate) status: RawText,
    /// Rated electric power, kW.
    pub(crate) rated_power_kw: RawNumber,
    /// Rated flow, m3/h.
    pub(crate) rated_flow_m3_h: RawNumber,
    /// Components of the head.
    pub(crate) head: Option<SpannedValue<RawHead>>,
    /// Criteria of a dry run.
    pub(crate) dry_run: Option<RawDryRun>,
    /// Id of the PV plant that drives it.
    pub(crate) plts: RawText,
}

/// `dry_run` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDryRun {
    /// Minimum share of the rated power, 0.3 by default.
    pub(crate) power_share: RawNumber,
    /// Share of the rated flow below which the pump runs dry, 0.05 by default.
    pub(crate) flow_share: RawNumber,
    /// Minimum duration, `"60s"` by default.
    pub(crate) after: RawText,
}

impl AssetKindSettings for PumpAsset {
    fn report_chapter(&self) -> &'static str {
        "pump"
    }

    fn needed_assets(&self) -> Vec<&Arc<str>> {
        self.plts.iter().collect()
    }

    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        let power = self.rated_power_w.map(|watts| watts * START_MARGIN);
        let flow = self.rated_flow_m3_h.map(|flow| flow * FLOW_MARGIN);
        let points = [
            power.and_then(|watts| symmetric_limit(self.power.as_ref(), watts)),
            power.and_then(|watts| lifetime_limit(self.energy.as_ref(), watts / 1000.0)),
            flow.and_then(|flow| symmetric_limit(self.flow.as_ref(), flow)),
            flow.and_then(|flow| lifetime_limit(self.volume.as_ref(), flow)),
        ];
        points.into_iter().flatten().collect()
    }

    fn pump_measurements(&self) -> Option<PumpMeasurements> {
        Some(PumpMeasurements {
            water: self.volume.is_some() || self.flow.is_some(),
            head: self.head.is_some(),
        })
    }
}

impl RawAssetTable for RawPump {
    fn check_relations(
        &self,
        notes: &mut DiagnosticCollector<'_>,
        _own: &dyn AssetKindSettings,
        all: &[&dyn NamedAsset],
    ) {
        check_named_asset(notes, all, &self.plts, "plts", "plts");
    }
}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawPump,
    around: &mut CheckContext<'_>,
) -> PumpAsset {
    let keys = [
        ("energy", raw.energy.is_some()),
        ("power", raw.power.is_some()),
        ("volume", raw.volume.is_some()),
        ("flow", raw.flow.is_some()),
    ];
    require_one_of(notes, span, &keys);
    let rated_power = notes.ranged_number(&raw.rated_power_kw, "rated_power_kw");
    PumpAsset {
        power: around.measured_point(notes, &raw.power, "power", POWER_UNITS),
        energy: around.counter_point(notes, &raw.energy, "energy", ENERGY_UNITS),
        volume: around.counter_point(notes, &raw.volume, "volume", VOLUME_UNITS),
        flow: around.measured_point(notes, &raw.flow, "flow", FLOW_UNITS),
        status: around.measured_point(notes, &raw.status, "status", ANY_UNIT),
        rated_power_w: rated_power.map(|kw| kw * 1000.0),
        rated_flow_m3_h: notes.ranged_number(&raw.rated_flow_m3_h, "rated_flow_m3_h"),
        head: raw
            .head
            .as_ref()
            .map(|at| pump_head::check_head(notes, at, around)),
        dry_run: check_dry_run(notes, raw),
        plts: raw.plts.as_ref().map(|at| Arc::from(at.get().as_str())),
    }
}

fn check_dry_run(notes: &mut DiagnosticCollector<'_>, raw: &RawPump) -> DryRunRule {
    let empty = RawDryRun::default();
    let limits = raw.dry_run.as_ref().unwrap_or(&empty);
    let power = notes.ranged_number(&limits.power_share, "power_share");
    let flow = notes.ranged_number(&limits.flow_share, "flow_share");
    let after = notes.parsed_text(
        &limits.after,
        "after",
        value_syntax::parse_duration,
        EXPECT_DURATION,
    );
    DryRunRule {
        power_share: power.unwrap_or(DRY_RUN_POWER_SHARE),
        flow_share: flow.unwrap_or(DRY_RUN_FLOW_SHARE),
        after: after.unwrap_or(DRY_RUN_DURATION),
    }
}
