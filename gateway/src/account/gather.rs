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
    /// It lies within the period; otherwise it comes before it: of a counter all of the readings
    /// that tell where it stood, of anything else the last one.
    pub(super) inside: bool,
    /// What was read as good, but cannot be, in the point's own unit: then there is no value.
    pub(super) impossible: Option<f64>,
    /// The sun stands above the horizon.
    pub(super) lit: bool,
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
    /// The last sample before the period of each lane that is no counter.
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
        if sample.at.0 <= self.span.from {
            self.earlier(lane, sample);
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
        let lit = (day.light.0..day.light.1).contains(&sample.at.0);
        match self.impossible(lane, sample) {
            Some(value) => self.tracks[lane].outside(sample.at, value),
            None => self.tracks[lane].take(sample, self.day, day),
        }
        let tick = self.tick(lane, sample, true);
        self.sums.take(&Tick { lit, ..tick });
    }

    /// A sample before the period. A counter counts through what could not be read, and several
    /// readings tell where it stood; of anything else the last one counts, bad or good.
    fn earlier(&mut self, lane: usize, sample: &Sample) {
        let good = matches!(sample.outcome, Outcome::Good(_));
        let good = good && self.impossible(lane, sample).is_none();
        if good && self.lanes[lane].is_counter() {
            self.tracks[lane].opening(sample);
            let tick = self.tick(lane, sample, false);
            self.sums.take(&tick);
        } else if good || !self.lanes[lane].total {
            self.before[lane] = Some(*sample);
        }
    }

    /// The value of a good sample that cannot be.
    fn impossible(&self, lane: usize, sample: &Sample) -> Option<f64> {
        match sample.outcome {
            Outcome::Good(number) => {
                Some(number.to_f64()).filter(|own| !self.lanes[lane].can_be(*own))
            }
            _ => None,
        }
    }

    fn tick(&mut self, lane: usize, sample: &Sample, inside: bool) -> Tick {
        let impossible = self.impossible(lane, sample);
        let corrected = match sample.outcome {
            Outcome::Good(number) if impossible.is_none() => {
                Some(self.corrections.apply(lane, number.to_f64()))
            }
            _ => None,
        };
        Tick {
            at: sample.at.0,
            lane,
            value: corrected.map(|one| one.value),
            gain: corrected.map_or(1.0, |one| one.gain),
            rebased: corrected.is_some_and(|one| one.rebased),
            inside,
            impossible,
            lit: false,
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

    /// The last good sample that is not zero, or the last zero.
    async fn last_good(mut self) -> Result<Option<(i64, f64)>, AccountError> {
        let mut last: Option<(i64, f64)> = None;
        while let Some(blocks) = &mut self.blocks {
            match blocks.recv().await {
                Some(Ok(block)) => {
                    let good = block.iter().filter_map(|sample| match sample.outcome {
                        Outcome::Good(number) => Some((sample.at.0, number.to_f64())),
                        _ => None,
                    });
                    last = good.fold(last, |last, now| match last {
                        Some((_, before)) if before != 0.0 && now.1 == 0.0 => last,
                        _ => Some(now),
                    });
                }
                None | Some(Err(StoreError::UnknownPoint(_))) => self.blocks = None,
                Some(Err(fault)) => return Err(fault.into()),
            }
        }
        Ok(last)
    }
}

/// From when on a lane is read. What is added up is held against its last reading before the
/// period; of a counter the day before that one is read as well, since it tells whether that
/// reading was one to go on from.
async fn opening(store: &Store, span: &Span, lane: &Lane) -> Result<i64, AccountError> {
    let near = span.from.saturating_sub(lane.max_gap_ms());
    if !lane.total {
        return Ok(near);
    }
    let point = &lane.point.id;
    let warm_ms = if lane.is_counter() { DAY_MS } else { 0 };
    let day = Feed::open(store, point, span.from - DAY_MS, span.from + 1).await?;
    let found = day.last_good().await?;
    if let Some((at, value)) = found
        && value != 0.0
    {
        return Ok(at - warm_ms);
    }
    let earlier = last_day(store, span, point).await?;
    let Some(start) = earlier else {
        return Ok(found.map_or(near, |(at, _)| at - warm_ms));
    };
    let day = Feed::open(store, point, start, start + DAY_MS).await?;
    let last = day.last_good().await?.or(found);
    Ok(last.map_or(near, |(at, _)| at - warm_ms))
}

/// The start of the latest day before the period with a reading above zero, or with any: a device
/// that sleeps says zero, and a new counter has no more to say.
async fn last_day(store: &Store, span: &Span, point: &str) -> Result<Option<i64>, AccountError> {
    let query = Query {
        point: point.to_owned(),
        from: UtcMs(span.from.saturating_sub(LOOKBACK_DAYS * DAY_MS)),
        to: UtcMs(span.from),
        step: Step::Day,
        aggregate: Aggregate::Max,
    };
    let mut blocks = store.query(query).await?;
    let mut last: Option<(i64, f64)> = None;
    while let Some(block) = blocks.recv().await {
        let block = match block {
            Ok(block) => block,
            Err(StoreError::UnknownPoint(_)) => break,
            Err(fault) => return Err(fault.into()),
        };
        for day in &block {
            let Some(number) = day.outcome.number() else {
                continue;
            };
            let greatest = number.to_f64();
            if greatest > 0.0 || last.is_none_or(|(_, known)| known <= 0.0) {
                last = Some((day.at.0, greatest));
            }
        }
    }
    Ok(last.map(|(start, _)| start))
}
