//! [`PointWatch`]: what a rule of a point sees in its latest samples.

use super::evaluator::AlarmSight;
use crate::config::AlarmTest;
use crate::domain::UtcMs;

/// Hour, ms.
const HOUR_MS: f64 = 3_600_000.0;
/// Shortest time between two samples of which a rate is made, ms.
// Two readings within a second, rounded to the step of a sensor, would make any rate.
const RATE_LEAST_MS: i64 = 5000;

/// Latest sample of a point, and what is known around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PointSample {
    /// Time and value of the latest sample, when that is good and its time certain.
    pub(crate) good: Option<(UtcMs, f64)>,
    /// True when it is as new as the polls of the device say.
    pub(crate) is_fresh: bool,
    /// True when the device is there, or sleeps as expected: no value is then no fault of it.
    pub(crate) is_device_well: bool,
}

/// Memory of a point between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PointWatch {
    last: Option<(UtcMs, f64)>,
    /// Sight of the last two different samples.
    rate: Option<AlarmSight>,
}

impl PointWatch {
    /// Looks at the latest sample of the point.
    pub(crate) fn look(&mut self, test: AlarmTest, sample: PointSample) -> AlarmSight {
        let fresh = sample.good.filter(|_| sample.is_fresh);
        if test == AlarmTest::Silent {
            return match fresh {
                Some(_) => AlarmSight::Clear,
                None if sample.is_device_well => AlarmSight::Unknown,
                None => AlarmSight::Trouble,
            };
        }
        let Some(now) = fresh else {
            // After a gap a value is compared with none before it.
            *self = Self::default();
            return AlarmSight::Unknown;
        };
        match test {
            AlarmTest::Rate(per_hour) => self.look_at_rate(per_hour, now),
            AlarmTest::Stuck => self.look_for_change(now),
            _ => limit_sight(test, now.1),
        }
    }

    fn look_at_rate(&mut self, per_hour: f64, now: (UtcMs, f64)) -> AlarmSight {
        let Some(before) = self.last else {
            self.last = Some(now);
            return AlarmSight::Unknown;
        };
        let elapsed = now.0.0 - before.0.0;
        if elapsed < RATE_LEAST_MS {
            return self.rate.unwrap_or(AlarmSight::Unknown);
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two polls")]
        let rate = (now.1 - before.1).abs() / elapsed as f64 * HOUR_MS;
        let sight = if rate > per_hour {
            AlarmSight::Trouble
        } else {
            AlarmSight::Clear
        };
        (self.last, self.rate) = (Some(now), Some(sight));
        sight
    }

    fn look_for_change(&mut self, now: (UtcMs, f64)) -> AlarmSight {
        let before = self.last.replace(now);
        match before {
            // Bit for bit: a sensor that is alive moves by its step.
            Some((_, value)) if value.to_bits() == now.1.to_bits() => AlarmSight::Trouble,
            Some(_) => AlarmSight::Clear,
            // After a restart the time so far is kept, until a value says otherwise.
            None => AlarmSight::Between,
        }
    }
}

/// Sight of a value and a limit; `Unknown` for a test that is no limit.
pub(crate) fn limit_sight(test: AlarmTest, value: f64) -> AlarmSight {
    let (is_trouble, is_clear) = match test {
        AlarmTest::Above { limit, clear } => (value > limit, value <= clear),
        AlarmTest::Below { limit, clear } => (value < limit, value >= clear),
        AlarmTest::Rate(_) | AlarmTest::Stuck | AlarmTest::Silent => {
            return AlarmSight::Unknown;
        }
    };
    match (is_trouble, is_clear) {
        (true, _) => AlarmSight::Trouble,
        (false, true) => AlarmSight::Clear,
        (false, false) => AlarmSight::Between,
    }
}

#[cfg(test)]
mod tests {
    use super::AlarmSight::{Between, Clear, Trouble, Unknown};
    use super::*;

    fn good(at_s: i64, value: f64) -> PointSample {
        PointSample {
            good: Some((UtcMs(at_s * 1000), value)),
            is_fresh: true,
            is_device_well: true,
        }
    }

    const GONE: PointSample = PointSample {
        good: None,
        is_fresh: false,
        is_device_well: false,
    };

    fn look_all(test: AlarmTest, samples: &[PointSample]) -> Vec<AlarmSight> {
        let mut watch = PointWatch::default();
        samples.iter().map(|one| watch.look(test, *one)).collect()
    }

    #[test]
    fn a_limit_has_a_band_in_which_nothing_changes() {
        let test = AlarmTest::Above {
            limit: 36.0,
            clear: 35.0,
        };
        let seen = [36.5, 36.0, 35.5, 35.0].map(|value| limit_sight(test, value));
        assert_eq!(seen, [Trouble, Between, Between, Clear]);
    }

    #[test]
    fn a_probe_that_jumps_is_seen_and_a_gap_is_no_jump() {
        let test = AlarmTest::Rate(300.0);
        let seen = look_all(
            test,
            &[
                good(0, 30.0),
                good(30, 30.1),
                good(60, 36.0),
                GONE,
                good(600, 80.0),
            ],
        );
        assert_eq!(seen, [Unknown, Clear, Trouble, Unknown, Unknown]);
    }

    #[test]
    fn the_same_value_is_stuck_and_silence_is_no_value_of_a_device_that_should_give_one() {
        let samples = [good(0, 30.0), good(30, 30.0), good(60, 30.1), GONE];
        assert_eq!(
            look_all(AlarmTest::Stuck, &samples),
            [Between, Trouble, Clear, Unknown]
        );
        let asleep = PointSample {
            is_device_well: true,
            ..GONE
        };
        assert_eq!(
            look_all(AlarmTest::Silent, &[good(0, 1.0), GONE, asleep]),
            [Clear, Trouble, Unknown]
        );
    }
}
