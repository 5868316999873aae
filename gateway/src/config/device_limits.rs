//! [`DeviceLimits`]: limits of requests to a device, and their check.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDeviceLimits, RawHeaderOddity, RawText, SpannedValue};
use crate::config::{ModbusTable, value_syntax};
use crate::limits::REGISTERS_PER_READ_MAX;
use drivers::header_oddities::HeaderOddities;
use std::time::Duration;

/// Maximum settle time that a configuration may set.
const SETTLE_TIME_MAX: Duration = Duration::from_mins(1);

/// Time that an answer may take where nothing else is said.
pub(crate) const TIMEOUT_DEFAULT: Duration = Duration::from_millis(500);

/// Limits of one request to a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceLimits {
    /// Maximum registers in one read, 1..=125.
    pub max_registers: u16,
    /// Start and count are multiples of this: 1 or 2.
    pub align: u16,
    /// Ranges that one read must not leave (table, first and last register); empty: no such limit.
    pub blocks: Vec<(ModbusTable, u16, u16)>,
    /// Minimum time between the end of an answer and the next request.
    pub gap: Duration,
    /// Quiet time that the device needs after a network connection was opened.
    pub settle: Duration,
    /// Time that an answer may take beyond its time on the wire.
    pub timeout: Duration,
    /// Errors in the header of its Modbus TCP answers that are accepted.
    pub oddities: HeaderOddities,
}

/// Returns the accepted errors of a key `accept`; `None` without the key.
pub(crate) fn header_oddities(
    typed: Option<&SpannedValue<Vec<RawHeaderOddity>>>,
) -> Option<HeaderOddities> {
    let words = typed?.get();
    Some(HeaderOddities {
        wrong_length: words.contains(&RawHeaderOddity::WrongLength),
        transaction_zero: words.contains(&RawHeaderOddity::TransactionZero),
    })
}

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
        timeout: timeout(notes, &raw.timeout).unwrap_or(base.timeout),
        oddities: header_oddities(raw.accept.as_ref()).unwrap_or(base.oddities),
    }
}

/// Checks the time that an answer may take, of a bus or a device.
pub(crate) fn timeout(notes: &mut DiagnosticCollector<'_>, typed: &RawText) -> Option<Duration> {
    let timeout = notes.parsed_text(
        typed,
        "timeout",
        value_syntax::parse_duration,
        value_syntax::EXPECT_DURATION,
    )?;
    let usable = Duration::from_millis(10)..=Duration::from_mins(1);
    if let Some(at) = typed
        && !usable.contains(&timeout)
    {
        notes.add_error(at.span(), "timeout", "fault-range", at.get(), "10ms..=60s");
    }
    Some(timeout)
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

/// Returns the limits of the Modbus protocol itself.
pub(crate) fn protocol_limits() -> DeviceLimits {
    DeviceLimits {
        max_registers: REGISTERS_PER_READ_MAX,
        align: 1,
        blocks: Vec::new(),
        gap: Duration::ZERO,
        settle: Duration::ZERO,
        timeout: TIMEOUT_DEFAULT,
        oddities: HeaderOddities::default(),
    }
}
