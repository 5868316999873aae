//! First page of the director's edition: a band, a row for each figure, one plot, what is
//! provisional, signatures, and the evidence in small type at the foot.

use super::line_wrap;
use super::page_flow::{BODY_STYLE, CAPTION_STYLE, PageFlow, SMALL_STYLE};
use super::pdf_page::{
    AMBER, FAINT, GREEN, MARGIN, PALE, PALE_AMBER, PageItem, RULE, RgbColour, TEXT, TextStyle,
    WHITE, text_style,
};
use super::text_fit::{FittedLine, LEAST_TYPE_SIZE, draw_lines, fit_line, fit_texts, total_height};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::front_page::{FrontFigure, FrontPage, FrontSigner};
use crate::report::render::number_format::NO_VALUE;
use crate::report::render::render_context::nearest_kind;
use crate::report::render::sheet_rows;
use crate::report::render::table::count_as_f64;

const BAND_HEIGHT: f64 = 92.0;
/// Left edges of the columns from the margin: figure, value, target, period before.
const COLUMNS: [f64; 4] = [0.0, 168.0, 306.0, 412.0];
/// Free space at the right of a column.
const COLUMN_GAP: f64 = 10.0;
/// Least height of the row of a figure.
const ROW_HEIGHT: f64 = 31.0;
const VALUE_STYLE: TextStyle = text_style(FontFace::Bold, 15.0, TEXT);
/// Height of the number of the period before, and of the change since: one line each.
const BEFORE_HEIGHT: f64 = 12.0;
const SIDE_STYLE: TextStyle = text_style(FontFace::Regular, 9.6, TEXT);
const LABEL_STYLE: TextStyle = text_style(FontFace::Regular, 9.6, TEXT);
const SMALL_BOLD: TextStyle = text_style(FontFace::Bold, 7.6, FAINT);
/// Type of the notes of the remark.
const NOTE_STYLE: TextStyle = text_style(FontFace::Regular, 7.6, TEXT);
/// Type of the evidence: 64 digits and their name on one line.
const EVIDENCE_STYLE: TextStyle = text_style(FontFace::Regular, LEAST_TYPE_SIZE, FAINT);
const EVIDENCE_LINE: f64 = 8.8;
/// Height of the block of signatures with room to sign, without names and functions.
const SIGNATURES_HEIGHT: f64 = 92.0;
/// Height from the base of the role to the line: 20 mm are free to sign.
const SIGN_ROOM: f64 = 60.0;
const SIGNATURE_GAP: f64 = 22.0;
/// Height of the name and the function of a signer; long ones take more.
const SIGNER_HEIGHT: f64 = 24.0;
const SIGNER_STYLE: TextStyle = text_style(FontFace::Bold, 9.2, TEXT);
/// Height of the name of the site.
const NAME_HEIGHT: f64 = 32.0;
/// Bounds of the height of the area of the plot.
const PLOT_HEIGHT_RANGE: (f64, f64) = (44.0, 330.0);
/// Height of legend and labels of a plot.
const PLOT_FRAME: f64 = 42.0;
/// Properties that the band shows already.
const BAND_PROPERTIES: usize = 2;
/// Lines of a reason for which there is no number; the chapters have all of it.
const REASON_LINES_MAX: usize = 2;

/// Draws the page.
pub(crate) fn draw_front(flow: &mut PageFlow<'_>, front: &FrontPage) {
    draw_band(flow);
    draw_heads(flow, front);
    for one in &front.figures {
        draw_figure(flow, one);
    }
    let evidence = evidence_lines(flow);
    let remark = remark_lines(flow, &front.remark);
    let heights = remark.iter().map(|(_, style)| style.line_height());
    let remark_height = heights.sum::<f64>() + 11.0;
    let evidence_height = count_as_f64(evidence.len()) * EVIDENCE_LINE + 4.0;
    let signers = signer_lines(flow, front);
    let heights = signers.iter().map(|lines| total_height(lines));
    let signer_height = heights.fold(SIGNER_HEIGHT, f64::max);
    let below = remark_height + 12.0 + SIGNATURES_HEIGHT + signer_height + evidence_height;
    let foot = flow.page().bottom() - below;
    draw_plot(flow, front, foot);
    flow.y = foot;
    draw_remark(flow, &remark, front.is_doubtful, remark_height);
    flow.y += remark_height + 12.0;
    draw_signatures(flow, front, &signers, signer_height);
    draw_evidence(flow, &evidence);
}

