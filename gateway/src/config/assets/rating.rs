//! What an asset's ratings say about its points: limits that are narrower than those of the
//! quantity, wide enough for every true value.

use super::{Asset, AssetKind, Genset, Level, Plts, PointUse, Pump, System, Tank};
use crate::config::{Device, Point};

/// An inverter gives more than its rating for some seconds, or is a little larger than was typed.
const AC_MARGIN: f64 = 2.0;
/// One that also discharges a battery may be larger than the modules.
const PEAK_MARGIN: f64 = 3.0;
/// Without a grid the loads decide how large it is.
const OFF_GRID_MARGIN: f64 = 10.0;
/// A motor takes a multiple of its rating when it starts.
const START_MARGIN: f64 = 5.0;
/// A pump without head gives more than its rating.
const FLOW_MARGIN: f64 = 3.0;
/// A set carries more than its rating for some minutes.
const GENSET_MARGIN: f64 = 2.0;
/// Beyond a tank's bottom and top: its height once more, and so many metres. A level that is not
/// calibrated yet may be far off.
const LEVEL_MARGIN_M: f64 = 1.0;
/// No counter of a machine has counted its full power for longer than a century, h.
const LIFETIME_H: f64 = 876_600.0;
/// Standard gravity, m/s2.
const GRAVITY: f64 = 9.806_65;
/// More than any air pressure, Pa: on an absolute sensor it lies on top of the water's.
const AIR_PA: f64 = 120_000.0;
/// Air, modules and water under the sun, degC.
const OUTDOOR_C: (f64, f64) = (-60.0, 150.0);

/// Limits of one point, in the unit of its use.
type Rated<'a> = (&'a PointUse, (f64, f64));

/// Narrows the limits of every point that an asset's ratings speak of. A point that would be left
/// without any value keeps its own.
pub(crate) fn narrow(assets: &[Asset], devices: &mut [Device]) {
    for (used, (low, high)) in assets.iter().flat_map(rated) {
        let Some(point) = point_of(devices, &used.id) else {
            continue;
        };
        let own = |value: f64| (value - used.offset) / used.scale;
        let low = point.min.map_or(own(low), |min| min.max(own(low)));
        let high = point.max.map_or(own(high), |max| max.min(own(high)));
        if low < high {
            (point.min, point.max) = (Some(low), Some(high));
        }
    }
}

fn point_of<'a>(devices: &'a mut [Device], id: &str) -> Option<&'a mut Point> {
    let (device, name) = id.split_once('.')?;
    let device = devices.iter_mut().find(|known| *known.id == *device)?;
    device.points.iter_mut().find(|point| *point.name == *name)
}

fn rated(asset: &Asset) -> Vec<Rated<'_>> {
    match &asset.kind {
        AssetKind::Plts(plant) => of_plant(plant),
        AssetKind::Pump(pump) => of_pump(pump),
        AssetKind::Tank(tank) => of_tank(tank),
        AssetKind::Genset(set) => of_genset(set),
        AssetKind::Catchment(_)
        | AssetKind::Bsf(_)
        | AssetKind::Compost(_)
        | AssetKind::Meter(_) => Vec::new(),
    }
}

/// Either way by so much.
fn both(used: Option<&PointUse>, most: f64) -> Option<Rated<'_>> {
    used.map(|used| (used, (-most, most)))
}

/// From nothing to what full power makes in a lifetime.
fn counted(used: Option<&PointUse>, most_an_hour: f64) -> Option<Rated<'_>> {
    used.map(|used| (used, (0.0, most_an_hour * LIFETIME_H)))
}

fn of_plant(plant: &Plts) -> Vec<Rated<'_>> {
    let margin = match plant.system {
        System::GridTied | System::PumpOnly => PEAK_MARGIN,
        System::OffGrid => OFF_GRID_MARGIN,
    };
    let modules_kw = plant.capacity_kwp * margin;
    let kw = plant.ac_rating_kw.map_or(modules_kw, |kw| kw * AC_MARGIN);
    let outdoors = [&plant.module_temperature, &plant.air_temperature];
    let outdoors = outdoors.into_iter().flatten().map(|used| (used, OUTDOOR_C));
    let points = [
        both(plant.power.as_ref(), kw * 1000.0),
        counted(plant.energy.as_ref(), kw),
        counted(plant.dc_energy.as_ref(), modules_kw),
    ];
    points.into_iter().flatten().chain(outdoors).collect()
}

fn of_pump(pump: &Pump) -> Vec<Rated<'_>> {
    let power = pump.rated_power_w.map(|watts| watts * START_MARGIN);
    let flow = pump.rated_flow_m3_h.map(|flow| flow * FLOW_MARGIN);
    let points = [
        power.and_then(|watts| both(pump.power.as_ref(), watts)),
        power.and_then(|watts| counted(pump.energy.as_ref(), watts / 1000.0)),
        flow.and_then(|flow| both(pump.flow.as_ref(), flow)),
        flow.and_then(|flow| counted(pump.volume.as_ref(), flow)),
    ];
    points.into_iter().flatten().collect()
}

