//! Undated readings: stored by the clock that stamped them, dated when the true time is known.
//!
//! A machine without a battery clock may be set more than once before its clock can be trusted
//! (1970, by hand, by NTP). Its monotonic clock runs on, so the difference between the two clocks,
//! `offset_ms`, identifies the stretch between two settings: an era. Undated samples are stored
//! under the key of their boot and era. When the true offset of the boot is known, each era moves
//! by the difference to it. Samples of an earlier boot, whose true offset is unknown, stay undated.

use super::memtable::BootKey;
use super::schema::disk_error;
use super::store_error::StoreError;
use super::writer::StoreWriter;
use crate::clock::offset_ms;
use crate::domain::{BootId, Reading};
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
        // The era may be known from before a restart of the program within the same boot.
        let all = eras_of_boot(&self.db, &self.boot)?;
        let era = match all.into_iter().find(|(_, known)| is_same(*known)) {
            Some(era) => era,
            None => (insert_era(&self.db, &self.boot, offset)?, offset),
        };
        self.current_era = Some(era);
        Ok(era.0)
    }

    /// Gives the undated samples of a boot their true time.
    pub(super) fn redate_boot(&mut self, boot: &BootId, offset_ms: i64) -> Result<u64, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("re-dating samples", &fault);
        // Undated readings in memory get their era only when they are written.
        self.flush()?;
        let eras = eras_of_boot(&self.db, boot).map_err(failed)?;
        if eras.is_empty() {
            return Ok(0);
        }
        // The move works on parts on disk, so the samples in memory are written first.
        self.seal_parts().map_err(failed)?;
        let mut moved = 0;
        for (key, then) in eras {
            let shift_ms = offset_ms.saturating_sub(then);
            moved += self.redate_era(key, shift_ms).map_err(failed)?;
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
    use crate::clock::{Clock, boot_id};
    use crate::domain::{BootId, Reading, Sample, SampleOutcome, UtcMs};
    use crate::storage::Store;
    use crate::storage::tests::{MIDNIGHT, ask, decimal, open_at, raw, site};
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
            let store = open_at(dir, &site(&["power"]), &clock, None);
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
            let now = self.clock.now();
            self.read.push(now.at.0 + self.wrong_by);
            let number = i64::try_from(self.read.len()).unwrap();
            let reading = Reading {
                device: 0,
                at: now.at,
                mono: now.mono,
                dated: now.trusted,
                outcomes: [decimal(number)].into(),
            };
            self.store.append(reading).await.unwrap();
        }

        /// Somebody sets the clock.
        fn set(&mut self, wrong_by: i64) {
            let right = self.clock.now().at.0 + self.wrong_by;
            self.clock.set_wall_clock(UtcMs(right - wrong_by));
            self.wrong_by = wrong_by;
        }

        async fn restart(&mut self) {
            self.store.stop().await;
            self.store = open_at(self.dir, &site(&["power"]), &self.clock, None);
        }

        async fn redate_all(&self) -> u64 {
            let offset = self.clock.now().offset_ms();
            self.store.redate_boot(boot_id(), offset).await.unwrap()
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
