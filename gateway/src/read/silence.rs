//! A device that is silent to some requests and answers others: its long reads are shortened, or
//! the silent place is found. Pure.
//!
//! A device that is silent to everything is never judged here, so that it is asked as before when
//! it is back. What was learnt holds until the program starts anew.

use crate::limits::SILENT_POLLS_MAX;
use drivers::frame::{Function, Request};

/// What has been answered, and what has not.
#[derive(Debug)]
pub(super) struct Silence {
    /// Polls that may end at one request before something is done about it.
    patience: u32,
    /// The request that the last polls ended at.
    at: Option<(Function, u16, u16)>,
    /// How many they were.
    times: u32,
    /// Registers of the longest read that was ever answered, at most 125.
    answered_most: u16,
    /// Registers of one read, as learnt.
    most: Option<u16>,
    /// Something was done, and no poll has come to its end since.
    is_searching: bool,
}

/// What is to be done about a silent request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing yet.
    Wait,
    /// No read may have more registers than this.
    Shorten(u16),
    /// Whether it is about the length is seen by another request that is about as long.
    Compare,
    /// Reads as long were answered: it is about this place.
    Split,
}

impl Silence {
    /// For a gateway, that has time.
    pub(super) fn new() -> Self {
        Self {
            patience: SILENT_POLLS_MAX,
            at: None,
            times: 0,
            answered_most: 0,
            most: None,
            is_searching: false,
        }
    }

    /// For a technician, who waits for it.
    pub(super) fn hurried() -> Self {
        Self {
            patience: 1,
            ..Self::new()
        }
    }

    /// Registers of one read, as learnt; `None` while nothing was.
    pub(super) fn most(&self) -> Option<u16> {
        self.most
    }

    /// The last polls ended at this request: whether the device answers anything at all is to be
    /// asked first.
    pub(super) fn is_suspected(&self, request: Request) -> bool {
        self.is_searching || (self.at == Some(place(request)) && self.times >= self.patience)
    }

    /// This request was answered.
    pub(super) fn answered(&mut self, request: Request) {
        if !request.function.is_bits() {
            self.answered_most = self.answered_most.max(request.count);
        }
        if self.at == Some(place(request)) {
            (self.at, self.times) = (None, 0);
        }
    }

    /// A poll came to its end.
    pub(super) fn done(&mut self) {
        self.is_searching = false;
    }

    /// This request was not answered; `heard` says that another one was, in the same poll, and
    /// `has_peer` that there is one about as long that has not failed yet.
    pub(super) fn silent(&mut self, request: Request, heard: bool, has_peer: bool) -> Remedy {
        if self.at != Some(place(request)) {
            (self.at, self.times) = (Some(place(request)), 0);
        }
        self.times = self.times.saturating_add(1);
        if !heard || (!self.is_searching && self.times <= self.patience) {
            return Remedy::Wait;
        }
        self.is_searching = true;
        if request.function.is_bits() || request.count < 2 * self.answered_most {
            return Remedy::Split;
        }
        if has_peer {
            return Remedy::Compare;
        }
        let most = (request.count / 2).max(1);
        self.most = Some(self.most.map_or(most, |old| old.min(most)));
        Remedy::Shorten(most)
    }
}

fn place(request: Request) -> (Function, u16, u16) {
    (request.function, request.address, request.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(address: u16, count: u16) -> Request {
        Request {
            unit: 1,
            function: Function::Input,
            address,
            count,
        }
    }

    #[test]
    fn a_dead_device_is_never_judged() {
        let mut silence = Silence::new();
        for _ in 0..100 {
            assert_eq!(silence.silent(read(0, 107), false, false), Remedy::Wait);
        }
        assert!(silence.is_suspected(read(0, 107)));
        assert_eq!(silence.most(), None);
        silence.answered(read(0, 107));
        assert!(!silence.is_suspected(read(0, 107)));
    }

    #[test]
    fn one_lost_answer_is_no_silence() {
        let mut silence = Silence::new();
        for _ in 0..SILENT_POLLS_MAX {
            assert_eq!(silence.silent(read(0, 107), true, false), Remedy::Wait);
        }
        silence.answered(read(0, 107));
        assert_eq!(silence.silent(read(0, 107), true, false), Remedy::Wait);
    }

    #[test]
    fn a_silent_place_among_longer_answers_is_split_and_nothing_else_is() {
        let mut silence = Silence::hurried();
        silence.answered(read(100, 60));
        assert_eq!(silence.silent(read(0, 40), true, false), Remedy::Wait);
        assert_eq!(silence.silent(read(0, 40), true, false), Remedy::Split);
        assert_eq!(silence.silent(read(20, 20), true, false), Remedy::Split);
        assert_eq!(silence.most(), None);
    }

    #[test]
    fn length_is_only_blamed_when_nothing_as_long_is_left_to_try() {
        let mut silence = Silence::hurried();
        for remedy in [Remedy::Wait, Remedy::Compare] {
            assert_eq!(silence.silent(read(0, 50), true, true), remedy);
        }
        assert_eq!(
            silence.silent(read(50, 50), true, false),
            Remedy::Shorten(25)
        );
    }

    proptest! {
        #[test]
        fn whatever_length_a_device_answers_is_found_in_few_steps(
            limit in 1u16..125, whole in 2u16..=125
        ) {
            let mut silence = Silence::new();
            let (mut count, mut polls) = (whole, 0);
            while count > limit {
                silence.answered(read(0, 1));
                if let Remedy::Shorten(most) = silence.silent(read(0, count), true, false) {
                    prop_assert!(most < count && most >= 1);
                    count = most;
                }
                polls += 1;
                prop_assert!(polls <= SILENT_POLLS_MAX + 7);
            }
            prop_assert!(count >= limit / 2 || count == whole);
        }
    }
}
