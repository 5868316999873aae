//! Sums of closed days: kept in the store as snapshots, so that a calculation reads only the days
//! after the newest one.
//!
//! ```text
//! period 2026, now 29 Nov 10:00
//! snapshot of the asset: 1 Jan to 27 Nov      -> restored
//! read: 28 Nov                                -> snapshot of 1 Jan to 28 Nov is kept
//! read: 29 Nov until 10:00                    -> figures
//! ```
//!
//! A snapshot is used only when everything else on which the sums depend is as it was: the
//! configuration, the factors, the calibrations of its days, the days themselves, and this program.

use crate::domain::UtcMs;
use crate::domain::calibration::CalibrationHistory;
use crate::domain::period::Period;
use crate::formulas::saved_state::{SavedState, StateArchive};
use crate::indicators::asset_figures::SeriesAndSums;
use crate::indicators::period_days::PeriodDays;
use crate::indicators::summed_readings::{ReadReach, SummedReadings, calibration_basis};
use crate::indicators::{IndicatorQuery, IndicatorsError};
use crate::limits::SNAPSHOT_STATE_BYTES_MAX;
use crate::storage::{DAY_GRACE_MS, FigureSnapshot, SnapshotQuery, Store, snapshot_basis};
use flate2::read::DeflateDecoder;
use jiff::civil::Date;
use std::io::Read;
use std::sync::Arc;

/// Version of the sums. Raise it whenever a change makes other sums, or saves other fields.
const SUMS_VERSION: u32 = 14;

/// Snapshot of an asset with which a calculation begins, and the one that it makes.
pub(crate) struct ClosedDays {
    asset: Arc<str>,
    first: Date,
    kind: u8,
    basis: Vec<u8>,
    data_revision: u64,
    /// Number of days whose end has passed, all of which a new snapshot will contain.
    closed: usize,
    found: Option<FigureSnapshot>,
    /// Number of days within the snapshot that was found.
    restored: usize,
}

impl ClosedDays {
    /// Looks for a snapshot of the asset; `None` without closed days.
    pub(crate) async fn find(
        store: &Store,
        revision: &str,
        ask: &IndicatorQuery,
        (asset, span): (&Arc<str>, &PeriodDays),
        (lanes, sums): &mut SeriesAndSums<'_>,
    ) -> Result<Option<Self>, IndicatorsError> {
        let closed = |day: &&_| is_closed(day, ask.now);
        let closed = span.days.iter().take_while(closed).count();
        if !ask.snapshots || closed == 0 {
            return Ok(None);
        }
        let mut fresh = StateArchive::save();
        sums.exchange(&mut fresh);
        let basis = snapshot_basis(&[
            &SUMS_VERSION.to_le_bytes(),
            env!("CARGO_PKG_VERSION").as_bytes(),
            revision.as_bytes(),
            &span.from.to_le_bytes(),
            format!("{lanes:?}").as_bytes(),
            // What the sums have taken from settings and calibrations.
            &fresh.finish().unwrap_or_default(),
        ]);
        let query = SnapshotQuery {
            asset: Arc::clone(asset),
            first: ask.period.first(),
            basis: basis.clone(),
            until: UtcMs(span.days[closed - 1].to),
        };
        let (found, data_revision) = store.find_snapshot(query).await?;
        let place = |one: &FigureSnapshot| {
            let mut days = span.days.iter();
            days.position(|day| day.to == one.until.0)
        };
        let restored = found.as_ref().and_then(place).map_or(0, |day| day + 1);
        Ok(Some(Self {
            asset: Arc::clone(asset),
            first: ask.period.first(),
            kind: period_kind(ask.period),
            basis,
            data_revision,
            closed,
            found: found.filter(|_| restored > 0),
            restored,
        }))
    }

    /// Number of days that need not be read.
    pub(crate) fn restored_days(&self) -> usize {
        self.restored
    }

    /// Number of days after which a snapshot is to be made; `None` when the one found is as new.
    pub(crate) fn next_snapshot(&self) -> Option<usize> {
        // A single day is read in less time than a snapshot is worth.
        (self.closed > self.restored && self.kind != DAY_KIND).then_some(self.closed)
    }

    /// Restores the sums; false when the snapshot does not fit. Then they must be made anew.
    pub(crate) fn restore(
        &mut self,
        calibrations: &CalibrationHistory,
        span: &PeriodDays,
        all: &mut SummedReadings<'_, '_>,
    ) -> bool {
        let Some(found) = &self.found else {
            return false;
        };
        let day = span.days[self.restored - 1].date;
        let wanted = calibration_basis(calibrations, day);
        let state = inflate(&found.state).filter(|state| state.starts_with(&wanted));
        let complete = state.is_some_and(|state| {
            let mut archive = StateArchive::load(&state[wanted.len()..]);
            all.exchange(&mut archive);
            archive.finish().is_some()
        });
        if !complete {
            tracing::debug!(asset = %self.asset, "a snapshot of closed days does not fit");
            (self.found, self.restored) = (None, 0);
        }
        complete
    }

    /// Keeps the sums after the closed days.
    pub(crate) async fn keep(
        &self,
        store: &Store,
        (span, state): (&PeriodDays, Vec<u8>),
        reach: ReadReach,
    ) -> Result<(), IndicatorsError> {
        let before = self.found.as_ref();
        let oldest =
            |own: i64, before: Option<UtcMs>| UtcMs(before.map_or(own, |before| before.0.min(own)));
        let snapshot = FigureSnapshot {
            asset: Arc::clone(&self.asset),
            first: self.first,
            kind: self.kind,
            basis: self.basis.clone(),
            until: UtcMs(span.days[self.closed - 1].to),
            reads_from: oldest(reach.reads_from, before.map(|one| one.reads_from)),
            looks_from: oldest(reach.looks_from, before.map(|one| one.looks_from)),
            state,
        };
        store.keep_snapshot(snapshot, self.data_revision).await?;
        Ok(())
    }
}

/// Whether no reading of the day is expected any more.
fn is_closed(day: &crate::indicators::period_days::PeriodDay, now: UtcMs) -> bool {
    day.to.saturating_add(DAY_GRACE_MS) <= now.0
}

/// Kind of a period of one day.
const DAY_KIND: u8 = 0;

/// Number of the kind of a period.
fn period_kind(period: Period) -> u8 {
    match period {
        Period::Day(_) => DAY_KIND,
        Period::Week(_) => 1,
        Period::Month(_) => 2,
        Period::Quarter(_) => 3,
        Period::Year(_) => 4,
        Period::Range(..) => 5,
    }
}

fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    let mut state = Vec::new();
    let mut bounded = DeflateDecoder::new(packed).take(SNAPSHOT_STATE_BYTES_MAX);
    bounded.read_to_end(&mut state).ok()?;
    Some(state)
}
