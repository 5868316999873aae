//! Query execution in blocks: one day of samples at a time, so that flushes take place in between.

use super::data_damage;
use super::downsample::{BucketDownsampler, RollupLevel};
use super::found_damage;
use super::key_registry::PointKey;
use super::local_calendar::HOUR_MS;
use super::local_calendar::{DAY_MS, LocalDay};
use super::memtable::{ColumnKey, sort_and_dedup};
use super::pack_rows::{PackContent, find_pieces, read_piece};
use super::rollup::SampleRollup;
use super::rollup_rows::{self, decode_rollup};
use super::running_query::{OpenQuery, QueryCursor, RunningQuery};
use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_request::SamplesRequest;
use super::store_values::{BucketStep, PointQuery, SampleBlock};
use super::writer::StoreWriter;
use crate::domain::{ExactNumber, Quality, Sample, UtcMs};
use crate::limits::{QUERIES_MAX, QUERY_BLOCK_SAMPLES_MAX};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;

/// Days of daily roll-ups added in one step.
// A year of daily roll-ups is one short read of table `daily`.
const DAYS_AT_ONCE: LocalDay = 400;

/// Days without samples that are passed over in one step.
const EMPTY_DAYS_AT_ONCE: usize = 64;

impl StoreWriter {
    /// Serves a request for samples.
    pub(super) fn serve_samples(&mut self, request: SamplesRequest) {
        match request {
            SamplesRequest::Stream { query, blocks } => self.start_query(query, blocks),
            SamplesRequest::Open { query, reply } => drop(reply.send(self.open_query(query))),
            SamplesRequest::Next { cursor, reply } => drop(reply.send(self.block_after(*cursor))),
        }
    }

    /// Starts a query whose blocks are sent by themselves.
    fn start_query(
        &mut self,
        query: PointQuery,
        blocks: mpsc::Sender<Result<SampleBlock, StoreError>>,
    ) {
        let cursor = if self.running_queries.len() >= QUERIES_MAX {
            Err(StoreError::Overloaded)
        } else {
            self.open_cursor(query)
        };
        match cursor {
            // The sender is dropped: the answer is empty.
            Ok(cursor) if cursor.ended => {}
            Ok(cursor) => {
                let running = RunningQuery { cursor, blocks };
                self.running_queries.push_back(running);
            }
            // The channel is new and empty, so this fails only when the caller has gone.
            Err(refused) => drop(blocks.try_send(Err(refused))),
        }
    }

    /// Returns the position before the first block of an answer.
    fn open_cursor(&mut self, query: PointQuery) -> Result<QueryCursor, StoreError> {
        let Some(point) = self.names.point(&query.point) else {
            return Err(StoreError::UnknownPoint(query.point));
        };
        let plan = self.plan_query(&query, point);
        let (day, end, fold) = plan.map_err(|fault| disk_error("reading samples", &fault))?;
        Ok(QueryCursor {
            ended: query.to <= query.from,
            query,
            point,
            day,
            end,
            fold,
        })
    }

    /// Returns the position before the first block, and the number of raw samples.
    fn open_query(&mut self, query: PointQuery) -> Result<OpenQuery, StoreError> {
        let cursor = self.open_cursor(query)?;
        let is_raw = matches!(cursor.query.step, BucketStep::Raw);
        let samples = is_raw.then(|| self.count_samples(&cursor)).transpose();
        let samples = samples.map_err(|fault| disk_error("counting samples", &fault))?;
        let doubt = self.has_doubt(&cursor);
        let has_doubt = doubt.map_err(|fault| disk_error("looking for doubts", &fault))?;
        Ok(OpenQuery {
            cursor,
            samples,
            has_doubt,
        })
    }

