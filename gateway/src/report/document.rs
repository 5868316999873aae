//! What a report says, before anybody decides how it looks.
//!
//! A renderer may choose type sizes and page breaks; it may not compute, round or leave out. What
//! is shown for a value comes from `show`, a total from `table`, a footnote's number from `notes`.

use crate::model::UtcMs;
use crate::report::chart::Chart;
use crate::report::figure::Figures;
use crate::report::photo::Photo;
use crate::report::table::Table;
use crate::words::Lang;
use jiff::tz::TimeZone;

/// A whole report.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its title: `Laporan bulanan`.
    pub title: String,
    /// The site it is about.
    pub site: Named,
    /// The period it is about: `2026-11`, `November 2026`.
    pub period: Named,
    /// The language of every text in it, and of its numbers and dates.
    pub lang: Lang,
    /// The site's time zone, for every date-time in it.
    pub zone: TimeZone,
    /// When it was issued; an input, so that the same report has the same bytes.
    pub issued: UtcMs,
    /// The revision of the configuration and factors that it was computed with.
    pub revision: String,
    /// The evidence digest of its last day, hexadecimal; empty when there is none.
    pub digest: String,
    /// Its parts, in reading order; annexes last.
    pub sections: Vec<Section>,
}

/// A thing with a stable id and a name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// For scripts: `desa-impian`, `2026-11`.
    pub id: String,
    /// For people: `Desa Impian`, `November 2026`.
    pub name: String,
}

/// A part of a report: a chapter of the PDF, a sheet of the workbook.
#[derive(Clone, Debug)]
pub struct Section {
    /// Stable English key: `energy`, `carbon`, `annex-method`.
    pub id: String,
    /// Its heading in the report's language.
    pub title: String,
    /// A shorter name for the workbook's tab; the title is used when it is empty.
    pub tab: String,
    /// An annex is lettered, a chapter is numbered.
    pub annex: bool,
    /// What it holds, in reading order.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading below the section's own.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// Key figures.
    Figures(Figures),
    /// A table.
    Table(Table),
    /// A plot, which is a table to look at.
    Chart(Chart),
    /// A photo, with its name and hash below it.
    Photo(Photo),
    /// Something that a reader must not overlook.
    Callout(Callout),
}

/// A box that stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    /// Why it stands out.
    pub tone: Tone,
    /// A few words.
    pub title: String,
    /// One or more sentences.
    pub text: String,
}

/// Why a callout stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Note,
    /// Something is missing or doubtful.
    Warning,
    /// Figures that may still change, such as CO2 with a factor that nobody has confirmed.
    Provisional,
}

impl Tone {
    /// Stable English key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Provisional => "provisional",
        }
    }
}

impl Document {
    /// True when any of it may still change.
    pub fn is_provisional(&self) -> bool {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.into_iter().any(|block| match block {
            Block::Callout(callout) => callout.tone == Tone::Provisional,
            Block::Figures(figures) => figures.is_provisional(),
            _ => false,
        })
    }

    /// A section's number as printed: `3`, or `B` for the second annex.
    pub fn number(&self, index: usize) -> String {
        let is_annex = self.sections.get(index).is_some_and(|s| s.annex);
        let before = self.sections.iter().take(index);
        let place = before.filter(|s| s.annex == is_annex).count();
        if is_annex {
            let letters = ('A'..='Z').cycle();
            letters.skip(place).take(1).collect()
        } else {
            (place + 1).to_string()
        }
    }

    /// A section's heading with its number: `3. Air`, `Lampiran B. Metode`.
    pub fn heading(&self, index: usize) -> String {
        let number = self.number(index);
        let Some(section) = self.sections.get(index) else {
            return number;
        };
        let title = &section.title;
        if section.annex {
            let args = [("letter", number.as_str()), ("title", title)];
            return self.lang.say("report-annex", &args);
        }
        format!("{number}. {title}")
    }
}
