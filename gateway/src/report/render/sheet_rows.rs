//! Sections as rows of cells: the common input of the CSV and workbook renderers.

use crate::evidence::ReportEvidence;
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutBox, ReportBlock, ReportDocument};
use crate::report::render::evidence_names::evidence_names;
use crate::report::render::figure::KeyFigures;
use crate::report::render::render_context::RenderContext;
use crate::report::render::table::{ColumnTotalKind, ReportTable};

/// Column of the value in a row of key figures.
const FIGURE_VALUE_COLUMN: usize = 1;

/// Row of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SheetRow {
    /// Heading of the section.
    Title(String),
    /// Subheading.
    Heading(String),
    /// Running text.
    Text(String),
    /// Title and text of a callout.
    Callout(String, String),
    /// Heads of columns, and the number of data rows below.
    Head(Vec<String>, usize),
    /// Data cells.
    Data(Vec<ReportCell>),
    /// Totals of the data rows above.
    Total(Vec<TotalCell>),
    /// Footnote: number and text.
    Note(usize, String),
    /// Place of a plot; its numbers are in the table above.
    Plot(PlotPlace),
    /// Photo `.0` of the section, its name and its hash.
    Photo(usize, String, String),
    /// Empty row.
    Blank,
}

/// Plot of a workbook and the cells of its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlotPlace {
    /// Number of the chart within its section.
    pub(crate) chart: usize,
    /// Columns of its series in the table above.
    pub(crate) columns: Vec<usize>,
    /// Rows of the table that are plotted, from the first.
    pub(crate) steps: usize,
}

/// Value with its kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReportCell {
    /// Value of the cell.
    pub(crate) value: CellValue,
    /// Unit and digits.
    pub(crate) kind: ValueKind,
    /// Key of the figure whose value it is.
    pub(crate) figure: Option<String>,
    /// Numbers of the footnotes that its text consists of.
    pub(crate) notes: Vec<usize>,
}

/// Cell of a total row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TotalCell {
    /// Label of the row.
    Label(String),
    /// Column without a total.
    None,
    /// Total over the `rows` rows above, with its value and footnote.
    Total {
        /// Sum or mean.
        total: ColumnTotalKind,
        /// Value computed by `Table::total`.
        value: Option<f64>,
        /// Unit and digits.
        kind: ValueKind,
        /// Footnote on missing rows.
        note: Option<usize>,
        /// Data rows above it.
        rows: usize,
    },
}

/// Returns the rows of section `index`; the numbers of each plot are a table.
pub(crate) fn section_rows(show: &RenderContext<'_>, index: usize) -> Vec<SheetRow> {
    let document = show.document;
    let mut rows = title_rows(document, index);
    let mut photos = 0;
    let blocks = document.sections.get(index).into_iter();
    for block in blocks.flat_map(|section| &section.blocks) {
        match block {
            ReportBlock::Chart(chart) => {
                table_rows(show, &chart.data_table(document.lang), &mut rows);
            }
            block => block_rows(show, block, &mut photos, &mut rows),
        }
        rows.push(SheetRow::Blank);
    }
    note_rows(show, index, &mut rows);
    rows
}

/// Returns the heading of section `index` and the empty row below it.
pub(crate) fn title_rows(document: &ReportDocument, index: usize) -> Vec<SheetRow> {
    vec![
        SheetRow::Title(document.section_heading(index)),
        SheetRow::Blank,
    ]
}

/// Adds the rows of a block that is no plot; `photos` counts those of the section.
pub(crate) fn block_rows(
    show: &RenderContext<'_>,
    block: &ReportBlock,
    photos: &mut usize,
    rows: &mut Vec<SheetRow>,
) {
    match block {
        ReportBlock::Heading(text) => rows.push(SheetRow::Heading(text.clone())),
        ReportBlock::Paragraph(text) => rows.push(SheetRow::Text(text.clone())),
        ReportBlock::Callout(callout) => rows.push(callout_row(callout)),
        ReportBlock::Figures(figures) => figure_rows(show, figures, rows),
        ReportBlock::Table(table) => table_rows(show, table, rows),
        // A drawing has no numbers: its place says which one the PDF shows.
        ReportBlock::Drawing(drawing) => rows.push(SheetRow::Text(drawing.title())),
        ReportBlock::Photo(photo) => {
            let (name, hash) = (photo.name.clone(), hash(&photo.sha256));
            rows.push(SheetRow::Photo(*photos, name, hash));
            *photos += 1;
        }
        ReportBlock::Chart(_) => {}
    }
}

/// Adds the footnotes of section `index`.
pub(crate) fn note_rows(show: &RenderContext<'_>, index: usize, rows: &mut Vec<SheetRow>) {
    let mut notes = show.notes.of_section(index).peekable();
    if notes.peek().is_some() {
        rows.push(SheetRow::Heading(show.translate("report-notes")));
    }
    rows.extend(notes.map(|(number, text)| SheetRow::Note(number, text.to_owned())));
}

