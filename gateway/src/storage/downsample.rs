//! Downsampling of samples and roll-ups into buckets of local time.

use super::local_calendar::LocalCalendar;
use super::rollup::SampleRollup;
use super::store_values::{AggregateFunction, BucketStep, SampleBlock};
use crate::domain::{ExactNumber, Sample, UtcMs};

/// Coarsest roll-up that fits whole into every bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RollupLevel {
    Samples,
    Hours,
    Days,
}

/// Bucket that is being filled, and its settings.
#[derive(Clone, Debug)]
pub(super) struct BucketDownsampler {
    step: BucketStep,
    aggregate: AggregateFunction,
    pub(super) unit: RollupLevel,
    /// Start (inclusive) and end (exclusive) of the bucket, and its content so far.
    bucket: Option<(UtcMs, UtcMs, SampleRollup)>,
    /// Last value before the bucket; the start of `Delta`.
    before: Option<ExactNumber>,
}

impl BucketDownsampler {
    pub(super) fn new(
        step: BucketStep,
        aggregate: AggregateFunction,
        unit: RollupLevel,
        before: Option<ExactNumber>,
    ) -> Self {
        Self {
            step,
            aggregate,
            unit,
            bucket: None,
            before,
        }
    }

    /// Adds a roll-up that starts at `at`; buckets that are complete are appended to `full`.
    pub(super) fn add(
        &mut self,
        calendar: &LocalCalendar,
        at: UtcMs,
        roll: &SampleRollup,
        full: &mut SampleBlock,
    ) {
        self.rollup_at(calendar, at, full).append(roll);
    }

    /// Adds the next sample.
    pub(super) fn add_sample(
        &mut self,
        calendar: &LocalCalendar,
        sample: &Sample,
        full: &mut SampleBlock,
    ) {
        self.rollup_at(calendar, sample.at, full).add(sample);
    }

    /// Returns the last bucket.
    pub(super) fn finish(&mut self) -> SampleBlock {
        let mut full = SampleBlock::new();
        self.close_bucket(&mut full);
        full
    }

    /// Returns the bucket of a time, and closes the one before it.
    fn rollup_at(
        &mut self,
        calendar: &LocalCalendar,
        at: UtcMs,
        full: &mut SampleBlock,
    ) -> &mut SampleRollup {
        if self.bucket.as_ref().is_some_and(|(_, end, _)| at >= *end) {
            self.close_bucket(full);
        }
        let step = self.step;
        let (_, _, roll) = self.bucket.get_or_insert_with(|| {
            let (start, end) = calendar.bucket_bounds(step, at);
            (start, end, SampleRollup::default())
        });
        roll
    }

    /// Appends the finished bucket to `full`; an empty one gives nothing.
    fn close_bucket(&mut self, full: &mut SampleBlock) {
        if let Some((at, _, roll)) = self.bucket.take() {
            let outcome = roll.aggregate_outcome(self.aggregate, self.before);
            full.extend(outcome.map(|outcome| Sample { at, outcome }));
            // A bucket without numbers keeps the earlier value: the increase over a gap goes into
            // the next bucket that has a value.
            self.before = roll.last_number().or(self.before);
        }
    }
}
