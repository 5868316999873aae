//! Rate of pulses from the times of the last ones ([`PulseRate`]).

/// Pulses whose times are kept; eight average the uneven magnets of a meter's wheel out.
const KEPT: usize = 8;

/// Times of the last pulses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PulseRate {
    /// Time and, since the first of them, number of pulses; the oldest first.
    points: [(u64, u64); KEPT],
    length: usize,
}

impl PulseRate {
    /// Takes pulses, the last of which was at this time.
    pub(super) fn note(&mut self, pulses: u64, time_ns: u64, idle_after_ns: u64) {
        let newest = self.points[..self.length].last().copied();
        let count = match newest {
            // After a pause the pulses before it say nothing about the rate.
            Some((time, _)) if time_ns.saturating_sub(time) > idle_after_ns => {
                self.length = 0;
                pulses
            }
            Some((_, count)) => count.saturating_add(pulses),
            None => pulses,
        };
        if self.length == KEPT {
            self.points.rotate_left(1);
            self.length -= 1;
        }
        self.points[self.length] = (time_ns, count);
        self.length += 1;
    }

    /// Returns the pulses in a second.
    pub(super) fn per_second(&self, now_ns: u64, idle_after_ns: u64) -> f64 {
        let kept = &self.points[..self.length];
        let ([(first_ns, first), ..], [.., (last_ns, last)]) = (kept, kept) else {
            return 0.0;
        };
        let quiet_ns = now_ns.saturating_sub(*last_ns);
        let span_ns = last_ns.saturating_sub(*first_ns);
        if span_ns == 0 || quiet_ns > idle_after_ns {
            return 0.0;
        }
        let mean = as_float(last - first) * 1e9 / as_float(span_ns);
        // No pulse for this time: the rate is not above one in it.
        mean.min(1e9 / as_float(quiet_ns.max(1)))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 53 bits"
)]
fn as_float(number: u64) -> f64 {
    number as f64
}
