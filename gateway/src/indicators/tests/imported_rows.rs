//! Figures of readings that came from files with an interval of their own.

use super::site::{SITE_PLANT, site_text};
use super::{HOUR, MINUTE, TestSite, assert_figure_close, assert_missing, find_figure, parse_time};
use crate::domain::indicator::{DataEvent, InputSource, SiteIndicators, ValueOrigin};
use crate::domain::sample_import::SampleImport;
use crate::domain::{ExactNumber, Sample, SampleOutcome, UtcMs};
use crate::storage::{FileImport, ImportMode};

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
