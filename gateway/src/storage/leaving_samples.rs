//! [`LeavingSamples`]: dated samples that are taken out of their days, because the time by which
//! they were dated was wrong.

use super::key_registry::PointKey;
use super::latest::mark_undated;
use crate::domain::Sample;
use std::collections::BTreeMap;

/// Samples that are taken out of a stretch of time.
#[derive(Debug)]
pub(super) struct LeavingSamples {
    /// First and last time, ms since 1970.
    stretch: (i64, i64),
    /// Stretches of files, by point: a file has its own times.
    imported: BTreeMap<PointKey, Vec<(i64, i64)>>,
    /// Samples that were taken out, marked as undated.
    pub(super) taken: BTreeMap<PointKey, Vec<Sample>>,
}

impl LeavingSamples {
    /// Takes nothing out.
    pub(super) fn nothing() -> Self {
        Self::new((i64::MAX, i64::MIN), BTreeMap::new())
    }

    /// Takes out what lies in a stretch and did not come from a file.
    pub(super) fn new(stretch: (i64, i64), imported: BTreeMap<PointKey, Vec<(i64, i64)>>) -> Self {
        Self {
            stretch,
            imported,
            taken: BTreeMap::new(),
        }
    }

    /// Takes the samples of a point out; returns whether there were any.
    pub(super) fn take_from(&mut self, point: PointKey, samples: &mut Vec<Sample>) -> bool {
        let files = self.imported.get(&point).map_or(&[][..], Vec::as_slice);
        let within = |at: i64, (first, last): (i64, i64)| (first..=last).contains(&at);
        let leaves = |sample: &Sample| {
            let at = sample.at.0;
            within(at, self.stretch) && !files.iter().any(|file| within(at, *file))
        };
        let (leaving, staying) = samples
            .iter()
            .partition::<Vec<Sample>, _>(|one| leaves(one));
        *samples = staying;
        let is_any = !leaving.is_empty();
        let undated = leaving.into_iter().map(|sample| Sample {
            at: sample.at,
            outcome: mark_undated(sample.outcome),
        });
        if is_any {
            self.taken.entry(point).or_default().extend(undated);
        }
        is_any
    }
}
