//! Water tank: inflow, outflow and overflow, balanced to the litre.

/// Inner height, m.
pub const TANK_HEIGHT_M: f64 = 2.6;
/// Inner diameter, m.
pub const TANK_DIAMETER_M: f64 = 3.6;

/// Content and totals of the tank, m3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaterTank {
    /// Water in the tank, m3.
    pub volume: f64,
    /// Inflow from the pump, total, m3.
    pub pumped: f64,
    /// Inflow from the roof, total, m3.
    pub caught: f64,
    /// Outflow to the village, total, m3.
    pub used: f64,
    /// Overflow, total, m3.
    pub spilt: f64,
    /// Water that leaked, total, m3.
    pub leaked: f64,
}

impl WaterTank {
    /// A tank with this volume (m3) and totals of 0.
    pub fn new(volume: f64) -> Self {
        Self {
            volume,
            pumped: 0.0,
            caught: 0.0,
            used: 0.0,
            spilt: 0.0,
            leaked: 0.0,
        }
    }

    /// One step, all volumes in m3: delivers at most what is there, spills what exceeds the
    /// capacity. Returns the volume delivered.
    pub fn step(&mut self, pumped: f64, caught: f64, wanted: f64) -> f64 {
        // Delivery comes first, overflow after it: rain on a full tank in the morning peak is used
        // before it spills.
        let there = self.volume + pumped + caught;
        let given = wanted.min(there);
        let spilt = (there - given - capacity_m3()).max(0.0);
        self.volume = (there - given - spilt).max(0.0);
        self.pumped += pumped;
        self.caught += caught;
        self.used += given;
        self.spilt += spilt;
        given
    }

    /// Takes leaking water out, m3: at most what is there.
    pub fn leak(&mut self, wanted: f64) {
        let lost = wanted.min(self.volume);
        self.volume -= lost;
        self.leaked += lost;
    }

    /// Water level, m.
    pub fn level_m(&self) -> f64 {
        self.volume / floor_area_m2()
    }

    /// Fill level: 0 empty, 1 full.
    pub fn fill_ratio(&self) -> f64 {
        self.volume / capacity_m3()
    }
}

/// Capacity, m3.
pub fn capacity_m3() -> f64 {
    floor_area_m2() * TANK_HEIGHT_M
}

/// Floor area, m2.
fn floor_area_m2() -> f64 {
    std::f64::consts::PI * TANK_DIAMETER_M * TANK_DIAMETER_M / 4.0
}

/// Demand of the village at a local hour of the day, m3/h: a morning peak and an evening peak, and
/// nothing at night, so that a tank that loses water then leaks.
pub fn village_demand(hour: f64) -> f64 {
    if !(4.5..22.5).contains(&hour) {
        return 0.0;
    }
    let peak = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
    0.08 + 0.95 * peak(6.2, 1.2) + 0.2 * peak(12.0, 1.5) + 1.05 * peak(17.3, 1.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_litre_is_lost_or_made() {
        let mut tank = WaterTank::new(3.0);
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let [a, b, c] = [(); 3].map(|()| random.f64() * 0.4);
            tank.step(a, b * 0.5, c * 1.5);
            tank.leak(b * 0.1);
            let inflow = 3.0 + tank.pumped + tank.caught;
            let balance = inflow - tank.used - tank.spilt - tank.leaked;
            assert!((balance - tank.volume).abs() < 1e-6);
            assert!((0.0..=TANK_HEIGHT_M + 1e-9).contains(&tank.level_m()));
        }
    }

    #[test]
    fn the_village_uses_a_quarter_of_the_tank_a_day() {
        let day: f64 = (0..8640)
            .map(|slot| village_demand(f64::from(slot) / 360.0) / 360.0)
            .sum();
        assert!((0.2..0.3).contains(&(day / capacity_m3())), "{day}");
    }
}
