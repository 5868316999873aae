//! The InfluxDB v2 sink (DESIGN 5.5): batches of line protocol, gzip, the cursor moved on a 204
//! only.
//!
//! What the database says decides (`verdict`): a bad line is found by halving the batch, kept on
//! the refused list, and the rest flows; a batch that is too large is halved; a wrong token or
//! bucket, or a web page in place of an answer, keeps everything and is shown; everything else is
//! tried again later, and a server that says when is believed. A write that is sent twice is the
//! same write, so at least once is exact there.

use crate::clock::Clock;
use crate::config::InfluxSettings;
use crate::limits::{INFLUX_ANSWER_SECONDS, INFLUX_BYTES_MAX, SINK_BATCH_MAX, SINK_STOP_SECONDS};
use crate::model::{Numbered, Seq, Site, UtcMs};
use crate::publish::backoff::Backoff;
use crate::publish::line;
use crate::publish::pace::Pace;
use crate::publish::progress::{Progress, pause, stopped};
use crate::publish::relay::{Relay, Target};
use crate::publish::verdict::{Verdict, judge};
use crate::status::{Board, SinkTrouble};
use crate::store::{Store, StoreError};
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

/// The sink's name on the board and in the store.
pub const NAME: &str = "influx";
/// How often the cursor is told while nothing else happens.
const TICK: Duration = Duration::from_secs(1);

/// Writes the journal to the database until told to stop or until the store has ended.
pub async fn run(
    settings: InfluxSettings,
    site: Arc<Site>,
    store: Store,
    clock: Clock,
    board: Board,
    mut stop: watch::Receiver<bool>,
) {
    let end = async {
        let progress = Progress::open(NAME, store, clock, board).await?;
        serve(&settings, site, progress, &mut stop).await
    };
    if let Err(why) = end.await {
        tracing::error!(sink = NAME, %why, "sink has ended");
    }
}

/// Round after round; the pause after a failure is the round's own result.
async fn serve(
    settings: &InfluxSettings,
    site: Arc<Site>,
    progress: Progress,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let Some(writer) = writer(settings, &progress, stop).await else {
        return Ok(());
    };
    let mut sink = Sink::new(settings, site, progress, writer);
    while !*stop.borrow() {
        let wait = match sink.round(stop).await? {
            Round::More => Duration::ZERO,
            Round::Idle => sink.idle(stop).await?,
            Round::Wait(wait) => wait,
        };
        sink.progress.persist(false).await?;
        if !wait.is_zero() && !pause(wait, stop).await {
            break;
        }
    }
    sink.progress.disconnected();
    sink.progress.persist(true).await
}

/// The way to the database; tried until it can be set up, for a certificate file may still come.
async fn writer(
    settings: &InfluxSettings,
    progress: &Progress,
    stop: &mut watch::Receiver<bool>,
) -> Option<Writer> {
    let mut backoff = Backoff::default();
    loop {
        match Writer::open(settings, &progress.clock).await {
            Ok(writer) => return Some(writer),
            Err(why) => progress.fault(&why, None),
        }
        if !pause(backoff.next(fastrand::f64()), stop).await {
            return None;
        }
    }
}

struct Sink {
    site: Arc<Site>,
    progress: Progress,
    writer: Writer,
    /// Readings taken from the journal and not yet sent.
    taken: VecDeque<Arc<Numbered>>,
    /// The last reading taken.
    last: Seq,
    catch_up: u32,
    pace: Pace,
    backoff: Backoff,
    /// Readings in one write; less while the line is slow or the server wants less.
    most: usize,
    batch: Batch,
}

/// What a round came to.
enum Round {
    /// Something was delivered; there may be more.
    More,
    /// The journal has no more, or the backlog is being throttled.
    Idle,
    /// Not before then.
    Wait(Duration),
}

impl Sink {
    fn new(settings: &InfluxSettings, site: Arc<Site>, progress: Progress, writer: Writer) -> Self {
        let durable = *progress.durable.borrow();
        Self {
            site,
            writer,
            taken: VecDeque::new(),
            last: progress.delivered(),
            catch_up: settings.catch_up,
            pace: Pace::new(settings.catch_up, durable, Instant::now()),
            progress,
            backoff: Backoff::default(),
            most: SINK_BATCH_MAX,
            batch: Batch::default(),
        }
    }

