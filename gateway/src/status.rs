//! How buses, devices and sinks are right now: written by the tasks that know, read by pages,
//! metrics and `/healthz`. A board of plain values; no history.

use crate::limits::SINK_STALL_SECONDS;
use crate::model::{Reason, Seq, UtcMs};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The board; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<State>>);

/// Everything on the board, as of one moment.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// By device id.
    pub devices: BTreeMap<Arc<str>, DeviceState>,
    /// By bus id.
    pub buses: BTreeMap<Arc<str>, BusState>,
    /// By sink name (`mqtt`, `influx`).
    pub sinks: BTreeMap<&'static str, SinkState>,
}

/// How one device does.
#[derive(Clone, Debug, Default)]
pub struct DeviceState {
    /// Last poll that gave at least one value.
    pub last_good: Option<UtcMs>,
    /// Last poll of any kind.
    pub last_poll: Option<UtcMs>,
    /// What was wrong with the last poll; `None` when nothing was.
    pub fault: Option<Fault>,
    /// Polls done.
    pub polls: u64,
    /// Polls that gave nothing.
    pub failures: u64,
    /// Slots that passed because the bus was still busy.
    pub late: u64,
    /// Round trip of the last good request, milliseconds.
    pub round_trip_ms: f64,
    /// Failures in a row.
    pub misses: u32,
    /// Registers of one read, when it was found to be silent to longer ones; `None` otherwise.
    pub shortened_to: Option<u16>,
    /// What the device has said of itself; `None` when it cannot, or was not asked yet.
    pub identity: Option<Identity>,
}

/// What a device says of itself, as a technician would read it off its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who made it.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Options; often empty.
    pub options: String,
    /// Version of its firmware.
    pub version: String,
    /// Serial number.
    pub serial: String,
    /// Address at which its list of models begins.
    pub base: u16,
    /// Number and length (registers) of each model, in order.
    pub models: Vec<(u16, u16)>,
    /// Why the list was not read to its end; `None` when it was.
    pub cut_short: Option<String>,
}

/// A fault in words for the log and the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The kind.
    pub reason: Reason,
    /// Device, register, asked, got.
    pub detail: String,
}

/// How one bus does.
#[derive(Clone, Debug, Default)]
pub struct BusState {
    /// The port or connection is open.
    pub open: bool,
    /// Why not.
    pub fault: Option<String>,
    /// Requests sent.
    pub requests: u64,
    /// Requests without an answer in time.
    pub timeouts: u64,
    /// Answers that did not fit (CRC, length, unit, transaction).
    pub corrupt: u64,
    /// Whole answers that came after the timeout.
    pub late: u64,
    /// What else came unasked and was thrown away.
    pub stale: u64,
}

/// How one sink does.
#[derive(Clone, Debug, Default)]
pub struct SinkState {
    /// The far side is there.
    pub connected: bool,
    /// Why not, or the last thing it refused.
    pub fault: Option<String>,
    /// What is probably wrong, where there is a sentence that says what to do.
    pub trouble: Option<SinkTrouble>,
    /// Everything up to here has been acknowledged.
    pub delivered: Seq,
    /// Time of the last acknowledged reading.
    pub delivered_at: Option<UtcMs>,
    /// Readings kept but not yet acknowledged.
    pub waiting: u64,
    /// Since when readings wait and none was acknowledged.
    pub waiting_since: Option<Instant>,
    /// Readings refused for good since the store was made.
    pub refused: u64,
}

/// What is probably wrong with a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkTrouble {
    /// A web page answers instead of the database.
    WebPage,
    /// Connected, and nothing is acknowledged.
    Silent,
    /// Another client has the same client id.
    ClientId,
    /// The user may not write there.
    NotAllowed,
}

impl SinkTrouble {
    /// Key of the sentence that says what to do.
    pub fn key(self) -> &'static str {
        match self {
            Self::WebPage => "web-sink-web-page",
            Self::Silent => "web-sink-silent",
            Self::ClientId => "web-sink-client-id",
            Self::NotAllowed => "web-sink-not-allowed",
        }
    }
}

impl SinkState {
    /// For how long nothing was acknowledged although readings wait.
    pub fn stalled(&self) -> Duration {
        self.waiting_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Connected and getting on: whoever looks need not ask the sink's task, which may hang.
    pub fn delivers(&self) -> bool {
        self.connected && self.stalled() < Duration::from_secs(SINK_STALL_SECONDS)
    }
}

impl Board {
    /// Changes something on the board.
    pub fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A copy of the board.
    pub fn read(&self) -> State {
        self.write(|state| state.clone())
    }
}
