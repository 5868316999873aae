//! Rows of a section for a workbook: plots with the same steps share the table of their numbers,
//! columns without a value are left out, and remarks are marks of the notes below.

use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::chart::ReportChart;
use crate::report::render::document::{ReportBlock, ReportSection};
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows::{self, PlotPlace, SheetRow};
use crate::report::render::table::ReportTable;

/// Most columns of numbers in a table of plots.
const PLOT_COLUMNS_MAX: usize = 7;

/// Table and plots in the place of a block.
struct SheetBlock {
    /// Table of the block, or the one that the plots share.
    table: Option<ReportTable>,
    /// Plots whose numbers are in it.
    plots: Vec<PlotPlace>,
}

/// Plots without a table of the section, by their steps.
struct PlotGroup<'a> {
    /// Block of the first of them.
    at: usize,
    /// Each with its number within the section.
    charts: Vec<(usize, &'a ReportChart)>,
}

/// Returns the rows of section `index` for its sheet.
pub(super) fn workbook_rows(show: &RenderContext<'_>, index: usize) -> Vec<SheetRow> {
    let document = show.document;
    let mut rows = sheet_rows::title_rows(document, index);
    let Some(section) = document.sections.get(index) else {
        return rows;
    };
    let mut photos = 0;
    for (block, place) in section.blocks.iter().zip(sheet_blocks(show, section)) {
        let from = rows.len();
        match (block, &place.table) {
            (_, Some(table)) => sheet_rows::table_rows(show, table, &mut rows),
            (ReportBlock::Chart(_), None) => continue,
            (block, None) => sheet_rows::block_rows(show, block, &mut photos, &mut rows),
        }
        // An annex is a form for others, with all of its columns and words.
        if !section.annex {
            if matches!(block, ReportBlock::Figures(_)) {
                drop_empty_columns(&mut rows[from..]);
            }
            rows[from..].iter_mut().for_each(mark_notes);
        }
        rows.extend(place.plots.into_iter().map(SheetRow::Plot));
        rows.push(SheetRow::Blank);
    }
    sheet_rows::note_rows(show, index, &mut rows);
    rows
}

fn sheet_blocks(show: &RenderContext<'_>, section: &ReportSection) -> Vec<SheetBlock> {
    let table = |block: &ReportBlock| match block {
        ReportBlock::Table(table) if section.annex => Some(table.clone()),
        ReportBlock::Table(table) => Some(table.clone().without_empty_columns()),
        _ => None,
    };
    let block = |block: &ReportBlock| SheetBlock {
        table: table(block),
        plots: Vec::new(),
    };
    let mut all: Vec<SheetBlock> = section.blocks.iter().map(block).collect();
    let charts = section.blocks.iter().enumerate();
    let charts = charts.filter_map(|(at, block)| match block {
        ReportBlock::Chart(chart) => Some((at, chart)),
        _ => None,
    });
    let mut groups: Vec<PlotGroup<'_>> = Vec::new();
    for (number, (at, chart)) in charts.enumerate() {
        let held = all.iter_mut().find_map(|block| {
            let columns = columns_of(block.table.as_ref()?, chart, show.lang())?;
            Some((block, columns))
        });
        if let Some((block, columns)) = held {
            block.plots.push(PlotPlace {
                chart: number,
                columns,
                steps: chart.along.len(),
            });
            continue;
        }
        let fits = |group: &&mut PlotGroup<'_>| {
            let columns: usize = group.charts.iter().map(|(_, one)| one.series.len()).sum();
            let same = group.charts.iter().all(|(_, one)| one.along == chart.along);
            same && columns + chart.series.len() <= PLOT_COLUMNS_MAX
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.charts.push((number, chart)),
            None => groups.push(PlotGroup {
                at,
                charts: vec![(number, chart)],
            }),
        }
    }
    for group in groups {
        if let Some(block) = all.get_mut(group.at) {
            *block = group.into_block(show.lang());
        }
    }
    all
}

/// Columns of a table with the numbers of a plot, step by step from its first row; none where it
/// has others, or a text where the plot has a gap: a plot takes a text for zero.
fn columns_of(table: &ReportTable, chart: &ReportChart, lang: Language) -> Option<Vec<usize>> {
    let steps = chart.along.len();
    let own = chart.data_table(lang);
    if table.rows.len() < steps || steps == 0 {
        return None;
    }
    let is_step = |at: usize| match (table.rows[at].first(), &own.rows[at][0]) {
        // Months have a short name below an axis.
        (Some(CellValue::Text(_)), CellValue::Text(_)) => true,
        (Some(found), step) => found == step,
        (None, _) => false,
    };
    if !(0..steps).all(is_step) {
        return None;
    }
    let column = |series: usize| {
        let id = &chart.series.get(series)?.id;
        let at = table.columns.iter().position(|column| column.id == *id)?;
        let same = (0..steps).all(|row| table.rows[row].get(at) == own.rows[row].get(series + 1));
        same.then_some(at)
    };
    (0..chart.series.len()).map(column).collect()
}

