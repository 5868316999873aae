//! Retention: deletes raw samples by age and data over the disk budget. Roll-ups are never deleted.
//!
//! Order when the budget is exceeded: the backlog of sinks that are dead for days, then sealed raw
//! samples, oldest first, then undelivered readings.
//!
//! No history is deleted by an untrusted clock, and age counts from the newest dated reading, so
//! that a clock in the future makes nothing old. A trusted clock that is wrong does little harm
//! before people notice: by age at most a tenth of the days goes at once, and only after a notice
//! of a day (`retention_notice`). The budget gives such a notice too: it is a wish, and the disk
//! has room for a day; only a disk that is nearly full itself waits for nothing.

use super::audit::append_audit;
use super::local_calendar::{DAY_MS, LocalDay};
use super::meta_table::{read_meta, write_meta};
use super::snapshot_shelf::ChangedStretch;
use super::writer::StoreWriter;
use crate::clock::ClockStamp;
use crate::domain::UtcMs;
use crate::limits::{RETENTION_DAYS_DIVISOR, SINK_DEAD_DAYS};
use rusqlite::{Connection, params};

/// Journal rows deleted in one transaction.
const JOURNAL_ROWS_PER_RUN: i64 = 256;

impl StoreWriter {
    /// Applies the age rule, then the disk budget.
    pub(super) fn apply_retention(&mut self, now: ClockStamp) -> Result<(), rusqlite::Error> {
        if now.trusted && self.clock.is_settled() {
            self.stamp_idle_cursors(now.at)?;
            self.delete_expired(now)?;
        }
        let Some(budget) = self.settings.budget else {
            return self.end_budget_notice();
        };
        if used_bytes(&self.db)? <= budget {
            return self.end_budget_notice();
        }
        let mut share = journal_share(&self.db)?;
        while used_bytes(&self.db)? > budget {
            let Some(until) = self.stale_backlog(now)? else {
                return self.delete_oldest_raw(budget, now);
            };
            // More of the backlog goes in the next hour, before any history.
            if share == 0 {
                break;
            }
            if !self.drop_journal_rows(until, now.at, &mut share)? {
                return self.delete_oldest_raw(budget, now);
            }
        }
        Ok(())
    }

    /// Deletes raw samples that are older than the rule keeps.
    fn delete_expired(&mut self, now: ClockStamp) -> Result<(), rusqlite::Error> {
        let Some(keep) = self.settings.keep else {
            return Ok(());
        };
        let days = sealed_days(&self.db)?;
        let sealed = days.last().map(|day| self.calendar.day_start(*day));
        // A person, or a start, that is wrong about the year makes nothing old.
        let newest = match self.doubts.young(self.latest.newest_dated()) {
            None => self.latest.newest_dated().max(sealed),
            Some(doubt) => doubt.floor.map(UtcMs),
        };
        let Some(newest) = newest else {
            return Ok(());
        };
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        // Age counts from the newest dated reading, never from the clock alone.
        let from = UtcMs(newest.min(now.at).0.saturating_sub(keep));
        let day = self.calendar.day(from);
        let old = days.iter().take_while(|kept| **kept < day).count();
        let most = days_per_run(days.len());
        let (Some(first), Some(last)) = (days.first(), days[..old.min(most)].last()) else {
            return self.end_notice();
        };
        let Some(through) = self.noticed_through((old, *first, *last), now)? else {
            return Ok(());
        };
        self.delete_raw_before(through + 1, now.at, "older than the rule keeps")?;
        self.end_notice()
    }

    /// Deletes the oldest raw samples until the budget is kept, at most a tenth of the days;
    /// without any, undelivered readings.
    fn delete_oldest_raw(&mut self, budget: u64, now: ClockStamp) -> Result<(), rusqlite::Error> {
        if !now.trusted || !self.clock.is_settled() {
            tracing::warn!("over the disk budget; nothing is deleted while the clock is in doubt");
            return Ok(());
        }
        if !self.budget_notice_is_due(used_bytes(&self.db)?, budget, now.at)? {
            return Ok(());
        }
        let days = sealed_days(&self.db)?;
        if days.is_empty() {
            return self.drop_undelivered(budget, now.at);
        }
        for day in &days[..days_per_run(days.len())] {
            self.delete_raw_before(day + 1, now.at, "over the disk budget")?;
            if used_bytes(&self.db)? <= budget {
                break;
            }
        }
        Ok(())
    }

