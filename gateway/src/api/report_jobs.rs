//! Reports that people order on the page: each is made in the background and kept for some minutes,
//! so that a phone may go to sleep in between.

use super::error::ApiError;
use crate::indicators::CalculationProgress;
use crate::limits::{REPORT_JOB_BYTES_MAX, REPORT_JOBS_KEPT_MAX, REPORT_JOBS_WAITING_MAX};
use crate::report::build::ReportRequest;
use bytes::Bytes;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Ordered reports, the oldest first.
#[derive(Debug, Default)]
pub struct ReportJobs(Mutex<Vec<ReportJob>>);

/// An ordered report.
#[derive(Clone, Debug)]
pub(crate) struct ReportJob {
    /// Random name in addresses.
    pub(crate) id: String,
    pub(crate) wish: ReportRequest,
    /// Name of the file.
    pub(crate) file: String,
    /// Progress of the calculation.
    pub(crate) progress: watch::Receiver<CalculationProgress>,
    pub(crate) stage: ReportStage,
}

/// Stage of an ordered report.
#[derive(Clone, Debug)]
pub(crate) enum ReportStage {
    /// It waits or is being made.
    Running,
    /// The file.
    Ready(Bytes),
    /// The reason why there is none.
    Failed(ApiError),
}

impl ReportJobs {
    /// Registers an order. An equal one that is still running stands for both, so that a double
    /// click makes one report. `None`: too many are waiting.
    pub(super) fn register(&self, wish: &ReportRequest, file: String) -> Option<RegisteredJob> {
        let mut all = self.lock();
        let running = |job: &&ReportJob| matches!(job.stage, ReportStage::Running);
        let equal = |job: &&ReportJob| job.file == file && job.wish.lang == wish.lang;
        if let Some(job) = all.iter().filter(running).find(equal) {
            return Some((job.id.clone(), None));
        }
        if all.iter().filter(running).count() >= REPORT_JOBS_WAITING_MAX {
            return None;
        }
        if all.len() >= REPORT_JOBS_KEPT_MAX
            && let Some(at) = all.iter().position(|job| !running(&job))
        {
            all.remove(at);
        }
        let (show, progress) = watch::channel(CalculationProgress::default());
        let id = random_job_id();
        all.push(ReportJob {
            id: id.clone(),
            wish: wish.clone(),
            file,
            progress,
            stage: ReportStage::Running,
        });
        Some((id, Some(show)))
    }

    /// The order with this name.
    pub(crate) fn find(&self, id: &str) -> Option<ReportJob> {
        self.lock().iter().find(|job| job.id == id).cloned()
    }

    /// Sets the end of an order. The oldest files give way when all take too many bytes.
    pub(super) fn finish(&self, id: &str, stage: ReportStage) {
        let mut all = self.lock();
        if let Some(job) = all.iter_mut().find(|job| job.id == id) {
            job.stage = stage;
        }
        let bytes = |job: &ReportJob| match &job.stage {
            ReportStage::Ready(file) => file.len(),
            _ => 0,
        };
        while all.iter().map(bytes).sum::<usize>() > REPORT_JOB_BYTES_MAX {
            // The new one stays: a file that is too large by itself was refused before.
            let Some(at) = all.iter().position(|job| bytes(job) > 0 && job.id != id) else {
                break;
            };
            all.remove(at);
        }
    }

    pub(super) fn remove(&self, id: &str) {
        self.lock().retain(|job| job.id != id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ReportJob>> {
        // A panic of another request must not make the orders unusable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name of an order, and where its progress is shown; `None` when it was running already.
pub(super) type RegisteredJob = (String, Option<watch::Sender<CalculationProgress>>);

/// Random name: whoever has not ordered a report cannot guess where it is.
fn random_job_id() -> String {
    // The keys of a `RandomState` come from the random numbers of the operating system.
    let half = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;
    use crate::report::content::ReportEdition;
    use crate::report::render::ReportFormat;

    fn test_wish(period: &str) -> ReportRequest {
        ReportRequest {
            period: period.parse().unwrap(),
            asset: None,
            lang: Language::Id,
            format: ReportFormat::Pdf,
            edition: ReportEdition::Director,
        }
    }

    pub(super) fn register(jobs: &ReportJobs, period: &str) -> Option<String> {
        let found = jobs.register(&test_wish(period), format!("desa-{period}.pdf"));
        found.map(|(id, _)| id)
    }

    #[test]
    fn a_double_click_makes_one_report_and_only_a_few_wait() {
        let jobs = ReportJobs::default();
        let first = register(&jobs, "2026-01").unwrap();
        assert_eq!(register(&jobs, "2026-01"), Some(first.clone()));
        for month in 2..=REPORT_JOBS_WAITING_MAX {
            assert!(register(&jobs, &format!("2026-{month:02}")).is_some());
        }
        assert_eq!(register(&jobs, "2026-12"), None);
        jobs.finish(&first, ReportStage::Ready(Bytes::from_static(b"x")));
        assert!(register(&jobs, "2026-12").is_some());
        assert_ne!(first, random_job_id());
    }

    #[test]
    fn files_that_are_kept_are_bounded_in_number_and_bytes() {
        let jobs = ReportJobs::default();
        let large = Bytes::from(vec![0; REPORT_JOB_BYTES_MAX / 2 + 1]);
        let mut names = Vec::new();
        for day in 1..=20 {
            let id = register(&jobs, &format!("2026-11-{day:02}")).unwrap();
            jobs.finish(&id, ReportStage::Ready(large.clone()));
            names.push(id);
        }
        let kept = names.iter().filter(|id| jobs.find(id).is_some()).count();
        assert_eq!(kept, 1);
        for day in 1..=20 {
            let id = register(&jobs, &format!("2026-10-{day:02}")).unwrap();
            jobs.finish(&id, ReportStage::Ready(Bytes::new()));
        }
        assert!(jobs.lock().len() <= REPORT_JOBS_KEPT_MAX);
    }
}
