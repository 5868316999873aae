//! CO2 claims and the evidence that is missing for them.

use super::site::{SITE_DEVICES, SITE_PLANT, site_text};
use super::{
    HOUR, TestSite, assert_figure_close, assert_missing, figure_value, find_figure, has_remark,
    missing_reason, parse_time,
};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason, ProvisionalReason};
use crate::domain::indicator::{RoundingDirection, SiteIndicators};

/// Plant without an export meter.
fn plant_without_export(baseline: &str) -> String {
    let plant = "[[asset]]\nid = 'plts'\nkind = 'plts'\nsystem = 'off-grid'\ncapacity_kwp = 2.2\n\
                 energy = 'inverter.energy'\n";
    format!("{SITE_DEVICES}{plant}{baseline}\n")
}

/// Year 2026 of a site whose counter grew by `kwh`.
async fn account_of_year(text: &str, kwh: f64) -> SiteIndicators {
    let village = TestSite::new(text);
    let start = parse_time("2025-12-31T17:00:00Z").0;
    let days = (0..=365).map(|day| {
        (
            start + day * 24 * HOUR,
            Some(1000.0 + kwh * f64::from(i32::try_from(day).unwrap()) / 365.0),
        )
    });
    village
        .store_readings(vec![("inverter.energy", days.collect())])
        .await;
    village.indicators("2026").await
}

#[tokio::test]
async fn a_claim_of_2_28_tonnes_is_arithmetic_and_says_what_is_missing() {
    let site =
        plant_without_export("baseline = { kind = 'GRID', factor = 'grid.ptba_practice.2023' }");
    let found = account_of_year(&site, 2886.0).await;
    let gross = find_figure(&found, "co2.gross", "plts");
    assert!((figure_value(&found, "co2.gross", "plts") - 2.279_94).abs() < 1e-9);
    assert!((figure_value(&found, "co2.net", "") - 2.279_94).abs() < 1e-9);
    assert_eq!(
        (gross.method, gross.side, &*gross.unit),
        ("C.3", RoundingDirection::Benefit, "tCO2e")
    );
    assert_eq!(
        gross.claim,
        ClaimVerdict::Provisional(ProvisionalReason::Derived)
    );
    assert_eq!(find_figure(&found, "co2.net", "").claim, gross.claim);
    let missing = [
        "account-evidence-official",
        "account-evidence-kwp",
        "account-evidence-baseline",
        "account-factor-policy",
    ];
    for key in missing {
        assert!(has_remark(gross, key), "{key}: {:?}", gross.remarks);
    }
    // Uncertainty of the meter 1 %, of the factor 10 % by policy.
    let wide = gross.uncertainty.tier1_pct.unwrap();
    assert!((wide - 101.0_f64.sqrt()).abs() < 1e-9, "{wide}");
}

#[tokio::test]
async fn a_grid_factor_without_its_page_is_provisional() {
    let found = account_of_year(&site_text(&[SITE_PLANT]), 1000.0).await;
    // Export was never read, so self-use is unknown.
    assert_missing(&found, "co2.gross", "plts", "analyse-status-no-data");
    let site = plant_without_export(
        "baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_expost', losses = 0.1 }",
    );
    let found = account_of_year(&site, 1000.0).await;
    assert_figure_close(&found, "co2.gross", "plts", 1.034);
    let gross = find_figure(&found, "co2.gross", "plts");
    assert_eq!(
        gross.claim,
        ClaimVerdict::Provisional(ProvisionalReason::NoPage)
    );
    assert!(has_remark(gross, "account-evidence-page"));
    assert_eq!(&*gross.unit, "tCO2");
}

