//! Notice of what retention will delete: it stands for a day before the first deletion, and before
//! each one that is more than the usual day a day, so that a clock or a rule can be put right.

use super::disk_room::is_nearly_full;
use super::local_calendar::{DAY_MS, LocalDay, date};
use super::meta_table::{read_meta, write_meta};
use super::store_values::RetentionNotice;
use super::writer::StoreWriter;
use crate::clock::ClockStamp;
use crate::domain::UtcMs;
use crate::limits::{BUDGET_EXCESS_DIVISOR, BUDGET_USUAL_DAYS};

/// Key of the last day of a notice; 0 when none stands.
const THROUGH_KEY: &str = "retention_through";
/// Key of the time of a notice, ms since 1970.
const GIVEN_KEY: &str = "retention_noticed";
/// Key of the time of the notice about the disk budget, ms since 1970; 0 when none stands.
const BUDGET_GIVEN_KEY: &str = "budget_noticed";
/// Key of the time of the last deletion by the disk budget, ms since 1970.
const BUDGET_USED_KEY: &str = "budget_deleted";
/// Days that may go without a notice once days have gone: the one of each day, and the one by which
/// the first notice delays it.
const USUAL_DAYS: usize = 2;

impl StoreWriter {
    /// Shows the notice that stands since an earlier run.
    pub(super) fn load_retention_notice(&mut self) -> Result<(), rusqlite::Error> {
        if let Some((through, given)) = self.standing_notice()? {
            self.show_notice(through, given)?;
        }
        let given = read_meta(&self.db, BUDGET_GIVEN_KEY)?.unwrap_or(0);
        self.show_budget_notice(given);
        Ok(())
    }

    /// True when data over the disk budget may go: its notice has stood for a day, or is not
    /// needed, as data goes by the budget all the time; at once when the disk itself is nearly
    /// full. Gives the notice when none stands.
    pub(super) fn budget_notice_is_due(
        &mut self,
        used: u64,
        budget: u64,
        now: UtcMs,
    ) -> Result<bool, rusqlite::Error> {
        let given = read_meta(&self.db, BUDGET_GIVEN_KEY)?.unwrap_or(0);
        let gone = read_meta(&self.db, BUDGET_USED_KEY)?.unwrap_or(0);
        let is_recent = (0..=BUDGET_USUAL_DAYS * DAY_MS).contains(&(now.0 - gone));
        let is_usual = is_recent && used.saturating_sub(budget) <= budget / BUDGET_EXCESS_DIVISOR;
        // A time in the future is that of a clock that was wrong.
        let stands = given != 0 && given <= now.0;
        let has_stood = stands && now.0 - given >= DAY_MS;
        if has_stood || is_usual || is_nearly_full(&self.settings.path) {
            write_meta(&self.db, BUDGET_USED_KEY, now.0)?;
            return Ok(true);
        }
        if !stands {
            write_meta(&self.db, BUDGET_GIVEN_KEY, now.0)?;
            tracing::warn!(
                used,
                budget,
                "the store is larger than its budget: its oldest raw readings will be deleted in \
                 a day, sooner when the disk is nearly full"
            );
            self.show_budget_notice(now.0);
        }
        Ok(false)
    }

    /// Ends the notice about the disk budget, which is kept.
    pub(super) fn end_budget_notice(&mut self) -> Result<(), rusqlite::Error> {
        if self.health.budget_due.is_some() {
            write_meta(&self.db, BUDGET_GIVEN_KEY, 0)?;
            self.show_budget_notice(0);
        }
        Ok(())
    }

    /// Shows a notice about the disk budget that was given then, ms since 1970; none for 0.
    fn show_budget_notice(&mut self, given: i64) {
        let after = UtcMs(given.saturating_add(DAY_MS));
        self.health.budget_due = (given != 0).then_some(after);
        self.publish_health();
    }

    /// Last day that may be deleted now of `old` days up to `last`; `None` while the notice is too
    /// young. Gives a notice when none stands.
    pub(super) fn noticed_through(
        &mut self,
        (old, first, last): (usize, LocalDay, LocalDay),
        now: ClockStamp,
    ) -> Result<Option<LocalDay>, rusqlite::Error> {
        if old <= USUAL_DAYS && self.raw_deleted_before > 0 {
            return Ok(Some(last));
        }
        match self.standing_notice()? {
            // A time in the future is that of a clock that was wrong.
            Some((through, given)) if through >= first && given.0 <= now.at.0 => {
                let is_due = now.at.0 - given.0 >= DAY_MS;
                Ok(is_due.then_some(through.min(last)))
            }
            _ => {
                self.give_notice(last, now.at)?;
                Ok(None)
            }
        }
    }

    /// Gives notice that the days up to `through` will be deleted.
    fn give_notice(&mut self, through: LocalDay, now: UtcMs) -> Result<(), rusqlite::Error> {
        let transaction = self.db.transaction()?;
        write_meta(&transaction, THROUGH_KEY, through.into())?;
        write_meta(&transaction, GIVEN_KEY, now.0)?;
        transaction.commit()?;
        tracing::warn!(
            through = %date(through),
            "raw readings are older than `keep` and will be deleted in a day; if that is wrong, \
             put the clock or the rule right now"
        );
        self.show_notice(through, now)
    }

    /// Ends the notice: what it named was deleted, or is no longer old.
    pub(super) fn end_notice(&mut self) -> Result<(), rusqlite::Error> {
        if self.standing_notice()?.is_some() {
            write_meta(&self.db, THROUGH_KEY, 0)?;
        }
        self.health.retention_due = None;
        self.publish_health();
        Ok(())
    }

    fn standing_notice(&self) -> Result<Option<(LocalDay, UtcMs)>, rusqlite::Error> {
        let through = read_meta(&self.db, THROUGH_KEY)?.unwrap_or(0);
        let given = read_meta(&self.db, GIVEN_KEY)?.unwrap_or(0);
        let through = LocalDay::try_from(through).unwrap_or(0);
        Ok((through != 0).then_some((through, UtcMs(given))))
    }

    fn show_notice(&mut self, through: LocalDay, given: UtcMs) -> Result<(), rusqlite::Error> {
        let days = super::retention::sealed_days(&self.db)?;
        let days = days.iter().filter(|day| **day <= through).count() as u64;
        self.health.retention_due = Some(RetentionNotice {
            days,
            through: date(through),
            after: UtcMs(given.0.saturating_add(DAY_MS)),
        });
        self.publish_health();
        Ok(())
    }
}
