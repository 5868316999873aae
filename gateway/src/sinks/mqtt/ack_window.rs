//! Window of unacknowledged messages, and the cursor up to which everything is acknowledged.
//!
//! Packet ids use the whole range of 65535 before one is used again, so that a second
//! acknowledgement of an old message never matches a new one. The window is the contiguous run of
//! messages from the oldest unacknowledged one. A refused reading keeps its place, and its packet
//! id, until it is known whether the refusal is permanent (`refusal_proof`).

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
    /// Number of messages without an answer.
    open: usize,
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

/// Number and time of a reading.
pub(super) type ReadingPlace = (ReadingSeq, UtcMs);

/// Last settled reading of each lane; `None` where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AckedPlaces {
    pub(super) live: Option<ReadingPlace>,
    pub(super) backlog: Option<ReadingPlace>,
    /// The last one of each lane that the broker has taken.
    pub(super) live_taken: Option<ReadingPlace>,
    pub(super) backlog_taken: Option<ReadingPlace>,
}

#[derive(Debug)]
struct AckSlot {
    /// `None` for a message that moves no cursor.
    reading: Option<InFlightReading>,
    state: AckState,
}

/// Answer to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AckState {
    /// None yet.
    Open,
    /// A refusal that is not permanent yet.
    Held,
    Taken,
    /// Refused for good, by the broker or by us.
    Refused,
}

