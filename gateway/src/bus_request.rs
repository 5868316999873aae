//! [`BusRequest`]: a request on a bus, made by the task that owns the bus for another task.
//!
//! ```text
//! let (answer, done) = oneshot::channel();
//! handles.handle("line-1")?.send(BusRequest { wanted, gap, patience, answer }).await;
//! let outcome = done.await;    // answer or error, with the bytes sent and received
//! ```
//!
//! Exactly one task owns a bus. A scan or a technician's `pantau read` queues its request with that
//! task, which makes one request between two polls and returns the answer. See the `buses` section
//! of `docs/ARCHITECTURE.md`.

use crate::domain::{FaultDetail, QualityReason, SampleOutcome};
use crate::limits::BUS_REQUESTS_MAX;
use drivers::frame::ModbusReadRequest;
use drivers::identification::IdentificationRequest;
use drivers::write_request::ModbusWriteRequest;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusRequestKind {
    /// Read registers, coils or discrete inputs.
    Read(ModbusReadRequest),
    /// Read device identification (function 0x2B/0x0E).
    Identification(IdentificationRequest),
    /// Collect all answers until the timeout, to find out how many devices share an address.
    // Needed before an address is changed: exactly one device must answer.
    Listen(ModbusReadRequest),
    /// Write a setting of the device; used only by the wizard that changes address or speed.
    Write(ModbusWriteRequest),
    /// Poll all points of the device at this position on its bus; for buses without registers.
    Poll(u16),
}

/// Number of devices that answered one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponderCount {
    /// No device.
    Nothing,
    /// One device, with data or with an exception.
    One,
    /// More than one valid answer.
    Several,
    /// Bytes that form no valid answer, as when two devices answer at once.
    Garbled,
}

impl ResponderCount {
    /// All values, for interfaces that accept one by its word.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::One, Self::Several, Self::Garbled];

    /// Stable word for files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::One => "one",
            Self::Several => "several",
            Self::Garbled => "garbled",
        }
    }
}

/// Request on a bus, queued with the task that owns it.
#[derive(Debug)]
pub struct BusRequest {
    /// Kind of request.
    pub wanted: BusRequestKind,
    /// Minimum time between the end of the previous answer and this request.
    pub gap: Duration,
    /// Time that the answer may take beyond its time on the wire.
    pub patience: Duration,
    /// Channel for the outcome; its receiver may be gone.
    pub answer: oneshot::Sender<BusRequestOutcome>,
}

/// Outcome of a request, with the bytes on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct BusRequestOutcome {
    /// Answer of the device, or the error.
    pub said: Result<BusRequestAnswer, BusRequestError>,
    /// Bytes of the request.
    pub sent: Vec<u8>,
    /// Bytes received for it.
    pub received: Vec<u8>,
}

/// Answer of a device.
#[derive(Clone, Debug, PartialEq)]
pub enum BusRequestAnswer {
    /// Data bytes of the reply.
    Data(Vec<u8>),
    /// Identification objects (number and text), and the object to continue with.
    Objects(Vec<(u8, String)>, Option<u8>),
    /// Modbus exception code.
    Exception(u8),
    /// Number of devices that answered.
    Responders(ResponderCount),
    /// The write was sent and not refused. Only a read shows whether it took effect.
    Written,
    /// Outcomes of the points of the device, and its fault when it answers and has one.
    Outcomes(Vec<SampleOutcome>, Option<BusRequestError>),
}

/// Error of a request without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusRequestError {
    /// Error class.
    pub reason: QualityReason,
    /// Error text.
    pub detail: FaultDetail,
}

/// Request queues of all buses of this gateway, by bus id; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct BusHandles(Arc<BTreeMap<Arc<str>, mpsc::Sender<BusRequest>>>);

impl BusHandles {
    /// Creates the handles from the queue of each bus.
    pub fn new(doors: BTreeMap<Arc<str>, mpsc::Sender<BusRequest>>) -> Self {
        Self(Arc::new(doors))
    }

    /// Queue of a bus; `None` when no task owns a bus with this id.
    pub fn handle(&self, bus: &str) -> Option<&mpsc::Sender<BusRequest>> {
        self.0.get(bus)
    }
}

/// Creates the request queue of a bus.
pub fn request_channel() -> (mpsc::Sender<BusRequest>, mpsc::Receiver<BusRequest>) {
    // Bounded: when it is full the caller is told to come back, and the polls go on.
    mpsc::channel(BUS_REQUESTS_MAX)
}
