//! [`AssetPoint`]: a point of an asset, with the conversion to the unit of the formulas.
//!
//! ```text
//! power = "meter.kw"    # unit kW; formulas need W: scale 1000, offset 0
//! ```

use super::CheckContext;
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::domain::PointInfo;
use drivers::units::{self, UnitOfMeasure};
use std::sync::Arc;

/// Units of the formulas by quantity; the first one that fits is used.
pub(crate) const POWER_UNITS: &[&str] = &["W"];
pub(crate) const ENERGY_UNITS: &[&str] = &["kWh"];
pub(crate) const VOLUME_UNITS: &[&str] = &["m3"];
pub(crate) const FLOW_UNITS: &[&str] = &["m3/h"];
pub(crate) const VOLUME_OR_FLOW_UNITS: &[&str] = &["m3", "m3/h"];
pub(crate) const LENGTH_UNITS: &[&str] = &["m"];
pub(crate) const RAIN_UNITS: &[&str] = &["mm"];
pub(crate) const PRESSURE_UNITS: &[&str] = &["Pa"];
pub(crate) const TEMPERATURE_UNITS: &[&str] = &["degC"];
pub(crate) const HUMIDITY_UNITS: &[&str] = &["%RH", "%"];
pub(crate) const MOISTURE_UNITS: &[&str] = &["%", "%RH"];
pub(crate) const IRRADIANCE_UNITS: &[&str] = &["W/m2"];
pub(crate) const SPEED_UNITS: &[&str] = &["m/s"];
/// A status or a count: any unit or none.
pub(crate) const ANY_UNIT: &[&str] = &[];

/// Point of an asset, with the conversion to the unit of the formulas.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetPoint {
    /// Id of the point, `device.point`.
    pub id: Arc<str>,
    /// Unit of [`AssetPoint::value`]; empty for a status or a count.
    pub unit: &'static str,
    /// Factor of the conversion in [`AssetPoint::value`].
    pub scale: f64,
    /// Offset of the conversion in [`AssetPoint::value`]; 0 except for temperatures.
    pub offset: f64,
    /// True for a counter, which only grows and may wrap or be reset.
    pub counter: bool,
}

impl AssetPoint {
    /// Converts a value of the point to `unit`.
    pub fn value(&self, own: f64) -> f64 {
        own * self.scale + self.offset
    }
}

impl CheckContext<'_> {
    /// Checks a point: it must exist and have a unit of the same quantity as one of `units`.
    pub(crate) fn measured_point(
        &mut self,
        notes: &mut DiagnosticCollector<'_>,
        typed: &RawText,
        key: &str,
        units: &[&'static str],
    ) -> Option<AssetPoint> {
        let at = typed.as_ref()?;
        let point = find_point(notes, self, (at, at.get()), key, units)?;
        self.roles.insert(key.to_owned(), Arc::clone(&point.id));
        Some(point)
    }

    /// Checks a point that is totalled; warns when it is not a counter.
    pub(crate) fn counter_point(
        &mut self,
        notes: &mut DiagnosticCollector<'_>,
        typed: &RawText,
        key: &str,
        units: &[&'static str],
    ) -> Option<AssetPoint> {
        let at = typed.as_ref()?;
        let point = self.measured_point(notes, typed, key, units)?;
        // A flow is integrated over time instead, so it need not be a counter.
        let flows = point.unit.contains("/h");
        if !point.counter && !flows {
            notes.add_warning(at.span(), key, "fault-not-counter", &point.id, "");
        }
        Some(point)
    }

    /// Checks one point or a list of points.
    pub(crate) fn point_list(
        &mut self,
        notes: &mut DiagnosticCollector<'_>,
        typed: Option<&SpannedValue<toml::Value>>,
        key: &str,
        units: &[&'static str],
    ) -> Vec<AssetPoint> {
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
            notes.add_error(at.span(), key, "fault-value", &found, "fault-expect-points");
            return Vec::new();
        };
        let mut all: Vec<AssetPoint> = Vec::new();
        for (index, text) in texts.into_iter().enumerate() {
            let Some(point) = find_point(notes, self, (at, text), key, units) else {
                continue;
            };
            if all.iter().any(|known| known.id == point.id) {
                notes.add_error(at.span(), key, "fault-duplicate", text, "");
            }
            // `temperature`, `temperature_2`, ...: roles are unique within an asset.
            let role = match index {
                0 => key.to_owned(),
                _ => format!("{key}_{}", index + 1),
            };
            self.roles.insert(role, Arc::clone(&point.id));
            all.push(point);
        }
        all
    }
}

fn find_point<T>(
    notes: &mut DiagnosticCollector<'_>,
    around: &CheckContext<'_>,
    (at, id): (&SpannedValue<T>, &str),
    key: &str,
    units: &[&'static str],
) -> Option<AssetPoint> {
    let Some(info) = around.site.point(id) else {
        let devices = around.site.devices.iter();
        let known = devices.flat_map(|device| device.points.iter().map(|point| &*point.id));
        let hint = nearest_name(id, known);
        notes.add_error_with_hint(
            at.span(),
            key,
            "fault-unknown-point",
            id,
            "fault-expect-point",
            hint,
        );
        return None;
    };
    let fitting = convert_unit(info, units);
    if fitting.is_none() {
        let expected = accepted_units(units);
        let (what, found) = match &*info.unit {
            "" => ("fault-point-no-unit", id.to_owned()),
            unit => ("fault-point-unit", format!("{id} ({unit})")),
        };
        notes.add_error(at.span(), key, what, &found, &expected);
    }
    fitting
}

fn convert_unit(info: &PointInfo, units: &[&'static str]) -> Option<AssetPoint> {
    let plain = AssetPoint {
        id: Arc::clone(&info.id),
        unit: "",
        scale: 1.0,
        offset: 0.0,
        counter: info.counter,
    };
    if units.is_empty() {
        return Some(plain);
    }
    let own = units::find_unit(&info.unit)?;
    let wanted = units.iter().filter_map(|unit| units::find_unit(unit));
    let to = wanted.into_iter().find(|to| to.quantity == own.quantity)?;
    Some(AssetPoint {
        unit: to.symbol,
        // Own unit to base unit, then base unit to the wanted unit, as one linear conversion.
        scale: own.factor / to.factor,
        offset: (own.offset - to.offset) / to.factor,
        ..plain
    })
}

/// Lists every unit of the quantities of `units`: `m, cm, mm, km`.
fn accepted_units(units: &[&'static str]) -> String {
    let quantities: Vec<&str> = units
        .iter()
        .filter_map(|unit| units::find_unit(unit))
        .map(|unit| unit.quantity)
        .collect();
    let fits = |unit: &&UnitOfMeasure| quantities.contains(&unit.quantity);
    let all: Vec<&str> = units::ALL_UNITS
        .iter()
        .filter(fits)
        .map(|unit| unit.symbol)
        .collect();
    all.join(", ")
}
