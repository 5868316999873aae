//! Window of unacknowledged messages, and the cursor up to which everything is acknowledged.
//!
//! Packet ids use the whole range of 65535 before one is used again, so that a second
//! acknowledgement of an old message never matches a new one. The window is the contiguous run of
//! messages from the oldest unacknowledged one.

use crate::domain::{ReadingSeq, UtcMs};
use crate::storage::DeliveryLane;
use std::collections::VecDeque;
use tokio::time::Instant;

/// Messages in flight, oldest first.
#[derive(Debug)]
pub(super) struct AckWindow {
    slots: VecDeque<AckSlot>,
    /// Packet id of the oldest message.
    front: u16,
    /// Time since which that one is the oldest.
    since: Instant,
}

/// Reading in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InFlightReading {
    pub(super) seq: ReadingSeq,
    /// Time of the reading.
    pub(super) at: UtcMs,
    /// Index into the site's devices.
    pub(super) device: u16,
    /// Bytes of its packet.
    pub(super) bytes: usize,
    /// Lane that it belongs to.
    pub(super) lane: DeliveryLane,
}

/// Last acknowledged reading of each lane, with its time; `None` where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AckedPlaces {
    pub(super) live: Option<(ReadingSeq, UtcMs)>,
    pub(super) backlog: Option<(ReadingSeq, UtcMs)>,
}

#[derive(Debug)]
struct AckSlot {
    /// `None` for a message that moves no cursor.
    reading: Option<InFlightReading>,
    /// Acknowledged, or refused by us.
    done: bool,
}

/// Message that an acknowledgement belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckedMessage {
    Reading(InFlightReading),
    /// A message that moves no cursor.
    Other,
    /// No message in flight: acknowledged before, or never sent.
    Unknown,
}

impl AckWindow {
    /// Creates an empty window.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            slots: VecDeque::new(),
            front: 1,
            since: now,
        }
    }

    /// Returns the number of messages in the window.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a message to the window; returns its packet id.
    pub(super) fn push_sent(&mut self, reading: Option<InFlightReading>, now: Instant) -> u16 {
        self.push_slot(reading, false, now)
    }

    /// Adds a reading that is not sent and needs no acknowledgement.
    pub(super) fn push_skipped(&mut self, reading: InFlightReading, now: Instant) {
        self.push_slot(Some(reading), true, now);
    }

    /// Marks the message with this packet id as acknowledged.
    pub(super) fn acknowledge(&mut self, id: u16) -> AckedMessage {
        let ids = usize::from(u16::MAX);
        // Ids wrap from 65535 to 1, since 0 is not allowed (MQTT 3.1.1, 2.3.1).
        let index = (usize::from(id) + ids - usize::from(self.front)) % ids;
        match self.slots.get_mut(index) {
            Some(slot) if id != 0 && !slot.done => {
                slot.done = true;
                slot.reading
                    .map_or(AckedMessage::Other, AckedMessage::Reading)
            }
            _ => AckedMessage::Unknown,
        }
    }

    /// Removes acknowledged messages from the old end; returns the last reading of each lane.
    pub(super) fn advance(&mut self, now: Instant) -> AckedPlaces {
        let mut last = AckedPlaces::default();
        // The cursor may not pass a message that is unacknowledged, even if later ones are
        // acknowledged.
        while self.slots.front().is_some_and(|slot| slot.done) {
            if let Some(reading) = self.slots.pop_front().and_then(|slot| slot.reading) {
                let place = match reading.lane {
                    DeliveryLane::Live => &mut last.live,
                    DeliveryLane::Backlog => &mut last.backlog,
                };
                *place = Some((reading.seq, reading.at));
            }
            self.front = next_packet_id(self.front);
            self.since = now;
        }
        last
    }

    /// Returns the time since which the oldest message waits for its acknowledgement.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        (!self.slots.is_empty()).then_some(self.since)
    }

    /// Returns the number of messages without an acknowledgement.
    pub(super) fn open_count(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.done).count()
    }

    /// Returns the readings in flight, oldest first.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = InFlightReading> {
        self.slots
            .iter()
            .filter(|slot| !slot.done)
            .filter_map(|slot| slot.reading)
    }

    fn push_slot(&mut self, reading: Option<InFlightReading>, done: bool, now: Instant) -> u16 {
        if self.slots.is_empty() {
            self.since = now;
        }
        let ids = usize::from(u16::MAX);
        let id = (usize::from(self.front) - 1 + self.slots.len()) % ids + 1;
        self.slots.push_back(AckSlot { reading, done });
        u16::try_from(id).unwrap_or(u16::MAX)
    }
}

