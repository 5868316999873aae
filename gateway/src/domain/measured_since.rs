//! [`MeasuredSince`]: since when, or until when, a figure was measured, where its readings begin
//! later or end earlier than its period.

use super::indicator::{Indicator, IndicatorRemark};
use jiff::civil::DateTime;

/// Name of the argument of remarks on readings that begin late: the local time of the first one.
pub(crate) const SINCE_ARG: &str = "since";
/// Name of the argument of remarks on readings that end early: the local time of the last one.
pub(crate) const UNTIL_ARG: &str = "until";

/// End of a period at which readings may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodEnd {
    /// Its beginning: the readings begin late.
    Begin,
    /// Its end: the readings end early.
    End,
}

/// Keys of the remarks on readings that are missing at one end of the period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndRemarks {
    /// On a total: what is missing is not in it.
    pub(crate) total: &'static str,
    /// On a total of a counter: the next reading has what is missing.
    pub(crate) counted: &'static str,
    /// On another figure.
    pub(crate) other: &'static str,
    /// On a figure of which a part was measured there.
    pub(crate) in_part: &'static str,
    /// Name of the argument.
    pub(crate) arg: &'static str,
}

/// Time since when, or until when, a figure was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasuredSince {
    /// Local time of the first reading, or of the last one.
    pub at: DateTime,
    /// Another part of the figure was measured there.
    pub in_part: bool,
}

impl PeriodEnd {
    /// Both ends.
    pub const ALL: [Self; 2] = [Self::Begin, Self::End];

    pub(crate) const fn remarks(self) -> EndRemarks {
        match self {
            Self::Begin => EndRemarks {
                total: "account-since-lower-bound",
                // A counter that was read before the period has nothing missing.
                counted: "account-since-lower-bound",
                other: "account-measured-since",
                in_part: "account-since-in-part",
                arg: SINCE_ARG,
            },
            Self::End => EndRemarks {
                total: "account-until-lower-bound",
                counted: "account-until-counted-lower-bound",
                other: "account-measured-until",
                in_part: "account-until-in-part",
                arg: UNTIL_ARG,
            },
        }
    }

    /// Returns the time that leaves less of the period.
    pub(crate) fn narrower(self, one: DateTime, other: DateTime) -> DateTime {
        match self {
            Self::Begin => one.max(other),
            Self::End => one.min(other),
        }
    }
}

impl IndicatorRemark {
    /// Returns the time that the remark says of an end of the period; `None` for a remark on
    /// something else.
    pub(crate) fn measured_end(&self, end: PeriodEnd) -> Option<MeasuredSince> {
        let keys = end.remarks();
        let in_part = match &*self.key {
            key if [keys.total, keys.counted, keys.other].contains(&key) => false,
            key if key == keys.in_part => true,
            _ => return None,
        };
        let mut args = self.args.iter();
        let (_, said) = args.find(|(name, _)| *name == keys.arg)?;
        let at = said.parse().ok()?;
        Some(MeasuredSince { at, in_part })
    }

    /// Returns whether the remark says that readings are missing at an end of the period.
    pub(crate) fn is_of_end(&self) -> bool {
        let mut ends = PeriodEnd::ALL.into_iter();
        ends.any(|end| self.measured_end(end).is_some())
    }

    /// Returns whether the remark says a lower bound because readings are missing at this end.
    pub(crate) fn is_end_of_total(&self, end: PeriodEnd) -> bool {
        let keys = end.remarks();
        [keys.total, keys.counted].contains(&&*self.key)
    }
}

impl Indicator {
    /// Returns since when the figure was measured; `None` when that is the beginning of its period,
    /// and for a figure without a value. Of several remarks the latest time counts.
    pub fn measured_since(&self) -> Option<MeasuredSince> {
        self.measured_end(PeriodEnd::Begin)
    }

    /// Returns until when the figure was measured, as [`Self::measured_since`]: of several remarks
    /// the earliest time counts.
    pub fn measured_until(&self) -> Option<MeasuredSince> {
        self.measured_end(PeriodEnd::End)
    }

    /// Returns the same for either end of the period.
    pub(crate) fn measured_end(&self, end: PeriodEnd) -> Option<MeasuredSince> {
        self.value.as_ref().ok()?;
        let said = self.remarks.iter();
        let said = said.filter_map(|remark| remark.measured_end(end));
        said.reduce(|one, next| MeasuredSince {
            at: end.narrower(one.at, next.at),
            in_part: one.in_part || next.in_part,
        })
    }
}
