//! How long a quarter takes; run by hand:
//! `cargo test --release -p gateway --lib account::tests::year -- --ignored --nocapture`.
//! A year is four times that: days are streamed one by one.

use super::{DAY, Village, at};
use std::fmt::Write as _;

/// Ten devices of five points each, read every 10 s.
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

/// A day of a point: a wave of the day with some noise.
fn day(start: i64, point: usize, seed: u64) -> Vec<(crate::model::UtcMs, crate::model::Outcome)> {
    use crate::model::{Number, Outcome, UtcMs};
    let mut random = fastrand::Rng::with_seed(seed);
    let mut total = i64::try_from(seed).unwrap() * 3000;
    let slots = 0..8640_i64;
    slots
        .map(|slot| {
            let sun = (8640 / 2 - (slot - 4320).abs() - 2160).max(0);
            total += i64::from(random.u8(..) < 60) * i64::from(sun > 0);
            let noisy = sun / 3 + i64::from(random.u8(..20));
            let number = match point {
                0 => Number::Float(f64::from(i32::try_from(noisy * 4).unwrap())),
                1 | 2 => Number::Decimal {
                    mantissa: total,
                    exponent: -2,
                },
                3 => Number::Decimal {
                    mantissa: noisy,
                    exponent: 0,
                },
                _ => Number::Decimal {
                    mantissa: 250 + noisy / 5,
                    exponent: -1,
                },
            };
            (UtcMs(start + slot * 10_000), Outcome::Good(number))
        })
        .collect()
}

#[tokio::test]
#[ignore = "minutes, most of them to make the readings; for its figures"]
async fn a_quarter_of_fifty_points_at_ten_seconds() {
    let village = Village::new(&site());
    let start = at("2025-12-31T17:00:00Z").0;
    for number in 0..90_u32 {
        let from = start + i64::from(number) * DAY;
        let columns = (0..50_usize).map(|index| {
            let name = ["p", "e", "x", "g", "t"][index % 5];
            let id = format!("d{}.{name}", index / 5);
            (id.into(), day(from, index % 5, u64::from(number) + 1))
        });
        village.store.import_many(columns.collect()).await.unwrap();
    }
    let before = tokio::time::Instant::now();
    let found = village.account("2026-Q1").await;
    let took = before.elapsed();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = memory
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    eprintln!("{} figures in {took:?}, {peak}", found.indicators.len());
}
