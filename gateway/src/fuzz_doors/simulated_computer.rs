//! [`SimulatedComputer`]: a computer whose clocks a test sets.

use crate::clock::{Clock, simulate_boot};
use crate::domain::{MonoMs, UtcMs};

/// Computer without a battery clock, and its clocks.
#[derive(Debug)]
pub struct SimulatedComputer(Clock);

impl SimulatedComputer {
    /// Starts it, with the id of this boot; once in a process. Nobody vouches for its time.
    pub fn start(boot: &str) -> Self {
        simulate_boot(boot);
        Self(Clock::simulated_without_host())
    }

    /// Lets its clocks show this: the wall clock, the time since the start, and whether the
    /// kernel's clock is synchronised.
    pub fn show(&self, wall: UtcMs, mono: MonoMs, synchronised: bool) {
        self.0.simulate(wall, mono, synchronised);
    }

    /// Clock by which the gateway goes.
    pub fn clock(&self) -> Clock {
        self.0.clone()
    }
}
