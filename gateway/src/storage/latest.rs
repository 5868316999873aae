//! Latest sample of every point, in memory.

use super::delta_codec::DeltaCodec;
use super::key_registry::{KeyRegistry, PointKey};
use super::store_values::LatestSample;
use super::varint::{ByteReader, put, put_signed_varint};
use crate::domain::{QualityReason, Reading, ReadingSeq, Sample, SampleOutcome, UtcMs};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

/// Latest samples, indexed by point key; keys are small and without gaps.
#[derive(Debug, Default)]
pub(super) struct LatestCache(Vec<Option<CachedSample>>);

/// Sample, its `seq` (0 when sealed or imported), and whether its date is known.
type CachedSample = (Sample, ReadingSeq, bool);

impl LatestCache {
    /// Takes the samples of a reading that has just arrived.
    pub(super) fn record_reading(
        &mut self,
        points: &[PointKey],
        seq: ReadingSeq,
        reading: &Reading,
    ) {
        for (point, outcome) in points.iter().zip(&reading.outcomes) {
            self.set_current(*point, reading.at, *outcome, (seq, reading.dated));
        }
    }

    /// Sets the latest sample of a point from a reading.
    pub(super) fn set_current(
        &mut self,
        point: PointKey,
        at: UtcMs,
        outcome: SampleOutcome,
        (seq, dated): (ReadingSeq, bool),
    ) {
        let outcome = if dated {
            outcome
        } else {
            mark_undated(outcome)
        };
        // The reading that arrived last is the current one, whatever its time: the clock may have
        // been ahead before.
        *self.slot(point) = Some((Sample { at, outcome }, seq, dated));
    }

    /// Takes a sample that got its true time, unless a later dated sample is there.
    pub(super) fn set_redated(&mut self, point: PointKey, at: UtcMs, outcome: SampleOutcome) {
        let place = self.slot(point);
        if place.is_none_or(|(kept, _, known)| !known || at >= kept.at) {
            *place = Some((Sample { at, outcome }, 0, true));
        }
    }

    /// Takes the dates of samples in a stretch of time (ms since 1970) for unknown.
    pub(super) fn forget_dates(&mut self, from: i64, to: i64) {
        for (sample, _, dated) in self.0.iter_mut().flatten() {
            if *dated && (from..=to).contains(&sample.at.0) {
                sample.outcome = mark_undated(sample.outcome);
                *dated = false;
            }
        }
    }

    /// Returns the time of the newest sample with a known date.
    pub(super) fn newest_dated(&self) -> Option<UtcMs> {
        let dated = self.0.iter().flatten().filter(|(_, _, dated)| *dated);
        dated.map(|(sample, _, _)| sample.at).max()
    }

    /// Takes an imported sample, unless a later one, or a current undated one, is there.
    pub(super) fn set_imported(&mut self, point: PointKey, at: UtcMs, outcome: SampleOutcome) {
        let place = self.slot(point);
        if place.is_none_or(|(kept, _, known)| known && at >= kept.at) {
            *place = Some((Sample { at, outcome }, 0, true));
        }
    }

    fn slot(&mut self, point: PointKey) -> &mut Option<CachedSample> {
        let index = point as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        &mut self.0[index]
    }

    /// Stores the latest samples in `meta`, together with sealed samples.
    pub(super) fn save(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let mut out = Vec::new();
        let kept = self.0.iter().zip(0u64..);
        for ((sample, _, dated), point) in
            kept.filter_map(|(kept, key)| Some((kept.as_ref()?, key)))
        {
            put(&mut out, point << 1 | u64::from(*dated));
            put_signed_varint(&mut out, sample.at.0);
            DeltaCodec::default().put(&mut out, &sample.outcome);
        }
        db.execute(
            "INSERT OR REPLACE INTO meta(key, value) VALUES ('latest', ?)",
            [out],
        )?;
        Ok(())
    }

    /// Inverse of `write`.
    pub(super) fn load(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let find = "SELECT value FROM meta WHERE key = 'latest'";
        let kept: Option<Vec<u8>> = db.query_row(find, [], |row| row.get(0)).optional()?;
        let kept = kept.unwrap_or_default();
        let mut bytes = ByteReader(&kept);
        // A fresh codec state for each sample: a garbled entry ends the list and changes none
        // before it.
        let next = || {
            let head = bytes.read_varint()?;
            let at = UtcMs(bytes.read_signed_varint()?);
            let outcome = DeltaCodec::default().decode(&mut bytes)?;
            let point = PointKey::try_from(head >> 1).ok()?;
            Some((point, (Sample { at, outcome }, 0, head & 1 == 1)))
        };
        for (point, sample) in std::iter::from_fn(next) {
            *self.slot(point) = Some(sample);
        }
        Ok(())
    }

    /// Returns the latest samples of the configured points, in their order.
    pub(super) fn all(&self, names: &KeyRegistry, durable: ReadingSeq) -> Vec<LatestSample> {
        let last = |(id, key): &(Arc<str>, PointKey)| {
            let (sample, seq, _) = self.0.get(*key as usize)?.as_ref()?;
            Some(LatestSample {
                point: Arc::clone(id),
                sample: *sample,
                durable: *seq <= durable,
            })
        };
        names.site.iter().filter_map(last).collect()
    }
}

/// Returns the outcome as `Uncertain` with reason `Undated`.
pub(super) fn mark_undated(outcome: SampleOutcome) -> SampleOutcome {
    match outcome {
        SampleOutcome::Good(number) => SampleOutcome::Uncertain(number, QualityReason::Undated),
        other => other,
    }
}
