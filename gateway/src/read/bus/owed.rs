//! Answers that may still come, so that none of them is taken for another one.
//!
//! A line has no transaction ids. While a unit owes an answer, a request to it is made a few
//! registers longer, until no owed answer has the length of the one that is waited for. An owed
//! answer that comes all the same is late, not noise.

use crate::limits::{LATE_IN_VAIN_MAX, OWED_MAX, OWED_MS, WORDS_PER_READ_MAX};
use drivers::frame::{Framing, Parsed, Reply, Request};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of a register.
const REGISTER_BYTES: usize = 2;

/// Requests of one bus without an answer, the oldest first, and who answers late.
#[derive(Debug, Default)]
pub(super) struct Owed {
    requests: VecDeque<Unanswered>,
    late: Vec<Late>,
}

/// One request that nobody has answered in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered {
    pub(super) request: Request,
    /// Its number over TCP; a line has none.
    pub(super) transaction: u16,
    pub(super) sent: Instant,
    /// Something came that looks like its answer. It counts as owed all the same: a wrong answer
    /// to another request can look like it, too.
    is_paid: bool,
}

/// A unit whose answers come after the timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Late {
    unit: u8,
    /// How long after the request, when the moment was heard.
    after: Option<Duration>,
    /// Requests since that nobody answered, not even late.
    in_vain: u8,
}

/// How late a unit answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    /// How long after the request, when that was measured.
    pub after: Option<Duration>,
}

/// What bytes are, held against what is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Debt {
    /// No owed answer.
    None,
    /// Perhaps one; more bytes will tell.
    More,
    /// One, with so many bytes.
    Paid(usize),
}

impl Owed {
    /// An answer may still come.
    pub(super) fn is_waited_for(&self) -> bool {
        self.requests.iter().any(|owed| !owed.is_paid)
    }

    /// This request was not answered.
    pub(super) fn add(&mut self, unanswered: Unanswered) {
        if self.requests.len() >= OWED_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(unanswered);
        let unit = unanswered.request.unit;
        if let Some(late) = self.late.iter_mut().find(|late| late.unit == unit) {
            late.in_vain = late.in_vain.saturating_add(1);
        }
        self.late.retain(|late| late.in_vain <= LATE_IN_VAIN_MAX);
    }

    /// The unit has answered. A device answers in the order in which it was asked: nothing older
    /// comes any more.
    pub(super) fn settle(&mut self, unit: u8) {
        self.requests.retain(|owed| owed.request.unit != unit);
        self.late.retain(|late| late.unit != unit);
    }

    /// The connection is new, and its transactions begin anew.
    pub(super) fn forget_transactions(&mut self) {
        self.requests.clear();
    }

    /// What is too long ago is owed no more.
    pub(super) fn expire(&mut self, now: Instant) {
        let patience = Duration::from_millis(OWED_MS);
        self.requests
            .retain(|owed| now.duration_since(owed.sent) < patience);
    }

    /// Holds the first of these bytes against every owed answer. One that is there in full is paid;
    /// `heard` is when its last byte came, where that is known.
    pub(super) fn pay(&mut self, framing: Framing, bytes: &[u8], heard: Option<Instant>) -> Debt {
        let mut debt = Debt::None;
        for index in 0..self.requests.len() {
            match self.requests[index].debt(framing, bytes) {
                Debt::None => {}
                Debt::More => debt = Debt::More,
                Debt::Paid(used) => {
                    self.requests[index].is_paid = true;
                    self.note(self.requests[index], heard);
                    return Debt::Paid(used);
                }
            }
        }
        debt
    }

    fn note(&mut self, owed: Unanswered, heard: Option<Instant>) {
        let unit = owed.request.unit;
        let before = self.late.iter().position(|late| late.unit == unit);
        let before = before.map(|place| self.late.swap_remove(place));
        let after = heard.map(|heard| heard.duration_since(owed.sent));
        self.late.push(Late {
            unit,
            after: after.or(before.and_then(|late| late.after)),
            in_vain: 0,
        });
    }

    /// The unit answers late, and after how long where that is known.
    pub(super) fn lateness(&self, unit: u8) -> Option<Lateness> {
        let late = self.late.iter().find(|late| late.unit == unit);
        late.map(|late| Lateness { after: late.after })
    }

    /// Units that answer late.
    pub(super) fn late_units(&self) -> impl Iterator<Item = u8> {
        self.late.iter().map(|late| late.unit)
    }

    /// The request, longer by as little as makes its answer differ from every owed one, where there
    /// is room even from one that is a register too long or too short. As it is when the protocol
    /// leaves no room for that.
    pub(super) fn tagged(&mut self, request: Request, now: Instant) -> Request {
        self.expire(now);
        let differing = |by: usize| {
            let mut longer = (0..=3 * OWED_MAX).map_while(|more| longer(request, more));
            longer.find(|longer| !self.is_owed(*longer, by))
        };
        let best = differing(REGISTER_BYTES).or_else(|| differing(0));
        best.unwrap_or(request)
    }

    /// A late answer, longer or shorter by so many bytes, could pass for this one's.
    fn is_owed(&self, request: Request, by: usize) -> bool {
        let alike = |owed: &Request| {
            (owed.unit, owed.function) == (request.unit, request.function)
                && owed.data_bytes().abs_diff(request.data_bytes()) <= by
        };
        self.requests.iter().any(|owed| alike(&owed.request))
    }
}

impl Unanswered {
    /// Sent then, under this number.
    pub(super) fn new(request: Request, transaction: u16, sent: Instant) -> Self {
        Self {
            request,
            transaction,
            sent,
            is_paid: false,
        }
    }

