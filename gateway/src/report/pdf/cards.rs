//! Key figures as cards, three beside each other.

use super::flow::{Flow, SMALL};
use super::page::{AMBER, FAINT, GREEN, MARGIN, Op, RULE, Rgb, TEXT, ZEBRA};
use super::wrap::{self, raised};
use crate::report::face::{Face, width};
use crate::report::figure::{Figure, Figures, Status};
use crate::report::show::{Show, plain_kind, spread_kind};
use crate::report::table::count;
use crate::report::value::Kind;

const BESIDE: usize = 3;
const GAP: f64 = 9.0;
const PAD: f64 = 9.0;
const VALUE: f64 = 16.0;
const LABEL: f64 = 8.2;

/// A line of a card: size, face, colour, text.
type Line = (f64, Face, Rgb, String);

/// Draws the cards.
pub(super) fn draw(flow: &mut Flow<'_>, figures: &Figures) {
    flow.upright(70.0);
    let wide = (flow.room() - GAP * count(BESIDE - 1)) / count(BESIDE);
    let show = flow.show;
    for row in figures.items.chunks(BESIDE) {
        let cards: Vec<Vec<Line>> = row
            .iter()
            .map(|f| card(show, f, wide - 2.0 * PAD))
            .collect();
        let height = cards.iter().map(|card| height(card)).fold(0.0, f64::max) + 2.0 * PAD;
        flow.need(height);
        for (index, card) in cards.iter().enumerate() {
            let x = MARGIN + count(index) * (wide + GAP);
            one(flow, card, [x, flow.y, wide, height]);
        }
        flow.y += height + GAP;
    }
    flow.y += 3.0;
}

fn height(card: &[Line]) -> f64 {
    card.iter().map(|(size, ..)| size * 1.36).sum()
}

fn one(flow: &mut Flow<'_>, card: &[Line], area: [f64; 4]) {
    let [x, y, wide, high] = area;
    let page = flow.page();
    page.ops.push(Op::Rect(area, ZEBRA));
    page.ops.push(Op::Rect([x, y, wide, 2.0], GREEN));
    page.rule(x, x + wide, y + high, 0.5, RULE);
    let mut base = y + PAD;
    for (size, face, rgb, text) in card {
        page.text((x + PAD, base + size), *size, *face, *rgb, text);
        base += size * 1.36;
    }
}

fn card(show: &Show<'_>, figure: &Figure, room: f64) -> Vec<Line> {
    let mut card = Vec::new();
    let notes = figure
        .notes
        .iter()
        .filter_map(|note| show.notes.number(note));
    let marks: Vec<String> = notes.map(raised).collect();
    let label = format!("{}{}", figure.label, marks.concat());
    push(&mut card, LABEL, FAINT, Face::Regular, &label, room);
    let shown = show.figure(figure);
    let mark = shown.note.map(raised).unwrap_or_default();
    let value = format!("{}{mark}", shown.text);
    let wide = width(Face::Bold, VALUE, &value).max(1.0);
    let size = (VALUE * room / wide).clamp(10.0, VALUE);
    push(&mut card, size, TEXT, Face::Bold, &value, room);
    if figure.status != Status::Final {
        let status = show.status(figure.status);
        push(&mut card, SMALL.size, AMBER, Face::Bold, &status, room);
    }
    for detail in details(show, figure) {
        push(&mut card, SMALL.size, FAINT, Face::Regular, &detail, room);
    }
    card
}

fn push(card: &mut Vec<Line>, size: f64, rgb: Rgb, face: Face, text: &str, room: f64) {
    for line in wrap::lines(text, face, size, room) {
        card.push((size, face, rgb, line));
    }
}

/// What a reader needs to believe the value, a line each.
fn details(show: &Show<'_>, figure: &Figure) -> Vec<String> {
    let lang = show.lang();
    let mut details = Vec::new();
    if let Some(spread) = figure.plus_minus {
        details.push(format!(
            "± {}",
            show.number(spread, &spread_kind(&figure.kind), true)
        ));
    }
    if let Some(target) = figure.target {
        let target = show.number(target, &plain_kind(&figure.kind), true);
        let reached = figure.reached();
        let share = reached.map(|share| show.number(share, &Kind::Percent(0), true));
        let share = share.unwrap_or_else(|| crate::report::format::NONE.to_owned());
        let args = [("target", target.as_str()), ("share", share.as_str())];
        details.push(lang.say("report-card-target", &args));
    }
    if let Some(share) = figure.completeness {
        let share = show.number(share, &Kind::Percent(0), true);
        details.push(lang.say("report-card-completeness", &[("share", &share)]));
    }
    if let Some(origin) = figure.origin {
        let origin = show.origin(origin);
        details.push(lang.say("report-card-origin", &[("origin", &origin)]));
    }
    if !figure.method.is_empty() {
        let method = figure.method.as_str();
        details.push(lang.say("report-card-method", &[("method", method)]));
    }
    if !figure.factors.is_empty() {
        let factors = figure.factors.join(", ");
        details.push(lang.say("report-card-factors", &[("factors", &factors)]));
    }
    details
}
