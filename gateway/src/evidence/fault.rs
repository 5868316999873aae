//! What a check found.

use crate::limits::EVIDENCE_FAULTS_MAX;
use jiff::civil::Date;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The record of the day is not what its digest says, or is no record.
    Record,
    /// The record does not follow the one before it.
    Link,
    /// Samples of the named point.
    Samples,
    /// Samples of a closed day that has no record.
    Unrecorded,
    /// Ledger entries; the name says which.
    Ledger,
    /// The named revision of the configuration.
    Configuration,
    /// The named revision of the built-in factors.
    Factors,
    /// The calibration of this number.
    Calibrations,
    /// The named file of a bundle.
    File,
    /// The archive around the files.
    Archive,
    /// The named digest, which somebody holds in hand, is none of the chain.
    Foreign,
}

/// One place that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first local day that it touches; `None` where no day can be named.
    pub day: Option<Date>,
    /// What it is.
    pub what: What,
    /// Point, entries, revision or file.
    pub name: String,
}

/// The outcome of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records in the chain.
    pub records: u64,
    /// Days whose samples were held against their record.
    pub days: u64,
    /// Days whose raw samples are no longer kept, so that nothing could be held against the record.
    pub gone: u64,
    /// Days that have changed since their record was made, and have no further record yet.
    pub due: u64,
    /// The last day that has a record.
    pub last: Option<Date>,
    /// Digest of the last record.
    pub head: String,
    /// Ledger entries of days that are not closed yet.
    pub open_entries: u64,
    /// At most `EVIDENCE_FAULTS_MAX`.
    pub faults: Vec<Fault>,
    /// All of them.
    pub fault_count: u64,
}

impl What {
    /// A stable word for scripts, and the end of its catalogue key (`evidence-differs-WORD`).
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

impl Verdict {
    /// Nothing differs.
    pub fn is_good(&self) -> bool {
        self.fault_count == 0
    }

    /// The first day that differs.
    pub fn first(&self) -> Option<Date> {
        self.faults.iter().filter_map(|fault| fault.day).min()
    }

    /// Takes a fault in.
    pub fn fault(&mut self, day: Option<Date>, what: What, name: impl Into<String>) {
        self.fault_count += 1;
        let name = name.into();
        self.faults.push(Fault { day, what, name });
        if self.faults.len() > 2 * EVIDENCE_FAULTS_MAX {
            self.settle();
        }
    }

    /// The earliest days first; of too many the latest go.
    pub fn settle(&mut self) {
        self.faults.sort_by(|a, b| {
            let day = |fault: &Fault| fault.day.unwrap_or(Date::MAX);
            (day(a), a.what, &a.name).cmp(&(day(b), b.what, &b.name))
        });
        self.faults.truncate(EVIDENCE_FAULTS_MAX);
    }
}
