//! Application of calibrations: correction of each point and shape of each tank, day by day. Raw
//! samples stay unchanged, and days before a calibration are not affected.

use crate::assets::tank::geometry::TankGeometry;
use crate::domain::calibration::{
    CalibrationHistory, CalibrationId, CalibrationKind, LinearCorrection,
};
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::formulas::saved_state::{SavedState, StateArchive};
use crate::indicators::input_reading::ConfirmedSwap;
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::PeriodDays;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Corrections of each input series on the current day.
pub(crate) struct SeriesCorrections<'a> {
    calibrations: &'a CalibrationHistory,
    lanes: &'a [InputSeries],
    today: Vec<LinearCorrection>,
    /// Correction of the last reading of each series.
    last: Vec<Option<LinearCorrection>>,
    /// Swaps of each series, by their moment.
    swaps: Vec<Vec<ConfirmedSwap>>,
    /// Moment of the last good reading of each series, ms.
    heard: Vec<Option<i64>>,
}

impl SavedState for SeriesCorrections<'_> {
    fn exchange(&mut self, archive: &mut StateArchive) {
        for last in &mut self.last {
            let mut plain = last.map(|one| (one.gain, one.offset));
            plain.exchange(archive);
            *last = plain.map(|(gain, offset)| LinearCorrection { gain, offset });
        }
        for heard in &mut self.heard {
            heard.exchange(archive);
        }
    }
}

/// Reading after correction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CorrectedReading {
    /// Value in the unit of its use.
    pub(crate) value: f64,
    /// True growth for each unit of growth of the counter.
    pub(crate) gain: f64,
    /// The correction differs from that of the previous reading.
    pub(crate) rebased: bool,
}

impl<'a> SeriesCorrections<'a> {
    pub(crate) fn new(
        calibrations: &'a CalibrationHistory,
        lanes: &'a [InputSeries],
        day: Date,
    ) -> Self {
        let mut corrections = Self {
            calibrations,
            lanes,
            today: Vec::new(),
            last: vec![None; lanes.len()],
            swaps: lanes
                .iter()
                .map(|lane| swaps_of(calibrations, lane))
                .collect(),
            heard: vec![None; lanes.len()],
        };
        corrections.begin_day(day);
        corrections
    }

    /// The calibrations of the site.
    pub(crate) fn calibrations(&self) -> &'a CalibrationHistory {
        self.calibrations
    }

    pub(crate) fn series(&self) -> &'a [InputSeries] {
        self.lanes
    }

    /// Loads the corrections of a day.
    pub(crate) fn begin_day(&mut self, day: Date) {
        let line = |lane: &InputSeries| self.calibrations.at(&lane.point.id, day);
        self.today = self.lanes.iter().map(line).collect();
    }

    /// The last swap of the meter since the good reading of a series before this one.
    pub(crate) fn swap_before(&mut self, lane: usize, at: i64) -> Option<ConfirmedSwap> {
        let before = self.heard[lane].replace(at)?;
        let mut swaps = self.swaps[lane].iter();
        swaps
            .rfind(|swap| before <= swap.at && swap.at < at)
            .copied()
    }

    /// Corrects a reading given in the unit of the point. A counter reading stays as it is, so that
    /// resets are detected on the raw register; only its growth is corrected, by `gain`.
    pub(crate) fn correct_reading(&mut self, lane: usize, own: f64) -> CorrectedReading {
        let point = &self.lanes[lane].point;
        let correction = self
            .today
            .get(lane)
            .copied()
            .unwrap_or(LinearCorrection::NONE);
        let before = self.last[lane].replace(correction);
        if self.lanes[lane].is_counter() {
            return CorrectedReading {
                value: point.value(own),
                gain: correction.gain,
                rebased: false,
            };
        }
        CorrectedReading {
            value: point.value(correction.apply(own)),
            gain: 1.0,
            rebased: before.is_some_and(|before| before != correction),
        }
    }
}

