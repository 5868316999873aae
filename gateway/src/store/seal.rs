//! From the journal to chunks: parts of the day every hour, whole days when they are over.

use super::access::Access;
use super::bytes::{Bytes, put};
use super::calendar::Day;
use super::chunk;
use super::digest::mark;
use super::hot::{BootKey, Key, merge};
use super::keeper::Keeper;
use super::names::PointKey;
use super::pack::{Content, Packer, fetch, group, pieces};
use super::roll::{Roll, RollTracks};
use super::start::set_meta;
use crate::clock::Stamp;
use crate::evidence::Why;
use crate::limits::HOT_BYTES_MAX;
use crate::model::{Sample, UtcMs};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds of an hour: parts are sealed this often, which bounds what a start must replay.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// A day is over this long after midnight, so that its last readings have come.
pub(super) const GRACE_MS: i64 = 300_000;

/// Samples to merge into a day, by point.
pub(super) type Extra = BTreeMap<PointKey, Vec<Sample>>;

impl Keeper {
    /// Work that follows a flush; a small piece each time, so that the next flush is not late.
    pub(super) fn tend(&mut self) {
        if self.access == Access::Read {
            return;
        }
        let now = self.clock.now();
        let hourly = !(self.seal_after - 2 * HOUR_MS..self.seal_after).contains(&now.at.0);
        if let Err(fault) = self.tend_at(now, hourly) {
            tracing::warn!(%fault, "sealing failed; the journal keeps the readings, tried again");
            self.seal_after = now.at.0 + 60_000;
        }
    }

    fn tend_at(&mut self, now: Stamp, hourly: bool) -> Result<(), rusqlite::Error> {
        if hourly || self.hot.bytes() > HOT_BYTES_MAX {
            self.seal_parts()?;
        }
        let today = self.calendar.day(UtcMs(now.at.0 - GRACE_MS));
        // A clock that may be wrong ends no day.
        if now.trusted && (self.merge_one(today - 1)? || self.close_in_time(now.at)) {
            self.tend_soon();
        }
        if hourly {
            self.retain(now)?;
            self.seal_after = (now.at.0.div_euclid(HOUR_MS) + 1) * HOUR_MS;
        }
        Ok(())
    }

    /// Merges a group of points of one day up to `limit`, when there is one to merge.
    pub(super) fn merge_one(&mut self, limit: Day) -> Result<bool, rusqlite::Error> {
        let Some(key) = self.part_over(limit) else {
            return Ok(false);
        };
        let place = (key.day, group(key.point));
        self.merge_all(BTreeMap::from([(place, Extra::new())]))?;
        Ok(true)
    }

    /// A part of a day up to `limit` that is not merged yet.
    pub(super) fn part_over(&self, limit: Day) -> Option<Key> {
        let over = |key: &&Key| key.boot == 0 && key.day <= limit;
        self.parts.iter().find(over).copied()
    }

    /// Writes everything in the hot tail as parts, and lets the journal rows go that nobody needs.
    pub(super) fn seal_parts(&mut self) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        let keys: Vec<Key> = self.hot.keys().collect();
        for day in keys.chunk_by(|a, b| (a.boot, a.day) == (b.boot, b.day)) {
            let mut packer = Packer::new(Content::Parts, day[0].day, day[0].boot);
            for key in day {
                let mut samples = Vec::new();
                if let Some(column) = self.hot.get(*key) {
                    column.read_into(&mut samples);
                }
                merge(&mut samples);
                for piece in samples.chunks(chunk::SAMPLES_MAX) {
                    packer.add(&transaction, key.point, &chunk::write(piece))?;
                }
            }
            packer.write(&transaction)?;
            if day[0].boot == 0 {
                mark(&transaction, day[0].day, Why::Late)?;
                self.closing.disturb(day[0].day);
            }
        }
        let sealed = self.durable.cast_signed();
        set_meta(&transaction, "sealed_seq", sealed)?;
        set_meta(&transaction, "last_seq", sealed)?;
        self.latest.write(&transaction)?;
        let passed = self.cursors.values().min().copied().unwrap_or(u64::MAX);
        transaction.execute(
            "DELETE FROM journal WHERE first + n - 1 <= ?",
            [passed.min(self.durable).cast_signed()],
        )?;
        transaction.commit()?;
        self.hot.clear();
        self.parts.extend(keys);
        Ok(())
    }

    /// Merges samples and what is kept of their days, all in one transaction.
    pub(super) fn merge_all(
        &mut self,
        days: BTreeMap<(Day, u32), Extra>,
    ) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        let mut merged = Vec::new();
        for ((day, group), extra) in days {
            let start = self.calendar.start(day);
            let frozen = day < self.gone_before;
            if !extra.is_empty() {
                mark(&transaction, day, Why::Import)?;
                self.closing.disturb(day);
            }
            for point in merge_group(&transaction, (day, start, frozen), group, extra)? {
                merged.push(Key {
                    boot: 0,
                    day,
                    point,
                });
            }
        }
        transaction.commit()?;
        for key in merged {
            self.parts.remove(&key);
        }
        Ok(())
    }
}

