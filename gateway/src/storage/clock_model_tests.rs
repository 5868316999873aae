//! Random lives of a computer's clock, against a model: starts with and without a time, steps, leap
//! seconds, drift, power cuts, network and people, through storage, sealing, retention and the
//! records of days.

use super::tests::{MIDNIGHT, ask, decimal, open_at, raw, site, wait_for_maintenance};
use super::{Store, change_stored_file};
use crate::clock::{Clock, PersonTime, TrustSource, boot_id};
use crate::domain::{MonoMs, Reading, Sample, SampleOutcome, UtcMs};
use crate::evidence::{DayRecord, DigestChain, VerificationReport, hash_samples};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

const SECOND: i64 = 1000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Days that the store keeps: more than any life has, and fewer than a clock jumps.
const KEPT_DAYS: u64 = 200;
/// Largest error of a start that is taken again at a restart of the program, ms.
const START_ERROR_MAX_MS: i64 = HOUR / 2;
/// Largest error of a time that a source vouches for in these lives, ms.
const SOURCE_ERROR_MS: i64 = 1500;

/// Seeds of lives.
const SEEDS: u64 = 16;
/// Lives of one seed.
const LIVES_PER_SEED: u32 = 4;

/// Event in the life of a computer.
#[derive(Clone, Copy, Debug)]
enum ClockEvent {
    /// Time passes, and a reading is taken.
    Read(i64),
    /// Time passes without a reading.
    Pass(i64),
    /// Somebody sets the wall clock, which is then so far off.
    Step(i64),
    /// The wall clock shows the time since the start, as without a battery.
    Lost,
    Synchronise,
    LoseSynchronisation,
    LeapSecond,
    /// The monotonic clock runs wrong by so much while nothing disciplines it; once in a life.
    Drift(i64),
    /// A person says the time, with this error.
    Person(i64),
    /// A person is wrong by hours, months or years, and sure.
    WrongPerson(i64),
    /// The program starts again ...
    Restart,
    /// ... and the computer, after it was off for so long ...
    Boot(i64),
    /// ... with a time that is so wrong.
    HostBoot(i64, i64),
    /// The power goes after the readings are on the disk; what is there is all that is left.
    Kill,
    CloseDays,
}

/// Reading as it was in truth.
#[derive(Clone, Copy, Debug)]
struct TrueReading {
    boot: usize,
    at: i64,
    /// Leap seconds before it.
    leaps: i64,
}

/// Computer with a store, and the truth about both.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a state of the computer that changes by itself"
)]
struct ComputerLife {
    dir: TempDir,
    clock: Clock,
    store: Store,
    mono: i64,
    /// True time less the monotonic clock, ms.
    truth: i64,
    /// Wall clock less the true time, ms.
    off: i64,
    synchronised: bool,
    /// The computer had a time at this start.
    has_start: bool,
    /// As in the task that stores readings: undated ones may be there.
    may_be_undated: bool,
    /// Starts of the computer; true where a source has vouched for the time.
    boots: Vec<bool>,
    leaps: i64,
    drift: i64,
    read: Vec<TrueReading>,
    /// Monotonic time since which the time is that of a person, or a start, that is wrong.
    wrong_since: Option<i64>,
    /// The network has told the true time, and the store had no time to move its readings.
    is_uncorrected: bool,
    /// Boots that ended with such a time: nobody can tell by how much it was wrong.
    misdated: BTreeSet<usize>,
}

