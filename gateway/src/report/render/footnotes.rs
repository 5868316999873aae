//! Footnotes, numbered once over the whole report in reading order, so that every format has the
//! same numbers.

use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{ReportBlock, ReportDocument};
use crate::report::render::partial_totals::partial_total_notes;
use crate::report::render::table::ReportTable;
use std::collections::HashMap;

/// Footnotes of a report.
#[derive(Debug, Default)]
pub(crate) struct FootnoteIndex {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
    of_section: Vec<Vec<usize>>,
}

impl FootnoteIndex {
    /// Collects the reasons of missing values, remarks of figures and rows, and notes on partial
    /// totals.
    pub(crate) fn collect_from(document: &ReportDocument) -> Self {
        let mut notes = Self::default();
        for section in &document.sections {
            let mut found = Vec::new();
            for block in &section.blocks {
                notes.add_block(block, document, &mut found);
            }
            found.sort_unstable();
            found.dedup();
            notes.of_section.push(found);
        }
        notes
    }

    /// Returns the number of the footnote with this text.
    pub(crate) fn number_of(&self, text: &str) -> Option<usize> {
        self.numbers.get(text).copied()
    }

    /// Returns the footnotes used in section `index`, in rising order.
    pub(crate) fn of_section(&self, index: usize) -> impl Iterator<Item = (usize, &str)> {
        let numbers = self.of_section.get(index).into_iter().flatten();
        numbers.filter_map(|number| Some((*number, self.texts.get(number - 1)?.as_str())))
    }

    fn add_block(
        &mut self,
        block: &ReportBlock,
        document: &ReportDocument,
        found: &mut Vec<usize>,
    ) {
        match block {
            ReportBlock::Figures(figures) => {
                for figure in &figures.items {
                    self.add_value(&figure.value, &figure.kind, found);
                    for note in figure.told_notes() {
                        found.push(self.number_for(note));
                    }
                }
            }
            ReportBlock::Table(table) => self.add_table(table, document.lang, found),
            _ => {}
        }
    }

    fn add_table(&mut self, table: &ReportTable, lang: Language, found: &mut Vec<usize>) {
        for row in &table.rows {
            for (value, column) in row.iter().zip(&table.columns) {
                self.add_value(value, &column.kind, found);
            }
        }
        for remark in partial_total_notes(lang, table) {
            found.push(self.number_for(&remark));
        }
    }

    fn add_value(&mut self, value: &CellValue, kind: &ValueKind, found: &mut Vec<usize>) {
        match value {
            CellValue::Missing(reason) => found.push(self.number_for(reason)),
            CellValue::Text(text) if *kind == ValueKind::Note && !text.is_empty() => {
                found.push(self.number_for(text));
            }
            _ => {}
        }
    }

    fn number_for(&mut self, text: &str) -> usize {
        // The same text has one number in the whole report: a reason often stands at dozens of
        // cells.
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.texts.len());
        self.texts.len()
    }
}
