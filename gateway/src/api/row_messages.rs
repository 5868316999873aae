//! Messages about the rows of a table of entries: what is the same in many rows is said once.

use crate::i18n::Language;
use crate::ledger::{EntryTable, RowRemark, SkippedRow};
use crate::report::render::number_format::place_letters;
use std::collections::HashMap;

/// Most ranges of rows that one message names.
const RANGES_MAX: usize = 6;

/// Messages about rows of a table, with their numbers and column, in one language, in the order of
/// their first rows. Rows of which the same is to be said are in one message.
pub(crate) fn row_messages(
    table: &EntryTable,
    remarks: &[RowRemark],
    lang: Language,
) -> Vec<String> {
    let mut said: Vec<RowsMessage> = Vec::new();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for told in remarks {
        let field = told.remark.field.name(lang);
        let mut columns = table.columns.iter();
        let column = columns.find(|(_, one)| *one == told.remark.field);
        let place = match column {
            Some((at, _)) => {
                let column = format!("{} ({field})", place_letters(*at));
                lang.text_with("ledger-row-column", &[("column", &column)])
            }
            None => field,
        };
        let why = told.remark.message(lang);
        let at = *known
            .entry((place.clone(), why.clone()))
            .or_insert(said.len());
        if at == said.len() {
            let lines = Vec::new();
            said.push(RowsMessage { place, why, lines });
        }
        said[at].lines.push(told.line);
    }
    said.iter().map(|told| told.message(lang)).collect()
}

/// Messages about the rows that were left out: one for all examples of the template, and one for
/// each other row.
pub(crate) fn skipped_messages(table: &EntryTable, lang: Language) -> Vec<String> {
    let is_example = |row: &&SkippedRow| row.key == "ledger-example-row";
    let examples = table.left_out.iter().filter(is_example);
    let lines: Vec<u64> = examples.map(|row| row.line).collect();
    let others = table.left_out.iter().filter(|row| !is_example(row));
    let mut said: Vec<String> = others.map(|row| row.message(lang)).collect();
    if !lines.is_empty() {
        let (rows, count) = (row_ranges(&lines), lines.len().to_string());
        let args = [("row", &*rows), ("count", &*count)];
        said.push(lang.text_with("ledger-example-rows", &args));
    }
    said
}

/// The same remark on one or more rows.
struct RowsMessage {
    place: String,
    why: String,
    lines: Vec<u64>,
}

impl RowsMessage {
    fn message(&self, lang: Language) -> String {
        let (rows, count) = (row_ranges(&self.lines), self.lines.len().to_string());
        let key = if self.lines.len() == 1 {
            "ledger-row"
        } else {
            "ledger-rows"
        };
        let (place, why) = (&*self.place, &*self.why);
        let args = [
            ("row", &*rows),
            ("count", &*count),
            ("place", place),
            ("why", why),
        ];
        lang.text_with(key, &args)
    }
}

/// Row numbers as ranges: `2-4, 7, ...`.
fn row_ranges(lines: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &line in lines {
        match ranges.last_mut() {
            Some((_, last)) if line <= *last + 1 => *last = line,
            _ => ranges.push((line, line)),
        }
    }
    let range = |(first, last): &(u64, u64)| {
        if first == last {
            return first.to_string();
        }
        format!("{first}-{last}")
    };
    let mut texts: Vec<String> = ranges.iter().take(RANGES_MAX).map(range).collect();
    if ranges.len() > RANGES_MAX {
        texts.push("...".to_owned());
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_as_ranges_and_a_long_list_is_cut() {
        assert_eq!(row_ranges(&[2]), "2");
        assert_eq!(row_ranges(&[2, 3, 4, 7]), "2-4, 7");
        let odd: Vec<u64> = (0..1000).map(|at| at * 2 + 1).collect();
        assert_eq!(row_ranges(&odd), "1, 3, 5, 7, 9, 11, ...");
    }
}
