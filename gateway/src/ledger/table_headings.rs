//! Headings of a table of entries: which column has which field, by its name, by its number, or by
//! what the call says.

use super::entry_field::EntryField;
use super::indicator_definitions::IndicatorDefinitions;
use super::sheet_rows::{MissingHeadings, SheetCell, TableError};
use super::value_parser;
use super::written_multiplier::{LineStatement, has_multiplier, line_statements, multiplier_power};
use crate::i18n::Language;
use crate::limits::LEDGER_HEADING_ROWS_MAX;
use jiff::tz::TimeZone;

/// Columns of a table, in the order of the template.
pub(super) const TABLE_COLUMNS: [EntryField; 9] = [
    EntryField::EntryTime,
    EntryField::Indicator,
    EntryField::What,
    EntryField::Quantity,
    EntryField::Unit,
    EntryField::How,
    EntryField::Who,
    EntryField::Note,
    EntryField::Kind,
];

/// Fields without which a table has no entries. No unit: quantities are often written with it
/// ("12,5 kg"). A row that says none is refused.
const NEEDED_FIELDS: [EntryField; 4] = [
    EntryField::EntryTime,
    EntryField::Indicator,
    EntryField::Quantity,
    EntryField::Who,
];

/// Fields of which a second column would change what is recorded.
const SINGLE_FIELDS: [EntryField; 3] = [
    EntryField::Indicator,
    EntryField::Quantity,
    EntryField::Unit,
];

/// Column that a call names for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedColumn {
    /// Heading of the column, or its number from 1.
    pub column: String,
    /// The field.
    pub field: EntryField,
    /// Unit of the quantities, as the ledger spells it.
    pub unit: Option<String>,
}

impl NamedColumn {
    /// Parses `Berat (kg)=jumlah`: a heading or a number, and a heading of the template in any
    /// language, with the unit of the quantities in brackets where the call says it (`jumlah (t)`).
    pub fn parse(text: &str, definitions: &IndicatorDefinitions) -> Option<Self> {
        // A heading may hold the sign itself; the name of a field does not.
        let (column, field) = text.rsplit_once('=')?;
        let column = column.trim().to_owned();
        let unit = bracket_text(field).map(|text| definitions.unit_id(text).map(str::to_owned));
        let is_known = !matches!(unit, Some(None));
        let unit = unit.flatten();
        let field = field_of_heading(field, definitions)?;
        let is_quantity = unit.is_none() || field == EntryField::Quantity;
        let named = Self {
            column,
            field,
            unit,
        };
        (!named.column.is_empty() && is_known && is_quantity).then_some(named)
    }

    fn place(&self, row: &[SheetCell]) -> Option<usize> {
        let wanted = self.column.to_lowercase();
        let is_named = |cell: &SheetCell| cell.text().to_lowercase() == wanted;
        let number = || self.column.parse::<usize>().ok()?.checked_sub(1);
        let is_filled = |at: &usize| row.get(*at).is_some_and(|cell| !cell.text().is_empty());
        let named = row.iter().position(is_named);
        named.or_else(|| number().filter(is_filled))
    }
}

/// Headings that were found in a table.
#[derive(Clone, Debug, Default)]
pub(super) struct TableHeadings {
    /// Place of the heading row among the rows; `None` for a table that begins with an entry.
    pub(super) place: Option<usize>,
    /// Fields in the order of their columns, as (column from 0, field).
    pub(super) columns: Vec<(usize, EntryField)>,
    /// Unit that the call or the heading of the quantities says: `Jumlah (kg)`.
    pub(super) unit: Option<String>,
    /// Unit of the heading that the call counts more than.
    pub(super) overridden: Option<String>,
    /// Heading of the quantities of which something is no unit of the ledger.
    multiplied: Option<String>,
    /// Further columns with the heading of a field that may have one column only.
    twice: Vec<(usize, EntryField)>,
}

