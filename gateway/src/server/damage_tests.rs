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
