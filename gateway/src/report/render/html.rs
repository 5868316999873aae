//! HTML renderer: one section as a fragment for a page. Classes only, no scripts and no styles.

use crate::formulas::claim_rounding::nearest_digits;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutBox, ReportBlock, ReportDocument};
use crate::report::render::figure::{FigureStatus, KeyFigure, KeyFigures};
use crate::report::render::number_format::NO_VALUE;
use crate::report::render::photo::ReportPhoto;
use crate::report::render::render_context::{DisplayText, RenderContext, nearest_kind};
use crate::report::render::table::ReportTable;
use std::collections::HashMap;

/// Width of a line drawing, points; the page fits it into its column.
const DRAWING_WIDTH: f64 = 640.0;

/// Address of the explanation of a figure with this id; `None`: no link.
pub type FigureLink<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Renders the section `id` with its footnotes; empty when the document has none.
pub fn render_html_section(document: &ReportDocument, id: &str, link: FigureLink<'_>) -> String {
    let show = RenderContext::new(document);
    let mut html = HtmlRenderer {
        text: String::new(),
        show: &show,
        link,
        marked: Vec::new(),
    };
    let mut sections = document.sections.iter();
    if let Some(index) = sections.position(|section| section.id == id) {
        for block in &document.sections[index].blocks {
            html.push_block(block);
        }
        html.push_footnotes(index);
    }
    html.text
}

/// Text with the signs replaced that have a meaning in HTML, also within an attribute.
pub fn escape_html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

struct HtmlRenderer<'a> {
    text: String,
    show: &'a RenderContext<'a>,
    link: FigureLink<'a>,
    /// Footnotes of the report that have a mark here, in the order of their numbers here.
    marked: Vec<usize>,
}

