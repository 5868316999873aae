//! [`HeldReading`]: the last good reading of a series, for sums over two series.

use crate::formulas::saved_state::saved_fields;
use crate::indicators::input_reading::InputReading;
use crate::indicators::input_series::InputSeries;

/// Last good reading of a series, valid for the maximum gap of that series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldReading {
    lane: Option<usize>,
    max_age_ms: i64,
    last: Option<(i64, f64)>,
    /// Longest time that the last reading may hold because of the file that it came from, ms.
    reach_ms: i64,
}

saved_fields!(HeldReading {
    lane,
    max_age_ms,
    last,
    reach_ms,
});

impl HeldReading {
    pub(crate) fn new(lanes: &[InputSeries], lane: Option<usize>) -> Self {
        Self {
            lane,
            max_age_ms: lane.map_or(0, |lane| lanes[lane].max_gap_ms()),
            last: None,
            reach_ms: 0,
        }
    }

    /// Stores a reading; a bad reading clears the value.
    pub(crate) fn add_reading(&mut self, tick: &InputReading) {
        if Some(tick.lane) == self.lane {
            self.last = tick.value.map(|value| (tick.at, value));
            self.reach_ms = tick.reach_ms;
        }
    }

    /// Value at the time `at` (ms); `None` when the last reading is too old.
    pub(crate) fn value_at(&self, at: i64) -> Option<f64> {
        let (since, value) = self.last?;
        (at - since <= self.max_age_ms.max(self.reach_ms)).then_some(value)
    }
}
