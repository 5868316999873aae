//! Entries of the ledger. An entry is never changed: a correction is a new entry that names the old
//! one, and a withdrawal is a correction without a quantity.

use super::ExactNumber;
use super::UtcMs;
use super::period::Period;
use jiff::civil::{Date, DateTime};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Number of an entry: 1, 2, 3, ...
pub type EntryId = u64;

/// Kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Quantity that happened, such as kilograms on a day.
    Record,
    /// Quantity aimed at in a period.
    Target,
    /// Quantity of a period before the programme.
    Baseline,
}

/// Basis of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuantityBasis {
    /// Weighed on a scale.
    Weighed,
    /// Read from a meter.
    Metered,
    /// Counted.
    Counted,
    /// Stated by a person, without measurement.
    Declared,
}

/// Time of an entry, in local time of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryTime {
    /// Day, at an unknown time.
    Day(Date),
    /// Local date and time.
    Moment(DateTime),
    /// Period, for targets and baselines.
    Period(Period),
}

/// Receipt or photo, stored under its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// File name as handed in.
    pub name: String,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Length, bytes.
    pub bytes: u64,
}

/// Statement of a person, before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryStatement {
    /// Record, target or baseline.
    pub sort: EntryKind,
    /// Id of the indicator.
    pub indicator: Arc<str>,
    /// Description in free words: batch, product, activity.
    pub what: String,
    /// Quantity in `unit`; `None` withdraws the superseded entry, for the reason in `note`.
    pub quantity: Option<ExactNumber>,
    /// Unit of the indicator.
    pub unit: Arc<str>,
    /// Time of the quantity.
    pub when: EntryTime,
    /// Basis of the quantity.
    pub known: QuantityBasis,
    /// Person who weighed, counted or stated it.
    pub who: String,
    /// Free note; the reason of a correction.
    pub note: String,
    /// Receipts and photos.
    pub attachments: Vec<Attachment>,
    /// The entry that this one replaces.
    pub supersedes: Option<EntryId>,
}

/// Statement recorded in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// Number of the entry.
    pub id: EntryId,
    /// The statement.
    pub statement: EntryStatement,
    /// Time of recording, by the clock of the gateway.
    pub recorded_at: UtcMs,
    /// User of the system or script that recorded the entry.
    pub recorded_by: String,
    /// The entry that replaces this one; then this one no longer counts.
    pub superseded_by: Option<EntryId>,
}

impl LedgerEntry {
    /// Whether it counts: not replaced and not a withdrawal.
    pub fn is_current(&self) -> bool {
        self.superseded_by.is_none() && self.statement.quantity.is_some()
    }
}

impl Attachment {
    /// Path within the store directory.
    pub fn stored_path(&self) -> String {
        format!("attachments/{}", self.sha256)
    }

    /// Whether a text has the form of a SHA-256 hash: 64 lower-case hexadecimal digits.
    pub fn is_sha256_hex(text: &str) -> bool {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == 64 && text.bytes().all(hex)
    }
}

impl EntryTime {
    /// First day.
    pub fn first(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Moment(moment) => moment.date(),
            Self::Period(period) => period.first(),
        }
    }

    /// Last day.
    pub fn last(self) -> Date {
        match self {
            Self::Period(period) => period.last(),
            _ => self.first(),
        }
    }
}

impl fmt::Display for EntryTime {
    /// Text: `2026-11-21`, `2026-11-21T14:30` (with seconds if they are not zero), or the period.
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

impl FromStr for EntryTime {
    type Err = UnknownWordError;

    /// Parses the text of `Display`; a bare day is a day, not a period of one day.
    fn from_str(text: &str) -> Result<Self, UnknownWordError> {
        if text.contains('T') {
            return text.parse().map(Self::Moment).map_err(|_| UnknownWordError);
        }
        match text.parse() {
            Ok(Period::Day(day)) => Ok(Self::Day(day)),
            Ok(period) => Ok(Self::Period(period)),
            Err(_) => Err(UnknownWordError),
        }
    }
}

/// The text is not one of the known words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWordError;

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Record, Self::Target, Self::Baseline];

    /// Word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Target => "target",
            Self::Baseline => "baseline",
        }
    }
}

impl QuantityBasis {
    /// All bases.
    pub const ALL: [Self; 4] = [Self::Weighed, Self::Metered, Self::Counted, Self::Declared];

    /// Word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weighed => "weighed",
            Self::Metered => "metered",
            Self::Counted => "counted",
            Self::Declared => "declared",
        }
    }
}

impl FromStr for EntryKind {
    type Err = UnknownWordError;

    fn from_str(text: &str) -> Result<Self, UnknownWordError> {
        let found = Self::ALL.into_iter().find(|sort| sort.word() == text);
        found.ok_or(UnknownWordError)
    }
}

impl FromStr for QuantityBasis {
    type Err = UnknownWordError;

    fn from_str(text: &str) -> Result<Self, UnknownWordError> {
        let found = Self::ALL.into_iter().find(|known| known.word() == text);
        found.ok_or(UnknownWordError)
    }
}
