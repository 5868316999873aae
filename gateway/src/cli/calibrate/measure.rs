//! Pairs of what is shown and what is true: from the call, else asked for beside the reading.

use super::desk::{Desk, Live};
use super::{Ct, Level, Pulses, Strapping};
use crate::cli::person::{Person, number, pair};
use crate::cli::running::{Trouble, complain};
use crate::config::assets::{AssetKind, Level as Way};
use crate::field::calibrate::Subject;
use crate::limits::CALIBRATION_PAIRS_MAX;
use drivers::units;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A reading older than this says nothing about now, s.
const AGE_MAX_S: i64 = 600;

/// Dips: the given ones, one of this moment, or asked for until an empty answer.
pub(super) async fn level(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    asked: &Level,
    subject: &Subject,
) -> Result<Vec<(f64, f64)>, Trouble> {
    let mut pairs = asked.pair.clone();
    let point = first(subject);
    let dip = asked.dip.or(asked.dry.then_some(0.0));
    if let Some(truth) = dip {
        let shown = shown(desk, person, &point, &subject.unit).await?;
        pairs.extend(shown.map(|shown| (shown, truth)));
    }
    if !pairs.is_empty() || dip.is_some() {
        return Ok(pairs);
    }
    let unit = &*subject.unit;
    for _ in 0..CALIBRATION_PAIRS_MAX {
        say_live(desk, &point, unit).await?;
        let question = desk.lang.say("calibrate-ask-dip", &[("unit", unit)]);
        let Some(truth) = person.ask(&question, number) else {
            break;
        };
        if let Some(shown) = shown(desk, person, &point, unit).await? {
            pairs.push((shown, truth));
        }
    }
    Ok(pairs)
}

fn first(subject: &Subject) -> Arc<str> {
    let target = subject.targets.first();
    target.map_or_else(|| "".into(), Arc::clone)
}

/// What the point shows now, as long as it is no old reading.
async fn fresh(desk: &mut Desk<'_>, point: &str) -> Result<Option<f64>, Trouble> {
    let live = desk.live(point).await?;
    let is_fresh = |live: &Live| live.age_s <= AGE_MAX_S;
    Ok(live.filter(is_fresh).map(|live| live.value))
}

/// What the point shows now; without a reading of the moment a person says it.
async fn shown(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    point: &str,
    unit: &str,
) -> Result<Option<f64>, Trouble> {
    if let Some(value) = fresh(desk, point).await? {
        return Ok(Some(value));
    }
    let args = [("point", point), ("unit", unit)];
    Ok(person.ask(&desk.lang.say("calibrate-ask-shown", &args), number))
}

async fn say_live(desk: &mut Desk<'_>, point: &str, unit: &str) -> Result<(), Trouble> {
    if let Some(live) = desk.live(point).await? {
        let (value, age) = (live.value.to_string(), live.age_s.to_string());
        let args = [
            ("point", point),
            ("value", &*value),
            ("unit", unit),
            ("age", &*age),
        ];
        complain(&desk.lang.say("calibrate-live", &args));
    }
    Ok(())
}

/// Rows of a metered fill: litres so far, and the level that they gave.
pub(super) async fn strapping(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    asked: &Strapping,
) -> Result<Vec<(f64, f64)>, Trouble> {
    if let Some(file) = &asked.rows {
        return rows(file);
    }
    let mut pairs = asked.row.clone();
    if !pairs.is_empty() {
        return Ok(pairs);
    }
    for _ in 0..CALIBRATION_PAIRS_MAX {
        let question = desk.lang.text("calibrate-ask-litres");
        let Some(litres) = person.ask(&question, number) else {
            break;
        };
        let level = match tank_level(desk, &asked.tank).await? {
            Some(level) => Some(level),
            None => person.ask(&desk.lang.text("calibrate-ask-level"), number),
        };
        if let Some(level) = level {
            let (level_m, litres_text) = (format!("{level:.3}"), litres.to_string());
            let args = [("level", &*level_m), ("litres", &*litres_text)];
            complain(&desk.lang.say("calibrate-row", &args));
            pairs.push((level, litres));
        }
    }
    Ok(pairs)
}