/// Gross emissions of 2026 with a baseline of these days, and what its remark says of them.
async fn gross_of_days(days: &str) -> (Option<f64>, Vec<(&'static str, String)>) {
    let site = plant_without_export(&format!(
        "baseline = {{ kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante'{days} }}"
    ));
    let found = account_of_year(&site, 3650.0).await;
    let gross = find_figure(&found, "co2.gross", "plts");
    let mut remarks = gross.remarks.iter();
    let part = remarks.find(|said| said.key == "account-baseline-part");
    let args = part.map_or_else(Vec::new, |said| said.args.clone());
    // A net never claims more days than its gross.
    let net = find_figure(&found, "co2.net", "plts");
    assert_eq!(net.claim, gross.claim);
    assert_eq!(net.value.clone().ok(), gross.value.clone().ok());
    (gross.value.clone().ok(), args)
}

#[tokio::test]
async fn a_baseline_holds_from_its_day_to_its_day() {
    let per_day = 10.0 * 0.93 / 1000.0;
    let close = |value: Option<f64>, days: f64| {
        let value = value.unwrap();
        assert!(
            (value - days * per_day).abs() < 1e-9,
            "{value} for {days} days"
        );
    };
    let (whole, said) = gross_of_days("").await;
    close(whole, 365.0);
    assert_eq!(said, []);
    let (second, said) = gross_of_days(", since = 2026-07-01").await;
    close(second, 184.0);
    let day = |name, text: &str| (name, text.to_owned());
    assert_eq!(
        said,
        [day("first", "2026-07-01"), day("last", "2026-12-31")]
    );
    let (first, _) = gross_of_days(", until = 2026-06-30").await;
    close(first, 181.0);
    // Two parts are the whole.
    let sum = first.unwrap() + second.unwrap();
    assert!((sum - whole.unwrap()).abs() < 1e-9);
    assert_eq!(gross_of_days(", since = 2027-01-01").await.0, None);
    assert_eq!(gross_of_days(", until = 2025-12-31").await.0, None);
}

#[tokio::test]
async fn a_factor_that_ends_within_the_period_ends_the_claim() {
    use crate::assets::{AssetKind, BaselineKind};
    let text = plant_without_export(
        "baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }",
    );
    let mut village = TestSite::new(&text);
    let AssetKind::Plts(plant) = &mut village.config.assets[0].kind else {
        panic!("a plant");
    };
    let Some(BaselineKind::Grid {
        factor: Some(factor),
        ..
    }) = plant.baselines.first_mut().map(|one| &mut one.kind)
    else {
        panic!("a grid");
    };
    std::sync::Arc::make_mut(factor).valid_to = Some(jiff::civil::date(2026, 6, 30));
    let start = parse_time("2025-12-31T17:00:00Z").0;
    let days = (0..=365_i32).map(|day| {
        (
            start + i64::from(day) * 24 * HOUR,
            Some(f64::from(day) * 10.0),
        )
    });
    village
        .store_readings(vec![("inverter.energy", days.collect())])
        .await;
    let found = village.indicators("2026").await;
    assert_figure_close(&found, "co2.gross", "plts", 181.0 * 10.0 * 0.93 / 1000.0);
    assert_figure_close(&found, "co2.net", "", 181.0 * 10.0 * 0.93 / 1000.0);
    let later = village.indicators("2026-08").await;
    assert_missing(&later, "co2.gross", "plts", "account-factor-expired");
}

#[tokio::test]
async fn where_there_was_no_service_nothing_is_avoided() {
    let found = account_of_year(
        &plant_without_export("baseline = { kind = 'NONE' }"),
        1000.0,
    )
    .await;
    assert_missing(&found, "co2.gross", "plts", "account-baseline-none");
    assert_eq!(found.find("co2.net", Some("plts")), None);
    let found = account_of_year(&plant_without_export(""), 1000.0).await;
    assert_missing(&found, "co2.gross", "plts", "account-no-baseline");
    let certified = "baseline = { kind = 'GRID', factor = 'grid.ptba_practice.2023' }\n\
                     claim = { owner = 'Desa', rec = true }";
    let found = account_of_year(&plant_without_export(certified), 1000.0).await;
    assert_missing(&found, "co2.gross", "plts", "account-rec");
}

#[tokio::test]
async fn a_diesel_set_needs_a_statement_of_what_became_of_it() {
    let set = "baseline = { kind = 'GENSET', rating_kw = 5, litres_per_kwh = 0.4, \
               density_kg_l = 0.84, biodiesel = [{ from = 2025-01-01, share = 0.4 }] }\n";
    let found = account_of_year(&plant_without_export(set), 1000.0).await;
    // 400 L with 1.6059 kg fossil CO2 each.
    let per_litre = 43.0 * 0.84 / 1000.0 * 74.1 * 0.6;
    assert_figure_close(&found, "co2.gross", "plts", 0.4 * per_litre);
    assert_missing(&found, "co2.net", "plts", "account-no-statement");
    let sold = format!(
        "{set}leakage = {{ replaced = 'sold', litres_per_year = 100, statement = 'letter' }}"
    );
    let found = account_of_year(&plant_without_export(&sold), 1000.0).await;
    let leaked = 100.0 * 365.0 / 365.25 * per_litre / 1000.0;
    assert_figure_close(&found, "co2.leakage", "plts", leaked);
    assert_figure_close(&found, "co2.net", "plts", 0.4 * per_litre - leaked);
    assert_eq!(
        find_figure(&found, "co2.leakage", "plts").side,
        RoundingDirection::Burden
    );
}

#[tokio::test]
async fn a_number_that_nobody_checked_is_not_claimed_and_counts_in_no_total() {
    let table = "baseline = { kind = 'GENSET', rating_kw = 10, load = 'lf50' }\n\
                 leakage = { replaced = 'scrapped', statement = 'letter' }";
    let found = account_of_year(&plant_without_export(table), 1000.0).await;
    assert_figure_close(&found, "co2.net", "plts", 1.4);
    // The table knows no fuel, so litres that go on burning have no emissions to compute.
    let sold = table.replace("'scrapped'", "'sold', litres_per_year = 100");
    let leaked = account_of_year(&plant_without_export(&sold), 1000.0).await;
    assert_eq!(
        missing_reason(&leaked, "co2.leakage", "plts"),
        "account-no-leakage-fuel"
    );
    let net = find_figure(&found, "co2.net", "plts");
    assert_eq!(
        net.claim,
        ClaimVerdict::NotClaimed(NotClaimedReason::Unverified)
    );
    assert_missing(&found, "co2.net", "", "factor-headline-unverified");
    assert_missing(&found, "co2.gross", "", "factor-headline-unverified");
}

#[tokio::test]
async fn a_fuel_pump_by_its_water_counts_the_fossil_share_alone() {
    let site = |keys: &str| {
        let baseline = format!("baseline = {{ kind = 'PUMP_FUEL', pump = 'pump'{keys} }}");
        let pump = "[[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n\
                    head = { static_m = 20.0 }\n";
        format!("{}{pump}", plant_without_export(&baseline))
    };
    let mut found = Vec::new();
    for keys in [
        ", biodiesel = [{ from = 2025-01-01, share = 0.0 }]",
        ", biodiesel = [{ from = 2025-01-01, share = 0.4 }]",
        "",
    ] {
        let village = TestSite::new(&site(keys));
        let start = parse_time("2025-12-31T17:00:00Z").0;
        let water = (0..=365_i32).map(|day| {
            let m3 = 6000.0 * f64::from(day) / 365.0;
            (start + i64::from(day) * 24 * HOUR, Some(m3))
        });
        village
            .store_readings(vec![("pump.volume", water.collect())])
            .await;
        let year = village.indicators("2026").await;
        let gross = find_figure(&year, "co2.gross", "plts");
        assert_eq!(gross.method, "C.6");
        assert!(gross.inputs.iter().any(|input| input.symbol == "b"));
        found.push(figure_value(&year, "co2.gross", "plts"));
    }
    let kwh = 996.236 * 9.806_65 * 20.0 * 6000.0 / 3.6e6;
    let fossil = 0.0036 * kwh / (0.65 * 0.33) * 74.1 / 1000.0;
    assert!(
        (found[0] / fossil - 1.0).abs() < 1e-4,
        "{} {fossil}",
        found[0]
    );
    // B40, from the configuration or from the factor of 2025.
    assert!((found[1] / found[0] - 0.6).abs() < 1e-9, "{found:?}");
    assert!((found[2] / found[0] - 0.6).abs() < 1e-9, "{found:?}");
}

#[tokio::test]
async fn what_is_computed_from_an_unusual_number_is_to_be_checked() {
    let claim = |litres: &str| {
        plant_without_export(&format!(
            "baseline = {{ kind = 'GENSET', rating_kw = 5, litres_per_kwh = {litres}, \
             density_kg_l = 0.84 }}\nleakage = {{ replaced = 'scrapped', statement = 's' }}"
        ))
    };
    for (litres, verdict) in [
        ("1.2", ClaimVerdict::Doubtful),
        ("0.4", ClaimVerdict::Claimable),
    ] {
        let found = account_of_year(&claim(litres), 2886.0).await;
        for (id, asset) in [("co2.gross", "plts"), ("co2.net", "plts"), ("co2.net", "")] {
            let figure = find_figure(&found, id, asset);
            assert_eq!(figure.claim, verdict, "{id}: {:?}", figure.remarks);
            let is_told = has_remark(figure, "account-unusual-setting");
            assert_eq!(is_told, verdict == ClaimVerdict::Doubtful, "{id}");
        }
    }
}

#[tokio::test]
async fn a_replaced_engine_without_a_statement_leaves_no_net_figure() {
    for (leakage, missing) in [
        ("{ replaced = 'scrapped' }", true),
        ("{ replaced = 'idle' }", true),
        ("{ replaced = 'sold', litres_per_year = 100 }", true),
        ("{ replaced = 'idle', statement = 'photo' }", false),
        ("{ replaced = 'nothing' }", false),
    ] {
        let site = plant_without_export(&format!(
            "baseline = {{ kind = 'GENSET', rating_kw = 5, litres_per_kwh = 0.4, \
             density_kg_l = 0.84 }}\nleakage = {leakage}"
        ));
        let found = account_of_year(&site, 2886.0).await;
        let figure = find_figure(&found, "co2.leakage", "plts");
        assert_eq!(figure.value.is_err(), missing, "{leakage}");
        if missing {
            assert_missing(&found, "co2.leakage", "plts", "account-no-statement");
        }
    }
}

#[tokio::test]
async fn a_claim_beside_the_fuel_of_a_pump_that_names_no_plant_is_to_be_checked() {
    let plant = |id: &str, energy: &str, baseline: &str| {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'plts'\nsystem = 'off-grid'\ncapacity_kwp = 5\n\
             energy = '{energy}'\nbaseline = {{ {baseline} }}\n\
             leakage = {{ replaced = 'nothing' }}\n"
        )
    };
    for (driver, is_doubted) in [("", true), ("plts = 'water'\n", false)] {
        let assets = [
            plant(
                "roof",
                "inverter.energy",
                "kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante'",
            ),
            plant("water", "meter.import", "kind = 'PUMP_FUEL', pump = 'pump'"),
            format!(
                "[[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n\
                 head = {{ static_m = 20.0 }}\n{driver}"
            ),
        ];
        let village = TestSite::new(&[SITE_DEVICES, &assets.concat()].concat());
        let start = parse_time("2026-10-31T17:00:00Z").0;
        let counter = |step: f64| {
            let day = |day: i32| {
                let at = start + i64::from(day) * 24 * HOUR;
                (at, Some(100.0 + step * f64::from(day)))
            };
            (0..=30).map(day).collect()
        };
        let columns = vec![
            ("inverter.energy", counter(5.0)),
            ("meter.import", counter(3.0)),
            ("pump.volume", counter(10.0)),
        ];
        village.store_readings(columns).await;
        let found = village.indicators("2026-11").await;
        for (id, asset) in [
            ("co2.gross", "roof"),
            ("co2.gross", "water"),
            ("co2.net", ""),
        ] {
            let figure = find_figure(&found, id, asset);
            let is_told = has_remark(figure, "account-claimed-perhaps-pump");
            assert_eq!(is_told, is_doubted, "{driver}{asset}: {:?}", figure.remarks);
            let is_worse = figure.claim >= ClaimVerdict::Doubtful;
            assert_eq!(is_worse, is_doubted, "{driver}{asset}: {:?}", figure.claim);
        }
    }
}
