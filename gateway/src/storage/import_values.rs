//! Samples of a file on their way into the store, and how they compare with the kept ones.

use crate::domain::sample_import::SampleImport;
use crate::domain::{ExactNumber, Sample, UtcMs};

/// Samples of a file, or a piece of it.
#[derive(Clone, Debug)]
pub struct FileImport {
    /// The file, the point and the person; the store sets number and time.
    pub origin: SampleImport,
    /// Polling interval of the point, ms.
    pub every_ms: i64,
    /// The samples, in any order; of two at the same time the first counts.
    pub samples: Vec<Sample>,
}

/// Treatment of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// Only compared with the kept samples; nothing is written.
    Compare,
    /// Written, unless one of them meets a kept sample that differs.
    Add,
    /// Written in any case; the kept samples that are replaced are kept aside.
    Replace,
}

/// Comparison of a file with the kept samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportComparison {
    /// Samples at times without a kept number.
    pub new: u64,
    /// Samples that are kept already, with the same number.
    pub equal: u64,
    /// Samples at the time of a kept one with another number.
    pub differing: u64,
    /// New samples between kept ones that are closer together than two polling intervals.
    pub among: u64,
    /// First sample that differs: time, kept number, number of the file.
    pub first_differing: Option<(UtcMs, Option<ExactNumber>, Option<ExactNumber>)>,
    /// Time of the first sample that lies among kept ones.
    pub first_among: Option<UtcMs>,
    /// Whether the samples were written.
    pub written: bool,
}
