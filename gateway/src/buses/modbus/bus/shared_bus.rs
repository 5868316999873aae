//! Channel to a bus that another task owns: each request is sent to that task.

use super::channel_error::owner_gone_error;
use super::{BUFFER_BYTES, BusChannel, BusChannelError};
use crate::bus_request::{BusRequest, BusRequestAnswer, BusRequestKind, BusRequestOutcome};
use crate::config::Bus;
use crate::domain::{FaultDetail, QualityReason};
use drivers::frame::{ModbusReadReply, ModbusReadRequest};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

impl BusChannel {
    /// Creates a channel that sends its requests to the owner instead of opening the bus.
    pub fn via_owner(bus: &Bus, owner: mpsc::Sender<BusRequest>) -> Self {
        Self {
            owner: Some(owner),
            ..Self::new(bus)
        }
    }

    /// Creates a channel through the owner of the bus, or one that opens the bus when nobody owns
    /// it.
    pub fn with_owner(bus: &Bus, owner: Option<mpsc::Sender<BusRequest>>) -> Self {
        match owner {
            Some(owner) => Self::via_owner(bus, owner),
            None => Self::new(bus),
        }
    }

    pub(super) async fn request_via_owner(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
    ) -> Result<ModbusReadReply<'_>, BusChannelError> {
        match self
            .send_bus_request(BusRequestKind::Read(request), gap)
            .await?
        {
            BusRequestAnswer::Exception(code) => Ok(ModbusReadReply::Exception(code)),
            BusRequestAnswer::Data(data) => {
                let count = data.len().min(request.data_bytes()).min(BUFFER_BYTES);
                self.buffer[..count].copy_from_slice(&data[..count]);
                Ok(ModbusReadReply::Data(&self.buffer[..count]))
            }
            BusRequestAnswer::Objects(..)
            | BusRequestAnswer::Responders(_)
            | BusRequestAnswer::Outcomes(..)
            | BusRequestAnswer::Written => Err(unexpected_answer_error()),
        }
    }

    pub(super) async fn send_bus_request(
        &mut self,
        wanted: BusRequestKind,
        gap: Duration,
    ) -> Result<BusRequestAnswer, BusChannelError> {
        let (answer, done) = oneshot::channel();
        let errand = BusRequest {
            wanted,
            gap,
            // The timeout of this channel, not that of the owner: a scan waits for less time than a
            // poll.
            patience: self.timeout,
            answer,
        };
        let gone = owner_gone_error;
        let owner = self.owner.as_ref().ok_or_else(gone)?;
        owner.send(errand).await.map_err(|_| gone())?;
        let done = done.await.map_err(|_| gone())?;
        if let Some(trace) = &mut self.trace {
            *trace = (done.sent, done.received);
        }
        done.said
            .map_err(|failed| BusChannelError::FromOwner(failed.reason, failed.detail))
    }

    /// True when another task owns the bus.
    pub(super) fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Performs a request of another task and sends the result back.
    pub async fn serve_bus_request(&mut self, errand: BusRequest) {
        // Restored below, so that the trace and timeout of another task's request leave no trace in
        // the polls.
        let (timeout, traced) = (self.timeout, self.trace.is_some());
        self.timeout = errand.patience;
        self.keep_trace();
        let said = match errand.wanted {
            BusRequestKind::Read(request) => {
                self.ask(request, errand.gap)
                    .await
                    .map(|reply| match reply {
                        ModbusReadReply::Data(data) => BusRequestAnswer::Data(data.to_vec()),
                        ModbusReadReply::Exception(code) => BusRequestAnswer::Exception(code),
                    })
            }
            BusRequestKind::Identification(question) => {
                self.request_identification(question, errand.gap).await
            }
            BusRequestKind::Listen(request) => self
                .listen_for_replies(request)
                .await
                .map(BusRequestAnswer::Responders),
            BusRequestKind::Write(write) => self.write(write).await.map(|refusal| {
                refusal.map_or(BusRequestAnswer::Written, BusRequestAnswer::Exception)
            }),
            // The bus task answers it itself.
            BusRequestKind::Poll(_) => Err(unexpected_answer_error()),
        };
        self.timeout = timeout;
        let (sent, received) = self.trace.clone().unwrap_or_default();
        if !traced {
            self.trace = None;
        }
        let said = said.map_err(|failure| crate::bus_request::BusRequestError {
            reason: failure.reason(),
            detail: failure.detail(),
        });
        // The requester may have stopped meanwhile.
        let _ = errand.answer.send(BusRequestOutcome {
            said,
            sent,
            received,
        });
    }
}

pub(super) fn unexpected_answer_error() -> BusChannelError {
    let english = "an unexpected type of answer";
    let detail = FaultDetail::message(english, "detail-unexpected-answer", &[]);
    BusChannelError::FromOwner(QualityReason::Corrupt, detail)
}
