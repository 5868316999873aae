//! Snapshots of closed days: figures are the same to the bit with and without them.

use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::{DAY, HOUR, MINUTE, parse_time};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome, UtcMs};
use crate::indicators::{IndicatorQuery, calculate_indicators};
use crate::storage::{ImportColumn, Store};
use crate::tests::load_site;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::sync::Arc;
use tempfile::TempDir;

/// 2026-11-01 00:00 in Jakarta.
const NOVEMBER: i64 = 1_793_466_000_000;
/// Days with readings, from the day before November on.
const DAYS: i64 = 7;

/// Site with a store that can be opened again, and a clock that the test sets.
struct SnapshotSite {
    config: Config,
    text: String,
    folder: TempDir,
    clock: Clock,
    store: Store,
}

impl SnapshotSite {
    fn new(text: &str) -> Self {
        let (config, folder) = (load_site(text), tempfile::tempdir().unwrap());
        let clock = Clock::set(UtcMs(NOVEMBER), true);
        let store = Store::open(folder.path(), &config.site, &config.store, text, &clock).unwrap();
        let text = text.to_owned();
        Self {
            config,
            text,
            folder,
            clock,
            store,
        }
    }

    fn set_time(&self, now: i64) {
        self.clock.set_wall_clock(UtcMs(now));
    }

    async fn restart(&mut self) {
        self.store.stop().await;
        let (site, settings) = (&self.config.site, &self.config.store);
        let store = Store::open(self.folder.path(), site, settings, &self.text, &self.clock);
        self.store = store.unwrap();
    }

    /// Figures as text, and the number of point-days that were read for them.
    async fn figures(&self, period: &str, snapshots: bool) -> (String, u64) {
        let ask = IndicatorQuery {
            period: period.parse().unwrap(),
            asset: None,
            now: self.clock.now().at,
            daily: true,
            snapshots,
        };
        let mut read = 0;
        let mut progress = |step: crate::indicators::CalculationProgress| read = step.all;
        let found = calculate_indicators(&self.config, &self.store, &ask, &mut progress);
        let found = found.await.unwrap();
        // The text of a double names its bits.
        (format!("{found:#?}"), read)
    }

    /// Checks the figures against a computation from all readings; returns the point-days read.
    async fn check(&self, period: &str) -> Result<u64, TestCaseError> {
        let (wanted, _) = self.figures(period, false).await;
        let (found, read) = self.figures(period, true).await;
        let mut lines = wanted.lines().zip(found.lines());
        let other = lines.position(|(wanted, found)| wanted != found);
        let near = |text: &str, place: usize| {
            let lines = text.lines().skip(place.saturating_sub(12)).take(16);
            lines.collect::<Vec<_>>().join("\n")
        };
        if let Some(place) = other {
            let (wanted, found) = (near(&wanted, place), near(&found, place));
            return Err(TestCaseError::fail(format!(
                "{period}: {found}\n--- not\n{wanted}"
            )));
        }
        prop_assert_eq!(wanted.len(), found.len());
        Ok(read)
    }

    async fn import(&self, columns: Vec<ImportColumn>) {
        self.store.import_columns(columns).await.unwrap();
    }

    async fn calibrate(&self, kind: CalibrationKind, target: &str, since: Date) {
        let pairs = match kind {
            CalibrationKind::Strapping => vec![(0.0, 0.0), (2.0, 3600.0)],
            _ => vec![(0.1, 0.0), (1.1, 1.05)],
        };
        let said = Calibration {
            kind,
            targets: vec![target.into()],
            pairs,
            since,
            withdraws: None,
            who: "Budi".to_owned(),
            note: String::new(),
        };
        self.store.append_calibration(said, "test").await.unwrap();
    }
}

/// Behaviour of a point in random readings.
#[derive(Clone, Copy)]
enum PointShape {
    /// Counter with its greatest step.
    Counter(f64),
    /// Momentary value between two bounds.
    Level(f64, f64),
}

