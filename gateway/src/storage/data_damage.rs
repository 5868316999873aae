//! Table `data_damage`: what was lost by damage of the file, until somebody has taken note of it.

use super::key_registry::PointKey;
use super::local_calendar::HOUR_MS;
use super::local_calendar::{self, LocalDay};
use super::missing_list::{MissingRows, join_devices};
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{DamageRequest, StoreRequest};
use super::store_values::{SampleBlock, gap_sample};
use super::writer::StoreWriter;
use crate::domain::data_damage::{DamagedContent, DataDamage};
use crate::domain::{QualityReason, SampleOutcome, UtcMs};
use crate::limits::{DAMAGE_PAGE_MAX, DAMAGE_ROWS_MAX};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};

/// Within a transaction: adds lines; what is listed already is not listed again. Returns the number
/// of new lines.
pub(super) fn note_missing(
    db: &Connection,
    at: UtcMs,
    missing: &MissingRows,
) -> Result<usize, rusqlite::Error> {
    let joined;
    let missing = if missing.len() > DAMAGE_ROWS_MAX {
        joined = join_devices(missing);
        &joined
    } else {
        missing
    };
    let mut added = 0;
    for ((what, day, device), (first, last, rows)) in missing {
        let covering = "SELECT 1 FROM data_damage
            WHERE what = ? AND day = ? AND device = ? AND first <= ? AND last >= ?";
        // A garbled chunk is met at every question about its day.
        if db
            .prepare_cached(covering)?
            .exists(params![what.word(), day, device, first, last])?
        {
            continue;
        }
        let extended = db.execute(
            "UPDATE data_damage SET first = min(first, ?4), last = max(last, ?5),
               rows = max(rows, ?6)
             WHERE what = ?1 AND day = ?2 AND device = ?3 AND seen_at IS NULL",
            params![what.word(), day, device, first, last, rows.cast_signed()],
        )?;
        if extended > 0 {
            continue;
        }
        added += 1;
        db.execute(
            "INSERT INTO data_damage(at, what, day, device, first, last, rows)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                at.0,
                what.word(),
                day,
                device,
                first,
                last,
                rows.cast_signed()
            ],
        )?;
    }
    if added > 0 {
        log_losses(missing, added);
    }
    Ok(added)
}

/// One line for a whole loss: the list has the days and devices.
fn log_losses(missing: &MissingRows, lines: usize) {
    let days = missing.keys().map(|(_, day, _)| *day);
    let bounds = days.clone().min().zip(days.max());
    let Some((from, to)) = bounds else {
        return;
    };
    let (from, to) = (local_calendar::date(from), local_calendar::date(to));
    tracing::error!(lines, %from, %to, "the store has lost data: the list is on /health");
}

/// Adds a line for a garbled chunk of samples of a day, which ends at `until`.
pub(super) fn note_garbled_chunk(
    db: &Connection,
    at: UtcMs,
    (day, point): (LocalDay, PointKey),
    (from, until): (UtcMs, UtcMs),
) -> Result<(), rusqlite::Error> {
    let find = "SELECT name FROM point WHERE id = ?";
    let name: Option<String> = db.query_row(find, [point], |row| row.get(0)).optional()?;
    let device = device_of(name.as_deref().unwrap_or_default()).into();
    // What is still to come on this day cannot be lost.
    let last = until.0.min(at.0.max(from.0 + 1)) - 1;
    let key = (DamagedContent::Readings, day, device);
    let missing = MissingRows::from([(key, (from.0, last, 0))]);
    note_missing(db, at, &missing).map(drop)
}

/// Returns the device of a point: its id begins with that of the device.
pub(super) fn device_of(point: &str) -> &str {
    point.split('.').next().unwrap_or_default()
}

