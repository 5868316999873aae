//! Air, clouds and the noise of a grid, step by step.

use super::rain::Showers;
use fastrand::Rng;

/// A quantity that wanders around 0 with a memory: an AR(1) process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wander(pub f64);

impl Wander {
    /// One step: `memory` steps of correlation, `spread` as the standard deviation in the long run.
    pub fn step(&mut self, random: &mut Rng, memory: f64, spread: f64) -> f64 {
        let keep = 1.0 - 1.0 / memory;
        // A uniform draw of unit variance, scaled so that the process keeps its spread.
        let draw = (random.f64() - 0.5) * 12f64.sqrt();
        self.0 = self.0 * keep + draw * spread * (1.0 - keep * keep).sqrt();
        self.0
    }
}

/// Weather of the moment.
#[derive(Clone, Debug)]
pub struct Weather {
    day: Showers,
    /// This day's mean cloud cover.
    overcast: f64,
    slow: Wander,
    quick: Wander,
    warm: Wander,
    /// Cloud cover, 0..=1.
    pub cover: f64,
    /// Air, degC.
    pub air: f64,
    /// Relative humidity, %.
    pub humidity: f64,
    /// mm/h.
    pub rain: f64,
}

impl Weather {
    /// A mild morning.
    pub fn mild() -> Self {
        Self {
            day: Showers::default(),
            overcast: 0.3,
            slow: Wander(0.0),
            quick: Wander(0.0),
            warm: Wander(0.0),
            cover: 0.3,
            air: 24.0,
            humidity: 92.0,
            rain: 0.0,
        }
    }

    /// A new local day begins; `season` is 0 dry .. 1 wet.
    pub fn begin_day(&mut self, random: &mut Rng, season: f64) {
        self.day = Showers::draw(random, season);
        self.overcast = 0.1 + 0.25 * season + 0.35 * random.f64();
    }

    /// One step of 10 s.
    pub fn step(&mut self, random: &mut Rng, hour: f64) {
        // In the tropics mornings are clear and clouds pile up after noon.
        let build_up = 0.35 * (-((hour - 15.5) / 3.0).powi(2)).exp();
        let slow = self.slow.step(random, 240.0, 0.16);
        let quick = self.quick.step(random, 18.0, 0.12);
        let dry = (self.overcast + build_up + slow + quick).clamp(0.0, 1.0);
        self.cover = dry.max(self.day.clouds(hour));
        self.rain = self.day.intensity(hour);
        let daily = 26.4 + 4.6 * ((hour - 14.2) / 24.0 * std::f64::consts::TAU).cos();
        let target = daily - 2.0 * (self.cover - 0.4) - 3.0 * (self.rain / 15.0).min(1.0);
        self.air += (target - self.air) / 180.0;
        let noise = self.warm.step(random, 90.0, 0.25);
        self.humidity = (94.0 - 4.6 * (self.air - 22.5) + 8.0 * (self.rain / 10.0).min(1.0)
            - noise)
            .clamp(40.0, 99.0);
    }
}
