//! Showers: how many a day, when, how hard; the same day of the same seed always has the same ones.

/// Most showers of one day.
const SHOWERS_MAX: usize = 3;

/// The showers of one local day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Showers([Option<Shower>; SHOWERS_MAX]);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Shower {
    /// Local hour of its middle.
    middle: f64,
    /// Half its length, hours.
    half: f64,
    /// mm/h in its middle.
    peak: f64,
}

impl Showers {
    /// Draws the showers of a day. `season` is 0 in the driest week and 1 in the wettest.
    pub fn draw(random: &mut fastrand::Rng, season: f64) -> Self {
        let likely = 0.12 + 0.5 * season;
        Self([(); SHOWERS_MAX].map(|()| {
            (random.f64() < likely * 0.7).then(|| Shower {
                // The land heats up and it rains in the afternoon; some showers keep to no rule.
                middle: 11.0
                    + 8.0 * (random.f64() + random.f64()) / 2.0
                    + 6.0 * random.f64().powi(8),
                half: 0.25 + 1.2 * random.f64().powi(2),
                peak: 3.0 + 45.0 * random.f64().powi(2),
            })
        }))
    }

    /// mm/h at a local hour.
    pub fn intensity(&self, hour: f64) -> f64 {
        self.each(hour)
            .map(|(shower, near)| shower.peak * near)
            .sum()
    }

    /// Cloud cover that the showers bring along, 0..=1, from an hour before to an hour after.
    pub fn clouds(&self, hour: f64) -> f64 {
        let wide = |shower: &Shower| 1.0 - (hour - shower.middle).abs() / (shower.half + 1.0);
        self.0.iter().flatten().map(wide).fold(0.0, f64::max).sqrt()
    }

    fn each(&self, hour: f64) -> impl Iterator<Item = (&Shower, f64)> {
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
                .map(|_| Showers::draw(&mut random, season))
                .map(|day| {
                    (0..288)
                        .map(|s| day.intensity(f64::from(s) / 12.0) / 12.0)
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