impl AckState {
    fn is_settled(self) -> bool {
        matches!(self, Self::Taken | Self::Refused)
    }
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
            open: 0,
        }
    }

    /// Returns the number of messages in the window.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a message to the window; returns its packet id.
    pub(super) fn push_sent(&mut self, reading: Option<InFlightReading>, now: Instant) -> u16 {
        self.open += 1;
        self.push_slot(reading, AckState::Open, now)
    }

    /// Adds a reading that is not sent and needs no acknowledgement.
    pub(super) fn push_skipped(&mut self, reading: InFlightReading, now: Instant) {
        self.push_slot(Some(reading), AckState::Refused, now);
    }

    /// Adds a reading that is not sent and perhaps never will be.
    pub(super) fn push_held(&mut self, reading: InFlightReading, now: Instant) {
        self.push_slot(Some(reading), AckState::Held, now);
    }

    /// Marks the message with this packet id as acknowledged.
    pub(super) fn acknowledge(&mut self, id: u16) -> AckedMessage {
        self.answer(id, AckState::Taken)
    }

    /// Marks the message with this packet id as refused, by the broker and not for good.
    pub(super) fn hold(&mut self, id: u16) -> AckedMessage {
        self.answer(id, AckState::Held)
    }

    fn answer(&mut self, id: u16, state: AckState) -> AckedMessage {
        match self.slot_mut(id) {
            Some(slot) if slot.state == AckState::Open => {
                slot.state = state;
                let reading = slot.reading;
                self.open -= 1;
                reading.map_or(AckedMessage::Other, AckedMessage::Reading)
            }
            _ => AckedMessage::Unknown,
        }
    }

    fn slot_mut(&mut self, id: u16) -> Option<&mut AckSlot> {
        let ids = usize::from(u16::MAX);
        // Ids wrap from 65535 to 1, since 0 is not allowed (MQTT 3.1.1, 2.3.1).
        let index = (usize::from(id) + ids - usize::from(self.front)) % ids;
        self.slots.get_mut(index).filter(|_| id != 0)
    }

    /// Returns the held readings with their packet ids, oldest first.
    pub(super) fn held(&self) -> impl Iterator<Item = (u16, InFlightReading)> {
        let held = (0..).zip(&self.slots);
        let held = held.filter(|(_, slot)| slot.state == AckState::Held);
        held.filter_map(|(index, slot)| Some((self.packet_id(index), slot.reading?)))
    }

    /// Marks a held message as sent again, with its packet id.
    pub(super) fn reopen(&mut self, id: u16, now: Instant) {
        let is_front = id == self.front;
        if let Some(slot) = self.slot_mut(id)
            && slot.state == AckState::Held
        {
            slot.state = AckState::Open;
            self.open += 1;
            if is_front {
                self.since = now;
            }
        }
    }

    /// Marks a held message as refused for good.
    pub(super) fn give_up(&mut self, id: u16) {
        if let Some(slot) = self.slot_mut(id)
            && slot.state == AckState::Held
        {
            slot.state = AckState::Refused;
        }
    }

    /// True when the oldest message is one that was refused.
    pub(super) fn is_held_up(&self) -> bool {
        let front = self.slots.front();
        front.is_some_and(|slot| slot.state == AckState::Held)
    }

    /// Removes acknowledged messages from the old end; returns the last reading of each lane.
    pub(super) fn advance(&mut self, now: Instant) -> AckedPlaces {
        let mut last = AckedPlaces::default();
        // The cursor may not pass a message that is unacknowledged, even if later ones are
        // acknowledged.
        let is_settled = |slot: &AckSlot| slot.state.is_settled();
        while self.slots.front().is_some_and(is_settled)
            && let Some(slot) = self.slots.pop_front()
        {
            if let Some(reading) = slot.reading {
                let (place, taken) = match reading.lane {
                    DeliveryLane::Live => (&mut last.live, &mut last.live_taken),
                    DeliveryLane::Backlog => (&mut last.backlog, &mut last.backlog_taken),
                };
                *place = Some((reading.seq, reading.at));
                if slot.state == AckState::Taken {
                    *taken = *place;
                }
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

    /// Returns the number of messages without an answer.
    pub(super) fn open_count(&self) -> usize {
        self.open
    }

    /// Returns the readings in flight, oldest first.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = InFlightReading> {
        self.slots
            .iter()
            .filter(|slot| slot.state == AckState::Open)
            .filter_map(|slot| slot.reading)
    }

    fn push_slot(
        &mut self,
        reading: Option<InFlightReading>,
        state: AckState,
        now: Instant,
    ) -> u16 {
        if self.slots.is_empty() {
            self.since = now;
        }
        let id = self.packet_id(self.slots.len());
        self.slots.push_back(AckSlot { reading, state });
        id
    }

    fn packet_id(&self, index: usize) -> u16 {
        let ids = usize::from(u16::MAX);
        let id = (usize::from(self.front) - 1 + index) % ids + 1;
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
    fn a_held_reading_keeps_its_place_and_its_number_until_it_is_taken_or_given_up() {
        let now = Instant::now();
        for is_taken in [true, false] {
            let mut acks = AckWindow::new(now);
            let ids = [1, 2].map(|seq| acks.push_sent(Some(test_reading(seq)), now));
            assert_eq!(acks.hold(ids[0]), AckedMessage::Reading(test_reading(1)));
            // One answer is all that a message gets.
            assert_eq!(acks.acknowledge(ids[0]), AckedMessage::Unknown);
            acks.acknowledge(ids[1]);
            assert_eq!(acks.advance(now), AckedPlaces::default());
            assert!(acks.is_held_up() && acks.open_count() == 0);
            assert_eq!(acks.in_flight().count(), 0);
            assert!(acks.held().eq([(ids[0], test_reading(1))]));
            if is_taken {
                acks.reopen(ids[0], now);
                assert_eq!((acks.open_count(), acks.in_flight().count()), (1, 1));
                acks.acknowledge(ids[0]);
            } else {
                acks.give_up(ids[0]);
            }
            let places = acks.advance(now);
            assert_eq!((places.live, acks.len()), (Some(cursor_at(2)), 0));
            assert_eq!(places.live_taken, Some(cursor_at(2)));
        }
    }

    #[test]
    fn what_is_refused_is_settled_and_not_taken() {
        let now = Instant::now();
        let mut acks = AckWindow::new(now);
        let id = acks.push_sent(Some(test_reading(1)), now);
        acks.push_skipped(test_reading(2), now);
        acks.acknowledge(id);
        let places = acks.advance(now);
        assert_eq!(places.live, Some(cursor_at(2)));
        assert_eq!(places.live_taken, Some(cursor_at(1)));
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
