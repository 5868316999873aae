//! [`SampleInterval`]: the interval at which the rows of a file were written.

use crate::domain::UtcMs;
use std::collections::BTreeMap;

/// Different intervals that are counted. A file of irregular times has no interval of its own.
const INTERVALS_MAX: usize = 64;

/// Count of the intervals between neighbouring rows.
#[derive(Clone, Debug, Default)]
pub struct SampleInterval {
    last: Option<UtcMs>,
    counts: BTreeMap<i64, u64>,
}

impl SampleInterval {
    /// Adds the time of the next row. The order of the file, up or down, makes no difference.
    pub fn push(&mut self, at: UtcMs) {
        let before = self.last.replace(at);
        let step = before.map_or(0, |before| at.0.saturating_sub(before.0).saturating_abs());
        if step == 0 {
            return;
        }
        if self.counts.len() < INTERVALS_MAX || self.counts.contains_key(&step) {
            *self.counts.entry(step).or_default() += 1;
        }
    }

    /// The most frequent interval, ms; the shorter one of two. `None` for fewer than two rows.
    pub fn most_frequent(&self) -> Option<i64> {
        let best = self
            .counts
            .iter()
            .max_by_key(|(step, count)| (**count, std::cmp::Reverse(**step)));
        best.map(|(step, _)| *step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval_of(minutes: &[i64]) -> Option<i64> {
        let mut interval = SampleInterval::default();
        for minute in minutes {
            interval.push(UtcMs(minute * 60_000));
        }
        interval.most_frequent().map(|step| step / 60_000)
    }

    #[test]
    fn the_interval_of_a_file_is_the_most_frequent_one_whatever_is_missing() {
        assert_eq!(interval_of(&[0, 60, 120, 300, 360]), Some(60));
        assert_eq!(interval_of(&[360, 300, 120, 60, 0]), Some(60));
        assert_eq!(interval_of(&[0, 60, 60]), Some(60));
        assert_eq!(interval_of(&[5]), None);
        assert_eq!(interval_of(&[0, 5, 20]), Some(5));
    }
}
