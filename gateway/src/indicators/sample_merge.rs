//! Merge of the samples of all points of one asset in time order.
//!
//! Each point is a stream of blocks of at most one day. Samples before the period are passed on as
//! opening readings, then all samples up to and including the end of the period. Intervals are
//! right-labelled: a sample covers the time before it (METHODS 0.1).

use crate::domain::{QualityReason, Sample, SampleOutcome, UtcMs};
use crate::indicators::IndicatorsError;
use crate::indicators::calibration_corrections::SeriesCorrections;
use crate::indicators::coverage::Coverage;
use crate::indicators::edge_amounts::{EdgeAmount, EdgeKind};
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::PeriodDays;
use crate::indicators::sample_stream::{ProgressCounter, SampleStream};
use crate::indicators::summed_readings::{ReadReach, SummedReadings};
use crate::limits::COUNTER_LOOKBACK_DAYS;
use crate::storage::{AggregateFunction, BucketStep, PointQuery, Store, StoreError};

/// Milliseconds of 24 hours, for looking back before the period.
const DAY_MS: i64 = 86_400_000;

/// Time from the last reading to the end of the period from which it matters what was counted then,
/// ms.
const CLOSING_MIN_MS: i64 = 3_600_000;

/// Sums of one asset that are being made.
pub(crate) struct SumsInProgress<'s, 'l> {
    pub(crate) span: &'s PeriodDays,
    pub(crate) corrections: &'s mut SeriesCorrections<'l>,
    pub(crate) tracks: &'s mut [Coverage],
    pub(crate) sums: &'s mut dyn ReadingSums,
    /// Number of days that the sums contain already.
    pub(crate) restored: usize,
    /// Number of days after which the sums are saved.
    pub(crate) save_after: Option<usize>,
}

/// Saved sums, and how far back their readings were looked for.
pub(crate) type SavedSums = (Vec<u8>, ReadReach);

/// Passes the samples of the input series that are not in the sums yet to `sums` and to the
/// coverage of each series. Returns the sums after `save_after` days.
pub(crate) async fn gather_readings(
    store: &Store,
    work: SumsInProgress<'_, '_>,
    steps: &mut ProgressCounter<'_>,
) -> Result<Option<SavedSums>, IndicatorsError> {
    let (span, lanes) = (work.span, work.corrections.series());
    let save_until = work.save_after.and_then(|days| span.days.get(days - 1));
    let save_until = save_until.map(|day| day.to);
    let (mut feeds, reach) = open_streams(store, span, lanes, work.restored).await?;
    for feed in &mut feeds {
        feed.advance(steps).await?;
    }
    let mut saved = None;
    let mut merged = MergedSamples::new(work);
    loop {
        let lane = earliest_stream(&feeds);
        let next = lane.and_then(|lane| feeds[lane].head);
        if let Some(until) = save_until
            && saved.is_none()
            && next.is_none_or(|sample| sample.at.0 > until)
        {
            saved = Some((merged.save(), reach));
        }
        let (Some(lane), Some(sample)) = (lane, next) else {
            break;
        };
        merged.take(lane, &sample);
        feeds[lane].head = feeds[lane].block.next();
        if feeds[lane].head.is_none() {
            feeds[lane].advance(steps).await?;
        }
    }
    merged.finish_period();
    let SumsInProgress {
        corrections,
        tracks,
        ..
    } = merged.work;
    for (lane, track) in tracks.iter_mut().enumerate() {
        track.finish(span);
        track.closing = closing_amount(store, span, (lane, track), corrections).await?;
    }
    Ok(saved)
}

/// Amount that a counter counted from its last reading in the period, which is over, to the first
/// one after it; `None` where that is a matter of an hour, or the meter was replaced in between.
async fn closing_amount(
    store: &Store,
    span: &PeriodDays,
    (lane, track): (usize, &Coverage),
    corrections: &mut SeriesCorrections<'_>,
) -> Result<Option<EdgeAmount>, IndicatorsError> {
    let series = &corrections.series()[lane];
    let is_counted = series.total && series.is_counter() && span.is_over();
    let last = track.readings.last.filter(|_| is_counted);
    let Some((at, before)) = last.filter(|(at, _)| span.to - at.0 >= CLOSING_MIN_MS) else {
        return Ok(None);
    };
    let until = span.to + COUNTER_LOOKBACK_DAYS * DAY_MS;
    let after = SampleStream::open(store, &series.point.id, span.to + 1, until).await?;
    let Some((to, own)) = after.first_good(series).await? else {
        return Ok(None);
    };
    let first = series.point.value(before);
    let read = corrections.correct_reading(lane, own);
    let amount = (read.value - first) * read.gain;
    let is_replaced = corrections.swap_before(lane, to).is_some();
    Ok((amount > 0.0 && !is_replaced).then_some(EdgeAmount {
        kind: EdgeKind::Closing,
        from: at.0,
        to,
        first,
        last: read.value,
        amount,
    }))
}