/// Returns the properties of the report (site, period, issue, revision, ...) as pairs of label and
/// value: the head of a CSV, the first sheet of a workbook.
pub(crate) fn report_properties(show: &RenderContext<'_>) -> Vec<(String, String)> {
    let document: &ReportDocument = show.document;
    let issued =
        crate::report::render::number_format::time(document.lang, document.issued, &document.zone);
    let status = match (document.is_provisional(), document.is_running()) {
        (true, _) => "provisional",
        (false, true) => "running",
        (false, false) => "final",
    };
    let status = show.translate(&format!("report-status-{status}"));
    let pairs = [
        ("report-site", document.site.name.clone()),
        ("report-period", document.period.name.clone()),
        ("report-issued", issued),
        ("report-status", status),
        ("report-revision", document.revision.clone()),
    ];
    let evidence = evidence_properties(document.lang, &document.evidence);
    let known = pairs
        .into_iter()
        .chain(evidence)
        .filter(|(_, value)| !value.is_empty());
    known
        .map(|(key, value)| (show.translate(key), value))
        .collect()
}

/// Returns the evidence behind a report as message keys and values; a value is empty when there is
/// nothing to name.
fn evidence_properties(lang: Language, evidence: &ReportEvidence) -> [(&'static str, String); 4] {
    let record = evidence.head.as_ref();
    let record = record.map(|head| format!("{} ({})", head.number, head.day));
    let open = evidence.open_sha256();
    let names = evidence_names(lang, &evidence.open_names());
    let open = open.map(|sha256| format!("{sha256} ({names})"));
    [
        ("report-digest", evidence.digest().to_owned()),
        ("report-record", record.unwrap_or_default()),
        ("report-open", open.unwrap_or_default()),
        ("report-content", evidence.content.clone()),
    ]
}

/// Returns the hash of a photo as printed below it.
pub(crate) fn hash(sha256: &str) -> String {
    format!("SHA-256 {sha256}")
}

fn callout_row(callout: &CalloutBox) -> SheetRow {
    SheetRow::Callout(callout.title.clone(), callout.text.clone())
}

fn figure_rows(show: &RenderContext<'_>, figures: &KeyFigures, rows: &mut Vec<SheetRow>) {
    rows.push(SheetRow::Head(show.figure_heads(), figures.items.len()));
    for figure in &figures.items {
        let cells = show.figure_row(figure).into_iter();
        let cells = cells.enumerate().map(|(column, (value, kind))| ReportCell {
            value,
            kind,
            figure: (column == FIGURE_VALUE_COLUMN).then(|| figure.id.clone()),
            notes: Vec::new(),
        });
        let mut cells: Vec<ReportCell> = cells.collect();
        // The notes of a figure are its last cell.
        if let Some(last) = cells.last_mut() {
            let notes = figure.told_notes().iter();
            last.notes = notes
                .filter_map(|note| show.notes.number_of(note))
                .collect();
        }
        rows.push(SheetRow::Data(cells));
    }
}

/// Adds the rows of a table.
pub(crate) fn table_rows(show: &RenderContext<'_>, table: &ReportTable, rows: &mut Vec<SheetRow>) {
    rows.push(SheetRow::Heading(table.title.clone()));
    let heads = table.columns.iter().map(|column| show.column_head(column));
    rows.push(SheetRow::Head(heads.collect(), table.rows.len()));
    for (place, row) in table.rows.iter().enumerate() {
        let cells = row.iter().zip(&table.columns).enumerate();
        let cells = cells.map(|(at, (value, column))| ReportCell {
            value: value.clone(),
            kind: column.kind.clone(),
            figure: table.figures.get(&(place, at)).cloned(),
            notes: match column.kind {
                ValueKind::Note => show
                    .cell_text(value, &column.kind)
                    .note
                    .into_iter()
                    .collect(),
                _ => Vec::new(),
            },
        });
        rows.push(SheetRow::Data(cells.collect()));
    }
    if table.has_total() {
        rows.push(SheetRow::Total(total_cells(show, table)));
    }
}

fn total_cells(show: &RenderContext<'_>, table: &ReportTable) -> Vec<TotalCell> {
    let sum = |index: usize| -> TotalCell {
        let column = &table.columns[index];
        match (column.total, table.total(index)) {
            (Some(total), Some(totalled)) => TotalCell::Total {
                total,
                value: totalled.value,
                kind: column.kind.clone(),
                note: show.total_text(column, totalled).note,
                rows: table.rows.len(),
            },
            _ if index == 0 => TotalCell::Label(table.total_label.clone()),
            _ => TotalCell::None,
        }
    };
    (0..table.columns.len()).map(sum).collect()
}
