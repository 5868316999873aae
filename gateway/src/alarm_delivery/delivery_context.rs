//! [`DeliveryContext`]: what delivery works with, and how a channel is kept in the store.

use super::channel_memory::ChannelMemory;
use super::delivery_plan::QueueRows;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Site, UtcMs};
use crate::status::StatusBoard;
use crate::storage::{Store, StoreError};
use std::sync::Arc;

/// Parts of the gateway that delivery works with.
#[derive(Clone, Debug)]
pub struct DeliveryContext {
    /// Configuration with the channels.
    pub config: Arc<Config>,
    /// Store of changes and queues.
    pub store: Store,
    /// Clock of the site.
    pub clock: Clock,
    /// Board on which the channels show their state.
    pub board: StatusBoard,
}

impl DeliveryContext {
    pub(super) fn site(&self) -> &Site {
        &self.config.site
    }

    /// Month of the site now, `2026-11`.
    pub(super) fn month(&self, now: UtcMs) -> String {
        let day = self.site().timezone.date(now);
        format!("{:04}-{:02}", day.year(), day.month())
    }

    /// Whether the bytes of this month are used up.
    pub(super) async fn is_over_budget(&self, now: UtcMs) -> Result<bool, StoreError> {
        let Some(budget) = self.config.alarm_budget else {
            return Ok(false);
        };
        Ok(self.store.alarm_traffic(&self.month(now)).await? >= budget)
    }
}

/// Name under which the store knows a channel; those of sinks have no slash.
pub(super) fn stored_name(channel: &str) -> String {
    format!("messages/{channel}")
}

/// Rows as they are kept; one of a later version of the program is left where it is.
pub(super) fn parse_rows(kept: &[(u64, String)]) -> QueueRows {
    let parse = |(id, body): &(u64, String)| Some((*id, serde_json::from_str(body).ok()?));
    kept.iter().filter_map(parse).collect()
}

/// Memory of a channel as it is kept; what this version cannot read begins again.
pub(super) fn parse_memory(kept: Option<&str>) -> ChannelMemory {
    let parsed = kept.and_then(|body| serde_json::from_str(body).ok());
    parsed.unwrap_or_default()
}