    /// Waits for the journal to move, a little at most; how long to wait further: not at all.
    async fn idle(&mut self, stop: &mut watch::Receiver<bool>) -> Result<Duration, StoreError> {
        let behind = *self.progress.durable.borrow() > self.progress.delivered();
        tokio::select! {
            () = stopped(stop) => {}
            () = sleep(if behind { TICK / 10 } else { TICK }) => {}
            moved = self.progress.durable.changed() => moved.map_err(|_| StoreError::Stopped)?,
        }
        Ok(Duration::ZERO)
    }

    /// Sends one batch.
    async fn round(&mut self, stop: &mut watch::Receiver<bool>) -> Result<Round, StoreError> {
        let durable = *self.progress.durable.borrow_and_update();
        let waiting = durable.saturating_sub(self.progress.delivered());
        let may = self.pace.allowance(durable, Instant::now());
        // A throttled backlog goes in a write a second, not in twenty small ones.
        let worth = waiting.min(u64::from(self.catch_up.max(1)));
        if waiting == 0 || (may as u64) < worth {
            return Ok(Round::Idle);
        }
        if self.taken.is_empty() {
            let readings = self
                .progress
                .store
                .journal(self.last, SINK_BATCH_MAX)
                .await?;
            self.taken.extend(readings);
        }
        let sent = self.fill(may.min(self.most)).await?;
        if sent == 0 {
            return Ok(Round::Idle);
        }
        self.pace.take(sent);
        let batch = std::mem::take(&mut self.batch);
        let round = tokio::select! {
            round = self.deliver(&batch) => round,
            () = late(stop) => Ok(Round::Idle),
        };
        self.batch = batch;
        round
    }

    /// Turns up to `most` readings into lines; how many readings it took.
    async fn fill(&mut self, most: usize) -> Result<usize, StoreError> {
        self.batch.clear();
        while self.batch.places.len() < most
            && self.batch.text.len() < INFLUX_BYTES_MAX * 3 / 4
            && let Some(numbered) = self.taken.pop_front()
        {
            let reading = &numbered.reading;
            if let Some(device) = self.site.devices.get(usize::from(reading.device)) {
                line::encode(&mut self.batch.text, &self.site.id, device, reading);
            } else {
                let why = "its device is no longer in the configuration";
                self.progress.refuse(numbered.seq, why, "").await?;
            }
            self.last = numbered.seq;
            self.batch.ends(numbered.seq, reading.at);
        }
        Ok(self.batch.places.len())
    }

    /// Sends the batch, in parts where the database makes that necessary, oldest first.
    async fn deliver(&mut self, batch: &Batch) -> Result<Round, StoreError> {
        let whole = 0..batch.places.len();
        let mut parts = Vec::from([whole]);
        while let Some(part) = parts.pop() {
            let verdict = match batch.lines(&part) {
                0 => Verdict::Stored,
                lines => self.writer.write(batch.text(&part), lines).await,
            };
            let one = part.len() == 1;
            match verdict {
                Verdict::Stored => self.progress.connected(),
                Verdict::Refused { why, all } if all || one => {
                    self.refuse(batch, &part, &why).await?;
                }
                Verdict::TooLarge(why) if one => self.refuse(batch, &part, &why).await?,
                Verdict::Refused { .. } => {
                    parts.extend(halves(part));
                    continue;
                }
                Verdict::TooLarge(_) => {
                    self.most = (part.len() / 2).max(1);
                    parts.extend(halves(part));
                    continue;
                }
                Verdict::Setup(why) => return Ok(self.failed(&why, None, None)),
                Verdict::Elsewhere { why, trouble } => {
                    return Ok(self.failed(&why, trouble, None));
                }
                Verdict::Later { why, after, silent } => {
                    if silent {
                        self.most = (self.most.min(part.len()) / 2).max(1);
                    }
                    return Ok(self.failed(&why, None, after));
                }
            }
            self.passed(batch, &part);
        }
        self.most = (self.most + self.most / 8 + 1).min(SINK_BATCH_MAX);
        Ok(Round::More)
    }

    fn passed(&mut self, batch: &Batch, part: &Range<usize>) {
        self.backoff.reset();
        if let Some(place) = batch.places.get(part.end - 1) {
            self.progress.advance((place.seq, place.at));
        }
    }

    async fn refuse(
        &mut self,
        batch: &Batch,
        part: &Range<usize>,
        why: &str,
    ) -> Result<(), StoreError> {
        for index in part.clone() {
            let line = batch.text(&(index..index + 1)).trim_end();
            if !line.is_empty()
                && let Some(place) = batch.places.get(index)
            {
                self.progress.refuse(place.seq, why, line).await?;
            }
        }
        Ok(())
    }

