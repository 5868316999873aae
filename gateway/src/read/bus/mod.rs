//! One request at a time on one bus, and no late answer taken for another one.
//!
//! TCP has a transaction id. RTU has none: while a unit owes an answer, it is asked for a few
//! registers more, so that a late answer has the wrong length; the surplus is cut off. A network
//! connection that is silent is renewed, but not while it may still be in the quiet time that some
//! devices need after connecting (`connection`).

mod connection;
mod failure;
mod identify;
mod late;
mod owed;
mod port;
mod shared;
mod wire;
mod wizard;

use crate::config::{Bus, Line, Link};
use crate::errand::Errand;
use crate::limits::{BACKOFF_MAX_MS, BACKOFF_MIN_MS};
use connection::Connection;
use drivers::frame::{FRAME_MAX, Framing, Misfit, Parsed, Reply, Request};
use failure::{not_open, unreachable};
use owed::{Owed, Unanswered};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::Wire;

pub use failure::{Counts, Failure};
pub use owed::Lateness;
pub use port::{Holder, holder};

/// Bytes taken in for one reply: a frame, the echo of the request, and noise.
const BUFFER: usize = 2 * FRAME_MAX;
/// A line that is silent for so long after as many bytes as an answer has will bring no more of
/// them; USB adapters hand bytes on every 16 ms.
const SETTLED: Duration = Duration::from_millis(50);

/// A bus with its connection.
#[derive(Debug)]
pub struct Channel {
    link: Link,
    timeout: Duration,
    /// What is left of the timeout for the answer that is waited for, over all tries.
    patience: Duration,
    framing: Framing,
    /// Quiet time that the far side needs after it was connected to.
    settle: Duration,
    wire: Option<Wire>,
    connection: Connection,
    /// Not to be asked before, since it is just connected.
    settled_at: Instant,
    buffer: Box<[u8; BUFFER]>,
    /// Bytes of the buffer that came between two requests and are no whole frame yet.
    overheard: usize,
    transaction: u16,
    /// When the last request was sent.
    sent_at: Instant,
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
            settle: bus.settle,
            wire: None,
            connection: Connection::new(!bus.settle.is_zero(), now),
            settled_at: now,
            buffer: Box::new([0; BUFFER]),
            overheard: 0,
            transaction: 0,
            sent_at: now,
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
    ///
    /// What is owed in the settings of before can still come.
    pub fn retune(&mut self, line: &Line) -> Result<(), Failure> {
        self.link = Link::Rtu(line.clone());
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

    fn is_network(&self) -> bool {
        !matches!(self.link, Link::Rtu(_))
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
        let mut sent = self.tagged(request);
        let mut got = self.exchange(sent, gap).await;
        if sent != request && got.as_ref().is_ok_and(|got| got.exception) {
            // The surplus may be what it refused. Frames of a line keep their order, so that
            // whatever is still under way has another length than the plain request's answer.
            sent = request;
            got = self.exchange(sent, gap).await;
        }
        match got {
            Ok(got) => {
                self.owed.settle(request.unit);
                self.connection.answered(request.unit);
                Ok(got)
            }
            Err(failure) => Err(self.after(failure, sent)),
        }
    }

    /// The request as it is sent: over TCP its number tells its answer, on a line the length.
    fn tagged(&mut self, request: Request) -> Request {
        match self.framing {
            Framing::Tcp => request,
            Framing::Rtu => self.owed.tagged(request, Instant::now()),
        }
    }

    /// Draws the consequences of a failure; the failure as it is to be told.
    fn after(&mut self, failure: Failure, sent: Request) -> Failure {
        match failure {
            Failure::Timeout(_) => {
                self.counts.timeouts += 1;
                self.owe(sent);
                self.connection.silent(sent.unit, self.sent_at);
                match self.owed.lateness(sent.unit) {
                    Some(late) => Failure::Late(self.timeout, late.after),
                    None => failure,
                }
            }
            Failure::Corrupt(..) => {
                self.counts.corrupt += 1;
                self.owe(sent);
                // Frames of a line find their own beginning: no need for another quiet time.
                let finds_on = self.framing == Framing::Rtu && self.connection.settles();
                if self.is_network() && !finds_on {
                    self.wire = None;
                }
                failure
            }
            other => other,
        }
    }

    /// What is owed over a connection cannot come over the next one; over a serial server it can.
    fn owe(&mut self, request: Request) {
        let transaction = match self.framing {
            Framing::Tcp => self.transaction,
            Framing::Rtu => 0,
        };
        let owed = Unanswered::new(request, transaction, self.sent_at);
        self.owed.add(owed);
    }

    /// One exchange; a connection that the far side has closed meanwhile is renewed once.
    async fn exchange(&mut self, request: Request, gap: Duration) -> Result<Got, Failure> {
        self.give_up_doubtful(request.unit);
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
                self.opened(Instant::now());
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

    fn opened(&mut self, now: Instant) {
        self.connection.opened(now);
        self.settled_at = now + self.settle;
        self.overheard = 0;
        if self.framing == Framing::Tcp {
            self.owed.forget_transactions();
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

    /// Keeps the silence between frames, the device's own pause, and its quiet time.
    async fn rest(&self, gap: Duration) {
        let silence = line(&self.link).map_or(Duration::ZERO, |line| millis(line.silence_ms()));
        let ready = (self.quiet_since + silence.max(gap)).max(self.settled_at);
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
        self.clear_wire()?;
        let wire = self.wire.as_mut().ok_or_else(not_open)?;
        wire.send(frame)
            .await
            .map_err(|fault| unreachable(&fault))?;
        self.counts.requests += 1;
        self.quiet_since = Instant::now();
        self.sent_at = self.quiet_since;
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
            let Ok(bytes) = tokio::time::timeout_at(until, self.take(room)).await else {
                let failure = received.failure(self.timeout);
                return Err(self.named(failure, request, &received));
            };
            received.end += bytes?;
        }
    }

    /// The same failure with its more exact name, where the header of the answer is at fault.
    fn named(&self, failure: Failure, request: Request, seen: &Received) -> Failure {
        match failure {
            Failure::Corrupt(_, bytes) if self.framing == Framing::Tcp => {
                let frame = &self.buffer[seen.start..seen.end];
                Reply::wrong_header(request, self.transaction, frame)
                    .map_or(failure, |misfit| Failure::Corrupt(misfit, bytes))
            }
            other => other,
        }
    }

    /// What the bytes so far are.
    fn look(&mut self, request: Request, seen: &mut Received) -> Result<Option<Got>, Failure> {
        while seen.start < seen.end {
            let bytes = &self.buffer[seen.start..seen.end];
            match Reply::parse(request, self.framing, self.transaction, bytes) {
                Parsed::More(_) => return Ok(None),
                Parsed::Garbage(misfit, used) => {
                    if !self.set_aside(misfit, used, seen) {
                        return Ok(None);
                    }
                    let is_past = matches!(misfit, Misfit::Stale | Misfit::Echo);
                    if self.framing == Framing::Tcp && !is_past {
                        let failure = Failure::Corrupt(misfit, seen.end);
                        seen.start -= used.max(1);
                        return Err(self.named(failure, request, seen));
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
