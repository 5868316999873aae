//! Time that a quarter takes. Run by hand:
//! `cargo test --release -p gateway --lib indicators::tests::full_year -- --ignored --nocapture`.
//! A year takes four times as long, because days are streamed one by one.

use super::{DAY, TestSite, parse_time};
use crate::tests::SiteText;

/// Ten devices of five points each, polled every 10 s.
fn site() -> String {
    let mut text = SiteText::new("a").tcp_bus("b", 502);
    for n in 0..10 {
        text = text
            .device(&format!("d{n}"), "b", format_args!("unit = {n}\nevery = '10s'"))
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

/// Samples of one day of a point: a daily wave with some noise.
fn day(
    start: i64,
    point: usize,
    seed: u64,
) -> Vec<(crate::domain::UtcMs, crate::domain::SampleOutcome)> {
    use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
    let mut random = fastrand::Rng::with_seed(seed);
    let mut total = i64::try_from(seed).unwrap() * 3000;
    let slots = 0..8640_i64;
    slots
        .map(|slot| {
            let sun = (8640 / 2 - (slot - 4320).abs() - 2160).max(0);
            total += i64::from(random.u8(..) < 60) * i64::from(sun > 0);
            let noisy = sun / 3 + i64::from(random.u8(..20));
            let number = match point {
                0 => ExactNumber::Float(f64::from(i32::try_from(noisy * 4).unwrap())),
                1 | 2 => ExactNumber::Decimal {
                    mantissa: total,
                    exponent: -2,
                },
                3 => ExactNumber::Decimal {
                    mantissa: noisy,
                    exponent: 0,
                },
                _ => ExactNumber::Decimal {
                    mantissa: 250 + noisy / 5,
                    exponent: -1,
                },
            };
            (UtcMs(start + slot * 10_000), SampleOutcome::Good(number))
        })
        .collect()
}

#[tokio::test]
#[ignore = "minutes, most of them to make the readings; for its figures"]
async fn a_quarter_of_fifty_points_at_ten_seconds() {
    let village = TestSite::new(&site());
    let start = parse_time("2025-12-31T17:00:00Z").0;
    for number in 0..90_u32 {
        let from = start + i64::from(number) * DAY;
        let columns = (0..50_usize).map(|index| {
            let name = ["p", "e", "x", "g", "t"][index % 5];
            let id = format!("d{}.{name}", index / 5);
            (id.into(), day(from, index % 5, u64::from(number) + 1))
        });
        village
            .store
            .import_columns(columns.collect())
            .await
            .unwrap();
    }
    let before = tokio::time::Instant::now();
    let found = village.indicators("2026-Q1").await;
    let took = before.elapsed();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = memory
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    eprintln!("{} figures in {took:?}, {peak}", found.indicators.len());
}
