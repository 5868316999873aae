//! Lost data on the page, in the API and in `/healthz`, until somebody takes note of them.

use crate::server::tests::{ApiTestBench, test_config};
use axum::body::Body;
use axum::http::{Request, StatusCode};

/// A day on which readings of a device were lost.
const LOST_DAY: &str = "INSERT INTO data_damage(at, what, day, device, first, last, rows)
    VALUES (1795194000000, 'readings', 20777, 'meter', 1795107600000, 1795193999999, 12)";

async fn page(bench: &ApiTestBench, path: &str, language: &str) -> String {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", language);
    let request = request.body(Body::empty()).unwrap();
    let (status, text) = bench.send_request(request).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

#[tokio::test]
async fn lost_data_stay_on_the_health_page_until_a_technician_takes_note_of_them() {
    let bench = ApiTestBench::of_changed_file(&test_config(), LOST_DAY).await;
    let health = page(&bench, "/health", "en").await;
    assert!(health.contains("Data lost by damage"), "{health}");
    assert!(health.contains("readings: 12 at most"), "{health}");
    assert!(health.contains("not noted yet"), "{health}");
    // Nothing was mended here, and no old file is claimed to be kept.
    assert!(health.contains("No new file was made"), "{health}");
    let hal = page(&bench, "/health", "id").await;
    assert!(hal.contains("Data yang hilang karena kerusakan"), "{hal}");
    let healthz = page(&bench, "/healthz", "en").await;
    assert!(healthz.contains("1 lines on /health wait"), "{healthz}");
    let listed = &bench.json("/api/v1/damage").await[0];
    assert_eq!(
        (&listed["what"], &listed["device"]),
        (&"readings".into(), &"meter".into())
    );
    let form = Request::post("/health")
        .header("host", "localhost:8080")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("sampai=1"));
    let (status, text) = bench.send_request(form.unwrap()).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
    let healthz = page(&bench, "/healthz", "en").await;
    assert!(!healthz.contains("wait for a technician"), "{healthz}");
    // Noted, and still on the list.
    let health = page(&bench, "/health", "en").await;
    assert!(health.contains("readings: 12 at most"), "{health}");
    assert!(!health.contains("not noted yet"), "{health}");
}

#[tokio::test]
async fn a_damaged_record_of_the_chain_is_a_data_event_of_the_period_of_its_day() {
    let lost = LOST_DAY
        .replace("'readings'", "'records'")
        .replace("'meter'", "''");
    let lost = lost.replace("1795107600000, 1795193999999, 12", "3, 3, 1");
    let bench = ApiTestBench::of_changed_file(&test_config(), &lost).await;
    let day = bench.json("/api/v1/damage").await[0]["day"]
        .as_str()
        .unwrap()
        .to_owned();
    let report = bench
        .json(&format!("/api/v1/reports/{day}.json?lang=en"))
        .await;
    let text = report.to_string();
    assert!(
        text.contains("a record of the evidence chain was damaged"),
        "{text}"
    );
}

#[tokio::test]
async fn readings_lost_by_damage_are_a_data_event_of_the_report_of_their_period() {
    let lost = LOST_DAY.replace("'meter'", "'inverter'");
    let bench = ApiTestBench::of_changed_file(&test_config(), &lost).await;
    let day = bench.json("/api/v1/damage").await[0]["day"]
        .as_str()
        .unwrap()
        .to_owned();
    for (lang, words) in [
        ("en", "readings lost by damage of the store"),
        ("id", "bacaan hilang karena penyimpanan rusak"),
    ] {
        let path = format!("/api/v1/reports/{day}.json?lang={lang}");
        let text = bench.json(&path).await.to_string();
        assert!(text.contains(words), "{text}");
    }
    // And of no other day.
    let other = bench.json("/api/v1/reports/2026-11-25.json?lang=en").await;
    assert!(!other.to_string().contains("readings lost by damage"));
}
