//! Time that a quarter takes. Run by hand:
//! `cargo test --release -p gateway --lib indicators::tests::full_year -- --ignored --nocapture`.
//! A year takes four times as long, because days are streamed one by one.

use super::{DAY, TestSite, parse_time};
use std::fmt::Write as _;

/// Ten devices of five points each, polled every 10 s.
fn site() -> String {
    let mut text = "[site]\nid = 'a'\n[store]\npath = 'store'\n\
                    [[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = 'x'\n"
        .to_owned();
    for n in 0..10 {
        write!(
            text,
            "[[device]]\nid = 'd{n}'\nbus = 'b'\nunit = {n}\nevery = '10s'\npoint = [\n\
             {{ id = 'p', register = 'holding:0', type = 'f32', unit = 'W' }},\n\
             {{ id = 'e', register = 'holding:2', type = 'u32', unit = 'kWh', scale = 0.01, \
             counter = true }},\n\
             {{ id = 'x', register = 'holding:4', type = 'u32', unit = 'kWh', scale = 0.01, \
             counter = true }},\n\
             {{ id = 'g', register = 'holding:6', type = 'u16', unit = 'W/m2' }},\n\
             {{ id = 't', register = 'holding:7', type = 'i16', scale = 0.1, unit = 'degC' }},\n\
             ]\n[[asset]]\nid = 'a{n}'\nkind = 'plts'\ncapacity_kwp = 3.0\ngamma = -0.004\n\
             power = 'd{n}.p'\nenergy = 'd{n}.e'\nexport = 'd{n}.x'\nirradiance = 'd{n}.g'\n\
             module_temperature = 'd{n}.t'\n"
        )
        .unwrap();
    }
    text
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
