//! Indicators from ledger entries.

use super::site::{OTHER_ASSETS, SITE_DEVICES, SITE_PLANT, site_text};
use super::{
    TestSite, assert_figure_close, assert_missing, find_figure, has_remark, missing_reason,
};
use crate::config::factors::built_in_factors;
use crate::config::load_archived;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason, ProvisionalReason};
use crate::domain::indicator::ValueOrigin;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
use crate::formulas::FormulaStatus;
use std::path::Path;

pub(super) fn ledger_statement(indicator: &str, quantity: i64, when: &str) -> EntryStatement {
    EntryStatement {
        sort: EntryKind::Record,
        indicator: indicator.into(),
        what: String::new(),
        quantity: crate::domain::ExactNumber::with_places(quantity, 0),
        unit: "kg".into(),
        when: when.parse().unwrap(),
        known: QuantityBasis::Weighed,
        who: "Siti".to_owned(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    }
}

async fn site_with_entries(entries: Vec<EntryStatement>) -> TestSite {
    let village = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    village.store.append_ledger(entries, "siti").await.unwrap();
    village
}

#[tokio::test]
async fn the_ledger_is_totalled_with_its_corrections_and_aims() {
    let aim = |quantity, period: &str| EntryStatement {
        sort: EntryKind::Target,
        when: EntryTime::Period(period.parse().unwrap()),
        ..ledger_statement("bsf-maggot", quantity, "2026-11-01")
    };
    let village = site_with_entries(vec![
        ledger_statement("bsf-maggot", 10, "2026-10-31"),
        ledger_statement("bsf-maggot", 12, "2026-11-02"),
        EntryStatement {
            known: QuantityBasis::Declared,
            ..ledger_statement("bsf-maggot", 5, "2026-11-30")
        },
        aim(20, "2026-10"),
        aim(25, "2026-11"),
        aim(30, "2026-12"),
    ])
    .await;
    let corrected = EntryStatement {
        supersedes: Some(2),
        note: "misread".to_owned(),
        ..ledger_statement("bsf-maggot", 11, "2026-11-02")
    };
    village
        .store
        .append_ledger(vec![corrected], "siti")
        .await
        .unwrap();
    let found = village.indicators("2026-11").await;
    assert_figure_close(&found, "ledger.bsf-maggot", "", 16.0);
    assert_figure_close(&found, "ledger.bsf-maggot.target", "", 25.0);
    let total = find_figure(&found, "ledger.bsf-maggot", "");
    assert_eq!(total.origin, ValueOrigin::Manual);
    assert!(
        has_remark(total, "account-partly-declared") && has_remark(total, "account-without-file")
    );
    let change = found
        .events
        .iter()
        .find(|event| event.kind == "correction")
        .unwrap();
    assert_eq!(change.before_after, Some((12.0, 11.0)));
    let quarter = village.indicators("2026-Q4").await;
    assert_figure_close(&quarter, "ledger.bsf-maggot", "", 26.0);
    // Targets of three months make up the quarter.
    assert_figure_close(&quarter, "ledger.bsf-maggot.target", "", 75.0);
    let daily = quarter
        .daily
        .iter()
        .find(|one| &*one.id == "ledger.bsf-maggot")
        .unwrap();
    let written: f64 = daily.days.iter().filter_map(|day| day.1).sum();
    assert!((written - 26.0).abs() < 1e-12);
}

#[tokio::test]
async fn an_amount_in_the_store_that_cannot_be_is_not_claimed_with_all_that_follows_from_it() {
    let implausible = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
    for (fed, wanted, key) in [
        (999_999_999, implausible, "account-implausible-amount"),
        (12_000, ClaimVerdict::Doubtful, "account-unusual-amount"),
    ] {
        let village = site_with_entries(vec![
            ledger_statement("bsf-fed", 500, "2026-11-02"),
            ledger_statement("bsf-fed", fed, "2026-11-03"),
            ledger_statement("bsf-maggot", 20, "2026-11-20"),
        ])
        .await;
        let found = village.indicators("2026-11").await;
        for (id, asset) in [
            ("ledger.bsf-fed", ""),
            ("bsf.fed", "bin"),
            ("bsf.bioconversion", "bin"),
        ] {
            let figure = find_figure(&found, id, asset);
            assert!(figure.claim >= wanted, "{id}: {:?}", figure.claim);
            assert!(has_remark(figure, key), "{id}: {:?}", figure.remarks);
        }
        let other = find_figure(&found, "ledger.bsf-maggot", "");
        assert!(!has_remark(other, key));
        assert_ne!(other.claim, wanted);
    }
}

#[tokio::test]
async fn a_bins_indices_need_the_kilograms_fed() {
    let village = site_with_entries(vec![
        ledger_statement("bsf-fed", 1000, "2026-11-02"),
        ledger_statement("bsf-maggot", 200, "2026-11-20"),
        ledger_statement("bsf-kasgot", 250, "2026-11-20"),
    ])
    .await;
    let found = village.indicators("2026-11").await;
    assert_figure_close(&found, "bsf.reduction", "bin", 75.0);
    // 18 days from first feeding to harvest.
    assert_figure_close(&found, "bsf.wri", "bin", 75.0 / 18.0);
    assert_figure_close(&found, "bsf.bioconversion", "bin", 20.0);
    assert_figure_close(&found, "bsf.feed_conversion", "bin", 5.0);
    assert_figure_close(&found, "bsf.loss", "bin", 55.0);
}

#[tokio::test]
async fn methane_is_told_by_the_year_and_over_the_lifetime_never_together() {
    let village = site_with_entries(vec![
        ledger_statement("bsf-fed", 10_000, "2025-06-01"),
        ledger_statement("bsf-fed", 10_000, "2026-06-01"),
    ])
    .await;
    let found = village.indicators("2026").await;
    let first = 0.428_4 * (1.0 - (-0.4_f64).exp());
    let second = first * (-0.4_f64).exp();
    let annual = 10.0 * (first + second);
    let found_annual = super::figure_value(&found, "methane.annual", "bin");
    assert!(
        (found_annual - annual).abs() < 1e-6,
        "{found_annual} {annual}"
    );
    assert_figure_close(&found, "methane.lifetime", "bin", 4.284);
    assert_figure_close(&found, "waste.project", "bin", 1.756);
    let net = super::figure_value(&found, "waste.net", "bin");
    assert!((net - (annual - 1.756)).abs() < 1e-6);
    let wide = find_figure(&found, "methane.annual", "bin")
        .uncertainty
        .tier1_pct
        .unwrap();
    assert!((55.0..60.0).contains(&wide), "{wide}");
    // A net has the bounds of both its parts, absolute and so wider than either.
    let gum = |id: &str| find_figure(&found, id, "bin").uncertainty.gum.unwrap();
    assert!(
        gum("waste.net") > gum("methane.annual"),
        "{}",
        gum("waste.net")
    );
    assert!(gum("waste.net") > gum("waste.project"));
    assert_missing(
        &found,
        "waste.project",
        "heap",
        "analyse-status-error-fed-missing",
    );
    assert_missing(&found, "methane.annual", "heap", "account-no-disposal");
}

pub(super) fn entry_in(unit: &str, indicator: &str, quantity: i64) -> EntryStatement {
    EntryStatement {
        unit: unit.into(),
        ..ledger_statement(indicator, quantity, "2026-11-02")
    }
}

const BIN_OF: &str = "[[asset]]\nid = 'bin'\nkind = 'bsf'\ntemperature = 'bin.core'\n\
    disposal = { fate = 'landfill', gas_captured = 0.0, evidence = 'letter' }\n";

#[tokio::test]
async fn a_figure_is_in_its_own_unit_whatever_the_unit_of_its_indicator() {
    let own = "[[indicator]]\nid = 'bsf-fed'\nunit = 't'\n\
               [[indicator]]\nid = 'fuel'\nunit = 'm3'\nname = { id = 'BBM', en = 'Fuel' }\n\
               [[indicator]]\nid = 'peel'\nunit = 't'\nname = { id = 'Kulit', en = 'Peel' }\n\
               factor = 'compost.ch4.wet'\n\
               [[asset]]\nid = 'set'\nkind = 'genset'\nrating_kw = 5\nfuel_ledger = 'fuel'\n";
    let village = TestSite::new(&[SITE_DEVICES, BIN_OF, own].concat());
    let entries = vec![
        entry_in("t", "bsf-fed", 1),
        // Written before the site changed the unit of the indicator.
        entry_in("kg", "bsf-fed", 500),
        entry_in("kg", "bsf-maggot", 300),
        entry_in("m3", "fuel", 2),
        entry_in("t", "peel", 3),
    ];
    village.store.append_ledger(entries, "siti").await.unwrap();
    let found = village.indicators("2026-11").await;
    assert_figure_close(&found, "ledger.bsf-fed", "", 1.5);
    assert_figure_close(&found, "bsf.fed", "bin", 1500.0);
    assert_figure_close(&found, "bsf.bioconversion", "bin", 20.0);
    assert_figure_close(&found, "methane.lifetime", "bin", 0.428_4 * 1.5);
    assert_figure_close(&found, "genset.fuel", "set", 2000.0);
    // The factor is 4 gCH4 for each kilogram.
    assert_figure_close(&found, "ledger.peel.effect", "", 12_000.0);
}

#[tokio::test]
async fn litres_of_waste_give_no_methane_rather_than_none_avoided() {
    let mut village = TestSite::new(SITE_DEVICES);
    let set = "[[asset]]\nid = 'set'\nkind = 'genset'\nrating_kw = 5\nfuel_ledger = 'bsf-fed'\n";
    let bin = format!("{BIN_OF}fed = 'jelantah'\n");
    let heap = "[[asset]]\nid = 'heap'\nkind = 'compost'\nprocess = 'windrow'\n\
                turning_ledger = 'bsf-fed'\n";
    let text = [SITE_DEVICES, &bin, set, heap].concat();
    // A revision of a time when the unit was not checked can still be opened.
    village.config = load_archived(&text, built_in_factors(), Path::new("pantau.toml")).unwrap();
    let entries = vec![
        entry_in("L", "jelantah", 1000),
        entry_in("kg", "bsf-fed", 5),
    ];
    village.store.append_ledger(entries, "siti").await.unwrap();
    let found = village.indicators("2026").await;
    for (figure, asset) in [
        ("bsf.fed", "bin"),
        ("methane.annual", "bin"),
        ("methane.lifetime", "bin"),
        ("waste.project", "bin"),
        ("genset.fuel", "set"),
        ("compost.turnings", "heap"),
    ] {
        let why = missing_reason(&found, figure, asset);
        assert_eq!(why, "account-unit-unfit", "{figure}");
    }
    assert_figure_close(&found, "ledger.jelantah", "", 1000.0);
}

#[tokio::test]
async fn more_out_than_in_marks_the_harvest_and_leaves_no_index() {
    let batch = vec![
        ledger_statement("bsf-fed", 100, "2026-11-02"),
        ledger_statement("bsf-maggot", 20, "2026-11-20"),
    ];
    let late = ledger_statement("bsf-maggot", 273, "2026-11-20");
    let whole = site_with_entries(batch.clone())
        .await
        .indicators("2026-11")
        .await;
    assert_figure_close(&whole, "bsf.bioconversion", "bin", 20.0);
    let harvest = find_figure(&whole, "ledger.bsf-maggot", "");
    assert_eq!(harvest.claim, ClaimVerdict::Claimable);
    let entries = batch.into_iter().chain([late]).collect();
    let found = site_with_entries(entries).await.indicators("2026-11").await;
    for id in ["bsf.bioconversion", "bsf.feed_conversion"] {
        assert_missing(&found, id, "bin", &FormulaStatus::MassBalance.words_key());
    }
    for (id, asset) in [("bsf.larvae", "bin"), ("ledger.bsf-maggot", "")] {
        let figure = find_figure(&found, id, asset);
        assert_eq!(figure.claim, ClaimVerdict::Doubtful, "{id}");
        assert!(has_remark(figure, "account-unusual-balance"), "{id}");
    }
    // What was fed is not what is doubted.
    let fed = find_figure(&found, "ledger.bsf-fed", "");
    assert_eq!(fed.claim, ClaimVerdict::Claimable);
}

#[tokio::test]
async fn the_net_of_waste_is_known_when_the_year_is_over() {
    let village = site_with_entries(vec![ledger_statement("bsf-fed", 10_000, "2026-06-01")]).await;
    let running = village.indicators_at("2026", "2026-11-30T00:00:00Z").await;
    assert_missing(&running, "waste.net", "bin", "account-net-running");
    let over = village.indicators("2026").await;
    assert!(find_figure(&over, "waste.net", "bin").value.is_ok());
    // The factor of composting is an upper bound for a bin.
    let project = find_figure(&over, "waste.project", "bin").claim;
    assert_eq!(project, ClaimVerdict::Provisional(ProvisionalReason::Bound));
}

#[tokio::test]
async fn what_two_bins_harvest_under_one_record_is_shown_at_the_bin_that_it_names() {
    let bin = |id: &str, point: &str, keys: &str| {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'bsf'\nprobe = 'x'\ntemperature = '{point}'\n{keys}\n"
        )
    };
    let second = "[[indicator]]\nid = 'fed-2'\nunit = 'kg'\nname = { id = 'b', en = 'b' }\n";
    let bins = bin("bak-1", "bin.core", "") + &bin("bak-2", "bin.heap", "fed = 'fed-2'");
    let village = TestSite::new(&site_text(&[second, &bins]));
    let harvest = |kg, what: &str| EntryStatement {
        what: what.to_owned(),
        ..ledger_statement("bsf-maggot", kg, "2026-11-20")
    };
    let entries = vec![
        ledger_statement("bsf-fed", 50, "2026-11-02"),
        ledger_statement("fed-2", 70, "2026-11-02"),
        harvest(10, "bak-1"),
        harvest(4, ""),
    ];
    village.store.append_ledger(entries, "siti").await.unwrap();
    let found = village.indicators("2026-11").await;
    assert_figure_close(&found, "bsf.larvae", "bak-1", 10.0);
    assert_missing(&found, "bsf.larvae", "bak-2", "account-unnamed-bin");
    assert_figure_close(&found, "bsf.fed", "bak-2", 70.0);
    assert_figure_close(&found, "ledger.bsf-maggot", "", 14.0);
}

