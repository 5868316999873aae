//! Headings of a table of entries: which column has which field, by its name, by its number, or by
//! what the call says.

use super::entry_field::EntryField;
use super::indicator_definitions::IndicatorDefinitions;
use super::sheet_rows::{MissingHeadings, SheetCell, TableError};
use super::value_parser;
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
    /// Heading of the quantities that multiplies a unit in a way that no unit of the ledger has.
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

/// Words that multiply a unit, in lower case, with their power of ten.
const MULTIPLIERS: [(&str, i8); 14] = [
    ("ratusan", 2),
    ("ribu", 3),
    ("ribuan", 3),
    ("rb", 3),
    ("thousand", 3),
    ("thousands", 3),
    ("juta", 6),
    ("jutaan", 6),
    ("jt", 6),
    ("million", 6),
    ("millions", 6),
    ("miliar", 9),
    ("milyar", 9),
    ("billion", 9),
];

/// Power of ten of a word that multiplies: `ribuan`, `x1000`.
fn multiplier_power(word: &str) -> Option<i8> {
    let word = word.to_lowercase();
    let listed = MULTIPLIERS.iter().find(|(one, _)| *one == word);
    let digits = || {
        let digits = word.strip_prefix(['x', '\u{d7}', '*'])?;
        let zeros = digits.strip_prefix('1')?.replace(['.', ','], "");
        let is_power = !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0');
        i8::try_from(zeros.len()).ok().filter(|_| is_power)
    };
    listed.map(|(_, power)| *power).or_else(digits)
}

/// Unit of a heading, as the ledger spells it: in brackets, or behind the name (`Berat ton`).
/// Errors: it is multiplied, and no unit of the ledger is that.
fn unit_of_heading(
    text: &str,
    definitions: &IndicatorDefinitions,
) -> Result<Option<String>, MultipliedUnit> {
    let inside = bracket_text(text);
    let words = inside.unwrap_or(text).replace('_', " ");
    let words = words.replace("x 1", "x1");
    let words: Vec<&str> = words.split_whitespace().collect();
    let unit = |words: &[&str]| definitions.unit_id(&words.join(" ")).map(str::to_owned);
    if let Some(whole) = unit(&words).filter(|_| inside.is_some()) {
        return Ok(Some(whole));
    }
    let found = words.iter().enumerate();
    let mut found = found.filter_map(|(at, word)| Some((at, multiplier_power(word)?)));
    if let Some((at, power)) = found.next() {
        let (before, behind) = (&words[..at], &words[at + 1..]);
        let last = before.len().saturating_sub(1);
        let base = unit(behind).or_else(|| unit(&before[last..]));
        let is_that =
            |unit: &&str, base: &str| definitions.power_between(unit, base) == Some(power);
        let multiplied = base.map(|base| definitions.units().find(|unit| is_that(unit, &base)));
        return match multiplied {
            Some(found) => Ok(Some(found.ok_or(MultipliedUnit)?.to_owned())),
            // `juta` alone is a unit of money.
            None => unit(&words[at..=at]).map(Some).ok_or(MultipliedUnit),
        };
    }
    if inside.is_some() || definitions.column_field(text).is_some() {
        return Ok(None);
    }
    // The name stands in front.
    Ok((1..words.len()).find_map(|from| unit(&words[from..])))
}

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
