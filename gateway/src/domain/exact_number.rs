//! [`ExactNumber`]: a number as a device counts it or as a person wrote it, without rounding.

use std::fmt;

/// Most decimal places that people are shown.
const SHOWN_PLACES_MAX: u8 = 4;
/// Decimals that a float has at least and at most where people compare it with a display.
const FLOAT_PLACES_MIN: usize = 3;
const FLOAT_PLACES_MAX: usize = 12;

/// Significant digits that an f64 keeps exactly; quantities of the ledger have no more.
const DIGITS_MAX: usize = 15;

/// From here on a number is shown with a power of ten.
const LONG_NUMBER_MIN: f64 = 1e15;
/// Letters that a number in a message may have at most.
const NUMBER_LETTERS_MAX: usize = 24;

/// Returns a short form of a text that is a number of very many digits, with or without marks
/// between the thousands; `None` for every other text.
pub(crate) fn shortened_number(text: &str) -> Option<String> {
    let is_number =
        |sign: char| sign.is_ascii_digit() || matches!(sign, '.' | ',' | '-' | '\u{2212}');
    if text.len() <= NUMBER_LETTERS_MAX || !text.chars().all(is_number) {
        return None;
    }
    let has_many = |mark: char| text.matches(mark).count() > 1;
    let mut digits = text.replace('\u{2212}', "-");
    for mark in ['.', ','] {
        if has_many(mark) {
            digits = digits.replace(mark, "");
        }
    }
    let value = parse_finite(&digits.replace(',', "."))?;
    Some(ExactNumber::Float(value).short_digits())
}

/// Writes a number with a power of ten and at most six digits: `1e308`.
fn power_digits(value: f64) -> String {
    let text = format!("{value:.5e}");
    let Some((digits, power)) = text.split_once('e') else {
        return text;
    };
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}e{power}")
}

/// Value exactly as the device counts it or as a person wrote it.
///
/// Integers keep the step of the device (`15100` with exponent `-1` is 1510.0), so that the store
/// returns what the register said. `Float` holds f64 registers, and f32 registers in their own
/// digits (`widen_single`), and is always finite. A quantity of the ledger is a `Decimal` of at
/// most 15 digits.
#[derive(Clone, Copy, Debug)]
pub enum ExactNumber {
    /// `mantissa` x 10^`exponent`.
    Decimal {
        /// Signed count of steps.
        mantissa: i64,
        /// Power of ten of one step, -18..=18.
        exponent: i8,
    },
    /// A finite IEEE 754 double.
    Float(f64),
}

impl ExactNumber {
    /// Digits for people who compare a value with a display. A decimal has the places of its
    /// register; a float the six significant digits that a single is sure to hold, and three
    /// decimals at least, without zeros at the end: 148.44186 is `148.442`.
    pub fn short_digits(self) -> String {
        let Self::Float(value) = self else {
            return self.to_string();
        };
        if value.abs() >= LONG_NUMBER_MIN {
            return power_digits(value);
        }
        let sizes = std::iter::successors(Some(100.0_f64), |size| Some(size / 10.0));
        let larger = sizes.take_while(|size| value.abs() < *size);
        let places = FLOAT_PLACES_MIN + larger.take(FLOAT_PLACES_MAX - FLOAT_PLACES_MIN).count();
        let digits = format!("{value:.places$}");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        // What rounds to zero has no sign.
        digits
            .strip_prefix('-')
            .filter(|rest| *rest == "0")
            .unwrap_or(digits)
            .to_owned()
    }

