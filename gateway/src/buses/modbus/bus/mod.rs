//! One bus: one request at a time; a late answer is never taken for the answer to another request.
//!
//! ```text
//! let mut channel = BusChannel::new(&config.buses[0]);
//! let reply = channel.send_request(request, device.limits.gap).await?;
//! ```
//! TCP has a transaction id. RTU has none: a unit with unanswered requests is asked for a few
//! registers more, so that a late answer has the wrong length (`outstanding`). See
//! docs/ARCHITECTURE.md, "buses".

mod addressing;
mod channel_error;
mod connection_health;
mod frame_tap;
mod identification;
mod late_answers;
mod outstanding;
mod port_lock;
mod received_bytes;
mod reply_reader;
mod shared_bus;
mod tapped_frames;
mod transport;

use crate::bus_request::BusRequest;
use crate::buses::bus_driver::back_off_ms;
use crate::buses::{BusCounts, NO_RAW_REQUESTS};
use crate::config::{Bus, ModbusLink, SerialPortSettings};
use crate::domain::FaultDetail;
use channel_error::{not_open_error, unreachable_error};
use connection_health::ConnectionHealth;
use drivers::frame::{
    FRAME_MAX, ModbusFraming, ModbusReadReply, ModbusReadRequest, ModbusRequest as _,
};
use drivers::header_oddities::HeaderOddities;
use outstanding::{OutstandingRequests, UnansweredRequest};
use received_bytes::{ReceivedBytes, ReplySpan};
use std::time::Duration;
use tapped_frames::FrameTap;
use tokio::sync::mpsc;
use tokio::time::Instant;
use transport::BusTransport;

pub use channel_error::{BusChannelError, proposed_timeout};
pub use outstanding::AnswerLateness;
pub use port_lock::{PortHolder, port_holder};

/// Bytes received for one reply: a frame, the echo of the request, and noise.
const BUFFER_BYTES: usize = 2 * FRAME_MAX;
/// Silence after which a reply of full length is complete; USB adapters deliver bytes in steps of
/// 16 ms.
const QUIET_AFTER_REPLY: Duration = Duration::from_millis(50);

/// A bus with its connection.
#[derive(Debug)]
pub struct BusChannel {
    /// `None`: the bus is no Modbus bus, and every request fails.
    link: Option<ModbusLink>,
    timeout: Duration,
    /// Remainder of the timeout for the current request, over both tries.
    patience: Duration,
    framing: ModbusFraming,
    /// Wrong headers of TCP answers that are accepted (`accept`).
    oddities: HeaderOddities,
    /// Quiet time that the far side needs after connecting (`settle`).
    settle: Duration,
    wire: Option<BusTransport>,
    connection: ConnectionHealth,
    /// Time before which nothing is sent, after connecting.
    settled_at: Instant,
    buffer: Box<[u8; BUFFER_BYTES]>,
    /// Bytes in the buffer that came between two requests and are no complete frame yet.
    overheard: usize,
    transaction: u16,
    /// Time of the last request.
    sent_at: Instant,
    /// Time of the last byte sent or received.
    quiet_since: Instant,
    /// Requests whose answers may still arrive.
    outstanding: OutstandingRequests,
    /// Last answered request on a line, for which another device may answer too.
    answered: Option<ModbusReadRequest>,
    /// Second answers to one request since the last call of `take_second_answers`.
    second_answers: u32,
    retry_at: Instant,
    refusals: u32,
    counts: BusCounts,
    /// Bytes of the last exchange, sent and received, for a technician.
    trace: Option<(Vec<u8>, Vec<u8>)>,
    /// Copies of all exchanges, for a technician who looks at the line.
    frames: Option<FrameTap>,
    /// Sender to the task that owns the bus, when this channel does not own it.
    owner: Option<mpsc::Sender<BusRequest>>,
}

