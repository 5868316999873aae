//! Finds the reading that makes the broker close the connection.
//!
//! A broker before MQTT 5 cannot say that a message is too large: it closes the connection, and the
//! same message closes the next one. A bad link also ends connections, and no reading may be
//! refused for that. Therefore:
//!
//! - After two connections in a row were lost with less than a window of readings delivered between
//!   them, the readings that were in flight are sent one at a time: a connection that is reset
//!   loses the acknowledgements of nearly all that is in flight.
//! - A reading that was alone in flight when the broker closed the connection is a suspect. Before
//!   it is tried again, small packets (pings) are exchanged to measure how reliable the link is.
//! - The suspicion is ripe when the loss rate of the link makes this many failures in a row
//!   improbable.
//! - Then the next smaller reading is sent before it, as a control. After the broker has accepted
//!   the control, the suspect is sent once more on the same connection: a broker that was ill, and
//!   is well again, takes it. Only when that ends the connection, too, is the suspect refused.
//!
//! A timeout refuses nothing: without an answer it is not known which side failed.
//!
//! The size of a refused reading is remembered for its device. When that has happened twice,
//! readings of at least that size are not sent for some minutes, so that the connection lasts; then
//! the next one is tried. Pure: losses and acknowledgements in, decisions out.

use crate::domain::ReadingSeq;
use crate::limits::{
    MQTT_BAD_LINK_PROBABILITY, MQTT_BAD_LINK_PROBABILITY_KNOWN, MQTT_HANGUPS_MIN,
    MQTT_HANGUPS_MIN_KNOWN, MQTT_SIZE_LIMIT_SECONDS, MQTT_SIZE_LIMIT_TIMES, MQTT_WINDOW,
};
use crate::sinks::mqtt::ack_window::InFlightReading;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Evidence from lost connections about single readings.
#[derive(Debug, Default)]
pub(super) struct HangupSuspicion {
    /// Readings up to this one are sent one at a time.
    until: ReadingSeq,
    /// The oldest reading in flight when the last connection was lost.
    front: Option<ReadingSeq>,
    suspect: Option<SuspectReading>,
    /// Packets acknowledged since the suspicion began, without the suspect's.
    passed: u32,
    /// Packets lost since then.
    failed: u32,
    /// By device: messages of this size and above are not accepted.
    learned: BTreeMap<u16, LearnedSizeLimit>,
}

/// Reading that was alone in flight when the broker closed the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SuspectReading {
    pub(super) reading: InFlightReading,
    /// Number of times in a row.
    pub(super) alone: u32,
    /// That number when a control was lost as well.
    control_lost_at: u32,
    /// State of the control.
    pub(super) control: ControlStage,
}

/// Evidence of the control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlStage {
    /// Nothing on this connection.
    Missing,
    /// The broker has accepted it on this connection.
    Accepted,
    /// And then it closed the connection on the suspect once more.
    Proved,
}

#[derive(Clone, Copy, Debug)]
struct LearnedSizeLimit {
    bytes: usize,
    /// Readings refused for it without an accepted one of that size in between.
    times: u32,
    until: Instant,
}

impl HangupSuspicion {
    /// Records a lost connection with these readings in flight, oldest first; `hung_up` when the
    /// broker ended it. Returns the number of times that a single suspected reading was alone, when
    /// the loss was expected.
    pub(super) fn record_loss(&mut self, flying: &[InFlightReading], hung_up: bool) -> Option<u32> {
        let before = self
            .front
            .replace(flying.first().map_or(0, |oldest| oldest.seq));
        match flying {
            // A loss with nothing in flight is evidence against the link.
            [] => {
                self.failed += u32::from(self.is_active());
                self.front = before;
                None
            }
            [one] if hung_up => self.record_lone_loss(*one),
            // Lost twice with hardly anything delivered in between: one of them may be the cause,
            // and with a bad link each gets its own acknowledgement, so they go alone.
            [.., newest] => {
                let both = before.zip(self.front);
                let delivered = both.map(|(last, now)| now.saturating_sub(last));
                if delivered.is_some_and(|count| count < MQTT_WINDOW as ReadingSeq) {
                    self.until = self.until.max(newest.seq);
                }
                None
            }
        }
    }

