//! Plausibility of the pairs of a calibration, by kind.

use super::{CalibrationCheckError, CalibrationDraft, CalibrationSubject};
use crate::domain::ExactNumber;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::limits::{CALIBRATION_PAIRS_MAX, STRAPPING_ROWS_MAX};
use jiff::civil::Date;
use std::fmt::Display;

/// Two dips closer than this measure the dip stick rather than the sensor, m.
const SPREAD_MIN_M: f64 = 0.10;
/// Gains outside this range come from a wrong profile, unit or setting, not from a sensor.
const GAIN_RANGE: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// Zero offsets beyond this, or beyond half the tank, come from a wrong unit or sensor, m.
const OFFSET_MAX_M: f64 = 5.0;
/// Largest disagreement of several dips or runs, as a share of their spread.
const SCATTER_MAX: f64 = 0.05;
/// Smallest volume of a run, m3 (a bucket): less cannot be measured well enough.
const RUN_MIN_M3: f64 = 0.005;
/// Largest ratio of the water surface between two steps of a fill.
const AREA_RATIO_MAX: f64 = 20.0;
/// Share of its volume by shape that a tank can hold: it may bulge.
const CAPACITY_MARGIN: f64 = 1.5;
/// Largest ratio of the volume by shape to what was filled in: a cone has a third at its top.
const CAPACITY_RATIO_MAX: f64 = 50.0;
/// Largest primary current of a current transformer, A.
const PRIMARY_MAX_A: f64 = 10_000.0;

fn pair_error(
    key: &'static str,
    found: &dyn Display,
    expected: &dyn Display,
) -> CalibrationCheckError {
    CalibrationCheckError::new("pairs", key, found, expected)
}

pub(crate) fn check_pairs(
    asked: &CalibrationDraft,
    subject: &CalibrationSubject,
) -> Result<(), CalibrationCheckError> {
    let pairs = asked.pairs.as_slice();
    let most = match asked.kind {
        CalibrationKind::Strapping => STRAPPING_ROWS_MAX,
        _ => CALIBRATION_PAIRS_MAX,
    };
    // A strapping table has a row for each step of a fill; the other kinds need a few pairs only.
    if pairs.len() > most {
        return Err(pair_error("calibrate-too-many", &pairs.len(), &most));
    }
    if !pairs.iter().all(|(a, b)| a.is_finite() && b.is_finite()) {
        return Err(pair_error("calibrate-number", &"NaN", &""));
    }
    match asked.kind {
        CalibrationKind::Level => check_dips(pairs, subject),
        CalibrationKind::Strapping => {
            check_fill(pairs, subject.height_m)?;
            check_capacity(pairs, subject)
        }
        CalibrationKind::Pulses => check_runs(pairs, subject.factor),
        CalibrationKind::Ct => check_transformer(pairs),
        CalibrationKind::Swap => check_swap(pairs),
    }
}

/// Returns the difference between the largest and the smallest value.
fn value_spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    values.fold(f64::NEG_INFINITY, f64::max) - least
}

fn format_number(value: f64) -> String {
    ExactNumber::Float(value).short_digits()
}

