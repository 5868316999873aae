//! Object of a calibration: a point, a tank or a device of the site.

use super::CalibrationCheckError;
use crate::assets::{AssetKind, LevelMeasurement, TankAsset};
use crate::config::Asset;
use crate::domain::calibration::CalibrationKind;
use crate::domain::{PointInfo, Site};
use drivers::units;
use std::sync::Arc;

/// Object of a calibration.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationSubject {
    /// Point ids or tank id, as in
    /// [`Calibration::targets`](crate::domain::calibration::Calibration::targets).
    pub targets: Vec<Arc<str>>,
    /// Unit of the pairs when they are in the point's own unit; empty otherwise.
    pub unit: Arc<str>,
    /// Factor from that unit to m or m3.
    pub factor: f64,
    /// Height of the tank, m, when known.
    pub height_m: Option<f64>,
    /// Volume of the tank by its shape, L, when known.
    pub capacity_l: Option<f64>,
}

/// Whether a point counts a volume, which a bucket can check.
pub fn is_water_counter(point: &PointInfo) -> bool {
    point.counter && unit_quantity(&point.unit) == "volume"
}

/// Finds the object of a calibration; the error lists the possible ones.
pub fn find_subject(
    kind: CalibrationKind,
    target: &str,
    site: &Site,
    assets: &[Asset],
) -> Result<CalibrationSubject, CalibrationCheckError> {
    match kind {
        CalibrationKind::Level => level_subject(target, site, assets),
        CalibrationKind::Strapping => {
            let tank = find_tank(target, assets);
            let tank = tank.ok_or_else(|| {
                CalibrationCheckError::new(
                    "target",
                    "calibrate-no-tank",
                    &target,
                    &tank_names(assets),
                )
            })?;
            Ok(CalibrationSubject {
                targets: vec![target.into()],
                unit: "".into(),
                factor: 1.0,
                height_m: tank.shape.as_ref().map(|shape| shape.level_range().1),
                capacity_l: tank.shape.as_ref().map(|shape| shape.outer_m3() * 1000.0),
            })
        }
        CalibrationKind::Pulses => {
            let point = site.point(target);
            let fits = |point: &&PointInfo| is_water_counter(point);
            let point = point.filter(fits).ok_or_else(|| {
                let counters = all_points(site).filter(fits).map(|point| &*point.id);
                CalibrationCheckError::new(
                    "target",
                    "calibrate-no-counter",
                    &target,
                    &join_names(counters),
                )
            })?;
            Ok(point_subject(point, None))
        }
        CalibrationKind::Ct => transformer_subject(target, site),
        CalibrationKind::Swap => {
            let is_counter = |point: &&PointInfo| point.counter;
            let point = site.point(target).filter(is_counter).ok_or_else(|| {
                let counters = all_points(site).filter(is_counter).map(|point| &*point.id);
                let key = "calibrate-no-register";
                CalibrationCheckError::new("target", key, &target, &join_names(counters))
            })?;
            Ok(point_subject(point, None))
        }
    }
}

fn find_tank<'a>(id: &str, assets: &'a [Asset]) -> Option<&'a TankAsset> {
    assets.iter().find_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) if *asset.id == *id => Some(&**tank),
        _ => None,
    })
}

fn tank_names(assets: &[Asset]) -> String {
    let is_tank = |asset: &&Asset| matches!(asset.kind, AssetKind::Tank(_));
    join_names(assets.iter().filter(is_tank).map(|asset| &*asset.id))
}

fn join_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "-".to_owned();
    }
    names.join(", ")
}

fn all_points(site: &Site) -> impl Iterator<Item = &PointInfo> {
    site.devices.iter().flat_map(|device| &device.points)
}

fn unit_quantity(unit: &str) -> &'static str {
    units::find_unit(unit).map_or("", |unit| unit.quantity)
}

fn point_subject(point: &PointInfo, height_m: Option<f64>) -> CalibrationSubject {
    CalibrationSubject {
        targets: vec![Arc::clone(&point.id)],
        unit: Arc::clone(&point.unit),
        factor: units::find_unit(&point.unit).map_or(1.0, |unit| unit.factor),
        height_m,
        capacity_l: None,
    }
}

/// Finds a point whose quantity is a length, directly or by its tank.
fn level_subject(
    target: &str,
    site: &Site,
    assets: &[Asset],
) -> Result<CalibrationSubject, CalibrationCheckError> {
    let of_tank = |tank: &TankAsset| match &tank.level {
        Some(LevelMeasurement::Level(point)) => Some(Arc::clone(&point.id)),
        _ => None,
    };
    // People name the tank; the calibration applies to the sensor's point.
    let id = match find_tank(target, assets).and_then(of_tank) {
        Some(id) => id,
        None => target.into(),
    };
    let fits = |point: &&PointInfo| unit_quantity(&point.unit) == "length" && !point.counter;
    let point = site.point(&id).filter(fits).ok_or_else(|| {
        let levels = all_points(site).filter(fits).map(|point| &*point.id);
        CalibrationCheckError::new("target", "calibrate-no-level", &target, &join_names(levels))
    })?;
    let is_distance = |asset: &Asset| match &asset.kind {
        AssetKind::Tank(tank) => {
            matches!(&tank.level, Some(LevelMeasurement::Distance { point, .. }) if point.id == id)
        }
        _ => false,
    };
    // The zero of a distance sensor is `sensor.height_m` of the tank in the configuration; a level
    // calibration would correct it twice.
    if assets.iter().any(is_distance) {
        return Err(CalibrationCheckError::new(
            "target",
            "calibrate-distance",
            &target,
            &"",
        ));
    }
    let height = assets.iter().find_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) if of_tank(tank).as_ref() == Some(&id) => {
            tank.shape.as_ref().map(|shape| shape.level_range().1)
        }
        _ => None,
    });
    Ok(point_subject(point, height))
}

/// Finds the points of a device that its current transformer scales.
fn transformer_subject(
    target: &str,
    site: &Site,
) -> Result<CalibrationSubject, CalibrationCheckError> {
    // Voltages do not pass through the current transformer.
    const SCALED: [&str; 8] = [
        "current",
        "power",
        "apparent_power",
        "reactive_power",
        "energy",
        "apparent_energy",
        "reactive_energy",
        "charge",
    ];
    let fits = |point: &&PointInfo| SCALED.contains(&unit_quantity(&point.unit));
    let has = |device: &&crate::domain::DeviceInfo| device.points.iter().any(|one| fits(&one));
    let mut devices = site.devices.iter();
    // A device without any of these quantities is no energy meter.
    let device = devices.find(|device| *device.id == *target).filter(has);
    let device = device.ok_or_else(|| {
        let meters = site.devices.iter().filter(has).map(|device| &*device.id);
        CalibrationCheckError::new("target", "calibrate-no-meter", &target, &join_names(meters))
    })?;
    let points = device.points.iter().filter(fits);
    Ok(CalibrationSubject {
        targets: points.map(|point| Arc::clone(&point.id)).collect(),
        unit: "A".into(),
        factor: 1.0,
        height_m: None,
        capacity_l: None,
    })
}
