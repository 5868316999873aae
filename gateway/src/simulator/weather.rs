//! Weather and random drift of grid values, in steps of 10 s.

use crate::assets::catchment::simulation::DailyShowers;
use fastrand::Rng;

/// Random drift around 0 with memory: an AR(1) process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RandomDrift(pub f64);

impl RandomDrift {
    /// Advances one step; `memory` is the correlation length in steps, `spread` the standard
    /// deviation in the long run.
    pub fn step(&mut self, random: &mut Rng, memory: f64, spread: f64) -> f64 {
        let keep = 1.0 - 1.0 / memory;
        // A uniform draw of unit variance, scaled so that the process keeps its spread.
        let draw = (random.f64() - 0.5) * 12f64.sqrt();
        self.0 = self.0 * keep + draw * spread * (1.0 - keep * keep).sqrt();
        self.0
    }
}

/// Current weather.
#[derive(Clone, Debug)]
pub struct WeatherState {
    day: DailyShowers,
    /// Mean cloud cover of the day, 0..=1.
    overcast: f64,
    slow: RandomDrift,
    quick: RandomDrift,
    warm: RandomDrift,
    /// Cloud cover, 0..=1.
    pub cover: f64,
    /// Air temperature, degC.
    pub air: f64,
    /// Relative humidity, %.
    pub humidity: f64,
    /// Rain rate, mm/h.
    pub rain: f64,
}

impl WeatherState {
    /// Weather of a mild morning.
    pub fn mild_morning() -> Self {
        Self {
            day: DailyShowers::default(),
            overcast: 0.3,
            slow: RandomDrift(0.0),
            quick: RandomDrift(0.0),
            warm: RandomDrift(0.0),
            cover: 0.3,
            air: 24.0,
            humidity: 92.0,
            rain: 0.0,
        }
    }

    /// Starts a local day; `season` is 0 (dry) to 1 (wet).
    pub fn begin_day(&mut self, random: &mut Rng, season: f64) {
        self.day = DailyShowers::draw_day(random, season);
        self.overcast = 0.1 + 0.25 * season + 0.35 * random.f64();
    }

    /// Advances one step of 10 s, to a local hour of the day.
    pub fn step(&mut self, random: &mut Rng, hour: f64) {
        // In the tropics mornings are clear, and clouds build up after noon.
        let build_up = 0.35 * (-((hour - 15.5) / 3.0).powi(2)).exp();
        let slow = self.slow.step(random, 240.0, 0.16);
        let quick = self.quick.step(random, 18.0, 0.12);
        let dry = (self.overcast + build_up + slow + quick).clamp(0.0, 1.0);
        self.cover = dry.max(self.day.cloud_cover(hour));
        self.rain = self.day.rain_rate(hour);
        let daily = 26.4 + 4.6 * ((hour - 14.2) / 24.0 * std::f64::consts::TAU).cos();
        let target = daily - 2.0 * (self.cover - 0.4) - 3.0 * (self.rain / 15.0).min(1.0);
        self.air += (target - self.air) / 180.0;
        let noise = self.warm.step(random, 90.0, 0.25);
        self.humidity = (94.0 - 4.6 * (self.air - 22.5) + 8.0 * (self.rain / 10.0).min(1.0)
            - noise)
            .clamp(40.0, 99.0);
    }
}
