//! What one poll brought: registers by place, and the outcomes that they make.

use super::{decode, plan};
use crate::config::{Device, Point, Table};
use crate::model::{Outcome, Reason};

/// Registers (or bits, one a word) as read in one poll, and the stretches that gave none.
#[derive(Debug, Default)]
pub(super) struct Image {
    words: Vec<u16>,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    table: Table,
    address: u16,
    count: u16,
    /// Where its words begin, or why there are none.
    start: Result<usize, Reason>,
}

impl Image {
    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.parts.clear();
    }

    /// Keeps a reply's data bytes: registers big endian, or bits packed from the least significant
    /// on.
    pub(super) fn put(&mut self, table: Table, address: u16, count: u16, data: &[u8]) {
        let start = Ok(self.words.len());
        match table {
            Table::Coil | Table::Discrete => self.words.extend(
                (0..usize::from(count))
                    .filter_map(|bit| Some(u16::from((data.get(bit / 8)? >> (bit % 8)) & 1))),
            ),
            Table::Holding | Table::Input => self.words.extend(
                data.chunks_exact(2)
                    .take(count.into())
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]])),
            ),
        }
        self.parts.push(Part {
            table,
            address,
            count,
            start,
        });
    }

    /// Keeps why a stretch gave nothing.
    pub(super) fn fail(&mut self, table: Table, address: u16, count: u16, reason: Reason) {
        let start = Err(reason);
        self.parts.push(Part {
            table,
            address,
            count,
            start,
        });
    }

    /// The registers `first..=last`.
    pub(super) fn words(&self, table: Table, first: u16, last: u16) -> Result<&[u16], Reason> {
        let mut why = Reason::Missing;
        for part in self.parts.iter().filter(|part| part.table == table) {
            let Some(offset) = first.checked_sub(part.address).map(usize::from) else {
                continue;
            };
            let end = offset + usize::from(last - first) + 1;
            if end > usize::from(part.count) {
                continue;
            }
            match part.start {
                Ok(start) => {
                    return self
                        .words
                        .get(start + offset..start + end)
                        .ok_or(Reason::Corrupt);
                }
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    /// A point's registers in the order that `decode` wants, in `buffer` when they come from two
    /// places.
    fn of<'a>(&'a self, point: &Point, buffer: &'a mut Vec<u16>) -> Result<&'a [u16], Reason> {
        let mut spans = plan::spans(point);
        let low = spans.next().ok_or(Reason::Missing)?;
        let Some(high) = spans.next() else {
            return self.words(point.table, low.0, low.1);
        };
        buffer.clear();
        buffer.extend(self.words(point.table, high.0, high.1)?);
        buffer.extend(self.words(point.table, low.0, low.1)?);
        Ok(buffer)
    }

    /// The outcome of each point of the device.
    pub(super) fn outcomes(&self, device: &Device) -> Box<[Outcome]> {
        let leans = |point: &Point| {
            let scaled = point.scale_from.is_some() || !point.powers.is_empty();
            let scaled = scaled || point.multiply_from.is_some();
            scaled || point.valid_when.is_some()
        };
        let mut buffer = Vec::new();
        let mut context = Vec::new();
        if device.points.iter().any(leans) {
            context.extend(device.points.iter().map(|point| {
                let words = self.of(point, &mut buffer).ok()?;
                decode::raw_integer(point, words)
            }));
        }
        let outcome = |point: &Point| match self.of(point, &mut buffer) {
            Ok(words) => decode::decode(point, words, &context),
            Err(reason) => Outcome::Bad(reason),
        };
        let mut outcomes: Box<[Outcome]> = device.points.iter().map(outcome).collect();
        decode::take_back_frequencies(&device.points, &mut outcomes);
        outcomes
    }

    /// A point's registers as they came (the high half first, when it is apart).
    pub(super) fn registers(&self, point: &Point) -> Option<Vec<u16>> {
        self.of(point, &mut Vec::new()).ok().map(<[u16]>::to_vec)
    }
}
