//! [`OwnedBus`]: a bus without registers that another task owns; each poll is made by that task.

use super::{BusDriver, BusFuture, DevicePoll, PollError};
use crate::bus_request::{BusRequest, BusRequestAnswer, BusRequestKind};
use crate::domain::{MonoMs, QualityReason};
use crate::status::DeviceFault;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Bus of the running gateway, for a command beside it.
#[derive(Debug)]
pub(super) struct OwnedBus {
    owner: mpsc::Sender<BusRequest>,
    /// Position of each device among those of the owner's bus.
    positions: Vec<u16>,
}

impl OwnedBus {
    pub(super) fn new(owner: mpsc::Sender<BusRequest>, positions: Vec<u16>) -> Self {
        Self { owner, positions }
    }

    async fn ask_owner(&self, device: usize) -> Result<DevicePoll, PollError> {
        let gone = || PollError {
            reason: QualityReason::Unreachable,
            message: "the task that owns the bus has stopped".to_owned(),
        };
        let (answer, done) = oneshot::channel();
        let position = self.positions.get(device).copied().ok_or_else(gone)?;
        let errand = BusRequest {
            wanted: BusRequestKind::Poll(position),
            gap: Duration::ZERO,
            patience: Duration::ZERO,
            answer,
        };
        self.owner.send(errand).await.map_err(|_| gone())?;
        let said = done.await.map_err(|_| gone())?.said;
        match said {
            Ok(BusRequestAnswer::Outcomes(outcomes, fault)) => Ok(DevicePoll {
                fault: fault.map(|fault| DeviceFault {
                    reason: fault.reason,
                    detail: fault.detail,
                }),
                ..DevicePoll::new(Ok(outcomes.into()))
            }),
            Ok(_) => Err(gone()),
            Err(error) => Err(PollError {
                reason: error.reason,
                message: error.detail.to_string(),
            }),
        }
    }
}

impl BusDriver for OwnedBus {
    fn poll(&mut self, device: usize, _now: MonoMs) -> BusFuture<'_, DevicePoll> {
        Box::pin(async move {
            let poll = self.ask_owner(device).await;
            poll.unwrap_or_else(|error| DevicePoll::new(Err(error)))
        })
    }
}
