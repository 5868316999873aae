//! [`ReloadDoor`]: asks the running gateway to take over its configuration file as it is now.
//!
//! ```text
//! match door.ask("Ani").await { Some(ReloadOutcome::Accepted(plan)) => ..., ... }
//! ```
//!
//! The answer comes before the change: the page and the control socket that asked start anew.

use crate::config::Diagnostic;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Request to take over the configuration file.
#[derive(Debug)]
pub struct ReloadRequest {
    /// Person or program that asks, for the audit log.
    pub by: String,
    /// Reason of the change; empty for none.
    pub why: String,
    /// Channel for the answer; its receiver may be gone.
    pub answer: oneshot::Sender<ReloadOutcome>,
}

/// Answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// The file has these faults; the gateway goes on with what it has.
    Refused(Vec<Diagnostic>),
    /// Keys of the file that only a new start can change.
    NeedsRestart(Vec<&'static str>),
    /// A scan or a change of an address runs on a bus.
    Busy,
    /// The store cannot make readings durable now, with the reason; a reload would lose those that
    /// wait in memory.
    NotStored(String),
    /// The file cannot be used for another reason, such as a certificate that cannot be read.
    Failed(String),
    /// The gateway takes it over now.
    Accepted(ReloadPlan),
}

/// Change that a reload makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReloadPlan {
    /// Id of the new revision of the configuration.
    pub revision: String,
    /// Buses that go on polling without a pause.
    pub kept: Vec<Arc<str>>,
    /// Buses that start, or start anew with other settings or devices.
    pub started: Vec<Arc<str>>,
    /// Buses that are gone.
    pub stopped: Vec<Arc<str>>,
    /// Warnings about the file.
    pub warnings: Vec<Diagnostic>,
}

/// Reloads of a gateway since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReloadState {
    /// Number of reloads that have ended, well or not.
    pub ended: u32,
    /// Reason for which the last one went back to the configuration before; `None` after a good
    /// one.
    pub fault: Option<String>,
}

/// Way to the running gateway; clones share it. The default one has no gateway behind it.
#[derive(Clone, Debug, Default)]
pub struct ReloadDoor(Option<ReloadChannels>);

#[derive(Clone, Debug)]
struct ReloadChannels {
    requests: mpsc::Sender<ReloadRequest>,
    state: watch::Receiver<ReloadState>,
}

/// The gateway's end of the door.
#[derive(Debug)]
pub struct ReloadQueue {
    /// Requests.
    pub requests: mpsc::Receiver<ReloadRequest>,
    /// State that callers see.
    pub state: watch::Sender<ReloadState>,
}

impl ReloadDoor {
    /// Creates the door and the end at which the gateway waits.
    pub fn new() -> (Self, ReloadQueue) {
        // One at a time: who asks while a reload runs waits for it.
        let (sender, requests) = mpsc::channel(1);
        let (state, seen) = watch::channel(ReloadState::default());
        let channels = ReloadChannels {
            requests: sender,
            state: seen,
        };
        (Self(Some(channels)), ReloadQueue { requests, state })
    }

    /// Asks for a reload in the name of a person or program, with the reason; `None` when no
    /// gateway is behind the door, or it stops.
    pub async fn ask(&self, by: &str, why: &str) -> Option<ReloadOutcome> {
        let (answer, outcome) = oneshot::channel();
        let (by, why) = (by.to_owned(), why.to_owned());
        let request = ReloadRequest { by, why, answer };
        self.0.as_ref()?.requests.send(request).await.ok()?;
        outcome.await.ok()
    }

    /// Reloads since the start; `None` when no gateway is behind the door.
    pub fn state(&self) -> Option<ReloadState> {
        Some(self.0.as_ref()?.state.borrow().clone())
    }
}

impl ReloadQueue {
    /// Notes the end of a reload.
    pub fn note_end(&self, fault: Option<String>) {
        self.state.send_modify(|state| {
            state.ended = state.ended.saturating_add(1);
            state.fault = fault;
        });
    }
}
