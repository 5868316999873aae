//! Soak test: success rate of the polls of each device over a quarter of an hour. Pure; time is an
//! argument.

use crate::domain::QualityReason;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::limits::SOAK_MAX_SECONDS;
use std::sync::Arc;
use std::time::Duration;

/// Share of successful polls with which a device passes, percent.
pub const PASS_PERCENT: f64 = 99.0;

/// Polls from which on the share of good ones can be told: one in a hundred may fail.
pub const POLLS_NEEDED: u64 = 100;

/// Duration of a test where enough polls take no longer.
pub const LENGTH_DEFAULT: Duration = Duration::from_mins(15);

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
    /// Whether a device that sends when it likes has sent nothing so far, and the time for it is
    /// not over; what a broker had kept does not count.
    pub is_waiting: bool,
    /// Whether the device sends when it likes, so that the first polls may find nothing yet.
    pub sends_by_itself: bool,
}

impl SoakCounts {
    /// Counts with what the values say: whether each has a number, and its reason. A node that has
    /// sent nothing yet has no fault, since there is time for it; in a test its polls fail, with
    /// the reason of its values.
    #[must_use]
    pub fn with_values(self, values: &[(bool, Option<QualityReason>)]) -> Self {
        let is_old = |(has_number, reason): &(bool, Option<QualityReason>)| {
            !has_number || *reason == Some(QualityReason::Retained)
        };
        let reason = values.iter().find_map(|(_, reason)| *reason);
        let reason = reason.filter(|_| values.iter().all(is_old));
        let waits = [QualityReason::NoMessage, QualityReason::Retained];
        Self {
            fault: self.fault.or(reason),
            is_waiting: self.fault.is_none() && reason.is_some_and(|one| waits.contains(&one)),
            ..self
        }
    }
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
    /// Polls before the first message of a device that sends when it likes.
    waited: u64,
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
    /// True when there were enough polls to tell 99 in 100.
    pub is_enough: bool,
    /// Time that enough polls take, milliseconds.
    pub needed_ms: u64,
}

/// Returns the time in which a device with this polling period has enough polls, milliseconds.
// One poll more: that of the first period may have been before the test.
pub fn needed_ms(every_ms: u64) -> u64 {
    every_ms.saturating_mul(POLLS_NEEDED + 1)
}

/// Time in which every device has enough polls: 15 minutes or more, and a day at most.
pub fn enough_time(devices: &[(Arc<str>, u64)]) -> Duration {
    let slowest = devices
        .iter()
        .map(|(_, every_ms)| needed_ms(*every_ms))
        .max();
    let needed = Duration::from_millis(slowest.unwrap_or_default());
    needed.clamp(LENGTH_DEFAULT, Duration::from_secs(SOAK_MAX_SECONDS))
}

/// Percent with two decimals, rounded down so that a fail is never shown as the limit itself.
pub(crate) fn rounded_down(percent: f64) -> f64 {
    round_decimals(percent, 2, RoundingMode::Down)
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
            waited: 0,
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
            let is_first = device.good_polls(device.now) == 0 && device.good_polls(counts) > 0;
            let was_waiting = matches!(
                device.fault,
                None | Some(QualityReason::NoMessage | QualityReason::Retained)
            );
            if counts.sends_by_itself && is_first && was_waiting {
                // What was waited for is here, and had been no fault. It may have come between two
                // looks at the counts.
                device.waited = counts
                    .failures
                    .saturating_sub(device.begin_counts().failures);
                device.fault = None;
            }
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

    /// True when every device passes, with enough polls.
    pub fn passes(&self, elapsed_ms: u64) -> bool {
        let rows = self.device_results(elapsed_ms);
        rows.iter().all(|row| row.passes && row.is_enough)
    }
}

impl SoakedDevice {
    fn begin_counts(&self) -> SoakCounts {
        self.begin.unwrap_or_default()
    }

    /// Polls of the test that gave values, at these counts.
    fn good_polls(&self, now: SoakCounts) -> u64 {
        let begin = self.begin_counts();
        let failures = now.failures.saturating_sub(begin.failures);
        now.polls
            .saturating_sub(begin.polls)
            .saturating_sub(failures)
    }

