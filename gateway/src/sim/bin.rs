//! A bin of black soldier fly larvae: feeding warms it, it cools towards the air.

/// Local hour of the daily feeding.
const FEEDING_HOUR: f64 = 8.0;
/// Coldest the larvae let it become, degC.
pub const COLDEST: f64 = 27.0;
/// Hottest before they crawl out, degC.
pub const HOTTEST: f64 = 45.0;

/// One bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Middle of the heap, degC.
    pub core: f64,
    /// Food not yet eaten, 1 = a day's ration.
    food: f64,
    fed_today: bool,
}

impl Bin {
    /// A bin in the middle of its life.
    pub fn new(air: f64) -> Self {
        Self {
            core: air + 6.0,
            food: 0.5,
            fed_today: true,
        }
    }

    /// One step of `hours`, towards a local hour of day; `ration` is today's feeding.
    pub fn step(&mut self, hours: f64, hour: f64, air: f64, ration: f64) {
        if hour < FEEDING_HOUR {
            self.fed_today = false;
        } else if !self.fed_today {
            self.fed_today = true;
            self.food += ration;
        }
        // Larvae eat two thirds of what is there in 14 hours; that heat leaves with a constant of 3
        // hours.
        self.food -= self.food * hours / 14.0;
        let target = air + 3.0 + 11.0 * self.food;
        self.core += (target - self.core) * hours / 3.0;
        self.core = self.core.clamp(COLDEST, HOTTEST);
    }

    /// Nearer to the rim, degC: part air, part heap.
    pub fn rim(&self, air: f64) -> f64 {
        (0.55 * self.core + 0.45 * air).clamp(COLDEST - 2.0, HOTTEST)
    }

    /// Water of the heap, %: falls as the food is eaten.
    pub fn moisture(&self) -> f64 {
        (58.0 + 16.0 * self.food).clamp(50.0, 85.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feeding_warms_the_bin_within_the_afternoon() {
        let mut bin = Bin::new(26.0);
        let mut noon = [0.0; 2];
        for slot in 0..8640 {
            let hour = f64::from(slot) / 360.0;
            bin.step(1.0 / 360.0, hour, 27.0, 1.0);
            assert!((COLDEST..=HOTTEST).contains(&bin.core));
            if slot == 2870 {
                noon[0] = bin.core;
            }
            if slot == 5040 {
                noon[1] = bin.core;
            }
        }
        assert!(noon[1] > noon[0] + 4.0, "{noon:?}");
    }
}