fn check_dips(
    pairs: &[(f64, f64)],
    subject: &CalibrationSubject,
) -> Result<(), CalibrationCheckError> {
    let metre = subject.factor;
    if pairs.is_empty() {
        return Err(pair_error("calibrate-few", &0, &1));
    }
    for (_, truth) in pairs {
        let top = subject.height_m.map(|height| height * 1.1);
        if *truth < 0.0 || top.is_some_and(|top| truth * metre > top) {
            let top = top.map_or("-".to_owned(), |top| format_number(top / metre));
            return Err(pair_error(
                "calibrate-outside",
                &format_number(*truth),
                &top,
            ));
        }
    }
    // One pair moves the zero only; a slope needs two.
    if let [(value, truth)] = pairs {
        let offset = truth - value;
        let half = subject.height_m.map(|height| height / 2.0);
        let most = half.unwrap_or(OFFSET_MAX_M).min(OFFSET_MAX_M) / metre;
        return if offset.abs() > most {
            Err(pair_error(
                "calibrate-offset",
                &format_number(offset),
                &format_number(most),
            ))
        } else {
            Ok(())
        };
    }
    // Both the readings and the true values must be spread, otherwise the slope is mostly noise.
    let (seen, truth) = (pairs.iter().map(|one| one.0), pairs.iter().map(|one| one.1));
    let apart = value_spread(seen).min(value_spread(truth.clone()));
    if apart * metre < SPREAD_MIN_M {
        let least = format_number(SPREAD_MIN_M / metre);
        return Err(pair_error(
            "calibrate-spread",
            &format_number(apart),
            &least,
        ));
    }
    check_slope(pairs, value_spread(truth))
}

fn check_slope(pairs: &[(f64, f64)], apart: f64) -> Result<(), CalibrationCheckError> {
    // The line is fitted by the same code that later corrects readings.
    let calibration = Calibration {
        kind: CalibrationKind::Level,
        targets: Vec::new(),
        pairs: pairs.to_vec(),
        since: Date::MIN,
        withdraws: None,
        who: String::new(),
        note: String::new(),
    };
    let gain = calibration
        .linear_correction()
        .map_or(f64::NAN, |line| line.gain);
    // A falling line would mean a sensor that shows less with more water.
    let Some(line) = calibration
        .linear_correction()
        .filter(|line| line.gain > 0.0)
    else {
        return Err(pair_error("calibrate-falls", &format_number(gain), &""));
    };
    if !GAIN_RANGE.contains(&line.gain) {
        return Err(pair_error(
            "calibrate-gain",
            &format_number(line.gain),
            &"0.5 - 2",
        ));
    }
    let off = pairs
        .iter()
        .map(|(seen, truth)| (line.apply(*seen) - truth).abs());
    let off = off.fold(0.0, f64::max);
    if off > SCATTER_MAX * apart {
        let most = format_number(SCATTER_MAX * apart);
        return Err(pair_error("calibrate-scatter", &format_number(off), &most));
    }
    Ok(())
}

/// Checks levels (m) and volumes (L) of a metered fill, in any order.
pub(crate) fn check_fill(
    pairs: &[(f64, f64)],
    height_m: Option<f64>,
) -> Result<(), CalibrationCheckError> {
    if pairs.len() < 2 {
        return Err(pair_error("calibrate-few", &pairs.len(), &2));
    }
    // People write down a fill in any order; the check needs it by level.
    let mut rows = pairs.to_vec();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lowest = rows.iter().map(|row| row.0.min(row.1)).fold(0.0, f64::min);
    if lowest < 0.0 {
        return Err(pair_error(
            "calibrate-negative",
            &format_number(lowest),
            &"",
        ));
    }
    let highest = rows.last().map_or(0.0, |row| row.0);
    if let Some(top) = height_m
        .map(|height| height * 1.1)
        .filter(|top| highest > *top)
    {
        return Err(pair_error(
            "calibrate-outside",
            &format_number(highest),
            &format_number(top),
        ));
    }
    let mut areas = Vec::with_capacity(rows.len());
    for step in rows.windows(2) {
        let (up, more) = (step[1].0 - step[0].0, step[1].1 - step[0].1);
        if up <= 0.0 || more <= 0.0 {
            let found = format!(
                "{} m = {} L",
                format_number(step[1].0),
                format_number(step[1].1)
            );
            return Err(pair_error("calibrate-rising", &found, &""));
        }
        // Surface of the water between the two levels, L per m.
        areas.push(more / up);
    }
    let least = areas.iter().copied().fold(f64::INFINITY, f64::min);
    let ratio = areas.iter().copied().fold(0.0, f64::max) / least;
    if ratio > AREA_RATIO_MAX {
        let most = format_number(AREA_RATIO_MAX);
        return Err(pair_error("calibrate-area", &format_number(ratio), &most));
    }
    Ok(())
}

