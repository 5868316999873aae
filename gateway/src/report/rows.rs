//! A section as rows of cells: what CSV and the workbook both write.

use crate::report::document::{Block, Callout, Document};
use crate::report::figure::Figures;
use crate::report::show::Show;
use crate::report::table::{Table, Total};
use crate::report::value::{Kind, Value};

/// A row of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Row {
    /// The section's heading.
    Title(String),
    /// A heading below it.
    Heading(String),
    /// Running text.
    Text(String),
    /// A callout's title and text.
    Callout(String, String),
    /// Heads of columns; the number of data rows below it.
    Head(Vec<String>, usize),
    /// Cells.
    Data(Vec<Cell>),
    /// Totals below cells.
    Total(Vec<Sum>),
    /// A footnote.
    Note(usize, String),
    /// The plot of chart `.0` of the section goes here; its numbers are above.
    Plot(usize),
    /// Photo `.0` of the section; its name and hash.
    Photo(usize, String, String),
    /// Nothing.
    Blank,
}

/// A value and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    /// The value.
    pub(crate) value: Value,
    /// How it is written.
    pub(crate) kind: Kind,
}

/// A cell of a total row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sum {
    /// The word for the row.
    Label(String),
    /// No total here.
    None,
    /// A total over the `rows` rows above; with its value and a footnote.
    Of {
        /// Sum or mean.
        total: Total,
        /// As computed by `Table::total`.
        value: Option<f64>,
        /// How it is written.
        kind: Kind,
        /// The footnote on missing rows.
        note: Option<usize>,
        /// Data rows above it.
        rows: usize,
    },
}

/// The rows of section `index`.
pub(crate) fn of(show: &Show<'_>, index: usize) -> Vec<Row> {
    let document = show.document;
    let mut rows = vec![Row::Title(document.heading(index)), Row::Blank];
    let (mut plots, mut photos) = (0, 0);
    for block in document
        .sections
        .get(index)
        .into_iter()
        .flat_map(|s| &s.blocks)
    {
        match block {
            Block::Heading(text) => rows.push(Row::Heading(text.clone())),
            Block::Paragraph(text) => rows.push(Row::Text(text.clone())),
            Block::Callout(callout) => rows.push(callout_row(callout)),
            Block::Figures(figures) => figure_rows(show, figures, &mut rows),
            Block::Table(table) => table_rows(show, table, &mut rows),
            Block::Photo(photo) => {
                rows.push(Row::Photo(photos, photo.name.clone(), hash(&photo.sha256)));
                photos += 1;
            }
            Block::Chart(chart) => {
                table_rows(show, &chart.table(document), &mut rows);
                rows.push(Row::Plot(plots));
                plots += 1;
            }
        }
        rows.push(Row::Blank);
    }
    let mut notes = show.notes.of_section(index).peekable();
    if notes.peek().is_some() {
        rows.push(Row::Heading(show.word("report-notes")));
    }
    rows.extend(notes.map(|(number, text)| Row::Note(number, text.to_owned())));
    rows
}

/// What the report is, as pairs of a word and a value: the head of a CSV, the first sheet.
pub(crate) fn about(show: &Show<'_>) -> Vec<(String, String)> {
    let document: &Document = show.document;
    let issued = crate::report::format::time(document.lang, document.issued, &document.zone);
    let is_final = !document.is_provisional();
    let status = if is_final { "final" } else { "provisional" };
    let status = show.word(&format!("report-status-{status}"));
    let pairs = [
        ("report-site", document.site.name.clone()),
        ("report-period", document.period.name.clone()),
        ("report-issued", issued),
        ("report-status", status),
        ("report-revision", document.revision.clone()),
        ("report-digest", document.digest.clone()),
    ];
    let known = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(key, value)| (show.word(key), value)).collect()
}

/// A photo's hash as printed below it.
pub(crate) fn hash(sha256: &str) -> String {
    format!("SHA-256 {sha256}")
}

fn callout_row(callout: &Callout) -> Row {
    Row::Callout(callout.title.clone(), callout.text.clone())
}

fn figure_rows(show: &Show<'_>, figures: &Figures, rows: &mut Vec<Row>) {
    rows.push(Row::Head(show.figure_heads(), figures.items.len()));
    for figure in &figures.items {
        let cells = show.figure_row(figure).into_iter();
        let cells = cells.map(|(value, kind)| Cell { value, kind });
        rows.push(Row::Data(cells.collect()));
    }
}

fn table_rows(show: &Show<'_>, table: &Table, rows: &mut Vec<Row>) {
    rows.push(Row::Heading(table.title.clone()));
    let heads = table.columns.iter().map(|column| show.head(column));
    rows.push(Row::Head(heads.collect(), table.rows.len()));
    for row in &table.rows {
        let cells = row.iter().zip(&table.columns).map(|(value, column)| Cell {
            value: value.clone(),
            kind: column.kind.clone(),
        });
        rows.push(Row::Data(cells.collect()));
    }
    if table.has_total() {
        rows.push(Row::Total(sums(show, table)));
    }
}

fn sums(show: &Show<'_>, table: &Table) -> Vec<Sum> {
    let sum = |index: usize| -> Sum {
        let column = &table.columns[index];
        match (column.total, table.total(index)) {
            (Some(total), Some(totalled)) => Sum::Of {
                total,
                value: totalled.value,
                kind: column.kind.clone(),
                note: show.total(column, totalled).note,
                rows: table.rows.len(),
            },
            _ if index == 0 => Sum::Label(table.total_label.clone()),
            _ => Sum::None,
        }
    };
    (0..table.columns.len()).map(sum).collect()
}
