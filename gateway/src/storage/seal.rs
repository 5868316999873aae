//! Sealing: from the journal to compressed chunks.
//!
//! Parts of the current day are sealed every hour, whole days when they are over.

use super::chunk_codec;
use super::data_damage::note_garbled_chunk;
use super::delivery_lanes::DeliveryLanes;
use super::digest::mark_day_due;
use super::key_registry::PointKey;
use super::leaving_samples::LeavingSamples;
use super::local_calendar::{HOUR_MS, LocalDay};
use super::memtable::{BootKey, ColumnKey, sort_and_dedup};
use super::meta_table::write_meta;
use super::pack_rows::{PackContent, PackWriter, group_of_point, parse_pieces, read_piece};
use super::rollup::{RollupCodec, SampleRollup};
use super::schema;
use super::snapshot_shelf::ChangedStretch;
use super::store_values::StoreAccess;
use super::varint::{ByteReader, put};
use super::writer::StoreWriter;
use super::{damage_mark, found_damage};
use crate::clock::ClockStamp;
use crate::domain::{Sample, UtcMs};
use crate::evidence::RecordReason;
use crate::limits::MEMTABLE_BYTES_MAX;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Samples to merge, by point.
pub(super) type SamplesByPoint = BTreeMap<PointKey, Vec<Sample>>;

/// Returns the next full hour, at which parts are sealed, ms.
pub(super) fn next_full_hour(now: UtcMs) -> i64 {
    (now.0.div_euclid(HOUR_MS) + 1) * HOUR_MS
}

impl StoreWriter {
    /// Maintenance after a flush.
    pub(super) fn run_maintenance(&mut self) {
        if self.access == StoreAccess::Read || self.cannot_write() {
            return;
        }
        self.follow_time_source();
        self.date_late_readings();
        self.look_after_hold();
        let now = self.clock.now();
        // A clock that was set back by more than two hours counts as a new hour, else nothing would
        // be sealed until it has caught up.
        let hourly = !(self.seal_after - 2 * HOUR_MS..self.seal_after).contains(&now.at.0);
        if let Err(fault) = self.maintain_at(now, hourly) {
            found_damage::look_at(&fault);
            tracing::warn!(%fault, "sealing failed; the journal keeps the readings, tried again");
            self.seal_after = now.at.0 + 60_000;
        }
    }

    /// Does one piece of maintenance, small enough that the next flush is not late.
    fn maintain_at(&mut self, now: ClockStamp, hourly: bool) -> Result<(), rusqlite::Error> {
        if hourly || self.memtable.memory_bytes() > MEMTABLE_BYTES_MAX {
            self.seal_parts()?;
        }
        if hourly || self.lacks_extent() {
            self.keep_extent();
        }
        if self.note_clock_steps()? {
            // Readings after the step are dated from it, also when the power fails within the hour.
            self.note_clock_pair()?;
        }
        // An untrusted clock ends no day.
        if let Some(limit) = self.closing_limit(now)
            && (self.merge_next_group(limit)? || self.close_due_days(now.at, limit))
        {
            self.schedule_maintenance();
        }
        if hourly {
            self.apply_retention(now)?;
            self.seal_after = next_full_hour(now.at);
            self.note_clock_pair()?;
            if !self.held.is_held() {
                schema::copy_log_into_file(&self.db)?;
            }
            if self.health.damage.is_none() {
                damage_mark::clear_mark(self.file.parent().unwrap_or(Path::new(".")));
                // New damage after this hour ends the program again, for a mended start.
                self.health.was_restarted = false;
            }
        }
        Ok(())
    }

    /// Merges one group of points of one day up to `limit`; returns whether there was one.
    pub(super) fn merge_next_group(&mut self, limit: LocalDay) -> Result<bool, rusqlite::Error> {
        let Some(key) = self.find_unmerged_part(limit) else {
            return Ok(false);
        };
        let place = (key.day, group_of_point(key.point));
        let nothing_more = |_: &Connection| Ok(());
        self.merge_days(
            BTreeMap::from([(place, SamplesByPoint::new())]),
            nothing_more,
        )?;
        Ok(true)
    }