/// Checks the litres of a fill against the tank: volumes in m3, or of another tank, do not fit its
/// shape.
pub(crate) fn check_capacity(
    pairs: &[(f64, f64)],
    subject: &CalibrationSubject,
) -> Result<(), CalibrationCheckError> {
    let last = pairs.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let whole = subject.capacity_l.zip(subject.height_m);
    let (Some((level, litres)), Some((capacity, height))) = (last, whole) else {
        return Ok(());
    };
    let share = (level / height).clamp(0.0, 1.0);
    let expected = capacity * share;
    if (expected / CAPACITY_RATIO_MAX..=capacity * CAPACITY_MARGIN).contains(litres) {
        return Ok(());
    }
    let found = format!("{} L", format_number(*litres));
    let most = format!("{} L", format_number(capacity));
    Err(pair_error("calibrate-capacity", &found, &most))
}

/// Checks the last reading of the old meter and the first one of the new meter.
fn check_swap(pairs: &[(f64, f64)]) -> Result<(), CalibrationCheckError> {
    let [(old_last, new_first)] = pairs else {
        return Err(pair_error("calibrate-swap-two", &pairs.len(), &1));
    };
    let lowest = old_last.min(*new_first);
    if lowest < 0.0 {
        let found = format_number(lowest);
        return Err(pair_error("calibrate-negative", &found, &""));
    }
    Ok(())
}

fn check_runs(pairs: &[(f64, f64)], cubic_metre: f64) -> Result<(), CalibrationCheckError> {
    if pairs.is_empty() {
        return Err(pair_error("calibrate-few", &0, &1));
    }
    for (seen, truth) in pairs {
        if *seen <= 0.0 {
            return Err(pair_error("calibrate-still", &format_number(*seen), &""));
        }
        if truth * cubic_metre < RUN_MIN_M3 {
            let found = format_number(truth * cubic_metre * 1000.0);
            return Err(pair_error(
                "calibrate-bucket",
                &found,
                &format_number(RUN_MIN_M3 * 1000.0),
            ));
        }
    }
    let gains = pairs.iter().map(|(seen, truth)| truth / seen);
    if let Some(gain) = gains.clone().find(|gain| !GAIN_RANGE.contains(gain)) {
        return Err(pair_error(
            "calibrate-gain",
            &format_number(gain),
            &"0.5 - 2",
        ));
    }
    let apart = value_spread(gains);
    if apart > SCATTER_MAX {
        let (found, most) = (
            format_number(apart * 100.0),
            format_number(SCATTER_MAX * 100.0),
        );
        return Err(pair_error("calibrate-runs", &found, &most));
    }
    Ok(())
}

fn check_transformer(pairs: &[(f64, f64)]) -> Result<(), CalibrationCheckError> {
    let [set, mounted] = pairs else {
        return Err(pair_error("calibrate-ct-two", &pairs.len(), &2));
    };
    for (primary, secondary) in [set, mounted] {
        let fits = *secondary > 0.0 && primary >= secondary && *primary <= PRIMARY_MAX_A;
        if !fits {
            let found = format!("{}/{}", format_number(*primary), format_number(*secondary));
            return Err(pair_error("calibrate-ct-ratio", &found, &"100/5"));
        }
    }
    // Ratio set in the meter against the ratio mounted.
    let gain = (mounted.0 / mounted.1) / (set.0 / set.1);
    // An unchanged ratio corrects nothing.
    if (gain - 1.0).abs() < 1e-9 {
        return Err(pair_error("calibrate-ct-same", &"", &""));
    }
    if !(0.01..=100.0).contains(&gain) {
        return Err(pair_error(
            "calibrate-gain",
            &format_number(gain),
            &"0.01 - 100",
        ));
    }
    Ok(())
}
