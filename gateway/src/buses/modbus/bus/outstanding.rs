//! Requests whose answers may still arrive, so that none is taken for the answer to another
//! request.
//!
//! RTU has no transaction ids. While a unit has unanswered requests, the next request to it is made
//! a few registers longer, until no outstanding answer has its length. An outstanding answer that
//! does arrive is counted as late, not as noise.

use crate::limits::{
    LATE_UNANSWERED_MAX, OUTSTANDING_REQUEST_MS, OUTSTANDING_REQUESTS_MAX, REGISTERS_PER_READ_MAX,
};
use drivers::frame::{ModbusFraming, ModbusReadReply, ModbusReadRequest, ParsedFrame};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Ratio of two delays of one device from which on they are none.
const DELAY_SPREAD_MAX: u32 = 3;
/// Bytes of one register.
const REGISTER_BYTES: usize = 2;

/// Unanswered requests of one bus, the oldest first, and the units that answer late.
#[derive(Debug, Default)]
pub(super) struct OutstandingRequests {
    requests: VecDeque<UnansweredRequest>,
    late: Vec<LateUnit>,
    /// Units whose answers carry the numbers of earlier requests, and are not late.
    misnumbered: Vec<u8>,
}

/// Request that was not answered in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnansweredRequest {
    pub(super) request: ModbusReadRequest,
    /// Transaction id over TCP; 0 on a line.
    pub(super) transaction: u16,
    pub(super) sent: Instant,
    /// Bytes that look like its answer have arrived. The request stays outstanding all the same,
    /// since a wrong answer to another request can look like it.
    is_matched: bool,
}

/// Unit whose answers come after the timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LateUnit {
    unit: u8,
    /// Delay after the request, when it was measured.
    after: Option<Duration>,
    /// Requests since then that had no answer at all, not even a late one.
    unanswered_count: u8,
}

/// Delay of a unit that answers late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLateness {
    /// Time from request to answer, when it was measured.
    pub after: Option<Duration>,
}

/// Result of comparing received bytes with the outstanding answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutstandingMatch {
    /// No outstanding answer.
    None,
    /// Possibly the beginning of one; more bytes are needed.
    Partial,
    /// A complete one of this many bytes.
    Complete(usize),
}

impl OutstandingRequests {
    /// True while an answer may still arrive.
    pub(super) fn has_open_requests(&self) -> bool {
        self.requests.iter().any(|owed| !owed.is_matched)
    }

    /// True while answers of this unit may still arrive.
    pub(super) fn has_unit(&self, unit: u8) -> bool {
        self.requests.iter().any(|owed| owed.request.unit == unit)
    }

    /// Adds a request that was not answered in time.
    pub(super) fn push_unanswered(&mut self, unanswered: UnansweredRequest) {
        // A request that was dropped here could be answered late and would count as noise; the
        // bound is far above what back-off lets one unit gather within 10 s.
        if self.requests.len() >= OUTSTANDING_REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(unanswered);
        let unit = unanswered.request.unit;
        if let Some(late) = self.late.iter_mut().find(|late| late.unit == unit) {
            late.unanswered_count = late.unanswered_count.saturating_add(1);
        }
        // A unit that has stopped answering altogether is silent, not late.
        self.late
            .retain(|late| late.unanswered_count <= LATE_UNANSWERED_MAX);
    }

    /// Clears a unit after an answer. A device answers requests in their order, so nothing older
    /// can arrive.
    pub(super) fn clear_unit(&mut self, unit: u8) {
        self.requests.retain(|owed| owed.request.unit != unit);
        self.late.retain(|late| late.unit != unit);
        self.misnumbered.retain(|wrong| *wrong != unit);
    }

    /// Clears everything when a new connection starts with new transaction ids.
    pub(super) fn forget_transactions(&mut self) {
        self.requests.clear();
    }

    /// Drops requests that are too old to be answered.
    pub(super) fn drop_expired(&mut self, now: Instant) {
        let patience = Duration::from_millis(OUTSTANDING_REQUEST_MS);
        self.requests
            .retain(|owed| now.duration_since(owed.sent) < patience);
    }

