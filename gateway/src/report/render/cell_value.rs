//! Values of cells and figures, and their kinds: unit, digits and rounding.

use crate::domain::UtcMs;
use crate::formulas::claim_rounding::round_decimals;
use jiff::civil::Date;

pub use crate::formulas::claim_rounding::RoundingMode;

/// Largest number of decimals in a mixed column.
const MIXED_DIGITS_MAX: u8 = 6;

/// Value of a cell or figure.
#[derive(Clone, Debug, PartialEq)]
pub enum CellValue {
    /// Finite number, unrounded, in the unit of its kind.
    Number(f64),
    /// Text.
    Text(String),
    /// Local day.
    Date(Date),
    /// Time; shown in the report's time zone.
    Time(UtcMs),
    /// No value, for this reason. Shown as "–" with the reason as a footnote.
    Missing(String),
    /// Empty on purpose.
    Empty,
}

impl CellValue {
    /// Creates a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a number, or the reason for which there is none.
    pub fn number_or_missing(number: Option<f64>, why_not: &str) -> Self {
        number.map_or_else(|| Self::Missing(why_not.to_owned()), Self::Number)
    }
}

/// Kind of the values of a column or figure.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// Text.
    Text,
    /// Number with a unit.
    Number(NumberFormat),
    /// Numbers of several units in one column, each rounded at its source and shown with the digits
    /// that it has.
    Mixed,
    /// Share of one, shown as a percentage with this many decimals.
    Percent(u8),
    /// Day.
    Date,
    /// Time.
    Time,
    /// Remark: a footnote on paper and in the chapters of a workbook, else the text itself.
    Note,
}

/// Unit, digits and rounding of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    /// Unit symbol as printed: `kWh`, `m³`, `t CO₂e`, `Rp`; empty for a bare number.
    pub unit: String,
    /// Decimals; below 0, tens, hundreds, ... are rounded.
    pub decimals: i8,
    /// Rounding direction of the last digit.
    pub rounding: RoundingMode,
}

impl ValueKind {
    /// Creates a number kind in `unit` with this many decimals, rounded to the nearest.
    pub fn number(unit: &str, decimals: i8) -> Self {
        Self::Number(NumberFormat {
            unit: unit.to_owned(),
            decimals,
            rounding: RoundingMode::Nearest,
        })
    }

    /// Creates a number kind for a claim: rounded down, never above the computed value.
    pub fn claim(unit: &str, decimals: i8) -> Self {
        Self::Number(NumberFormat {
            unit: unit.to_owned(),
            decimals,
            rounding: RoundingMode::Down,
        })
    }

    /// Returns true for kinds that are right-aligned and may have a total.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Mixed | Self::Percent(_))
    }

    /// Returns the unit symbol as printed; empty if there is none.
    pub fn unit(&self) -> &str {
        match self {
            Self::Number(measure) => &measure.unit,
            Self::Percent(_) => "%",
            _ => "",
        }
    }

    /// Returns the stable English key.
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

    /// Returns the kind of the half-width beside a number of this kind: the same last digit, which
    /// leaves the half-width two digits at most. It is a burden, so it is rounded up.
    #[must_use]
    pub fn uncertainty_kind(&self) -> Self {
        let mut kind = self.clone();
        if let Self::Number(format) = &mut kind {
            format.rounding = RoundingMode::Up;
        }
        kind
    }

    /// Returns the number that counts in totals: rounded for a claim or burden, else as it is.
    pub fn settle(&self, number: f64) -> f64 {
        match self {
            // The total of claims is the total of the claims as printed, in every format.
            Self::Number(measure) if measure.rounding != RoundingMode::Nearest => {
                measure.round(number)
            }
            _ => number,
        }
    }
}

/// Returns the decimals that a number of a mixed column needs, at most six.
pub fn digits_needed(number: f64) -> u8 {
    let fits = |decimals: &u8| {
        let rounded = round_decimals(number, i32::from(*decimals), RoundingMode::Nearest);
        let last_digit = 10_f64.powi(-i32::from(*decimals));
        (number - rounded).abs() <= 1e-9 * number.abs().max(last_digit)
    };
    (0..MIXED_DIGITS_MAX).find(fits).unwrap_or(MIXED_DIGITS_MAX)
}

impl NumberFormat {
    /// Returns the decimals shown, 0 or more.
    pub fn shown_decimals(&self) -> u8 {
        u8::try_from(self.decimals).unwrap_or(0)
    }

    /// Rounds `number` to `decimals` in the direction of `rounding`.
    pub fn round(&self, number: f64) -> f64 {
        round_decimals(number, i32::from(self.decimals), self.rounding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_rounded(rounding: RoundingMode, number: f64, decimals: i8, expect: f64) {
        let measure = NumberFormat {
            unit: String::new(),
            decimals,
            rounding,
        };
        assert!((measure.round(number) - expect).abs() < 1e-12, "{number}");
    }

    #[test]
    fn a_tie_goes_away_from_zero_as_in_a_workbook() {
        assert_rounded(RoundingMode::Nearest, 0.125, 2, 0.13);
        assert_rounded(RoundingMode::Nearest, 2.675, 2, 2.68);
        assert_rounded(RoundingMode::Nearest, -2.5, 0, -3.0);
        assert_rounded(RoundingMode::Nearest, 1e18, 2, 1e18);
    }

    #[test]
    fn a_claim_is_never_larger_and_a_burden_never_smaller() {
        assert_rounded(RoundingMode::Down, 2.29, 1, 2.2);
        assert_rounded(RoundingMode::Down, 2.279_999_999_9, 2, 2.28);
        assert_rounded(RoundingMode::Down, -2.21, 1, -2.3);
        assert_rounded(RoundingMode::Up, 2.21, 1, 2.3);
        assert_rounded(RoundingMode::Up, 2.200_000_000_1, 1, 2.2);
    }

    #[test]
    fn tens_are_rounded_away_where_no_more_can_be_said() {
        assert_rounded(RoundingMode::Down, 414.1, -1, 410.0);
        assert_rounded(RoundingMode::Up, 414.1, -2, 500.0);
    }

    #[test]
    fn a_mixed_number_is_shown_with_the_digits_that_it_has() {
        let digits = [410.0, 2.2, 0.18, 1.0 / 3.0].map(digits_needed);
        assert_eq!(digits, [0, 1, 2, 6]);
    }
}
