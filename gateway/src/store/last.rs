//! The last sample of every point, in memory.

use super::bytes::{Bytes, put, put_signed};
use super::handle::Last;
use super::names::{Names, PointKey};
use super::track::Track;
use crate::model::{Outcome, Reading, Sample, Seq, UtcMs};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

/// By point, as their numbers are small and without gaps.
#[derive(Debug, Default)]
pub(super) struct Latest(Vec<Option<Kept>>);

/// The sample, its `seq` (0 when it is sealed or imported), and whether its date is known.
type Kept = (Sample, Seq, bool);

impl Latest {
    /// A reading came.
    pub(super) fn see(&mut self, points: &[PointKey], seq: Seq, reading: &Reading) {
        for (point, outcome) in points.iter().zip(&reading.outcomes) {
            self.offer(*point, reading.at, *outcome, (seq, reading.dated));
        }
    }

    /// Takes the sample of a reading that came after all others: what was read last is the present,
    /// also when the clock was ahead before.
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
        *self.place(point) = Some((Sample { at, outcome }, seq, dated));
    }

    /// Takes a sample that got its date later, unless a later one with a date is there.
    pub(super) fn offer_dated(&mut self, point: PointKey, at: UtcMs, outcome: Outcome) {
        let place = self.place(point);
        if place.is_none_or(|(kept, _, known)| !known || at >= kept.at) {
            *place = Some((Sample { at, outcome }, 0, true));
        }
    }

    /// The moment of the newest sample whose date is known.
    pub(super) fn newest(&self) -> Option<UtcMs> {
        let dated = self.0.iter().flatten().filter(|(_, _, dated)| *dated);
        dated.map(|(sample, _, _)| sample.at).max()
    }

    /// Takes an imported sample unless a later one, or an undated one of now, is there.
    pub(super) fn offer_older(&mut self, point: PointKey, at: UtcMs, outcome: Outcome) {
        let place = self.place(point);
        if place.is_none_or(|(kept, _, known)| known && at >= kept.at) {
            *place = Some((Sample { at, outcome }, 0, true));
        }
    }

    fn place(&mut self, point: PointKey) -> &mut Option<Kept> {
        let index = point as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        &mut self.0[index]
    }

    /// Keeps them beside the sealed samples; the journal has what comes later.
    pub(super) fn write(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let mut out = Vec::new();
        let kept = self.0.iter().zip(0u64..);
        for ((sample, _, dated), point) in
            kept.filter_map(|(kept, key)| Some((kept.as_ref()?, key)))
        {
            put(&mut out, point << 1 | u64::from(*dated));
            put_signed(&mut out, sample.at.0);
            Track::default().put(&mut out, &sample.outcome);
        }
        db.execute(
            "INSERT OR REPLACE INTO meta(key, value) VALUES ('latest', ?)",
            [out],
        )?;
        Ok(())
    }

    /// The inverse of `write`.
    pub(super) fn read(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let find = "SELECT value FROM meta WHERE key = 'latest'";
        let kept: Option<Vec<u8>> = db.query_row(find, [], |row| row.get(0)).optional()?;
        let kept = kept.unwrap_or_default();
        let mut bytes = Bytes(&kept);
        let next = || {
            let head = bytes.number()?;
            let at = UtcMs(bytes.signed()?);
            let outcome = Track::default().get(&mut bytes)?;
            let point = PointKey::try_from(head >> 1).ok()?;
            Some((point, (Sample { at, outcome }, 0, head & 1 == 1)))
        };
        for (point, sample) in std::iter::from_fn(next) {
            *self.place(point) = Some(sample);
        }
        Ok(())
    }

    /// The samples of the running configuration's points, in its order.
    pub(super) fn all(&self, names: &Names, durable: Seq) -> Vec<Last> {
        let last = |(id, key): &(Arc<str>, PointKey)| {
            let (sample, seq, _) = self.0.get(*key as usize)?.as_ref()?;
            Some(Last {
                point: Arc::clone(id),
                sample: *sample,
                durable: *seq <= durable,
            })
        };
        names.site.iter().filter_map(last).collect()
    }
}
