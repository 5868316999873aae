//! Closing days: the record of a day that is over, and a further one when readings come into a
//! closed day. A piece at a time, so that the next flush is not late; a day that was cut short by a
//! stop is begun again.

use super::gather::{self, Named};
use crate::evidence::{Kind, Record, SampleLine, TextLine, Why, hash_samples};
use crate::limits::{EVIDENCE_GAP_DAYS_MAX, EVIDENCE_SAMPLES_MAX};
use crate::model::{Site, UtcMs};
use crate::store::access::Access;
use crate::store::calendar::{Day, FIRST_DAY, date};
use crate::store::fault::StoreError;
use crate::store::keeper::Keeper;
use crate::store::schema::disk;
use crate::store::seal::GRACE_MS;
use crate::store::start::{meta, set_meta};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::VecDeque;
use std::sync::Arc;

/// Last ledger entry that a record speaks for.
const LEDGER_THROUGH: &str = "ledger_digested";
/// Milliseconds between two tries after a failure.
const RETRY_MS: i64 = 60_000;

/// What the keeper remembers between two pieces.
#[derive(Debug)]
pub(in crate::store) struct Closing {
    site: Arc<str>,
    zone: Arc<str>,
    work: Option<Work>,
    /// Every day up to this one has its record, and none has been disturbed since.
    done: Option<Day>,
    not_before: i64,
}

/// A day being closed.
#[derive(Debug)]
struct Work {
    day: Day,
    reasons: Vec<Why>,
    left: VecDeque<Named>,
    lines: Vec<SampleLine>,
}

/// Within a transaction that changes a day's samples: a closed day needs a further record.
pub(in crate::store) fn mark(db: &Connection, day: Day, why: Why) -> Result<(), rusqlite::Error> {
    db.prepare(
        "INSERT OR IGNORE INTO digest_due(day, why) SELECT ?1, ?2
         WHERE ?1 <= (SELECT max(day) FROM digest)
           AND ?1 >= coalesce((SELECT value FROM meta WHERE key = 'gone_before'), ?1)",
    )?
    .execute(params![day, why.word()])?;
    Ok(())
}

impl Closing {
    pub(in crate::store) fn new(site: &Site) -> Self {
        Self {
            site: Arc::clone(&site.id),
            zone: Arc::clone(&site.timezone),
            work: None,
            done: None,
            not_before: i64::MIN,
        }
    }

    /// Samples of the day have changed: what was hashed of it counts no more.
    pub(in crate::store) fn disturb(&mut self, day: Day) {
        self.work = self.work.take().filter(|work| work.day != day);
        self.done = None;
    }
}

impl Keeper {
    /// Closes days as far as one piece goes; whether there is more to do. A failure is tried again
    /// later and holds nothing else up.
    pub(in crate::store) fn close_in_time(&mut self, now: UtcMs) -> bool {
        if now.0 < self.closing.not_before {
            return false;
        }
        self.close(now)
            .map(|left| left > 0)
            .unwrap_or_else(|fault| {
                tracing::warn!(%fault, "a day could not be closed; tried again");
                self.closing.not_before = now.0 + RETRY_MS;
                false
            })
    }

    /// One piece for somebody who waits; how many days are left.
    pub(super) fn settle(&mut self) -> Result<u64, StoreError> {
        self.flush()?;
        let now = self.clock.now();
        // A clock that may be wrong closes no day.
        if !now.trusted || self.access == Access::Read {
            return Ok(0);
        }
        self.close(now.at)
            .map_err(|fault| disk("closing days", &fault))
    }

    /// Closed days that need a record.
    pub(super) fn days_due(&mut self) -> Result<u64, rusqlite::Error> {
        let now = self.clock.now();
        if !now.trusted {
            return Ok(0);
        }
        let limit = self.calendar.day(UtcMs(now.at.0 - GRACE_MS)) - 1;
        let late = |key: crate::store::hot::Key| key.boot == 0 && key.day <= limit;
        let unsealed = u64::from(self.hot.keys().any(late));
        Ok(self.days_left(limit)?.max(unsealed))
    }

    fn close(&mut self, now: UtcMs) -> Result<u64, rusqlite::Error> {
        let limit = self.calendar.day(UtcMs(now.0 - GRACE_MS)) - 1;
        let late = |key: crate::store::hot::Key| key.boot == 0 && key.day <= limit;
        if self.hot.keys().any(late) {
            self.seal_parts()?;
        }
        if self.closing.done == Some(limit) && self.part_over(limit).is_none() {
            return Ok(0);
        }
        if !self.merge_one(limit)? {
            self.close_piece(limit, now)?;
        }
        let left = self.days_left(limit)?;
        self.closing.done = (left == 0).then_some(limit);
        Ok(left)
    }

