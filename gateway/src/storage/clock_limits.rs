//! Belief of the store in the clock: nothing before its newest data, and nothing that cannot be
//! undone soon after a large correction.

use super::audit::append_audit;
use super::local_calendar::{DAY_GRACE_MS, LocalDay};
use super::writer::StoreWriter;
use crate::clock::{ClockStamp, StoreTimes, TrustSource};
use crate::domain::UtcMs;
use rusqlite::{Connection, OptionalExtension};

impl StoreWriter {
    /// Doubts a time of the start that is earlier than the newest data, or far beyond it.
    pub(super) fn judge_start(&mut self) -> Result<(), rusqlite::Error> {
        let network = "SELECT max(at) FROM clock_pair WHERE source = ?";
        let word = TrustSource::Kernel.word();
        let network: Option<i64> = self.db.query_row(network, [word], |row| row.get(0))?;
        let known = StoreTimes {
            newest: self.newest_data()?,
            certain: self.newest_certain(),
            network: network.map(UtcMs),
        };
        self.clock.judge_start(known);
        Ok(())
    }

    /// Time to record a row with. While the clock is not trusted, it is not earlier than the newest
    /// data: a row of 1970 would come before everything.
    pub(super) fn recording_time(&self) -> UtcMs {
        let now = self.clock.now();
        if now.trusted {
            return now.at;
        }
        self.newest_certain()
            .map_or(now.at, |newest| newest.max(now.at))
    }

    /// Returns the time of the newest reading whose date is not in doubt.
    pub(super) fn newest_certain(&self) -> Option<UtcMs> {
        let newest = self.latest.newest_dated();
        match self.doubts.young(newest) {
            Some(doubt) => doubt.floor.map(UtcMs),
            None => newest,
        }
    }

    /// Last local day that may be closed: it is over by the clock. `None` while the clock is not
    /// trusted, or was just corrected by much. Days after a longer gap than `EVIDENCE_GAP_DAYS_MAX`
    /// are skipped elsewhere: a clock far ahead closes none of them. On a time in doubt (a person's
    /// word, a start far beyond the readings) no day ends for a week of readings, but for those
    /// that were over before.
    pub(super) fn closing_limit(&mut self, now: ClockStamp) -> Option<LocalDay> {
        let is_known = now.trusted && self.clock.is_settled();
        let limit = is_known.then(|| self.calendar.day(UtcMs(now.at.0 - DAY_GRACE_MS)) - 1)?;
        match self.doubts.young(self.latest.newest_dated()) {
            None => Some(limit),
            Some(doubt) => Some(limit.min(self.calendar.day(UtcMs(doubt.floor?)) - 1)),
        }
    }

    /// Notes the steps of the clock in the audit log; returns whether there were any.
    pub(super) fn note_clock_steps(&mut self) -> Result<bool, rusqlite::Error> {
        let steps = self.clock.take_steps();
        for step in &steps {
            let outcome = if step.followed {
                "readings follow it"
            } else {
                "no source confirms it; readings keep their time"
            };
            let what = format!(
                "clock changed: {} ms, from {} to {}: {outcome}",
                step.by_ms(),
                step.from,
                step.to
            );
            append_audit(&self.db, self.recording_time(), "clock", &what)?;
        }
        Ok(!steps.is_empty())
    }

    /// Returns the time of the newest dated reading, or of what somebody recorded last.
    fn newest_data(&mut self) -> Result<Option<UtcMs>, rusqlite::Error> {
        let wrong: Vec<_> = self.doubts.wrong_stretches().collect();
        let newest = newest_record(&self.db, &wrong)?;
        Ok(self.latest.newest_dated().max(newest))
    }
}

