//! The chain of records: each names the digest of the one before it, whatever day that is about.

use super::canon::hash;
use super::fault::{Verdict, What};
use super::record::{Digest, Kind, Record};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Ledger entries that a record speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Day of the record.
    pub day: Date,
    /// First entry.
    pub first: u64,
    /// Last entry.
    pub last: u64,
    /// SHA-256 of their lines.
    pub sha256: String,
}

/// Records as they come, held against each other; what they say of the data.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    count: u64,
    head: String,
    newest: BTreeMap<Date, (u64, u32)>,
    ranges: Vec<Range>,
    texts: BTreeMap<(Kind, u64), (Date, String)>,
}

impl Chain {
    /// Takes the next record; what does not fit goes into the verdict. `None` when it cannot be
    /// read.
    pub fn push(&mut self, digest: &Digest, verdict: &mut Verdict) -> Option<Record> {
        let expected = (self.count + 1, std::mem::take(&mut self.head));
        self.count = digest.number;
        self.head.clone_from(&digest.sha256);
        let day = Some(digest.day);
        let name = digest.number.to_string();
        let read: Option<Record> = digest.record.parse().ok();
        let Some(record) = read.filter(|_| hash(digest.record.as_bytes()) == digest.sha256) else {
            verdict.fault(day, What::Record, name);
            self.newest
                .insert(digest.day, (digest.number, digest.revision));
            return None;
        };
        let said = (record.number, record.day, record.revision);
        if said != (digest.number, digest.day, digest.revision) {
            verdict.fault(day, What::Record, &name);
        }
        let before = match expected.0 {
            1 => Record::NONE_BEFORE,
            _ => &expected.1,
        };
        let revision = self
            .newest
            .get(&record.day)
            .map_or(1, |newest| newest.1 + 1);
        if digest.number != expected.0 || record.before != before || record.revision != revision {
            verdict.fault(day, What::Link, &name);
        }
        self.newest
            .insert(record.day, (digest.number, record.revision));
        self.take(&record, verdict);
        Some(record)
    }

    /// What a record says of ledger and texts.
    fn take(&mut self, record: &Record, verdict: &mut Verdict) {
        if let Some((first, last, sha256)) = &record.ledger {
            let (first, last) = (*first, *last);
            let range = Range {
                day: record.day,
                first,
                last,
                sha256: sha256.clone(),
            };
            let through = self.ranges.last().map_or(0, |range| range.last);
            // A later revision repeats what the first one said.
            if record.revision == 1 && first == through + 1 && last >= first {
                self.ranges.push(range);
            } else if record.revision == 1 || !self.ranges.contains(&range) {
                let name = format!("{first}-{last}");
                verdict.fault(Some(record.day), What::Ledger, name);
            }
        }
        for (kind, lines) in [
            (Kind::Configuration, &record.configuration),
            (Kind::Factors, &record.factors),
            (Kind::Calibrations, &record.calibrations),
        ] {
            for line in lines {
                let known = self.texts.entry((kind, line.id));
                let known = known.or_insert_with(|| (record.day, line.sha256.clone()));
                known.0 = known.0.min(record.day);
                if known.1 != line.sha256 {
                    verdict.fault(Some(record.day), kind.what(), line.id.to_string());
                }
            }
        }
    }

    /// Records taken in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Days with the number of their newest record.
    pub fn newest(&self) -> impl Iterator<Item = (Date, u64)> + '_ {
        self.newest.iter().map(|(day, newest)| (*day, newest.0))
    }

    /// The day has a record.
    pub fn has(&self, day: Date) -> bool {
        self.newest.contains_key(&day)
    }

    /// Ledger entries by the record that speaks for them, without gaps from entry 1 on.
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// Texts by kind and revision: the first day that names them, and their SHA-256.
    pub fn texts(&self) -> &BTreeMap<(Kind, u64), (Date, String)> {
        &self.texts
    }

    /// Writes down how far the chain goes.
    pub fn sum_up(&self, verdict: &mut Verdict) {
        verdict.records = self.count;
        verdict.head.clone_from(&self.head);
        verdict.last = self.newest.keys().next_back().copied();
    }
}

impl Kind {
    /// The fault of a text that differs.
    pub fn what(self) -> What {
        match self {
            Self::Configuration => What::Configuration,
            Self::Factors => What::Factors,
            Self::Calibrations => What::Calibrations,
        }
    }
}