/// Rewrites what is kept of a group of points on a day as whole-day chunks with their rolls. The
/// points it touched.
pub(super) fn merge_group(
    db: &Connection,
    (day, start, frozen): (Day, UtcMs, bool),
    group: u32,
    mut extra: Extra,
) -> Result<BTreeSet<PointKey>, rusqlite::Error> {
    let old = rows_of(db, day, group)?;
    let mut points: BTreeSet<PointKey> = extra.keys().copied().collect();
    for (_, content, pieces) in &old {
        if *content != Content::Hours as u8 {
            points.extend(pieces.iter().map(|piece| piece.point));
        }
    }
    let mut days = Packer::new(Content::Days, day, 0);
    let mut hours = Packer::new(Content::Hours, day, 0);
    for point in &points {
        let mut samples = Vec::new();
        for (row, content, pieces) in &old {
            for piece in pieces.iter().filter(|piece| piece.point == *point) {
                if *content != Content::Hours as u8 {
                    samples.extend(read_or_set_aside(db, day, *row, *piece)?);
                }
            }
        }
        samples.extend(extra.remove(point).unwrap_or_default());
        merge(&mut samples);
        for piece in samples.chunks(chunk::SAMPLES_MAX) {
            days.add(db, *point, &chunk::write(piece))?;
        }
        let rolls = hour_rolls(&samples, start);
        if !frozen || !has_roll(db, *point, day)? {
            write_daily(db, *point, day, &rolls)?;
            hours.add(db, *point, &write_hours(&rolls))?;
        }
    }
    for (row, content, _) in &old {
        if !frozen || *content != Content::Hours as u8 {
            db.execute("DELETE FROM pack WHERE id = ?", [row])?;
        }
    }
    days.write(db)?;
    hours.write(db)?;
    Ok(points)
}

type Row = (i64, u8, Vec<super::pack::Piece>);

fn rows_of(db: &Connection, day: Day, group: u32) -> Result<Vec<Row>, rusqlite::Error> {
    let (low, high) = super::pack::members(group);
    let mut rows = db.prepare(
        "SELECT id, content, parts FROM pack
         WHERE day = ? AND low BETWEEN ? AND ? AND boot = 0 ORDER BY id",
    )?;
    rows.query_map(params![day, low, high], |row| {
        let parts = row.get_ref(2)?.as_blob().unwrap_or_default();
        Ok((row.get(0)?, row.get(1)?, pieces(parts)))
    })?
    .collect()
}

/// The samples of a piece; a garbled one keeps its bytes elsewhere and counts as nothing.
fn read_or_set_aside(
    db: &Connection,
    day: Day,
    row: i64,
    piece: super::pack::Piece,
) -> Result<Vec<Sample>, rusqlite::Error> {
    if let Some(samples) = fetch(db, row, piece)?.as_deref().and_then(chunk::read) {
        return Ok(samples);
    }
    tracing::error!(row, point = piece.point, "a garbled chunk was set aside");
    mark(db, day, Why::Damage)?;
    db.execute(
        "INSERT INTO damaged(at, origin, body) SELECT 0, ?, body FROM pack WHERE id = ?",
        params![format!("pack {row} point {}", piece.point), row],
    )?;
    Ok(Vec::new())
}

/// Hours of a day that have samples, with what they add up to.
pub(super) type Hours = Vec<(u8, Roll)>;

/// Adds samples up by hour from the day's first moment.
pub(super) fn hour_rolls(samples: &[Sample], start: UtcMs) -> Hours {
    let mut rolls: Hours = Vec::new();
    for sample in samples {
        let hour = (sample.at.0 - start.0).div_euclid(HOUR_MS).clamp(0, 31);
        let hour = u8::try_from(hour).unwrap_or(31);
        match rolls.last_mut() {
            Some((last, roll)) if *last == hour => roll.add(sample),
            _ => {
                let mut roll = Roll::default();
                roll.add(sample);
                rolls.push((hour, roll));
            }
        }
    }
    rolls
}

fn write_hours(rolls: &Hours) -> Vec<u8> {
    let present = rolls.iter().fold(0u64, |mask, (hour, _)| mask | 1 << hour);
    let (mut out, mut tracks) = (Vec::new(), RollTracks::default());
    put(&mut out, present);
    for (_, roll) in rolls {
        tracks.put(&mut out, roll);
    }
    out
}

/// The inverse of `write_hours`.
pub(super) fn read_hours(blob: &[u8]) -> Option<Hours> {
    let (mut bytes, mut tracks) = (Bytes(blob), RollTracks::default());
    let present = bytes.number()?;
    let hours = (0u8..32).filter(|hour| present >> hour & 1 == 1);
    hours
        .map(|hour| Some((hour, tracks.get(&mut bytes)?)))
        .collect()
}

fn write_daily(
    db: &Connection,
    point: PointKey,
    day: Day,
    rolls: &Hours,
) -> Result<(), rusqlite::Error> {
    let mut whole = Roll::default();
    for (_, roll) in rolls {
        whole.append(roll);
    }
    let mut out = Vec::new();
    RollTracks::default().put(&mut out, &whole);
    db.execute(
        "INSERT OR REPLACE INTO daily(point, day, roll) VALUES (?, ?, ?)",
        params![point, day, out],
    )?;
    Ok(())
}

fn has_roll(db: &Connection, point: PointKey, day: Day) -> Result<bool, rusqlite::Error> {
    db.prepare("SELECT 1 FROM daily WHERE point = ? AND day = ?")?
        .exists(params![point, day])
}

/// The parts that a start finds on disk.
pub(super) fn parts_on_disk(db: &Connection) -> Result<BTreeSet<Key>, rusqlite::Error> {
    let mut rows = db.prepare("SELECT day, boot, parts FROM pack WHERE content = 1")?;
    let mut rows = rows.query([])?;
    let mut keys = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (day, boot): (Day, BootKey) = (row.get(0)?, row.get(1)?);
        for piece in pieces(row.get_ref(2)?.as_blob().unwrap_or_default()) {
            let point = piece.point;
            keys.insert(Key { boot, day, point });
        }
    }
    Ok(keys)
}
