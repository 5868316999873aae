//! InfluxDB v2 sink: batches of line protocol, gzip; the cursor moves on status 204 only.
//!
//! The answer of the database decides (`write_verdict`): a rejected line is found by halving the
//! batch, asked again after others were taken, and put on the refused list (`refusal_proof`); while
//! no line is taken, all are kept. A batch that is too large is halved; with a wrong token or
//! bucket, or a web page as answer, all readings are kept and the fault is shown; everything else
//! is retried, after the server's `Retry-After` when it gives one.
//! With `rewind`, what was acknowledged shortly before a connection was lost is sent again, for
//! databases that acknowledge before their disk has it (`settled_cursor`).
//! Writing a line twice has the same result as writing it once, so "at least once" delivery leaves
//! no duplicates.

#[cfg(feature = "fuzz-doors")]
mod answer_door;
mod batch_delivery;
mod line_batch;
mod line_protocol;
mod server_clock;
mod settings;
mod write_verdict;
mod writer;

#[cfg(feature = "fuzz-doors")]
pub(crate) use answer_door::judge_any_answer;
pub use settings::InfluxSettings;
pub(crate) use settings::RawInfluxSink;

use crate::config::mask_secrets;
use crate::domain::{DeviceInfo, Site};
use crate::limits::{INFLUX_BYTES_MAX, SINK_BATCH_MAX, SINK_STOP_SECONDS};
use crate::sinks::backoff::SinkBackoff;
use crate::sinks::catch_up_rate::CatchUpRate;
use crate::sinks::influx::line_batch::LineBatch;
use crate::sinks::influx::writer::InfluxWriter;
use crate::sinks::lane_feed::{LaneFeeds, LaneRefill};
use crate::sinks::reading_dates::{ReadingDate, ReadingDates};
use crate::sinks::refusal_proof::RefusalProof;
use crate::sinks::sink_progress::{pause_or_stop, wait_for_stop};
use crate::sinks::{ConfiguredSink, SinkFuture, SinkProgress, SinkTable as _, estimated_bytes};
use crate::status::SinkDiagnosis;
use crate::storage::{DeliveryLane, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Interval at which the cursor is persisted while nothing else happens.
const CURSOR_TICK: Duration = Duration::from_secs(1);
/// Pause that the database asks for from which on its end is told.
const PAUSE_TOLD: Duration = Duration::from_secs(30);
/// Compression ratio of gzip for line protocol in batches of about ten lines.
const GZIP_RATIO: f64 = 5.0;

impl ConfiguredSink for InfluxSettings {
    fn name(&self) -> &'static str {
        RawInfluxSink::NAME
    }

    fn address(&self) -> String {
        mask_secrets(&self.url).into_owned()
    }

    fn bytes_per_reading(&self, site: &Site, device: &DeviceInfo) -> f64 {
        // `kind,site=..,device=.. name=value,.. time`, and gzip.
        let tags = device.kind.len() + site.id.len() + device.id.len() + 14;
        let values = device.points.iter().map(|point| point.name.len() + 8);
        estimated_bytes(tags + 15 + values.sum::<usize>()) / GZIP_RATIO
    }

    fn deliver(
        self: Arc<Self>,
        site: Arc<Site>,
        progress: SinkProgress,
        mut stop: watch::Receiver<bool>,
    ) -> SinkFuture {
        Box::pin(async move { serve_rounds(&self, site, progress, &mut stop).await })
    }
}

/// Sends round after round; each round returns the pause that follows it.
async fn serve_rounds(
    settings: &InfluxSettings,
    site: Arc<Site>,
    mut progress: SinkProgress,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let Some(writer) = open_writer(settings, &progress, stop).await else {
        return Ok(());
    };
    progress.set_rewind(settings.rewind);
    let mut sink = InfluxSink::new(settings, site, progress, writer);
    while !*stop.borrow() {
        let wait = match sink.send_round(stop).await? {
            InfluxRound::More => Duration::ZERO,
            InfluxRound::Idle => sink.wait_for_journal(stop).await?,
            InfluxRound::Wait(wait) => wait,
        };
        // At least once a second, also while a long backlog is delivered.
        sink.progress.persist_cursor(false).await?;
        if !wait.is_zero() && !pause_or_stop(wait, stop).await {
            break;
        }
    }
    sink.progress.set_disconnected();
    sink.progress.persist_cursor(true).await
}

