//! Water tank: inflow, outflow and overflow, balanced to the litre.

use std::f64::consts::PI;
use std::sync::Arc;

/// Inner height of the tank of a site that names none, m.
const TANK_HEIGHT_M: f64 = 2.6;
/// Its inner diameter, m.
const TANK_DIAMETER_M: f64 = 3.6;
/// Height of a distance sensor above the edge of the tank, m.
const SENSOR_ABOVE_TANK_M: f64 = 0.2;
/// Capacity that the demand of the village fits, m3.
const VILLAGE_TANK_M3: f64 = PI * TANK_DIAMETER_M * TANK_DIAMETER_M / 4.0 * TANK_HEIGHT_M;

/// Shape of the simulated tank, and the places of its sensors.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedTankShape {
    /// Levels above the bottom (m) with their volumes (m3), both ascending.
    rows: Arc<[(f64, f64)]>,
    /// Height of the zero of a level sensor above the bottom, m.
    pub sensor_zero_m: f64,
    /// Height of a distance sensor above the bottom, m.
    pub sensor_height_m: f64,
}

impl SimulatedTankShape {
    /// Creates the shape from levels above the bottom (m) and volumes (m3), the last those of the
    /// full tank; `None` when they do not grow, or hold nothing.
    pub fn new(rows: Vec<(f64, f64)>) -> Option<Self> {
        let grows = rows.is_sorted_by(|low, high| low.0 < high.0 && low.1 <= high.1);
        let (full_m, capacity) = *rows.last()?;
        let is_sound = grows && rows.len() > 1 && full_m.is_finite() && capacity.is_finite();
        (is_sound && capacity > 0.0).then(|| Self {
            rows: rows.into(),
            sensor_zero_m: 0.0,
            sensor_height_m: full_m + SENSOR_ABOVE_TANK_M,
        })
    }

    /// Volume of the full tank, m3.
    pub fn capacity_m3(&self) -> f64 {
        self.rows.last().map_or(0.0, |row| row.1)
    }

    /// Level above the bottom at a volume, m.
    fn level_m(&self, volume: f64) -> f64 {
        let after = self.rows.partition_point(|row| row.1 < volume);
        let at = |index: usize| self.rows.get(index).or(self.rows.last()).copied();
        let (h1, v1) = at(after).unwrap_or_default();
        let (h0, v0) = at(after.saturating_sub(1)).unwrap_or_default();
        // Volumes that do not grow between two levels, and the first row.
        if v1 <= v0 {
            return h1;
        }
        h0 + (h1 - h0) * (volume - v0) / (v1 - v0)
    }
}

impl Default for SimulatedTankShape {
    fn default() -> Self {
        Self {
            rows: Arc::new([(0.0, 0.0), (TANK_HEIGHT_M, VILLAGE_TANK_M3)]),
            sensor_zero_m: 0.0,
            sensor_height_m: TANK_HEIGHT_M + SENSOR_ABOVE_TANK_M,
        }
    }
}

/// Content and totals of the tank, m3.
#[derive(Clone, Debug, PartialEq)]
pub struct WaterTank {
    shape: SimulatedTankShape,
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
    /// A tank that is full to this share, with totals of 0.
    pub fn new(shape: SimulatedTankShape, fill: f64) -> Self {
        Self {
            volume: shape.capacity_m3() * fill,
            shape,
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
        let spilt = (there - given - self.shape.capacity_m3()).max(0.0);
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

    /// Shape of the tank.
    pub fn shape(&self) -> &SimulatedTankShape {
        &self.shape
    }

    /// Water level above the bottom, m.
    pub fn level_m(&self) -> f64 {
        self.shape.level_m(self.volume)
    }

    /// Reading of a level sensor, m: the level above its zero, and 0 when that is dry.
    pub fn level_reading_m(&self) -> f64 {
        (self.level_m() - self.shape.sensor_zero_m).max(0.0)
    }

    /// Distance from a sensor above the tank to the water, m.
    pub fn distance_m(&self) -> f64 {
        (self.shape.sensor_height_m - self.level_m()).max(0.0)
    }

    /// Fill level: 0 empty, 1 full.
    pub fn fill_ratio(&self) -> f64 {
        self.volume / self.shape.capacity_m3()
    }

    /// Demand of the people who live from this tank at a local hour of the day, m3/h: that of the
    /// village, or of its part that a smaller tank can serve.
    pub fn demand(&self, hour: f64) -> f64 {
        village_demand(hour) * (self.shape.capacity_m3() / VILLAGE_TANK_M3).min(1.0)
    }
}

/// Demand of the village at a local hour of the day, m3/h: a morning peak and an evening peak, and
/// nothing at night, so that a tank that loses water then leaks.
fn village_demand(hour: f64) -> f64 {
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
        let mut tank = WaterTank::new(SimulatedTankShape::default(), 0.5);
        let begun = tank.volume;
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let [a, b, c] = [(); 3].map(|()| random.f64() * 0.4);
            tank.step(a, b * 0.5, c * 1.5);
            tank.leak(b * 0.1);
            let inflow = begun + tank.pumped + tank.caught;
            let balance = inflow - tank.used - tank.spilt - tank.leaked;
            assert!((balance - tank.volume).abs() < 1e-6);
            assert!((0.0..=TANK_HEIGHT_M + 1e-9).contains(&tank.level_m()));
        }
    }

    #[test]
    fn the_village_uses_a_quarter_of_the_tank_a_day() {
        for capacity in [0.9, VILLAGE_TANK_M3] {
            let shape = SimulatedTankShape::new(vec![(0.0, 0.0), (1.0, capacity)]);
            let tank = WaterTank::new(shape.unwrap(), 1.0);
            let hours = (0..8640).map(|slot| f64::from(slot) / 360.0);
            let day: f64 = hours.map(|hour| tank.demand(hour) / 360.0).sum();
            assert!((0.2..0.3).contains(&(day / capacity)), "{day}");
        }
    }

    #[test]
    fn a_level_is_that_of_the_volume_in_a_tank_of_any_shape() {
        // A cone below a cylinder, of which a litre is a different height at each level.
        let rows = vec![(0.1, 0.0), (0.5, 0.05), (1.0, 0.4), (1.5, 1.0), (1.6, 1.0)];
        let shape = SimulatedTankShape::new(rows.clone()).unwrap();
        for (level, volume) in &rows[..4] {
            assert!((shape.level_m(*volume) - level).abs() < 1e-9, "{level} m");
        }
        assert!((shape.level_m(0.7) - 1.25).abs() < 1e-9);
        assert!((shape.level_m(9.0) - 1.6).abs() < 1e-9);
        let mut tank = WaterTank::new(shape, 0.4);
        tank.shape.sensor_zero_m = 0.3;
        assert!((tank.level_reading_m() - 0.7).abs() < 1e-9);
        assert!((tank.distance_m() - 0.8).abs() < 1e-9);
        for rows in [
            vec![],
            vec![(0.0, 0.0)],
            vec![(0.0, 0.0), (0.0, 1.0)],
            vec![(0.0, 0.0), (1.0, 0.0)],
            vec![(0.0, 1.0), (1.0, 0.5)],
        ] {
            assert_eq!(SimulatedTankShape::new(rows), None);
        }
    }
}
