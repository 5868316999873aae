//! [`Clock`]: the only reader of the system clocks, and whether the wall clock can be trusted.
//!
//! ```text
//! let clock = Clock::system();
//! let now = clock.now();      // wall time, monotonic time, trusted or not
//! clock.trust();              // a person confirms the wall clock
//! ```
//!
//! Intervals use the monotonic clock, timestamps the wall clock; both meet only here. A computer
//! without a battery clock starts with a wrong date. Its timestamps are not trusted until the
//! kernel reports a synchronised clock (`adjtimex`), and readings are re-dated afterwards
//! (`storage`). The time at the start is trusted at once when the battery clock from which the
//! kernel took it shows the same, or in a virtual machine, unless it is before the newest data or
//! far beyond it; a battery clock that the gateway itself reads may confirm it later, and a person
//! may set the time where no source knows it. Trust once gained holds: the time goes on by the
//! monotonic clock with a bound that grows, whatever the wall clock is set to. See "Time" in
//! `docs/ARCHITECTURE.md`.

mod boot_table;
mod person_time;
mod reckoning;
mod start_witness;
mod system_clocks;
mod trust_source;

pub use boot_table::{BootTable, ClockPair};
pub use person_time::{KnownReadings, PersonTime, PersonTimeChange, PersonTimeRefusal};
pub use reckoning::{ClockCertainty, ClockStep};
pub use start_witness::{StartDoubt, StoreTimes};
pub use trust_source::{TrustSource, offset_ms};

use crate::domain::{BootId, MonoMs, UtcMs};
use crate::limits::{BATTERY_CLOCK_MAX_MS, EARLIEST_TIME_MS, HOST_BOUND_MS};
use reckoning::{ClockReckoning, ReckonedTime};
use start_witness::StartWitness;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use system_clocks::SystemClocks;

/// Both clocks, read at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStamp {
    /// Time of the wall clock.
    pub at: UtcMs,
    /// Time of the monotonic clock, since boot.
    pub mono: MonoMs,
    /// True when the wall clock can be trusted.
    pub trusted: bool,
}

/// Source of time: the system clocks, or a clock that a test or demo sets.
#[derive(Clone, Debug)]
pub struct Clock(Arc<ClockSource>);

#[derive(Debug)]
enum ClockSource {
    System {
        clocks: SystemClocks,
        reckoning: Box<Mutex<ClockReckoning>>,
    },
    Manual {
        at: AtomicI64,
        mono: AtomicI64,
        trusted: AtomicBool,
    },
}

impl ClockStamp {
    /// Offset in milliseconds from the monotonic to the wall clock; constant until the wall clock
    /// is set.
    pub fn offset_ms(&self) -> i64 {
        offset_ms(self.at, self.mono)
    }
}

impl Clock {
    /// Returns the clock of the system.
    pub fn system() -> Self {
        let clocks = SystemClocks::new();
        let offered = StartWitness::of_computer(clocks.read().wall_us / 1000);
        Self(Arc::new(ClockSource::System {
            clocks,
            reckoning: Box::new(Mutex::new(ClockReckoning::new(offered))),
        }))
    }

    /// Returns a clock that stands still until `advance`, for tests and simulated history.
    pub fn set(at: UtcMs, trusted: bool) -> Self {
        Self(Arc::new(ClockSource::Manual {
            at: AtomicI64::new(at.0),
            mono: AtomicI64::new(0),
            trusted: AtomicBool::new(trusted),
        }))
    }

    /// Reads both clocks.
    pub fn now(&self) -> ClockStamp {
        match &*self.0 {
            ClockSource::System { clocks, reckoning } => {
                let now = reckon(clocks, reckoning);
                ClockStamp {
                    at: UtcMs(now.at_us.div_euclid(1000)),
                    mono: MonoMs((now.mono_us / 1000).unsigned_abs()),
                    trusted: now.certainty.is_some(),
                }
            }
            ClockSource::Manual { at, mono, trusted } => ClockStamp {
                at: UtcMs(at.load(Ordering::Relaxed)),
                mono: MonoMs(mono.load(Ordering::Relaxed).unsigned_abs()),
                trusted: trusted.load(Ordering::Relaxed),
            },
        }
    }

