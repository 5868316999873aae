//! Which messages are on the way, and up to where everything has been acknowledged.
//!
//! Packet ids go round through all 65535, so that a second acknowledgement of an old message never
//! fits a new one. The window is the contiguous run of messages from the oldest unacknowledged one.

use crate::model::{Seq, UtcMs};
use std::collections::VecDeque;
use tokio::time::Instant;

/// The messages on the way, oldest first.
#[derive(Debug)]
pub(super) struct Acks {
    slots: VecDeque<Slot>,
    /// Packet id of the oldest one.
    front: u16,
    /// Since when that has been the oldest one.
    since: Instant,
}

/// A reading on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flying {
    pub(super) seq: Seq,
    /// When it was read.
    pub(super) at: UtcMs,
    /// Index into the site's devices.
    pub(super) device: u16,
    /// Of its packet.
    pub(super) bytes: usize,
}

#[derive(Debug)]
struct Slot {
    /// `None` for a message that moves no cursor.
    reading: Option<Flying>,
    /// Acknowledged, or refused here.
    done: bool,
}

/// What an acknowledgement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acked {
    Reading(Flying),
    /// A message that moves no cursor.
    Other,
    /// Nothing that is on the way: acknowledged before, or never sent.
    Unknown,
}

impl Acks {
    /// Nothing on the way.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            slots: VecDeque::new(),
            front: 1,
            since: now,
        }
    }

    /// Messages in the window.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Puts a message into the window; its packet id.
    pub(super) fn sent(&mut self, reading: Option<Flying>, now: Instant) -> u16 {
        self.push(reading, false, now)
    }

    /// Passed over: needs no acknowledgement of its own.
    pub(super) fn skipped(&mut self, reading: Flying, now: Instant) {
        self.push(Some(reading), true, now);
    }

    /// The far side has answered for this packet id.
    pub(super) fn acknowledged(&mut self, id: u16) -> Acked {
        let ids = usize::from(u16::MAX);
        let index = (usize::from(id) + ids - usize::from(self.front)) % ids;
        match self.slots.get_mut(index) {
            Some(slot) if id != 0 && !slot.done => {
                slot.done = true;
                slot.reading.map_or(Acked::Other, Acked::Reading)
            }
            _ => Acked::Unknown,
        }
    }

    /// Drops what is done from the old end; the last reading of it, when there was one.
    pub(super) fn advance(&mut self, now: Instant) -> Option<(Seq, UtcMs)> {
        let mut last = None;
        while self.slots.front().is_some_and(|slot| slot.done) {
            let reading = self.slots.pop_front().and_then(|slot| slot.reading);
            last = reading.or(last);
            self.front = after(self.front);
            self.since = now;
        }
        last.map(|reading| (reading.seq, reading.at))
    }

    /// Since when the oldest message has been waiting to be acknowledged.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        (!self.slots.is_empty()).then_some(self.since)
    }

    /// Messages that wait for their acknowledgement.
    pub(super) fn open(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.done).count()
    }

    /// The readings on the way, oldest first.
    pub(super) fn flying(&self) -> impl Iterator<Item = Flying> {
        self.slots
            .iter()
            .filter(|slot| !slot.done)
            .filter_map(|slot| slot.reading)
    }

    fn push(&mut self, reading: Option<Flying>, done: bool, now: Instant) -> u16 {
        if self.slots.is_empty() {
            self.since = now;
        }
        let ids = usize::from(u16::MAX);
        let id = (usize::from(self.front) - 1 + self.slots.len()) % ids + 1;
        self.slots.push_back(Slot { reading, done });
        u16::try_from(id).unwrap_or(u16::MAX)
    }
}

/// The next packet id; 0 is none.
fn after(id: u16) -> u16 {
    if id == u16::MAX { 1 } else { id + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reading(seq: Seq) -> Flying {
        Flying {
            seq,
            at: UtcMs(0),
            device: 0,
            bytes: 100,
        }
    }

    fn place(seq: Seq) -> (Seq, UtcMs) {
        (seq, UtcMs(0))
    }

    #[test]
    fn the_cursor_waits_for_the_oldest_message() {
        let now = Instant::now();
        let mut acks = Acks::new(now);
        let ids = [7, 8, 9].map(|seq| acks.sent(Some(reading(seq)), now));
        assert_eq!(acks.acknowledged(ids[1]), Acked::Reading(reading(8)));
        assert_eq!(acks.advance(now), None);
        acks.acknowledged(ids[0]);
        assert_eq!(acks.advance(now), Some(place(8)));
        assert_eq!(acks.acknowledged(777), Acked::Unknown);
        assert_eq!(acks.len(), 1);
    }

    #[test]
    fn a_second_acknowledgement_fits_nothing() {
        let now = Instant::now();
        let mut acks = Acks::new(now);
        let mut last = 0;
        for seq in 1..=200_000 {
            let id = acks.sent(Some(reading(seq)), now);
            assert_ne!(id, 0);
            if last != 0 {
                assert_eq!(acks.acknowledged(last), Acked::Unknown);
            }
            assert_eq!(acks.acknowledged(id), Acked::Reading(reading(seq)));
            assert_eq!(acks.advance(now), Some(place(seq)));
            last = id;
        }
        assert_eq!(acks.acknowledged(0), Acked::Unknown);
    }

    #[test]
    fn a_refused_reading_does_not_hold_the_cursor_and_a_state_message_does_not_move_it() {
        let now = Instant::now();
        let mut acks = Acks::new(now);
        let state = acks.sent(None, now);
        acks.skipped(reading(1), now);
        let second = acks.sent(Some(reading(2)), now);
        assert_eq!(acks.advance(now), None);
        assert_eq!(acks.acknowledged(state), Acked::Other);
        assert_eq!(acks.advance(now), Some(place(1)));
        acks.acknowledged(second);
        assert_eq!(acks.advance(now), Some(place(2)));
    }

    #[test]
    fn the_oldest_message_has_a_time_of_its_own() {
        let start = Instant::now();
        let later = |seconds| start + std::time::Duration::from_secs(seconds);
        let mut acks = Acks::new(start);
        assert_eq!(acks.waiting_since(), None);
        let first = acks.sent(Some(reading(1)), later(5));
        acks.sent(Some(reading(2)), later(6));
        assert_eq!(acks.waiting_since(), Some(later(5)));
        acks.acknowledged(first);
        acks.advance(later(9));
        assert_eq!(acks.waiting_since(), Some(later(9)));
    }

    proptest! {
        #[test]
        fn in_whatever_order_acks_come_nothing_unacknowledged_is_passed(
            order in Just((0usize..50).collect::<Vec<_>>()).prop_shuffle(),
            before in 0u32..70_000,
        ) {
            let now = Instant::now();
            let mut acks = Acks::new(now);
            for _ in 0..before {
                acks.skipped(reading(0), now);
                acks.advance(now);
            }
            let ids: Vec<u16> = (1..=50).map(|seq| acks.sent(Some(reading(seq)), now)).collect();
            let mut seen = std::collections::BTreeSet::new();
            let mut cursor = 0;
            for index in order {
                acks.acknowledged(ids[index]);
                seen.insert(index as u64 + 1);
                cursor = acks.advance(now).map_or(cursor, |(seq, _)| seq);
                prop_assert!((1..=cursor).all(|seq| seen.contains(&seq)));
            }
            prop_assert_eq!(cursor, 50);
        }
    }
}