    /// Compares the first of these bytes with every outstanding answer and marks the one that is
    /// complete; `heard` is the time of its last byte, when known.
    pub(super) fn match_answer(
        &mut self,
        framing: ModbusFraming,
        bytes: &[u8],
        heard: Option<Instant>,
    ) -> OutstandingMatch {
        let mut debt = OutstandingMatch::None;
        for index in 0..self.requests.len() {
            match self.requests[index].match_bytes(framing, bytes) {
                OutstandingMatch::None => {}
                OutstandingMatch::Partial => debt = OutstandingMatch::Partial,
                OutstandingMatch::Complete(used) => {
                    self.requests[index].is_matched = true;
                    self.note_late_unit(self.requests[index], heard);
                    return OutstandingMatch::Complete(used);
                }
            }
        }
        debt
    }

    fn note_late_unit(&mut self, owed: UnansweredRequest, heard: Option<Instant>) {
        let unit = owed.request.unit;
        let before = self.late.iter().position(|late| late.unit == unit);
        let before = before.map(|place| self.late.swap_remove(place));
        let after = heard.map(|heard| heard.duration_since(owed.sent));
        // A device that needs 800 ms needs about as long the next time. Delays that follow the
        // pause between two requests are of answers with a wrong number.
        if let (Some(now), Some(before)) = (after, before.and_then(|late| late.after))
            && now.max(before) > DELAY_SPREAD_MAX * now.min(before)
            && !self.misnumbered.contains(&unit)
        {
            self.misnumbered.push(unit);
        }
        self.late.push(LateUnit {
            unit,
            // A delay measured earlier is kept when this one is not known.
            after: after.or(before.and_then(|late| late.after)),
            unanswered_count: 0,
        });
    }

    /// Returns the delay of a unit that answers late; `None` when it does not.
    pub(super) fn lateness(&self, unit: u8) -> Option<AnswerLateness> {
        let late = self.late.iter().find(|late| late.unit == unit);
        let late = late.filter(|_| !self.misnumbered.contains(&unit));
        late.map(|late| AnswerLateness { after: late.after })
    }

    /// Returns the units that answer late.
    pub(super) fn late_units(&self) -> impl Iterator<Item = u8> {
        self.late.iter().map(|late| late.unit)
    }

    /// Returns the request made longer by the fewest registers that make its answer differ from
    /// every outstanding one, if possible by more than one register: a device may add or drop one.
    /// Unchanged when the protocol's limits leave no room.
    pub(super) fn lengthen_request(
        &mut self,
        request: ModbusReadRequest,
        now: Instant,
    ) -> ModbusReadRequest {
        self.drop_expired(now);
        let differing = |by: usize| {
            let mut longer =
                (0..=3 * OUTSTANDING_REQUESTS_MAX).map_while(|more| lengthened_by(request, more));
            // Each outstanding answer excludes three lengths at most, so this many steps suffice.
            longer.find(|longer| !self.could_match(*longer, by))
        };
        let best = differing(REGISTER_BYTES).or_else(|| differing(0));
        best.unwrap_or(request)
    }

    /// True when an outstanding answer, longer or shorter by at most `by` bytes, could be taken for
    /// the answer to `request`.
    fn could_match(&self, request: ModbusReadRequest, by: usize) -> bool {
        let alike = |owed: &ModbusReadRequest| {
            (owed.unit, owed.function) == (request.unit, request.function)
                && owed.data_bytes().abs_diff(request.data_bytes()) <= by
        };
        self.requests.iter().any(|owed| alike(&owed.request))
    }
}

impl UnansweredRequest {
    /// Creates an entry for a request sent at this time with this transaction id.
    pub(super) fn new(request: ModbusReadRequest, transaction: u16, sent: Instant) -> Self {
        Self {
            request,
            transaction,
            sent,
            is_matched: false,
        }
    }

    /// Compares the first of these bytes with the answer to this request.
    fn match_bytes(&self, framing: ModbusFraming, bytes: &[u8]) -> OutstandingMatch {
        let begins = !self.is_matched
            && match framing {
                ModbusFraming::Tcp => begins_with(bytes, &self.transaction.to_be_bytes()),
                // A wrong unit or byte count shows at once that the bytes belong to another
                // request.
                ModbusFraming::Rtu => {
                    begins_with(bytes, &[self.request.unit]) && self.has_length(bytes)
                }
            };
        if !begins {
            return OutstandingMatch::None;
        }
        match ModbusReadReply::parse(self.request, framing, self.transaction, bytes) {
            ParsedFrame::Frame(_, used) => OutstandingMatch::Complete(used),
            ParsedFrame::Incomplete(_) => OutstandingMatch::Partial,
            ParsedFrame::Garbage(..) => OutstandingMatch::None,
        }
    }