fn draw_band(flow: &mut PageFlow<'_>) {
    let document = flow.show.document;
    let (wide, room) = (flow.page().width(), flow.width_between_margins());
    let area = [0.0, 0.0, wide, BAND_HEIGHT];
    flow.page().items.push(PageItem::Rect(area, GREEN));
    let room = room - 110.0;
    // The name has one line, or two smaller ones, above the line of the period.
    let name = text_style(FontFace::Bold, 19.0, WHITE);
    let lines = fit_texts(&[(&*document.site.name, name)], (room, NAME_HEIGHT));
    let top = 42.0 - total_height(&lines);
    draw_lines(flow.page(), &lines, (MARGIN, top));
    for (y, size, face, text) in [
        (62.0, 13.0, FontFace::Bold, &document.period.name),
        (79.0, 10.0, FontFace::Regular, &document.title),
    ] {
        let line = fit_line(text, text_style(face, size, WHITE), room);
        flow.page().text((MARGIN, y), line.style, &line.text);
    }
    if let Some(badge) = document.standing.badge {
        draw_stamp(flow, badge);
    }
    flow.y = BAND_HEIGHT + 8.0;
}

fn draw_stamp(flow: &mut PageFlow<'_>, badge: &str) {
    let word = flow.show.translate(badge).to_uppercase();
    let wide = text_width(FontFace::Bold, 9.0, &word) + 16.0;
    let (x, y) = (flow.page().width() - MARGIN - wide, 26.0);
    let page = flow.page();
    page.items
        .push(PageItem::Rect([x, y, wide, 17.0], PALE_AMBER));
    let style = text_style(FontFace::Bold, 9.0, AMBER);
    page.text((x + 8.0, y + 12.0), style, &word);
}

/// Returns the left edge of a column and its width.
fn column(flow: &mut PageFlow<'_>, place: usize) -> (f64, f64) {
    let end = COLUMNS.get(place + 1).copied();
    let end = end.unwrap_or(flow.width_between_margins() + COLUMN_GAP);
    (MARGIN + COLUMNS[place], end - COLUMNS[place] - COLUMN_GAP)
}

fn draw_heads(flow: &mut PageFlow<'_>, front: &FrontPage) {
    let heads = [
        flow.show.translate("report-front-figure"),
        flow.show.translate("report-front-result"),
        flow.show.translate("report-target"),
        front.before.clone(),
    ];
    let all = heads.iter().enumerate().map(|(place, head)| {
        let (x, room) = column(flow, place);
        let lines = line_wrap::wrap_lines(head, SMALL_BOLD.face, SMALL_BOLD.size, room);
        (x, lines)
    });
    let all: Vec<(f64, Vec<String>)> = all.collect();
    let most = all.iter().map(|(_, lines)| lines.len()).max().unwrap_or(1);
    let step = SMALL_BOLD.size * 1.2;
    // Heads end at the same line, the last above the rule.
    let foot = flow.y + SMALL_BOLD.size + 2.0 + count_as_f64(most - 1) * step;
    for (x, lines) in &all {
        for (up, text) in lines.iter().rev().enumerate() {
            let y = foot - count_as_f64(up) * step;
            flow.page().text((*x, y), SMALL_BOLD, text);
        }
    }
    flow.y = foot + 5.0;
    draw_rule(flow, GREEN, 1.0);
}

fn draw_rule(flow: &mut PageFlow<'_>, rgb: RgbColour, width: f64) {
    let (y, to) = (flow.y, MARGIN + flow.width_between_margins());
    flow.page().rule(MARGIN, to, y, width, rgb);
}

