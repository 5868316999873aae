//! [`IssuedReport`]: the note that a report was made, and what it said.

use super::UtcMs;
use super::period::Period;
use std::sync::Arc;

/// A report before it is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportIssue {
    /// Period of the report.
    pub period: Period,
    /// The asset; `None`: the whole site.
    pub asset: Option<Arc<str>>,
    /// SHA-256 of what the report says, in no language and without its time of issue, hexadecimal.
    pub content: String,
    /// Revision of configuration and factors.
    pub revision: String,
    /// Digest of the last evidence record when it was made, hexadecimal; empty without a record.
    pub digest: String,
    /// Headline figures as printed, as a JSON list.
    pub headlines: String,
    /// Way on which it was asked for.
    pub via: IssueWay,
    /// Name of the person; empty when nobody has signed in.
    pub issued_by: String,
    /// Time at which it was begun: what came later is not in it.
    pub made: UtcMs,
}

/// Issues of a period and asset before one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierIssues {
    /// The first, and the last ones, by number; at most `EARLIER_ISSUES_MAX`.
    pub listed: Vec<IssuedReport>,
    /// Number of all.
    pub count: u64,
    /// Number of those with another content.
    pub others: u64,
}

/// A file in which a report was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedFile {
    /// Format: `pdf`, `xlsx`, `csv` or `json`.
    pub format: String,
    /// Code of its language.
    pub language: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// A report that was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedReport {
    /// Number; later notes have greater ones.
    pub id: u64,
    /// Time of the first issue with this content.
    pub issued_at: UtcMs,
    /// The report.
    pub issue: ReportIssue,
}

/// Way on which a report was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueWay {
    /// A page.
    Page,
    /// The API over the network.
    Api,
    /// A command on the gateway's own machine.
    Command,
}

impl IssueWay {
    /// Stable English word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::Command => "command",
        }
    }

    /// The way with this word; an unknown one is a command.
    pub fn parse(word: &str) -> Self {
        match word {
            "page" => Self::Page,
            "api" => Self::Api,
            _ => Self::Command,
        }
    }
}
