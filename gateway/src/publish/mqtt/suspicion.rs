//! Which reading makes the broker hang up, when one does.
//!
//! A broker before MQTT 5 cannot say that a message is too large: it ends the connection, and the
//! same message ends the next one. A bad link ends connections, too, and no reading may be refused
//! for that. Therefore:
//!
//! - When two connections in a row were lost with the same oldest reading on the way, the readings
//!   that were on the way go one at a time.
//! - A reading that was alone on the way when the broker hung up is a suspect. Before it is tried
//!   again, small packets (pings) go to and fro: what they tell of the link is counted.
//! - The suspicion is ripe when the link alone can hardly explain so many failures in a row, given
//!   what happened to everything else meanwhile.
//! - Then the next smaller reading goes before it, as a control. Only when the broker has taken
//!   that one is the suspect condemned: the order of what arrives stays as it is, since the
//!   condemned reading is not tried again.
//!
//! Silence condemns nothing: who gets no answer cannot know who is deaf.
//!
//! What one suspect has taught holds for its device for a while: readings of at least that size are
//! not tried, so that the connection lasts. Pure: losses and acknowledgements in, decisions out.

use crate::limits::{
    MQTT_ALONE_MIN, MQTT_ALONE_MIN_KNOWN, MQTT_LEARNED_SECONDS, MQTT_LINK_CHANCE,
    MQTT_LINK_CHANCE_KNOWN,
};
use crate::model::Seq;
use crate::publish::mqtt::acks::Flying;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What lost connections say about single readings.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// Readings up to this one go alone.
    until: Seq,
    /// The oldest reading on the way when the last connection was lost.
    front: Option<Seq>,
    suspect: Option<Suspect>,
    /// Packets that passed since the doubt arose, the suspect's apart.
    passed: u32,
    /// Packets that did not.
    failed: u32,
    /// By device: messages of this size and above are not taken.
    learned: BTreeMap<u16, Learned>,
}

/// A reading that was alone on the way when the broker hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suspect {
    pub(super) reading: Flying,
    /// How often in a row.
    pub(super) alone: u32,
    /// How often when a control was lost, too.
    control_lost_at: u32,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    bytes: usize,
    until: Instant,
}

impl Suspicion {
    /// A connection was lost with these readings on the way, oldest first; `hung_up` when the
    /// broker has ended it. How often its only reading was alone when that happened, when it was
    /// suspected before.
    pub(super) fn lost(&mut self, flying: &[Flying], hung_up: bool) -> Option<u32> {
        let before = self
            .front
            .replace(flying.first().map_or(0, |oldest| oldest.seq));
        match flying {
            [] => {
                self.failed += u32::from(self.active());
                self.front = before;
                None
            }
            [one] if hung_up => self.lost_alone(*one),
            [.., newest] => {
                if before == self.front {
                    self.until = self.until.max(newest.seq);
                }
                None
            }
        }
    }

    fn lost_alone(&mut self, reading: Flying) -> Option<u32> {
        self.until = self.until.max(reading.seq);
        let suspect = match &mut self.suspect {
            Some(suspect) if suspect.reading.seq == reading.seq => {
                suspect.alone += 1;
                *suspect
            }
            _ => *self.suspect.insert(Suspect {
                reading,
                alone: 1,
                control_lost_at: 0,
            }),
        };
        let expected = suspect.alone > 1 || self.known(&reading);
        expected.then_some(suspect.alone)
    }

    /// The broker hung up on a smaller reading as well.
    pub(super) fn lost_control(&mut self) {
        self.failed += 1;
        if let Some(suspect) = &mut self.suspect {
            suspect.control_lost_at = suspect.alone;
        }
    }

    /// The broker took this reading.
    pub(super) fn took(&mut self, reading: &Flying) {
        let device = reading.device;
        if self
            .learned
            .get(&device)
            .is_some_and(|known| known.bytes <= reading.bytes)
        {
            self.learned.remove(&device);
        }
        if self
            .suspect
            .is_some_and(|suspect| suspect.reading.seq == reading.seq)
        {
            self.suspect = None;
        }
        self.passed += u32::from(self.active());
        if reading.seq >= self.until && self.suspect.is_none() {
            (self.until, self.passed, self.failed) = (0, 0, 0);
        }
    }

