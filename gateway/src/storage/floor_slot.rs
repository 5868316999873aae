//! [`FloorSlot`]: what one of the two places in `pantau.seq` says.

use super::row_numbers::RowNumbers;
use super::store_extent::StoreExtent;
use super::store_identity::is_store_id;
use crate::domain::ReadingSeq;
use crate::domain::store_event::StoreEventKind;
use std::path::Path;

/// Bytes of one slot.
// 512 bytes is the sector that a card writes as a whole.
pub(super) const SLOT_BYTES: usize = 512;

/// Store to which the small file belongs, as far as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownStore {
    pub(super) id: String,
    /// Last numbers of rows that people know.
    pub(super) rows: RowNumbers,
    /// From when to when it has readings; `None` where that was not written down.
    pub(super) extent: Option<StoreExtent>,
}

/// The file is not that of the store that was written last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OtherStore {
    pub(super) kind: StoreEventKind,
    /// Store that was written last.
    pub(super) known: KnownStore,
}

/// Content of a valid slot.
#[derive(Debug)]
pub(super) struct FloorSlot {
    pub(super) bound: ReadingSeq,
    /// Id of the store; `None` in a slot of a version that had none.
    pub(super) id: Option<String>,
    /// Last numbers of rows; 0 in a slot of a version that kept none.
    pub(super) rows: RowNumbers,
    /// From when to when there are readings; `None` in a slot of a version that did not say it.
    pub(super) extent: Option<StoreExtent>,
    /// Last number that was durable then; 0 in a slot of a version that did not say it.
    pub(super) durable: ReadingSeq,
    /// Number of the slot (0 or 1).
    pub(super) place: u64,
}

impl FloorSlot {
    /// Returns the store that was written last when the file is not that one any more. `found`: id
    /// and bound in the file, the bound that it had when it was put back from a backup, and its
    /// last number.
    pub(super) fn other_store(
        &self,
        (id, inside, restored, last): (
            Option<&str>,
            Option<ReadingSeq>,
            Option<ReadingSeq>,
            ReadingSeq,
        ),
    ) -> Option<OtherStore> {
        let known = self.known()?;
        let kind = match (id, inside) {
            (Some(id), _) if id != known.id => StoreEventKind::Replaced,
            _ if self.bound == 0 || restored.is_some() => return None,
            (_, None) => StoreEventKind::Lost,
            // 0 is that of a file that was mended, which says itself what it lacks.
            (Some(_), Some(inside)) if (1..self.bound).contains(&inside) => StoreEventKind::Older,
            (Some(_), Some(1..)) if last < self.durable => StoreEventKind::LogLost,
            _ => return None,
        };
        Some(OtherStore { kind, known })
    }

    /// Store to which it belongs; `None` without an id.
    pub(super) fn known(&self) -> Option<KnownStore> {
        Some(KnownStore {
            id: self.id.clone()?,
            rows: self.rows,
            extent: self.extent,
        })
    }
}

/// Returns the valid slot with the greater bound.
pub(super) fn read_newest_slot(path: &Path) -> Option<FloorSlot> {
    let bytes = std::fs::read(path).ok()?;
    let slots = bytes.chunks(SLOT_BYTES).zip(0..2u64);
    slots
        .filter_map(|(bytes, place)| parse_slot(bytes, place))
        // Numbers only grow: of two slots with one bound the later one has the greater ones.
        .max_by_key(|slot| (slot.bound, slot.rows, slot.durable, slot.extent))
}

/// Reads `BOUND ID ROWS EXTENT DURABLE CRC` or, of earlier versions, the same without the later
/// words.
fn parse_slot(bytes: &[u8], place: u64) -> Option<FloorSlot> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (words, crc) = text.trim().rsplit_once(' ')?;
    if u32::from_str_radix(crc, 16).ok()? != crc32fast::hash(words.as_bytes()) {
        return None;
    }
    let mut words = words.split(' ');
    let digits = words.next()?;
    let id = words.next().filter(|id| is_store_id(id));
    let rows = words.next().map(RowNumbers::parse);
    let extent = words.next().and_then(StoreExtent::parse);
    let durable = words.next().and_then(|digits| digits.parse().ok());
    Some(FloorSlot {
        durable: durable.unwrap_or(0),
        bound: digits.parse().ok()?,
        id: id.map(str::to_owned),
        rows: rows.unwrap_or_default(),
        extent,
        place,
    })
}