    /// Returns a part of a day up to `limit` that is not merged yet.
    pub(super) fn find_unmerged_part(&self, limit: LocalDay) -> Option<ColumnKey> {
        let over = |key: &&ColumnKey| key.boot == 0 && key.day <= limit;
        self.unmerged_parts.iter().find(over).copied()
    }

    /// Writes the memtable as parts, and deletes journal rows that all sinks have passed.
    pub(super) fn seal_parts(&mut self) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        let keys: Vec<ColumnKey> = self.memtable.keys().collect();
        for day in keys.chunk_by(|a, b| (a.boot, a.day) == (b.boot, b.day)) {
            let mut packer = PackWriter::new(PackContent::Parts, day[0].day, day[0].boot);
            for key in day {
                let mut samples = Vec::new();
                if let Some(column) = self.memtable.get(*key) {
                    column.read_into(&mut samples);
                }
                sort_and_dedup(&mut samples);
                for piece in samples.chunks(chunk_codec::CHUNK_SAMPLES_MAX) {
                    packer.add(&transaction, key.point, &chunk_codec::encode_chunk(piece))?;
                }
            }
            packer.write_row(&transaction)?;
            if day[0].boot == 0 {
                mark_day_due(&transaction, day[0].day, RecordReason::Late)?;
                self.closing.invalidate_day(day[0].day);
            }
        }
        let sealed = self.durable.cast_signed();
        write_meta(&transaction, "sealed_seq", sealed)?;
        write_meta(&transaction, "last_seq", sealed)?;
        self.latest.save(&transaction)?;
        // The slowest sink decides; without sinks the sealed samples are enough.
        let cursors = self.cursors.values().map(DeliveryLanes::cursor);
        let passed = cursors.min().unwrap_or(u64::MAX);
        transaction.execute(
            "DELETE FROM journal WHERE first + n - 1 <= ?",
            [passed.min(self.durable).cast_signed()],
        )?;
        transaction.commit()?;
        // Only after the commit: a failure keeps all samples in memory.
        self.memtable.clear();
        self.unmerged_parts.extend(keys);
        Ok(())
    }

    /// Merges samples with what is stored of their days, and does what `also` does, all in one
    /// transaction.
    pub(super) fn merge_days(
        &mut self,
        days: BTreeMap<(LocalDay, u32), SamplesByPoint>,
        also: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>,
    ) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        also(&transaction)?;
        let mut merged = Vec::new();
        for ((day, group), extra) in days {
            let start = self.calendar.day_start(day);
            let frozen = day < self.raw_deleted_before;
            if let Some(stretch) = changed_stretch(&extra) {
                self.snapshots.forget(&transaction, stretch)?;
                mark_day_due(&transaction, day, RecordReason::Import)?;
                self.closing.invalidate_day(day);
            }
            let merged_day = MergedDay {
                day,
                start,
                end: self.calendar.day_start(day + 1),
                frozen,
                now: self.clock.now().at,
            };
            for point in merge_group(&transaction, &merged_day, group, extra)? {
                merged.push(ColumnKey {
                    boot: 0,
                    day,
                    point,
                });
            }
        }
        transaction.commit()?;
        for key in merged {
            self.unmerged_parts.remove(&key);
        }
        Ok(())
    }
}

/// Stretch of time of samples that come in; `None` without any.
pub(super) fn changed_stretch(samples: &SamplesByPoint) -> Option<ChangedStretch> {
    let times = samples.values().flatten().map(|sample| sample.at.0);
    let (from, to) = (times.clone().min()?, times.max()?);
    let dated = true;
    Some(ChangedStretch { from, to, dated })
}

/// Day whose samples are merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct MergedDay {
    pub(super) day: LocalDay,
    /// First moment of the day.
    pub(super) start: UtcMs,
    /// First moment of the next day.
    pub(super) end: UtcMs,
    /// Raw samples of the day were deleted by retention.
    pub(super) frozen: bool,
    /// Present time.
    pub(super) now: UtcMs,
}