const POINTS: [(&str, PointShape); 14] = [
    ("inverter.power", PointShape::Level(0.0, 2200.0)),
    ("inverter.energy", PointShape::Counter(0.03)),
    ("meter.import", PointShape::Counter(0.02)),
    ("meter.export", PointShape::Counter(0.02)),
    ("sun.poa", PointShape::Level(-2.0, 1100.0)),
    ("sun.cell", PointShape::Level(20.0, 60.0)),
    ("pump.power", PointShape::Level(0.0, 1100.0)),
    ("pump.energy", PointShape::Counter(0.01)),
    ("pump.flow", PointShape::Level(0.0, 5.0)),
    ("pump.volume", PointShape::Counter(0.05)),
    ("tank.level", PointShape::Level(0.0, 2.1)),
    ("tank.rain", PointShape::Counter(0.4)),
    ("bin.core", PointShape::Level(10.0, 46.0)),
    ("bin.heap", PointShape::Level(40.0, 70.0)),
];

/// Random readings of a point: minutes in bursts, with gaps, bad and impossible values, resets,
/// nights of zeros, and at times one exactly at midnight.
fn random_readings(shape: PointShape, random: &mut fastrand::Rng) -> Vec<(UtcMs, SampleOutcome)> {
    let mut all = Vec::new();
    let (mut total, mut level) = (random.f64() * 50.0, random.f64());
    let mut at = NOVEMBER - DAY + i64::from(random.u32(0..40)) * MINUTE;
    while at <= NOVEMBER + (DAYS - 1) * DAY {
        level = (level + (random.f64() - 0.5) * 0.1).clamp(0.0, 1.0);
        let chance = random.u32(..1000);
        let value = match shape {
            PointShape::Counter(step) => {
                total += if random.bool() {
                    random.f64() * step
                } else {
                    0.0
                };
                total = if chance == 1 { 0.0 } else { total };
                match chance {
                    2..10 => 0.0,
                    10..14 => total * 40.0 + 1e5,
                    14..40 => (total - step / 3.0).max(0.0),
                    _ => total,
                }
            }
            PointShape::Level(_, most) if chance < 3 => most * 50.0,
            PointShape::Level(least, most) => least + level * (most - least),
        };
        let outcome = match chance {
            950..975 => SampleOutcome::Bad(QualityReason::Timeout),
            975..980 => SampleOutcome::Bad(QualityReason::Asleep),
            _ => SampleOutcome::Good(ExactNumber::Float(value)),
        };
        all.push((UtcMs(at), outcome));
        at += match chance {
            500..504 => i64::from(random.u32(1..30)) * HOUR,
            504..530 => i64::from(random.u32(2..200)) * MINUTE,
            _ => MINUTE + i64::from(u8::from(chance == 700)),
        };
        if random.u32(..4000) == 0 {
            // To the next midnight, to the millisecond.
            at += (NOVEMBER - at).rem_euclid(DAY);
        }
    }
    all
}

/// Event between two questions.
#[derive(Clone, Copy, Debug)]
enum SiteEvent {
    Wait(i64),
    Restart,
    Calibrate(usize, i8),
    ImportDay(i64),
    DistrustClock,
    TrustClock,
}

fn any_event() -> impl Strategy<Value = SiteEvent> {
    prop_oneof![
        6 => (1..40_i64).prop_map(SiteEvent::Wait),
        2 => Just(SiteEvent::Restart),
        1 => ((0..3_usize), (1..7_i8)).prop_map(|(what, day)| SiteEvent::Calibrate(what, day)),
        1 => (-1..DAYS).prop_map(SiteEvent::ImportDay),
        1 => Just(SiteEvent::DistrustClock),
        2 => Just(SiteEvent::TrustClock),
    ]
}

fn random_columns(seed: u64) -> Vec<ImportColumn> {
    let mut random = fastrand::Rng::with_seed(seed);
    let column =
        |(name, shape): (&str, PointShape)| (Arc::from(name), random_readings(shape, &mut random));
    POINTS.into_iter().map(column).collect()
}

