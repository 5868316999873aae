//! [`StatusBoard`]: the current state of buses, devices and sinks, shared in memory.
//!
//! ```text
//! board.update(|state| state.buses.entry(id).or_default().open = true);   // a bus task
//! let state = board.snapshot();                                          // page, metrics
//! ```
//!
//! Bus and sink tasks write it; the page, the metrics and `/healthz` read it. It keeps no history.
//! See `docs/ARCHITECTURE.md`.

mod flap_log;
mod frame_log;

pub(crate) use flap_log::{FlapLine, FlapLog};
pub use frame_log::{BusFrame, FRAMES_KEPT_FOR, FrameEnding, FrameLog};

use crate::domain::{FaultDetail, QualityReason, ReadingSeq, UtcMs};
use crate::limits::{COPY_OLD_DAYS, SINK_LATE_SECONDS, SINK_REFUSING_MIN, SINK_STALL_SECONDS};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Shared state of the gateway; clones share one state.
#[derive(Clone, Debug, Default)]
pub struct StatusBoard {
    state: Arc<Mutex<StatusSnapshot>>,
    /// Frames of each bus, kept only while somebody looks.
    frames: Arc<Mutex<BTreeMap<Arc<str>, FrameLog>>>,
}

/// Copy of the shared state at one moment.
#[derive(Clone, Debug, Default)]
pub struct StatusSnapshot {
    /// By device id.
    pub devices: BTreeMap<Arc<str>, DeviceState>,
    /// By bus id.
    pub buses: BTreeMap<Arc<str>, BusState>,
    /// By sink name (`mqtt`, `influx`).
    pub sinks: BTreeMap<&'static str, SinkState>,
    /// Time stamps of the chain; `None` when none are configured.
    pub stamps: Option<StampingState>,
    /// Daily copies on another disk; `None` when none are made.
    pub copies: Option<CopyState>,
    /// Channels of messages of alarms by id.
    pub alarm_channels: BTreeMap<Arc<str>, AlarmChannelState>,
}

/// State of a channel on which messages of alarms reach people; the counts are those of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmChannelState {
    /// Messages that wait.
    pub queued: u64,
    /// Time since which the oldest of them waits.
    pub oldest: Option<UtcMs>,
    /// Messages that were acknowledged.
    pub sent: u64,
    /// Messages that were refused for good.
    pub refused: u64,
    /// Messages that were given up.
    pub given_up: u64,
    /// Messages that a full queue has left out.
    pub left_out: u64,
    /// Word of the fault since the last acknowledged message.
    pub fault: Option<&'static str>,
}

/// State of the time stamps of the evidence chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StampingState {
    /// Time of the last stamp that was kept.
    pub last_good: Option<UtcMs>,
    /// Reason for which the last attempt gave none; `None` after a good one.
    pub fault: Option<String>,
}

/// State of the daily copies on another disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyState {
    /// Directory of the copies; `None` while there is no other disk.
    pub place: Option<PathBuf>,
    /// Time of the newest whole copy.
    pub last_good: Option<UtcMs>,
    /// Reason for which the last attempt failed; `None` after a good one.
    pub fault: Option<String>,
    /// The directory is not there: a disk that is not plugged in.
    pub is_missing: bool,
}

impl CopyState {
    /// Whether copies were made, and the newest one is too old.
    pub fn is_old(&self, now: UtcMs) -> bool {
        let age = |last: UtcMs| now.0.saturating_sub(last.0);
        self.last_good
            .is_some_and(|last| age(last) > COPY_OLD_DAYS * 86_400_000)
    }

    /// Whether somebody has to look after them.
    pub fn is_failing(&self, now: UtcMs) -> bool {
        self.fault.is_some() || self.is_old(now)
    }
}