    fn device_result(&self, elapsed_ms: u64) -> DeviceSoakResult {
        let done = self.now.polls.saturating_sub(self.begin_counts().polls);
        let good = self.good_polls(self.now);
        // A silent device is polled less often, so its missed slots count as failures too. The poll
        // of the last period may not have happened yet.
        let due = (elapsed_ms / self.every_ms).saturating_sub(1);
        let polls = done.max(due);
        // A node is heard from its next message on. One that never sends has failed all the time.
        let polls = match good {
            0 => polls,
            _ => polls.saturating_sub(self.waited).max(good),
        };
        let percent = (polls > 0).then(|| good_share(good, polls) * 100.0);
        DeviceSoakResult {
            id: self.id.clone(),
            good,
            polls,
            percent,
            round_trip_max_ms: self.round_trip_max_ms,
            fault: self.fault,
            is_enough: polls >= POLLS_NEEDED,
            needed_ms: needed_ms(self.every_ms),
            passes: percent.is_some_and(|percent| percent >= PASS_PERCENT)
                && !self.now.is_waiting
                // Repeated requests hide what the line or the device loses.
                && !matches!(
                    self.fault,
                    Some(QualityReason::HalfAnswered | QualityReason::TwoDevices)
                ),
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

    /// Counts of a node whose broker had kept a message, or not, before its own comes.
    fn node_counts(polls: u64, failures: u64, is_waiting: bool) -> SoakCounts {
        SoakCounts {
            fault: is_waiting.then_some(QualityReason::NoMessage),
            is_waiting,
            sends_by_itself: true,
            ..soak_counts(polls, failures)
        }
    }

    #[test]
    fn polls_before_the_first_message_of_a_node_do_not_count() {
        let mut soak = SoakTest::new(900_000, [("node".into(), 60_000)]);
        soak.take("node", node_counts(0, 0, false));
        soak.take("node", node_counts(2, 2, true));
        assert!(!soak.passes(120_000));
        soak.take("node", node_counts(15, 2, false));
        let row = &soak.device_results(900_000)[0];
        assert_eq!((row.good, row.polls, row.passes), (13, 13, true));
        assert_eq!(row.fault, None);
        // A gap after it counts, as on any other bus.
        soak.take("node", node_counts(16, 3, false));
        assert!(!soak.passes(960_000));
    }

    #[test]
    fn a_first_message_between_two_looks_at_the_counts_is_none_that_was_missed() {
        let mut soak = SoakTest::new(900_000, [("node".into(), 60_000)]);
        soak.take("node", node_counts(0, 0, false));
        soak.take("node", node_counts(2, 1, false));
        soak.take("node", node_counts(15, 1, false));
        assert!(soak.device_results(900_000)[0].passes);
        // 15 polls are too few to tell 99 in 100.
        assert!(!soak.passes(900_000));
        // A device that is asked has failed when its first poll has.
        let mut soak = SoakTest::new(900_000, [("meter".into(), 60_000)]);
        soak.take("meter", soak_counts(0, 0));
        soak.take("meter", soak_counts(15, 1));
        assert!(!soak.passes(900_000));
    }

    #[test]
    fn a_node_of_which_only_kept_messages_are_known_does_not_pass() {
        let mut soak = SoakTest::new(900_000, [("node".into(), 60_000)]);
        soak.take("node", node_counts(0, 0, true));
        soak.take("node", node_counts(15, 0, true));
        let row = &soak.device_results(900_000)[0];
        assert_eq!((row.good, row.passes), (15, false));
    }

    #[test]
    fn a_share_of_99_in_100_is_told_from_100_polls_on() {
        for (polls, is_enough) in [(99, false), (100, true), (101, true)] {
            let mut soak = SoakTest::new(900_000, [("meter".into(), 1000)]);
            soak.take("meter", soak_counts(0, 0));
            soak.take("meter", soak_counts(polls, 0));
            let row = &soak.device_results(polls * 1000)[0];
            assert_eq!((row.passes, row.is_enough), (true, is_enough), "{polls}");
            assert_eq!(soak.passes(polls * 1000), is_enough, "{polls}");
        }
        // After the proposed time a device that is polled by its slots has enough.
        assert_eq!(needed_ms(10_000), 1_010_000);
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
