//! Whether a calibration can be believed before it is written down. Every objection names its field
//! and a sentence of the catalogue (`calibrate-WORD`).

use crate::config::Asset;
use crate::config::assets::{AssetKind, Level, Tank};
use crate::limits::{CALIBRATION_PAIRS_MAX, LEDGER_TEXT_MAX, STRAPPING_ROWS_MAX};
use crate::model::calibration::{Calibration, Kind};
use crate::model::{PointInfo, Site};
use drivers::units;
use jiff::civil::Date;
use std::fmt::Display;
use std::sync::Arc;

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

/// What a technician says, before it is believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What was calibrated.
    pub kind: Kind,
    /// A point, a tank or a device, by the kind.
    pub target: String,
    /// As in [`Calibration::pairs`].
    pub pairs: Vec<(f64, f64)>,
    /// First local day; today when nobody says.
    pub since: Option<Date>,
    /// Who did it.
    pub who: String,
    /// Anything else.
    pub note: String,
}

/// Why a calibration is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// `target`, `pairs`, `since`, `who`, `note`, `withdraws`.
    pub field: &'static str,
    /// Key of the sentence; its arguments are `found` and `expected`.
    pub key: &'static str,
    /// What stood there.
    pub found: String,
    /// What would be believed.
    pub expected: String,
}

impl Objection {
    fn new(
        field: &'static str,
        key: &'static str,
        found: &dyn Display,
        expected: &dyn Display,
    ) -> Self {
        Self {
            field,
            key,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}

/// What a calibration is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// As in [`Calibration::targets`].
    pub targets: Vec<Arc<str>>,
    /// Unit of the pairs where they are in the point's own; empty otherwise.
    pub unit: Arc<str>,
    /// What one of that unit is in m or m3.
    pub factor: f64,
    /// Height of the tank, m, where it is known.
    pub height_m: Option<f64>,
}

/// Looks up what a calibration is about.
pub fn subject(
    kind: Kind,
    target: &str,
    site: &Site,
    assets: &[Asset],
) -> Result<Subject, Objection> {
    match kind {
        Kind::Level => level(target, site, assets),
        Kind::Strapping => {
            let tank = tank(target, assets);
            let tank = tank.ok_or_else(|| {
                Objection::new("target", "calibrate-no-tank", &target, &tanks(assets))
            })?;
            Ok(Subject {
                targets: vec![target.into()],
                unit: "".into(),
                factor: 1.0,
                height_m: tank.shape.as_ref().map(|shape| shape.levels().1),
            })
        }
        Kind::Pulses => {
            let point = site.point(target);
            let fits = |point: &&PointInfo| point.counter && quantity(&point.unit) == "volume";
            let point = point.filter(fits).ok_or_else(|| {
                let counters = all(site).filter(fits).map(|point| &*point.id);
                Objection::new("target", "calibrate-no-counter", &target, &list(counters))
            })?;
            Ok(one(point, None))
        }
        Kind::Ct => current(target, site),
    }
}

fn tank<'a>(id: &str, assets: &'a [Asset]) -> Option<&'a Tank> {
    assets.iter().find_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) if *asset.id == *id => Some(&**tank),
        _ => None,
    })
}

fn tanks(assets: &[Asset]) -> String {
    let is_tank = |asset: &&Asset| matches!(asset.kind, AssetKind::Tank(_));
    list(assets.iter().filter(is_tank).map(|asset| &*asset.id))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "-".to_owned();
    }
    names.join(", ")
}

fn all(site: &Site) -> impl Iterator<Item = &PointInfo> {
    site.devices.iter().flat_map(|device| &device.points)
}

fn quantity(unit: &str) -> &'static str {
    units::find(unit).map_or("", |unit| unit.quantity)
}

fn one(point: &PointInfo, height_m: Option<f64>) -> Subject {
    Subject {
        targets: vec![Arc::clone(&point.id)],
        unit: Arc::clone(&point.unit),
        factor: units::find(&point.unit).map_or(1.0, |unit| unit.factor),
        height_m,
    }
}

