//! [`RedatedStretch`]: the note that samples of a point were read before the clock was right, and
//! got their true time afterwards.

use super::UtcMs;
use std::sync::Arc;

/// Samples of a point that were moved in time together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedatedStretch {
    /// Point, `device.point`.
    pub point: Arc<str>,
    /// Boot and difference of its two clocks (ms) while they were read: `BOOT@OFFSET`.
    pub era: String,
    /// Time at which they got their true time.
    pub at: UtcMs,
    /// Shift, ms.
    pub shift_ms: i64,
    /// True time of the first sample.
    pub first: UtcMs,
    /// True time of the last sample.
    pub last: UtcMs,
    /// Number of samples.
    pub samples: u64,
}
