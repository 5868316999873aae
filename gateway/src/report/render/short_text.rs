//! Plain text of page 1 of a report, for a message on a phone.

use crate::report::render::cell_value::CellValue;
use crate::report::render::document::{ReportBlock, ReportDocument};
use crate::report::render::figure::KeyFigure;
use crate::report::render::number_format;
use crate::report::render::render_context::RenderContext;

/// Renders title, site, period, the figures of the first section with their marks and status, and
/// the remarks on them.
pub fn render_short_text(document: &ReportDocument) -> String {
    let show = RenderContext::new(document);
    let heading = format!("{}: {}", document.title, document.site.name);
    let mut lines = vec![heading, document.period.name.clone(), String::new()];
    let blocks = document.sections.first().map(|section| &section.blocks);
    for block in blocks.into_iter().flatten() {
        match block {
            ReportBlock::Figures(figures) => {
                let figures = figures.items.iter();
                lines.extend(figures.map(|figure| figure_line(&show, figure)));
            }
            ReportBlock::Callout(callout) => lines.extend([String::new(), callout.text.clone()]),
            _ => {}
        }
    }
    lines.join("\n")
}

fn figure_line(show: &RenderContext<'_>, figure: &KeyFigure) -> String {
    let label = &figure.label;
    if let CellValue::Missing(reason) = &figure.value {
        return format!("• {label}: {} ({reason})", number_format::NO_VALUE);
    }
    let value = show.figure_text(figure).text;
    // What page 1 does not name is not named here.
    let status = figure.status.is_told().then(|| show.status(figure.status));
    let marks: Vec<String> = show.bounds_text(figure).into_iter().chain(status).collect();
    if marks.is_empty() {
        return format!("• {label}: {value}");
    }
    format!("• {label}: {value} ({})", marks.join("; "))
}
