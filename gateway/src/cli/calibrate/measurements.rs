//! Pairs of shown and true values: from the arguments, else asked for beside the present reading.

use super::args::{
    CalibrateCommand, CalibrateCtArgs, CalibrateLevelArgs, CalibratePulsesArgs,
    CalibrateStrappingArgs, CalibrateSwapArgs,
};
use super::client::{CalibrationClient, LivePointValue};
use crate::assets::{AssetKind, LevelMeasurement as Way};
use crate::buses;
use crate::cli::backend::print_stderr;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::cli::prompt::{ConsolePrompt, parse_decimal, parse_pair};
use crate::commissioning::calibration_check::CalibrationSubject;
use crate::commissioning::calibration_texts::counter_step;
use crate::domain::UtcMs;
use crate::formulas::claim_rounding::nearest_digits;
use crate::limits::{CALIBRATION_PAIRS_MAX, CALIBRATION_READING_AGE_MAX_S};
use crate::samples_csv;
use drivers::units;
use jiff::civil::DateTime;
use std::path::Path;
use std::sync::Arc;

/// Level pairs (shown, true): as given, one pair of this moment, or asked for until an empty
/// answer.
pub(super) async fn level_pairs(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    asked: &CalibrateLevelArgs,
    subject: &CalibrationSubject,
) -> Result<Vec<(f64, f64)>, CommandError> {
    let mut pairs = asked.pair.clone();
    let point = first_target(subject);
    // In an empty tank the dip stick shows 0.
    let dip = asked.dip.or(asked.dry.then_some(0.0));
    if let Some(truth) = dip {
        let shown = shown_value(desk, person, &point, &subject.unit).await?;
        pairs.extend(shown.map(|shown| (shown, truth)));
    }
    // One dip of this moment is complete; several are asked for only without any arguments.
    if !pairs.is_empty() || dip.is_some() {
        return Ok(pairs);
    }
    let unit = &*subject.unit;
    for _ in 0..CALIBRATION_PAIRS_MAX {
        print_live_value(desk, &point, unit).await?;
        let question = desk.lang.text_with("calibrate-ask-dip", &[("unit", unit)]);
        let Some(truth) = person.ask_parsed(&question, parse_decimal) else {
            break;
        };
        if let Some(shown) = shown_value(desk, person, &point, unit).await? {
            pairs.push((shown, truth));
        }
    }
    Ok(pairs)
}

fn first_target(subject: &CalibrationSubject) -> Arc<str> {
    let target = subject.targets.first();
    target.map_or_else(|| "".into(), Arc::clone)
}

/// Present value of a point; `None` when the reading is too old.
async fn fresh_value(
    desk: &mut CalibrationClient<'_>,
    point: &str,
) -> Result<Option<f64>, CommandError> {
    let live = desk.live_value(point).await?;
    let is_fresh = |live: &LivePointValue| live.age_s <= CALIBRATION_READING_AGE_MAX_S;
    Ok(live.filter(is_fresh).map(|live| live.value))
}

/// Present value of a point; without a present reading the person is asked.
async fn shown_value(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    point: &str,
    unit: &str,
) -> Result<Option<f64>, CommandError> {
    if let Some(value) = fresh_value(desk, point).await? {
        print_node_age(desk, point);
        return Ok(Some(value));
    }
    let args = [("point", point), ("unit", unit)];
    Ok(person.ask_parsed(
        &desk.lang.text_with("calibrate-ask-shown", &args),
        parse_decimal,
    ))
}

/// Says of a node that sends seldom that its value may be older than its reading, which a poll
/// repeats.
fn print_node_age(desk: &CalibrationClient<'_>, point: &str) {
    let found = desk.config.site.find_point(point);
    let device = found.and_then(|(device, _)| desk.config.devices.get(usize::from(device)));
    let Some(stale_after) = device.and_then(buses::mqtt::stale_after) else {
        return;
    };
    let minutes = stale_after.as_secs() / 60;
    if minutes > CALIBRATION_READING_AGE_MAX_S.unsigned_abs() / 60 {
        let args = [("point", point), ("minutes", &minutes.to_string())];
        print_stderr(&desk.lang.text_with("calibrate-node-age", &args));
    }
}

async fn print_live_value(
    desk: &mut CalibrationClient<'_>,
    point: &str,
    unit: &str,
) -> Result<(), CommandError> {
    if let Some(live) = desk.live_value(point).await? {
        let (value, age) = (live.value.to_string(), live.age_s.to_string());
        let args = [
            ("point", point),
            ("value", &*value),
            ("unit", unit),
            ("age", &*age),
        ];
        print_stderr(&desk.lang.text_with("calibrate-live", &args));
    }
    Ok(())
}

/// Strapping rows (level, litres) of a metered fill.
pub(super) async fn strapping_pairs(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    asked: &CalibrateStrappingArgs,
) -> Result<Vec<(f64, f64)>, CommandError> {
    if let Some(file) = &asked.rows {
        return read_strapping_file(file);
    }
    let mut pairs = asked.row.clone();
    if !pairs.is_empty() {
        return Ok(pairs);
    }
    for _ in 0..CALIBRATION_PAIRS_MAX {
        let question = desk.lang.text("calibrate-ask-litres");
        let Some(litres) = person.ask_parsed(&question, parse_decimal) else {
            break;
        };
        let level = match read_tank_level(desk, &asked.tank).await? {
            Some(level) => Some(level),
            None => person.ask_parsed(&desk.lang.text("calibrate-ask-level"), parse_decimal),
        };
        if let Some(level) = level {
            let (level_m, litres_text) = (nearest_digits(level, 3), litres.to_string());
            let args = [("level", &*level_m), ("litres", &*litres_text)];
            print_stderr(&desk.lang.text_with("calibrate-row", &args));
            pairs.push((level, litres));
        }
    }
    Ok(pairs)
}