fn any_event() -> impl Strategy<Value = ClockEvent> {
    let error = -SOURCE_ERROR_MS..SOURCE_ERROR_MS;
    prop_oneof![
        8 => (SECOND..30 * SECOND).prop_map(ClockEvent::Read),
        2 => (SECOND..30 * HOUR).prop_map(ClockEvent::Pass),
        2 => (-400 * DAY..400 * DAY).prop_map(ClockEvent::Step),
        1 => Just(ClockEvent::Lost),
        2 => Just(ClockEvent::Synchronise),
        2 => Just(ClockEvent::LoseSynchronisation),
        1 => Just(ClockEvent::LeapSecond),
        2 => error.prop_map(ClockEvent::Person),
        1 => (-40 * SECOND..40 * SECOND).prop_map(ClockEvent::Drift),
        2 => prop_oneof![-3 * HOUR..3 * HOUR, -40 * DAY..400 * DAY, Just(73 * 365 * DAY)]
            .prop_map(ClockEvent::WrongPerson),
        2 => Just(ClockEvent::Restart),
        2 => (SECOND..3 * DAY).prop_map(ClockEvent::Boot),
        3 => (SECOND..3 * DAY, any_start_error())
            .prop_map(|(off, error)| ClockEvent::HostBoot(off, error)),
        1 => Just(ClockEvent::Kill),
        1 => Just(ClockEvent::CloseDays),
    ]
}

/// Error of the time at a start: right, wrong by minutes, or by ten years.
fn any_start_error() -> impl Strategy<Value = i64> {
    let minutes = 6 * SECOND..START_ERROR_MAX_MS;
    prop_oneof![
        3 => -SOURCE_ERROR_MS..SOURCE_ERROR_MS,
        2 => minutes.clone(),
        1 => minutes.prop_map(|error| -error),
        1 => Just(3652 * DAY),
    ]
}

