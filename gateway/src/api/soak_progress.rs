//! [`SoakProgress`]: state of a soak test that was started on the page.

use crate::api::jobs::JobProgress;
use crate::commissioning::soak_record::SoakRecord;

/// State of a test.
#[derive(Clone, Debug, Default)]
pub struct SoakProgress {
    /// Length of the test, milliseconds.
    pub(crate) length_ms: u64,
    /// Result so far, with the time that has passed.
    pub(crate) record: SoakRecord,
    /// The test is over.
    pub(super) has_ended: bool,
}

impl JobProgress for SoakProgress {
    fn has_ended(&self) -> bool {
        self.has_ended
    }
}