impl BusChannel {
    /// Creates a channel; the bus is opened at the first request.
    pub fn new(bus: &Bus) -> Self {
        let now = Instant::now();
        Self {
            link: bus.link.modbus().cloned(),
            timeout: bus.timeout,
            patience: bus.timeout,
            framing: match bus.link.modbus() {
                Some(ModbusLink::RtuOverTcp { .. } | ModbusLink::Rtu(_)) => ModbusFraming::Rtu,
                Some(ModbusLink::Tcp { .. }) | None => ModbusFraming::Tcp,
            },
            oddities: bus.oddities,
            settle: bus.settle,
            wire: None,
            connection: ConnectionHealth::new(!bus.settle.is_zero(), now),
            settled_at: now,
            buffer: Box::new([0; BUFFER_BYTES]),
            overheard: 0,
            transaction: 0,
            sent_at: now,
            quiet_since: now,
            outstanding: OutstandingRequests::default(),
            answered: None,
            second_answers: 0,
            retry_at: now,
            refusals: 0,
            counts: BusCounts::default(),
            trace: None,
            frames: None,
            owner: None,
        }
    }

    /// Sets the time that an answer may take beyond its time on the wire.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Returns the time that an answer may take beyond its time on the wire.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Changes speed and parity; the port stays open, since closing it resets some adapters.
    /// Answers to requests in the old settings can still arrive.
    pub fn set_line_settings(&mut self, line: &SerialPortSettings) -> Result<(), BusChannelError> {
        self.link = Some(ModbusLink::Rtu(line.clone()));
        let tuned = self
            .wire
            .as_mut()
            .map_or(Ok(()), |wire| wire.set_line_settings(line));
        tuned.map_err(|fault| {
            self.wire = None;
            unreachable_error(&fault)
        })
    }

    /// Opens the bus; true when anything is received within `span` without a request.
    pub async fn hears_traffic(&mut self, span: Duration) -> Result<bool, BusChannelError> {
        self.open().await?;
        let Some(wire) = self.wire.as_mut() else {
            return Ok(false);
        };
        let heard = tokio::time::timeout(span, wire.receive(&mut self.buffer[..])).await;
        Ok(matches!(heard, Ok(Ok(_))))
    }

    /// Keeps the bytes of each exchange from now on.
    pub fn keep_trace(&mut self) {
        self.trace = Some((Vec::new(), Vec::new()));
    }

    /// Returns the bytes of the last exchange, sent and received; empty when they are not kept.
    pub fn trace(&self) -> (&[u8], &[u8]) {
        self.trace
            .as_ref()
            .map_or((&[], &[]), |(out, back)| (out, back))
    }

    fn serial_line(&self) -> Option<&SerialPortSettings> {
        self.link.as_ref()?.serial_port()
    }

    fn is_network(&self) -> bool {
        self.serial_line().is_none()
    }

    /// True while the connection is open.
    pub fn is_open(&self) -> bool {
        self.wire.is_some()
    }

    /// Returns the milliseconds until the next try to open the bus.
    pub fn reconnect_pause_ms(&self) -> u64 {
        let pause = self.retry_at.saturating_duration_since(Instant::now());
        u64::try_from(pause.as_millis()).unwrap_or(0) + 1
    }

    /// Returns the time from the last request to the last byte received.
    pub fn last_answer_time(&self) -> Duration {
        self.quiet_since.saturating_duration_since(self.sent_at)
    }

    /// Returns how many requests were answered twice since the last call: two devices have one
    /// address. Only a line shows it.
    pub fn take_second_answers(&mut self) -> u32 {
        std::mem::take(&mut self.second_answers)
    }

    /// Returns the counts since the last call.
    pub fn take_counts(&mut self) -> BusCounts {
        std::mem::take(&mut self.counts)
    }