    /// Nearest f64.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Decimal { mantissa, exponent } => decimal_to_f64(mantissa, exponent),
        }
    }

    /// Decimal places for people: for a decimal those of the register's scale; for a float as many
    /// as give four significant digits.
    pub fn shown_places(self) -> u8 {
        match self {
            Self::Decimal { exponent, .. } => exponent.min(0).unsigned_abs().min(SHOWN_PLACES_MAX),
            Self::Float(value) => match value.abs() {
                size if size < 5e-5 => 0,
                size if size >= 1000.0 => 0,
                size if size >= 100.0 => 1,
                size if size >= 10.0 => 2,
                size if size >= 1.0 => 3,
                _ => SHOWN_PLACES_MAX,
            },
        }
    }

    /// Parses a number: decimal text of up to 15 significant digits becomes `Decimal`, any other
    /// finite number the nearest `Float`; `None` for all other text.
    pub fn parse(text: &str) -> Option<Self> {
        let value = parse_finite(text.trim())?;
        Some(parse_decimal(text.trim()).unwrap_or(Self::Float(value)))
    }

    /// Parses a quantity of the ledger: `[-]digits[.digits]`, at most 15 digits, and nothing else.
    pub fn parse_quantity(text: &str) -> Option<Self> {
        let (sign, whole, part) = decimal_digits(text)?;
        // `.5` and `5.` are refused: what is stored must be read as the same number by any program.
        if whole.is_empty() || text.ends_with('.') {
            return None;
        }
        // Trailing zeros do not count as digits: `12.50000000000000000` is a valid quantity.
        let part = part.trim_end_matches('0');
        let mantissa: i64 = [whole, part].concat().parse().ok()?;
        Self::with_places(sign * mantissa, u8::try_from(part.len()).ok()?)
    }

    /// Decimal `mantissa` x 10^-`places` without trailing zeros after the point; `None` if it has
    /// more than 15 digits before or after the point.
    pub fn with_places(mantissa: i64, places: u8) -> Option<Self> {
        let (mut mantissa, mut places) = (mantissa, places);
        while places > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        let digits = mantissa.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
        let fits = digits <= DIGITS_MAX && usize::from(places) <= DIGITS_MAX;
        // Only at most 15 places have a sign to turn.
        fits.then(|| Self::Decimal {
            mantissa,
            exponent: -places.cast_signed(),
        })
    }

    /// Mantissa, and number of digits after the point; `None` for a float, and for a device that
    /// counts in tens or more.
    pub fn decimal_parts(self) -> Option<(i64, u8)> {
        match self {
            Self::Decimal { mantissa, exponent } if exponent <= 0 => {
                Some((mantissa, exponent.unsigned_abs()))
            }
            _ => None,
        }
    }

    /// A quantity of the ledger times 10^`power`, exact; `None` if the result has too many digits.
    pub fn times_power_of_ten(self, power: i8) -> Option<Self> {
        let (mantissa, places) = self.decimal_parts()?;
        let places = i16::from(places) - i16::from(power);
        if let Ok(places) = u8::try_from(places) {
            return Self::with_places(mantissa, places);
        }
        let factor = 10i64.checked_pow(u32::from(places.unsigned_abs()))?;
        Self::with_places(mantissa.checked_mul(factor)?, 0)
    }

    /// Whether the number has digits after the point.
    pub fn has_fraction(self) -> bool {
        match self.canonical() {
            Self::Decimal { exponent, .. } => exponent < 0,
            Self::Float(value) => value.fract() != 0.0,
        }
    }

    /// Appends the text of `Display` without the cost of a formatter, for sinks that write millions
    /// of floats.
    pub fn append_to(self, out: &mut String) {
        if let Self::Float(value) = self {
            out.push_str(zmij::Buffer::new().format(value));
        } else {
            // Writing into a `String` cannot fail.
            let _ = fmt::Write::write_fmt(out, format_args!("{self}"));
        }
    }

    /// The number without trailing zeros in the mantissa.
    fn canonical(self) -> Self {
        let Self::Decimal {
            mut mantissa,
            mut exponent,
        } = self
        else {
            return self;
        };
        if mantissa == 0 {
            return Self::Decimal {
                mantissa: 0,
                exponent: 0,
            };
        }
        while mantissa % 10 == 0 && exponent < 18 {
            mantissa /= 10;
            exponent += 1;
        }
        Self::Decimal { mantissa, exponent }
    }
}

