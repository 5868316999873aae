//! Figures of readings that came from files with an interval of their own.

use super::ledger_entries::ledger_statement;
use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::{HOUR, MINUTE, TestSite, assert_figure_close, assert_missing, find_figure, parse_time};
use crate::domain::indicator::{DataEvent, Indicator, InputSource, SiteIndicators, ValueOrigin};
use crate::domain::sample_import::SampleImport;
use crate::domain::{ExactNumber, Sample, SampleOutcome, UtcMs};
use crate::storage::{FileImport, ImportMode};
use std::collections::BTreeSet;

/// 2026-11-01 00:00 in Jakarta.
const START: &str = "2026-10-31T17:00:00Z";

/// Imports a power of 1 kW at these times, as rows of a file with this interval (ms).
async fn import_power(village: &TestSite, interval_ms: i64, times: impl Iterator<Item = i64>) {
    let sample = |at| Sample {
        at: UtcMs(at),
        outcome: SampleOutcome::Good(ExactNumber::Float(1000.0)),
    };
    let import = FileImport {
        origin: SampleImport {
            id: 0,
            point: "inverter.power".into(),
            file: "portal.csv".to_owned(),
            sha256: "cd".repeat(32),
            by: "Siti".to_owned(),
            at: UtcMs(0),
            interval_ms,
        },
        every_ms: MINUTE,
        samples: times.map(sample).collect(),
    };
    let done = village.store.import_file(import, ImportMode::Add).await;
    assert!(done.unwrap().written);
}

/// Events of the power; the other points of the plant have no readings at all.
fn events_of_power(found: &SiteIndicators) -> Vec<&DataEvent> {
    let events = found.events.iter();
    events.filter(|one| &*one.of == "inverter.power").collect()
}

#[tokio::test]
async fn hourly_rows_of_a_file_cover_their_hours_at_a_point_that_is_read_every_minute() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let start = parse_time(START).0;
    import_power(&village, HOUR, (0..=24).map(|hour| start + hour * HOUR)).await;
    let found = village.indicators("2026-11-01").await;
    assert_figure_close(&found, "plts.generation", "plts", 24.0);
    let generation = find_figure(&found, "plts.generation", "plts");
    assert_eq!(generation.completeness.all, Some(1.0));
    assert_eq!(generation.completeness.daylight, Some(1.0));
    assert_eq!(generation.origin, ValueOrigin::Imported);
    let InputSource::Point(readings) = &generation.inputs[0].from else {
        panic!("no readings");
    };
    assert_eq!((readings.gaps, readings.imports.len()), (0, 1));
    // The rows that there are, and not the minutes that they cover.
    assert_eq!((readings.good, readings.expected), (24, 24));
    let events = events_of_power(&found);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, "imported");
    assert_eq!(events[0].import.as_ref().unwrap().file, "portal.csv");
}

#[tokio::test]
async fn readings_that_got_their_time_afterwards_say_so_down_to_the_figure() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let start = parse_time(START).0;
    let devices = &village.config.site.devices;
    let device = devices
        .iter()
        .position(|one| &*one.id == "inverter")
        .unwrap();
    let points = devices[device].points.len();
    for minute in 0..30 {
        let reading = crate::domain::Reading {
            device: u16::try_from(device).unwrap(),
            at: UtcMs(minute * MINUTE),
            mono: crate::domain::MonoMs((minute * MINUTE).unsigned_abs()),
            dated: false,
            outcomes: vec![SampleOutcome::Good(ExactNumber::Float(1000.0)); points].into(),
        };
        village.store.append(reading).await.unwrap();
    }
    let boot = crate::clock::boot_id();
    village
        .store
        .redate_boot(boot.clone(), start + HOUR)
        .await
        .unwrap();
    let found = village.indicators("2026-11-01").await;
    let generation = find_figure(&found, "plts.generation", "plts");
    let InputSource::Point(readings) = &generation.inputs[0].from else {
        panic!("no readings");
    };
    assert_eq!(readings.redated.len(), 1);
    let stretch = &readings.redated[0];
    assert_eq!(stretch.era, format!("{}@0", boot.0));
    assert_eq!((stretch.shift_ms, stretch.samples), (start + HOUR, 30));
    let events: Vec<_> = found
        .events
        .iter()
        .filter(|one| one.kind == "redated")
        .collect();
    assert_eq!(events.len(), 1, "one for the device");
    assert_eq!(events[0].at, UtcMs(start + HOUR));
    for lang in [crate::i18n::Language::Id, crate::i18n::Language::En] {
        let zone = &jiff::tz::TimeZone::UTC;
        let text = crate::report::content::event_text(lang, events[0], zone);
        assert!(text.contains(&boot.0[..8]), "{text}");
    }
}

#[tokio::test]
async fn the_same_rows_without_a_file_are_single_minutes() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let start = parse_time(START).0;
    let rows = (0..=24).map(|hour| (start + hour * HOUR, Some(1000.0)));
    let columns = vec![("inverter.power", rows.collect())];
    village.store_readings(columns).await;
    let found = village.indicators("2026-11-01").await;
    let key = "analyse-status-no-data";
    assert_missing(&found, "plts.generation", "plts", key);
    let generation = find_figure(&found, "plts.generation", "plts");
    assert!(generation.completeness.all.unwrap() < 0.02);
}

