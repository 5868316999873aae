//! [`QueuedMessage`]: one message of one change for one recipient, as JSON in the store.

use crate::alarms::AlarmChange;
use crate::config::AlarmLevel;
use crate::domain::UtcMs;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// States of a change that people are told; who has seen an alarm is on the page.
// One alarm, one reminder, one recovery: what more there is makes people mute a group.
const TOLD_STATES: [&str; 4] = ["raised", "reminder", "recovered", "withdrawn"];

/// Message that waits for its recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct QueuedMessage {
    /// Recipient; empty for the only one of the channel.
    pub(super) recipient: String,
    /// Number of the change.
    pub(super) number: u64,
    /// Time since which it waits, ms since 1970 UTC.
    pub(super) since: i64,
    /// False while no trusted time was known since then.
    pub(super) dated: bool,
    /// It has waited for the end of quiet hours.
    #[serde(default)]
    pub(super) held: bool,
    /// The change, with its text in the language of the channel.
    pub(super) change: AlarmChange,
}

impl QueuedMessage {
    /// Severity; an unknown word is a warning.
    pub(super) fn level(&self) -> AlarmLevel {
        AlarmLevel::parse(&self.change.severity).unwrap_or(AlarmLevel::Warning)
    }

    /// True for what is sent at any hour.
    pub(super) fn is_urgent(&self) -> bool {
        self.level() == AlarmLevel::Urgent
    }

    /// Text in the language of the channel.
    pub(super) fn text(&self) -> &str {
        self.change.text.values().next().map_or("", String::as_str)
    }

    /// True when it has waited for longer than this; a clock that may be wrong says nothing.
    pub(super) fn is_older(&self, than: Duration, now: UtcMs, is_trusted: bool) -> bool {
        let age = u64::try_from(now.0 - self.since).unwrap_or(0);
        is_trusted && self.dated && Duration::from_millis(age) >= than
    }
}

/// Whether a channel from this severity on tells a change.
pub(super) fn is_told(change: &AlarmChange, from: AlarmLevel) -> bool {
    let level = AlarmLevel::parse(&change.severity).unwrap_or(AlarmLevel::Warning);
    // The worst comes first in the order of levels.
    level <= from && TOLD_STATES.contains(&&*change.state)
}
