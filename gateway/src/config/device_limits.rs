//! [`limits`]: checks the request limits of devices and the settle times of buses.

use crate::config::bus_kinds::RawBus;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDeviceLimits, RawText, SpannedValue};
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

/// Gives each device the settle time of its bus where that says one, and a bus without one the
/// longest of its devices.
pub(crate) fn apply_settle_times(
    buses: &mut [Bus],
    raw: &[SpannedValue<RawBus>],
    devices: &mut [Device],
) {
    for (index, (bus, raw)) in buses.iter_mut().zip(raw).enumerate() {
        // A serial port has no connection to the device: the profile's time is for networks.
        let is_said = raw.get().settle.is_some() || bus.link.serial_port().is_some();
        for device in devices.iter_mut().filter(|device| device.bus == index) {
            if is_said {
                device.limits.settle = bus.settle;
            } else {
                bus.settle = bus.settle.max(device.limits.settle);
            }
        }
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
    let accesses = points
        .iter()
        .filter_map(|point| Some((point, point.modbus()?)));
    for (point, access) in accesses {
        let registers = access.encoding.registers();
        let bits = matches!(access.table, ModbusTable::Coil | ModbusTable::Discrete);
        // Coils and discrete inputs are packed bits: alignment and register counts do not apply.
        let align = !bits && (access.address % limits.align != 0);
        if align || (!bits && registers > limits.max_registers) {
            let found = format!("{} ({}, {registers})", point.name, access.address);
            let expected = format!(
                "align {}, max_registers {}",
                limits.align, limits.max_registers
            );
            notes.add_error(span.clone(), "limits", "fault-limits", &found, &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{SiteText, load_site};

    /// Returns the settle time of the bus and of its two devices, milliseconds.
    fn settle_times(bus: &str) -> (u128, [u128; 2]) {
        let point = "point = [{ id = 'v', register = 'holding:0', type = 'u16' }]";
        let slow = format!("unit = 1\n{point}\nlimits = {{ settle = '2s' }}");
        let site = SiteText::new("s").bus("b", bus).device("slow", "b", slow);
        let site = site.device("quick", "b", format_args!("unit = 2\n{point}"));
        let config = load_site(&site.text());
        let devices = [&config.devices[0], &config.devices[1]];
        let own = devices.map(|device| device.limits.settle.as_millis());
        (config.buses[0].settle.as_millis(), own)
    }

    #[test]
    fn a_device_settles_by_itself_unless_its_bus_says_how_long() {
        let tcp = "kind = 'modbus-tcp'\nhost = 'h'\n";
        assert_eq!(settle_times(tcp), (2000, [2000, 0]));
        let said = format!("{tcp}settle = '500ms'");
        assert_eq!(settle_times(&said), (500, [500, 500]));
        let line = "kind = 'modbus-rtu'\nport = '/dev/ttyUSB0'";
        assert_eq!(settle_times(line), (0, [0, 0]));
    }
}
