//! Tables over as many pages as needed, with repeated heads.

use super::line_wrap::{self, footnote_mark};
use super::page_flow::{CAPTION_STYLE, PageFlow, SMALL_STYLE};
use super::pdf_page::{GREEN, MARGIN, PALE, PageItem, PdfPage, RULE, TEXT, ZEBRA, text_style};
use super::table_layout::{self, CELL_PADDING, TableLayout, TableTexts};
use crate::report::render::cell_value::ValueKind;
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::render_context::{DisplayText, RenderContext};
use crate::report::render::table::{ReportTable, count_as_f64};

/// Padding above and below a row's text, points.
const ROW_PADDING: f64 = 2.4;

/// Draws a table.
pub(crate) fn draw_table(flow: &mut PageFlow<'_>, table: &ReportTable) {
    let words = table_texts(flow.show, table);
    let plan = table_layout::plan_table(table, &words);
    if plan.landscape && !flow.page().landscape {
        flow.start_page(true);
    }
    let bands = plan.bands.len();
    for band in 0..bands {
        let mut setter = TablePainter {
            table,
            words: &words,
            plan: &plan,
            band: &plan.bands[band],
            part: (bands > 1).then_some((band + 1, bands)),
        };
        setter.draw(flow);
    }
}

/// Returns true for a table that only fits in landscape.
pub(crate) fn needs_landscape(show: &RenderContext<'_>, table: &ReportTable) -> bool {
    table_layout::plan_table(table, &table_texts(show, table)).landscape
}

fn table_texts(show: &RenderContext<'_>, table: &ReportTable) -> TableTexts {
    let heads = table.columns.iter().map(|column| {
        // A no-break space keeps a unit on one line.
        let unit = column.kind.unit();
        show.column_head(column)
            .replace(unit, &unit.replace(' ', "\u{a0}"))
    });
    let rows = table.rows.iter().map(|row| {
        let cells = row.iter().zip(&table.columns);
        let cells =
            cells.map(|(value, c)| display_with_mark(&show.cell_text(value, &c.kind), &c.kind));
        cells.collect()
    });
    TableTexts {
        heads: heads.collect(),
        rows: rows.collect(),
        total: table.has_total().then(|| total_texts(show, table)),
    }
}

fn display_with_mark(shown: &DisplayText, kind: &ValueKind) -> String {
    let mark = shown.note.map(footnote_mark).unwrap_or_default();
    match kind {
        ValueKind::Note if shown.note.is_some() => mark,
        _ => format!("{}{mark}", shown.text),
    }
}

fn total_texts(show: &RenderContext<'_>, table: &ReportTable) -> Vec<String> {
    let columns = table.columns.iter().enumerate();
    let total = columns.map(|(index, column)| match table.total(index) {
        Some(total) => display_with_mark(&show.total_text(column, total), &column.kind),
        None if index == 0 => table.total_label.clone(),
        None => String::new(),
    });
    total.collect()
}

struct TablePainter<'a> {
    table: &'a ReportTable,
    words: &'a TableTexts,
    plan: &'a TableLayout,
    band: &'a [(usize, f64)],
    part: Option<(usize, usize)>,
}

/// Row with the lines of each cell.
struct WrappedRow {
    cells: Vec<Vec<String>>,
    lines: usize,
    face: FontFace,
}

