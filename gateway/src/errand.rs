//! A request that somebody else wants to make on a bus, handed to the task that owns it.
//!
//! A bus has one owner. Whoever wants to ask a device beside its polls (a scan, a technician's
//! `read`) leaves an errand; the owner does one between two polls and sends the answer back.

use crate::limits::ERRANDS_MAX;
use crate::model::Reason;
use drivers::frame::Request;
use drivers::identification::Question;
use drivers::write::Write;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Registers or bits.
    Read(Request),
    /// What the device says of itself.
    Identification(Question),
    /// Everything that answers, until the time is up.
    Hear(Request),
    /// A device's own setting, by the wizard that gives it another address.
    Write(Write),
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nobody.
    Nothing,
    /// One device, whether it gave data or refused.
    One,
    /// More than one sound answer.
    Several,
    /// Bytes that are no sound answer, as when two devices talk at once.
    Garbled,
}

impl Heard {
    /// All of them, for edges that tell of one.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::One, Self::Several, Self::Garbled];

    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::One => "one",
            Self::Several => "several",
            Self::Garbled => "garbled",
        }
    }
}

/// One request to be made on somebody's behalf.
#[derive(Debug)]
pub struct Errand {
    /// What is asked.
    pub wanted: Wanted,
    /// Least time between the end of the answer before and this request.
    pub gap: Duration,
    /// How long the answer may take beyond its time on the wire.
    pub patience: Duration,
    /// Where the answer goes; nobody may wait for it any more.
    pub answer: oneshot::Sender<Done>,
}

/// An errand as it turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What the device said, or why there is nothing.
    pub said: Result<Said, Failed>,
    /// Bytes of the request.
    pub sent: Vec<u8>,
    /// Bytes that came back for it.
    pub received: Vec<u8>,
}

/// What a device said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Data bytes of the reply.
    Data(Vec<u8>),
    /// Numbers and texts of its identification, and where to ask on.
    Objects(Vec<(u8, String)>, Option<u8>),
    /// It refuses, with this exception code.
    Exception(u8),
    /// Who answered.
    Heard(Heard),
    /// The write was sent, and not refused; whether it took effect is seen by asking.
    Written,
}

/// Why a request gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The kind.
    pub reason: Reason,
    /// In words.
    pub detail: String,
}

/// The doors to the buses of this gateway, by bus id; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Errands(Arc<BTreeMap<Arc<str>, mpsc::Sender<Errand>>>);

impl Errands {
    /// From the doors.
    pub fn new(doors: BTreeMap<Arc<str>, mpsc::Sender<Errand>>) -> Self {
        Self(Arc::new(doors))
    }

    /// The door to a bus; `None` when no task owns one of this id.
    pub fn door(&self, bus: &str) -> Option<&mpsc::Sender<Errand>> {
        self.0.get(bus)
    }
}

/// A door, and where its errands come out.
pub fn door() -> (mpsc::Sender<Errand>, mpsc::Receiver<Errand>) {
    mpsc::channel(ERRANDS_MAX)
}
