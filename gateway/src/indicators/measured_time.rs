//! Time over which a total was measured: the divisor of every figure per time.
//!
//! A figure per time is never divided by the calendar where a part of the period was not measured:
//! the total lacks what happened meanwhile, or a counter has it from before the period.

use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use crate::indicators::totaliser::Totaliser;

/// Shares of the light from which all of it was measured: what is missing at sunrise and sunset is
/// less than an interval.
const WHOLE_SHARE: f64 = 0.999;

impl AssetReadings<'_> {
    /// Hours over which a total was measured: of an integral, those with readings (METHODS A.1); of
    /// a counter, those from the reading before the total to its last one, gaps with them, since a
    /// counter counts on (G.5).
    pub(crate) fn measured_hours(&self, amount: &Totaliser) -> f64 {
        let ms = match self.counted_stretch(amount) {
            Some((from, to)) => (to - from).max(0),
            None => amount.known_ms().0,
        };
        millis_to_f64(ms) / HOUR_MS
    }

    /// Hours over which the total of something that runs by the sun was measured: the hours of the
    /// period that have passed, by the measured share of its light. Nights without a reading are
    /// not missing from such a total.
    pub(crate) fn measured_solar_hours(&self, amount: &Totaliser) -> f64 {
        let span = self.desk.span;
        let light = span.daylight_ms_between(span.from, span.to);
        // Before the first sunrise there is no light to go by.
        if light == 0 {
            return self.measured_hours(amount);
        }
        let lit = match self.counted_stretch(amount) {
            Some((from, to)) => span.daylight_ms_between(from, to),
            None => amount.known_ms().1,
        };
        let share = millis_to_f64(lit) / millis_to_f64(light);
        let is_whole = (WHOLE_SHARE..1.0 / WHOLE_SHARE).contains(&share);
        span.hours_passed() * if is_whole { 1.0 } else { share }
    }

    /// Hours from the first to the last reading of a level, of which a balance takes the
    /// difference; the interval before the first one with them.
    pub(crate) fn level_hours(&self, lane: usize) -> f64 {
        let (span, readings) = (self.desk.span, &self.tracks[lane].readings);
        let (Some((first, _)), Some((last, _))) = (readings.first, readings.last) else {
            return 0.0;
        };
        let from = span.from.max(first.0 - self.lanes[lane].every_ms);
        millis_to_f64((last.0 - from).max(0)) / HOUR_MS
    }

    /// From the reading with which the total of a counter begins to the last one, ms; `None` for an
    /// integral.
    fn counted_stretch(&self, amount: &Totaliser) -> Option<(i64, i64)> {
        let (span, readings) = (self.desk.span, &self.tracks[amount.lane].readings);
        amount.counter()?;
        let (first, last) = (readings.first?.0.0, readings.last?.0.0);
        // A device that sleeps is known to count nothing.
        let to = amount.heard().map_or(last, |heard| last.max(heard));
        let from = if amount.across_edge() > 0.0 {
            first
        } else {
            first.max(span.from)
        };
        Some((from, to.min(span.to)))
    }
}
