//! Errors of a request.

use crate::domain::QualityReason;
use drivers::frame::ModbusFrameError;
use std::time::Duration;

/// Reason that a request had no usable answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BusChannelError {
    /// No bytes within the timeout, milliseconds.
    #[error("no answer within {0} ms")]
    Timeout(u128),
    /// No answer within the timeout from a device that is known to answer later: the timeout, and
    /// the measured delay of its answers.
    #[error("the answer comes too late: {}timeout is {} ms", format_delay(*.1), .0.as_millis())]
    Late(Duration, Option<Duration>),
    /// No answer within the timeout (milliseconds) from a device that answers only some requests:
    /// its answers, and the requests that were sent to it lately.
    #[error("no answer within {0} ms; {1} of the last {2} requests were answered")]
    HalfAnswered(u128, u32, u32),
    /// Bytes that are not the expected answer: the first mismatch, and their number.
    #[error("answer does not fit: {0}, {1} bytes")]
    Corrupt(ModbusFrameError, usize),
    /// The bus or the device's host cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Modbus exception code that ends the poll.
    #[error("exception {0}")]
    Refused(u8),
    /// The device answers, but lacks what its profile expects.
    #[error("{0}")]
    NotFound(String),
    /// Error reported by the task that owns the bus.
    #[error("{1}")]
    FromOwner(QualityReason, String),
}

fn format_delay(late: Option<Duration>) -> String {
    late.map_or(String::new(), |late| {
        format!("after {} ms, ", late.as_millis())
    })
}

impl BusChannelError {
    /// Returns the reason as samples carry it.
    pub fn reason(&self) -> QualityReason {
        match self {
            Self::Timeout(_) => QualityReason::Timeout,
            Self::Late(..) => QualityReason::Late,
            Self::HalfAnswered(..) => QualityReason::HalfAnswered,
            Self::Corrupt(ModbusFrameError::HeaderLength { .. }, _) => QualityReason::Header,
            Self::Corrupt(..) => QualityReason::Corrupt,
            Self::Unreachable(_) => QualityReason::Unreachable,
            Self::Refused(code) => QualityReason::Refused(*code),
            Self::NotFound(_) => QualityReason::Absent,
            Self::FromOwner(reason, _) => *reason,
        }
    }
}

pub(super) fn unreachable_error(fault: &std::io::Error) -> BusChannelError {
    BusChannelError::Unreachable(fault.to_string())
}

pub(super) fn not_open_error() -> BusChannelError {
    BusChannelError::Unreachable("not open".into())
}
