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

    /// Returns what the open lines are about: `ledger 34-35`, `configuration 5-18`. Texts of a kind
    /// that follow each other are one name.
    pub fn open_names(&self) -> Vec<String> {
        let mut names: Vec<(String, u64, u64)> = Vec::new();
        let mut others = Vec::new();
        for line in &self.open {
            let words: Vec<&str> = line.split(' ').collect();
            let numbers = match words.as_slice() {
                [table, first, last, _] if RecordedTable::parse(table).is_some() => {
                    first.parse().ok().zip(last.parse().ok())
                }
                [_, id, ..] => id.parse().ok().map(|id: u64| (id, id)),
                _ => None,
            };
            let Some((first, last)) = numbers else {
                others.push(line.clone());
                continue;
            };
            let kind = words.first().copied().unwrap_or_default();
            match names.last_mut() {
                Some(before) if before.0 == kind && before.2 + 1 == first => before.2 = last,
                _ => names.push((kind.to_owned(), first, last)),
            }
        }
        let names = names.into_iter();
        let names =
            names.map(|(kind, first, last)| format!("{kind} {}", numbers_text(first, last)));
        names.chain(others).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_follow_each_other_are_one_name() {
        let line = |kind: &str, id: u64| format!("{kind} {id} 2026-11-29T02:00:00Z ab");
        let mut open = vec!["ledger 31 33 ab".to_owned()];
        open.extend((3..17).map(|id| line("configuration", id)));
        open.push(line("factors", 2));
        open.extend([line("calibrations", 1), line("calibrations", 3)]);
        let evidence = ReportEvidence {
            open,
            ..ReportEvidence::default()
        };
        let expected = [
            "ledger 31-33",
            "configuration 3-16",
            "factors 2",
            "calibrations 1",
            "calibrations 3",
        ];
        assert_eq!(evidence.open_names(), expected);
    }
}
