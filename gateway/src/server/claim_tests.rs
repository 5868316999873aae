//! Tests that a figure which must not be claimed stands on none of the surfaces that people quote
//! from: page 1, short edition, home, impact, card, cards of assets, and the note of a report.

use crate::domain::{ExactNumber, UtcMs};
use crate::indicators::all_indicators;
use crate::limits::REPORT_HEADLINES_MAX;
use crate::report::content::{ReportInputs, build_document, headline_records};
use crate::report::render::{ReportFormat, render_document};
use crate::server::tests::{ApiTestBench, NOW};
use crate::tests::{SiteText, load_site};
use axum::body::Body;
use axum::http::{Request, StatusCode};

const HOUR_MS: i64 = 3_600_000;
/// Surfaces that show headlines of November 2026.
const SURFACES: [&str; 7] = [
    "/?lang=id",
    "/?lang=en",
    "/dampak?lang=id",
    "/dampak?lang=en",
    "/dampak/sematkan?lang=id",
    "/laporan?period=2026-11&lang=id",
    "/laporan?period=2026-11&lang=en",
];

/// A site with one plant, whose counter grows by 1.11 kWh an hour.
fn site(plant: &str) -> String {
    SiteText::new("desa-impian")
        .with("name = 'Desa Impian'\n[store]\npath = 'store'")
        .tcp_bus("lan", 502)
        .device("inverter", "lan", "unit = 1\nevery = '1h'")
        .points([
            "{ id = 'ac_energy', register = 'holding:1', type = 'u32', unit = 'kWh', \
             counter = true, scale = 0.01 }",
        ])
        .asset("plts", "plts", "energy = 'inverter.ac_energy'")
        .with(plant)
        .text()
}

/// The site after 585 hours, all of November up to the present.
async fn bench(plant: &str) -> ApiTestBench {
    let bench = ApiTestBench::of_config(&load_site(&site(plant)));
    let rows = (0..=585_i32).map(|hour| {
        let at = UtcMs(NOW - i64::from(585 - hour) * HOUR_MS);
        (at, ExactNumber::Float(1000.0 + 1.11 * f64::from(hour)))
    });
    let store = &bench.state.store;
    let point = "inverter.ac_energy";
    store.import_rows(point, rows.collect()).await.unwrap();
    bench
}

async fn get(bench: &ApiTestBench, path: &str) -> String {
    let request = Request::get(path).header("host", "localhost:8080");
    let (status, page) = bench
        .send_request(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(status, StatusCode::OK, "{path}: {page}");
    page
}

/// The figures of the month over the API, as the auditor sees them.
async fn api_figures(bench: &ApiTestBench) -> Vec<serde_json::Value> {
    let text = get(bench, "/api/v1/indicators?period=2026-11&lang=en").await;
    serde_json::from_str(&text).unwrap()
}

fn find<'a>(all: &'a [serde_json::Value], id: &str, asset: Option<&str>) -> &'a serde_json::Value {
    let is_wanted = |one: &&serde_json::Value| one["id"] == id && one["asset"].as_str() == asset;
    all.iter().find(is_wanted).unwrap()
}

/// The number as both languages write it with two to four digits.
fn spellings(value: f64) -> Vec<String> {
    let mut all = Vec::new();
    for digits in 2..=3 {
        let text = format!("{value:.digits$}");
        all.push(format!(">{}<", text.replace('.', ",")));
        all.push(format!(">{text}<"));
    }
    // Rounded down, as claims are.
    let down = (value * 100.0).floor() / 100.0;
    all.push(format!(">{down:.2}<"));
    all.push(format!(">{}<", format!("{down:.2}").replace('.', ",")));
    all
}

const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "a table that nobody verified",
        "capacity_kwp = 8.0\nsystem = 'off-grid'\n\
         baseline = { kind = 'GENSET', rating_kw = 10, load = 'lf50' }\n\
         leakage = { replaced = 'scrapped', statement = 'letter' }",
        "unverified",
    ),
    (
        "export that is not measured",
        "capacity_kwp = 8.0\n\
         baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }",
        "upper-bound",
    ),
    (
        "a CT ratio three times too high",
        "capacity_kwp = 2.0\nsystem = 'off-grid'\n\
         baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }",
        "implausible",
    ),
];

#[tokio::test]
async fn what_must_not_be_claimed_stands_on_no_surface_that_people_quote_from() {
    for (case, plant, reason) in FORBIDDEN {
        let bench = bench(plant).await;
        let all = api_figures(&bench).await;
        let net = find(&all, "co2.net", Some("plts"));
        assert_eq!(net["claim"]["verdict"], "not-claimed", "{case}: {net}");
        assert_eq!(net["claim"]["reason"], *reason, "{case}: {net}");
        assert!(net["claim"]["text"].is_string(), "{case}: {net}");
        let number = net["value"].as_f64().unwrap();
        assert!(number > 0.3, "{case}: {number}");
        // The total of the site has no part that may be claimed.
        let total = find(&all, "co2.net", None);
        assert!(total["value"].is_null(), "{case}: {total}");
        assert_quoted_nowhere(&bench, case, number).await;
    }
}

