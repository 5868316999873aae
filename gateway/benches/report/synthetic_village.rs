//! Synthetic readings of a village: a sun with clouds, and everything that depends on it.

use gateway::config::Config;
use gateway::domain::{ExactNumber, SampleOutcome, UtcMs};
use gateway::storage::ImportColumn;
use std::sync::Arc;

/// 2026-01-01 00:00 in Jakarta.
pub(crate) const START_MS: i64 = 1_767_200_400_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Readings of a point a day.
const SLOTS_PER_DAY: usize = 8640;
/// A slot in this many is a silence.
const SILENT_SLOT_ODDS: u32 = 2000;

/// The points of the site, and a day's sun.
pub(crate) struct SyntheticVillage {
    points: Vec<(Arc<str>, PointSignal, i8)>,
    /// Sun of each slot, 0 to 1000.
    sun: Vec<i64>,
    /// Sum of the sun before each slot.
    sum: Vec<i64>,
}

/// Signal of a point; the numbers are device steps per unit.
#[derive(Clone, Copy)]
enum PointSignal {
    /// As the sun, so many steps at its height, with noise.
    Sun(i64),
    /// Grows with the sun: so many sums of it a step.
    Counter(i64),
    /// Around a middle, up and down with the day.
    Around(i64, i64),
}

impl SyntheticVillage {
    pub(crate) fn new(config: &Config) -> Self {
        let sun: Vec<i64> = (0..SLOTS_PER_DAY).map(sun_height).collect();
        let sum = sun.iter().scan(0, |sum, sun| {
            *sum += sun;
            Some(*sum)
        });
        let infos = config.site.devices.iter().flat_map(|info| &info.points);
        let points = config
            .devices
            .iter()
            .flat_map(|device| device.points.iter());
        let points = infos.zip(points);
        Self {
            points: points
                .map(|(info, point)| {
                    (
                        info.id.clone(),
                        point_signal(&point.name),
                        point.scale.factor.1,
                    )
                })
                .collect(),
            sum: sum.collect(),
            sun,
        }
    }

    pub(crate) fn point_count(&self) -> usize {
        self.points.len()
    }

    /// All readings of a day, counted from 0.
    pub(crate) fn day(&self, day: u32) -> Vec<ImportColumn> {
        let all = self.points.iter().zip(0..);
        all.map(|((id, shape, exponent), index)| {
            (
                id.clone(),
                self.column_samples(day, index, *shape, *exponent),
            )
        })
        .collect()
    }

    fn column_samples(
        &self,
        day: u32,
        index: u64,
        shape: PointSignal,
        exponent: i8,
    ) -> Vec<(UtcMs, SampleOutcome)> {
        // Seeded by day and point, so that a shorter year has the same days.
        let mut random = fastrand::Rng::with_seed(u64::from(day) * 64 + index);
        let (start, whole) = (
            START_MS + i64::from(day) * DAY_MS,
            self.sum[SLOTS_PER_DAY - 1],
        );
        // A counter goes on from the day before; it must not begin at zero every day.
        let before = i64::from(day) * whole;
        let slots = self.sun.iter().zip(&self.sum).zip(0..);
        let one = |((sun, sum), slot): ((&i64, &i64), i64)| {
            if random.u32(..SILENT_SLOT_ODDS) == 0 {
                return None;
            }
            let noise = i64::from(random.u8(..16));
            let mantissa = match shape {
                PointSignal::Sun(height) => sun * (height + noise) / 1000,
                PointSignal::Counter(step) => (before + sum) / step,
                PointSignal::Around(middle, swing) => middle + sun * swing / 1000 + noise / 4,
            };
            let number = ExactNumber::Decimal { mantissa, exponent };
            Some((UtcMs(start + slot * 10_000), SampleOutcome::Good(number)))
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
fn sun_height(slot: usize) -> i64 {
    let angle = (slot as f64 / SLOTS_PER_DAY as f64 - 0.25) * std::f64::consts::TAU;
    (angle.sin() * 1000.0).max(0.0) as i64
}

fn point_signal(name: &str) -> PointSignal {
    match name {
        "level" => PointSignal::Around(900, 1200),
        "moisture" | "humidity" => PointSignal::Around(650, -150),
        "voltage" => PointSignal::Around(2280, 60),
        "rain_total" => PointSignal::Counter(200_000),
        name if name.ends_with("_total") => PointSignal::Counter(200),
        name if name.ends_with("_energy") => PointSignal::Counter(3000),
        name if name.ends_with("temperature") => PointSignal::Around(270, 90),
        "flow" => PointSignal::Sun(500),
        "current" => PointSignal::Sun(70),
        _ => PointSignal::Sun(1500),
    }
}
