//! Issued reports as texts.

use crate::api::ApiListener;
use crate::domain::issued_report::IssuedReport;
use crate::i18n::Language;
use crate::report::content::{MovedHeadline, indicator_name, period_name};
use crate::report::render::number_format;

/// Digits of a SHA-256 that a list shows.
const DIGITS_SHOWN: usize = 12;

/// An issued report.
#[derive(Clone, Debug)]
pub(crate) struct IssuedLine {
    pub(crate) id: u64,
    pub(crate) period: String,
    /// Name of the asset, else the words for the whole site.
    pub(crate) scope: String,
    /// Time of issue.
    pub(crate) at: String,
    /// Name of the person, else the way.
    pub(crate) by: String,
    /// First digits of the content's hash.
    pub(crate) digits: String,
}

/// A figure that has moved since.
#[derive(Clone, Debug)]
pub(crate) struct MovedLine {
    pub(crate) label: String,
    pub(crate) before: String,
    pub(crate) now: String,
    /// By how much; empty when there is no number on both sides.
    pub(crate) difference: String,
}

/// Texts of an issued report.
pub(crate) fn issued_line(app: &ApiListener, lang: Language, one: &IssuedReport) -> IssuedLine {
    let issue = &one.issue;
    IssuedLine {
        id: one.id,
        period: period_name(lang, issue.period),
        scope: match issue.asset.as_deref() {
            Some(asset) => app.state().config.asset_name(asset),
            None => lang.text("laporan-site"),
        },
        at: number_format::time(lang, one.issued_at, &app.0.zone),
        by: match &*issue.issued_by {
            "" => lang.text(&format!("laporan-via-{}", issue.via.word())),
            name => name.to_owned(),
        },
        digits: issue.content.chars().take(DIGITS_SHOWN).collect(),
    }
}

/// Texts of a figure that has moved.
pub(crate) fn moved_line(app: &ApiListener, lang: Language, one: &MovedHeadline) -> MovedLine {
    let none = || number_format::NO_VALUE.to_owned();
    let text = |record: &Option<crate::report::content::HeadlineRecord>| {
        record.as_ref().map_or_else(none, |record| {
            let status = lang.text(&format!("report-status-{}", record.status));
            format!("{} ({status})", record.text(lang))
        })
    };
    let label = one.latest().map_or_else(String::new, |record| {
        let name = indicator_name(&app.state().config.definitions, lang, &record.id);
        match &*record.asset {
            "" => name,
            asset => format!("{name} · {}", app.state().config.asset_name(asset)),
        }
    });
    MovedLine {
        label,
        before: text(&one.before),
        now: text(&one.now),
        difference: one.difference(lang),
    }
}
