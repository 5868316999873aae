//! What may be asked of a device at once: raw to believed.

use crate::config::notes::Notes;
use crate::config::raw::{At, RawLimits};
use crate::config::{DeviceLimits, Point, Table, values};
use crate::limits::WORDS_PER_READ_MAX;
use std::ops::Range;
use std::time::Duration;

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
    }
}

/// What Modbus itself allows.
pub(crate) fn no_limits() -> DeviceLimits {
    DeviceLimits {
        max_registers: WORDS_PER_READ_MAX,
        align: 1,
        blocks: Vec::new(),
        gap: Duration::ZERO,
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
