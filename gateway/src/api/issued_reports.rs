//! Issued reports: their notes in the store, and what has changed since.

use super::ApiListener;
use super::error::ApiError;
use super::indicators::report_error;
use super::request_sender::RequestSender;
use crate::access::{AccessPolicy, Caller};
use crate::domain::indicator::SiteIndicators;
use crate::domain::issued_report::{IssueWay, IssuedFile, IssuedReport, ReportIssue};
use crate::domain::period::Period;
use crate::evidence::ChangesSince;
use crate::i18n::Language;
use crate::indicators::IndicatorQuery;
use crate::report::build::{self, CalculationBasis, ReportRequest, ReportSource, ReportTask};
use crate::report::content::{HeadlineRecord, MovedHeadline, ReportEdition, moved_headlines};
use crate::report::render::ReportFormat;
use crate::report::render::document::ReportDocument;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// First page of a report, for a screen.
#[derive(Debug)]
pub(crate) struct ShortEdition {
    /// The document; its section `summary` is the first page.
    pub(crate) document: ReportDocument,
    /// Number of events in the data of the period.
    pub(crate) events: u64,
}

/// An issued report beside what the same period gives today.
#[derive(Debug)]
pub(crate) struct IssueComparison {
    /// True when a report of today would say exactly the same.
    pub(crate) is_same: bool,
    /// True when it can be made again exactly, by the configuration and factors of its time.
    pub(crate) is_remade: bool,
    /// Headline figures that have moved.
    pub(crate) moved: Vec<MovedHeadline>,
    /// Revision of configuration and factors today.
    pub(crate) revision: String,
    /// Digest of the last evidence record today.
    pub(crate) digest: String,
    /// Changes in the store since.
    pub(crate) changes: ChangesSince,
}

/// Name of the person or program that sends the present request; empty when nobody has signed in.
/// `said` is the name that a command of this computer gives.
pub(crate) fn issuer_name(said: Option<String>) -> String {
    let sender = RequestSender::current();
    match sender.caller {
        Caller::Nobody => String::new(),
        _ => sender.recorded_or(said).unwrap_or_default(),
    }
}

impl ApiListener {
    /// A report for the present request counts as issued: its sender is known, or nobody can be,
    /// because there are no people yet.
    pub(crate) fn is_issued_to_sender(&self) -> bool {
        match &self.state().access {
            AccessPolicy::Guarded(access) if access.has_users() => {
                RequestSender::current().caller != Caller::Nobody
            }
            _ => true,
        }
    }

    /// First page of the report of a period.
    pub(crate) async fn short_edition(
        &self,
        period: Period,
        asset: Option<Arc<str>>,
        lang: Language,
    ) -> Result<ShortEdition, ApiError> {
        let state = self.state();
        let now = state.clock.now().at;
        let query = IndicatorQuery {
            period,
            asset: asset.clone(),
            now,
            daily: false,
            snapshots: true,
        };
        let before = build::query_before(&state.site.timezone, query.clone());
        let account = self.period_indicators(query, lang).await?;
        // Where it cannot be computed, page 1 stands without it.
        let before = self.period_indicators(before, lang).await.ok();
        let basis = CalculationBasis::in_force(Arc::clone(&state.config));
        let source = ReportSource::gather(basis, &state.store, account, asset, now).await;
        let source = source.map_err(|trouble| report_error(&trouble, lang))?;
        let source = match before {
            Some(before) => source.with_before(SiteIndicators::clone(&before)),
            None => source,
        };
        Ok(ShortEdition {
            document: source.page_one(lang),
            events: source.count_events(),
        })
    }

