//! The tank: what flows in, out and over, to the litre.

/// Inner height, m.
pub const HEIGHT_M: f64 = 2.4;
/// Inner diameter, m.
pub const DIAMETER_M: f64 = 2.3;

/// Contents and running totals, m3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tank {
    /// In the tank.
    pub volume: f64,
    /// Came from the pump.
    pub pumped: f64,
    /// Came from the roof.
    pub caught: f64,
    /// Went to the village.
    pub used: f64,
    /// Ran over.
    pub spilt: f64,
}

impl Tank {
    /// A tank with nothing counted yet.
    pub fn new(volume: f64) -> Self {
        Self {
            volume,
            pumped: 0.0,
            caught: 0.0,
            used: 0.0,
            spilt: 0.0,
        }
    }

    /// One step: litres wanted beyond what is there are not given, litres beyond the rim run over.
    /// What was given, m3.
    pub fn step(&mut self, pumped: f64, caught: f64, wanted: f64) -> f64 {
        let there = self.volume + pumped + caught;
        let given = wanted.min(there);
        let spilt = (there - given - capacity()).max(0.0);
        self.volume = (there - given - spilt).max(0.0);
        self.pumped += pumped;
        self.caught += caught;
        self.used += given;
        self.spilt += spilt;
        given
    }

    /// Height of the water, m.
    pub fn level(&self) -> f64 {
        self.volume / area()
    }

    /// 0 empty, 1 full.
    pub fn fill(&self) -> f64 {
        self.volume / capacity()
    }
}

/// m3 when full to the rim.
pub fn capacity() -> f64 {
    area() * HEIGHT_M
}

fn area() -> f64 {
    std::f64::consts::PI * DIAMETER_M * DIAMETER_M / 4.0
}

/// What the village takes at a local hour of the day, m3/h: a morning and an evening peak.
pub fn village_use(hour: f64) -> f64 {
    let peak = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
    0.12 + 1.7 * peak(6.2, 1.2) + 0.35 * peak(12.0, 1.5) + 1.9 * peak(17.3, 1.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_litre_is_lost_or_made() {
        let mut tank = Tank::new(3.0);
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let [a, b, c] = [(); 3].map(|()| random.f64() * 0.4);
            tank.step(a, b * 0.5, c * 1.5);
            let balance = 3.0 + tank.pumped + tank.caught - tank.used - tank.spilt;
            assert!((balance - tank.volume).abs() < 1e-6);
            assert!((0.0..=HEIGHT_M + 1e-9).contains(&tank.level()));
        }
    }

    #[test]
    fn the_village_uses_ten_to_twenty_cubic_metres_a_day() {
        let day: f64 = (0..8640)
            .map(|slot| village_use(f64::from(slot) / 360.0) / 360.0)
            .sum();
        assert!((8.0..20.0).contains(&day), "{day}");
    }
}
