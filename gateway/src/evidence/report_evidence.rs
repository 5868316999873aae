//! [`ReportEvidence`]: the state of the evidence when a report was made, as the report prints it.

use super::canonical_form::hash;
use super::day_record::DayDigest;
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

    /// Returns what the open lines are about: `ledger 34-35, configuration 5`.
    pub fn open_names(&self) -> String {
        let name = |line: &String| {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["ledger", first, last, ..] if first == last => format!("ledger {first}"),
                ["ledger", first, last, ..] => format!("ledger {first}-{last}"),
                [kind, id, ..] => format!("{kind} {id}"),
                _ => line.clone(),
            }
        };
        let names: Vec<String> = self.open.iter().map(name).collect();
        names.join(", ")
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