    /// Deletes the raw samples of days before `day`.
    fn delete_raw_before(
        &mut self,
        day: LocalDay,
        now: UtcMs,
        why: &str,
    ) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        // Only whole-day chunks: parts that are not merged yet have no roll-up that would remain.
        let gone = transaction.execute(
            "DELETE FROM pack WHERE content = 0 AND boot = 0 AND day < ?",
            [day],
        )?;
        if gone > 0 {
            let what = format!("raw samples before day {day} (since 1970, local): {why}");
            append_audit(&transaction, now, "retention", &what)?;
            // Days may be imported that are older than what was deleted before.
            let before = self.raw_deleted_before.max(day);
            write_meta(&transaction, "gone_before", before.into())?;
            let gone = ChangedStretch {
                from: i64::MIN,
                to: self.calendar.day_start(day).0 - 1,
                dated: false,
            };
            self.snapshots.forget(&transaction, gone)?;
            tracing::info!(day, why, "raw samples deleted by retention");
        }
        transaction.commit()?;
        if gone > 0 {
            self.raw_deleted_before = self.raw_deleted_before.max(day);
        }
        Ok(())
    }

    /// Last reading that only dead sinks wait for: those without an acknowledgement for
    /// `SINK_DEAD_DAYS`. `None` when there is none.
    fn stale_backlog(&mut self, now: ClockStamp) -> Result<Option<i64>, rusqlite::Error> {
        // The samples remain in the history: only the delivery is given up.
        let (mut dead, mut alive) = (None, u64::MAX);
        for (sink, lanes) in self.cursors.clone() {
            let seq = lanes.cursor();
            if self.is_dead_sink(&sink, now)? {
                dead = Some(dead.map_or(seq, |least: u64| least.min(seq)));
            } else {
                alive = alive.min(seq);
            }
        }
        let until = i64::try_from(alive).unwrap_or(i64::MAX);
        Ok(dead.filter(|dead| *dead < alive).map(|_| until))
    }

    /// True when days have passed without an acknowledgement, by the clock and by the days that
    /// were measured: a clock that jumps makes no sink dead.
    fn is_dead_sink(&mut self, sink: &str, now: ClockStamp) -> Result<bool, rusqlite::Error> {
        let Some(moved) = self.moved_at.get(sink).copied().filter(|_| now.trusted) else {
            return Ok(false);
        };
        if now.at.0 - moved <= SINK_DEAD_DAYS * DAY_MS {
            return Ok(false);
        }
        let day = self.calendar.day(UtcMs(moved));
        let measured: i64 = self.db.query_row(
            "SELECT count(DISTINCT day) FROM pack WHERE boot = 0 AND day > ?",
            [day],
            |row| row.get(0),
        )?;
        Ok(measured >= SINK_DEAD_DAYS)
    }

    /// Last resort: deletes undelivered readings, oldest first, until the budget is kept, at most a
    /// tenth of the rows.
    fn drop_undelivered(&mut self, budget: u64, now: UtcMs) -> Result<(), rusqlite::Error> {
        let mut share = journal_share(&self.db)?;
        while share > 0 && used_bytes(&self.db)? > budget {
            if !self.drop_journal_rows(i64::MAX, now, &mut share)? {
                break;
            }
        }
        Ok(())
    }

    /// Deletes the oldest sealed journal rows up to `limit`, no more than are left of the `share`;
    /// returns whether there were any.
    fn drop_journal_rows(
        &mut self,
        limit: i64,
        now: UtcMs,
        share: &mut i64,
    ) -> Result<bool, rusqlite::Error> {
        let rows = JOURNAL_ROWS_PER_RUN.min(*share);
        *share -= rows;
        let transaction = self.db.transaction()?;
        // Only sealed rows: the samples of the others are nowhere else on disk.
        let sealed = read_meta(&transaction, "sealed_seq")?.unwrap_or(0);
        let bounds: (Option<i64>, Option<i64>, Option<i64>) = transaction.query_row(
            "SELECT min(first), max(first + n - 1), sum(n) FROM (SELECT first, n FROM journal
               WHERE first + n - 1 <= ? ORDER BY first LIMIT ?)",
            params![sealed.min(limit), rows],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let (Some(first), Some(last), Some(count)) = bounds else {
            return Ok(false);
        };
        transaction.execute("DELETE FROM journal WHERE first <= ?", [last])?;
        let what = format!("undelivered readings {first} to {last}: over the disk budget");
        append_audit(&transaction, now, "loss", &what)?;
        transaction.commit()?;
        self.health.undelivered += count.unsigned_abs();
        self.publish_health();
        tracing::error!(
            first,
            last,
            "undelivered readings deleted: over the disk budget"
        );
        Ok(true)
    }
}

/// Returns the days with sealed raw samples, oldest first.
pub(super) fn sealed_days(db: &Connection) -> Result<Vec<LocalDay>, rusqlite::Error> {
    let mut rows =
        db.prepare("SELECT DISTINCT day FROM pack WHERE content = 0 AND boot = 0 ORDER BY day")?;
    rows.query_map([], |row| row.get(0))?.collect()
}

/// Returns how many days one run may delete.
fn days_per_run(days: usize) -> usize {
    // At least one day, so that a rule of a few days is kept.
    days.div_ceil(RETENTION_DAYS_DIVISOR)
}

/// Returns how many rows of the journal one run may delete: a tenth, and enough for an hour.
fn journal_share(db: &Connection) -> Result<i64, rusqlite::Error> {
    let rows: i64 = db.query_row("SELECT count(*) FROM journal", [], |row| row.get(0))?;
    let divisor = i64::try_from(RETENTION_DAYS_DIVISOR).unwrap_or(1);
    Ok((rows / divisor).max(JOURNAL_ROWS_PER_RUN))
}

/// Returns the bytes of the pages in use.
fn used_bytes(db: &Connection) -> Result<u64, rusqlite::Error> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    // The file itself never shrinks: deleted pages are reused.
    let pages = number("page_count")? - number("freelist_count")?;
    Ok((pages * number("page_size")?).cast_unsigned())
}