    /// Certainty of the time; `None` while nobody vouches for it.
    pub fn certainty(&self) -> Option<ClockCertainty> {
        match &*self.0 {
            ClockSource::System { clocks, reckoning } => reckon(clocks, reckoning).certainty,
            ClockSource::Manual { .. } => self.now().trusted.then_some(ClockCertainty {
                source: TrustSource::Host,
                bound_ms: 0,
                system_lead_ms: 0,
            }),
        }
    }

    /// The present moment by the source that vouches for the time; `None` without one.
    pub fn pair(&self) -> Option<ClockPair> {
        self.vouched().map(|(pair, _)| pair)
    }

    /// The same with the time that is given out at this moment, which is later while a correction
    /// backwards is made up for.
    pub fn vouched(&self) -> Option<(ClockPair, UtcMs)> {
        let (mono_us, right_us, given_us, certainty) = match &*self.0 {
            ClockSource::System { clocks, reckoning } => {
                let now = reckon(clocks, reckoning);
                (now.mono_us, now.right_us, now.at_us, now.certainty?)
            }
            ClockSource::Manual { at, mono, .. } => {
                let us = |ms: &AtomicI64| ms.load(Ordering::Relaxed).saturating_mul(1000);
                (us(mono), us(at), us(at), self.certainty()?)
            }
        };
        let pair = ClockPair {
            mono: MonoMs((mono_us / 1000).unsigned_abs()),
            at: UtcMs(right_us.div_euclid(1000)),
            source: certainty.source,
            bound_ms: certainty.bound_ms,
        };
        Some((pair, UtcMs(given_us.div_euclid(1000))))
    }

    /// Goes on with a moment of this boot for which a source vouched, unless one does so now.
    pub fn adopt(&self, pair: ClockPair) {
        if let ClockSource::System { clocks, reckoning } = &*self.0 {
            reckon(clocks, reckoning);
            lock(reckoning).adopt(pair, clocks.read().mono_us);
        }
    }

    /// Steps of the wall clock since the last call, oldest first.
    pub fn take_steps(&self) -> Vec<ClockStep> {
        match &*self.0 {
            ClockSource::System { reckoning, .. } => lock(reckoning).take_steps(),
            ClockSource::Manual { .. } => Vec::new(),
        }
    }

    /// False for an hour after the time was corrected by more than a minute: what cannot be undone
    /// waits, in case the correction was wrong.
    pub fn is_settled(&self) -> bool {
        match &*self.0 {
            ClockSource::System { clocks, reckoning } => {
                let mono_us = clocks.read().mono_us;
                lock(reckoning).is_settled(mono_us)
            }
            ClockSource::Manual { .. } => true,
        }
    }

    /// Doubts a time that the computer merely had at its start and that does not fit what the store
    /// knows: earlier than the newest data, since no clock runs back, or far beyond it.
    pub fn judge_start(&self, known: StoreTimes) {
        if let ClockSource::System { clocks, reckoning } = &*self.0 {
            // Whether the time at the start is believed is decided by the first look.
            reckon(clocks, reckoning);
            let raw = clocks.read();
            lock(reckoning).judge_start(known, raw);
        }
    }

    /// Reason why the time at the start was not believed, while nobody vouches for the time.
    pub fn start_doubt(&self) -> Option<StartDoubt> {
        match &*self.0 {
            ClockSource::System { reckoning, .. } => lock(reckoning).start_doubt(),
            ClockSource::Manual { .. } => None,
        }
    }

    /// True for the clocks of a computer; false for one that a test or demo sets.
    pub fn is_of_computer(&self) -> bool {
        matches!(&*self.0, ClockSource::System { .. })
    }

    /// True while nothing vouches for the time but, at most, the start of the computer.
    pub fn needs_battery_clock(&self) -> bool {
        let source = self.certainty().map(|certainty| certainty.source);
        source.is_none_or(|source| self.is_of_computer() && source == TrustSource::Host)
    }

    /// Time until the wall clock shows `at`; zero when it has passed. Exact where [`Self::now`] has
    /// whole milliseconds, so that what is due at one moment wakes the program once.
    pub fn time_until(&self, at: UtcMs) -> Duration {
        let shown = match &*self.0 {
            ClockSource::System { clocks, reckoning } => reckon(clocks, reckoning).at_us,
            ClockSource::Manual { at, .. } => at.load(Ordering::Relaxed).saturating_mul(1000),
        };
        let left = at.0.saturating_mul(1000).saturating_sub(shown);
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }

