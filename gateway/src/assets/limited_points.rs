//! [`apply_rated_limits`]: value limits of points from the ratings of their assets.
//!
//! ```text
//! capacity_kwp = 5    # power of the plant: -15 to 15 kW
//! ```
//!
//! They are narrower than the limits of the quantity, and wide enough for every true value. The
//! table is in `docs/configuration.md` ("Limits of values").

use super::Asset;
use crate::config::{Device, Point};
use std::sync::Arc;

/// Narrows the limits of every point for which an asset has ratings.
pub(crate) fn apply_rated_limits(assets: &[Asset], devices: &mut [Device]) {
    let limits = assets
        .iter()
        .flat_map(|one| one.kind.settings().rated_limits());
    for (used, (low, high)) in limits {
        let Some(point) = find_point(devices, &used.id) else {
            continue;
        };
        let own = |value: f64| (value - used.offset) / used.scale;
        let low = point.min.map_or(own(low), |min| min.max(own(low)));
        let high = point.max.map_or(own(high), |max| max.min(own(high)));
        // Otherwise no value would be left: a rating or its unit is wrong, keep the point's limits.
        if low < high {
            (point.min, point.max) = (Some(low), Some(high));
        }
    }
}

fn find_point<'a>(devices: &'a mut [Device], id: &str) -> Option<&'a mut Point> {
    let (device, name) = id.split_once('.')?;
    let device = devices.iter_mut().find(|known| *known.id == *device)?;
    let points = Arc::make_mut(&mut device.points);
    points.iter_mut().find(|point| *point.name == *name)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::tests::{SiteText, load_site};

    fn load_assets(points: &str, assets: &str) -> Config {
        let text = SiteText::new("a").tcp_bus("b", 502).device("d", "b", "");
        load_site(&text.points([points]).with(assets).text())
    }

    fn point_range(config: &Config, name: &str) -> (Option<f64>, Option<f64>) {
        let points = &config.devices[0].points;
        let point = points.iter().find(|point| *point.name == *name).unwrap();
        (point.min, point.max)
    }

    const POINTS: &str = "
        { id = 'kw', register = 'holding:0', type = 'i32', unit = 'kW' },
        { id = 'kwh', register = 'holding:2', type = 'u32', unit = 'kWh', counter = true },
        { id = 'cm', register = 'holding:4', type = 'u16', unit = 'cm' },
        { id = 'flow', register = 'holding:5', type = 'u16', unit = 'L/min' },
        { id = 'kpa', register = 'holding:6', type = 'i16', unit = 'kPa' },
        { id = 'f', register = 'holding:7', type = 'u16', unit = 'm', max = 3 }";

    #[test]
    fn a_plants_power_ends_at_its_rating_with_a_margin_in_the_points_own_unit() {
        let plant = |rest: &str| {
            let keys = "kind = 'plts'\nid = 'p'\npower = 'd.kw'\nenergy = 'd.kwh'\n";
            load_assets(
                POINTS,
                &format!("[[asset]]\n{keys}capacity_kwp = 5\n{rest}"),
            )
        };
        let power = |rest: &str| point_range(&plant(rest), "kw").1;
        assert_eq!(power(""), Some(15.0));
        assert_eq!(power("ac_rating_kw = 8"), Some(16.0));
        assert_eq!(power("system = 'off-grid'"), Some(50.0));
        assert_eq!(point_range(&plant(""), "kw").0, Some(-15.0));
        assert_eq!(
            point_range(&plant(""), "kwh"),
            (Some(0.0), Some(13_149_000.0))
        );
        // The physical limit of 10 MW is the narrower one.
        let large = "capacity_kwp = 8000\nac_rating_kw = 8000";
        let keys = "kind = 'plts'\nid = 'p'\npower = 'd.kw'\n";
        let large = load_assets(POINTS, &format!("[[asset]]\n{keys}{large}"));
        assert_eq!(point_range(&large, "kw").1, Some(10_000.0));
    }

    #[test]
    fn a_tanks_level_ends_a_height_and_a_metre_beyond_it() {
        let tank = |level: &str| {
            let shape = "{ kind = 'vertical-cylinder', diameter_m = 1, height_m = 2 }";
            let tank = format!("[[asset]]\nkind = 'tank'\nid = 't'\nshape = {shape}\n{level}");
            load_assets(POINTS, &tank)
        };
        let level = point_range(&tank("level = 'd.cm'"), "cm");
        assert_eq!(level, (Some(-300.0), Some(500.0)));
        let offset = "level = 'd.cm'\nsensor = { offset_m = 0.5 }";
        assert_eq!(
            point_range(&tank(offset), "cm"),
            (Some(-350.0), Some(450.0))
        );
        let distance = "distance = 'd.cm'\nsensor = { height_m = 2.5 }";
        assert_eq!(
            point_range(&tank(distance), "cm"),
            (Some(-100.0), Some(600.0))
        );
        let (low, high) = point_range(&tank("pressure = 'd.kpa'"), "kpa");
        assert!(low < Some(-29.0) && high > Some(48.0) && high < Some(50.0));
        // The point's own limit is kept where it is narrower.
        assert_eq!(
            point_range(&tank("level = 'd.f'"), "f"),
            (Some(-3.0), Some(3.0))
        );
    }

    #[test]
    fn a_pump_may_start_and_run_without_head() {
        let keys = "rated_power_kw = 1.5\nrated_flow_m3_h = 6\n";
        let pump =
            format!("[[asset]]\nkind = 'pump'\nid = 'p'\npower = 'd.kw'\nflow = 'd.flow'\n{keys}");
        let config = load_assets(POINTS, &pump);
        assert_eq!(point_range(&config, "kw"), (Some(-7.5), Some(7.5)));
        let (_, flow) = point_range(&config, "flow");
        assert!((flow.unwrap() - 300.0).abs() < 1e-9, "{flow:?}");
    }

    #[test]
    fn a_rating_that_leaves_nothing_leaves_the_point_as_it_is() {
        let points = "{ id = 'w', register = 'holding:0', type = 'u32', unit = 'W', min = 90000 }";
        let plant = "[[asset]]\nkind = 'plts'\nid = 'p'\npower = 'd.w'\ncapacity_kwp = 1\n";
        let (min, max) = point_range(&load_assets(points, plant), "w");
        assert_eq!((min, max), (Some(90_000.0), Some(1e7)));
    }
}