    /// The byte count of an RTU reply tells most; noise rarely has the expected one.
    fn has_length(&self, bytes: &[u8]) -> bool {
        match *bytes {
            [_, code, count, ..] if code == self.request.function as u8 => {
                usize::from(count) == self.request.data_bytes()
            }
            _ => true,
        }
    }
}

/// True when the bytes agree with `start` as far as there are any.
fn begins_with(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(byte, wanted)| byte == wanted)
}

/// Returns the request with `more` registers, or with 8 x `more` bits; `None` beyond the protocol.
fn lengthened_by(request: ModbusReadRequest, more: usize) -> Option<ModbusReadRequest> {
    let (step, most) = if request.function.is_bits() {
        // Bit tables: eight bits make one byte of data.
        (8, 16 * REGISTERS_PER_READ_MAX)
    } else {
        (1, REGISTERS_PER_READ_MAX)
    };
    let count = request.count + u16::try_from(more).ok()? * step;
    let last = request.address.checked_add(count.checked_sub(1)?);
    (more == 0 || (count <= most && last.is_some()))
        .then_some(ModbusReadRequest { count, ..request })
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::frame::{FRAME_MAX, ModbusReadFunction};
    use proptest::prelude::*;

    fn request(function: ModbusReadFunction, address: u16, count: u16) -> ModbusReadRequest {
        ModbusReadRequest {
            unit: 1,
            function,
            address,
            count,
        }
    }

    fn unanswered(request: ModbusReadRequest, sent: Instant) -> UnansweredRequest {
        UnansweredRequest::new(request, 0, sent)
    }

    fn answer(request: ModbusReadRequest, transaction: u16, framing: ModbusFraming) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let data = vec![7; request.data_bytes()];
        let length = ModbusReadReply::Data(&data).build(request, framing, transaction, &mut out);
        out[..length].to_vec()
    }

    #[test]
    fn an_answer_that_comes_with_the_next_request_whenever_that_is_sent_is_not_late() {
        let start = Instant::now();
        let asked = request(ModbusReadFunction::Holding, 0, 2);
        let mut owed = OutstandingRequests::default();
        for (number, seconds, is_late) in [(1, 1, true), (2, 4, false), (3, 5, false)] {
            owed.push_unanswered(UnansweredRequest::new(asked, number, start));
            let wrong = answer(asked, number, ModbusFraming::Tcp);
            let heard = start + Duration::from_secs(seconds);
            owed.match_answer(ModbusFraming::Tcp, &wrong, Some(heard));
            assert_eq!(owed.lateness(1).is_some(), is_late, "{number}");
        }
        owed.clear_unit(1);
        assert!(owed.misnumbered.is_empty());
    }

    #[test]
    fn an_answer_to_an_earlier_request_is_late_and_says_how_late() {
        let now = Instant::now();
        let asked = request(ModbusReadFunction::Holding, 0, 2);
        let after = |ms| now + Duration::from_millis(ms);
        for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
            let mut owed = OutstandingRequests::default();
            owed.push_unanswered(unanswered(asked, now));
            let late = answer(asked, 0, framing);
            assert_eq!(
                owed.match_answer(framing, &late[..5], Some(after(700))),
                OutstandingMatch::Partial
            );
            let paid = owed.match_answer(framing, &late, Some(after(800)));
            assert_eq!(paid, OutstandingMatch::Complete(late.len()));
            let after_ms = Some(Duration::from_millis(800));
            let known = Some(AnswerLateness { after: after_ms });
            assert_eq!(owed.lateness(1), known);
            // A matched answer is not matched again.
            assert_eq!(
                owed.match_answer(framing, &late, None),
                OutstandingMatch::None
            );
            // A device that has stopped answering is not late.
            for _ in 0..=LATE_UNANSWERED_MAX {
                assert_eq!(owed.lateness(1), known);
                owed.push_unanswered(unanswered(asked, after(900)));
            }
            assert_eq!(owed.lateness(1), None);
        }
    }

    #[test]
    fn what_nobody_was_asked_for_is_not_late() {
        let now = Instant::now();
        let asked = request(ModbusReadFunction::Holding, 0, 2);
        let mut owed = OutstandingRequests::default();
        owed.push_unanswered(unanswered(asked, now));
        let others = [
            (
                ModbusReadRequest { unit: 2, ..asked },
                0,
                ModbusFraming::Rtu,
            ),
            (
                ModbusReadRequest { count: 3, ..asked },
                0,
                ModbusFraming::Rtu,
            ),
            (asked, 1, ModbusFraming::Tcp),
        ];
        for (other, transaction, framing) in others {
            let bytes = answer(other, transaction, framing);
            assert_eq!(
                owed.match_answer(framing, &bytes, Some(now)),
                OutstandingMatch::None
            );
        }
        let mut damaged = answer(asked, 0, ModbusFraming::Rtu);
        damaged[4] ^= 1;
        assert_eq!(
            owed.match_answer(ModbusFraming::Rtu, &damaged, Some(now)),
            OutstandingMatch::None
        );
        assert_eq!(owed.lateness(1), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_held_against_what_is_owed(
            bytes in prop::collection::vec(any::<u8>(), 0..300), count in 1..=125u16
        ) {
            for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
                let (mut owed, now) = (OutstandingRequests::default(), Instant::now());
                owed.push_unanswered(unanswered(request(ModbusReadFunction::Input, 0, count), now));
                let found = owed.match_answer(framing, &bytes, Some(now));
                if let OutstandingMatch::Complete(used) = found {
                    prop_assert!(used <= bytes.len());
                    prop_assert!(!owed.has_open_requests());
                }
            }
        }

        #[test]
        fn no_owed_answer_can_pass_for_the_one_that_is_waited_for(
            asks in prop::collection::vec((1..=100u16, any::<bool>()), 1..40)
        ) {
            let (mut owed, now) = (OutstandingRequests::default(), Instant::now());
            let mut gone: Vec<ModbusReadRequest> = Vec::new();
            for (count, is_bits) in asks {
                let function = if is_bits {
                    ModbusReadFunction::Coils
                } else {
                    ModbusReadFunction::Holding
                };
                let plain = request(function, 7, count);
                let sent = owed.lengthen_request(plain, now);
                let recent = gone.iter().rev().take(OUTSTANDING_REQUESTS_MAX);
                for old in recent.filter(|old| old.function == function) {
                    prop_assert_ne!(old.data_bytes(), sent.data_bytes());
                }
                prop_assert!(sent.count >= count);
                owed.push_unanswered(unanswered(sent, now));
                gone.push(sent);
            }
            owed.clear_unit(1);
            let plain = request(ModbusReadFunction::Holding, 7, 3);
            prop_assert_eq!(owed.lengthen_request(plain, now), plain);
        }
    }

    #[test]
    fn a_neighbours_debt_is_not_ones_own_and_a_debt_ends() {
        let (mut owed, now) = (OutstandingRequests::default(), Instant::now());
        let plain = request(ModbusReadFunction::Holding, 0, 2);
        owed.push_unanswered(unanswered(plain, now));
        let neighbour = ModbusReadRequest { unit: 2, ..plain };
        assert_eq!(owed.lengthen_request(neighbour, now), neighbour);
        assert_eq!(owed.lengthen_request(plain, now).count, 4);
        let later = now + Duration::from_millis(OUTSTANDING_REQUEST_MS);
        assert_eq!(owed.lengthen_request(plain, later), plain);
    }

    #[test]
    fn a_request_without_room_stays_as_it_is() {
        let (mut owed, now) = (OutstandingRequests::default(), Instant::now());
        for full in [
            request(ModbusReadFunction::Input, 0, REGISTERS_PER_READ_MAX),
            request(ModbusReadFunction::Input, u16::MAX, 1),
        ] {
            owed.push_unanswered(unanswered(full, now));
            assert_eq!(owed.lengthen_request(full, now), full);
        }
    }
}
