//! Calibrations as figures use them: the correction of each point and the inside of each tank, day
//! by day. What was read stays as it was; a day before a calibration knows nothing of it.

use crate::account::lane::Lane;
use crate::account::span::Span;
use crate::analyse::tank::Shape;
use crate::model::calibration::{CalibrationId, Calibrations, Kind, Line};
use crate::model::indicator::{Indicator, Remark, Source};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The correction of each lane on the day that is being read.
pub(super) struct Corrections<'a> {
    calibrations: &'a Calibrations,
    lanes: &'a [Lane],
    today: Vec<Line>,
    /// With what each lane's last reading was corrected.
    last: Vec<Option<Line>>,
}

/// A reading after its correction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corrected {
    /// In the unit of its use.
    pub(super) value: f64,
    /// True growth for each unit of a counter's growth.
    pub(super) gain: f64,
    /// Another correction holds than for the reading before.
    pub(super) rebased: bool,
}

impl<'a> Corrections<'a> {
    pub(super) fn new(calibrations: &'a Calibrations, lanes: &'a [Lane], day: Date) -> Self {
        let mut corrections = Self {
            calibrations,
            lanes,
            today: Vec::new(),
            last: vec![None; lanes.len()],
        };
        corrections.day(day);
        corrections
    }

    pub(super) fn lanes(&self) -> &'a [Lane] {
        self.lanes
    }

    /// Another day begins.
    pub(super) fn day(&mut self, day: Date) {
        let line = |lane: &Lane| self.calibrations.at(&lane.point.id, day);
        self.today = self.lanes.iter().map(line).collect();
    }

    /// A reading in the point's own unit, corrected. A counter's reading stays, so that its resets
    /// are seen; its growth is corrected.
    pub(super) fn apply(&mut self, lane: usize, own: f64) -> Corrected {
        let point = &self.lanes[lane].point;
        let correction = self.today.get(lane).copied().unwrap_or(Line::NONE);
        let before = self.last[lane].replace(correction);
        if self.lanes[lane].is_counter() {
            return Corrected {
                value: point.value(own),
                gain: correction.gain,
                rebased: false,
            };
        }
        Corrected {
            value: point.value(correction.apply(own)),
            gain: 1.0,
            rebased: before.is_some_and(|before| before != correction),
        }
    }
}

/// The inside of a tank: as configured, until a strapping table takes its place.
#[derive(Clone, Debug)]
pub(super) struct Shapes {
    configured: Shape,
    /// From when on (ms) another one holds; `None`: the configured one again.
    since: Vec<(i64, Option<Shape>)>,
}

impl Shapes {
    pub(super) fn new(
        configured: Shape,
        calibrations: &Calibrations,
        tank: &str,
        span: &Span,
    ) -> Self {
        let mut since: Vec<(i64, Option<Shape>)> = Vec::new();
        for day in &span.days {
            let shape = calibrations.strapping(tank, day.date).map(Shape::Strapping);
            if since.last().map(|last| &last.1) != Some(&shape) {
                since.push((day.from, shape));
            }
        }
        Self { configured, since }
    }

    /// The one of a moment; a reading at midnight closes the day before.
    pub(super) fn at(&self, at: i64) -> &Shape {
        let own = self
            .number(at)
            .checked_sub(1)
            .map(|place| &self.since[place].1);
        own.and_then(Option::as_ref).unwrap_or(&self.configured)
    }

    /// How many have begun before a moment; another number is another shape.
    pub(super) fn number(&self, at: i64) -> usize {
        self.since.partition_point(|(since, _)| *since < at)
    }

    /// The one at the period's end.
    pub(super) fn last(&self) -> &Shape {
        self.at(i64::MAX)
    }
}

/// Calibrations that were in force on some day of the period, by point or tank.
pub(super) fn used(
    calibrations: &Calibrations,
    targets: &[Arc<str>],
    span: &Span,
) -> BTreeMap<Arc<str>, BTreeSet<CalibrationId>> {
    let mut used: BTreeMap<Arc<str>, BTreeSet<CalibrationId>> = BTreeMap::new();
    if calibrations.entries().is_empty() {
        return used;
    }
    for day in &span.days {
        for target in targets {
            let found = Kind::ALL
                .into_iter()
                .filter_map(|kind| calibrations.in_force(kind, target, day.date));
            for entry in found {
                used.entry(target.clone()).or_default().insert(entry.id);
            }
        }
    }
    used
}

/// A figure that stands on corrected readings says so, with the numbers of the calibrations.
pub(super) fn tell(
    figures: &mut [Indicator],
    tank: &str,
    used: &BTreeMap<Arc<str>, BTreeSet<CalibrationId>>,
) {
    for figure in figures {
        let points = figure.inputs.iter().filter_map(|input| match &input.from {
            Source::Point(readings) => used.get(&readings.point),
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
        let remark = Remark::new("account-calibrated").with("ids", ids.join(", "));
        figure.remarks.push(remark);
    }
}
