//! [`DataDamage`]: what was lost because the store's file was damaged.

use super::UtcMs;
use jiff::civil::Date;
use std::sync::Arc;

/// Kind of what was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DamagedContent {
    /// Readings of a device.
    Readings,
    /// Readings that are kept, and that a receiver did not get.
    Delivery,
    /// Entries of the ledger.
    Ledger,
    /// Receipts and photos that belonged to entries of the ledger.
    Receipts,
    /// Calibrations.
    Calibration,
    /// Records of the evidence chain and their time stamps.
    Records,
    /// Notes about issued reports and imported files.
    Notes,
    /// Log of who did what.
    Audit,
    /// Configurations and factors of earlier times.
    Revisions,
    /// Readings that a receiver had refused, as they are listed for people.
    Refusals,
    /// Keys by which a request with entries that is repeated is known again.
    RequestKeys,
    /// A whole store of which nobody knows what was in it.
    Store,
}

impl DamagedContent {
    /// Whether nothing says how much of it there was.
    pub fn is_uncounted(self) -> bool {
        matches!(
            self,
            Self::Receipts | Self::Refusals | Self::RequestKeys | Self::Store
        )
    }
}

/// One line of what was lost, by day and device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDamage {
    /// Number of the line.
    pub id: u64,
    /// Time at which the loss was found.
    pub at: UtcMs,
    /// Kind of what was lost.
    pub what: DamagedContent,
    /// Local day: of the readings, or of the row before those that are missing.
    pub day: Date,
    /// Device; empty for what belongs to none, and for readings of all devices.
    pub device: Arc<str>,
    /// First and last number of what is missing: ms since 1970 for readings, else the numbers of
    /// the rows.
    pub numbers: (i64, i64),
    /// Rows that are missing at most; 0 when that cannot be told.
    pub rows: u64,
    /// Person who has taken note of it, and the time.
    pub seen: Option<(String, UtcMs)>,
}

impl DamagedContent {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Readings,
        Self::Delivery,
        Self::Ledger,
        Self::Receipts,
        Self::Calibration,
        Self::Records,
        Self::Notes,
        Self::Audit,
        Self::Revisions,
        Self::Refusals,
        Self::RequestKeys,
        Self::Store,
    ];

    /// Word in files and message keys.
    pub fn word(self) -> &'static str {
        match self {
            Self::Readings => "readings",
            Self::Delivery => "delivery",
            Self::Ledger => "ledger",
            Self::Receipts => "receipts",
            Self::Calibration => "calibration",
            Self::Records => "records",
            Self::Notes => "notes",
            Self::Audit => "audit",
            Self::Revisions => "revisions",
            Self::Refusals => "refusals",
            Self::RequestKeys => "keys",
            Self::Store => "store",
        }
    }

    /// Returns the kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}