impl PlotGroup<'_> {
    /// Returns the table of the numbers of all plots.
    fn into_block(self, lang: Language) -> SheetBlock {
        let mut plots = Vec::new();
        let mut table = ReportTable::new("plots", &lang.text("report-plot-numbers"), Vec::new());
        if let [(_, only)] = self.charts.as_slice() {
            table.title.clone_from(&only.title);
        }
        let is_alone = self.charts.len() == 1;
        for (number, chart) in self.charts {
            let mut own = chart.data_table(lang);
            // The series of several plots may have the same name, such as "completeness".
            if let ([series], false) = (&mut own.columns[1..], is_alone) {
                series.head.clone_from(&chart.title);
            }
            if table.columns.is_empty() {
                table.columns.push(own.columns[0].clone());
                table.rows = own.rows.iter().map(|row| vec![row[0].clone()]).collect();
            }
            let first = table.columns.len();
            table.columns.extend(own.columns.drain(1..));
            for (row, mut cells) in table.rows.iter_mut().zip(own.rows) {
                row.extend(cells.drain(1..));
            }
            plots.push(PlotPlace {
                chart: number,
                columns: (first..table.columns.len()).collect(),
                steps: chart.along.len(),
            });
        }
        let table = Some(table);
        SheetBlock { table, plots }
    }
}

/// Takes the columns without any value out of the rows of figures.
fn drop_empty_columns(rows: &mut [SheetRow]) {
    let is_filled = |column: usize| {
        rows.iter().any(|row| match row {
            SheetRow::Data(cells) => cells
                .get(column)
                .is_some_and(|cell| cell.value != CellValue::Empty),
            _ => false,
        })
    };
    let columns = rows.iter().map(|row| match row {
        SheetRow::Head(heads, _) => heads.len(),
        _ => 0,
    });
    let empty: Vec<usize> = (0..columns.max().unwrap_or(0))
        .filter(|column| !is_filled(*column))
        .collect();
    // From the right, so that the places of the others stay.
    for column in empty.into_iter().rev() {
        for row in rows.iter_mut() {
            match row {
                SheetRow::Head(heads, _) => drop(heads.remove(column)),
                SheetRow::Data(cells) => drop(cells.remove(column)),
                _ => {}
            }
        }
    }
}

/// Puts the marks of notes in the place of their texts, which stand below the tables.
fn mark_notes(row: &mut SheetRow) {
    let SheetRow::Data(cells) = row else { return };
    for cell in cells.iter_mut().filter(|cell| !cell.notes.is_empty()) {
        if matches!(cell.value, CellValue::Text(_)) {
            let marks = cell.notes.iter().map(|note| format!("[{note}]"));
            cell.value = CellValue::Text(marks.collect::<Vec<_>>().join(" "));
            cell.kind = ValueKind::Text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::render::chart::{ChartForm, ChartSeries, ChartSteps};
    use crate::report::render::table::ReportColumn;

    fn chart(values: [Option<f64>; 2]) -> ReportChart {
        let days = ["2026-11-01", "2026-11-02"].map(|day| day.parse().unwrap());
        ReportChart {
            id: "plot".to_owned(),
            title: "Energy".to_owned(),
            form: ChartForm::Bars,
            kind: ValueKind::number("kWh", 1),
            along: ChartSteps::Days(days.to_vec()),
            series: vec![ChartSeries {
                id: "plts.generation".to_owned(),
                label: "Energy".to_owned(),
                values: values.to_vec(),
            }],
            target: None,
        }
    }

    fn daily_table(second: CellValue) -> ReportTable {
        let value = ReportColumn::new("plts.generation", "Energy", ValueKind::number("kWh", 1));
        let columns = vec![ReportColumn::new("day", "Day", ValueKind::Date), value];
        let mut table = ReportTable::new("days", "By day", columns);
        let days = ["2026-11-01", "2026-11-02"].map(|day| CellValue::Date(day.parse().unwrap()));
        let [first, last] = days;
        table.rows = vec![vec![first, CellValue::Number(1.5)], vec![last, second]];
        table
    }

    #[test]
    fn a_plot_finds_its_numbers_in_a_table_with_the_same_ones_and_without_a_text_for_a_gap() {
        let number = daily_table(CellValue::Number(2.5));
        let whole = chart([Some(1.5), Some(2.5)]);
        let found =
            |table: &ReportTable, chart: &ReportChart| columns_of(table, chart, Language::En);
        assert_eq!(found(&number, &whole), Some(vec![1]));
        assert_eq!(found(&number, &chart([Some(1.5), Some(9.0)])), None);
        let gap = daily_table(CellValue::Missing("no data".to_owned()));
        assert_eq!(found(&gap, &chart([Some(1.5), None])), None);
        let empty = daily_table(CellValue::Empty);
        assert_eq!(found(&empty, &chart([Some(1.5), None])), Some(vec![1]));
    }

    #[test]
    fn plots_with_the_same_steps_share_one_table() {
        let (first, second) = (chart([Some(1.0), None]), chart([None, Some(2.0)]));
        let group = PlotGroup {
            at: 0,
            charts: vec![(0, &first), (1, &second)],
        };
        let block = group.into_block(Language::En);
        let table = block.table.unwrap();
        assert_eq!((table.columns.len(), table.rows.len()), (3, 2));
        let columns: Vec<Vec<usize>> = block.plots.into_iter().map(|plot| plot.columns).collect();
        assert_eq!(columns, [vec![1], vec![2]]);
    }
}
