//! [`MeasuredSince`]: since when a figure was measured, where its readings begin later than its
//! period.

use super::indicator::{Indicator, IndicatorRemark};
use jiff::civil::DateTime;

/// Key of the remark on a total whose readings begin late: what was before is not in it.
pub(crate) const SINCE_TOTAL: &str = "account-since-lower-bound";
/// Key of the remark on another figure whose readings begin late.
pub(crate) const SINCE: &str = "account-measured-since";
/// Key of the remark on a figure of which a part is measured since the beginning of the period.
pub(crate) const SINCE_IN_PART: &str = "account-since-in-part";
/// Name of the argument of these remarks: the local time of the first reading.
pub(crate) const SINCE_ARG: &str = "since";

/// Since when a figure was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasuredSince {
    /// Local time of the first reading.
    pub at: DateTime,
    /// Another part of the figure was measured before.
    pub in_part: bool,
}

impl IndicatorRemark {
    /// Returns the time that the remark says; `None` for a remark on something else.
    pub(crate) fn measured_since(&self) -> Option<MeasuredSince> {
        let in_part = match &*self.key {
            SINCE_TOTAL | SINCE => false,
            SINCE_IN_PART => true,
            _ => return None,
        };
        let mut args = self.args.iter();
        let (_, said) = args.find(|(name, _)| *name == SINCE_ARG)?;
        let at = said.parse().ok()?;
        Some(MeasuredSince { at, in_part })
    }

    /// Returns whether the remark says a lower bound because readings begin late.
    pub(crate) fn is_late_total(&self) -> bool {
        self.key == SINCE_TOTAL
    }
}

impl Indicator {
    /// Returns since when the figure was measured; `None` when that is the beginning of its period,
    /// and for a figure without a value. Of several remarks the latest time counts.
    pub fn measured_since(&self) -> Option<MeasuredSince> {
        self.value.as_ref().ok()?;
        let said = self
            .remarks
            .iter()
            .filter_map(IndicatorRemark::measured_since);
        said.reduce(|one, next| MeasuredSince {
            at: one.at.max(next.at),
            in_part: one.in_part || next.in_part,
        })
    }
}
