//! Answers that may still come, so that none of them is taken for another one.
//!
//! A line has no transaction ids. While a unit owes an answer, a request to it is made a few
//! registers longer, until no owed answer has the length of the one that is waited for.

use crate::limits::{OWED_MAX, OWED_MS, WORDS_PER_READ_MAX};
use drivers::frame::Request;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Requests of one line without an answer, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Owed(VecDeque<(Request, Instant)>);

impl Owed {
    /// This request was not answered.
    pub(super) fn add(&mut self, request: Request, now: Instant) {
        if self.0.len() >= OWED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((request, now));
    }

    /// The unit has answered. A device answers in the order in which it was asked: nothing older
    /// comes any more.
    pub(super) fn settle(&mut self, unit: u8) {
        self.0.retain(|(request, _)| request.unit != unit);
    }

    /// The request, longer by as little as makes its answer differ from every owed one. As it is
    /// when the protocol leaves no room for that.
    pub(super) fn tagged(&mut self, request: Request, now: Instant) -> Request {
        let patience = Duration::from_millis(OWED_MS);
        self.0
            .retain(|(_, since)| now.duration_since(*since) < patience);
        let longer = (0..=OWED_MAX).map_while(|more| longer(request, more));
        let mut fitting = longer.filter(|longer| !self.is_owed(*longer));
        fitting.next().unwrap_or(request)
    }

    /// A late answer could pass for this one's.
    fn is_owed(&self, request: Request) -> bool {
        let alike = |owed: &Request| {
            (owed.unit, owed.function) == (request.unit, request.function)
                && owed.data_bytes() == request.data_bytes()
        };
        self.0.iter().any(|(owed, _)| alike(owed))
    }
}

/// With `more` registers, or as many times eight bits; `None` beyond the protocol.
fn longer(request: Request, more: usize) -> Option<Request> {
    let (step, most) = if request.function.is_bits() {
        (8, 16 * WORDS_PER_READ_MAX)
    } else {
        (1, WORDS_PER_READ_MAX)
    };
    let count = request.count + u16::try_from(more).ok()? * step;
    let last = request.address.checked_add(count.checked_sub(1)?);
    (more == 0 || (count <= most && last.is_some())).then_some(Request { count, ..request })
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::frame::Function;
    use proptest::prelude::*;

    fn request(function: Function, address: u16, count: u16) -> Request {
        Request {
            unit: 1,
            function,
            address,
            count,
        }
    }

    proptest! {
        #[test]
        fn no_owed_answer_can_pass_for_the_one_that_is_waited_for(
            asks in prop::collection::vec((1..=100u16, any::<bool>()), 1..40)
        ) {
            let (mut owed, now) = (Owed::default(), Instant::now());
            let mut unanswered: Vec<Request> = Vec::new();
            for (count, is_bits) in asks {
                let function = if is_bits { Function::Coils } else { Function::Holding };
                let plain = request(function, 7, count);
                let sent = owed.tagged(plain, now);
                let recent = unanswered.iter().rev().take(OWED_MAX);
                for old in recent.filter(|old| old.function == function) {
                    prop_assert_ne!(old.data_bytes(), sent.data_bytes());
                }
                prop_assert!(sent.count >= count);
                owed.add(sent, now);
                unanswered.push(sent);
            }
            owed.settle(1);
            let plain = request(Function::Holding, 7, 3);
            prop_assert_eq!(owed.tagged(plain, now), plain);
        }
    }

    #[test]
    fn a_neighbours_debt_is_not_ones_own_and_a_debt_ends() {
        let (mut owed, now) = (Owed::default(), Instant::now());
        let plain = request(Function::Holding, 0, 2);
        owed.add(plain, now);
        let neighbour = Request { unit: 2, ..plain };
        assert_eq!(owed.tagged(neighbour, now), neighbour);
        assert_eq!(owed.tagged(plain, now).count, 3);
        let later = now + Duration::from_millis(OWED_MS);
        assert_eq!(owed.tagged(plain, later), plain);
    }

    #[test]
    fn a_request_without_room_stays_as_it_is() {
        let (mut owed, now) = (Owed::default(), Instant::now());
        for full in [
            request(Function::Input, 0, WORDS_PER_READ_MAX),
            request(Function::Input, u16::MAX, 1),
        ] {
            owed.add(full, now);
            assert_eq!(owed.tagged(full, now), full);
        }
    }
}
