//! Rows of table `pack`: chunks of many points in one blob.
//!
//! SQLite stores one blob of about 64 KiB with less waste than one row a point and day, since every
//! row of its own leaves part of its last overflow page empty.

use super::key_registry::PointKey;
use super::local_calendar::LocalDay;
use super::memtable::BootKey;
use super::varint::{ByteReader, put};
use rusqlite::{Connection, params};

/// Length at which a row is closed, bytes.
// SQLite walks the overflow pages of a blob from the front: a longer row makes its last chunk slow
// to read.
const PACK_BYTES_MAX: usize = 64 << 10;

/// Content of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum PackContent {
    /// Chunks of whole days.
    Days = 0,
    /// Chunks of a part of a day, merged when the day is over.
    Parts = 1,
    /// Hourly roll-ups of a day.
    Hours = 2,
}

/// Collects chunks in the order of points and writes full rows.
#[derive(Debug)]
pub(super) struct PackWriter {
    content: PackContent,
    day: LocalDay,
    boot: BootKey,
    parts: Vec<(PointKey, usize, u32)>,
    body: Vec<u8>,
}

/// Points a group. Groups never share a row, so that one group can be rewritten alone.
const GROUP_POINTS: PointKey = 64;

/// Returns the group of a point.
pub(super) fn group_of_point(point: PointKey) -> u32 {
    point / GROUP_POINTS
}

/// Returns the first and the last point of a group.
pub(super) fn points_of_group(group: u32) -> (PointKey, PointKey) {
    (
        group * GROUP_POINTS,
        group * GROUP_POINTS + (GROUP_POINTS - 1),
    )
}

/// Position and checksum of a point's chunk within a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackPiece {
    pub(super) point: PointKey,
    offset: usize,
    length: usize,
    crc: u32,
}

impl PackWriter {
    pub(super) fn new(content: PackContent, day: LocalDay, boot: BootKey) -> Self {
        Self {
            content,
            day,
            boot,
            parts: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a chunk; writes the row first when it is full or belongs to another group.
    pub(super) fn add(
        &mut self,
        db: &Connection,
        point: PointKey,
        chunk: &[u8],
    ) -> Result<(), rusqlite::Error> {
        // A row of two groups could not be rewritten with one of them.
        let other = self
            .parts
            .last()
            .is_some_and(|last| group_of_point(last.0) != group_of_point(point));
        if other || (!self.body.is_empty() && self.body.len() + chunk.len() > PACK_BYTES_MAX) {
            self.write_row(db)?;
        }
        self.parts
            .push((point, chunk.len(), crc32fast::hash(chunk)));
        self.body.extend_from_slice(chunk);
        Ok(())
    }

    /// Writes the chunks collected so far as one row.
    pub(super) fn write_row(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let low = self.parts.iter().map(|part| part.0).min();
        let high = self.parts.iter().map(|part| part.0).max();
        if let (Some(low), Some(high)) = (low, high) {
            let mut parts = Vec::new();
            for piece in self.parts.drain(..) {
                put_piece(&mut parts, piece);
            }
            db.execute(
                "INSERT INTO pack(content, day, boot, low, high, parts, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    self.content as u8,
                    self.day,
                    self.boot,
                    low,
                    high,
                    parts,
                    self.body
                ],
            )?;
            self.body.clear();
        }
        Ok(())
    }
}

/// Decodes the list of chunks of a row; ends at the first invalid entry.
pub(super) fn parse_pieces(parts: &[u8]) -> Vec<PackPiece> {
    let mut bytes = ByteReader(parts);
    let mut offset = 0usize;
    let next = || {
        let point = PointKey::try_from(bytes.read_varint()?).ok()?;
        let length = bytes.read_length()?;
        let crc = u32::from_le_bytes(bytes.take(4)?.try_into().ok()?);
        let piece = PackPiece {
            point,
            offset,
            length,
            crc,
        };
        // A garbled length must not wrap around to a valid offset.
        offset = offset.checked_add(length)?;
        Some(piece)
    };
    std::iter::from_fn(next).collect()
}

/// Chunks of a row that are whole, and what is missing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WholePieces {
    /// List of the chunks.
    pub(super) parts: Vec<u8>,
    /// The chunks.
    pub(super) body: Vec<u8>,
    /// Points with a chunk that is garbled; where the list is cut off, all that the row may have
    /// held.
    pub(super) garbled: Vec<PointKey>,
}

/// Leaves the garbled chunks of a row out.
pub(super) fn keep_whole_pieces(
    (parts, body): (&[u8], &[u8]),
    (low, high): (PointKey, PointKey),
) -> WholePieces {
    let mut kept = WholePieces::default();
    let pieces = parse_pieces(parts);
    let listed = pieces.last().map_or(0, |last| last.offset + last.length);
    let mut whole = Vec::new();
    for piece in pieces {
        let end = piece.offset.saturating_add(piece.length);
        let chunk = body.get(piece.offset..end);
        match chunk.filter(|chunk| crc32fast::hash(chunk) == piece.crc) {
            Some(chunk) => {
                put_piece(&mut kept.parts, (piece.point, piece.length, piece.crc));
                kept.body.extend_from_slice(chunk);
                whole.push(piece.point);
            }
            None => kept.garbled.push(piece.point),
        }
    }
    if listed != body.len() {
        let group = (low..=high).take(GROUP_POINTS as usize);
        kept.garbled
            .extend(group.filter(|point| !whole.contains(point)));
        kept.garbled.sort_unstable();
        kept.garbled.dedup();
    }
    kept
}

/// Appends an entry to the list of the chunks of a row.
fn put_piece(parts: &mut Vec<u8>, (point, length, crc): (PointKey, usize, u32)) {
    put(parts, u64::from(point));
    put(parts, length as u64);
    parts.extend(crc.to_le_bytes());
}

/// Reads the bytes of a chunk; `Ok(None)` when their CRC-32 is wrong.
pub(super) fn read_piece(
    db: &Connection,
    row: i64,
    piece: PackPiece,
) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    // Incremental blob reading: one chunk of a row is read without loading the row.
    let body = db.blob_open("main", "pack", "body", row, true)?;
    if piece.offset.saturating_add(piece.length) > body.len() {
        return Ok(None);
    }
    let mut bytes = vec![0; piece.length];
    body.read_at_exact(&mut bytes, piece.offset)?;
    Ok((crc32fast::hash(&bytes) == piece.crc).then_some(bytes))
}

/// Returns the chunks of a point and day, oldest first; those of an untrusted clock only when
/// `undated`.
pub(super) fn find_pieces(
    db: &Connection,
    content: &[PackContent],
    (day, point): (LocalDay, PointKey),
    undated: bool,
) -> Result<Vec<(i64, PackPiece)>, rusqlite::Error> {
    let mut rows = db.prepare_cached(
        "SELECT id, content, boot, parts FROM pack WHERE day = ?1 AND low <= ?2 AND high >= ?2
         ORDER BY id",
    )?;
    let mut rows = rows.query(params![day, point])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: u8 = row.get(1)?;
        let boot: BootKey = row.get(2)?;
        if content.iter().any(|content| *content as u8 == kind) && (undated || boot == 0) {
            let id = row.get(0)?;
            let here = parse_pieces(row.get_ref(3)?.as_blob().unwrap_or_default());
            let mine = here.into_iter().filter(|piece| piece.point == point);
            found.extend(mine.map(|piece| (id, piece)));
        }
    }
    Ok(found)
}
