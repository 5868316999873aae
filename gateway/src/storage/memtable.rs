//! Memtable: samples of days that are not sealed yet, in memory, about two bytes a sample.

use super::delta_codec::DeltaCodec;
use super::key_registry::PointKey;
use super::local_calendar::LocalDay;
use super::varint::{ByteReader, put_signed_varint};
use crate::domain::{Sample, SampleOutcome, UtcMs};
use std::collections::BTreeMap;

/// Key of a boot and clock era with an untrusted clock; 0 for samples with a known date.
pub(super) type BootKey = u32;

/// Key of a column: boot era, local day and point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ColumnKey {
    pub(super) boot: BootKey,
    pub(super) day: LocalDay,
    pub(super) point: PointKey,
}

/// All columns, by boot and day, then by point.
#[derive(Debug, Default)]
pub(super) struct Memtable {
    // A vector indexed by point: point keys are small and without gaps.
    days: BTreeMap<(BootKey, LocalDay), Vec<Option<MemtableColumn>>>,
    bytes: usize,
}

/// Samples of one point and day, delta-coded, in order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct MemtableColumn {
    body: Vec<u8>,
    count: usize,
    at: i64,
    step: i64,
    track: DeltaCodec,
}

/// Memory of a column besides its bytes.
// Estimate of the struct and the two allocations behind it; `HOT_BYTES_MAX` is compared with the
// sum.
const COLUMN_OVERHEAD_BYTES: usize = 160;

impl Memtable {
    /// Adds the samples of one reading.
    pub(super) fn push(
        &mut self,
        (boot, day): (BootKey, LocalDay),
        samples: impl Iterator<Item = (PointKey, Sample)>,
    ) {
        let columns = self.days.entry((boot, day)).or_default();
        for (point, sample) in samples {
            let index = point as usize;
            if columns.len() <= index {
                columns.resize(index + 1, None);
            }
            let column = columns[index].get_or_insert_with(|| {
                self.bytes += COLUMN_OVERHEAD_BYTES;
                MemtableColumn::default()
            });
            let before = column.body.len();
            column.push(&sample);
            self.bytes += column.body.len() - before;
        }
    }

    /// Returns the memory in use, bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the column of a key.
    pub(super) fn get(&self, key: ColumnKey) -> Option<&MemtableColumn> {
        let columns = self.days.get(&(key.boot, key.day))?;
        columns.get(key.point as usize)?.as_ref()
    }

    /// Returns the keys of all columns, ordered by boot, day and point.
    pub(super) fn keys(&self) -> impl Iterator<Item = ColumnKey> + '_ {
        self.days.iter().flat_map(|((boot, day), columns)| {
            let (boot, day) = (*boot, *day);
            let there = columns
                .iter()
                .zip(0..)
                .filter(|(column, _)| column.is_some());
            there.map(move |(_, point)| ColumnKey { boot, day, point })
        })
    }

    /// Appends the samples of a point and day, in order of arrival; samples of an untrusted clock
    /// only when `undated`.
    pub(super) fn read_into(
        &self,
        (day, point): (LocalDay, PointKey),
        undated: bool,
        samples: &mut Vec<Sample>,
    ) {
        let boots = self
            .days
            .keys()
            .filter(|(boot, of)| *of == day && (undated || *boot == 0));
        for (boot, day) in boots.copied() {
            if let Some(column) = self.get(ColumnKey { boot, day, point }) {
                column.read_into(samples);
            }
        }
    }

    /// Removes everything; called after sealing.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl MemtableColumn {
    /// Appends a sample, coded as second difference of time and delta of value.
    fn push(&mut self, sample: &Sample) {
        // Second difference: a point polled at a fixed period costs one byte for its time.
        let step = sample.at.0.wrapping_sub(self.at);
        put_signed_varint(&mut self.body, step.wrapping_sub(self.step));
        (self.at, self.step) = (sample.at.0, step);
        self.track.put(&mut self.body, &sample.outcome);
        self.count += 1;
    }

    /// Appends the decoded samples, in order of arrival.
    pub(super) fn read_into(&self, samples: &mut Vec<Sample>) {
        let (mut bytes, mut track) = (ByteReader(&self.body), DeltaCodec::default());
        let (mut at, mut step) = (0i64, 0i64);
        samples.reserve(self.count);
        while let Some((further, outcome)) = next_sample(&mut bytes, &mut track) {
            step = step.wrapping_add(further);
            at = at.wrapping_add(step);
            samples.push(Sample {
                at: UtcMs(at),
                outcome,
            });
        }
    }
}

/// Decodes one sample: second difference of time, outcome.
fn next_sample(bytes: &mut ByteReader<'_>, track: &mut DeltaCodec) -> Option<(i64, SampleOutcome)> {
    Some((bytes.read_signed_varint()?, track.decode(bytes)?))
}

/// Sorts samples by time; of two with the same time the one that arrived later stays.
pub(super) fn sort_and_dedup(samples: &mut Vec<Sample>) {
    // The usual case, a day polled in order, needs no sort.
    if samples.is_sorted_by(|a, b| a.at < b.at) {
        return;
    }
    // The sort is stable: samples of equal time keep their order of arrival.
    samples.sort_by_key(|sample| sample.at);
    samples.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        if same {
            *kept = *later;
        }
        same
    });
}
