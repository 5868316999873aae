//! InfluxDB v2 sink: batches of line protocol, gzip; the cursor moves on status 204 only.
//!
//! The answer of the database decides (`write_verdict`): a rejected line is found by halving the
//! batch and put on the refused list, and the others are delivered; a batch that is too large is
//! halved; with a wrong token or bucket, or a web page as answer, all readings are kept and the
//! fault is shown; everything else is retried, after the server's `Retry-After` when it gives one.
//! Writing a line twice has the same result as writing it once, so "at least once" delivery leaves
//! no duplicates.

use crate::clock::Clock;
use crate::config::InfluxSettings;
use crate::domain::{NumberedReading, ReadingSeq, Site, UtcMs};
use crate::limits::{INFLUX_ANSWER_SECONDS, INFLUX_BYTES_MAX, SINK_BATCH_MAX, SINK_STOP_SECONDS};
use crate::sinks::backoff::SinkBackoff;
use crate::sinks::catch_up_rate::CatchUpRate;
use crate::sinks::influx_relay::{InfluxRelay, InfluxTarget};
use crate::sinks::line_protocol;
use crate::sinks::sink_progress::{SinkProgress, pause_or_stop, wait_for_stop};
use crate::sinks::write_verdict::{WriteVerdict, judge_answer};
use crate::status::{SinkDiagnosis, StatusBoard};
use crate::storage::{Store, StoreError};
use flate2::Compression;
use flate2::write::GzEncoder;
use influxdb2::api::write::TimestampPrecision;
use influxdb2::{Client, ClientBuilder, RequestError};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use std::collections::VecDeque;
use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Name of the sink in the status and in the store.
pub const INFLUX_SINK_NAME: &str = "influx";
/// Interval at which the cursor is persisted while nothing else happens.
const CURSOR_TICK: Duration = Duration::from_secs(1);

/// Delivers the journal to the database until a stop is requested or the store has ended.
pub async fn run_influx_sink(
    settings: InfluxSettings,
    site: Arc<Site>,
    store: Store,
    clock: Clock,
    board: StatusBoard,
    mut stop: watch::Receiver<bool>,
) {
    let end = async {
        let progress = SinkProgress::open(INFLUX_SINK_NAME, store, clock, board).await?;
        serve_rounds(&settings, site, progress, &mut stop).await
    };
    // The sink ends only when the store has ended; faults of the far side are handled inside.
    if let Err(why) = end.await {
        tracing::error!(sink = INFLUX_SINK_NAME, %why, "sink has ended");
    }
}

