//! What a calibration is about: a point, a tank or a device of the site.

use super::Objection;
use crate::config::Asset;
use crate::config::assets::{AssetKind, Level, Tank};
use crate::model::calibration::Kind;
use crate::model::{PointInfo, Site};
use drivers::units;
use std::sync::Arc;

/// What a calibration is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// As in [`Calibration::targets`](crate::model::calibration::Calibration::targets).
    pub targets: Vec<Arc<str>>,
    /// Unit of the pairs where they are in the point's own; empty otherwise.
    pub unit: Arc<str>,
    /// What one of that unit is in m or m3.
    pub factor: f64,
    /// Height of the tank, m, where it is known.
    pub height_m: Option<f64>,
}

/// Looks up what a calibration is about.
pub fn subject(
    kind: Kind,
    target: &str,
    site: &Site,
    assets: &[Asset],
) -> Result<Subject, Objection> {
    match kind {
        Kind::Level => level(target, site, assets),
        Kind::Strapping => {
            let tank = tank(target, assets);
            let tank = tank.ok_or_else(|| {
                Objection::new("target", "calibrate-no-tank", &target, &tanks(assets))
            })?;
            Ok(Subject {
                targets: vec![target.into()],
                unit: "".into(),
                factor: 1.0,
                height_m: tank.shape.as_ref().map(|shape| shape.levels().1),
            })
        }
        Kind::Pulses => {
            let point = site.point(target);
            let fits = |point: &&PointInfo| point.counter && quantity(&point.unit) == "volume";
            let point = point.filter(fits).ok_or_else(|| {
                let counters = all(site).filter(fits).map(|point| &*point.id);
                Objection::new("target", "calibrate-no-counter", &target, &list(counters))
            })?;
            Ok(one(point, None))
        }
        Kind::Ct => current(target, site),
    }
}

fn tank<'a>(id: &str, assets: &'a [Asset]) -> Option<&'a Tank> {
    assets.iter().find_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) if *asset.id == *id => Some(&**tank),
        _ => None,
    })
}

fn tanks(assets: &[Asset]) -> String {
    let is_tank = |asset: &&Asset| matches!(asset.kind, AssetKind::Tank(_));
    list(assets.iter().filter(is_tank).map(|asset| &*asset.id))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "-".to_owned();
    }
    names.join(", ")
}

fn all(site: &Site) -> impl Iterator<Item = &PointInfo> {
    site.devices.iter().flat_map(|device| &device.points)
}

fn quantity(unit: &str) -> &'static str {
    units::find(unit).map_or("", |unit| unit.quantity)
}

fn one(point: &PointInfo, height_m: Option<f64>) -> Subject {
    Subject {
        targets: vec![Arc::clone(&point.id)],
        unit: Arc::clone(&point.unit),
        factor: units::find(&point.unit).map_or(1.0, |unit| unit.factor),
        height_m,
    }
}

/// A point that is a length, or the tank that it belongs to.
fn level(target: &str, site: &Site, assets: &[Asset]) -> Result<Subject, Objection> {
    let of_tank = |tank: &Tank| match &tank.level {
        Some(Level::Level(point)) => Some(Arc::clone(&point.id)),
        _ => None,
    };
    let id = match tank(target, assets).and_then(of_tank) {
        Some(id) => id,
        None => target.into(),
    };
    let fits = |point: &&PointInfo| quantity(&point.unit) == "length" && !point.counter;
    let point = site.point(&id).filter(fits).ok_or_else(|| {
        let levels = all(site).filter(fits).map(|point| &*point.id);
        Objection::new("target", "calibrate-no-level", &target, &list(levels))
    })?;
    let is_distance = |asset: &Asset| match &asset.kind {
        AssetKind::Tank(tank) => {
            matches!(&tank.level, Some(Level::Distance { point, .. }) if point.id == id)
        }
        _ => false,
    };
    if assets.iter().any(is_distance) {
        return Err(Objection::new("target", "calibrate-distance", &target, &""));
    }
    let height = assets.iter().find_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) if of_tank(tank).as_ref() == Some(&id) => {
            tank.shape.as_ref().map(|shape| shape.levels().1)
        }
        _ => None,
    });
    Ok(one(point, height))
}

/// The points of a device that a current transformer scales.
fn current(target: &str, site: &Site) -> Result<Subject, Objection> {
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
    let fits = |point: &&PointInfo| SCALED.contains(&quantity(&point.unit));
    let has = |device: &&crate::model::DeviceInfo| device.points.iter().any(|one| fits(&one));
    let mut devices = site.devices.iter();
    let device = devices.find(|device| *device.id == *target).filter(has);
    let device = device.ok_or_else(|| {
        let meters = site.devices.iter().filter(has).map(|device| &*device.id);
        Objection::new("target", "calibrate-no-meter", &target, &list(meters))
    })?;
    let points = device.points.iter().filter(fits);
    Ok(Subject {
        targets: points.map(|point| Arc::clone(&point.id)).collect(),
        unit: "A".into(),
        factor: 1.0,
        height_m: None,
    })
}