impl PartialEq for ExactNumber {
    /// Compares the quantity, regardless of the step in which it is counted.
    fn eq(&self, other: &Self) -> bool {
        match (self.canonical(), other.canonical()) {
            (
                Self::Decimal {
                    mantissa: a,
                    exponent: x,
                },
                Self::Decimal {
                    mantissa: b,
                    exponent: y,
                },
            ) => a == b && x == y,
            // By bits, because `0.0` and `-0.0` have different texts.
            (a, b) => a.to_f64().to_bits() == b.to_f64().to_bits(),
        }
    }
}

impl fmt::Display for ExactNumber {
    /// Decimal digits in the step of the device (`1510.0`); a float in the fewest digits that give
    /// the same f64. The text is always a valid JSON number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Float(value) => f.write_str(zmij::Buffer::new().format(value)),
            Self::Decimal { mantissa, exponent } if exponent >= 0 => {
                write!(f, "{mantissa}")?;
                // Zero has no trailing zeros, whatever its exponent.
                (0..if mantissa == 0 { 0 } else { exponent }).try_for_each(|_| f.write_str("0"))
            }
            Self::Decimal { mantissa, exponent } => {
                let places = usize::from(exponent.unsigned_abs());
                let sign = if mantissa < 0 { "-" } else { "" };
                let digits = mantissa.unsigned_abs();
                // Beyond 10^19 the power does not fit 64 bits; then all digits are behind the
                // point.
                let power = 10u64.checked_pow(u32::from(exponent.unsigned_abs()));
                let (whole, part) = power.map_or((0, digits), |p| (digits / p, digits % p));
                write!(f, "{sign}{whole}.{part:0places$}")
            }
        }
    }
}

/// Sign, digits before and digits after the point of a text; `None` when it has anything else.
fn decimal_digits(text: &str) -> Option<(i64, &str, &str)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (plain(whole) && plain(part)).then_some((sign, whole, part))
}

fn decimal_to_f64(mantissa: i64, exponent: i8) -> f64 {
    const EXACT_DOUBLE_MAX: u64 = 1 << 53;
    if mantissa.unsigned_abs() <= EXACT_DOUBLE_MAX && exponent.unsigned_abs() <= 22 {
        // Both operands are exact as f64, so one division or product rounds correctly.
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53, exact")]
        let steps = mantissa as f64;
        let power = 10f64.powi(i32::from(exponent.unsigned_abs()));
        return if exponent < 0 {
            steps / power
        } else {
            steps * power
        };
    }
    // The parser of the standard library rounds correctly for any length.
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// Double nearest to the digits of a single: 225.4171 and not 225.41709899902344. A number that is
/// not finite stays as it is.
// From 2^24 on a single holds whole numbers only, whose digits are all its own.
pub fn widen_single(value: f32) -> f64 {
    const WHOLE_NUMBERS_MIN: f32 = 16_777_216.0;
    let widened = f64::from(value);
    if !value.is_finite() || value.abs() >= WHOLE_NUMBERS_MIN {
        return widened;
    }
    let digits = zmij::Buffer::new().format(value).parse();
    digits.unwrap_or(widened)
}

/// Inverse of [`widen_single`]: the single whose digits a double has; `None` when none has them.
pub fn narrow_double(value: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "checked by the way back")]
    let single = value as f32;
    (widen_single(single).to_bits() == value.to_bits()).then_some(single)
}

/// Double nearest to a text; `None` for what is no number, and for a number that no double holds:
/// one that is too large, and `1.2e-400`, which would become zero.
pub fn parse_finite(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && !vanishes(text)).then_some(value)
}

/// Whether a text is a number that becomes zero as a double though it is not: `1.2e-400`.
pub fn vanishes(text: &str) -> bool {
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    !is_zero && text.parse() == Ok(0.0_f64)
}

/// First number of a JSON text that vanishes: a JSON parser makes it zero without a word.
pub fn vanished_number(json: &str) -> Option<&str> {
    // Behind an odd number of quotes there is a string; an escaped quote is none of these.
    let mut is_text = false;
    let mut is_escaped = false;
    let outside = json.split(|letter: char| {
        let is_quote = letter == '"' && !is_escaped;
        is_escaped = is_text && letter == '\\' && !is_escaped;
        is_text ^= is_quote;
        is_text || is_quote || matches!(letter, ',' | ':' | '[' | ']' | '{' | '}')
    });
    outside.map(str::trim).find(|token| vanishes(token))
}

