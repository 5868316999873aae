//! The head of the first page: what this report is, and what is in it.

use super::flow::{BODY, Flow, SMALL, Start};
use super::page::{AMBER, FAINT, GREEN, MARGIN, Op, PALE_AMBER, Page, RULE, TEXT, WHITE};
use super::wrap;
use crate::report::face::{Face, width};
use crate::report::rows;
use crate::report::show::Show;

const BAND: f64 = 118.0;
const LINE: f64 = 14.0;

/// Draws the head; where the lines of the contents are.
pub(super) fn draw(flow: &mut Flow<'_>) -> Vec<Start> {
    band(flow);
    about(flow);
    let show = flow.show;
    flow.heading(&show.word("report-contents"));
    let mut places = Vec::new();
    for _ in &show.document.sections {
        flow.need(LINE);
        places.push((flow.pages.len() - 1, flow.y));
        flow.y += LINE;
    }
    flow.y += 4.0;
    places
}

fn band(flow: &mut Flow<'_>) {
    let document = flow.show.document;
    let wide = flow.page().width();
    flow.page()
        .ops
        .push(Op::Rect([0.0, 0.0, wide, BAND], GREEN));
    let mut y = 48.0;
    let room = flow.room();
    let title = fitted(&document.title, 23.0, room);
    flow.page()
        .text((MARGIN, y), title.1, Face::Bold, WHITE, &title.0);
    y += 24.0;
    let site = fitted(&document.site.name, 13.0, room);
    flow.page()
        .text((MARGIN, y), site.1, Face::Bold, WHITE, &site.0);
    y += 19.0;
    let period = fitted(&document.period.name, 11.0, room);
    flow.page()
        .text((MARGIN, y), period.1, Face::Regular, WHITE, &period.0);
    flow.y = BAND + 14.0;
    if document.is_provisional() {
        provisional(flow);
    }
}

/// One line of `text` and the type size at which it fits; cut when it would become unreadable.
fn fitted(text: &str, size: f64, room: f64) -> (String, f64) {
    let wide = width(Face::Bold, size, text);
    let smaller = (size * room / wide.max(1.0)).clamp(size * 0.5, size);
    let lines = wrap::lines(text, Face::Bold, smaller, room - smaller);
    let first = lines.first().cloned().unwrap_or_default();
    let cut = if lines.len() > 1 { "…" } else { "" };
    (first + cut, smaller)
}

fn provisional(flow: &mut Flow<'_>) {
    let word = flow.show.word("report-provisional").to_uppercase();
    let wide = width(Face::Bold, 9.0, &word) + 16.0;
    let x = flow.page().width() - MARGIN - wide;
    let y = BAND - 28.0;
    flow.page()
        .ops
        .push(Op::Rect([x, y, wide, 17.0], PALE_AMBER));
    flow.page()
        .text((x + 8.0, y + 12.0), 9.0, Face::Bold, AMBER, &word);
}

/// Words and values beside each other.
fn about(flow: &mut Flow<'_>) {
    let pairs = rows::about(flow.show);
    let widths = pairs
        .iter()
        .map(|(word, _)| width(Face::Regular, SMALL.size, word));
    let indent = widths.fold(0.0, f64::max) + 14.0;
    for (word, value) in pairs.iter().skip(2) {
        let at = (MARGIN, flow.y + BODY.size);
        flow.page().text(at, SMALL.size, Face::Regular, FAINT, word);
        flow.write(super::flow::Style { size: 8.0, ..BODY }, value, indent);
    }
    flow.y += 6.0;
}

/// Writes titles and page numbers into the lines of the contents.
pub(super) fn fill_contents(
    show: &Show<'_>,
    pages: &mut [Page],
    places: &[Start],
    starts: &[Start],
) {
    for (index, (place, start)) in places.iter().zip(starts).enumerate() {
        let page = &mut pages[place.0];
        let right = page.width() - MARGIN;
        let base = place.1 + BODY.size;
        let number = (start.0 + 1).to_string();
        let heading = wrap::lines(
            &show.document.heading(index),
            BODY.face,
            BODY.size,
            right - MARGIN - 60.0,
        );
        let title = heading.first().cloned().unwrap_or_default();
        let end = MARGIN + width(BODY.face, BODY.size, &title) + 6.0;
        page.text((MARGIN, base), BODY.size, BODY.face, TEXT, &title);
        page.text_to((right, base), BODY.size, BODY.face, TEXT, &number);
        page.ops.push(Op::Line {
            points: vec![(end, base - 1.0), (right - 20.0, base - 1.0)],
            rgb: RULE,
            width: 0.6,
            dashed: true,
        });
        let area = [MARGIN, place.1, right - MARGIN, LINE];
        page.ops.push(Op::Link(area, start.0, start.1));
    }
}
