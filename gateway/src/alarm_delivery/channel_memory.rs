//! [`ChannelMemory`]: what is kept of one channel, as JSON in the store.

use super::delivery_fault::DeliveryFault;
use crate::domain::UtcMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Hour, ms.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// Counts of a channel and its last events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ChannelMemory {
    /// Messages that were acknowledged, all recipients together.
    pub(super) sent: u64,
    /// Messages that were refused for good.
    pub(super) refused: u64,
    /// Messages that were given up.
    pub(super) given_up: u64,
    /// Changes that were left out of a full queue, all in all.
    pub(super) left_out: u64,
    /// The part of them that a recipient has not been told of.
    pub(super) unsaid: BTreeMap<String, u64>,
    /// Times of the messages of the last hour by recipient, ms since 1970 UTC.
    pub(super) recent: BTreeMap<String, Vec<i64>>,
    /// Time of the last acknowledged message, ms since 1970 UTC.
    pub(super) last_sent: Option<i64>,
    /// Fault since the last acknowledged message.
    pub(super) fault: Option<KeptFault>,
    /// The last message that was refused or given up.
    pub(super) refusal: Option<KeptFault>,
}

/// Fault with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptFault {
    /// Time, ms since 1970 UTC.
    pub(crate) at: i64,
    /// Fault.
    pub(crate) fault: DeliveryFault,
}

impl ChannelMemory {
    /// Messages to a recipient within the last hour.
    pub(super) fn sent_within_hour(&self, recipient: &str, now: UtcMs) -> Vec<i64> {
        let all = self.recent.get(recipient).into_iter().flatten();
        // A time beyond now was set by a clock that was wrong.
        let within = |at: &i64| (0..HOUR_MS).contains(&(now.0 - at));
        all.copied().filter(within).collect()
    }

    /// Notes a message that was acknowledged.
    pub(super) fn note_sent(&mut self, recipient: &str, now: UtcMs, messages: u64) {
        let mut recent = self.sent_within_hour(recipient, now);
        recent.push(now.0);
        self.recent.insert(recipient.to_owned(), recent);
        self.unsaid.remove(recipient);
        self.sent += messages;
        self.last_sent = Some(now.0);
        self.fault = None;
    }

    /// Notes messages that were refused for good.
    pub(super) fn note_refused(&mut self, fault: &DeliveryFault, now: UtcMs, messages: u64) {
        self.refused += messages;
        self.refusal = Some(KeptFault {
            at: now.0,
            fault: fault.clone(),
        });
    }

    /// Notes a fault that may pass.
    pub(super) fn note_fault(&mut self, fault: &DeliveryFault, now: UtcMs) {
        self.fault = Some(KeptFault {
            at: now.0,
            fault: fault.clone(),
        });
    }
}
