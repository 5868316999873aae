//! Errors of a request.

use super::port_lock::PortBusyError;
use crate::domain::{FaultDetail, QualityReason};
use drivers::frame::ModbusFrameError;
use std::io;
use std::time::Duration;

/// Step and longest step that a proposed timeout is rounded up to, milliseconds.
const PROPOSAL_STEPS_MS: (u128, u128) = (100, 500);

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
    Unreachable(FaultDetail),
    /// Modbus exception code that ends the poll.
    #[error("exception {0}")]
    Refused(u8),
    /// The device answers, but lacks what its profile expects.
    #[error("{0}")]
    NotFound(FaultDetail),
    /// Error reported by the task that owns the bus.
    #[error("{1}")]
    FromOwner(QualityReason, FaultDetail),
}

fn format_delay(late: Option<Duration>) -> String {
    late.map_or(String::new(), |late| {
        format!("after {} ms, ", late.as_millis())
    })
}

/// Returns the `timeout` for a device that answers after this time, as a configuration has it: half
/// as long again, and at least 100 ms more.
pub fn proposed_timeout(after: Duration) -> String {
    let after = after.as_millis();
    let wanted = (after + after / 2).max(after + 100);
    let (fine, coarse) = PROPOSAL_STEPS_MS;
    let step = if wanted <= 1000 { fine } else { coarse };
    // A configuration allows a minute at most.
    let ms = wanted.next_multiple_of(step).min(60_000);
    if ms % 1000 == 0 {
        format!("{}s", ms / 1000)
    } else {
        format!("{ms}ms")
    }
}

impl BusChannelError {
    /// Returns the reason as samples carry it.
    pub fn reason(&self) -> QualityReason {
        match self {
            Self::Timeout(_) => QualityReason::Timeout,
            Self::Late(..) => QualityReason::Late,
            Self::HalfAnswered(..) => QualityReason::HalfAnswered,
            Self::Corrupt(
                ModbusFrameError::HeaderLength { .. } | ModbusFrameError::Transaction { .. },
                _,
            ) => QualityReason::Header,
            Self::Corrupt(..) => QualityReason::Corrupt,
            Self::Unreachable(_) => QualityReason::Unreachable,
            Self::Refused(code) => QualityReason::Refused(*code),
            Self::NotFound(_) => QualityReason::Absent,
            Self::FromOwner(reason, _) => *reason,
        }
    }

    /// Returns the error as text for every language.
    pub fn detail(&self) -> FaultDetail {
        let english = self.to_string();
        match self {
            Self::Timeout(ms) => FaultDetail::message(english, "detail-timeout", &[("ms", ms)]),
            Self::Late(timeout, None) => {
                let ms = timeout.as_millis();
                FaultDetail::message(english, "detail-late", &[("timeout", &ms)])
            }
            Self::Late(timeout, Some(after)) => {
                let proposed = proposed_timeout(*after);
                let args: &[(_, &dyn std::fmt::Display)] = &[
                    ("timeout", &timeout.as_millis()),
                    ("after", &after.as_millis()),
                    ("proposed", &proposed),
                ];
                FaultDetail::message(english, "detail-late-after", args)
            }
            Self::HalfAnswered(ms, answered, sent) => {
                let args: &[(_, &dyn std::fmt::Display)] =
                    &[("ms", ms), ("answered", answered), ("sent", sent)];
                FaultDetail::message(english, "detail-half-answered-timeout", args)
            }
            Self::Corrupt(misfit, bytes) => misfit_detail(english, *misfit, *bytes),
            Self::Refused(code) => {
                FaultDetail::message(english, "detail-exception", &[("code", code)])
            }
            Self::Unreachable(detail) | Self::NotFound(detail) | Self::FromOwner(_, detail) => {
                detail.clone()
            }
        }
    }
}

fn misfit_detail(english: String, misfit: ModbusFrameError, bytes: usize) -> FaultDetail {
    let key = match misfit {
        ModbusFrameError::Echo => "detail-misfit-echo",
        ModbusFrameError::Stale => "detail-misfit-stale",
        ModbusFrameError::Noise => "detail-misfit-noise",
        ModbusFrameError::Checksum => "detail-misfit-checksum",
        ModbusFrameError::Unit => "detail-misfit-unit",
        ModbusFrameError::Function => "detail-misfit-function",
        ModbusFrameError::Length => "detail-misfit-length",
        ModbusFrameError::Transaction { stated, expected } => {
            let args: &[(_, &dyn std::fmt::Display)] =
                &[("stated", &stated), ("expected", &expected)];
            return FaultDetail::message(english, "detail-misfit-transaction", args);
        }
        ModbusFrameError::HeaderLength { stated, expected } => {
            let args: &[(_, &dyn std::fmt::Display)] =
                &[("stated", &stated), ("expected", &expected)];
            return FaultDetail::message(english, "detail-misfit-header", args);
        }
    };
    FaultDetail::message(english, key, &[("bytes", &bytes)])
}

pub(super) fn unreachable_error(fault: &io::Error) -> BusChannelError {
    let english = fault.to_string();
    let busy = fault
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<PortBusyError>());
    if let Some(busy) = busy {
        return BusChannelError::Unreachable(busy.detail());
    }
    let key = match fault.kind() {
        io::ErrorKind::ConnectionRefused => "detail-connection-refused",
        io::ErrorKind::TimedOut => "detail-no-connection",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "detail-no-route",
        io::ErrorKind::NotFound => "detail-no-port",
        io::ErrorKind::PermissionDenied => "detail-no-permission",
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => "detail-closed",
        _ => return BusChannelError::Unreachable(english.into()),
    };
    BusChannelError::Unreachable(FaultDetail::message(english, key, &[]))
}

pub(super) fn not_open_error() -> BusChannelError {
    BusChannelError::Unreachable(FaultDetail::message("not open", "detail-not-open", &[]))
}

pub(super) fn owner_gone_error() -> BusChannelError {
    let english = "the task that owns the bus has stopped";
    BusChannelError::Unreachable(FaultDetail::message(english, "detail-owner-gone", &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_proposed_with_room_and_in_round_numbers() {
        let of = |ms| proposed_timeout(Duration::from_millis(ms));
        assert_eq!(of(70), "200ms");
        assert_eq!(of(320), "500ms");
        assert_eq!(of(800), "1500ms");
        assert_eq!(of(1300), "2s");
        assert_eq!(of(50_000), "60s");
    }
}
