//! One plant that all simulated devices look at, moved on by a clock at a chosen speed.

use super::plant::{Plant, Snapshot};
use crate::clock::Clock;
use crate::model::UtcMs;
use std::sync::{Arc, Mutex, PoisonError};

/// The plant and its time; cheap to clone.
#[derive(Clone, Debug)]
pub struct World(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    start: UtcMs,
    rate: f64,
    seed: u64,
    plant: Mutex<Plant>,
}

impl World {
    /// From now on the plant's time runs `rate` times as fast as the clock.
    pub fn new(plant: Plant, clock: Clock, seed: u64, rate: f64) -> Self {
        let start = clock.now().at;
        Self(Arc::new(Shared {
            clock,
            start,
            rate,
            seed,
            plant: Mutex::new(plant),
        }))
    }

    /// The plant as it is now.
    pub fn look(&self) -> Snapshot {
        let shared = &*self.0;
        let passed = shared.clock.now().at.0 - shared.start.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "milliseconds of a session; a fraction of one is of no use"
        )]
        let passed = (passed as f64 * shared.rate) as i64;
        self.look_at(UtcMs(shared.start.0.saturating_add(passed)))
    }

    /// The plant at a moment, or as it is when that has passed already.
    pub fn look_at(&self, at: UtcMs) -> Snapshot {
        // A plant that a panic left behind is still a plant.
        let mut plant = self.0.plant.lock().unwrap_or_else(PoisonError::into_inner);
        *plant.advance(at)
    }

    /// What all chance is drawn from.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::sun::Place;
    use std::time::Duration;

    #[test]
    fn a_fast_world_sees_a_day_in_minutes() {
        let midnight = UtcMs(1_782_838_800_000);
        let clock = Clock::set(midnight, true);
        let place = Place {
            latitude: -3.76,
            longitude: 103.78,
        };
        let plant = Plant::new(place, "Asia/Jakarta", 1, midnight);
        let world = World::new(plant, clock.clone(), 1, 144.0);
        assert!(
            world.look().ac_power.abs() < f64::EPSILON,
            "midnight is dark"
        );
        clock.advance(Duration::from_mins(5));
        assert!(
            world.look().ac_power > 50.0,
            "five minutes later it is noon"
        );
    }
}
