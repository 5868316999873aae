//! Footnotes: numbered once over the whole report, in reading order, so that every format has the
//! same numbers.

use crate::report::document::{Block, Document};
use crate::report::show;
use crate::report::table::Table;
use crate::report::value::{Kind, Value};
use crate::words::Lang;
use std::collections::HashMap;

/// All footnotes of a report.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
    of_section: Vec<Vec<usize>>,
}

impl Notes {
    /// Collects reasons for missing values, remarks of figures and of rows, and partial totals.
    pub(crate) fn gather(document: &Document) -> Self {
        let mut notes = Self::default();
        for section in &document.sections {
            let mut found = Vec::new();
            for block in &section.blocks {
                notes.block(block, document, &mut found);
            }
            found.sort_unstable();
            found.dedup();
            notes.of_section.push(found);
        }
        notes
    }

    /// The number of the footnote with this text.
    pub(crate) fn number(&self, text: &str) -> Option<usize> {
        self.numbers.get(text).copied()
    }

    /// The footnotes that section `index` refers to, rising.
    pub(crate) fn of_section(&self, index: usize) -> impl Iterator<Item = (usize, &str)> {
        let numbers = self.of_section.get(index).into_iter().flatten();
        numbers.filter_map(|number| Some((*number, self.texts.get(number - 1)?.as_str())))
    }

    fn block(&mut self, block: &Block, document: &Document, found: &mut Vec<usize>) {
        match block {
            Block::Figures(figures) => {
                for figure in &figures.items {
                    self.value(&figure.value, &figure.kind, found);
                    for note in &figure.notes {
                        found.push(self.add(note));
                    }
                }
            }
            Block::Table(table) => self.table(table, document.lang, found),
            _ => {}
        }
    }

    fn table(&mut self, table: &Table, lang: Lang, found: &mut Vec<usize>) {
        for row in &table.rows {
            for (value, column) in row.iter().zip(&table.columns) {
                self.value(value, &column.kind, found);
            }
        }
        for remark in show::table_remarks(lang, table) {
            found.push(self.add(&remark));
        }
    }

    fn value(&mut self, value: &Value, kind: &Kind, found: &mut Vec<usize>) {
        match value {
            Value::Missing(reason) => found.push(self.add(reason)),
            Value::Text(text) if *kind == Kind::Note && !text.is_empty() => {
                found.push(self.add(text));
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.texts.len());
        self.texts.len()
    }
}