fn swaps_of(calibrations: &CalibrationHistory, lane: &InputSeries) -> Vec<ConfirmedSwap> {
    if !lane.is_counter() {
        return Vec::new();
    }
    let all = calibrations.swaps_of(&lane.point.id).into_iter();
    all.map(|swap| ConfirmedSwap {
        at: swap.at.0,
        old_last: lane.point.value(swap.old_last),
        new_first: lane.point.value(swap.new_first),
    })
    .collect()
}

/// Shapes of a tank over the period: the configured one, or a strapping table from its first day
/// on.
#[derive(Clone, Debug)]
pub(crate) struct TankShapeHistory {
    configured: TankGeometry,
    /// Start (ms) of each other shape; `None`: the configured shape again.
    since: Vec<(i64, Option<TankGeometry>)>,
}

impl TankShapeHistory {
    pub(crate) fn new(
        configured: TankGeometry,
        calibrations: &CalibrationHistory,
        tank: &str,
        span: &PeriodDays,
    ) -> Self {
        let mut since: Vec<(i64, Option<TankGeometry>)> = Vec::new();
        for day in &span.days {
            let shape = calibrations
                .strapping_table_on(tank, day.date)
                .map(TankGeometry::Strapping);
            if since.last().map(|last| &last.1) != Some(&shape) {
                since.push((day.from, shape));
            }
        }
        Self { configured, since }
    }

    /// Shape at a time, ms.
    pub(crate) fn shape_at(&self, at: i64) -> &TankGeometry {
        // A reading at midnight covers the day before, so it uses the shape of that day.
        let own = self
            .shape_number_at(at)
            .checked_sub(1)
            .map(|place| &self.since[place].1);
        own.and_then(Option::as_ref).unwrap_or(&self.configured)
    }

    /// Number of shapes that began before a time; a different number means a different shape.
    pub(crate) fn shape_number_at(&self, at: i64) -> usize {
        self.since.partition_point(|(since, _)| *since < at)
    }

    /// Shape at the end of the period.
    pub(crate) fn last_shape(&self) -> &TankGeometry {
        self.shape_at(i64::MAX)
    }
}

/// Calibrations in force on any day of the period, by point or tank.
pub(crate) fn calibrations_in_period(
    calibrations: &CalibrationHistory,
    targets: &[Arc<str>],
    span: &PeriodDays,
) -> BTreeMap<Arc<str>, BTreeSet<CalibrationId>> {
    let mut used: BTreeMap<Arc<str>, BTreeSet<CalibrationId>> = BTreeMap::new();
    if calibrations.entries().is_empty() {
        return used;
    }
    for day in &span.days {
        for target in targets {
            // A swap corrects no reading of the days after it.
            let kinds = CalibrationKind::ALL.into_iter();
            let found = kinds
                .filter(|kind| *kind != CalibrationKind::Swap)
                .filter_map(|kind| calibrations.in_force(kind, target, day.date));
            for entry in found {
                used.entry(target.clone()).or_default().insert(entry.id);
            }
        }
    }
    for target in targets {
        let ends = (span.period.first(), span.period.last());
        let swaps = calibrations.swaps_within(target, ends);
        if !swaps.is_empty() {
            used.entry(target.clone()).or_default().extend(swaps);
        }
    }
    used
}

/// Adds the numbers of the calibrations to the remarks of each figure that uses corrected readings.
pub(crate) fn add_calibration_remarks(
    figures: &mut [Indicator],
    tank: &str,
    used: &BTreeMap<Arc<str>, BTreeSet<CalibrationId>>,
) {
    for figure in figures {
        let points = figure.inputs.iter().filter_map(|input| match &input.from {
            InputSource::Point(readings) => used.get(&readings.point),
            _ => None,
        });
        let mut ids: BTreeSet<CalibrationId> = points.flatten().copied().collect();
        if figure.id.starts_with("tank.") {
            ids.extend(used.get(tank).into_iter().flatten());
        }
        if ids.is_empty() {
            continue;
        }
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let remark = IndicatorRemark::new("account-calibrated").with_arg("ids", ids.join(", "));
        figure.remarks.push(remark);
    }
}