impl TableHeadings {
    /// Headings of the first of the first rows that has all needed fields. Errors: none has, or
    /// two columns are for one field.
    pub(super) fn find(
        cells: &[(u64, Vec<SheetCell>)],
        definitions: &IndicatorDefinitions,
        named: &[NamedColumn],
    ) -> Result<Self, TableError> {
        let near = || cells.iter().take(LEDGER_HEADING_ROWS_MAX);
        let found = near().map(|(_, row)| Self::of_row(row, definitions, named));
        let found: Vec<Self> = found.collect();
        let Some(at) = found.iter().position(|one| one.missing().is_empty()) else {
            return Err(missing_error(&found, cells, named));
        };
        let row = cells.get(at).map_or(&[][..], |(_, row)| row);
        let mut headings = found.into_iter().nth(at).unwrap_or_default();
        if let Some((_, field)) = headings.twice.first() {
            return Err(TableError::ColumnTwice {
                field: field.word(),
                columns: headings.columns_of(*field, row),
            });
        }
        if let Some(heading) = headings.multiplied.take() {
            return Err(TableError::HeadingMultiple { heading });
        }
        if named.iter().all(|column| column.unit.is_none()) {
            let above = cells.get(..at).unwrap_or_default();
            let taken = take_units_above(above, &mut headings.unit, definitions);
            let heading = || headings.text_of(EntryField::Quantity, row);
            taken.map_err(|(line, found)| TableError::LineAbove {
                line,
                found,
                heading: heading(),
            })?;
        }
        headings.place = (!headings.is_entry(row)).then_some(at);
        Ok(headings)
    }

    fn of_row(
        row: &[SheetCell],
        definitions: &IndicatorDefinitions,
        named: &[NamedColumn],
    ) -> Self {
        let mut found = Self::default();
        for column in named {
            let Some(at) = column.place(row) else {
                continue;
            };
            let is_there = found.columns.iter().any(|(_, one)| *one == column.field);
            if is_there && SINGLE_FIELDS.contains(&column.field) {
                found.twice.push((at, column.field));
            } else {
                found.columns.push((at, column.field));
            }
        }
        let said: Vec<EntryField> = found.columns.iter().map(|(_, field)| *field).collect();
        for (at, cell) in row.iter().enumerate() {
            let is_taken = found.columns.iter().any(|(column, _)| *column == at);
            let Some(field) = field_of_heading(cell.text(), definitions).filter(|_| !is_taken)
            else {
                continue;
            };
            if !found.columns.iter().any(|(_, one)| *one == field) {
                found.columns.push((at, field));
            } else if SINGLE_FIELDS.contains(&field) && !said.contains(&field) {
                found.twice.push((at, field));
            }
        }
        found.columns.sort_by_key(|(at, _)| *at);
        let mut columns = found.columns.iter();
        let quantity = columns.find(|(_, field)| *field == EntryField::Quantity);
        let heading = quantity.and_then(|(at, _)| row.get(*at));
        let text = heading.map_or("", SheetCell::text);
        let said = named.iter().find_map(|column| column.unit.clone());
        match (said, unit_of_heading(text, definitions)) {
            (Some(said), of_heading) => {
                let of_heading = of_heading.unwrap_or_else(|_| Some(text.to_owned()));
                found.overridden = of_heading.filter(|unit| *unit != said);
                found.unit = Some(said);
            }
            (None, Ok(unit)) => found.unit = unit,
            (None, Err(MultipliedUnit)) => found.multiplied = Some(text.to_owned()),
        }
        found
    }

    fn missing(&self) -> Vec<&'static str> {
        let is_absent = |field: &EntryField| !self.columns.iter().any(|(_, one)| one == field);
        let absent = NEEDED_FIELDS.into_iter().filter(is_absent);
        absent.map(EntryField::word).collect()
    }

    /// Whether the row of the columns is an entry itself: its day is one.
    fn is_entry(&self, row: &[SheetCell]) -> bool {
        let mut columns = self.columns.iter();
        let day = columns.find(|(_, field)| *field == EntryField::EntryTime);
        let day = day.and_then(|(at, _)| row.get(*at));
        day.is_some_and(|cell| value_parser::parse_entry_time(cell.text(), &TimeZone::UTC).is_ok())
    }

    /// Heading of the first column of a field.
    fn text_of(&self, field: EntryField, row: &[SheetCell]) -> String {
        let mut columns = self.columns.iter();
        let column = columns.find(|(_, one)| *one == field);
        let cell = column.and_then(|(at, _)| row.get(*at));
        cell.map_or_else(String::new, |cell| cell.text().to_owned())
    }

    /// Columns for a field as `3 (Jumlah), 5 (Nilai)`.
    fn columns_of(&self, field: EntryField, row: &[SheetCell]) -> String {
        let all = self.columns.iter().chain(&self.twice);
        let same = all.filter(|(_, one)| *one == field);
        let text = |at: usize| row.get(at).map(SheetCell::text).unwrap_or_default();
        let texts = same.map(|(at, _)| format!("{} ({})", at + 1, text(*at)));
        texts.collect::<Vec<_>>().join(", ")
    }
}

