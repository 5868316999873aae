//! A bus that another task owns: each request is an errand to it.

use super::{BUFFER, Channel, Failure};
use crate::config::Bus;
use crate::errand::{Done, Errand, Said, Wanted};
use crate::model::Reason;
use drivers::frame::{Reply, Request};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

impl Channel {
    /// Asks the task behind the door instead of opening the bus.
    pub fn shared(bus: &Bus, owner: mpsc::Sender<Errand>) -> Self {
        Self {
            owner: Some(owner),
            ..Self::new(bus)
        }
    }

    pub(super) async fn ask_owner(
        &mut self,
        request: Request,
        gap: Duration,
    ) -> Result<Reply<'_>, Failure> {
        match self.send_errand(Wanted::Read(request), gap).await? {
            Said::Exception(code) => Ok(Reply::Exception(code)),
            Said::Data(data) => {
                let count = data.len().min(request.data_bytes()).min(BUFFER);
                self.buffer[..count].copy_from_slice(&data[..count]);
                Ok(Reply::Data(&self.buffer[..count]))
            }
            Said::Objects(..) | Said::Heard(_) | Said::Written => Err(unfit()),
        }
    }

    pub(super) async fn send_errand(
        &mut self,
        wanted: Wanted,
        gap: Duration,
    ) -> Result<Said, Failure> {
        let (answer, done) = oneshot::channel();
        let errand = Errand {
            wanted,
            gap,
            patience: self.timeout,
            answer,
        };
        let gone = || Failure::Unreachable("nobody owns the bus any more".into());
        let owner = self.owner.as_ref().ok_or_else(gone)?;
        owner.send(errand).await.map_err(|_| gone())?;
        let done = done.await.map_err(|_| gone())?;
        if let Some(trace) = &mut self.trace {
            *trace = (done.sent, done.received);
        }
        done.said
            .map_err(|failed| Failure::Told(failed.reason, failed.detail))
    }

    /// Another task owns the bus.
    pub(super) fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Does somebody else's request, and sends the answer where it is waited for.
    pub async fn run_errand(&mut self, errand: Errand) {
        let (timeout, traced) = (self.timeout, self.trace.is_some());
        self.timeout = errand.patience;
        self.keep_trace();
        let said = match errand.wanted {
            Wanted::Read(request) => self
                .ask(request, errand.gap)
                .await
                .map(|reply| match reply {
                    Reply::Data(data) => Said::Data(data.to_vec()),
                    Reply::Exception(code) => Said::Exception(code),
                }),
            Wanted::Identification(question) => self.ask_identity(question, errand.gap).await,
            Wanted::Hear(request) => self.hear(request).await.map(Said::Heard),
            Wanted::Write(write) => self
                .write(write)
                .await
                .map(|refusal| refusal.map_or(Said::Written, Said::Exception)),
        };
        self.timeout = timeout;
        let (sent, received) = self.trace.clone().unwrap_or_default();
        if !traced {
            self.trace = None;
        }
        let said = said.map_err(|failure| crate::errand::Failed {
            reason: failure.reason(),
            detail: failure.to_string(),
        });
        // Whoever asked may have been stopped meanwhile.
        let _ = errand.answer.send(Done {
            said,
            sent,
            received,
        });
    }
}

pub(super) fn unfit() -> Failure {
    Failure::Told(Reason::Corrupt, "an answer to another question".into())
}
