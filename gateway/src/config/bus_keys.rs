//! Which keys of `[[bus]]` apply to which kinds of bus.

use crate::config::bus_kinds::RawBus;
use crate::config::bus_kinds::RawBusKind::{
    self, Gpio, I2c, ModbusRtu, ModbusRtuOverTcp, ModbusTcp, Mqtt, OneWire, Uart,
};
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
    for (key, place, kinds) in keys_of_kinds(typed) {
        match (key, place.filter(|_| !kinds.contains(&kind))) {
            (_, None) => {}
            // A warning: a site that has run with such a key starts as before.
            ("baud" | "parity" | "stop_bits" | "tcp_port", Some(span)) => {
                notes.add_warning(span, key, "fault-other-kind", key, kind_word);
            }
            (_, Some(span)) => notes.add_error(span, key, "fault-other-kind", key, kind_word),
        }
    }
}

fn keys_of_kinds(typed: &RawBus) -> [(&'static str, KeyPlace, &'static [RawBusKind]); 14] {
    const SERIAL: &[RawBusKind] = &[ModbusRtu, Uart];
    const NETWORK: &[RawBusKind] = &[ModbusTcp, ModbusRtuOverTcp];
    fn place<T>(typed: Option<&SpannedValue<T>>) -> KeyPlace {
        typed.map(SpannedValue::span)
    }
    [
        (
            "port",
            place(typed.port.as_ref()),
            &[ModbusRtu, I2c, OneWire, Uart],
        ),
        ("host", place(typed.host.as_ref()), NETWORK),
        ("tcp_port", place(typed.tcp_port.as_ref()), NETWORK),
        (
            "baud",
            place(typed.baud.as_ref()),
            &[ModbusRtu, ModbusRtuOverTcp],
        ),
        ("parity", place(typed.parity.as_ref()), SERIAL),
        ("stop_bits", place(typed.stop_bits.as_ref()), SERIAL),
        ("chip", place(typed.chip.as_ref()), &[Gpio]),
        ("url", place(typed.url.as_ref()), &[Mqtt]),
        ("username", place(typed.username.as_ref()), &[Mqtt]),
        (
            "password_file",
            place(typed.password_file.as_ref()),
            &[Mqtt],
        ),
        ("ca_file", place(typed.ca_file.as_ref()), &[Mqtt]),
        ("certificate", place(typed.certificate.as_ref()), &[Mqtt]),
        (
            "certificate_key_file",
            place(typed.certificate_key_file.as_ref()),
            &[Mqtt],
        ),
        ("client_id", place(typed.client_id.as_ref()), &[Mqtt]),
    ]
}
