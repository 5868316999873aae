//! Figures whose readings begin later than their period, or end earlier: each says since when or
//! until when, a total among them is a lower bound, and so does whatever is computed from them.
//!
//! ```text
//! period 2026-11, first reading on 12 November at 10:12
//! plts.generation: at least 180 kWh, since 12 November, of 63 % of the period
//! the device died on 20 November
//! plts.generation: at least 190 kWh, until 20 November
//! ```

use crate::domain::indicator::{Indicator, IndicatorInput, IndicatorRemark, InputSource};
use crate::domain::measured_since::{MeasuredSince, PeriodEnd};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::figure_context::FigureBuilder;
use jiff::civil::DateTime;

/// Units of amounts, which can only grow by what was not measured.
const AMOUNT_UNITS: [&str; 7] = ["kWh", "m3", "L", "kg", "mm", "kWh/m2", "h"];
/// Method of the states of a tank, which are no amounts.
const STATE_METHOD: &str = "D.1";
/// Method of the totals of counters.
const COUNTER_METHOD: &str = "G.5";
/// Beginning of the ids of what runs by the sun.
const SOLAR_PREFIX: &str = "plts.";
/// Daylight within which a plant wakes up, ms.
const WAKING_MS: i64 = 3_600_000;
/// Longest way between two figures, as for verdicts.
const STEPS_MAX: usize = 8;

/// Time since when, or until when, something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MeasuredStretch {
    /// It does not stand on readings.
    Unmeasured,
    /// To the end of the period that is looked at.
    Whole,
    /// Since a later time, or until an earlier one.
    Cut(MeasuredSince),
}

impl MeasuredStretch {
    fn and(self, other: Self, end: PeriodEnd) -> Self {
        match (self, other) {
            (Self::Unmeasured, one) | (one, Self::Unmeasured) => one,
            (Self::Whole, Self::Whole) => Self::Whole,
            (Self::Whole, Self::Cut(cut)) | (Self::Cut(cut), Self::Whole) => {
                Self::Cut(MeasuredSince {
                    in_part: true,
                    ..cut
                })
            }
            (Self::Cut(one), Self::Cut(other)) => Self::Cut(MeasuredSince {
                at: end.narrower(one.at, other.at),
                in_part: one.in_part || other.in_part,
            }),
        }
    }
}

impl AssetReadings<'_> {
    /// Marks the figures whose readings begin late or end early.
    pub(crate) fn mark_missing_ends(&self, figures: &mut [Indicator]) {
        for end in PeriodEnd::ALL {
            self.mark_missing_end(end, figures);
        }
    }

    fn mark_missing_end(&self, end: PeriodEnd, figures: &mut [Indicator]) {
        for figure in figures.iter_mut().filter(|one| one.value.is_ok()) {
            let of_sun = figure.id.starts_with(SOLAR_PREFIX);
            let points = figure.inputs.iter().filter_map(|input| match &input.from {
                InputSource::Point(readings) => Some(&readings.point),
                _ => None,
            });
            let cuts = points.map(|point| self.cut_at(end, point, of_sun));
            let cuts: Vec<Option<DateTime>> = cuts.collect();
            let known = cuts.iter().flatten().copied();
            let Some(at) = known.reduce(|one, other| end.narrower(one, other)) else {
                continue;
            };
            let keys = end.remarks();
            let is_amount = AMOUNT_UNITS.contains(&&*figure.unit) && figure.method != STATE_METHOD;
            let key = match is_amount {
                // The gap of a period that runs may end within it.
                true if self.desk.span.is_over() && self.is_counted(figure) => keys.counted,
                true => keys.total,
                false if cuts.contains(&None) => keys.in_part,
                false => keys.other,
            };
            *figure = figure.clone().with_remark(end_remark(end, key, at));
        }
    }

    /// Whether all readings of a figure are those of counters.
    fn is_counted(&self, figure: &Indicator) -> bool {
        let is_counter = |input: &IndicatorInput| match &input.from {
            InputSource::Point(readings) => {
                let mut lanes = self.lanes.iter();
                lanes.any(|lane| lane.point.id == readings.point && lane.is_counter())
            }
            _ => true,
        };
        figure.method == COUNTER_METHOD && figure.inputs.iter().all(is_counter)
    }

    /// Local time of the first reading of a point that begins late, or of the last one of a point
    /// that ends early; what runs by the sun misses nothing at night, and little at dawn and dusk.
    fn cut_at(&self, end: PeriodEnd, point: &str, of_sun: bool) -> Option<DateTime> {
        let span = self.desk.span;
        let place = self
            .lanes
            .iter()
            .position(|lane| *lane.point.id == *point)?;
        let (track, lane) = (&self.tracks[place], &self.lanes[place]);
        let (at, missing) = match end {
            PeriodEnd::Begin => {
                let at = track.late_begin(span, lane.is_counter())?;
                (at, span.daylight_ms_between(span.from, at))
            }
            PeriodEnd::End => {
                let at = track.early_end(span)?;
                (at, span.daylight_ms_between(at, span.to))
            }
        };
        if of_sun && missing <= WAKING_MS {
            return None;
        }
        let (date, time) = span.local_time(at);
        Some(date.to_datetime(time))
    }
}

fn end_remark(end: PeriodEnd, key: &str, at: DateTime) -> IndicatorRemark {
    IndicatorRemark::new(key).with_arg(end.remarks().arg, at)
}

/// Says of each figure that is computed from late ones, or from those that end early, since when or
/// until when it was measured.
pub(crate) fn pass_measured_since(figures: &mut [Indicator]) {
    for end in PeriodEnd::ALL {
        let found: Vec<(usize, MeasuredSince)> = figures
            .iter()
            .enumerate()
            .filter(|(_, one)| one.measured_end(end).is_none())
            .filter_map(|(at, one)| match stretch_of(figures, one, (end, 0)) {
                MeasuredStretch::Cut(since) if one.value.is_ok() => Some((at, since)),
                _ => None,
            })
            .collect();
        let keys = end.remarks();
        for (at, since) in found {
            let key = if since.in_part {
                keys.in_part
            } else {
                keys.other
            };
            let marked = figures[at].clone();
            figures[at] = marked.with_remark(end_remark(end, key, since.at));
        }
    }
}

/// Stretch of the readings that a figure stands on, as far as one end of the period goes.
fn stretch_of(
    figures: &[Indicator],
    one: &Indicator,
    (end, depth): (PeriodEnd, usize),
) -> MeasuredStretch {
    if let Some(cut) = one.measured_end(end) {
        return MeasuredStretch::Cut(cut);
    }
    if depth >= STEPS_MAX {
        return MeasuredStretch::Unmeasured;
    }
    let next = (end, depth + 1);
    let inputs = one.inputs.iter().map(|input| match &input.from {
        InputSource::Point(_) => MeasuredStretch::Whole,
        InputSource::Part(part) => stretch_of(figures, part, next),
        InputSource::Indicator { id, asset } => {
            let mut all = figures.iter();
            let found = all.find(|known| known.id == *id && known.asset == *asset);
            let found = found.filter(|known| known.value.is_ok() && !std::ptr::eq(*known, one));
            found.map_or(MeasuredStretch::Unmeasured, |known| {
                stretch_of(figures, known, next)
            })
        }
        _ => MeasuredStretch::Unmeasured,
    });
    inputs.fold(MeasuredStretch::Unmeasured, |all, one| all.and(one, end))
}