    fn record_lone_loss(&mut self, reading: InFlightReading) -> Option<u32> {
        self.until = self.until.max(reading.seq);
        let suspect = match &mut self.suspect {
            Some(suspect) if suspect.reading.seq == reading.seq => {
                suspect.alone += 1;
                if suspect.control == ControlStage::Accepted {
                    suspect.control = ControlStage::Proved;
                }
                *suspect
            }
            _ => *self.suspect.insert(SuspectReading {
                reading,
                alone: 1,
                control_lost_at: 0,
                control: ControlStage::Missing,
            }),
        };
        // A repeated loss is expected, and has a pause of its own.
        let expected = suspect.alone > 1 || self.is_near_known_limit(&reading);
        expected.then_some(suspect.alone)
    }

    /// Records the begin of a connection.
    pub(super) fn begin_connection(&mut self) {
        if let Some(suspect) = &mut self.suspect
            && suspect.control == ControlStage::Accepted
        {
            suspect.control = ControlStage::Missing;
        }
    }

    /// Records that the broker has accepted a reading that is smaller than the suspect.
    pub(super) fn record_accepted_control(&mut self) {
        if let Some(suspect) = &mut self.suspect
            && suspect.control == ControlStage::Missing
        {
            suspect.control = ControlStage::Accepted;
        }
    }

    /// Records that the broker closed the connection on the smaller control reading as well.
    pub(super) fn record_lost_control(&mut self) {
        self.failed += 1;
        if let Some(suspect) = &mut self.suspect {
            suspect.control_lost_at = suspect.alone;
        }
    }

    /// Records that the broker accepted this reading.
    pub(super) fn record_ack(&mut self, reading: &InFlightReading) {
        self.forget_limit(reading);
        if self
            .suspect
            .is_some_and(|suspect| suspect.reading.seq == reading.seq)
        {
            self.suspect = None;
        }
        self.passed += u32::from(self.is_active());
        // All doubtful readings have passed: back to a full window.
        if reading.seq >= self.until && self.suspect.is_none() {
            (self.until, self.passed, self.failed) = (0, 0, 0);
        }
    }

    /// Forgets a size that a message of the same device has passed.
    pub(super) fn forget_limit(&mut self, reading: &InFlightReading) {
        let known = self.learned.get(&reading.device);
        // The remembered limit is wrong, or the broker's was raised.
        if known.is_some_and(|known| known.bytes <= reading.bytes) {
            self.learned.remove(&reading.device);
        }
    }

    /// Remembers that the device's messages of this size are not accepted.
    pub(super) fn learn_limit(&mut self, reading: &InFlightReading, now: Instant) {
        let until = now + Duration::from_secs(MQTT_SIZE_LIMIT_SECONDS);
        let known = self.learned.get(&reading.device);
        let learned = LearnedSizeLimit {
            bytes: known.map_or(reading.bytes, |known| known.bytes.min(reading.bytes)),
            times: known.map_or(0, |known| known.times) + 1,
            until,
        };
        self.learned.insert(reading.device, learned);
    }

    /// Sends readings up to this one one at a time.
    pub(super) fn send_singly_until(&mut self, seq: ReadingSeq) {
        self.until = self.until.max(seq);
    }

    /// Records a small packet (ping) that was answered.
    pub(super) fn record_small_packet(&mut self) {
        self.passed += u32::from(self.is_active());
    }

    /// True when nothing else may be in flight with this reading.
    pub(super) fn must_go_alone(&self, reading: &InFlightReading) -> bool {
        reading.seq <= self.until || self.learned.contains_key(&reading.device)
    }

    /// True when the link must be measured before this reading is sent.
    pub(super) fn is_suspect(&self, seq: ReadingSeq) -> bool {
        self.suspect
            .is_some_and(|suspect| suspect.reading.seq == seq)
    }

