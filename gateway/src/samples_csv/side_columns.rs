//! [`SideColumns`]: columns beside the values that say something about them: their unit, the zone
//! of their time, whether they are right, and which rows sum up others.

use super::column_names::{names_status, names_units, names_zones};
use super::columns::TableColumns;
use super::format_answers::{StatedZone, ZoneSource};
use super::heading_unit::{HeadingUnit, UnitSource, stated_unit};
use super::row_status::{self, RowStatuses};
use super::text_encoding;
use crate::i18n::written_time::{parse_zone, parse_zone_word};
use crate::ledger::{
    is_factor_label, is_factor_of_one, starts_with_digit, starts_with_summary, sums_own_column,
};
use csv::StringRecord;
use drivers::units;
use jiff::Timestamp;
use std::collections::HashSet;

/// January and July of 2026, in seconds since 1970.
const YEAR_SECONDS: [i64; 2] = [1_767_225_600, 1_782_864_000];

/// Columns beside a column of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SideColumns {
    /// Column with the unit of the value, and whether every text in it is one.
    unit: Option<(usize, bool)>,
    /// Column with the zone of the time.
    zone: Option<usize>,
    /// Column that says whether the value is right.
    status: Option<usize>,
    /// Name and value of the column of factors beside the value.
    factor: Option<String>,
    /// Columns in which some rows, but not most, are called a total.
    labels: Vec<usize>,
    /// Whether formulas over the column of the values are totals, since most rows have none.
    has_sums: bool,
}

/// Number of cells of a column.
#[derive(Clone, Copy, Default)]
struct CellCounts {
    filled: usize,
    units: usize,
    summaries: usize,
}

impl SideColumns {
    /// Columns beside a column of values; `sums`: cells with a formula over their own column.
    pub(super) fn find(
        text: &str,
        columns: &TableColumns,
        value: usize,
        sums: &HashSet<(u64, usize)>,
    ) -> Self {
        let is_time =
            |at: usize| at == columns.time || (columns.has_clock && at == columns.time + 1);
        let is_value = |at: usize| columns.values.iter().any(|(one, _)| *one == at);
        let mut counts: Vec<CellCounts> = Vec::new();
        let (mut rows, mut own_sums) = (0, 0);
        let mut beside = factor_beside(columns.headings(), value);
        let all = text_encoding::csv_rows(text, columns.separator).skip(columns.first);
        for (line, row) in all.filter(|(_, row)| !text_encoding::is_blank_row(row)) {
            rows += 1;
            beside = beside.or_else(|| factor_beside(row.iter(), value));
            own_sums += usize::from(is_own_sum(&row, (line, value), sums));
            counts.resize_with(counts.len().max(row.len()), CellCounts::default);
            for (count, cell) in counts.iter_mut().zip(&row) {
                let is_unit = || units::find_unit(cell).is_some();
                let is_short = cell.chars().count() < 2;
                count.filled += usize::from(!cell.is_empty());
                count.units += usize::from((!is_short && is_unit()) || cell == "%");
                count.summaries += usize::from(starts_with_summary(cell));
            }
        }
        let free = || (0..counts.len()).filter(|at| !is_time(*at) && *at != value);
        let is_unit = |at: usize| {
            let count = counts[at];
            match names_units(columns.name(at)) {
                Some(true) => Some(true),
                Some(false) => (count.units > 0).then_some(false),
                None if is_value(at) => None,
                None => (count.filled > 0 && count.units == count.filled).then_some(false),
            }
        };
        let owner = |at: usize| {
            let mut values = columns.values.iter().map(|(one, _)| *one);
            let left = values.clone().rfind(|one| *one < at);
            left.or_else(|| values.find(|one| *one > at))
        };
        let mut own_units = free().filter(|at| owner(*at) == Some(value));
        let is_label = |at: &usize| {
            let count = counts[*at].summaries;
            count > 0 && count * 2 <= rows
        };
        let mut named = free().filter(|at| names_zones(columns.name(*at)));
        let mut status = free().filter(|at| names_status(columns.name(*at)));
        let factors = free().filter(|at| is_factor_label(columns.name(*at)));
        let mut factors = factors.filter_map(|at| factor_of_column(text, columns, at));
        Self {
            factor: factors.next().or(beside),
            unit: own_units.find_map(|at| Some((at, is_unit(at)?))),
            zone: named.next(),
            status: status.next(),
            labels: free()
                .filter(|at| !is_value(*at))
                .filter(is_label)
                .collect(),
            has_sums: own_sums * 2 <= rows,
        }
    }

    /// Unit that the row says beside its value.
    pub(super) fn unit(&self, row: &StringRecord) -> HeadingUnit {
        let stated = self
            .unit
            .and_then(|(at, is_sure)| Some((row.get(at)?, is_sure)));
        stated.map_or(HeadingUnit::Unsaid, |(cell, is_sure)| {
            stated_unit(cell, is_sure)
        })
    }