/// Opens the connection to the database; retried until it succeeds, since a certificate file may be
/// put in place later.
async fn open_writer(
    settings: &InfluxSettings,
    progress: &SinkProgress,
    stop: &mut watch::Receiver<bool>,
) -> Option<InfluxWriter> {
    let mut backoff = SinkBackoff::default();
    loop {
        match InfluxWriter::open(settings, &progress.clock) {
            Ok(writer) => return Some(writer),
            Err(why) => progress.set_fault(&why, None),
        }
        if !pause_or_stop(backoff.next_pause(fastrand::f64()), stop).await {
            return None;
        }
    }
}

struct InfluxSink {
    site: Arc<Site>,
    progress: SinkProgress,
    writer: InfluxWriter,
    feeds: LaneFeeds,
    catch_up: u32,
    pace: CatchUpRate,
    backoff: SinkBackoff,
    /// Largest number of readings in one write; reduced while the line is slow or the server asks
    /// for less.
    most: usize,
    batch: LineBatch,
    dates: ReadingDates,
    proof: RefusalProof,
}

/// Result of one round.
enum InfluxRound {
    /// A batch was delivered; there may be more.
    More,
    /// Nothing to send: the journal is at its end, or the backlog is throttled.
    Idle,
    /// Not before this pause is over.
    Wait(Duration),
}

impl InfluxSink {
    fn new(
        settings: &InfluxSettings,
        site: Arc<Site>,
        mut progress: SinkProgress,
        writer: InfluxWriter,
    ) -> Self {
        progress.begin_live(settings.catch_up);
        Self {
            site,
            writer,
            feeds: LaneFeeds::new(&progress),
            catch_up: settings.catch_up,
            pace: CatchUpRate::new(settings.catch_up, Instant::now()),
            progress,
            backoff: SinkBackoff::default(),
            most: SINK_BATCH_MAX,
            batch: LineBatch::default(),
            dates: ReadingDates::default(),
            proof: RefusalProof::default(),
        }
    }

