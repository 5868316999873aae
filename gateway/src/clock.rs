//! The only reader of the system's clocks; says how sure it is of the time.
//!
//! Intervals use the monotonic clock, stamps the wall clock; the two meet only here. A box without
//! a battery clock starts with a wrong date: until the kernel says that the clock is synchronised
//! (`adjtimex`), stamps are not trusted and readings are re-dated later (`store`). A box whose
//! kernel took the time from a battery clock, or from the host of a virtual machine, is trusted at
//! once.

use crate::model::{BootId, MonoMs, UtcMs};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// One look at both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Wall clock.
    pub at: UtcMs,
    /// Monotonic clock of this boot.
    pub mono: MonoMs,
    /// The wall clock can be believed.
    pub trusted: bool,
}

/// Where the time comes from: the system, or a test or demo that sets it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System {
        start: Instant,
        start_mono: u64,
        forced: AtomicBool,
    },
    Set {
        at: AtomicI64,
        mono: AtomicI64,
        trusted: AtomicBool,
    },
}

impl Stamp {
    /// Milliseconds from the monotonic to the wall clock: constant until the wall clock is set.
    pub fn offset_ms(&self) -> i64 {
        offset_ms(self.at, self.mono)
    }
}

/// Milliseconds from a monotonic time to the wall clock's time of the same moment.
pub fn offset_ms(at: UtcMs, mono: MonoMs) -> i64 {
    let mono = i64::try_from(mono.0).unwrap_or(i64::MAX);
    at.0.saturating_sub(mono)
}

impl Clock {
    /// The system's clocks.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub fn system() -> Self {
        let start_mono = uptime().unwrap_or_default();
        Self(Arc::new(Source::System {
            start: Instant::now(),
            start_mono: millis(start_mono),
            forced: AtomicBool::new(has_clock_of_its_own()),
        }))
    }

    /// A clock that stands still until `advance`; for tests and simulated history.
    pub fn set(at: UtcMs, trusted: bool) -> Self {
        Self(Arc::new(Source::Set {
            at: AtomicI64::new(at.0),
            mono: AtomicI64::new(0),
            trusted: AtomicBool::new(trusted),
        }))
    }

    /// Both clocks now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub fn now(&self) -> Stamp {
        match &*self.0 {
            Source::System {
                start,
                start_mono,
                forced,
            } => {
                let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                Stamp {
                    at: UtcMs(
                        wall.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0)),
                    ),
                    mono: MonoMs(start_mono + millis(start.elapsed())),
                    trusted: forced.load(Ordering::Relaxed) || synchronised(),
                }
            }
            Source::Set { at, mono, trusted } => Stamp {
                at: UtcMs(at.load(Ordering::Relaxed)),
                mono: MonoMs(mono.load(Ordering::Relaxed).unsigned_abs()),
                trusted: trusted.load(Ordering::Relaxed),
            },
        }
    }

    /// Moves a set clock on; a system clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Source::Set { at, mono, .. } = &*self.0 {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            at.fetch_add(by, Ordering::Relaxed);
            mono.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// Somebody vouches for the wall clock (a machine without NTP, a technician's phone, a test).
    pub fn trust(&self) {
        match &*self.0 {
            Source::System { forced, .. } => forced.store(true, Ordering::Relaxed),
            Source::Set { trusted, .. } => trusted.store(true, Ordering::Relaxed),
        }
    }

    /// Nobody vouches for a set clock any more.
    #[cfg(test)]
    pub(crate) fn distrust(&self) {
        if let Source::Set { trusted, .. } = &*self.0 {
            trusted.store(false, Ordering::Relaxed);
        }
    }

    /// The wall clock of a set clock is put right; the monotonic one goes on.
    pub fn step(&self, to: UtcMs) {
        if let Source::Set { at, .. } = &*self.0 {
            at.store(to.0, Ordering::Relaxed);
        }
    }
}

/// The kernel's id of this boot. Where there is none, a random word for this run of the program, so
/// that nothing is ever taken for a reading of the same boot that may not be one.
pub fn boot_id() -> BootId {
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

fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The kernel set its time from a battery clock, or this is a virtual machine, whose host did.
fn has_clock_of_its_own() -> bool {
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

/// The kernel's word that something (NTP, chrony, a GPS) disciplines its clock.
#[expect(
    unsafe_code,
    reason = "adjtimex has no safe wrapper in our tree; it only reads here"
)]
fn synchronised() -> bool {
    // SAFETY: `timex` is plain data for which all zeros is valid; modes = 0 asks for a read only.
    let state = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        libc::adjtimex(&raw mut timex)
    };
    // 5 is TIME_ERROR: not synchronised.
    (0..5).contains(&state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_moves_only_when_told() {
        let clock = Clock::set(UtcMs(1000), false);
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            clock.now(),
            Stamp {
                at: UtcMs(3000),
                mono: MonoMs(2000),
                trusted: false
            }
        );
        clock.step(UtcMs(9000));
        clock.trust();
        assert_eq!(
            clock.now(),
            Stamp {
                at: UtcMs(9000),
                mono: MonoMs(2000),
                trusted: true
            }
        );
    }
}
