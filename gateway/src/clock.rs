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
//! (`storage`). When the kernel got its time from a battery clock, or from the host of a virtual
//! machine, the wall clock is trusted at once; a battery clock that the gateway itself reads may
//! confirm it later. See "Time" in `docs/ARCHITECTURE.md`.

use crate::domain::{BootId, MonoMs, UtcMs};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// Largest difference at which a battery clock confirms the wall clock, ms: the drift of a year
/// (2 ppm for a DS3231, 63 s) and the step of a second.
const BATTERY_CLOCK_MAX_MS: u64 = 120_000;

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
        start: Instant,
        start_mono: u64,
        forced: AtomicBool,
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

/// Offset in milliseconds between a wall clock time and the monotonic time of the same moment.
pub fn offset_ms(at: UtcMs, mono: MonoMs) -> i64 {
    let mono = i64::try_from(mono.0).unwrap_or(i64::MAX);
    at.0.saturating_sub(mono)
}

impl Clock {
    /// Returns the clock of the system.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub fn system() -> Self {
        let start_mono = read_uptime().unwrap_or_default();
        Self(Arc::new(ClockSource::System {
            start: Instant::now(),
            start_mono: to_millis(start_mono),
            forced: AtomicBool::new(has_trusted_boot_time()),
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
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub fn now(&self) -> ClockStamp {
        match &*self.0 {
            ClockSource::System {
                start,
                start_mono,
                forced,
            } => {
                let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                ClockStamp {
                    at: UtcMs(
                        wall.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0)),
                    ),
                    mono: MonoMs(start_mono + to_millis(start.elapsed())),
                    trusted: forced.load(Ordering::Relaxed) || is_synchronised(),
                }
            }
            ClockSource::Manual { at, mono, trusted } => ClockStamp {
                at: UtcMs(at.load(Ordering::Relaxed)),
                mono: MonoMs(mono.load(Ordering::Relaxed).unsigned_abs()),
                trusted: trusted.load(Ordering::Relaxed),
            },
        }
    }

    /// Time until the wall clock shows `at`; zero when it has passed. Exact where [`Self::now`] has
    /// whole milliseconds, so that what is due at one moment wakes the program once.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub fn time_until(&self, at: UtcMs) -> Duration {
        let shown = match &*self.0 {
            ClockSource::System { .. } => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
            ClockSource::Manual { at, .. } => since_1970(at.load(Ordering::Relaxed)),
        };
        since_1970(at.0).saturating_sub(shown)
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

    /// Marks the wall clock as trusted (a computer without NTP, the phone of a technician, a test).
    pub fn trust(&self) {
        match &*self.0 {
            ClockSource::System { forced, .. } => forced.store(true, Ordering::Relaxed),
            ClockSource::Manual { trusted, .. } => trusted.store(true, Ordering::Relaxed),
        }
    }

    /// Compares the wall clock with a battery clock that has run without a break, and trusts it if
    /// they agree within `BATTERY_CLOCK_MAX_MS`. Returns the battery clock's lead, ms.
    pub fn confirm_by_battery_clock(&self, battery: UtcMs) -> i64 {
        let lead = battery.0.saturating_sub(self.now().at.0);
        if lead.unsigned_abs() <= BATTERY_CLOCK_MAX_MS {
            self.trust();
        }
        lead
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

/// Time that has really passed since its start, by the monotonic clock of the system; a clock that a
/// test or demo sets has no effect on it.
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

/// Kernel id of this boot.
pub fn boot_id() -> BootId {
    // Without a kernel id a random one is used for this run: readings of two runs are then never
    // taken for readings of the same boot, whose undated times could be corrected together.
    static BOOT: OnceLock<BootId> = OnceLock::new();
    let boot = BOOT.get_or_init(|| {
        let said = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        BootId(match said.trim() {
            "" => format!("{:032x}", fastrand::u128(..)).into(),
            id => id.into(),
        })
    });
    boot.clone()
}

/// Time since boot.
fn read_uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Milliseconds since 1970 as a duration; zero before.
fn since_1970(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn to_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// True when the kernel took its time from a battery clock, or from the host of a virtual machine.
fn has_trusted_boot_time() -> bool {
    // `hctosys` is 1 for the clock from which the kernel set its time at boot; a clock that merely
    // exists may never have been set.
    let battery = std::fs::read_dir("/sys/class/rtc")
        .into_iter()
        .flatten()
        .flatten()
        .any(|rtc| {
            std::fs::read_to_string(rtc.path().join("hctosys")).is_ok_and(|set| set.trim() == "1")
        });
    let source = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
    let host = std::fs::read_to_string(source).is_ok_and(|names| {
        names
            .split_whitespace()
            .any(|name| matches!(name, "kvm-clock" | "hyperv_clocksource_tsc_page" | "xen"))
    });
    battery || host
}

/// True when the kernel reports that its clock is disciplined (NTP, chrony, GPS).
#[expect(
    unsafe_code,
    reason = "adjtimex has no safe wrapper in our tree; it only reads here"
)]
fn is_synchronised() -> bool {
    // SAFETY: `timex` is plain data for which all zeros is valid; modes = 0 asks for a read only.
    let state = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        libc::adjtimex(&raw mut timex)
    };
    // State 5 is TIME_ERROR: not synchronised.
    (0..5).contains(&state)
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
