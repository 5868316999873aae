//! The exchange format of samples: CSV with the columns `time,value`, read and written here only;
//! and tables of other programs (`logger`), which are read where they can mean one thing only.
//!
//! `time` is RFC 3339 in UTC, with milliseconds only when they are not zero; `value` is a decimal
//! number with a point and without needless zeros. Only samples that have a number are written, so
//! that what is read back is what was written: the two directions are exact inverses, and writing
//! again what was read gives the same bytes.
//!
//! A row that cannot be understood is a fault with its line number; the caller imports nothing
//! then.

mod columns;
mod encoding;
mod logger;
#[cfg(test)]
mod logger_tests;
mod times;
mod twice;
mod values;

pub use encoding::Encoding;
pub use logger::{
    LoggerTable, Sentence, TableRefused, TableWishes, Understood, read as read_table,
};
pub use times::DateOrder;
pub use twice::Twice;
pub use values::DecimalSign;

use crate::limits::{IMPORT_FAULTS_MAX, IMPORT_TIME_MIN_MS};
use crate::model::{Number, Sample, UtcMs};
use jiff::Timestamp;

/// First line of a file.
pub const HEADER: &str = "time,value";

/// A row, or why it is none.
pub type Row = Result<(UtcMs, Number), RowFault>;

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// The kind; `Kind::word` is its catalogue key.
    pub kind: Kind,
    /// What stands there.
    pub found: String,
    /// The line that it contradicts.
    pub other: Option<u64>,
}

/// Kinds of faulty rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first line is not `time,value`.
    Header,
    /// Not two columns.
    Columns,
    /// The time is not RFC 3339 with an offset, or finer than a millisecond.
    Time,
    /// The value is not a finite decimal number.
    Value,
    /// Not UTF-8, or a line too long to be a row.
    Text,
    /// Before the year 2000: a logger whose clock was not set.
    Old,
    /// More than a day after the present.
    Future,
    /// Another value at the same time as in an earlier row.
    Twice,
    /// The zone's clock showed this time twice or never.
    Clock,
    /// The order of the rows is not that of time, and there are too many to sort.
    Unsorted,
}

/// The faulty rows of a file: the first ones of each kind in full, the rest counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// At most `IMPORT_FAULTS_MAX` of each kind.
    pub named: Vec<RowFault>,
    /// All of them.
    pub count: u64,
    /// How many there are of each kind.
    pub kinds: Vec<(Kind, u64)>,
}

/// Times that a row may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    latest: UtcMs,
}

impl Kind {
    /// Key of the sentence that says what was expected.
    pub fn key(self) -> &'static str {
        match self {
            Self::Header => "exchange-header",
            Self::Columns => "exchange-columns",
            Self::Time => "exchange-time",
            Self::Value => "exchange-value",
            Self::Text => "exchange-text",
            Self::Old => "exchange-old",
            Self::Future => "exchange-future",
            Self::Twice => "exchange-twice",
            Self::Clock => "exchange-clock",
            Self::Unsorted => "exchange-unsorted",
        }
    }
}

impl Faults {
    /// Takes one in.
    pub fn push(&mut self, fault: RowFault) {
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

    /// How many of a kind are not named.
    pub fn unnamed(&self, kind: Kind) -> u64 {
        let all = self.kinds.iter().find(|(one, _)| *one == kind);
        all.map_or(0, |(_, count)| count.saturating_sub(IMPORT_FAULTS_MAX))
    }
}

impl Era {
    /// From the year 2000, before which no gateway and hardly a logger was, to a day after the
    /// present: a clock may go ahead.
    pub fn until(now: UtcMs) -> Self {
        const DAY_MS: i64 = 86_400_000;
        Self {
            latest: UtcMs(now.0.saturating_add(DAY_MS)),
        }
    }

