//! Act for a doubtful figure, by the reason that is told beside it: so that nobody sends a
//! technician for an entry, and nobody looks for a receipt of a cable.

use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::Indicator;

/// Beginnings of the keys of remarks, and the last part of the message key of the act. What is not
/// listed is checked at the device.
const ACTS: &[(&str, &str)] = &[
    ("account-implausible-amount", "entry"),
    ("account-unusual-amount", "entry"),
    ("account-unusual-balance", "entry"),
    ("account-unusual-setting", "setting"),
    ("account-unusual-factor", "setting"),
    ("account-unusual-net", "upper-bound"),
    ("account-same-series", "together"),
    ("account-steady-ratio", "together"),
    ("account-sum-of-others", "together"),
    ("account-moves-together", "together"),
    ("account-claimed-perhaps", "together"),
    ("account-certified-twin", "together"),
    ("account-certified-perhaps", "certified"),
    ("account-effect-claimed-perhaps", "together"),
    ("account-opening-", "opening"),
    ("account-edge-", "edge-reading"),
    ("account-passed-opening-gap-", "opening"),
    ("account-passed-", PASSED_ACT),
];

/// Act for a figure that is computed from a bound.
const PASSED_ACT: &str = "bounds";
/// Acts for what was counted at the beginning of the period.
const EDGE_ACTS: [&str; 2] = ["opening", "edge-reading"];

/// Act for figures that are to be checked, whose first reason is told.
pub(crate) fn doubtful_act<'a>(all: impl IntoIterator<Item = &'a Indicator>) -> &'static str {
    all.into_iter()
        .find_map(first_act)
        .unwrap_or(ClaimVerdict::Doubtful.word())
}

/// Act for figures with this verdict.
pub(crate) fn verdict_act(verdict: ClaimVerdict, told: &[&Indicator]) -> &'static str {
    if verdict == ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound) {
        return upper_bound_act(told);
    }
    let is_reasoned = [
        ClaimVerdict::Doubtful,
        ClaimVerdict::NotClaimed(NotClaimedReason::Implausible),
    ]
    .contains(&verdict);
    let mut acts = told.iter().map(|one| first_act(one));
    match acts.next() {
        // One act for all of them, or the general one.
        Some(Some(act)) if is_reasoned && acts.all(|next| next == Some(act)) => act,
        _ => verdict.word(),
    }
}

/// Act for upper bounds: for what was counted at the beginning of the period where that is the one
/// reason, also of figures that are computed from such a total; else the general one.
fn upper_bound_act(told: &[&Indicator]) -> &'static str {
    let acts = told.iter().filter_map(|one| first_act(one));
    let mut acts = acts.filter(|act| *act != PASSED_ACT);
    match acts.next() {
        Some(act) if EDGE_ACTS.contains(&act) && acts.all(|next| next == act) => act,
        _ => NotClaimedReason::UpperBound.word(),
    }
}

/// Act by the first reason of a figure, which is the one that is told; `None` without a reason, and
/// for one that is not listed.
fn first_act(one: &Indicator) -> Option<&'static str> {
    let said = one.remarks.iter().find(|said| said.is_doubt())?;
    let mut acts = ACTS.iter();
    let act = acts.find(|(key, _)| said.key.starts_with(key));
    Some(act.map_or(ClaimVerdict::Doubtful.word(), |(_, act)| act))
        .filter(|act| *act != ClaimVerdict::Doubtful.word() || one.claim == ClaimVerdict::Doubtful)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::indicator::IndicatorRemark;
    use crate::i18n::Language;
    use crate::report::content::tests::test_indicator;

    fn doubted(key: &str, claim: ClaimVerdict) -> Indicator {
        let mut one = test_indicator("plts.generation", Some("plts"), 9.0, "kWh");
        one.remarks = vec![IndicatorRemark::new(key)];
        one.claim = claim;
        one
    }

    #[test]
    fn the_act_is_that_of_the_reason_that_is_told() {
        let implausible = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
        for (key, doubtful, refused) in [
            ("account-unusual-amount", "entry", "entry"),
            ("account-unusual-balance", "entry", "entry"),
            ("account-unusual-setting", "setting", "setting"),
            ("account-same-series", "together", "together"),
            ("account-passed-either-bound", "bounds", "bounds"),
            ("account-high-yield", "doubtful", "implausible"),
            ("account-refused", "doubtful", "implausible"),
        ] {
            let one = doubted(key, ClaimVerdict::Doubtful);
            assert_eq!(doubtful_act([&one]), doubtful, "{key}");
            assert_eq!(
                verdict_act(ClaimVerdict::Doubtful, &[&one]),
                doubtful,
                "{key}"
            );
            let one = doubted(key, implausible);
            assert_eq!(verdict_act(implausible, &[&one]), refused, "{key}");
        }
        let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
        let act = |keys: &[&str]| {
            let all: Vec<Indicator> = keys.iter().map(|key| doubted(key, bound)).collect();
            verdict_act(bound, &all.iter().collect::<Vec<_>>())
        };
        let [gap, edge] = ["account-opening-upper-bound", "account-edge-upper-bound"];
        let passed = "account-passed-upper-bound";
        for (keys, wanted) in [
            (&[gap][..], "opening"),
            (&[edge], "edge-reading"),
            (&[passed, gap], "opening"),
            // Of another cause, or of two.
            (&[passed], "upper-bound"),
            (&["account-no-export"], "upper-bound"),
            (&[gap, edge], "upper-bound"),
        ] {
            assert_eq!(act(keys), wanted, "{keys:?}");
        }
        let both = ["account-unusual-amount", "account-high-yield"];
        let [entry, device] = both.map(|key| doubted(key, implausible));
        assert_eq!(verdict_act(implausible, &[&entry, &device]), "implausible");
    }

    #[test]
    fn every_act_has_a_sentence_and_only_those_at_a_device_name_the_technician() {
        let acts: Vec<&str> = ACTS.iter().map(|(_, act)| *act).collect();
        for lang in [Language::En, Language::Id] {
            for act in &acts {
                let key = format!("chapters-director-act-{act}");
                let text = lang.text(&key).to_lowercase();
                assert_ne!(text, key);
                let names = ["technician", "teknisi"];
                assert!(!names.iter().any(|name| text.contains(name)), "{text}");
            }
            let text = lang.text("chapters-director-act-doubtful").to_lowercase();
            assert!(
                text.contains("techni") || text.contains("teknisi"),
                "{text}"
            );
        }
    }
}
