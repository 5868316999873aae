//! Data completeness: the share of expected records that were measured (A.14), and its classes
//! (G.4).

use super::{CompensatedSum, count_as_f64, finite_ratio};

/// Smallest share of a complete figure (G.4, policy of this product).
pub const COMPLETE_SHARE_MIN: f64 = 0.90;
/// Smallest share of a partial figure, a headline only with its share printed (G.4, policy).
pub const PARTIAL_SHARE_MIN: f64 = 0.75;

/// Class of a figure by the share measured (G.4; the thresholds are not from a standard).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletenessClass {
    /// At least 90 % measured.
    Complete,
    /// At least 75 % measured: a headline with the share printed.
    Partial,
    /// Less than 75 % measured: no headline.
    Insufficient,
    /// No record was expected.
    Undefined,
}

impl CompletenessClass {
    /// Returns the stable English code for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Insufficient => "insufficient",
            Self::Undefined => "undefined",
        }
    }
}

/// Share measured, with its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredCompleteness {
    /// Valid over expected records, 0 to 1.
    pub ratio: Option<f64>,
    /// Class of the share.
    pub class: CompletenessClass,
}

/// Returns the share valid/expected and its class (A.14); records sent twice never raise it above
/// 1.
pub fn classify_completeness(valid: f64, expected: f64) -> MeasuredCompleteness {
    let share = finite_ratio(valid, expected)
        // 0 of 0 expected records is no share, neither 0 nor 1.
        .filter(|_| expected > 0.0)
        .map(|share| share.clamp(0.0, 1.0));
    let class = match share {
        None => CompletenessClass::Undefined,
        Some(share) if share >= COMPLETE_SHARE_MIN => CompletenessClass::Complete,
        Some(share) if share >= PARTIAL_SHARE_MIN => CompletenessClass::Partial,
        Some(_) => CompletenessClass::Insufficient,
    };
    MeasuredCompleteness {
        ratio: share,
        class,
    }
}

/// Energy of a day with the share measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayEnergyReport {
    /// Energy of the valid records only, kWh; `None` without any.
    pub measured_kwh: Option<f64>,
    /// Valid over expected records.
    pub completeness: MeasuredCompleteness,
    /// Estimated energy, kWh: always 0, since gaps are not filled (G.4).
    pub estimated_kwh: f64,
}

/// Returns the measured energy of a day (G.4). `records` are (valid, energy in kWh).
pub fn day_report(records: &[(bool, Option<f64>)]) -> DayEnergyReport {
    let valid = records
        .iter()
        .filter_map(|(valid, kwh)| kwh.filter(|_| *valid));
    let n_valid = valid.clone().count();
    DayEnergyReport {
        measured_kwh: (n_valid > 0).then(|| valid.collect::<CompensatedSum>().value()),
        completeness: classify_completeness(count_as_f64(n_valid), count_as_f64(records.len())),
        // An estimate would be a separate line, and never part of a headline (G.4).
        estimated_kwh: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thresholds_belong_to_the_better_class() {
        assert_eq!(
            classify_completeness(90.0, 100.0).class,
            CompletenessClass::Complete
        );
        assert_eq!(
            classify_completeness(75.0, 100.0).class,
            CompletenessClass::Partial
        );
        assert_eq!(
            classify_completeness(74.0, 100.0).class,
            CompletenessClass::Insufficient
        );
        assert_eq!(classify_completeness(0.0, 0.0).ratio, None);
    }

    proptest! {
        #[test]
        fn completeness_is_never_above_one(valid in 0.0..1e9, expected in 0.0..1e9) {
            let found = classify_completeness(valid, expected);
            prop_assert!(found.ratio.is_none_or(|ratio| (0.0..=1.0).contains(&ratio)));
        }
    }
}
