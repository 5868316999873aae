//! Figures whose readings begin later than their period: each says since when, a total among them
//! is a lower bound, and so does whatever is computed from them.
//!
//! ```text
//! period 2026-11, first reading on 12 November at 10:12
//! plts.generation: at least 180 kWh, since 12 November, of 63 % of the period
//! ```

use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::measured_since::{MeasuredSince, SINCE, SINCE_ARG, SINCE_IN_PART, SINCE_TOTAL};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::figure_context::FigureBuilder;
use jiff::civil::DateTime;

/// Units of amounts, which can only grow by what was not measured.
const AMOUNT_UNITS: [&str; 7] = ["kWh", "m3", "L", "kg", "mm", "kWh/m2", "h"];
/// Method of the states of a tank, which are no amounts.
const STATE_METHOD: &str = "D.1";
/// Beginning of the ids of what runs by the sun.
const SOLAR_PREFIX: &str = "plts.";
/// Daylight within which a plant wakes up, ms.
const WAKING_MS: i64 = 3_600_000;
/// Longest way between two figures, as for verdicts.
const STEPS_MAX: usize = 8;

/// Time since when something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MeasuredStretch {
    /// It does not stand on readings.
    Unmeasured,
    /// Since the beginning of the period.
    Whole,
    /// Since a later time.
    Late(MeasuredSince),
}

impl MeasuredStretch {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unmeasured, one) | (one, Self::Unmeasured) => one,
            (Self::Whole, Self::Whole) => Self::Whole,
            (Self::Whole, Self::Late(late)) | (Self::Late(late), Self::Whole) => {
                Self::Late(MeasuredSince {
                    in_part: true,
                    ..late
                })
            }
            (Self::Late(one), Self::Late(other)) => Self::Late(MeasuredSince {
                at: one.at.max(other.at),
                in_part: one.in_part || other.in_part,
            }),
        }
    }
}

impl AssetReadings<'_> {
    /// Marks the figures whose readings begin late.
    pub(crate) fn mark_late_readings(&self, figures: &mut [Indicator]) {
        for figure in figures.iter_mut().filter(|one| one.value.is_ok()) {
            let of_sun = figure.id.starts_with(SOLAR_PREFIX);
            let points = figure.inputs.iter().filter_map(|input| match &input.from {
                InputSource::Point(readings) => Some(&readings.point),
                _ => None,
            });
            let begun = points.map(|point| self.late_begin(point, of_sun));
            let begun: Vec<Option<DateTime>> = begun.collect();
            let Some(since) = begun.iter().flatten().max() else {
                continue;
            };
            let is_amount = AMOUNT_UNITS.contains(&&*figure.unit) && figure.method != STATE_METHOD;
            let key = match is_amount {
                true => SINCE_TOTAL,
                false if begun.contains(&None) => SINCE_IN_PART,
                false => SINCE,
            };
            *figure = figure.clone().with_remark(since_remark(key, *since));
        }
    }

    /// Local time of the first reading of a point that begins late; what runs by the sun misses
    /// nothing at night, and little while it wakes up.
    fn late_begin(&self, point: &str, of_sun: bool) -> Option<DateTime> {
        let span = self.desk.span;
        let place = self
            .lanes
            .iter()
            .position(|lane| *lane.point.id == *point)?;
        let at = self.tracks[place].late_begin(span, self.lanes[place].is_counter())?;
        if of_sun && span.daylight_ms_between(span.from, at) <= WAKING_MS {
            return None;
        }
        let (date, time) = span.local_time(at);
        Some(date.to_datetime(time))
    }
}

fn since_remark(key: &str, at: DateTime) -> IndicatorRemark {
    IndicatorRemark::new(key).with_arg(SINCE_ARG, at)
}

/// Says of each figure that is computed from late ones since when it was measured.
pub(crate) fn pass_measured_since(figures: &mut [Indicator]) {
    let found: Vec<(usize, MeasuredSince)> = figures
        .iter()
        .enumerate()
        .filter(|(_, one)| one.measured_since().is_none())
        .filter_map(|(at, one)| match stretch_of(figures, one, 0) {
            MeasuredStretch::Late(since) if one.value.is_ok() => Some((at, since)),
            _ => None,
        })
        .collect();
    for (at, since) in found {
        let key = if since.in_part { SINCE_IN_PART } else { SINCE };
        let marked = figures[at].clone();
        figures[at] = marked.with_remark(since_remark(key, since.at));
    }
}

/// Stretch of the readings that a figure stands on.
fn stretch_of(figures: &[Indicator], one: &Indicator, depth: usize) -> MeasuredStretch {
    if let Some(since) = one.measured_since() {
        return MeasuredStretch::Late(since);
    }
    if depth >= STEPS_MAX {
        return MeasuredStretch::Unmeasured;
    }
    let inputs = one.inputs.iter().map(|input| match &input.from {
        InputSource::Point(_) => MeasuredStretch::Whole,
        InputSource::Part(part) => stretch_of(figures, part, depth + 1),
        InputSource::Indicator { id, asset } => {
            let mut all = figures.iter();
            let found = all.find(|known| known.id == *id && known.asset == *asset);
            let found = found.filter(|known| known.value.is_ok() && !std::ptr::eq(*known, one));
            found.map_or(MeasuredStretch::Unmeasured, |known| {
                stretch_of(figures, known, depth + 1)
            })
        }
        _ => MeasuredStretch::Unmeasured,
    });
    inputs.fold(MeasuredStretch::Unmeasured, MeasuredStretch::and)
}
