//! [`TimeRuns`]: times of samples in little memory. Readings come at a fixed interval, so that most
//! of a year is a few stretches with one step.

/// Times in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct TimeRuns(Vec<TimeRun>);

/// `count` times from `first` on, `step` milliseconds apart.
#[derive(Debug)]
struct TimeRun {
    first: i64,
    step: u32,
    count: u32,
}

/// Place in the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TimePosition {
    run: usize,
    index: u32,
}

impl TimeRun {
    fn time(&self, index: u32) -> i64 {
        self.first + i64::from(self.step) * i64::from(index)
    }
}

impl TimeRuns {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a time after the others.
    pub(super) fn push(&mut self, time: i64) {
        if let Some(run) = self.0.last_mut() {
            // A step back, or one of more than 49 days (2^32 ms), begins a new run.
            let step = u32::try_from(time - run.time(run.count - 1)).ok();
            // The second time of a run sets its step.
            let fits = step.is_some_and(|step| run.count == 1 || step == run.step);
            if let (true, Some(step), Some(count)) = (fits, step, run.count.checked_add(1)) {
                (run.step, run.count) = (step, count);
                return;
            }
        }
        self.0.push(TimeRun {
            first: time,
            step: 0,
            count: 1,
        });
    }

    /// The time at a place; `None` after the last.
    pub(super) fn at(&self, position: TimePosition) -> Option<i64> {
        let run = self.0.get(position.run)?;
        Some(run.time(position.index))
    }

    /// Moves to the next time.
    pub(super) fn advance(&self, position: &mut TimePosition) {
        position.index += 1;
        let count = self.0.get(position.run).map_or(0, |run| run.count);
        if position.index >= count {
            *position = TimePosition {
                run: position.run + 1,
                index: 0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(times: &TimeRuns) -> Vec<i64> {
        let mut position = TimePosition::default();
        let mut all = Vec::new();
        while let Some(time) = times.at(position) {
            all.push(time);
            times.advance(&mut position);
        }
        all
    }

    proptest::proptest! {
        #[test]
        fn times_come_back_as_they_were_added(
            times in proptest::collection::vec(-100_000_000_000i64..100_000_000_000, 0..200),
        ) {
            let mut runs = TimeRuns::default();
            for time in &times {
                runs.push(*time);
            }
            proptest::prop_assert_eq!(read_back(&runs), times);
        }
    }

    #[test]
    fn a_fixed_interval_is_one_stretch() {
        let mut runs = TimeRuns::default();
        (0..100_000).for_each(|slot| runs.push(slot * 10_000));
        assert_eq!((runs.0.len(), read_back(&runs).len()), (1, 100_000));
    }
}
