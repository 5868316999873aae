//! What people wrote down.

use super::site::{PLANT, REST, text};
use super::{Village, close, figure, says, why};
use crate::model::indicator::Origin;
use crate::model::ledger::{Known, Sort, Statement, When};

fn said(indicator: &str, quantity: i64, when: &str) -> Statement {
    Statement {
        sort: Sort::Record,
        indicator: indicator.into(),
        what: String::new(),
        quantity: crate::model::decimal::Decimal::new(quantity, 0),
        unit: "kg".into(),
        when: when.parse().unwrap(),
        known: Known::Weighed,
        who: "Siti".to_owned(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    }
}

async fn village(entries: Vec<Statement>) -> Village {
    let village = Village::new(&text(&[PLANT, REST]));
    village.store.ledger_add(entries, "siti").await.unwrap();
    village
}

#[tokio::test]
async fn the_ledger_is_totalled_with_its_corrections_and_aims() {
    let aim = |quantity, period: &str| Statement {
        sort: Sort::Target,
        when: When::Period(period.parse().unwrap()),
        ..said("bsf-maggot", quantity, "2026-11-01")
    };
    let village = village(vec![
        said("bsf-maggot", 10, "2026-10-31"),
        said("bsf-maggot", 12, "2026-11-02"),
        Statement {
            known: Known::Declared,
            ..said("bsf-maggot", 5, "2026-11-30")
        },
        aim(20, "2026-10"),
        aim(25, "2026-11"),
        aim(30, "2026-12"),
    ])
    .await;
    let corrected = Statement {
        supersedes: Some(2),
        note: "misread".to_owned(),
        ..said("bsf-maggot", 11, "2026-11-02")
    };
    village
        .store
        .ledger_add(vec![corrected], "siti")
        .await
        .unwrap();
    let found = village.account("2026-11").await;
    close(&found, "ledger.bsf-maggot", "", 16.0);
    close(&found, "ledger.bsf-maggot.target", "", 25.0);
    let total = figure(&found, "ledger.bsf-maggot", "");
    assert_eq!(total.origin, Origin::Manual);
    assert!(says(total, "account-partly-declared") && says(total, "account-without-file"));
    let change = found
        .events
        .iter()
        .find(|event| event.kind == "correction")
        .unwrap();
    assert_eq!(change.before_after, Some((12.0, 11.0)));
    let quarter = village.account("2026-Q4").await;
    close(&quarter, "ledger.bsf-maggot", "", 26.0);
    // Three months make up the quarter.
    close(&quarter, "ledger.bsf-maggot.target", "", 75.0);
    let daily = quarter
        .daily
        .iter()
        .find(|one| &*one.id == "ledger.bsf-maggot")
        .unwrap();
    let written: f64 = daily.days.iter().filter_map(|day| day.1).sum();
    assert!((written - 26.0).abs() < 1e-12);
}

#[tokio::test]
async fn a_bins_indices_need_the_kilograms_fed() {
    let village = village(vec![
        said("bsf-fed", 1000, "2026-11-02"),
        said("bsf-maggot", 200, "2026-11-20"),
        said("bsf-kasgot", 250, "2026-11-20"),
    ])
    .await;
    let found = village.account("2026-11").await;
    close(&found, "bsf.reduction", "bin", 75.0);
    // 18 days from feeding to harvest.
    close(&found, "bsf.wri", "bin", 75.0 / 18.0);
    close(&found, "bsf.bioconversion", "bin", 20.0);
    close(&found, "bsf.feed_conversion", "bin", 5.0);
    close(&found, "bsf.loss", "bin", 55.0);
}

#[tokio::test]
async fn methane_is_told_by_the_year_and_over_the_lifetime_never_together() {
    let village = village(vec![
        said("bsf-fed", 10_000, "2025-06-01"),
        said("bsf-fed", 10_000, "2026-06-01"),
    ])
    .await;
    let found = village.account("2026").await;
    let first = 0.428_4 * (1.0 - (-0.4_f64).exp());
    let second = first * (-0.4_f64).exp();
    let annual = 10.0 * (first + second);
    let found_annual = super::value(&found, "methane.annual", "bin");
    assert!(
        (found_annual - annual).abs() < 1e-6,
        "{found_annual} {annual}"
    );
    close(&found, "methane.lifetime", "bin", 4.284);
    close(&found, "waste.project", "bin", 1.756);
    let net = super::value(&found, "waste.net", "bin");
    assert!((net - (annual - 1.756)).abs() < 1e-6);
    let wide = figure(&found, "methane.annual", "bin")
        .uncertainty
        .tier1_pct
        .unwrap();
    assert!((55.0..60.0).contains(&wide), "{wide}");
    assert_eq!(
        why(&found, "waste.project", "heap"),
        "analyse-status-error-fed-missing"
    );
    assert_eq!(why(&found, "methane.annual", "heap"), "account-no-disposal");
}