    /// What the first of these bytes are to this request.
    fn debt(&self, framing: Framing, bytes: &[u8]) -> Debt {
        let begins = !self.is_paid
            && match framing {
                Framing::Tcp => begins_with(bytes, &self.transaction.to_be_bytes()),
                Framing::Rtu => begins_with(bytes, &[self.request.unit]) && self.has_length(bytes),
            };
        if !begins {
            return Debt::None;
        }
        match Reply::parse(self.request, framing, self.transaction, bytes) {
            Parsed::Frame(_, used) => Debt::Paid(used),
            Parsed::More(_) => Debt::More,
            Parsed::Garbage(..) => Debt::None,
        }
    }

    /// On a line the number of data bytes says most: noise seldom looks like it.
    fn has_length(&self, bytes: &[u8]) -> bool {
        match *bytes {
            [_, code, count, ..] if code == self.request.function as u8 => {
                usize::from(count) == self.request.data_bytes()
            }
            _ => true,
        }
    }
}

/// As far as there are bytes.
fn begins_with(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(byte, wanted)| byte == wanted)
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
    use drivers::frame::{FRAME_MAX, Function};
    use proptest::prelude::*;

    fn request(function: Function, address: u16, count: u16) -> Request {
        Request {
            unit: 1,
            function,
            address,
            count,
        }
    }

    fn unanswered(request: Request, sent: Instant) -> Unanswered {
        Unanswered::new(request, 0, sent)
    }

    fn answer(request: Request, transaction: u16, framing: Framing) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let data = vec![7; request.data_bytes()];
        let length = Reply::Data(&data).build(request, framing, transaction, &mut out);
        out[..length].to_vec()
    }

    #[test]
    fn an_answer_to_an_earlier_request_is_late_and_says_how_late() {
        let now = Instant::now();
        let asked = request(Function::Holding, 0, 2);
        let after = |ms| now + Duration::from_millis(ms);
        for framing in [Framing::Tcp, Framing::Rtu] {
            let mut owed = Owed::default();
            owed.add(unanswered(asked, now));
            let late = answer(asked, 0, framing);
            assert_eq!(owed.pay(framing, &late[..5], Some(after(700))), Debt::More);
            let paid = owed.pay(framing, &late, Some(after(800)));
            assert_eq!(paid, Debt::Paid(late.len()));
            let after_ms = Some(Duration::from_millis(800));
            let known = Some(Lateness { after: after_ms });
            assert_eq!(owed.lateness(1), known);
            // Once only.
            assert_eq!(owed.pay(framing, &late, None), Debt::None);
            // A device that does not answer at all any more is not late.
            for _ in 0..=LATE_IN_VAIN_MAX {
                assert_eq!(owed.lateness(1), known);
                owed.add(unanswered(asked, after(900)));
            }
            assert_eq!(owed.lateness(1), None);
        }
    }

    #[test]
    fn what_nobody_was_asked_for_is_not_late() {
        let now = Instant::now();
        let asked = request(Function::Holding, 0, 2);
        let mut owed = Owed::default();
        owed.add(unanswered(asked, now));
        let others = [
            (Request { unit: 2, ..asked }, 0, Framing::Rtu),
            (Request { count: 3, ..asked }, 0, Framing::Rtu),
            (asked, 1, Framing::Tcp),
        ];
        for (other, transaction, framing) in others {
            let bytes = answer(other, transaction, framing);
            assert_eq!(owed.pay(framing, &bytes, Some(now)), Debt::None);
        }
        let mut damaged = answer(asked, 0, Framing::Rtu);
        damaged[4] ^= 1;
        assert_eq!(owed.pay(Framing::Rtu, &damaged, Some(now)), Debt::None);
        assert_eq!(owed.lateness(1), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_held_against_what_is_owed(
            bytes in prop::collection::vec(any::<u8>(), 0..300), count in 1..=125u16
        ) {
            for framing in [Framing::Tcp, Framing::Rtu] {
                let (mut owed, now) = (Owed::default(), Instant::now());
                owed.add(unanswered(request(Function::Input, 0, count), now));
                if let Debt::Paid(used) = owed.pay(framing, &bytes, Some(now)) {
                    prop_assert!(used <= bytes.len());
                    prop_assert!(!owed.is_waited_for());
                }
            }
        }

        #[test]
        fn no_owed_answer_can_pass_for_the_one_that_is_waited_for(
            asks in prop::collection::vec((1..=100u16, any::<bool>()), 1..40)
        ) {
            let (mut owed, now) = (Owed::default(), Instant::now());
            let mut gone: Vec<Request> = Vec::new();
            for (count, is_bits) in asks {
                let function = if is_bits { Function::Coils } else { Function::Holding };
                let plain = request(function, 7, count);
                let sent = owed.tagged(plain, now);
                let recent = gone.iter().rev().take(OWED_MAX);
                for old in recent.filter(|old| old.function == function) {
                    prop_assert_ne!(old.data_bytes(), sent.data_bytes());
                }
                prop_assert!(sent.count >= count);
                owed.add(unanswered(sent, now));
                gone.push(sent);
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
        owed.add(unanswered(plain, now));
        let neighbour = Request { unit: 2, ..plain };
        assert_eq!(owed.tagged(neighbour, now), neighbour);
        assert_eq!(owed.tagged(plain, now).count, 4);
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
            owed.add(unanswered(full, now));
            assert_eq!(owed.tagged(full, now), full);
        }
    }
}
