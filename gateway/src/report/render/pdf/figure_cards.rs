//! Key figures as cards, three in a row.

use super::line_wrap::{self, footnote_mark};
use super::page_flow::{PageFlow, SMALL_STYLE};
use super::pdf_page::{
    AMBER, FAINT, GREEN, MARGIN, PageItem, RULE, RgbColour, TEXT, ZEBRA, text_style,
};
use crate::report::render::cell_value::ValueKind;
use crate::report::render::figure::{KeyFigure, KeyFigures};
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::render_context::{RenderContext, nearest_kind};
use crate::report::render::table::count_as_f64;

const CARDS_PER_ROW: usize = 3;
const CARD_GAP: f64 = 9.0;
const CARD_PADDING: f64 = 9.0;
const VALUE_TYPE_SIZE: f64 = 16.0;
const LABEL_TYPE_SIZE: f64 = 8.2;

/// Line of a card: size, face, colour, text.
type CardLine = (f64, FontFace, RgbColour, String);

/// Draws the cards of a group of figures.
pub(crate) fn draw_cards(flow: &mut PageFlow<'_>, figures: &KeyFigures) {
    flow.ensure_portrait(70.0);
    let wide = (flow.width_between_margins() - CARD_GAP * count_as_f64(CARDS_PER_ROW - 1))
        / count_as_f64(CARDS_PER_ROW);
    let show = flow.show;
    for row in figures.items.chunks(CARDS_PER_ROW) {
        let cards: Vec<Vec<CardLine>> = row
            .iter()
            .map(|f| card_lines(show, f, wide - 2.0 * CARD_PADDING))
            .collect();
        let height = cards
            .iter()
            .map(|card| card_height(card))
            .fold(0.0, f64::max)
            + 2.0 * CARD_PADDING;
        flow.ensure_height(height);
        for (index, card) in cards.iter().enumerate() {
            let x = MARGIN + count_as_f64(index) * (wide + CARD_GAP);
            draw_card(flow, card, [x, flow.y, wide, height]);
        }
        flow.y += height + CARD_GAP;
    }
    flow.y += 3.0;
}

fn card_height(card: &[CardLine]) -> f64 {
    card.iter().map(|(size, ..)| size * 1.36).sum()
}

fn draw_card(flow: &mut PageFlow<'_>, card: &[CardLine], area: [f64; 4]) {
    let [x, y, wide, high] = area;
    let page = flow.page();
    page.items.push(PageItem::Rect(area, ZEBRA));
    page.items.push(PageItem::Rect([x, y, wide, 2.0], GREEN));
    page.rule(x, x + wide, y + high, 0.5, RULE);
    let mut base = y + CARD_PADDING;
    for (size, face, rgb, text) in card {
        page.text(
            (x + CARD_PADDING, base + size),
            text_style(*face, *size, *rgb),
            text,
        );
        base += size * 1.36;
    }
}

fn card_lines(show: &RenderContext<'_>, figure: &KeyFigure, room: f64) -> Vec<CardLine> {
    let mut card = Vec::new();
    let notes = figure
        .told_notes()
        .iter()
        .filter_map(|note| show.notes.number_of(note));
    let marks: Vec<String> = notes.map(footnote_mark).collect();
    let label = format!("{}{}", figure.label, marks.concat());
    push_wrapped(
        &mut card,
        LABEL_TYPE_SIZE,
        FAINT,
        FontFace::Regular,
        &label,
        room,
    );
    let shown = show.figure_text(figure);
    let mark = shown.note.map(footnote_mark).unwrap_or_default();
    let value = format!("{}{mark}", shown.text);
    let wide = text_width(FontFace::Bold, VALUE_TYPE_SIZE, &value).max(1.0);
    // A long value gets smaller type before it is broken into lines.
    let size = (VALUE_TYPE_SIZE * room / wide).clamp(10.0, VALUE_TYPE_SIZE);
    push_wrapped(&mut card, size, TEXT, FontFace::Bold, &value, room);
    // Only doubts are named: a word on every card would be read on none.
    if !figure.status.is_quiet() {
        let status = show.status(figure.status);
        push_wrapped(
            &mut card,
            SMALL_STYLE.size,
            AMBER,
            FontFace::Bold,
            &status,
            room,
        );
    }
    for detail in card_details(show, figure) {
        push_wrapped(
            &mut card,
            SMALL_STYLE.size,
            FAINT,
            FontFace::Regular,
            &detail,
            room,
        );
    }
    card
}

fn push_wrapped(
    card: &mut Vec<CardLine>,
    size: f64,
    rgb: RgbColour,
    face: FontFace,
    text: &str,
    room: f64,
) {
    for line in line_wrap::wrap_lines(text, face, size, room) {
        card.push((size, face, rgb, line));
    }
}

/// Returns uncertainty, target, completeness, origin, method and factors, one line each.
fn card_details(show: &RenderContext<'_>, figure: &KeyFigure) -> Vec<String> {
    let lang = show.lang();
    let mut details = Vec::new();
    if let Some(spread) = show.bounds_text(figure) {
        details.push(spread);
    }
    if let Some(target) = figure.target {
        let target = show.number_text(target, &nearest_kind(&figure.kind), true);
        let reached = figure.target_share();
        let share = reached.map(|share| show.number_text(share, &ValueKind::Percent(0), true));
        let share =
            share.unwrap_or_else(|| crate::report::render::number_format::NO_VALUE.to_owned());
        let args = [("target", target.as_str()), ("share", share.as_str())];
        details.push(lang.text_with("report-card-target", &args));
    }
    if let Some(share) = figure.completeness {
        let share = show.number_text(share, &ValueKind::Percent(0), true);
        details.push(lang.text_with("report-card-completeness", &[("share", &share)]));
    }
    if let Some(origin) = show.origin_text(figure) {
        details.push(lang.text_with("report-card-origin", &[("origin", &origin)]));
    }
    if !figure.method.is_empty() {
        let method = figure.method.as_str();
        details.push(lang.text_with("report-card-method", &[("method", method)]));
    }
    if !figure.factors.is_empty() {
        let factors = figure.factors.join(", ");
        details.push(lang.text_with("report-card-factors", &[("factors", &factors)]));
    }
    details
}
