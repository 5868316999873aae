//! [`CounterSegments`]: stretches over which a counter counted without a break, so that a total can
//! be redone from its readings.

use super::saved_state::saved_fields;
use crate::limits::COUNTER_SEGMENTS_MAX;

/// Stretch of readings that continue from each other. Small drops within it are part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CounterSegment {
    /// First reading: time in s, value. The value is 0 where the counter began again.
    pub first: (f64, f64),
    /// Last reading: time in s, value. It is the modulus where the counter wrapped.
    pub last: (f64, f64),
    /// Factor of the calibration.
    pub gain: f64,
}

saved_fields!(CounterSegment { first, last, gain });

/// Segments of a counter: the total is the sum of last minus first, times the gain.
#[derive(Clone, Debug, Default)]
pub struct CounterSegments {
    closed: Vec<CounterSegment>,
    open: Option<CounterSegment>,
    gain: f64,
    rest: f64,
    rest_count: usize,
}

saved_fields!(CounterSegments {
    closed,
    open,
    gain,
    rest,
    rest_count,
});

impl CounterSegment {
    /// Returns what was counted, with the calibration.
    pub fn counted(&self) -> f64 {
        self.gain * (self.last.1 - self.first.1)
    }
}

impl CounterSegments {
    /// Begins a segment at a reading.
    pub fn begin(&mut self, at: (f64, f64)) {
        if let Some(open) = self.open.take().filter(|open| open.last != open.first) {
            if self.closed.len() < COUNTER_SEGMENTS_MAX {
                self.closed.push(open);
            } else {
                self.rest += open.counted();
                self.rest_count += 1;
            }
        }
        self.open = Some(CounterSegment {
            first: at,
            last: at,
            gain: 1.0 + self.gain,
        });
    }

    /// Extends the segment from `from` to `to`; another one begins where it does not end at `from`.
    pub fn extend(&mut self, from: (f64, f64), to: (f64, f64)) {
        if self.open.is_none_or(|open| open.last != from) {
            self.begin(from);
        }
        if let Some(open) = &mut self.open {
            open.last = to;
        }
    }

    /// Lets the counter wrap at its modulus after `from`.
    pub fn wrap(&mut self, from: (f64, f64), modulus: f64, to: (f64, f64)) {
        self.extend(from, (from.0, modulus));
        self.begin((to.0, 0.0));
        self.extend((to.0, 0.0), to);
    }

    /// Sets the factor of the calibration from now on.
    pub fn set_gain(&mut self, gain: f64) {
        // Kept as the difference to 1, so that the empty state is a counter without calibration.
        let changed = gain - 1.0;
        if (changed - self.gain).abs() < f64::EPSILON {
            return;
        }
        self.gain = changed;
        if let Some(open) = self.open {
            self.begin(open.last);
        }
    }

    /// Forgets all segments; the next one begins at `base`.
    pub fn restart(&mut self, base: Option<(f64, f64)>) {
        *self = Self {
            gain: self.gain,
            ..Self::default()
        };
        if let Some(base) = base {
            self.begin(base);
        }
    }

    /// Returns the segments in time order.
    pub fn segments(&self) -> Vec<CounterSegment> {
        let open = self.open.filter(|open| open.last != open.first);
        let all: Vec<CounterSegment> = self.closed.iter().copied().chain(open).collect();
        match self.open {
            // A counter that stood still has one segment of nothing.
            Some(open) if all.is_empty() => vec![open],
            _ => all,
        }
    }

    /// Returns what was counted in further segments, beyond the bound of the list, and their
    /// number.
    pub fn rest(&self) -> (f64, usize) {
        (self.rest, self.rest_count)
    }
}