/// State of one device since the start of the gateway.
#[derive(Clone, Debug, Default)]
pub struct DeviceState {
    /// Time of the last poll that gave at least one value.
    pub last_good: Option<UtcMs>,
    /// Time of the last poll.
    pub last_poll: Option<UtcMs>,
    /// Error of the last poll; `None` after a good one.
    pub fault: Option<DeviceFault>,
    /// Number of polls.
    pub polls: u64,
    /// Number of polls that gave no value.
    pub failures: u64,
    /// Number of poll slots missed because the bus was still busy.
    pub late: u64,
    /// Mean time between the last polls, milliseconds; `None` until there were some.
    pub real_every_ms: Option<u64>,
    /// Round trip of the last good request, milliseconds.
    pub round_trip_ms: f64,
    /// Failed polls in a row.
    pub misses: u32,
    /// Maximum registers of one read after longer reads stayed unanswered; `None` otherwise.
    pub shortened_to: Option<u16>,
    /// Identity reported by the device; `None` when it has none or was not asked yet.
    pub identity: Option<DeviceIdentity>,
}

/// Identity that a device reports, as printed on its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// Manufacturer.
    pub manufacturer: String,
    /// Model name.
    pub model: String,
    /// Installed options; often empty.
    pub options: String,
    /// Firmware version.
    pub version: String,
    /// Serial number.
    pub serial: String,
    /// Address at which its `SunSpec` model list begins.
    pub base: u16,
    /// Number and length (registers) of each `SunSpec` model, in list order.
    pub models: Vec<(u16, u16)>,
    /// Reason for which the model list could not be read to its end; `None` when it was.
    pub cut_short: Option<String>,
}

/// Error of a device, for the log and the page.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceFault {
    /// Error class.
    pub reason: QualityReason,
    /// Device, register, request and answer, as text.
    pub detail: FaultDetail,
}

/// State of one bus.
#[derive(Clone, Debug, Default)]
pub struct BusState {
    /// True when the port or connection is open.
    pub open: bool,
    /// Reason for which it is not open.
    pub fault: Option<String>,
    /// Number of requests sent.
    pub requests: u64,
    /// Number of requests without an answer in time.
    pub timeouts: u64,
    /// Number of invalid answers (CRC, length, unit id, transaction id).
    pub corrupt: u64,
    /// Number of complete answers that came after their timeout.
    // Separate from `corrupt`: late answers point to a short timeout, corrupt ones to the line.
    pub late: u64,
    /// Number of other unexpected frames that were discarded.
    pub stale: u64,
    /// Share of the last minute in which polls were under way, percent; `None` at the start.
    pub load_percent: Option<u8>,
}

/// State of one sink.
#[derive(Clone, Debug, Default)]
pub struct SinkState {
    /// True when the broker or database is connected.
    // TCP alone does not count: a broker that accepts the connection and acknowledges nothing
    // looked healthy.
    pub connected: bool,
    /// Reason for which it is not connected, or the last refusal.
    pub fault: Option<String>,
    /// Probable cause, where a message with a remedy exists.
    pub trouble: Option<SinkDiagnosis>,
    /// Sequence number up to which all readings are acknowledged or refused.
    pub settled: ReadingSeq,
    /// Sequence number of the last acknowledged reading up to there; 0 when none is known.
    // Not the same: a receiver that refuses everything settles it all and has none.
    pub delivered: ReadingSeq,
    /// Time of the last acknowledged reading.
    pub delivered_at: Option<UtcMs>,
    /// Number of stored readings that are not acknowledged yet.
    pub waiting: u64,
    /// The part of them that has waited for the end of an outage.
    pub backlog: u64,
    /// Time since which readings wait without any acknowledgement.
    pub waiting_since: Option<Instant>,
    /// Time since which the oldest of them waits.
    // Not the same: a sink that crawls acknowledges all the time, and is hours behind.
    pub oldest_waiting: Option<Instant>,
    /// Number of readings refused permanently since the store was created.
    pub refused: u64,
    /// Number of them since the last acknowledged one.
    pub refused_in_a_row: u64,
    /// Time of the first of these.
    pub refusing_since: Option<Instant>,
    /// Time before which nothing is sent, since the receiver has asked for a long pause.
    pub next_try: Option<UtcMs>,
    /// Lead of the server's clock over the time of readings, ms, where it is more than both can
    /// err.
    pub clock_lead_ms: Option<i64>,
}

