//! Rows that hold the chunks of many points: one blob of about 64 KiB wastes less than a row a
//! point.

use super::bytes::{Bytes, put};
use super::calendar::Day;
use super::hot::BootKey;
use super::names::PointKey;
use rusqlite::{Connection, params};

/// A row is closed once it is this long; a reader walks its pages from the front.
const PACK_BYTES: usize = 64 << 10;

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Content {
    /// Chunks of whole days.
    Days = 0,
    /// Chunks of a part of a day, to be merged when it is over.
    Parts = 1,
    /// Rolls of the hours of a day.
    Hours = 2,
}

/// Collects chunks in point order and writes full rows.
#[derive(Debug)]
pub(super) struct Packer {
    content: Content,
    day: Day,
    boot: BootKey,
    parts: Vec<(PointKey, usize, u32)>,
    body: Vec<u8>,
}

/// Points of one group share rows and no others, so that a group can be rewritten alone.
const GROUP: PointKey = 64;

/// The group of a point.
pub(super) fn group(point: PointKey) -> u32 {
    point / GROUP
}

/// The first and the last point of a group.
pub(super) fn members(group: u32) -> (PointKey, PointKey) {
    (group * GROUP, group * GROUP + (GROUP - 1))
}

/// A point's piece of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) point: PointKey,
    offset: usize,
    length: usize,
    crc: u32,
}

impl Packer {
    pub(super) fn new(content: Content, day: Day, boot: BootKey) -> Self {
        Self {
            content,
            day,
            boot,
            parts: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        db: &Connection,
        point: PointKey,
        chunk: &[u8],
    ) -> Result<(), rusqlite::Error> {
        let other = self
            .parts
            .last()
            .is_some_and(|last| group(last.0) != group(point));
        if other || (!self.body.is_empty() && self.body.len() + chunk.len() > PACK_BYTES) {
            self.write(db)?;
        }
        self.parts
            .push((point, chunk.len(), crc32fast::hash(chunk)));
        self.body.extend_from_slice(chunk);
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn write(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let low = self.parts.iter().map(|part| part.0).min();
        let high = self.parts.iter().map(|part| part.0).max();
        if let (Some(low), Some(high)) = (low, high) {
            let mut parts = Vec::new();
            for (point, length, crc) in self.parts.drain(..) {
                put(&mut parts, u64::from(point));
                put(&mut parts, length as u64);
                parts.extend(crc.to_le_bytes());
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

/// The pieces of a row.
pub(super) fn pieces(parts: &[u8]) -> Vec<Piece> {
    let mut bytes = Bytes(parts);
    let mut offset = 0usize;
    let next = || {
        let point = PointKey::try_from(bytes.number()?).ok()?;
        let length = bytes.count()?;
        let crc = u32::from_le_bytes(bytes.take(4)?.try_into().ok()?);
        let piece = Piece {
            point,
            offset,
            length,
            crc,
        };
        offset = offset.checked_add(length)?;
        Some(piece)
    };
    std::iter::from_fn(next).collect()
}

/// The bytes of a piece; `Ok(None)` when the card has garbled them.
pub(super) fn fetch(
    db: &Connection,
    row: i64,
    piece: Piece,
) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    let body = db.blob_open("main", "pack", "body", row, true)?;
    if piece.offset.saturating_add(piece.length) > body.len() {
        return Ok(None);
    }
    let mut bytes = vec![0; piece.length];
    body.read_at_exact(&mut bytes, piece.offset)?;
    Ok((crc32fast::hash(&bytes) == piece.crc).then_some(bytes))
}

/// The point's pieces of a day, oldest first; those of a wrong clock only when `undated`.
pub(super) fn find(
    db: &Connection,
    content: &[Content],
    (day, point): (Day, PointKey),
    undated: bool,
) -> Result<Vec<(i64, Piece)>, rusqlite::Error> {
    let mut rows = db.prepare(
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
            let here = pieces(row.get_ref(3)?.as_blob().unwrap_or_default());
            let mine = here.into_iter().filter(|piece| piece.point == point);
            found.extend(mine.map(|piece| (id, piece)));
        }
    }
    Ok(found)
}
