//! Tracks devices that answer some reads and time out on others: shortens long reads, or finds the
//! register that is not answered. Pure.
//!
//! A device that answers nothing at all changes nothing here, so that it is read as before when it
//! is back. Learned limits last until the program restarts.

use crate::limits::SILENT_POLLS_MAX;
use drivers::frame::{ModbusReadFunction, ModbusReadRequest};

/// Timeouts of one device and the length limit learned from them.
#[derive(Debug)]
pub(super) struct SilenceTracker {
    /// Polls that may end at the same read before a remedy is tried.
    patience: u32,
    /// Read that the last polls ended at: function, address, count.
    at: Option<(ModbusReadFunction, u16, u16)>,
    /// Number of those polls.
    times: u32,
    /// Registers of the longest read that was ever answered, at most 125.
    answered_most: u16,
    /// Learned limit of registers in one read.
    most: Option<u16>,
    /// A remedy was tried and no poll has completed since.
    is_searching: bool,
}

/// Remedy for a read that timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SilenceRemedy {
    /// None yet.
    Wait,
    /// Limit all reads to this many registers.
    Shorten(u16),
    /// Try another read of about the same length first, to tell a length limit from a silent
    /// register.
    Compare,
    /// Split this read: reads of its length were answered, so a register in it is the cause.
    Split,
}

impl SilenceTracker {
    /// Creates a tracker for the gateway, which waits several polls before it tries a remedy.
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

    /// Creates a tracker for a technician, which waits one poll.
    pub(super) fn interactive() -> Self {
        Self {
            patience: 1,
            ..Self::new()
        }
    }

    /// Returns the learned limit of registers in one read; `None` when none was learned.
    pub(super) fn learned_max_registers(&self) -> Option<u16> {
        self.most
    }

    /// True when the last polls ended at this read: a single value is read first, to see whether
    /// the device answers at all.
    pub(super) fn is_suspected(&self, request: ModbusReadRequest) -> bool {
        self.is_searching || (self.at == Some(read_range(request)) && self.times >= self.patience)
    }

    /// Records that this request was answered.
    pub(super) fn record_answer(&mut self, request: ModbusReadRequest) {
        if !request.function.is_bits() {
            self.answered_most = self.answered_most.max(request.count);
        }
        if self.at == Some(read_range(request)) {
            (self.at, self.times) = (None, 0);
        }
    }

    /// Records that a poll completed.
    pub(super) fn end_poll(&mut self) {
        self.is_searching = false;
    }

    /// Records that this request timed out and returns the remedy; `heard` when another request was
    /// answered in the same poll, `has_peer` when a read of about the same length has not failed
    /// yet.
    pub(super) fn record_silence(
        &mut self,
        request: ModbusReadRequest,
        heard: bool,
        has_peer: bool,
    ) -> SilenceRemedy {
        if self.at != Some(read_range(request)) {
            (self.at, self.times) = (Some(read_range(request)), 0);
        }
        self.times = self.times.saturating_add(1);
        // Without any answer in this poll the device may be off: nothing is learned from that.
        if !heard || (!self.is_searching && self.times <= self.patience) {
            return SilenceRemedy::Wait;
        }
        self.is_searching = true;
        // Half of this length is below a length that was answered, so the length is not the cause.
        if request.function.is_bits() || request.count < 2 * self.answered_most {
            return SilenceRemedy::Split;
        }
        if has_peer {
            return SilenceRemedy::Compare;
        }
        // Halving finds the limit in at most seven steps from 125 registers; devices are known that
        // are silent above 10.
        let most = (request.count / 2).max(1);
        self.most = Some(self.most.map_or(most, |old| old.min(most)));
        SilenceRemedy::Shorten(most)
    }
}

fn read_range(request: ModbusReadRequest) -> (ModbusReadFunction, u16, u16) {
    (request.function, request.address, request.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input_read(address: u16, count: u16) -> ModbusReadRequest {
        ModbusReadRequest {
            unit: 1,
            function: ModbusReadFunction::Input,
            address,
            count,
        }
    }

    #[test]
    fn a_dead_device_is_never_judged() {
        let mut silence = SilenceTracker::new();
        for _ in 0..100 {
            assert_eq!(
                silence.record_silence(input_read(0, 107), false, false),
                SilenceRemedy::Wait
            );
        }
        assert!(silence.is_suspected(input_read(0, 107)));
        assert_eq!(silence.learned_max_registers(), None);
        silence.record_answer(input_read(0, 107));
        assert!(!silence.is_suspected(input_read(0, 107)));
    }

    #[test]
    fn one_lost_answer_is_no_silence() {
        let mut silence = SilenceTracker::new();
        for _ in 0..SILENT_POLLS_MAX {
            assert_eq!(
                silence.record_silence(input_read(0, 107), true, false),
                SilenceRemedy::Wait
            );
        }
        silence.record_answer(input_read(0, 107));
        assert_eq!(
            silence.record_silence(input_read(0, 107), true, false),
            SilenceRemedy::Wait
        );
    }

    #[test]
    fn a_silent_place_among_longer_answers_is_split_and_nothing_else_is() {
        let mut silence = SilenceTracker::interactive();
        silence.record_answer(input_read(100, 60));
        assert_eq!(
            silence.record_silence(input_read(0, 40), true, false),
            SilenceRemedy::Wait
        );
        assert_eq!(
            silence.record_silence(input_read(0, 40), true, false),
            SilenceRemedy::Split
        );
        assert_eq!(
            silence.record_silence(input_read(20, 20), true, false),
            SilenceRemedy::Split
        );
        assert_eq!(silence.learned_max_registers(), None);
    }

    #[test]
    fn length_is_only_blamed_when_nothing_as_long_is_left_to_try() {
        let mut silence = SilenceTracker::interactive();
        for remedy in [SilenceRemedy::Wait, SilenceRemedy::Compare] {
            assert_eq!(
                silence.record_silence(input_read(0, 50), true, true),
                remedy
            );
        }
        assert_eq!(
            silence.record_silence(input_read(50, 50), true, false),
            SilenceRemedy::Shorten(25)
        );
    }

    proptest! {
        #[test]
        fn whatever_length_a_device_answers_is_found_in_few_steps(
            limit in 1u16..125, whole in 2u16..=125
        ) {
            let mut silence = SilenceTracker::new();
            let (mut count, mut polls) = (whole, 0);
            while count > limit {
                silence.record_answer(input_read(0, 1));
                let remedy = silence.record_silence(input_read(0, count), true, false);
                if let SilenceRemedy::Shorten(most) = remedy {
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