    /// Time until the wall clock next shows `phase` after a multiple of `every`. Whoever waits for
    /// the same moments is served by the same wake-up of the program.
    pub fn until_slot(&self, every: Duration, phase: Duration) -> Duration {
        let signed = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4);
        let (every_ms, now) = (signed(every).max(1), self.now().at.0);
        let passed = (now - signed(phase)).rem_euclid(every_ms);
        // No more than a whole turn, in case the clock was set just now.
        self.time_until(UtcMs(now + every_ms - passed)).min(every)
    }

    /// Advances a manual clock; no effect on the system clock.
    pub fn advance(&self, by: Duration) {
        if let ClockSource::Manual { at, mono, .. } = &*self.0 {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            at.fetch_add(by, Ordering::Relaxed);
            mono.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// Marks the wall clock as trusted (a demo, a test).
    pub fn trust(&self) {
        self.believe(TrustSource::Host, HOST_BOUND_MS);
    }

    /// Compares the time with a battery clock that has run without a break, and trusts it if they
    /// agree within `BATTERY_CLOCK_MAX_MS`; if not, the time at the start is no longer believed.
    /// Returns the battery clock's lead, ms.
    pub fn confirm_by_battery_clock(&self, battery: UtcMs) -> i64 {
        let lead = battery.0.saturating_sub(self.now().at.0);
        let agrees = lead.unsigned_abs() <= BATTERY_CLOCK_MAX_MS && battery.0 >= EARLIEST_TIME_MS;
        let bound = lead.saturating_abs().saturating_add(HOST_BOUND_MS);
        match (&*self.0, agrees) {
            (ClockSource::System { clocks, reckoning }, _) => {
                let raw = clocks.read();
                let bound_us = agrees.then_some(bound.saturating_mul(1000));
                lock(reckoning).compare_battery_clock(raw, bound_us.ok_or(lead));
            }
            (ClockSource::Manual { .. }, true) => self.trust(),
            (ClockSource::Manual { .. }, false) => {}
        }
        lead
    }

    /// Takes the time that a person says, unless it cannot be or is known better; the clock of the
    /// system is not changed. `is_sure` is the second word that an unlikely time needs.
    pub fn set_by_person(
        &self,
        said: PersonTime,
        readings: KnownReadings,
        is_sure: bool,
    ) -> Result<PersonTimeChange, PersonTimeRefusal> {
        if let ClockSource::System { clocks, reckoning } = &*self.0 {
            // Within the lock, as each look.
            let mut reckoning = lock(reckoning);
            return reckoning.set_by_person(clocks.read(), said, (readings, is_sure));
        }
        let from = self.now().at;
        let to = said.check(self.pair(), readings, is_sure)?;
        self.set_wall_clock(to);
        self.trust();
        Ok(PersonTimeChange { from, to })
    }

    fn believe(&self, source: TrustSource, bound_ms: i64) {
        match &*self.0 {
            ClockSource::System { clocks, reckoning } => {
                let raw = clocks.read();
                lock(reckoning).believe(raw, source, bound_ms.saturating_mul(1000));
            }
            ClockSource::Manual { trusted, .. } => trusted.store(true, Ordering::Relaxed),
        }
    }

    /// Clock of a computer whose clocks show what the test says: wall and monotonic clock in ms,
    /// and whether the kernel is synchronised. The time at the start is believed.
    #[cfg(test)]
    pub(crate) fn simulated(wall: UtcMs, mono: MonoMs, synchronised: bool) -> Self {
        let clock = Self::simulated_with(Some(StartWitness::VirtualHost));
        clock.simulate(wall, mono, synchronised);
        clock
    }

    /// The same without a time at the start: a computer without a battery. It shows nothing of its
    /// own before `simulate`.
    #[cfg(any(test, feature = "fuzz-doors"))]
    pub(crate) fn simulated_without_host() -> Self {
        Self::simulated_with(None)
    }

    #[cfg(any(test, feature = "fuzz-doors"))]
    fn simulated_with(offered: Option<StartWitness>) -> Self {
        Self(Arc::new(ClockSource::System {
            clocks: SystemClocks::new(),
            reckoning: Box::new(Mutex::new(ClockReckoning::new(offered))),
        }))
    }

    /// Lets the clocks of a simulated computer show this.
    #[cfg(any(test, feature = "fuzz-doors"))]
    pub(crate) fn simulate(&self, wall: UtcMs, mono: MonoMs, synchronised: bool) {
        if let ClockSource::System { clocks, .. } = &*self.0 {
            clocks.simulate(reckoning::RawClocks {
                wall_us: wall.0 * 1000,
                mono_us: i64::try_from(mono.0).unwrap_or_default() * 1000,
                kernel_bound_us: synchronised.then_some(1000),
            });
        }
    }

    /// Marks a manual clock as not trusted.
    #[cfg(test)]
    pub(crate) fn distrust(&self) {
        if let ClockSource::Manual { trusted, .. } = &*self.0 {
            trusted.store(false, Ordering::Relaxed);
        }
    }

    /// Sets the wall clock of a manual clock; the monotonic clock is unchanged.
    pub fn set_wall_clock(&self, to: UtcMs) {
        if let ClockSource::Manual { at, .. } = &*self.0 {
            at.store(to.0, Ordering::Relaxed);
        }
    }
}

/// Time that has really passed since its start, by the monotonic clock of the system; a clock that
/// a test or demo sets has no effect on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self {
        Self::start()
    }
}

