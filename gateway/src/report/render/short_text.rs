//! Plain text of the first figures of a report, for a message on a phone.

use crate::report::render::cell_value::CellValue;
use crate::report::render::document::{ReportBlock, ReportDocument};
use crate::report::render::figure::KeyFigure;
use crate::report::render::number_format;
use crate::report::render::render_context::RenderContext;

/// Renders title, site, period, and the first `figures_max` headline figures with their status.
pub fn render_short_text(document: &ReportDocument, figures_max: usize) -> String {
    let show = RenderContext::new(document);
    let heading = format!("{}: {}", document.title, document.site.name);
    let mut lines = vec![heading, document.period.name.clone(), String::new()];
    let blocks = document.sections.first().map(|section| &section.blocks);
    let figures = blocks
        .into_iter()
        .flatten()
        .filter_map(|block| match block {
            ReportBlock::Figures(figures) => Some(&figures.items),
            _ => None,
        });
    let figures = figures.flatten().take(figures_max);
    lines.extend(figures.map(|figure| figure_line(&show, figure)));
    lines.join("\n")
}

fn figure_line(show: &RenderContext<'_>, figure: &KeyFigure) -> String {
    let label = &figure.label;
    if let CellValue::Missing(reason) = &figure.value {
        return format!("• {label}: {} ({reason})", number_format::NO_VALUE);
    }
    let value = show.figure_text(figure).text;
    let value = if figure.is_at_least {
        let args = [("value", &*value)];
        show.document.lang.text_with("report-value-at-least", &args)
    } else {
        value
    };
    let status = show.status(figure.status);
    let spread = show.spread_text(figure);
    let spread = spread.map(|spread| format!("{spread}; "));
    format!(
        "• {label}: {value} ({}{status})",
        spread.unwrap_or_default()
    )
}
