//! [`SoakRecord`]: result of a soak test as `pantau soak --json` prints it, as the page keeps it,
//! and as the record of the hand-over reads it.

use super::soak_test::{DeviceSoakResult, POLLS_NEEDED, SoakTest};
use serde::{Deserialize, Serialize};

/// Result of a soak test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SoakRecord {
    /// Whether the test ran to its end, and every device passed with enough polls.
    pub passes: bool,
    /// Time that it ran, milliseconds.
    pub elapsed_ms: u64,
    /// Polls from which on 99 in 100 can be told.
    #[serde(default)]
    pub polls_needed: u64,
    /// Result of each device.
    pub devices: Vec<SoakRecordRow>,
}

/// Result of one device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SoakRecordRow {
    /// Device id.
    pub device: String,
    /// Polls that gave values.
    pub good: u64,
    /// Polls done or due.
    pub polls: u64,
    /// Share of good polls, percent; `None` before the first poll.
    pub percent: Option<f64>,
    /// Longest round trip seen, milliseconds.
    #[serde(default)]
    pub round_trip_max_ms: f64,
    /// Last fault seen during the test, a word of `reason-WORD`.
    #[serde(default)]
    pub fault: Option<String>,
    /// Whether the device passes.
    pub passes: bool,
    /// Whether there were enough polls; `None` in a file of an earlier version.
    pub enough: Option<bool>,
}

impl SoakRecord {
    /// Result of a test after `elapsed_ms` milliseconds. A test that was stopped early has not
    /// passed: the caller says so.
    pub fn of(soak: &SoakTest, elapsed_ms: u64, passes: bool) -> Self {
        let rows = soak.device_results(elapsed_ms);
        Self {
            passes,
            elapsed_ms,
            polls_needed: POLLS_NEEDED,
            devices: rows.iter().map(SoakRecordRow::of).collect(),
        }
    }
}

impl SoakRecordRow {
    fn of(row: &DeviceSoakResult) -> Self {
        Self {
            device: row.id.to_string(),
            good: row.good,
            polls: row.polls,
            percent: row.percent,
            round_trip_max_ms: row.round_trip_max_ms,
            fault: row.fault.map(|fault| fault.word().to_owned()),
            passes: row.passes,
            enough: Some(row.is_enough),
        }
    }

    /// Whether there were enough polls to tell 99 in 100.
    pub fn is_enough(&self) -> bool {
        self.enough.unwrap_or(true)
    }

    /// Message key of the verdict.
    pub fn verdict_key(&self) -> &'static str {
        match (self.passes, self.is_enough()) {
            (true, true) => "soak-ok",
            (true, false) => "soak-few",
            (false, _) => "soak-bad",
        }
    }
}