#[tokio::test]
async fn a_missing_row_of_a_file_is_a_gap_and_an_hour_counts_on_both_sides_of_midnight() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let start = parse_time(START).0;
    // At half past, from the evening before to the next morning, without five hours of the night.
    let hours = (-1..=30).filter(|hour| !(2..7).contains(hour));
    let times = hours.map(|hour| start + hour * HOUR + 30 * MINUTE);
    import_power(&village, HOUR, times).await;
    let found = village.indicators("2026-11-01").await;
    let generation = find_figure(&found, "plts.generation", "plts");
    let share = generation.completeness.all.unwrap();
    // The half hour before midnight stands in a row of the next day.
    assert!((share - 18.5 / 24.0).abs() < 1e-9, "{share}");
    let events = events_of_power(&found);
    let gaps: Vec<_> = events.iter().filter(|one| one.kind == "gap").collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].at, UtcMs(start + HOUR + 30 * MINUTE));
    let both = village.indicators("2026-11-01..2026-11-02").await;
    let share = find_figure(&both, "plts.generation", "plts").completeness;
    assert!((share.all.unwrap() - 25.5 / 48.0).abs() < 1e-9, "{share:?}");
    let next = village.indicators("2026-11-02").await;
    let share = find_figure(&next, "plts.generation", "plts").completeness;
    // Of the second day the rows cover midnight to half past six.
    assert!((share.all.unwrap() - 6.5 / 24.0).abs() < 1e-9, "{share:?}");
}

#[tokio::test]
async fn the_readings_of_a_file_are_its_rows_beside_those_of_the_device() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let start = parse_time(START).0;
    // Two of the first 12 rows are missing, and the device is read from noon on.
    let hours = (0..=12).filter(|hour| ![5, 6].contains(hour));
    import_power(&village, HOUR, hours.map(|hour| start + hour * HOUR)).await;
    let minutes = (12 * 60 + 1..=24 * 60).map(|minute| (start + minute * MINUTE, Some(1000.0)));
    let columns = vec![("inverter.power", minutes.collect())];
    village.store_readings(columns).await;
    let found = village.indicators("2026-11-01").await;
    let generation = find_figure(&found, "plts.generation", "plts");
    let InputSource::Point(readings) = &generation.inputs[0].from else {
        panic!("no readings");
    };
    assert_eq!((readings.good, readings.expected), (10 + 720, 12 + 720));
    // The share is that of the time.
    let share = generation.completeness.all.unwrap();
    assert!((share - 22.0 / 24.0).abs() < 1e-9, "{share}");
}

/// Origins of a figure by its inputs alone: those of figures as the account says them.
fn origins_of_inputs(found: &SiteIndicators, one: &Indicator) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    for input in &one.inputs {
        match &input.from {
            InputSource::Indicator { id, asset } => {
                let of = found.find(id, asset.as_deref());
                all.extend(
                    of.into_iter()
                        .flat_map(|of| found.origins(of))
                        .map(ValueOrigin::key),
                );
            }
            InputSource::Part(part) => all.extend(origins_of_inputs(found, part)),
            InputSource::Point(readings) if !readings.imports.is_empty() => {
                all.insert("imported");
            }
            InputSource::Point(_) => {
                let is_counter = input.symbol.starts_with('c') || input.symbol == "g";
                all.insert(if is_counter { "meter" } else { "measured" });
            }
            InputSource::Ledger { .. } if one.origin == ValueOrigin::Declared => {
                all.insert("declared");
            }
            InputSource::Ledger { .. } => {
                all.insert("manual");
            }
            InputSource::Factor(_) | InputSource::Setting(_) | InputSource::Constant(_) => {}
        }
    }
    if all.is_empty() {
        all.insert(one.origin.key());
    }
    all
}

#[tokio::test]
async fn the_origins_of_every_figure_are_those_of_its_inputs_down_to_the_file() {
    let second = "[[asset]]\nid = 'lift'\nkind = 'plts'\ncapacity_kwp = 2\n\
        energy = 'pump.energy'\nsystem = 'pump-only'\n";
    let plant = SITE_PLANT.replace("capacity_kwp = 2.0", "capacity_kwp = 20.0");
    let village = TestSite::new(&site_text(&[&plant, OTHER_ASSETS, second]));
    let start = parse_time(START).0;
    import_power(&village, HOUR, (0..=24).map(|hour| start + hour * HOUR)).await;
    let counter = |rate: f64| {
        let hours = (0..=24_i32).map(|hour| {
            (
                start + i64::from(hour) * HOUR,
                Some(50.0 + rate * f64::from(hour)),
            )
        });
        hours.collect()
    };
    let columns = vec![
        ("pump.energy", counter(0.3)),
        ("pump.volume", counter(0.9)),
        ("meter.export", counter(0.2)),
        ("tank.rain", counter(0.5)),
    ];
    village.store_readings(columns).await;
    let fed = ledger_statement("bsf-fed", 40, "2026-11-01");
    village
        .store
        .append_ledger(vec![fed], "siti")
        .await
        .unwrap();
    let found = village.indicators("2026-11-01").await;
    for one in &found.indicators {
        let told: BTreeSet<&str> = found
            .origins(one)
            .into_iter()
            .map(ValueOrigin::key)
            .collect();
        let place = format!("{} of {:?}", one.id, one.asset);
        assert_eq!(told, origins_of_inputs(&found, one), "{place}");
        let is_measured = matches!(one.origin, ValueOrigin::Measured | ValueOrigin::Meter);
        assert!(
            !is_measured || !told.contains("imported"),
            "{place}: {:?}",
            one.origin
        );
    }
    let total = find_figure(&found, "site.generation", "");
    assert_eq!(total.origin, ValueOrigin::Imported);
    assert_eq!(
        found.origins(total),
        [ValueOrigin::Meter, ValueOrigin::Imported]
    );
    let gross = find_figure(&found, "co2.gross", "plts");
    assert_eq!(gross.origin, ValueOrigin::Estimated);
    assert!(found.origins(gross).contains(&ValueOrigin::Imported));
}
