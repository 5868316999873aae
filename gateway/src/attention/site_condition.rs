//! [`SiteCondition`]: what the rules know of a site at one moment.

use crate::assets::{Asset, AssetKind, AssetPoint};
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::domain::{DeviceInfo, Site, UtcMs};
use crate::ledger::IndicatorDefinitions;
use crate::status::{CopyState, StampingState};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Age up to which the latest sample of a point counts as the present, ms.
const PRESENT_MS: i64 = 30 * 60_000;

/// Condition of a site at one moment.
#[derive(Debug)]
pub(crate) struct SiteCondition<'a> {
    /// Devices and place.
    pub(crate) site: &'a Site,
    /// Assets with their thresholds.
    pub(crate) assets: &'a [Asset],
    /// Definitions of the ledger.
    pub(crate) definitions: &'a IndicatorDefinitions,
    /// Present time.
    pub(crate) now: UtcMs,
    /// True when the wall clock can be trusted.
    pub(crate) clock_trusted: bool,
    /// The store.
    pub(crate) store: StoreCondition,
    /// All sinks.
    pub(crate) sinks: Vec<SinkCondition>,
    /// Time stamps of the evidence chain; `None` when none are configured.
    pub(crate) stamps: Option<StampingState>,
    /// Daily copies on another disk; `None` when none are made.
    pub(crate) copies: Option<CopyState>,
    /// Devices, in the order of the site.
    pub(crate) devices: Vec<DeviceCondition>,
    /// Latest sample by point, where that sample is good.
    pub(crate) latest: BTreeMap<Arc<str>, (UtcMs, f64)>,
    /// Figures.
    pub(crate) figures: ConditionFigures<'a>,
    /// Figures of this month that have a target.
    pub(crate) targets: Vec<TargetProgress>,
    /// Share of the month that has passed, 0 to 1.
    pub(crate) month_passed: f64,
    /// Day of the newest ledger record of each indicator.
    pub(crate) last_entries: BTreeMap<Arc<str>, Date>,
}

/// Figures of the periods that rules look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConditionFigures<'a> {
    /// Yesterday and today.
    pub(crate) recent: &'a SiteIndicators,
    /// The last seven days, with today.
    pub(crate) week: &'a SiteIndicators,
    /// This month.
    pub(crate) month: &'a SiteIndicators,
}

/// Condition of the store.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fault that comes and goes by itself"
)]
pub(crate) struct StoreCondition {
    /// True when readings cannot be written.
    pub(crate) is_failing: bool,
    /// True when the disk has no free room.
    pub(crate) is_disk_full: bool,
    /// True when the disk gives no answer at all.
    pub(crate) is_hung: bool,
    /// Readings that were lost because the disk failed.
    pub(crate) lost: u64,
    /// Days whose raw readings the age rule will delete soon.
    pub(crate) days_to_go: u64,
    /// Time from which data over the disk budget is deleted.
    pub(crate) budget_due: Option<UtcMs>,
    /// Lines of what damage of the file has cost, of which nobody has taken note.
    pub(crate) damage_unseen: u64,
    /// True when damage of the file was found since the start.
    pub(crate) is_damaged: bool,
}

/// Condition of a sink.
#[derive(Clone, Debug)]
pub(crate) struct SinkCondition {
    /// Name, `mqtt` or `influx`.
    pub(crate) name: Arc<str>,
    /// True when it delivers.
    pub(crate) is_delivering: bool,
    /// Minutes for which the oldest reading has waited, when it delivers but is late.
    pub(crate) minutes_late: Option<u64>,
    /// Readings that wait.
    pub(crate) waiting: u64,
    /// Readings that the receiver refused.
    pub(crate) refused: u64,
}

/// Condition of a device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceCondition {
    /// State.
    pub(crate) state: DeviceConditionState,
    /// Time of its last good answer.
    pub(crate) last_good: Option<UtcMs>,
}

/// State of a device, as far as people must care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceConditionState {
    /// Answers, or sleeps as expected at night.
    Well,
    /// Not read yet.
    Waiting,
    /// Answers, but some values are missing or implausible.
    Partial,
    /// Does not answer.
    Silent,
}

/// Figure of this month with a target.
#[derive(Clone, Debug)]
pub(crate) struct TargetProgress {
    /// Id of the indicator.
    pub(crate) indicator: Arc<str>,
    /// Name for people.
    pub(crate) name: Arc<str>,
    /// Share of the target that was reached.
    pub(crate) reached: f64,
    /// Address of the explanation.
    pub(crate) explain: String,
}

impl SiteCondition<'_> {
    /// Present value of a point of an asset, in the unit of the formulas; `None` when the latest
    /// sample is bad or old.
    pub(crate) fn present_value(&self, point: Option<&AssetPoint>) -> Option<f64> {
        let point = point?;
        let (at, value) = self.latest.get(&point.id)?;
        (self.now.0 - at.0 <= PRESENT_MS).then(|| point.value(*value))
    }

    /// Device that owns a point.
    pub(crate) fn device_of_point(&self, point: &str) -> Option<usize> {
        // Ids of points are `device.point`, so the device needs no search through all points.
        let (device, _) = point.split_once('.')?;
        let mut devices = self.site.devices.iter();
        devices.position(|one| *one.id == *device)
    }

    /// Assets that use a point of this device.
    pub(crate) fn assets_of_device(&self, device: &DeviceInfo) -> Vec<&Asset> {
        let uses = |asset: &&Asset| {
            let mut points = asset.points.values();
            points.any(|id| device.points.iter().any(|point| point.id == *id))
        };
        self.assets.iter().filter(uses).collect()
    }

    /// True when a device of the asset does not answer.
    pub(crate) fn has_silent_device(&self, asset: &Asset) -> bool {
        let devices = asset
            .points
            .values()
            .filter_map(|id| self.device_of_point(id));
        let mut states = devices.filter_map(|index| self.devices.get(index));
        states.any(|device| device.state == DeviceConditionState::Silent)
    }

    /// Assets of one kind, by a function that takes its settings.
    pub(crate) fn assets_with<'b, T>(
        &'b self,
        settings: fn(&'b AssetKind) -> Option<&'b T>,
    ) -> impl Iterator<Item = (&'b Asset, &'b T)> {
        let today = self.site.timezone.date(self.now);
        let working = self
            .assets
            .iter()
            .filter(move |asset| asset.days.contains(today));
        working.filter_map(move |asset| Some((asset, settings(&asset.kind)?)))
    }
}

/// Unrounded value of a figure of an asset.
pub(crate) fn figure_value(account: &SiteIndicators, asset: &Asset, id: &str) -> Option<f64> {
    // Rules compare with thresholds: the printed value is rounded and could be on the other side.
    let found = account.find(id, Some(&asset.id))?;
    found.value.as_ref().ok().copied()
}

/// Time and value of the newest reading behind a figure, in the unit of its point.
pub(crate) fn last_reading(figure: &Indicator) -> Option<(UtcMs, f64)> {
    let inputs = figure.inputs.iter();
    let readings = inputs.filter_map(|input| match &input.from {
        InputSource::Point(readings) => readings.last,
        _ => None,
    });
    readings.max_by_key(|(at, _)| at.0)
}
