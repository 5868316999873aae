//! Background jobs that are started over the API or on a page, watched and stopped: scans, changes
//! of address and soak tests. One job of a kind runs at a time; the last `JOBS_KEPT_MAX` can still
//! be read.
//!
//! The id of a job is random, so that only whoever started a job or may list the jobs can move it
//! on.

use super::error::{ApiError, ApiErrorCode};
use crate::limits::JOBS_KEPT_MAX;
use crate::storage::random_id;
use axum::http::StatusCode;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use utoipa::IntoParams;

/// Command to a running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobCommand {
    /// The operator has done the requested action.
    Continue,
    /// Stop.
    Stop,
}

/// Progress of a job.
pub trait JobProgress: Clone {
    /// The job has ended.
    fn has_ended(&self) -> bool;
}

/// A job as the API sees it: its progress, and a channel for commands.
#[derive(Clone, Debug)]
pub(crate) struct JobHandle<T> {
    pub(crate) progress: watch::Receiver<T>,
    pub(crate) commands: mpsc::Sender<JobCommand>,
}

/// The same job as its task sees it.
#[derive(Debug)]
pub(crate) struct JobWorker<T> {
    pub(crate) progress: watch::Sender<T>,
    pub(crate) commands: mpsc::Receiver<JobCommand>,
}

/// All jobs of one kind with their ids, the latest last.
#[derive(Debug)]
pub struct JobRegistry<T>(Mutex<VecDeque<(String, JobHandle<T>)>>);

/// Id of a job in a path; used only in the OpenAPI description.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "handlers take the text; this describes it")]
pub(crate) struct JobIdPath {
    /// Id that the start of the job returned.
    #[param(pattern = "^[0-9a-f]{32}$")]
    id: String,
}

/// Reason why no job was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobRefusal {
    /// Another job of the kind is running.
    Running,
    /// The system gave no random numbers for the id.
    NoRandom,
}

impl<T> Default for JobRegistry<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: JobProgress> JobRegistry<T> {
    /// Registers a new job with the progress `first(id)`.
    pub(crate) fn start_job(
        &self,
        first: impl FnOnce(String) -> T,
    ) -> Result<JobWorker<T>, JobRefusal> {
        // A panic of another request must not make the jobs unusable, so poisoning is ignored.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if has_running(&all) {
            return Err(JobRefusal::Running);
        }
        let id = random_id().ok_or(JobRefusal::NoRandom)?;
        while all.len() >= JOBS_KEPT_MAX {
            all.pop_front();
        }
        let (show, seen) = watch::channel(first(id.clone()));
        // One command is enough: a job waits for one action of the operator at a time.
        let (say, told) = mpsc::channel(1);
        let handle = JobHandle {
            progress: seen,
            commands: say,
        };
        all.push_back((id, handle));
        Ok(JobWorker {
            progress: show,
            commands: told,
        })
    }

    /// Whether a job has not ended.
    pub(crate) fn is_running(&self) -> bool {
        has_running(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a command to the job that runs; one that it has not taken yet is enough.
    pub(crate) fn send_to_running(&self, command: JobCommand) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = all
            .iter()
            .find(|(_, job)| !job.progress.borrow().has_ended());
        if let Some((_, job)) = running {
            // Full: the job is being told already.
            let _ = job.commands.try_send(command);
        }
    }

    /// The job with this id.
    pub(crate) fn find_job(&self, id: &str) -> Option<JobHandle<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|(known, _)| known == id);
        found.map(|(_, job)| job.clone())
    }

    /// Progress of all jobs that are kept, the latest last.
    pub(crate) fn list_progress(&self) -> Vec<T> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(_, job)| job.progress.borrow().clone())
            .collect()
    }
}

impl<T> JobWorker<T> {
    /// Waits for a command; true for `Continue`, false for `Stop` or when the job is gone.
    pub(crate) async fn wait_for_continue(&mut self) -> bool {
        self.commands.recv().await == Some(JobCommand::Continue)
    }
}

/// Status 409 while another job runs, 500 when no id could be made.
pub(crate) fn job_refusal(refusal: JobRefusal) -> ApiError {
    match refusal {
        JobRefusal::Running => ApiError::with_code(
            StatusCode::CONFLICT,
            ApiErrorCode::JobBusy,
            "another job of this kind is running",
        ),
        JobRefusal::NoRandom => ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the system gave no random numbers",
        ),
    }
}

/// The jobs of one kind, shared by all listeners.
pub(crate) type SharedJobs<T> = Arc<JobRegistry<T>>;

fn has_running<T: JobProgress>(all: &VecDeque<(String, JobHandle<T>)>) -> bool {
    all.iter()
        .any(|(_, job)| !job.progress.borrow().has_ended())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct TestJob(String, bool);

    impl JobProgress for TestJob {
        fn has_ended(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn one_goes_on_at_a_time_and_the_last_few_are_kept() {
        let jobs: JobRegistry<TestJob> = JobRegistry::default();
        let mut ids = Vec::new();
        for _ in 1..=20 {
            let worker = jobs.start_job(|id| TestJob(id, false)).unwrap();
            let refused = jobs.start_job(|id| TestJob(id, false));
            assert_eq!(refused.unwrap_err(), JobRefusal::Running);
            let id = worker.progress.borrow().0.clone();
            assert!(jobs.find_job(&id).is_some());
            worker.progress.send_modify(|done| done.1 = true);
            ids.push(id);
        }
        assert_eq!(jobs.list_progress().len(), JOBS_KEPT_MAX);
        assert!(jobs.find_job(&ids[0]).is_none());
        assert_eq!(
            jobs.list_progress().last(),
            Some(&TestJob(ids[19].clone(), true))
        );
    }

    #[test]
    fn an_id_cannot_be_guessed() {
        let ids: std::collections::BTreeSet<_> = (0..100).map(|_| random_id().unwrap()).collect();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.len() == 32));
        let jobs: JobRegistry<TestJob> = JobRegistry::default();
        let _worker = jobs.start_job(|id| TestJob(id, false)).unwrap();
        assert!(["1", "0", ""].iter().all(|id| jobs.find_job(id).is_none()));
    }
}