    /// Starts again from the cursor, later.
    fn failed(
        &mut self,
        why: &str,
        trouble: Option<SinkTrouble>,
        after: Option<Duration>,
    ) -> Round {
        self.progress.fault(why, trouble);
        self.taken.clear();
        self.last = self.progress.delivered();
        // What comes in meanwhile is backlog, not live.
        let durable = *self.progress.durable.borrow();
        self.pace = Pace::new(self.catch_up, durable, Instant::now());
        let wait = self.backoff.next(fastrand::f64());
        Round::Wait(after.map_or(wait, |after| after.max(wait)))
    }
}

/// The lines of one write.
#[derive(Debug, Default)]
struct Batch {
    text: String,
    places: Vec<Place>,
}

/// One reading in a batch.
#[derive(Debug)]
struct Place {
    seq: Seq,
    at: UtcMs,
    /// Where its line ends; where the one before it ends when it has none.
    end: usize,
}

impl Batch {
    fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }

    /// The reading's line, if it has one, ends here.
    fn ends(&mut self, seq: Seq, at: UtcMs) {
        let end = self.text.len();
        self.places.push(Place { seq, at, end });
    }

    fn text(&self, part: &Range<usize>) -> &str {
        let end = |index: usize| self.places.get(index).map_or(0, |place| place.end);
        let start = part.start.checked_sub(1).map_or(0, end);
        &self.text[start..end(part.end - 1)]
    }

    fn lines(&self, part: &Range<usize>) -> usize {
        self.text(part).matches('\n').count()
    }
}

/// The halves of a range, the later one first: the last one is taken next.
fn halves(part: Range<usize>) -> [Range<usize>; 2] {
    let middle = part.start + part.len() / 2;
    [middle..part.end, part.start..middle]
}

/// Ends a while after the program was told to stop.
async fn late(stop: &mut watch::Receiver<bool>) {
    stopped(stop).await;
    sleep(Duration::from_secs(SINK_STOP_SECONDS)).await;
}

/// influxdb2 as transport.
struct Writer {
    client: Client,
    relay: Relay,
    org: String,
    bucket: String,
}

impl Writer {
    async fn open(settings: &InfluxSettings, clock: &Clock) -> Result<Self, String> {
        // Checked before the library sees an address, for it panics on a bad one.
        let target = Target::parse(&settings.url)?;
        let relay = Relay::start(settings, target, clock.clone()).await?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(limit())
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            // A proxy from the environment must not see what goes over loopback.
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

    async fn write(&self, text: &str, lines: usize) -> Verdict {
        let silent = |why: String| Verdict::Later {
            why,
            after: None,
            silent: true,
        };
        let body = match gzip(text) {
            Ok(body) => body,
            Err(why) => return silent(why.to_string()),
        };
        let write = self.client.write_line_protocol_with_precision(
            &self.org,
            &self.bucket,
            body,
            TimestampPrecision::Milliseconds,
        );
        match timeout(limit(), write).await {
            Ok(Ok(())) => Verdict::Stored,
            Ok(Err(RequestError::Http { status, text })) => {
                judge(status.as_u16(), &text, lines, self.relay.retry_after())
            }
            Ok(Err(why)) => silent(why.to_string()),
            Err(_) => silent("no answer".to_owned()),
        }
    }
}

/// A little more than the relay's own limit, whose answer says more.
fn limit() -> Duration {
    Duration::from_secs(INFLUX_ANSWER_SECONDS + 5)
}

fn gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_batch_has_the_text_of_its_readings_only() {
        let mut batch = Batch::default();
        for (seq, line) in [(1, "a\n"), (2, ""), (3, "b\n"), (4, "c\n")] {
            batch.text.push_str(line);
            batch.ends(seq, UtcMs(0));
        }
        assert_eq!(batch.text(&(0..4)), "a\nb\nc\n");
        assert_eq!(batch.text(&(1..3)), "b\n");
        assert_eq!(batch.text(&(1..2)), "");
        assert_eq!(batch.lines(&(2..4)), 2);
    }

    #[test]
    fn halving_keeps_order_and_ends_with_single_lines() {
        let whole = 0..5;
        let mut parts = Vec::from([whole]);
        let mut seen = Vec::new();
        while let Some(part) = parts.pop() {
            match part.len() {
                1 => seen.push(part.start),
                _ => parts.extend(halves(part)),
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }
}
