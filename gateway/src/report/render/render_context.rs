//! Text shown for a value, the same in every format.

use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind, digits_needed};
use crate::report::render::document::ReportDocument;
use crate::report::render::figure::{FigureStatus, KeyFigure, told_origins};
use crate::report::render::footnotes::FootnoteIndex;
use crate::report::render::number_format;
use crate::report::render::partial_totals::partial_total_note;
use crate::report::render::table::{ColumnTotal, ReportColumn};

/// Report with its footnote numbers: all that a renderer needs.
#[derive(Debug)]
pub(crate) struct RenderContext<'a> {
    /// The report.
    pub(crate) document: &'a ReportDocument,
    /// Its footnotes.
    pub(crate) notes: FootnoteIndex,
}

/// Shown text of a value, with its footnote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisplayText {
    /// Text; empty for an empty cell.
    pub(crate) text: String,
    /// Number of its footnote.
    pub(crate) note: Option<usize>,
}

impl<'a> RenderContext<'a> {
    pub(crate) fn new(document: &'a ReportDocument) -> Self {
        Self {
            document,
            notes: FootnoteIndex::collect_from(document),
        }
    }

    pub(crate) fn lang(&self) -> Language {
        self.document.lang
    }

    pub(crate) fn translate(&self, key: &str) -> String {
        self.document.lang.text(key)
    }

    /// Returns the text of a value in a table cell.
    pub(crate) fn cell_text(&self, value: &CellValue, kind: &ValueKind) -> DisplayText {
        let (text, note) = match value {
            CellValue::Number(number) => (self.number_text(*number, kind, false), None),
            CellValue::Text(text) if *kind == ValueKind::Note => {
                (text.clone(), self.notes.number_of(text))
            }
            CellValue::Text(text) => (text.clone(), None),
            CellValue::Date(day) => (number_format::format_short_date(self.lang(), *day), None),
            CellValue::Time(at) => {
                let zone = &self.document.zone;
                (
                    number_format::format_short_time(self.lang(), *at, zone),
                    None,
                )
            }
            CellValue::Missing(reason) => (
                number_format::NO_VALUE.to_owned(),
                self.notes.number_of(reason),
            ),
            CellValue::Empty => (String::new(), None),
        };
        DisplayText { text, note }
    }

    /// Returns the text of a number; `alone` means that no column head shows the unit.
    pub(crate) fn number_text(&self, number: f64, kind: &ValueKind, alone: bool) -> String {
        match kind {
            ValueKind::Number(measure) => {
                let rounded = measure.round(number);
                // `Rp` stands before its number also in a column; other units stand in the head.
                let in_words = measure.unit != "Rp" && !alone;
                let unit = if in_words { "" } else { measure.unit.as_str() };
                number_format::format_quantity(self.lang(), rounded, unit, measure.shown_decimals())
            }
            ValueKind::Mixed => {
                number_format::format_number(self.lang(), number, digits_needed(number))
            }
            ValueKind::Percent(decimals) => {
                number_format::format_percent(self.lang(), number, *decimals)
            }
            _ => number_format::format_number(self.lang(), number, 0),
        }
    }

    /// Returns the bounds of a figure: `at least`, its half-width with sign and unit, or both;
    /// `None` when neither is known.
    pub(crate) fn bounds_text(&self, figure: &KeyFigure) -> Option<String> {
        let is_number = matches!(figure.value, CellValue::Number(_));
        let spread = figure.kind.uncertainty_kind();
        let width = figure.shown_width();
        let width = width.map(|width| self.number_text(width, &spread, true));
        let width = (&*width.unwrap_or_default(), figure.is_least);
        let is_at_least = figure.is_at_least && is_number;
        let text = number_format::figure_bounds(self.lang(), is_at_least, width);
        let reach = figure.shown_reach().map(|amount| {
            amount.map_or_else(String::new, |amount| {
                self.number_text(amount, &spread, true)
            })
        });
        let text = number_format::with_reach(self.lang(), text, reach);
        (!text.is_empty()).then_some(text)
    }

