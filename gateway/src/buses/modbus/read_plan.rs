//! Read plan of a device: the requests that read all its points with the fewest bytes on the wire
//! within the device's limits. Pure. Reads that a device refuses are split here and remembered by
//! `DeviceReader`.

use crate::config::{
    Device, ModbusLink, ModbusPoint, ModbusTable, Parity, Point, SerialPortSettings,
};
use crate::limits::{COILS_PER_READ_MAX, REGISTERS_PER_READ_MAX};
use drivers::frame::{ModbusFraming, ModbusReadFunction, ModbusReadRequest};

/// Cost of one more request over TCP, bytes: headers in both directions and acknowledgements.
const TCP_OVERHEAD_BYTES: usize = 61;
/// Cost of one more request over RTU, bytes: request (8), reply around its data (5) and two
/// silences of 3.5 characters.
const RTU_OVERHEAD_BYTES: usize = 20;
/// Speed of a slow network, bit/s, to convert a device's pause between requests into bytes.
const TCP_ASSUMED_BAUD: u32 = 10_000_000;
/// Round trip on a local network that `wire_ms` assumes, milliseconds.
const TCP_ROUND_TRIP_MS: f64 = 1.0;

/// Table, first and last register.
pub type RegisterSpan = (ModbusTable, u16, u16);

/// Requests that are sent to one device at each poll.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPlan {
    /// Requests in the order of sending.
    pub reads: Vec<PlannedRead>,
}

/// One request of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRead {
    /// Table (function code).
    pub table: ModbusTable,
    /// Address of the first register or bit.
    pub address: u16,
    /// Number of registers or bits.
    pub count: u16,
    /// Ranges that are wanted of it, in ascending order; each stays whole when the request is
    /// split.
    pub ranges: Vec<AtomicRange>,
}

/// Range that must be read in one request, so that its values are of the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtomicRange {
    /// Table (function code).
    pub table: ModbusTable,
    /// Address of the first register or bit.
    pub first: u16,
    /// Address of the last register or bit.
    pub last: u16,
    /// Single values in the range, as first and last address.
    pub values: Vec<(u16, u16)>,
}

/// Returns the requests that read all points of a device over this link with the fewest bytes.
pub fn plan_reads(device: &Device, link: &ModbusLink) -> ReadPlan {
    let mut pieces = atomic_ranges(device);
    // Neighbours in address order are the only candidates for one request.
    pieces.sort_by_key(|piece| (piece.table, piece.first, piece.last));
    let mut asks: Vec<PlannedRead> = Vec::new();
    for piece in pieces {
        let joined = asks
            .last()
            .and_then(|ask| join_read(ask, &piece, device, link));
        match (joined, asks.last_mut()) {
            (Some(joined), Some(last)) => *last = joined,
            _ => asks.push(read_of_ranges(vec![piece], device)),
        }
    }
    ReadPlan { reads: asks }
}

/// Returns the milliseconds that a plan occupies the bus when the device answers at once.
pub fn bus_time_ms(plan: &ReadPlan, link: &ModbusLink) -> f64 {
    plan.reads
        .iter()
        .map(|ask| {
            // 8 bytes: the request.
            let bytes = ask.to_request(0).reply_bytes(ModbusFraming::Rtu) + 8;
            let bytes = f64::from(u16::try_from(bytes).unwrap_or(u16::MAX));
            match link {
                ModbusLink::Tcp { .. } => TCP_ROUND_TRIP_MS,
                ModbusLink::RtuOverTcp { baud, .. } => {
                    let serial = SerialPortSettings::eight_n_one(*baud);
                    TCP_ROUND_TRIP_MS + bytes * serial.character_ms() + 2.0 * serial.silence_ms()
                }
                ModbusLink::Rtu(serial) => {
                    bytes * serial.character_ms() + 2.0 * serial.silence_ms()
                }
            }
        })
        .sum()
}

/// Returns the ranges to read in one request: a point with its scale register, its validity
/// register and its other half. A range beyond the device's limits is divided again.
fn atomic_ranges(device: &Device) -> Vec<AtomicRange> {
    let mut pieces: Vec<(Vec<usize>, AtomicRange)> = Vec::new();
    for (index, point) in device.points.iter().enumerate() {
        let Some(access) = point.modbus() else {
            continue;
        };
        let mut members = vec![index];
        // Scale factors that change with the value (as in `SunSpec`) must come from the same
        // moment.
        members.extend(access.partners());
        let partners = members
            .iter()
            .filter_map(|member| device.points.get(*member));
        let values = partners.flat_map(register_spans);
        let values = values.map(|(_, first, last)| (first, last)).collect();
        let Some(mut piece) = enclosing_range(access.table, values) else {
            continue;
        };
        // Points that share a partner (one scale register for three phases) end up in one range.
        let (tied, rest): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|(others, other)| {
            others.iter().any(|other| members.contains(other)) && can_merge(other, &piece, device)
        });
        pieces = rest;
        for (others, other) in tied {
            members.extend(others);
            piece = merge_ranges(other, piece);
        }
        pieces.push((members, piece));
    }
    pieces
        .into_iter()
        .flat_map(|(members, piece)| split_if_too_long(&members, piece, device))
        .collect()
}

