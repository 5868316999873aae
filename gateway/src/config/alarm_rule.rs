//! [`AlarmRule`]: one checked rule of alarms.

use std::sync::Arc;
use std::time::Duration;

/// Checked rule. The first rule of an id whose subject fits is the one that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmRule {
    /// Id of the library or of the site.
    pub id: Arc<str>,
    /// Name for people, of a rule of the site.
    pub name: Option<Arc<str>>,
    /// Asset, point, device or sink that it is about; `None`: all that the condition finds.
    pub subject: Option<Arc<str>>,
    /// Values or condition that it looks at.
    pub source: AlarmSource,
    /// Severity; `None`: that of the condition.
    pub severity: Option<AlarmLevel>,
    /// Time for which it must last before it is an alarm.
    pub after: Duration,
    /// Time for which it must be over before it has recovered.
    pub clear_after: Duration,
    /// Rule that says the same more urgently of the same subject.
    pub unless: Option<Arc<str>>,
    /// True for a rule that a site has switched off.
    pub is_off: bool,
}

/// Source of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum AlarmSource {
    /// Condition of the home page by its id.
    Condition {
        /// Id.
        id: Arc<str>,
        /// Roles of points of the asset without which nothing can be said.
        needs: Vec<Arc<str>>,
    },
    /// Figure of an asset, or of the site.
    Indicator {
        /// Id, `tank.fill_last`.
        id: Arc<str>,
        /// Asset; `None` for a figure of the site.
        asset: Option<Arc<str>>,
        /// Period.
        period: AlarmPeriod,
        /// Limit.
        test: AlarmTest,
    },
    /// Latest value of a point, in its own unit.
    Point {
        /// Id, `device.point`.
        id: Arc<str>,
        /// Test of the value.
        test: AlarmTest,
    },
}

/// Period of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmPeriod {
    /// Yesterday and today.
    Recent,
    /// The last seven days, with today.
    Week,
    /// This month.
    Month,
}

/// Test of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlarmTest {
    /// Above a limit; over at or below `clear`.
    Above {
        /// Limit.
        limit: f64,
        /// Value at which it is over.
        clear: f64,
    },
    /// Below a limit; over at or above `clear`.
    Below {
        /// Limit.
        limit: f64,
        /// Value at which it is over.
        clear: f64,
    },
    /// Changes by more than this in an hour, up or down.
    Rate(f64),
    /// Exactly the same value for the time of `after`.
    Stuck,
    /// No good value for the time of `after`.
    Silent,
}

/// Severity of an alarm, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmLevel {
    /// Somebody should act now.
    Urgent,
    /// To be checked today.
    Warning,
    /// Good to know.
    Notice,
}

impl AlarmLevel {
    /// Every level, worst first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Warning, Self::Notice];

    /// Word in files, in messages and at the end of the message key `attention-level-WORD`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }

    /// Level of a word; `None` for another word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }
}

impl AlarmPeriod {
    /// Period of a word; `None` for another word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "recent" => Some(Self::Recent),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }
}

impl AlarmRule {
    /// Whether the rule is about this subject.
    pub(crate) fn is_about(&self, subject: &str) -> bool {
        self.subject.as_ref().is_none_or(|own| **own == *subject)
    }
}

/// Whether a role of an asset is this one: `temperature`, `temperature_2`, ...
pub(crate) fn is_role(role: &str, wanted: &str) -> bool {
    let rest = role.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}
