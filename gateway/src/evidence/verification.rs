//! Result of a verification.

use super::chain_remark::{ChainRemark, RemarksAndSince};
use super::day_record::RevisionKind;
use super::recorded_table::RecordedTable;
use super::time_stamp::CheckedStamp;
use super::uncovered::{OPEN_DAYS, UncoveredPart};
use crate::limits::{CHANGED_TEXTS_MAX, EVIDENCE_FAULTS_MAX};
use jiff::civil::Date;

/// Kind of a mismatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MismatchKind {
    /// The record does not match its digest, or is not a record.
    Record,
    /// The record does not follow the one before it.
    Link,
    /// The records end before the last one that the manifest names.
    Cut,
    /// Samples of the named point differ.
    Samples,
    /// A closed day has samples but no record.
    Unrecorded,
    /// Rows of a table differ; the name gives their numbers.
    Rows(RecordedTable),
    /// The named revision of the configuration differs.
    Configuration,
    /// The named revision of the built-in factors differs.
    Factors,
    /// The calibration with this number differs.
    Calibrations,
    /// The named file of a bundle differs, is missing or is not listed.
    File,
    /// Bytes of the archive outside its files differ.
    Archive,
    /// A report of a bundle says something else about the bundle; `touches` names it.
    Report,
    /// The time stamp of the record with this number does not hold; `touches` has the reason.
    Stamp,
    /// The digest that the caller asked for is not in the chain.
    Foreign,
}

/// A mismatch at one place, on one day or on several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceMismatch {
    /// First local day concerned; `None` where no day can be named.
    pub day: Option<Date>,
    /// Last local day concerned.
    pub last: Option<Date>,
    /// Kind of the mismatch.
    pub what: MismatchKind,
    /// Point, entry numbers, revision, file, or numbers of records.
    pub name: String,
    /// Number of times that it was found.
    pub count: u64,
    /// Names of what a broken record speaks of, or of a text that no record names yet.
    pub touches: Vec<String>,
    /// Tables of a changed text that differ: `[site]`, `[[factor]] ID`.
    pub places: Vec<String>,
    /// First line of a changed text that cannot be read.
    pub faulty_line: Option<u64>,
    /// True for a text that is not there at all.
    pub is_missing: bool,
}

/// Text of a configuration or of factors that differs from the one that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedText {
    /// Kind.
    pub kind: RevisionKind,
    /// Number.
    pub id: u64,
    /// SHA-256 that was recorded.
    pub sha256: String,
    /// The text as it is now.
    pub text: String,
    /// Texts of the revisions before and after it.
    pub neighbours: Vec<String>,
}

/// Report of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerificationReport {
    /// Records in the chain.
    pub records: u64,
    /// Days whose samples were compared with their record.
    pub days: u64,
    /// Days whose raw samples were deleted by retention, so that nothing could be compared.
    pub gone: u64,
    /// Days that changed after their record was made and have no further record yet.
    pub due: u64,
    /// Days whose samples were not compared, because their record is broken.
    pub unchecked: u64,
    /// Last day that has a record.
    pub last: Option<Date>,
    /// Digest of the last record.
    pub head: String,
    /// Ledger entries of days that are not closed yet.
    pub open_entries: u64,
    /// Number of the last entry that a record covers.
    pub recorded_entries: u64,
    /// Mismatches, at most `EVIDENCE_FAULTS_MAX`.
    pub mismatches: Vec<EvidenceMismatch>,
    /// Number of all mismatches.
    pub mismatch_count: u64,
    /// Texts that differ, at most `CHANGED_TEXTS_MAX`, for a closer look.
    pub changed_texts: Vec<ChangedText>,
    /// Number of time stamps that hold, and the one of the last record.
    pub stamps: (u64, Option<(u64, CheckedStamp)>),
    /// Remarks, and what came since the digest asked for.
    pub told: RemarksAndSince,
    /// Rows, texts, days and files that no record covers, and tables without any.
    pub uncovered: Vec<UncoveredPart>,
}

impl MismatchKind {
    /// Returns the stable word for scripts, also the end of the message key
    /// (`evidence-differs-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Link => "link",
            Self::Cut => "cut",
            Self::Samples => "samples",
            Self::Unrecorded => "unrecorded",
            Self::Rows(table) => table.word(),
            Self::Configuration => "configuration",
            Self::Factors => "factors",
            Self::Calibrations => "calibrations",
            Self::File => "file",
            Self::Archive => "archive",
            Self::Report => "report",
            Self::Stamp => "stamp",
            Self::Foreign => "foreign",
        }
    }
}

