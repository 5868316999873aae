//! [`OtherDisk`]: work on the disk of the copies, which may hang like any stick or share.

use super::backup_error::BackupError;
use crate::storage::StoreError;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Steps of work that are done: as long as they grow, the disk answers.
#[derive(Clone, Debug, Default)]
pub(super) struct DiskSteps(Arc<AtomicU64>);

impl DiskSteps {
    /// Says that a step is done.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs work on the disk in a thread of its own: the program has one thread, which a disk that
/// hangs would hold up.
#[derive(Debug, Default)]
pub(super) struct OtherDisk {
    /// Work that was left behind, or the last one.
    last: Option<JoinHandle<()>>,
}

impl OtherDisk {
    /// Runs work at a place. A disk that does not get on with it for `silent_after` is `Silent`;
    /// until that work has come back, no other is begun.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        (place, silent_after): (&Path, Duration),
        work: impl FnOnce(&DiskSteps) -> T + Send + 'static,
    ) -> Result<T, BackupError> {
        let silent = || BackupError::Silent(place.to_owned());
        if self.last.as_ref().is_some_and(|last| !last.is_finished()) {
            return Err(silent());
        }
        let steps = DiskSteps::default();
        let (answer, mut answered) = oneshot::channel();
        let counted = steps.clone();
        self.last = Some(tokio::task::spawn_blocking(move || {
            // Whoever asked may have left.
            let _ = answer.send(work(&counted));
        }));
        loop {
            let before = steps.count();
            match tokio::time::timeout(silent_after, &mut answered).await {
                Ok(done) => return done.map_err(|_| StoreError::Stopped.into()),
                Err(_) if steps.count() != before => {}
                Err(_) => return Err(silent()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_does_not_answer_is_said_and_gets_no_second_work_before_it_does() {
        let mut disk = OtherDisk::default();
        let place = (Path::new("/mnt/stick"), Duration::from_mins(2));
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        let work = move |_: &DiskSteps| waits.recv().is_ok();
        let later = tokio::time::advance(2 * place.1);
        let (hung, ()) = tokio::join!(disk.run(place, work), later);
        assert!(matches!(hung, Err(BackupError::Silent(_))), "{hung:?}");
        let second = disk.run(place, |_| ()).await;
        assert!(matches!(second, Err(BackupError::Silent(_))), "{second:?}");
        go_on.send(()).unwrap();
        if let Some(last) = disk.last.as_mut() {
            last.await.unwrap();
        }
        assert_eq!(disk.run(place, |_| 7).await.unwrap(), 7);
    }
}
