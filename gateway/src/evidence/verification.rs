//! Result of a verification.

use crate::limits::EVIDENCE_FAULTS_MAX;
use jiff::civil::Date;

/// Kind of a mismatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MismatchKind {
    /// The record does not match its digest, or is not a record.
    Record,
    /// The record does not follow the one before it.
    Link,
    /// Samples of the named point differ.
    Samples,
    /// A closed day has samples but no record.
    Unrecorded,
    /// Ledger entries differ; the name gives their numbers.
    Ledger,
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
    /// The digest that the caller asked for is not in the chain.
    Foreign,
}

/// One mismatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceMismatch {
    /// First local day concerned; `None` where no day can be named.
    pub day: Option<Date>,
    /// Kind of the mismatch.
    pub what: MismatchKind,
    /// Point, entry numbers, revision or file.
    pub name: String,
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
    /// Last day that has a record.
    pub last: Option<Date>,
    /// Digest of the last record.
    pub head: String,
    /// Ledger entries of days that are not closed yet.
    pub open_entries: u64,
    /// Mismatches, at most `EVIDENCE_FAULTS_MAX`.
    pub mismatches: Vec<EvidenceMismatch>,
    /// Number of all mismatches.
    pub mismatch_count: u64,
}

impl MismatchKind {
    /// Returns the stable word for scripts, also the end of the message key
    /// (`evidence-differs-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Link => "link",
            Self::Samples => "samples",
            Self::Unrecorded => "unrecorded",
            Self::Ledger => "ledger",
            Self::Configuration => "configuration",
            Self::Factors => "factors",
            Self::Calibrations => "calibrations",
            Self::File => "file",
            Self::Archive => "archive",
            Self::Foreign => "foreign",
        }
    }
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

    /// Adds a mismatch.
    pub fn add_mismatch(&mut self, day: Option<Date>, what: MismatchKind, name: impl Into<String>) {
        self.mismatch_count += 1;
        let name = name.into();
        self.mismatches.push(EvidenceMismatch { day, what, name });
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
