//! [`DayCloser`]: progress of closing local days between two pieces of the work.

use crate::domain::Site;
use crate::evidence::{RecordReason, SampleDigestLine};
use crate::storage::digest::record_sources::NamedPoint;
use crate::storage::local_calendar::LocalDay;
use std::collections::VecDeque;
use std::sync::Arc;

/// Progress of closing between two pieces.
#[derive(Debug)]
pub(in crate::storage) struct DayCloser {
    pub(super) site: Arc<str>,
    pub(super) zone: Arc<str>,
    pub(super) work: Option<DayInProgress>,
    /// All days up to this one have their record, and no sample has changed since.
    pub(super) done: Option<LocalDay>,
    pub(super) not_before: i64,
}

/// Day that is being closed.
#[derive(Debug)]
pub(super) struct DayInProgress {
    pub(super) day: LocalDay,
    pub(super) reasons: Vec<RecordReason>,
    pub(super) left: VecDeque<NamedPoint>,
    pub(super) lines: Vec<SampleDigestLine>,
}

impl DayCloser {
    pub(in crate::storage) fn new(site: &Site) -> Self {
        Self {
            site: Arc::clone(&site.id),
            zone: Arc::clone(site.timezone.name()),
            work: None,
            done: None,
            not_before: i64::MIN,
        }
    }

    /// Discards the hashes of a day whose samples have changed.
    pub(in crate::storage) fn invalidate_day(&mut self, day: LocalDay) {
        self.work = self.work.take().filter(|work| work.day != day);
        self.done = None;
    }
}