/// Streams of the samples after the restored days, else from before the period on.
async fn open_streams(
    store: &Store,
    span: &PeriodDays,
    lanes: &[InputSeries],
    restored: usize,
) -> Result<(Vec<SampleStream>, ReadReach), IndicatorsError> {
    let mut feeds = Vec::with_capacity(lanes.len());
    let mut reach = ReadReach {
        reads_from: span.from,
        looks_from: span.from,
    };
    let after = restored.checked_sub(1).map(|last| span.days[last].to + 1);
    for lane in lanes {
        let from = match after {
            Some(after) => after,
            None => read_from(store, span, lane, &mut reach).await?,
        };
        // The end of a query is exclusive, but a sample exactly at the end of the period belongs to
        // it (right-labelled intervals).
        feeds.push(SampleStream::open(store, &lane.point.id, from, span.to + 1).await?);
    }
    Ok((feeds, reach))
}

/// Index of the stream with the oldest next sample; the first one of several.
fn earliest_stream(feeds: &[SampleStream]) -> Option<usize> {
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

/// Separates samples before the period from those of its days, and applies calibrations.
struct MergedSamples<'a, 'l> {
    work: SumsInProgress<'a, 'l>,
    lanes: &'a [InputSeries],
    /// Last sample before the period of each series that is not a counter.
    before: Vec<Option<Sample>>,
    begun: bool,
    day: usize,
}

impl<'a, 'l: 'a> MergedSamples<'a, 'l> {
    fn new(work: SumsInProgress<'a, 'l>) -> Self {
        let lanes = work.corrections.series();
        let day = work.restored;
        let mut merged = Self {
            work,
            lanes,
            before: vec![None; lanes.len()],
            begun: day > 0,
            day,
        };
        if day > 0 {
            merged.begin_day();
        }
        merged
    }

    /// Closes the days up to the point of saving and returns the state of the sums.
    fn save(&mut self) -> Vec<u8> {
        // Closing them now makes no difference: the next sample lies after them.
        self.begin_period();
        let closed = self.work.save_after.unwrap_or_default();
        while self.day < closed {
            self.work.sums.end_day();
            self.day += 1;
            self.begin_day();
        }
        let calibrations = self.work.corrections.calibrations();
        let mut all = SummedReadings {
            sums: &mut *self.work.sums,
            tracks: &mut *self.work.tracks,
            corrections: &mut *self.work.corrections,
        };
        all.save(calibrations, self.work.span.days[closed - 1].date)
    }

    fn take(&mut self, lane: usize, sample: &Sample) {
        // Undated samples are kept as events only: their time is a guess.
        if let SampleOutcome::Uncertain(_, QualityReason::Undated) = sample.outcome {
            self.work.tracks[lane].add_undated(sample.at);
            return;
        }
        // A value that a broker had kept is of an unknown time: it is not there for figures.
        if let SampleOutcome::Uncertain(_, QualityReason::Retained) = sample.outcome {
            return;
        }
        // A sample exactly at the start of the period belongs to the day before (right-labelled).
        if sample.at.0 <= self.work.span.from {
            self.push_earlier_sample(lane, sample);
            return;
        }
        self.begin_period();
        while let Some(day) = self.work.span.days.get(self.day)
            && sample.at.0 > day.to
        {
            self.work.sums.end_day();
            self.day += 1;
            self.begin_day();
        }
        let Some(day) = self.work.span.days.get(self.day) else {
            return;
        };
        let (rise, set) = day.light();
        let lit = (rise..set).contains(&sample.at.0);
        match self.implausible_value(lane, sample) {
            Some(value) => self.work.tracks[lane].add_implausible(sample.at, value),
            None => self.work.tracks[lane].add_sample(sample, self.day, self.work.span),
        }
        let tick = self.read_input(lane, sample, true);
        self.work.sums.add_reading(&InputReading { lit, ..tick });
    }

    /// Handles a sample before the period. For a counter all good samples are passed on, because
    /// several readings are needed to know its base value. For other series only the last sample
    /// counts, good or bad.
    fn push_earlier_sample(&mut self, lane: usize, sample: &Sample) {
        let good = matches!(sample.outcome, SampleOutcome::Good(_));
        let good = good && self.implausible_value(lane, sample).is_none();
        if good && self.lanes[lane].is_counter() {
            self.work.tracks[lane].set_opening(sample);
            let tick = self.read_input(lane, sample, false);
            self.work.sums.add_reading(&tick);
        } else if good || !self.lanes[lane].total {
            self.before[lane] = Some(*sample);
        }
    }

    /// Value of a good sample that is outside the plausible limits.
    fn implausible_value(&self, lane: usize, sample: &Sample) -> Option<f64> {
        match sample.outcome {
            SampleOutcome::Good(number) => {
                Some(number.to_f64()).filter(|own| !self.lanes[lane].is_plausible(*own))
            }
            _ => None,
        }
    }

    fn read_input(&mut self, lane: usize, sample: &Sample, inside: bool) -> InputReading {
        let impossible = self.implausible_value(lane, sample);
        let corrected = match sample.outcome {
            SampleOutcome::Good(number) if impossible.is_none() => {
                Some(self.work.corrections.correct_reading(lane, number.to_f64()))
            }
            _ => None,
        };
        let swap = corrected.and_then(|_| self.work.corrections.swap_before(lane, sample.at.0));
        InputReading {
            swap,
            asleep: sample.outcome == SampleOutcome::Bad(QualityReason::Asleep),
            at: sample.at.0,
            lane,
            value: corrected.map(|one| one.value),
            gain: corrected.map_or(1.0, |one| one.gain),
            rebased: corrected.is_some_and(|one| one.rebased),
            inside,
            impossible,
            out_of_range: sample.outcome == SampleOutcome::Bad(QualityReason::OutOfRange),
            lit: false,
            reach_ms: self.lanes[lane].imported_reach_ms(sample.at.0),
        }
    }

    /// Loads the calibrations of the day that begins.
    fn begin_day(&mut self) {
        if let Some(day) = self.work.span.days.get(self.day) {
            self.work.corrections.begin_day(day.date);
        }
    }

    /// Passes on the opening readings of all series before the first sample of the period.
    fn begin_period(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        for lane in 0..self.lanes.len() {
            if let Some(sample) = self.before[lane].take() {
                if self.lanes[lane].total {
                    self.work.tracks[lane].set_opening(&sample);
                }
                let tick = self.read_input(lane, &sample, false);
                self.work.sums.add_reading(&tick);
            }
        }
        self.begin_day();
    }

    fn finish_period(&mut self) {
        self.begin_period();
        for _ in self.day..self.work.span.days.len() {
            self.work.sums.end_day();
        }
    }
}