/// Present level of a tank as the figures take it: calibrated, in m above the bottom. `None` for a
/// sensor that does not measure a level: other sensors need more than one reading.
async fn read_tank_level(
    desk: &mut CalibrationClient<'_>,
    id: &str,
) -> Result<Option<f64>, CommandError> {
    let tank = desk
        .config
        .assets
        .iter()
        .find_map(|asset| match &asset.kind {
            AssetKind::Tank(tank) if *asset.id == *id => Some((**tank).clone()),
            _ => None,
        });
    // The sensor may be mounted above the bottom of the tank.
    let Some((point, offset_m)) = tank.and_then(|tank| match tank.level? {
        Way::Level(point) => Some((point, tank.offset_m)),
        _ => None,
    }) else {
        return Ok(None);
    };
    let Some(shown) = fresh_value(desk, &point.id).await? else {
        return Ok(None);
    };
    let line = desk
        .all_calibrations()
        .await?
        .at(&point.id, desk.local_day());
    Ok(Some(point.value(line.apply(shown)) + offset_m))
}

/// Rows `level_m,litres` of a file, with or without a heading; a decimal point, or a decimal comma
/// with `;` between the columns.
fn read_strapping_file(file: &Path) -> Result<Vec<(f64, f64)>, CommandError> {
    let text = std::fs::read_to_string(file).reading(file)?;
    let mut rows = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let text = text.trim();
        let sign = if text.contains(';') { ';' } else { ',' };
        match parse_pair(text, sign) {
            Some(row) => rows.push(row),
            // The first line may be a heading.
            None if line == 0 || text.is_empty() => {}
            None => {
                let why = format!("{}:{}: {text}", file.display(), line + 1);
                return Err(CommandError::Usage(why));
            }
        }
    }
    Ok(rows)
}

/// Pair of one run of a water meter: counted volume and true volume, in the unit of the point.
pub(super) async fn pulse_pairs(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    asked: &CalibratePulsesArgs,
    subject: &CalibrationSubject,
) -> Result<Vec<(f64, f64)>, CommandError> {
    let point = first_target(subject);
    // One litre in the unit of the point.
    let litre = units::find_unit("L").map_or(1e-3, |unit| unit.factor) / subject.factor;
    if let (Some(pulses), Some(litres)) = (asked.counted, asked.litres) {
        let step = counter_step(desk.config, &point).unwrap_or(1.0);
        return Ok(vec![(pulses * step, litres * litre)]);
    }
    print_live_value(desk, &point, &subject.unit).await?;
    let Some(before) = shown_value(desk, person, &point, &subject.unit).await? else {
        return Ok(Vec::new());
    };
    let litres = match asked.litres {
        // The volume is known; the person only has to let it through.
        Some(litres) => {
            person.ask_line(&desk.lang.text("calibrate-ask-poured"));
            Some(litres)
        }
        None => person.ask_parsed(&desk.lang.text("calibrate-ask-pour"), parse_decimal),
    };
    let after = shown_value(desk, person, &point, &subject.unit).await?;
    let pairs = litres.zip(after);
    let pairs = pairs.map(|(litres, after)| (after - before, litres * litre));
    Ok(pairs.into_iter().collect())
}

/// Ratio that is set, and ratio that is mounted.
pub(super) fn ct_pairs(person: &mut ConsolePrompt<'_>, asked: &CalibrateCtArgs) -> Vec<(f64, f64)> {
    let mut ask = |said: Option<(f64, f64)>, key: &str| {
        said.or_else(|| {
            let question = person.lang.text(key);
            person.ask_parsed(&question, |text| parse_pair(text, '/'))
        })
    };
    let set = ask(asked.set, "calibrate-ask-ct-set");
    let mounted = set.and_then(|_| ask(asked.mounted, "calibrate-ask-ct-mounted"));
    set.into_iter().chain(mounted).collect()
}

/// Last reading of the old meter and first reading of the new one.
pub(super) fn swap_pairs(
    person: &mut ConsolePrompt<'_>,
    asked: &CalibrateSwapArgs,
    subject: &CalibrationSubject,
) -> Vec<(f64, f64)> {
    let mut ask = |said: Option<f64>, key: &str| {
        said.or_else(|| {
            let question = person.lang.text_with(key, &[("unit", &*subject.unit)]);
            person.ask_parsed(&question, parse_decimal)
        })
    };
    let old_last = ask(asked.old_last, "calibrate-ask-swap-old");
    let new_first = old_last.and_then(|_| ask(asked.new_first, "calibrate-ask-swap-new"));
    old_last.zip(new_first).into_iter().collect()
}

/// Moment of a swap: as given, else asked for; `None` for other kinds.
pub(super) fn swap_moment(
    desk: &CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    command: &CalibrateCommand,
) -> Option<UtcMs> {
    let CalibrateCommand::Swap(asked) = command else {
        return None;
    };
    let parse = |text: &str| parse_moment(text, desk);
    match &asked.at {
        Some(text) => parse(text),
        None => person.ask_parsed(&desk.lang.text("calibrate-ask-swap-at"), parse),
    }
}

/// Time with a zone, or local time of the site: `2026-11-20 10:30`.
fn parse_moment(text: &str, desk: &CalibrationClient<'_>) -> Option<UtcMs> {
    if let Some(at) = samples_csv::parse_time(text) {
        return Some(at);
    }
    let local: DateTime = text.trim().replace(' ', "T").parse().ok()?;
    let zone = desk.config.site.timezone.rules();
    Some(UtcMs(zone.to_timestamp(local).ok()?.as_millisecond()))
}
