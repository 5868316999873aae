//! Readings of a village that is not there: a sun with clouds, and what follows from it.

use gateway::config::Config;
use gateway::model::{Number, Outcome, UtcMs};
use gateway::store::ImportColumn;
use std::sync::Arc;

/// 2026-01-01 00:00 in Jakarta.
pub(crate) const START: i64 = 1_767_200_400_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Readings of a point a day.
const SLOTS: usize = 8640;
/// A slot in this many is a silence.
const SILENT: u32 = 2000;

/// The points of the site, and a day's sun.
pub(crate) struct Village {
    points: Vec<(Arc<str>, Shape, i8)>,
    /// Sun of each slot, 0 to 1000.
    sun: Vec<i64>,
    /// Sum of the sun before each slot.
    sum: Vec<i64>,
}

/// How a point goes; the numbers are device steps of a unit.
#[derive(Clone, Copy)]
enum Shape {
    /// As the sun, so many steps at its height, with noise.
    Sun(i64),
    /// Grows with the sun: so many sums of it a step.
    Counter(i64),
    /// Around a middle, up and down with the day.
    Around(i64, i64),
}

impl Village {
    pub(crate) fn new(config: &Config) -> Self {
        let sun: Vec<i64> = (0..SLOTS).map(sun).collect();
        let sum = sun.iter().scan(0, |sum, sun| {
            *sum += sun;
            Some(*sum)
        });
        let infos = config.site.devices.iter().flat_map(|info| &info.points);
        let points = config.devices.iter().flat_map(|device| &device.points);
        let points = infos.zip(points);
        Self {
            points: points
                .map(|(info, point)| (info.id.clone(), shape(&point.name), point.scale.factor.1))
                .collect(),
            sum: sum.collect(),
            sun,
        }
    }

    pub(crate) fn points(&self) -> usize {
        self.points.len()
    }

    /// All readings of a day, counted from 0.
    pub(crate) fn day(&self, day: u32) -> Vec<ImportColumn> {
        let all = self.points.iter().zip(0..);
        all.map(|((id, shape, exponent), index)| {
            (id.clone(), self.column(day, index, *shape, *exponent))
        })
        .collect()
    }

    fn column(&self, day: u32, index: u64, shape: Shape, exponent: i8) -> Vec<(UtcMs, Outcome)> {
        let mut random = fastrand::Rng::with_seed(u64::from(day) * 64 + index);
        let (start, whole) = (START + i64::from(day) * DAY_MS, self.sum[SLOTS - 1]);
        let before = i64::from(day) * whole;
        let slots = self.sun.iter().zip(&self.sum).zip(0..);
        let one = |((sun, sum), slot): ((&i64, &i64), i64)| {
            if random.u32(..SILENT) == 0 {
                return None;
            }
            let noise = i64::from(random.u8(..16));
            let mantissa = match shape {
                Shape::Sun(height) => sun * (height + noise) / 1000,
                Shape::Counter(step) => (before + sum) / step,
                Shape::Around(middle, swing) => middle + sun * swing / 1000 + noise / 4,
            };
            let number = Number::Decimal { mantissa, exponent };
            Some((UtcMs(start + slot * 10_000), Outcome::Good(number)))
        };
        slots.filter_map(one).collect()
    }
}

/// Half a sine from six to six, in thousandths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "0 to 1000 and 0 to 8640"
)]
fn sun(slot: usize) -> i64 {
    let angle = (slot as f64 / SLOTS as f64 - 0.25) * std::f64::consts::TAU;
    (angle.sin() * 1000.0).max(0.0) as i64
}

fn shape(name: &str) -> Shape {
    match name {
        "level" => Shape::Around(900, 1200),
        "moisture" | "humidity" => Shape::Around(650, -150),
        "voltage" => Shape::Around(2280, 60),
        "rain_total" => Shape::Counter(200_000),
        name if name.ends_with("_total") => Shape::Counter(200),
        name if name.ends_with("_energy") => Shape::Counter(3000),
        name if name.ends_with("temperature") => Shape::Around(270, 90),
        "flow" => Shape::Sun(500),
        "current" => Shape::Sun(70),
        _ => Shape::Sun(1500),
    }
}
