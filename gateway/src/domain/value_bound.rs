//! [`ValueBound`]: on which side of a figure the true value lies.

use super::indicator::{Indicator, IndicatorRemark};

/// Beginning of the keys of remarks on bounds that come from the inputs of a figure.
pub(crate) const PASSED_PREFIX: &str = "account-passed-";
/// Key of the remark on avoided emissions for which export is counted as used.
const NO_EXPORT: &str = "account-no-export";

/// Keys of the remarks on numbers outside of their usual range.
const UNUSUAL_NUMBERS: [&str; 2] = ["account-unusual-setting", "account-unusual-factor"];

/// Side on which the true value lies, where a figure is a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ValueBound {
    /// The figure is no bound.
    #[default]
    Neither,
    /// The true value is at least the figure.
    Lower,
    /// The true value is at most the figure.
    Upper,
    /// The figure is made of bounds that move it both ways.
    Either,
}

impl ValueBound {
    /// Returns the bound of a figure that is both.
    ///
    /// ```
    /// use gateway::domain::value_bound::ValueBound::{Either, Lower, Neither, Upper};
    ///
    /// assert_eq!(Lower.and(Neither), Lower);
    /// assert_eq!(Lower.and(Upper), Either);
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Neither) | (Self::Neither, one) => one,
            (one, other) if one == other => one,
            _ => Self::Either,
        }
    }

    /// Returns the key of the remark on a figure to which a bound of an input has passed.
    pub(crate) fn passed_key(self) -> Option<&'static str> {
        match self {
            Self::Neither => None,
            Self::Lower => Some("account-passed-lower-bound"),
            Self::Upper => Some("account-passed-upper-bound"),
            Self::Either => Some("account-passed-either-bound"),
        }
    }
}

impl IndicatorRemark {
    /// Returns the bound that the remark says its figure to be.
    pub(crate) fn bound(&self) -> ValueBound {
        let key = &*self.key;
        if key.ends_with("-lower-bound") {
            ValueBound::Lower
        } else if key.ends_with("-upper-bound") || key == NO_EXPORT {
            ValueBound::Upper
        } else if key.ends_with("-either-bound") {
            ValueBound::Either
        } else {
            ValueBound::Neither
        }
    }

    /// Returns true for a bound that comes from an input.
    pub(crate) fn is_passed_bound(&self) -> bool {
        self.key.starts_with(PASSED_PREFIX)
    }
}

impl Indicator {
    /// Returns the side on which the true value lies, by the remarks of the figure. It is at least
    /// nothing while a number behind it may be wrong.
    pub fn bound(&self) -> ValueBound {
        let said = self.remarks.iter().map(IndicatorRemark::bound);
        let all = said.fold(ValueBound::Neither, ValueBound::and);
        let is_unusual = |said: &IndicatorRemark| UNUSUAL_NUMBERS.contains(&&*said.key);
        if all == ValueBound::Lower && self.remarks.iter().any(is_unusual) {
            return ValueBound::Neither;
        }
        all
    }
}
