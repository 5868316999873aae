//! Newest reading of each device since the start, shared by the store's thread and the open pages.

use crate::domain::NumberedReading;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Newest reading of each device, on disk or not: what open pages show. At most one a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewestReadings(Arc<Mutex<Vec<Option<Arc<NumberedReading>>>>>);

impl NewestReadings {
    pub(super) fn record(&self, numbered: &Arc<NumberedReading>) {
        let device = usize::from(numbered.reading.device);
        let mut newest = self.lock();
        if newest.len() <= device {
            newest.resize(device + 1, None);
        }
        newest[device] = Some(Arc::clone(numbered));
    }

    pub(super) fn of_device(&self, device: u16) -> Option<Arc<NumberedReading>> {
        self.lock().get(usize::from(device))?.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Arc<NumberedReading>>>> {
        // Each entry is whole at any time, so a panic of another thread does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