    /// Readings up to this one go one at a time.
    pub(super) fn hold(&mut self, seq: Seq) {
        self.until = self.until.max(seq);
    }

    /// A packet that is no reading went to and fro.
    pub(super) fn small_passed(&mut self) {
        self.passed += u32::from(self.active());
    }

    /// Whether nothing else may be on the way with this reading.
    pub(super) fn alone(&self, reading: &Flying) -> bool {
        reading.seq <= self.until || self.learned.contains_key(&reading.device)
    }

    /// Whether the link is to be tried before this reading.
    pub(super) fn is_suspect(&self, seq: Seq) -> bool {
        self.suspect
            .is_some_and(|suspect| suspect.reading.seq == seq)
    }

    /// The suspect, when only a control is missing to condemn it.
    pub(super) fn ripe(&self) -> Option<Suspect> {
        let suspect = self
            .suspect
            .filter(|suspect| suspect.alone > suspect.control_lost_at)?;
        let (least, chance) = if self.known(&suspect.reading) {
            (MQTT_ALONE_MIN_KNOWN, MQTT_LINK_CHANCE_KNOWN)
        } else {
            (MQTT_ALONE_MIN, MQTT_LINK_CHANCE)
        };
        // Laplace's rule for the share of packets that this link loses.
        let share = f64::from(self.failed + 1) / f64::from(self.passed + self.failed + 2);
        (suspect.alone >= least && share.powf(f64::from(suspect.alone)) < chance).then_some(suspect)
    }

    /// The control has arrived: the suspicion was right, and the device's size is remembered.
    pub(super) fn condemn(&mut self, now: Instant) -> Option<Suspect> {
        let suspect = self.suspect.take()?;
        let learned = Learned {
            bytes: suspect.reading.bytes,
            until: now + Duration::from_secs(MQTT_LEARNED_SECONDS),
        };
        self.learned.insert(suspect.reading.device, learned);
        Some(suspect)
    }

    /// The size at which this device's messages are known not to be taken, when this is one.
    pub(super) fn too_large(&mut self, reading: &Flying, now: Instant) -> Option<usize> {
        let known = *self.learned.get(&reading.device)?;
        if now >= known.until {
            self.learned.remove(&reading.device);
            return None;
        }
        (reading.bytes >= known.bytes).then_some(known.bytes)
    }

    /// Almost as large as what is known not to be taken from this device: numbers are not always
    /// written with as many digits.
    fn known(&self, reading: &Flying) -> bool {
        let known = self.learned.get(&reading.device);
        known.is_some_and(|known| reading.bytes * 10 >= known.bytes * 9)
    }