    /// Notes an issued report and its file. A report is handed out also when its note fails.
    pub(crate) async fn note_issue(
        &self,
        (issue, file): (ReportIssue, IssuedFile),
        via: IssueWay,
        issued_by: String,
    ) {
        let issue = ReportIssue {
            via,
            issued_by,
            ..issue
        };
        let period = issue.period;
        match self
            .state()
            .store
            .note_issued_report(issue, Some(file))
            .await
        {
            Ok(Some(_)) => {}
            Ok(None) => tracing::warn!(%period, "too many reports in a day: one is not noted"),
            Err(error) => tracing::warn!(%period, %error, "an issued report is not noted"),
        }
    }

    /// The issued report with this number.
    pub(crate) async fn issued_report(&self, id: u64) -> Result<Option<IssuedReport>, ApiError> {
        let before = id.saturating_add(1);
        let found = self.state().store.issued_reports_before(before).await?;
        Ok(found.into_iter().find(|one| one.id == id))
    }

    /// Makes an issued report again in a format and language, without noting it.
    pub(crate) async fn report_again(
        &self,
        report: &IssuedReport,
        format: ReportFormat,
        lang: Language,
    ) -> Result<Vec<u8>, ApiError> {
        let basis = self.basis_of_issue(report).await;
        let task = self.task_again(report, basis, (format, lang)).await?;
        let made = build::build_report(task, self.progress_callback()).await;
        let made = made.map_err(|trouble| report_error(&trouble, lang))?;
        Ok(made.bytes)
    }

    /// The configuration and factors with which a report was issued; those in force where they are
    /// the same, or cannot be read any more.
    async fn basis_of_issue(&self, report: &IssuedReport) -> CalculationBasis {
        let state = self.state();
        let config = Arc::clone(&state.config);
        let revision = &report.issue.revision;
        let found = build::load_basis(Arc::clone(&config), &state.store, revision).await;
        let found = found.unwrap_or_else(|_| CalculationBasis::in_force(config));
        found.made_again(report.issue.made)
    }

    /// The full edition of an issued report as a task of today.
    async fn task_again(
        &self,
        report: &IssuedReport,
        basis: CalculationBasis,
        (format, lang): (ReportFormat, Language),
    ) -> Result<ReportTask<OwnedSemaphorePermit>, ApiError> {
        let state = self.state();
        let turn = state.figures.turns().long().await;
        let turn = turn.map_err(|busy| report_error(&busy.into(), lang))?;
        let wish = ReportRequest {
            period: report.issue.period,
            asset: report.issue.asset.clone(),
            lang,
            format,
            edition: ReportEdition::Full,
        };
        Ok(state.report_task(basis, wish, turn))
    }

    /// Computes the period of an issued report again and compares.
    pub(crate) async fn compare_issue(
        &self,
        report: &IssuedReport,
        lang: Language,
    ) -> Result<IssueComparison, ApiError> {
        let (state, issued) = (self.state(), &report.issue);
        let way = (ReportFormat::Json, lang);
        let in_force = CalculationBasis::in_force(Arc::clone(&state.config));
        let task = self.task_again(report, in_force, way).await?;
        let today = build::compute_report(task, self.progress_callback()).await;
        let today = today.map_err(|trouble| report_error(&trouble, lang))?;
        let issue = today.issue();
        let is_same = issue.content == issued.content;
        let mut is_remade = is_same;
        if !is_same {
            let basis = self.basis_of_issue(report).await;
            let task = self.task_again(report, basis, way).await?;
            let again = build::compute_report(task, self.progress_callback()).await;
            is_remade = again.is_ok_and(|again| again.issue().content == issued.content);
        }
        // What cannot be read counts as no figures: all of today's then show as new.
        let before: Vec<HeadlineRecord> =
            serde_json::from_str(&issued.headlines).unwrap_or_default();
        // After the report of today, which makes the records that are due.
        let changes = build::changes_since(&state.store, report).await?;
        Ok(IssueComparison {
            changes,
            is_same,
            is_remade,
            moved: moved_headlines(&before, &today.headlines_beside(&before)),
            revision: issue.revision,
            digest: issue.digest,
        })
    }
}
