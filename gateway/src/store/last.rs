//! The last sample of every point, in memory.

use super::handle::Last;
use super::names::{Names, PointKey};
use crate::model::{Outcome, Reading, Sample, Seq, UtcMs};
use std::collections::HashMap;
use std::sync::Arc;

/// By point: the sample, its `seq` (0 when it is sealed or imported), and whether its date is known.
#[derive(Debug, Default)]
pub(super) struct Latest(HashMap<PointKey, (Sample, Seq, bool)>);

impl Latest {
    /// A reading came.
    pub(super) fn see(&mut self, points: &[PointKey], seq: Seq, reading: &Reading) {
        for (point, outcome) in points.iter().zip(&reading.outcomes) {
            self.offer(*point, reading.at, *outcome, (seq, reading.dated));
        }
    }

    /// Takes a sample unless a later one with a known date is there.
    pub(super) fn offer(
        &mut self,
        point: PointKey,
        at: UtcMs,
        outcome: Outcome,
        (seq, dated): (Seq, bool),
    ) {
        let outcome = if dated {
            outcome
        } else {
            super::flush::doubted(outcome)
        };
        let later = self
            .0
            .get(&point)
            .is_none_or(|(kept, _, known)| !dated || !known || at >= kept.at);
        if later {
            self.0.insert(point, (Sample { at, outcome }, seq, dated));
        }
    }

    /// The samples of the running configuration's points, in its order.
    pub(super) fn all(&self, names: &Names, durable: Seq) -> Vec<Last> {
        let last = |(id, key): &(Arc<str>, PointKey)| {
            let (sample, seq, _) = self.0.get(key)?;
            Some(Last {
                point: Arc::clone(id),
                sample: *sample,
                durable: *seq <= durable,
            })
        };
        names.site.iter().filter_map(last).collect()
    }
}