/// A point that is a length, or the tank that it belongs to.
fn level(target: &str, site: &Site, assets: &[Asset]) -> Result<Subject, Objection> {
    let of_tank = |tank: &Tank| match &tank.level {
        Some(Level::Level(point)) => Some(Arc::clone(&point.id)),
        _ => None,
    };
    let id = match tank(target, assets).and_then(of_tank) {
        Some(id) => id,
        None => target.into(),
    };
    let fits = |point: &&PointInfo| quantity(&point.unit) == "length" && !point.counter;
    let point = site.point(&id).filter(fits).ok_or_else(|| {
        let levels = all(site).filter(fits).map(|point| &*point.id);
        Objection::new("target", "calibrate-no-level", &target, &list(levels))
    })?;
    let is_distance = |asset: &Asset| match &asset.kind {
        AssetKind::Tank(tank) => {
            matches!(&tank.level, Some(Level::Distance { point, .. }) if point.id == id)
        }
        _ => false,
    };
    if assets.iter().any(is_distance) {
        return Err(Objection::new("target", "calibrate-distance", &target, &""));
    }
    let height = assets.iter().find_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) if of_tank(tank).as_ref() == Some(&id) => {
            tank.shape.as_ref().map(|shape| shape.levels().1)
        }
        _ => None,
    });
    Ok(one(point, height))
}

/// The points of a device that a current transformer scales.
fn current(target: &str, site: &Site) -> Result<Subject, Objection> {
    const SCALED: [&str; 8] = [
        "current",
        "power",
        "apparent_power",
        "reactive_power",
        "energy",
        "apparent_energy",
        "reactive_energy",
        "charge",
    ];
    let fits = |point: &&PointInfo| SCALED.contains(&quantity(&point.unit));
    let has = |device: &&crate::model::DeviceInfo| device.points.iter().any(|one| fits(&one));
    let mut devices = site.devices.iter();
    let device = devices.find(|device| *device.id == *target).filter(has);
    let device = device.ok_or_else(|| {
        let meters = site.devices.iter().filter(has).map(|device| &*device.id);
        Objection::new("target", "calibrate-no-meter", &target, &list(meters))
    })?;
    let points = device.points.iter().filter(fits);
    Ok(Subject {
        targets: points.map(|point| Arc::clone(&point.id)).collect(),
        unit: "A".into(),
        factor: 1.0,
        height_m: None,
    })
}