/// Rewrites the samples of a group of points on a day as whole-day chunks with roll-ups; returns
/// the points.
pub(super) fn merge_group(
    db: &Connection,
    place: &MergedDay,
    group: u32,
    extra: SamplesByPoint,
) -> Result<BTreeSet<PointKey>, rusqlite::Error> {
    rewrite_group(db, place, (group, extra), &mut LeavingSamples::nothing())
}

/// Does the same, and takes samples out.
pub(super) fn rewrite_group(
    db: &Connection,
    place: &MergedDay,
    (group, mut extra): (u32, SamplesByPoint),
    leaving: &mut LeavingSamples,
) -> Result<BTreeSet<PointKey>, rusqlite::Error> {
    let MergedDay {
        day, start, frozen, ..
    } = *place;
    let old = group_rows(db, day, group)?;
    let mut points: BTreeSet<PointKey> = extra.keys().copied().collect();
    for (_, content, pieces) in &old {
        if *content != PackContent::Hours as u8 {
            points.extend(pieces.iter().map(|piece| piece.point));
        }
    }
    let mut days = PackWriter::new(PackContent::Days, day, 0);
    let mut hours = PackWriter::new(PackContent::Hours, day, 0);
    for point in &points {
        let mut samples = Vec::new();
        for (row, content, pieces) in &old {
            for piece in pieces.iter().filter(|piece| piece.point == *point) {
                if *content != PackContent::Hours as u8 {
                    samples.extend(read_or_quarantine(db, place, *row, *piece)?);
                }
            }
        }
        samples.extend(extra.remove(point).unwrap_or_default());
        sort_and_dedup(&mut samples);
        if leaving.take_from(*point, &mut samples) && samples.is_empty() {
            forget_daily(db, *point, day)?;
            continue;
        }
        for piece in samples.chunks(chunk_codec::CHUNK_SAMPLES_MAX) {
            days.add(db, *point, &chunk_codec::encode_chunk(piece))?;
        }
        let rolls = rollups_by_hour(&samples, start);
        // `frozen`: the raw samples of the day were deleted by retention. Its roll-ups cannot be
        // worked out again from a late sample alone.
        if !frozen || !has_daily_rollup(db, *point, day)? {
            upsert_daily(db, *point, day, &rolls)?;
            hours.add(db, *point, &encode_hours(&rolls))?;
        }
    }
    for (row, content, _) in &old {
        if !frozen || *content != PackContent::Hours as u8 {
            db.execute("DELETE FROM pack WHERE id = ?", [row])?;
        }
    }
    days.write_row(db)?;
    hours.write_row(db)?;
    Ok(points)
}

/// Row of table `pack`: id, content, chunks.
type PackRow = (i64, u8, Vec<super::pack_rows::PackPiece>);

/// Returns the rows of a point group on a day, oldest first.
fn group_rows(db: &Connection, day: LocalDay, group: u32) -> Result<Vec<PackRow>, rusqlite::Error> {
    let (low, high) = super::pack_rows::points_of_group(group);
    let mut rows = db.prepare(
        "SELECT id, content, parts FROM pack
         WHERE day = ? AND low BETWEEN ? AND ? AND boot = 0 ORDER BY id",
    )?;
    rows.query_map(params![day, low, high], |row| {
        let parts = row.get_ref(2)?.as_blob().unwrap_or_default();
        Ok((row.get(0)?, row.get(1)?, parse_pieces(parts)))
    })?
    .collect()
}

/// Returns the samples of a chunk; a garbled one is copied to table `damaged` and gives none.
fn read_or_quarantine(
    db: &Connection,
    place: &MergedDay,
    row: i64,
    piece: super::pack_rows::PackPiece,
) -> Result<Vec<Sample>, rusqlite::Error> {
    if let Some(samples) = read_piece(db, row, piece)?
        .as_deref()
        .and_then(chunk_codec::decode_chunk)
    {
        return Ok(samples);
    }
    tracing::error!(row, point = piece.point, "a garbled chunk was set aside");
    mark_day_due(db, place.day, RecordReason::Damage)?;
    super::snapshot_shelf::forget_all(db);
    let bounds = (place.start, place.end);
    note_garbled_chunk(db, place.now, (place.day, piece.point), bounds)?;
    db.execute(
        "INSERT INTO damaged(at, origin, body) SELECT ?, ?, body FROM pack WHERE id = ?",
        params![
            place.now.0,
            format!("pack {row} point {}", piece.point),
            row
        ],
    )?;
    Ok(Vec::new())
}

