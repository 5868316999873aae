//! Samples and roll-ups into buckets of local time.

use super::calendar::Calendar;
use super::handle::{Aggregate, Block, Step};
use super::roll::Roll;
use crate::model::{Number, Sample, UtcMs};

/// The largest stretch that fits whole into every bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Samples,
    Hours,
    Days,
}

/// A bucket being filled.
#[derive(Debug)]
pub(super) struct Fold {
    step: Step,
    aggregate: Aggregate,
    pub(super) unit: Unit,
    /// First moment of the bucket, the first one after it, and what came so far.
    bucket: Option<(UtcMs, UtcMs, Roll)>,
    /// The last number before the bucket.
    before: Option<Number>,
}

impl Fold {
    pub(super) fn new(
        step: Step,
        aggregate: Aggregate,
        unit: Unit,
        before: Option<Number>,
    ) -> Self {
        Self {
            step,
            aggregate,
            unit,
            bucket: None,
            before,
        }
    }

    /// Adds the next stretch, which begins at `at`; buckets that it completes go to `full`.
    pub(super) fn add(&mut self, calendar: &Calendar, at: UtcMs, roll: &Roll, full: &mut Block) {
        self.roll_at(calendar, at, full).append(roll);
    }

    /// Adds the next sample.
    pub(super) fn add_sample(&mut self, calendar: &Calendar, sample: &Sample, full: &mut Block) {
        self.roll_at(calendar, sample.at, full).add(sample);
    }

    /// The last bucket.
    pub(super) fn finish(&mut self) -> Block {
        let mut full = Block::new();
        self.close(&mut full);
        full
    }

    fn roll_at(&mut self, calendar: &Calendar, at: UtcMs, full: &mut Block) -> &mut Roll {
        if self.bucket.as_ref().is_some_and(|(_, end, _)| at >= *end) {
            self.close(full);
        }
        let step = self.step;
        let (_, _, roll) = self.bucket.get_or_insert_with(|| {
            let (start, end) = calendar.bucket(step, at);
            (start, end, Roll::default())
        });
        roll
    }

    fn close(&mut self, full: &mut Block) {
        if let Some((at, _, roll)) = self.bucket.take() {
            let outcome = roll.outcome(self.aggregate, self.before);
            full.extend(outcome.map(|outcome| Sample { at, outcome }));
            self.before = roll.last().or(self.before);
        }
    }
}