    fn active(&self) -> bool {
        self.until > 0 || self.suspect.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MQTT_PROBES;
    use crate::model::UtcMs;
    use proptest::prelude::*;

    fn reading(seq: Seq, bytes: usize) -> Flying {
        let device = u16::from(bytes > 500);
        Flying {
            seq,
            at: UtcMs(0),
            device,
            bytes,
        }
    }

    /// What a link and a broker do to packets.
    struct Far {
        /// Chance that a packet ends the connection, whatever it is.
        bad: f64,
        /// The largest message that the broker takes.
        most: usize,
        random: fastrand::Rng,
    }

    impl Far {
        fn takes(&mut self, bytes: usize) -> bool {
            bytes <= self.most && self.random.f64() >= self.bad
        }
    }

    /// Sends readings as the sink does until all are settled: which were refused, and over how many
    /// connections. Those taken must come in order.
    fn run(sizes: &[usize], far: &mut Far) -> (Vec<Seq>, u32) {
        let mut suspicion = Suspicion::default();
        let (mut refused, mut next, mut connections) = (Vec::new(), 0, 0);
        while next < sizes.len() {
            connections += 1;
            assert!(connections < 100_000, "no progress");
            next = connection(sizes, next, far, &mut suspicion, &mut refused);
        }
        (refused, connections)
    }

    fn connection(
        sizes: &[usize],
        mut next: usize,
        far: &mut Far,
        suspicion: &mut Suspicion,
        refused: &mut Vec<Seq>,
    ) -> usize {
        let now = Instant::now();
        let of = |index: usize| reading(index as Seq + 1, sizes[index]);
        if !far.takes(80) {
            suspicion.lost(&[], true);
            return next;
        }
        suspicion.small_passed();
        while next < sizes.len() {
            let head = of(next);
            if suspicion.too_large(&head, now).is_some() {
                refused.push(head.seq);
                next += 1;
                continue;
            }
            if !suspicion.alone(&head) {
                let window = (next..sizes.len().min(next + 20)).map(of);
                let window: Vec<_> = window.take_while(|one| !suspicion.alone(one)).collect();
                for (index, one) in window.iter().enumerate() {
                    if !far.takes(one.bytes) {
                        // The acknowledgements on the way are lost as well.
                        suspicion.lost(&window[index.saturating_sub(2)..], true);
                        return next + index.saturating_sub(2);
                    }
                }
                for one in &window {
                    suspicion.took(one);
                }
                next += window.len();
                continue;
            }
            if suspicion.is_suspect(head.seq) {
                for _ in 0..MQTT_PROBES {
                    if !far.takes(2) {
                        suspicion.lost(&[], true);
                        return next;
                    }
                    suspicion.small_passed();
                }
                let smaller = (next + 1..sizes.len()).find(|&index| sizes[index] < head.bytes);
                if let (Some(_), Some(control)) = (suspicion.ripe(), smaller) {
                    if !far.takes(sizes[control]) {
                        suspicion.lost_control();
                        return next;
                    }
                    suspicion.took(&of(control));
                    refused.push(suspicion.condemn(now).unwrap().reading.seq);
                    next += 1;
                    continue;
                }
            }
            if !far.takes(head.bytes) {
                suspicion.lost(&[head], true);
                return next;
            }
            suspicion.took(&head);
            next += 1;
        }
        next
    }

    fn far(bad: f64, most: usize, seed: u64) -> Far {
        Far {
            bad,
            most,
            random: fastrand::Rng::with_seed(seed),
        }
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
        let (refused, connections) = run(&sizes, &mut far(0.0, 1000, 1));
        let wanted: Vec<Seq> = (1..=200).filter(|seq| (seq - 1) % 5 == 3).collect();
        assert_eq!(refused, wanted);
        assert!(connections < 20, "{connections} connections");
    }

    #[test]
    fn a_broker_that_hangs_up_on_every_reading_refuses_none() {
        let mut suspicion = Suspicion::default();
        let head = reading(1, 200);
        for _ in 0..200 {
            suspicion.small_passed();
            match suspicion.ripe() {
                Some(_) => suspicion.lost_control(),
                None => _ = suspicion.lost(&[head], true),
            }
        }
        assert!(suspicion.suspect.is_some() && suspicion.learned.is_empty());
    }

    #[test]
    fn silence_condemns_nothing() {
        let mut suspicion = Suspicion::default();
        for _ in 0..200 {
            suspicion.small_passed();
            suspicion.lost(&[reading(1, 200)], false);
            assert_eq!(suspicion.ripe(), None);
        }
    }

    proptest! {
        #[test]
        fn a_bad_link_alone_gets_no_reading_refused(
            bad in 0.0f64..0.5,
            seed: u64,
            large in proptest::collection::vec(any::<bool>(), 1..60),
        ) {
            let size = |&large: &bool| if large { 900 } else { 200 };
            let sizes: Vec<usize> = large.iter().map(size).collect();
            let (refused, _) = run(&sizes, &mut far(bad, 1000, seed));
            prop_assert_eq!(refused, Vec::<Seq>::new());
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
            let (refused, _) = run(&sizes, &mut far(bad, 1000, seed));
            let wanted: Vec<Seq> =
                (1..).zip(&sizes).filter(|(_, size)| **size > 1000).map(|(seq, _)| seq).collect();
            prop_assert_eq!(refused, wanted);
        }
    }
}
