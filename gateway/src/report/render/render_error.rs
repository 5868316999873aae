//! [`RenderError`]: why a report cannot be rendered.

/// Error of rendering a report.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The document is inconsistent.
    #[error("{place}: {what}")]
    Shape {
        /// Section, block and row of the fault.
        place: String,
        /// Description of the fault.
        what: String,
    },
    /// More cells than a report may have.
    #[error("{found} cells; a report has at most {most}")]
    TooLarge {
        /// Cells in the document.
        found: usize,
        /// Largest number allowed.
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
