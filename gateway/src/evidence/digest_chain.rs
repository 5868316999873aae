//! Chain of records: each record names the digest of the record made before it, whatever day that
//! is about.

use super::canonical_form::hash;
use super::day_record::{DayDigest, DayRecord, RevisionKind};
use super::verification::{MismatchKind, VerificationReport};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Ledger entries that a record covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRange {
    /// Day of the record.
    pub day: Date,
    /// Number of the first entry.
    pub first: u64,
    /// Number of the last entry.
    pub last: u64,
    /// SHA-256 of their lines.
    pub sha256: String,
}

/// Records checked one after the other, and what they state about the data.
#[derive(Clone, Debug, Default)]
pub struct DigestChain {
    count: u64,
    head: String,
    newest: BTreeMap<Date, (u64, u32)>,
    ranges: Vec<LedgerRange>,
    texts: BTreeMap<(RevisionKind, u64), (Date, String)>,
}

impl DigestChain {
    /// Takes the next record; mismatches are added to the verdict. `None` when the record cannot be
    /// read.
    pub fn push(
        &mut self,
        digest: &DayDigest,
        verdict: &mut VerificationReport,
    ) -> Option<DayRecord> {
        let expected = (self.count + 1, std::mem::take(&mut self.head));
        // Continue from the number found, so that one missing record is one mismatch, not one for
        // every later record.
        self.count = digest.number;
        self.head.clone_from(&digest.sha256);
        let day = Some(digest.day);
        let name = digest.number.to_string();
        let read: Option<DayRecord> = digest.record.parse().ok();
        let Some(record) = read.filter(|_| hash(digest.record.as_bytes()) == digest.sha256) else {
            verdict.add_mismatch(day, MismatchKind::Record, name);
            self.newest
                // The day still has a record, though a broken one; otherwise it would be reported
                // as unrecorded too.
                .insert(digest.day, (digest.number, digest.revision));
            return None;
        };
        let said = (record.number, record.day, record.revision);
        if said != (digest.number, digest.day, digest.revision) {
            verdict.add_mismatch(day, MismatchKind::Record, &name);
        }
        // The first record has 64 zeros instead of a digest.
        let before = match expected.0 {
            1 => DayRecord::NO_PREVIOUS_DIGEST,
            _ => &expected.1,
        };
        let revision = self
            .newest
            .get(&record.day)
            .map_or(1, |newest| newest.1 + 1);
        if digest.number != expected.0 || record.before != before || record.revision != revision {
            verdict.add_mismatch(day, MismatchKind::Link, &name);
        }
        self.newest
            .insert(record.day, (digest.number, record.revision));
        self.take_record(&record, verdict);
        Some(record)
    }

    /// Checks the ledger range and the texts that a record names.
    fn take_record(&mut self, record: &DayRecord, verdict: &mut VerificationReport) {
        if let Some((first, last, sha256)) = &record.ledger {
            let (first, last) = (*first, *last);
            let range = LedgerRange {
                day: record.day,
                first,
                last,
                sha256: sha256.clone(),
            };
            let through = self.ranges.last().map_or(0, |range| range.last);
            // First revisions cover the ledger without gaps; a later revision repeats the range of
            // its first one.
            if record.revision == 1 && first == through + 1 && last >= first {
                self.ranges.push(range);
            } else if record.revision == 1 || !self.ranges.contains(&range) {
                let name = format!("{first}-{last}");
                verdict.add_mismatch(Some(record.day), MismatchKind::Ledger, name);
            }
        }
        for (kind, lines) in [
            (RevisionKind::Configuration, &record.configuration),
            (RevisionKind::Factors, &record.factors),
            (RevisionKind::Calibrations, &record.calibrations),
        ] {
            for line in lines {
                let known = self.texts.entry((kind, line.id));
                let known = known.or_insert_with(|| (record.day, line.sha256.clone()));
                // The first day that names the text is reported when the text differs.
                known.0 = known.0.min(record.day);
                if known.1 != line.sha256 {
                    verdict.add_mismatch(Some(record.day), kind.what(), line.id.to_string());
                }
            }
        }
    }

    /// Returns the number of records taken.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the days with the number of their newest record.
    pub fn newest_by_day(&self) -> impl Iterator<Item = (Date, u64)> + '_ {
        self.newest.iter().map(|(day, newest)| (*day, newest.0))
    }

    /// Returns whether the day has a record.
    pub fn has_day(&self, day: Date) -> bool {
        self.newest.contains_key(&day)
    }

    /// Returns ledger ranges by record, without gaps from entry 1 on.
    pub fn ranges(&self) -> &[LedgerRange] {
        &self.ranges
    }

    /// Returns texts by kind and revision: first day that names them, and their SHA-256.
    pub fn texts(&self) -> &BTreeMap<(RevisionKind, u64), (Date, String)> {
        &self.texts
    }

    /// Copies record count, last day and last digest into the verdict.
    pub fn summarise(&self, verdict: &mut VerificationReport) {
        verdict.records = self.count;
        verdict.head.clone_from(&self.head);
        verdict.last = self.newest.keys().next_back().copied();
    }
}

impl RevisionKind {
    /// Returns the mismatch of a text of this kind.
    pub fn what(self) -> MismatchKind {
        match self {
            Self::Configuration => MismatchKind::Configuration,
            Self::Factors => MismatchKind::Factors,
            Self::Calibrations => MismatchKind::Calibrations,
        }
    }
}