    /// Returns the value of a figure with its unit.
    pub(crate) fn figure_text(&self, figure: &KeyFigure) -> DisplayText {
        match &figure.value {
            CellValue::Number(number) => DisplayText {
                text: self.number_text(*number, &figure.kind, true),
                note: None,
            },
            other => self.cell_text(other, &figure.kind),
        }
    }

    /// Returns the total of a column, with a footnote if rows are missing in it.
    pub(crate) fn total_text(&self, column: &ReportColumn, total: ColumnTotal) -> DisplayText {
        let note =
            partial_total_note(self.lang(), total).and_then(|text| self.notes.number_of(&text));
        let text = match total.value {
            Some(value) => self.number_text(value, &column.kind, false),
            None => number_format::NO_VALUE.to_owned(),
        };
        DisplayText { text, note }
    }

    /// Returns the head of a column with its unit or time zone.
    pub(crate) fn column_head(&self, column: &ReportColumn) -> String {
        match column.kind {
            ValueKind::Time => format!("{} ({})", column.head, self.zone_name()),
            ValueKind::Percent(_) => column.head.clone(),
            // `Rp` stands at each amount, so the head does not repeat it.
            _ if column.kind.unit() == "Rp" => column.head.clone(),
            _ => column.head_with_unit(),
        }
    }

    fn zone_name(&self) -> String {
        number_format::local_time(self.document.issued, &self.document.zone).1
    }

    /// Returns the origin of a figure, and with which others it was put together.
    pub(crate) fn origin_text(&self, figure: &KeyFigure) -> Option<String> {
        let told = told_origins(figure.origin?, &figure.origins);
        let told = told
            .into_iter()
            .map(|origin| self.translate(&format!("report-origin-{}", origin.key())));
        Some(told.collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn status(&self, status: FigureStatus) -> String {
        self.translate(&format!("report-status-{}", status.key()))
    }

    /// Returns the status, with the mark of a lower bound, which the value has elsewhere.
    fn marked_status(&self, figure: &KeyFigure) -> String {
        let status = self.status(figure.status);
        if figure.is_at_least && matches!(figure.value, CellValue::Number(_)) {
            return format!("{status}, {}", self.translate("report-lower"));
        }
        status
    }

    /// Returns the heads of the figure table, for formats without cards.
    pub(crate) fn figure_heads(&self) -> Vec<String> {
        let keys = [
            "indicator",
            "value",
            "unit",
            "plus-minus",
            "target",
            "completeness",
            "origin",
            "status",
            "method",
            "factors",
            "notes",
        ];
        let heads = keys
            .iter()
            .map(|key| self.translate(&format!("report-{key}")));
        heads.collect()
    }

    /// Returns the cells of one figure below `figure_heads`, each with its kind.
    pub(crate) fn figure_row(&self, figure: &KeyFigure) -> Vec<(CellValue, ValueKind)> {
        let text = |text: &str| match text {
            "" => (CellValue::Empty, ValueKind::Text),
            text => (CellValue::text(text), ValueKind::Text),
        };
        let number = |number: Option<f64>, kind: &ValueKind| {
            let value = number.map_or(CellValue::Empty, CellValue::Number);
            (value, kind.clone())
        };
        let spread = figure.kind.uncertainty_kind();
        let unit = match figure.kind {
            ValueKind::Percent(_) => "",
            _ => figure.kind.unit(),
        };
        let origin = self.origin_text(figure);
        vec![
            text(&figure.label),
            (figure.value.clone(), figure.kind.clone()),
            text(unit),
            number(figure.shown_width(), &spread),
            number(figure.target, &nearest_kind(&figure.kind)),
            number(figure.completeness, &ValueKind::Percent(0)),
            text(&origin.unwrap_or_default()),
            text(&self.marked_status(figure)),
            text(&figure.method),
            text(&figure.factors.join(", ")),
            text(&figure.told_notes().join(" ")),
        ]
    }
}

/// Returns the kind for a target. It is given and not claimed, so it is rounded to the nearest.
pub(crate) fn nearest_kind(kind: &ValueKind) -> ValueKind {
    match kind {
        ValueKind::Number(measure) => ValueKind::number(&measure.unit, measure.decimals),
        other => other.clone(),
    }
}
