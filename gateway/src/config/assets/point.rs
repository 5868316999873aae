//! The points that an asset is made of: each must exist and be measured in a unit that fits its
//! use.

use super::Around;
use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{At, Text};
use crate::model::PointInfo;
use drivers::units::{self, Unit};
use std::sync::Arc;

/// Units that figures are computed in, by what a key measures; the first that fits is taken.
pub(super) const WATT: &[&str] = &["W"];
pub(super) const KWH: &[&str] = &["kWh"];
pub(super) const VOLUME: &[&str] = &["m3"];
pub(super) const FLOW: &[&str] = &["m3/h"];
pub(super) const VOLUME_OR_FLOW: &[&str] = &["m3", "m3/h"];
pub(super) const LENGTH: &[&str] = &["m"];
pub(super) const RAIN: &[&str] = &["mm"];
pub(super) const PRESSURE: &[&str] = &["Pa"];
pub(super) const CELSIUS: &[&str] = &["degC"];
pub(super) const HUMIDITY: &[&str] = &["%RH", "%"];
pub(super) const MOISTURE: &[&str] = &["%", "%RH"];
pub(super) const IRRADIANCE: &[&str] = &["W/m2"];
pub(super) const SPEED: &[&str] = &["m/s"];
/// A state or a count: any unit, or none.
pub(super) const ANY: &[&str] = &[];

/// A point in the use of an asset, with the way from its own unit to the one figures need.
#[derive(Clone, Debug, PartialEq)]
pub struct PointUse {
    /// Id of the point, `device.point`.
    pub id: Arc<str>,
    /// Unit of [`PointUse::value`]; empty for a state or a count, whose own unit does not matter.
    pub unit: &'static str,
    /// See [`PointUse::value`].
    pub scale: f64,
    /// See [`PointUse::value`]; 0 for all but temperatures.
    pub offset: f64,
    /// It only grows, and may wrap or be reset.
    pub counter: bool,
}

impl PointUse {
    /// A value of the point, in `unit`.
    pub fn value(&self, own: f64) -> f64 {
        own * self.scale + self.offset
    }
}

/// The point that a key names, in one of `units`.
pub(super) fn point(
    notes: &mut Notes<'_>,
    around: &mut Around<'_>,
    typed: &Text,
    key: &str,
    units: &[&'static str],
) -> Option<PointUse> {
    let at = typed.as_ref()?;
    named(notes, around, at, key, units)
}

/// As `point`, of something that is added up: a counter.
pub(super) fn total(
    notes: &mut Notes<'_>,
    around: &mut Around<'_>,
    typed: &Text,
    key: &str,
    units: &[&'static str],
) -> Option<PointUse> {
    let at = typed.as_ref()?;
    let point = named(notes, around, at, key, units)?;
    let flows = point.unit.contains("/h");
    if !point.counter && !flows {
        notes.warn(at.span(), key, "fault-not-counter", &point.id, "");
    }
    Some(point)
}

/// One point or a list of them.
pub(super) fn points(
    notes: &mut Notes<'_>,
    around: &mut Around<'_>,
    typed: Option<&At<toml::Value>>,
    key: &str,
    units: &[&'static str],
) -> Vec<PointUse> {
    let Some(at) = typed else {
        return Vec::new();
    };
    let texts: Option<Vec<&str>> = match at.get() {
        toml::Value::String(one) => Some(vec![one.as_str()]),
        toml::Value::Array(many) => many.iter().map(toml::Value::as_str).collect(),
        _ => None,
    };
    let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
        let found = at.get().to_string();
        notes.fault(at.span(), key, "fault-value", &found, "fault-expect-points");
        return Vec::new();
    };
    let mut all: Vec<PointUse> = Vec::new();
    for (index, text) in texts.into_iter().enumerate() {
        let Some(point) = find(notes, around, (at, text), key, units) else {
            continue;
        };
        if all.iter().any(|known| known.id == point.id) {
            notes.fault(at.span(), key, "fault-duplicate", text, "");
        }
        let role = match index {
            0 => key.to_owned(),
            _ => format!("{key}_{}", index + 1),
        };
        around.roles.insert(role, Arc::clone(&point.id));
        all.push(point);
    }
    all
}

fn named(
    notes: &mut Notes<'_>,
    around: &mut Around<'_>,
    at: &At<String>,
    key: &str,
    units: &[&'static str],
) -> Option<PointUse> {
    let point = find(notes, around, (at, at.get()), key, units)?;
    around.roles.insert(key.to_owned(), Arc::clone(&point.id));
    Some(point)
}

fn find<T>(
    notes: &mut Notes<'_>,
    around: &Around<'_>,
    (at, id): (&At<T>, &str),
    key: &str,
    units: &[&'static str],
) -> Option<PointUse> {
    let Some(info) = around.site.point(id) else {
        let devices = around.site.devices.iter();
        let known = devices.flat_map(|device| device.points.iter().map(|point| &*point.id));
        let hint = nearest(id, known);
        notes.add(
            at.span(),
            key,
            "fault-unknown-point",
            id,
            "fault-expect-point",
            hint,
        );
        return None;
    };
    let fitting = fitting(info, units);
    if fitting.is_none() {
        let expected = spelled(units);
        let (what, found) = match &*info.unit {
            "" => ("fault-point-no-unit", id.to_owned()),
            unit => ("fault-point-unit", format!("{id} ({unit})")),
        };
        notes.fault(at.span(), key, what, &found, &expected);
    }
    fitting
}

fn fitting(info: &PointInfo, units: &[&'static str]) -> Option<PointUse> {
    let plain = PointUse {
        id: Arc::clone(&info.id),
        unit: "",
        scale: 1.0,
        offset: 0.0,
        counter: info.counter,
    };
    if units.is_empty() {
        return Some(plain);
    }
    let own = units::find(&info.unit)?;
    let wanted = units.iter().filter_map(|unit| units::find(unit));
    let to = wanted.into_iter().find(|to| to.quantity == own.quantity)?;
    Some(PointUse {
        unit: to.symbol,
        scale: own.factor / to.factor,
        offset: (own.offset - to.offset) / to.factor,
        ..plain
    })
}

/// Every unit of the quantities of `units`: `m, cm, mm, km`.
fn spelled(units: &[&'static str]) -> String {
    let quantities: Vec<&str> = units
        .iter()
        .filter_map(|unit| units::find(unit))
        .map(|unit| unit.quantity)
        .collect();
    let fits = |unit: &&Unit| quantities.contains(&unit.quantity);
    let all: Vec<&str> = units::ALL
        .iter()
        .filter(fits)
        .map(|unit| unit.symbol)
        .collect();
    all.join(", ")
}