impl ComputerLife {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated_without_host();
        clock.simulate(UtcMs(0), MonoMs(0), false);
        Self {
            store: open_at(dir.path(), &site(&["power"]), &clock, Some(KEPT_DAYS)),
            dir,
            clock,
            mono: 0,
            truth: MIDNIGHT,
            off: -MIDNIGHT,
            synchronised: false,
            has_start: false,
            may_be_undated: true,
            boots: vec![false],
            leaps: 0,
            drift: 0,
            read: Vec::new(),
            wrong_since: None,
            is_uncorrected: false,
            misdated: BTreeSet::new(),
        }
    }

    fn now(&self) -> i64 {
        self.mono + self.truth
    }

    /// Shows the clocks as they are.
    fn show(&self) {
        let mono = MonoMs(self.mono.unsigned_abs());
        self.clock
            .simulate(UtcMs(self.now() + self.off), mono, self.synchronised);
    }

    /// Takes a look, as all parts of the program do all the time.
    fn look(&mut self) -> Result<(), TestCaseError> {
        self.show();
        let now = self.clock.now();
        let boot = self.boots.len() - 1;
        let source = self.clock.certainty().map(|certainty| certainty.source);
        if source == Some(TrustSource::Kernel) && self.wrong_since.take().is_some() {
            self.is_uncorrected = true;
        }
        self.boots[boot] |= now.trusted;
        if now.trusted && self.wrong_since.is_none() {
            let error = (now.at.0 - self.now()).abs();
            let most = 2 * SOURCE_ERROR_MS + self.leaps * SECOND + self.drift.abs();
            prop_assert!(error <= most, "wrong by {} ms", error);
        } else if !now.trusted {
            prop_assert!(!self.boots[boot], "trust was lost");
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), TestCaseError> {
        self.look()?;
        let now = self.clock.now();
        if now.trusted && self.may_be_undated {
            self.store.redate_all().await.unwrap();
        }
        self.may_be_undated = !now.trusted;
        self.read.push(TrueReading {
            boot: self.boots.len() - 1,
            at: self.now(),
            leaps: self.leaps,
        });
        let reading = Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: now.trusted,
            outcomes: [decimal(i64::try_from(self.read.len()).unwrap())].into(),
        };
        self.store.append(reading).await.unwrap();
        Ok(())
    }

    /// Lets the store do what is due.
    async fn maintain(&mut self) {
        for _ in 0..2 {
            self.store.flush().await.unwrap();
            wait_for_maintenance(&self.store).await;
        }
        self.is_uncorrected = false;
    }

    /// A person says the time.
    async fn set_by_person(&mut self, error: i64) {
        self.show();
        let is_wrong = error.abs() > SOURCE_ERROR_MS;
        let said = PersonTime {
            at: UtcMs(self.now() + error),
            bound_ms: SOURCE_ERROR_MS.unsigned_abs(),
        };
        let readings = self.store.known_readings().await.unwrap();
        if self.clock.set_by_person(said, readings, true).is_ok() {
            self.store.redate_all().await.unwrap();
            // Where the error is told only by the readings before, the time may be moved a little.
            let now = self.clock.now().at.0;
            let most = 2 * SOURCE_ERROR_MS + self.drift.abs();
            let is_off = is_wrong || (now - self.now()).abs() > most;
            self.wrong_since = is_off.then_some(self.mono);
            self.may_be_undated = false;
        }
    }

    /// Starts the program again; with `off_ms`, the whole computer after that time, which has a
    /// time then that is wrong by `start_error`.
    async fn restart(&mut self, off_ms: Option<i64>, start_error: Option<i64>) {
        self.store.stop().await;
        if let Some(off_ms) = off_ms {
            let earlier = self.boots.len();
            for (table, column) in [("boot", "name"), ("clock_pair", "boot")] {
                let rename = format!(
                    "UPDATE {table} SET {column} = replace({column}, '{}', 'earlier-{earlier}')",
                    boot_id().0
                );
                change_stored_file(&self.dir.path().join("pantau.db"), &rename);
            }
            let was_uncorrected = std::mem::take(&mut self.is_uncorrected);
            if self.wrong_since.take().is_some() || was_uncorrected {
                self.misdated.insert(earlier - 1);
            }
            let rename = format!(
                "UPDATE meta SET value = replace(value, '{}', 'earlier-{earlier}')
                 WHERE key = 'time_doubts'",
                boot_id().0
            );
            change_stored_file(&self.dir.path().join("pantau.db"), &rename);
            self.boots.push(false);
            self.truth += self.mono + off_ms;
            self.mono = 0;
            (self.off, self.synchronised) = (-self.truth, false);
            if let Some(error) = start_error {
                self.off = error;
            }
            self.has_start = start_error.is_some();
        }
        self.open_again();
    }

    fn open_again(&mut self) {
        // A wall clock that somebody has set since is no start of the computer.
        let mono = MonoMs(self.mono.unsigned_abs());
        let is_near = self.off.abs() <= START_ERROR_MAX_MS || self.mono == 0;
        self.clock = if self.has_start && is_near {
            Clock::simulated(UtcMs(self.now() + self.off), mono, self.synchronised)
        } else {
            Clock::simulated_without_host()
        };
        self.show();
        let site = site(&["power"]);
        self.store = open_at(self.dir.path(), &site, &self.clock, Some(KEPT_DAYS));
        self.may_be_undated = true;
        let source = self.clock.certainty().map(|certainty| certainty.source);
        let error = (self.clock.now().at.0 - self.now()).abs();
        let most = 2 * SOURCE_ERROR_MS + self.leaps * SECOND + self.drift.abs();
        if source == Some(TrustSource::Host) && error > most {
            self.wrong_since = self.wrong_since.or(Some(self.mono));
        }
    }

    /// The power goes: the program starts with what was on the disk, in the same start of the
    /// computer, so that the clocks run on.
    async fn kill(&mut self) {
        // A source that came in the last moment is not known to the next start.
        self.maintain().await;
        let left = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(self.dir.path()).unwrap().flatten() {
            // The index of the log is rebuilt, and a socket or lock is of the program that is gone.
            let name = file.file_name();
            let is_kept = !name.to_string_lossy().ends_with("-shm");
            if is_kept && file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), left.path().join(name)).unwrap();
            }
        }
        self.store.stop().await;
        self.dir = left;
        self.open_again();
    }

    async fn live(&mut self, event: ClockEvent) -> Result<(), TestCaseError> {
        match event {
            ClockEvent::Read(ms) => {
                self.mono += ms;
                self.read().await?;
            }
            ClockEvent::Pass(ms) => {
                self.mono += ms;
                // A wrong date is seen within a week.
                if self
                    .wrong_since
                    .is_some_and(|since| self.mono - since > 6 * DAY)
                {
                    (self.off, self.synchronised) = (0, true);
                }
                self.look()?;
                self.maintain().await;
            }
            ClockEvent::Step(off) => (self.off, self.synchronised) = (off, false),
            ClockEvent::Lost => (self.off, self.synchronised) = (-self.truth, false),
            ClockEvent::Synchronise => (self.off, self.synchronised) = (0, true),
            ClockEvent::LoseSynchronisation => self.synchronised = false,
            ClockEvent::LeapSecond if self.leaps == 1 => {}
            ClockEvent::LeapSecond => {
                self.leaps += 1;
                self.truth -= SECOND;
                // A kernel that is not synchronised knows of no leap second.
                self.off += if self.synchronised { 0 } else { SECOND };
            }
            ClockEvent::Drift(by) => {
                if self.drift == 0 && !self.synchronised {
                    self.drift = by;
                    self.truth += by;
                    self.off -= by;
                }
            }
            ClockEvent::Person(error) | ClockEvent::WrongPerson(error) => {
                self.set_by_person(error).await;
            }
            ClockEvent::Restart => self.restart(None, None).await,
            ClockEvent::Boot(off_ms) => self.restart(Some(off_ms), None).await,
            ClockEvent::HostBoot(off_ms, error) => {
                self.restart(Some(off_ms), Some(error)).await;
            }
            ClockEvent::Kill => self.kill().await,
            ClockEvent::CloseDays => {
                self.look()?;
                while self.store.close_due_days().await.unwrap() > 0 {}
            }
        }
        self.look()
    }

    /// The network comes, and what is due is done.
    async fn end(&mut self) -> Result<(), TestCaseError> {
        self.live(ClockEvent::Synchronise).await?;
        self.live(ClockEvent::Read(20 * SECOND)).await?;
        for _ in 0..3 {
            self.live(ClockEvent::Pass(2 * HOUR)).await?;
        }
        self.live(ClockEvent::CloseDays).await
    }

    /// Number of a reading, from 1, by its value.
    fn number_of(sample: &Sample) -> usize {
        let tenths = sample.outcome.number().unwrap().to_f64() * 10.0;
        format!("{tenths:.0}").parse().unwrap()
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let kept = ask(&self.store, raw("meter.power")).await;
        let now = self.clock.now().at;
        let mut dated = BTreeMap::new();
        for sample in &kept {
            let number = Self::number_of(sample);
            if matches!(sample.outcome, SampleOutcome::Good(_)) {
                prop_assert!(sample.at <= now, "{:?} is in the future", sample);
                let before = dated.insert(number, sample.at.0);
                prop_assert_eq!(before, None, "{} is there twice", number);
            }
        }
        let mut last: BTreeMap<usize, i64> = BTreeMap::new();
        for (number, one) in (1..).zip(&self.read) {
            let at = dated.get(&number).copied();
            let is_misdated = self.misdated.contains(&one.boot);
            if !is_misdated {
                prop_assert_eq!(at.is_some(), self.boots[one.boot], "{}: {:?}", number, one);
            }
            let Some(at) = at else { continue };
            let leaps = self.leaps.max(one.leaps) * SECOND;
            let most = 2 * SOURCE_ERROR_MS + leaps + self.drift.abs();
            prop_assert!(
                is_misdated || (at - one.at).abs() <= most,
                "{}: {} for {:?}",
                number,
                at,
                one
            );
            let before = last.insert(one.boot, at);
            prop_assert!(before.is_none_or(|before| before < at), "{}: order", number);
        }
        let audit = self.store.read_audit(None).await.unwrap();
        prop_assert!(audit.iter().all(|one| one.kind != "retention"));
        self.check_records(&kept).await
    }

    /// The records follow one another, and the newest one of each day has its readings.
    async fn check_records(&self, kept: &[Sample]) -> Result<(), TestCaseError> {
        let digests = self.store.digests_after(0).await.unwrap();
        let (mut chain, mut verdict) = (DigestChain::default(), VerificationReport::default());
        let mut newest = BTreeMap::new();
        for digest in &digests {
            chain.push(digest, &mut verdict);
            newest.insert(digest.day, digest);
        }
        prop_assert!(verdict.is_intact(), "{:?}", verdict);
        let zone = site(&["power"]).timezone;
        let today = zone.date(self.clock.now().at);
        for (day, digest) in newest {
            prop_assert!(day < today, "{} has a record and is not over", day);
            let record: DayRecord = digest.record.parse().unwrap();
            let of_day = self.store.samples_of_day(day, "meter.power").await.unwrap();
            let dated = kept.iter().filter(|one| {
                matches!(one.outcome, SampleOutcome::Good(_)) && zone.date(one.at) == day
            });
            prop_assert_eq!(dated.count(), of_day.len(), "{}", day);
            let told = record.samples.first().map(|one| (one.count, &*one.sha256));
            let hash = hash_samples(&of_day);
            let count = u64::try_from(of_day.len()).unwrap();
            prop_assert_eq!(told, (count > 0).then_some((count, &*hash)), "{}", day);
        }
        Ok(())
    }
}

