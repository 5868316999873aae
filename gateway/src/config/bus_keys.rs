//! Check that the keys of `[[bus]]` apply to its kind.

use crate::config::bus_kinds::{RawBus, RawBusKind};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::ops::Range;

/// Place of a key that is there.
type KeyPlace = Option<Range<usize>>;

/// Reports keys that apply to other kinds of bus only; they would be ignored in silence.
pub(crate) fn report_stray_keys(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawBus,
    kind: RawBusKind,
    kind_word: &str,
) {
    for (key, place) in keys_of_kinds(typed) {
        match (key, place.filter(|_| !kind.keys().contains(&key))) {
            (_, None) => {}
            // A warning: a site that has run with such a key starts as before.
            ("baud" | "parity" | "stop_bits" | "tcp_port", Some(span)) => {
                notes.add_warning(span, key, "fault-other-kind", key, kind_word);
            }
            (_, Some(span)) => notes.add_error(span, key, "fault-other-kind", key, kind_word),
        }
    }
}

/// Keys that not every kind of bus has, with their places.
fn keys_of_kinds(typed: &RawBus) -> [(&'static str, KeyPlace); 16] {
    fn place<T>(typed: Option<&SpannedValue<T>>) -> KeyPlace {
        typed.map(SpannedValue::span)
    }
    let text = |typed: &Option<SpannedValue<String>>| place(typed.as_ref());
    [
        ("port", text(&typed.port)),
        ("host", text(&typed.host)),
        ("tcp_port", place(typed.tcp_port.as_ref())),
        ("baud", place(typed.baud.as_ref())),
        ("parity", place(typed.parity.as_ref())),
        ("stop_bits", place(typed.stop_bits.as_ref())),
        ("retries", place(typed.retries.as_ref())),
        ("accept", place(typed.accept.as_ref())),
        ("chip", text(&typed.chip)),
        ("url", text(&typed.url)),
        ("username", text(&typed.username)),
        ("password_file", text(&typed.password_file)),
        ("ca_file", text(&typed.ca_file)),
        ("certificate", text(&typed.certificate)),
        ("certificate_key_file", text(&typed.certificate_key_file)),
        ("client_id", text(&typed.client_id)),
    ]
}
