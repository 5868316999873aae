//! Which publishes are on the way, and up to where everything has been acknowledged.
//!
//! The client library gives no token for a publish, but requests leave in the order in which they
//! were handed over, each with a packet id that it tells (`Outgoing::Publish`). The window is the
//! contiguous run of publishes from the oldest unacknowledged one: kept no longer than the
//! library's packet ids, it can never meet an id that is still in use.

use crate::model::{Seq, UtcMs};
use std::collections::VecDeque;

/// The publishes on the way, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    slots: VecDeque<Slot>,
    unsent: usize,
}

#[derive(Debug)]
struct Slot {
    /// The reading; `None` for a message that is not in the journal.
    reading: Option<(Seq, UtcMs)>,
    state: State,
}

#[derive(Debug, PartialEq)]
enum State {
    /// Handed to the library.
    Queued,
    /// Written to the connection under this packet id.
    Sent(u16),
    /// Acknowledged, or refused here.
    Done,
}

impl Acks {
    /// Publishes in the window.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Publishes handed over that have not left yet.
    pub(crate) fn unsent(&self) -> usize {
        self.unsent
    }

    /// Handed over to the library.
    pub(crate) fn queued(&mut self, reading: Option<(Seq, UtcMs)>) {
        self.push(reading, State::Queued);
        self.unsent += 1;
    }

    /// Passed over: needs no acknowledgement of its own.
    pub(crate) fn skipped(&mut self, reading: (Seq, UtcMs)) {
        self.push(Some(reading), State::Done);
    }

    /// The next publish that was handed over has left with this packet id.
    pub(crate) fn sent(&mut self, id: u16) {
        let next = self
            .slots
            .iter_mut()
            .find(|slot| slot.state == State::Queued);
        if let Some(slot) = next {
            slot.state = State::Sent(id);
            self.unsent -= 1;
        }
    }

    /// The far side has it. An id that is not on the way is of no meaning.
    pub(crate) fn acknowledged(&mut self, id: u16) {
        let acked = self
            .slots
            .iter_mut()
            .find(|slot| slot.state == State::Sent(id));
        if let Some(slot) = acked {
            slot.state = State::Done;
        }
    }

    /// Drops what is done from the old end; the last reading of it, when there was one.
    pub(crate) fn advance(&mut self) -> Option<(Seq, UtcMs)> {
        let mut last = None;
        while self.slots.front().is_some_and(|s| s.state == State::Done) {
            last = self.slots.pop_front().and_then(|s| s.reading).or(last);
        }
        last
    }

    fn push(&mut self, reading: Option<(Seq, UtcMs)>, state: State) {
        self.slots.push_back(Slot { reading, state });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reading(seq: Seq) -> (Seq, UtcMs) {
        (seq, UtcMs(0))
    }

    #[test]
    fn the_cursor_waits_for_the_oldest_publish() {
        let mut acks = Acks::default();
        for (seq, id) in [(7, 1), (8, 2), (9, 3)] {
            acks.queued(Some(reading(seq)));
            acks.sent(id);
        }
        acks.acknowledged(2);
        assert_eq!(acks.advance(), None);
        acks.acknowledged(1);
        assert_eq!(acks.advance(), Some(reading(8)));
        acks.acknowledged(77);
        assert_eq!(acks.len(), 1);
    }

    #[test]
    fn a_refused_reading_does_not_hold_the_cursor_and_a_state_message_does_not_move_it() {
        let mut acks = Acks::default();
        acks.queued(None);
        acks.skipped(reading(1));
        acks.queued(Some(reading(2)));
        acks.sent(1);
        acks.sent(2);
        assert_eq!(acks.advance(), None);
        acks.acknowledged(1);
        assert_eq!(acks.advance(), Some(reading(1)));
        acks.acknowledged(2);
        assert_eq!(acks.advance(), Some(reading(2)));
    }

    proptest! {
        #[test]
        fn in_whatever_order_acks_come_nothing_unacknowledged_is_passed(
            order in Just((1u16..=50).collect::<Vec<_>>()).prop_shuffle()
        ) {
            let mut acks = Acks::default();
            for id in 1..=50u16 {
                acks.queued(Some(reading(u64::from(id))));
                acks.sent(id);
            }
            let mut seen = std::collections::BTreeSet::new();
            let mut cursor = 0;
            for id in order {
                acks.acknowledged(id);
                seen.insert(u64::from(id));
                cursor = acks.advance().map_or(cursor, |(seq, _)| seq);
                prop_assert!((1..=cursor).all(|seq| seen.contains(&seq)));
            }
            prop_assert_eq!(cursor, 50);
        }
    }
}
