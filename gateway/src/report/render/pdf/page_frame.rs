//! Header and footer of pages: site and period above, digest and page number below.

use super::pdf_page::{AMBER, FAINT, MARGIN, PdfPage, RULE, text_style};
use super::text_fit::{LEAST_TYPE_SIZE, draw_lines, fit_line, fit_texts, total_height};
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::render_context::RenderContext;

const FRAME_TYPE_SIZE: f64 = 7.4;
/// Height of the name of the site and of the report.
const NAME_HEIGHT: f64 = 9.0;

/// Adds header and footer once the number of pages is known.
pub(crate) fn draw_page_frames(show: &RenderContext<'_>, pages: &mut [PdfPage]) {
    let all = pages.len().to_string();
    for (index, page) in pages.iter_mut().enumerate() {
        // The first page has the same words in its band.
        if index > 0 {
            draw_header(show, page);
        }
        let number = (index + 1).to_string();
        let args = [("page", number.as_str()), ("pages", all.as_str())];
        draw_footer(show, page, &show.lang().text_with("report-page", &args));
    }
}

fn draw_header(show: &RenderContext<'_>, page: &mut PdfPage) {
    let document = show.document;
    let right = page.width() - MARGIN;
    let y = 32.0;
    let period = &document.period.name;
    let taken = text_width(FontFace::Regular, FRAME_TYPE_SIZE, period) + 110.0;
    let site = format!("{} · {}", document.site.name, document.title);
    let style = text_style(FontFace::Bold, FRAME_TYPE_SIZE, FAINT);
    // A long name has two lines or more above the rule.
    let lines = fit_texts(&[(&*site, style)], (right - MARGIN - taken, NAME_HEIGHT));
    draw_lines(page, &lines, (MARGIN, y + 2.0 - total_height(&lines)));
    page.text_right_aligned(
        (right, y),
        text_style(FontFace::Regular, FRAME_TYPE_SIZE, FAINT),
        period,
    );
    if let Some(badge) = document.standing.badge {
        let word = show.translate(badge).to_uppercase();
        let x = right - text_width(FontFace::Regular, FRAME_TYPE_SIZE, period) - 12.0;
        page.text_right_aligned(
            (x, y),
            text_style(FontFace::Bold, FRAME_TYPE_SIZE, AMBER),
            &word,
        );
    }
    page.rule(MARGIN, right, y + 6.0, 0.5, RULE);
}

fn draw_footer(show: &RenderContext<'_>, page: &mut PdfPage, number: &str) {
    let right = page.width() - MARGIN;
    let y = page.height() - 28.0;
    page.rule(MARGIN, right, y - 11.0, 0.5, RULE);
    page.text_right_aligned(
        (right, y),
        text_style(FontFace::Regular, FRAME_TYPE_SIZE, FAINT),
        number,
    );
    let digest = show.document.evidence.digest();
    if !digest.is_empty() {
        let text = format!("{} {digest}", show.translate("report-digest"));
        // Small enough that all 64 digits fit on one line, also in the longer language.
        let style = text_style(FontFace::Regular, LEAST_TYPE_SIZE, FAINT);
        let line = fit_line(&text, style, right - MARGIN - 90.0);
        page.text((MARGIN, y), line.style, &line.text);
    }
}
