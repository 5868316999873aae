//! Value of a ledger entry: quantity times a factor that may be used (section F).

use super::{FormulaStatus, finite_number};

/// Status word of a factor that nobody has verified.
pub const UNVERIFIED: &str = "unverified";

/// Value of a ledger entry, with the limit on its use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LedgerValue {
    /// Quantity × factor, in the unit of the indicator.
    pub value: Option<f64>,
    /// `Ok`, or the limit on its use.
    pub status: FormulaStatus,
}

/// Returns quantity × factor if the factor has a source and a status (F.1). Without a factor: the
/// quantity alone; without a source: refused; unverified or without a status: for illustration, not
/// for a claim.
pub fn ledger_indicator(
    quantity: Option<f64>,
    factor: Option<f64>,
    factor_status: &str,
    factor_source: &str,
) -> LedgerValue {
    let none = |status| LedgerValue {
        value: None,
        status,
    };
    let (quantity, factor) = match (quantity, factor) {
        (None, _) => return none(FormulaStatus::NoData),
        (Some(_), None) => return none(FormulaStatus::QuantityOnly),
        (Some(quantity), Some(factor)) => (quantity, factor),
    };
    if factor_source.trim().is_empty() {
        return none(FormulaStatus::NoSource);
    }
    // A factor without a status is treated like an unverified one.
    let doubtful = [UNVERIFIED, ""].contains(&factor_status.trim());
    LedgerValue {
        value: finite_number(quantity * factor),
        status: if doubtful {
            FormulaStatus::Illustrative
        } else {
            FormulaStatus::Ok
        },
    }
}
