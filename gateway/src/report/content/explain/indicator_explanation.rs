//! [`IndicatorExplanation`]: a figure and the figures among its inputs.

use crate::domain::indicator::Indicator;

/// A figure and the figures among its inputs.
#[derive(Clone, Debug)]
pub struct IndicatorExplanation<'a> {
    /// The figure.
    pub indicator: &'a Indicator,
    /// Its equation with numbers in place of symbols.
    pub numbers: String,
    /// Figures among its inputs, each with the index of that input.
    pub below: Vec<(usize, Self)>,
}
