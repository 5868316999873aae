//! What page, API, metrics and `/healthz` say of a sink.

use super::tests::Bench;
use crate::limits::SINK_STALL_SECONDS;
use crate::status::{SinkState, SinkTrouble};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::time::Duration;
use tokio::time::Instant;

/// A gateway whose sink is in this state.
fn bench(state: SinkState) -> Bench {
    let bench = Bench::new();
    bench
        .board()
        .write(|board| board.sinks.insert("mqtt", state));
    bench
}

/// Connected, and nothing was acknowledged for so long.
fn stalled(seconds: u64) -> SinkState {
    SinkState {
        connected: true,
        waiting: 5,
        waiting_since: Instant::now().checked_sub(Duration::from_secs(seconds)),
        ..SinkState::default()
    }
}

async fn text(bench: &Bench, path: &str, language: &str) -> String {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", language);
    let (status, text) = bench.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

#[tokio::test]
async fn a_connected_sink_without_acknowledgements_is_failing_after_a_minute() {
    let bench = bench(stalled(SINK_STALL_SECONDS + 5));
    let health = text(&bench, "/healthz", "en").await;
    assert!(
        health.contains("sink mqtt: connected, but nothing acknowledged for 65 s"),
        "{health}"
    );
    let metrics = text(&bench, "/metrics", "en").await;
    assert!(
        metrics.contains("pantau_sink_delivering{sink=\"mqtt\"} 0.0"),
        "{metrics}"
    );
    assert!(
        metrics.contains("pantau_sink_stalled_seconds{sink=\"mqtt\"} 65."),
        "{metrics}"
    );
    let sink = &bench.json("/api/v1/sinks").await[0];
    assert_eq!(
        (&sink["connected"], &sink["delivering"]),
        (&true.into(), &false.into())
    );
    let page = text(&bench, "/health", "en").await;
    assert!(
        page.contains("data-line=\"sink:mqtt\" data-state=\"fault\""),
        "{page}"
    );
    assert!(
        page.contains("nothing has been acknowledged for 65 s"),
        "{page}"
    );
    let page = text(&bench, "/health", "id").await;
    assert!(
        page.contains("sudah 65 detik tidak ada yang dikonfirmasi"),
        "{page}"
    );
}

#[tokio::test]
async fn a_sink_that_waits_for_less_than_that_is_well() {
    let bench = bench(stalled(SINK_STALL_SECONDS - 20));
    let health = text(&bench, "/healthz", "en").await;
    assert!(!health.contains("sink mqtt"), "{health}");
    let page = text(&bench, "/health", "en").await;
    assert!(
        page.contains("data-line=\"sink:mqtt\" data-state=\"ok\""),
        "{page}"
    );
}

#[tokio::test]
async fn each_likely_cause_has_a_sentence_in_both_languages() {
    for (trouble, en, id) in [
        (SinkTrouble::WebPage, "A web page answers", "halaman web"),
        (
            SinkTrouble::Silent,
            "acknowledges nothing",
            "tidak mengonfirmasi apa pun",
        ),
        (
            SinkTrouble::ClientId,
            "the same client id",
            "client id yang sama",
        ),
        (
            SinkTrouble::NotAllowed,
            "allow this user to write",
            "tidak mengizinkan pengguna",
        ),
    ] {
        let bench = bench(SinkState {
            fault: Some("the fault itself".to_owned()),
            trouble: Some(trouble),
            ..SinkState::default()
        });
        assert!(text(&bench, "/health", "en").await.contains(en), "{en}");
        let page = text(&bench, "/health", "id").await;
        assert!(
            page.contains(id) && page.contains("the fault itself"),
            "{id}"
        );
        let health = text(&bench, "/healthz", "en").await;
        assert!(
            health.contains("not connected, 0 readings wait: the fault itself"),
            "{health}"
        );
    }
}