fn can_merge(one: &AtomicRange, other: &AtomicRange, device: &Device) -> bool {
    one.table == other.table && is_allowed_read(&merge_ranges(one.clone(), other.clone()), device)
}

fn split_if_too_long(members: &[usize], piece: AtomicRange, device: &Device) -> Vec<AtomicRange> {
    let points = members
        .iter()
        .filter_map(|member| device.points.get(*member));
    // A partner in another table needs a request of its own anyway.
    let mut spans = points.clone().flat_map(register_spans);
    let same_table = spans.all(|(table, ..)| table == piece.table);
    if same_table && is_allowed_read(&piece, device) {
        return vec![piece];
    }
    points
        .flat_map(register_spans)
        .filter_map(|(table, first, last)| enclosing_range(table, vec![(first, last)]))
        .collect()
}

/// Returns table, first and last register of a point; two ranges when its halves are not adjacent,
/// none for a point without registers.
pub fn register_spans(point: &Point) -> impl Iterator<Item = RegisterSpan> + use<> {
    let spans = point.modbus().map(|access| {
        let (low, high) = point_spans(access);
        std::iter::once(low).chain(high)
    });
    spans.into_iter().flatten()
}

/// Table, first and last register of a point, and of its high half where that stands elsewhere.
pub(super) fn point_spans(access: &ModbusPoint) -> (RegisterSpan, Option<RegisterSpan>) {
    let table = access.table;
    let registers = match table {
        ModbusTable::Coil | ModbusTable::Discrete => 1,
        ModbusTable::Holding | ModbusTable::Input => access.encoding.registers().max(1),
    };
    let span = |first: u16, count: u16| {
        let last = first.saturating_add(count.max(1) - 1);
        (table, first, last)
    };
    // Two 16-bit halves may stand at distant addresses in some maps.
    let share = if access.high.is_some() { 2 } else { 1 };
    let high = access.high.map(|high| span(high, registers / 2));
    (span(access.address, registers / share), high)
}

fn enclosing_range(table: ModbusTable, mut values: Vec<(u16, u16)>) -> Option<AtomicRange> {
    values.sort_unstable();
    values.dedup();
    Some(AtomicRange {
        table,
        first: values.iter().map(|value| value.0).min()?,
        last: values.iter().map(|value| value.1).max()?,
        values,
    })
}

fn merge_ranges(one: AtomicRange, mut other: AtomicRange) -> AtomicRange {
    other.values.extend(one.values);
    other.values.sort_unstable();
    other.values.dedup();
    AtomicRange {
        table: one.table,
        first: one.first.min(other.first),
        last: one.last.max(other.last),
        values: other.values,
    }
}

/// Returns the request extended by the range, when the device allows it and it costs fewer bytes
/// than a request of its own.
fn join_read(
    ask: &PlannedRead,
    piece: &AtomicRange,
    device: &Device,
    link: &ModbusLink,
) -> Option<PlannedRead> {
    if ask.table != piece.table {
        return None;
    }
    let end = u32::from(ask.address) + u32::from(ask.count);
    let gap = usize::try_from(u32::from(piece.first).saturating_sub(end)).ok()?;
    let gap_bytes = match ask.table {
        ModbusTable::Coil | ModbusTable::Discrete => gap / 8,
        ModbusTable::Holding | ModbusTable::Input => gap * 2,
    };
    let overhead = match link {
        ModbusLink::Tcp { .. } => TCP_OVERHEAD_BYTES + pause_as_bytes(device, TCP_ASSUMED_BAUD),
        ModbusLink::RtuOverTcp { baud, .. } => RTU_OVERHEAD_BYTES + pause_as_bytes(device, *baud),
        ModbusLink::Rtu(serial) => RTU_OVERHEAD_BYTES + pause_as_bytes(device, serial.baud),
    };
    let mut pieces = ask.ranges.clone();
    pieces.push(piece.clone());
    let whole = merge_all_ranges(&pieces)?;
    (gap_bytes < overhead && is_allowed_read(&whole, device))
        .then(|| read_of_ranges(pieces, device))
}

/// Returns the bytes that the line could carry during the device's pause between requests.
fn pause_as_bytes(device: &Device, baud: u32) -> usize {
    // Some inverters need 850 ms between two requests, which outweighs any gap in the registers.
    let bits = device.limits.gap.as_millis().saturating_mul(baud.into()) / 1000;
    usize::try_from(bits / 10).unwrap_or(usize::MAX / 2)
}

fn merge_all_ranges(pieces: &[AtomicRange]) -> Option<AtomicRange> {
    pieces.iter().cloned().reduce(merge_ranges)
}

