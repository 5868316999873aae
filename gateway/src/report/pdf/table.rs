//! Tables over as many pages as they need, with their heads repeated.

use super::flow::{CAPTION, Flow, SMALL};
use super::page::{GREEN, MARGIN, Op, PALE, Page, RULE, TEXT, ZEBRA};
use super::plan::{self, PAD, Plan, Words};
use super::wrap::{self, raised};
use crate::report::face::{Face, width};
use crate::report::show::{Show, Shown};
use crate::report::table::{Table, count};
use crate::report::value::Kind;

/// Space above and below a row's text, points.
const ROW_PAD: f64 = 2.4;

/// Draws the table.
pub(super) fn draw(flow: &mut Flow<'_>, table: &Table) {
    let words = words(flow.show, table);
    let plan = plan::plan(table, &words);
    if plan.landscape && !flow.page().landscape {
        flow.turn(true);
    }
    let bands = plan.bands.len();
    for band in 0..bands {
        let mut setter = Setter {
            table,
            words: &words,
            plan: &plan,
            band: &plan.bands[band],
            part: (bands > 1).then_some((band + 1, bands)),
        };
        setter.draw(flow);
    }
}

/// True for a table that only a landscape page can hold.
pub(super) fn is_wide(show: &Show<'_>, table: &Table) -> bool {
    plan::plan(table, &words(show, table)).landscape
}

fn words(show: &Show<'_>, table: &Table) -> Words {
    let heads = table.columns.iter().map(|column| {
        // A unit stays on one line.
        let unit = column.kind.unit();
        show.head(column)
            .replace(unit, &unit.replace(' ', "\u{a0}"))
    });
    let rows = table.rows.iter().map(|row| {
        let cells = row.iter().zip(&table.columns);
        let cells = cells.map(|(value, c)| word(&show.cell(value, &c.kind), &c.kind));
        cells.collect()
    });
    Words {
        heads: heads.collect(),
        rows: rows.collect(),
        total: table.has_total().then(|| totals(show, table)),
    }
}

fn word(shown: &Shown, kind: &Kind) -> String {
    let mark = shown.note.map(raised).unwrap_or_default();
    match kind {
        Kind::Note if shown.note.is_some() => mark,
        _ => format!("{}{mark}", shown.text),
    }
}

fn totals(show: &Show<'_>, table: &Table) -> Vec<String> {
    let columns = table.columns.iter().enumerate();
    let total = columns.map(|(index, column)| match table.total(index) {
        Some(total) => word(&show.total(column, total), &column.kind),
        None if index == 0 => table.total_label.clone(),
        None => String::new(),
    });
    total.collect()
}

struct Setter<'a> {
    table: &'a Table,
    words: &'a Words,
    plan: &'a Plan,
    band: &'a [(usize, f64)],
    part: Option<(usize, usize)>,
}

/// A row ready to be set: lines of each cell.
struct Ready {
    cells: Vec<Vec<String>>,
    lines: usize,
    face: Face,
}

