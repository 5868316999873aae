//! Remarks about a chain: what proves no change, but is worth a look; and records since a digest.

use super::day_record::{DayDigest, DayRecord, RecordReason};
use crate::domain::UtcMs;
use crate::limits::EVIDENCE_FAULTS_MAX;
use jiff::civil::Date;

/// Delay after the end of a day from which its first record counts as late, ms: 24 hours.
const LATE_MS: i64 = 86_400_000;

/// Kind of a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemarkKind {
    /// Days were closed more than a day after their end: the gateway was off, older data were
    /// brought in, or the chain was made again.
    Late,
    /// A record was made before the one that it follows: the clock was set back.
    Backwards,
}

/// Remark about records that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRemark {
    /// Kind of the remark.
    pub what: RemarkKind,
    /// Numbers of the first and of the last record.
    pub numbers: (u64, u64),
    /// First and last local day.
    pub days: (Date, Date),
    /// Times at which the first and the last of them were made.
    pub made: (UtcMs, UtcMs),
    /// Longest time from the end of a day to its record, ms.
    pub delay_ms: i64,
}

/// A day that got a further record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisedDay {
    /// The local day.
    pub day: Date,
    /// Reasons of the record.
    pub reasons: Vec<RecordReason>,
}

/// Records made after the digest that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsSince {
    /// Number of the record with that digest.
    pub number: u64,
    /// Its local day.
    pub day: Date,
    /// Last ledger entry that it covers.
    pub entries: u64,
    /// Number of records that came after it.
    pub records: u64,
    /// Days closed before that got a further record, at most `EVIDENCE_FAULTS_MAX`.
    pub revised: Vec<RevisedDay>,
    /// Configurations, factors and calibrations that records have named since, in a record's
    /// words: `configuration 5`; at most `EVIDENCE_FAULTS_MAX`.
    pub texts: Vec<String>,
}

/// Findings of a verification besides mismatches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemarksAndSince {
    /// Remarks, at most `EVIDENCE_FAULTS_MAX`.
    pub remarks: Vec<ChainRemark>,
    /// Records since the digest asked for; `None` when none was, or it was not found.
    pub since: Option<RecordsSince>,
}

impl RemarkKind {
    /// Returns the stable word for scripts, also the end of the message key
    /// (`evidence-remark-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Backwards => "backwards",
        }
    }
}

impl ChainRemark {
    /// Returns the longest delay in whole days.
    pub fn delay_days(&self) -> i64 {
        self.delay_ms / LATE_MS
    }
}

impl RemarksAndSince {
    /// Takes the next record of the chain; `before`: when the record before it was made.
    pub(super) fn take_record(&mut self, record: &DayRecord, before: Option<UtcMs>) {
        let one = |what| ChainRemark {
            what,
            numbers: (record.number, record.number),
            days: (record.day, record.day),
            made: (record.made, record.made),
            delay_ms: record.made.0.saturating_sub(record.to.0),
        };
        if before.is_some_and(|before| record.made < before) {
            self.add(one(RemarkKind::Backwards));
        }
        let is_closing = record.reasons.contains(&RecordReason::Closed);
        if is_closing && record.made.0.saturating_sub(record.to.0) > LATE_MS {
            self.add(one(RemarkKind::Late));
        }
    }

    /// Adds a remark; one about the next record, made within a day, is told together with it.
    fn add(&mut self, new: ChainRemark) {
        let last = self
            .remarks
            .iter_mut()
            .rev()
            .find(|one| one.what == new.what);
        if let Some(last) = last
            && last.numbers.1 + 1 == new.numbers.0
            && new.made.0.0.saturating_sub(last.made.1.0) <= LATE_MS
        {
            last.numbers.1 = new.numbers.1;
            last.days = (last.days.0.min(new.days.0), last.days.1.max(new.days.1));
            last.made.1 = new.made.1;
            last.delay_ms = last.delay_ms.max(new.delay_ms);
        } else if self.remarks.len() < EVIDENCE_FAULTS_MAX {
            self.remarks.push(new);
        }
    }
}

impl RecordsSince {
    /// Starts after the record with the digest that was asked for, which covers `entries`.
    pub(super) fn after(digest: &DayDigest, entries: u64) -> Self {
        Self {
            number: digest.number,
            day: digest.day,
            entries,
            records: 0,
            revised: Vec::new(),
            texts: Vec::new(),
        }
    }

    /// Takes a later record; `new_texts`: what it is the first to name.
    pub(super) fn take_record(&mut self, record: &DayRecord, new_texts: Vec<String>) {
        self.records += 1;
        if record.revision > 1 && self.revised.len() < EVIDENCE_FAULTS_MAX {
            self.revised.push(RevisedDay {
                day: record.day,
                reasons: record.reasons.clone(),
            });
        }
        let room = EVIDENCE_FAULTS_MAX.saturating_sub(self.texts.len());
        self.texts.extend(new_texts.into_iter().take(room));
    }
}
