//! Rendering of reports: one [`document::ReportDocument`] becomes PDF, workbook, CSV and JSON, so
//! that the formats cannot disagree.
//!
//! Entry function: [`render_document`].
//!
//! ```text
//! let pdf = render(&document, ReportFormat::Pdf)?;     // bytes of a PDF/A-2b file
//! let csv = render(&document, ReportFormat::Csv)?;     // the same numbers, footnotes and totals
//! ```
//!
//! Modules to read first: `document` (the content), `render_context` (the text shown for a value).
//! Renderers compute nothing: rounding is in `cell_value`, totals in `table`, footnote numbers in
//! `footnotes`. No storage, no clock, no network: the same document gives the same bytes. The
//! reports themselves: `docs/reports.md`.

pub mod calculation;
pub mod cell_value;
pub mod chart;
mod consistency;
pub(crate) mod csv;
pub mod document;
pub(crate) mod evidence_names;
pub mod figure;
mod font_metrics;
mod footnotes;
pub mod front_page;
pub mod html;
mod json;
pub mod number_format;
mod partial_totals;
mod pdf;
pub mod photo;
mod render_context;
pub(crate) mod render_error;
mod sheet_rows;
pub mod short_text;
pub mod table;
mod xlsx;

use crate::report::render::document::ReportDocument;
use crate::report::render::front_page::FrontPage;
use crate::report::render::render_context::RenderContext;
pub use render_error::RenderError;

/// File format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// Typeset A4 pages, PDF/A-2b.
    Pdf,
    /// Workbook with one sheet for each section.
    Xlsx,
    /// One text file for spreadsheets.
    Csv,
    /// Unrounded numbers for scripts.
    Json,
}

impl ReportFormat {
    /// Parses the word on the command line or the ending of a web address: `pdf`.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Pdf, Self::Xlsx, Self::Csv, Self::Json];
        all.into_iter().find(|format| format.key() == word)
    }

    /// Returns the word for it, which is also the file extension.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// Returns the media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// Renders the director's edition as PDF: the first page, then the document behind it. The same
/// input gives the same bytes.
pub fn render_director_pdf(
    front: &FrontPage,
    document: &ReportDocument,
) -> Result<Vec<u8>, RenderError> {
    consistency::check_document(document)?;
    consistency::check_front(front)?;
    let show = RenderContext::new(document);
    pdf::render_director(&show, front).map_err(RenderError::Pdf)
}

/// Renders `document` in `format`. The same document gives the same bytes.
pub fn render_document(
    document: &ReportDocument,
    format: ReportFormat,
) -> Result<Vec<u8>, RenderError> {
    consistency::check_document(document)?;
    let show = RenderContext::new(document);
    match format {
        ReportFormat::Pdf => pdf::render_pdf(&show).map_err(RenderError::Pdf),
        ReportFormat::Xlsx => Ok(xlsx::render_xlsx(&show)?),
        ReportFormat::Csv => Ok(csv::render_csv(&show)),
        ReportFormat::Json => Ok(json::render_json(&show)?),
    }
}
