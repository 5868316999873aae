//! [`ClaimVerdict`]: whether a figure may be claimed, and why not.

/// Verdict on a figure, or on a factor: whether it may stand in a headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimVerdict {
    /// It may be claimed as it is.
    Claimable,
    /// It may be claimed as provisional (*sementara*), for this reason.
    Provisional(ProvisionalReason),
    /// It may be claimed with its remark beside it: something about it should be looked at.
    // Worse than provisional: a document can be attached later, but a number that is to be checked
    // may be wrong.
    Doubtful,
    /// It must not be claimed, for this reason: its number stands in no headline and no total.
    NotClaimed(NotClaimedReason),
}

/// Reasons for which a figure is provisional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProvisionalReason {
    /// It is at least this: readings are missing at the end of its period.
    ReadingsEnd,
    /// The official page is not attached.
    NoPage,
    /// The page is named, but the file is missing or changed.
    PageMissing,
    /// The factor was computed from other figures; a page cannot make it official.
    Derived,
    /// The burden is an upper bound: it is on the safe side, and is no result.
    Bound,
}

/// Reasons for which a figure must not be claimed (METHODS 0, C.1, C.4, C.7, F).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotClaimedReason {
    /// The factor was never verified.
    Unverified,
    /// The number illustrates something and is no result.
    Illustrative,
    /// The number is an upper bound of a benefit.
    UpperBound,
    /// The factor does not hold on all days of the period.
    FactorOutOfDate,
    /// A certificate (REC) was issued for the energy: it is claimed by whoever has the certificate.
    Certified,
    /// The number cannot be true.
    Implausible,
}

impl ClaimVerdict {
    /// All verdicts, from the best to the worst.
    pub const ALL: [Self; 13] = [
        Self::Claimable,
        Self::Provisional(ProvisionalReason::ReadingsEnd),
        Self::Provisional(ProvisionalReason::NoPage),
        Self::Provisional(ProvisionalReason::PageMissing),
        Self::Provisional(ProvisionalReason::Derived),
        Self::Provisional(ProvisionalReason::Bound),
        Self::Doubtful,
        Self::NotClaimed(NotClaimedReason::Unverified),
        Self::NotClaimed(NotClaimedReason::Illustrative),
        Self::NotClaimed(NotClaimedReason::UpperBound),
        Self::NotClaimed(NotClaimedReason::FactorOutOfDate),
        Self::NotClaimed(NotClaimedReason::Certified),
        Self::NotClaimed(NotClaimedReason::Implausible),
    ];

    /// Verdict on a figure that stands on several: the worst one.
    ///
    /// ```
    /// use gateway::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
    ///
    /// let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    /// assert_eq!(ClaimVerdict::combine([ClaimVerdict::Doubtful, bound]), bound);
    /// assert_eq!(ClaimVerdict::combine([]), ClaimVerdict::Claimable);
    /// ```
    pub fn combine(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().max().unwrap_or(Self::Claimable)
    }

    /// Whether the number must stand in no headline and in no total.
    pub fn is_withheld(self) -> bool {
        matches!(self, Self::NotClaimed(_))
    }

    /// Word of the verdict without its reason: `claimable`, `doubtful`, `provisional` or
    /// `not-claimed`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Claimable => "claimable",
            Self::Doubtful => "doubtful",
            Self::Provisional(_) => "provisional",
            Self::NotClaimed(_) => "not-claimed",
        }
    }

    /// Message key of the verdict as words: `factor-headline-WORD`.
    pub fn message_key(self) -> String {
        format!("factor-headline-{}", self.word())
    }

    /// Word for APIs and message keys (`factor-headline-WORD`): `firm`, `doubtful` or the word of
    /// the reason.
    pub fn word(self) -> &'static str {
        match self {
            Self::Claimable => "firm",
            Self::Doubtful => "doubtful",
            Self::Provisional(doubt) => doubt.word(),
            Self::NotClaimed(reason) => reason.word(),
        }
    }
}

impl ProvisionalReason {
    /// Word for APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoPage => "no-page",
            Self::PageMissing => "page-missing",
            Self::Derived => "derived",
            Self::Bound => "bound",
            Self::ReadingsEnd => "readings-end",
        }
    }
}

impl NotClaimedReason {
    /// Word for APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Illustrative => "illustrative",
            Self::UpperBound => "upper-bound",
            Self::FactorOutOfDate => "factor-out-of-date",
            Self::Certified => "certified",
            Self::Implausible => "implausible",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_be_checked_is_worse_than_provisional_and_better_than_not_claimed() {
        for verdict in ClaimVerdict::ALL {
            let is_worse = verdict > ClaimVerdict::Doubtful;
            assert_eq!(is_worse, verdict.is_withheld(), "{verdict:?}");
        }
        assert!(ClaimVerdict::ALL.is_sorted());
    }

    #[test]
    fn the_worst_verdict_wins_in_any_order() {
        for (at, better) in ClaimVerdict::ALL.into_iter().enumerate() {
            for worse in ClaimVerdict::ALL.into_iter().skip(at) {
                assert_eq!(ClaimVerdict::combine([better, worse]), worse);
                assert_eq!(ClaimVerdict::combine([worse, better]), worse);
            }
        }
    }
}
