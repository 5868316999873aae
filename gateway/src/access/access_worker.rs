//! The thread of access control: it hashes passwords and writes the file, one after the other.
//!
//! One hash takes 19 MiB. With one thread and a short queue, no number of sign-ins takes more, and
//! the gateway goes on polling meanwhile.

use super::access_error::AccessError;
use crate::limits::{ACCESS_QUEUE_MAX, PASSWORD_QUEUE_MAX};
use tokio::sync::{Semaphore, mpsc, oneshot};

type AccessJob = Box<dyn FnOnce() + Send>;

/// Handle to the thread; it ends with the last handle.
#[derive(Debug)]
pub(super) struct AccessWorker {
    jobs: mpsc::Sender<AccessJob>,
    password_places: Semaphore,
}

impl AccessWorker {
    /// Starts the thread.
    pub(super) fn start() -> Self {
        let (jobs, mut waiting) = mpsc::channel::<AccessJob>(ACCESS_QUEUE_MAX);
        let work = move || {
            while let Some(job) = waiting.blocking_recv() {
                job();
            }
        };
        let thread = std::thread::Builder::new().name("access".to_owned());
        if let Err(error) = thread.spawn(work) {
            // Every job is then refused as busy.
            tracing::error!(%error, "the thread of access control did not start");
        }
        Self {
            jobs,
            password_places: Semaphore::new(PASSWORD_QUEUE_MAX),
        }
    }

    /// Does a job that writes; waits for its place.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let (reply, answer) = oneshot::channel();
        // The caller may have gone; then there is nobody to answer.
        let job = move || drop(reply.send(job()));
        let sent = self.jobs.send(Box::new(job)).await;
        sent.map_err(|_| AccessError::Busy)?;
        answer.await.map_err(|_| AccessError::Busy)
    }

    /// Does a job with a password; `Busy` at once when too many wait.
    pub(super) async fn run_password<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let place = self.password_places.try_acquire();
        let _place = place.map_err(|_| AccessError::Busy)?;
        self.run(job).await
    }
}
