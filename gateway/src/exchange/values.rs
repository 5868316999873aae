//! Values as loggers and spreadsheets write them: a decimal comma or point, thousands grouped or
//! not. What can mean two things stays open until the column, or a person, says which.

use super::read_number;
use crate::model::Number;

/// The sign before decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalSign {
    /// `1234,5`, thousands as `1.234`.
    Comma,
    /// `1234.5`, thousands as `1,234`.
    Point,
}

impl DecimalSign {
    /// From `comma`, `point`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Comma, Self::Point]
            .into_iter()
            .find(|sign| sign.word() == word)
    }

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Point => "point",
        }
    }

    fn sign(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Point => '.',
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Comma => Self::Point,
            Self::Point => Self::Comma,
        }
    }
}

/// What a written value says of the sign before decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// No sign at all, or no number.
    Nothing,
    /// It stands before decimals in this value.
    Decimals(DecimalSign),
    /// `1.234`: a thousand and something, or one and a fraction.
    Either,
}

/// What loggers write where they have no value.
const NO_VALUES: [&str; 8] = ["-", "--", "---", "nan", "na", "n/a", "null", "none"];

/// Whether a cell says that there is no value.
pub(super) fn is_missing(text: &str) -> bool {
    text.is_empty() || NO_VALUES.contains(&text.to_lowercase().as_str())
}

pub(super) fn shows(text: &str) -> Shows {
    let (digits, exponent) = parts(text);
    let signs = digits.matches([',', '.']).count();
    let Some(at) = digits.rfind([',', '.']) else {
        return Shows::Nothing;
    };
    let last = if digits[at..].starts_with(',') {
        DecimalSign::Comma
    } else {
        DecimalSign::Point
    };
    let (whole, part) = (&digits[..at], &digits[at + 1..]);
    let is_group = part.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    match (signs, whole.contains(last.sign())) {
        (1, _) if is_group && exponent.is_empty() => Shows::Either,
        // Twice the same sign groups thousands.
        (_, true) => Shows::Decimals(last.other()),
        _ => Shows::Decimals(last),
    }
}

/// The digits with their signs, and the exponent behind them.
fn parts(text: &str) -> (&str, &str) {
    let digits = text.trim_start_matches(['+', '-']);
    let end = digits.find(['e', 'E']).unwrap_or(digits.len());
    digits.split_at(end)
}

/// The number, with that sign before decimals; `None` when it is none.
pub(super) fn read(text: &str, sign: DecimalSign) -> Option<Number> {
    let text = text.trim();
    let minus = if text.starts_with('-') { "-" } else { "" };
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, exponent) = parts(bare);
    if digits.len() + exponent.len() != bare.len() {
        return None;
    }
    let (whole, part) = match digits.split_once(sign.sign()) {
        Some((whole, part)) => (whole, Some(part)),
        None => (digits, None),
    };
    let whole = ungrouped(whole, sign.other().sign())?;
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_plain(&whole) || part.is_some_and(|part| !is_plain(part)) {
        return None;
    }
    let part = part.map_or(String::new(), |part| format!(".{part}"));
    read_number(&format!("{minus}{whole}{part}{exponent}"))
}

/// The digits without the sign that groups thousands; `None` when it does not.
fn ungrouped(digits: &str, sign: char) -> Option<String> {
    let mut groups = digits.split(sign);
    let first = groups.next()?;
    let mut all = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        all.push_str(group);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str, sign: DecimalSign) -> Option<String> {
        read(text, sign).map(|number| number.to_string())
    }

    #[test]
    fn a_value_is_read_with_the_sign_of_its_column() {
        use DecimalSign::{Comma, Point};
        for (text, sign, right) in [
            ("28,9", Comma, "28.9"),
            ("28.9", Point, "28.9"),
            ("1.234,50", Comma, "1234.50"),
            ("1,234.50", Point, "1234.50"),
            ("1.234", Comma, "1234"),
            ("1.234", Point, "1.234"),
            ("-0,5", Comma, "-0.5"),
            ("+7", Comma, "7"),
            ("1,5e3", Comma, "1500"),
        ] {
            assert_eq!(
                value(text, sign).and_then(|text| text.parse::<f64>().ok()),
                right.parse().ok(),
                "{text}"
            );
        }
        for (text, sign) in [
            ("28.9", Comma),
            ("28,9", Point),
            ("1.23.4", Comma),
            ("", Point),
            ("-", Point),
            ("5.", Point),
            ("--5", Point),
            ("5 kg", Point),
            ("1e", Point),
            ("inf", Point),
        ] {
            assert_eq!(value(text, sign), None, "{text}");
        }
    }

    #[test]
    fn a_value_shows_the_sign_before_decimals_where_it_can_mean_one_thing() {
        use DecimalSign::{Comma, Point};
        for (text, shown) in [
            ("28,9", Shows::Decimals(Comma)),
            ("0.125", Shows::Decimals(Point)),
            ("1.234,5", Shows::Decimals(Comma)),
            ("1.234.567", Shows::Decimals(Comma)),
            ("1234.567", Shows::Decimals(Point)),
            ("1.234e2", Shows::Decimals(Point)),
            ("1.234", Shows::Either),
            ("-1,234", Shows::Either),
            ("1234", Shows::Nothing),
        ] {
            assert_eq!(shows(text), shown, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-+0-9.,eE é]{0,16}") {
            let _ = (shows(&text), is_missing(&text));
            let _ = (read(&text, DecimalSign::Comma), read(&text, DecimalSign::Point));
        }

        #[test]
        fn a_number_with_a_decimal_comma_is_the_same_number(
            mantissa in -99_999_999i64..99_999_999, places in 1usize..5,
        ) {
            let scale = 10i64.pow(u32::try_from(places).unwrap());
            let sign = if mantissa < 0 { "-" } else { "" };
            let (whole, part) = (mantissa.abs() / scale, mantissa.abs() % scale);
            let point = format!("{sign}{whole}.{part:0places$}");
            let with_comma = read(&point.replace('.', ","), DecimalSign::Comma).unwrap();
            let with_point = read(&point, DecimalSign::Point).unwrap();
            prop_assert_eq!(with_comma.to_f64().to_bits(), with_point.to_f64().to_bits());
        }
    }
}
