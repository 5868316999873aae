//! The registers of one poll, by table and address, and the point outcomes decoded from them.

use super::{decode, read_plan};
use crate::config::{Device, ModbusTable, Point};
use crate::domain::{QualityReason, SampleOutcome};

/// Registers read in one poll (bits are stored one a word), and the ranges that gave no data.
#[derive(Debug, Default)]
pub(super) struct RegisterImage {
    words: Vec<u16>,
    parts: Vec<RegisterImagePart>,
}

#[derive(Debug)]
struct RegisterImagePart {
    table: ModbusTable,
    address: u16,
    count: u16,
    /// Index of the first word in `words`, or the reason that there is none.
    start: Result<usize, QualityReason>,
}

impl RegisterImage {
    /// Removes all contents and keeps the allocated memory, so that polling does not allocate.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.parts.clear();
    }

    /// Stores the data bytes of a reply: registers in big-endian order, or bits packed from the
    /// least significant bit of the first byte on (Modbus specification V1.1b3, 6.1 and 6.3).
    pub(super) fn store_reply(
        &mut self,
        table: ModbusTable,
        address: u16,
        count: u16,
        data: &[u8],
    ) {
        let start = Ok(self.words.len());
        // Bits and registers are kept in the same word array, so that one lookup serves both.
        match table {
            ModbusTable::Coil | ModbusTable::Discrete => self.words.extend(
                (0..usize::from(count))
                    .filter_map(|bit| Some(u16::from((data.get(bit / 8)? >> (bit % 8)) & 1))),
            ),
            ModbusTable::Holding | ModbusTable::Input => self.words.extend(
                data.chunks_exact(2)
                    .take(count.into())
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]])),
            ),
        }
        self.parts.push(RegisterImagePart {
            table,
            address,
            count,
            start,
        });
    }

    /// Records the reason that a range gave no data.
    pub(super) fn store_failure(
        &mut self,
        table: ModbusTable,
        address: u16,
        count: u16,
        reason: QualityReason,
    ) {
        let start = Err(reason);
        self.parts.push(RegisterImagePart {
            table,
            address,
            count,
            start,
        });
    }

    /// Returns the registers `first..=last`, or the reason that they are not there.
    pub(super) fn registers_between(
        &self,
        table: ModbusTable,
        first: u16,
        last: u16,
    ) -> Result<&[u16], QualityReason> {
        // A range that was read by an earlier, larger request counts, too: the request may have
        // been split in this poll.
        let mut why = QualityReason::Missing;
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
                        .ok_or(QualityReason::Corrupt);
                }
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    /// Returns a point's registers in the order that `decode` expects; they are copied into
    /// `buffer` when high and low half stand at two addresses.
    fn point_words<'a>(
        &'a self,
        point: &Point,
        buffer: &'a mut Vec<u16>,
    ) -> Result<&'a [u16], QualityReason> {
        let access = point.modbus().ok_or(QualityReason::Missing)?;
        // The low half stands at the point's own address, but `decode` expects the high half first.
        let (low, high) = read_plan::point_spans(access);
        let Some(high) = high else {
            return self.registers_between(low.0, low.1, low.2);
        };
        buffer.clear();
        buffer.extend(self.registers_between(high.0, high.1, high.2)?);
        buffer.extend(self.registers_between(low.0, low.1, low.2)?);
        Ok(buffer)
    }

    /// Decodes one outcome for each point of the device.
    pub(super) fn decode_outcomes(&self, device: &Device) -> Box<[SampleOutcome]> {
        let leans = |point: &Point| {
            let access = point.modbus();
            access.is_some_and(|access| access.partners().next().is_some())
        };
        let mut buffer = Vec::new();
        let mut context = Vec::new();
        // Raw integers of the neighbours are only needed when some point takes its scale,
        // multiplier or validity from another one; most devices have no such point.
        if device.points.iter().any(leans) {
            context.extend(device.points.iter().map(|point| {
                let words = self.point_words(point, &mut buffer).ok()?;
                decode::raw_integer(point, words)
            }));
        }
        let outcome = |point: &Point| match self.point_words(point, &mut buffer) {
            Ok(words) => decode::decode_point(point, words, &context),
            Err(reason) => SampleOutcome::Bad(reason),
        };
        let mut outcomes: Box<[SampleOutcome]> = device.points.iter().map(outcome).collect();
        decode::invalidate_idle_frequencies(&device.points, &mut outcomes);
        outcomes
    }

    /// Returns a point's registers as read, the high half first when it stands at another address.
    pub(super) fn point_registers(&self, point: &Point) -> Option<Vec<u16>> {
        self.point_words(point, &mut Vec::new())
            .ok()
            .map(<[u16]>::to_vec)
    }
}
