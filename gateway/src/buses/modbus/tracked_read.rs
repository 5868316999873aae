//! A request of a device's plan with the device's reaction to it.

use super::read_plan::PlannedRead;
use crate::domain::{MonoMs, QualityReason};

/// Planned read with its state between polls.
#[derive(Debug)]
pub(super) struct TrackedRead {
    pub(super) read: PlannedRead,
    /// Reason that it is suspended, and the time until which it is.
    pub(super) refused: Option<(QualityReason, MonoMs)>,
    /// It timed out since the device began to answer some of its reads only.
    pub(super) was_silent: bool,
}

impl TrackedRead {
    pub(super) fn new(read: PlannedRead) -> Self {
        Self {
            read,
            refused: None,
            was_silent: false,
        }
    }

    pub(super) fn is_suspended(&self, now: MonoMs) -> bool {
        self.refused.is_some_and(|(_, until)| now < until)
    }
}
