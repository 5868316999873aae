//! Result of a counter over a period, and the number of readings behind it.

use super::saved_state::saved_fields;

/// Total of a counter over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterResult {
    /// Total in the counter's unit, never below zero; `None` with fewer than two readings.
    pub total: Option<f64>,
    /// True if part of the count may be missing, so that the total is a lower bound.
    pub lower_bound: bool,
}

/// Numbers of readings behind a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterReadingTally {
    /// Readings in which the counter had grown.
    pub rises: u64,
    /// Readings left out: spikes, steps down, outliers other than a zero.
    pub refused: u64,
    /// Spikes and steps down among them that no later reading explained by continuing from the
    /// base: what the counter counted in that time is not in the total.
    pub lost: u64,
}

saved_fields!(CounterReadingTally {
    rises,
    refused,
    lost,
});
