//! What goes when time or room runs out: the backlog of sinks that are away for good, then sealed
//! raw samples, oldest first; roll-ups stay.
//!
//! Nothing of the history goes by a clock that cannot be believed, and age counts from the newest
//! dated reading, so that a clock in the future makes nothing old. A clock that is believed and
//! wrong all the same does little harm before people see it: one run takes at most a tenth of the
//! days, and after such a run the next one by age waits a day.

use super::audit::note;
use super::calendar::{DAY_MS, Day};
use super::keeper::Keeper;
use super::start::{meta, set_meta};
use crate::clock::Stamp;
use crate::limits::{RETAIN_SHARE, SINK_DEAD_DAYS};
use crate::model::UtcMs;
use rusqlite::{Connection, params};

/// Journal rows that go at once.
const ROWS_AT_ONCE: i64 = 256;

impl Keeper {
    /// Applies the rule of age, then the budget.
    pub(super) fn retain(&mut self, now: Stamp) -> Result<(), rusqlite::Error> {
        if now.trusted {
            self.date_cursors(now.at)?;
            self.forget_old(now)?;
        }
        let Some(budget) = self.settings.budget else {
            return Ok(());
        };
        while used(&self.db)? > budget {
            if !self.forget_dead_backlog(now)? {
                return self.forget_history(budget, now);
            }
        }
        Ok(())
    }

    /// Raw samples that are older than the rule keeps, counted from the newest dated reading.
    fn forget_old(&mut self, now: Stamp) -> Result<(), rusqlite::Error> {
        let Some(keep) = self.settings.keep else {
            return Ok(());
        };
        if now.mono.0 < self.old_again_ms {
            return Ok(());
        }
        let days = sealed_days(&self.db)?;
        let sealed = days.last().map(|day| self.calendar.start(*day));
        let Some(newest) = self.latest.newest().max(sealed) else {
            return Ok(());
        };
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let from = UtcMs(newest.min(now.at).0.saturating_sub(keep));
        let day = self.calendar.day(from);
        let old = days.iter().take_while(|kept| **kept < day).count();
        let most = a_tenth(days.len());
        let Some(last) = days[..old.min(most)].last() else {
            return Ok(());
        };
        if old > most {
            self.old_again_ms = now.mono.0.saturating_add(DAY_MS.unsigned_abs());
            tracing::warn!(
                old,
                kept = days.len(),
                gone = most,
                "many days are older than `keep`: a tenth of them goes, the rest in a day. If the \
                 clock is wrong, put it right now"
            );
        }
        self.forget_before(last + 1, now.at, "older than the rule keeps")
    }

    /// The oldest raw samples until the budget is kept, at most a tenth of the days; without any,
    /// readings that a sink has not had yet.
    fn forget_history(&mut self, budget: u64, now: Stamp) -> Result<(), rusqlite::Error> {
        if !now.trusted {
            tracing::warn!("over the disk budget; nothing goes before the clock can be believed");
            return Ok(());
        }
        let days = sealed_days(&self.db)?;
        if days.is_empty() {
            return self.forget_journal(budget, now.at);
        }
        for day in &days[..a_tenth(days.len())] {
            self.forget_before(day + 1, now.at, "over the disk budget")?;
            if used(&self.db)? <= budget {
                break;
            }
        }
        Ok(())
    }

    /// Raw samples of days before `day` go.
    fn forget_before(&mut self, day: Day, now: UtcMs, why: &str) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        let gone = transaction.execute(
            "DELETE FROM pack WHERE content = 0 AND boot = 0 AND day < ?",
            [day],
        )?;
        if gone > 0 {
            let what = format!("raw samples before day {day} (since 1970, local): {why}");
            note(&transaction, now, "retention", &what)?;
            set_meta(&transaction, "gone_before", day.into())?;
            tracing::info!(day, why, "raw samples were let go");
        }
        transaction.commit()?;
        if gone > 0 {
            self.gone_before = self.gone_before.max(day);
        }
        Ok(())
    }

    /// Readings that only sinks wait for whose far sides have acknowledged nothing for days; the
    /// history has them. Whether any went.
    fn forget_dead_backlog(&mut self, now: Stamp) -> Result<bool, rusqlite::Error> {
        let patience = SINK_DEAD_DAYS * DAY_MS;
        let is_dead = |sink: &str| {
            let moved = self.moved_at.get(sink);
            now.trusted && moved.is_some_and(|moved| now.at.0 - moved > patience)
        };
        let (mut dead, mut alive) = (None, u64::MAX);
        for (sink, seq) in &self.cursors {
            if is_dead(sink) {
                dead = Some(dead.map_or(*seq, |least: u64| least.min(*seq)));
            } else {
                alive = alive.min(*seq);
            }
        }
        match dead {
            Some(dead) if dead < alive => {
                let until = i64::try_from(alive).unwrap_or(i64::MAX);
                self.forget_rows(until, now.at)
            }
            _ => Ok(false),
        }
    }

    /// The very last resort: readings that a sink has not had yet, oldest first.
    fn forget_journal(&mut self, budget: u64, now: UtcMs) -> Result<(), rusqlite::Error> {
        while used(&self.db)? > budget {
            if !self.forget_rows(i64::MAX, now)? {
                break;
            }
        }
        Ok(())
    }

    /// The oldest sealed rows of the journal up to `limit` go undelivered; whether there were any.
    fn forget_rows(&mut self, limit: i64, now: UtcMs) -> Result<bool, rusqlite::Error> {
        let transaction = self.db.transaction()?;
        let sealed = meta(&transaction, "sealed_seq")?.unwrap_or(0);
        let bounds: (Option<i64>, Option<i64>, Option<i64>) = transaction.query_row(
            "SELECT min(first), max(first + n - 1), sum(n) FROM (SELECT first, n FROM journal
               WHERE first + n - 1 <= ? ORDER BY first LIMIT ?)",
            params![sealed.min(limit), ROWS_AT_ONCE],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let (Some(first), Some(last), Some(count)) = bounds else {
            return Ok(false);
        };
        transaction.execute("DELETE FROM journal WHERE first <= ?", [last])?;
        let what = format!("undelivered readings {first} to {last}: over the disk budget");
        note(&transaction, now, "loss", &what)?;
        transaction.commit()?;
        self.health.undelivered += count.unsigned_abs();
        self.tell_health();
        tracing::error!(
            first,
            last,
            "undelivered readings went: over the disk budget"
        );
        Ok(true)
    }
}

/// Days with sealed raw samples, oldest first.
fn sealed_days(db: &Connection) -> Result<Vec<Day>, rusqlite::Error> {
    let mut rows =
        db.prepare("SELECT DISTINCT day FROM pack WHERE content = 0 AND boot = 0 ORDER BY day")?;
    rows.query_map([], |row| row.get(0))?.collect()
}

/// Days that one run may take: never none, so that a rule of a few days is kept.
fn a_tenth(days: usize) -> usize {
    days.div_ceil(RETAIN_SHARE)
}

/// Bytes that hold something.
fn used(db: &Connection) -> Result<u64, rusqlite::Error> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok((pages * number("page_size")?).cast_unsigned())
}
