//! Long work that a page starts, looks at, and stops: a scan, a new address. One of a kind at a
//! time; the last few that have ended can still be looked at.

use crate::limits::JOBS_KEPT_MAX;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

/// What is told to work under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// What was asked of a person is done.
    Continue,
    /// End.
    Stop,
}

/// How work is right now.
pub trait Progress: Clone {
    /// It goes on no more.
    fn has_ended(&self) -> bool;
}

/// One piece of work.
#[derive(Clone, Debug)]
pub(super) struct Job<T> {
    pub(super) seen: watch::Receiver<T>,
    pub(super) say: mpsc::Sender<Say>,
}

/// The worker's side of it.
#[derive(Debug)]
pub(super) struct Worker<T> {
    pub(super) show: watch::Sender<T>,
    pub(super) told: mpsc::Receiver<Say>,
}

/// All work of one kind.
#[derive(Debug)]
pub struct Jobs<T>(Mutex<BTreeMap<u64, Job<T>>>);

impl<T> Default for Jobs<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Progress> Jobs<T> {
    /// Room for a new one, whose number `first` is handed; `None` while another goes on.
    pub(super) fn begin(&self, first: impl FnOnce(u64) -> T) -> Option<Worker<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.values().any(|job| !job.seen.borrow().has_ended()) {
            return None;
        }
        while all.len() >= JOBS_KEPT_MAX {
            all.pop_first();
        }
        let id = all.last_key_value().map_or(1, |(id, _)| id + 1);
        let (show, seen) = watch::channel(first(id));
        let (say, told) = mpsc::channel(1);
        all.insert(id, Job { seen, say });
        Some(Worker { show, told })
    }

    /// The one with this number.
    pub(super) fn find(&self, id: u64) -> Option<Job<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).cloned()
    }

    /// All that are kept, the latest last.
    pub(super) fn all(&self) -> Vec<T> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().map(|job| job.seen.borrow().clone()).collect()
    }
}

impl<T> Worker<T> {
    /// Waits until it is told to go on; false when it is told to end.
    pub(super) async fn go_on(&mut self) -> bool {
        self.told.recv().await == Some(Say::Continue)
    }
}

/// Shared by all listeners.
pub(super) type Shared<T> = Arc<Jobs<T>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Done(u64, bool);

    impl Progress for Done {
        fn has_ended(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn one_goes_on_at_a_time_and_the_last_few_are_kept() {
        let jobs: Jobs<Done> = Jobs::default();
        for number in 1..=20 {
            let worker = jobs.begin(|id| Done(id, false)).unwrap();
            assert!(jobs.begin(|id| Done(id, false)).is_none());
            assert_eq!(
                *jobs.find(number).unwrap().seen.borrow(),
                Done(number, false)
            );
            worker.show.send_modify(|done| done.1 = true);
        }
        assert_eq!(jobs.all().len(), JOBS_KEPT_MAX);
        assert!(jobs.find(1).is_none());
        assert_eq!(jobs.all().last(), Some(&Done(20, true)));
    }
}