fn parse_decimal(text: &str) -> Option<ExactNumber> {
    let (sign, whole, part) = decimal_digits(text)?;
    let all: String = [whole, part].concat();
    let significant = all.trim_start_matches('0').len();
    // More digits would not survive the conversion to f64 in another program.
    if significant > DIGITS_MAX || part.len() > 18 || all.is_empty() {
        return None;
    }
    let mantissa: i64 = all.parse().ok()?;
    // A decimal has no negative zero; the float keeps the sign.
    if mantissa == 0 && sign < 0 {
        return None;
    }
    let exponent = -i8::try_from(part.len()).ok()?;
    Some(ExactNumber::Decimal {
        mantissa: sign * mantissa,
        exponent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_single_is_widened_in_its_own_digits() {
        let text = |single| ExactNumber::Float(widen_single(single)).to_string();
        assert_eq!(text(225.4171), "225.4171");
        assert_eq!(text(-0.0), "-0.0");
        assert_eq!(text(12.0), "12.0");
        for whole in [16_777_220.0, f32::MAX] {
            assert_eq!(widen_single(whole).to_bits(), f64::from(whole).to_bits());
        }
        assert!(widen_single(f32::NAN).is_nan());
        assert_eq!(narrow_double(225.4171), Some(225.4171));
        for other in [f64::from(225.4171_f32), 0.1 + 0.2, 1e300, 16_777_217.0] {
            assert_eq!(narrow_double(other), None, "{other}");
        }
    }

    #[test]
    fn people_see_the_digits_of_a_single() {
        let digits = |value| ExactNumber::Float(value).short_digits();
        assert_eq!(digits(f64::from(230.1_f32)), "230.1");
        assert_eq!(digits(f64::from(230.1_f32) * 0.001), "0.2301");
        assert_eq!(digits(0.1 + 0.2), "0.3");
        assert_eq!(digits(12.5), "12.5");
        // A large counter keeps its decimals, which a display shows as well.
        assert_eq!(digits(123_456_789.123_456_78), "123456789.123");
        assert_eq!(digits(f64::from(148.441_86_f32)), "148.442");
        assert_eq!(digits(f64::from(-0.682_568_97_f32)), "-0.682569");
        for zero in [-0.0, 0.0, -1e-300] {
            assert_eq!(digits(zero), "0");
        }
        let decimal = |mantissa| ExactNumber::Decimal {
            mantissa,
            exponent: -1,
        };
        assert_eq!(decimal(2300).short_digits(), "230.0");
        assert_eq!(digits(1e308), "1e308");
        assert_eq!(digits(-1.234_567_89e15), "-1.23457e15");
    }

    #[test]
    fn a_decimal_prints_in_the_devices_own_step() {
        let show = |mantissa, exponent| ExactNumber::Decimal { mantissa, exponent }.to_string();
        assert_eq!(show(15100, -1), "1510.0");
        assert_eq!(show(-5, -2), "-0.05");
        assert_eq!(show(7, 3), "7000");
        assert_eq!(show(81_985_529_216_486_895, 0), "81985529216486895");
    }

    #[test]
    fn text_and_number_are_inverses() {
        for text in [
            "1510.0",
            "-0.05",
            "0.1",
            "230.10000610351562",
            "1e300",
            "-0.0",
            "0",
        ] {
            let number = ExactNumber::parse(text).unwrap();
            assert_eq!(
                number.to_f64().to_bits(),
                text.parse::<f64>().unwrap().to_bits(),
                "{text}"
            );
            assert_eq!(
                ExactNumber::parse(&number.to_string()),
                Some(number),
                "{text}"
            );
        }
        assert_eq!(ExactNumber::parse("NaN"), None);
        // Not zero, and no double holds it.
        for tiny in ["1.2e-400", "-3e-324000", &format!("0.{}1", "0".repeat(400))] {
            assert_eq!(ExactNumber::parse(tiny), None, "{tiny}");
        }
        for zero in ["0", "0.000", "0e5", "-0.0", "0e-999"] {
            assert!(ExactNumber::parse(zero).is_some(), "{zero}");
        }
    }

    #[test]
    fn a_number_of_a_json_text_that_becomes_zero_is_found() {
        for json in [
            "1.2e-400",
            r#"{"a": [1, {"b": 1.2e-400}]}"#,
            r#"{"a\"": "x", "c":1.2e-400 }"#,
            r#"["\\",1.2e-400]"#,
        ] {
            assert_eq!(vanished_number(json), Some("1.2e-400"), "{json}");
        }
        for json in [
            "0",
            r#"{"1.2e-400": "\"1.2e-400", "b": 0.0}"#,
            "",
            "\"1.2e-400",
        ] {
            assert_eq!(vanished_number(json), None, "{json}");
        }
        assert_eq!(ExactNumber::parse("1,5"), None);
    }

    #[test]
    fn only_plain_digits_with_a_point_are_a_decimal() {
        for text in [
            "", "-", ".5", "5.", "1,5", "1e3", "+1", " 1", "1.5.2", "NaN",
        ] {
            assert_eq!(ExactNumber::parse_quantity(text), None, "{text}");
        }
        assert_eq!(ExactNumber::parse_quantity("1234567890123456"), None);
        let written = |text| ExactNumber::parse_quantity(text).unwrap().to_string();
        assert_eq!(written("12.500"), "12.5");
        assert_eq!(written("-0"), "0");
        assert_eq!(ExactNumber::with_places(1, 128), None);
    }

    proptest! {
        #[test]
        fn every_single_comes_back_from_its_digits(bits: u32) {
            let single = f32::from_bits(bits);
            prop_assume!(single.is_finite());
            let widened = widen_single(single);
            prop_assert_eq!(narrow_double(widened).map(f32::to_bits), Some(bits));
            // No digit is beyond what the single can tell from its neighbours.
            prop_assert!((widened - f64::from(single)).abs() <= f64::from(single.abs()) * 6e-8
                || single.abs() < f32::MIN_POSITIVE);
        }

        #[test]
        fn text_and_double_are_the_same_number(
            mantissa in -999_999_999_999_999i64..=999_999_999_999_999, places in 0u8..=15,
        ) {
            let decimal = ExactNumber::with_places(mantissa, places).unwrap();
            let read = |text: &str| ExactNumber::parse_quantity(text);
            prop_assert_eq!(read(&decimal.to_string()), Some(decimal));
            prop_assert_eq!(read(&decimal.to_f64().to_string()), Some(decimal));
        }

        #[test]
        fn shifting_there_and_back_changes_nothing(
            mantissa in -99_999_999i64..=99_999_999, power in -6i8..=6,
        ) {
            let decimal = ExactNumber::with_places(mantissa, 1).unwrap();
            let there = decimal.times_power_of_ten(power).unwrap();
            prop_assert_eq!(there.times_power_of_ten(-power), Some(decimal));
            let grows = mantissa != 0 && power != 0 && (power > 0) == (mantissa > 0);
            prop_assert_eq!(there.to_f64() > decimal.to_f64(), grows);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            let _ = ExactNumber::parse_quantity(&text);
        }
    }

    #[test]
    fn a_number_of_very_many_digits_is_short_in_a_message_and_other_texts_stay() {
        let long = format!("{}", 1e308);
        let grouped = ["1"; 12].join(".000.") + ",5";
        for (text, short) in [
            (&*long, Some("1e308")),
            (&*format!("-{long}"), Some("-1e308")),
            ("0.1000000000000000055511151231257827", Some("0.1")),
            ("123456789012345678901234", None),
            ("2026-11-25T10:30:00.000000000Z", None),
            ("meter 1000000000000000000000000", None),
        ] {
            assert_eq!(shortened_number(text).as_deref(), short, "{text}");
        }
        assert!(shortened_number(&grouped).is_some_and(|text| text.len() < 16));
    }
}
