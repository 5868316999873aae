//! Content of a report, independent of its layout.
//!
//! A renderer may choose type sizes and page breaks; it may not compute, round or leave out. The
//! text shown for a value comes from `render_context`, a total from `table`, a footnote number from
//! `footnotes`.

use crate::domain::UtcMs;
use crate::evidence::ReportEvidence;
use crate::i18n::Language;
use crate::report::render::calculation::FigureCalculation;
use crate::report::render::chart::{ChartDrawing, ReportChart, read_line_drawing};
use crate::report::render::figure::KeyFigures;
use crate::report::render::number_format::place_letters;
use crate::report::render::photo::ReportPhoto;
use crate::report::render::table::ReportTable;
use jiff::tz::TimeZone;

/// Whole report.
#[derive(Clone, Debug)]
pub struct ReportDocument {
    /// Title: `Laporan bulanan`.
    pub title: String,
    /// Site of the report.
    pub site: LabelledId,
    /// Period of the report: `2026-11`, `November 2026`.
    pub period: LabelledId,
    /// Language of all texts, numbers and dates.
    pub lang: Language,
    /// Time zone of the site, for every time shown.
    pub zone: TimeZone,
    /// Time of issue. An input, so that the same report has the same bytes.
    pub issued: UtcMs,
    /// Revision of configuration and factors behind the figures.
    pub revision: String,
    /// Evidence when the report was made.
    pub evidence: ReportEvidence,
    /// Word of page 1 about its figures as a whole: the same for all editions.
    pub standing: PageStanding,
    /// Sections in reading order; annexes last.
    pub sections: Vec<ReportSection>,
    /// Calculations of all figures, for the formulas of the workbook.
    pub calculations: Vec<FigureCalculation>,
}

/// Word of page 1 about its figures as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStanding {
    /// Something is provisional, to be checked or without a number.
    pub is_unsettled: bool,
    /// Message key of the word beside the title: what the worst of the figures is; `None` where
    /// nothing on the page is provisional, to be checked or still open.
    pub badge: Option<&'static str>,
}

/// Stable id with a name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledId {
    /// Id for scripts: `desa-impian`, `2026-11`.
    pub id: String,
    /// Name for people: `Desa Impian`, `November 2026`.
    pub name: String,
}

/// Section of a report: a chapter of the PDF, a sheet of the workbook.
#[derive(Clone, Debug)]
pub struct ReportSection {
    /// Stable English key: `energy`, `carbon`, `annex-method`.
    pub id: String,
    /// Heading in the report's language.
    pub title: String,
    /// Shorter name for the workbook's tab; empty for the title.
    pub tab: String,
    /// True for an annex, which is lettered; chapters are numbered.
    pub annex: bool,
    /// Content in reading order.
    pub blocks: Vec<ReportBlock>,
}

/// Block of a section.
#[derive(Clone, Debug)]
pub enum ReportBlock {
    /// Subheading.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// Key figures.
    Figures(KeyFigures),
    /// A table.
    Table(ReportTable),
    /// Plot; formats without plots show its table.
    Chart(ReportChart),
    /// Line drawing, with its title above it.
    Drawing(ReportDrawing),
    /// Photo, with its name and hash below it.
    Photo(ReportPhoto),
    /// Box that stands out.
    Callout(CalloutBox),
}

/// Line drawing that is part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDrawing {
    /// Stable English key within the report.
    pub id: String,
    /// The drawing, in the language of the report; its title is in it.
    pub svg: &'static str,
}

impl ReportDrawing {
    /// Reads the drawing and fits it into a width, points. Errors: it is none that can be printed.
    pub fn fit(&self, width: f64) -> Result<ChartDrawing, String> {
        read_line_drawing(self.svg, width)
    }

    /// Returns the title; empty for a drawing that cannot be printed.
    pub fn title(&self) -> String {
        self.fit(1.0)
            .map(|drawing| drawing.title)
            .unwrap_or_default()
    }
}

/// Box that stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalloutBox {
    /// Severity, which selects the colour.
    pub tone: CalloutTone,
    /// Short title.
    pub title: String,
    /// One or more sentences.
    pub text: String,
}

/// Severity of a callout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalloutTone {
    /// Information.
    Note,
    /// Warning: something is missing or doubtful.
    Warning,
    /// Figures that may still change, such as CO2 with a factor that nobody has confirmed.
    Provisional,
}

impl CalloutTone {
    /// Returns the stable English key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Provisional => "provisional",
        }
    }
}

impl ReportDocument {
    /// Returns true if page 1, a figure or a callout of the report is provisional or to be checked.
    pub fn is_provisional(&self) -> bool {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let is_marked = blocks.into_iter().any(|block| match block {
            ReportBlock::Callout(callout) => callout.tone == CalloutTone::Provisional,
            ReportBlock::Figures(figures) => figures.is_provisional(),
            _ => false,
        });
        self.standing.is_unsettled || is_marked
    }

    /// Returns true if a figure of the report belongs to a period that is not over.
    pub fn is_running(&self) -> bool {
        let mut blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.any(|block| matches!(block, ReportBlock::Figures(all) if all.is_running()))
    }

    /// Returns the printed number of a section: `3`, or `B` for the second annex.
    pub fn section_number(&self, index: usize) -> String {
        let is_annex = self.sections.get(index).is_some_and(|s| s.annex);
        let before = self.sections.iter().take(index);
        let place = before.filter(|s| s.annex == is_annex).count();
        if is_annex {
            place_letters(place)
        } else {
            (place + 1).to_string()
        }
    }

    /// Returns the heading of a section with its number: `3. Air`, `Lampiran B. Metode`.
    pub fn section_heading(&self, index: usize) -> String {
        let number = self.section_number(index);
        let Some(section) = self.sections.get(index) else {
            return number;
        };
        let title = &section.title;
        if section.annex {
            let args = [("letter", number.as_str()), ("title", title)];
            return self.lang.text_with("report-annex", &args);
        }
        format!("{number}. {title}")
    }
}
