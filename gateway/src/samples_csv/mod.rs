//! Samples as CSV: the exchange format `time,value`, and the tables of loggers and spreadsheets.
//!
//! Entry points: [`parse_sample_row`] and [`write_sample_row`] for the exchange format,
//! [`read_table`] for the file of another program.
//!
//! ```text
//! time,value
//! 2026-11-25T03:00:10Z,1510
//! 2026-11-25T03:00:20.250Z,1512.5
//! ```
//!
//! `time` is RFC 3339 in UTC, with milliseconds only when they are not zero. `value` is a decimal
//! number with a decimal point and without trailing zeros. Only samples that have a number are
//! written. Reading and writing are exact inverses: a file that is exported, imported and exported
//! again is the same byte for byte.
//!
//! A row that cannot be read is an error with its line number, and the caller then imports nothing.
//!
//! User documentation: `docs/configuration.md`, "Readings of other programs".

mod column_names;
mod columns;
mod detected_format;
mod duplicates;
mod format_answers;
mod format_clues;
mod heading_unit;
mod logger_table;
#[cfg(test)]
mod logger_table_tests;
mod number_format;
mod row_status;
mod sample_interval;
mod side_columns;
#[cfg(test)]
mod side_statement_tests;
mod statement_lines;
mod table_questions;
mod table_source;
mod text_encoding;

pub use crate::i18n::written_time::{DateOrder, parse_zone};
pub use detected_format::{DetectedTableFormat, LoggerTable};
pub use duplicates::DuplicateTimeFinder;
pub use format_answers::ZoneSource;
pub use heading_unit::{HeadingUnit, UnitSource, find_heading_unit, is_scaled_unit};
pub use logger_table::read_logger_table as read_table;
pub use number_format::DecimalSeparator;
pub use row_status::RowStatuses;
pub use sample_interval::SampleInterval;
pub use table_questions::{LoggerTableError, LoggerTableMessage, LoggerTableOptions};
pub use text_encoding::TextEncoding;

use crate::domain::{ExactNumber, QualityReason, Sample, UtcMs};
use crate::i18n::excerpt;
use crate::limits::{IMPORT_FAULTS_MAX, IMPORT_TIME_MIN_MS};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// First line of a file in the exchange format.
pub const SAMPLES_CSV_HEADER: &str = "time,value";

/// First line of rows with a quality. In an upload some have a third cell, `bad`: their value is
/// called wrong. In an export each row has its quality.
pub const SAMPLES_QUALITY_HEADER: &str = "time,value,quality";

/// Time and value of one row, or the error in it.
pub type SampleRowResult = Result<(UtcMs, ExactNumber), CsvRowError>;

/// Error in one row of an imported file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvRowError {
    /// Line in the file; the header is line 1.
    pub line: u64,
    /// Kind of the error; `CsvRowErrorKind::message_key` is its key in the catalogue.
    pub kind: CsvRowErrorKind,
    /// Beginning of the text of the row or cell.
    pub found: String,
    /// Line of the earlier row that this row contradicts.
    pub other: Option<u64>,
}

/// Kinds of row errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvRowErrorKind {
    /// The first line is not `time,value`.
    Header,
    /// The row does not have two columns.
    Columns,
    /// The time is not RFC 3339 with an offset, or is finer than a millisecond.
    Time,
    /// The value is not a finite decimal number.
    Value,
    /// The row is not UTF-8, or is longer than `IMPORT_LINE_MAX`.
    Text,
    /// The time is before the year 2000: the clock of the logger was not set.
    TooOld,
    /// The time is later than the present.
    InFuture,
    /// An earlier row has another value at the same time.
    DuplicateTime,
    /// The clock of the time zone showed this local time twice or never (daylight saving).
    Clock,
    /// The rows are not in order of time, and there are too many to sort in memory.
    Unsorted,
    /// A formula of which the workbook holds no result.
    Formula,
    /// The value has another unit than those above it.
    Unit,
    /// Behind the number stands what multiplies it, also by the number format of a workbook.
    Multiplied,
    /// The month of the date has no such day.
    NoDay,
    /// The date does not exist in the order of day, month and year that the column has.
    NotInOrder,
    /// The day of the week in front of the date is that of another date.
    Weekday,
}

/// Row errors of a file: the first ones of each kind in full, the others only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsvRowErrors {
    /// At most `IMPORT_FAULTS_MAX` errors of each kind.
    pub named: Vec<CsvRowError>,
    /// Count of all errors.
    pub count: u64,
    /// Count of errors for each kind.
    pub kinds: Vec<(CsvRowErrorKind, u64)>,
}