/// Returns the next packet id; 0 is none.
fn next_packet_id(id: u16) -> u16 {
    if id == u16::MAX { 1 } else { id + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn test_reading(seq: ReadingSeq) -> InFlightReading {
        InFlightReading {
            seq,
            at: UtcMs(0),
            device: 0,
            bytes: 100,
            lane: DeliveryLane::Live,
        }
    }

    fn cursor_at(seq: ReadingSeq) -> (ReadingSeq, UtcMs) {
        (seq, UtcMs(0))
    }

    #[test]
    fn the_cursor_waits_for_the_oldest_message() {
        let now = Instant::now();
        let mut acks = AckWindow::new(now);
        let ids = [7, 8, 9].map(|seq| acks.push_sent(Some(test_reading(seq)), now));
        assert_eq!(
            acks.acknowledge(ids[1]),
            AckedMessage::Reading(test_reading(8))
        );
        assert_eq!(acks.advance(now), AckedPlaces::default());
        acks.acknowledge(ids[0]);
        assert_eq!(acks.advance(now).live, Some(cursor_at(8)));
        assert_eq!(acks.acknowledge(777), AckedMessage::Unknown);
        assert_eq!(acks.len(), 1);
    }

    #[test]
    fn a_second_acknowledgement_fits_nothing() {
        let now = Instant::now();
        let mut acks = AckWindow::new(now);
        let mut last = 0;
        for seq in 1..=200_000 {
            let id = acks.push_sent(Some(test_reading(seq)), now);
            assert_ne!(id, 0);
            if last != 0 {
                assert_eq!(acks.acknowledge(last), AckedMessage::Unknown);
            }
            assert_eq!(
                acks.acknowledge(id),
                AckedMessage::Reading(test_reading(seq))
            );
            assert_eq!(acks.advance(now).live, Some(cursor_at(seq)));
            last = id;
        }
        assert_eq!(acks.acknowledge(0), AckedMessage::Unknown);
    }

    #[test]
    fn a_refused_reading_does_not_hold_the_cursor_and_a_state_message_does_not_move_it() {
        let now = Instant::now();
        let mut acks = AckWindow::new(now);
        let state = acks.push_sent(None, now);
        acks.push_skipped(test_reading(1), now);
        let second = acks.push_sent(Some(test_reading(2)), now);
        assert_eq!(acks.advance(now), AckedPlaces::default());
        assert_eq!(acks.acknowledge(state), AckedMessage::Other);
        assert_eq!(acks.advance(now).live, Some(cursor_at(1)));
        acks.acknowledge(second);
        assert_eq!(acks.advance(now).live, Some(cursor_at(2)));
    }

    #[test]
    fn the_oldest_message_has_a_time_of_its_own() {
        let start = Instant::now();
        let later = |seconds| start + std::time::Duration::from_secs(seconds);
        let mut acks = AckWindow::new(start);
        assert_eq!(acks.waiting_since(), None);
        let first = acks.push_sent(Some(test_reading(1)), later(5));
        acks.push_sent(Some(test_reading(2)), later(6));
        assert_eq!(acks.waiting_since(), Some(later(5)));
        acks.acknowledge(first);
        acks.advance(later(9));
        assert_eq!(acks.waiting_since(), Some(later(9)));
    }

    #[test]
    fn each_lane_has_its_own_place() {
        let now = Instant::now();
        let mut acks = AckWindow::new(now);
        let backlog = |seq| InFlightReading {
            lane: DeliveryLane::Backlog,
            ..test_reading(seq)
        };
        let ids = [test_reading(90), backlog(3), backlog(4), test_reading(91)]
            .map(|reading| acks.push_sent(Some(reading), now));
        for id in &ids[..3] {
            acks.acknowledge(*id);
        }
        let places = acks.advance(now);
        assert_eq!(places.live, Some(cursor_at(90)));
        assert_eq!(places.backlog, Some(cursor_at(4)));
    }

    proptest! {
        #[test]
        fn in_whatever_order_acks_come_nothing_unacknowledged_is_passed(
            order in Just((0usize..50).collect::<Vec<_>>()).prop_shuffle(),
            before in 0u32..70_000,
        ) {
            let now = Instant::now();
            let mut acks = AckWindow::new(now);
            for _ in 0..before {
                acks.push_skipped(test_reading(0), now);
                acks.advance(now);
            }
            let send = |seq| acks.push_sent(Some(test_reading(seq)), now);
            let ids: Vec<u16> = (1..=50).map(send).collect();
            let mut seen = std::collections::BTreeSet::new();
            let mut cursor = 0;
            for index in order {
                acks.acknowledge(ids[index]);
                seen.insert(index as u64 + 1);
                cursor = acks.advance(now).live.map_or(cursor, |(seq, _)| seq);
                prop_assert!((1..=cursor).all(|seq| seen.contains(&seq)));
            }
            prop_assert_eq!(cursor, 50);
        }
    }
}
