//! Tests of the page of the impact, and of the card that other sites may show.

use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
use crate::server::build_router;
use crate::server::tests::ApiTestBench;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use std::sync::Arc;
use tower::ServiceExt;

async fn get(bench: &ApiTestBench, path: &str) -> (HeaderMap, String) {
    let request = Request::get(path).header("host", "localhost:8080");
    let request = request.header("accept-language", "id");
    let router = build_router(bench.state.clone());
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_claim_without_enough_data_shows_its_reason_and_nothing_is_called_final_too_early() {
    let bench = ApiTestBench::with_readings(3).await;
    let (_, page) = get(&bench, "/dampak").await;
    for part in [
        "Emisi gas rumah kaca yang dihindari",
        "2026 sampai 25 Nov 2026",
        "class=\"none\"",
        "bukan unit karbon",
        "/jelas/co2.net?period=2026-11",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert!(
        !page.contains("<span class=\"status\">final</span>"),
        "{page}"
    );
    let (_, en) = get(&bench, "/dampak?lang=en").await;
    assert!(en.contains("Greenhouse gas emissions avoided"), "{en}");
}

#[tokio::test]
async fn records_of_people_and_money_are_shown_with_their_unit() {
    let bench = ApiTestBench::new();
    let statement = EntryStatement {
        sort: EntryKind::Record,
        indicator: "beneficiaries".into(),
        what: "warga".to_owned(),
        quantity: ExactNumber::with_places(1240, 0),
        unit: "orang".into(),
        when: EntryTime::Day(jiff::civil::date(2026, 11, 3)),
        known: QuantityBasis::Counted,
        who: "Siti".to_owned(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    };
    let store = &bench.state.store;
    store.append_ledger(vec![statement], "test").await.unwrap();
    let (_, page) = get(&bench, "/dampak").await;
    assert!(page.contains("Orang dan rupiah"), "{page}");
    assert!(page.contains("1.240"), "{page}");
    assert!(page.contains("Sejak 3 Nov 2026"), "{page}");
}

#[tokio::test]
async fn only_the_card_may_be_shown_in_a_frame_and_only_by_the_sites_that_are_named() {
    let mut bench = ApiTestBench::new();
    let policy = |headers: &HeaderMap| {
        let policy = headers["content-security-policy"].to_str().unwrap();
        policy.to_owned()
    };
    let (headers, card) = get(&bench, "/dampak/sematkan").await;
    assert!(policy(&headers).contains("frame-ancestors 'none'"));
    assert_eq!(headers["x-frame-options"], "DENY");
    assert!(
        !card.contains("<script") && !card.contains("<nav"),
        "{card}"
    );
    let config = Arc::make_mut(&mut bench.state.config);
    config.web.embed = vec!["https://desa.example.id".to_owned()];
    let (headers, _) = get(&bench, "/dampak/sematkan").await;
    let allowed = policy(&headers);
    assert!(
        allowed.contains("frame-ancestors https://desa.example.id"),
        "{allowed}"
    );
    assert!(allowed.contains("default-src 'self'"), "{allowed}");
    assert!(!headers.contains_key("x-frame-options"));
    for path in ["/dampak", "/laporan", "/"] {
        let (headers, _) = get(&bench, path).await;
        assert!(
            policy(&headers).contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
    }
}