#[tokio::test]
async fn more_water_than_people_can_use_is_to_be_checked() {
    let water = "[[indicator]]\nid = 'air'\nunit = 'L'\nname = { id = 'Air', en = 'Water' }\n";
    for (litres, people, households, is_doubted) in [
        (90_000, Some(10), None, true),
        (40_000, Some(10), None, false),
        (90_000, Some(10), Some(6), false),
        (90_000, None, None, false),
    ] {
        let village = TestSite::new(&[SITE_DEVICES, water].concat());
        let count = |id: &str, unit: &str, count: Option<i64>| {
            let count = count?;
            Some(EntryStatement {
                known: QuantityBasis::Counted,
                ..entry_in(unit, id, count)
            })
        };
        let entries = [
            Some(entry_in("L", "air", litres)),
            count("beneficiaries", "orang", people),
            count("households", "KK", households),
        ];
        let entries = entries.into_iter().flatten().collect();
        village.store.append_ledger(entries, "siti").await.unwrap();
        let found = village.indicators("2026-11").await;
        let figure = find_figure(&found, "ledger.air", "");
        let told = has_remark(figure, "account-unusual-per-person");
        assert_eq!(told, is_doubted, "{litres} L, {people:?}, {households:?}");
        let is_checked = figure.claim >= ClaimVerdict::Doubtful;
        assert_eq!(is_checked, is_doubted, "{:?}", figure.remarks);
    }
}