impl HtmlRenderer<'_> {
    /// Number of a footnote of the report within the fragment, counted by its marks: a reason that
    /// is written out has none.
    fn mark(&mut self, note: usize) -> usize {
        let known = self.marked.iter().position(|known| *known == note);
        let place = known.unwrap_or_else(|| {
            self.marked.push(note);
            self.marked.len() - 1
        });
        place + 1
    }

    fn push_block(&mut self, block: &ReportBlock) {
        match block {
            ReportBlock::Heading(text) => self.push_element("h3", "", text),
            ReportBlock::Paragraph(text) => self.push_element("p", "", text),
            ReportBlock::Callout(callout) => self.push_callout(callout),
            ReportBlock::Figures(figures) => self.push_figures(figures),
            ReportBlock::Table(table) => self.push_table(table),
            ReportBlock::Chart(chart) => {
                let table = chart.data_table(self.show.document.lang);
                self.push_table(&table);
            }
            ReportBlock::Drawing(drawing) => {
                if let Ok(drawing) = drawing.fit(DRAWING_WIDTH) {
                    self.push_raw(&drawing.to_svg());
                }
            }
            ReportBlock::Photo(photo) => self.push_photo(photo),
        }
    }

    /// Appends an element around a text; `attributes` with a space before each.
    fn push_element(&mut self, tag: &str, attributes: &str, text: &str) {
        let text = escape_html(text);
        self.push_raw(&format!("<{tag}{attributes}>{text}</{tag}>\n"));
    }

    fn push_raw(&mut self, html: &str) {
        self.text.push_str(html);
    }

    fn push_callout(&mut self, callout: &CalloutBox) {
        let tone = callout.tone.key();
        self.push_raw(&format!(
            "<div class=\"callout\" role=\"note\" data-tone=\"{tone}\">\n"
        ));
        self.push_element("p", " class=\"callout-title\"", &callout.title);
        for line in callout.text.lines() {
            self.push_element("p", "", line);
        }
        self.push_raw("</div>\n");
    }

    fn push_figures(&mut self, figures: &KeyFigures) {
        self.push_raw("<dl class=\"figure-grid\">\n");
        for figure in &figures.items {
            self.push_figure(figure);
        }
        self.push_raw("</dl>\n");
    }

    fn push_figure(&mut self, figure: &KeyFigure) {
        let status = figure.status.key();
        let notes = figure.told_notes().iter();
        let notes: Vec<usize> = notes
            .filter_map(|note| self.show.notes.number_of(note))
            .collect();
        let marks: Vec<String> = notes
            .into_iter()
            .map(|note| self.mark(note).to_string())
            .collect();
        let marks = if marks.is_empty() {
            String::new()
        } else {
            format!("<sup>{}</sup>", marks.join(", "))
        };
        let label = escape_html(&figure.label);
        let info = self.info_link(figure);
        self.push_raw(&format!(
            "<div class=\"figure\" data-status=\"{status}\">\n\
             <dt><span>{label}{marks}</span>{info}</dt>\n"
        ));
        self.push_figure_value(figure);
        // A word on every card would be read on none.
        let is_number = matches!(figure.value, CellValue::Number(_));
        if figure.status.is_told() && is_number {
            let share = figure.completeness.filter(|_| {
                matches!(
                    figure.status,
                    FigureStatus::Partial | FigureStatus::ByDifference | FigureStatus::Insufficient
                )
            });
            let percent = ValueKind::Percent(0);
            let share = share.map(|share| self.show.number_text(share, &percent, true));
            let share = share.map_or_else(String::new, |share| format!(" · {share}"));
            let words = format!("{}{share}", self.show.status(figure.status));
            self.push_element("dd", " class=\"status\"", &words);
        }
        self.push_target(figure);
        if !figure.beside.is_empty() {
            self.push_element("dd", " class=\"before\"", &figure.beside);
        }
        self.push_raw("</div>\n");
    }

    fn info_link(&self, figure: &KeyFigure) -> String {
        let Some(address) = (self.link)(&figure.id) else {
            return String::new();
        };
        let said = format!(
            "{}: {}",
            self.show.translate("figure-explain"),
            figure.label
        );
        let (address, said) = (escape_html(&address), escape_html(&said));
        format!(" <a class=\"info\" href=\"{address}\" aria-label=\"{said}\">i</a>")
    }

    fn push_figure_value(&mut self, figure: &KeyFigure) {
        if let CellValue::Missing(reason) = &figure.value {
            let reason = escape_html(reason);
            self.push_raw(&format!(
                "<dd><span class=\"value\">{NO_VALUE}</span></dd>\n\
                 <dd class=\"none\">{reason}</dd>\n"
            ));
            return;
        }
        let value = escape_html(&self.show.figure_text(figure).text);
        let spread = self.show.bounds_text(figure);
        let spread = spread.map_or_else(String::new, |spread| {
            let spread = escape_html(&spread);
            format!(" <small class=\"bounds\">{spread}</small>")
        });
        self.push_raw(&format!(
            "<dd><span class=\"value\">{value}</span>{spread}</dd>\n"
        ));
    }

    fn push_target(&mut self, figure: &KeyFigure) {
        let Some(target) = figure.target else {
            return;
        };
        let kind = nearest_kind(&figure.kind);
        let target = self.show.number_text(target, &kind, true);
        let word = self.show.translate("report-target");
        let bar = figure.target_share().map_or_else(String::new, |share| {
            let percent = nearest_digits((share * 100.0).clamp(0.0, 100.0), 1);
            let word = escape_html(&word);
            format!(
                "<meter min=\"0\" max=\"100\" value=\"{percent}\" \
                 aria-label=\"{word}\"></meter> "
            )
        });
        let mut said = format!("{word} {target}");
        if let Some((covered, days)) = figure.target_days {
            let (covered, days) = (covered.to_string(), days.to_string());
            let args = [("covered", &*covered), ("days", &*days)];
            let part = self.show.lang().text_with("report-target-days", &args);
            said = format!("{said} ({part})");
        }
        let said = escape_html(&said);
        self.push_raw(&format!(
            "<dd class=\"target\">{bar}<small>{said}</small></dd>\n"
        ));
    }

    fn push_table(&mut self, table: &ReportTable) {
        let title = escape_html(&table.title);
        // A wide table scrolls within its box, also with the keyboard.
        self.push_raw(&format!(
            "<div class=\"table-scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\">\n\
             <table class=\"report-table\">\n<caption>{title}</caption>\n<thead><tr>"
        ));
        for column in &table.columns {
            let head = escape_html(&self.show.column_head(column));
            let class = number_class(&column.kind);
            self.push_raw(&format!("<th scope=\"col\"{class}>{head}</th>"));
        }
        self.push_raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.push_raw("<tr>");
            for (index, (value, column)) in row.iter().zip(&table.columns).enumerate() {
                let shown = self.show.cell_text(value, &column.kind);
                self.push_cell(index, &shown, &column.kind);
            }
            self.push_raw("</tr>\n");
        }
        self.push_raw("</tbody>\n");
        self.push_total_row(table);
        self.push_raw("</table></div>\n");
    }

    fn push_cell(&mut self, index: usize, shown: &DisplayText, kind: &ValueKind) {
        // A remark is a footnote: its text would widen the table.
        let text = match kind {
            ValueKind::Note => String::new(),
            _ => escape_html(&shown.text),
        };
        let note = shown.note.map(|note| self.mark(note));
        let (mark, class) = (mark_html(note), number_class(kind));
        let cell = match index {
            0 => format!("<th scope=\"row\">{text}{mark}</th>"),
            _ => format!("<td{class}>{text}{mark}</td>"),
        };
        self.push_raw(&cell);
    }

    fn push_total_row(&mut self, table: &ReportTable) {
        if !table.has_total() {
            return;
        }
        self.push_raw("<tfoot><tr>");
        for (index, column) in table.columns.iter().enumerate() {
            let shown = match table.total(index) {
                Some(total) => self.show.total_text(column, total),
                None => DisplayText {
                    text: match index {
                        0 => table.total_label.clone(),
                        _ => String::new(),
                    },
                    note: None,
                },
            };
            self.push_cell(index, &shown, &column.kind);
        }
        self.push_raw("</tr></tfoot>\n");
    }

    fn push_photo(&mut self, photo: &ReportPhoto) {
        let said = format!("{} ({})", photo.name, photo.sha256);
        self.push_element("p", " class=\"photo-name\"", &said);
    }

    fn push_footnotes(&mut self, index: usize) {
        if self.marked.is_empty() {
            return;
        }
        let texts: HashMap<usize, &str> = self.show.notes.of_section(index).collect();
        self.push_raw("<ol class=\"footnotes\">\n");
        for note in std::mem::take(&mut self.marked) {
            let text = texts.get(&note).copied().unwrap_or_default();
            self.push_element("li", "", text);
        }
        self.push_raw("</ol>\n");
    }
}

