//! Background jobs that are started over the API, watched and stopped: scans and changes of
//! address. One job of a kind runs at a time; the last `JOBS_KEPT_MAX` can still be read.

use crate::limits::JOBS_KEPT_MAX;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

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

/// All jobs of one kind, by number.
#[derive(Debug)]
pub struct JobRegistry<T>(Mutex<BTreeMap<u64, JobHandle<T>>>);

impl<T> Default for JobRegistry<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: JobProgress> JobRegistry<T> {
    /// Registers a new job with the progress `first(number)`; `None` while another job runs.
    pub(crate) fn start_job(&self, first: impl FnOnce(u64) -> T) -> Option<JobWorker<T>> {
        // A panic of another request must not make the jobs unusable, so poisoning is ignored.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.values().any(|job| !job.progress.borrow().has_ended()) {
            return None;
        }
        while all.len() >= JOBS_KEPT_MAX {
            all.pop_first();
        }
        let id = all.last_key_value().map_or(1, |(id, _)| id + 1);
        let (show, seen) = watch::channel(first(id));
        // One command is enough: a job waits for one action of the operator at a time.
        let (say, told) = mpsc::channel(1);
        all.insert(
            id,
            JobHandle {
                progress: seen,
                commands: say,
            },
        );
        Some(JobWorker {
            progress: show,
            commands: told,
        })
    }

    /// The job with this number.
    pub(crate) fn find_job(&self, id: u64) -> Option<JobHandle<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).cloned()
    }

    /// Progress of all jobs that are kept, the latest last.
    pub(crate) fn list_progress(&self) -> Vec<T> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values()
            .map(|job| job.progress.borrow().clone())
            .collect()
    }
}

impl<T> JobWorker<T> {
    /// Waits for a command; true for `Continue`, false for `Stop` or when the job is gone.
    pub(crate) async fn wait_for_continue(&mut self) -> bool {
        self.commands.recv().await == Some(JobCommand::Continue)
    }
}

/// The jobs of one kind, shared by all listeners.
pub(crate) type SharedJobs<T> = Arc<JobRegistry<T>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct TestJob(u64, bool);

    impl JobProgress for TestJob {
        fn has_ended(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn one_goes_on_at_a_time_and_the_last_few_are_kept() {
        let jobs: JobRegistry<TestJob> = JobRegistry::default();
        for number in 1..=20 {
            let worker = jobs.start_job(|id| TestJob(id, false)).unwrap();
            assert!(jobs.start_job(|id| TestJob(id, false)).is_none());
            assert_eq!(
                *jobs.find_job(number).unwrap().progress.borrow(),
                TestJob(number, false)
            );
            worker.progress.send_modify(|done| done.1 = true);
        }
        assert_eq!(jobs.list_progress().len(), JOBS_KEPT_MAX);
        assert!(jobs.find_job(1).is_none());
        assert_eq!(jobs.list_progress().last(), Some(&TestJob(20, true)));
    }
}
