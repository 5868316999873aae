//! [`BatteryClock`]: a DS3231 on the bus that confirms the gateway's clock.
//!
//! Where the kernel owns the chip (`dtoverlay=i2c-rtc,ds3231`) it sets the clock from it at the
//! start, and the gateway trusts that while both agree (`clock`). Without the overlay the chip is
//! asked here, and it is heard before the time that the computer merely had at its start.

use crate::clock::Clock;
use crate::domain::UtcMs;
use drivers::ds3231::Ds3231;
use drivers::sensor_fault::SensorFault;
use embedded_hal::i2c::I2c;

/// Comparison of the gateway's clock with the chip's; it ends when the clock is trusted.
#[derive(Debug)]
pub(super) struct BatteryClock {
    clock: Clock,
    /// Last result that was logged, so that it is logged once.
    said: Option<ClockComparison>,
}

/// Result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockComparison {
    /// Something better vouches for the time.
    NotNeeded,
    /// The clocks agree: the gateway's is trusted now.
    Confirmed,
    /// The chip shows another time, which confirms nothing.
    Differs,
    /// The chip had no power, and its time is not to be used until it is set.
    Stopped,
    /// The chip does not answer; its points say so.
    Silent,
}

impl BatteryClock {
    pub(super) fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            said: None,
        }
    }

    /// Asks the chip while nothing vouches for the time but, at most, the start. Reads only.
    pub(super) fn compare(&mut self, bus: &mut impl I2c) -> ClockComparison {
        if !self.clock.needs_battery_clock() {
            return ClockComparison::NotNeeded;
        }
        let (result, lead_ms) = match Ds3231.read_time(bus) {
            Ok(time) => {
                let battery = UtcMs(time.unix_seconds().saturating_mul(1000));
                let lead_ms = self.clock.confirm_by_battery_clock(battery);
                let is_confirmed = !self.clock.needs_battery_clock();
                let differs = (ClockComparison::Differs, lead_ms);
                if is_confirmed {
                    (ClockComparison::Confirmed, lead_ms)
                } else {
                    differs
                }
            }
            Err(SensorFault::ClockStopped) => (ClockComparison::Stopped, 0),
            Err(_) => (ClockComparison::Silent, 0),
        };
        if self.said.replace(result) != Some(result) {
            log_comparison(result, lead_ms);
        }
        result
    }
}

fn log_comparison(result: ClockComparison, lead_ms: i64) {
    match result {
        ClockComparison::Confirmed => {
            tracing::info!(
                lead_ms,
                "the battery clock confirms the time: it is trusted"
            );
        }
        ClockComparison::Differs => tracing::warn!(
            lead_ms,
            "the battery clock shows another time than this computer, whose time is not trusted: \
             let the kernel set it (dtoverlay=i2c-rtc,ds3231 in /boot/firmware/config.txt)"
        ),
        ClockComparison::Stopped => tracing::warn!(
            "the battery clock had no power since it was set: replace its cell and set it \
             (hwclock --systohc, with dtoverlay=i2c-rtc,ds3231)"
        ),
        ClockComparison::NotNeeded | ClockComparison::Silent => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::ds3231::Ds3231Time;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    /// 2026-11-25 10:00:00 in Jakarta.
    const NOW_S: i64 = 1_795_575_600;

    /// Returns the chip with this time, and the mark of a stopped clock.
    fn chip(unix_s: i64, status: u8) -> Mock {
        let time = Ds3231Time::from_unix_seconds(unix_s).unwrap();
        let mut registers = time.to_registers().unwrap().to_vec();
        registers.resize(16, 0);
        registers[15] = status;
        Mock::new(&[Transaction::write_read(0x68, vec![0], registers)])
    }

    #[test]
    fn a_chip_with_the_same_time_makes_the_clock_trusted() {
        let clock = Clock::set(UtcMs(NOW_S * 1000), false);
        let mut battery = BatteryClock::new(&clock);
        let mut bus = chip(NOW_S + 3, 0);
        assert_eq!(battery.compare(&mut bus), ClockComparison::Confirmed);
        assert!(clock.now().trusted);
        bus.done();
        // It is not asked again.
        let mut idle = Mock::new(&[]);
        assert_eq!(battery.compare(&mut idle), ClockComparison::NotNeeded);
        idle.done();
    }

    #[test]
    fn a_chip_with_another_time_or_one_that_stopped_confirms_nothing() {
        for (unix_s, status, expected) in [
            (NOW_S + 3600, 0, ClockComparison::Differs),
            (NOW_S, 0x80, ClockComparison::Stopped),
        ] {
            let clock = Clock::set(UtcMs(NOW_S * 1000), false);
            let mut bus = chip(unix_s, status);
            assert_eq!(BatteryClock::new(&clock).compare(&mut bus), expected);
            assert!(!clock.now().trusted, "{expected:?}");
            bus.done();
        }
    }
}
