//! Reader of tables that loggers and spreadsheets write: any separator, encoding, heading and
//! decimal separator, lines above the heading, dates in any order.
//!
//! What the file shows is used and reported. What it leaves open (time zone, date order, decimal
//! separator, column) is asked for as an option; nothing is guessed, because a wrong guess would
//! import wrong readings without any sign of it.

use super::columns::{TableColumns, count_filled_cells, is_summary_row, parse_time_cell};
use super::detected_format::{DetectedTableFormat, LoggerTable};
use super::format_answers::{FormatAnswers, StatedZone, TimeOfRow, offset_text};
use super::format_clues::TableFormatClues;
use super::number_format::{self, DecimalSeparator};
use super::sample_interval::SampleInterval;
use super::side_columns::{SideColumns, stated_zones};
use super::table_questions::{
    LoggerTableError, LoggerTableMessage, LoggerTableOptions, list_columns, single_message_error,
    swapped_dates_error, table_message, value_column_error,
};
use super::table_source::{self, TableSource};
use super::text_encoding::{self, NumberedCells};
use super::{
    CsvRowError, CsvRowErrorKind, CsvRowErrors, DuplicateTimeFinder, HeadingUnit, UnitSource,
    find_heading_unit,
};
use crate::domain::UtcMs;
use crate::i18n::split_weekday;
use crate::i18n::written_time::{
    DateOrder, LoggerTimeError, ParsedLoggerTime, parse_clock_cell, written_offset,
};
use crate::ledger::{cell_name, is_summary_formula};
use crate::storage::ImportRow;
use jiff::tz::TimeZone;

/// Reads the whole table. Errors: [`LoggerTableError`], with all questions and all wrong rows at
/// once.
pub fn read_logger_table(
    bytes: &[u8],
    wishes: &LoggerTableOptions,
) -> Result<LoggerTable, LoggerTableError> {
    let source = table_source::open_table(bytes, wishes)?;
    let columns = &source.columns;
    if !columns.more_times.is_empty() && wishes.time_column.is_none() {
        let mut times = vec![(columns.time, columns.time_name.clone())];
        times.extend(columns.more_times.iter().cloned());
        let args = vec![("columns", list_columns(&times))];
        return Err(single_message_error("exchange-time-column", args));
    }
    // A column of it, taken alone, would put every value at the midnight of its day.
    let moments = columns.columns_of_moments();
    if moments.len() > 1 {
        let args = vec![("columns", list_columns(&moments))];
        return Err(single_message_error("exchange-wide", args));
    }
    let Some(column) = columns.choose_value_column(wishes.column.as_deref()) else {
        return Err(value_column_error(columns, wishes.column.as_deref()));
    };
    let reader = LoggerTableReader {
        source: &source,
        columns,
        column,
        wishes,
        side: SideColumns::find(&source.text, columns, column, &source.column_sums),
        zones: stated_zones(columns),
    };
    let clues = reader.collect_clues();
    if let Some(found) = clues.swapped.clone().finish() {
        return Err(swapped_dates_error(&found));
    }
    if clues.weekday_faults.count > 0 {
        return Err(LoggerTableError {
            sentences: Vec::new(),
            faults: clues.weekday_faults,
        });
    }
    let settled = reader.resolve_format(&clues)?;
    reader.read_rows(&settled)
}

/// Format after evidence and options were combined.
struct ResolvedTableFormat {
    dates: Option<DateOrder>,
    decimals: DecimalSeparator,
    local: bool,
    /// The option for the zone counts more than the zones of the times.
    ignores_own: bool,
    overridden: Vec<LoggerTableMessage>,
}

struct LoggerTableReader<'a> {
    source: &'a TableSource,
    columns: &'a TableColumns,
    column: usize,
    wishes: &'a LoggerTableOptions,
    side: SideColumns,
    /// Zones that the heading of the times and the lines above it say.
    zones: Vec<StatedZone>,
}