/// Everything that speaks against a calibration, or what is to be written down. `today` is the
/// site's date; `None` while the clock cannot be believed, then the day must be said.
pub fn check(
    asked: &Asked,
    site: &Site,
    assets: &[Asset],
    today: Option<Date>,
) -> Result<Calibration, Vec<Objection>> {
    let mut against = Vec::new();
    let since = since(asked.since, today, &mut against);
    texts(&asked.who, &asked.note, &mut against);
    let targets = match subject(asked.kind, &asked.target, site, assets) {
        Ok(subject) => {
            against.extend(pairs(asked, &subject).err());
            subject.targets
        }
        Err(objection) => {
            against.push(objection);
            Vec::new()
        }
    };
    let mut pairs = asked.pairs.clone();
    if asked.kind == Kind::Strapping {
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    match since {
        Some(since) if against.is_empty() => Ok(Calibration {
            kind: asked.kind,
            targets,
            pairs,
            since,
            withdraws: None,
            who: asked.who.trim().to_owned(),
            note: asked.note.trim().to_owned(),
        }),
        _ => Err(against),
    }
}

/// The withdrawal of `old` from `since` (today unless said) on; a reason must be given.
pub fn withdraw(
    old: &crate::model::calibration::Entry,
    (since, today): (Option<Date>, Option<Date>),
    who: &str,
    note: &str,
) -> Result<Calibration, Vec<Objection>> {
    let mut against = Vec::new();
    // One that begins later is withdrawn before it begins.
    let day = self::since(since, today, &mut against).map(|day| day.max(old.said.since));
    texts(who, note, &mut against);
    if note.trim().is_empty() {
        against.push(Objection::new("note", "calibrate-no-reason", &"", &""));
    }
    match day {
        Some(since) if against.is_empty() => Ok(Calibration {
            kind: old.said.kind,
            targets: old.said.targets.clone(),
            pairs: Vec::new(),
            since,
            withdraws: Some(old.id),
            who: who.trim().to_owned(),
            note: note.trim().to_owned(),
        }),
        _ => Err(against),
    }
}

fn since(said: Option<Date>, today: Option<Date>, against: &mut Vec<Objection>) -> Option<Date> {
    let day = said.or(today);
    match (day, today) {
        (None, _) => against.push(Objection::new("since", "calibrate-no-date", &"", &"")),
        (Some(day), Some(today)) if day < today => {
            against.push(Objection::new("since", "calibrate-past", &day, &today));
        }
        _ => {}
    }
    day
}

fn texts(who: &str, note: &str, against: &mut Vec<Objection>) {
    if who.trim().is_empty() {
        against.push(Objection::new("who", "calibrate-no-who", &"", &""));
    }
    for (field, text) in [("who", who), ("note", note)] {
        if text.chars().count() > LEDGER_TEXT_MAX {
            against.push(Objection::new(
                field,
                "calibrate-long",
                &"",
                &LEDGER_TEXT_MAX,
            ));
        }
    }
}

fn against(key: &'static str, found: &dyn Display, expected: &dyn Display) -> Objection {
    Objection::new("pairs", key, found, expected)
}

fn pairs(asked: &Asked, subject: &Subject) -> Result<(), Objection> {
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
fn fill(pairs: &[(f64, f64)], height_m: Option<f64>) -> Result<(), Objection> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 11, 25);

    fn site() -> Site {
        let point = |id: &str, unit: &str, counter| PointInfo {
            id: id.into(),
            name: id.split('.').next_back().unwrap_or_default().into(),
            unit: unit.into(),
            quantity: "".into(),
            counter,
        };
        let device = |id: &str, points| crate::model::DeviceInfo {
            id: id.into(),
            bus: "b".into(),
            profile: None,
            kind: "meter".into(),
            every_ms: 10_000,
            points,
        };
        Site {
            id: "s".into(),
            name: "S".into(),
            timezone: "Asia/Jakarta".into(),
            latitude: 0.0,
            longitude: 107.0,
            devices: vec![
                device("level", vec![point("level.level", "cm", false)]),
                device("water", vec![point("water.volume", "L", true)]),
                device(
                    "meter",
                    vec![
                        point("meter.voltage", "V", false),
                        point("meter.power", "W", false),
                        point("meter.energy", "kWh", true),
                    ],
                ),
            ],
        }
    }

    fn asked(kind: Kind, target: &str, pairs: &[(f64, f64)]) -> Asked {
        Asked {
            kind,
            target: target.to_owned(),
            pairs: pairs.to_vec(),
            since: None,
            who: "Budi".to_owned(),
            note: String::new(),
        }
    }

    /// The sentences against a calibration; empty when it is believed.
    #[track_caller]
    fn told(kind: Kind, target: &str, pairs: &[(f64, f64)], expected: &[&str]) {
        let checked = check(&asked(kind, target, pairs), &site(), &[], Some(TODAY));
        let keys: Vec<&str> = checked
            .err()
            .into_iter()
            .flatten()
            .map(|one| one.key)
            .collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn two_dips_make_a_level_and_two_that_say_nothing_do_not() {
        told(
            Kind::Level,
            "level.level",
            &[(3.0, 0.0), (120.0, 118.0)],
            &[],
        );
        told(Kind::Level, "level.level", &[(3.0, 0.0)], &[]);
        told(Kind::Level, "level.level", &[], &["calibrate-few"]);
        told(
            Kind::Level,
            "level.level",
            &[(3.0, 0.0), (4.0, 1.0)],
            &["calibrate-spread"],
        );
        told(
            Kind::Level,
            "level.level",
            &[(3.0, 90.0), (90.0, 5.0)],
            &["calibrate-falls"],
        );
        told(
            Kind::Level,
            "level.level",
            &[(0.0, 0.0), (20.0, 100.0)],
            &["calibrate-gain"],
        );
        told(
            Kind::Level,
            "level.level",
            &[(900.0, 0.0)],
            &["calibrate-offset"],
        );
        told(
            Kind::Level,
            "level.level",
            &[(3.0, -2.0)],
            &["calibrate-outside"],
        );
        let bent = [(0.0, 0.0), (50.0, 80.0), (100.0, 100.0)];
        told(Kind::Level, "level.level", &bent, &["calibrate-scatter"]);
        told(
            Kind::Level,
            "water.volume",
            &[(3.0, 0.0)],
            &["calibrate-no-level"],
        );
    }

    #[test]
    fn runs_of_a_water_meter_must_agree() {
        told(
            Kind::Pulses,
            "water.volume",
            &[(18.2, 20.0), (18.4, 20.0)],
            &[],
        );
        told(
            Kind::Pulses,
            "water.volume",
            &[(18.2, 20.0), (16.0, 20.0)],
            &["calibrate-runs"],
        );
        told(
            Kind::Pulses,
            "water.volume",
            &[(0.0, 20.0)],
            &["calibrate-still"],
        );
        told(
            Kind::Pulses,
            "water.volume",
            &[(1.0, 1.0)],
            &["calibrate-bucket"],
        );
        told(
            Kind::Pulses,
            "water.volume",
            &[(5.0, 20.0)],
            &["calibrate-gain"],
        );
        told(
            Kind::Pulses,
            "meter.energy",
            &[(5.0, 20.0)],
            &["calibrate-no-counter"],
        );
    }

    #[test]
    fn a_transformer_scales_current_power_and_energy_and_no_voltage() {
        let ratio = asked(Kind::Ct, "meter", &[(100.0, 5.0), (200.0, 5.0)]);
        let checked = check(&ratio, &site(), &[], Some(TODAY)).unwrap();
        let targets: Vec<&str> = checked.targets.iter().map(|one| &**one).collect();
        assert_eq!(targets, ["meter.power", "meter.energy"]);
        told(
            Kind::Ct,
            "meter",
            &[(100.0, 5.0), (20.0, 1.0)],
            &["calibrate-ct-same"],
        );
        told(
            Kind::Ct,
            "meter",
            &[(100.0, 5.0), (5.0, 100.0)],
            &["calibrate-ct-ratio"],
        );
        told(
            Kind::Ct,
            "level",
            &[(100.0, 5.0), (200.0, 5.0)],
            &["calibrate-no-meter"],
        );
    }

    #[test]
    fn a_fill_rises_step_by_step() {
        let check = |rows: &[(f64, f64)]| fill(rows, Some(1.0)).err().map(|one| one.key);
        assert_eq!(check(&[(0.5, 400.0), (0.0, 0.0), (1.0, 900.0)]), None);
        assert_eq!(check(&[(0.0, 0.0), (0.5, 0.0)]), Some("calibrate-rising"));
        assert_eq!(
            check(&[(0.0, 0.0), (2.0, 900.0)]),
            Some("calibrate-outside")
        );
        let jump = [(0.0, 0.0), (0.1, 1.0), (0.2, 900.0)];
        assert_eq!(check(&jump), Some("calibrate-area"));
        assert_eq!(check(&[(0.0, 0.0)]), Some("calibrate-few"));
    }

    #[test]
    fn yesterday_is_not_calibrated_and_a_day_is_asked_for_when_the_clock_is_not_believed() {
        let mut level = asked(Kind::Level, "level.level", &[(3.0, 0.0)]);
        let since = |level: &Asked, today| {
            let checked = check(level, &site(), &[], today);
            checked.map(|one| one.since).map_err(|all| all[0].key)
        };
        assert_eq!(since(&level, Some(TODAY)), Ok(TODAY));
        assert_eq!(since(&level, None), Err("calibrate-no-date"));
        level.since = Some(date(2026, 11, 24));
        assert_eq!(since(&level, Some(TODAY)), Err("calibrate-past"));
        assert_eq!(since(&level, None), Ok(date(2026, 11, 24)));
    }

    proptest! {
        #[test]
        fn what_is_believed_has_a_finite_correction_and_nothing_panics(
            pairs in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..4),
            which in 0..4usize,
        ) {
            let kind = Kind::ALL[which];
            let target = ["level.level", "tank", "water.volume", "meter"][which];
            if let Ok(checked) = check(&asked(kind, target, &pairs), &site(), &[], Some(TODAY)) {
                prop_assert!(checked.line().is_some());
            }
        }
    }
}
