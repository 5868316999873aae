//! [`DeliveryLanes`]: what a sink has delivered, in two lanes.
//!
//! After an outage, what has waited becomes the backlog, and readings that arrive from then on go
//! out on the live lane beside it. Each lane delivers in `seq` order. A second outage before the
//! backlog is gone leaves one more stretch for it. Pure.

use crate::domain::ReadingSeq;

/// Maximum stretches of a backlog; the two with the fewest delivered readings between them are
/// joined, and those readings are sent a second time.
const STRETCHES_MAX: usize = 16;
/// End of the live lane on disk.
const OPEN_END: i64 = i64::MAX;

/// Lane that delivers a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryLane {
    /// Readings as they arrive.
    Live,
    /// Readings that have waited for the end of an outage.
    Backlog,
}

impl DeliveryLane {
    /// Both lanes, the one that goes first in front.
    pub const ALL: [Self; 2] = [Self::Live, Self::Backlog];

    /// Returns the other lane.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Live => Self::Backlog,
            Self::Backlog => Self::Live,
        }
    }
}

/// Readings that are not delivered, in numbers: after the first, up to and with the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqStretch {
    /// Number of the last reading before the stretch.
    pub after: ReadingSeq,
    /// Number of its last reading.
    pub until: ReadingSeq,
}

/// Positions of a sink in the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryLanes {
    /// Stretches of the backlog: ascending, none empty, with delivered readings between them.
    backlog: Vec<SeqStretch>,
    /// From the end of the backlog up to this number, everything is delivered.
    live: ReadingSeq,
}

impl DeliveryLanes {
    /// Everything up to this number is delivered, and nothing after it.
    pub fn at(delivered: ReadingSeq) -> Self {
        Self {
            backlog: Vec::new(),
            live: delivered,
        }
    }

    /// Returns the number up to which everything is delivered; the journal is needed after it.
    pub fn cursor(&self) -> ReadingSeq {
        self.position(DeliveryLane::Backlog)
    }

    /// Returns the number after which a lane goes on.
    pub fn position(&self, lane: DeliveryLane) -> ReadingSeq {
        match (lane, self.backlog.first()) {
            (DeliveryLane::Backlog, Some(first)) => first.after,
            _ => self.live,
        }
    }

    /// Returns the first undelivered stretch of the backlog with readings after this number.
    pub fn next_stretch(&self, after: ReadingSeq) -> Option<SeqStretch> {
        let stretch = self.backlog.iter().find(|stretch| stretch.until > after)?;
        Some(SeqStretch {
            after: stretch.after.max(after),
            until: stretch.until,
        })
    }

    /// Returns the undelivered stretches up to `durable`, the end of the journal.
    pub fn waiting(&self, durable: ReadingSeq) -> impl Iterator<Item = SeqStretch> {
        let live = SeqStretch {
            after: self.live,
            until: durable,
        };
        let live = (live.after < live.until).then_some(live);
        self.backlog.iter().copied().chain(live)
    }

    /// True when nothing waits up to `durable`.
    pub fn is_delivered(&self, durable: ReadingSeq) -> bool {
        self.backlog.is_empty() && self.live >= durable
    }

