//! [`SampleImport`]: the note that samples of a point came from a file, and [`ImportedStretch`]:
//! where they are.

use super::UtcMs;
use std::sync::Arc;

/// Import of a file into a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleImport {
    /// Number; later imports have greater ones.
    pub id: u64,
    /// Point, `device.point`.
    pub point: Arc<str>,
    /// Name of the file, without its folder.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Name of the person; empty when it is not known.
    pub by: String,
    /// Time of the import.
    pub at: UtcMs,
    /// Interval between the rows of the file, ms; 0 when it is not known.
    pub interval_ms: i64,
}

/// Stretch of time whose samples came from a file, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedStretch {
    /// The import.
    pub import: Arc<SampleImport>,
    /// Time of the first sample.
    pub first: UtcMs,
    /// Time of the last sample.
    pub last: UtcMs,
    /// Number of samples.
    pub samples: u64,
    /// Number of those that took the place of a kept sample.
    pub replaced: u64,
}

/// One import within a period: its stretches together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportInPeriod {
    /// The import.
    pub import: Arc<SampleImport>,
    /// Time of the first sample.
    pub first: UtcMs,
    /// Time of the last sample.
    pub last: UtcMs,
    /// Number of samples of its stretches that touch the period.
    pub samples: u64,
    /// Number of those that took the place of a kept sample.
    pub replaced: u64,
}

/// Imports of stretches, each once, in the order of their first sample.
pub fn imports_of_stretches<'a>(
    stretches: impl IntoIterator<Item = &'a ImportedStretch>,
) -> Vec<ImportInPeriod> {
    let mut all: Vec<ImportInPeriod> = Vec::new();
    for one in stretches {
        match all
            .iter_mut()
            .find(|known| known.import.id == one.import.id)
        {
            Some(known) => {
                known.first = known.first.min(one.first);
                known.last = known.last.max(one.last);
                known.samples += one.samples;
                known.replaced += one.replaced;
            }
            None => all.push(ImportInPeriod {
                import: Arc::clone(&one.import),
                first: one.first,
                last: one.last,
                samples: one.samples,
                replaced: one.replaced,
            }),
        }
    }
    all.sort_by_key(|one| (one.first, one.import.id));
    all
}
