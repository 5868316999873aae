//! A value, and how its kind is written.

use crate::model::UtcMs;
use jiff::civil::Date;

/// Digits after the decimal mark of a number in a mixed column.
const MIXED_DIGITS_MAX: u8 = 6;

/// What stands in a cell or as a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A finite number, unrounded, in the unit of its kind.
    Number(f64),
    /// A text.
    Text(String),
    /// A local day.
    Date(Date),
    /// A moment; shown in the report's time zone.
    Time(UtcMs),
    /// There is no value, for this reason. Shown as "–" with the reason as a footnote.
    Missing(String),
    /// Nothing belongs here.
    Empty,
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number, or the reason why there is none.
    pub fn known(number: Option<f64>, why_not: &str) -> Self {
        number.map_or_else(|| Self::Missing(why_not.to_owned()), Self::Number)
    }
}

/// How values of a column or figure are meant and written.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Words.
    Text,
    /// A number with a unit.
    Number(Measure),
    /// Numbers of several units below each other, each rounded where it came from and shown with
    /// the digits that it has.
    Mixed,
    /// A share of one, shown as a percentage with so many decimals.
    Percent(u8),
    /// A day.
    Date,
    /// A moment.
    Time,
    /// A remark: a footnote on paper, the text itself in a workbook.
    Note,
}

/// Unit and digits of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Unit symbol as printed: `kWh`, `m³`, `t CO₂e`, `Rp`; empty for a bare number.
    pub unit: String,
    /// Digits after the decimal mark; below 0 tens, hundreds, ... are rounded away before it.
    pub decimals: i8,
    /// Which way the last digit goes.
    pub rounding: Rounding,
}

/// Which way the last shown digit goes (method G.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest; a tie goes away from zero, as in a workbook.
    #[default]
    Nearest,
    /// Towards minus infinity: a benefit that is claimed.
    Down,
    /// Towards plus infinity: a burden that is admitted.
    Up,
}

impl Kind {
    /// A number in `unit` with so many decimals, rounded to the nearest.
    pub fn number(unit: &str, decimals: i8) -> Self {
        Self::Number(Measure {
            unit: unit.to_owned(),
            decimals,
            rounding: Rounding::Nearest,
        })
    }

    /// A claim: rounded so that it is never larger than what was computed.
    pub fn claim(unit: &str, decimals: i8) -> Self {
        Self::Number(Measure {
            unit: unit.to_owned(),
            decimals,
            rounding: Rounding::Down,
        })
    }

    /// True for what is set flush right and may be added up.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Mixed | Self::Percent(_))
    }

    /// Unit symbol as printed; empty when there is none.
    pub fn unit(&self) -> &str {
        match self {
            Self::Number(measure) => &measure.unit,
            Self::Percent(_) => "%",
            _ => "",
        }
    }

    /// Stable English key.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number(_) => "number",
            Self::Mixed => "mixed",
            Self::Percent(_) => "percent",
            Self::Date => "date",
            Self::Time => "time",
            Self::Note => "note",
        }
    }

    /// The number that counts. A directed rounding is part of the figure: a total of claims is the
    /// total of what was claimed, in every format.
    pub fn settle(&self, number: f64) -> f64 {
        match self {
            Self::Number(measure) if measure.rounding != Rounding::Nearest => measure.round(number),
            _ => number,
        }
    }
}

/// Digits after the decimal mark that a number of a mixed column has, at most six.
pub fn digits_of(number: f64) -> u8 {
    let fits = |decimals: &u8| {
        let scaled = number * 10_f64.powi(i32::from(*decimals));
        (scaled - scaled.round()).abs() <= 1e-9 * scaled.abs().max(1.0)
    };
    (0..MIXED_DIGITS_MAX).find(fits).unwrap_or(MIXED_DIGITS_MAX)
}

impl Measure {
    /// Digits that stand after the decimal mark.
    pub fn shown_decimals(&self) -> u8 {
        u8::try_from(self.decimals).unwrap_or(0)
    }

    /// `number` with `decimals` digits. Snapped first to a millionth of the last digit, so that
    /// 2.28 computed as 2.2799999999 stays 2.28.
    pub fn round(&self, number: f64) -> f64 {
        let scale = 10_f64.powi(i32::from(self.decimals));
        let scaled = number * scale;
        if !scaled.is_finite() || scaled.abs() >= 9e15 {
            return number;
        }
        let snapped = (scaled * 1e6).round() / 1e6;
        let snapped = if snapped.is_finite() { snapped } else { scaled };
        let whole = match self.rounding {
            Rounding::Nearest => snapped.round(),
            Rounding::Down => snapped.floor(),
            Rounding::Up => snapped.ceil(),
        };
        whole / scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rounding: Rounding, number: f64, decimals: i8, expect: f64) {
        let measure = Measure {
            unit: String::new(),
            decimals,
            rounding,
        };
        assert!((measure.round(number) - expect).abs() < 1e-12, "{number}");
    }

    #[test]
    fn a_tie_goes_away_from_zero_as_in_a_workbook() {
        check(Rounding::Nearest, 0.125, 2, 0.13);
        check(Rounding::Nearest, 2.675, 2, 2.68);
        check(Rounding::Nearest, -2.5, 0, -3.0);
        check(Rounding::Nearest, 1e18, 2, 1e18);
    }

    #[test]
    fn a_claim_is_never_larger_and_a_burden_never_smaller() {
        check(Rounding::Down, 2.29, 1, 2.2);
        check(Rounding::Down, 2.279_999_999_9, 2, 2.28);
        check(Rounding::Down, -2.21, 1, -2.3);
        check(Rounding::Up, 2.21, 1, 2.3);
        check(Rounding::Up, 2.200_000_000_1, 1, 2.2);
    }

    #[test]
    fn tens_are_rounded_away_where_no_more_can_be_said() {
        check(Rounding::Down, 414.1, -1, 410.0);
        check(Rounding::Up, 414.1, -2, 500.0);
    }

    #[test]
    fn a_mixed_number_is_shown_with_the_digits_that_it_has() {
        let digits = [410.0, 2.2, 0.18, 1.0 / 3.0].map(digits_of);
        assert_eq!(digits, [0, 1, 2, 6]);
    }
}