    /// The fault of a time outside.
    pub fn fault(self, line: u64, at: UtcMs, found: &str) -> Option<RowFault> {
        let kind = if at.0 < IMPORT_TIME_MIN_MS {
            Kind::Old
        } else if at > self.latest {
            Kind::Future
        } else {
            return None;
        };
        Some(RowFault::new(line, kind, found))
    }
}

impl RowFault {
    /// A fault of one row.
    pub fn new(line: u64, kind: Kind, found: &str) -> Self {
        Self {
            line,
            kind,
            found: cut(found),
            other: None,
        }
    }
}

/// Appends the row of a sample; nothing when it has no number.
pub fn write_row(out: &mut String, sample: &Sample) {
    if let Some(number) = sample.outcome.number() {
        write_time(out, sample.at);
        out.push(',');
        write_number(out, number);
        out.push('\n');
    }
}

/// Appends a time as this format writes it.
pub fn write_time(out: &mut String, at: UtcMs) {
    at.append_to(out);
}

/// Appends a number without needless zeros, in full.
pub fn write_number(out: &mut String, number: Number) {
    let text = number.to_string();
    let has_needless = text.contains('.') && !text.contains('e');
    out.push_str(if has_needless {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    });
}

/// Reads one line after the header.
pub fn read_row(line: u64, text: &[u8]) -> Row {
    let fault = |kind, found: &str| RowFault::new(line, kind, found);
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(fault(Kind::Text, &String::from_utf8_lossy(text)));
    };
    let text = text.trim_end_matches(['\r', '\n']);
    let mut columns = text.split(',');
    let (Some(time), Some(value), None) = (columns.next(), columns.next(), columns.next()) else {
        return Err(fault(Kind::Columns, text));
    };
    let time = read_time(time).ok_or_else(|| fault(Kind::Time, time))?;
    let value = read_number(value).ok_or_else(|| fault(Kind::Value, value))?;
    Ok((time, value))
}

/// Whether this is the first line of a file in this format (a byte order mark is overlooked).
pub fn is_header(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii_end() == HEADER.as_bytes()
}

/// A time with an offset, no finer than a millisecond.
pub fn read_time(text: &str) -> Option<UtcMs> {
    let time: Timestamp = text.trim().parse().ok()?;
    let whole = time.subsec_nanosecond() % 1_000_000 == 0;
    whole.then(|| UtcMs(time.as_millisecond()))
}

/// A finite decimal number, exact wherever 64 bits hold it.
fn read_number(text: &str) -> Option<Number> {
    let text = text.trim();
    let number = Number::parse(text)?;
    let mut back = String::new();
    write_number(&mut back, number);
    if back == text {
        return Some(number);
    }
    Some(exact(text).unwrap_or(number))
}