/// Times that a row may have: from 2000-01-01 to the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampBounds {
    latest: UtcMs,
}

impl CsvRowErrorKind {
    /// Message key of the sentence that says what was expected.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Header => "exchange-header",
            Self::Columns => "exchange-columns",
            Self::Time => "exchange-time",
            Self::Value => "exchange-value",
            Self::Text => "exchange-text",
            Self::TooOld => "exchange-old",
            Self::InFuture => "exchange-future",
            Self::DuplicateTime => "exchange-twice",
            Self::Clock => "exchange-clock",
            Self::Unsorted => "exchange-unsorted",
            Self::Formula => "exchange-formula",
            Self::Unit => "exchange-unit-differs",
            Self::Multiplied => "exchange-multiplied",
            Self::NoDay => "exchange-no-day",
            Self::NotInOrder => "exchange-not-in-order",
            Self::Weekday => "exchange-weekday",
        }
    }
}

impl CsvRowErrors {
    /// Adds one error; it is kept in full only below the bound of its kind.
    pub fn push(&mut self, fault: CsvRowError) {
        self.count += 1;
        let known = self.kinds.iter().position(|(kind, _)| *kind == fault.kind);
        let at = known.unwrap_or_else(|| {
            self.kinds.push((fault.kind, 0));
            self.kinds.len() - 1
        });
        self.kinds[at].1 += 1;
        if self.kinds[at].1 <= IMPORT_FAULTS_MAX {
            self.named.push(fault);
        }
    }

    /// Count of errors of a kind that are not kept in full.
    pub fn unlisted_count(&self, kind: CsvRowErrorKind) -> u64 {
        let all = self.kinds.iter().find(|(one, _)| *one == kind);
        all.map_or(0, |(_, count)| count.saturating_sub(IMPORT_FAULTS_MAX))
    }
}

impl TimestampBounds {
    /// Bounds for an import at the time `now`.
    pub fn for_now(now: UtcMs) -> Self {
        // A logger's clock may run ahead of ours. A time zone that is wrong by an hour is seen.
        const CLOCK_DIFFERENCE_MS: i64 = 15 * 60_000;
        Self {
            latest: UtcMs(now.0.saturating_add(CLOCK_DIFFERENCE_MS)),
        }
    }

    /// Last local day that a reading can have, in whatever zone.
    pub(crate) fn latest_day(self) -> Date {
        let latest = Timestamp::from_millisecond(self.latest.0).unwrap_or_default();
        let day = TimeZone::UTC.to_datetime(latest).date();
        day.tomorrow().unwrap_or(day)
    }

    /// Error of a time outside the bounds; `None` for a time inside.
    pub fn check_timestamp(self, line: u64, at: UtcMs, found: &str) -> Option<CsvRowError> {
        let kind = if at.0 < IMPORT_TIME_MIN_MS {
            CsvRowErrorKind::TooOld
        } else if at > self.latest {
            CsvRowErrorKind::InFuture
        } else {
            return None;
        };
        Some(CsvRowError::new(line, kind, found))
    }
}

impl CsvRowError {
    /// Error of one row; of a long `found` the beginning is kept.
    pub fn new(line: u64, kind: CsvRowErrorKind, found: &str) -> Self {
        Self {
            line,
            kind,
            found: excerpt(found),
            other: None,
        }
    }
}

/// Appends the row of a sample; appends nothing when the sample has no number.
pub fn write_sample_row(out: &mut String, sample: &Sample) {
    if let Some(number) = sample.outcome.number() {
        write_time(out, sample.at);
        out.push(',');
        write_number(out, number);
        out.push('\n');
    }
}

/// Appends the row of a sample with its quality, and without a time when no source knows it;
/// appends nothing when the sample has no number.
pub fn write_quality_row(out: &mut String, sample: &Sample) {
    if let Some(number) = sample.outcome.number() {
        // The clock of that time was wrong, by hours or by years.
        if sample.outcome.reason() != Some(QualityReason::Undated) {
            write_time(out, sample.at);
        }
        out.push(',');
        write_number(out, number);
        out.push(',');
        out.push_str(sample.outcome.quality().word());
        out.push('\n');
    }
}

/// Appends a time as the exchange format writes it.
pub fn write_time(out: &mut String, at: UtcMs) {
    at.append_to(out);
}

