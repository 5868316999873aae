//! Reports that people order on the page: each is made in the background and kept for some minutes,
//! so that a phone may go to sleep in between.

use super::ApiListener;
use super::error::ApiError;
use super::indicators::report_error;
use super::issued_reports::issuer_name;
use crate::domain::issued_report::IssueWay;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::indicators::CalculationProgress;
use crate::limits::{
    REPORT_JOB_BYTES_MAX, REPORT_JOB_SECONDS, REPORT_JOBS_KEPT_MAX, REPORT_JOBS_WAITING_MAX,
};
use crate::report::build::{self, CalculationBasis, ReportRequest};
use crate::report::render::ReportFormat;
use bytes::Bytes;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Times that an ordered report waits a minute for its turn.
const TURN_TRIES: usize = 10;

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

/// Order for the task that makes the report.
struct ReportOrder {
    wish: ReportRequest,
    /// Name of the person.
    issued_by: String,
    /// Where the progress is shown.
    show: watch::Sender<CalculationProgress>,
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
    fn register(&self, wish: &ReportRequest, file: String) -> Option<RegisteredJob> {
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
    fn finish(&self, id: &str, stage: ReportStage) {
        let mut all = self.lock();
        if let Some(job) = all.iter_mut().find(|job| job.id == id) {
            job.stage = stage;
        }
        let bytes = |job: &ReportJob| match &job.stage {
            ReportStage::Ready(file) => file.len(),
            _ => 0,
        };
        while all.iter().map(bytes).sum::<usize>() > REPORT_JOB_BYTES_MAX {
            let Some(at) = all.iter().position(|job| bytes(job) > 0 && job.id != id) else {
                break;
            };
            all.remove(at);
        }
    }

    fn remove(&self, id: &str) {
        self.lock().retain(|job| job.id != id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ReportJob>> {
        // A panic of another request must not make the orders unusable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name of an order, and where its progress is shown; `None` when it was running already.
type RegisteredJob = (String, Option<watch::Sender<CalculationProgress>>);

impl ApiListener {
    /// Orders a report; returns the name of the order.
    pub(crate) fn order_report(
        &self,
        period: Period,
        asset: Option<Arc<str>>,
        lang: Language,
        format: ReportFormat,
    ) -> Result<String, ApiError> {
        let wish = ReportRequest {
            period,
            asset,
            lang,
            format,
        };
        let jobs = &self.state().report_jobs;
        let file = build::report_file_name(&self.state().config, &wish, None);
        let Some((id, show)) = jobs.register(&wish, file) else {
            let busy = lang.text("reporting-busy");
            let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
            return Err(ApiError::new(status, busy));
        };
        if let Some(show) = show {
            let order = ReportOrder {
                wish,
                issued_by: issuer_name(),
                show,
            };
            tokio::spawn(self.clone().run_order(id.clone(), order));
        }
        Ok(id)
    }

    /// Makes an ordered report, keeps it for a while, and forgets it.
    async fn run_order(self, id: String, order: ReportOrder) {
        let jobs = Arc::clone(&self.state().report_jobs);
        let stage = match self.make_ordered_report(order).await {
            Ok(file) => ReportStage::Ready(file),
            Err(error) => ReportStage::Failed(error),
        };
        jobs.finish(&id, stage);
        tokio::time::sleep(Duration::from_secs(REPORT_JOB_SECONDS)).await;
        jobs.remove(&id);
    }

    async fn make_ordered_report(&self, order: ReportOrder) -> Result<Bytes, ApiError> {
        let ReportOrder {
            wish,
            issued_by,
            show,
        } = order;
        let lang = wish.lang;
        let state = self.state();
        let turns = state.figures.turns();
        let mut turn = turns.long().await;
        for _ in 1..TURN_TRIES {
            if turn.is_ok() {
                break;
            }
            turn = turns.long().await;
        }
        let turn = turn.map_err(|busy| report_error(&busy.into(), lang))?;
        let basis = CalculationBasis::in_force(Arc::clone(&state.config));
        let progress = move |progress| {
            show.send_replace(progress);
        };
        let built = build::build_report(state.report_task(basis, wish, turn), progress).await;
        let built = built.map_err(|trouble| report_error(&trouble, lang))?;
        if built.bytes.len() > REPORT_JOB_BYTES_MAX {
            return Err(too_large_error(lang));
        }
        self.note_issue(built.issue, IssueWay::Page, issued_by)
            .await;
        Ok(built.bytes.into())
    }
}

fn too_large_error(lang: Language) -> ApiError {
    let status = axum::http::StatusCode::PAYLOAD_TOO_LARGE;
    ApiError::new(status, lang.text("laporan-file-too-large"))
}

/// Random name: whoever has not ordered a report cannot guess where it is.
fn random_job_id() -> String {
    // The keys of a `RandomState` come from the random numbers of the operating system.
    let half = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_wish(period: &str) -> ReportRequest {
        ReportRequest {
            period: period.parse().unwrap(),
            asset: None,
            lang: Language::Id,
            format: ReportFormat::Pdf,
        }
    }

    fn register(jobs: &ReportJobs, period: &str) -> Option<String> {
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