/// Draws the row of a figure: its name, value with bounds and status, target, period before.
fn draw_figure(flow: &mut PageFlow<'_>, one: &FrontFigure) {
    let top = flow.y;
    let (x, room) = column(flow, 0);
    let label = line_wrap::wrap_lines(&one.figure.label, LABEL_STYLE.face, LABEL_STYLE.size, room);
    for (line, text) in label.iter().enumerate() {
        let y = top + 14.0 + count_as_f64(line) * LABEL_STYLE.size * 1.2;
        flow.page().text((x, y), LABEL_STYLE, text);
    }
    let mut height = count_as_f64(label.len()) * LABEL_STYLE.size * 1.2 + 9.0;
    height = height.max(draw_value(flow, one, top));
    draw_target(flow, one, top);
    height = height.max(draw_before(flow, one, top));
    if let CellValue::Missing(reason) = &one.figure.value {
        // Below the days of the target, where it is for a part of them.
        let has_days = one.figure.target.is_some() && one.figure.target_days.is_some();
        let down = if has_days {
            SMALL_STYLE.line_height()
        } else {
            0.0
        };
        height = height.max(down + draw_reason(flow, reason, top + down));
    }
    flow.y = top + height.max(ROW_HEIGHT);
    draw_rule(flow, RULE, 0.5);
}

/// Draws the value with its bounds and its status below; returns the height of the row.
fn draw_value(flow: &mut PageFlow<'_>, one: &FrontFigure, top: f64) -> f64 {
    let (x, room) = column(flow, 1);
    let text = match one.figure.value {
        CellValue::Missing(_) => NO_VALUE.to_owned(),
        _ => flow.show.figure_text(&one.figure).text,
    };
    let line = fit_line(&text, VALUE_STYLE, room);
    flow.page().text((x, top + 16.0), line.style, &line.text);
    let is_number = matches!(one.figure.value, CellValue::Number(_));
    if !is_number {
        return 0.0;
    }
    let (mut at, mut y) = (x, top + 26.0);
    if !one.bounds.is_empty() {
        let (face, size) = (SMALL_STYLE.face, SMALL_STYLE.size);
        // The sign stays with its number.
        let bounds = one.bounds.replace("± ", "±\u{a0}");
        for (line, text) in line_wrap::wrap_lines(&bounds, face, size, room)
            .iter()
            .enumerate()
        {
            y = top + 26.0 + count_as_f64(line) * SMALL_STYLE.line_height();
            flow.page().text((x, y), SMALL_STYLE, text);
            at = x + text_width(face, size, text) + 6.0;
        }
    }
    if one.figure.status.is_told() {
        let status = flow.show.status(one.figure.status);
        let style = TextStyle {
            rgb: AMBER,
            ..SMALL_BOLD
        };
        // Not into the column of the target.
        if at + text_width(style.face, style.size, &status) > x + room && at > x {
            (at, y) = (x, y + SMALL_STYLE.line_height());
        }
        flow.page().text((at, y), style, &status);
    }
    y - top + 5.0
}

fn draw_target(flow: &mut PageFlow<'_>, one: &FrontFigure, top: f64) {
    let (x, room) = column(flow, 2);
    // Nothing, and no dash: a figure without a target misses nothing.
    let Some(target) = one.figure.target else {
        return;
    };
    let kind = nearest_kind(&one.figure.kind);
    let text = flow.show.number_text(target, &kind, true);
    let line = fit_line(&text, SIDE_STYLE, room);
    flow.page().text((x, top + 14.0), line.style, &line.text);
    if let Some((covered, days)) = one.figure.target_days {
        let (covered, days) = (covered.to_string(), days.to_string());
        let args = [("covered", &*covered), ("days", &*days)];
        let text = flow.show.lang().text_with("report-target-days", &args);
        let line = fit_line(&text, SMALL_STYLE, room);
        flow.page().text((x, top + 26.0), line.style, &line.text);
    }
    let Some(share) = one.figure.target_share() else {
        return;
    };
    let bar = 56.0;
    let filled = bar * share.clamp(0.0, 1.0);
    let shown = flow.show.number_text(share, &ValueKind::Percent(0), true);
    let page = flow.page();
    page.items
        .push(PageItem::Rect([x, top + 20.5, bar, 5.0], RULE));
    page.items
        .push(PageItem::Rect([x, top + 20.5, filled, 5.0], GREEN));
    page.text((x + bar + 5.0, top + 26.0), SMALL_STYLE, &shown);
}

