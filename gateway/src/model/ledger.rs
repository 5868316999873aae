//! What people write down. An entry is never changed: a correction is a new entry that names the
//! old one, and a withdrawal is a correction without a quantity.

use super::UtcMs;
use super::decimal::Decimal;
use super::period::Period;
use jiff::civil::{Date, DateTime};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The ledger's number of an entry: 1, 2, 3, ...
pub type EntryId = u64;

/// What sort of statement an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// It happened: so many kilograms on that day.
    Record,
    /// It is aimed at in that period.
    Target,
    /// It was so before the programme, in that period.
    Baseline,
}

/// How the quantity is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// On a scale.
    Weighed,
    /// By a meter.
    Metered,
    /// By counting.
    Counted,
    /// Somebody says so.
    Declared,
}

/// When it was, in the site's local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Some time that day.
    Day(Date),
    /// At that local time.
    Moment(DateTime),
    /// Over that period; targets and baselines.
    Period(Period),
}

/// A receipt or photo, kept in the store under its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// File name as it was handed in.
    pub name: String,
    /// SHA-256 of its bytes, 64 small hexadecimal digits.
    pub sha256: String,
    /// Its length, bytes.
    pub bytes: u64,
}

/// What a person says, before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Record, target or baseline.
    pub sort: Sort,
    /// Id of the indicator it counts for.
    pub indicator: Arc<str>,
    /// What it was, in free words: a batch, a product, an activity.
    pub what: String,
    /// How much, in `unit`; `None` withdraws the superseded entry, for the reason in `note`.
    pub quantity: Option<Decimal>,
    /// The indicator's unit.
    pub unit: Arc<str>,
    /// When it was.
    pub when: When,
    /// How it is known.
    pub known: Known,
    /// Who weighed, counted or says so.
    pub who: String,
    /// Anything else; the reason of a correction.
    pub note: String,
    /// Receipts and photos.
    pub attachments: Vec<Attachment>,
    /// The entry that this one replaces.
    pub supersedes: Option<EntryId>,
}

/// A statement in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// What was said.
    pub statement: Statement,
    /// When it was written down, by the gateway's clock.
    pub recorded_at: UtcMs,
    /// Who or what wrote it down: a user of the system, a script.
    pub recorded_by: String,
    /// The entry that replaces this one, when there is one: then this one counts no more.
    pub superseded_by: Option<EntryId>,
}

impl Entry {
    /// It counts: nothing replaces it and it is no withdrawal.
    pub fn is_current(&self) -> bool {
        self.superseded_by.is_none() && self.statement.quantity.is_some()
    }
}

impl Attachment {
    /// Where it is kept, within the store's directory.
    pub fn kept_path(&self) -> String {
        format!("attachments/{}", self.sha256)
    }

    /// The hash could be one: 64 small hexadecimal digits.
    pub fn is_hash(text: &str) -> bool {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == 64 && text.bytes().all(hex)
    }
}

impl When {
    /// The first day of it.
    pub fn first(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Moment(moment) => moment.date(),
            Self::Period(period) => period.first(),
        }
    }

    /// The last day of it.
    pub fn last(self) -> Date {
        match self {
            Self::Period(period) => period.last(),
            _ => self.first(),
        }
    }
}

impl fmt::Display for When {
    /// `2026-11-21`, `2026-11-21T14:30` (with seconds when there are any), or the period.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Moment(moment) if moment.second() == 0 => {
                write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M"))
            }
            Self::Moment(moment) => write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%S")),
            Self::Period(period) => write!(f, "{period}"),
        }
    }
}

impl FromStr for When {
    type Err = UnknownWord;

    /// The inverse of its text; a bare day is a day, not a period of one.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if text.contains('T') {
            return text.parse().map(Self::Moment).map_err(|_| UnknownWord);
        }
        match text.parse() {
            Ok(Period::Day(day)) => Ok(Self::Day(day)),
            Ok(period) => Ok(Self::Period(period)),
            Err(_) => Err(UnknownWord),
        }
    }
}

/// A word that is none of the sort's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

impl Sort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Record, Self::Target, Self::Baseline];

    /// Its word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Target => "target",
            Self::Baseline => "baseline",
        }
    }
}

impl Known {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Weighed, Self::Metered, Self::Counted, Self::Declared];

    /// Its word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weighed => "weighed",
            Self::Metered => "metered",
            Self::Counted => "counted",
            Self::Declared => "declared",
        }
    }
}

impl FromStr for Sort {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|sort| sort.word() == text);
        found.ok_or(UnknownWord)
    }
}

impl FromStr for Known {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|known| known.word() == text);
        found.ok_or(UnknownWord)
    }
}
