//! Orders of reports: each is made in the background, when it is its turn.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::indicators::report_error;
use crate::api::issued_reports::issuer_name;
use crate::api::report_jobs::ReportStage;
use crate::domain::issued_report::IssueWay;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::indicators::CalculationProgress;
use crate::limits::{REPORT_JOB_BYTES_MAX, REPORT_JOB_SECONDS};
use crate::report::build::{self, CalculationBasis, ReportRequest};
use crate::report::content::ReportEdition;
use crate::report::render::ReportFormat;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Times that an ordered report waits a minute for its turn.
const TURN_TRIES: usize = 10;

/// Order of a person.
#[derive(Debug)]
pub(crate) struct ReportOrderWish {
    pub(crate) period: Period,
    /// `None`: the whole site.
    pub(crate) asset: Option<Arc<str>>,
    pub(crate) format: ReportFormat,
    /// Edition of a PDF.
    pub(crate) edition: ReportEdition,
}

/// Order for the task that makes the report.
struct ReportOrder {
    wish: ReportRequest,
    /// Name of the person.
    issued_by: String,
    /// Where the progress is shown.
    show: watch::Sender<CalculationProgress>,
}

impl ApiListener {
    /// Orders a report; returns the name of the order.
    pub(crate) fn order_report(
        &self,
        wish: ReportOrderWish,
        lang: Language,
    ) -> Result<String, ApiError> {
        let wish = ReportRequest {
            period: wish.period,
            asset: wish.asset,
            lang,
            format: wish.format,
            edition: wish.edition,
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
                // Asked here: the task runs outside of the request and does not know its sender.
                issued_by: issuer_name(None),
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
        // Before the report is noted as issued: nobody receives this one.
        if built.bytes.len() > REPORT_JOB_BYTES_MAX {
            return Err(too_large_error(lang));
        }
        self.note_issue((built.issue, built.file), IssueWay::Page, issued_by)
            .await;
        Ok(built.bytes.into())
    }
}

fn too_large_error(lang: Language) -> ApiError {
    let status = axum::http::StatusCode::PAYLOAD_TOO_LARGE;
    ApiError::new(status, lang.text("laporan-file-too-large"))
}