/// Start of the stream of a series, ms. A total needs its last reading before the period. A counter
/// needs one more day before that reading, which shows whether the reading was valid (not a zero at
/// night or a spike).
async fn read_from(
    store: &Store,
    span: &PeriodDays,
    lane: &InputSeries,
    reach: &mut ReadReach,
) -> Result<i64, IndicatorsError> {
    let from = stream_start(store, span, lane, reach).await?;
    reach.reads_from = reach.reads_from.min(from);
    reach.looks_from = reach.looks_from.min(from);
    Ok(from)
}

async fn stream_start(
    store: &Store,
    span: &PeriodDays,
    lane: &InputSeries,
    reach: &mut ReadReach,
) -> Result<i64, IndicatorsError> {
    let near = span.from.saturating_sub(lane.longest_gap_ms());
    if !lane.total {
        return Ok(near);
    }
    let point = &lane.point.id;
    let warm_ms = if lane.is_counter() { DAY_MS } else { 0 };
    let day = SampleStream::open(store, point, span.from - DAY_MS, span.from + 1).await?;
    reach.looks_from = reach.looks_from.min(span.from - DAY_MS);
    let found = day.last_good().await?;
    if let Some((at, value)) = found
        && value != 0.0
    {
        return Ok(at - warm_ms);
    }
    let searched = span.from.saturating_sub(COUNTER_LOOKBACK_DAYS * DAY_MS);
    reach.looks_from = reach.looks_from.min(searched);
    let earlier = latest_day_with_reading(store, span, point).await?;
    let Some(start) = earlier else {
        return Ok(found.map_or(near, |(at, _)| at - warm_ms));
    };
    let day = SampleStream::open(store, point, start, start + DAY_MS).await?;
    let last = day.last_good().await?.or(found);
    Ok(last.map_or(near, |(at, _)| at - warm_ms))
}

/// Start of the latest day before the period with a reading above zero, else of the latest day with
/// any reading. Looks back at most `LOOKBACK_DAYS`.
async fn latest_day_with_reading(
    store: &Store,
    span: &PeriodDays,
    point: &str,
) -> Result<Option<i64>, IndicatorsError> {
    // A counter that reads zero may be a sleeping device (the earlier value counts) or a new meter
    // (there is no earlier value).
    let query = PointQuery {
        point: point.to_owned(),
        from: UtcMs(span.from.saturating_sub(COUNTER_LOOKBACK_DAYS * DAY_MS)),
        to: UtcMs(span.from),
        step: BucketStep::Day,
        aggregate: AggregateFunction::Max,
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
