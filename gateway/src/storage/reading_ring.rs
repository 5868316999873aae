//! Cache of the latest durable readings, shared by the store's thread and the sinks.

use crate::domain::{NumberedReading, ReadingSeq};
use crate::limits::RING_OUTCOMES_MAX;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cache of the latest durable readings, so that a sink that keeps up reads no disk and waits for
/// no thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadingRing(Arc<Mutex<RecentReadings>>);

/// Readings of the cache and their number of outcomes, which bounds its memory.
#[derive(Debug, Default)]
struct RecentReadings {
    readings: VecDeque<Arc<NumberedReading>>,
    outcomes: usize,
}

impl ReadingRing {
    pub(super) fn extend(&self, readings: impl Iterator<Item = Arc<NumberedReading>>) {
        let mut latest = self.lock();
        readings.for_each(|one| latest.push(one));
    }

    /// Empties the cache; called when readings on disk have changed.
    pub(super) fn clear(&self) {
        *self.lock() = RecentReadings::default();
    }

    /// Returns readings after `after`, or `None` when some of them are no longer cached.
    pub(super) fn after(&self, after: ReadingSeq, max: usize) -> Option<Vec<Arc<NumberedReading>>> {
        self.lock().readings_after(after, max)
    }

    fn lock(&self) -> MutexGuard<'_, RecentReadings> {
        // The list is consistent after each push, so a panic of another thread does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecentReadings {
    fn push(&mut self, numbered: Arc<NumberedReading>) {
        self.outcomes += numbered.reading.outcomes.len();
        self.readings.push_back(numbered);
        while self.outcomes > RING_OUTCOMES_MAX
            && let Some(old) = self.readings.pop_front()
        {
            self.outcomes -= old.reading.outcomes.len();
        }
    }

    fn readings_after(&self, after: ReadingSeq, max: usize) -> Option<Vec<Arc<NumberedReading>>> {
        let first = self.readings.front()?.seq;
        if after + 1 < first {
            return None;
        }
        let start = self.readings.partition_point(|one| one.seq <= after);
        Some(self.readings.range(start..).take(max).cloned().collect())
    }
}
