//! Value axis with ticks at round numbers.

use super::chart_drawing::rounded_byte;

/// Axis from its lowest to its highest tick.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueAxis {
    /// Ticks, rising, at equal distances.
    pub(crate) ticks: Vec<f64>,
    /// Decimals needed to tell the ticks apart.
    pub(crate) decimals: u8,
}

impl ValueAxis {
    /// Creates an axis that contains `low` and `high`, with about five ticks at 1, 2, 2.5 or 5
    /// times a power of ten.
    pub(crate) fn covering(low: f64, high: f64) -> Self {
        // Equal values need an axis of some length too.
        let high = if high > low {
            high
        } else {
            low + low.abs().max(1.0)
        };
        let span = high - low;
        let raw = span / 4.0;
        let power = raw.log10().floor();
        let unit = 10_f64.powf(power);
        let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
        let fits = factors
            .into_iter()
            .find(|factor| factor * unit >= raw * 0.999);
        let factor = fits.unwrap_or(10.0);
        let step = factor * unit;
        // The small offsets keep a rounding error from adding an empty tick at an end.
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        // At most seven steps: the step is at least a quarter of the span.
        let mut ticks = Vec::new();
        let mut tick = first;
        while tick <= last && ticks.len() < TICKS_MAX {
            ticks.push(tick * step);
            tick += 1.0;
        }
        Self {
            ticks,
            decimals: tick_decimals(power, factor),
        }
    }

    /// Returns the lowest and the highest tick.
    pub(crate) fn tick_range(&self) -> (f64, f64) {
        let low = self.ticks.first().copied().unwrap_or(0.0);
        (low, self.ticks.last().copied().unwrap_or(low + 1.0))
    }

    /// Returns the position of `value`, 0 at the lowest and 1 at the highest tick.
    pub(crate) fn position_of(&self, value: f64) -> f64 {
        let (low, high) = self.tick_range();
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }
}

const TICKS_MAX: usize = 12;

fn tick_decimals(power: f64, factor: f64) -> u8 {
    let half = if (factor - 2.5).abs() < 0.1 { 1.0 } else { 0.0 };
    rounded_byte((half - power).clamp(0.0, 9.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        let axis = ValueAxis::covering(0.0, 9.3);
        assert_eq!(axis.ticks, [0.0, 2.5, 5.0, 7.5, 10.0]);
        assert_eq!(axis.decimals, 1);
        assert_eq!(ValueAxis::covering(0.0, 0.0).tick_range(), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn every_value_lies_between_the_ends(low in -1e6..1e6_f64, span in 0.0..1e6_f64) {
            let axis = ValueAxis::covering(low, low + span);
            let (first, last) = axis.tick_range();
            let slack = (last - first) * 1e-6;
            prop_assert!(first <= low + slack && last >= low + span - slack, "{axis:?}");
            prop_assert!((2..=9).contains(&axis.ticks.len()));
        }
    }
}