impl LoggerTableReader<'_> {
    fn data_rows(&self) -> impl Iterator<Item = NumberedCells> + '_ {
        let rows = text_encoding::csv_rows(&self.source.text, self.columns.separator);
        let rows = rows.skip(self.columns.first);
        rows.filter(|(_, row)| !text_encoding::is_blank_row(row))
    }

    /// Time of a row as parsed, and its text for messages.
    fn parse_row_time(&self, row: &csv::StringRecord) -> (Option<ParsedLoggerTime>, String) {
        let cell = row.get(self.columns.time).unwrap_or_default();
        let time = parse_time_cell(cell, self.columns.numbered);
        let time = time.map(|time| time.with_epoch_shift(self.source.day_shift));
        let (time, text) = if self.columns.has_clock {
            let clock = row.get(self.columns.time + 1).unwrap_or_default();
            let read = parse_clock_cell(clock, true);
            // A time with an offset keeps its own clock; only a bare date takes that of the next
            // column.
            let both = time.zip(read);
            let both = both.map(|(time, clock)| time.with_clock_of_day(clock));
            (both, format!("{cell} {clock}"))
        } else {
            (time, cell.to_owned())
        };
        // The zone in a column of its own is written behind the time.
        match (time, self.side.offset_s(row)) {
            (Some(time), Some(offset)) if time.is_zoneless() => {
                let text = format!("{text} {}", offset_text(offset));
                (Some(time.with_offset(offset)), text)
            }
            (time, _) => (time, text),
        }
    }

    /// Time of a row with all that is said about its zone.
    fn time_of_row(
        &self,
        (line, row): &NumberedCells,
        dates: Option<DateOrder>,
    ) -> Option<TimeOfRow> {
        let (time, text) = self.parse_row_time(row);
        let time = time?;
        Some(TimeOfRow {
            line: *line,
            at: time.to_utc(dates, self.wishes.zone.as_ref()).ok(),
            text,
            time,
            column_s: self.side.offset_s(row),
        })
    }

    /// Formula in the time or the value of a row, with its sheet and cell where it is one of a
    /// workbook.
    fn unstored_formula(&self, line: u64, row: &csv::StringRecord) -> Option<String> {
        let times = self.columns.time..=self.columns.time + usize::from(self.columns.has_clock);
        let mut read = times.chain([self.column]);
        let is_formula = |at: &usize| row.get(*at).is_some_and(|cell| cell.starts_with('='));
        let at = read.find(is_formula)?;
        let formula = row.get(at).unwrap_or_default();
        Some(match &self.source.sheet {
            Some(sheet) => format!("{sheet}!{}: {formula}", cell_name(line, at)),
            None => formula.to_owned(),
        })
    }

    /// Whether a row sums up others: a word says so, or a formula. Without a time every formula of
    /// a total counts, with one only that over its own column.
    fn sums_up(&self, line: u64, row: &csv::StringRecord, has_time: bool) -> bool {
        if has_time {
            let place = (line, self.column);
            return self.side.is_total(row, place, &self.source.column_sums);
        }
        let value = row.get(self.column).unwrap_or_default();
        let is_sum =
            is_summary_formula(value) || self.source.summaries.contains(&(line, self.column));
        let time = row.get(self.columns.time).unwrap_or_default();
        is_summary_row(row) || (time.is_empty() && is_sum)
    }

    fn collect_clues(&self) -> TableFormatClues {
        let mut clues = TableFormatClues {
            latest_day: Some(self.wishes.era.latest_day()),
            ..TableFormatClues::default()
        };
        for (line, row) in self.data_rows() {
            let (time, text) = self.parse_row_time(&row);
            if self.sums_up(line, &row, time.is_some()) {
                continue;
            }
            if let Some(time @ ParsedLoggerTime::LocalClock { day, .. }) = time {
                clues.add_date(line, day, &text);
                // Without an offset the time zone is needed, whatever the date order is.
                if time.is_zoneless() {
                    clues.zoneless.get_or_insert((line, text));
                }
            }
            for (at, _) in &self.columns.values {
                let is_native = self.source.native_numbers.contains(&(line, *at));
                let value = row.get(*at).unwrap_or_default();
                if !is_native && !number_format::is_missing_value(value) {
                    clues.add_value(line, value, *at == self.column);
                }
            }
        }
        clues
    }

    /// Combines evidence and options. Errors: every question that is still open, in one answer.
    fn resolve_format(
        &self,
        clues: &TableFormatClues,
    ) -> Result<ResolvedTableFormat, LoggerTableError> {
        // All questions at once, so that one further call is enough.
        let mut answers = FormatAnswers::new(self.wishes);
        answers.check_separator(&self.source.text);
        let dates = answers.date_order(clues, self.columns.order);
        let point = self.columns.is_exchange(self.column);
        let decimals = answers.decimal_separator(clues, point);
        let rows = self.data_rows();
        let times = rows.filter_map(|row| self.time_of_row(&row, dates));
        let ignores_own = answers.zone(&self.zones, times);
        if let (Some((line, found)), None) = (&clues.zoneless, self.zone()) {
            let args = vec![
                ("line", line.to_string()),
                ("found", found.clone()),
                ("zone", self.wishes.site_zone.clone()),
            ];
            answers.open.push(table_message("exchange-zone", args));
        }
        if !answers.open.is_empty() {
            return Err(LoggerTableError {
                sentences: answers.open,
                faults: CsvRowErrors::default(),
            });
        }
        Ok(ResolvedTableFormat {
            dates,
            // Without any decimals both separators give the same numbers.
            decimals: decimals.unwrap_or(DecimalSeparator::Point),
            local: clues.zoneless.is_some() || ignores_own,
            ignores_own,
            overridden: answers.overridden,
        })
    }

    /// Zone of times without one of their own: that of the call, else the one that the file says.
    fn zone(&self) -> Option<&TimeZone> {
        let stated = || self.zones.first().map(|stated| &stated.zone);
        self.wishes.zone.as_ref().or_else(stated)
    }

    /// Format of the table, before any row is counted.
    fn detected_format(&self, settled: &ResolvedTableFormat) -> DetectedTableFormat {
        let is_stated = settled.local && self.wishes.zone.is_none();
        let stated = self.zones.first().filter(|_| is_stated);
        DetectedTableFormat {
            encoding: self.source.encoding,
            sheet: self.source.sheet.clone(),
            hidden: self.source.hidden,
            separator: char::from(self.columns.separator),
            heading_line: self.columns.heading_line,
            time_column: (self.columns.time + 1, self.columns.time_name.clone()),
            interval_ms: None,
            decimals: settled.decimals,
            dates: settled.dates,
            local: settled.local && self.wishes.zone.is_some(),
            zone_source: stated.map(|stated| stated.source),
            numbered: self.columns.numbered,
            since_1904: self.source.day_shift != 0,
            column: self.column + 1,
            column_name: self.columns.name(self.column).to_owned(),
            head: self.columns.skipped_lines(),
            head_texts: self.columns.lines.texts.clone(),
            column_texts: self.columns.texts_below(self.column),
            value_unit: None,
            stated_units: self.side.stated_units(self.columns),
            first: None,
            first_texts: (String::new(), String::new()),
            summaries: (0, 0),
            missing: (0, 0),
            undated: (0, 0),
            repeated: 0,
            cut: 0,
            statuses: self.side.statuses(self.columns),
            overridden: settled.overridden.clone(),
        }
    }

    /// All readings. Errors: every wrong row.
    fn read_rows(&self, settled: &ResolvedTableFormat) -> Result<LoggerTable, LoggerTableError> {
        let mut faults = CsvRowErrors::default();
        let mut twice = DuplicateTimeFinder::default();
        let mut understood = self.detected_format(settled);
        let mut rows = Vec::new();
        for (line, row) in self.data_rows() {
            match self.read_data_row(line, &row, settled, &mut understood) {
                Ok(Some(reading)) => {
                    twice.push(line, reading.0, reading.1);
                    if understood.first.is_none() {
                        let value = row.get(self.column).unwrap_or_default();
                        understood.first = Some((line, reading));
                        understood.first_texts = (self.parse_row_time(&row).1, value.to_owned());
                    }
                    rows.push(reading);
                }
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        understood.repeated = twice.report_duplicates(&mut faults);
        if faults.count > 0 {
            return Err(LoggerTableError {
                sentences: Vec::new(),
                faults,
            });
        }
        // Some files have the newest row first.
        rows.sort_by_key(|(at, _)| *at);
        understood.statuses.wrong.sort_unstable();
        // The same value at the same time was counted as repeated above; other values are errors.
        rows.dedup_by_key(|(at, _)| *at);
        let mut interval = SampleInterval::default();
        for (at, _) in &rows {
            interval.push(*at);
        }
        understood.interval_ms = interval.most_frequent();
        Ok(LoggerTable {
            rows,
            format: understood,
        })
    }

    /// Unit of a value: the one behind it, else that of the heading where others are written out.
    fn unit_of_value(&self, unit: Option<&'static str>) -> Option<&'static str> {
        unit.or(match find_heading_unit(self.columns.name(self.column)) {
            HeadingUnit::Known { unit, .. } => Some(unit.symbol),
            _ => None,
        })
    }

    /// Takes the units that stand beside a value. Errors: another one than beside those above it.
    fn take_units(
        &self,
        line: u64,
        row: &csv::StringRecord,
        understood: &mut DetectedTableFormat,
    ) -> Result<(), CsvRowError> {
        let found = [(UnitSource::Column, self.side.unit(row))];
        for (source, unit) in found {
            let mut known = understood.stated_units.iter();
            match known.find(|(one, _)| *one == source) {
                _ if unit == HeadingUnit::Unsaid => {}
                None => understood.stated_units.push((source, unit)),
                Some((_, known)) if *known == unit => {}
                Some(_) => {
                    let whole = row.iter().collect::<Vec<_>>().join(" ");
                    return Err(CsvRowError::new(line, CsvRowErrorKind::Unit, &whole));
                }
            }
        }
        Ok(())
    }

    /// Moment of a row (line, text of its time). Errors: no such moment, or none that is accepted.
    fn moment_of_row(
        &self,
        (line, text): (u64, &str),
        time: ParsedLoggerTime,
        settled: &ResolvedTableFormat,
    ) -> Result<UtcMs, CsvRowError> {
        let fault = |kind| CsvRowError::new(line, kind, text);
        let own = settled.ignores_own.then(|| written_offset(text)).flatten();
        let time = own.map_or(time, |own| time.without_zone(own));
        let at = time.to_utc(settled.dates, self.zone());
        let at = at.map_err(|why| match why {
            LoggerTimeError::Clock => fault(CsvRowErrorKind::Clock),
            LoggerTimeError::NoDay => fault(CsvRowErrorKind::NoDay),
            LoggerTimeError::NotInOrder => fault(CsvRowErrorKind::NotInOrder),
            LoggerTimeError::Order | LoggerTimeError::Zone => fault(CsvRowErrorKind::Time),
        })?;
        if !is_weekday_of(text, time, settled.dates) {
            return Err(fault(CsvRowErrorKind::Weekday));
        }
        let outside = self.wishes.era.check_timestamp(line, at, text);
        outside.map_or(Ok(at), Err)
    }

    /// Whether a row is no reading with a time; it is counted then.
    fn leaves_out(
        &self,
        line: u64,
        row: &csv::StringRecord,
        (has_time, time_text): (bool, &str),
        understood: &mut DetectedTableFormat,
    ) -> bool {
        // A sum below the readings would be imported as a reading.
        let count = if self.sums_up(line, row, has_time) {
            &mut understood.summaries
        } else if time_text.is_empty() && self.side.calls_wrong(row) {
            // An export has such rows of readings that no source has dated.
            &mut understood.undated
        } else {
            return false;
        };
        count_with_line(count, line);
        true
    }

    /// Reading of one row; `None` where the row has no value.
    fn read_data_row(
        &self,
        line: u64,
        row: &csv::StringRecord,
        settled: &ResolvedTableFormat,
        understood: &mut DetectedTableFormat,
    ) -> Result<Option<ImportRow>, CsvRowError> {
        let (time, text) = self.parse_row_time(row);
        if self.leaves_out(line, row, (time.is_some(), &text), understood) {
            return Ok(None);
        }
        let whole = || {
            row.iter()
                .collect::<Vec<_>>()
                .join(&understood.separator.to_string())
        };
        let Some(value) = row.get(self.column) else {
            return Err(CsvRowError::new(line, CsvRowErrorKind::Columns, &whole()));
        };
        // An unclosed quote takes the rows below into its cell.
        if count_filled_cells(row) > self.columns.width
            || row.iter().any(|cell| cell.contains('\n'))
        {
            return Err(CsvRowError::new(line, CsvRowErrorKind::Columns, &whole()));
        }
        if let Some(found) = self.unstored_formula(line, row) {
            return Err(CsvRowError::new(line, CsvRowErrorKind::Formula, &found));
        }
        let time = time.ok_or_else(|| CsvRowError::new(line, CsvRowErrorKind::Time, &text))?;
        let at = self.moment_of_row((line, &text), time, settled)?;
        // Time and columns of a row without a value are checked too: a shifted row is an error.
        if number_format::is_missing_value(value) {
            count_with_line(&mut understood.missing, line);
            return Ok(None);
        }
        self.take_units(line, row, understood)?;
        let (digits, unit) = number_format::split_value_unit(value);
        let is_native = self.source.native_numbers.contains(&(line, self.column));
        let decimals = if is_native {
            DecimalSeparator::Point
        } else {
            settled.decimals
        };
        let number = number_format::parse_grouped_number(digits, decimals);
        let number = number.ok_or_else(|| {
            let is_multiplied = number_format::is_multiplied_value(value);
            let kind = if is_multiplied {
                CsvRowErrorKind::Multiplied
            } else {
                CsvRowErrorKind::Value
            };
            CsvRowError::new(line, kind, value)
        })?;
        let unit = unit.map(|unit| unit.symbol);
        if understood.first.is_none() {
            understood.value_unit = unit;
        } else if understood.value_unit != unit
            && self.unit_of_value(understood.value_unit) != self.unit_of_value(unit)
        {
            return Err(CsvRowError::new(line, CsvRowErrorKind::Unit, value));
        }
        let (ParsedLoggerTime::Instant { cut, .. } | ParsedLoggerTime::LocalClock { cut, .. }) =
            time;
        understood.cut += u64::from(cut);
        understood.statuses.push((line, at), self.side.status(row));
        Ok(Some((at, number)))
    }
}

/// Whether the day of the week in front of a date is that of the date, where there is one.
fn is_weekday_of(text: &str, time: ParsedLoggerTime, order: Option<DateOrder>) -> bool {
    let (Some(weekday), ParsedLoggerTime::LocalClock { day, .. }) = (split_weekday(text).0, time)
    else {
        return true;
    };
    let day = day.resolve_date(order);
    day.is_ok_and(|day| day.weekday() == weekday)
}

/// Counts a row; the line of the first one stays.
fn count_with_line(count: &mut (u64, u64), line: u64) {
    count.0 += 1;
    if count.0 == 1 {
        count.1 = line;
    }
}
