//! [`StartWitness`]: what speaks for the time that the computer has at the start of the program,
//! and [`StartDoubt`]: why it is not believed all the same. Pure, but for the look at the devices.

use crate::domain::UtcMs;
use crate::limits::{
    BATTERY_CLOCK_DRIFT_PPM, BATTERY_CLOCK_MAX_MS, EARLIEST_TIME_MS, HOST_BOUND_MS,
    HOST_LEAP_MAX_MS, PERSON_TIME_REACH_MS,
};
use std::path::Path;

/// Battery clocks of the kernel.
const BATTERY_CLOCKS: &str = "/sys/class/rtc";
/// Clocks that the kernel can count by.
const CLOCK_SOURCES: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";

/// Witness of the time at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartWitness {
    /// Battery clock from which the kernel set its time, and its lead over the wall clock now, ms.
    BatteryClock {
        /// Zero when both show the same.
        lead_ms: i64,
    },
    /// Host of a virtual machine.
    VirtualHost,
}

/// Reason why the time at the start is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDoubt {
    /// The battery clock shows another time, by so many ms.
    BatteryDiffers(i64),
    /// It is before the newest data, which this is.
    BeforeData(UtcMs),
    /// It is far beyond the newest reading, which this is; without one beyond what can be.
    FarAhead(Option<UtcMs>),
}

impl std::fmt::Display for StartDoubt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BatteryDiffers(lead_ms) => {
                let word = if *lead_ms < 0 { "behind" } else { "ahead of" };
                let seconds = lead_ms.unsigned_abs() / 1000;
                write!(formatter, "the battery clock is {seconds} s {word} it")
            }
            Self::BeforeData(newest) => write!(formatter, "the newest data are of {newest}"),
            Self::FarAhead(Some(newest)) => {
                write!(
                    formatter,
                    "the newest reading is far before it, of {newest}"
                )
            }
            Self::FarAhead(None) => write!(formatter, "it is years after this program was made"),
        }
    }
}

/// Times that the store knows when the program starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreTimes {
    /// Newest reading, or what somebody recorded later: no clock runs back.
    pub newest: Option<UtcMs>,
    /// Newest reading whose date is not in doubt.
    pub certain: Option<UtcMs>,
    /// Last moment at which the network vouched for the time.
    pub network: Option<UtcMs>,
}

impl StartWitness {
    /// Looks at the computer; `wall_ms` is its time.
    pub(super) fn of_computer(wall_ms: i64) -> Option<Self> {
        let battery = battery_clock_lead(Path::new(BATTERY_CLOCKS), wall_ms);
        let host = || {
            let sources = std::fs::read_to_string(CLOCK_SOURCES).unwrap_or_default();
            let is_host =
                |name| matches!(name, "kvm-clock" | "hyperv_clocksource_tsc_page" | "xen");
            sources
                .split_whitespace()
                .any(is_host)
                .then_some(Self::VirtualHost)
        };
        battery
            .map(|lead_ms| Self::BatteryClock { lead_ms })
            .or_else(host)
    }

    /// Doubt that needs nothing but the clocks themselves.
    pub(super) fn doubt(self) -> Option<StartDoubt> {
        match self {
            Self::BatteryClock { lead_ms } if lead_ms.unsigned_abs() > BATTERY_CLOCK_MAX_MS => {
                Some(StartDoubt::BatteryDiffers(lead_ms))
            }
            _ => None,
        }
    }

    /// Largest error of the time that it speaks for, ms. A battery clock was last set from the
    /// network at `network`, as the kernel does by itself; where that is not known, it has run for
    /// as long as two clocks may differ.
    pub(super) fn bound_ms(self, now: UtcMs, network: Option<UtcMs>) -> i64 {
        let Self::BatteryClock { lead_ms } = self else {
            return HOST_BOUND_MS;
        };
        let unknown = i64::try_from(BATTERY_CLOCK_MAX_MS).unwrap_or(i64::MAX);
        let drift = network.map_or(unknown, |set| {
            now.0.saturating_sub(set.0).max(0) / 1_000_000 * BATTERY_CLOCK_DRIFT_PPM
        });
        drift
            .saturating_add(lead_ms.saturating_abs())
            .saturating_add(HOST_BOUND_MS)
    }
}

impl StoreTimes {
    /// Doubt about a time at the start that is too far ahead.
    pub(super) fn doubt_ahead(&self, shown_ms: i64) -> Option<StartDoubt> {
        let last = match self.certain {
            Some(certain) => certain.0.saturating_add(HOST_LEAP_MAX_MS),
            None => EARLIEST_TIME_MS + PERSON_TIME_REACH_MS,
        };
        (shown_ms > last).then_some(StartDoubt::FarAhead(self.certain))
    }
}

