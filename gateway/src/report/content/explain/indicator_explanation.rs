//! [`IndicatorExplanation`]: a figure and the figures among its inputs.

use super::equation_lines::EquationLine;
use crate::domain::indicator::Indicator;

/// A figure and the figures among its inputs.
#[derive(Clone, Debug)]
pub struct IndicatorExplanation<'a> {
    /// The figure.
    pub indicator: &'a Indicator,
    /// Its calculation, line by line; empty for a figure without a value.
    pub lines: Vec<EquationLine>,
    /// Figures among its inputs, each with the index of that input; behind the last input those
    /// that a total leaves out.
    pub below: Vec<(usize, Self)>,
}
