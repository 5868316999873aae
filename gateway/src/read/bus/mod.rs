//! One request at a time on one bus, and no late answer taken for another one.
//!
//! TCP: a transaction id, and a new connection after a timeout. RTU has no id: while a unit owes an
//! answer, it is asked for a few registers more, so that a late answer has the wrong length; the
//! surplus is cut off.

mod identify;
mod owed;
mod shared;
mod wire;
mod wizard;

use crate::config::{Bus, Line, Link};
use crate::errand::Errand;
use crate::limits::{BACKOFF_MAX_MS, BACKOFF_MIN_MS};
use crate::model::Reason;
use drivers::frame::{FRAME_MAX, Framing, Misfit, Parsed, Reply, Request};
use owed::Owed;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::Wire;

/// Bytes taken in for one reply: a frame, the echo of the request, and noise.
const BUFFER: usize = 2 * FRAME_MAX;
/// A line that is silent for so long after as many bytes as an answer has will bring no more of
/// them; USB adapters hand bytes on every 16 ms.
const SETTLED: Duration = Duration::from_millis(50);

/// Why a request gave no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Silence.
    #[error("no answer within {0} ms")]
    Timeout(u128),
    /// Bytes that are not the answer.
    #[error("answer does not fit: {0:?}, {1} bytes")]
    Corrupt(Misfit, usize),
    /// No way to the device.
    #[error("{0}")]
    Unreachable(String),
    /// A Modbus exception that ends the poll.
    #[error("exception {0}")]
    Refused(u8),
    /// The device answers, but is not what it should be.
    #[error("{0}")]
    NotFound(String),
    /// What the task that owns the bus told.
    #[error("{1}")]
    Told(Reason, String),
}

impl Failure {
    /// The same for a sample.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Timeout(_) => Reason::Timeout,
            Self::Corrupt(..) => Reason::Corrupt,
            Self::Unreachable(_) => Reason::Unreachable,
            Self::Refused(code) => Reason::Refused(*code),
            Self::NotFound(_) => Reason::Absent,
            Self::Told(reason, _) => *reason,
        }
    }
}

/// What has happened on a bus since it was last asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Without an answer in time.
    pub timeouts: u64,
    /// Answers that did not fit.
    pub corrupt: u64,
    /// Answers to earlier requests, and what else came unasked.
    pub stale: u64,
}

/// A bus with its connection.
#[derive(Debug)]
pub struct Channel {
    link: Link,
    timeout: Duration,
    /// What is left of the timeout for the answer that is waited for, over all tries.
    patience: Duration,
    framing: Framing,
    wire: Option<Wire>,
    buffer: Box<[u8; BUFFER]>,
    transaction: u16,
    /// When a byte was last seen on the wire.
    quiet_since: Instant,
    /// Answers that may still come over the line.
    owed: Owed,
    retry_at: Instant,
    refusals: u32,
    counts: Counts,
    /// Bytes of the last exchange, for a technician.
    trace: Option<(Vec<u8>, Vec<u8>)>,
    /// The door to the task that owns the bus, when this is not it.
    owner: Option<mpsc::Sender<Errand>>,
}

impl Channel {
    /// Opens nothing yet.
    pub fn new(bus: &Bus) -> Self {
        let now = Instant::now();
        Self {
            link: bus.link.clone(),
            timeout: bus.timeout,
            patience: bus.timeout,
            framing: match bus.link {
                Link::Tcp { .. } => Framing::Tcp,
                Link::RtuOverTcp { .. } | Link::Rtu(_) => Framing::Rtu,
            },
            wire: None,
            buffer: Box::new([0; BUFFER]),
            transaction: 0,
            quiet_since: now,
            owed: Owed::default(),
            retry_at: now,
            refusals: 0,
            counts: Counts::default(),
            trace: None,
            owner: None,
        }
    }