/// Returns the time of what somebody recorded last: entry, calibration, import or issued report;
/// none in stretches whose time was wrong.
fn newest_record(db: &Connection, wrong: &[(i64, i64)]) -> Result<Option<UtcMs>, rusqlite::Error> {
    let newest = |table: &str, time: &str| {
        let right = wrong
            .iter()
            .map(|(first, last)| format!("AND NOT {time} BETWEEN {first} AND {last}"));
        let right = right.collect::<Vec<_>>().join(" ");
        // By number, which needs no look at all rows.
        let find = format!("SELECT {time} FROM {table} WHERE 1 {right} ORDER BY id DESC LIMIT 1");
        let found = db.query_row(&find, [], |row| row.get(0).map(UtcMs));
        found.optional()
    };
    let records = [
        newest("ledger", "recorded_at")?,
        newest("calibration", "recorded_at")?,
        newest("sample_import", "at")?,
        newest("issued_report", "issued_at")?,
    ];
    Ok(records.into_iter().flatten().max())
}

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::domain::{MonoMs, UtcMs};
    use crate::storage::clock_bench_tests::{DAY, HOUR, closed_days, open_clocked};
    use crate::storage::tests::{MIDNIGHT, decimal, reading};
    use crate::storage::{Store, change_stored_file};
    use std::path::Path;
    use std::time::Duration;

    fn open(dir: &Path, clock: &Clock) -> Store {
        open_clocked(dir, clock, None)
    }

    async fn put(store: &Store, at: i64) {
        store.append(reading(at, &[decimal(1)])).await.unwrap();
    }

    #[tokio::test]
    async fn a_start_in_1970_heads_the_chain_with_no_record_of_1970() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(1000), false);
        let store = open(dir.path(), &clock);
        clock.set_wall_clock(UtcMs(MIDNIGHT));
        clock.trust();
        put(&store, MIDNIGHT).await;
        clock.advance(Duration::from_hours(25));
        put(&store, MIDNIGHT + 25 * HOUR).await;
        assert_eq!(closed_days(&store).await, ["2026-11-21"]);
        store.stop().await;
    }

    #[tokio::test]
    async fn a_row_that_a_clock_in_1970_would_date_is_not_earlier_than_the_newest_data() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(MIDNIGHT), true);
        let store = open(dir.path(), &clock);
        put(&store, MIDNIGHT).await;
        store.stop().await;
        let store = open(dir.path(), &Clock::set(UtcMs(1000), false));
        let audit = store.read_audit(None).await.unwrap();
        assert_eq!((&*audit[0].kind, audit[0].at), ("start", UtcMs(MIDNIGHT)));
        store.stop().await;
    }

    #[tokio::test]
    async fn a_clock_far_ahead_closes_no_day_that_nobody_has_measured() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(MIDNIGHT), true);
        let store = open(dir.path(), &clock);
        put(&store, MIDNIGHT).await;
        clock.set_wall_clock(UtcMs(MIDNIGHT + 3000 * DAY));
        let closed = closed_days(&store).await;
        assert_eq!(closed, ["2026-11-21"]);
        store.stop().await;
    }

    #[tokio::test]
    async fn a_time_before_the_newest_data_is_not_believed_at_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(UtcMs(MIDNIGHT + DAY), MonoMs(0), false);
        let store = open(dir.path(), &clock);
        assert!(clock.now().trusted);
        put(&store, MIDNIGHT + DAY).await;
        store.stop().await;
        // Another start of the computer, for which nobody has vouched.
        let file = dir.path().join("pantau.db");
        change_stored_file(&file, "DELETE FROM clock_pair");
        let behind = Clock::simulated(UtcMs(MIDNIGHT), MonoMs(0), false);
        let store = open(dir.path(), &behind);
        assert!(!behind.now().trusted);
        behind.simulate(UtcMs(MIDNIGHT + 2 * DAY), MonoMs(1000), true);
        assert!(behind.now().trusted);
        store.stop().await;
    }

    /// Times less monotonic times of the moments that a power cut now would leave, ms.
    fn kept_offsets(dir: &Path) -> Vec<i64> {
        let copy = tempfile::tempdir().unwrap();
        for file in ["pantau.db", "pantau.db-wal"] {
            std::fs::copy(dir.join(file), copy.path().join(file)).unwrap();
        }
        let db = rusqlite::Connection::open(copy.path().join("pantau.db")).unwrap();
        let mut rows = db
            .prepare("SELECT at - mono FROM clock_pair ORDER BY id")
            .unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[tokio::test]
    async fn a_time_that_was_corrected_is_kept_at_once_and_survives_a_power_cut() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(UtcMs(MIDNIGHT), MonoMs(0), true);
        let store = open(dir.path(), &clock);
        put(&store, MIDNIGHT).await;
        store.flush().await.unwrap();
        crate::storage::tests::wait_for_maintenance(&store).await;
        assert_eq!(kept_offsets(dir.path()).last(), Some(&MIDNIGHT));
        // NTP corrects the clock by seven seconds, within the same hour.
        clock.simulate(UtcMs(MIDNIGHT + 8000), MonoMs(1000), true);
        put(&store, MIDNIGHT + 8000).await;
        store.flush().await.unwrap();
        crate::storage::tests::wait_for_maintenance(&store).await;
        assert_eq!(kept_offsets(dir.path()).last(), Some(&(MIDNIGHT + 7000)));
        store.stop().await;
    }

    #[tokio::test]
    async fn a_step_of_the_clock_is_in_the_audit_log_and_ends_no_day_for_an_hour() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(UtcMs(MIDNIGHT), MonoMs(0), true);
        let store = open(dir.path(), &clock);
        put(&store, clock.now().at.0).await;
        // By hand: the time of readings stays.
        let ahead = MIDNIGHT + 30 * HOUR;
        clock.simulate(UtcMs(ahead), MonoMs(1000), false);
        assert_eq!(clock.now().at, UtcMs(MIDNIGHT + 1000));
        // By NTP: it follows, and the day that would be over is not closed at once.
        clock.simulate(UtcMs(ahead + 1000), MonoMs(2000), true);
        put(&store, clock.now().at.0).await;
        assert_eq!(closed_days(&store).await, Vec::<String>::new());
        store.flush().await.unwrap();
        let audit = store.read_audit(None).await.unwrap();
        let said: Vec<&str> = audit
            .iter()
            .filter(|one| one.kind == "clock")
            .map(|one| &*one.what)
            .collect();
        assert_eq!(said.len(), 2, "{audit:?}");
        assert!(
            said[1].starts_with("clock changed: 107999000 ms"),
            "{said:?}"
        );
        assert!(said[1].ends_with("readings keep their time"));
        assert!(said[0].ends_with("readings follow it"));
        clock.simulate(UtcMs(ahead + HOUR + 2000), MonoMs(3_602_000), true);
        assert_eq!(closed_days(&store).await, ["2026-11-21"]);
        store.stop().await;
    }
}
