//! [`PulseRamp`]: pulses one after the other, from a count that the plant gives in steps.

use crate::domain::UtcMs;

/// Pulses between two steps of the plant, evenly spread.
// The plant is one step ahead: what it counted in its last step happens during the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct PulseRamp {
    start: UtcMs,
    /// Length, ms of the plant.
    length_ms: f64,
    from: f64,
    to: f64,
    /// Whole pulses that have happened.
    done: f64,
}

impl PulseRamp {
    /// A ramp that stands still at a count.
    pub(super) fn at(start: UtcMs, count: f64) -> Self {
        Self {
            start,
            length_ms: 1.0,
            from: count,
            to: count,
            done: count.floor(),
        }
    }

    /// Time of the last step.
    pub(super) fn start(&self) -> UtcMs {
        self.start
    }

    /// Count of the last step.
    pub(super) fn count(&self) -> f64 {
        self.to
    }

    /// Takes the next step. A count that has fallen begins anew without a pulse.
    pub(super) fn step(&mut self, start: UtcMs, count: f64) {
        if count < self.to {
            *self = Self::at(start, count);
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a step of the plant is short")]
        let length_ms = (start.0 - self.start.0) as f64;
        *self = Self {
            start,
            length_ms: length_ms.max(1.0),
            from: self.to,
            to: count,
            done: self.done,
        };
    }

    /// Takes the pulses that have happened until now: their number, and how long ago the last one
    /// was, ms of the plant.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "pulses of one look are few, and there are never fewer than none"
    )]
    pub(super) fn take(&mut self, now: UtcMs) -> (u32, f64) {
        let passed_ms = ((now.0 - self.start.0) as f64).clamp(0.0, self.length_ms);
        let height = self.to - self.from;
        let count = (self.from + height * passed_ms / self.length_ms).floor();
        let pulses = (count - self.done).max(0.0);
        if pulses < 1.0 {
            return (0, 0.0);
        }
        self.done = count;
        let at_ms = if height > 0.0 {
            (count - self.from).max(0.0) / height * self.length_ms
        } else {
            0.0
        };
        (
            pulses as u32,
            ((now.0 - self.start.0) as f64 - at_ms).max(0.0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulses_of_a_step_come_one_after_the_other() {
        let mut ramp = PulseRamp::at(UtcMs(0), 7.5);
        assert_eq!(ramp.take(UtcMs(9_000)), (0, 0.0));
        ramp.step(UtcMs(10_000), 12.5);
        // 8 at 11 s, 9 at 13 s, and so on.
        assert_eq!(ramp.take(UtcMs(10_500)).0, 0);
        let (pulses, ago) = ramp.take(UtcMs(13_500));
        assert!(pulses == 2 && (ago - 500.0).abs() < 1e-6, "{pulses} {ago}");
        // A late look gets the rest, and no more than that.
        assert_eq!(ramp.take(UtcMs(60_000)).0, 3);
        assert_eq!(ramp.take(UtcMs(70_000)).0, 0);
    }

    #[test]
    fn no_pulse_is_lost_or_made_by_many_steps() {
        let mut ramp = PulseRamp::at(UtcMs(0), 0.0);
        let mut pulses = 0;
        for step in 1..=100 {
            ramp.step(
                UtcMs(step * 10_000),
                0.37 * f64::from(i32::try_from(step).unwrap()),
            );
            pulses += ramp.take(UtcMs(step * 10_000 + 4000)).0;
        }
        pulses += ramp.take(UtcMs(2_000_000)).0;
        assert_eq!(pulses, 37);
    }

    #[test]
    fn a_count_that_falls_is_no_pulse() {
        let mut ramp = PulseRamp::at(UtcMs(0), 100.0);
        ramp.step(UtcMs(10_000), 3.0);
        assert_eq!(ramp.take(UtcMs(30_000)).0, 0);
        ramp.step(UtcMs(40_000), 5.0);
        assert_eq!(ramp.take(UtcMs(70_000)).0, 2);
    }
}
