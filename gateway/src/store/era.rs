//! Undated readings: kept by the clock that stamped them, dated when the true time is known.
//!
//! A machine without a battery clock may be set more than once before its clock can be believed
//! (1970, then by hand, then by NTP). Its monotonic clock goes on all the while, so that the
//! difference between the two clocks, `offset_ms`, names the stretch between two settings: an era.
//! Undated samples are kept under the key of their boot and era, and when the true offset of that
//! boot is known, each era moves by its own difference to it. Those of an earlier boot, whose true
//! offset nobody knows, stay undated.

use super::fault::StoreError;
use super::hot::BootKey;
use super::keeper::Keeper;
use super::schema::disk;
use crate::clock::offset_ms;
use crate::model::{BootId, Reading};
use rusqlite::Connection;

/// Differences of offsets, in milliseconds, that reading two clocks one after the other makes.
const SAME_MS: u64 = 40;

impl Keeper {
    /// The keys of the readings that wait for the flush: 0 for a dated one.
    pub(super) fn pending_keys(&mut self) -> Result<Vec<BootKey>, rusqlite::Error> {
        let mut keys = Vec::with_capacity(self.pending.len());
        for index in 0..self.pending.len() {
            keys.push(match undated_offset(&self.pending[index].reading) {
                Some(offset) => self.era_key(offset)?,
                None => 0,
            });
        }
        Ok(keys)
    }

    fn era_key(&mut self, offset: i64) -> Result<BootKey, rusqlite::Error> {
        let is_same = |known: i64| known.abs_diff(offset) <= SAME_MS;
        if let Some((key, _)) = self.era.filter(|(_, known)| is_same(*known)) {
            return Ok(key);
        }
        let all = eras(&self.db, &self.boot)?;
        let era = match all.into_iter().find(|(_, known)| is_same(*known)) {
            Some(era) => era,
            None => (add(&self.db, &self.boot, offset)?, offset),
        };
        self.era = Some(era);
        Ok(era.0)
    }

    /// Gives the undated samples of a boot their true time, now that its true offset is known.
    pub(super) fn redate(&mut self, boot: &BootId, offset_ms: i64) -> Result<u64, StoreError> {
        let failed = |fault: rusqlite::Error| disk("re-dating samples", &fault);
        // What is undated and not on disk yet makes its era known.
        self.flush()?;
        let eras = eras(&self.db, boot).map_err(failed)?;
        if eras.is_empty() {
            return Ok(0);
        }
        self.seal_parts().map_err(failed)?;
        let mut moved = 0;
        for (key, then) in eras {
            let shift_ms = offset_ms.saturating_sub(then);
            moved += self.redate_era(key, shift_ms).map_err(failed)?;
        }
        self.ring.clear();
        Ok(moved)
    }
}

fn undated_offset(reading: &Reading) -> Option<i64> {
    (!reading.dated).then(|| offset_ms(reading.at, reading.mono))
}

fn name(boot: &BootId, offset: &str) -> String {
    format!("{}@{offset}", boot.0)
}

/// The eras of a boot, with their offsets.
fn eras(db: &Connection, boot: &BootId) -> Result<Vec<(BootKey, i64)>, rusqlite::Error> {
    let prefix = name(boot, "");
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

fn add(db: &Connection, boot: &BootId, offset: i64) -> Result<BootKey, rusqlite::Error> {
    db.query_row(
        "INSERT INTO boot(name) VALUES (?) RETURNING id",
        [name(boot, &offset.to_string())],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use crate::clock::{Clock, boot_id};
    use crate::model::{BootId, Outcome, Reading, Sample, UtcMs};
    use crate::store::Store;
    use crate::store::tests::{MIDNIGHT, ask, decimal, open_at, raw, site};
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
            self.clock.step(UtcMs(right - wrong_by));
            self.wrong_by = wrong_by;
        }

        async fn restart(&mut self) {
            self.store.stop().await;
            self.store = open_at(self.dir, &site(&["power"]), &self.clock, None);
        }

        async fn redate(&self) -> u64 {
            let offset = self.clock.now().offset_ms();
            self.store.redate(boot_id(), offset).await.unwrap()
        }

        async fn kept(&self) -> Vec<Sample> {
            ask(&self.store, raw("meter.power")).await
        }

        fn truth(&self) -> Vec<Sample> {
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
        assert_eq!(site.redate().await, 6);
        site.read().await;
        assert_eq!(site.redate().await, 0);
        assert_eq!(site.kept().await, site.truth());
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
        assert_eq!(site.redate().await, 2);
        assert_eq!(site.kept().await, site.truth());
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
        assert_eq!(site.store.redate(other, offset).await.unwrap(), 0);
        let kept = site.kept().await;
        assert_eq!(kept.len(), 1);
        assert!(matches!(kept[0].outcome, Outcome::Uncertain(..)));
    }

    /// What happens to the box.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Read,
        Set(i64),
        Restart,
        Flush,
        /// The clock is right and believed: as the program does, what is undated is re-dated.
        Trust,
        Distrust,
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            6 => Just(Event::Read),
            2 => prop_oneof![Just(MIDNIGHT), -4_000_000_000i64..4_000_000_000].prop_map(Event::Set),
            1 => Just(Event::Restart),
            1 => Just(Event::Flush),
            1 => Just(Event::Trust),
            1 => Just(Event::Distrust),
        ]
    }

    async fn holds(events: &[Event]) -> Result<(), TestCaseError> {
        let dir = tempfile::tempdir().unwrap();
        let mut site = TestBox::new(dir.path(), MIDNIGHT);
        for event in events.iter().chain([&Event::Read, &Event::Trust]) {
            match *event {
                Event::Read => site.read().await,
                Event::Set(wrong_by) if !site.clock.now().trusted => site.set(wrong_by),
                Event::Set(_) => {}
                Event::Restart => site.restart().await,
                Event::Flush => drop(site.store.flush().await.unwrap()),
                Event::Distrust => site.clock.distrust(),
                Event::Trust => {
                    site.set(0);
                    site.clock.trust();
                    site.redate().await;
                    prop_assert_eq!(site.kept().await, site.truth());
                }
            }
            let now = site.clock.now();
            let good = |sample: &&Sample| matches!(sample.outcome, Outcome::Good(_));
            let kept = site.kept().await;
            let good: Vec<i64> = kept.iter().filter(good).map(|sample| sample.at.0).collect();
            // What counts has its true time, and lies in no future.
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
            runtime.enable_all().build().unwrap().block_on(holds(&events))?;
        }
    }
}
