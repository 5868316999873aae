//! Which registers to ask for together: the fewest bytes on the wire within what the device allows.
//! Pure; the running plan also remembers what a device has refused.

use crate::config::{Device, Line, Link, Parity, Point, Table};
use crate::limits::{COILS_PER_READ_MAX, WORDS_PER_READ_MAX};
use drivers::frame::{Framing, Function, Request};

/// A request of its own costs this many bytes of a TCP line: headers of both ways and
/// acknowledgements.
const TCP_OVERHEAD_BYTES: usize = 61;
/// Request (8), reply around its data (5) and two silences of 3.5 characters.
const RTU_OVERHEAD_BYTES: usize = 20;
/// Bits a second of a slow network, to weigh a device's pauses with.
const TCP_BAUD: u32 = 10_000_000;
/// Round trip on a local network that `wire_ms` reckons with.
const TCP_ROUND_TRIP_MS: f64 = 1.0;

/// What to ask one device for at each poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In the order of asking.
    pub asks: Vec<Ask>,
}

/// One request of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Table.
    pub table: Table,
    /// First register or bit.
    pub address: u16,
    /// Registers or bits.
    pub count: u16,
    /// What is wanted of it, in ascending order: each stays whole when the request is split.
    pub pieces: Vec<Piece>,
}

/// Registers that must be read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Table.
    pub table: Table,
    /// First register or bit.
    pub first: u16,
    /// Last register or bit.
    pub last: u16,
    /// The single values in it, as first and last.
    pub values: Vec<(u16, u16)>,
}

/// The fewest bytes that read all points of a device over this link.
pub fn plan(device: &Device, link: &Link) -> Plan {
    let mut pieces = pieces(device);
    pieces.sort_by_key(|piece| (piece.table, piece.first, piece.last));
    let mut asks: Vec<Ask> = Vec::new();
    for piece in pieces {
        let joined = asks.last().and_then(|ask| join(ask, &piece, device, link));
        match (joined, asks.last_mut()) {
            (Some(joined), Some(last)) => *last = joined,
            _ => asks.push(ask_for(vec![piece], device)),
        }
    }
    Plan { asks }
}

/// Milliseconds that the requests of a plan take of the bus when the device answers at once.
pub fn wire_ms(plan: &Plan, link: &Link) -> f64 {
    plan.asks
        .iter()
        .map(|ask| {
            let bytes = ask.request(0).reply_bytes(Framing::Rtu) + 8;
            let bytes = f64::from(u16::try_from(bytes).unwrap_or(u16::MAX));
            match link {
                Link::Tcp { .. } => TCP_ROUND_TRIP_MS,
                Link::RtuOverTcp { baud, .. } => {
                    let serial = Line::simple(*baud);
                    TCP_ROUND_TRIP_MS + bytes * serial.character_ms() + 2.0 * serial.silence_ms()
                }
                Link::Rtu(serial) => bytes * serial.character_ms() + 2.0 * serial.silence_ms(),
            }
        })
        .sum()
}

/// The registers that belong together: a point's own, its scale, its validity, its other half. What
/// the device's limits do not let be read at once falls apart again.
fn pieces(device: &Device) -> Vec<Piece> {
    let mut pieces: Vec<(Vec<usize>, Piece)> = Vec::new();
    for (index, point) in device.points.iter().enumerate() {
        let mut members = vec![index];
        members.extend(point.scale_from);
        members.extend(point.multiply_from);
        members.extend(point.powers.iter().map(|from| from.point));
        members.extend(point.valid_when.as_ref().map(|(partner, _)| *partner));
        let mut values = Vec::new();
        for member in &members {
            values.extend(device.points.get(*member).into_iter().flat_map(spans));
        }
        let Some(mut piece) = enclose(point.table, values) else {
            continue;
        };
        let (tied, rest): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|(others, other)| {
            others.iter().any(|other| members.contains(other)) && fits_with(other, &piece, device)
        });
        pieces = rest;
        for (others, other) in tied {
            members.extend(others);
            piece = hull(other, piece);
        }
        pieces.push((members, piece));
    }
    pieces
        .into_iter()
        .flat_map(|(members, piece)| whole_or_parts(&members, piece, device))
        .collect()
}

fn fits_with(one: &Piece, other: &Piece, device: &Device) -> bool {
    one.table == other.table && allowed(&hull(one.clone(), other.clone()), device)
}

fn whole_or_parts(members: &[usize], piece: Piece, device: &Device) -> Vec<Piece> {
    let points = members
        .iter()
        .filter_map(|member| device.points.get(*member));
    let same_table = points.clone().all(|point| point.table == piece.table);
    if same_table && allowed(&piece, device) {
        return vec![piece];
    }
    points
        .flat_map(|point| spans(point).map(|span| (point.table, span)))
        .filter_map(|(table, span)| enclose(table, vec![span]))
        .collect()
}

/// First and last register of a point; two stretches when its halves are not neighbours.
pub fn spans(point: &Point) -> impl Iterator<Item = (u16, u16)> + use<> {
    let registers = match point.table {
        Table::Coil | Table::Discrete => 1,
        Table::Holding | Table::Input => point.encoding.registers().max(1),
    };
    let span = |first: u16, count: u16| (first, first.saturating_add(count.max(1) - 1));
    let high = point.high.map(|high| span(high, registers / 2));
    let share = if high.is_some() { 2 } else { 1 };
    std::iter::once(span(point.address, registers / share)).chain(high)
}

