//! [`PublishedAlarms`]: the change of an alarm that one connection has in flight.

use tokio::time::Instant;

/// Changes of alarms as one connection publishes them: one after the other.
#[derive(Debug, Default)]
pub(super) struct PublishedAlarms {
    /// Time of the last look at the list.
    pub(super) checked: Option<Instant>,
    /// Packet id and number of the change in flight.
    pub(super) in_flight: Option<(u16, u64)>,
    /// The broker has refused one on this connection.
    pub(super) is_refused: bool,
}

impl PublishedAlarms {
    /// Whether the message with this packet id is a change of an alarm.
    pub(super) fn is_in_flight(&self, id: u16) -> bool {
        self.in_flight.is_some_and(|(own, _)| own == id)
    }

    /// Ends publishing on this connection.
    pub(super) fn stop(&mut self) {
        (self.in_flight, self.is_refused) = (None, true);
    }
}