    /// From now on an answer may take so long beyond its time on the wire.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// How long an answer may take beyond its time on the wire.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Changes speed and parity; the port stays open, since closing it resets some adapters.
    pub fn retune(&mut self, line: &Line) -> Result<(), Failure> {
        self.link = Link::Rtu(line.clone());
        self.owed = Owed::default();
        let tuned = self.wire.as_mut().map_or(Ok(()), |wire| wire.retune(line));
        tuned.map_err(|fault| {
            self.wire = None;
            Failure::Unreachable(fault.to_string())
        })
    }

    /// Opens the bus, and tells whether something is heard on it within `span` although nobody was
    /// asked.
    pub async fn listen(&mut self, span: Duration) -> Result<bool, Failure> {
        self.open().await?;
        let Some(wire) = self.wire.as_mut() else {
            return Ok(false);
        };
        let heard = tokio::time::timeout(span, wire.receive(&mut self.buffer[..])).await;
        Ok(matches!(heard, Ok(Ok(_))))
    }

    /// From now on keeps the bytes of each exchange.
    pub fn keep_trace(&mut self) {
        self.trace = Some((Vec::new(), Vec::new()));
    }

    /// Bytes of the last exchange, out and in; empty when they are not kept.
    pub fn trace(&self) -> (&[u8], &[u8]) {
        self.trace
            .as_ref()
            .map_or((&[], &[]), |(out, back)| (out, back))
    }

    /// The connection is there.
    pub fn is_open(&self) -> bool {
        self.wire.is_some()
    }

    /// Milliseconds until the next try to open the bus.
    pub fn pause_ms(&self) -> u64 {
        let pause = self.retry_at.saturating_duration_since(Instant::now());
        u64::try_from(pause.as_millis()).unwrap_or(0) + 1
    }

