//! [`FoundEvents`]: what a start found about the file of the store, until it is recorded.

use super::missing_list::MissingRows;
use crate::domain::store_event::StoreEvent;

/// Events of one start, and the losses that are still to be listed.
#[derive(Debug, Default)]
pub(super) struct FoundEvents {
    pub(super) events: Vec<StoreEvent>,
    pub(super) missing: MissingRows,
}

impl FoundEvents {
    /// Begins with what was done before the file was opened.
    pub(super) fn of(events: Vec<StoreEvent>) -> Self {
        let missing = MissingRows::new();
        Self { events, missing }
    }

    /// Says them in the log, one line each.
    pub(super) fn tell(&self) {
        for event in &self.events {
            if event.kind.is_other_store() {
                tracing::error!("{event}");
            } else {
                tracing::warn!(repair = %event, "the store was repaired");
            }
        }
    }
}