    fn close_piece(&mut self, limit: Day, now: UtcMs) -> Result<(), rusqlite::Error> {
        let mut work = match self.closing.work.take() {
            Some(work) => work,
            None => match self.next_day(limit)? {
                Some((day, reasons)) => self.begin_day(day, reasons)?,
                None => return Ok(()),
            },
        };
        let mut room = EVIDENCE_SAMPLES_MAX;
        while room > 0
            && let Some(point) = work.left.pop_front()
        {
            let samples = self.samples(point.key, work.day, false)?;
            let count = samples.len() as u64;
            if count > 0 {
                work.lines.push(SampleLine {
                    point: point.name.to_string(),
                    count,
                    sha256: hash_samples(&samples),
                    unit: point.unit,
                });
            }
            room = room.saturating_sub(count);
        }
        if work.left.is_empty() {
            return self.finish_day(work, now);
        }
        self.closing.work = Some(work);
        Ok(())
    }

    fn begin_day(&self, day: Day, reasons: Vec<Why>) -> Result<Work, rusqlite::Error> {
        Ok(Work {
            day,
            reasons,
            left: self.points_on(day)?.into_values().collect(),
            lines: Vec::new(),
        })
    }

    /// The record, or none when nothing has changed since the last one.
    fn finish_day(&mut self, work: Work, now: UtcMs) -> Result<(), rusqlite::Error> {
        let day = work.day;
        let (from, to) = (self.calendar.start(day), self.calendar.start(day + 1));
        let transaction = self.db.transaction()?;
        let old = gather::newest_of(&transaction, day)?;
        let said: Option<Record> = old.as_ref().and_then(|old| old.record.parse().ok());
        transaction.execute("DELETE FROM digest_due WHERE day = ?", [day])?;
        if said.as_ref().is_some_and(|said| said.samples == work.lines) {
            return transaction.commit();
        }
        let head = gather::head(&transaction)?;
        let mut record = Record {
            number: head.as_ref().map_or(1, |head| head.number + 1),
            before: head.map_or(Record::NONE_BEFORE.to_owned(), |head| head.sha256),
            site: self.closing.site.to_string(),
            zone: self.closing.zone.to_string(),
            day: date(day),
            from,
            to,
            revision: old.map_or(1, |old| old.revision + 1),
            reasons: work.reasons,
            made: now,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            samples: work.lines,
            ledger: None,
            configuration: Vec::new(),
            factors: Vec::new(),
            calibrations: Vec::new(),
        };
        match said {
            // What else it spoke for has not changed.
            Some(said) => {
                record.ledger = said.ledger;
                record.configuration = said.configuration;
                record.factors = said.factors;
                record.calibrations = said.calibrations;
            }
            None => speak_for_more(&transaction, &mut record)?,
        }
        insert(&transaction, day, &record)?;
        transaction.commit()?;
        tracing::info!(day = %record.day, revision = record.revision, "the day has its record");
        Ok(())
    }

    /// The next day that needs a record, and why. A day that is not over waits, also when a clock
    /// that was ahead has closed later ones.
    fn next_day(&mut self, limit: Day) -> Result<Option<(Day, Vec<Why>)>, rusqlite::Error> {
        let due: Option<Day> = self
            .db
            .prepare("SELECT min(day) FROM digest_due WHERE day <= ?")?
            .query_row([limit], |row| row.get(0))?;
        if let Some(day) = due {
            let mut words = self
                .db
                .prepare("SELECT why FROM digest_due WHERE day = ? ORDER BY why")?;
            let mut words = words.query([day])?;
            let mut reasons = Vec::new();
            while let Some(row) = words.next()? {
                reasons.extend(Why::parse(row.get_ref(0)?.as_str().unwrap_or_default()));
            }
            return Ok(Some((day, reasons)));
        }
        let day = self.day_in_turn(limit)?;
        Ok(day.map(|day| (day, vec![Why::Closed])))
    }

