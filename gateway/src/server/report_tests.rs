//! Tests of the pages of reports: orders, issued reports, and what has changed since.

use crate::domain::issued_report::{IssueWay, ReportIssue};
use crate::server::build_router;
use crate::server::tests::ApiTestBench;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

const HOSTILE: &str = "<script>alert(1)</script>";

async fn send(bench: &ApiTestBench, request: Request<Body>) -> Response {
    let router = build_router(bench.state.clone());
    router.oneshot(request).await.unwrap()
}

async fn get(bench: &ApiTestBench, path: &str) -> Response {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id");
    send(bench, request.body(Body::empty()).unwrap()).await
}

async fn order(bench: &ApiTestBench, form: &str) -> Response {
    let request = Request::post("/laporan")
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .header("origin", "http://localhost:8080")
        .header("content-type", "application/x-www-form-urlencoded");
    send(bench, request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn body(response: Response) -> Vec<u8> {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    bytes.to_vec()
}

async fn text(bench: &ApiTestBench, path: &str) -> (StatusCode, String) {
    let response = get(bench, path).await;
    let status = response.status();
    (status, String::from_utf8(body(response).await).unwrap())
}

/// Orders a report and waits for it; returns the address of its page, and the page.
async fn wait_for_order(bench: &ApiTestBench, form: &str) -> (String, String) {
    let answer = order(bench, form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let place = answer.headers()[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned();
    for _ in 0..500 {
        let response = get(bench, &place).await;
        let is_running = response.headers().contains_key(header::REFRESH);
        let page = String::from_utf8(body(response).await).unwrap();
        if !is_running {
            return (place, page);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the report is not ready");
}

#[tokio::test]
async fn the_short_edition_has_its_figures_in_both_languages_and_a_text_to_share() {
    let bench = ApiTestBench::with_readings(3).await;
    let (status, id) = text(&bench, "/laporan?period=2026-11&lang=id").await;
    assert_eq!(status, StatusCode::OK);
    for part in [
        "Laporan bulanan · November 2026",
        "class=\"figure\"",
        "https://wa.me/?text=Laporan%20bulanan%3A%20Desa%20Impian",
        "http://localhost:8080/laporan?period=2026-11",
    ] {
        assert!(id.contains(part), "{part} is not in\n{id}");
    }
    let (_, en) = text(&bench, "/laporan?period=2026-11&lang=en").await;
    assert!(en.contains("Monthly report · November 2026"), "{en}");
    // Without a period: the last whole month.
    let (_, usual) = text(&bench, "/laporan?lang=id").await;
    assert!(usual.contains("Oktober 2026"), "{usual}");
}

#[tokio::test]
async fn a_hostile_name_stays_a_text() {
    let mut bench = ApiTestBench::with_readings(1).await;
    let config = Arc::make_mut(&mut bench.state.config);
    config.site.name = HOSTILE.into();
    config.assets[0].name = HOSTILE.into();
    bench.state.assets = config.assets.clone().into();
    for path in [
        "/laporan?period=2026-11",
        "/laporan?period=%3Cscript%3E&asset=%22",
    ] {
        let (status, page) = text(&bench, path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!page.contains(HOSTILE), "{page}");
    }
}

/// The only issued report.
async fn only_issue(bench: &ApiTestBench) -> ReportIssue {
    let all = bench.state.store.issued_reports_before(u64::MAX).await;
    let [only] = <[_; 1]>::try_from(all.unwrap()).unwrap();
    only.issue
}

#[tokio::test]
async fn an_ordered_report_is_made_kept_noted_and_compared() {
    let bench = ApiTestBench::with_readings(3).await;
    let (place, page) = wait_for_order(&bench, "period=2026-11&asset=&format=pdf").await;
    let file = place.replace("pekerjaan", "berkas");
    assert!(page.contains(&format!("href=\"{file}\"")), "{page}");
    let answer = get(&bench, &file).await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/pdf");
    let name = answer.headers()[header::CONTENT_DISPOSITION]
        .to_str()
        .unwrap();
    assert_eq!(name, "attachment; filename=\"desa-impian-2026-11.pdf\"");
    assert!(body(answer).await.starts_with(b"%PDF"));
    // The same content in another format and language is the same issue.
    wait_for_order(&bench, "period=2026-11&asset=&format=csv").await;
    let only = only_issue(&bench).await;
    assert_eq!(only.via, IssueWay::Page);
    let (_, list) = text(&bench, "/laporan").await;
    assert!(list.contains("/laporan/terbitan/1?bandingkan=1"), "{list}");
    assert!(list.contains(&only.content[..12]), "{list}");
    let (_, alone) = text(&bench, "/laporan/terbitan/1").await;
    assert!(!alone.contains("persis sama"), "{alone}");
    let (_, compared) = text(&bench, "/laporan/terbitan/1?bandingkan=1").await;
    assert!(compared.contains("persis sama"), "{compared}");
}

#[tokio::test]
async fn both_editions_can_be_ordered_and_are_one_issue() {
    let bench = ApiTestBench::with_readings(3).await;
    let (_, page) = text(&bench, "/laporan?period=2026-11&lang=id").await;
    for word in ["director", "full"] {
        assert!(
            page.contains(&format!("name=\"edition\" value=\"{word}\"")),
            "{page}"
        );
    }
    let mut files = Vec::new();
    for (edition, name) in [("director", "2026-11"), ("full", "2026-11-full")] {
        let form = format!("period=2026-11&asset=&format=pdf&edition={edition}");
        let (place, _) = wait_for_order(&bench, &form).await;
        let answer = get(&bench, &place.replace("pekerjaan", "berkas")).await;
        let told = answer.headers()[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap();
        assert!(told.contains(&format!("desa-impian-{name}.pdf")), "{told}");
        files.push(body(answer).await);
    }
    assert!(files[0].len() < files[1].len());
    // The same over the API, where the director's is the usual one.
    let short = body(get(&bench, "/api/v1/reports/2026-11.pdf").await).await;
    let full = body(get(&bench, "/api/v1/reports/2026-11.pdf?edition=full").await).await;
    assert!(short.len() < full.len());
    only_issue(&bench).await;
}

#[tokio::test]
async fn a_report_over_the_api_is_noted_too() {
    let bench = ApiTestBench::with_readings(3).await;
    let (status, _) = text(&bench, "/api/v1/reports/2026-11.json").await;
    assert_eq!(status, StatusCode::OK);
    let only = only_issue(&bench).await;
    assert_eq!(only.period.to_string(), "2026-11");
    assert_eq!(only.content.len(), 64);
}

#[tokio::test]
async fn a_figure_that_has_moved_since_is_shown_with_both_values() {
    let bench = ApiTestBench::with_readings(3).await;
    let headlines = "[{\"id\":\"plts.generation\",\"asset\":\"plts\",\"value\":99.5,\
        \"unit\":\"kWh\",\"decimals\":1,\"status\":\"final\"}]";
    let issue = ReportIssue {
        period: "2026-11".parse().unwrap(),
        asset: None,
        content: "0".repeat(64),
        revision: "old".to_owned(),
        digest: String::new(),
        headlines: headlines.to_owned(),
        via: IssueWay::Api,
        issued_by: HOSTILE.to_owned(),
        made: crate::domain::UtcMs(0),
    };
    bench
        .state
        .store
        .note_issued_report(issue, None)
        .await
        .unwrap();
    let (_, page) = text(&bench, "/laporan/terbitan/1?bandingkan=1").await;
    let page = page.replace('\u{a0}', " ");
    assert!(page.contains("99,5 kWh (final)"), "{page}");
    assert!(page.contains("Konfigurasi atau faktor berubah"), "{page}");
    assert!(!page.contains(HOSTILE), "{page}");
}

#[tokio::test]
async fn what_cannot_be_ordered_or_is_gone_is_said() {
    let bench = ApiTestBench::new();
    for (form, status) in [
        ("period=2026-13&asset=&format=pdf", StatusCode::BAD_REQUEST),
        ("period=2026-11&asset=&format=doc", StatusCode::BAD_REQUEST),
        (
            "period=2026-11&asset=none&format=pdf",
            StatusCode::NOT_FOUND,
        ),
        (
            "period=2026-11&asset=&format=pdf&edition=short",
            StatusCode::BAD_REQUEST,
        ),
        ("x", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(order(&bench, form).await.status(), status, "{form}");
    }
    for path in [
        "/laporan/pekerjaan/0123",
        "/laporan/berkas/0123",
        "/laporan/terbitan/7",
        "/laporan/terbitan/x",
    ] {
        let (status, page) = text(&bench, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains("<html lang=\"id\""), "{page}");
    }
    let (_, failed) = wait_for_order(&bench, "period=2027&asset=&format=pdf").await;
    assert!(failed.contains("Laporan tidak dapat dibuat"), "{failed}");
}