    /// Returns the suspect when only the control and one more failure after it are missing.
    pub(super) fn ripe_suspect(&self) -> Option<SuspectReading> {
        // After a lost control the suspect must fail once more before another control is tried.
        let suspect = self
            .suspect
            .filter(|suspect| suspect.alone > suspect.control_lost_at)?;
        let (least, chance) = if self.is_near_known_limit(&suspect.reading) {
            (MQTT_HANGUPS_MIN_KNOWN, MQTT_BAD_LINK_PROBABILITY_KNOWN)
        } else {
            (MQTT_HANGUPS_MIN, MQTT_BAD_LINK_PROBABILITY)
        };
        // Rule of succession (Laplace): estimate of the link's loss rate that is never 0 or 1.
        let share = f64::from(self.failed + 1) / f64::from(self.passed + self.failed + 2);
        (suspect.alone >= least && share.powf(f64::from(suspect.alone)) < chance).then_some(suspect)
    }

    /// Confirms a suspicion that is proved, and remembers the size for the device.
    pub(super) fn condemn_suspect(&mut self, now: Instant) -> Option<SuspectReading> {
        let suspect = self.suspect.take()?;
        self.learn_limit(&suspect.reading, now);
        Some(suspect)
    }

    /// Returns the size from which this device's messages are not accepted, when this reading has
    /// it.
    pub(super) fn known_size_limit(
        &mut self,
        reading: &InFlightReading,
        now: Instant,
    ) -> Option<usize> {
        let known = self.learned.get_mut(&reading.device)?;
        if now >= known.until {
            // The next reading is sent; when it is not accepted either, that counts as the last
            // time that was missing.
            known.times = known.times.min(MQTT_SIZE_LIMIT_TIMES - 1);
        }
        let is_known = known.times >= MQTT_SIZE_LIMIT_TIMES && reading.bytes >= known.bytes;
        is_known.then_some(known.bytes)
    }

    /// True for a reading of almost the size that is not accepted from this device; the same
    /// reading may have a few digits less.
    fn is_near_known_limit(&self, reading: &InFlightReading) -> bool {
        let known = self.learned.get(&reading.device);
        // 90 % of the size.
        known.is_some_and(|known| reading.bytes * 10 >= known.bytes * 9)
    }

