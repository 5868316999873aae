//! Samples of days that are not sealed yet, in memory, about two bytes each.

use super::bytes::{Bytes, put_signed};
use super::calendar::Day;
use super::names::PointKey;
use super::track::Track;
use crate::model::{Outcome, Sample, UtcMs};
use std::collections::BTreeMap;

/// Number of a start of the machine whose clock was wrong; 0 for samples whose date is known.
pub(super) type BootKey = u32;

/// Which samples a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) boot: BootKey,
    pub(super) day: Day,
    pub(super) point: PointKey,
}

/// All columns, by boot and day and then by point, whose numbers are small and without gaps.
#[derive(Debug, Default)]
pub(super) struct Hot {
    days: BTreeMap<(BootKey, Day), Vec<Option<Column>>>,
    bytes: usize,
}

/// Samples of one point and day in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    body: Vec<u8>,
    count: usize,
    at: i64,
    step: i64,
    track: Track,
}

/// What a column costs besides its bytes.
const OVERHEAD: usize = 160;

impl Hot {
    /// Takes the samples that a reading has for its points.
    pub(super) fn push(
        &mut self,
        (boot, day): (BootKey, Day),
        samples: impl Iterator<Item = (PointKey, Sample)>,
    ) {
        let columns = self.days.entry((boot, day)).or_default();
        for (point, sample) in samples {
            let index = point as usize;
            if columns.len() <= index {
                columns.resize(index + 1, None);
            }
            let column = columns[index].get_or_insert_with(|| {
                self.bytes += OVERHEAD;
                Column::default()
            });
            let before = column.body.len();
            column.push(&sample);
            self.bytes += column.body.len() - before;
        }
    }

    /// Bytes taken.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, key: Key) -> Option<&Column> {
        let columns = self.days.get(&(key.boot, key.day))?;
        columns.get(key.point as usize)?.as_ref()
    }

    /// The keys of all columns, by boot, day and point.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.days.iter().flat_map(|((boot, day), columns)| {
            let (boot, day) = (*boot, *day);
            let there = columns
                .iter()
                .zip(0..)
                .filter(|(column, _)| column.is_some());
            there.map(move |(_, point)| Key { boot, day, point })
        })
    }

    /// Appends the point's samples of a day in the order in which they came; those of a wrong clock
    /// only when asked for.
    pub(super) fn read_into(
        &self,
        (day, point): (Day, PointKey),
        undated: bool,
        samples: &mut Vec<Sample>,
    ) {
        let boots = self
            .days
            .keys()
            .filter(|(boot, of)| *of == day && (undated || *boot == 0));
        for (boot, day) in boots.copied() {
            if let Some(column) = self.get(Key { boot, day, point }) {
                column.read_into(samples);
            }
        }
    }

    /// Everything is sealed.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Column {
    fn push(&mut self, sample: &Sample) {
        let step = sample.at.0.wrapping_sub(self.at);
        put_signed(&mut self.body, step.wrapping_sub(self.step));
        (self.at, self.step) = (sample.at.0, step);
        self.track.put(&mut self.body, &sample.outcome);
        self.count += 1;
    }

    /// Appends its samples in the order in which they came.
    pub(super) fn read_into(&self, samples: &mut Vec<Sample>) {
        let (mut bytes, mut track) = (Bytes(&self.body), Track::default());
        let (mut at, mut step) = (0i64, 0i64);
        samples.reserve(self.count);
        while let Some((further, outcome)) = next(&mut bytes, &mut track) {
            step = step.wrapping_add(further);
            at = at.wrapping_add(step);
            samples.push(Sample {
                at: UtcMs(at),
                outcome,
            });
        }
    }
}

fn next(bytes: &mut Bytes<'_>, track: &mut Track) -> Option<(i64, Outcome)> {
    Some((bytes.signed()?, track.get(bytes)?))
}

/// Puts samples in time order; of two with the same time the one that came later stays.
pub(super) fn merge(samples: &mut Vec<Sample>) {
    if samples.is_sorted_by(|a, b| a.at < b.at) {
        return;
    }
    samples.sort_by_key(|sample| sample.at);
    samples.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        if same {
            *kept = *later;
        }
        same
    });
}
