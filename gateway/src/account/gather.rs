//! The readings of an asset's points, merged in time order.
//!
//! Each point is a stream of blocks of a day at most. What lies before the period is handed on as
//! one opening reading a point; then everything up to and with the end of the period, for a reading
//! covers the time before it.

use crate::account::corrected::Corrections;
use crate::account::lane::Lane;
use crate::account::span::Span;
use crate::account::track::Track;
use crate::account::{AccountError, Progress};
use crate::limits::LOOKBACK_DAYS;
use crate::model::{Outcome, Reason, Sample, UtcMs};
use crate::store::{Aggregate, Block, Query, Step, Store, StoreError};
use tokio::sync::mpsc;

/// Milliseconds of a day, to look back by.
const DAY_MS: i64 = 86_400_000;

/// One reading of a point in the unit of its use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    /// When, ms since 1970.
    pub(super) at: i64,
    /// Of which lane.
    pub(super) lane: usize,
    /// The value; nothing where it was not good.
    pub(super) value: Option<f64>,
    /// True growth for each unit of a counter's growth.
    pub(super) gain: f64,
    /// Another correction holds than for the lane's reading before.
    pub(super) rebased: bool,
    /// It lies within the period; otherwise it is the last one before it.
    pub(super) inside: bool,
}

/// What readings are handed to.
pub(super) trait Sums: Send {
    /// The next reading, in time order; of several at one time in the order of the lanes.
    fn take(&mut self, tick: &Tick);
    /// The day is over, whether anything was read or not.
    fn day_ends(&mut self);
}

/// Counts the work, for people who wait.
pub(super) struct Steps<'a> {
    pub(super) progress: &'a mut (dyn FnMut(Progress) + Send),
    pub(super) done: u64,
    pub(super) all: u64,
}

impl Steps<'_> {
    fn step(&mut self) {
        self.done = (self.done + 1).min(self.all);
        (self.progress)(Progress {
            done: self.done,
            all: self.all,
        });
    }
}

/// A point's stream with its next sample.
struct Feed {
    blocks: Option<mpsc::Receiver<Result<Block, StoreError>>>,
    block: std::vec::IntoIter<Sample>,
    head: Option<Sample>,
}

/// Hands every reading of the lanes within the period to `sums`; what was read of each.
pub(super) async fn gather(
    store: &Store,
    span: &Span,
    corrections: &mut Corrections<'_>,
    sums: &mut dyn Sums,
    steps: &mut Steps<'_>,
) -> Result<Vec<Track>, AccountError> {
    let lanes = corrections.lanes();
    let mut tracks: Vec<Track> = lanes.iter().map(|lane| Track::new(lane, span)).collect();
    let mut feeds = Vec::with_capacity(lanes.len());
    for lane in lanes {
        let from = opening(store, span, lane).await?;
        feeds.push(Feed::open(store, &lane.point.id, from, span.to + 1).await?);
    }
    for feed in &mut feeds {
        feed.next(steps).await?;
    }
    let mut merged = Merged::new(span, corrections, &mut tracks, sums);
    while let Some(lane) = earliest(&feeds) {
        if let Some(sample) = feeds[lane].head.take() {
            merged.take(lane, &sample);
        }
        feeds[lane].head = feeds[lane].block.next();
        if feeds[lane].head.is_none() {
            feeds[lane].next(steps).await?;
        }
    }
    merged.finish();
    for track in &mut tracks {
        track.finish(span);
    }
    Ok(tracks)
}

/// The lane whose next sample is the oldest; the first of several.
fn earliest(feeds: &[Feed]) -> Option<usize> {
    let mut best: Option<(UtcMs, usize)> = None;
    for (lane, feed) in feeds.iter().enumerate() {
        if let Some(head) = &feed.head
            && best.is_none_or(|(at, _)| head.at < at)
        {
            best = Some((head.at, lane));
        }
    }
    best.map(|(_, lane)| lane)
}

/// Sorts samples into what came before the period and the days of it.
struct Merged<'a, 'l> {
    span: &'a Span,
    lanes: &'a [Lane],
    corrections: &'a mut Corrections<'l>,
    tracks: &'a mut [Track],
    sums: &'a mut dyn Sums,
    /// The last sample of each lane before the period.
    before: Vec<Option<Sample>>,
    begun: bool,
    day: usize,
}

