//! What is shown for a value: the same words in every format.

use crate::report::document::Document;
use crate::report::figure::{Figure, Origin, Status};
use crate::report::format;
use crate::report::notes::Notes;
use crate::report::table::{Column, Table, Totalled};
use crate::report::value::{Kind, Value, digits_of};
use crate::words::Lang;

/// A report and the numbers of its footnotes: all that a renderer needs.
#[derive(Debug)]
pub(crate) struct Show<'a> {
    /// The report.
    pub(crate) document: &'a Document,
    /// Its footnotes.
    pub(crate) notes: Notes,
}

/// A value as words, and the footnote that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The words; empty for an empty cell.
    pub(crate) text: String,
    /// The number of the footnote that says more.
    pub(crate) note: Option<usize>,
}

impl<'a> Show<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self {
            document,
            notes: Notes::gather(document),
        }
    }

    pub(crate) fn lang(&self) -> Lang {
        self.document.lang
    }

    pub(crate) fn word(&self, key: &str) -> String {
        self.document.lang.text(key)
    }

    /// A value in a table's cell.
    pub(crate) fn cell(&self, value: &Value, kind: &Kind) -> Shown {
        let (text, note) = match value {
            Value::Number(number) => (self.number(*number, kind, false), None),
            Value::Text(text) if *kind == Kind::Note => (text.clone(), self.notes.number(text)),
            Value::Text(text) => (text.clone(), None),
            Value::Date(day) => (format::short_date(self.lang(), *day), None),
            Value::Time(at) => {
                let zone = &self.document.zone;
                (format::short_time(self.lang(), *at, zone), None)
            }
            Value::Missing(reason) => (format::NONE.to_owned(), self.notes.number(reason)),
            Value::Empty => (String::new(), None),
        };
        Shown { text, note }
    }

    /// A number of this kind; `alone` means that no column head names the unit.
    pub(crate) fn number(&self, number: f64, kind: &Kind, alone: bool) -> String {
        match kind {
            Kind::Number(measure) => {
                let rounded = measure.round(number);
                let in_words = measure.unit != "Rp" && !alone;
                let unit = if in_words { "" } else { measure.unit.as_str() };
                format::quantity(self.lang(), rounded, unit, measure.shown_decimals())
            }
            Kind::Mixed => format::number(self.lang(), number, digits_of(number)),
            Kind::Percent(decimals) => format::percent(self.lang(), number, *decimals),
            _ => format::number(self.lang(), number, 0),
        }
    }

    /// A figure's value with its unit.
    pub(crate) fn figure(&self, figure: &Figure) -> Shown {
        match &figure.value {
            Value::Number(number) => Shown {
                text: self.number(*number, &figure.kind, true),
                note: None,
            },
            other => self.cell(other, &figure.kind),
        }
    }

    /// A column's total, with a footnote when rows are missing in it.
    pub(crate) fn total(&self, column: &Column, total: Totalled) -> Shown {
        let note = partial(self.lang(), total).and_then(|text| self.notes.number(&text));
        let text = match total.value {
            Some(value) => self.number(value, &column.kind, false),
            None => format::NONE.to_owned(),
        };
        Shown { text, note }
    }

    /// A table's title with what its columns need to be understood.
    pub(crate) fn head(&self, column: &Column) -> String {
        match column.kind {
            Kind::Time => format!("{} ({})", column.head, self.zone_name()),
            Kind::Percent(_) => column.head.clone(),
            _ if column.kind.unit() == "Rp" => column.head.clone(),
            _ => column.head_with_unit(),
        }
    }

    fn zone_name(&self) -> String {
        format::local(self.document.issued, &self.document.zone).1
    }

    pub(crate) fn origin(&self, origin: Origin) -> String {
        self.word(&format!("report-origin-{}", origin.key()))
    }

    pub(crate) fn status(&self, status: Status) -> String {
        self.word(&format!("report-status-{}", status.key()))
    }

    /// Figures as rows: for formats without cards.
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
        let heads = keys.iter().map(|key| self.word(&format!("report-{key}")));
        heads.collect()
    }

    /// The cells of one figure below `figure_heads`, each with its kind.
    pub(crate) fn figure_row(&self, figure: &Figure) -> Vec<(Value, Kind)> {
        let text = |text: &str| match text {
            "" => (Value::Empty, Kind::Text),
            text => (Value::text(text), Kind::Text),
        };
        let number = |number: Option<f64>, kind: &Kind| {
            let value = number.map_or(Value::Empty, Value::Number);
            (value, kind.clone())
        };
        let spread = spread_kind(&figure.kind);
        let unit = match figure.kind {
            Kind::Percent(_) => "",
            _ => figure.kind.unit(),
        };
        let origin = figure.origin.map(|origin| self.origin(origin));
        vec![
            text(&figure.label),
            (figure.value.clone(), figure.kind.clone()),
            text(unit),
            number(figure.plus_minus, &spread),
            number(figure.target, &plain_kind(&figure.kind)),
            number(figure.completeness, &Kind::Percent(0)),
            text(&origin.unwrap_or_default()),
            text(&self.status(figure.status)),
            text(&figure.method),
            text(&figure.factors.join(", ")),
            text(&figure.notes.join(" ")),
        ]
    }
}

/// The width of an interval is a burden: it is rounded up.
pub(crate) fn spread_kind(kind: &Kind) -> Kind {
    match kind {
        Kind::Number(measure) => {
            let mut measure = measure.clone();
            measure.rounding = crate::report::value::Rounding::Up;
            Kind::Number(measure)
        }
        other => other.clone(),
    }
}

/// A target is given, not claimed: it is rounded to the nearest.
pub(crate) fn plain_kind(kind: &Kind) -> Kind {
    match kind {
        Kind::Number(measure) => Kind::number(&measure.unit, measure.decimals),
        other => other.clone(),
    }
}

/// What to say of a total that rests on a part of its rows.
pub(crate) fn partial(lang: Lang, total: Totalled) -> Option<String> {
    let (present, rows) = (total.present.to_string(), total.rows.to_string());
    let args = [("present", present.as_str()), ("rows", rows.as_str())];
    (total.present < total.rows).then(|| lang.say("report-total-partial", &args))
}

/// The partial-total remarks of a table.
pub(crate) fn table_remarks(lang: Lang, table: &Table) -> Vec<String> {
    let totals = (0..table.columns.len()).filter_map(|index| table.total(index));
    totals.filter_map(|total| partial(lang, total)).collect()
}
