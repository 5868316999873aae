//! [`ReportInputs`]: all that a report is made of.

use super::headline_record::MovedHeadline;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::indicator::SiteIndicators;
use crate::domain::issued_report::IssueWay;
use crate::domain::ledger::LedgerEntry;
use crate::evidence::{ChangesSince, NO_EVIDENCE, ReportEvidence};
use crate::i18n::Language;

/// Input of a report.
#[derive(Clone, Copy, Debug)]
pub struct ReportInputs<'a> {
    /// The site and its assets.
    pub config: &'a Config,
    /// The figures of the period.
    pub account: &'a SiteIndicators,
    /// Ledger entries that touch the period: records, targets and baselines, without corrected
    /// ones.
    pub entries: &'a [LedgerEntry],
    /// Changes of the configuration and of the built-in factors within the period, in time order.
    pub changes: &'a [RevisionChange],
    /// Number of earlier changes in the period that are not in `changes`.
    pub changes_left_out: u64,
    /// Set when `config` is an earlier revision.
    pub past: Option<&'a PastRevision>,
    /// Evidence when the report is made; its content is computed from the other inputs.
    pub evidence: &'a ReportEvidence,
    /// Earlier issues that said something else, and what came since; not part of the content.
    pub revised: Option<&'a RevisedSince>,
    /// The asset of the report; `None`: the whole site.
    pub asset: Option<&'a str>,
    /// Time of issue.
    pub issued: UtcMs,
    /// Language.
    pub lang: Language,
}

impl<'a> ReportInputs<'a> {
    /// The figures of a period alone: nothing recorded, changed, issued before or chained.
    pub fn of_account(
        config: &'a Config,
        account: &'a SiteIndicators,
        issued: UtcMs,
        lang: Language,
    ) -> Self {
        Self {
            config,
            account,
            entries: &[],
            changes: &[],
            changes_left_out: 0,
            past: None,
            evidence: &NO_EVIDENCE,
            revised: None,
            asset: None,
            issued,
            lang,
        }
    }
}

/// A change of the configuration or of the built-in factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionChange {
    /// Time of the change.
    pub at: UtcMs,
    /// `configuration` or `factors`; its text has the message key `event-KIND`.
    pub kind: &'static str,
    /// Places of the configuration that differ, as `config::changed` names them.
    pub places: Vec<String>,
    /// Names of the revisions before and after.
    pub before_after: (String, String),
}

/// The earlier revision with which figures were computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRevision {
    /// Its number, `4.1`.
    pub number: String,
    /// Name of the revision in force.
    pub in_force: String,
}

/// Earlier issues of a report, and what came since the first of them.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisedSince {
    /// The first and the last ones, by number.
    pub issues: Vec<EarlierIssue>,
    /// Number of all.
    pub count: u64,
    /// Changes in the store since the first.
    pub changes: ChangesSince,
    /// Headline figures that differ from the first.
    pub moved: Vec<MovedHeadline>,
}

/// Issue of the same period and asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierIssue {
    /// Its number.
    pub number: u64,
    /// Its time.
    pub at: UtcMs,
    /// Name of the person; empty when nobody had signed in.
    pub by: String,
    /// Way on which it was asked for.
    pub via: IssueWay,
}
