//! Answers in blocks: a day of samples at a time, so that flushes go on in between.

use super::calendar::{DAY_MS, Day};
use super::fault::StoreError;
use super::fold::{Fold, Unit};
use super::handle::{Block, Query, Step};
use super::hot::{Key, merge};
use super::keeper::Keeper;
use super::names::PointKey;
use super::pack::{Content, fetch, find};
use super::roll::{Roll, RollTracks};
use super::schema::disk;
use super::seal::{HOUR_MS, read_hours};
use crate::limits::QUERIES_MAX;
use crate::model::{Number, UtcMs};
use rusqlite::params;
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::mpsc;

/// Days of roll-ups added up in one go.
const DAYS_AT_ONCE: Day = 400;

/// A question being answered.
#[derive(Debug)]
pub(super) struct Running {
    query: Query,
    point: PointKey,
    /// The next local day to read.
    day: Day,
    /// The last one.
    end: Day,
    /// `None` for raw samples.
    fold: Option<Fold>,
    blocks: mpsc::Sender<Result<Block, StoreError>>,
}

/// Waits until an answer has room for its next block.
pub(super) async fn wanted(running: &VecDeque<Running>) -> usize {
    if running.is_empty() {
        return std::future::pending().await;
    }
    let room = running.iter().map(|one| Box::pin(one.blocks.reserve()));
    futures_util::future::select_all(room).await.1
}

impl Keeper {
    /// Begins to answer.
    pub(super) fn begin(&mut self, query: Query, blocks: mpsc::Sender<Result<Block, StoreError>>) {
        let refused = match self.names.point(&query.point) {
            None => StoreError::UnknownPoint(query.point),
            Some(_) if self.running.len() >= QUERIES_MAX => {
                StoreError::Invalid("too many questions at once".to_owned())
            }
            Some(_) if query.to <= query.from => return,
            Some(point) => match self.prepare(&query, point) {
                Ok((day, end, fold)) => {
                    return self.running.push_back(Running {
                        query,
                        point,
                        day,
                        end,
                        fold,
                        blocks,
                    });
                }
                Err(fault) => disk("reading samples", &fault),
            },
        };
        // The queue is new and empty; only a caller that has gone cannot be told.
        let _ = blocks.try_send(Err(refused));
    }

    fn prepare(
        &mut self,
        query: &Query,
        point: PointKey,
    ) -> Result<(Day, Day, Option<Fold>), rusqlite::Error> {
        let (first, last) = self.span(point)?;
        let day = self.calendar.day(query.from).max(first);
        let end = self.calendar.day(UtcMs(query.to.0 - 1)).min(last);
        let unit = match query.step {
            Step::Raw => return Ok((day, end, None)),
            Step::Millis(step) if step % DAY_MS.unsigned_abs() == 0 => Unit::Days,
            Step::Millis(step) if step % HOUR_MS.unsigned_abs() == 0 => Unit::Hours,
            Step::Millis(_) => Unit::Samples,
            Step::Day | Step::Month | Step::Year => Unit::Days,
        };
        let before = match query.aggregate {
            super::handle::Aggregate::Delta => self.number_before(point, query.from)?,
            _ => None,
        };
        let fold = Fold::new(query.step, query.aggregate, unit, before);
        Ok((day, end, Some(fold)))
    }

    /// Makes the next block of an answer that has room for it.
    pub(super) fn stream(&mut self, which: usize) {
        let Some(mut one) = self.running.remove(which) else {
            return;
        };
        if one.blocks.is_closed() {
            return;
        }
        let done = one.day > one.end;
        let block = match (&mut one.fold, done) {
            (Some(fold), true) => Ok(fold.finish()),
            (None, true) => return,
            (Some(_), false) => self.fold_on(&mut one),
            (None, false) => self.raw_on(&mut one),
        };
        let failed = block.is_err();
        let block = block.map_err(|fault| disk("reading samples", &fault));
        let empty = block.as_ref().is_ok_and(Vec::is_empty);
        // Whoever has gone needs no further block; there is room, for only this thread sends.
        let gone = !empty && one.blocks.try_send(block).is_err();
        if !(failed || gone || done) {
            self.running.push_back(one);
        }
    }

    fn raw_on(&mut self, one: &mut Running) -> Result<Block, rusqlite::Error> {
        let mut block = self.samples(one.point, one.day, true)?;
        block.retain(|sample| (one.query.from..one.query.to).contains(&sample.at));
        one.day += 1;
        Ok(block)
    }

