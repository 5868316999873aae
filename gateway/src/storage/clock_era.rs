//! Undated readings: stored by the clock that stamped them, dated when the true time is known.
//!
//! A machine without a battery clock may be set more than once before its clock can be trusted
//! (1970, by hand, by NTP). Its monotonic clock runs on, so the difference between the two clocks,
//! `offset_ms`, identifies the stretch between two settings: an era. Undated samples are stored
//! under the key of their boot and era. When the true offset of the boot is known, each era moves
//! by the difference to it: the offset at the moment of the boot at which the time was known best
//! (`clock_pairs`). That works for earlier boots too; samples of a boot in which nobody ever
//! vouched for the time stay undated.

use super::clock_pairs::read_boot_table;
use super::memtable::BootKey;
use super::schema::disk_error;
use super::store_error::StoreError;
use super::writer::StoreWriter;
use crate::clock::{BootTable, offset_ms};
#[cfg(test)]
use crate::domain::UtcMs;
use crate::domain::{BootId, MonoMs, Reading};
use rusqlite::Connection;

/// Offsets that differ by no more are the same era, ms.
// The two clocks are read one after the other, which makes the offset vary.
const SAME_ERA_MS: u64 = 40;

impl StoreWriter {
    /// Returns the keys of the readings that wait for the flush; 0 for a dated one.
    pub(super) fn pending_boot_keys(&mut self) -> Result<Vec<BootKey>, rusqlite::Error> {
        let mut keys = Vec::with_capacity(self.pending.len());
        for index in 0..self.pending.len() {
            keys.push(match offset_if_undated(&self.pending[index].reading) {
                Some(offset) => self.era_key(offset)?,
                None => 0,
            });
        }
        Ok(keys)
    }

    /// Returns the key of an era; adds it when it is new.
    fn era_key(&mut self, offset: i64) -> Result<BootKey, rusqlite::Error> {
        let is_same = |known: i64| known.abs_diff(offset) <= SAME_ERA_MS;
        if let Some((key, _)) = self.current_era.filter(|(_, known)| is_same(*known)) {
            return Ok(key);
        }
        let key = self.era_of(&self.boot, offset)?;
        self.current_era = Some((key, offset));
        Ok(key)
    }

    /// Returns the key of an era of a boot; adds it when it is new. It may be known from before a
    /// restart of the program within the same boot.
    pub(super) fn era_of(&self, boot: &BootId, offset: i64) -> Result<BootKey, rusqlite::Error> {
        let is_same = |known: i64| known.abs_diff(offset) <= SAME_ERA_MS;
        let all = eras_of_boot(&self.db, boot)?;
        match all.into_iter().find(|(_, known)| is_same(*known)) {
            Some((key, _)) => Ok(key),
            None => insert_era(&self.db, boot, offset),
        }
    }

    /// Returns the monotonic time of the first undated sample of this boot on disk, ms.
    pub(super) fn first_undated_mono(&self) -> Result<Option<i64>, rusqlite::Error> {
        let mut first: Option<i64> = None;
        for (key, then) in eras_of_boot(&self.db, &self.boot)? {
            let at = self.first_undated(key)?;
            let mono = at.map(|at| at.0.saturating_sub(then));
            first = first.into_iter().chain(mono).min();
        }
        Ok(first)
    }

    /// Dates the readings that were on their way while the time was corrected.
    pub(super) fn date_late_readings(&mut self) {
        if std::mem::take(&mut self.has_late_readings)
            && let Err(fault) = self.redate_all()
        {
            tracing::warn!(%fault, "readings around a correction wait for their time");
            self.has_late_readings = true;
        }
    }

