//! [`check_accuracy`]: the accuracy of the points of a device.

use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawDevice;
use crate::domain::DeviceInfo;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Checks the measurement accuracy of points, % of the reading.
pub(super) fn check_accuracy(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawDevice,
    info: &DeviceInfo,
) -> BTreeMap<Arc<str>, f64> {
    let mut all = BTreeMap::new();
    for (name, at) in &typed.accuracy {
        let pct = *at.get();
        let mut points = info.points.iter();
        match points.find(|point| *point.name == **name) {
            None => add_unknown_point(notes, at.span(), "accuracy", info, name),
            // Negated, so that `nan`, which TOML allows, is refused too.
            Some(_) if !(pct > 0.0 && pct <= 100.0) => {
                notes.add_error(
                    at.span(),
                    "accuracy",
                    "fault-range",
                    &pct.to_string(),
                    "0..=100",
                );
            }
            Some(point) => {
                all.insert(Arc::clone(&point.name), pct);
            }
        }
    }
    all
}

/// Reports a point that the device does not have, with the nearest name.
pub(super) fn add_unknown_point(
    notes: &mut DiagnosticCollector<'_>,
    span: Range<usize>,
    key: &str,
    info: &DeviceInfo,
    name: &str,
) {
    let names = info.points.iter().map(|point| &*point.name);
    let hint = nearest_name(name, names);
    let found = format!("{}.{name}", info.id);
    let what = "fault-unknown-point";
    notes.add_error_with_hint(span, key, what, &found, "fault-expect-point", hint);
}
