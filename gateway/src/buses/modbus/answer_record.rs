//! [`AnswerRecord`]: which of a device's last requests were answered, to tell a device that answers
//! some of them from one that is off. Pure.

/// Requests that are remembered.
const REQUESTS_KEPT: u32 = 16;
/// Silences that an answer followed, from which on the device is known to answer only some
/// requests.
const RECOVERIES_MIN: u32 = 3;
/// Requests of which at least one in so many is not answered.
const SILENT_ONE_IN: u32 = 4;
/// Silences in a row after which the device is taken for silent.
const SILENT_END: u32 = 4;

/// Answers to the last requests of a device, the newest in the lowest bit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AnswerRecord {
    answered: u16,
    kept: u32,
}

impl AnswerRecord {
    /// Records a request.
    pub(super) fn record(&mut self, is_answered: bool) {
        self.answered = self.answered << 1 | u16::from(is_answered);
        self.kept = (self.kept + 1).min(REQUESTS_KEPT);
    }

    /// Number of answers and of requests, of a device that answers only some of them; `None` for
    /// any other.
    pub(super) fn half_answered(self) -> Option<(u32, u32)> {
        let known = u16::MAX >> (REQUESTS_KEPT - self.kept.max(1));
        let (answered, silent) = (self.answered & known, !self.answered & known);
        // The answer that follows a silence stands one bit lower.
        let recoveries = (silent >> 1 & answered).count_ones();
        let is_off = silent.trailing_ones() >= SILENT_END;
        let is_often = silent.count_ones() * SILENT_ONE_IN >= self.kept;
        let found = recoveries >= RECOVERIES_MIN && is_often && !is_off;
        found.then(|| (answered.count_ones(), self.kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(requests: impl IntoIterator<Item = bool>) -> Option<(u32, u32)> {
        let mut record = AnswerRecord::default();
        requests
            .into_iter()
            .for_each(|answered| record.record(answered));
        record.half_answered()
    }

    #[test]
    fn every_second_answer_is_half_an_answer() {
        assert_eq!(after([false, true].repeat(2)), None);
        assert_eq!(after([false, true].repeat(3)), Some((3, 6)));
        assert_eq!(after([true, false].repeat(20)), Some((8, 16)));
        assert_eq!(after([true, true, false].repeat(20)), Some((10, 16)));
    }

    #[test]
    fn a_device_that_is_off_or_comes_back_and_a_lost_answer_are_not() {
        assert_eq!(after([]), None);
        assert_eq!(after([true; 40]), None);
        assert_eq!(after([false; 40]), None);
        // It went off, or came back.
        let off = [[true; 12].as_slice(), &[false; 8]].concat();
        assert_eq!(after(off.clone()), None);
        assert_eq!(after([off, vec![true; 6]].concat()), None);
        // One in ten is lost on the line.
        let lost = (0..100).map(|at| at % 10 != 0);
        assert_eq!(after(lost), None);
        // It answered half, and was switched off then.
        let ended = [[true, false].repeat(8), vec![false; 3]].concat();
        assert_eq!(after(ended), None);
    }
}
