//! [`report_other_bus`]: the error about a device whose points are for another kind of bus.

use crate::config::chip_point::ChipDeviceKeys;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawText;

/// Reports points of another kind of bus, by what the device has them from: its profile, its chip,
/// or the point itself. `found` is the name of the point and the word of its kind of bus; `kind`
/// is that of the bus that the device names.
pub(crate) fn report_other_bus(
    notes: &mut DiagnosticCollector<'_>,
    profile: &RawText,
    device: &ChipDeviceKeys<'_>,
    (point, word): (&str, &str),
    kind: &str,
) {
    let mut sources = [("profile", profile), ("chip", device.chip)].into_iter();
    let source = sources.find_map(|(key, typed)| Some((key, typed.as_ref()?)));
    let (key, span, name) = match source {
        Some((key, typed)) => (key, typed.span(), typed.get().as_str()),
        None => ("bus", device.span.clone(), point),
    };
    let found = format!("`{name}` ({word})");
    notes.add_error(span, key, "fault-point-of-other-bus", &found, kind);
}
