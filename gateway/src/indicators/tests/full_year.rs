//! A quarter of many readings: the same numbers as its months and its days.

use super::{DAY, TestSite, figure_value, parse_time};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::tests::SiteText;

const PLANTS: usize = 2;
/// Polls of a day.
const POLLS: i64 = 288;
/// Points of a plant, in the order of their registers.
const POINTS: [&str; 5] = ["p", "e", "x", "g", "t"];

/// Two plants of five points each, polled every 5 minutes.
fn site() -> String {
    let mut text = SiteText::new("a").tcp_bus("b", 502);
    for n in 0..PLANTS {
        text = text
            .device(&format!("d{n}"), "b", format_args!("unit = {n}\nevery = '5m'"))
            .points([
                "{ id = 'p', register = 'holding:0', type = 'f32', unit = 'W' }",
                "{ id = 'e', register = 'holding:2', type = 'u32', unit = 'kWh', scale = 0.01, counter = true }",
                "{ id = 'x', register = 'holding:4', type = 'u32', unit = 'kWh', scale = 0.01, counter = true }",
                "{ id = 'g', register = 'holding:6', type = 'u16', unit = 'W/m2' }",
                "{ id = 't', register = 'holding:7', type = 'i16', scale = 0.1, unit = 'degC' }",
            ])
            .asset(&format!("a{n}"), "plts", "capacity_kwp = 3.0\ngamma = -0.004")
            .with(format_args!("power = 'd{n}.p'\nenergy = 'd{n}.e'\nexport = 'd{n}.x'"))
            .with(format_args!("irradiance = 'd{n}.g'\nmodule_temperature = 'd{n}.t'"));
    }
    text.text()
}

/// Samples of one day of a point: a daily wave with some noise. Counters go on from day to day.
fn day(start: i64, point: usize, number: i64) -> Vec<(UtcMs, SampleOutcome)> {
    let mut random = fastrand::Rng::with_seed(number.unsigned_abs());
    let noon = POLLS / 2;
    let sun_at = |slot: i64| (noon - (slot - noon).abs() - noon / 2).max(0) * 10;
    // The export is a part of the generation.
    let grown = if point == 1 { 8 } else { 3 };
    let lit = (1..=POLLS).filter(|slot| sun_at(*slot) > 0).count();
    let mut total = number * grown * i64::try_from(lit).unwrap();
    let sample = |slot: i64| {
        let sun = sun_at(slot);
        total += grown * i64::from(sun > 0);
        let noisy = sun + i64::from(random.u8(..20)) * i64::from(sun > 0);
        let (mantissa, exponent) = match point {
            0 => (noisy * 3, 0),
            1 | 2 => (total, -2),
            3 => (noisy, 0),
            _ => (250 + noisy / 5, -1),
        };
        let number = ExactNumber::Decimal { mantissa, exponent };
        (
            UtcMs(start + slot * (DAY / POLLS)),
            SampleOutcome::Good(number),
        )
    };
    (1..=POLLS).map(sample).collect()
}

#[tokio::test]
async fn a_quarter_is_the_sum_of_its_months_and_of_its_days() {
    let village = TestSite::new(&site());
    let start = parse_time("2025-12-31T17:00:00Z").0;
    for number in 0..90_i64 {
        let from = start + number * DAY;
        let columns = (0..PLANTS * POINTS.len()).map(|index| {
            let point = index % POINTS.len();
            let id = format!("d{}.{}", index / POINTS.len(), POINTS[point]);
            (id.into(), day(from, point, number))
        });
        let columns = columns.collect();
        village.store.import_columns(columns).await.unwrap();
    }
    let quarter = village.indicators("2026-Q1").await;
    let mut months = Vec::new();
    for month in ["2026-01", "2026-02", "2026-03"] {
        months.push(village.indicators(month).await);
    }
    for plant in ["a0", "a1"] {
        for id in ["plts.generation", "plts.export", "plts.insolation"] {
            let whole = figure_value(&quarter, id, plant);
            let parts = months.iter().map(|month| figure_value(month, id, plant));
            let parts: f64 = parts.sum();
            assert!(whole > 100.0, "{plant} {id}: {whole}");
            assert!(
                (parts - whole).abs() < 1e-6 * whole,
                "{plant} {id}: {parts}, {whole}"
            );
        }
        let daily = quarter.daily.iter();
        let mut daily = daily.filter(|one| one.asset.as_deref() == Some(plant));
        let daily = daily.find(|one| &*one.id == "plts.generation").unwrap();
        assert_eq!(daily.days.len(), 90);
        let days: f64 = daily.days.iter().filter_map(|(_, value, _)| *value).sum();
        let whole = figure_value(&quarter, "plts.generation", plant);
        assert!(
            (days - whole).abs() < 1e-6 * whole,
            "{plant}: {days}, {whole}"
        );
    }
}