    /// The day after the last one that has a record; one without anything has a record too, unless
    /// only a wrong clock could have left so many of them.
    fn day_in_turn(&mut self, limit: Day) -> Result<Option<Day>, rusqlite::Error> {
        let through = self.closed_through()?;
        let gone = if self.gone_before == 0 {
            FIRST_DAY
        } else {
            self.gone_before
        };
        let from = through.map_or(FIRST_DAY, |day| day + 1).max(gone);
        if from > limit {
            return Ok(None);
        }
        let next = self.first_with_anything(from)?;
        let leap = match next {
            Some(day) => through.is_none() || day - from > EVIDENCE_GAP_DAYS_MAX,
            None => through.is_none() || limit - from > EVIDENCE_GAP_DAYS_MAX,
        };
        let day = if leap { next } else { Some(from) };
        Ok(day.filter(|day| *day <= limit))
    }

    fn closed_through(&self) -> Result<Option<Day>, rusqlite::Error> {
        self.db
            .prepare("SELECT max(day) FROM digest")?
            .query_row([], |row| row.get(0))
    }

    fn first_with_anything(&mut self, from: Day) -> Result<Option<Day>, rusqlite::Error> {
        let start = self.calendar.start(from).0;
        let day: Option<Day> = self.db.query_row(
            "SELECT min(day) FROM pack WHERE day >= ? AND boot = 0 AND content IN (0, 1)",
            [from],
            |row| row.get(0),
        )?;
        let said: Option<i64> = self.db.query_row(
            "SELECT min(at) FROM (SELECT min(recorded_at) AS at FROM ledger WHERE recorded_at >= ?1
               UNION ALL SELECT min(since) FROM revision WHERE since >= ?1)",
            [start],
            |row| row.get(0),
        )?;
        let said = said.map(|at| self.calendar.day(UtcMs(at)));
        Ok(day.into_iter().chain(said).min())
    }

    /// 0 when every day that is over has its record.
    fn days_left(&mut self, limit: Day) -> Result<u64, rusqlite::Error> {
        let parts = self.part_over(limit).is_some();
        if self.closing.work.is_none() && !parts && self.next_day(limit)?.is_none() {
            return Ok(0);
        }
        let due = "SELECT count(DISTINCT day) FROM digest_due WHERE day <= ?";
        let due: i64 = self.db.query_row(due, [limit], |row| row.get(0))?;
        let in_turn = match (self.closed_through()?, self.day_in_turn(limit)?) {
            (_, None) => 0,
            (_, Some(day)) => i64::from(limit - day) + 1,
        };
        Ok((due + in_turn).max(1).cast_unsigned())
    }
}

/// Ledger entries and revisions that no record has spoken for yet.
fn speak_for_more(db: &Connection, record: &mut Record) -> Result<(), rusqlite::Error> {
    let newest = "SELECT record FROM digest WHERE revision = 1 ORDER BY number DESC LIMIT 1";
    let newest: Option<String> = db.query_row(newest, [], |row| row.get(0)).optional()?;
    let newest: Option<Record> = newest.and_then(|text| text.parse().ok());
    // A day that is closed out of turn speaks for no later entry.
    let in_turn = record.reasons.contains(&Why::Closed);
    let to = if in_turn { record.to } else { UtcMs(i64::MIN) };
    let named = |lines: fn(&Record) -> &Vec<TextLine>| {
        newest
            .as_ref()
            .and_then(|newest| lines(newest).last())
            .map(|line| line.id)
    };
    let configuration = named(|record| &record.configuration);
    let factors = named(|record| &record.factors);
    let calibrations = named(|record| &record.calibrations);
    record.configuration = gather::texts_until(db, Kind::Configuration, configuration, to)?;
    record.factors = gather::texts_until(db, Kind::Factors, factors, to)?;
    record.calibrations = gather::texts_until(db, Kind::Calibrations, calibrations, to)?;
    let last: Option<i64> = db.query_row(
        "SELECT max(id) FROM ledger WHERE recorded_at < ?",
        [to.0],
        |row| row.get(0),
    )?;
    let first = meta(db, LEDGER_THROUGH)?.unwrap_or(0) + 1;
    if let Some(last) = last.filter(|last| *last >= first) {
        set_meta(db, LEDGER_THROUGH, last)?;
        let (first, last) = (first.cast_unsigned(), last.cast_unsigned());
        record.ledger = Some((first, last, gather::ledger_hash(db, first, last)?));
    }
    Ok(())
}

fn insert(db: &Connection, day: Day, record: &Record) -> Result<(), rusqlite::Error> {
    let digest = record.digest();
    db.execute(
        "INSERT INTO digest(number, day, revision, sha256, record) VALUES (?, ?, ?, ?, ?)",
        params![
            digest.number.cast_signed(),
            day,
            digest.revision,
            digest.sha256,
            digest.record
        ],
    )?;
    Ok(())
}
