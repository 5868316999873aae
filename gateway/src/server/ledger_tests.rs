//! Tests of `/api/v1/ledger` without a network.

use crate::server::tests::ApiTestBench;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

async fn post_body(
    bench: &ApiTestBench,
    path: &str,
    media: &str,
    body: impl Into<Body>,
) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
        .header("content-type", media)
        .body(body.into())
        .unwrap();
    let (status, text) = bench.send_request(request).await;
    (status, serde_json::from_str(&text).unwrap())
}

async fn post_entry(bench: &ApiTestBench, entry: &Value) -> (StatusCode, Value) {
    let body = entry.to_string();
    post_body(bench, "/api/v1/ledger", "application/json", body).await
}

fn maggot_entry() -> Value {
    json!({"indicator": "bsf-maggot", "quantity": 12.5, "unit": "kg", "when": "2026-11-21",
        "how": "weighed", "who": "Siti"})
}

#[tokio::test]
async fn an_entry_is_written_down_corrected_and_found() {
    let bench = ApiTestBench::new();
    let (status, added) = post_entry(&bench, &maggot_entry()).await;
    assert_eq!((status, &added["ids"]), (StatusCode::CREATED, &json!([1])));
    let mut correction = maggot_entry();
    correction["quantity"] = json!("11500");
    correction["unit"] = json!("g");
    correction["supersedes"] = json!(1);
    correction["note"] = json!("salah baca");
    let (status, added) = post_entry(&bench, &correction).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    assert_eq!(
        added["remarks"][0]["error"],
        "11.500 g disimpan sebagai 11,5 kg"
    );
    let now = bench
        .json("/api/v1/ledger?period=2026-Q4&indicator=bsf-maggot")
        .await;
    assert_eq!(now.as_array().unwrap().len(), 1);
    assert_eq!(
        (&now[0]["id"], &now[0]["quantity"]),
        (&json!(2), &json!(11.5))
    );
    assert_eq!(now[0]["recorded_by"], "api");
    let all = bench.json("/api/v1/ledger?superseded=true").await;
    assert_eq!(all[0]["superseded_by"], 2);
    assert_eq!(bench.json("/api/v1/ledger?period=2026-10").await, json!([]));
    assert_eq!(bench.json("/api/v1/ledger/1").await, all);
    let (status, said) = post_entry(&bench, &correction).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        said["error"],
        "entri 1 sudah diganti; yang berlaku entri 2: koreksi entri itu"
    );
}

#[tokio::test]
async fn a_bad_entry_of_a_list_is_named_by_row_and_field_and_none_is_written() {
    let bench = ApiTestBench::new();
    let mut bad = maggot_entry();
    bad["quantity"] = json!(-3);
    bad["indicator"] = json!("bsf-magot");
    let (status, said) = post_entry(&bench, &json!([maggot_entry(), bad])).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let faults: Vec<_> = said["faults"].as_array().unwrap().iter().collect();
    let places: Vec<_> = faults
        .iter()
        .map(|fault| (&fault["row"], &fault["field"]))
        .collect();
    assert_eq!(
        places,
        [
            (&json!(2), &json!("indicator")),
            (&json!(2), &json!("quantity"))
        ]
    );
    assert_eq!(bench.json("/api/v1/ledger").await, json!([]));
}

