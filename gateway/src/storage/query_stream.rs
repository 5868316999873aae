//! Query execution in blocks: one day of samples at a time, so that flushes take place in between.

use super::downsample::{BucketDownsampler, RollupLevel};
use super::key_registry::PointKey;
use super::local_calendar::{DAY_MS, LocalDay};
use super::memtable::{ColumnKey, sort_and_dedup};
use super::pack_rows::{PackContent, find_pieces, read_piece};
use super::rollup_rows::{self, decode_rollup};
use super::running_query::RunningQuery;
use super::schema::disk_error;
use super::seal::HOUR_MS;
use super::store_error::StoreError;
use super::store_values::{BucketStep, PointQuery, SampleBlock};
use super::writer::StoreWriter;
use crate::domain::{ExactNumber, UtcMs};
use crate::limits::QUERIES_MAX;
use rusqlite::params;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Days of daily roll-ups added in one step.
// A year of daily roll-ups is one short read of table `daily`.
const DAYS_AT_ONCE: LocalDay = 400;

impl StoreWriter {
    /// Starts a query.
    pub(super) fn start_query(
        &mut self,
        query: PointQuery,
        blocks: mpsc::Sender<Result<SampleBlock, StoreError>>,
    ) {
        let refused = match self.names.point(&query.point) {
            None => StoreError::UnknownPoint(query.point),
            Some(_) if self.running_queries.len() >= QUERIES_MAX => {
                StoreError::Invalid("too many questions at once".to_owned())
            }
            Some(_) if query.to <= query.from => return,
            Some(point) => match self.plan_query(&query, point) {
                Ok((day, end, fold)) => {
                    return self.running_queries.push_back(RunningQuery {
                        query,
                        point,
                        day,
                        end,
                        fold,
                        blocks,
                    });
                }
                Err(fault) => disk_error("reading samples", &fault),
            },
        };
        // The channel is new and empty, so this fails only when the caller has gone.
        let _ = blocks.try_send(Err(refused));
    }

    /// Returns the range of days to read, and the downsampler (none for raw samples).
    fn plan_query(
        &mut self,
        query: &PointQuery,
        point: PointKey,
    ) -> Result<(LocalDay, LocalDay, Option<BucketDownsampler>), rusqlite::Error> {
        let (first, last) = self.first_and_last_day(point)?;
        // Clamped to the days that have data: a query from 1970 must not step through empty
        // decades.
        let day = self.calendar.day(query.from).max(first);
        let end = self.calendar.day(UtcMs(query.to.0 - 1)).min(last);
        let unit = match query.step {
            BucketStep::Raw => return Ok((day, end, None)),
            BucketStep::Millis(step) if step % DAY_MS.unsigned_abs() == 0 => RollupLevel::Days,
            BucketStep::Millis(step) if step % HOUR_MS.unsigned_abs() == 0 => RollupLevel::Hours,
            BucketStep::Millis(_) => RollupLevel::Samples,
            BucketStep::Day | BucketStep::Month | BucketStep::Year => RollupLevel::Days,
        };
        let before = match query.aggregate {
            super::store_values::AggregateFunction::Delta => {
                self.number_before(point, query.from)?
            }
            _ => None,
        };
        let fold = BucketDownsampler::new(query.step, query.aggregate, unit, before);
        Ok((day, end, Some(fold)))
    }

    /// Makes and sends the next block of a query that has room for it.
    pub(super) fn send_next_block(&mut self, which: usize) {
        let Some(mut one) = self.running_queries.remove(which) else {
            return;
        };
        if one.blocks.is_closed() {
            return;
        }
        let done = one.day > one.end;
        let block = match (&mut one.fold, done) {
            (Some(fold), true) => Ok(fold.finish()),
            (None, true) => return,
            (Some(_), false) => self.next_buckets(&mut one),
            (None, false) => self.next_raw_block(&mut one),
        };
        let failed = block.is_err();
        let block = block.map_err(|fault| disk_error("reading samples", &fault));
        let empty = block.as_ref().is_ok_and(Vec::is_empty);
        // There is room, since only this thread sends; a failure means that the caller has gone.
        let gone = !empty && one.blocks.try_send(block).is_err();
        // To the back of the queue: several queries take turns.
        if !(failed || gone || done) {
            self.running_queries.push_back(one);
        }
    }

    /// Returns the raw samples of the next day.
    fn next_raw_block(&mut self, one: &mut RunningQuery) -> Result<SampleBlock, rusqlite::Error> {
        let mut block = self.samples(one.point, one.day, true)?;
        block.retain(|sample| (one.query.from..one.query.to).contains(&sample.at));
        one.day += 1;
        Ok(block)
    }

