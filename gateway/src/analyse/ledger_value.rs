//! F: what a ledger entry is worth, if anything may be said of it.

use super::{Status, finite};

/// The status of a factor that nobody verified.
pub const UNVERIFIED: &str = "unverified";

/// A value with what may be said of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LedgerValue {
    /// Quantity × factor.
    pub value: Option<f64>,
    /// What may be said.
    pub status: Status,
}

/// F: quantity × factor, only if the factor has a source and a status. No factor: the quantity
/// alone; no source: refused; unverified (or no status): to illustrate, not to claim.
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
        (None, _) => return none(Status::NoData),
        (Some(_), None) => return none(Status::QuantityOnly),
        (Some(quantity), Some(factor)) => (quantity, factor),
    };
    if factor_source.trim().is_empty() {
        return none(Status::NoSource);
    }
    let doubtful = [UNVERIFIED, ""].contains(&factor_status.trim());
    LedgerValue {
        value: finite(quantity * factor),
        status: if doubtful {
            Status::Illustrative
        } else {
            Status::Ok
        },
    }
}