/// Roll-ups of the hours of a day that have samples.
pub(super) type HourlyRollups = Vec<(u8, SampleRollup)>;

/// Adds samples up by hour from the first moment of the day.
pub(super) fn rollups_by_hour(samples: &[Sample], start: UtcMs) -> HourlyRollups {
    let mut rolls: HourlyRollups = Vec::new();
    for sample in samples {
        // A day can have 23 or 25 hours; 31 is the bound of the bit mask.
        let hour = (sample.at.0 - start.0).div_euclid(HOUR_MS).clamp(0, 31);
        let hour = u8::try_from(hour).unwrap_or(31);
        match rolls.last_mut() {
            Some((last, roll)) if *last == hour => roll.add(sample),
            _ => {
                let mut roll = SampleRollup::default();
                roll.add(sample);
                rolls.push((hour, roll));
            }
        }
    }
    rolls
}

/// Encodes hourly roll-ups: a bit mask of the hours, then the roll-ups.
fn encode_hours(rolls: &HourlyRollups) -> Vec<u8> {
    let present = rolls.iter().fold(0u64, |mask, (hour, _)| mask | 1 << hour);
    let (mut out, mut tracks) = (Vec::new(), RollupCodec::default());
    put(&mut out, present);
    for (_, roll) in rolls {
        tracks.put(&mut out, roll);
    }
    out
}

/// The inverse of `write_hours`.
pub(super) fn decode_hours(blob: &[u8]) -> Option<HourlyRollups> {
    let (mut bytes, mut tracks) = (ByteReader(blob), RollupCodec::default());
    let present = bytes.read_varint()?;
    let hours = (0u8..32).filter(|hour| present >> hour & 1 == 1);
    hours
        .map(|hour| Some((hour, tracks.decode(&mut bytes)?)))
        .collect()
}

/// Stores the daily roll-up of a point.
fn upsert_daily(
    db: &Connection,
    point: PointKey,
    day: LocalDay,
    rolls: &HourlyRollups,
) -> Result<(), rusqlite::Error> {
    let mut whole = SampleRollup::default();
    for (_, roll) in rolls {
        whole.append(roll);
    }
    let mut out = Vec::new();
    RollupCodec::default().put(&mut out, &whole);
    db.execute(
        "INSERT OR REPLACE INTO daily(point, day, roll) VALUES (?, ?, ?)",
        params![point, day, out],
    )?;
    Ok(())
}

/// Deletes the daily roll-up of a point without samples.
fn forget_daily(db: &Connection, point: PointKey, day: LocalDay) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM daily WHERE point = ? AND day = ?")?
        .execute(params![point, day])
        .map(drop)
}

/// Returns whether the point has a daily roll-up for the day.
fn has_daily_rollup(
    db: &Connection,
    point: PointKey,
    day: LocalDay,
) -> Result<bool, rusqlite::Error> {
    db.prepare("SELECT 1 FROM daily WHERE point = ? AND day = ?")?
        .exists(params![point, day])
}

/// Returns the parts on disk that are not merged yet.
pub(super) fn load_unmerged_parts(db: &Connection) -> Result<BTreeSet<ColumnKey>, rusqlite::Error> {
    let mut rows = db.prepare("SELECT day, boot, parts FROM pack WHERE content = 1")?;
    let mut rows = rows.query([])?;
    let mut keys = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (day, boot): (LocalDay, BootKey) = (row.get(0)?, row.get(1)?);
        for piece in parse_pieces(row.get_ref(2)?.as_blob().unwrap_or_default()) {
            let point = piece.point;
            keys.insert(ColumnKey { boot, day, point });
        }
    }
    Ok(keys)
}
