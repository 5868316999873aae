//! [`FrontPage`]: first page of the director's edition, read at a glance.

use crate::report::render::chart::ReportChart;
use crate::report::render::figure::KeyFigure;

/// First page: figures with target and last period, one plot, what is provisional, signatures.
#[derive(Clone, Debug)]
pub struct FrontPage {
    /// Name of the period before, above its figures: `Oktober 2026`.
    pub before: String,
    /// The figures, in reading order.
    pub figures: Vec<FrontFigure>,
    /// The plot.
    pub chart: Option<ReportChart>,
    /// One line on what is provisional or still open, and why; then the notes that it names.
    pub remark: Vec<String>,
    /// True when something is provisional: the remark stands out.
    pub is_doubtful: bool,
    /// Fields for those who prepare, check and approve the report.
    pub signers: [FrontSigner; 3],
}

/// Figure of the first page.
#[derive(Clone, Debug)]
pub struct FrontFigure {
    /// The figure; a missing value has its reason.
    pub figure: KeyFigure,
    /// Bounds or half-width as text; empty when not known.
    pub bounds: String,
    /// The figure of the period before as text: a quantity, or a word for why there is none.
    pub before: String,
    /// By how much it has changed since: `+8%`, or why the two are not alike; empty when neither
    /// can be said.
    pub change: String,
}

/// Field of a signature.
#[derive(Clone, Debug)]
pub struct FrontSigner {
    /// Role: `Disiapkan oleh`.
    pub role: String,
    /// Name; empty for an open line.
    pub name: String,
    /// Function.
    pub office: String,
}
