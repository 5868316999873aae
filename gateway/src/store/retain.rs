//! What goes when time or room runs out: sealed raw samples, oldest first; roll-ups stay.

use super::audit::note;
use super::calendar::Day;
use super::keeper::Keeper;
use super::start::set_meta;
use crate::model::UtcMs;
use rusqlite::{Connection, params};

impl Keeper {
    /// Applies the rule of age, then the budget.
    pub(super) fn retain(&mut self, now: UtcMs) -> Result<(), rusqlite::Error> {
        if let Some(keep) = self.settings.keep {
            let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
            let day = self.calendar.day(UtcMs(now.0.saturating_sub(keep)));
            self.forget_before(day, now, "older than the rule keeps")?;
        }
        let Some(budget) = self.settings.budget else {
            return Ok(());
        };
        while used(&self.db)? > budget {
            let oldest: Option<Day> = self.db.query_row(
                "SELECT min(day) FROM pack WHERE content = 0 AND boot = 0",
                [],
                |row| row.get(0),
            )?;
            let Some(day) = oldest else {
                return self.forget_journal(budget, now);
            };
            self.forget_before(day + 1, now, "over the disk budget")?;
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

    /// The very last resort: readings that a sink has not had yet, oldest first.
    fn forget_journal(&mut self, budget: u64, now: UtcMs) -> Result<(), rusqlite::Error> {
        while used(&self.db)? > budget {
            let transaction = self.db.transaction()?;
            let sealed = super::start::meta(&transaction, "sealed_seq")?.unwrap_or(0);
            let bounds: (Option<i64>, Option<i64>) = transaction.query_row(
                "SELECT min(first), max(first + n - 1) FROM
                   (SELECT first, n FROM journal WHERE first + n - 1 <= ? ORDER BY first LIMIT 256)",
                params![sealed],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let (Some(first), Some(last)) = bounds else {
                return Ok(());
            };
            transaction.execute("DELETE FROM journal WHERE first <= ?", [last])?;
            let what = format!("undelivered readings {first} to {last}: over the disk budget");
            note(&transaction, now, "loss", &what)?;
            transaction.commit()?;
            tracing::error!(
                first,
                last,
                "undelivered readings went: over the disk budget"
            );
        }
        Ok(())
    }
}

/// Bytes that hold something.
fn used(db: &Connection) -> Result<u64, rusqlite::Error> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok((pages * number("page_size")?).cast_unsigned())
}
