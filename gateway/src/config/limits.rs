//! What may be asked of a device at once: raw to believed.

use crate::config::notes::Notes;
use crate::config::raw::{At, RawBus, RawLimits, Text};
use crate::config::{Bus, Device, DeviceLimits, Link, Point, Table, values};
use crate::limits::WORDS_PER_READ_MAX;
use std::ops::Range;
use std::time::Duration;

/// The longest quiet time after connecting that a configuration may name.
const SETTLE_MOST: Duration = Duration::from_mins(1);

/// The limits of a device; `base` holds where nothing is said.
pub(crate) fn limits(
    notes: &mut Notes<'_>,
    raw: Option<&At<RawLimits>>,
    base: DeviceLimits,
) -> DeviceLimits {
    let Some(raw) = raw.map(At::get) else {
        return base;
    };
    let most = i64::from(WORDS_PER_READ_MAX);
    let mut blocks = Vec::new();
    for at in &raw.blocks {
        match values::block(at.get()) {
            Some(block) => blocks.push(block),
            None => notes.fault(
                at.span(),
                "blocks",
                "fault-value",
                at.get(),
                "fault-expect-block",
            ),
        }
    }
    let gap = notes.parsed(&raw.gap, "gap", values::duration, "fault-expect-duration");
    DeviceLimits {
        max_registers: notes
            .ranged(&raw.max_registers, "max_registers", 1..=most)
            .unwrap_or(base.max_registers),
        align: notes
            .ranged(&raw.align, "align", 1..=2)
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

/// A quiet time after connecting, of a bus or a device.
pub(crate) fn settle(notes: &mut Notes<'_>, typed: &Text) -> Option<Duration> {
    let settle = notes.parsed(typed, "settle", values::duration, "fault-expect-duration")?;
    if settle > SETTLE_MOST
        && let Some(at) = typed
    {
        notes.fault(at.span(), "settle", "fault-range", at.get(), "0ms..=60s");
    }
    Some(settle)
}

/// What the buses' devices need where their buses say nothing. A serial line is no connection to
/// the device: what its profile says of one does not hold there.
pub(crate) fn settled(buses: &mut [Bus], raw: &[At<RawBus>], devices: &[Device]) {
    for (index, (bus, raw)) in buses.iter_mut().zip(raw).enumerate() {
        let is_said = raw.get().settle.is_some();
        if is_said || matches!(bus.link, Link::Rtu(_)) {
            continue;
        }
        let own = devices.iter().filter(|device| device.bus == index);
        bus.settle = own
            .map(|device| device.limits.settle)
            .max()
            .unwrap_or_default();
    }
}

/// What Modbus itself allows.
pub(crate) fn no_limits() -> DeviceLimits {
    DeviceLimits {
        max_registers: WORDS_PER_READ_MAX,
        align: 1,
        blocks: Vec::new(),
        gap: Duration::ZERO,
        settle: Duration::ZERO,
    }
}

/// Every point must fit into one request of its device.
pub(crate) fn fit(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    points: &[Point],
    limits: &DeviceLimits,
) {
    for point in points {
        let registers = point.encoding.registers();
        let bits = matches!(point.table, Table::Coil | Table::Discrete);
        let align = !bits && (point.address % limits.align != 0);
        if align || (!bits && registers > limits.max_registers) {
            let found = format!("{} ({}, {registers})", point.name, point.address);
            let expected = format!(
                "align {}, max_registers {}",
                limits.align, limits.max_registers
            );
            notes.fault(span.clone(), "limits", "fault-limits", &found, &expected);
        }
    }
}