/// The tank's level now as figures take it: calibrated, in m above the bottom. Only of a sensor
/// that measures a level; others are worked out from more than one reading.
async fn tank_level(desk: &mut Desk<'_>, id: &str) -> Result<Option<f64>, Trouble> {
    let tank = desk
        .config
        .assets
        .iter()
        .find_map(|asset| match &asset.kind {
            AssetKind::Tank(tank) if *asset.id == *id => Some((**tank).clone()),
            _ => None,
        });
    let Some((point, offset_m)) = tank.and_then(|tank| match tank.level? {
        Way::Level(point) => Some((point, tank.offset_m)),
        _ => None,
    }) else {
        return Ok(None);
    };
    let Some(shown) = fresh(desk, &point.id).await? else {
        return Ok(None);
    };
    let line = desk.all().await?.at(&point.id, desk.day());
    Ok(Some(point.value(line.apply(shown)) + offset_m))
}

/// `level_m,litres`, with or without a head; decimal point, or decimal comma with `;` between.
fn rows(file: &Path) -> Result<Vec<(f64, f64)>, Trouble> {
    let text = std::fs::read_to_string(file)?;
    let mut rows = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let text = text.trim();
        let sign = if text.contains(';') { ';' } else { ',' };
        match pair(text, sign) {
            Some(row) => rows.push(row),
            None if line == 0 || text.is_empty() => {}
            None => {
                let why = format!("{}:{}: {text}", file.display(), line + 1);
                return Err(Trouble::File(io::Error::other(why)));
            }
        }
    }
    Ok(rows)
}

/// One run of a water meter: what it counted, and what was poured.
pub(super) async fn pulses(
    desk: &mut Desk<'_>,
    person: &mut Person<'_>,
    asked: &Pulses,
    subject: &Subject,
) -> Result<Vec<(f64, f64)>, Trouble> {
    let point = first(subject);
    let litre = units::find("L").map_or(1e-3, |unit| unit.factor) / subject.factor;
    if let (Some(pulses), Some(litres)) = (asked.counted, asked.litres) {
        let step = step(desk, &point).unwrap_or(1.0);
        return Ok(vec![(pulses * step, litres * litre)]);
    }
    say_live(desk, &point, &subject.unit).await?;
    let Some(before) = shown(desk, person, &point, &subject.unit).await? else {
        return Ok(Vec::new());
    };
    let litres = match asked.litres {
        Some(litres) => {
            person.line(&desk.lang.text("calibrate-ask-poured"));
            Some(litres)
        }
        None => person.ask(&desk.lang.text("calibrate-ask-pour"), number),
    };
    let after = shown(desk, person, &point, &subject.unit).await?;
    let pairs = litres.zip(after);
    let pairs = pairs.map(|(litres, after)| (after - before, litres * litre));
    Ok(pairs.into_iter().collect())
}

/// What one count of the register is worth, in the point's unit.
pub(super) fn step(desk: &Desk<'_>, point: &str) -> Option<f64> {
    let (device, index) = desk.config.site.find(point)?;
    let device = desk.config.devices.get(usize::from(device))?;
    let (mantissa, exponent) = device.points.get(index)?.scale.factor;
    format!("{mantissa}e{exponent}").parse().ok()
}

/// The two ratios.
pub(super) fn ct(person: &mut Person<'_>, asked: &Ct) -> Vec<(f64, f64)> {
    let mut ask = |said: Option<(f64, f64)>, key: &str| {
        said.or_else(|| {
            let question = person.lang.text(key);
            person.ask(&question, |text| pair(text, '/'))
        })
    };
    let set = ask(asked.set, "calibrate-ask-ct-set");
    let mounted = set.and_then(|_| ask(asked.mounted, "calibrate-ask-ct-mounted"));
    set.into_iter().chain(mounted).collect()
}