impl TablePainter<'_> {
    fn draw(&mut self, flow: &mut PageFlow<'_>) {
        let head = self.wrap_row(&self.words.heads, FontFace::Bold);
        // Title, head and two rows: less of a table at the bottom of a page is not worth its place.
        let least =
            CAPTION_STYLE.line_height() + self.row_height(head.lines) + self.row_height(1) * 2.0;
        self.ensure_room(flow, least);
        self.draw_title(flow, false);
        self.draw_head(flow, &head);
        let rows = self.words.rows.len();
        for (index, row) in self.words.rows.iter().enumerate() {
            let ready = self.wrap_row(row, FontFace::Regular);
            // The last row is kept with the total, so that no total stands alone on a page.
            let is_last = index + 1 == rows && self.words.total.is_some();
            let extra = if is_last { self.row_height(1) } else { 0.0 };
            let shade = index % 2 == 1;
            self.draw_row(flow, &head, &ready, extra, shade);
        }
        if let Some(total) = &self.words.total {
            let ready = self.wrap_row(total, FontFace::Bold);
            self.draw_rule(flow, TEXT, 0.8);
            self.draw_row(flow, &head, &ready, 0.0, false);
        }
        self.draw_rule(flow, RULE, 0.6);
        flow.y += 12.0;
    }

    fn row_height(&self, lines: usize) -> f64 {
        count_as_f64(lines) * self.line_height() + 2.0 * ROW_PADDING
    }

    fn line_height(&self) -> f64 {
        self.plan.size * 1.32
    }

    fn band_width(&self) -> f64 {
        self.band.iter().map(|(_, wide)| wide).sum()
    }

    /// Ensures a page of the right orientation with `height` left; returns true after a new page.
    fn ensure_room(&self, flow: &mut PageFlow<'_>, height: f64) -> bool {
        let landscape = self.plan.landscape;
        let turned = flow.page().landscape != landscape || flow.height_left() < height;
        if turned && (flow.y > PdfPage::top() || flow.page().landscape != landscape) {
            flow.start_page(landscape);
            return true;
        }
        false
    }

    fn wrap_row(&self, row: &[String], face: FontFace) -> WrappedRow {
        let size = self.plan.size;
        let cell = |(index, wide): &(usize, f64)| {
            line_wrap::wrap_lines(&row[*index], face, size, wide - CELL_PADDING)
        };
        let cells: Vec<Vec<String>> = self.band.iter().map(cell).collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        WrappedRow { cells, lines, face }
    }

    fn draw_title(&self, flow: &mut PageFlow<'_>, continued: bool) {
        let mut title = self.table.title.clone();
        let show = flow.show;
        if let Some((part, parts)) = self.part {
            let (part, parts) = (part.to_string(), parts.to_string());
            let args = [("part", part.as_str()), ("parts", parts.as_str())];
            title = format!("{title} ({})", show.lang().text_with("report-part", &args));
        }
        if continued {
            let title = format!("{title} · {}", show.translate("report-continued"));
            return Self::draw_title_line(flow, SMALL_STYLE.size, FontFace::Regular, &title);
        }
        Self::draw_title_line(flow, CAPTION_STYLE.size, CAPTION_STYLE.face, &title);
    }

    /// Draws the title above the table.
    fn draw_title_line(flow: &mut PageFlow<'_>, size: f64, face: FontFace, text: &str) {
        let room = flow.width_between_margins();
        for line in line_wrap::wrap_lines(text, face, size, room) {
            let at = (MARGIN, flow.y + size);
            flow.page().text(at, text_style(face, size, TEXT), &line);
            flow.y += size * 1.42;
        }
        flow.y += 3.0;
    }

    fn draw_head(&self, flow: &mut PageFlow<'_>, head: &WrappedRow) {
        let high = self.row_height(head.lines) + 2.0;
        let area = [MARGIN, flow.y, self.band_width(), high];
        flow.page().items.push(PageItem::Rect(area, PALE));
        self.draw_cells(flow, head, 0, head.lines);
        flow.y += high;
        self.draw_rule(flow, GREEN, 0.8);
    }

    /// Draws a row. One that is higher than a page is continued on the next.
    fn draw_row(
        &self,
        flow: &mut PageFlow<'_>,
        head: &WrappedRow,
        row: &WrappedRow,
        extra: f64,
        shade: bool,
    ) {
        let mut from = 0;
        while from < row.lines {
            let rest = row.lines - from;
            let page = self.lines_per_page(flow, head);
            let wanted = self.row_height(rest.min(page)) + extra;
            if self.ensure_room(flow, wanted) {
                self.draw_title(flow, true);
                self.draw_head(flow, head);
            }
            let take = rest.min(page);
            let high = self.row_height(take);
            if shade {
                let area = [MARGIN, flow.y, self.band_width(), high];
                flow.page().items.push(PageItem::Rect(area, ZEBRA));
            }
            self.draw_cells(flow, row, from, take);
            flow.y += high;
            from += take;
        }
    }

    /// Returns the number of lines that fit on a new page below the head.
    fn lines_per_page(&self, flow: &mut PageFlow<'_>, head: &WrappedRow) -> usize {
        let page = flow.page().bottom() - PdfPage::top();
        let taken = self.row_height(head.lines) + 3.0 * CAPTION_STYLE.line_height() + 30.0;
        let mut lines = 1;
        while self.row_height(lines + 1) < page - taken {
            lines += 1;
        }
        lines
    }

    fn draw_cells(&self, flow: &mut PageFlow<'_>, row: &WrappedRow, from: usize, take: usize) {
        let size = self.plan.size;
        let lead = self.line_height();
        let mut x = MARGIN;
        let top = flow.y + ROW_PADDING + size;
        for (cell, (index, wide)) in row.cells.iter().zip(self.band) {
            let kind = &self.table.columns[*index].kind;
            for (line, text) in cell.iter().skip(from).take(take).enumerate() {
                let y = top + count_as_f64(line) * lead;
                // Numbers are set to the right, so that their digits stand below each other.
                let start = if kind.is_number() {
                    x + wide - CELL_PADDING / 2.0 - text_width(row.face, size, text)
                } else {
                    x + CELL_PADDING / 2.0
                };
                if !text.is_empty() {
                    flow.page()
                        .text((start, y), text_style(row.face, size, TEXT), text);
                }
            }
            x += wide;
        }
    }

    fn draw_rule(&self, flow: &mut PageFlow<'_>, rgb: [u8; 3], width: f64) {
        let (y, to) = (flow.y, MARGIN + self.band_width());
        flow.page().rule(MARGIN, to, y, width, rgb);
    }
}
