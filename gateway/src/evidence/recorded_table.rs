//! [`RecordedTable`]: table whose rows only grow and are covered by the records, by their numbers.

use serde::Serialize;
use std::fmt;

/// Table whose rows the records cover in ranges of numbers without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordedTable {
    /// Entries of the ledger.
    Ledger,
    /// Reports that were issued.
    Issued,
    /// Files in which they were handed out.
    IssuedFiles,
    /// Files whose samples were imported.
    Imports,
    /// Stretches of time that imports fill.
    Stretches,
    /// Samples in whose place imported ones stand.
    Replaced,
    /// Stretches of samples that got their true time afterwards.
    Redated,
}

/// Line of a record about rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRange {
    /// The table.
    pub table: RecordedTable,
    /// Number of the first row.
    pub first: u64,
    /// Number of the last row.
    pub last: u64,
    /// SHA-256 of their lines.
    pub sha256: String,
}

impl RecordedTable {
    /// All tables, in the order of their lines in a record.
    pub const ALL: [Self; 7] = [
        Self::Ledger,
        Self::Issued,
        Self::IssuedFiles,
        Self::Imports,
        Self::Stretches,
        Self::Replaced,
        Self::Redated,
    ];

    /// Returns its word in a record, also the name of its file in a bundle.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Issued => "issued",
            Self::IssuedFiles => "issued-files",
            Self::Imports => "imports",
            Self::Stretches => "stretches",
            Self::Replaced => "replaced",
            Self::Redated => "redated",
        }
    }

    /// Returns the table with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.word() == word)
    }

    /// Returns the name of its file in a bundle.
    pub fn file_name(self) -> String {
        format!("{}.jsonl", self.word())
    }

    /// Returns whether figures depend on its rows.
    pub fn is_behind_figures(self) -> bool {
        !matches!(self, Self::Issued | Self::IssuedFiles)
    }

    /// Returns how many rows are read at once: those of some tables are long.
    pub fn rows_at_once(self) -> u64 {
        match self {
            Self::Replaced => 10,
            Self::Issued => 500,
            _ => crate::limits::LEDGER_PAGE_MAX as u64,
        }
    }
}

impl fmt::Display for RowRange {
    /// Writes the line of a record, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.table.word();
        write!(f, "{word} {} {} {}", self.first, self.last, self.sha256)
    }
}

impl RowRange {
    /// Parses what stands behind the word of the table.
    pub(super) fn parse(table: RecordedTable, text: &str) -> Option<Self> {
        let mut words = text.splitn(3, ' ');
        Some(Self {
            table,
            first: words.next()?.parse().ok()?,
            last: words.next()?.parse().ok()?,
            sha256: words.next()?.to_owned(),
        })
    }

    /// Returns the numbers as people read them: `3`, `3-5`.
    pub fn numbers(&self) -> String {
        numbers_text(self.first, self.last)
    }
}

/// Returns a range of numbers as people read it: `3`, `3-5`.
pub fn numbers_text(first: u64, last: u64) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

/// Issued report as stored. The order of the fields is the order in the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuedLine {
    /// Number.
    pub id: u64,
    /// Time of the first issue with this content, RFC 3339, UTC.
    pub issued_at: String,
    /// Period.
    pub period: String,
    /// The asset; empty for the site.
    pub asset: String,
    /// SHA-256 of its content.
    pub content: String,
    /// Revision of configuration and factors.
    pub revision: String,
    /// Digest of the last record.
    pub digest: String,
    /// Headline figures, a JSON list as text.
    pub headlines: String,
    /// Way on which it was asked for.
    pub via: String,
    /// Name of the person.
    pub issued_by: String,
}

/// File of an issued report as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuedFileLine {
    /// Number.
    pub id: u64,
    /// Number of the report.
    pub report: i64,
    /// Time at which it was handed out, RFC 3339, UTC.
    pub issued_at: String,
    /// Format.
    pub format: String,
    /// Code of the language.
    pub language: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Import of a file into a point as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportLine {
    /// Number.
    pub id: u64,
    /// Point, `device.point`.
    pub point: String,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Name of the person.
    pub by: String,
    /// Time of the import, RFC 3339, UTC.
    pub at: String,
    /// Interval of the rows, ms.
    pub interval_ms: i64,
}

/// Stretch of imported samples as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StretchLine {
    /// Number.
    pub id: u64,
    /// Number of the import.
    pub import: i64,
    /// Time at which it was written, RFC 3339, UTC.
    pub at: String,
    /// Time of the first sample.
    pub first: String,
    /// Time of the last sample.
    pub last: String,
    /// Number of samples.
    pub samples: i64,
    /// Number of those in the place of a kept one.
    pub replaced: i64,
}

/// Samples that an import replaced, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplacedLine {
    /// Number.
    pub id: u64,
    /// Number of the import.
    pub import: i64,
    /// Time at which they were replaced, RFC 3339, UTC.
    pub at: String,
    /// The samples, each as its hashed line without its end; `null` when they cannot be read.
    pub samples: Option<Vec<String>>,
}

/// Stretch of re-dated samples as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedatedLine {
    /// Number.
    pub id: u64,
    /// Point, `device.point`.
    pub point: String,
    /// Boot and difference of its two clocks (ms) while they were read.
    pub era: String,
    /// Time at which they got their time, RFC 3339, UTC.
    pub at: String,
    /// Shift, ms.
    pub shift_ms: i64,
    /// True time of the first sample.
    pub first: String,
    /// True time of the last sample.
    pub last: String,
    /// Number of samples.
    pub samples: i64,
}