fn mark_html(note: Option<usize>) -> String {
    note.map_or_else(String::new, |number| format!("<sup>{number}</sup>"))
}

fn number_class(kind: &ValueKind) -> &'static str {
    if kind.is_number() {
        " class=\"number\""
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::i18n::Language;
    use crate::report::render::document::{CalloutTone, LabelledId, ReportSection};
    use crate::report::render::table::{ColumnTotalKind, ReportColumn};
    use jiff::tz::TimeZone;

    const OTHER: &str = "catatan tentang angka yang tidak ada";
    const HOSTILE: &str = "<script>alert('x')</script> & \"y\"";

    fn test_figure() -> KeyFigure {
        let (value, kind) = (CellValue::Number(252.74), ValueKind::claim("kWh", 1));
        KeyFigure {
            plus_minus: Some(5.03),
            target: Some(505.2),
            status: FigureStatus::Provisional,
            notes: vec![HOSTILE.to_owned()],
            ..KeyFigure::new("summary/plts/plts.generation", HOSTILE, value, kind)
        }
    }

    fn test_table() -> ReportTable {
        let energy = ReportColumn::new("e", "Energi", ValueKind::number("kWh", 1));
        let columns = vec![
            ReportColumn::new("d", HOSTILE, ValueKind::Text),
            energy.with_total(ColumnTotalKind::Sum),
            ReportColumn::new("n", "Catatan", ValueKind::Note),
        ];
        let mut table = ReportTable::new("t", HOSTILE, columns);
        table.rows = vec![
            vec![
                CellValue::text("a"),
                CellValue::Number(1234.5),
                CellValue::text("nota"),
            ],
            vec![
                CellValue::text("b"),
                CellValue::Missing("rusak".to_owned()),
                CellValue::Empty,
            ],
        ];
        table.total_label = "Jumlah".to_owned();
        table
    }

    fn test_document(lang: Language) -> ReportDocument {
        let why = CellValue::Missing("hanya 12% terukur".to_owned());
        let missing = KeyFigure {
            status: FigureStatus::Insufficient,
            notes: vec![OTHER.to_owned(), "penyebab kedua".to_owned()],
            ..KeyFigure::new("summary/air", "Air", why, ValueKind::claim("m³", 1))
        };
        let figures = KeyFigures {
            id: "headline".to_owned(),
            items: vec![test_figure(), missing],
        };
        let callout = CalloutBox {
            tone: CalloutTone::Warning,
            title: HOSTILE.to_owned(),
            text: "t".to_owned(),
        };
        let section = ReportSection {
            id: "summary".to_owned(),
            title: "Ringkasan".to_owned(),
            tab: String::new(),
            annex: false,
            blocks: vec![
                ReportBlock::Heading(HOSTILE.to_owned()),
                ReportBlock::Callout(callout),
                ReportBlock::Figures(figures),
                ReportBlock::Table(test_table()),
            ],
        };
        ReportDocument {
            title: "Laporan".to_owned(),
            site: LabelledId {
                id: "desa".to_owned(),
                name: "Desa".to_owned(),
            },
            period: LabelledId {
                id: "2026-11".to_owned(),
                name: "November 2026".to_owned(),
            },
            lang,
            zone: TimeZone::UTC,
            issued: UtcMs(0),
            revision: String::new(),
            evidence: crate::evidence::ReportEvidence::default(),
            standing: crate::report::render::document::PageStanding::default(),
            sections: vec![section],
            calculations: Vec::new(),
        }
    }

    fn render_test(lang: Language) -> String {
        let link = |id: &str| Some(format!("/jelas/{id}?a=1&b=2"));
        render_html_section(&test_document(lang), "summary", &link).replace('\u{a0}', " ")
    }

    #[test]
    fn a_figure_has_its_unit_bounds_status_target_reason_and_explanation() {
        let html = render_test(Language::Id);
        for part in [
            "<span class=\"value\">252,7 kWh</span> <small class=\"bounds\">± 5,1 kWh</small>",
            "data-status=\"provisional\"",
            "<dd class=\"status\">sementara</dd>",
            "<meter min=\"0\" max=\"100\" value=\"50.0\"",
            "505,2 kWh",
            "<dd><span class=\"value\">–</span></dd>\n<dd class=\"none\">hanya 12% terukur</dd>",
            "href=\"/jelas/summary/plts/plts.generation?a=1&amp;b=2\"",
        ] {
            assert!(html.contains(part), "{part} is not in\n{html}");
        }
        assert!(render_test(Language::En).contains("252.7 kWh"));
    }

    #[test]
    fn a_table_has_units_a_total_and_footnotes_and_a_gap_is_no_zero() {
        let html = render_test(Language::Id);
        for part in [
            "<th scope=\"col\" class=\"number\">Energi (kWh)</th>",
            "<th scope=\"row\">a</th><td class=\"number\">1.234,5</td>",
            "<th scope=\"row\">b</th><td class=\"number\">–<sup>",
            "<tfoot><tr><th scope=\"row\">Jumlah</th><td class=\"number\">1.234,5<sup>",
            ">rusak</li>",
            ">nota</li>",
        ] {
            assert!(html.contains(part), "{part} is not in\n{html}");
        }
    }

    #[test]
    fn a_figure_without_a_number_has_a_dash_and_its_one_reason_and_no_other_mark() {
        let html = render_test(Language::Id);
        for part in [OTHER, "penyebab kedua", "data tidak memadai"] {
            assert!(!html.contains(part), "{part} is in\n{html}");
        }
        assert_eq!(html.matches("hanya 12% terukur").count(), 1, "{html}");
        // Footnotes are those that have a mark, without a gap in their numbers.
        let (_, notes) = html.split_once("<ol class=\"footnotes\">").unwrap();
        let last = notes.matches("<li>").count();
        let marked = |number: usize| {
            let marks = [format!("<sup>{number}<"), format!(", {number}<")];
            marks.iter().any(|mark| html.contains(mark))
        };
        assert!(last >= 3 && (1..=last).all(marked), "{html}");
        assert!(!marked(last + 1), "{html}");
    }

    #[test]
    fn no_text_becomes_markup() {
        let html = render_test(Language::Id);
        assert!(!html.contains("<script"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;")
        );
        assert_eq!(
            render_html_section(&test_document(Language::Id), "x", &|_| None),
            ""
        );
    }
}