    /// What has happened since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Asks, and waits for the answer that fits, for one timeout in all. On a line a spark is not
    /// worth a lost sample: after bytes that do not fit, what is left of the timeout serves a
    /// second try.
    pub async fn ask(&mut self, request: Request, gap: Duration) -> Result<Reply<'_>, Failure> {
        if self.owner.is_some() {
            return self.ask_owner(request, gap).await;
        }
        self.patience = self.timeout;
        let mut got = self.try_once(request, gap).await;
        let is_spark = self.framing == Framing::Rtu && matches!(got, Err(Failure::Corrupt(..)));
        if is_spark && self.patience >= self.timeout / 2 {
            got = self.try_once(request, gap).await;
        }
        let got = got?;
        let data = &self.buffer[got.start..got.end];
        Ok(if got.exception {
            Reply::Exception(data.first().copied().unwrap_or(0))
        } else {
            Reply::Data(&data[..data.len().min(request.data_bytes())])
        })
    }

    async fn try_once(&mut self, request: Request, gap: Duration) -> Result<Got, Failure> {
        let mut sent = self.owed.tagged(request, Instant::now());
        let mut got = self.exchange(sent, gap).await;
        if sent != request && got.as_ref().is_ok_and(|got| got.exception) {
            // The surplus may be what it refused. Frames of a line keep their order, so that
            // whatever is still under way has another length than the plain request's answer.
            sent = request;
            got = self.exchange(sent, gap).await;
        }
        match &got {
            Ok(_) => self.owed.settle(request.unit),
            Err(failure) => self.after(failure, sent),
        }
        got
    }

    fn after(&mut self, failure: &Failure, sent: Request) {
        match failure {
            Failure::Timeout(_) => self.counts.timeouts += 1,
            Failure::Corrupt(..) => self.counts.corrupt += 1,
            Failure::Unreachable(_)
            | Failure::Refused(_)
            | Failure::NotFound(_)
            | Failure::Told(..) => return,
        }
        if self.framing == Framing::Rtu {
            self.owed.add(sent, Instant::now());
        }
        if !matches!(self.link, Link::Rtu(_)) {
            self.wire = None;
        }
    }

    /// One exchange; a connection that the far side has closed meanwhile is renewed once.
    async fn exchange(&mut self, request: Request, gap: Duration) -> Result<Got, Failure> {
        let reused = self.wire.is_some();
        match self.attempt(request, gap).await {
            Err(Failure::Unreachable(_)) if reused => {
                self.wire = None;
                self.attempt(request, gap).await
            }
            result => result,
        }
    }

    async fn attempt(&mut self, request: Request, gap: Duration) -> Result<Got, Failure> {
        self.open().await?;
        let result = self.send_and_wait(request, gap).await;
        if matches!(result, Err(Failure::Unreachable(_))) {
            self.wire = None;
        }
        result
    }

    async fn open(&mut self) -> Result<(), Failure> {
        if self.wire.is_some() {
            return Ok(());
        }
        if Instant::now() < self.retry_at {
            return Err(Failure::Unreachable("waiting to try again".into()));
        }
        match Wire::open(&self.link, self.timeout.max(Duration::from_millis(200))).await {
            Ok(wire) => {
                self.wire = Some(wire);
                self.refusals = 0;
                Ok(())
            }
            Err(fault) => {
                let pause = back_off_ms(self.refusals);
                self.refusals = self.refusals.saturating_add(1);
                self.retry_at = Instant::now() + Duration::from_millis(pause);
                Err(Failure::Unreachable(fault.to_string()))
            }
        }
    }

    async fn send_and_wait(&mut self, request: Request, gap: Duration) -> Result<Got, Failure> {
        self.rest(gap).await;
        self.transaction = self.transaction.wrapping_add(1);
        let mut frame = [0; FRAME_MAX];
        let length = request.build(self.framing, self.transaction, &mut frame);
        self.put(&frame[..length]).await?;
        let wire_time = self.wire_time(length + request.reply_bytes(self.framing));
        let begin = self.quiet_since + wire_time;
        let result = self.wait(request, begin + self.patience).await;
        self.patience = self.patience.saturating_sub(begin.elapsed());
        result
    }

    /// Keeps the silence between frames, and the device's own pause.
    async fn rest(&self, gap: Duration) {
        let silence = line(&self.link).map_or(Duration::ZERO, |line| millis(line.silence_ms()));
        let ready = self.quiet_since + silence.max(gap);
        if ready > Instant::now() {
            tokio::time::sleep_until(ready).await;
        }
    }

    /// How long so many bytes are on a line.
    fn wire_time(&self, bytes: usize) -> Duration {
        let bytes = f64::from(u16::try_from(bytes).unwrap_or(u16::MAX));
        line(&self.link).map_or(Duration::ZERO, |line| millis(bytes * line.character_ms()))
    }

    /// Throws away what came unasked, and sends.
    async fn put(&mut self, frame: &[u8]) -> Result<(), Failure> {
        let wire = self.wire.as_mut().ok_or_else(not_open)?;
        if wire
            .drain(&mut self.buffer[..])
            .map_err(|fault| unreachable(&fault))?
        {
            self.counts.stale += 1;
        }
        wire.send(frame)
            .await
            .map_err(|fault| unreachable(&fault))?;
        self.counts.requests += 1;
        self.quiet_since = Instant::now();
        if let Some((out, back)) = &mut self.trace {
            *out = frame.to_vec();
            back.clear();
        }
        Ok(())
    }

    /// Takes what comes into this part of the buffer; how many bytes.
    async fn take(&mut self, room: std::ops::Range<usize>) -> Result<usize, Failure> {
        let wire = self.wire.as_mut().ok_or_else(not_open)?;
        let room = &mut self.buffer[room];
        let bytes = wire
            .receive(room)
            .await
            .map_err(|fault| unreachable(&fault))?;
        self.quiet_since = Instant::now();
        if let Some((_, back)) = &mut self.trace {
            back.extend_from_slice(&room[..bytes]);
        }
        Ok(bytes)
    }

    async fn wait(&mut self, request: Request, deadline: Instant) -> Result<Got, Failure> {
        let mut received = Received::default();
        let whole = request.reply_bytes(self.framing);
        loop {
            if let Some(got) = self.look(request, &mut received)? {
                return Ok(got);
            }
            let room = received.end..self.buffer.len();
            if room.is_empty() {
                return Err(Failure::Corrupt(Misfit::Length, received.end));
            }
            let until = if whole <= received.noise + received.end - received.start {
                deadline.min(self.quiet_since + SETTLED)
            } else {
                deadline
            };
            match tokio::time::timeout_at(until, self.take(room)).await {
                Ok(bytes) => received.end += bytes?,
                Err(_) => return Err(received.failure(self.timeout)),
            }
        }
    }

    /// What the bytes so far are.
    fn look(&mut self, request: Request, seen: &mut Received) -> Result<Option<Got>, Failure> {
        while seen.start < seen.end {
            let bytes = &self.buffer[seen.start..seen.end];
            match Reply::parse(request, self.framing, self.transaction, bytes) {
                Parsed::More(_) => return Ok(None),
                Parsed::Garbage(misfit, used) => {
                    seen.start += used.max(1);
                    match misfit {
                        Misfit::Stale => self.counts.stale += 1,
                        Misfit::Echo => {}
                        _ if self.framing == Framing::Tcp => {
                            return Err(Failure::Corrupt(misfit, seen.end));
                        }
                        _ => {
                            let is_noise = matches!(misfit, Misfit::Noise | Misfit::Checksum);
                            seen.noise += if is_noise { used } else { 0 };
                            seen.misfit = seen.misfit.max(Some(misfit));
                        }
                    }
                }
                Parsed::Frame(Reply::Data(data), used) => {
                    let tail = if self.framing == Framing::Rtu { 2 } else { 0 };
                    let end = seen.start + used - tail;
                    let start = end - data.len();
                    return Ok(Some(Got {
                        exception: false,
                        start,
                        end,
                    }));
                }
                Parsed::Frame(Reply::Exception(code), _) => {
                    self.buffer[0] = code;
                    return Ok(Some(Got {
                        exception: true,
                        start: 0,
                        end: 1,
                    }));
                }
            }
        }
        Ok(None)
    }
}