impl Stopwatch {
    /// Begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Began so long ago.
    #[cfg(test)]
    pub(crate) fn started_before(age: Duration) -> Self {
        let start = Self::start().0;
        Self(start.checked_sub(age).unwrap_or(start))
    }

    /// Time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Id of this boot, once it is known.
static BOOT: OnceLock<BootId> = OnceLock::new();

/// Kernel id of this boot.
pub fn boot_id() -> BootId {
    // Without a kernel id a random one is used for this run: readings of two runs are then never
    // taken for readings of the same boot, whose undated times could be corrected together.
    let boot = BOOT.get_or_init(|| {
        let said = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        BootId(match said.trim() {
            "" => format!("{:032x}", fastrand::u128(..)).into(),
            id => id.into(),
        })
    });
    boot.clone()
}

/// Says the id of this boot in place of the kernel, before anybody has asked for it.
#[cfg(feature = "fuzz-doors")]
pub(crate) fn simulate_boot(id: &str) {
    // A second word is not heard: there is one boot a process.
    let _ = BOOT.set(BootId(id.into()));
}

/// Looks at the clocks.
fn reckon(clocks: &SystemClocks, reckoning: &Mutex<ClockReckoning>) -> ReckonedTime {
    // Within the lock: looks of two threads stay in the order of the monotonic clock.
    let mut reckoning = lock(reckoning);
    reckoning.look(clocks.read())
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_waited_for_until_the_wall_clock_shows_it() {
        let (second, half) = (Duration::from_secs(1), Duration::from_millis(500));
        let clock = Clock::set(UtcMs(10_250), true);
        assert_eq!(clock.until_slot(second, half), Duration::from_millis(250));
        assert_eq!(
            clock.until_slot(second, Duration::ZERO),
            Duration::from_millis(750)
        );
        clock.advance(Duration::from_millis(250));
        assert_eq!(clock.until_slot(second, half), second);
        assert_eq!(clock.time_until(UtcMs(10_400)), Duration::ZERO);
        let real = Clock::system();
        let next = UtcMs(real.now().at.0 + 1);
        assert!(real.time_until(next) <= Duration::from_millis(1));
    }

    #[test]
    fn a_set_clock_moves_only_when_told() {
        let clock = Clock::set(UtcMs(1000), false);
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            clock.now(),
            ClockStamp {
                at: UtcMs(3000),
                mono: MonoMs(2000),
                trusted: false
            }
        );
        clock.set_wall_clock(UtcMs(9000));
        clock.trust();
        assert_eq!(
            clock.now(),
            ClockStamp {
                at: UtcMs(9000),
                mono: MonoMs(2000),
                trusted: true
            }
        );
    }

    #[test]
    fn a_battery_clock_confirms_a_time_that_it_shares_and_no_other() {
        let clock = Clock::set(UtcMs(1_795_575_600_000), false);
        assert_eq!(
            clock.confirm_by_battery_clock(UtcMs(1_795_575_721_000)),
            121_000
        );
        assert!(!clock.now().trusted);
        assert_eq!(
            clock.confirm_by_battery_clock(UtcMs(1_795_575_481_000)),
            -119_000
        );
        assert!(clock.now().trusted);
    }
}