/// Draws the period before and the change since; returns the height of the row.
fn draw_before(flow: &mut PageFlow<'_>, one: &FrontFigure, top: f64) -> f64 {
    let (x, room) = column(flow, 3);
    let is_number =
        one.before.starts_with(|c: char| c.is_ascii_digit()) || one.before.starts_with(['−', 'R']);
    let rgb = if is_number { TEXT } else { FAINT };
    let style = TextStyle { rgb, ..SIDE_STYLE };
    let before = fit_texts(&[(&*one.before, style)], (room, BEFORE_HEIGHT));
    let base = before.first().map_or(0.0, |line| line.base);
    draw_lines(flow.page(), &before, (x, top + 14.0 - base));
    let below = (top + 14.0 - base + total_height(&before)).max(top + 17.0);
    let change = fit_texts(&[(&*one.change, SMALL_STYLE)], (room, BEFORE_HEIGHT));
    let base = change.first().map_or(0.0, |line| line.base);
    let at = (below + 1.4).max(top + 26.0 - base);
    draw_lines(flow.page(), &change, (x, at));
    at + total_height(&change) + 4.0 - top
}

/// Draws the reason for which there is no number; returns the height of the row.
fn draw_reason(flow: &mut PageFlow<'_>, reason: &str, top: f64) -> f64 {
    let (x, _) = column(flow, 1);
    let room = MARGIN + flow.width_between_margins() - x;
    let mut lines = line_wrap::wrap_lines(reason, SMALL_STYLE.face, SMALL_STYLE.size, room);
    if lines.len() > REASON_LINES_MAX {
        lines.truncate(REASON_LINES_MAX);
        // What is left out stands in the chapters.
        if let Some(last) = lines.last_mut() {
            let cut = last.rfind(' ').unwrap_or(last.len());
            last.truncate(cut);
            last.push_str(" …");
        }
    }
    // Without a number there are no bounds, no bar and no change on this line.
    let mut y = top + 27.0;
    for line in &lines {
        flow.page().text((x, y), SMALL_STYLE, line);
        y += SMALL_STYLE.line_height();
    }
    y - top - 4.0
}

/// Draws the plot in the height that is left above `foot`; none where it would be too low.
fn draw_plot(flow: &mut PageFlow<'_>, front: &FrontPage, foot: f64) {
    let Some(chart) = &front.chart else { return };
    flow.y += 12.0;
    let head = CAPTION_STYLE.line_height() + 2.0;
    let (least, most) = PLOT_HEIGHT_RANGE;
    let height = (foot - flow.y - head - PLOT_FRAME).min(most);
    if height < least {
        return;
    }
    let at = (MARGIN, flow.y + CAPTION_STYLE.size);
    flow.page().text(at, CAPTION_STYLE, &chart.title);
    let wide = flow.width_between_margins();
    let scene = chart.draw_sized(flow.show.lang(), (wide, height));
    let y = flow.y + head;
    flow.page().place_drawing(&scene, MARGIN, y);
}

/// The line, in smaller type where it is wide, and its notes in small type.
fn remark_lines(flow: &mut PageFlow<'_>, remark: &[String]) -> Vec<(String, TextStyle)> {
    let room = flow.width_between_margins() - 20.0;
    let Some((line, notes)) = remark.split_first() else {
        return Vec::new();
    };
    let line = fit_line(line, BODY_STYLE, room);
    let notes = notes
        .iter()
        .flat_map(|note| line_wrap::wrap_lines(note, NOTE_STYLE.face, NOTE_STYLE.size, room))
        .map(|text| (text, NOTE_STYLE));
    std::iter::once((line.text, line.style))
        .chain(notes)
        .collect()
}

fn draw_remark(
    flow: &mut PageFlow<'_>,
    lines: &[(String, TextStyle)],
    is_doubtful: bool,
    height: f64,
) {
    let (ground, ink) = if is_doubtful {
        (PALE_AMBER, AMBER)
    } else {
        (PALE, GREEN)
    };
    let (y, wide) = (flow.y, flow.width_between_margins());
    let page = flow.page();
    page.items
        .push(PageItem::Rect([MARGIN, y, wide, height], ground));
    page.items
        .push(PageItem::Rect([MARGIN, y, 3.0, height], ink));
    let mut top = y + 5.0;
    for (text, style) in lines {
        page.text((MARGIN + 11.0, top + style.size), *style, text);
        top += style.line_height();
    }
}

