//! [`ReportSource`]: everything from the store that a report is made of.

use super::{CalculationBasis, ReportBuildError, revised_since, revisions};
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::indicator::SiteIndicators;
use crate::domain::issued_report::{IssueWay, IssuedFile, ReportIssue};
use crate::domain::ledger::LedgerEntry;
use crate::evidence::{ReportEvidence, hash};
use crate::i18n::Language;
use crate::report::content::{self, HeadlineRecord, ReportInputs, RevisedSince, RevisionChange};
use crate::report::render::document::ReportDocument;
use crate::report::render::front_page::FrontPage;
use crate::storage::{LedgerQuery, Store};
use std::sync::Arc;

/// Figures of a period, with what stands beside them in a report.
#[derive(Debug)]
pub struct ReportSource {
    basis: CalculationBasis,
    account: Arc<SiteIndicators>,
    asset: Option<Arc<str>>,
    entries: Vec<LedgerEntry>,
    evidence: ReportEvidence,
    changes: Vec<RevisionChange>,
    changes_left_out: u64,
    revised: Option<RevisedSince>,
    issued: UtcMs,
    /// Figures of the period before; only where an edition compares with them.
    before: Option<SiteIndicators>,
}

impl ReportSource {
    /// Reads what stands beside the figures `account` of `asset` (`None`: of the site).
    pub async fn gather(
        basis: CalculationBasis,
        store: &Store,
        account: Arc<SiteIndicators>,
        asset: Option<Arc<str>>,
        issued: UtcMs,
    ) -> Result<Self, ReportBuildError> {
        let period = account.period;
        let query = LedgerQuery {
            from: Some(period.first()),
            to: Some(period.last()),
            ..LedgerQuery::default()
        };
        // Manual entries belong to the site, not to an asset.
        let entries = match asset {
            Some(_) => Vec::new(),
            None => store.all_ledger_entries(query).await?,
        };
        // Last of all, so that it names everything that was read before.
        let changes = revisions::revision_changes(&basis.config, store, (period, basis.made));
        let changes = changes.await?;
        let mut source = Self {
            basis,
            account,
            asset,
            entries,
            evidence: store.report_evidence().await?,
            changes: changes.0,
            changes_left_out: changes.1,
            revised: None,
            issued,
            before: None,
        };
        let headlines = |before: &[HeadlineRecord]| source.headlines_beside(before);
        source.revised = revised_since::revised_since(store, &source.issue(), &headlines).await?;
        Ok(source)
    }

    /// The source with the figures of the period to compare with.
    #[must_use]
    pub fn with_before(self, before: SiteIndicators) -> Self {
        let before = Some(before);
        Self { before, ..self }
    }

    /// First page and chapters of the director's edition in one language.
    pub fn director_report(&self, lang: Language) -> (FrontPage, ReportDocument) {
        let inputs = self.inputs(lang);
        let (front, mut document) = content::build_director_report(inputs, self.before.as_ref());
        // The content is that of the report, whatever an edition shows of it.
        document.evidence.content = self.content_sha256();
        (front, document)
    }

    /// Page 1 in one language, for a screen.
    pub fn page_one(&self, lang: Language) -> ReportDocument {
        content::build_page_one(self.inputs(lang), self.before.as_ref())
    }

    /// The document in one language.
    pub fn document(&self, lang: Language) -> ReportDocument {
        let mut document = content::build_document(self.inputs(lang));
        document.evidence.content = self.content_sha256();
        document
    }

    /// Evidence when the source was gathered, without the content.
    pub fn evidence(&self) -> &ReportEvidence {
        &self.evidence
    }

    /// SHA-256 of what the report says, in no language and without its time and evidence.
    fn content_sha256(&self) -> String {
        let content = content::canonical_content(self.inputs(Language::default()));
        hash(content.as_bytes())
    }

    /// The note of this report, without the way and the person.
    pub fn issue(&self) -> ReportIssue {
        let headlines = serde_json::to_string(&self.headlines());
        ReportIssue {
            period: self.account.period,
            asset: self.asset.clone(),
            content: self.content_sha256(),
            revision: self.account.revision.clone(),
            digest: self.evidence.digest().to_owned(),
            // Numbers and texts alone are always valid JSON.
            headlines: headlines.unwrap_or_default(),
            via: IssueWay::Api,
            issued_by: String::new(),
            made: self.issued,
        }
    }

    /// Headline figures.
    pub fn headlines(&self) -> Vec<HeadlineRecord> {
        content::headline_records(self.inputs(Language::default()))
    }

    /// Headline figures, and what has become of those of an earlier report.
    pub fn headlines_beside(&self, before: &[HeadlineRecord]) -> Vec<HeadlineRecord> {
        content::records_beside(self.inputs(Language::default()), before)
    }

    /// Configuration that the figures were computed with.
    pub fn config(&self) -> &Config {
        &self.basis.config
    }

    /// Number of events in the data of the period.
    pub fn count_events(&self) -> u64 {
        let events = self.account.events.len() + self.changes.len();
        let listed = u64::try_from(events).unwrap_or(u64::MAX);
        listed + self.account.events_left_out + self.changes_left_out
    }

    fn inputs(&self, lang: Language) -> ReportInputs<'_> {
        ReportInputs {
            config: &self.basis.config,
            account: &self.account,
            entries: &self.entries,
            changes: &self.changes,
            changes_left_out: self.changes_left_out,
            past: self.basis.past.as_ref(),
            evidence: &self.evidence,
            revised: self.revised.as_ref(),
            asset: self.asset.as_deref(),
            issued: self.issued,
            lang,
        }
    }
}

/// A report as a file, with its note.
#[derive(Debug)]
pub struct BuiltReport {
    /// Bytes of the file.
    pub bytes: Vec<u8>,
    /// Note of the report.
    pub issue: ReportIssue,
    /// Note of the file.
    pub file: IssuedFile,
}
