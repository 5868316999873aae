//! A value, and how its kind is written.

use crate::model::UtcMs;
use jiff::civil::Date;

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
    /// Digits after the decimal mark.
    pub decimals: u8,
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
    pub fn number(unit: &str, decimals: u8) -> Self {
        Self::Number(Measure {
            unit: unit.to_owned(),
            decimals,
            rounding: Rounding::Nearest,
        })
    }

    /// A claim: rounded so that it is never larger than what was computed.
    pub fn claim(unit: &str, decimals: u8) -> Self {
        Self::Number(Measure {
            unit: unit.to_owned(),
            decimals,
            rounding: Rounding::Down,
        })
    }

    /// True for what is set flush right and may be added up.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Percent(_))
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

impl Measure {
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
    fn check(rounding: Rounding, number: f64, decimals: u8, expect: f64) {
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
}
