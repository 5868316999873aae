//! What every chapter needs: the matter of the report, its language and its names.

use super::{Matter, naming};
use crate::config::Asset;
use crate::model::indicator::{Daily, Indicator};
use crate::report::document::{Block, Callout, Tone};
use crate::report::table::{Column, Table};
use crate::report::value::{Kind, Value};
use crate::words::Lang;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The matter of a report, and its language.
#[derive(Debug)]
pub(super) struct Book<'a> {
    pub(super) matter: Matter<'a>,
    pub(super) lang: Lang,
    /// The site's time zone.
    pub(super) zone: TimeZone,
}

impl<'a> Book<'a> {
    pub(super) fn new(matter: Matter<'a>) -> Self {
        let name = &matter.config.site.timezone;
        Self {
            matter,
            lang: matter.lang,
            // A checked configuration names a zone that is known.
            zone: TimeZone::get(name).unwrap_or(TimeZone::UTC),
        }
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.lang.text(key)
    }

    pub(super) fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.lang.say(key, args)
    }

    /// The day on which the report is issued.
    pub(super) fn today(&self) -> Date {
        let at = Timestamp::from_millisecond(self.matter.issued.0).unwrap_or_default();
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// The name of the site, with the asset when the report is about that alone.
    pub(super) fn site_name(&self) -> String {
        let site = &self.matter.config.site.name;
        match self.matter.asset {
            Some(asset) => format!("{site} · {}", self.asset_name(asset)),
            None => site.to_string(),
        }
    }

    /// The assets that the report is about, in the order of the configuration.
    pub(super) fn assets(&self) -> impl Iterator<Item = &'a Asset> {
        let only = self.matter.asset;
        let all = self.matter.config.assets.iter();
        all.filter(move |asset| only.is_none_or(|only| *asset.id == *only))
    }

    pub(super) fn asset_name(&self, id: &str) -> String {
        let mut all = self.matter.config.assets.iter();
        let found = all.find(|asset| *asset.id == *id);
        found.map_or_else(|| id.to_owned(), |asset| asset.name.to_string())
    }

    pub(super) fn indicators(&self) -> &'a [Indicator] {
        &self.matter.account.indicators
    }

    /// The figures of an asset (`None`: of the site) whose ids begin with one of `prefixes`.
    pub(super) fn of(&self, asset: Option<&str>, prefixes: &[&str]) -> Vec<&'a Indicator> {
        let all = self.indicators().iter();
        all.filter(|one| one.asset.as_deref() == asset && begins(&one.id, prefixes))
            .collect()
    }

    /// The daily values of an asset (`None`: of the site) whose ids begin with one of `prefixes`.
    pub(super) fn daily(&self, asset: Option<&str>, prefixes: &[&str]) -> Vec<&'a Daily> {
        let all = self.matter.account.daily.iter();
        all.filter(|one| one.asset.as_deref() == asset && begins(&one.id, prefixes))
            .collect()
    }

    /// The name of an indicator.
    pub(super) fn name(&self, id: &str) -> String {
        naming::indicator_name(&self.matter.config.definitions, self.lang, id)
    }

    /// The name of an indicator with that of its asset.
    pub(super) fn full_name(&self, one: &Indicator) -> String {
        let name = self.name(&one.id);
        match one.asset.as_deref() {
            Some(asset) if self.matter.asset.is_none() => {
                format!("{name} · {}", self.asset_name(asset))
            }
            _ => name,
        }
    }

    /// A unit as printed.
    pub(super) fn unit(&self, symbol: &str) -> String {
        naming::unit(self.lang, symbol)
    }

    /// A column whose head is the catalogue's `chapters-col-ID`.
    pub(super) fn column(&self, id: &str, kind: Kind) -> Column {
        Column::new(id, &self.text(&format!("chapters-col-{id}")), kind)
    }

    /// A table whose title is the catalogue's `chapters-KEY`.
    pub(super) fn table(&self, id: &str, key: &str, columns: Vec<Column>) -> Table {
        let mut table = Table::new(id, &self.text(&format!("chapters-{key}")), columns);
        table.total_label = self.text("chapters-total");
        table
    }

    /// A callout whose title and text are `chapters-KEY-title` and `chapters-KEY-text`.
    pub(super) fn callout(&self, tone: Tone, key: &str, args: &[(&str, &str)]) -> Block {
        Block::Callout(Callout {
            tone,
            title: self.say(&format!("chapters-{key}-title"), args),
            text: self.say(&format!("chapters-{key}-text"), args),
        })
    }

    /// A table below its introduction, `chapters-KEY`; nothing when it has no rows.
    pub(super) fn introduced(&self, key: &str, table: Table) -> Vec<Block> {
        if table.rows.is_empty() {
            return Vec::new();
        }
        vec![self.paragraph(key, &[]), Block::Table(table)]
    }

    /// A running text, `chapters-KEY`.
    pub(super) fn paragraph(&self, key: &str, args: &[(&str, &str)]) -> Block {
        Block::Paragraph(self.say(&format!("chapters-{key}"), args))
    }
}

fn begins(id: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| id.starts_with(prefix))
}

/// A text, or an empty cell.
pub(super) fn cell(text: impl Into<String>) -> Value {
    match text.into() {
        text if text.is_empty() => Value::Empty,
        text => Value::Text(text),
    }
}
