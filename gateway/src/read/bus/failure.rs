//! Why a request gave no answer, and what has happened on a bus.

use crate::model::Reason;
use drivers::frame::Misfit;
use std::time::Duration;

/// Why a request gave no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Silence.
    #[error("no answer within {0} ms")]
    Timeout(u128),
    /// Nothing in time, but the device is known to answer later than that: the timeout, and after
    /// how long its answers come where that was measured.
    #[error("the answer comes too late: {}timeout is {} ms", after(*.1), .0.as_millis())]
    Late(Duration, Option<Duration>),
    /// Bytes that are not the answer.
    #[error("answer does not fit: {0}, {1} bytes")]
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

fn after(late: Option<Duration>) -> String {
    late.map_or(String::new(), |late| {
        format!("after {} ms, ", late.as_millis())
    })
}

impl Failure {
    /// The same for a sample.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Timeout(_) => Reason::Timeout,
            Self::Late(..) => Reason::Late,
            Self::Corrupt(Misfit::Header { .. }, _) => Reason::Header,
            Self::Corrupt(..) => Reason::Corrupt,
            Self::Unreachable(_) => Reason::Unreachable,
            Self::Refused(code) => Reason::Refused(*code),
            Self::NotFound(_) => Reason::Absent,
            Self::Told(reason, _) => *reason,
        }
    }
}

pub(super) fn unreachable(fault: &std::io::Error) -> Failure {
    Failure::Unreachable(fault.to_string())
}

pub(super) fn not_open() -> Failure {
    Failure::Unreachable("not open".into())
}

/// What has happened on a bus since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Without an answer in time.
    pub timeouts: u64,
    /// Answers that did not fit.
    pub corrupt: u64,
    /// Whole answers to earlier requests.
    pub late: u64,
    /// What else came unasked.
    pub stale: u64,
}