    /// Sends a request and returns its answer, within one timeout in all. On a serial line the rest
    /// of the timeout serves a second try after bytes that do not fit.
    pub async fn ask(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
    ) -> Result<ModbusReadReply<'_>, BusChannelError> {
        if self.owner.is_some() {
            return self.request_via_owner(request, gap).await;
        }
        self.patience = self.timeout;
        let mut got = self.request_once(request, gap).await;
        let is_spark =
            self.framing == ModbusFraming::Rtu && matches!(got, Err(BusChannelError::Corrupt(..)));
        if is_spark && self.patience >= self.timeout / 2 {
            got = self.request_once(request, gap).await;
        }
        let got = got?;
        let data = &self.buffer[got.start..got.end];
        Ok(if got.exception {
            ModbusReadReply::Exception(data.first().copied().unwrap_or(0))
        } else {
            ModbusReadReply::Data(&data[..data.len().min(request.data_bytes())])
        })
    }

    async fn request_once(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
    ) -> Result<ReplySpan, BusChannelError> {
        let mut sent = self.tagged_request(request);
        let mut got = self.exchange_with_reconnect(sent, gap).await;
        if sent != request && got.as_ref().is_ok_and(|got| got.exception) {
            // The additional registers may be the reason for the refusal. Frames on a line keep
            // their order, so whatever still arrives has another length than the answer to the
            // plain request.
            sent = request;
            got = self.exchange_with_reconnect(sent, gap).await;
        }
        self.tap_result(got.as_ref());
        match got {
            Ok(got) => {
                // With an unanswered request before it, a second answer may be a late one.
                let is_first = !self.outstanding.has_unit(request.unit);
                let is_line = self.framing == ModbusFraming::Rtu;
                self.answered = Some(sent).filter(|_| is_first && is_line);
                self.outstanding.clear_unit(request.unit);
                self.connection.record_answer(request.unit);
                Ok(got)
            }
            Err(failure) => Err(self.record_failure(failure, sent)),
        }
    }

    /// Returns the request as it is sent: TCP marks its answer by the transaction id, RTU by its
    /// length.
    fn tagged_request(&mut self, request: ModbusReadRequest) -> ModbusReadRequest {
        let now = Instant::now();
        match self.framing {
            ModbusFraming::Tcp => {
                // An answer with the number of a request of long ago is wrong, and not late.
                self.outstanding.drop_expired(now);
                request
            }
            ModbusFraming::Rtu => self.outstanding.lengthen_request(request, now),
        }
    }

    /// Updates counts and connection after a failure; returns the failure to report.
    fn record_failure(
        &mut self,
        failure: BusChannelError,
        sent: ModbusReadRequest,
    ) -> BusChannelError {
        match failure {
            BusChannelError::Timeout(_) => {
                self.counts.timeouts += 1;
                self.record_outstanding(sent);
                self.connection.record_silence(sent.unit, self.sent_at);
                match self.outstanding.lateness(sent.unit) {
                    Some(late) => BusChannelError::Late(self.timeout, late.after),
                    None => failure,
                }
            }
            BusChannelError::Corrupt(..) => {
                self.counts.corrupt += 1;
                self.record_outstanding(sent);
                // RTU resynchronises by itself; a new connection would cost another quiet time.
                let finds_on =
                    self.framing == ModbusFraming::Rtu && self.connection.needs_settling();
                if self.is_network() && !finds_on {
                    self.wire = None;
                }
                failure
            }
            other => other,
        }
    }

    /// Over TCP nothing late can arrive on a new connection; over a serial server it can.
    fn record_outstanding(&mut self, request: ModbusReadRequest) {
        let transaction = match self.framing {
            ModbusFraming::Tcp => self.transaction,
            ModbusFraming::Rtu => 0,
        };
        let owed = UnansweredRequest::new(request, transaction, self.sent_at);
        self.outstanding.push_unanswered(owed);
    }

    /// One exchange; a connection that the far side has closed meanwhile is opened again once.
    async fn exchange_with_reconnect(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
    ) -> Result<ReplySpan, BusChannelError> {
        self.drop_doubtful_connection(request.unit);
        let reused = self.wire.is_some();
        match self.try_exchange(request, gap).await {
            Err(BusChannelError::Unreachable(_)) if reused => {
                self.wire = None;
                self.try_exchange(request, gap).await
            }
            result => result,
        }
    }

    async fn try_exchange(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
    ) -> Result<ReplySpan, BusChannelError> {
        self.open().await?;
        let result = self.send_and_wait(request, gap).await;
        if matches!(result, Err(BusChannelError::Unreachable(_))) {
            self.wire = None;
        }
        result
    }

    async fn open(&mut self) -> Result<(), BusChannelError> {
        if self.wire.is_some() {
            return Ok(());
        }
        // Spares a host that is off a connection attempt at every poll.
        if Instant::now() < self.retry_at {
            let waiting = FaultDetail::message("waiting to try again", "detail-waiting", &[]);
            return Err(BusChannelError::Unreachable(waiting));
        }
        let Some(link) = &self.link else {
            return Err(BusChannelError::Unreachable(NO_RAW_REQUESTS.into()));
        };
        match BusTransport::open(link, self.timeout.max(Duration::from_millis(200))).await {
            Ok(wire) => {
                self.wire = Some(wire);
                self.refusals = 0;
                self.reset_connection(Instant::now());
                Ok(())
            }
            Err(fault) => {
                let pause = back_off_ms(self.refusals);
                self.refusals = self.refusals.saturating_add(1);
                self.retry_at = Instant::now() + Duration::from_millis(pause);
                Err(unreachable_error(&fault))
            }
        }
    }

    fn reset_connection(&mut self, now: Instant) {
        self.connection.reset(now);
        self.settled_at = now + self.settle;
        self.overheard = 0;
        if self.framing == ModbusFraming::Tcp {
            self.outstanding.forget_transactions();
        }
    }

    async fn send_and_wait(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
    ) -> Result<ReplySpan, BusChannelError> {
        self.wait_until_ready(gap).await;
        self.transaction = self.transaction.wrapping_add(1);
        let mut frame = [0; FRAME_MAX];
        let length = request.build(self.framing, self.transaction, &mut frame);
        self.send_frame(&frame[..length]).await?;
        let wire_time = self.wire_time(length + request.reply_bytes(self.framing));
        let begin = self.quiet_since + wire_time;
        let result = self.wait_for_reply(request, begin + self.patience).await;
        self.patience = self.patience.saturating_sub(begin.elapsed());
        result
    }

    /// Waits for the silence between frames, the device's pause, and its quiet time.
    async fn wait_until_ready(&self, gap: Duration) {
        let silence = self
            .serial_line()
            .map_or(Duration::ZERO, |line| duration_from_ms(line.silence_ms()));
        let ready = (self.quiet_since + silence.max(gap)).max(self.settled_at);
        if ready > Instant::now() {
            tokio::time::sleep_until(ready).await;
        }
    }

    /// Returns the time of this many bytes on a serial line; zero on a network.
    fn wire_time(&self, bytes: usize) -> Duration {
        let bytes = f64::from(u16::try_from(bytes).unwrap_or(u16::MAX));
        self.serial_line().map_or(Duration::ZERO, |line| {
            duration_from_ms(bytes * line.character_ms())
        })
    }

    /// Discards what came without a request, then sends.
    async fn send_frame(&mut self, frame: &[u8]) -> Result<(), BusChannelError> {
        self.drain_input()?;
        let wire = self.wire.as_mut().ok_or_else(not_open_error)?;
        wire.send(frame)
            .await
            .map_err(|fault| unreachable_error(&fault))?;
        self.counts.requests += 1;
        self.quiet_since = Instant::now();
        self.sent_at = self.quiet_since;
        self.tap_request(frame);
        if let Some((out, back)) = &mut self.trace {
            *out = frame.to_vec();
            back.clear();
        }
        Ok(())
    }

    /// Receives into this part of the buffer; returns the number of bytes.
    async fn receive_bytes(
        &mut self,
        room: std::ops::Range<usize>,
    ) -> Result<usize, BusChannelError> {
        let wire = self.wire.as_mut().ok_or_else(not_open_error)?;
        let start = room.start;
        let room = &mut self.buffer[room];
        let bytes = wire
            .receive(room)
            .await
            .map_err(|fault| unreachable_error(&fault))?;
        self.quiet_since = Instant::now();
        if let Some((_, back)) = &mut self.trace {
            back.extend_from_slice(&room[..bytes]);
        }
        self.tap_received(start..start + bytes);
        Ok(bytes)
    }
}

fn duration_from_ms(ms: f64) -> Duration {
    Duration::from_secs_f64((ms / 1000.0).clamp(0.0, 60.0))
}

#[cfg(test)]
mod tests;
