//! Computes figures and makes reports from the store, on a blocking thread, so that the caller goes
//! on answering others. API and command line both use it. The entry type is [`ReportRequest`].
//!
//! ```text
//! let (lang, format) = (Language::Id, ReportFormat::Pdf);
//! let edition = ReportEdition::Director;
//! let wish = ReportRequest { period: "2026-11".parse()?, asset: None, lang, format, edition };
//! let task = ReportTask { basis: CalculationBasis::in_force(config), store, wish, now, held };
//! let pdf = build_report(task, |_| ()).await?;
//! ```
//!
//! See docs/reports.md.

mod calculation_turns;
mod indicator_service;
mod report_build_error;
mod report_source;
mod revised_since;
mod revisions;
#[cfg(test)]
mod tests;

pub use calculation_turns::{CalculationTurns, compute_indicators, keep_closed_days};
pub use indicator_service::IndicatorService;
pub use report_build_error::ReportBuildError;
pub use report_source::{BuiltReport, ReportSource};
pub use revised_since::changes_since;
pub use revisions::{CalculationBasis, CalculationRevision, list_revisions, load_basis};

use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::issued_report::IssuedFile;
use crate::domain::period::Period;
use crate::domain::site_zone::SiteZone;
use crate::evidence::hash;
use crate::i18n::Language;
use crate::indicators::{self, CalculationProgress, IndicatorQuery};
use crate::limits::{REPORT_EVIDENCE_STEPS_MAX, REPORT_REPEATS_MAX};
use crate::report::content::ReportEdition;
use crate::report::render::{self, ReportFormat};
use crate::storage::{Store, StoreError};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Requested report.
#[derive(Clone, Debug)]
pub struct ReportRequest {
    /// Period.
    pub period: Period,
    /// Asset; `None`: the whole site.
    pub asset: Option<Arc<str>>,
    /// Language.
    pub lang: Language,
    /// File format.
    pub format: ReportFormat,
    /// Edition of a PDF.
    pub edition: ReportEdition,
}

impl ReportRequest {
    /// Returns true for the edition that compares with the period before.
    fn is_for_director(&self) -> bool {
        self.format == ReportFormat::Pdf && self.edition == ReportEdition::Director
    }
}

/// Report to make, and what it is made from.
#[derive(Debug)]
pub struct ReportTask<H> {
    /// Configuration and factors.
    pub basis: CalculationBasis,
    /// Store with readings and entries.
    pub store: Store,
    /// Period, asset, language, format and edition.
    pub wish: ReportRequest,
    /// Time of the report.
    pub now: UtcMs,
    /// Permit, which is dropped when the work has ended, also when the caller has gone before.
    pub held: H,
}

/// Makes a report. The same request on the same readings at the same time `now` gives the same
/// bytes.
pub async fn build_report<H: Send + 'static>(
    task: ReportTask<H>,
    progress: impl FnMut(CalculationProgress) + Send + 'static,
) -> Result<BuiltReport, ReportBuildError> {
    let (lang, format) = (task.wish.lang, task.wish.format);
    let is_for_director = task.wish.is_for_director();
    let write = move |source: ReportSource| {
        let bytes = if is_for_director {
            let (front, document) = source.director_report(lang);
            render::render_director_pdf(&front, &document)?
        } else {
            render::render_document(&source.document(lang), format)?
        };
        Ok(BuiltReport {
            issue: source.issue(),
            file: IssuedFile {
                format: format.key().to_owned(),
                language: lang.code().to_owned(),
                sha256: hash(&bytes),
            },
            bytes,
        })
    };
    run_task(task, progress, write).await
}

/// Computes what a report says, without writing a file: for a comparison with an issued one.
pub async fn compute_report<H: Send + 'static>(
    task: ReportTask<H>,
    progress: impl FnMut(CalculationProgress) + Send + 'static,
) -> Result<ReportSource, ReportBuildError> {
    run_task(task, progress, Ok).await
}

