//! [`AlarmState`]: what is kept of one alarm, as JSON in the store.

use crate::config::AlarmLevel;
use crate::domain::UtcMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// State of one alarm: of one rule and one subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AlarmState {
    /// The alarm, while it is raised.
    pub(crate) raised: Option<RaisedAlarm>,
    /// Time for which the trouble was there without an alarm, or is over with one, ms of the
    /// monotonic clock.
    pub(crate) held_ms: i64,
}

/// Alarm that is raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RaisedAlarm {
    /// Time at which it was raised, ms since 1970 UTC.
    pub(crate) since: i64,
    /// True when the clock was trusted then.
    pub(crate) dated: bool,
    /// Word of its severity.
    pub(crate) severity: String,
    /// Sentence by code of the language.
    pub(crate) texts: BTreeMap<String, String>,
    /// Value at that time, in the unit of the rule.
    pub(crate) value: Option<f64>,
    /// Time since it was last told, ms of the monotonic clock, without the time of a stop.
    pub(crate) untold_ms: i64,
    /// The reminder was told.
    pub(crate) reminded: bool,
    /// Person who has seen it.
    pub(crate) acknowledged: Option<Acknowledgement>,
    /// Time until which it stays quiet, ms since 1970 UTC.
    pub(crate) snoozed_until: Option<i64>,
    /// Person who has quieted it.
    #[serde(default)]
    pub(crate) snoozed_by: Option<String>,
}

/// Person who has taken note of an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acknowledgement {
    /// Name.
    pub(crate) by: String,
    /// Note; empty for none.
    pub(crate) note: String,
    /// Time, ms since 1970 UTC.
    pub(crate) at: i64,
}

impl AlarmState {
    /// True when nothing of it needs to be kept.
    pub(crate) fn is_blank(&self) -> bool {
        self.raised.is_none() && self.held_ms == 0
    }
}

impl RaisedAlarm {
    /// Severity; an unknown word is a warning.
    pub(crate) fn level(&self) -> AlarmLevel {
        AlarmLevel::parse(&self.severity).unwrap_or(AlarmLevel::Warning)
    }

    /// Word of its state: `raised`, `acknowledged` or `snoozed`.
    pub(crate) fn state_word(&self, now: UtcMs) -> &'static str {
        if self.is_snoozed(now) {
            "snoozed"
        } else if self.acknowledged.is_some() {
            "acknowledged"
        } else {
            "raised"
        }
    }

    /// True while it stays quiet.
    pub(crate) fn is_snoozed(&self, now: UtcMs) -> bool {
        self.snoozed_until.is_some_and(|until| now.0 < until)
    }
}
