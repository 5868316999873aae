//! Whether the pairs of a calibration can be believed, kind by kind.

use super::{Asked, Objection, Subject};
use crate::limits::{CALIBRATION_PAIRS_MAX, STRAPPING_ROWS_MAX};
use crate::model::calibration::{Calibration, Kind};
use jiff::civil::Date;
use std::fmt::Display;

/// Two dips nearer than this say more of the dip stick than of the sensor, m.
const SPREAD_MIN_M: f64 = 0.10;
/// Corrections beyond these come from a wrong profile, unit or setting, not from a sensor.
const GAIN: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// A zero further away than this, or than half the tank, is a wrong unit or sensor, m.
const OFFSET_MAX_M: f64 = 5.0;
/// Several dips, or runs, may disagree by this share of their spread.
const SCATTER_MAX: f64 = 0.05;
/// Less water than this is poured too inexactly, m3: a bucket.
const RUN_MIN_M3: f64 = 0.005;
/// The water's surface may change so much from one step of a fill to the next.
const AREA_RATIO_MAX: f64 = 20.0;
/// Largest current transformer, A.
const PRIMARY_MAX_A: f64 = 10_000.0;

fn against(key: &'static str, found: &dyn Display, expected: &dyn Display) -> Objection {
    Objection::new("pairs", key, found, expected)
}

pub(super) fn pairs(asked: &Asked, subject: &Subject) -> Result<(), Objection> {
    let pairs = asked.pairs.as_slice();
    let most = match asked.kind {
        Kind::Strapping => STRAPPING_ROWS_MAX,
        _ => CALIBRATION_PAIRS_MAX,
    };
    if pairs.len() > most {
        return Err(against("calibrate-too-many", &pairs.len(), &most));
    }
    if !pairs.iter().all(|(a, b)| a.is_finite() && b.is_finite()) {
        return Err(against("calibrate-number", &"NaN", &""));
    }
    match asked.kind {
        Kind::Level => dips(pairs, subject),
        Kind::Strapping => fill(pairs, subject.height_m),
        Kind::Pulses => runs(pairs, subject.factor),
        Kind::Ct => transformer(pairs),
    }
}

/// The greatest less the least.
fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    values.fold(f64::NEG_INFINITY, f64::max) - least
}