impl Setter<'_> {
    fn draw(&mut self, flow: &mut Flow<'_>) {
        let head = self.ready(&self.words.heads, Face::Bold);
        let least = CAPTION.lead() + self.height(head.lines) + self.height(1) * 2.0;
        self.room_for(flow, least);
        self.title(flow, false);
        self.head(flow, &head);
        let rows = self.words.rows.len();
        for (index, row) in self.words.rows.iter().enumerate() {
            let ready = self.ready(row, Face::Regular);
            // The total is never alone at the top of a page.
            let is_last = index + 1 == rows && self.words.total.is_some();
            let extra = if is_last { self.height(1) } else { 0.0 };
            let shade = index % 2 == 1;
            self.row(flow, &head, &ready, extra, shade);
        }
        if let Some(total) = &self.words.total {
            let ready = self.ready(total, Face::Bold);
            self.rule(flow, TEXT, 0.8);
            self.row(flow, &head, &ready, 0.0, false);
        }
        self.rule(flow, RULE, 0.6);
        flow.y += 12.0;
    }

    fn height(&self, lines: usize) -> f64 {
        count(lines) * self.lead() + 2.0 * ROW_PAD
    }

    fn lead(&self) -> f64 {
        self.plan.size * 1.32
    }

    fn wide(&self) -> f64 {
        self.band.iter().map(|(_, wide)| wide).sum()
    }

    /// A page of the right form with `height` left.
    fn room_for(&self, flow: &mut Flow<'_>, height: f64) -> bool {
        let landscape = self.plan.landscape;
        let turned = flow.page().landscape != landscape || flow.left() < height;
        if turned && (flow.y > Page::top() || flow.page().landscape != landscape) {
            flow.turn(landscape);
            return true;
        }
        false
    }

    fn ready(&self, row: &[String], face: Face) -> Ready {
        let size = self.plan.size;
        let cell = |(index, wide): &(usize, f64)| wrap::lines(&row[*index], face, size, wide - PAD);
        let cells: Vec<Vec<String>> = self.band.iter().map(cell).collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        Ready { cells, lines, face }
    }

    fn title(&self, flow: &mut Flow<'_>, continued: bool) {
        let mut title = self.table.title.clone();
        let show = flow.show;
        if let Some((part, parts)) = self.part {
            let (part, parts) = (part.to_string(), parts.to_string());
            let args = [("part", part.as_str()), ("parts", parts.as_str())];
            title = format!("{title} ({})", show.lang().say("report-part", &args));
        }
        if continued {
            let title = format!("{title} · {}", show.word("report-continued"));
            return Self::line(flow, SMALL.size, Face::Regular, &title);
        }
        Self::line(flow, CAPTION.size, CAPTION.face, &title);
    }

    /// One line above the table; titles too long for it are cut on continued pages only.
    fn line(flow: &mut Flow<'_>, size: f64, face: Face, text: &str) {
        let room = flow.room();
        for line in wrap::lines(text, face, size, room) {
            let at = (MARGIN, flow.y + size);
            flow.page().text(at, size, face, TEXT, &line);
            flow.y += size * 1.42;
        }
        flow.y += 3.0;
    }

    fn head(&self, flow: &mut Flow<'_>, head: &Ready) {
        let high = self.height(head.lines) + 2.0;
        let area = [MARGIN, flow.y, self.wide(), high];
        flow.page().ops.push(Op::Rect(area, PALE));
        self.cells(flow, head, 0, head.lines);
        flow.y += high;
        self.rule(flow, GREEN, 0.8);
    }

    /// A row; one that is higher than what is left of a page goes on where it was cut.
    fn row(&self, flow: &mut Flow<'_>, head: &Ready, row: &Ready, extra: f64, shade: bool) {
        let mut from = 0;
        while from < row.lines {
            let rest = row.lines - from;
            let page = self.page_lines(flow, head);
            let wanted = self.height(rest.min(page)) + extra;
            if self.room_for(flow, wanted) {
                self.title(flow, true);
                self.head(flow, head);
            }
            let take = rest.min(page);
            let high = self.height(take);
            if shade {
                let area = [MARGIN, flow.y, self.wide(), high];
                flow.page().ops.push(Op::Rect(area, ZEBRA));
            }
            self.cells(flow, row, from, take);
            flow.y += high;
            from += take;
        }
    }

    /// Lines that a fresh page has room for below the head.
    fn page_lines(&self, flow: &mut Flow<'_>, head: &Ready) -> usize {
        let page = flow.page().bottom() - Page::top();
        let taken = self.height(head.lines) + 3.0 * CAPTION.lead() + 30.0;
        let mut lines = 1;
        while self.height(lines + 1) < page - taken {
            lines += 1;
        }
        lines
    }

    fn cells(&self, flow: &mut Flow<'_>, row: &Ready, from: usize, take: usize) {
        let size = self.plan.size;
        let lead = self.lead();
        let mut x = MARGIN;
        let top = flow.y + ROW_PAD + size;
        for (cell, (index, wide)) in row.cells.iter().zip(self.band) {
            let kind = &self.table.columns[*index].kind;
            for (line, text) in cell.iter().skip(from).take(take).enumerate() {
                let y = top + count(line) * lead;
                let start = if kind.is_number() {
                    x + wide - PAD / 2.0 - width(row.face, size, text)
                } else {
                    x + PAD / 2.0
                };
                if !text.is_empty() {
                    flow.page().text((start, y), size, row.face, TEXT, text);
                }
            }
            x += wide;
        }
    }

    fn rule(&self, flow: &mut Flow<'_>, rgb: [u8; 3], width: f64) {
        let (y, to) = (flow.y, MARGIN + self.wide());
        flow.page().rule(MARGIN, to, y, width, rgb);
    }
}
