//! [`AlarmState`]: what is kept of one alarm, as JSON in the store.

use crate::config::AlarmLevel;
use crate::domain::UtcMs;
use crate::limits::SNOOZE_HOURS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Step of a clock back that is a correction, not another time, ms.
pub(super) const CLOCK_STEP_MS: i64 = 3_600_000;

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
    /// The reminder that the clock alone has made due, for when its time turns out to be wrong.
    #[serde(default)]
    pub(crate) reminder: Option<ToldReminder>,
    /// Person who has seen it.
    pub(crate) acknowledged: Option<Acknowledgement>,
    /// Time until which it stays quiet, ms since 1970 UTC.
    pub(crate) snoozed_until: Option<i64>,
    /// Person who has quieted it.
    #[serde(default)]
    pub(crate) snoozed_by: Option<String>,
}

/// Reminder that was told by the time of the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldReminder {
    /// Time at which it was told, ms since 1970 UTC.
    pub(crate) at: i64,
    /// End of the quiet time that it has ended, ms since 1970 UTC.
    pub(crate) snoozed_until: Option<i64>,
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

    /// True while it stays quiet. An end that is further away than anybody can wish was set by a
    /// clock that was wrong.
    pub(crate) fn is_snoozed(&self, now: UtcMs) -> bool {
        let longest = i64::from(SNOOZE_HOURS_MAX) * 3_600_000;
        self.snoozed_until
            .is_some_and(|until| now.0 < until && until - now.0 <= longest + CLOCK_STEP_MS)
    }
}