async fn check_history(seed: u64, events: Vec<SiteEvent>) -> Result<(), TestCaseError> {
    let mut site = SnapshotSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    site.import(random_columns(seed)).await;
    let mut now = NOVEMBER + HOUR;
    for event in events {
        match event {
            SiteEvent::Wait(hours) => now = (now + hours * HOUR).min(NOVEMBER + 9 * DAY),
            SiteEvent::Restart => site.restart().await,
            SiteEvent::Calibrate(what, day) => {
                let (kind, target) = [
                    (CalibrationKind::Level, "tank.level"),
                    (CalibrationKind::Strapping, "tank"),
                    (CalibrationKind::Pulses, "pump.volume"),
                ][what];
                site.calibrate(kind, target, date(2026, 11, day)).await;
            }
            SiteEvent::ImportDay(day) => {
                let mut columns = random_columns(seed + 1);
                let (from, to) = (NOVEMBER + day * DAY, NOVEMBER + (day + 1) * DAY);
                for (_, samples) in &mut columns {
                    samples.retain(|(at, _)| (from..to).contains(&at.0));
                }
                site.import(columns).await;
            }
            SiteEvent::DistrustClock => site.clock.distrust(),
            SiteEvent::TrustClock => site.clock.trust(),
        }
        site.set_time(now);
        site.check("2026-11").await?;
        // Another period with the same first day, and closed ones.
        site.check("2026-11-01..2026-11-04").await?;
        if now > NOVEMBER + 2 * DAY {
            site.check("2026-11-02..2026-11-03").await?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn figures_are_the_same_to_the_bit_with_snapshots(
        seed in any::<u32>(), events in prop::collection::vec(any_event(), 1..9)
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(check_history(u64::from(seed), events))?;
    }
}

/// Site with random readings at noon of the fifth of November.
async fn noon_site() -> SnapshotSite {
    let site = SnapshotSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    site.import(random_columns(7)).await;
    site.set_time(NOVEMBER + 4 * DAY + 12 * HOUR);
    site
}

/// Point-days of one day of all assets: 15 series.
const ONE_DAY: u64 = 15;
/// Point-days of one day of the assets that are compared: 11 series.
const COMPARED_DAY: u64 = 11;
/// Point-days of the month before, with which the first days of a month are compared.
const OCTOBER: u64 = 31 * COMPARED_DAY;

#[tokio::test]
async fn closed_days_are_read_once_also_after_a_restart() {
    let mut site = noon_site().await;
    assert_eq!(site.check("2026-11").await.unwrap(), 5 * ONE_DAY + OCTOBER);
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
    site.restart().await;
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
    // Four minutes after midnight readings of the day before may still come.
    site.set_time(NOVEMBER + 5 * DAY + 4 * MINUTE);
    assert_eq!(site.check("2026-11").await.unwrap(), 2 * ONE_DAY);
    assert_eq!(site.check("2026-11").await.unwrap(), 2 * ONE_DAY);
    site.set_time(NOVEMBER + 5 * DAY + 6 * MINUTE);
    assert_eq!(site.check("2026-11").await.unwrap(), 2 * ONE_DAY);
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
}

#[tokio::test]
async fn a_closed_period_is_read_once() {
    let site = noon_site().await;
    assert_eq!(
        site.check("2026-11-01..2026-11-03").await.unwrap(),
        3 * ONE_DAY + 4 * COMPARED_DAY + OCTOBER
    );
    assert_eq!(site.check("2026-11-01..2026-11-03").await.unwrap(), 0);
}

#[tokio::test]
async fn no_snapshot_is_made_by_an_untrusted_clock() {
    let site = noon_site().await;
    site.clock.distrust();
    site.check("2026-11").await.unwrap();
    assert_eq!(site.check("2026-11").await.unwrap(), 5 * ONE_DAY + OCTOBER);
    site.clock.trust();
    site.check("2026-11").await.unwrap();
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
}

#[tokio::test]
async fn an_import_makes_the_days_that_it_changes_be_read_again() {
    let site = noon_site().await;
    site.check("2026-11").await.unwrap();
    let sample = SampleOutcome::Good(ExactNumber::Float(25.0));
    let later = vec![(
        "bin.core".into(),
        vec![(UtcMs(NOVEMBER + 4 * DAY + HOUR), sample)],
    )];
    site.import(later).await;
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
    let closed = vec![("bin.core".into(), vec![(UtcMs(NOVEMBER + 2 * DAY), sample)])];
    site.import(closed).await;
    assert_eq!(site.check("2026-11").await.unwrap(), 5 * ONE_DAY);
}

#[tokio::test]
async fn a_late_reading_makes_its_day_be_read_again() {
    let site = noon_site().await;
    site.check("2026-11").await.unwrap();
    let devices = &site.config.site.devices;
    let device = devices.iter().position(|one| &*one.id == "bin").unwrap();
    let sample = SampleOutcome::Good(ExactNumber::Float(25.0));
    let late = crate::domain::Reading {
        device: device.try_into().unwrap(),
        at: UtcMs(NOVEMBER + 4 * DAY - 1),
        mono: site.clock.now().mono,
        dated: true,
        outcomes: [sample, sample].into(),
    };
    site.store.append(late).await.unwrap();
    site.store.flush().await.unwrap();
    assert_eq!(site.check("2026-11").await.unwrap(), 5 * ONE_DAY);
}

#[tokio::test]
async fn a_calibration_from_today_on_leaves_the_closed_days_as_they_are() {
    let site = noon_site().await;
    site.check("2026-11").await.unwrap();
    site.calibrate(CalibrationKind::Level, "tank.level", date(2026, 11, 5))
        .await;
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
    site.calibrate(CalibrationKind::Level, "tank.level", date(2026, 11, 3))
        .await;
    site.check("2026-11").await.unwrap();
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
}

#[tokio::test]
async fn another_configuration_reads_its_days_itself() {
    let mut site = noon_site().await;
    site.check("2026-11").await.unwrap();
    site.text = site
        .text
        .replace("capacity_kwp = 2.0", "capacity_kwp = 1.9");
    site.config = load_site(&site.text);
    site.restart().await;
    let read = site.check("2026-11").await.unwrap();
    assert_eq!(read, 5 * ONE_DAY + OCTOBER);
    assert_eq!(site.check("2026-11").await.unwrap(), ONE_DAY);
}

#[tokio::test]
async fn a_damaged_snapshot_is_not_used() {
    let mut site = noon_site().await;
    site.check("2026-11").await.unwrap();
    site.store.stop().await;
    let file = site.folder.path().join("pantau.db");
    for damage in [
        "UPDATE figure_snapshot SET state = substr(state, 1, length(state) - 3)",
        "UPDATE figure_snapshot SET state = zeroblob(0)",
        "UPDATE figure_snapshot SET until = until + 1",
        "UPDATE figure_snapshot SET basis = zeroblob(3)",
        "UPDATE figure_snapshot SET reads_from = 'x'",
    ] {
        let (folder, text) = (site.folder.path(), site.text.clone());
        crate::storage::change_stored_file(&file, damage);
        let (config, clock) = (&site.config, &site.clock);
        site.store = Store::open(folder, &config.site, &config.store, &text, clock).unwrap();
        assert_eq!(
            site.check("2026-11").await.unwrap(),
            5 * ONE_DAY + OCTOBER,
            "{damage}"
        );
        site.store.stop().await;
    }
}

#[tokio::test]
async fn a_year_is_answered_from_the_days_after_its_snapshot() {
    let site = noon_site().await;
    let (wanted, _) = site.figures("2026", false).await;
    let (_, all) = site.figures("2026", true).await;
    let (found, read) = site.figures("2026", true).await;
    assert_eq!(found, wanted);
    assert_eq!((all, read), (309 * ONE_DAY, ONE_DAY));
    assert_eq!(parse_time("2026-10-31T17:00:00Z").0, NOVEMBER);
}