    /// Waits until the journal grows, at most a second; the further wait is zero.
    async fn wait_for_journal(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Duration, StoreError> {
        let durable = *self.progress.durable.borrow();
        let behind = !self.progress.lanes().is_delivered(durable);
        tokio::select! {
            () = wait_for_stop(stop) => {}
            () = sleep(if behind { CURSOR_TICK / 10 } else { CURSOR_TICK }) => {}
            moved = self.progress.durable.changed() => moved.map_err(|_| StoreError::Stopped)?,
        }
        Ok(Duration::ZERO)
    }

    /// Sends one batch: what is live first, then what the rate allows of the backlog.
    async fn send_round(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<InfluxRound, StoreError> {
        self.progress.durable.borrow_and_update();
        if self.dates.become_settled(&self.progress).await {
            // What was taken before has the old times.
            self.restart_at_cursor();
        }
        let may = self.pace.allowance(Instant::now());
        let mut sent = self.fill_batch(DeliveryLane::Live, self.most).await?;
        if sent == 0 {
            let waiting = self.progress.waiting_backlog();
            // A throttled backlog is sent in one write a second instead of twenty small ones.
            let worth = waiting.min(u64::from(self.catch_up.max(1)));
            if waiting == 0 {
                return Ok(self.pause_without_lines());
            }
            if (may as u64) < worth {
                return Ok(InfluxRound::Idle);
            }
            let most = may.min(self.most);
            sent = self.fill_batch(DeliveryLane::Backlog, most).await?;
            self.pace.take(sent);
        }
        if sent == 0 {
            return Ok(self.pause_without_lines());
        }
        // Taken out for the borrow checker and put back afterwards, with its memory.
        let batch = std::mem::take(&mut self.batch);
        let round = tokio::select! {
            round = self.deliver_batch(&batch) => round,
            () = stop_deadline(stop) => Ok(InfluxRound::Idle),
        };
        self.batch = batch;
        round
    }

    /// Nothing was sent: there is nothing, or nothing with a date.
    fn pause_without_lines(&mut self) -> InfluxRound {
        if !self.dates.take_is_waiting() {
            return InfluxRound::Idle;
        }
        let why = "the readings have no date yet";
        self.progress.set_fault(why, Some(SinkDiagnosis::NoTime));
        InfluxRound::Wait(CURSOR_TICK)
    }

    /// Encodes up to `most` readings of a lane as lines; returns the number of readings used.
    async fn fill_batch(&mut self, lane: DeliveryLane, most: usize) -> Result<usize, StoreError> {
        self.batch.begin(lane);
        let feed = self.feeds.of(lane);
        // What is left over from a throttled round is sent first, in order.
        match feed.refill(&self.progress, SINK_BATCH_MAX).await? {
            LaneRefill::Taken => {}
            LaneRefill::Empty => return Ok(0),
            // All that was taken before is delivered: a batch is sent whole.
            LaneRefill::Missing(until) => {
                self.progress.pass_missing(until);
                return Ok(0);
            }
        }
        while self.batch.places.len() < most
            // A quarter of the limit is left for the last reading, whose size is only known
            // afterwards.
            && self.batch.text.len() < INFLUX_BYTES_MAX * 3 / 4
            && let Some(numbered) = self.feeds.of(lane).pop()
        {
            let reading = &numbered.reading;
            match self.dates.judge(&numbered) {
                ReadingDate::Known => {}
                ReadingDate::Waiting => {
                    self.feeds.of(lane).put_back(numbered);
                    break;
                }
                ReadingDate::Lost => {
                    let why = "no source knew the time when it was read";
                    self.progress.refuse_reading(numbered.seq, why, "").await?;
                    self.batch.push_reading(numbered.seq, reading.at);
                    continue;
                }
            }
            // Only a damaged store has lost the names of a device.
            if let Some(device) = self.site.devices.get(usize::from(reading.device)) {
                line_protocol::encode_line(&mut self.batch.text, &self.site.id, device, reading);
            } else {
                let why = "its device is no longer in the configuration";
                self.progress.refuse_reading(numbered.seq, why, "").await?;
            }
            self.batch.push_reading(numbered.seq, reading.at);
        }
        Ok(self.batch.places.len())
    }

    /// Takes what is not delivered from the journal again. What has waited long by then is backlog.
    fn restart_at_cursor(&mut self) {
        self.progress.begin_live(self.catch_up);
        self.feeds = LaneFeeds::new(&self.progress);
        self.pace = CatchUpRate::new(self.catch_up, Instant::now());
    }

    /// Records a failure; the next round starts again at the cursor.
    fn record_failure(
        &mut self,
        why: &str,
        trouble: Option<SinkDiagnosis>,
        after: Option<Duration>,
    ) -> InfluxRound {
        self.progress.set_fault(why, trouble);
        self.restart_at_cursor();
        let wait = self.backoff.next_pause(fastrand::f64());
        let wait = after.map_or(wait, |after| after.max(wait));
        if after.is_some() && wait >= PAUSE_TOLD {
            self.progress.set_pause(wait);
        }
        InfluxRound::Wait(wait)
    }
}

/// Ends some time after a stop was requested.
async fn stop_deadline(stop: &mut watch::Receiver<bool>) {
    wait_for_stop(stop).await;
    sleep(Duration::from_secs(SINK_STOP_SECONDS)).await;
}
