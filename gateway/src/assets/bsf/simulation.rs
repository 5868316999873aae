//! Bin of black soldier fly larvae: feeding heats it, it cools towards the air temperature.

/// Local hour of the daily feeding.
const FEEDING_HOUR: f64 = 8.0;
/// Lowest core temperature, degC.
pub const CORE_TEMP_MIN: f64 = 27.0;
/// Highest core temperature, degC.
// Above this larvae leave the bin.
pub const CORE_TEMP_MAX: f64 = 45.0;

/// One bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LarvaeBin {
    /// Core temperature, degC.
    pub core: f64,
    /// Food not yet eaten; 1 is one day's ration.
    food: f64,
    fed_today: bool,
}

impl LarvaeBin {
    /// A bin in regular use, at an air temperature in degC.
    pub fn new(air: f64) -> Self {
        Self {
            core: 0.5 * air + 17.0,
            food: 0.5,
            fed_today: true,
        }
    }

    /// Advances by `hours` to a local hour of the day; `air` in degC, `ration` is today's feeding.
    pub fn step(&mut self, hours: f64, hour: f64, air: f64, ration: f64) {
        if hour < FEEDING_HOUR {
            self.fed_today = false;
        } else if !self.fed_today {
            self.fed_today = true;
            self.food += ration;
        }
        // Larvae eat two thirds of the food in 14 hours; the heat leaves with a time constant of 3
        // hours. The bin stands in the shade, so that it follows the air by half.
        self.food -= self.food * hours / 14.0;
        let target = 0.5 * air + 15.5 + 3.5 * self.food;
        self.core += (target - self.core) * hours / 3.0;
        self.core = self.core.clamp(CORE_TEMP_MIN, CORE_TEMP_MAX);
    }

    /// Temperature near the rim, degC: a mix of air and core.
    pub fn rim_temp(&self, air: f64) -> f64 {
        (0.55 * self.core + 0.45 * air).clamp(CORE_TEMP_MIN - 2.0, CORE_TEMP_MAX)
    }

    /// Water content, %; falls as the food is eaten.
    pub fn moisture(&self) -> f64 {
        (58.0 + 16.0 * self.food).clamp(50.0, 85.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_in_the_shade_stays_below_what_larvae_cannot_bear() {
        let mut bin = LarvaeBin::new(24.0);
        for slot in 0..20 * 8640 {
            let hour = f64::from(slot % 8640) / 360.0;
            let air = 26.5 + 5.0 * ((hour - 14.0) / 24.0 * std::f64::consts::TAU).cos();
            bin.step(1.0 / 360.0, hour, air, 1.3);
            assert!(bin.core < 36.0, "{} degC at {hour} h", bin.core);
        }
    }

    #[test]
    fn a_feeding_warms_the_bin_within_the_afternoon() {
        let mut bin = LarvaeBin::new(26.0);
        let mut noon = [0.0; 2];
        for slot in 0..8640 {
            let hour = f64::from(slot) / 360.0;
            bin.step(1.0 / 360.0, hour, 27.0, 1.0);
            assert!((CORE_TEMP_MIN..=CORE_TEMP_MAX).contains(&bin.core));
            if slot == 2870 {
                noon[0] = bin.core;
            }
            if slot == 5040 {
                noon[1] = bin.core;
            }
        }
        assert!(noon[1] > noon[0] + 1.5, "{noon:?}");
    }
}