/// Appends a number in full, without trailing zeros.
pub fn write_number(out: &mut String, number: ExactNumber) {
    let text = number.to_string();
    // The zeros of an exponent (`1e20`) and of a whole number (`1500`) are significant.
    let has_needless = text.contains('.') && !text.contains('e');
    out.push_str(if has_needless {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    });
}

/// Reads one line after the header. Errors: `Text`, `Columns`, `Time` or `Value`.
pub fn parse_sample_row(line: u64, text: &[u8]) -> SampleRowResult {
    let fault = |kind, found: &str| CsvRowError::new(line, kind, found);
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(fault(CsvRowErrorKind::Text, &String::from_utf8_lossy(text)));
    };
    // Files that were edited on Windows end their lines with CR LF.
    let text = text.trim_end_matches(['\r', '\n']);
    let mut columns = text.split(',');
    let (Some(time), Some(value), None) = (columns.next(), columns.next(), columns.next()) else {
        return Err(fault(CsvRowErrorKind::Columns, text));
    };
    let time = parse_time(time).ok_or_else(|| fault(CsvRowErrorKind::Time, time))?;
    let value = parse_number(value).ok_or_else(|| fault(CsvRowErrorKind::Value, value))?;
    Ok((time, value))
}

/// Whether this is the header line of the exchange format; a byte order mark is ignored.
pub fn is_header(text: &[u8]) -> bool {
    // Spreadsheets add a byte order mark when they save UTF-8.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii_end() == SAMPLES_CSV_HEADER.as_bytes()
}

/// Time with an offset; `None` when it is finer than a millisecond.
pub fn parse_time(text: &str) -> Option<UtcMs> {
    let time: Timestamp = text.trim().parse().ok()?;
    let whole = time.subsec_nanosecond() % 1_000_000 == 0;
    whole.then(|| UtcMs(time.as_millisecond()))
}

/// Finite decimal number, exact wherever an `i64` mantissa holds its digits.
fn parse_number(text: &str) -> Option<ExactNumber> {
    let text = text.trim();
    let number = ExactNumber::parse(text)?;
    let mut back = String::new();
    write_number(&mut back, number);
    // The double gives the same text back, so nothing was rounded.
    if back == text {
        return Some(number);
    }
    Some(parse_exact_decimal(text).unwrap_or(number))
}

