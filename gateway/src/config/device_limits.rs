//! [`limits`]: checks the request limits of devices and the settle times of buses.

use crate::config::bus_kinds::RawBus;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::{RawDeviceLimits, RawText, SpannedValue};
use crate::config::{Bus, Device, DeviceLimits, ModbusTable, Point, value_syntax};
use crate::limits::REGISTERS_PER_READ_MAX;
use std::ops::Range;
use std::time::Duration;

/// Maximum settle time that a configuration may set.
const SETTLE_TIME_MAX: Duration = Duration::from_mins(1);

/// Checks the limits of a device; `base` applies where a key is absent.
pub(crate) fn check_device_limits(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&SpannedValue<RawDeviceLimits>>,
    base: DeviceLimits,
) -> DeviceLimits {
    let Some(raw) = raw.map(SpannedValue::get) else {
        return base;
    };
    let most = i64::from(REGISTERS_PER_READ_MAX);
    let mut blocks = Vec::new();
    for at in &raw.blocks {
        // Some devices answer no read that crosses a boundary between two register ranges.
        match value_syntax::parse_block(at.get()) {
            Some(block) => blocks.push(block),
            None => notes.add_error(
                at.span(),
                "blocks",
                "fault-value",
                at.get(),
                "fault-expect-block",
            ),
        }
    }
    let gap = notes.parsed_text(
        &raw.gap,
        "gap",
        value_syntax::parse_duration,
        "fault-expect-duration",
    );
    DeviceLimits {
        max_registers: notes
            .integer_in_range(&raw.max_registers, "max_registers", 1..=most)
            .unwrap_or(base.max_registers),
        align: notes
            .integer_in_range(&raw.align, "align", 1..=2)
            .unwrap_or(base.align),
        blocks: if raw.blocks.is_empty() {
            base.blocks
        } else {
            blocks
        },
        gap: gap.unwrap_or(base.gap),
        settle: settle(notes, &raw.settle).unwrap_or(base.settle),
    }
}

/// Checks a settle time: the quiet time after connecting, of a bus or a device.
pub(crate) fn settle(notes: &mut DiagnosticCollector<'_>, typed: &RawText) -> Option<Duration> {
    let settle = notes.parsed_text(
        typed,
        "settle",
        value_syntax::parse_duration,
        "fault-expect-duration",
    )?;
    if settle > SETTLE_TIME_MAX
        && let Some(at) = typed
    {
        notes.add_error(at.span(), "settle", "fault-range", at.get(), "0ms..=60s");
    }
    Some(settle)
}

/// Sets the settle time of buses without one to the longest of their devices.
pub(crate) fn apply_settle_times(
    buses: &mut [Bus],
    raw: &[SpannedValue<RawBus>],
    devices: &[Device],
) {
    for (index, (bus, raw)) in buses.iter_mut().zip(raw).enumerate() {
        let is_said = raw.get().settle.is_some();
        // A serial port has no connection to the device: the profile's time is for networks.
        if is_said || bus.link.serial_port().is_some() {
            continue;
        }
        let own = devices.iter().filter(|device| device.bus == index);
        bus.settle = own
            .map(|device| device.limits.settle)
            .max()
            .unwrap_or_default();
    }
}

/// Returns the limits of the Modbus protocol itself.
pub(crate) fn protocol_limits() -> DeviceLimits {
    DeviceLimits {
        max_registers: REGISTERS_PER_READ_MAX,
        align: 1,
        blocks: Vec::new(),
        gap: Duration::ZERO,
        settle: Duration::ZERO,
    }
}

/// Checks that every point fits into one request of its device.
pub(crate) fn check_points_fit(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    points: &[Point],
    limits: &DeviceLimits,
) {
    for point in points {
        let registers = point.encoding.registers();
        let bits = matches!(point.table, ModbusTable::Coil | ModbusTable::Discrete);
        // Coils and discrete inputs are packed bits: alignment and register counts do not apply.
        let align = !bits && (point.address % limits.align != 0);
        if align || (!bits && registers > limits.max_registers) {
            let found = format!("{} ({}, {registers})", point.name, point.address);
            let expected = format!(
                "align {}, max_registers {}",
                limits.align, limits.max_registers
            );
            notes.add_error(span.clone(), "limits", "fault-limits", &found, &expected);
        }
    }
}
