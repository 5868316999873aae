//! One plant shared by all simulated devices, moved on by a clock at a chosen speed.

use super::incident::IncidentList;
use super::plant::{PlantSnapshot, SimulatedPlant};
use crate::clock::Clock;
use crate::domain::{MonoMs, UtcMs};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared plant and its time; cheap to clone.
#[derive(Clone, Debug)]
pub struct SimulatedWorld(Arc<WorldState>);

#[derive(Debug)]
struct WorldState {
    clock: Clock,
    start: UtcMs,
    rate: f64,
    seed: u64,
    incidents: IncidentList,
    plant: Mutex<SimulatedPlant>,
}

/// One moment by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldTime {
    /// Time of the plant.
    pub plant: UtcMs,
    /// Time of the monotonic clock of this computer.
    pub mono: MonoMs,
}

impl SimulatedWorld {
    /// The plant's time runs `rate` times as fast as the clock from now on.
    pub fn new(plant: SimulatedPlant, clock: Clock, seed: u64, rate: f64) -> Self {
        let start = clock.now().at;
        Self(Arc::new(WorldState {
            clock,
            start,
            rate,
            seed,
            incidents: plant.incidents().clone(),
            plant: Mutex::new(plant),
        }))
    }

    /// Returns the present time of the plant and of this computer.
    pub fn time(&self) -> WorldTime {
        let shared = &*self.0;
        let stamp = shared.clock.now();
        let passed = stamp.at.0 - shared.start.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "milliseconds of a session; a fraction of one is of no use"
        )]
        let passed = (passed as f64 * shared.rate) as i64;
        WorldTime {
            plant: UtcMs(shared.start.0.saturating_add(passed)),
            mono: stamp.mono,
        }
    }

    /// Returns the seconds of the plant in one second of the clock.
    pub fn rate(&self) -> f64 {
        self.0.rate
    }

    /// Returns the current snapshot of the plant.
    pub fn snapshot(&self) -> PlantSnapshot {
        self.snapshot_at(self.time().plant)
    }

    /// Returns the snapshot at a time, or the current one when that time has passed.
    pub fn snapshot_at(&self, at: UtcMs) -> PlantSnapshot {
        // A plant is consistent after each step, so a panic of another thread does not matter.
        let mut plant = self.0.plant.lock().unwrap_or_else(PoisonError::into_inner);
        *plant.advance(at)
    }

    /// Returns what happens at the site.
    pub fn incidents(&self) -> &IncidentList {
        &self.0.incidents
    }

    /// Returns the seed of all random values.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site_zone::SiteZone;
    use crate::simulator::clear_sky::GeoLocation;
    use std::time::Duration;

    #[test]
    fn a_fast_world_sees_a_day_in_minutes() {
        let midnight = UtcMs(1_782_838_800_000);
        let clock = Clock::set(midnight, true);
        let place = GeoLocation {
            latitude: -3.76,
            longitude: 103.78,
        };
        let plant = SimulatedPlant::new(place, SiteZone::default(), 1, midnight);
        let world = SimulatedWorld::new(plant, clock.clone(), 1, 144.0);
        assert!(
            world.snapshot().ac_power.abs() < f64::EPSILON,
            "midnight is dark"
        );
        clock.advance(Duration::from_mins(5));
        assert!(
            world.snapshot().ac_power > 50.0,
            "five minutes later it is noon"
        );
    }
}
