//! [`RefusalProof`]: when the refusal of a reading counts as permanent.
//!
//! A receiver that is ill, or something in front of it, refuses whatever comes, with the words of a
//! permanent refusal. So a refused reading is kept until the receiver has taken another one, and is
//! sent again. Only when it is refused then as well, the reading is the cause.

use crate::domain::ReadingSeq;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Refusals that make one permanent, each but the first after another reading was taken.
pub(super) const REFUSALS_NAMED: u32 = 2;
/// The same where the answer does not speak of the reading.
pub(super) const REFUSALS_UNNAMED: u32 = 4;
/// Refused readings that are remembered; a batch of a database and a window of MQTT are smaller.
const DOUBTS_MAX: usize = 10_000;

/// Readings that were refused, and not permanently yet.
#[derive(Debug, Default)]
pub(super) struct RefusalProof {
    /// Number of times that the receiver has taken something.
    taken: u64,
    doubts: BTreeMap<ReadingSeq, RefusalDoubt>,
}

#[derive(Clone, Copy, Debug)]
struct RefusalDoubt {
    /// `taken` at the last refusal that counts.
    taken: u64,
    times: u32,
}

impl RefusalProof {
    /// Notes that the receiver has taken these readings.
    pub(super) fn record_taken(&mut self, seqs: RangeInclusive<ReadingSeq>) {
        self.taken += 1;
        if !self.doubts.is_empty() {
            self.doubts.retain(|seq, _| !seqs.contains(seq));
        }
    }

    /// Notes a refusal; returns whether it is permanent, which it is after `least` that count.
    pub(super) fn record_refusal(&mut self, seq: ReadingSeq, least: u32) -> bool {
        let taken = self.taken;
        let doubt = self
            .doubts
            .entry(seq)
            .or_insert(RefusalDoubt { taken, times: 0 });
        // With nothing taken in between, the receiver may still be ill.
        if doubt.times == 0 || taken > doubt.taken {
            *doubt = RefusalDoubt {
                taken,
                times: doubt.times + 1,
            };
        }
        let is_permanent = doubt.times >= least;
        if is_permanent {
            self.doubts.remove(&seq);
        }
        while self.doubts.len() > DOUBTS_MAX {
            self.doubts.pop_first();
        }
        is_permanent
    }

    /// Whether the receiver has taken another reading since it has refused this one.
    pub(super) fn is_worth_asking(&self, seq: ReadingSeq) -> bool {
        let doubt = self.doubts.get(&seq);
        doubt.is_none_or(|doubt| self.taken > doubt.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_refusal_is_permanent_when_another_was_taken_and_it_is_refused_again() {
        let mut proof = RefusalProof::default();
        for _ in 0..50 {
            assert!(!proof.record_refusal(7, REFUSALS_NAMED));
            assert!(!proof.is_worth_asking(7));
        }
        proof.record_taken(8..=8);
        assert!(proof.is_worth_asking(7));
        assert!(proof.record_refusal(7, REFUSALS_NAMED));
        assert!(proof.doubts.is_empty());
    }

    #[test]
    fn an_answer_that_names_no_reading_proves_less() {
        let mut proof = RefusalProof::default();
        let mut refusals = 1;
        while !proof.record_refusal(7, REFUSALS_UNNAMED) {
            refusals += 1;
            proof.record_taken(8..=9);
        }
        assert_eq!(refusals, REFUSALS_UNNAMED);
    }

    proptest! {
        #[test]
        fn a_receiver_that_was_ill_has_refused_nothing_when_it_is_well(
            before in 0u64..50,
            ill in 1u64..200,
            count in 1u64..20,
        ) {
            let mut proof = RefusalProof::default();
            (0..before).for_each(|seq| proof.record_taken(seq..=seq));
            for turn in 0..ill {
                prop_assert!(!proof.record_refusal(1000 + turn % count, REFUSALS_NAMED));
            }
            for seq in 1000..1000 + count {
                proof.record_taken(seq..=seq);
            }
            prop_assert!(proof.doubts.is_empty());
        }
    }
}