#[tokio::test]
async fn the_same_entry_is_taken_twice_only_when_somebody_insists() {
    let bench = ApiTestBench::new();
    post_entry(&bench, &maggot_entry()).await;
    let (status, said) = post_entry(&bench, &maggot_entry()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        said["faults"][0]["error"]
            .as_str()
            .unwrap()
            .contains("entri 1")
    );
    let (status, _) =
        post_entry(&bench, &json!({"entries": [maggot_entry()], "again": true})).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_gets_the_first_answer() {
    let bench = ApiTestBench::new();
    let mut entry = maggot_entry();
    entry["quantity"] = json!("12500");
    entry["unit"] = json!("g");
    let request = json!({"entries": [entry, maggot_entry()], "again": true,
        "key": "0b9c5e0e-6f5c-4c0a-9d58-0d6a0f4d7c11"});
    let first = post_entry(&bench, &request).await;
    assert_eq!(
        (first.0, &first.1["ids"]),
        (StatusCode::CREATED, &json!([1, 2]))
    );
    assert_eq!(
        first.1["remarks"][0]["error"],
        "12.500 g disimpan sebagai 12,5 kg"
    );
    for _ in 0..2 {
        assert_eq!(post_entry(&bench, &request).await, first);
    }
    let mut other = request.clone();
    other["entries"][1]["quantity"] = json!(13);
    let (status, said) = post_entry(&bench, &other).await;
    assert_eq!(
        (status, &said["code"]),
        (StatusCode::CONFLICT, &json!("key-used"))
    );
    assert_eq!(
        bench.json("/api/v1/ledger").await.as_array().unwrap().len(),
        2
    );
    other["key"] = json!("with a space");
    assert_eq!(post_entry(&bench, &other).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_key_of_a_refused_request_can_be_used_again() {
    let bench = ApiTestBench::new();
    let mut request = json!({"entries": [maggot_entry()], "key": "k-1"});
    request["entries"][0]["quantity"] = json!(-3);
    let (status, _) = post_entry(&bench, &request).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    request["entries"][0]["quantity"] = json!(3);
    assert_eq!(post_entry(&bench, &request).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn what_a_page_from_elsewhere_could_send_is_not_taken() {
    let bench = ApiTestBench::new();
    let body = maggot_entry().to_string();
    let (status, _) = post_body(&bench, "/api/v1/ledger", "text/plain", body).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let attach = "/api/v1/ledger/attachments?name=a.jpg";
    let (status, _) = post_body(&bench, attach, "text/plain", "abc").await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_body_that_is_no_entry_or_too_long_is_refused() {
    let bench = ApiTestBench::new();
    for body in ["", "[", "7", "{\"indikator\":\"x\"}", "{\"entries\":7}"] {
        let (status, _) = post_body(&bench, "/api/v1/ledger", "application/json", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let long = vec![b' '; crate::limits::LEDGER_FILE_BYTES_MAX + 1];
    let (status, _) = post_body(&bench, "/api/v1/ledger", "application/json", long).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_receipt_is_sent_first_and_named_by_its_entry() {
    let bench = ApiTestBench::new();
    let path = "/api/v1/ledger/attachments?name=nota.jpg";
    let (status, file) = post_body(&bench, path, "application/octet-stream", "abc").await;
    assert_eq!(status, StatusCode::CREATED);
    let mut entry = maggot_entry();
    entry["attachments"] = json!([file]);
    let (status, said) = post_entry(&bench, &entry).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    let kept = bench.json("/api/v1/ledger").await;
    let sha256 = file["sha256"].as_str().unwrap();
    assert_eq!(
        kept[0]["attachments"][0]["path"],
        format!("attachments/{sha256}")
    );
    let request = Request::get(format!("/api/v1/ledger/attachments/{sha256}"))
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        bench.send_request(request).await,
        (StatusCode::OK, "abc".to_owned())
    );
}

#[tokio::test]
async fn the_description_names_the_ledger() {
    let bench = ApiTestBench::new();
    let described = bench.json("/api/openapi.json").await;
    let paths = described["paths"].as_object().unwrap();
    for path in [
        "",
        "/{id}",
        "/indicators",
        "/attachments",
        "/attachments/{sha256}",
    ] {
        assert!(
            paths.contains_key(&format!("/api/v1/ledger{path}")),
            "{path}"
        );
    }
    let indicators = bench.json("/api/v1/ledger/indicators?lang=en").await;
    assert_eq!(indicators[0]["id"], "bsf-fed");
}
