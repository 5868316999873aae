//! [`BusDriver`]: the access to the devices of one bus, and what one poll gave.

use crate::bus_request::{BusRequest, BusRequestError, BusRequestOutcome};
use crate::clock::Clock;
use crate::config::{ModbusTable, Point};
use crate::domain::{ExactNumber, FaultDetail, MonoMs, QualityReason, SampleOutcome};
use crate::limits::{BACKOFF_MIN_MS, doubled_backoff_ms};
use crate::status::{DeviceFault, DeviceIdentity, FrameLog};
use std::fmt::Debug;
use std::pin::Pin;

/// Error text of a bus without requests for scans and technicians.
pub(crate) const NO_RAW_REQUESTS: &str = "this kind of bus has no raw requests";

/// Future of a driver; boxed, so that one bus task serves every kind of bus.
pub type BusFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Poll of a device for a technician.
pub struct PatientPoll<'a> {
    /// Position of the device on its bus.
    pub device: usize,
    /// Clock of the pauses between tries.
    pub clock: &'a Clock,
    /// Called when the device did not answer at once but may still do so.
    pub waiting: &'a mut (dyn FnMut() + Send),
}

impl Debug for PatientPoll<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("PatientPoll");
        shown.field("device", &self.device).finish_non_exhaustive()
    }
}

/// Access to the devices of one bus; each kind of bus implements it.
///
/// `device` is the position of a device among those of its bus, in file order. Exactly one task
/// owns a driver and makes one call at a time.
pub trait BusDriver: Send + Debug {
    /// Polls all points of a device. It must end by itself, also when the device is silent.
    fn poll(&mut self, device: usize, now: MonoMs) -> BusFuture<'_, DevicePoll>;

    /// Polls for a technician, who waits longer than the bus task does.
    fn poll_patiently<'a>(&'a mut self, wish: PatientPoll<'a>) -> BusFuture<'a, DevicePoll> {
        self.poll(wish.device, wish.clock.now().mono)
    }

    /// Gives a counter that lives in this process the value that it had before the start. By
    /// default the devices themselves keep their counters.
    fn resume_counter(&mut self, _device: usize, _point: usize, _value: ExactNumber) {}

    /// Returns what a technician is shown of the last poll; `None` when the bus has neither
    /// requests nor registers.
    fn poll_details(&self, _device: usize, _poll: &DevicePoll) -> Option<PollDetails> {
        None
    }

    /// Repeats a request to a device that answers, to find a second device at its address. By
    /// default an address has one device.
    fn check_address(&mut self, _device: usize) -> BusFuture<'_, Option<DeviceFault>> {
        Box::pin(std::future::ready(None))
    }

    /// Lets a log have what goes over the wire, for a technician who looks at it. By default there
    /// are no frames.
    fn watch_frames(&mut self, _log: FrameLog) {}

    /// Works between two polls, and may be dropped at any `await`. By default it does nothing and
    /// never ends.
    fn run_idle(&mut self) -> BusFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    /// Makes a request of another task (a scan, a technician). By default the bus has none.
    fn serve_request(&mut self, request: BusRequest) -> BusFuture<'_, ()> {
        let error = BusRequestError {
            reason: QualityReason::Unreachable,
            detail: NO_RAW_REQUESTS.into(),
        };
        // The requester may have stopped meanwhile.
        let _ = request.answer.send(BusRequestOutcome {
            said: Err(error),
            sent: Vec::new(),
            received: Vec::new(),
        });
        Box::pin(std::future::ready(()))
    }
}

/// Result of one poll of a device, and the state of its bus after it.
#[derive(Clone, Debug)]
pub struct DevicePoll {
    /// One outcome for each configured point, or the error of the whole device.
    pub outcomes: Result<Box<[SampleOutcome]>, PollError>,
    /// Last failed request and its error, as text for log and status page.
    pub detail: FaultDetail,
    /// Fault of a device that answers; `None` when it has none beyond those of its points.
    pub fault: Option<DeviceFault>,
    /// Identity reported by the device.
    pub identity: Option<DeviceIdentity>,
    /// Learned limit of registers in one read; `None` when none was learned.
    pub shortened_to: Option<u16>,
    /// Round-trip time of the last answered request, milliseconds.
    pub round_trip_ms: f64,
    /// The device answered in part and is read in another way next time: it is not dead.
    pub has_learnt: bool,
    /// A timeout was caused by the device, not by a connection that is still in its quiet time.
    pub is_silence_meaningful: bool,
    /// Milliseconds until the next try to open the bus; `None` while it is open.
    pub reopen_ms: Option<u64>,
    /// Counts of the bus since the last poll.
    pub counts: BusCounts,
}

impl DevicePoll {
    /// Creates the result of a bus that is open and has nothing more to report.
    pub fn new(outcomes: Result<Box<[SampleOutcome]>, PollError>) -> Self {
        Self {
            detail: outcomes
                .as_ref()
                .err()
                .map_or_else(FaultDetail::default, |error| error.message.clone().into()),
            outcomes,
            fault: None,
            identity: None,
            shortened_to: None,
            round_trip_ms: 0.0,
            has_learnt: false,
            is_silence_meaningful: true,
            reopen_ms: None,
            counts: BusCounts::default(),
        }
    }
}

/// Reason that a poll gave nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct PollError {
    /// Reason as samples carry it; `Unreachable` is a fault of the bus.
    pub reason: QualityReason,
    /// Error text.
    pub message: String,
}

/// Requests and registers of the last poll of one device.
#[derive(Clone, Debug, Default)]
pub struct PollDetails {
    /// Requests of its plan after the device's refusals.
    pub requests: Vec<PollRequest>,
    /// Each configured point with its address as read; `None` when the device has no such point.
    pub points: Vec<Option<Point>>,
    /// Registers of each point as read (high half first when it stands apart); `None` when not
    /// read.
    pub registers: Vec<Option<Vec<u16>>>,
    /// Value of each point that was rejected as out of range; `None` for all others.
    pub out_of_range: Vec<Option<ExactNumber>>,
    /// Bytes of the last request.
    pub sent: Vec<u8>,
    /// Bytes received for it.
    pub received: Vec<u8>,
}

/// One request of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollRequest {
    /// Table (function code).
    pub table: ModbusTable,
    /// Address of the first register or bit.
    pub address: u16,
    /// Number of registers or bits.
    pub count: u16,
    /// Bytes of an RTU reply to it.
    pub reply_bytes: usize,
}

/// Counts of one bus since they were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusCounts {
    /// Requests sent.
    pub requests: u64,
    /// Requests without an answer in time.
    pub timeouts: u64,
    /// Answers that did not fit.
    pub corrupt: u64,
    /// Complete answers to earlier requests.
    pub late: u64,
    /// Other unexpected bytes.
    pub stale: u64,
}

/// Returns the pause after this many failures in a row: 0.5 s, doubled up to 60 s.
pub(super) fn back_off_ms(failures_before: u32) -> u64 {
    doubled_backoff_ms(BACKOFF_MIN_MS, failures_before)
}
