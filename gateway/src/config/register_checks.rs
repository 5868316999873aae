//! [`check_points_fit`] and [`warn_overlaps`]: checks of the registers of all points of a device.

use crate::config::bus_kinds::RawPoint;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use crate::config::{DeviceLimits, ModbusTable, Point, value_syntax};
use std::ops::Range;

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

/// Warns about points that share registers, which means a wrong address or type.
pub(crate) fn warn_overlaps(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawPoint>],
    points: &[Point],
) {
    // Bit fields may share a register. Two numbers may share exactly the same registers when
    // `valid_when` of both decides which of them is valid.
    let extent = |point: &Point| {
        let access = point.modbus()?;
        let first = u32::from(access.address);
        let plain = access.bits.is_none() && access.high.is_none() && !point.name.is_empty();
        plain.then(|| {
            (
                access.table,
                first,
                first + u32::from(access.encoding.registers()),
            )
        })
    };
    let mut extents: Vec<(ModbusTable, u32, u32, usize)> = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| extent(point).map(|(table, a, b)| (table, a, b, index)))
        .collect();
    extents.sort_unstable();
    // Sorted by table and address: only neighbours can overlap.
    for pair in extents.windows(2) {
        let [(table, first, end, one), (next_table, next, next_end, two)] = pair else {
            continue;
        };
        let access = |index: &usize| points[*index].modbus();
        let chosen = |index| access(index).is_some_and(|access| !access.valid_when.is_empty());
        let either_or = first == next && end == next_end && chosen(one) && chosen(two);
        if table == next_table && next < end && !either_or {
            let (one, two) = (&points[*one].name, &raw[*two]);
            notes.add_warning(two.span(), "register", "fault-overlap", one, "");
        }
    }
}

/// Warns about registers that look like numbers of a document, which begin at 1 behind a digit of
/// the table: 40001, 30001. Addresses in a configuration begin at 0.
pub(crate) fn warn_document_numbers(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawPoint>],
) {
    for at in raw.iter().filter_map(|raw| raw.get().register.as_ref()) {
        let address = at.get().split_once(':').map(|(_, address)| address);
        let number = address.and_then(|address| address.trim().parse().ok());
        // A number of six digits is no address, and an error already.
        let fits = |number: &u32| u16::try_from(*number).is_ok();
        if let Some(meant) = number
            .filter(fits)
            .and_then(value_syntax::document_register)
        {
            let span = at.span();
            notes.add_warning(span, "register", "fault-document-number", at.get(), &meant);
        }
    }
}