    fn is_active(&self) -> bool {
        self.until > 0 || self.suspect.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::limits::MQTT_PROBE_PINGS;
    use crate::storage::DeliveryLane;
    use proptest::prelude::*;

    fn test_reading(seq: ReadingSeq, bytes: usize) -> InFlightReading {
        let device = u16::from(bytes > 500);
        InFlightReading {
            seq,
            at: UtcMs(0),
            device,
            bytes,
            lane: DeliveryLane::Live,
        }
    }

    /// Effect of a link and a broker on packets.
    struct LossyTestBroker {
        /// Readings that it does not accept at first, whatever they are.
        ill: usize,
        /// Probability that a packet ends the connection, whatever it is.
        bad: f64,
        /// Largest message that the broker accepts.
        most: usize,
        random: fastrand::Rng,
    }

    impl LossyTestBroker {
        fn accepts_packet(&mut self, bytes: usize) -> bool {
            // Smaller packets are pings and CONNECT.
            if bytes >= 100 && self.ill > 0 {
                self.ill -= 1;
                return false;
            }
            bytes <= self.most && self.random.f64() >= self.bad
        }
    }

    /// Sends readings as the sink does until all are settled; returns the refused ones and the
    /// number of connections. Accepted readings must come in order.
    fn run_readings(sizes: &[usize], far: &mut LossyTestBroker) -> (Vec<ReadingSeq>, u32) {
        let mut suspicion = HangupSuspicion::default();
        let (mut refused, mut next, mut connections) = (Vec::new(), 0, 0);
        while next < sizes.len() {
            connections += 1;
            assert!(connections < 100_000, "no progress");
            next = run_test_connection(sizes, next, far, &mut suspicion, &mut refused);
        }
        (refused, connections)
    }

    /// Measures the link; returns false when that ends the connection.
    fn pass_test_pings(far: &mut LossyTestBroker, suspicion: &mut HangupSuspicion) -> bool {
        for _ in 0..MQTT_PROBE_PINGS {
            if !far.accepts_packet(2) {
                suspicion.record_loss(&[], true);
                return false;
            }
            suspicion.record_small_packet();
        }
        true
    }

    fn run_test_connection(
        sizes: &[usize],
        mut next: usize,
        far: &mut LossyTestBroker,
        suspicion: &mut HangupSuspicion,
        refused: &mut Vec<ReadingSeq>,
    ) -> usize {
        let now = Instant::now();
        suspicion.begin_connection();
        let of = |index: usize| test_reading(index as ReadingSeq + 1, sizes[index]);
        if !far.accepts_packet(80) {
            suspicion.record_loss(&[], true);
            return next;
        }
        suspicion.record_small_packet();
        while next < sizes.len() {
            let head = of(next);
            if suspicion.known_size_limit(&head, now).is_some() {
                refused.push(head.seq);
                next += 1;
                continue;
            }
            if !suspicion.must_go_alone(&head) {
                let window = (next..sizes.len().min(next + 20)).map(of);
                let window: Vec<_> = window
                    .take_while(|one| !suspicion.must_go_alone(one))
                    .collect();
                for (index, one) in window.iter().enumerate() {
                    if !far.accepts_packet(one.bytes) {
                        // The acknowledgements in flight are lost as well.
                        suspicion.record_loss(&window[index.saturating_sub(2)..], true);
                        return next + index.saturating_sub(2);
                    }
                }
                for one in &window {
                    suspicion.record_ack(one);
                }
                next += window.len();
                continue;
            }
            if suspicion.is_suspect(head.seq) {
                if !pass_test_pings(far, suspicion) {
                    return next;
                }
                let smaller = (next + 1..sizes.len()).find(|&index| sizes[index] < head.bytes);
                if let (Some(suspect), Some(control)) = (suspicion.ripe_suspect(), smaller) {
                    if suspect.control == ControlStage::Proved {
                        refused.push(suspicion.condemn_suspect(now).unwrap().reading.seq);
                        next += 1;
                        continue;
                    }
                    if !far.accepts_packet(sizes[control]) {
                        suspicion.record_lost_control();
                        return next;
                    }
                    suspicion.record_ack(&of(control));
                    suspicion.record_accepted_control();
                }
            }
            if !far.accepts_packet(head.bytes) {
                suspicion.record_loss(&[head], true);
                return next;
            }
            suspicion.record_ack(&head);
            next += 1;
        }
        next
    }

    fn lossy_broker(bad: f64, most: usize, seed: u64) -> LossyTestBroker {
        LossyTestBroker {
            ill: 0,
            bad,
            most,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    #[test]
    fn a_link_that_loses_nearly_every_acknowledgement_gets_single_readings() {
        let mut suspicion = HangupSuspicion::default();
        // Each connection delivers one reading of those in flight.
        for first in [1, 2] {
            let flying: Vec<_> = (first..first + 40)
                .map(|seq| test_reading(seq, 100))
                .collect();
            assert!(!suspicion.must_go_alone(&flying[0]));
            suspicion.record_loss(&flying, true);
        }
        assert!(suspicion.must_go_alone(&test_reading(3, 100)));
        assert!(!suspicion.must_go_alone(&test_reading(42, 100)));
        // A connection that delivered a window of readings is no sign of one that cannot be taken.
        let mut suspicion = HangupSuspicion::default();
        for first in [1, 101] {
            suspicion.record_loss(
                &[test_reading(first, 100), test_reading(first + 1, 100)],
                true,
            );
        }
        assert!(!suspicion.must_go_alone(&test_reading(101, 100)));
    }

    #[test]
    fn what_is_larger_than_the_broker_takes_is_found_within_few_connections() {
        let sizes: Vec<usize> = (0..200)
            .map(|index| {
                if index % 5 == 3 {
                    1400 + index % 7
                } else {
                    200
                }
            })
            .collect();
        let (refused, connections) = run_readings(&sizes, &mut lossy_broker(0.0, 1000, 1));
        let wanted: Vec<ReadingSeq> = (1..=200).filter(|seq| (seq - 1) % 5 == 3).collect();
        assert_eq!(refused, wanted);
        assert!(connections < 20, "{connections} connections");
    }

    #[test]
    fn a_broker_that_hangs_up_on_every_reading_refuses_none() {
        let mut suspicion = HangupSuspicion::default();
        let head = test_reading(1, 200);
        for _ in 0..200 {
            suspicion.record_small_packet();
            match suspicion.ripe_suspect() {
                Some(_) => suspicion.record_lost_control(),
                None => _ = suspicion.record_loss(&[head], true),
            }
        }
        assert!(suspicion.suspect.is_some() && suspicion.learned.is_empty());
    }

    #[test]
    fn a_size_that_was_refused_once_is_tried_again_and_after_minutes_too() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut suspicion = HangupSuspicion::default();
        let reading = test_reading(1, 900);
        suspicion.learn_limit(&reading, start);
        assert_eq!(suspicion.known_size_limit(&reading, start), None);
        suspicion.learn_limit(&reading, start);
        assert_eq!(suspicion.known_size_limit(&reading, after(200)), Some(900));
        assert_eq!(suspicion.known_size_limit(&reading, after(300)), None);
        suspicion.learn_limit(&reading, after(310));
        assert_eq!(suspicion.known_size_limit(&reading, after(320)), Some(900));
        suspicion.record_ack(&reading);
        assert_eq!(suspicion.known_size_limit(&reading, after(330)), None);
    }

    #[test]
    fn silence_condemns_nothing() {
        let mut suspicion = HangupSuspicion::default();
        for _ in 0..200 {
            suspicion.record_small_packet();
            suspicion.record_loss(&[test_reading(1, 200)], false);
            assert_eq!(suspicion.ripe_suspect(), None);
        }
    }

    proptest! {
        #[test]
        fn a_broker_that_was_ill_and_is_well_again_costs_no_reading(
            ill in 0usize..200,
            seed: u64,
            large in proptest::collection::vec(any::<bool>(), 1..60),
        ) {
            let size = |&large: &bool| if large { 900 } else { 200 };
            let sizes: Vec<usize> = large.iter().map(size).collect();
            let mut broker = LossyTestBroker { ill, ..lossy_broker(0.0, 1000, seed) };
            let (refused, _) = run_readings(&sizes, &mut broker);
            prop_assert_eq!(refused, Vec::<ReadingSeq>::new());
        }

        #[test]
        fn a_bad_link_alone_gets_no_reading_refused(
            bad in 0.0f64..0.5,
            seed: u64,
            large in proptest::collection::vec(any::<bool>(), 1..60),
        ) {
            let size = |&large: &bool| if large { 900 } else { 200 };
            let sizes: Vec<usize> = large.iter().map(size).collect();
            let (refused, _) = run_readings(&sizes, &mut lossy_broker(bad, 1000, seed));
            prop_assert_eq!(refused, Vec::<ReadingSeq>::new());
        }

        #[test]
        fn behind_a_bad_link_only_what_is_too_large_is_refused(
            bad in 0.0f64..0.1,
            seed: u64,
            large in proptest::collection::vec(any::<bool>(), 1..60),
        ) {
            let mut sizes: Vec<usize> =
                large.iter().map(|&large| if large { 1400 } else { 200 }).collect();
            sizes.push(200);
            let (refused, _) = run_readings(&sizes, &mut lossy_broker(bad, 1000, seed));
            let wanted: Vec<ReadingSeq> =
                (1..).zip(&sizes).filter(|(_, size)| **size > 1000).map(|(seq, _)| seq).collect();
            prop_assert_eq!(refused, wanted);
        }
    }
}