/// Sends round after round; each round returns the pause that follows it.
async fn serve_rounds(
    settings: &InfluxSettings,
    site: Arc<Site>,
    progress: SinkProgress,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let Some(writer) = open_writer(settings, &progress, stop).await else {
        return Ok(());
    };
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
        match InfluxWriter::open(settings, &progress.clock).await {
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
    /// Readings taken from the journal and not yet sent.
    taken: VecDeque<Arc<NumberedReading>>,
    /// Sequence number of the last reading taken.
    last: ReadingSeq,
    catch_up: u32,
    pace: CatchUpRate,
    backoff: SinkBackoff,
    /// Largest number of readings in one write; reduced while the line is slow or the server asks
    /// for less.
    most: usize,
    batch: LineBatch,
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
        progress: SinkProgress,
        writer: InfluxWriter,
    ) -> Self {
        let durable = *progress.durable.borrow();
        Self {
            site,
            writer,
            // Throttling starts at the journal's end now: everything before it is backlog.
            taken: VecDeque::new(),
            last: progress.delivered(),
            catch_up: settings.catch_up,
            pace: CatchUpRate::new(settings.catch_up, durable, Instant::now()),
            progress,
            backoff: SinkBackoff::default(),
            most: SINK_BATCH_MAX,
            batch: LineBatch::default(),
        }
    }

    /// Waits until the journal grows, at most a second; the further wait is zero.
    async fn wait_for_journal(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Duration, StoreError> {
        let behind = *self.progress.durable.borrow() > self.progress.delivered();
        tokio::select! {
            () = wait_for_stop(stop) => {}
            () = sleep(if behind { CURSOR_TICK / 10 } else { CURSOR_TICK }) => {}
            moved = self.progress.durable.changed() => moved.map_err(|_| StoreError::Stopped)?,
        }
        Ok(Duration::ZERO)
    }

    /// Sends one batch.
    async fn send_round(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<InfluxRound, StoreError> {
        let durable = *self.progress.durable.borrow_and_update();
        let waiting = durable.saturating_sub(self.progress.delivered());
        let may = self.pace.allowance(durable, Instant::now());
        // A throttled backlog is sent in one write a second instead of twenty small ones.
        let worth = waiting.min(u64::from(self.catch_up.max(1)));
        if waiting == 0 || (may as u64) < worth {
            return Ok(InfluxRound::Idle);
        }
        // Readings left over from a throttled round are sent first, in order.
        if self.taken.is_empty() {
            let readings = self
                .progress
                .store
                .read_journal(self.last, SINK_BATCH_MAX)
                .await?;
            self.taken.extend(readings);
        }
        let sent = self.fill_batch(may.min(self.most)).await?;
        if sent == 0 {
            return Ok(InfluxRound::Idle);
        }
        self.pace.take(sent);
        // Taken out for the borrow checker and put back afterwards, with its memory.
        let batch = std::mem::take(&mut self.batch);
        let round = tokio::select! {
            round = self.deliver_batch(&batch) => round,
            () = stop_deadline(stop) => Ok(InfluxRound::Idle),
        };
        self.batch = batch;
        round
    }

    /// Encodes up to `most` readings as lines; returns the number of readings used.
    async fn fill_batch(&mut self, most: usize) -> Result<usize, StoreError> {
        self.batch.clear();
        while self.batch.places.len() < most
            // A quarter of the limit is left for the last reading, whose size is only known
            // afterwards.
            && self.batch.text.len() < INFLUX_BYTES_MAX * 3 / 4
            && let Some(numbered) = self.taken.pop_front()
        {
            let reading = &numbered.reading;
            // A device that was removed from the configuration has no point names to write.
            if let Some(device) = self.site.devices.get(usize::from(reading.device)) {
                line_protocol::encode_line(&mut self.batch.text, &self.site.id, device, reading);
            } else {
                let why = "its device is no longer in the configuration";
                self.progress.refuse_reading(numbered.seq, why, "").await?;
            }
            self.last = numbered.seq;
            self.batch.push_reading(numbered.seq, reading.at);
        }
        Ok(self.batch.places.len())
    }

    /// Sends the batch, divided where the answers make that necessary, oldest part first.
    async fn deliver_batch(&mut self, batch: &LineBatch) -> Result<InfluxRound, StoreError> {
        let whole = 0..batch.places.len();
        // A stack: the oldest part is on top, so that the order of delivery stays the same.
        let mut parts = Vec::from([whole]);
        while let Some(part) = parts.pop() {
            let verdict = match batch.line_count(&part) {
                0 => WriteVerdict::Stored,
                lines => self.writer.write(batch.text_of(&part), lines).await,
            };
            let one = part.len() == 1;
            match verdict {
                WriteVerdict::Stored => self.progress.set_connected(),
                // A single line that is refused cannot be divided further: it goes to the refused
                // list.
                WriteVerdict::Refused { why, all } if all || one => {
                    self.refuse_part(batch, &part, &why).await?;
                }
                WriteVerdict::TooLarge(why) if one => self.refuse_part(batch, &part, &why).await?,
                WriteVerdict::Refused { .. } => {
                    parts.extend(split_range(part));
                    continue;
                }
                WriteVerdict::TooLarge(_) => {
                    // The server's limit is not known; the size is halved until it is accepted.
                    self.most = (part.len() / 2).max(1);
                    parts.extend(split_range(part));
                    continue;
                }
                WriteVerdict::Misconfigured(why) => {
                    return Ok(self.record_failure(&why, None, None));
                }
                WriteVerdict::ForeignAnswer { why, trouble } => {
                    return Ok(self.record_failure(&why, trouble, None));
                }
                // The order is kept: nothing after a failed part is sent before it.
                WriteVerdict::RetryLater { why, after, silent } => {
                    // No answer may be caused by a slow line, on which a smaller write succeeds.
                    if silent {
                        self.most = (self.most.min(part.len()) / 2).max(1);
                    }
                    return Ok(self.record_failure(&why, None, after));
                }
            }
            self.advance_cursor(batch, &part);
        }
        // The size grows back slowly after a slow period.
        self.most = (self.most + self.most / 8 + 1).min(SINK_BATCH_MAX);
        Ok(InfluxRound::More)
    }

    fn advance_cursor(&mut self, batch: &LineBatch, part: &Range<usize>) {
        self.backoff.reset();
        if let Some(place) = batch.places.get(part.end - 1) {
            self.progress.advance((place.seq, place.at));
        }
    }

    async fn refuse_part(
        &mut self,
        batch: &LineBatch,
        part: &Range<usize>,
        why: &str,
    ) -> Result<(), StoreError> {
        for index in part.clone() {
            let line = batch.text_of(&(index..index + 1)).trim_end();
            if !line.is_empty()
                && let Some(place) = batch.places.get(index)
            {
                self.progress.refuse_reading(place.seq, why, line).await?;
            }
        }
        Ok(())
    }

    /// Records a failure; the next round starts again at the cursor.
    fn record_failure(
        &mut self,
        why: &str,
        trouble: Option<SinkDiagnosis>,
        after: Option<Duration>,
    ) -> InfluxRound {
        self.progress.set_fault(why, trouble);
        // Readings after the cursor are taken from the journal again; none is kept in memory.
        self.taken.clear();
        self.last = self.progress.delivered();
        // Readings that arrive meanwhile count as backlog, not as live readings.
        let durable = *self.progress.durable.borrow();
        self.pace = CatchUpRate::new(self.catch_up, durable, Instant::now());
        let wait = self.backoff.next_pause(fastrand::f64());
        InfluxRound::Wait(after.map_or(wait, |after| after.max(wait)))
    }
}

/// Lines of one write.
#[derive(Debug, Default)]
struct LineBatch {
    text: String,
    places: Vec<BatchEntry>,
}

/// One reading of a batch.
#[derive(Debug)]
struct BatchEntry {
    seq: ReadingSeq,
    at: UtcMs,
    /// End of its line in the text; end of the previous line when it has none.
    end: usize,
}

impl LineBatch {
    fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }

    /// Marks the end of a reading's line, if it has one.
    fn push_reading(&mut self, seq: ReadingSeq, at: UtcMs) {
        let end = self.text.len();
        self.places.push(BatchEntry { seq, at, end });
    }

    fn text_of(&self, part: &Range<usize>) -> &str {
        let end = |index: usize| self.places.get(index).map_or(0, |place| place.end);
        let start = part.start.checked_sub(1).map_or(0, end);
        &self.text[start..end(part.end - 1)]
    }

    fn line_count(&self, part: &Range<usize>) -> usize {
        self.text_of(part).matches('\n').count()
    }
}

/// Returns the two halves, the later one first, since parts are taken from the end of the list.
fn split_range(part: Range<usize>) -> [Range<usize>; 2] {
    let middle = part.start + part.len() / 2;
    [middle..part.end, part.start..middle]
}

/// Ends some time after a stop was requested.
async fn stop_deadline(stop: &mut watch::Receiver<bool>) {
    wait_for_stop(stop).await;
    sleep(Duration::from_secs(SINK_STOP_SECONDS)).await;
}

/// Client of the influxdb2 crate, used as transport only.
struct InfluxWriter {
    client: Client,
    relay: InfluxRelay,
    org: String,
    bucket: String,
}

impl InfluxWriter {
    async fn open(settings: &InfluxSettings, clock: &Clock) -> Result<Self, String> {
        // Validated before the library gets it, since influxdb2 panics on an invalid address.
        let target = InfluxTarget::parse(&settings.url)?;
        let relay = InfluxRelay::start(settings, target, clock.clone()).await?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(write_timeout())
            // A redirection to a login page must be seen as such, not followed.
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            // Requests to the relay on loopback must not go through a proxy set in the environment.
            .no_proxy();
        let address = format!("http://{}", relay.address);
        let client = ClientBuilder::with_builder(http, address, &settings.org, &relay.key)
            .build()
            .map_err(|why| why.to_string())?;
        Ok(Self {
            client,
            relay,
            org: settings.org.clone(),
            bucket: settings.bucket.clone(),
        })
    }

    async fn write(&self, text: &str, lines: usize) -> WriteVerdict {
        let silent = |why: String| WriteVerdict::RetryLater {
            why,
            after: None,
            silent: true,
        };
        let body = match compress_gzip(text) {
            Ok(body) => body,
            Err(why) => return silent(why.to_string()),
        };
        let write = self.client.write_line_protocol_with_precision(
            &self.org,
            &self.bucket,
            body,
            TimestampPrecision::Milliseconds,
        );
        match timeout(write_timeout(), write).await {
            Ok(Ok(())) => WriteVerdict::Stored,
            Ok(Err(RequestError::Http { status, text })) => {
                judge_answer(status.as_u16(), &text, lines, self.relay.retry_after())
            }
            Ok(Err(why)) => silent(why.to_string()),
            Err(_) => silent("no answer".to_owned()),
        }
    }
}

/// Slightly longer than the relay's own limit, so that its more exact error arrives first.
fn write_timeout() -> Duration {
    Duration::from_secs(INFLUX_ANSWER_SECONDS + 5)
}

fn compress_gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_batch_has_the_text_of_its_readings_only() {
        let mut batch = LineBatch::default();
        for (seq, line) in [(1, "a\n"), (2, ""), (3, "b\n"), (4, "c\n")] {
            batch.text.push_str(line);
            batch.push_reading(seq, UtcMs(0));
        }
        assert_eq!(batch.text_of(&(0..4)), "a\nb\nc\n");
        assert_eq!(batch.text_of(&(1..3)), "b\n");
        assert_eq!(batch.text_of(&(1..2)), "");
        assert_eq!(batch.line_count(&(2..4)), 2);
    }

    #[test]
    fn halving_keeps_order_and_ends_with_single_lines() {
        let whole = 0..5;
        let mut parts = Vec::from([whole]);
        let mut seen = Vec::new();
        while let Some(part) = parts.pop() {
            match part.len() {
                1 => seen.push(part.start),
                _ => parts.extend(split_range(part)),
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }
}