/// Field of a heading, also with a unit behind it: `Jumlah (kg)`.
fn field_of_heading(text: &str, definitions: &IndicatorDefinitions) -> Option<EntryField> {
    let bare = text.split(['(', '[']).next().unwrap_or_default();
    let word = definitions
        .column_field(text)
        .or_else(|| definitions.column_field(bare))?;
    TABLE_COLUMNS.into_iter().find(|field| field.word() == word)
}

/// Text in the first brackets of a heading.
fn bracket_text(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(['(', '['])?;
    rest.split([')', ']']).next()
}

/// Marks a unit that is multiplied in a way that the ledger has no unit for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MultipliedUnit;

/// Unit of a heading, as the ledger spells it: in brackets, or behind the name (`Berat ton`).
/// Errors: it is multiplied in a way that no unit of the ledger is, or something in brackets is no
/// unit.
fn unit_of_heading(
    text: &str,
    definitions: &IndicatorDefinitions,
) -> Result<Option<String>, MultipliedUnit> {
    let inside: Vec<&str> = bracket_texts(text).collect();
    if inside.is_empty() {
        return unit_behind_name(text, definitions);
    }
    let outside: String = text.split(['(', '[']).map(behind_brackets).collect();
    let is_name = definitions.column_field(&outside).is_some();
    if !is_name && has_multiplier(&outside) {
        return Err(MultipliedUnit);
    }
    let mut found: Option<String> = None;
    for group in inside {
        // A note in brackets may multiply (`karung @50 kg`), so none is passed over.
        let unit = unit_of_text(group, definitions).ok_or(MultipliedUnit)?;
        if found.replace(unit.clone()).is_some_and(|one| one != unit) {
            return Err(MultipliedUnit);
        }
    }
    Ok(found)
}

/// Texts in the brackets of a heading.
fn bracket_texts(text: &str) -> impl Iterator<Item = &str> {
    let groups = text.split(['(', '[']).skip(1);
    let inside = groups.map(|group| group.split([')', ']']).next().unwrap_or_default());
    inside.filter(|text| !text.trim().is_empty())
}

/// Text of a part of a heading that stands outside of its brackets, with a space.
fn behind_brackets(part: &str) -> String {
    let (_, rest) = part.split_once([')', ']']).unwrap_or(("", part));
    format!("{rest} ")
}