impl<'a, 'l: 'a> Merged<'a, 'l> {
    fn new(
        span: &'a Span,
        corrections: &'a mut Corrections<'l>,
        tracks: &'a mut [Track],
        sums: &'a mut dyn Sums,
    ) -> Self {
        let lanes = corrections.lanes();
        Self {
            span,
            lanes,
            corrections,
            tracks,
            sums,
            before: vec![None; lanes.len()],
            begun: false,
            day: 0,
        }
    }

    fn take(&mut self, lane: usize, sample: &Sample) {
        if let Outcome::Uncertain(_, Reason::Undated) = sample.outcome {
            self.tracks[lane].undated(sample.at);
            return;
        }
        let good = matches!(sample.outcome, Outcome::Good(_));
        if sample.at.0 <= self.span.from {
            // A counter counts through what could not be read; a power does not.
            if good || !self.lanes[lane].total {
                self.before[lane] = Some(*sample);
            }
            return;
        }
        self.begin();
        while let Some(day) = self.span.days.get(self.day)
            && sample.at.0 > day.to
        {
            self.sums.day_ends();
            self.day += 1;
            self.today();
        }
        let Some(day) = self.span.days.get(self.day) else {
            return;
        };
        self.tracks[lane].take(sample, self.day, day);
        let tick = self.tick(lane, sample, true);
        self.sums.take(&tick);
    }

    fn tick(&mut self, lane: usize, sample: &Sample, inside: bool) -> Tick {
        let corrected = match sample.outcome {
            Outcome::Good(number) => Some(self.corrections.apply(lane, number.to_f64())),
            _ => None,
        };
        Tick {
            at: sample.at.0,
            lane,
            value: corrected.map(|one| one.value),
            gain: corrected.map_or(1.0, |one| one.gain),
            rebased: corrected.is_some_and(|one| one.rebased),
            inside,
        }
    }

    /// The corrections of the day that begins.
    fn today(&mut self) {
        if let Some(day) = self.span.days.get(self.day) {
            self.corrections.day(day.date);
        }
    }

    /// The openings of all lanes come before the first sample of any.
    fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        for lane in 0..self.lanes.len() {
            if let Some(sample) = self.before[lane].take() {
                if self.lanes[lane].total {
                    self.tracks[lane].opening(&sample);
                }
                let tick = self.tick(lane, &sample, false);
                self.sums.take(&tick);
            }
        }
        self.today();
    }

    fn finish(&mut self) {
        self.begin();
        for _ in self.day..self.span.days.len() {
            self.sums.day_ends();
        }
    }
}

impl Feed {
    async fn open(store: &Store, point: &str, from: i64, to: i64) -> Result<Self, AccountError> {
        let query = Query {
            point: point.to_owned(),
            from: UtcMs(from),
            to: UtcMs(to),
            step: Step::Raw,
            aggregate: Aggregate::Last,
        };
        Ok(Self {
            blocks: Some(store.query(query).await?),
            block: Vec::new().into_iter(),
            head: None,
        })
    }

    /// Moves on to the next sample; with none left, `head` stays empty.
    async fn next(&mut self, steps: &mut Steps<'_>) -> Result<(), AccountError> {
        self.head = self.block.next();
        while self.head.is_none() {
            let Some(blocks) = &mut self.blocks else {
                return Ok(());
            };
            match blocks.recv().await {
                Some(Ok(block)) => self.block = block.into_iter(),
                // A point that was never read has no readings, that is all.
                None | Some(Err(StoreError::UnknownPoint(_))) => self.blocks = None,
                Some(Err(fault)) => return Err(fault.into()),
            }
            self.head = self.block.next();
            steps.step();
            // A day of readings is a moment of work; others have theirs to do.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The last good sample.
    async fn last_good(mut self) -> Result<Option<i64>, AccountError> {
        let mut last = None;
        while let Some(blocks) = &mut self.blocks {
            match blocks.recv().await {
                Some(Ok(block)) => {
                    let good = |one: &&Sample| matches!(one.outcome, Outcome::Good(_));
                    let found = block.iter().rev().find(good).map(|sample| sample.at.0);
                    last = found.or(last);
                }
                None | Some(Err(StoreError::UnknownPoint(_))) => self.blocks = None,
                Some(Err(fault)) => return Err(fault.into()),
            }
        }
        Ok(last)
    }
}

/// From when on a lane is read: its last reading before the period, where it is added up.
async fn opening(store: &Store, span: &Span, lane: &Lane) -> Result<i64, AccountError> {
    let near = span.from.saturating_sub(lane.max_gap_ms());
    if !lane.total {
        return Ok(near);
    }
    let point = &lane.point.id;
    let day = Feed::open(store, point, span.from - DAY_MS, span.from + 1).await?;
    if let Some(found) = day.last_good().await? {
        return Ok(found);
    }
    let query = Query {
        point: point.to_string(),
        from: UtcMs(span.from.saturating_sub(LOOKBACK_DAYS * DAY_MS)),
        to: UtcMs(span.from),
        step: Step::Day,
        aggregate: Aggregate::Last,
    };
    let mut blocks = store.query(query).await?;
    let mut days = Vec::new();
    while let Some(block) = blocks.recv().await {
        match block {
            Ok(block) => days.extend(block.iter().map(|day| (day.at.0, day.outcome))),
            Err(StoreError::UnknownPoint(_)) => break,
            Err(fault) => return Err(fault.into()),
        }
    }
    // The latest day with a number: its roll-up says that there is one, the readings which.
    let with_number = |day: &&(i64, Outcome)| day.1.number().is_some();
    let Some((start, _)) = days.iter().rev().find(with_number) else {
        return Ok(near);
    };
    let day = Feed::open(store, point, *start, start + DAY_MS).await?;
    Ok(day.last_good().await?.unwrap_or(near))
}