/// Where in the buffer the answer is.
#[derive(Clone, Copy, Debug)]
struct Got {
    exception: bool,
    start: usize,
    end: usize,
}

/// Bytes of one exchange.
#[derive(Debug, Default)]
struct Received {
    start: usize,
    end: usize,
    /// Bytes before `start` that were no frame of anybody.
    noise: usize,
    misfit: Option<Misfit>,
}

impl Received {
    fn failure(&self, timeout: Duration) -> Failure {
        if self.start < self.end || self.misfit.is_some() {
            return Failure::Corrupt(self.misfit.unwrap_or(Misfit::Length), self.end);
        }
        Failure::Timeout(timeout.as_millis())
    }
}

/// The pause after so many failures in a row.
pub fn back_off_ms(failures_before: u32) -> u64 {
    BACKOFF_MIN_MS
        .saturating_mul(1 << failures_before.min(16))
        .min(BACKOFF_MAX_MS)
}

fn unreachable(fault: &std::io::Error) -> Failure {
    Failure::Unreachable(fault.to_string())
}

fn not_open() -> Failure {
    Failure::Unreachable("not open".into())
}

fn line(link: &Link) -> Option<&Line> {
    match link {
        Link::Rtu(serial) => Some(serial),
        Link::Tcp { .. } | Link::RtuOverTcp { .. } => None,
    }
}

fn millis(ms: f64) -> Duration {
    Duration::from_secs_f64((ms / 1000.0).clamp(0.0, 60.0))
}

#[cfg(test)]
mod tests;
