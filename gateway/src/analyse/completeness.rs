//! A.14 and G.4: how much was measured, and what may be said of it.

use super::{Sum, count, ratio};

/// From this share on a figure is complete (policy).
pub const COMPLETE: f64 = 0.90;
/// From this share on it may be a headline with the share printed (policy).
pub const PARTIAL: f64 = 0.75;

/// What may be said of a figure, by its share measured (G.4; thresholds are this product's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// At least 90 %.
    Complete,
    /// At least 75 %: a headline with the share printed.
    Partial,
    /// Less: no headline.
    Insufficient,
    /// Nothing was expected.
    Undefined,
}

impl Class {
    /// The word that scripts read.
    pub fn code(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Insufficient => "insufficient",
            Self::Undefined => "undefined",
        }
    }
}

/// The share measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Completeness {
    /// Valid over expected records, at most 1.
    pub ratio: Option<f64>,
    /// What may be said.
    pub class: Class,
}

/// Share measured = valid/expected. Twice-sent records never make it more than 1.
pub fn completeness(valid: f64, expected: f64) -> Completeness {
    let share = ratio(valid, expected)
        .filter(|_| expected > 0.0)
        .map(|share| share.clamp(0.0, 1.0));
    let class = match share {
        None => Class::Undefined,
        Some(share) if share >= COMPLETE => Class::Complete,
        Some(share) if share >= PARTIAL => Class::Partial,
        Some(_) => Class::Insufficient,
    };
    Completeness {
        ratio: share,
        class,
    }
}

/// A day's energy with its share measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayReport {
    /// Energy of the valid records alone, kWh.
    pub measured_kwh: Option<f64>,
    /// Valid over expected records.
    pub completeness: Completeness,
    /// Energy that was estimated, kWh: always 0, nothing is filled in.
    pub estimated_kwh: f64,
}

/// G.4: what was measured, and nothing else. `records` are (valid, energy in kWh).
pub fn day_report(records: &[(bool, Option<f64>)]) -> DayReport {
    let valid = records
        .iter()
        .filter_map(|(valid, kwh)| kwh.filter(|_| *valid));
    let n_valid = valid.clone().count();
    DayReport {
        measured_kwh: (n_valid > 0).then(|| valid.collect::<Sum>().value()),
        completeness: completeness(count(n_valid), count(records.len())),
        estimated_kwh: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thresholds_belong_to_the_better_class() {
        assert_eq!(completeness(90.0, 100.0).class, Class::Complete);
        assert_eq!(completeness(75.0, 100.0).class, Class::Partial);
        assert_eq!(completeness(74.0, 100.0).class, Class::Insufficient);
        assert_eq!(completeness(0.0, 0.0).ratio, None);
    }

    proptest! {
        #[test]
        fn completeness_is_never_above_one(valid in 0.0..1e9, expected in 0.0..1e9) {
            let found = completeness(valid, expected);
            prop_assert!(found.ratio.is_none_or(|ratio| (0.0..=1.0).contains(&ratio)));
        }
    }
}
