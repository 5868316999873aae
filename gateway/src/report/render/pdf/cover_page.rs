//! Head of the first page: title, site, period, properties and table of contents.

use super::page_flow::{BODY_STYLE, PageFlow, SMALL_STYLE, SectionStart};
use super::pdf_page::{
    AMBER, GREEN, MARGIN, PALE_AMBER, PageItem, PdfPage, RULE, TextStyle, WHITE, text_style,
};
use super::text_fit::{draw_lines, fit_line, fit_texts, total_height};
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows;

const BAND_HEIGHT: f64 = 118.0;
const CONTENTS_LINE_HEIGHT: f64 = 14.0;

/// Draws the head; returns the places of the lines of contents, which are filled in later.
pub(crate) fn draw_cover(flow: &mut PageFlow<'_>) -> Vec<SectionStart> {
    draw_band(flow);
    draw_properties(flow);
    let show = flow.show;
    flow.heading(&show.translate("report-contents"));
    let mut places = Vec::new();
    for _ in &show.document.sections {
        flow.ensure_height(CONTENTS_LINE_HEIGHT);
        // Room is kept for each line now, because later pages must not move when it is filled in.
        places.push((flow.pages.len() - 1, flow.y));
        flow.y += CONTENTS_LINE_HEIGHT;
    }
    flow.y += 4.0;
    places
}

fn draw_band(flow: &mut PageFlow<'_>) {
    let document = flow.show.document;
    let wide = flow.page().width();
    flow.page()
        .items
        .push(PageItem::Rect([0.0, 0.0, wide, BAND_HEIGHT], GREEN));
    let room = flow.width_between_margins();
    let (bold, regular) = (FontFace::Bold, FontFace::Regular);
    // Each text ends at its line, and has two smaller lines above it where one is too long.
    for (bottom, height, size, face, text) in [
        (52.0, 38.0, 23.0, bold, &document.title),
        (74.5, 21.0, 13.0, bold, &document.site.name),
        (93.0, 17.0, 11.0, regular, &document.period.name),
    ] {
        let style = text_style(face, size, WHITE);
        let lines = fit_texts(&[(text.as_str(), style)], (room, height));
        let top = bottom - total_height(&lines);
        draw_lines(flow.page(), &lines, (MARGIN, top));
    }
    flow.y = BAND_HEIGHT + 14.0;
    if let Some(badge) = document.standing.badge {
        draw_stamp(flow, badge);
    }
}

fn draw_stamp(flow: &mut PageFlow<'_>, badge: &str) {
    let word = flow.show.translate(badge).to_uppercase();
    let wide = text_width(FontFace::Bold, 9.0, &word) + 16.0;
    let x = flow.page().width() - MARGIN - wide;
    let y = BAND_HEIGHT - 28.0;
    flow.page()
        .items
        .push(PageItem::Rect([x, y, wide, 17.0], PALE_AMBER));
    flow.page().text(
        (x + 8.0, y + 12.0),
        text_style(FontFace::Bold, 9.0, AMBER),
        &word,
    );
}

/// Draws the properties of the report as pairs of label and value.
fn draw_properties(flow: &mut PageFlow<'_>) {
    let pairs = sheet_rows::report_properties(flow.show);
    let widths = pairs
        .iter()
        .map(|(word, _)| text_width(FontFace::Regular, SMALL_STYLE.size, word));
    let indent = widths.fold(0.0, f64::max) + 14.0;
    // Site and period are already in the band above.
    for (word, value) in pairs.iter().skip(2) {
        let at = (MARGIN, flow.y + BODY_STYLE.size);
        flow.page().text(at, SMALL_STYLE, word);
        flow.write_wrapped(
            TextStyle {
                size: 8.0,
                ..BODY_STYLE
            },
            value,
            indent,
        );
    }
    flow.y += 6.0;
}

/// Fills titles and page numbers into the lines of contents.
pub(crate) fn fill_contents(
    show: &RenderContext<'_>,
    pages: &mut [PdfPage],
    places: &[SectionStart],
    starts: &[SectionStart],
) {
    for (index, (place, start)) in places.iter().zip(starts).enumerate() {
        let page = &mut pages[place.0];
        let right = page.width() - MARGIN;
        let base = place.1 + BODY_STYLE.size;
        let number = (start.0 + 1).to_string();
        let heading = show.document.section_heading(index);
        let title = fit_line(&heading, BODY_STYLE, right - MARGIN - 60.0);
        let wide = text_width(BODY_STYLE.face, title.style.size, &title.text);
        let end = MARGIN + wide + 6.0;
        page.text((MARGIN, base), title.style, &title.text);
        page.text_right_aligned((right, base), BODY_STYLE, &number);
        page.items.push(PageItem::Line {
            points: vec![(end, base - 1.0), (right - 20.0, base - 1.0)],
            rgb: RULE,
            width: 0.6,
            dashed: true,
        });
        let area = [MARGIN, place.1, right - MARGIN, CONTENTS_LINE_HEIGHT];
        page.items.push(PageItem::Link(area, start.0, start.1));
    }
}
