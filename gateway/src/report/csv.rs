//! The report as CSV that a spreadsheet opens with a double click: `;` and a decimal comma in
//! Bahasa Indonesia, `,` and a decimal point in English, UTF-8 with a byte order mark.
//!
//! Sections follow each other as they do on paper. Numbers have the digits that paper has, without
//! marks for thousands; days are `2026-11-21`, moments `2026-11-21 10:15`, which every spreadsheet
//! understands. A text that a spreadsheet would take for a formula begins with `'`.

use crate::report::format;
use crate::report::rows::{self, Cell, Row, Sum};
use crate::report::show::Show;
use crate::report::value::{Kind, Value, digits_of};
use crate::words::Lang;

/// The whole report.
pub(crate) fn render(show: &Show<'_>) -> Vec<u8> {
    let mut csv = Csv {
        text: String::from('\u{feff}'),
        show,
    };
    csv.line(&[Field::text(&show.document.title)]);
    for (word, value) in rows::about(show) {
        csv.line(&[Field::text(&word), Field::text(&value)]);
    }
    csv.line(&[]);
    for index in 0..show.document.sections.len() {
        for row in rows::of(show, index) {
            csv.row(&row);
        }
        csv.line(&[]);
    }
    csv.text.into_bytes()
}

struct Csv<'a> {
    text: String,
    show: &'a Show<'a>,
}

/// A field: what people wrote is made safe, what we wrote is safe.
struct Field(String);

impl Field {
    fn text(text: &str) -> Self {
        Self(harmless(text))
    }

    fn number(text: String) -> Self {
        Self(text)
    }
}

impl Csv<'_> {
    fn row(&mut self, row: &Row) {
        match row {
            Row::Title(text) | Row::Heading(text) | Row::Text(text) => {
                self.line(&[Field::text(text)]);
            }
            Row::Callout(title, text) | Row::Photo(_, title, text) => {
                self.line(&[Field::text(title), Field::text(text)]);
            }
            Row::Head(heads, _) => {
                let fields: Vec<Field> = heads.iter().map(|head| Field::text(head)).collect();
                self.line(&fields);
            }
            Row::Data(cells) => {
                let fields: Vec<Field> = cells.iter().map(|cell| self.cell(cell)).collect();
                self.line(&fields);
            }
            Row::Total(sums) => {
                let fields: Vec<Field> = sums.iter().map(|sum| self.sum(sum)).collect();
                self.line(&fields);
            }
            Row::Note(number, text) => {
                self.line(&[Field::number(format!("[{number}]")), Field::text(text)]);
            }
            Row::Blank => self.line(&[]),
            Row::Plot(_) => {}
        }
    }

    fn cell(&self, cell: &Cell) -> Field {
        match &cell.value {
            Value::Number(number) => Field::number(self.number(*number, &cell.kind)),
            Value::Date(day) => Field::number(day.to_string()),
            Value::Time(at) => {
                let (local, _) = format::local(*at, &self.show.document.zone);
                Field::number(local.strftime("%Y-%m-%d %H:%M").to_string())
            }
            Value::Text(text) => Field::text(text),
            Value::Missing(_) => {
                let shown = self.show.cell(&cell.value, &cell.kind);
                Field::number(marked(&shown.text, shown.note))
            }
            Value::Empty => Field::number(String::new()),
        }
    }

    fn sum(&self, sum: &Sum) -> Field {
        match sum {
            Sum::Label(text) => Field::text(text),
            Sum::None => Field::number(String::new()),
            Sum::Of {
                value: Some(value),
                kind,
                ..
            } => Field::number(self.number(*value, kind)),
            Sum::Of { note, .. } => Field::number(marked(format::NONE, *note)),
        }
    }

    fn number(&self, number: f64, kind: &Kind) -> String {
        let lang = self.show.lang();
        match kind {
            Kind::Number(measure) => {
                format::plain(lang, measure.round(number), measure.shown_decimals())
            }
            Kind::Mixed => format::plain(lang, number, digits_of(number)),
            Kind::Percent(decimals) => {
                format!("{}%", format::plain(lang, number * 100.0, *decimals))
            }
            _ => format::plain(lang, number, 0),
        }
    }

    fn line(&mut self, fields: &[Field]) {
        let separator = match self.show.lang() {
            Lang::Id => ';',
            Lang::En => ',',
        };
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.text.push(separator);
            }
            quote(&mut self.text, &field.0);
        }
        self.text.push_str("\r\n");
    }
}

/// A missing value and its footnote: `– [3]`.
pub(crate) fn marked(text: &str, note: Option<usize>) -> String {
    match note {
        Some(number) => format!("{text} [{number}]"),
        None => text.to_owned(),
    }
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let risky = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(risky) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn quote(line: &mut String, field: &str) {
    let plain = !field.contains([';', ',', '"', '\n', '\r', '\t']);
    if plain && !field.starts_with(' ') && !field.ends_with(' ') {
        line.push_str(field);
        return;
    }
    line.push('"');
    line.push_str(&field.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_formula_in_a_text_is_harmless() {
        assert_eq!(harmless("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(harmless("-2+3"), "'-2+3");
        assert_eq!(harmless("2+3"), "2+3");
    }

    /// One quoted field read back as a spreadsheet reads it.
    fn unquoted(field: &str) -> String {
        match field
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(inner) => inner.replace("\"\"", "\""),
            None => field.to_owned(),
        }
    }

    proptest! {
        #[test]
        fn every_field_reads_back(text in ".*") {
            let mut line = String::new();
            quote(&mut line, &text);
            prop_assert_eq!(unquoted(&line), text);
        }
    }
}
