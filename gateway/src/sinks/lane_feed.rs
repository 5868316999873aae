//! [`LaneFeed`]: readings of one lane on their way from the journal to a receiver.

use crate::domain::{NumberedReading, ReadingSeq};
use crate::sinks::SinkProgress;
use crate::storage::{DeliveryLane, SeqStretch, StoreError};
use std::collections::VecDeque;
use std::sync::Arc;

/// Readings of a lane that were taken from the journal and are not sent yet.
#[derive(Debug)]
pub(super) struct LaneFeed {
    lane: DeliveryLane,
    /// In `seq` order.
    pub(super) taken: VecDeque<Arc<NumberedReading>>,
    /// Sequence number of the last reading taken.
    last: ReadingSeq,
}

/// Result of a refill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneRefill {
    /// There are readings to send.
    Taken,
    /// Nothing waits in this lane.
    Empty,
    /// The journal no longer has the readings up to this number: the lane may pass them once all
    /// before them is delivered.
    Missing(ReadingSeq),
}

impl LaneFeed {
    /// Begins after what is delivered in the lane.
    pub(super) fn new(lane: DeliveryLane, progress: &SinkProgress) -> Self {
        Self {
            lane,
            taken: VecDeque::new(),
            last: progress.lanes().position(lane),
        }
    }

    /// Takes up to `most` readings from the journal when none is left.
    pub(super) async fn refill(
        &mut self,
        progress: &SinkProgress,
        most: usize,
    ) -> Result<LaneRefill, StoreError> {
        if !self.taken.is_empty() {
            return Ok(LaneRefill::Taken);
        }
        let Some(stretch) = self.next_stretch(progress) else {
            return Ok(LaneRefill::Empty);
        };
        let readings = match progress.store.read_journal(stretch.after, most).await {
            // They are in the journal; the connection stays, and says what the disk does.
            Err(StoreError::Hung(_)) => return Ok(LaneRefill::Empty),
            readings => readings?,
        };
        let in_stretch = |one: &Arc<NumberedReading>| one.seq <= stretch.until;
        self.taken
            .extend(readings.into_iter().take_while(in_stretch));
        match (self.taken.back(), self.lane) {
            (Some(last), _) => {
                self.last = last.seq;
                Ok(LaneRefill::Taken)
            }
            (None, DeliveryLane::Backlog) => Ok(LaneRefill::Missing(stretch.until)),
            // A later reading passes them.
            (None, DeliveryLane::Live) => Ok(LaneRefill::Empty),
        }
    }

    /// Removes the next reading.
    pub(super) fn pop(&mut self) -> Option<Arc<NumberedReading>> {
        self.taken.pop_front()
    }

    /// Puts a reading back that was not sent.
    pub(super) fn put_back(&mut self, reading: Arc<NumberedReading>) {
        self.taken.push_front(reading);
    }

    /// Takes what is not sent from the journal again, where it may have got another time.
    pub(super) fn retake(&mut self) {
        if let Some(first) = self.taken.front() {
            self.last = first.seq - 1;
            self.taken.clear();
        }
    }

    fn next_stretch(&self, progress: &SinkProgress) -> Option<SeqStretch> {
        match self.lane {
            DeliveryLane::Backlog => progress.lanes().next_stretch(self.last),
            DeliveryLane::Live => {
                let until = *progress.durable.borrow();
                let after = self.last;
                (after < until).then_some(SeqStretch { after, until })
            }
        }
    }
}

/// The feeds of both lanes.
#[derive(Debug)]
pub(super) struct LaneFeeds {
    live: LaneFeed,
    backlog: LaneFeed,
}

impl LaneFeeds {
    /// Begins after what is delivered.
    pub(super) fn new(progress: &SinkProgress) -> Self {
        Self {
            live: LaneFeed::new(DeliveryLane::Live, progress),
            backlog: LaneFeed::new(DeliveryLane::Backlog, progress),
        }
    }

    /// Returns the feed of a lane.
    pub(super) fn of(&mut self, lane: DeliveryLane) -> &mut LaneFeed {
        match lane {
            DeliveryLane::Live => &mut self.live,
            DeliveryLane::Backlog => &mut self.backlog,
        }
    }
}
