//! Effects of entries by factors with days of validity.

use super::ledger_entries::ledger_statement;
use super::site::SITE_DEVICES;
use super::{TestSite, assert_figure_close, find_figure, has_remark};
use crate::config::load_config_text;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::SiteIndicators;
use crate::domain::value_bound::ValueBound;
use std::fs;

/// Factors of two halves of 2026, which adjoin.
const HALVES: &str = "[[factor]]\nid = 'peel.h1'\nvalue = 2.0\nunit = 'kgCO2/kg'\n\
    source = 'a paper'\nstatus = 'policy'\nheadline_ok = true\n\
    valid_from = 2026-01-01\nvalid_to = 2026-06-30\n\
    [[factor]]\nid = 'peel.h2'\nvalue = 2.5\nunit = 'kgCO2/kg'\nsource = 'a paper'\n\
    status = 'policy'\nheadline_ok = true\nvalid_from = 2026-07-01\nvalid_to = 2026-12-31\n";

/// Figures of a period with these factors of the indicator, of entries of 10 June, 30 June and
/// 1 July.
async fn account_of(factor: &str, period: &str) -> SiteIndicators {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.toml"), HALVES).unwrap();
    let text = format!(
        "{SITE_DEVICES}[[indicator]]\nid = 'peel'\nunit = 'kg'\nfactor = {factor}\n\
         name = {{ id = 'Kulit', en = 'Peel' }}\n[factors]\nfile = 'own.toml'\n"
    );
    let mut village = TestSite::new(SITE_DEVICES);
    let loaded = load_config_text(&text, &folder.path().join("pantau.toml"), &|_| None);
    village.config = loaded.unwrap_or_else(|faults| panic!("{faults}"));
    let entries = [(40, "2026-06-10"), (10, "2026-06-30"), (60, "2026-07-01")];
    let entries = entries.map(|(kg, day)| ledger_statement("peel", kg, day));
    let added = village.store.append_ledger(entries.into(), "siti");
    added.await.unwrap();
    village.indicators(period).await
}

const EFFECT: &str = "ledger.peel.effect";

#[tokio::test]
async fn each_entry_takes_the_factor_of_its_own_day() {
    for both in ["['peel.h1', 'peel.h2']", "['peel.h2', 'peel.h1']"] {
        for (period, wanted) in [
            ("2026", 250.0),
            ("2026-06", 100.0),
            ("2026-07", 150.0),
            ("2026-06-30..2026-07-01", 170.0),
        ] {
            let found = account_of(both, period).await;
            assert_figure_close(&found, EFFECT, "", wanted);
            let effect = find_figure(&found, EFFECT, "");
            assert_eq!(effect.claim, ClaimVerdict::Claimable, "{period}");
            assert_eq!(effect.bound(), ValueBound::Neither, "{period}");
        }
    }
    let found = account_of("['peel.h1', 'peel.h2']", "2026").await;
    let effect = find_figure(&found, EFFECT, "");
    let ids: Vec<&str> = effect.factors.iter().map(|factor| &*factor.id).collect();
    assert_eq!(ids, ["peel.h1", "peel.h2"]);
    let told = effect
        .remarks
        .iter()
        .filter(|said| said.key == "account-effect-part");
    assert_eq!(told.count(), 2, "{:?}", effect.remarks);
}

#[tokio::test]
async fn entries_of_days_without_a_factor_are_not_in_the_effect() {
    let found = account_of("'peel.h1'", "2026").await;
    assert_figure_close(&found, EFFECT, "", 100.0);
    let effect = find_figure(&found, EFFECT, "");
    assert_eq!(effect.bound(), ValueBound::Lower);
    assert!(has_remark(effect, "account-effect-rest-lower-bound"));
    // A factor of the first half says nothing about July.
    let found = account_of("'peel.h1'", "2026-07").await;
    let out_of_date = ClaimVerdict::NotClaimed(NotClaimedReason::FactorOutOfDate);
    assert_eq!(find_figure(&found, EFFECT, "").claim, out_of_date);
}

/// A factor for a litre and one for a kilogram.
const OIL: &str = "[[factor]]\nid = 'oil.l'\nvalue = 2.0\nunit = 'kgCO2/L'\nsource = 'a paper'\n\
    status = 'policy'\nheadline_ok = true\n[[factor]]\nid = 'oil.kg'\nvalue = 2.2\n\
    unit = 'kgCO2/kg'\nsource = 'a paper'\nstatus = 'policy'\nheadline_ok = true\n";

#[tokio::test]
async fn oil_that_is_recorded_in_litres_and_in_kilograms_is_claimed_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.toml"), OIL).unwrap();
    let indicator = |id: &str, unit: &str| {
        format!(
            "[[indicator]]\nid = '{id}'\nunit = '{unit}'\nfactor = 'oil.{}'\n\
             name = {{ id = 'Minyak {unit}', en = 'Oil {unit}' }}\n",
            unit.to_lowercase()
        )
    };
    let both = indicator("oil-l", "L") + &indicator("oil-kg", "kg");
    let text = format!("{SITE_DEVICES}{both}[factors]\nfile = 'own.toml'\n");
    for (masses, is_one) in [([18, 28, 9], true), ([18, 56, 9], false)] {
        let mut village = TestSite::new(SITE_DEVICES);
        let loaded = load_config_text(&text, &folder.path().join("pantau.toml"), &|_| None);
        village.config = loaded.unwrap_or_else(|faults| panic!("{faults}"));
        let days = ["2026-06-10", "2026-06-17", "2026-06-24"];
        let litres = [20, 31, 10].into_iter().zip(days);
        let mut entries: Vec<_> = litres
            .map(|(amount, day)| {
                let mut said = ledger_statement("oil-l", amount, day);
                said.unit = "L".into();
                said
            })
            .collect();
        let masses = masses.into_iter().zip(days);
        entries.extend(masses.map(|(amount, day)| ledger_statement("oil-kg", amount, day)));
        village.store.append_ledger(entries, "siti").await.unwrap();
        let found = village.indicators("2026-06").await;
        assert_figure_close(&found, "ledger.oil-l.effect", "", 122.0);
        let mass = find_figure(&found, "ledger.oil-kg.effect", "");
        let litres = find_figure(&found, "ledger.oil-l.effect", "");
        for figure in [mass, litres] {
            assert_eq!(
                has_remark(figure, "account-same-mass-units"),
                is_one,
                "{figure:?}"
            );
            assert_eq!(figure.claim >= ClaimVerdict::Doubtful, is_one, "{figure:?}");
        }
        // What was recorded later is not in a claim.
        assert_eq!(mass.value.is_ok(), !is_one, "{mass:?}");
    }
}
