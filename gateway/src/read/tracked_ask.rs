//! A request of a device's plan, and how the device has taken it so far.

use super::plan::Ask;
use crate::model::{MonoMs, Reason};

/// A request with what is remembered of it between polls.
#[derive(Debug)]
pub(super) struct TrackedAsk {
    pub(super) ask: Ask,
    /// Why it is left alone, and until when.
    pub(super) refused: Option<(Reason, MonoMs)>,
    /// It was silent since the device began to answer a part only.
    pub(super) was_silent: bool,
}

impl TrackedAsk {
    pub(super) fn new(ask: Ask) -> Self {
        Self {
            ask,
            refused: None,
            was_silent: false,
        }
    }

    pub(super) fn is_left_alone(&self, now: MonoMs) -> bool {
        self.refused.is_some_and(|(_, until)| now < until)
    }
}
