//! Level from the pressure of a column of liquid ([`LiquidColumn`]), and from the distance to its
//! surface ([`level_from_distance`]).
//!
//! Source: hydrostatic pressure, p = density * g * h. Standard gravity: ISO 80000-3, 9.80665 m/s2;
//! at sea level on the equator it is 9.780 m/s2 (WGS 84), 0.3 % less. Density of water: 999.97
//! kg/m3 at 4 degC, 995.65 kg/m3 at 30 degC (Tanaka et al., Metrologia 38, 2001).

/// Standard gravity, m/s2.
pub const STANDARD_GRAVITY: f64 = 9.80665;
/// Density of water at 4 degC, kg/m3: makers of level probes calibrate with 1000.
pub const WATER_DENSITY: f64 = 1000.0;

/// Liquid whose pressure is measured at the bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiquidColumn {
    pa_per_m: f64,
}

impl LiquidColumn {
    /// Returns the column of a liquid with this density (kg/m3) at this gravity (m/s2); `None`
    /// unless both are above 0.
    pub fn new(density: f64, gravity: f64) -> Option<Self> {
        let pa_per_m = density * gravity;
        (density > 0.0 && gravity > 0.0 && pa_per_m.is_finite()).then_some(Self { pa_per_m })
    }

    /// Returns the column of water that probes are calibrated with.
    pub fn of_water() -> Self {
        Self {
            pa_per_m: WATER_DENSITY * STANDARD_GRAVITY,
        }
    }

    /// Returns the level above the probe, m. The pressure is the one above that of the air, Pa.
    pub fn level_m(&self, pressure_pa: f64) -> f64 {
        pressure_pa / self.pa_per_m
    }

    /// Returns the pressure, Pa, of a level, m.
    pub fn pressure_pa(&self, level_m: f64) -> f64 {
        level_m * self.pa_per_m
    }
}

/// Returns the level, m, under a sensor that looks down from a height above the floor. A level
/// below 0 says that the height is wrong, or that the echo came from elsewhere.
pub fn level_from_distance(sensor_height_m: f64, distance_m: f64) -> f64 {
    sensor_height_m - distance_m
}

/// Returns the distance, m, from a sensor at a height above the floor down to a level.
pub fn distance_to_level(sensor_height_m: f64, level_m: f64) -> f64 {
    sensor_height_m - level_m
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_metres_of_water_are_98_kpa() {
        let water = LiquidColumn::of_water();
        assert!((water.pressure_pa(10.0) - 98_066.5).abs() < 1e-6);
        assert!((water.level_m(98_066.5) - 10.0).abs() < 1e-12);
    }

    #[test]
    fn warm_water_on_the_equator_stands_higher_for_the_same_pressure() {
        let column = LiquidColumn::new(995.65, 9.780).unwrap();
        let level = column.level_m(LiquidColumn::of_water().pressure_pa(5.0));
        assert!((level - 5.036).abs() < 0.001);
    }

    #[test]
    fn a_liquid_without_weight_is_refused() {
        assert_eq!(LiquidColumn::new(0.0, 9.8), None);
        assert_eq!(LiquidColumn::new(1000.0, f64::NAN), None);
        assert_eq!(LiquidColumn::new(f64::INFINITY, 9.8), None);
    }

    #[test]
    fn a_sensor_above_the_tank_sees_the_rest() {
        assert!((level_from_distance(2.1, 0.6) - 1.5).abs() < 1e-12);
        assert!((distance_to_level(2.1, 1.5) - 0.6).abs() < 1e-12);
    }
}