    /// Adds up a day, or many days of roll-ups; the buckets that are full.
    fn fold_on(&mut self, one: &mut Running) -> Result<Block, rusqlite::Error> {
        let mut full = Block::new();
        let Some(fold) = &mut one.fold else {
            return Ok(full);
        };
        let until = match fold.unit {
            Unit::Days => one.end.min(one.day.saturating_add(DAYS_AT_ONCE)),
            Unit::Hours | Unit::Samples => one.day,
        };
        let rolled = match fold.unit {
            Unit::Days => self.daily(one.point, one.day, until)?,
            Unit::Hours | Unit::Samples => BTreeMap::new(),
        };
        for day in one.day..=until {
            let (start, next) = (self.calendar.start(day), self.calendar.start(day + 1));
            let whole = one.query.from <= start && next <= one.query.to;
            let clean = whole && !self.unsealed(one.point, day);
            match (fold.unit, rolled.get(&day)) {
                (Unit::Days, Some(roll)) if clean => {
                    fold.add(&self.calendar, start, roll, &mut full);
                }
                (Unit::Days, None) if clean => {}
                (Unit::Hours, _) if clean => {
                    for (hour, roll) in self.hours(one.point, day)? {
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

    /// All samples of a point's local day, in time order; those of a wrong clock only when asked
    /// for.
    pub(super) fn samples(
        &self,
        point: PointKey,
        day: Day,
        undated: bool,
    ) -> Result<Block, rusqlite::Error> {
        let mut samples = Vec::new();
        let kinds = [Content::Days, Content::Parts];
        for (row, piece) in find(&self.db, &kinds, (day, point), undated)? {
            let blob = fetch(&self.db, row, piece)?;
            if let Some(more) = blob.as_deref().and_then(super::chunk::read) {
                samples.extend(more);
            } else {
                tracing::error!(row, point, "a garbled chunk was left out of an answer");
            }
        }
        self.hot.read_into((day, point), undated, &mut samples);
        merge(&mut samples);
        Ok(samples)
    }

    /// Some of the day's samples are not in its roll-ups yet.
    fn unsealed(&self, point: PointKey, day: Day) -> bool {
        let key = Key {
            boot: 0,
            day,
            point,
        };
        self.parts.contains(&key) || self.hot.get(key).is_some()
    }

    fn unsealed_days(&self, point: PointKey) -> impl Iterator<Item = Day> {
        let keys = self.parts.iter().copied().chain(self.hot.keys());
        keys.filter(move |key| key.point == point)
            .map(|key| key.day)
    }

    fn daily(
        &self,
        point: PointKey,
        from: Day,
        to: Day,
    ) -> Result<BTreeMap<Day, Roll>, rusqlite::Error> {
        let mut rows = self
            .db
            .prepare("SELECT day, roll FROM daily WHERE point = ? AND day BETWEEN ? AND ?")?;
        let mut rows = rows.query(params![point, from, to])?;
        let mut rolls = BTreeMap::new();
        while let Some(row) = rows.next()? {
            if let Some(roll) = read_roll(row.get_ref(1)?.as_blob().unwrap_or_default()) {
                rolls.insert(row.get(0)?, roll);
            }
        }
        Ok(rolls)
    }

    fn hours(&self, point: PointKey, day: Day) -> Result<super::seal::Hours, rusqlite::Error> {
        let mut hours = Vec::new();
        for (row, piece) in find(&self.db, &[Content::Hours], (day, point), false)? {
            let blob = fetch(&self.db, row, piece)?;
            hours = blob.as_deref().and_then(read_hours).unwrap_or_default();
        }
        Ok(hours)
    }

    /// The point's last number before a moment.
    fn number_before(
        &mut self,
        point: PointKey,
        at: UtcMs,
    ) -> Result<Option<Number>, rusqlite::Error> {
        let today = self.calendar.day(at);
        let last = |samples: Block| {
            let mut earlier = samples.iter().rev().filter(|sample| sample.at < at);
            earlier.find_map(|sample| sample.outcome.number())
        };
        let mut rolled = None;
        let mut rows = self
            .db
            .prepare("SELECT day, roll FROM daily WHERE point = ? AND day < ? ORDER BY day DESC")?;
        let mut rows = rows.query(params![point, today])?;
        while let Some(row) = rows.next()? {
            let roll = read_roll(row.get_ref(1)?.as_blob().unwrap_or_default());
            if let Some(number) = roll.and_then(|roll| roll.last()) {
                rolled = Some((row.get::<_, Day>(0)?, number));
                break;
            }
        }
        let known = rolled.map_or(Day::MIN, |(day, _)| day);
        let mut days: Vec<Day> = self
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

    /// The first and the last local day of which something is kept.
    fn span(&self, point: PointKey) -> Result<(Day, Day), rusqlite::Error> {
        let (low, high): (Option<Day>, Option<Day>) = self.db.query_row(
            "SELECT (SELECT min(day) FROM daily WHERE point = ?1),
                    (SELECT max(day) FROM daily WHERE point = ?1)",
            [point],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let sealed = (low.unwrap_or(Day::MAX), high.unwrap_or(Day::MIN));
        let days = self.unsealed_days(point);
        Ok(days.fold(sealed, |(low, high), day| (low.min(day), high.max(day))))
    }
}

fn read_roll(blob: &[u8]) -> Option<Roll> {
    RollTracks::default().get(&mut super::bytes::Bytes(blob))
}
