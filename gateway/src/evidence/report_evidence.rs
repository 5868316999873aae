//! [`ReportEvidence`]: the state of the evidence when a report was made, as the report prints it.

use super::canonical_form::hash;
use super::day_record::DayDigest;
use super::recorded_table::{RecordedTable, numbers_text};
use jiff::civil::Date;

/// Evidence behind a report: the last record, what no record names yet, and the report's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportEvidence {
    /// Last record of the chain; `None` while no day has one.
    pub head: Option<ChainHead>,
    /// Entries, configurations, factors and calibrations that no record names yet, each as the
    /// line of a record.
    pub open: Vec<String>,
    /// SHA-256 of what the report says, in no language; empty when there is none.
    pub content: String,
}

/// Last record of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Position in the chain.
    pub number: u64,
    /// Local day of the record.
    pub day: Date,
    /// Its digest, 64 hexadecimal digits.
    pub sha256: String,
}

/// Evidence of a document that is about no closed day.
pub static NO_EVIDENCE: ReportEvidence = ReportEvidence {
    head: None,
    open: Vec::new(),
    content: String::new(),
};

impl ReportEvidence {
    /// Returns the digest of the last record; empty while there is none.
    pub fn digest(&self) -> &str {
        self.head.as_ref().map_or("", |head| &head.sha256)
    }

    /// Returns the SHA-256 of the open lines, each ended by a line feed; `None` without any.
    pub fn open_sha256(&self) -> Option<String> {
        let text = self.open.join("\n");
        (!text.is_empty()).then(|| hash(format!("{text}\n").as_bytes()))
    }

    /// Returns what the open lines are about: `ledger 34-35`, `configuration 5`.
    pub fn open_names(&self) -> Vec<String> {
        let name = |line: &String| {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                [table, first, last, _] if RecordedTable::parse(table).is_some() => {
                    match (first.parse(), last.parse()) {
                        (Ok(first), Ok(last)) => format!("{table} {}", numbers_text(first, last)),
                        _ => line.clone(),
                    }
                }
                [kind, id, ..] => format!("{kind} {id}"),
                _ => line.clone(),
            }
        };
        self.open.iter().map(name).collect()
    }
}

impl From<DayDigest> for ChainHead {
    fn from(digest: DayDigest) -> Self {
        Self {
            number: digest.number,
            day: digest.day,
            sha256: digest.sha256,
        }
    }
}
