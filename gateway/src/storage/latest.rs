//! Latest sample of every point, in memory.

use super::delta_codec::DeltaCodec;
use super::key_registry::{KeyRegistry, PointKey};
use super::meta_table::{read_meta, write_meta};
use super::store_values::LatestSample;
use super::varint::{ByteReader, put, put_signed_varint};
use crate::domain::{QualityReason, Reading, ReadingSeq, Sample, SampleOutcome, UtcMs};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

/// Key in table `meta` of the newest known date, ms since 1970.
const NEWEST_DATED_KEY: &str = "newest_dated";
/// A dated sample that is older than the newest one by more, ms, shows that the date of that one
/// was wrong; devices are polled in turns.
const NEWEST_TOLERANCE_MS: i64 = 3_600_000;

/// Latest samples, indexed by point key; keys are small and without gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct LatestCache {
    samples: Vec<Option<CachedSample>>,
    /// Time of the newest sample with a known date, also when samples without one have come since.
    newest_dated: Option<UtcMs>,
}

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
        if dated {
            self.note_dated(at);
        }
    }

    fn note_dated(&mut self, at: UtcMs) {
        let is_wrong = |newest: UtcMs| newest.0.saturating_sub(at.0) > NEWEST_TOLERANCE_MS;
        self.newest_dated = if self.newest_dated.is_some_and(is_wrong) {
            self.newest_shown()
        } else {
            self.newest_dated.max(Some(at))
        };
    }

    /// Newest date among the latest samples.
    fn newest_shown(&self) -> Option<UtcMs> {
        let dated = self.samples.iter().flatten().filter(|(_, _, dated)| *dated);
        dated.map(|(sample, _, _)| sample.at).max()
    }

    /// Takes a sample that got its true time, unless a later dated sample is there.
    pub(super) fn set_redated(&mut self, point: PointKey, at: UtcMs, outcome: SampleOutcome) {
        let place = self.slot(point);
        if place.is_none_or(|(kept, _, known)| !known || at >= kept.at) {
            *place = Some((Sample { at, outcome }, 0, true));
        }
        self.newest_dated = self.newest_dated.max(Some(at));
    }

    /// Takes the dates of samples in a stretch of time (ms since 1970) for unknown; `floor` is the
    /// newest date before it.
    pub(super) fn forget_dates(&mut self, (from, to): (i64, i64), floor: Option<i64>) {
        for (sample, _, dated) in self.samples.iter_mut().flatten() {
            if *dated && (from..=to).contains(&sample.at.0) {
                sample.outcome = mark_undated(sample.outcome);
                *dated = false;
            }
        }
        if self
            .newest_dated
            .is_some_and(|newest| (from..=to).contains(&newest.0))
        {
            self.newest_dated = self.newest_shown().max(floor.map(UtcMs));
        }
    }

    /// Returns the time of the newest sample with a known date.
    pub(super) fn newest_dated(&self) -> Option<UtcMs> {
        self.newest_dated
    }

    /// Takes an imported sample, unless a later one, or a current undated one, is there.
    pub(super) fn set_imported(&mut self, point: PointKey, at: UtcMs, outcome: SampleOutcome) {
        let place = self.slot(point);
        if place.is_none_or(|(kept, _, known)| known && at >= kept.at) {
            *place = Some((Sample { at, outcome }, 0, true));
            self.newest_dated = self.newest_dated.max(Some(at));
        }
    }

    fn slot(&mut self, point: PointKey) -> &mut Option<CachedSample> {
        let index = point as usize;
        if self.samples.len() <= index {
            self.samples.resize(index + 1, None);
        }
        &mut self.samples[index]
    }

    /// Stores the latest samples in `meta`, together with sealed samples.
    pub(super) fn save(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let mut out = Vec::new();
        let kept = self.samples.iter().zip(0u64..);
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
        let newest = self.newest_dated.map_or(0, |newest| newest.0);
        write_meta(db, NEWEST_DATED_KEY, newest)
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
        let newest = read_meta(db, NEWEST_DATED_KEY)?.filter(|newest| *newest != 0);
        self.newest_dated = self.newest_shown().max(newest.map(UtcMs));
        Ok(())
    }

    /// Returns the latest samples of the configured points, in their order.
    pub(super) fn all(&self, names: &KeyRegistry, durable: ReadingSeq) -> Vec<LatestSample> {
        let last = |(id, key): &(Arc<str>, PointKey)| {
            let (sample, seq, _) = self.samples.get(*key as usize)?.as_ref()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::decimal;

    const NOON: i64 = 1_796_040_000_000;

    fn put(cache: &mut LatestCache, point: PointKey, at: i64, dated: bool) {
        cache.set_current(point, UtcMs(at), decimal(1), (1, dated));
    }

    #[test]
    fn the_newest_date_outlives_samples_without_one_and_a_restart() {
        let mut cache = LatestCache::default();
        put(&mut cache, 1, NOON, true);
        put(&mut cache, 1, 5000, false);
        assert_eq!(cache.newest_dated(), Some(UtcMs(NOON)));
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE meta(key TEXT PRIMARY KEY, value)")
            .unwrap();
        cache.save(&db).unwrap();
        let mut again = LatestCache::default();
        again.load(&db).unwrap();
        assert_eq!(again.newest_dated(), Some(UtcMs(NOON)));
    }

    #[test]
    fn the_newest_date_stays_when_a_stretch_behind_or_before_it_is_taken_back() {
        let mut cache = LatestCache::default();
        put(&mut cache, 1, NOON, true);
        put(&mut cache, 1, 5000, false);
        for stretch in [(NOON + 1, NOON + 9000), (NOON - 9000, NOON - 1)] {
            cache.forget_dates(stretch, Some(NOON - 20_000));
            assert_eq!(cache.newest_dated(), Some(UtcMs(NOON)), "{stretch:?}");
        }
        cache.forget_dates((NOON, NOON), Some(NOON - 20_000));
        assert_eq!(cache.newest_dated(), Some(UtcMs(NOON - 20_000)));
    }

    #[test]
    fn a_date_that_was_wrong_is_no_longer_the_newest() {
        let mut cache = LatestCache::default();
        put(&mut cache, 1, NOON + 86_400_000, true);
        put(&mut cache, 1, NOON, true);
        assert_eq!(cache.newest_dated(), Some(UtcMs(NOON)));
        // Devices are read in turns: the order within an hour says nothing.
        put(&mut cache, 2, NOON - 5000, true);
        assert_eq!(cache.newest_dated(), Some(UtcMs(NOON)));
        cache.forget_dates((NOON - 10_000, NOON), Some(NOON - 20_000));
        assert_eq!(cache.newest_dated(), Some(UtcMs(NOON - 20_000)));
    }
}