/// Width of the field of a signer.
fn signer_width(flow: &mut PageFlow<'_>, front: &FrontPage) -> f64 {
    let fields = count_as_f64(front.signers.len());
    (flow.width_between_margins() - SIGNATURE_GAP * (fields - 1.0)) / fields
}

/// Name and function of each signer, or the words below an empty line, as lines.
fn signer_lines(flow: &mut PageFlow<'_>, front: &FrontPage) -> Vec<Vec<FittedLine>> {
    let wide = signer_width(flow, front);
    let empty = flow.show.translate("report-front-signer");
    let lines = |signer: &FrontSigner| {
        let parts = match signer.name.as_str() {
            "" => vec![(&*empty, SMALL_STYLE)],
            name => vec![(name, SIGNER_STYLE), (&*signer.office, SMALL_STYLE)],
        };
        fit_texts(&parts, (wide, SIGNER_HEIGHT))
    };
    front.signers.iter().map(lines).collect()
}

/// Draws three fields side by side: role, room to sign, a line, name and function or an empty line
/// for them, and the date.
fn draw_signatures(
    flow: &mut PageFlow<'_>,
    front: &FrontPage,
    signers: &[Vec<FittedLine>],
    signer_height: f64,
) {
    let wide = signer_width(flow, front);
    let date = format!("{}:", flow.show.translate("report-date"));
    let top = flow.y;
    for (place, (signer, lines)) in front.signers.iter().zip(signers).enumerate() {
        let x = MARGIN + count_as_f64(place) * (wide + SIGNATURE_GAP);
        let page = flow.page();
        page.text((x, top + 8.0), SMALL_BOLD, &signer.role);
        let line = top + 8.0 + SIGN_ROOM;
        page.rule(x, x + wide, line, 0.7, FAINT);
        draw_lines(page, lines, (x, line + 2.0));
        let foot = line + 12.0 + signer_height;
        page.text((x, foot), SMALL_STYLE, &date);
        let from = x + text_width(SMALL_STYLE.face, SMALL_STYLE.size, &date) + 5.0;
        page.rule(from, x + wide, foot + 1.0, 0.4, RULE);
    }
    flow.y = top + SIGNATURES_HEIGHT + signer_height;
}

/// Returns issue, revision and evidence as lines; the digest of the last record stands in the
/// footer of every page.
fn evidence_lines(flow: &mut PageFlow<'_>) -> Vec<String> {
    let digest = flow.show.translate("report-digest");
    let status = flow.show.translate("report-status");
    let all = sheet_rows::report_properties(flow.show).into_iter();
    let told = all.skip(BAND_PROPERTIES);
    let told = told.filter(|(name, _)| *name != digest && *name != status);
    let told: Vec<String> = told
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    // Short ones share a line.
    let room = flow.width_between_margins();
    let mut lines: Vec<String> = Vec::new();
    for text in told {
        let joined = lines.last().map(|last| format!("{last}   ·   {text}"));
        let fits = joined.as_ref().is_some_and(|joined| {
            text_width(EVIDENCE_STYLE.face, EVIDENCE_STYLE.size, joined) <= room
        });
        match (joined, lines.last_mut()) {
            (Some(joined), Some(last)) if fits => *last = joined,
            _ => lines.push(text),
        }
    }
    let wrap =
        |line: &String| line_wrap::wrap_lines(line, EVIDENCE_STYLE.face, EVIDENCE_STYLE.size, room);
    lines.iter().flat_map(wrap).collect()
}

fn draw_evidence(flow: &mut PageFlow<'_>, lines: &[String]) {
    let height = count_as_f64(lines.len()) * EVIDENCE_LINE;
    let top = flow.page().bottom() - height;
    for (line, text) in lines.iter().enumerate() {
        let y = top + EVIDENCE_STYLE.size + count_as_f64(line) * EVIDENCE_LINE;
        flow.page().text((MARGIN, y), EVIDENCE_STYLE, text);
    }
}