async fn check_life(events: &[ClockEvent]) -> Result<(), TestCaseError> {
    let mut life = ComputerLife::new();
    for event in events {
        life.live(*event).await?;
    }
    life.end().await?;
    life.check().await
}

/// Runs one life.
fn run_life(events: &[ClockEvent]) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(check_life(events)).unwrap();
}

#[test]
fn readings_dated_by_a_wrong_person_before_the_computer_went_off_are_not_in_the_future() {
    use ClockEvent::{Boot, Read, WrongPerson};
    run_life(&[Read(SECOND), WrongPerson(102_958_554), Boot(SECOND)]);
}

/// Lives of one seed.
fn check_seed(seed: u64) -> Result<(), String> {
    let config = ProptestConfig {
        cases: LIVES_PER_SEED,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let lives = prop::collection::vec(any_event(), 1..40);
    let checked = TestRunner::new(config).run(&lives, |events| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(check_life(&events))
    });
    checked.map_err(|fault| format!("seed {seed}: {fault}"))
}

#[test]
fn a_second_wrong_word_before_the_readings_of_an_earlier_start_is_corrected_too() {
    use ClockEvent::{Boot, Pass, Person, Read, WrongPerson};
    run_life(&[
        Person(1208),
        Read(29_798),
        Boot(65_737_248),
        Person(1407),
        Read(20_056),
        Pass(88_900_350),
        WrongPerson(-1_735_171_076),
    ]);
}