/// `[-]digits[.digits]` as mantissa and exponent; `None` when an `i64` does not hold it. A double
/// would round a counter of 17 digits.
fn parse_exact_decimal(text: &str) -> Option<ExactNumber> {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let mut steps = format!("{whole}{part}");
    let mut exponent = -i8::try_from(part.len()).ok()?;
    // Zeros at the end go into the exponent, so that more numbers fit the mantissa.
    while (0..18).contains(&exponent) && steps.len() > 1 && steps.ends_with('0') {
        steps.pop();
        exponent += 1;
    }
    // Stored decimals have exponents from -18 to 18.
    if steps.is_empty() || !steps.bytes().all(|byte| byte.is_ascii_digit()) || exponent < -18 {
        return None;
    }
    let mantissa: i64 = format!("{sign}{steps}").parse().ok()?;
    // A decimal has no negative zero; the double that Number::parse gave has.
    (mantissa != 0 || sign.is_empty()).then_some(ExactNumber::Decimal { mantissa, exponent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SampleOutcome;
    use proptest::prelude::*;

    fn row(at: i64, number: ExactNumber) -> String {
        let mut out = String::new();
        write_sample_row(
            &mut out,
            &Sample {
                at: UtcMs(at),
                outcome: SampleOutcome::Good(number),
            },
        );
        out
    }

    #[track_caller]
    fn kind(line: &str) -> CsvRowErrorKind {
        parse_sample_row(7, line.as_bytes()).unwrap_err().kind
    }

    #[test]
    fn a_row_is_short_and_in_utc() {
        let decimal = ExactNumber::Decimal {
            mantissa: 15100,
            exponent: -1,
        };
        assert_eq!(
            row(1_795_575_610_000, decimal),
            "2026-11-25T03:00:10Z,1510\n"
        );
        assert_eq!(
            row(1_795_575_610_250, ExactNumber::Float(0.5)),
            "2026-11-25T03:00:10.250Z,0.5\n"
        );
    }

    #[test]
    fn another_offset_is_the_same_moment() {
        let read = |text| parse_time(text).unwrap();
        assert_eq!(
            read("2026-11-21T10:00:00+07:00"),
            read("2026-11-21T03:00:00Z")
        );
    }

    #[test]
    fn what_is_not_a_row_says_which_part() {
        assert_eq!(kind("2026-11-21T03:00:00Z"), CsvRowErrorKind::Columns);
        assert_eq!(kind("2026-11-21T03:00:00Z,1,5"), CsvRowErrorKind::Columns);
        assert_eq!(kind("2026-11-21 03:00,1"), CsvRowErrorKind::Time);
        assert_eq!(kind("2026-11-21T03:00:00.0005Z,1"), CsvRowErrorKind::Time);
        assert_eq!(kind("2026-11-21T03:00:00Z,"), CsvRowErrorKind::Value);
        assert_eq!(kind("2026-11-21T03:00:00Z,NaN"), CsvRowErrorKind::Value);
        assert_eq!(
            parse_sample_row(1, b"\xff,1").unwrap_err().kind,
            CsvRowErrorKind::Text
        );
    }

    #[test]
    fn a_large_counter_keeps_every_digit() {
        let number = parse_number("81985529216486895").unwrap();
        assert_eq!(number.to_string(), "81985529216486895");
    }

    #[test]
    fn faults_beyond_the_bound_are_counted() {
        let mut faults = CsvRowErrors::default();
        for line in 0..1000 {
            faults.push(CsvRowError::new(line, CsvRowErrorKind::Value, ""));
        }
        faults.push(CsvRowError::new(1000, CsvRowErrorKind::Time, ""));
        let named = usize::try_from(IMPORT_FAULTS_MAX).unwrap() + 1;
        assert_eq!((faults.named.len(), faults.count), (named, 1001));
        let left = 1000 - IMPORT_FAULTS_MAX;
        assert_eq!(faults.unlisted_count(CsvRowErrorKind::Value), left);
        assert_eq!(faults.unlisted_count(CsvRowErrorKind::Time), 0);
    }

    #[test]
    fn a_time_before_2000_or_beyond_the_present_is_a_fault() {
        let era = TimestampBounds::for_now(parse_time("2026-11-28T00:00:00Z").unwrap());
        let kind = |text| {
            let fault = era.check_timestamp(3, parse_time(text).unwrap(), text);
            fault.map(|fault| fault.kind)
        };
        assert_eq!(
            kind("1970-01-01T02:00:36+02:00"),
            Some(CsvRowErrorKind::TooOld)
        );
        assert_eq!(kind("1999-12-31T23:59:59Z"), Some(CsvRowErrorKind::TooOld));
        assert_eq!(kind("2000-01-01T00:00:00Z"), None);
        assert_eq!(kind("2026-11-28T00:10:00Z"), None);
        assert_eq!(
            kind("2026-11-28T01:00:00Z"),
            Some(CsvRowErrorKind::InFuture)
        );
        assert_eq!(
            kind("2126-07-02T10:00:00+07:00"),
            Some(CsvRowErrorKind::InFuture)
        );
    }

    fn numbers() -> impl Strategy<Value = ExactNumber> {
        prop_oneof![
            any::<f64>()
                .prop_filter("finite", |f| f.is_finite())
                .prop_map(ExactNumber::Float),
            any::<f32>()
                .prop_filter("finite", |f| f.is_finite())
                .prop_map(|f| ExactNumber::Float(f.into())),
            (any::<i64>(), -18i8..=0)
                .prop_map(|(mantissa, exponent)| ExactNumber::Decimal { mantissa, exponent }),
            (-99_999i64..99_999, -18i8..=18)
                .prop_map(|(mantissa, exponent)| ExactNumber::Decimal { mantissa, exponent }),
        ]
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_writing(
            at in -62_135_596_800_000i64..253_370_000_000_000,
            number in numbers(),
        ) {
            let text = row(at, number);
            let (time, back) = parse_sample_row(1, text.as_bytes()).unwrap();
            prop_assert_eq!(time, UtcMs(at));
            prop_assert_eq!(back.to_f64().to_bits(), match number.to_f64() {
                // A decimal has no negative zero, and neither has its text.
                zero if zero == 0.0 && matches!(number, ExactNumber::Decimal { .. }) => 0,
                value => value.to_bits(),
            });
            prop_assert_eq!(row(at, back), text);
        }

        #[test]
        fn no_line_makes_the_reader_panic(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_sample_row(1, &line);
            let _ = is_header(&line);
        }
    }
}