    /// Units that no row says for itself: those above the heading, and the column of factors.
    pub(super) fn stated_units(&self, columns: &TableColumns) -> Vec<(UnitSource, HeadingUnit)> {
        let factor = self.factor.clone().map(HeadingUnit::Unknown);
        let factor = factor.map(|text| (UnitSource::Factor, text));
        factor.into_iter().chain(units_above(columns)).collect()
    }

    /// Status of a row; empty without one.
    pub(super) fn status<'r>(&self, row: &'r StringRecord) -> &'r str {
        let cell = self.status.and_then(|at| row.get(at));
        cell.unwrap_or_default()
    }

    /// Whether the status of a row calls its value wrong.
    pub(super) fn calls_wrong(&self, row: &StringRecord) -> bool {
        row_status::is_wrong_status(self.status(row))
    }

    /// Statuses of the table, before any row is counted.
    pub(super) fn statuses(&self, columns: &TableColumns) -> RowStatuses {
        let column = self.status.map(|at| columns.name(at).to_owned());
        RowStatuses {
            column: column.unwrap_or_default(),
            ..RowStatuses::default()
        }
    }

    /// Offset from UTC, s, that the row says beside its time; `None` without one that is known.
    pub(super) fn offset_s(&self, row: &StringRecord) -> Option<i32> {
        let cell = row.get(self.zone?)?;
        // Of a zone with daylight saving, one offset would be wrong for half of the year.
        let named = || {
            let zone = parse_zone(cell)?;
            let at = |second| Timestamp::from_second(second).map(|at| zone.to_offset(at).seconds());
            let [winter, summer] = YEAR_SECONDS.map(at);
            winter.ok().filter(|winter| summer.ok() == Some(*winter))
        };
        let hours = || {
            let hours: i32 = cell.parse().ok()?;
            (-12..=14).contains(&hours).then_some(hours * 3600)
        };
        parse_zone_word(cell).or_else(named).or_else(hours)
    }

    /// Whether a row with a time sums up others: a cell calls it a total, or its value is a formula
    /// over the values above it.
    pub(super) fn is_total(
        &self,
        row: &StringRecord,
        place: (u64, usize),
        sums: &HashSet<(u64, usize)>,
    ) -> bool {
        let is_called = |at: &usize| row.get(*at).is_some_and(starts_with_summary);
        self.labels.iter().any(is_called) || (self.has_sums && is_own_sum(row, place, sums))
    }
}

/// Zones that the heading and the lines above it say.
pub(super) fn stated_zones(columns: &TableColumns) -> Vec<StatedZone> {
    let heading = columns.zone.clone().map(|zone| StatedZone {
        source: ZoneSource::Heading,
        zone,
    });
    let above = columns.lines.zones.iter().map(|(line, zone)| StatedZone {
        source: ZoneSource::Above(*line),
        zone: zone.clone(),
    });
    heading.into_iter().chain(above).collect()
}

/// Units that lines above the heading say. In a table of several values, one that names a quantity,
/// or none of them, counts where it fits.
fn units_above(columns: &TableColumns) -> Vec<(UnitSource, HeadingUnit)> {
    let is_only = columns.real_values().len() == 1;
    let units = columns.lines.units.iter().filter_map(|one| {
        let unit = match &one.unit {
            HeadingUnit::Known { unit, .. } => HeadingUnit::Known {
                unit,
                is_certain: is_only,
            },
            HeadingUnit::Unknown(_) if is_only || one.is_general => one.unit.clone(),
            _ => return None,
        };
        Some((UnitSource::Above(one.line), unit))
    });
    units.collect()
}

/// Name and first number of a column of factors that changes a value, such as `Pengali: 40`.
fn factor_of_column(text: &str, columns: &TableColumns, at: usize) -> Option<String> {
    let rows = text_encoding::csv_rows(text, columns.separator).skip(columns.first);
    let cells = rows.filter_map(|(_, row)| row.get(at).map(str::to_owned));
    // A column `PT` may have names of companies.
    let is_factor = |cell: &String| starts_with_digit(cell) && !is_factor_of_one(cell);
    let found = cells.into_iter().find(is_factor)?;
    Some(format!("{}: {found}", columns.name(at)))
}

/// Label of a factor with its number in the cell beside it, in a row of a table: a workbook may
/// have such notes right of the readings. `value` is the column of the values.
fn factor_beside<'r>(cells: impl Iterator<Item = &'r str>, value: usize) -> Option<String> {
    let cells: Vec<&str> = cells.collect();
    let pairs = cells.windows(2).enumerate();
    let mut pairs = pairs.filter(|(at, _)| ![*at, at + 1].contains(&value));
    pairs.find_map(|(_, pair)| {
        let is_factor = is_factor_label(pair[0]) && starts_with_digit(pair[1]);
        let is_written = is_factor && !is_factor_of_one(pair[1]);
        is_written.then(|| format!("{}: {}", pair[0], pair[1]))
    })
}

/// Whether the value of a row (line, column) is a formula over its own column.
fn is_own_sum(row: &StringRecord, place: (u64, usize), sums: &HashSet<(u64, usize)>) -> bool {
    let (line, column) = place;
    let is_text = |cell: &str| sums_own_column(cell, line, column);
    sums.contains(&place) || row.get(column).is_some_and(is_text)
}
