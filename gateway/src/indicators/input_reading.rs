//! [`InputReading`]: one reading of a point as the sums of an asset get it.

use crate::formulas::saved_state::SavedState;

/// One reading of a point in the unit of its use.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about one reading that do not depend on each other"
)]
pub(crate) struct InputReading {
    /// Time, ms since 1970.
    pub(crate) at: i64,
    /// Index of the input series.
    pub(crate) lane: usize,
    /// Value; `None` when the sample is not good.
    pub(crate) value: Option<f64>,
    /// True growth for each unit of growth of the counter (calibration).
    pub(crate) gain: f64,
    /// Another calibration is in force than at the previous reading of this series.
    pub(crate) rebased: bool,
    /// The reading lies within the period. Earlier readings: for a counter all that define its base
    /// value, for other series the last one.
    pub(crate) inside: bool,
    /// Implausible value that was stored as good, in the unit of the point; then `value` is `None`.
    pub(crate) impossible: Option<f64>,
    /// The sample is bad since its value was outside the limits of the point.
    pub(crate) out_of_range: bool,
    /// The sun is above the horizon.
    pub(crate) lit: bool,
    /// The meter was replaced before this reading, as a person has recorded it.
    pub(crate) swap: Option<ConfirmedSwap>,
    /// The device was asleep, as expected of it.
    pub(crate) asleep: bool,
    /// Longest time that the reading may cover because of the interval of the file that it came
    /// from, ms; 0 when it came from none.
    pub(crate) reach_ms: i64,
}

/// Replaced meter as a person has read it, in the unit of its use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ConfirmedSwap {
    /// Moment, ms since 1970.
    pub(crate) at: i64,
    /// Last reading of the old meter.
    pub(crate) old_last: f64,
    /// First reading of the new one.
    pub(crate) new_first: f64,
}

/// Receiver of merged readings.
pub(crate) trait ReadingSums: SavedState + Send {
    /// Adds a reading. Readings come in time order; at equal times in the order of the series.
    fn add_reading(&mut self, tick: &InputReading);
    /// Closes a day, also one without readings.
    fn end_day(&mut self);
}