    /// Adds a day of samples, or many days of roll-ups; returns the buckets that are full.
    fn next_buckets(&mut self, one: &mut RunningQuery) -> Result<SampleBlock, rusqlite::Error> {
        let mut full = SampleBlock::new();
        let Some(fold) = &mut one.fold else {
            return Ok(full);
        };
        let until = match fold.unit {
            RollupLevel::Days => one.end.min(one.day.saturating_add(DAYS_AT_ONCE)),
            RollupLevel::Hours | RollupLevel::Samples => one.day,
        };
        let rolled = match fold.unit {
            RollupLevel::Days => rollup_rows::daily_rollups(&self.db, one.point, one.day, until)?,
            RollupLevel::Hours | RollupLevel::Samples => BTreeMap::new(),
        };
        for day in one.day..=until {
            let (start, next) = (
                self.calendar.day_start(day),
                self.calendar.day_start(day + 1),
            );
            let whole = one.query.from <= start && next <= one.query.to;
            // Roll-ups are used only for whole days without samples that are not merged yet.
            let clean = whole && !self.is_unsealed(one.point, day);
            match (fold.unit, rolled.get(&day)) {
                (RollupLevel::Days, Some(roll)) if clean => {
                    fold.add(&self.calendar, start, roll, &mut full);
                }
                (RollupLevel::Days, None) if clean => {}
                (RollupLevel::Hours, _) if clean => {
                    for (hour, roll) in rollup_rows::hourly_rollups(&self.db, one.point, day)? {
                        let at = UtcMs(start.0 + i64::from(hour) * HOUR_MS);
                        fold.add(&self.calendar, at, &roll, &mut full);
                    }
                }
                _ => {
                    for sample in self.samples(one.point, day, false)? {
                        if (one.query.from..one.query.to).contains(&sample.at) {
                            fold.add_sample(&self.calendar, &sample, &mut full);
                        }
                    }
                }
            }
        }
        one.day = until + 1;
        Ok(full)
    }

    /// Returns all samples of a point's local day, in time order; those of an untrusted clock only
    /// when `undated`.
    pub(super) fn samples(
        &self,
        point: PointKey,
        day: LocalDay,
        undated: bool,
    ) -> Result<SampleBlock, rusqlite::Error> {
        let mut samples = Vec::new();
        let kinds = [PackContent::Days, PackContent::Parts];
        for (row, piece) in find_pieces(&self.db, &kinds, (day, point), undated)? {
            let blob = read_piece(&self.db, row, piece)?;
            if let Some(more) = blob.as_deref().and_then(super::chunk_codec::decode_chunk) {
                samples.extend(more);
            } else {
                // The query goes on without the chunk; merging the day sets it aside.
                tracing::error!(row, point, "a garbled chunk was left out of an answer");
            }
        }
        self.memtable.read_into((day, point), undated, &mut samples);
        sort_and_dedup(&mut samples);
        Ok(samples)
    }

    /// Returns whether some samples of the day are not in its roll-ups yet.
    fn is_unsealed(&self, point: PointKey, day: LocalDay) -> bool {
        let key = ColumnKey {
            boot: 0,
            day,
            point,
        };
        self.unmerged_parts.contains(&key) || self.memtable.get(key).is_some()
    }

    fn unsealed_days(&self, point: PointKey) -> impl Iterator<Item = LocalDay> {
        let keys = self
            .unmerged_parts
            .iter()
            .copied()
            .chain(self.memtable.keys());
        keys.filter(move |key| key.point == point)
            .map(|key| key.day)
    }

    /// Returns the last number of a point before a time.
    fn number_before(
        &mut self,
        point: PointKey,
        at: UtcMs,
    ) -> Result<Option<ExactNumber>, rusqlite::Error> {
        let today = self.calendar.day(at);
        let last = |samples: SampleBlock| {
            let mut earlier = samples.iter().rev().filter(|sample| sample.at < at);
            earlier.find_map(|sample| sample.outcome.number())
        };
        let mut rolled = None;
        let mut rows = self
            .db
            .prepare("SELECT day, roll FROM daily WHERE point = ? AND day < ? ORDER BY day DESC")?;
        let mut rows = rows.query(params![point, today])?;
        while let Some(row) = rows.next()? {
            let roll = decode_rollup(row.get_ref(1)?.as_blob().unwrap_or_default());
            if let Some(number) = roll.and_then(|roll| roll.last_number()) {
                rolled = Some((row.get::<_, LocalDay>(0)?, number));
                break;
            }
        }
        // Days without a roll-up yet may hold a later value than the last daily roll-up.
        let known = rolled.map_or(LocalDay::MIN, |(day, _)| day);
        let mut days: Vec<LocalDay> = self
            .unsealed_days(point)
            .filter(|day| (known..today).contains(day))
            .chain([today])
            .collect();
        days.sort_unstable();
        for day in days.into_iter().rev() {
            if let Some(number) = last(self.samples(point, day, false)?) {
                return Ok(Some(number));
            }
        }
        Ok(rolled.map(|(_, number)| number))
    }

    /// Returns the first and the last local day with data of a point.
    fn first_and_last_day(&self, point: PointKey) -> Result<(LocalDay, LocalDay), rusqlite::Error> {
        let (low, high): (Option<LocalDay>, Option<LocalDay>) = self.db.query_row(
            // Two subqueries: SQLite answers each from the index, but scans the table for both in
            // one.
            "SELECT (SELECT min(day) FROM daily WHERE point = ?1),
                    (SELECT max(day) FROM daily WHERE point = ?1)",
            [point],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let sealed = (low.unwrap_or(LocalDay::MAX), high.unwrap_or(LocalDay::MIN));
        let days = self.unsealed_days(point);
        Ok(days.fold(sealed, |(low, high), day| (low.min(day), high.max(day))))
    }
}