/// Probable cause of a failing sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkDiagnosis {
    /// A web page answers instead of the database (proxy or captive portal).
    WebPage,
    /// Connected, but nothing is acknowledged.
    Silent,
    /// Another client uses the same MQTT client id.
    ClientId,
    /// The user has no right to write there.
    NotAllowed,
    /// The readings have no date yet: no source knows the time.
    NoTime,
    /// The computer of the address refuses the connection: nothing listens there.
    ConnectionRefused,
    /// Nothing answers.
    NoAnswer,
    /// The name of the server is not known.
    UnknownHost,
    /// No network leads to the server.
    NoNetwork,
    /// TLS failed: a certificate is not accepted, or the other side speaks no TLS.
    TlsFailed,
    /// User name, password, token or client id is not accepted.
    LoginRefused,
    /// The database does not know the organisation, the bucket or the address.
    UnknownBucket,
    /// It refuses every reading, so that none is refused for good.
    TakesNothing,
}

impl SinkDiagnosis {
    /// Catalogue key of the message that names the remedy.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::WebPage => "web-sink-web-page",
            Self::Silent => "web-sink-silent",
            Self::ClientId => "web-sink-client-id",
            Self::NotAllowed => "web-sink-not-allowed",
            Self::NoTime => "web-sink-no-time",
            Self::ConnectionRefused => "web-sink-connection-refused",
            Self::NoAnswer => "web-sink-no-answer",
            Self::UnknownHost => "web-sink-unknown-host",
            Self::NoNetwork => "web-sink-no-network",
            Self::TlsFailed => "web-sink-tls-failed",
            Self::LoginRefused => "web-sink-login-refused",
            Self::UnknownBucket => "web-sink-unknown-bucket",
            Self::TakesNothing => "web-sink-takes-nothing",
        }
    }
}

/// Health of a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryHealth {
    /// Connected, and readings are delivered soon.
    Good,
    /// Not connected.
    Away,
    /// Connected, and nothing is acknowledged.
    Stalled,
    /// Connected, and everything is refused.
    Refusing,
    /// Connected, and the oldest undelivered reading has waited for long.
    Late,
}

impl DeliveryHealth {
    /// Word in the state message and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Away => "away",
            Self::Stalled => "stalled",
            Self::Refusing => "refusing",
            Self::Late => "late",
        }
    }
}

impl SinkState {
    /// Time without an acknowledgement while readings wait.
    pub fn stalled_for(&self) -> Duration {
        self.waiting_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Age of the oldest undelivered reading; zero when all are delivered.
    pub fn oldest_age(&self) -> Duration {
        self.oldest_waiting
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Time for which readings have been refused and none acknowledged; zero for single ones.
    pub fn refusing_for(&self) -> Duration {
        let since = self.refusing_since;
        let since = since.filter(|_| self.refused_in_a_row >= SINK_REFUSING_MIN);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Health, judged from the shared state alone.
    // The sink's task is not asked: it may hang, and that is what the caller wants to find out.
    pub fn health(&self) -> DeliveryHealth {
        if !self.connected {
            DeliveryHealth::Away
        } else if self.stalled_for() >= Duration::from_secs(SINK_STALL_SECONDS) {
            DeliveryHealth::Stalled
        } else if self.refusing_for() >= Duration::from_secs(SINK_STALL_SECONDS) {
            DeliveryHealth::Refusing
        } else if self.oldest_age() >= Duration::from_secs(SINK_LATE_SECONDS) {
            DeliveryHealth::Late
        } else {
            DeliveryHealth::Good
        }
    }

    /// True when connected, not stalled, not refusing, and not late.
    pub fn is_delivering(&self) -> bool {
        self.health() == DeliveryHealth::Good
    }
}

impl StatusBoard {
    /// Applies a change to the shared state and returns its result.
    pub fn update<T>(&self, change: impl FnOnce(&mut StatusSnapshot) -> T) -> T {
        // A panic of another task does not make plain counters unusable.
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the frames of a bus.
    pub fn frame_log(&self, bus: &Arc<str>) -> FrameLog {
        let mut all = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(bus.clone()).or_default().clone()
    }

    /// Returns a copy of the shared state.
    pub fn snapshot(&self) -> StatusSnapshot {
        self.update(|state| state.clone())
    }
}
