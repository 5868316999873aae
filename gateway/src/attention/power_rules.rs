//! Rules about solar plants.

use super::attention_rule::{FindingArg, RuleFinding};
use super::site_condition::SiteCondition;
use crate::assets::AssetKind;
use crate::solar_position::{GeoLocation, solar_elevation_sine};
use std::sync::Arc;

/// Irradiance from which a plant must give power, W/m2.
const BRIGHT_W_M2: f64 = 300.0;
/// Sine of the sun's elevation that stands for it without a sensor: 30 degrees. Even under thick
/// clouds more than a tenth of the rated power is left.
const BRIGHT_ELEVATION_SINE: f64 = 0.5;
/// Share of the rated power below which a plant does nothing.
const IDLE_SHARE: f64 = 0.05;

/// Plants that are read and give no power while the sun shines.
pub(super) fn plts_idle(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let place = GeoLocation {
        latitude: site.site.latitude,
        longitude: site.site.longitude,
    };
    let is_high = solar_elevation_sine(site.now, place) >= BRIGHT_ELEVATION_SINE;
    let plants = site.assets_with(|kind| match kind {
        AssetKind::Plts(plant) => Some(&**plant),
        _ => None,
    });
    let idle = plants.filter(|(_, plant)| {
        let sun = site.present_value(plant.irradiance.as_ref());
        // Without a sensor, or with an old reading of it, the height of the sun decides.
        let is_bright = sun.map_or(is_high, |sun| sun >= BRIGHT_W_M2);
        let power = site.present_value(plant.power.as_ref());
        let kwp = plant.capacity_on(site.site.timezone.date(site.now));
        let least = kwp * 1000.0 * IDLE_SHARE;
        // Unknown power is no verdict: a device that does not answer has its own rule.
        is_bright && power.is_some_and(|power| power < least)
    });
    let finding = |asset: &crate::assets::Asset| {
        RuleFinding::about(&asset.id).with("name", FindingArg::Name(Arc::clone(&asset.name)))
    };
    idle.map(|(asset, _)| finding(asset)).collect()
}