fn of_genset(set: &Genset) -> Vec<Rated<'_>> {
    let kw = set.rating_kw * GENSET_MARGIN;
    let points = [
        both(set.power.as_ref(), kw * 1000.0),
        counted(set.energy.as_ref(), kw),
    ];
    points.into_iter().flatten().collect()
}

fn of_tank(tank: &Tank) -> Vec<Rated<'_>> {
    let mut all: Vec<Rated<'_>> = Vec::new();
    all.extend(tank.temperature.iter().map(|used| (used, OUTDOOR_C)));
    let (Some(level), Some(shape)) = (&tank.level, &tank.shape) else {
        return all;
    };
    let (bottom, top) = shape.levels();
    let margin = (top - bottom) + LEVEL_MARGIN_M;
    let (low, high) = (
        bottom - tank.offset_m - margin,
        top - tank.offset_m + margin,
    );
    match level {
        Level::Level(used) => all.push((used, (low, high))),
        Level::Pressure { point, barometer } => {
            let air = barometer.as_ref().map_or(0.0, |_| AIR_PA);
            let pascals = tank.density_kg_m3 * GRAVITY;
            all.push((point, (low * pascals, high * pascals + air)));
        }
        Level::Distance {
            point,
            height_m,
            air,
            ..
        } => {
            let range = (-LEVEL_MARGIN_M, 2.0 * height_m + LEVEL_MARGIN_M);
            all.push((point, range));
            all.extend(air.iter().map(|used| (used, OUTDOOR_C)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, load_text};
    use std::path::Path;

    const HEAD: &str = "[site]\nid = 'a'\n[[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = 'h'\n";

    fn config(points: &str, assets: &str) -> Config {
        let text = format!("{HEAD}[[device]]\nid = 'd'\nbus = 'b'\npoint = [{points}]\n{assets}");
        load_text(&text, Path::new("pantau.toml"), &|_| None).unwrap()
    }

    fn range(config: &Config, name: &str) -> (Option<f64>, Option<f64>) {
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
            config(
                POINTS,
                &format!("[[asset]]\n{keys}capacity_kwp = 5\n{rest}"),
            )
        };
        let power = |rest: &str| range(&plant(rest), "kw").1;
        assert_eq!(power(""), Some(15.0));
        assert_eq!(power("ac_rating_kw = 8"), Some(16.0));
        assert_eq!(power("system = 'off-grid'"), Some(50.0));
        assert_eq!(range(&plant(""), "kw").0, Some(-15.0));
        assert_eq!(range(&plant(""), "kwh"), (Some(0.0), Some(13_149_000.0)));
        // 10 MW is what is physical.
        assert_eq!(power("ac_rating_kw = 8000"), Some(10_000.0));
    }

    #[test]
    fn a_tanks_level_ends_a_height_and_a_metre_beyond_it() {
        let tank = |level: &str| {
            let shape = "{ kind = 'vertical-cylinder', diameter_m = 1, height_m = 2 }";
            let tank = format!("[[asset]]\nkind = 'tank'\nid = 't'\nshape = {shape}\n{level}");
            config(POINTS, &tank)
        };
        let level = range(&tank("level = 'd.cm'"), "cm");
        assert_eq!(level, (Some(-300.0), Some(500.0)));
        let offset = "level = 'd.cm'\nsensor = { offset_m = 0.5 }";
        assert_eq!(range(&tank(offset), "cm"), (Some(-350.0), Some(450.0)));
        let distance = "distance = 'd.cm'\nsensor = { height_m = 2.5 }";
        assert_eq!(range(&tank(distance), "cm"), (Some(-100.0), Some(600.0)));
        let (low, high) = range(&tank("pressure = 'd.kpa'"), "kpa");
        assert!(low < Some(-29.0) && high > Some(48.0) && high < Some(50.0));
        // The point's own limit stays where it is the narrower one.
        assert_eq!(range(&tank("level = 'd.f'"), "f"), (Some(-3.0), Some(3.0)));
    }

    #[test]
    fn a_pump_may_start_and_run_without_head() {
        let keys = "rated_power_kw = 1.5\nrated_flow_m3_h = 6\n";
        let pump =
            format!("[[asset]]\nkind = 'pump'\nid = 'p'\npower = 'd.kw'\nflow = 'd.flow'\n{keys}");
        let config = config(POINTS, &pump);
        assert_eq!(range(&config, "kw"), (Some(-7.5), Some(7.5)));
        let (_, flow) = range(&config, "flow");
        assert!((flow.unwrap() - 300.0).abs() < 1e-9, "{flow:?}");
    }

    #[test]
    fn a_rating_that_leaves_nothing_leaves_the_point_as_it_is() {
        let points = "{ id = 'w', register = 'holding:0', type = 'u32', unit = 'W', min = 90000 }";
        let plant = "[[asset]]\nkind = 'plts'\nid = 'p'\npower = 'd.w'\ncapacity_kwp = 1\n";
        let (min, max) = range(&config(points, plant), "w");
        assert_eq!((min, max), (Some(90_000.0), Some(1e7)));
    }
}
