//! Context of all chapters: input of the report, language, time zone and names.

use super::{ReportInputs, display_names};
use crate::config::Asset;
use crate::domain::indicator::{DailyValues, Indicator};
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{
    CalloutBox, CalloutTone, LabelledId, PageStanding, ReportBlock, ReportDocument, ReportSection,
};
use crate::report::render::table::{ReportColumn, ReportTable};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Daily values that pages mark in a plot, and that would be a column of 0 and 1 in a report.
const PAGE_SERIES: &[&str] = &["tank.leak_nights"];

/// Input of a report with its language and time zone.
#[derive(Debug)]
pub(crate) struct ReportContext<'a> {
    pub(crate) matter: ReportInputs<'a>,
    pub(crate) lang: Language,
    /// Time zone of the site.
    pub(crate) zone: TimeZone,
}

impl<'a> ReportContext<'a> {
    pub(crate) fn new(matter: ReportInputs<'a>) -> Self {
        Self {
            matter,
            lang: matter.lang,
            zone: matter.config.site.timezone.rules().clone(),
        }
    }

    pub(crate) fn message(&self, key: &str) -> String {
        self.lang.text(key)
    }

    pub(crate) fn format_message(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.lang.text_with(key, args)
    }

    /// Local day of issue.
    pub(crate) fn today(&self) -> Date {
        self.matter.config.site.timezone.date(self.matter.issued)
    }

    /// Name of the site, with the asset when the report is about one asset.
    pub(crate) fn site_name(&self) -> String {
        let site = &self.matter.config.site.name;
        match self.matter.asset {
            Some(asset) => format!("{site} · {}", self.asset_name(asset)),
            None => site.to_string(),
        }
    }

    /// Assets of the report, in the order of the configuration.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &'a Asset> {
        let only = self.matter.asset;
        let all = self.matter.config.assets.iter();
        all.filter(move |asset| only.is_none_or(|only| *asset.id == *only))
    }

    pub(crate) fn asset_name(&self, id: &str) -> String {
        self.matter.config.asset_name(id)
    }

    pub(crate) fn indicators(&self) -> &'a [Indicator] {
        &self.matter.account.indicators
    }

    /// Figures of an asset (`None`: of the site) whose ids begin with one of `prefixes`.
    pub(crate) fn indicators_of(
        &self,
        asset: Option<&str>,
        prefixes: &[&str],
    ) -> Vec<&'a Indicator> {
        let all = self.indicators().iter();
        all.filter(|one| one.asset.as_deref() == asset && has_prefix(&one.id, prefixes))
            .collect()
    }

    /// Daily values of an asset (`None`: of the site) whose ids begin with one of `prefixes`.
    pub(crate) fn daily_of(&self, asset: Option<&str>, prefixes: &[&str]) -> Vec<&'a DailyValues> {
        let all = self.matter.account.daily.iter();
        let all = all.filter(|one| !PAGE_SERIES.contains(&&*one.id));
        all.filter(|one| one.asset.as_deref() == asset && has_prefix(&one.id, prefixes))
            .collect()
    }

    /// Name of an indicator.
    pub(crate) fn indicator_name(&self, id: &str) -> String {
        display_names::indicator_name(&self.matter.config.definitions, self.lang, id)
    }

    /// Name of an indicator with that of its asset.
    pub(crate) fn full_name(&self, one: &Indicator) -> String {
        let name = self.indicator_name(&one.id);
        match one.asset.as_deref() {
            Some(asset) if self.matter.asset.is_none() => {
                format!("{name} · {}", self.asset_name(asset))
            }
            _ => name,
        }
    }

    /// A unit as printed.
    pub(crate) fn unit_text(&self, symbol: &str) -> String {
        display_names::unit_text(self.lang, symbol)
    }

    /// A document about the site and the period; `standing` is what its page 1 says.
    pub(crate) fn document(
        &self,
        title: String,
        sections: Vec<ReportSection>,
        standing: PageStanding,
    ) -> ReportDocument {
        let (matter, period) = (&self.matter, self.matter.account.period);
        ReportDocument {
            title,
            site: LabelledId {
                id: matter.config.site.id.to_string(),
                name: self.site_name(),
            },
            period: LabelledId {
                id: period.to_string(),
                name: display_names::period_name(matter.lang, period),
            },
            lang: matter.lang,
            zone: self.zone.clone(),
            issued: matter.issued,
            revision: matter.account.revision.clone(),
            evidence: matter.evidence.clone(),
            standing,
            sections,
            calculations: Vec::new(),
        }
    }

    /// A column whose heading has the message key `chapters-col-ID`.
    pub(crate) fn column(&self, id: &str, kind: ValueKind) -> ReportColumn {
        ReportColumn::new(id, &self.message(&format!("chapters-col-{id}")), kind)
    }

    /// Columns whose headings have the message keys `chapters-col-ID`.
    pub(crate) fn columns<const N: usize>(
        &self,
        columns: [(&str, ValueKind); N],
    ) -> Vec<ReportColumn> {
        let column = |(id, kind): (&str, ValueKind)| self.column(id, kind);
        columns.into_iter().map(column).collect()
    }

    /// A table whose title has the message key `chapters-KEY`.
    pub(crate) fn table(&self, id: &str, key: &str, columns: Vec<ReportColumn>) -> ReportTable {
        let mut table = ReportTable::new(id, &self.message(&format!("chapters-{key}")), columns);
        table.total_label = self.message("chapters-total");
        table
    }

    /// A callout whose title and text have the message keys `chapters-KEY-title` and
    /// `chapters-KEY-text`.
    pub(crate) fn callout(
        &self,
        tone: CalloutTone,
        key: &str,
        args: &[(&str, &str)],
    ) -> ReportBlock {
        ReportBlock::Callout(CalloutBox {
            tone,
            title: self.format_message(&format!("chapters-{key}-title"), args),
            text: self.format_message(&format!("chapters-{key}-text"), args),
        })
    }

    /// A table below its introduction `chapters-KEY`; empty when the table has no rows.
    pub(crate) fn table_with_intro(&self, key: &str, table: ReportTable) -> Vec<ReportBlock> {
        if table.rows.is_empty() {
            return Vec::new();
        }
        vec![self.paragraph(key, &[]), ReportBlock::Table(table)]
    }

    /// A paragraph with the message key `chapters-KEY`.
    pub(crate) fn paragraph(&self, key: &str, args: &[(&str, &str)]) -> ReportBlock {
        ReportBlock::Paragraph(self.format_message(&format!("chapters-{key}"), args))
    }
}

fn has_prefix(id: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| id.starts_with(prefix))
}

/// A text, or an empty cell.
pub(crate) fn text_cell(text: impl Into<String>) -> CellValue {
    match text.into() {
        text if text.is_empty() => CellValue::Empty,
        text => CellValue::Text(text),
    }
}
