//! One report, four formats: PDF, workbook, CSV, JSON, all from one `Document`, so that they cannot
//! disagree.
//!
//! Start at `document` (what a report says) and `show` (what is shown for a value). The renderers
//! compute nothing: rounding is in `value`, totals in `table`, footnotes in `notes`.
//! **Invariant:** no store, no clock, no network; the same document gives the same bytes.

pub mod chart;
mod check;
mod csv;
pub mod document;
mod face;
pub mod figure;
pub mod format;
mod json;
mod notes;
mod pdf;
pub mod photo;
mod rows;
mod show;
pub mod table;
pub mod value;
mod xlsx;

use crate::report::document::Document;
use crate::report::show::Show;

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Typeset pages.
    Pdf,
    /// A workbook with a sheet a section.
    Xlsx,
    /// One text file that a spreadsheet opens.
    Csv,
    /// For scripts.
    Json,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The document contradicts itself.
    #[error("{place}: {what}")]
    Shape {
        /// Section, block and row.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// More cells than a report may have.
    #[error("{found} cells; a report has at most {most}")]
    TooLarge {
        /// Cells in the document.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// The PDF could not be written.
    #[error("pdf: {0}")]
    Pdf(String),
    /// The workbook could not be written.
    #[error("xlsx: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The JSON could not be written.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
}

impl Format {
    /// From the word on the command line or in an address: `pdf`.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Pdf, Self::Xlsx, Self::Csv, Self::Json];
        all.into_iter().find(|format| format.key() == word)
    }

    /// The word for it, which is also the ending of its files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// Writes `document` in `format`. The same document gives the same bytes.
pub fn render(document: &Document, format: Format) -> Result<Vec<u8>, Fault> {
    check::check(document)?;
    let show = Show::new(document);
    match format {
        Format::Pdf => pdf::render(&show).map_err(Fault::Pdf),
        Format::Xlsx => Ok(xlsx::render(&show)?),
        Format::Csv => Ok(csv::render(&show)),
        Format::Json => Ok(json::render(&show)?),
    }
}