/// Returns lines with a number below `before`, the newest first, at most `DAMAGE_PAGE_MAX`.
fn read_damage(db: &Connection, before: i64) -> Result<Vec<DataDamage>, rusqlite::Error> {
    let mut rows = db.prepare_cached(
        "SELECT id, at, what, day, device, first, last, rows, seen_by, seen_at FROM data_damage
         WHERE id < ? ORDER BY id DESC LIMIT ?",
    )?;
    let rows = rows.query_map([before, sql_int(DAMAGE_PAGE_MAX)], |row| {
        let what: String = row.get(2)?;
        let by: Option<String> = row.get(8)?;
        let seen_at: Option<i64> = row.get(9)?;
        Ok(DataDamage {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            at: UtcMs(row.get(1)?),
            what: DamagedContent::parse(&what).unwrap_or(DamagedContent::Readings),
            day: local_calendar::date(row.get(3)?),
            device: row.get::<_, String>(4)?.into(),
            numbers: (row.get(5)?, row.get(6)?),
            rows: row.get::<_, i64>(7)?.cast_unsigned(),
            seen: seen_at.map(|at| (by.unwrap_or_default(), UtcMs(at))),
        })
    })?;
    rows.collect()
}

/// Returns the stretches of a day in which readings of a device, or of all devices, were lost, ms
/// since 1970.
pub(super) fn lost_stretches(
    db: &Connection,
    day: LocalDay,
    device: &str,
) -> Result<Vec<(i64, i64)>, rusqlite::Error> {
    let mut rows = db.prepare_cached(
        "SELECT first, last FROM data_damage WHERE day = ? AND device IN (?, '')
           AND what = 'readings' ORDER BY first",
    )?;
    rows.query_map(params![day, device], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Returns the number of lines that nobody has taken note of.
pub(super) fn count_unseen(db: &Connection) -> Result<u64, rusqlite::Error> {
    let count = "SELECT count(*) FROM data_damage WHERE seen_at IS NULL";
    let count: i64 = db.query_row(count, [], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// Notes who has seen the lines up to a number; returns how many there were.
fn mark_seen(db: &mut Connection, now: UtcMs, last: u64, by: &str) -> Result<u64, rusqlite::Error> {
    let lock = db.transaction()?;
    let seen = lock.execute(
        "UPDATE data_damage SET seen_by = ?1, seen_at = ?2 WHERE id <= ?3 AND seen_at IS NULL",
        params![by, now.0, last.cast_signed()],
    )?;
    if seen > 0 {
        let what = format!("{seen} lines of lost data by {by}");
        super::audit::append_audit(&lock, now, "damage", &what)?;
    }
    lock.commit()?;
    Ok(seen as u64)
}

impl Store {
    /// Returns what was lost by damage of the file, the newest first: a page of the lines before
    /// the number `before`, when it is given.
    pub async fn damage_page(&self, before: Option<u64>) -> Result<Vec<DataDamage>, StoreError> {
        self.ask(|reply| StoreRequest::Damage(DamageRequest::List(before, reply)))
            .await
    }

    /// Returns all that was lost by damage of the file, the newest first, read page by page.
    pub async fn list_damage(&self) -> Result<Vec<DataDamage>, StoreError> {
        let mut all: Vec<DataDamage> = Vec::new();
        loop {
            let page = self.damage_page(all.last().map(|last| last.id)).await?;
            let is_last = page.len() < DAMAGE_PAGE_MAX;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Returns whether a point lost readings of a local day by damage: its device did, and some of
    /// the hours have none of the point.
    pub async fn has_point_lost(&self, point: &str, day: Date) -> Result<bool, StoreError> {
        let point = point.to_owned();
        self.ask(|reply| StoreRequest::Damage(DamageRequest::OfPoint { point, day, reply }))
            .await
    }

    /// Notes that a person has seen the lines up to this number; returns how many were new.
    pub async fn acknowledge_damage(&self, last: u64, by: &str) -> Result<u64, StoreError> {
        let by = by.to_owned();
        self.ask(|reply| StoreRequest::Damage(DamageRequest::Acknowledge { last, by, reply }))
            .await
    }
}

impl StoreWriter {
    /// Adds a line for a garbled chunk that a question met.
    pub(super) fn note_garbled(&self, point: PointKey, day: LocalDay) {
        // Met at every question about its day: the loss itself is told once, where it is listed.
        tracing::debug!(day, point, "a garbled chunk was left out of an answer");
        let bounds = (
            self.calendar.day_start(day),
            self.calendar.day_start(day + 1),
        );
        let now = self.clock.now().at;
        if let Err(fault) = note_garbled_chunk(&self.db, now, (day, point), bounds) {
            tracing::warn!(%fault, "the loss could not be listed");
        }
    }

    /// Marks the hours of a day in which readings of a device were lost and there are none.
    pub(super) fn mark_lost(
        &self,
        point: &str,
        day: LocalDay,
        samples: &mut SampleBlock,
    ) -> Result<(), rusqlite::Error> {
        let (from, until) = (
            self.calendar.day_start(day).0,
            self.calendar.day_start(day + 1).0,
        );
        let mut marks = Vec::new();
        for (first, last) in lost_stretches(&self.db, day, device_of(point))? {
            let (mut at, end) = (first.max(from), (last + 1).min(until));
            while at < end {
                let next = ((at.div_euclid(HOUR_MS) + 1) * HOUR_MS).min(end);
                let hour = UtcMs(at)..UtcMs(next);
                if !samples.iter().any(|sample| hour.contains(&sample.at)) {
                    marks.push(gap_sample(UtcMs(at), QualityReason::Damaged));
                }
                at = next;
            }
        }
        if !marks.is_empty() {
            samples.extend(marks);
            samples.sort_by_key(|sample| sample.at);
            samples.dedup_by_key(|sample| sample.at);
        }
        Ok(())
    }

    /// Serves a request about what was lost.
    pub(super) fn serve_damage_request(&mut self, request: DamageRequest) {
        // A send fails when the caller has gone.
        match request {
            DamageRequest::List(before, reply) => drop(reply.send(self.damage_before(before))),
            DamageRequest::Acknowledge { last, by, reply } => {
                drop(reply.send(self.acknowledge_damage(last, &by)));
            }
            DamageRequest::Keep(event, reply) => drop(reply.send(self.keep_event(event))),
            DamageRequest::OfPoint { point, day, reply } => {
                drop(reply.send(self.has_point_lost(&point, day)));
            }
        }
    }

    /// Returns whether a point lost readings of a local day.
    fn has_point_lost(&self, point: &str, day: Date) -> Result<bool, StoreError> {
        let key = self.names.point(point);
        let key = key.ok_or_else(|| StoreError::UnknownPoint(point.to_owned()))?;
        let day = local_calendar::day_number(day);
        let marked = self.samples(key, day, false).and_then(|mut samples| {
            self.mark_lost(point, day, &mut samples)?;
            Ok(samples)
        });
        let marked = marked.map_err(|fault| disk_error("reading what was lost", &fault))?;
        let lost = SampleOutcome::Bad(QualityReason::Damaged);
        Ok(marked.iter().any(|one| one.outcome == lost))
    }

    /// Returns lines of what was lost by damage, the newest first.
    fn damage_before(&self, before: Option<u64>) -> Result<Vec<DataDamage>, StoreError> {
        let before = before.map_or(i64::MAX, u64::cast_signed);
        read_damage(&self.db, before).map_err(|fault| disk_error("reading what was lost", &fault))
    }

    /// Notes that a person has seen the lines up to a number; returns how many there were.
    fn acknowledge_damage(&mut self, last: u64, by: &str) -> Result<u64, StoreError> {
        self.change_file(|db, now| {
            mark_seen(db, now, last, by)
                .map_err(|fault| disk_error("taking note of lost data", &fault))
        })
    }

    /// Counts the lines that nobody has taken note of, for the state of the store.
    pub(super) fn count_damage(&mut self) {
        match count_unseen(&self.db) {
            Ok(count) => self.health.damage_unseen = count,
            Err(fault) => tracing::warn!(%fault, "what was lost by damage cannot be counted"),
        }
    }
}