fn shown(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn dips(pairs: &[(f64, f64)], subject: &Subject) -> Result<(), Objection> {
    let metre = subject.factor;
    if pairs.is_empty() {
        return Err(against("calibrate-few", &0, &1));
    }
    for (_, truth) in pairs {
        let top = subject.height_m.map(|height| height * 1.1);
        if *truth < 0.0 || top.is_some_and(|top| truth * metre > top) {
            let top = top.map_or("-".to_owned(), |top| shown(top / metre));
            return Err(against("calibrate-outside", &shown(*truth), &top));
        }
    }
    if let [(value, truth)] = pairs {
        let offset = truth - value;
        let half = subject.height_m.map(|height| height / 2.0);
        let most = half.unwrap_or(OFFSET_MAX_M).min(OFFSET_MAX_M) / metre;
        return if offset.abs() > most {
            Err(against("calibrate-offset", &shown(offset), &shown(most)))
        } else {
            Ok(())
        };
    }
    let (seen, truth) = (pairs.iter().map(|one| one.0), pairs.iter().map(|one| one.1));
    let apart = spread(seen).min(spread(truth.clone()));
    if apart * metre < SPREAD_MIN_M {
        let least = shown(SPREAD_MIN_M / metre);
        return Err(against("calibrate-spread", &shown(apart), &least));
    }
    sloped(pairs, spread(truth))
}

fn sloped(pairs: &[(f64, f64)], apart: f64) -> Result<(), Objection> {
    let calibration = Calibration {
        kind: Kind::Level,
        targets: Vec::new(),
        pairs: pairs.to_vec(),
        since: Date::MIN,
        withdraws: None,
        who: String::new(),
        note: String::new(),
    };
    let gain = calibration.line().map_or(f64::NAN, |line| line.gain);
    let Some(line) = calibration.line().filter(|line| line.gain > 0.0) else {
        return Err(against("calibrate-falls", &shown(gain), &""));
    };
    if !GAIN.contains(&line.gain) {
        return Err(against("calibrate-gain", &shown(line.gain), &"0.5 - 2"));
    }
    let off = pairs
        .iter()
        .map(|(seen, truth)| (line.apply(*seen) - truth).abs());
    let off = off.fold(0.0, f64::max);
    if off > SCATTER_MAX * apart {
        let most = shown(SCATTER_MAX * apart);
        return Err(against("calibrate-scatter", &shown(off), &most));
    }
    Ok(())
}

/// Levels and litres of a metered fill, in any order.
pub(super) fn fill(pairs: &[(f64, f64)], height_m: Option<f64>) -> Result<(), Objection> {
    if pairs.len() < 2 {
        return Err(against("calibrate-few", &pairs.len(), &2));
    }
    let mut rows = pairs.to_vec();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lowest = rows.iter().map(|row| row.0.min(row.1)).fold(0.0, f64::min);
    if lowest < 0.0 {
        return Err(against("calibrate-negative", &shown(lowest), &""));
    }
    let highest = rows.last().map_or(0.0, |row| row.0);
    if let Some(top) = height_m
        .map(|height| height * 1.1)
        .filter(|top| highest > *top)
    {
        return Err(against("calibrate-outside", &shown(highest), &shown(top)));
    }
    let mut areas = Vec::with_capacity(rows.len());
    for step in rows.windows(2) {
        let (up, more) = (step[1].0 - step[0].0, step[1].1 - step[0].1);
        if up <= 0.0 || more <= 0.0 {
            let found = format!("{} m = {} L", shown(step[1].0), shown(step[1].1));
            return Err(against("calibrate-rising", &found, &""));
        }
        areas.push(more / up);
    }
    let least = areas.iter().copied().fold(f64::INFINITY, f64::min);
    let ratio = areas.iter().copied().fold(0.0, f64::max) / least;
    if ratio > AREA_RATIO_MAX {
        let most = shown(AREA_RATIO_MAX);
        return Err(against("calibrate-area", &shown(ratio), &most));
    }
    Ok(())
}

fn runs(pairs: &[(f64, f64)], cubic_metre: f64) -> Result<(), Objection> {
    if pairs.is_empty() {
        return Err(against("calibrate-few", &0, &1));
    }
    for (seen, truth) in pairs {
        if *seen <= 0.0 {
            return Err(against("calibrate-still", &shown(*seen), &""));
        }
        if truth * cubic_metre < RUN_MIN_M3 {
            let found = shown(truth * cubic_metre * 1000.0);
            return Err(against(
                "calibrate-bucket",
                &found,
                &shown(RUN_MIN_M3 * 1000.0),
            ));
        }
    }
    let gains = pairs.iter().map(|(seen, truth)| truth / seen);
    if let Some(gain) = gains.clone().find(|gain| !GAIN.contains(gain)) {
        return Err(against("calibrate-gain", &shown(gain), &"0.5 - 2"));
    }
    let apart = spread(gains);
    if apart > SCATTER_MAX {
        let (found, most) = (shown(apart * 100.0), shown(SCATTER_MAX * 100.0));
        return Err(against("calibrate-runs", &found, &most));
    }
    Ok(())
}

fn transformer(pairs: &[(f64, f64)]) -> Result<(), Objection> {
    let [set, mounted] = pairs else {
        return Err(against("calibrate-ct-two", &pairs.len(), &2));
    };
    for (primary, secondary) in [set, mounted] {
        let fits = *secondary > 0.0 && primary >= secondary && *primary <= PRIMARY_MAX_A;
        if !fits {
            let found = format!("{}/{}", shown(*primary), shown(*secondary));
            return Err(against("calibrate-ct-ratio", &found, &"100/5"));
        }
    }
    let gain = (mounted.0 / mounted.1) / (set.0 / set.1);
    if (gain - 1.0).abs() < 1e-9 {
        return Err(against("calibrate-ct-same", &"", &""));
    }
    if !(0.01..=100.0).contains(&gain) {
        return Err(against("calibrate-gain", &shown(gain), &"0.01 - 100"));
    }
    Ok(())
}