/// Unit that a whole text says, also a multiplied one that the ledger has: `ribuan kg`.
fn unit_of_text(text: &str, definitions: &IndicatorDefinitions) -> Option<String> {
    let words = heading_words(text);
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = match &*words {
        ["dalam" | "Dalam" | "in", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    let unit = |words: &[&str]| definitions.unit_id(&words.join(" ")).map(str::to_owned);
    if let Some(whole) = unit(words) {
        return Some(whole);
    }
    let mut found = words.iter().enumerate();
    let (at, power) = found.find_map(|(at, word)| Some((at, multiplier_power(word)?)))?;
    let base = match (&words[..at], &words[at + 1..]) {
        ([], behind) => unit(behind)?,
        (before, []) => unit(before)?,
        _ => return None,
    };
    multiplied_unit(&base, power, definitions)
}

/// Unit behind the name of a heading without brackets. Errors: as of [`unit_of_heading`].
fn unit_behind_name(
    text: &str,
    definitions: &IndicatorDefinitions,
) -> Result<Option<String>, MultipliedUnit> {
    let words = heading_words(text);
    let words: Vec<&str> = words.split_whitespace().collect();
    let unit = |words: &[&str]| definitions.unit_id(&words.join(" ")).map(str::to_owned);
    let mut found = words.iter().enumerate();
    if let Some((at, power)) = found.find_map(|(at, word)| Some((at, multiplier_power(word)?))) {
        let (before, behind) = (&words[..at], &words[at + 1..]);
        let last = before.len().saturating_sub(1);
        let base = match behind {
            [] => unit(&before[last..]),
            _ => Some(unit(behind).ok_or(MultipliedUnit)?),
        };
        let multiplied = match base {
            Some(base) => multiplied_unit(&base, power, definitions),
            // `juta` alone is a unit of money.
            None => unit(&words[at..=at]),
        };
        return multiplied.map(Some).ok_or(MultipliedUnit);
    }
    if has_multiplier(text) {
        return Err(MultipliedUnit);
    }
    if definitions.column_field(text).is_some() {
        return Ok(None);
    }
    // The name stands in front.
    Ok((1..words.len()).find_map(|from| unit(&words[from..])))
}

/// Words of a heading, with `x 1.000` in one.
fn heading_words(text: &str) -> String {
    text.replace('_', " ").replace("x 1", "x1")
}

/// Unit of the ledger that is another one times a power of ten.
fn multiplied_unit(base: &str, power: i8, definitions: &IndicatorDefinitions) -> Option<String> {
    let is_that = |unit: &&str| definitions.power_between(unit, base) == Some(power);
    definitions.units().find(is_that).map(str::to_owned)
}

/// Takes the unit that the lines above the headings say, where the headings say none. Errors: a
/// line multiplies the quantities, or says another unit.
fn take_units_above(
    cells: &[(u64, Vec<SheetCell>)],
    unit: &mut Option<String>,
    definitions: &IndicatorDefinitions,
) -> Result<(), (u64, String)> {
    for (line, row) in cells {
        let texts = row.iter().map(SheetCell::text);
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        for statement in line_statements(&texts) {
            let (text, is_sure) = match statement {
                LineStatement::Multiplier(text) => (text, true),
                // A row of many cells may be the upper one of two rows of headings.
                LineStatement::Unit { text, is_sure, .. } => {
                    let is_short = texts.len() <= STATEMENT_CELLS_MAX;
                    let is_sure = (is_sure && is_short) || has_multiplier(&text);
                    (text, is_sure)
                }
            };
            let bare = text.trim_matches(['(', ')', '[', ']', '.']);
            let said = unit_of_text(bare, definitions);
            match (said, &*unit) {
                (Some(said), Some(unit)) if said == *unit => {}
                (Some(said), None) if !has_multiplier(&text) => *unit = Some(said),
                (None, _) if !is_sure => {}
                _ => return Err((*line, text)),
            }
        }
    }
    Ok(())
}

/// Filled cells of a line that says a unit, at most.
const STATEMENT_CELLS_MAX: usize = 4;

/// Error of a table in which no row has all needed headings.
fn missing_error(
    found: &[TableHeadings],
    cells: &[(u64, Vec<SheetCell>)],
    named: &[NamedColumn],
) -> TableError {
    let filled = |row: &[SheetCell]| row.iter().filter(|cell| !cell.text().is_empty()).count();
    // The row with the fewest missing headings is most likely meant as the heading row.
    let rows = found.iter().zip(cells);
    let best =
        rows.min_by_key(|(one, (_, row))| (one.missing().len(), std::cmp::Reverse(filled(row))));
    let Some((best, (_, row))) = best else {
        let missing = TableHeadings::default().missing();
        return TableError::Headings(MissingHeadings {
            missing,
            ..MissingHeadings::default()
        });
    };
    let texts = row.iter().map(SheetCell::text);
    let seen = texts.filter(|text| !text.is_empty()).map(str::to_owned);
    let unknown = named.iter().find(|one| one.place(row).is_none());
    TableError::Headings(MissingHeadings {
        missing: best.missing(),
        seen: seen.collect(),
        unknown: unknown.map(|one| one.column.clone()),
    })
}

/// Name of a field as the heading of the template, in a language.
pub(super) fn heading_text(field: EntryField, lang: Language) -> String {
    lang.text(&format!("ledger-column-{}", field.word()))
}