/// True when one request may cover this range.
fn is_allowed_read(piece: &AtomicRange, device: &Device) -> bool {
    let (first, count) = aligned_range(piece, device);
    let most = match piece.table {
        ModbusTable::Coil | ModbusTable::Discrete => COILS_PER_READ_MAX,
        // Devices are known that allow only 8, 20 or 45 registers; the protocol allows 125.
        ModbusTable::Holding | ModbusTable::Input => {
            device.limits.max_registers.min(REGISTERS_PER_READ_MAX)
        }
    };
    let last = u32::from(first) + count - 1;
    // A device with gaps between its register blocks refuses a read across a gap.
    let mut blocks = device
        .limits
        .blocks
        .iter()
        .filter(|(table, ..)| *table == piece.table)
        .peekable();
    let in_block = blocks.peek().is_none()
        || blocks.any(|(_, low, high)| *low <= first && last <= u32::from(*high));
    count <= u32::from(most) && u16::try_from(last).is_ok() && in_block
}

/// Returns start and count as the device's alignment requires.
fn aligned_range(piece: &AtomicRange, device: &Device) -> (u16, u32) {
    let step = match piece.table {
        ModbusTable::Coil | ModbusTable::Discrete => 1,
        // Some meters refuse an odd start address or an odd count.
        ModbusTable::Holding | ModbusTable::Input => device.limits.align.max(1),
    };
    let first = piece.first - piece.first % step;
    let count = u32::from(piece.last - first) + 1;
    (first, count.next_multiple_of(step.into()))
}

fn read_of_ranges(pieces: Vec<AtomicRange>, device: &Device) -> PlannedRead {
    let whole = merge_all_ranges(&pieces);
    let (address, count) = whole
        .as_ref()
        .map_or((0, 1), |whole| aligned_range(whole, device));
    PlannedRead {
        table: whole.map_or(ModbusTable::Holding, |whole| whole.table),
        address,
        count: u16::try_from(count).unwrap_or(u16::MAX),
        ranges: pieces,
    }
}

impl PlannedRead {
    /// Converts to a Modbus request to this unit.
    pub fn to_request(&self, unit: u8) -> ModbusReadRequest {
        ModbusReadRequest {
            unit,
            function: match self.table {
                ModbusTable::Coil => ModbusReadFunction::Coils,
                ModbusTable::Discrete => ModbusReadFunction::DiscreteInputs,
                ModbusTable::Holding => ModbusReadFunction::Holding,
                ModbusTable::Input => ModbusReadFunction::Input,
            },
            address: self.address,
            count: self.count,
        }
    }

    /// Returns smaller requests for the same values, after the device refused this one; `None` when
    /// it reads a single value.
    pub fn split(&self, device: &Device) -> Option<Vec<Self>> {
        // A single range is divided into its values at last, so that one missing register costs
        // only its own point.
        if let [piece] = self.ranges.as_slice() {
            let single = piece.values.len() <= 1;
            return (!single).then(|| {
                let values = piece.values.iter();
                values
                    .filter_map(|value| enclosing_range(piece.table, vec![*value]))
                    .map(|value| read_of_ranges(vec![value], device))
                    .collect()
            });
        }
        let (low, high) = self.ranges.split_at(self.ranges.len() / 2);
        Some(vec![
            read_of_ranges(low.to_vec(), device),
            read_of_ranges(high.to_vec(), device),
        ])
    }

    /// Returns a request for one of its values alone, another one for each `turn`; `None` when it
    /// has no values.
    pub fn single_value_read(&self, device: &Device, turn: usize) -> Option<Self> {
        let values = self.ranges.iter().flat_map(|piece| &piece.values);
        // Another value at each turn, since this one may be the register that is not answered.
        let place = turn.checked_rem(values.clone().count())?;
        let value = values.clone().nth(place)?;
        Some(read_of_ranges(
            vec![enclosing_range(self.table, vec![*value])?],
            device,
        ))
    }
}

impl SerialPortSettings {
    /// Returns settings with eight data bits, no parity and one stop bit.
    fn eight_n_one(baud: u32) -> Self {
        Self {
            port: std::path::PathBuf::new(),
            baud,
            parity: Parity::None,
            stop_bits: 1,
        }
    }

    /// Returns the time of one character, milliseconds.
    pub fn character_ms(&self) -> f64 {
        // One start bit and eight data bits.
        let bits = 9 + u32::from(self.parity != Parity::None) + u32::from(self.stop_bits.max(1));
        f64::from(bits) * 1000.0 / f64::from(self.baud.max(1))
    }

    /// Returns the silence between two frames, milliseconds: 3.5 characters, or 1.75 ms above 19200
    /// baud (Modbus over serial line V1.02, 2.5.1.1).
    pub fn silence_ms(&self) -> f64 {
        // The fixed time at fast rates saves an interrupt load on slow processors, says the
        // standard.
        if self.baud > 19200 {
            return 1.75;
        }
        3.5 * self.character_ms()
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