fn enclose(table: Table, mut values: Vec<(u16, u16)>) -> Option<Piece> {
    values.sort_unstable();
    values.dedup();
    Some(Piece {
        table,
        first: values.iter().map(|value| value.0).min()?,
        last: values.iter().map(|value| value.1).max()?,
        values,
    })
}

fn hull(one: Piece, mut other: Piece) -> Piece {
    other.values.extend(one.values);
    other.values.sort_unstable();
    other.values.dedup();
    Piece {
        table: one.table,
        first: one.first.min(other.first),
        last: one.last.max(other.last),
        values: other.values,
    }
}

/// Both in one request, when the device allows it and it is the cheaper way.
fn join(ask: &Ask, piece: &Piece, device: &Device, link: &Link) -> Option<Ask> {
    if ask.table != piece.table {
        return None;
    }
    let end = u32::from(ask.address) + u32::from(ask.count);
    let gap = usize::try_from(u32::from(piece.first).saturating_sub(end)).ok()?;
    let gap_bytes = match ask.table {
        Table::Coil | Table::Discrete => gap / 8,
        Table::Holding | Table::Input => gap * 2,
    };
    let overhead = match link {
        Link::Tcp { .. } => TCP_OVERHEAD_BYTES + pause_bytes(device, TCP_BAUD),
        Link::RtuOverTcp { baud, .. } => RTU_OVERHEAD_BYTES + pause_bytes(device, *baud),
        Link::Rtu(serial) => RTU_OVERHEAD_BYTES + pause_bytes(device, serial.baud),
    };
    let mut pieces = ask.pieces.clone();
    pieces.push(piece.clone());
    let whole = enclose_all(&pieces)?;
    (gap_bytes < overhead && allowed(&whole, device)).then(|| ask_for(pieces, device))
}

/// What the line could carry in the pause that the device needs before another request.
fn pause_bytes(device: &Device, baud: u32) -> usize {
    let bits = device.limits.gap.as_millis().saturating_mul(baud.into()) / 1000;
    usize::try_from(bits / 10).unwrap_or(usize::MAX / 2)
}

fn enclose_all(pieces: &[Piece]) -> Option<Piece> {
    pieces.iter().cloned().reduce(hull)
}

/// One read may cover this stretch.
fn allowed(piece: &Piece, device: &Device) -> bool {
    let (first, count) = aligned(piece, device);
    let most = match piece.table {
        Table::Coil | Table::Discrete => COILS_PER_READ_MAX,
        Table::Holding | Table::Input => device.limits.max_registers.min(WORDS_PER_READ_MAX),
    };
    let last = u32::from(first) + count - 1;
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

/// Start and count as the device wants them.
fn aligned(piece: &Piece, device: &Device) -> (u16, u32) {
    let step = match piece.table {
        Table::Coil | Table::Discrete => 1,
        Table::Holding | Table::Input => device.limits.align.max(1),
    };
    let first = piece.first - piece.first % step;
    let count = u32::from(piece.last - first) + 1;
    (first, count.next_multiple_of(step.into()))
}

fn ask_for(pieces: Vec<Piece>, device: &Device) -> Ask {
    let whole = enclose_all(&pieces);
    let (address, count) = whole
        .as_ref()
        .map_or((0, 1), |whole| aligned(whole, device));
    Ask {
        table: whole.map_or(Table::Holding, |whole| whole.table),
        address,
        count: u16::try_from(count).unwrap_or(u16::MAX),
        pieces,
    }
}

impl Ask {
    /// The same as a frame's request.
    pub fn request(&self, unit: u8) -> Request {
        Request {
            unit,
            function: match self.table {
                Table::Coil => Function::Coils,
                Table::Discrete => Function::Discretes,
                Table::Holding => Function::Holding,
                Table::Input => Function::Input,
            },
            address: self.address,
            count: self.count,
        }
    }

    /// Smaller requests for the same values, after the device refused this one; `None` when it asks
    /// for a single value.
    pub fn split(&self, device: &Device) -> Option<Vec<Self>> {
        if let [piece] = self.pieces.as_slice() {
            let single = piece.values.len() <= 1;
            return (!single).then(|| {
                let values = piece.values.iter();
                values
                    .filter_map(|value| enclose(piece.table, vec![*value]))
                    .map(|value| ask_for(vec![value], device))
                    .collect()
            });
        }
        let (low, high) = self.pieces.split_at(self.pieces.len() / 2);
        Some(vec![
            ask_for(low.to_vec(), device),
            ask_for(high.to_vec(), device),
        ])
    }

    /// A request for one of its values alone, another one each `turn`; `None` when it has none.
    pub fn single(&self, device: &Device, turn: usize) -> Option<Self> {
        let values = self.pieces.iter().flat_map(|piece| &piece.values);
        let place = turn.checked_rem(values.clone().count())?;
        let value = values.clone().nth(place)?;
        Some(ask_for(vec![enclose(self.table, vec![*value])?], device))
    }
}

impl Line {
    /// Eight data bits, no parity, one stop bit.
    fn simple(baud: u32) -> Self {
        Self {
            port: std::path::PathBuf::new(),
            baud,
            parity: Parity::None,
            stop_bits: 1,
        }
    }

    /// Milliseconds that one character takes.
    pub fn character_ms(&self) -> f64 {
        let bits = 9 + u32::from(self.parity != Parity::None) + u32::from(self.stop_bits.max(1));
        f64::from(bits) * 1000.0 / f64::from(self.baud.max(1))
    }

    /// Milliseconds of silence that part two frames: 3.5 characters, 1.75 ms at fast rates.
    pub fn silence_ms(&self) -> f64 {
        if self.baud > 19200 {
            return 1.75;
        }
        3.5 * self.character_ms()
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