impl EvidenceMismatch {
    /// Returns a mismatch found once.
    pub fn new(day: Option<Date>, what: MismatchKind, name: impl Into<String>) -> Self {
        Self {
            day,
            last: day,
            what,
            name: name.into(),
            count: 1,
            touches: Vec::new(),
            places: Vec::new(),
            faulty_line: None,
            is_missing: false,
        }
    }

    /// Takes in the same mismatch of another day, or the one of the next record; returns whether
    /// it is one.
    fn absorb(&mut self, next: &Self) -> bool {
        if (self.what, self.is_missing) != (next.what, next.is_missing) {
            return false;
        }
        if self.name != next.name {
            let is_chain = matches!(self.what, MismatchKind::Record | MismatchKind::Link);
            match joined_numbers(&self.name, &next.name).filter(|_| is_chain) {
                Some(joined) => self.name = joined,
                None => return false,
            }
        }
        self.day = match (self.day, next.day) {
            (Some(day), Some(other)) => Some(day.min(other)),
            (day, other) => day.or(other),
        };
        self.last = self.last.max(next.last);
        self.count += next.count;
        for name in &next.touches {
            if self.touches.len() < EVIDENCE_FAULTS_MAX && !self.touches.contains(name) {
                self.touches.push(name.clone());
            }
        }
        true
    }
}

/// Returns the range with the number after its last; `None` for another number.
fn joined_numbers(range: &str, next: &str) -> Option<String> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (last, number): (u64, u64) = (last.parse().ok()?, next.parse().ok()?);
    (number == last + 1).then(|| format!("{first}-{next}"))
}

impl VerificationReport {
    /// Returns whether nothing differs.
    pub fn is_intact(&self) -> bool {
        self.mismatch_count == 0
    }

    /// Returns the first day with a mismatch.
    pub fn first_day(&self) -> Option<Date> {
        self.mismatches.iter().filter_map(|fault| fault.day).min()
    }

    /// Returns the remarks about the chain.
    pub fn remarks(&self) -> &[ChainRemark] {
        &self.told.remarks
    }

    /// Adds a text that differs, for a closer look.
    pub fn add_changed_text(&mut self, text: ChangedText) {
        if self.changed_texts.len() < CHANGED_TEXTS_MAX {
            self.changed_texts.push(text);
        }
    }

    /// Adds a time stamp that holds.
    pub fn add_stamp(&mut self, number: u64, stamp: CheckedStamp) {
        let (count, last) = &mut self.stamps;
        *count += 1;
        if last.is_none_or(|last| last.0 < number) {
            *last = Some((number, stamp));
        }
    }

    /// Adds a part that no record covers, or that there is none of it.
    pub fn add_uncovered(&mut self, part: UncoveredPart) {
        self.uncovered.push(part);
    }

    /// Returns the number of rows, texts and files that no record covers.
    pub fn uncovered_things(&self) -> u64 {
        let things = self.uncovered.iter().filter(|part| part.what != OPEN_DAYS);
        things.map(|part| part.count).sum()
    }

    /// Adds a mismatch.
    pub fn add_mismatch(&mut self, day: Option<Date>, what: MismatchKind, name: impl Into<String>) {
        self.add(EvidenceMismatch::new(day, what, name));
    }

    /// Adds a mismatch; the same one of another day is counted with it.
    pub fn add(&mut self, fault: EvidenceMismatch) {
        self.mismatch_count += fault.count;
        let mut known = self.mismatches.iter_mut().rev();
        if known.any(|one| one.absorb(&fault)) {
            return;
        }
        self.mismatches.push(fault);
        // Twice the bound before sorting: a bundle with millions of mismatches takes little memory
        // and time.
        if self.mismatches.len() > 2 * EVIDENCE_FAULTS_MAX {
            self.settle();
        }
    }

    /// Sorts mismatches by day and drops those over the bound, latest first.
    pub fn settle(&mut self) {
        self.mismatches.sort_by(|a, b| {
            // Without a day they come last: a mismatch with a day says more.
            let day = |fault: &EvidenceMismatch| fault.day.unwrap_or(Date::MAX);
            (day(a), a.what, &a.name).cmp(&(day(b), b.what, &b.name))
        });
        // The first day with a mismatch is reported first and never dropped.
        self.mismatches.truncate(EVIDENCE_FAULTS_MAX);
    }
}
