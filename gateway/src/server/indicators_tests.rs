//! Tests of `/api/v1/indicators` and `/api/v1/reports` without a network.

use crate::server::tests::ApiTestBench;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

async fn get_json(bench: &ApiTestBench, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .body(Body::empty())
        .unwrap();
    let (status, text) = bench.send_request(request).await;
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[tokio::test]
async fn figures_have_the_fields_that_scripts_rely_on() {
    let bench = ApiTestBench::with_readings(400).await;
    let (status, all) = get_json(&bench, "/api/v1/indicators?period=2026-11-25&asset=plts").await;
    assert_eq!(status, StatusCode::OK, "{all}");
    let all = all.as_array().unwrap();
    assert!(!all.is_empty());
    for one in all {
        for field in [
            "id",
            "asset",
            "value",
            "unit",
            "uncertainty",
            "completeness",
            "method",
            "inputs",
            "factors",
            "origin",
            "equation",
            "remarks",
            "provisional",
            "revision",
            "period",
            "name",
        ] {
            assert!(one.get(field).is_some(), "{field}: {one}");
        }
        assert_eq!(one["asset"], "plts");
        assert!(
            one["value"].is_number() || one["reason"].is_string(),
            "{one}"
        );
    }
}

#[tokio::test]
async fn a_report_is_a_file_of_its_type() {
    let bench = ApiTestBench::with_readings(60).await;
    let (status, report) = get_json(&bench, "/api/v1/reports/2026-11.json?lang=en").await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert_eq!(report["schema"], "pantau.report/1");
    assert_eq!(report["period"]["id"], "2026-11");
    assert_eq!(report["language"], "en");
}

#[tokio::test]
async fn what_cannot_be_answered_is_told_in_the_language_of_the_reader() {
    let bench = ApiTestBench::new();
    for (path, expected, part) in [
        (
            "/api/v1/indicators",
            StatusCode::BAD_REQUEST,
            "bukan periode",
        ),
        (
            "/api/v1/indicators?period=2027-01",
            StatusCode::BAD_REQUEST,
            "belum dimulai",
        ),
        (
            "/api/v1/indicators?period=2026-11&asset=x",
            StatusCode::NOT_FOUND,
            "aset",
        ),
        (
            "/api/v1/indicators/nothing?period=2026-11",
            StatusCode::NOT_FOUND,
            "Tidak ada angka",
        ),
        (
            "/api/v1/reports/2026-11.doc",
            StatusCode::NOT_FOUND,
            "pdf, xlsx",
        ),
        (
            "/api/v1/reports/2027.pdf",
            StatusCode::BAD_REQUEST,
            "belum dimulai",
        ),
        (
            "/api/v1/reports/2026-11.pdf?edition=short",
            StatusCode::BAD_REQUEST,
            "edition",
        ),
        (
            "/api/v1/reports/november.pdf",
            StatusCode::BAD_REQUEST,
            "bukan periode",
        ),
    ] {
        let (status, answer) = get_json(&bench, path).await;
        assert_eq!(status, expected, "{path}: {answer}");
        let said = answer["error"].as_str().unwrap();
        assert!(said.contains(part), "{path}: {said}");
    }
}

#[tokio::test]
async fn the_description_names_figures_and_reports() {
    let bench = ApiTestBench::new();
    let (_, description) = get_json(&bench, "/api/openapi.json").await;
    for path in [
        "/api/v1/indicators",
        "/api/v1/indicators/{id}",
        "/api/v1/reports/{name}",
    ] {
        assert!(description["paths"][path]["get"].is_object(), "{path}");
    }
}

#[tokio::test]
async fn a_report_prints_the_digest_of_its_last_closed_day_without_a_call_before_it() {
    let bench = ApiTestBench::with_readings(5000).await;
    let path = "/api/v1/reports/2026-11.json?lang=id";
    let (status, first) = get_json(&bench, path).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    assert_eq!(first["digest"].as_str().unwrap().len(), 64, "{first}");
    assert_eq!(get_json(&bench, path).await.1, first, "asked again");
}

#[tokio::test]
async fn a_refusal_keeps_its_error_and_adds_a_code_and_a_message_in_the_language_of_the_reader() {
    let bench = ApiTestBench::new();
    let (_, id) = get_json(&bench, "/nowhere").await;
    let (_, en) = get_json(&bench, "/nowhere?lang=en").await;
    for one in [&id, &en] {
        assert_eq!(one["error"], "no such path");
        assert_eq!(one["code"], "path");
    }
    let said = |one: &Value| one["message"].as_str().unwrap_or_default().to_owned();
    assert!(said(&id).starts_with("Alamat ini tidak ada"), "{id}");
    assert!(said(&en).starts_with("There is no such address"), "{en}");
}