    /// True when no backlog waits.
    pub fn is_live_only(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Makes backlog of all that waits: the live lane begins at `durable`.
    pub fn begin_live_at(&mut self, durable: ReadingSeq) {
        if self.live >= durable {
            return;
        }
        match self.backlog.last_mut() {
            // Nothing was delivered in between.
            Some(last) if last.until == self.live => last.until = durable,
            _ => self.backlog.push(SeqStretch {
                after: self.live,
                until: durable,
            }),
        }
        self.live = durable;
        if self.backlog.len() > STRETCHES_MAX {
            self.join_closest();
        }
    }

    /// Moves a lane on: everything in it up to `seq` is delivered.
    pub fn advance(&mut self, lane: DeliveryLane, seq: ReadingSeq) {
        match lane {
            DeliveryLane::Live => self.live = self.live.max(seq),
            DeliveryLane::Backlog => {
                self.backlog.retain(|stretch| stretch.until > seq);
                if let Some(first) = self.backlog.first_mut() {
                    first.after = first.after.max(seq);
                }
            }
        }
    }

    fn join_closest(&mut self) {
        let gaps = self.backlog.windows(2).enumerate();
        let gap = |(_, pair): &(usize, &[SeqStretch])| pair[1].after - pair[0].until;
        if let Some((index, _)) = gaps.min_by_key(gap) {
            let next = self.backlog.remove(index + 1);
            self.backlog[index].until = next.until;
        }
    }

    /// Returns the rows of the table `sink_lane`, (after, until); none without a backlog.
    pub(super) fn to_rows(&self) -> Vec<(i64, i64)> {
        if self.backlog.is_empty() {
            return Vec::new();
        }
        let row = |one: &SeqStretch| (one.after.cast_signed(), one.until.cast_signed());
        let live = (self.live.cast_signed(), OPEN_END);
        self.backlog.iter().map(row).chain([live]).collect()
    }

    /// Reads what [`Self::to_rows`] gave, in ascending order. Rows that do not fit together, or not
    /// to the cursor, count for nothing: from the cursor on all is sent again.
    pub(super) fn from_rows(cursor: ReadingSeq, rows: &[(i64, i64)]) -> Self {
        let Some((&(live, OPEN_END), stretches)) = rows.split_last() else {
            return Self::at(cursor);
        };
        let to_stretch = |&(after, until): &(i64, i64)| SeqStretch {
            after: after.cast_unsigned(),
            until: until.cast_unsigned(),
        };
        let found = Self {
            backlog: stretches.iter().map(to_stretch).collect(),
            live: live.cast_unsigned(),
        };
        if found.is_consistent() {
            found.starting_at(cursor)
        } else {
            Self::at(cursor)
        }
    }

    fn is_consistent(&self) -> bool {
        let is_full = |stretch: &SeqStretch| stretch.after < stretch.until;
        let are_apart = |pair: &[SeqStretch]| pair[0].until <= pair[1].after;
        let last = self.backlog.last().map_or(0, |last| last.until);
        self.backlog.iter().all(is_full)
            && self.backlog.windows(2).all(are_apart)
            && last <= self.live
    }

    /// The same, as seen from the cursor: its own word of what is delivered is the last one.
    fn starting_at(mut self, cursor: ReadingSeq) -> Self {
        self.advance(DeliveryLane::Backlog, cursor);
        if cursor < self.cursor() {
            return Self::at(cursor);
        }
        self.live = self.live.max(cursor);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn stretch(after: ReadingSeq, until: ReadingSeq) -> SeqStretch {
        SeqStretch { after, until }
    }

    #[test]
    fn an_outage_gives_a_backlog_and_a_second_one_a_second_stretch() {
        let mut lanes = DeliveryLanes::at(10);
        lanes.begin_live_at(100);
        lanes.advance(DeliveryLane::Live, 120);
        lanes.advance(DeliveryLane::Backlog, 30);
        lanes.begin_live_at(150);
        let waiting: Vec<_> = lanes.waiting(151).collect();
        assert_eq!(
            waiting,
            [stretch(30, 100), stretch(120, 150), stretch(150, 151)]
        );
        assert_eq!(lanes.cursor(), 30);
        lanes.advance(DeliveryLane::Backlog, 130);
        assert_eq!(lanes.next_stretch(0), Some(stretch(130, 150)));
        lanes.advance(DeliveryLane::Backlog, 150);
        assert!(lanes.is_live_only());
        assert_eq!(lanes.cursor(), 150);
    }

    #[test]
    fn tries_without_success_leave_one_stretch() {
        let mut lanes = DeliveryLanes::at(0);
        for durable in [10, 20, 20, 35] {
            lanes.begin_live_at(durable);
        }
        assert_eq!(lanes.waiting(35).collect::<Vec<_>>(), [stretch(0, 35)]);
    }

    #[test]
    fn rows_that_do_not_fit_count_for_nothing() {
        for rows in [
            vec![(5, 3), (9, OPEN_END)],
            vec![(0, 5), (4, 8), (9, OPEN_END)],
            vec![(0, 10), (9, OPEN_END)],
            vec![(0, 10)],
        ] {
            assert_eq!(
                DeliveryLanes::from_rows(7, &rows),
                DeliveryLanes::at(7),
                "{rows:?}"
            );
        }
    }

    /// Event in the life of a sink.
    #[derive(Clone, Debug)]
    enum SinkEvent {
        Arrive(u64),
        Outage,
        Send(DeliveryLane, u64),
        Restart,
    }

    fn any_event() -> impl Strategy<Value = SinkEvent> {
        let lane = prop_oneof![Just(DeliveryLane::Live), Just(DeliveryLane::Backlog)];
        prop_oneof![
            (1u64..40).prop_map(SinkEvent::Arrive),
            Just(SinkEvent::Outage),
            (lane, 1u64..30).prop_map(|(lane, count)| SinkEvent::Send(lane, count)),
            Just(SinkEvent::Restart),
        ]
    }

    /// Delivers up to `count` readings of a lane in order; returns them.
    fn send(
        lanes: &mut DeliveryLanes,
        lane: DeliveryLane,
        count: u64,
        durable: u64,
    ) -> Vec<ReadingSeq> {
        let mut sent = Vec::new();
        for _ in 0..count {
            let next = match lane {
                DeliveryLane::Live => Some(lanes.position(lane) + 1).filter(|&seq| seq <= durable),
                DeliveryLane::Backlog => lanes.next_stretch(0).map(|stretch| stretch.after + 1),
            };
            let Some(seq) = next else { break };
            lanes.advance(lane, seq);
            sent.push(seq);
        }
        sent
    }

    proptest! {
        #[test]
        fn every_reading_is_delivered_and_each_lane_keeps_its_order(
            events in proptest::collection::vec(any_event(), 1..300),
        ) {
            let (mut lanes, mut durable) = (DeliveryLanes::default(), 0);
            let mut delivered = BTreeSet::new();
            for event in events {
                match event {
                    SinkEvent::Arrive(count) => durable += count,
                    SinkEvent::Outage => {
                        lanes.begin_live_at(durable);
                        prop_assert_eq!(lanes.position(DeliveryLane::Live), durable);
                    }
                    SinkEvent::Send(lane, count) => {
                        let sent = send(&mut lanes, lane, count, durable);
                        prop_assert!(sent.is_sorted());
                        delivered.extend(sent);
                    }
                    SinkEvent::Restart => {
                        let (cursor, rows) = (lanes.cursor(), lanes.to_rows());
                        prop_assert!(rows.len() <= STRETCHES_MAX + 1);
                        prop_assert_eq!(&DeliveryLanes::from_rows(cursor, &rows), &lanes);
                    }
                }
                prop_assert!(lanes.is_consistent());
                // What does not wait is delivered.
                let waits = |seq| lanes.waiting(durable).any(|s| s.after < seq && seq <= s.until);
                prop_assert!((1..=durable).all(|seq| waits(seq) || delivered.contains(&seq)));
            }
            delivered.extend(send(&mut lanes, DeliveryLane::Backlog, u64::MAX, durable));
            delivered.extend(send(&mut lanes, DeliveryLane::Live, u64::MAX, durable));
            prop_assert!(lanes.is_delivered(durable));
            prop_assert_eq!(delivered.len() as u64, durable);
        }
    }
}
