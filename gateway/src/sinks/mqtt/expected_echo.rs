//! [`StateEcho`]: whether the site's state has come back from the broker.

use tokio::time::Instant;

/// Progress of a state on its way back.
#[derive(Debug)]
pub(super) enum StateEcho {
    /// Nothing holds readings back: the state has come back, or need not.
    Settled,
    /// The subscription with this packet id is not answered yet.
    Subscribing(u16),
    /// This state was published; the time at which it was seen acknowledged.
    Expected(String, Option<Instant>),
}

impl StateEcho {
    /// Whether readings may be sent.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self, Self::Settled)
    }
}