/// Gathers and finishes a report on a blocking thread.
async fn run_task<H: Send + 'static, T: Send + 'static>(
    task: ReportTask<H>,
    mut progress: impl FnMut(CalculationProgress) + Send + 'static,
    finish: impl FnOnce(ReportSource) -> Result<T, ReportBuildError> + Send + 'static,
) -> Result<T, ReportBuildError> {
    let runtime = Handle::current();
    let work = move || {
        let source = gather_source(task.basis, &task.store, &task.wish, task.now, &mut progress);
        let made = runtime.block_on(source).and_then(finish);
        drop(task.held);
        made
    };
    tokio::task::spawn_blocking(work).await?
}

/// Makes the due records of the evidence chain first, so that the head that a report names covers
/// all closed days, also over HTTP.
async fn settle_digests(store: &Store) -> Result<(), StoreError> {
    for _ in 0..REPORT_EVIDENCE_STEPS_MAX {
        if store.close_due_days().await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn gather_source(
    basis: CalculationBasis,
    store: &Store,
    wish: &ReportRequest,
    now: UtcMs,
    progress: &mut (dyn FnMut(CalculationProgress) + Send),
) -> Result<ReportSource, ReportBuildError> {
    let ask = IndicatorQuery {
        period: wish.period,
        asset: wish.asset.clone(),
        now,
        daily: true,
        snapshots: basis.past.is_none(),
    };
    settle_digests(store).await?;
    let mut before = store.report_evidence().await?;
    let mut attempt = 1;
    loop {
        let account = indicators::calculate_indicators(&basis.config, store, &ask, progress);
        let account = Arc::new(account.await?);
        let source =
            ReportSource::gather(basis.clone(), store, account, wish.asset.clone(), now).await?;
        // What came while the figures were computed may be in some of them only: once more.
        if *source.evidence() == before || attempt == REPORT_REPEATS_MAX {
            if !wish.is_for_director() {
                return Ok(source);
            }
            return with_period_before(source, store, ask, progress).await;
        }
        before = source.evidence().clone();
        attempt += 1;
    }
}

/// Adds the figures of the period to compare with.
async fn with_period_before(
    source: ReportSource,
    store: &Store,
    ask: IndicatorQuery,
    progress: &mut (dyn FnMut(CalculationProgress) + Send),
) -> Result<ReportSource, ReportBuildError> {
    let query = query_before(&source.config().site.timezone, ask);
    let before = indicators::calculate_indicators(source.config(), store, &query, progress);
    let before = before.await?;
    Ok(source.with_before(before))
}

/// The question for the period with which that of `ask` is compared: of a running one, as much as
/// has passed.
pub(crate) fn query_before(zone: &SiteZone, ask: IndicatorQuery) -> IndicatorQuery {
    let today = zone.date(ask.now);
    // Of the day that stands where today does, as many hours as today has.
    let until = ask.period.counterpart(today).map(|day| {
        let passed = ask.now.0 - zone.midnight(today).0;
        UtcMs(zone.midnight(day).0 + passed)
    });
    IndicatorQuery {
        period: ask.period.before(today),
        daily: false,
        now: until.map_or(ask.now, |until| until.min(ask.now)),
        ..ask
    }
}

/// File name of a report: `desa-impian-2026-11.pdf`, with `-plts` for one asset, `-full` for the
/// full edition as PDF, and `-r4.1` for a requested revision.
pub fn report_file_name(config: &Config, wish: &ReportRequest, revision: Option<&str>) -> String {
    let (site, period) = (&config.site.id, wish.period.to_string().replace("..", "_"));
    let asset = wish.asset.as_deref().map(|asset| format!("-{asset}"));
    let asset = asset.unwrap_or_default();
    let revision = revision.map_or(String::new(), |revision| format!("-r{revision}"));
    let is_full = wish.format == ReportFormat::Pdf && wish.edition == ReportEdition::Full;
    let edition = if is_full { "-full" } else { "" };
    let ending = wish.format.key();
    format!("{site}-{period}{asset}{edition}{revision}.{ending}")
}
