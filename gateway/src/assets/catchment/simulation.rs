//! Rain showers of a day: number, time and intensity; the same seed gives the same showers for a
//! day.

/// Greatest number of showers a day.
const SHOWERS_MAX: usize = 3;

/// Showers of one local day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DailyShowers([Option<RainShower>; SHOWERS_MAX]);

/// One shower, a triangle over time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct RainShower {
    /// Local hour of its middle.
    middle: f64,
    /// Half of its duration, hours.
    half: f64,
    /// Rain rate in its middle, mm/h.
    peak: f64,
}

impl DailyShowers {
    /// Draws the showers of a day; `season` is 0 in the driest week and 1 in the wettest.
    pub fn draw_day(random: &mut fastrand::Rng, season: f64) -> Self {
        let likely = 0.12 + 0.5 * season;
        Self([(); SHOWERS_MAX].map(|()| {
            (random.f64() < likely * 0.7).then(|| RainShower {
                // Heated land makes afternoon rain; the last term lets a few showers fall at any
                // later hour.
                middle: 11.0
                    + 8.0 * (random.f64() + random.f64()) / 2.0
                    + 6.0 * random.f64().powi(8),
                half: 0.25 + 1.2 * random.f64().powi(2),
                peak: 3.0 + 45.0 * random.f64().powi(2),
            })
        }))
    }

    /// Rain rate at a local hour, mm/h.
    pub fn rain_rate(&self, hour: f64) -> f64 {
        self.active_showers(hour)
            .map(|(shower, near)| shower.peak * near)
            .sum()
    }

    /// Cloud cover of the showers, 0..=1, from an hour before to an hour after each.
    pub fn cloud_cover(&self, hour: f64) -> f64 {
        let wide = |shower: &RainShower| 1.0 - (hour - shower.middle).abs() / (shower.half + 1.0);
        self.0.iter().flatten().map(wide).fold(0.0, f64::max).sqrt()
    }

    /// Returns the showers of a local hour, with their share of the peak (0..=1).
    fn active_showers(&self, hour: f64) -> impl Iterator<Item = (&RainShower, f64)> {
        self.0.iter().flatten().filter_map(move |shower| {
            let near = 1.0 - (hour - shower.middle).abs() / shower.half;
            (near > 0.0).then_some((shower, near))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wet_month_is_wet_and_a_dry_one_dry() {
        let month = |season| -> f64 {
            let mut random = fastrand::Rng::with_seed(1);
            (0..300)
                .map(|_| DailyShowers::draw_day(&mut random, season))
                .map(|day| {
                    (0..288)
                        .map(|s| day.rain_rate(f64::from(s) / 12.0) / 12.0)
                        .sum::<f64>()
                })
                .sum::<f64>()
                / 10.0
        };
        let (wet, dry) = (month(1.0), month(0.0));
        assert!((120.0..600.0).contains(&wet), "{wet} mm");
        assert!(dry < wet / 2.0, "{dry} mm");
    }
}