#[tokio::test]
async fn generation_with_a_certificate_stands_on_no_surface_that_people_quote_from() {
    let plant = "capacity_kwp = 8.0\nsystem = 'off-grid'\n\
                 claim = { owner = 'Desa', rec = true }";
    let bench = bench(plant).await;
    let all = api_figures(&bench).await;
    let made = find(&all, "plts.generation", Some("plts"));
    assert_eq!(made["claim"]["reason"], "certified", "{made}");
    let number = made["value"].as_f64().unwrap();
    let total = find(&all, "site.generation", None);
    assert!(total["value"].is_null(), "{total}");
    for path in SURFACES {
        let page = get(&bench, path).await;
        for text in spellings(number) {
            assert!(!page.contains(&text), "{text} is on {path}\n{page}");
        }
    }
    check_report(&bench, "certified", &spellings(number)).await;
}

/// A genset baseline whose leakage nobody stated: gross emissions, and no net.
const UNSTATED: &str = "capacity_kwp = 8.0\nsystem = 'off-grid'\n\
    baseline = { kind = 'GENSET', rating_kw = 5, litres_per_kwh = 0.4, density_kg_l = 0.84, \
    biodiesel = [{ from = 2025-01-01, share = 0.0 }] }";

/// All figures of emissions of a period, and one of energy, as the choice of a site.
fn chosen_emissions() -> String {
    let all = all_indicators().filter(|one| one.unit.contains("CO2"));
    let ids = all
        .map(|one| one.id)
        .filter(|id| !id.ends_with(".lifetime"));
    let mut ids: Vec<&str> = ids.filter(|id| !id.starts_with("genset.")).collect();
    ids.dedup();
    ids.truncate(REPORT_HEADLINES_MAX);
    format!("[report]\nheadlines = {ids:?}\n")
}

#[tokio::test]
async fn whatever_emissions_a_site_chooses_for_page_1_need_a_net_that_may_be_claimed() {
    let chosen = chosen_emissions();
    assert!(chosen.contains("co2.gross") && chosen.contains("methane.annual"));
    let unstated = ("leakage that is not stated", UNSTATED, "upper-bound");
    for (case, plant, reason) in FORBIDDEN.iter().copied().chain([unstated]) {
        let bench = bench(&format!("{plant}\n{chosen}")).await;
        let all = api_figures(&bench).await;
        let gross = find(&all, "co2.gross", Some("plts"));
        assert_eq!(gross["claim"]["verdict"], "not-claimed", "{case}: {gross}");
        assert_eq!(gross["claim"]["reason"], *reason, "{case}: {gross}");
        let number = gross["value"].as_f64().unwrap();
        assert!(number > 0.3, "{case}: {number}");
        let total = find(&all, "co2.gross", None);
        assert!(total["value"].is_null(), "{case}: {total}");
        assert_quoted_nowhere(&bench, case, number).await;
    }
}

/// No page, message or report that people quote from has the number.
async fn assert_quoted_nowhere(bench: &ApiTestBench, case: &str, number: f64) {
    let numbers = spellings(number);
    for path in SURFACES {
        let page = get(bench, path).await;
        for text in &numbers {
            assert!(!page.contains(text), "{case}: {text} is on {path}\n{page}");
        }
    }
    check_report(bench, case, &numbers).await;
}

/// Page 1 and the officer's form of the report do not have the number; nor has its note.
async fn check_report(bench: &ApiTestBench, case: &str, numbers: &[String]) {
    let ask = crate::indicators::IndicatorQuery {
        period: "2026-11".parse().unwrap(),
        asset: None,
        now: UtcMs(NOW),
        daily: true,
        snapshots: false,
    };
    let (config, store) = (&bench.state.config, &bench.state.store);
    let found = crate::indicators::calculate_indicators(config, store, &ask, &mut |_| ()).await;
    let account = found.unwrap();
    for lang in [crate::i18n::Language::Id, crate::i18n::Language::En] {
        let matter = ReportInputs {
            config,
            account: &account,
            entries: &[],
            changes: &[],
            changes_left_out: 0,
            revised: None,
            past: None,
            evidence: &crate::evidence::NO_EVIDENCE,
            asset: None,
            issued: UtcMs(NOW),
            lang,
        };
        for record in headline_records(matter) {
            if ["co2.net", "co2.gross"].contains(&&*record.id) {
                assert_eq!(record.value, None, "{case}: {record:?}");
                assert_ne!(record.status, "final", "{case}");
            }
        }
        let mut document = build_document(matter);
        document
            .sections
            .retain(|section| ["summary", "form"].contains(&&*section.id));
        assert_eq!(document.sections.len(), 2, "{case}");
        let text = render_document(&document, ReportFormat::Csv).unwrap();
        let text = String::from_utf8(text).unwrap();
        for number in numbers {
            let number = number.trim_matches(['<', '>']);
            assert!(!text.contains(number), "{case}: {number} in\n{text}");
        }
    }
}

#[tokio::test]
async fn a_plausible_plant_with_a_metered_load_may_be_claimed_as_provisional() {
    let bench = bench(
        "capacity_kwp = 8.0\nsystem = 'off-grid'\n\
         baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }",
    )
    .await;
    let all = api_figures(&bench).await;
    let net = find(&all, "co2.net", None);
    assert_eq!(net["claim"]["verdict"], "provisional", "{net}");
    assert_eq!(
        find(&all, "plts.generation", Some("plts"))["claim"]["verdict"],
        "claimable"
    );
    for one in all.iter().filter(|one| one["value"].is_null()) {
        assert!(one["claim"]["verdict"].is_null(), "{one}");
    }
    let page = get(&bench, "/laporan?period=2026-11&lang=en").await;
    let number = format!(
        "{:.2}",
        (net["value"].as_f64().unwrap() * 100.0).floor() / 100.0
    );
    assert!(page.contains(&number), "{number} is not in\n{page}");
}