    /// Returns whether some numbers of a range may be uncertain: those that no source has dated,
    /// which only raw answers have, and those that their sample says so of.
    fn has_doubt(&self, cursor: &QueryCursor) -> Result<bool, rusqlite::Error> {
        if cursor.ended || cursor.day > cursor.end {
            return Ok(false);
        }
        let (query, point, is_raw) = (&cursor.query, cursor.point, cursor.fold.is_none());
        let days = cursor.day..=cursor.end;
        let mut open = self
            .unmerged_parts
            .iter()
            .copied()
            .chain(self.memtable.keys());
        let is_of_it = |key: &ColumnKey| key.point == point && days.contains(&key.day);
        if is_raw && open.any(|key| key.boot != 0 && is_of_it(&key)) {
            return Ok(true);
        }
        let daily = rollup_rows::daily_rollups(&self.db, point, cursor.day, cursor.end)?;
        if daily.values().any(SampleRollup::has_doubt) {
            return Ok(true);
        }
        let unsealed: BTreeSet<_> = self.unsealed_days(point).collect();
        for day in unsealed.range(days.clone()) {
            let samples = self.samples(point, *day, false)?;
            let is_asked = |one: &Sample| (query.from..query.to).contains(&one.at);
            let is_doubtful = |one: &Sample| one.outcome.quality() == Quality::Uncertain;
            if samples.iter().any(|one| is_asked(one) && is_doubtful(one)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts the raw samples of a range: whole sealed days by their roll-ups, others by reading
    /// them. Samples of an untrusted clock on sealed days are not counted.
    fn count_samples(&mut self, cursor: &QueryCursor) -> Result<u64, rusqlite::Error> {
        let (query, point) = (&cursor.query, cursor.point);
        if cursor.ended || cursor.day > cursor.end {
            return Ok(0);
        }
        let daily = rollup_rows::daily_rollups(&self.db, point, cursor.day, cursor.end)?;
        let (first, last) = (query.from, UtcMs(query.to.0 - 1));
        let edges = [self.calendar.day(first), self.calendar.day(last)];
        let open = self.unsealed_days(point);
        let read: BTreeSet<_> = open.chain(edges).collect();
        let sealed = daily.iter().filter(|(day, _)| !read.contains(day));
        let mut count: u64 = sealed.map(|(_, roll)| roll.samples()).sum();
        for day in read.range(cursor.day..=cursor.end) {
            let samples = self.samples(point, *day, true)?;
            let range = query.from..query.to;
            count += samples.iter().filter(|one| range.contains(&one.at)).count() as u64;
        }
        Ok(count)
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
        let block = self.next_block(&mut one.cursor);
        let failed = block.is_err();
        let empty = block.as_ref().is_ok_and(Vec::is_empty);
        // There is room, since only this thread sends; a failure means that the caller has gone.
        let gone = !empty && one.blocks.try_send(block).is_err();
        // To the back of the queue: several queries take turns.
        if !(failed || gone || one.cursor.ended) {
            self.running_queries.push_back(one);
        }
    }

    /// Makes the next block for a caller that keeps its own position; empty days are passed over.
    fn block_after(
        &mut self,
        mut cursor: QueryCursor,
    ) -> Result<(QueryCursor, SampleBlock), StoreError> {
        let mut block = SampleBlock::new();
        for _ in 0..EMPTY_DAYS_AT_ONCE {
            if cursor.ended || !block.is_empty() {
                break;
            }
            block = self.next_block(&mut cursor)?;
        }
        Ok((cursor, block))
    }

    /// Makes the block of the next day, or of many days of roll-ups.
    fn next_block(&mut self, cursor: &mut QueryCursor) -> Result<SampleBlock, StoreError> {
        if cursor.day > cursor.end {
            cursor.ended = true;
            return Ok(cursor
                .fold
                .as_mut()
                .map(BucketDownsampler::finish)
                .unwrap_or_default());
        }
        let block = match cursor.fold {
            Some(_) => self.next_buckets(cursor),
            None => self.next_raw_block(cursor),
        };
        block.map_err(|fault| disk_error("reading samples", &fault))
    }

    /// Returns the raw samples of the next day, or the next part of a day that has very many.
    fn next_raw_block(&self, one: &mut QueryCursor) -> Result<SampleBlock, rusqlite::Error> {
        let mut block = self.samples(one.point, one.day, true)?;
        self.mark_lost(&one.query.point, one.day, &mut block)?;
        block.retain(|sample| (one.query.from..one.query.to).contains(&sample.at));
        if block.len() > QUERY_BLOCK_SAMPLES_MAX {
            block.truncate(QUERY_BLOCK_SAMPLES_MAX);
            // The day is read again from there: what a slow reader keeps waiting stays small.
            one.query.from = block
                .last()
                .map_or(one.query.from, |last| UtcMs(last.at.0 + 1));
        } else {
            one.day += 1;
        }
        Ok(block)
    }

    /// Adds a day of samples, or many days of roll-ups; returns the buckets that are full.
    fn next_buckets(&mut self, one: &mut QueryCursor) -> Result<SampleBlock, rusqlite::Error> {
        let mut full = SampleBlock::new();
        let Some(fold) = &mut one.fold else {
            return Ok(full);
        };
        let until = match fold.unit {
            RollupLevel::Days => one.end.min(one.day.saturating_add(DAYS_AT_ONCE)),
            RollupLevel::Hours | RollupLevel::Samples => one.day,
        };
        let device = data_damage::device_of(&one.query.point);
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
            let lost = data_damage::lost_stretches(&self.db, day, device)?;
            let clean = whole && !self.is_unsealed(one.point, day) && lost.is_empty();
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
                    let mut samples = self.samples(one.point, day, false)?;
                    self.mark_lost(&one.query.point, day, &mut samples)?;
                    for sample in samples {
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
            let blob = match read_piece(&self.db, row, piece) {
                // The pages of the row cannot be followed: nothing else needs them.
                Err(fault) if found_damage::is_damage(&fault) => {
                    found_damage::look_at(&fault);
                    None
                }
                read => read?,
            };
            if let Some(more) = blob.as_deref().and_then(super::chunk_codec::decode_chunk) {
                samples.extend(more);
            } else {
                // The query goes on without the chunk; merging the day sets it aside.
                self.note_garbled(point, day);
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
        let mut rows = self.db.prepare_cached(
            "SELECT day, roll FROM daily WHERE point = ? AND day < ? ORDER BY day DESC",
        )?;
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
