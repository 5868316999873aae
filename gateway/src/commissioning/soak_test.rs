//! Soak test: success rate of the polls of each device over a quarter of an hour. Pure; time is an
//! argument.

use crate::domain::QualityReason;
use std::sync::Arc;

/// Share of successful polls with which a device passes, percent.
pub const PASS_PERCENT: f64 = 99.0;

/// Counts of a device since some start, by the gateway or by the test itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoakCounts {
    /// Polls done.
    pub polls: u64,
    /// Polls without values.
    pub failures: u64,
    /// Slots that passed because the bus was busy.
    pub late: u64,
    /// Round-trip time of the last successful request, milliseconds.
    pub round_trip_ms: f64,
    /// Current fault.
    pub fault: Option<QualityReason>,
}

/// Soak test of some devices.
#[derive(Clone, Debug)]
pub struct SoakTest {
    length_ms: u64,
    devices: Vec<SoakedDevice>,
}

#[derive(Clone, Debug)]
struct SoakedDevice {
    id: Arc<str>,
    every_ms: u64,
    begin: Option<SoakCounts>,
    now: SoakCounts,
    round_trip_max_ms: f64,
    /// Last fault seen during the test.
    fault: Option<QualityReason>,
}

/// Result of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceSoakResult {
    /// Device id.
    pub id: Arc<str>,
    /// Polls that gave values.
    pub good: u64,
    /// Polls done or due: one for each period that has passed.
    pub polls: u64,
    /// Share of good polls, percent; `None` before the first poll.
    pub percent: Option<f64>,
    /// Longest round-trip time seen, milliseconds.
    pub round_trip_max_ms: f64,
    /// Last fault seen during the test.
    pub fault: Option<QualityReason>,
    /// True when the device passes so far.
    pub passes: bool,
}

impl SoakTest {
    /// Creates a test of `length_ms` milliseconds; each device with its polling period in
    /// milliseconds.
    pub fn new(length_ms: u64, devices: impl IntoIterator<Item = (Arc<str>, u64)>) -> Self {
        let tested = devices.into_iter().map(|(id, every_ms)| SoakedDevice {
            id,
            // Guards the division in `row`.
            every_ms: every_ms.max(1),
            begin: None,
            now: SoakCounts::default(),
            round_trip_max_ms: 0.0,
            fault: None,
        });
        Self {
            length_ms,
            devices: tested.collect(),
        }
    }

    /// Takes the present counts of a device; the first call sets the start.
    pub fn take(&mut self, id: &str, counts: SoakCounts) {
        let Some(device) = self.devices.iter_mut().find(|device| &*device.id == id) else {
            return;
        };
        let begun = device.begin.get_or_insert(counts);
        if counts.polls < begun.polls {
            // The gateway has restarted and counts from zero.
            *begun = SoakCounts::default();
        }
        // Without a new poll the counts say nothing new.
        let is_news = counts.polls > device.now.polls && counts.polls > begun.polls;
        if is_news {
            device.round_trip_max_ms = device.round_trip_max_ms.max(counts.round_trip_ms);
            device.fault = counts.fault.or(device.fault);
        }
        device.now = counts;
    }

    /// Returns the result of each device after `elapsed_ms` milliseconds, in order.
    pub fn device_results(&self, elapsed_ms: u64) -> Vec<DeviceSoakResult> {
        self.devices
            .iter()
            .map(|device| device.device_result(elapsed_ms))
            .collect()
    }

    /// True when the time is over.
    pub fn is_over(&self, elapsed_ms: u64) -> bool {
        elapsed_ms >= self.length_ms
    }

    /// True when every device passes.
    pub fn passes(&self, elapsed_ms: u64) -> bool {
        self.device_results(elapsed_ms).iter().all(|row| row.passes)
    }
}

impl SoakedDevice {
    fn device_result(&self, elapsed_ms: u64) -> DeviceSoakResult {
        let begin = self.begin.unwrap_or_default();
        let done = self.now.polls.saturating_sub(begin.polls);
        let failures = self.now.failures.saturating_sub(begin.failures);
        let good = done.saturating_sub(failures);
        // A silent device is polled less often, so its missed slots count as failures too. The poll
        // of the last period may not have happened yet.
        let due = (elapsed_ms / self.every_ms).saturating_sub(1);
        let polls = done.max(due);
        let percent = (polls > 0).then(|| good_share(good, polls) * 100.0);
        DeviceSoakResult {
            id: self.id.clone(),
            good,
            polls,
            percent,
            round_trip_max_ms: self.round_trip_max_ms,
            fault: self.fault,
            passes: percent.is_some_and(|percent| percent >= PASS_PERCENT),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "polls of a day are far below 2^53"
)]
fn good_share(good: u64, polls: u64) -> f64 {
    good as f64 / polls as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soak_counts(polls: u64, failures: u64) -> SoakCounts {
        SoakCounts {
            polls,
            failures,
            round_trip_ms: 12.0,
            fault: (failures > 0).then_some(QualityReason::Timeout),
            ..SoakCounts::default()
        }
    }

    /// A quarter of an hour of a device polled every second, in simulated time.
    fn run_soak(failures: u64) -> SoakTest {
        let mut soak = SoakTest::new(900_000, [("meter".into(), 1000)]);
        // The gateway had run before, with failures of its own.
        for second in 0..=900 {
            let failed = 50 + failures.min(second);
            soak.take("meter", soak_counts(5000 + second, failed));
        }
        soak
    }

    #[test]
    fn ninety_nine_good_polls_in_a_hundred_pass() {
        assert!(run_soak(0).passes(900_000));
        assert!(run_soak(9).passes(900_000));
        assert!(!run_soak(10).passes(900_000));
    }

    #[test]
    fn only_polls_of_the_test_itself_count() {
        let row = &run_soak(9).device_results(900_000)[0];
        assert_eq!((row.good, row.polls), (891, 900));
        assert_eq!(row.fault, Some(QualityReason::Timeout));
    }

    #[test]
    fn a_silent_device_that_is_asked_less_often_does_not_pass() {
        let mut soak = SoakTest::new(900_000, [("meter".into(), 1000)]);
        soak.take("meter", soak_counts(0, 0));
        soak.take("meter", soak_counts(20, 0));
        assert!(!soak.passes(900_000));
        assert_eq!(soak.device_results(900_000)[0].polls, 899);
    }

    #[test]
    fn a_device_that_was_never_asked_does_not_pass() {
        let soak = SoakTest::new(900_000, [("meter".into(), 3_600_000)]);
        assert_eq!(soak.device_results(900_000)[0].percent, None);
        assert!(!soak.passes(900_000));
    }

    #[test]
    fn the_test_ends_when_its_time_is_up() {
        let soak = run_soak(0);
        assert!(!soak.is_over(899_999));
        assert!(soak.is_over(900_000));
    }

    #[test]
    fn a_gateway_that_starts_anew_meanwhile_does_not_wrap_the_counts() {
        let mut soak = SoakTest::new(60_000, [("meter".into(), 1000)]);
        soak.take("meter", soak_counts(500, 0));
        soak.take("meter", soak_counts(59, 0));
        assert_eq!(soak.device_results(60_000)[0].good, 59);
    }
}