    /// Notes the present moment, and gives the undated samples of every boot their true time, as
    /// far as it is known.
    pub(super) fn redate_all(&mut self) -> Result<u64, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("re-dating samples", &fault);
        // Undated readings in memory get their era only when they are written.
        self.flush()?;
        self.follow_time_source();
        // Before the samples are moved: after a power cut in between, the next start moves them.
        self.note_clock_pair().map_err(failed)?;
        let mut moved = 0;
        for boot in boots_with_eras(&self.db).map_err(failed)? {
            let table = read_boot_table(&self.db, &boot).map_err(failed)?;
            moved += self.redate_eras(&boot, &table).map_err(failed)?;
        }
        self.count_lost_dates().map_err(failed)?;
        Ok(moved)
    }

    /// Counts the values of earlier boots that stay undated.
    fn count_lost_dates(&mut self) -> Result<(), rusqlite::Error> {
        let mut count = 0;
        for boot in boots_with_eras(&self.db)? {
            if boot == self.boot {
                continue;
            }
            for (key, _) in eras_of_boot(&self.db, &boot)? {
                count += self.count_undated(key)?;
            }
        }
        self.health.undated = count;
        self.publish_health();
        Ok(())
    }

    /// Gives the undated samples of a boot their true time by one offset, ms.
    #[cfg(test)]
    pub(super) fn redate_boot(&mut self, boot: &BootId, offset_ms: i64) -> Result<u64, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("re-dating samples", &fault);
        self.flush()?;
        let pair = crate::clock::ClockPair {
            mono: crate::domain::MonoMs(0),
            at: UtcMs(offset_ms),
            source: crate::clock::TrustSource::Kernel,
            bound_ms: 0,
        };
        let table = BootTable::new(vec![pair]);
        self.redate_eras(boot, &table).map_err(failed)
    }

    pub(super) fn redate_eras(
        &mut self,
        boot: &BootId,
        table: &BootTable,
    ) -> Result<u64, rusqlite::Error> {
        let eras = eras_of_boot(&self.db, boot)?;
        if eras.is_empty() {
            return Ok(0);
        }
        // The move works on parts on disk, so the samples in memory are written first.
        self.seal_parts()?;
        let mut moved = 0;
        for (key, then) in eras {
            let Some(last) = self.last_undated(key)? else {
                continue;
            };
            let mono = last.0.saturating_sub(then);
            let Some(offset_ms) = table.offset_ms_at(MonoMs(mono.max(0).unsigned_abs())) else {
                continue;
            };
            moved += self.redate_era(key, offset_ms.saturating_sub(then))?;
        }
        // The cache holds the old times; sinks read the journal from disk.
        self.ring.clear();
        Ok(moved)
    }
}

/// Returns the clock offset of an undated reading, ms.
fn offset_if_undated(reading: &Reading) -> Option<i64> {
    (!reading.dated).then(|| offset_ms(reading.at, reading.mono))
}

/// Name of an era: boot id and offset.
fn era_name(boot: &BootId, offset: &str) -> String {
    format!("{}@{offset}", boot.0)
}

/// Returns the eras of a boot, with their offsets.
fn eras_of_boot(db: &Connection, boot: &BootId) -> Result<Vec<(BootKey, i64)>, rusqlite::Error> {
    let prefix = era_name(boot, "");
    let mut rows =
        db.prepare("SELECT id, name FROM boot WHERE substr(name, 1, length(?1)) = ?1")?;
    let mut rows = rows.query([&prefix])?;
    let mut eras = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        if let Ok(offset) = name[prefix.len()..].parse() {
            eras.push((row.get(0)?, offset));
        }
    }
    Ok(eras)
}

/// Returns the boots that have eras.
fn boots_with_eras(db: &Connection) -> Result<Vec<BootId>, rusqlite::Error> {
    // `@` occurs in no boot id.
    let mut rows = db.prepare(
        "SELECT DISTINCT substr(name, 1, instr(name, '@') - 1) FROM boot WHERE instr(name, '@') > 1
           AND id IN (SELECT boot FROM pack WHERE boot > 0
                      UNION SELECT boot FROM journal WHERE undated > 0)",
    )?;
    let boots = rows.query_map([], |row| Ok(BootId(row.get::<_, String>(0)?.into())))?;
    boots.collect()
}

