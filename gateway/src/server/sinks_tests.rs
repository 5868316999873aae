//! Texts about a sink on the page, in the API, in metrics and in `/healthz`.

use crate::domain::UtcMs;
use crate::limits::{SINK_LATE_SECONDS, SINK_REFUSING_MIN, SINK_STALL_SECONDS};
use crate::server::tests::{ApiTestBench, NOW};
use crate::status::{CopyState, SinkDiagnosis, SinkState, StampingState};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::time::Duration;
use tokio::time::Instant;

/// A gateway whose sink has this state.
fn bench_with_sink(state: SinkState) -> ApiTestBench {
    let bench = ApiTestBench::new();
    bench
        .board()
        .update(|board| board.sinks.insert("mqtt", state));
    bench
}

/// A connected sink without an acknowledgement for `seconds`.
fn stalled_sink(seconds: u64) -> SinkState {
    SinkState {
        connected: true,
        waiting: 5,
        waiting_since: Instant::now().checked_sub(Duration::from_secs(seconds)),
        ..SinkState::default()
    }
}

async fn page_text(bench: &ApiTestBench, path: &str, language: &str) -> String {
    let request = Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", language);
    let (status, text) = bench
        .send_request(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

#[tokio::test]
async fn a_connected_sink_without_acknowledgements_is_failing_after_a_minute() {
    let bench = bench_with_sink(stalled_sink(SINK_STALL_SECONDS + 5));
    let health = page_text(&bench, "/healthz", "en").await;
    assert!(
        health.contains("sink mqtt: connected, but nothing acknowledged for 65 s"),
        "{health}"
    );
    let metrics = page_text(&bench, "/metrics", "en").await;
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
    let page = page_text(&bench, "/health", "en").await;
    assert!(
        page.contains("data-line=\"sink:mqtt\" data-state=\"fault\""),
        "{page}"
    );
    assert!(page.contains("has acknowledged nothing for 65 s"), "{page}");
    let page = page_text(&bench, "/health", "id").await;
    assert!(
        page.contains("selama 65 detik tidak ada yang dikonfirmasi"),
        "{page}"
    );
}

#[tokio::test]
async fn failing_time_stamps_are_told_with_the_last_good_one_and_the_reason() {
    let bench = ApiTestBench::new();
    let page = page_text(&bench, "/health", "en").await;
    assert!(!page.contains("data-line=\"stamps\""), "{page}");
    let set = |last_good, fault: Option<&str>| {
        let fault = fault.map(str::to_owned);
        let state = StampingState { last_good, fault };
        bench.board().update(|board| board.stamps = Some(state));
    };
    let last = UtcMs(1_795_194_000_000);
    set(Some(last), Some("the server answers 503"));
    let health = page_text(&bench, "/healthz", "en").await;
    let note = "time stamps: the server answers 503; last good one: 2026-11-20T17:00:00Z";
    assert!(health.contains(note), "{health}");
    let page = page_text(&bench, "/health", "en").await;
    assert!(
        page.contains("data-line=\"stamps\" data-state=\"fault\""),
        "{page}"
    );
    assert!(page.contains("the server answers 503"), "{page}");
    set(None, Some("no answer"));
    let health = page_text(&bench, "/healthz", "en").await;
    assert!(health.contains("no answer; last good one: none yet"));
    set(Some(last), None);
    let health = page_text(&bench, "/healthz", "en").await;
    assert!(!health.contains("time stamps"), "{health}");
    let page = page_text(&bench, "/health", "id").await;
    assert!(
        page.contains("data-line=\"stamps\" data-state=\"ok\""),
        "{page}"
    );
}

#[tokio::test]
async fn a_sink_that_acknowledges_and_crawls_behind_is_late_everywhere() {
    let bench = bench_with_sink(SinkState {
        connected: true,
        waiting: 5000,
        waiting_since: Some(Instant::now()),
        oldest_waiting: Instant::now().checked_sub(Duration::from_mins(11)),
        ..SinkState::default()
    });
    let health = page_text(&bench, "/healthz", "en").await;
    let note = "sink mqtt: connected, catching up: 5000 readings wait, the oldest for 660 s";
    assert!(health.contains(note), "{health}");
    let metrics = page_text(&bench, "/metrics", "en").await;
    for line in [
        "pantau_sink_delivering{sink=\"mqtt\"} 0.0",
        "pantau_sink_oldest_waiting_seconds{sink=\"mqtt\"} 660.",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    let sink = &bench.json("/api/v1/sinks").await[0];
    assert_eq!(sink["health"], "late");
    assert_eq!(sink["oldest_waiting_seconds"], 660);
    let page = page_text(&bench, "/health", "en").await;
    let line = "data-line=\"sink:mqtt\" data-state=\"fault\"";
    assert!(page.contains(line), "{page}");
    assert!(
        page.contains("the oldest reading has waited for 11 min"),
        "{page}"
    );
    let page = page_text(&bench, "/health", "id").await;
    assert!(
        page.contains("bacaan tertua sudah menunggu 11 menit"),
        "{page}"
    );
    let home = page_text(&bench, "/", "en").await;
    assert!(
        home.contains("is 11 minutes behind; 5,000 readings wait"),
        "{home}"
    );
}

#[tokio::test]
async fn a_sink_that_is_two_minutes_behind_is_told_as_catching_up() {
    for (age, health) in [(SINK_LATE_SECONDS - 20, "ok"), (SINK_LATE_SECONDS, "late")] {
        let bench = bench_with_sink(SinkState {
            connected: true,
            waiting: 50,
            waiting_since: Some(Instant::now()),
            oldest_waiting: Instant::now().checked_sub(Duration::from_secs(age)),
            ..SinkState::default()
        });
        let sink = &bench.json("/api/v1/sinks").await[0];
        assert_eq!(sink["health"], health, "{age}");
        let told = page_text(&bench, "/healthz", "en").await;
        assert_eq!(told.contains("catching up"), health == "late", "{told}");
        let page = page_text(&bench, "/health", "en").await;
        assert_eq!(page.contains("Catching up"), health == "late", "{page}");
    }
}

#[tokio::test]
async fn a_sink_that_refuses_everything_is_not_well_anywhere() {
    let at = |seconds, in_a_row| SinkState {
        connected: true,
        settled: 91,
        refused: in_a_row,
        refused_in_a_row: in_a_row,
        refusing_since: Instant::now().checked_sub(Duration::from_secs(seconds)),
        ..SinkState::default()
    };
    // A single one, or some within a moment, are no sign of it.
    for (seconds, in_a_row) in [(SINK_STALL_SECONDS, 1), (1, 90)] {
        let bench = bench_with_sink(at(seconds, in_a_row));
        assert_eq!(bench.json("/api/v1/sinks").await[0]["health"], "ok");
    }
    let bench = bench_with_sink(at(SINK_STALL_SECONDS, SINK_REFUSING_MIN));
    let sink = &bench.json("/api/v1/sinks").await[0];
    assert_eq!(
        (&sink["health"], &sink["delivering"]),
        (&"refusing".into(), &false.into())
    );
    assert_eq!(
        (&sink["settled"], &sink["delivered"]),
        (&91.into(), &0.into())
    );
    let health = page_text(&bench, "/healthz", "en").await;
    assert!(
        health.contains("the last 3 readings were refused"),
        "{health}"
    );
    let metrics = page_text(&bench, "/metrics", "en").await;
    for line in [
        "pantau_sink_delivering{sink=\"mqtt\"} 0.0",
        "pantau_sink_settled_seq{sink=\"mqtt\"} 91.0",
        "pantau_sink_delivered_seq{sink=\"mqtt\"} 0.0",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    for (language, words) in [
        ("en", "refuses every reading"),
        ("id", "server tujuan menolak semua bacaan"),
    ] {
        let page = page_text(&bench, "/health", language).await;
        let line = "data-line=\"sink:mqtt\" data-state=\"fault\"";
        assert!(page.contains(line) && page.contains(words), "{page}");
    }
}

#[tokio::test]
async fn a_long_pause_that_a_server_asks_for_is_told_with_its_end() {
    let bench = bench_with_sink(SinkState {
        fault: Some("HTTP 503: {}".to_owned()),
        next_try: Some(UtcMs(NOW + 1_800_000)),
        ..SinkState::default()
    });
    assert_eq!(
        bench.json("/api/v1/sinks").await[0]["next_try"],
        NOW + 1_800_000
    );
    let health = page_text(&bench, "/healthz", "en").await;
    let said = "HTTP 503: {}; it has asked for a pause until 2026-11-25T03:30:00Z";
    assert!(health.contains(said), "{health}");
    for (language, words) in [
        ("en", "The server has asked for a pause"),
        ("id", "minta jeda"),
    ] {
        let page = page_text(&bench, "/health", language).await;
        assert!(page.contains(words), "{page}");
    }
}

#[tokio::test]
async fn a_sink_that_waits_for_less_than_that_is_well() {
    let bench = bench_with_sink(stalled_sink(SINK_STALL_SECONDS - 20));
    let health = page_text(&bench, "/healthz", "en").await;
    assert!(!health.contains("sink mqtt"), "{health}");
    let page = page_text(&bench, "/health", "en").await;
    assert!(
        page.contains("data-line=\"sink:mqtt\" data-state=\"ok\""),
        "{page}"
    );
}

/// Causes, with words of their sentences in English and Indonesian.
const LIKELY_CAUSES: [(SinkDiagnosis, &str, &str); 12] = [
    (
        SinkDiagnosis::WebPage,
        "comes from a web page",
        "halaman web",
    ),
    (
        SinkDiagnosis::Silent,
        "acknowledges nothing",
        "tidak mengonfirmasi kiriman",
    ),
    (
        SinkDiagnosis::ClientId,
        "the same client id",
        "client id yang sama",
    ),
    (
        SinkDiagnosis::NotAllowed,
        "allow this user to write",
        "tidak mengizinkan pengguna",
    ),
    (
        SinkDiagnosis::ConnectionRefused,
        "Nothing answers at the address",
        "Tidak ada layanan",
    ),
    (
        SinkDiagnosis::NoAnswer,
        "server does not answer",
        "Server tujuan tidak menjawab",
    ),
    (
        SinkDiagnosis::UnknownHost,
        "was not found",
        "Nama server tujuan tidak ditemukan",
    ),
    (
        SinkDiagnosis::NoNetwork,
        "No network leads",
        "Tidak ada jaringan",
    ),
    (
        SinkDiagnosis::TlsFailed,
        "secure connection (TLS)",
        "Koneksi aman (TLS)",
    ),
    (
        SinkDiagnosis::LoginRefused,
        "does not accept user name",
        "tidak menerima nama pengguna",
    ),
    (
        SinkDiagnosis::UnknownBucket,
        "organisation, bucket",
        "organisasi, bucket",
    ),
    (
        SinkDiagnosis::TakesNothing,
        "None is given up",
        "Tidak ada yang dibuang",
    ),
];

#[tokio::test]
async fn each_likely_cause_has_a_sentence_in_both_languages() {
    for (trouble, en, id) in LIKELY_CAUSES {
        let bench = bench_with_sink(SinkState {
            fault: Some("the fault itself".to_owned()),
            trouble: Some(trouble),
            ..SinkState::default()
        });
        assert!(
            page_text(&bench, "/health", "en").await.contains(en),
            "{en}"
        );
        let page = page_text(&bench, "/health", "id").await;
        assert!(
            page.contains(id) && page.contains("the fault itself"),
            "{id}"
        );
        // The words of the program are for whoever looks for them.
        let detail = page.split("<summary>Rincian teknis</summary>").nth(1);
        assert!(detail.is_some_and(|rest| rest.contains("the fault itself")));
        let health = page_text(&bench, "/healthz", "en").await;
        assert!(
            health.contains("not connected, 0 readings wait: the fault itself"),
            "{health}"
        );
    }
}

#[tokio::test]
async fn a_server_whose_clock_shows_another_time_is_told_as_a_hint() {
    let bench = bench_with_sink(SinkState {
        connected: true,
        clock_lead_ms: Some(7_200_000),
        ..SinkState::default()
    });
    let health = page_text(&bench, "/healthz", "en").await;
    let note = "sink mqtt: the server's clock says 2026-11-25T05:00:00Z, 7200000 ms ahead";
    assert!(health.contains(note), "{health}");
    for path in ["/health", "/teknisi/waktu"] {
        let page = page_text(&bench, path, "id").await;
        assert!(
            page.contains("Menurut jam mqtt sekarang 12.00.00."),
            "{page}"
        );
    }
    assert!(bench.state.clock.now().trusted);
}

#[tokio::test]
async fn the_daily_copy_is_told_with_its_age_and_no_second_disk_is_a_note_only() {
    let bench = ApiTestBench::new();
    let day = 86_400_000;
    let now = NOW;
    for (place, age, fault, state, is_noted) in [
        (None, None, None, "waiting", false),
        (Some("/media/stick"), None, None, "waiting", false),
        (Some("/media/stick"), Some(day), None, "ok", false),
        (Some("/media/stick"), Some(day), Some("full"), "fault", true),
        (None, Some(4 * day), None, "fault", true),
    ] {
        let copies = CopyState {
            place: place.map(Into::into),
            last_good: age.map(|age| UtcMs(now - age)),
            fault: fault.map(str::to_owned),
            is_missing: false,
        };
        bench.board().update(|board| board.copies = Some(copies));
        let page = page_text(&bench, "/health", "en").await;
        let line = format!("data-line=\"copies\" data-state=\"{state}\"");
        assert!(page.contains(&line), "{line}: {page}");
        let health = page_text(&bench, "/healthz", "en").await;
        assert_eq!(health.contains("daily copy"), is_noted, "{health}");
        let metrics = page_text(&bench, "/metrics", "en").await;
        let failing = format!("pantau_copy_failing {}", u8::from(is_noted));
        assert!(metrics.contains(&failing), "{metrics}");
        assert_eq!(metrics.contains("pantau_copy_age_seconds"), age.is_some());
    }
}

#[tokio::test]
async fn a_sink_that_is_no_longer_configured_is_told_as_retired() {
    let bench = ApiTestBench::new();
    let store = &bench.state.store;
    store.sink_lanes("influx").await.unwrap();
    let here = page_text(&bench, "/health", "en").await;
    assert!(!here.contains("No longer configured"), "{here}");
    store.set_configured_sinks(vec!["mqtt"]).await.unwrap();
    store.flush().await.unwrap();
    let health = page_text(&bench, "/health", "en").await;
    let said = "No longer configured; readings are not stored for it: influx";
    assert!(health.contains(said), "{health}");
    let id = page_text(&bench, "/health", "id").await;
    assert!(
        id.contains("Tidak ada lagi dalam konfigurasi") && id.contains("influx"),
        "{id}"
    );
    let healthz = page_text(&bench, "/healthz", "en").await;
    let said = "sink influx: no longer configured; the journal is not kept for it";
    assert!(healthz.contains(said), "{healthz}");
}