/// Lead in milliseconds over the wall clock of the battery clock from which the kernel set its
/// time; `None` without one that can be read.
fn battery_clock_lead(clocks: &Path, wall_ms: i64) -> Option<i64> {
    let mut devices = std::fs::read_dir(clocks).ok()?.flatten();
    devices.find_map(|device| {
        let read = |file: &str| std::fs::read_to_string(device.path().join(file));
        // A clock that merely exists may never have been set.
        if read("hctosys").ok()?.trim() != "1" {
            return None;
        }
        let seconds: i64 = read("since_epoch").ok()?.trim().parse().ok()?;
        // In the middle of the second that it shows.
        Some(
            seconds
                .saturating_mul(1000)
                .saturating_add(500)
                .saturating_sub(wall_ms),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    /// 2026-11-30.
    const NOON: i64 = 1_796_040_000_000;

    #[test]
    fn a_battery_clock_is_read_where_the_kernel_set_its_time_from_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(battery_clock_lead(&dir.path().join("none"), NOON), None);
        for (name, hctosys, seconds) in [("rtc0", "0", 5), ("rtc1", "1", NOON / 1000 + 7)] {
            let rtc = dir.path().join(name);
            std::fs::create_dir(&rtc).unwrap();
            std::fs::write(rtc.join("hctosys"), format!("{hctosys}\n")).unwrap();
            std::fs::write(rtc.join("since_epoch"), format!("{seconds}\n")).unwrap();
        }
        assert_eq!(battery_clock_lead(dir.path(), NOON), Some(7500));
        // It answers no more.
        std::fs::remove_file(dir.path().join("rtc1/since_epoch")).unwrap();
        assert_eq!(battery_clock_lead(dir.path(), NOON), None);
    }

    #[test]
    fn a_battery_clock_that_shows_another_time_speaks_for_none() {
        let of = |lead_ms| StartWitness::BatteryClock { lead_ms }.doubt();
        assert_eq!((of(119_000), of(-119_000)), (None, None));
        // Local time in place of UTC.
        let ahead = 7 * 3_600_000;
        assert_eq!(of(ahead), Some(StartDoubt::BatteryDiffers(ahead)));
        assert_eq!(StartWitness::VirtualHost.doubt(), None);
    }

    #[test]
    fn a_doubt_is_told_in_plain_words() {
        let newest = UtcMs(NOON);
        for (doubt, said) in [
            (
                StartDoubt::BatteryDiffers(-7500),
                "the battery clock is 7 s behind it",
            ),
            (
                StartDoubt::BeforeData(newest),
                "the newest data are of 2026-11-30T12:00:00Z",
            ),
            (
                StartDoubt::FarAhead(Some(newest)),
                "the newest reading is far before it, of 2026-11-30T12:00:00Z",
            ),
            (
                StartDoubt::FarAhead(None),
                "it is years after this program was made",
            ),
        ] {
            assert_eq!(doubt.to_string(), said);
        }
    }

    #[test]
    fn the_bound_of_a_battery_clock_grows_by_two_seconds_a_day_since_the_network() {
        let clock = StartWitness::BatteryClock { lead_ms: -400 };
        let after = |days: i64| clock.bound_ms(UtcMs(NOON + days * DAY), Some(UtcMs(NOON)));
        assert_eq!((after(0), after(10)), (2400, 2400 + 864 * 23));
        assert_eq!(clock.bound_ms(UtcMs(NOON), None), 122_400);
        assert_eq!(StartWitness::VirtualHost.bound_ms(UtcMs(NOON), None), 2000);
    }

    #[test]
    fn a_time_far_beyond_the_newest_reading_is_not_believed() {
        let read = StoreTimes {
            certain: Some(UtcMs(NOON)),
            ..StoreTimes::default()
        };
        assert_eq!(read.doubt_ahead(NOON + 31 * DAY), None);
        let far = Some(StartDoubt::FarAhead(Some(UtcMs(NOON))));
        assert_eq!(read.doubt_ahead(NOON + 32 * DAY), far);
        // A new site knows nothing but the year of the program.
        let new = StoreTimes::default();
        assert_eq!(new.doubt_ahead(NOON + 700 * DAY), None);
        let never = Some(StartDoubt::FarAhead(None));
        assert_eq!(new.doubt_ahead(NOON + 3650 * DAY), never);
    }
}