#[test]
fn a_wrong_word_in_a_start_without_readings_takes_none_of_the_next_one() {
    use ClockEvent::{HostBoot, Lost, Person, Read, Restart, WrongPerson};
    run_life(&[
        WrongPerson(-1_208_057_842),
        HostBoot(221_627_684, 166_514),
        Read(26_558),
        Restart,
        Lost,
        Person(-3),
        Read(14_815),
    ]);
}

#[test]
fn a_person_weeks_early_costs_no_reading_of_the_start_before() {
    use ClockEvent::{Boot, HostBoot, Read, WrongPerson};
    run_life(&[
        HostBoot(SECOND, 0),
        Read(SECOND),
        Boot(HOUR),
        WrongPerson(-21 * DAY),
    ]);
}

#[test]
fn a_time_that_a_person_corrected_keeps_the_order_of_readings_after_the_next_start() {
    use ClockEvent::{HostBoot, Person, Read, WrongPerson};
    for error in [-1500, 0, 1500, -600_000, 600_000] {
        run_life(&[
            HostBoot(SECOND, error),
            Read(SECOND),
            Person(1),
            Read(SECOND),
            Read(SECOND),
            WrongPerson(3781),
            HostBoot(DAY, 0),
        ]);
    }
}

#[test]
fn a_start_that_was_corrected_before_any_reading_dates_none_later() {
    use ClockEvent::{HostBoot, Pass, Person, Read, WrongPerson};
    run_life(&[
        HostBoot(151_385_819, 1_239_212),
        Person(507),
        Read(23_646),
        HostBoot(172_054_060, 59),
        WrongPerson(-2_673_407_831),
        Pass(79_517_713),
    ]);
}

#[test]
fn whatever_clocks_and_people_do_readings_keep_order_and_time_and_records_verify() {
    let faults = (0..SEEDS).filter_map(|seed| check_seed(seed).err());
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