/// Adds an era; returns its key.
fn insert_era(db: &Connection, boot: &BootId, offset: i64) -> Result<BootKey, rusqlite::Error> {
    db.query_row(
        "INSERT INTO boot(name) VALUES (?) RETURNING id",
        [era_name(boot, &offset.to_string())],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use crate::clock::{Clock, KnownReadings, PersonTime, TrustSource, boot_id};
    use crate::domain::{BootId, MonoMs, Sample, SampleOutcome, UtcMs};
    use crate::storage::Store;
    use crate::storage::clock_bench_tests::{open_clocked, read_now};
    use crate::storage::tests::{MIDNIGHT, ask, decimal, raw};
    use proptest::prelude::*;
    use std::path::Path;
    use std::time::Duration;

    /// A box whose clock the test sets, with one device; it knows the true time of each reading.
    struct TestBox<'d> {
        dir: &'d Path,
        clock: Clock,
        store: Store,
        /// True time less the clock's, milliseconds.
        wrong_by: i64,
        read: Vec<i64>,
    }

    impl<'d> TestBox<'d> {
        fn new(dir: &'d Path, wrong_by: i64) -> Self {
            let clock = Clock::set(UtcMs(MIDNIGHT - wrong_by), false);
            let store = open_clocked(dir, &clock, None);
            Self {
                dir,
                clock,
                store,
                wrong_by,
                read: Vec::new(),
            }
        }

        async fn read(&mut self) {
            self.clock.advance(Duration::from_secs(10));
            self.read.push(self.clock.now().at.0 + self.wrong_by);
            let number = i64::try_from(self.read.len()).unwrap();
            read_now(&self.store, &self.clock, number).await;
        }

        /// Somebody sets the clock.
        fn set(&mut self, wrong_by: i64) {
            let right = self.clock.now().at.0 + self.wrong_by;
            self.clock.set_wall_clock(UtcMs(right - wrong_by));
            self.wrong_by = wrong_by;
        }

        async fn restart(&mut self) {
            self.store.stop().await;
            self.store = open_clocked(self.dir, &self.clock, None);
        }

        async fn redate_all(&self) -> u64 {
            self.store.redate_all().await.unwrap()
        }

        async fn stored_samples(&self) -> Vec<Sample> {
            ask(&self.store, raw("meter.power")).await
        }

        fn true_samples(&self) -> Vec<Sample> {
            let numbered = self.read.iter().zip(1..);
            let sample = |(at, number): (&i64, i64)| Sample {
                at: UtcMs(*at),
                outcome: decimal(number),
            };
            numbered.map(sample).collect()
        }
    }

    #[tokio::test]
    async fn a_clock_set_twice_before_it_is_believed_leaves_no_reading_in_1970() {
        let dir = tempfile::tempdir().unwrap();
        let mut site = TestBox::new(dir.path(), MIDNIGHT);
        for _ in 0..5 {
            site.read().await;
        }
        // `date -s` by hand, 7 s wrong; then synchronised.
        site.set(7000);
        site.read().await;
        site.set(0);
        site.clock.trust();
        assert_eq!(site.redate_all().await, 6);
        site.read().await;
        assert_eq!(site.redate_all().await, 0);
        assert_eq!(site.stored_samples().await, site.true_samples());
    }

    #[tokio::test]
    async fn readings_before_a_restart_get_their_true_time_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut site = TestBox::new(dir.path(), MIDNIGHT);
        site.read().await;
        site.restart().await;
        site.read().await;
        site.restart().await;
        site.set(0);
        site.clock.trust();
        assert_eq!(site.redate_all().await, 2);
        assert_eq!(site.stored_samples().await, site.true_samples());
    }

    #[tokio::test]
    async fn readings_of_an_earlier_boot_stay_undated() {
        let dir = tempfile::tempdir().unwrap();
        let mut site = TestBox::new(dir.path(), MIDNIGHT);
        site.read().await;
        site.store.flush().await.unwrap();
        site.set(0);
        site.clock.trust();
        let other = BootId("another boot".into());
        let offset = site.clock.now().offset_ms();
        assert_eq!(site.store.redate_boot(other, offset).await.unwrap(), 0);
        let kept = site.stored_samples().await;
        assert_eq!(kept.len(), 1);
        assert!(matches!(kept[0].outcome, SampleOutcome::Uncertain(..)));
    }

    /// Makes what the file holds of this boot that of an earlier one.
    fn end_boot(dir: &Path) {
        let db = rusqlite::Connection::open(dir.join("pantau.db")).unwrap();
        for (table, column) in [("boot", "name"), ("clock_pair", "boot")] {
            let rename = format!("UPDATE {table} SET {column} = replace({column}, ?, 'earlier')");
            db.execute(&rename, [&*boot_id().0]).unwrap();
        }
    }

    #[tokio::test]
    async fn a_boot_that_learnt_the_time_and_lost_power_is_dated_by_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut site = TestBox::new(dir.path(), MIDNIGHT);
        site.read().await;
        site.read().await;
        site.store.flush().await.unwrap();
        site.set(0);
        site.clock.trust();
        // The time is noted at the stop; nothing was dated yet.
        site.store.stop().await;
        end_boot(dir.path());
        let next = Clock::set(UtcMs(MIDNIGHT + 86_400_000), false);
        site.store = open_clocked(dir.path(), &next, None);
        assert_eq!(site.redate_all().await, 2);
        assert_eq!(site.stored_samples().await, site.true_samples());
        assert_eq!(site.redate_all().await, 0);
        assert_eq!(site.store.health().borrow().undated, 0);
    }

    #[tokio::test]
    async fn readings_of_a_boot_that_never_knew_the_time_stay_undated_and_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let mut earlier = TestBox::new(dir.path(), MIDNIGHT);
        earlier.read().await;
        earlier.read().await;
        earlier.store.stop().await;
        end_boot(dir.path());
        let clock = Clock::set(UtcMs(MIDNIGHT + 86_400_000), true);
        let store = open_clocked(dir.path(), &clock, None);
        assert_eq!(store.redate_all().await.unwrap(), 0);
        assert_eq!(store.health().borrow().undated, 2);
        store.stop().await;
    }

    #[tokio::test]
    async fn a_person_dates_what_was_read_and_the_network_corrects_what_follows() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated_without_host();
        clock.simulate(UtcMs(60_000), MonoMs(60_000), false);
        let store = open_clocked(dir.path(), &clock, None);
        let read = async |number| read_now(&store, &clock, number).await;
        read(1).await;
        clock.simulate(UtcMs(70_000), MonoMs(70_000), false);
        let said = PersonTime {
            at: UtcMs(MIDNIGHT),
            bound_ms: 5000,
        };
        let known = store.known_readings().await.unwrap();
        assert_eq!(known, KnownReadings::default());
        clock.set_by_person(said, known, false).unwrap();
        assert_eq!(store.redate_all().await.unwrap(), 1);
        read(2).await;
        // What only a person dates is no limit to what the person says next.
        let known = store.known_readings().await.unwrap();
        assert_eq!(known, KnownReadings::default());
        clock.simulate(UtcMs(MIDNIGHT + 17_000), MonoMs(80_000), true);
        read(3).await;
        store.flush().await.unwrap();
        let kept = ask(&store, raw("meter.power")).await;
        let times: Vec<i64> = kept.iter().map(|one| one.at.0 - MIDNIGHT).collect();
        // Seven seconds are more than the error of what the person said.
        assert_eq!(times, [-3000, 7000, 17_000]);
        let audit = store.read_audit(None).await.unwrap();
        let is_step = |what: &str| what.starts_with("clock changed: 7000 ms");
        assert!(audit.iter().any(|one| is_step(&one.what)), "{audit:?}");
        store.stop().await;
    }

    #[tokio::test]
    async fn a_restart_goes_on_with_the_time_that_was_vouched_for_in_this_boot() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(UtcMs(MIDNIGHT), MonoMs(5000), true);
        open_clocked(dir.path(), &clock, None).stop().await;
        // Meanwhile somebody set the clock of the computer.
        let again = Clock::simulated(UtcMs(MIDNIGHT + 7_201_000), MonoMs(6000), false);
        let store = open_clocked(dir.path(), &again, None);
        assert_eq!(again.now().at, UtcMs(MIDNIGHT + 1000));
        assert_eq!(again.certainty().unwrap().source, TrustSource::Kernel);
        assert_eq!(again.certainty().unwrap().system_lead_ms, 7_200_000);
        store.stop().await;
    }

    /// Event of the property test.
    #[derive(Clone, Copy, Debug)]
    enum ClockEvent {
        Read,
        Set(i64),
        Restart,
        Flush,
        /// The clock is set right and trusted; undated readings are re-dated, as the program does.
        Trust,
        Distrust,
    }

    fn any_event() -> impl Strategy<Value = ClockEvent> {
        prop_oneof![
            6 => Just(ClockEvent::Read),
            2 => prop_oneof![Just(MIDNIGHT), -4_000_000_000i64..4_000_000_000]
                .prop_map(ClockEvent::Set),
            1 => Just(ClockEvent::Restart),
            1 => Just(ClockEvent::Flush),
            1 => Just(ClockEvent::Trust),
            1 => Just(ClockEvent::Distrust),
        ]
    }

    async fn check_events(events: &[ClockEvent]) -> Result<(), TestCaseError> {
        let dir = tempfile::tempdir().unwrap();
        let mut site = TestBox::new(dir.path(), MIDNIGHT);
        for event in events.iter().chain([&ClockEvent::Read, &ClockEvent::Trust]) {
            match *event {
                ClockEvent::Read => site.read().await,
                ClockEvent::Set(wrong_by) if !site.clock.now().trusted => site.set(wrong_by),
                ClockEvent::Set(_) => {}
                ClockEvent::Restart => site.restart().await,
                ClockEvent::Flush => drop(site.store.flush().await.unwrap()),
                ClockEvent::Distrust => site.clock.distrust(),
                ClockEvent::Trust => {
                    site.set(0);
                    site.clock.trust();
                    site.redate_all().await;
                    prop_assert_eq!(site.stored_samples().await, site.true_samples());
                }
            }
            let now = site.clock.now();
            let good = |sample: &&Sample| matches!(sample.outcome, SampleOutcome::Good(_));
            let kept = site.stored_samples().await;
            let good: Vec<i64> = kept.iter().filter(good).map(|sample| sample.at.0).collect();
            // A good sample has its true time and is not in the future.
            prop_assert!(good.iter().all(|at| site.read.contains(at)));
            let right = now.at.0 + site.wrong_by;
            prop_assert!(good.iter().all(|at| *at <= right));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn whatever_the_clock_does_nothing_is_lost_and_nothing_counts_without_its_true_time(
            events in prop::collection::vec(any_event(), 1..24)
        ) {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(check_events(&events))?;
        }
    }
}
