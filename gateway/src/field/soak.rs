//! How well a line holds: the polls of a quarter of an hour, counted. Pure; time is an argument.

use crate::model::Reason;
use std::sync::Arc;

/// Good polls in a hundred with which a device passes.
pub const PASS_PERCENT: f64 = 99.0;

/// What is counted of a device since some moment: by the gateway, or by ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Polls done.
    pub polls: u64,
    /// Polls that gave nothing.
    pub failures: u64,
    /// Slots that passed because the bus was still busy.
    pub late: u64,
    /// Round trip of the last good request, milliseconds.
    pub round_trip_ms: f64,
    /// What is wrong now.
    pub fault: Option<Reason>,
}

/// A soak test of some devices.
#[derive(Clone, Debug)]
pub struct Soak {
    length_ms: u64,
    devices: Vec<Tested>,
}

#[derive(Clone, Debug)]
struct Tested {
    id: Arc<str>,
    every_ms: u64,
    begin: Option<Counts>,
    now: Counts,
    round_trip_max_ms: f64,
    /// The last thing that went wrong.
    fault: Option<Reason>,
}

/// How one device did.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Device id.
    pub id: Arc<str>,
    /// Polls that gave values.
    pub good: u64,
    /// Polls that there were, or should have been: one in each period that passed.
    pub polls: u64,
    /// Good ones in a hundred; `None` before the first.
    pub percent: Option<f64>,
    /// The longest round trip seen, milliseconds.
    pub round_trip_max_ms: f64,
    /// The last thing that went wrong.
    pub fault: Option<Reason>,
    /// It passes, as far as it went.
    pub passes: bool,
}

impl Soak {
    /// A test of `length_ms` milliseconds; each device with the milliseconds between its polls.
    pub fn new(length_ms: u64, devices: impl IntoIterator<Item = (Arc<str>, u64)>) -> Self {
        let tested = devices.into_iter().map(|(id, every_ms)| Tested {
            id,
            every_ms: every_ms.max(1),
            begin: None,
            now: Counts::default(),
            round_trip_max_ms: 0.0,
            fault: None,
        });
        Self {
            length_ms,
            devices: tested.collect(),
        }
    }

    /// Takes what is counted of a device now; the first time is the beginning.
    pub fn take(&mut self, id: &str, counts: Counts) {
        let Some(device) = self.devices.iter_mut().find(|device| &*device.id == id) else {
            return;
        };
        let begun = device.begin.get_or_insert(counts);
        if counts.polls < begun.polls {
            // Whoever counts has started anew.
            *begun = Counts::default();
        }
        let is_news = counts.polls > device.now.polls && counts.polls > begun.polls;
        if is_news {
            device.round_trip_max_ms = device.round_trip_max_ms.max(counts.round_trip_ms);
            device.fault = counts.fault.or(device.fault);
        }
        device.now = counts;
    }

    /// Every device after `elapsed_ms` milliseconds, in order.
    pub fn rows(&self, elapsed_ms: u64) -> Vec<Row> {
        self.devices
            .iter()
            .map(|device| device.row(elapsed_ms))
            .collect()
    }

    /// The time is up.
    pub fn is_over(&self, elapsed_ms: u64) -> bool {
        elapsed_ms >= self.length_ms
    }

    /// Every device passes.
    pub fn passes(&self, elapsed_ms: u64) -> bool {
        self.rows(elapsed_ms).iter().all(|row| row.passes)
    }
}

impl Tested {
    fn row(&self, elapsed_ms: u64) -> Row {
        let begin = self.begin.unwrap_or_default();
        let done = self.now.polls.saturating_sub(begin.polls);
        let failures = self.now.failures.saturating_sub(begin.failures);
        let good = done.saturating_sub(failures);
        // A silent device is asked less often; the slots it misses are failures too. The last
        // period may not have had its poll yet.
        let due = (elapsed_ms / self.every_ms).saturating_sub(1);
        let polls = done.max(due);
        let percent = (polls > 0).then(|| share(good, polls) * 100.0);
        Row {
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
fn share(good: u64, polls: u64) -> f64 {
    good as f64 / polls as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(polls: u64, failures: u64) -> Counts {
        Counts {
            polls,
            failures,
            round_trip_ms: 12.0,
            fault: (failures > 0).then_some(Reason::Timeout),
            ..Counts::default()
        }
    }

    /// A quarter of an hour of a device polled every second, in simulated time.
    fn soak(failures: u64) -> Soak {
        let mut soak = Soak::new(900_000, [("meter".into(), 1000)]);
        // The gateway had run for a while, with failures of its own.
        for second in 0..=900 {
            let failed = 50 + failures.min(second);
            soak.take("meter", counts(5000 + second, failed));
        }
        soak
    }

    #[test]
    fn ninety_nine_good_polls_in_a_hundred_pass() {
        assert!(soak(0).passes(900_000));
        assert!(soak(9).passes(900_000));
        assert!(!soak(10).passes(900_000));
    }

    #[test]
    fn only_polls_of_the_test_itself_count() {
        let row = &soak(9).rows(900_000)[0];
        assert_eq!((row.good, row.polls), (891, 900));
        assert_eq!(row.fault, Some(Reason::Timeout));
    }

    #[test]
    fn a_silent_device_that_is_asked_less_often_does_not_pass() {
        let mut soak = Soak::new(900_000, [("meter".into(), 1000)]);
        soak.take("meter", counts(0, 0));
        soak.take("meter", counts(20, 0));
        assert!(!soak.passes(900_000));
        assert_eq!(soak.rows(900_000)[0].polls, 899);
    }

    #[test]
    fn a_device_that_was_never_asked_does_not_pass() {
        let soak = Soak::new(900_000, [("meter".into(), 3_600_000)]);
        assert_eq!(soak.rows(900_000)[0].percent, None);
        assert!(!soak.passes(900_000));
    }

    #[test]
    fn the_test_ends_when_its_time_is_up() {
        let soak = soak(0);
        assert!(!soak.is_over(899_999));
        assert!(soak.is_over(900_000));
    }

    #[test]
    fn a_gateway_that_starts_anew_meanwhile_does_not_wrap_the_counts() {
        let mut soak = Soak::new(60_000, [("meter".into(), 1000)]);
        soak.take("meter", counts(500, 0));
        soak.take("meter", counts(59, 0));
        assert_eq!(soak.rows(60_000)[0].good, 59);
    }
}