/// `[-]digits[.digits]` as a whole number of steps, when that fits; a double would round it.
fn exact(text: &str) -> Option<Number> {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let mut steps = format!("{whole}{part}");
    let mut exponent = -i8::try_from(part.len()).ok()?;
    while (0..18).contains(&exponent) && steps.len() > 1 && steps.ends_with('0') {
        steps.pop();
        exponent += 1;
    }
    if steps.is_empty() || !steps.bytes().all(|byte| byte.is_ascii_digit()) || exponent < -18 {
        return None;
    }
    let mantissa: i64 = format!("{sign}{steps}").parse().ok()?;
    // A decimal has no negative zero; the double that Number::parse gave has.
    (mantissa != 0 || sign.is_empty()).then_some(Number::Decimal { mantissa, exponent })
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use proptest::prelude::*;

    fn row(at: i64, number: Number) -> String {
        let mut out = String::new();
        write_row(
            &mut out,
            &Sample {
                at: UtcMs(at),
                outcome: Outcome::Good(number),
            },
        );
        out
    }

    #[track_caller]
    fn kind(line: &str) -> Kind {
        read_row(7, line.as_bytes()).unwrap_err().kind
    }

    #[test]
    fn a_row_is_short_and_in_utc() {
        let decimal = Number::Decimal {
            mantissa: 15100,
            exponent: -1,
        };
        assert_eq!(
            row(1_795_575_610_000, decimal),
            "2026-11-25T03:00:10Z,1510\n"
        );
        assert_eq!(
            row(1_795_575_610_250, Number::Float(0.5)),
            "2026-11-25T03:00:10.250Z,0.5\n"
        );
    }

    #[test]
    fn another_offset_is_the_same_moment() {
        let read = |text| read_time(text).unwrap();
        assert_eq!(
            read("2026-11-21T10:00:00+07:00"),
            read("2026-11-21T03:00:00Z")
        );
    }

    #[test]
    fn what_is_not_a_row_says_which_part() {
        assert_eq!(kind("2026-11-21T03:00:00Z"), Kind::Columns);
        assert_eq!(kind("2026-11-21T03:00:00Z,1,5"), Kind::Columns);
        assert_eq!(kind("2026-11-21 03:00,1"), Kind::Time);
        assert_eq!(kind("2026-11-21T03:00:00.0005Z,1"), Kind::Time);
        assert_eq!(kind("2026-11-21T03:00:00Z,"), Kind::Value);
        assert_eq!(kind("2026-11-21T03:00:00Z,NaN"), Kind::Value);
        assert_eq!(read_row(1, b"\xff,1").unwrap_err().kind, Kind::Text);
    }

    #[test]
    fn a_large_counter_keeps_every_digit() {
        let number = read_number("81985529216486895").unwrap();
        assert_eq!(number.to_string(), "81985529216486895");
    }

    #[test]
    fn faults_beyond_the_bound_are_counted() {
        let mut faults = Faults::default();
        for line in 0..1000 {
            faults.push(RowFault::new(line, Kind::Value, ""));
        }
        faults.push(RowFault::new(1000, Kind::Time, ""));
        let named = usize::try_from(IMPORT_FAULTS_MAX).unwrap() + 1;
        assert_eq!((faults.named.len(), faults.count), (named, 1001));
        let left = 1000 - IMPORT_FAULTS_MAX;
        assert_eq!(faults.unnamed(Kind::Value), left);
        assert_eq!(faults.unnamed(Kind::Time), 0);
    }

    #[test]
    fn a_time_before_2000_or_beyond_tomorrow_is_a_fault() {
        let era = Era::until(read_time("2026-11-28T00:00:00Z").unwrap());
        let kind = |text| {
            let fault = era.fault(3, read_time(text).unwrap(), text);
            fault.map(|fault| fault.kind)
        };
        assert_eq!(kind("1970-01-01T02:00:36+02:00"), Some(Kind::Old));
        assert_eq!(kind("1999-12-31T23:59:59Z"), Some(Kind::Old));
        assert_eq!(kind("2000-01-01T00:00:00Z"), None);
        assert_eq!(kind("2026-11-28T23:00:00Z"), None);
        assert_eq!(kind("2026-11-29T00:00:01Z"), Some(Kind::Future));
        assert_eq!(kind("2126-07-02T10:00:00+07:00"), Some(Kind::Future));
    }

    fn numbers() -> impl Strategy<Value = Number> {
        prop_oneof![
            any::<f64>()
                .prop_filter("finite", |f| f.is_finite())
                .prop_map(Number::Float),
            any::<f32>()
                .prop_filter("finite", |f| f.is_finite())
                .prop_map(|f| Number::Float(f.into())),
            (any::<i64>(), -18i8..=0)
                .prop_map(|(mantissa, exponent)| Number::Decimal { mantissa, exponent }),
            (-99_999i64..99_999, -18i8..=18)
                .prop_map(|(mantissa, exponent)| Number::Decimal { mantissa, exponent }),
        ]
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_writing(
            at in -62_135_596_800_000i64..253_370_000_000_000,
            number in numbers(),
        ) {
            let text = row(at, number);
            let (time, back) = read_row(1, text.as_bytes()).unwrap();
            prop_assert_eq!(time, UtcMs(at));
            prop_assert_eq!(back.to_f64().to_bits(), match number.to_f64() {
                // A whole number of steps knows no negative zero and neither does its text.
                zero if zero == 0.0 && matches!(number, Number::Decimal { .. }) => 0,
                value => value.to_bits(),
            });
            prop_assert_eq!(row(at, back), text);
        }

        #[test]
        fn no_line_makes_the_reader_panic(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_row(1, &line);
            let _ = is_header(&line);
        }
    }
}
