//! Tests of pages and API without a network: requests are handed to the router.

use crate::domain::Site;

pub(crate) fn test_site() -> Site {
    let point =
        |device: &str, name: &str, unit: &str, quantity: &str, counter| crate::domain::PointInfo {
            id: format!("{device}.{name}").into(),
            name: name.into(),
            unit: unit.into(),
            quantity: quantity.into(),
            counter,
        };
    let device = |id: &str, kind: &str, points| crate::domain::DeviceInfo {
        id: id.into(),
        bus: "rs485".into(),
        profile: None,
        kind: kind.into(),
        every_ms: 10_000,
        points,
    };
    let inverter = vec![
        point("inverter", "ac_power", "W", "power", false),
        point("inverter", "ac_energy", "kWh", "energy", true),
    ];
    let level = vec![point("level", "level", "m", "level", false)];
    let devices = vec![
        device("inverter", "inverter", inverter),
        device("level", "level", level),
    ];
    let name = "Desa Impian".into();
    Site {
        name,
        ..site_with_devices("desa-impian", devices)
    }
}

use crate::api::ApiState;
use crate::clock::Clock;
use crate::config::{Config, StoreSettings};
use crate::domain::{ExactNumber, FaultDetail, QualityReason, Reading, SampleOutcome, UtcMs};
use crate::report::build::IndicatorService;
use crate::server::{build_router, control_socket};
use crate::status::{DeviceFault, DeviceIdentity, DeviceState, SinkState, StatusBoard};
use crate::storage::Store;
use crate::tests::{SiteText, load_site, site_with_devices};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// 2026-11-25 10:00:00 in Jakarta, milliseconds since 1970 UTC.
pub(crate) const NOW: i64 = 1_795_575_600_000;

/// Configuration with the inverter of `site` as a solar plant.
pub(super) fn test_config() -> Config {
    let text = SiteText::new("desa-impian")
        .with("name = 'Desa Impian'\n[store]\npath = 'store'")
        .tcp_bus("lan", 502)
        .device("inverter", "lan", "unit = 1\nevery = '10s'")
        .points([
            "{ id = 'ac_power', register = 'holding:0', type = 'u16', unit = 'W' }",
            "{ id = 'ac_energy', register = 'holding:1', type = 'u32', unit = 'kWh', counter = true }",
        ])
        .asset("plts", "plts", "capacity_kwp = 2.0\npower = 'inverter.ac_power'")
        .with("energy = 'inverter.ac_energy'")
        .with("baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }");
    load_site(&text.text())
}

/// A gateway with two devices, of which one is silent, and a sink with a backlog.
pub(crate) struct ApiTestBench {
    pub(crate) state: ApiState,
    _dir: tempfile::TempDir,
}

fn no_answer() -> FaultDetail {
    FaultDetail::message("no answer within 500 ms", "detail-timeout", &[("ms", &500)])
}

impl ApiTestBench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(NOW), true);
        let settings = StoreSettings {
            path: dir.path().to_owned(),
            flush: Duration::from_secs(10),
            keep: None,
            budget: None,
        };
        let store = Store::open(dir.path(), &test_site(), &settings, "", &clock).unwrap();
        let board = StatusBoard::default();
        board.update(|board| {
            let good = DeviceState {
                last_good: Some(UtcMs(NOW)),
                last_poll: Some(UtcMs(NOW)),
                polls: 9,
                identity: Some(DeviceIdentity {
                    serial: "SN-1".to_owned(),
                    models: vec![(1, 66), (103, 50)],
                    ..DeviceIdentity::default()
                }),
                ..DeviceState::default()
            };
            let fault = DeviceFault {
                reason: QualityReason::Timeout,
                detail: no_answer(),
            };
            let bad = DeviceState {
                last_poll: Some(UtcMs(NOW)),
                fault: Some(fault),
                misses: 3,
                polls: 3,
                failures: 3,
                ..DeviceState::default()
            };
            board.devices.insert("inverter".into(), good);
            board.devices.insert("level".into(), bad);
            let sink = SinkState {
                connected: true,
                delivered: 7,
                delivered_at: Some(UtcMs(NOW - 60_000)),
                waiting: 3120,
                ..SinkState::default()
            };
            board.sinks.insert("mqtt", sink);
        });
        let figures = IndicatorService::new(Arc::new(test_config()), store.clone());
        let state = ApiState {
            alarms: crate::alarms::AlarmBook::default(),
            figures: Arc::new(figures),
            config: Arc::new(test_config()),
            site: Arc::new(test_site()),
            buses: Arc::new([]),
            assets: Arc::new([]),
            definitions: Arc::new(crate::ledger::IndicatorDefinitions::built_in()),
            store,
            board,
            clock,
            access: crate::access::AccessPolicy::Open,
            bus_handles: crate::bus_request::BusHandles::default(),
            reload: crate::reload_request::ReloadDoor::default(),
            scans: Arc::default(),
            addresses: Arc::default(),
            soaks: Arc::default(),
            report_jobs: Arc::default(),
            version: "0.1.0",
        };
        Self { state, _dir: dir }
    }

    /// A gateway of this site, that has read nothing.
    pub(crate) fn of_config(config: &Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config.clone();
        // Attachments go to the store of the configuration.
        config.store.path = dir.path().to_owned();
        let config = &config;
        let clock = Clock::set(UtcMs(NOW), true);
        let store = Store::open(dir.path(), &config.site, &config.store, "", &clock).unwrap();
        Self {
            state: ApiState::new(config, &store, &StatusBoard::default(), &clock),
            _dir: dir,
        }
    }

    /// A gateway whose stored file these statements have changed.
    pub(crate) async fn of_changed_file(config: &Config, statements: &str) -> Self {
        let Self { state, _dir: dir } = Self::of_config(config);
        state.store.stop().await;
        crate::storage::change_stored_file(&dir.path().join("pantau.db"), statements);
        let (site, settings) = (&config.site, &config.store);
        let store = Store::open(dir.path(), site, settings, "", &state.clock).unwrap();
        Self {
            state: ApiState::new(config, &store, &StatusBoard::default(), &state.clock),
            _dir: dir,
        }
    }

    /// Status board that the tests write to.
    pub(crate) fn board(&self) -> &StatusBoard {
        &self.state.board
    }

    /// One reading every ten seconds up to now; all on disk.
    pub(crate) async fn with_readings(count: i64) -> Self {
        let bench = Self::new();
        for index in 0..count {
            let at = UtcMs(NOW - (count - 1 - index) * 10_000);
            bench
                .append_reading(
                    at,
                    SampleOutcome::Good(ExactNumber::Decimal {
                        mantissa: 15_100 + index,
                        exponent: -1,
                    }),
                )
                .await;
        }
        bench.state.store.flush().await.unwrap();
        bench
    }

    async fn append_reading(&self, at: UtcMs, power: SampleOutcome) {
        let mono = self.state.clock.now().mono;
        let energy = SampleOutcome::Good(ExactNumber::Decimal {
            mantissa: 81_234,
            exponent: -1,
        });
        let reading = Reading {
            device: 0,
            at,
            mono,
            dated: true,
            outcomes: Box::new([power, energy]),
        };
        self.state.store.append(reading).await.unwrap();
    }

    pub(crate) async fn send_request(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = build_router(self.state.clone())
            .oneshot(request)
            .await
            .unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Status, place of a redirect, and body with other than UTF-8 replaced.
    pub(crate) async fn send_with_location(
        &self,
        request: Request<Body>,
    ) -> (StatusCode, Option<String>, String) {
        let response = build_router(self.state.clone())
            .oneshot(request)
            .await
            .unwrap();
        let place = response.headers().get("location");
        let place = place.map(|place| place.to_str().unwrap().to_owned());
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, place, String::from_utf8_lossy(&body).into_owned())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        self.send_request(get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path)
        .header("host", "localhost:8080")
        .header("accept-language", "id")
}

#[tokio::test]
async fn a_stretch_of_samples_comes_as_three_columns() {
    let bench = ApiTestBench::with_readings(3).await;
    bench
        .append_reading(
            UtcMs(NOW + 10_000),
            SampleOutcome::Bad(QualityReason::Timeout),
        )
        .await;
    bench.state.store.flush().await.unwrap();
    let (status, text) = bench
        .get(&format!(
            "/api/v1/samples?point=inverter.ac_power&from={}&to={}",
            NOW - 10_000,
            NOW + 20_000
        ))
        .await;
    assert_eq!(status, StatusCode::OK);
    let expected = format!(
        "{{\"point\":\"inverter.ac_power\",\"unit\":\"W\",\"t\":[{},{NOW},{}],\"v\":[1510.1,1510.2,null],\"q\":[\"good\",\"good\",\"bad\"]}}",
        NOW - 10_000,
        NOW + 10_000
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_compressed_answer_of_samples_comes_to_its_end() {
    let bench = ApiTestBench::with_readings(3).await;
    for path in [
        "/api/v1/samples?point=inverter.ac_power",
        "/api/v1/samples.csv?point=inverter.ac_power",
    ] {
        let request = get(path).header("accept-encoding", "gzip");
        let request = request.body(Body::empty()).unwrap();
        let response = build_router(bench.state.clone()).oneshot(request).await;
        let response = response.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(&[0x1f, 0x8b]), "{path}");
    }
}

#[tokio::test]
async fn an_empty_stretch_is_three_empty_columns() {
    let bench = ApiTestBench::new();
    let (_, text) = bench
        .get("/api/v1/samples?point=level.level&from=0&to=1000")
        .await;
    assert_eq!(
        text,
        "{\"point\":\"level.level\",\"unit\":\"m\",\"t\":[],\"v\":[],\"q\":[]}"
    );
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_says_what_was_expected() {
    let bench = ApiTestBench::new();
    for (query, parameter, status) in [
        ("point=inverter.ac_pwer", "point", 404),
        ("", "point", 400),
        ("point=level.level&from=yesterday", "from", 400),
        ("point=level.level&from=5&to=5", "from", 400),
        ("point=level.level&step=5x", "step", 400),
        ("point=level.level&step=2d", "step", 400),
        ("point=level.level&step=0m", "step", 400),
        (
            "point=level.level&from=0&to=900000000000&step=1ms",
            "step",
            400,
        ),
        ("point=level.level&step=1h&agg=median", "agg", 400),
    ] {
        let (got, text) = bench.get(&format!("/api/v1/samples?{query}")).await;
        let error: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (got.as_u16(), &error["parameter"]),
            (status, &parameter.into()),
            "{query}: {text}"
        );
        assert!(error["expected"].is_string(), "{text}");
    }
}

#[tokio::test]
async fn times_with_an_offset_are_understood() {
    let bench = ApiTestBench::with_readings(3).await;
    let json = bench.json("/api/v1/samples?point=inverter.ac_power&from=2026-11-25T09:59:50%2B07:00&to=2026-11-25T10:00:05+07:00").await;
    assert_eq!(json["v"], serde_json::json!([1510.1, 1510.2]));
}

#[tokio::test]
async fn points_come_with_their_last_sample() {
    let bench = ApiTestBench::with_readings(1).await;
    bench
        .append_reading(
            UtcMs(NOW + 10_000),
            SampleOutcome::Bad(QualityReason::OutOfRange),
        )
        .await;
    // The store answers in order, so the question below sees the reading above.
    let json = bench.json("/api/v1/points").await;
    let power = &json[0];
    assert_eq!(
        power["last"],
        serde_json::json!({"t": NOW + 10_000, "v": null, "q": "bad", "reason": "out-of-range", "durable": false})
    );
    assert_eq!(json[2]["last"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_silent_device_is_told_in_words_with_a_hint() {
    let json = ApiTestBench::new().json("/api/v1/devices?lang=id").await;
    assert_eq!(json[1]["status"]["state"], "fault");
    assert_eq!(json[0]["identity"]["serial"], "SN-1");
    assert_eq!(json[0]["identity"]["models"][1]["id"], 103);
    assert!(json[1].get("identity").is_none());
    assert_eq!(json[1]["status"]["fault"]["words"], "alat tidak menjawab");
    assert!(
        json[1]["status"]["fault"]["hint"]
            .as_str()
            .unwrap()
            .contains("alamat unit")
    );
}

#[tokio::test]
async fn sinks_say_how_far_they_are() {
    let json = ApiTestBench::new().json("/api/v1/sinks").await;
    assert_eq!(json[0]["waiting"], 3120);
    assert_eq!(json[0]["delivered_at"], NOW - 60_000);
}

#[tokio::test]
async fn health_is_503_when_the_store_has_stopped() {
    let bench = ApiTestBench::new();
    assert_eq!(bench.get("/healthz").await.0, StatusCode::OK);
    bench.state.store.stop().await;
    let (status, text) = bench.get("/healthz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    assert!(text.contains("the store has stopped"), "{text}");
}

#[tokio::test]
async fn metrics_name_device_bus_and_sink() {
    let (_, text) = ApiTestBench::new().get("/metrics").await;
    for line in [
        "pantau_polls_total{device=\"inverter\"} 9",
        "pantau_failures_total{device=\"level\"} 3",
        "pantau_sink_waiting{sink=\"mqtt\"} 3120.0",
        "pantau_process_resident_bytes ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn another_hosts_name_is_refused() {
    let bench = ApiTestBench::new();
    let request = Request::get("/api/v1/site").header("host", "evil.example:8080");
    let (status, _) = bench
        .send_request(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn an_unknown_path_is_json_and_carries_the_headers() {
    let request = get("/api/v1/nothing").body(Body::empty()).unwrap();
    let response = build_router(ApiTestBench::new().state)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(
        response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'self'")
    );
}

/// Answer to a request with these headers.
async fn answer_to(
    bench: &ApiTestBench,
    request: axum::http::request::Builder,
) -> (StatusCode, axum::http::HeaderMap, String) {
    let request = request.body(Body::empty()).unwrap();
    let response = build_router(bench.state.clone()).oneshot(request).await;
    let (parts, body) = response.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (parts.status, parts.headers, text)
}

#[tokio::test]
async fn a_browser_gets_refusals_as_a_page_and_a_program_as_json() {
    const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
    let bench = ApiTestBench::new();
    for (method, path, status) in [
        ("GET", "/tidak/ada", 404),
        ("POST", "/plts", 405),
        ("GET", "/plts?period=kapan", 400),
    ] {
        let ask = |accept| {
            let request = Request::builder().method(method).uri(path);
            let request = request.header("host", "localhost").header("accept", accept);
            answer_to(&bench, request.header("accept-language", "id"))
        };
        let (got, headers, text) = ask(HTML).await;
        assert_eq!(
            headers["content-type"], "text/html; charset=utf-8",
            "{path} {text}"
        );
        assert!(text.contains("<html lang=\"id\""), "{path} {text}");
        if path != "/plts?period=kapan" {
            assert_eq!(got, status, "{path}");
            let (got, headers, text) = ask("application/json").await;
            assert_eq!(
                (got.as_u16(), &headers["content-type"] == "application/json"),
                (status, true)
            );
            let said: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(
                said["message"].is_string() && said["code"].is_string(),
                "{text}"
            );
        }
        if status == 405 {
            assert!(headers.contains_key("allow"), "{headers:?}");
        }
    }
    // A page of a program stays JSON whatever is accepted.
    let request = get("/api/v1/nothing").header("accept", HTML);
    let (_, headers, _) = answer_to(&bench, request).await;
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn what_the_framework_refuses_has_the_shape_of_all_refusals() {
    let bench = ApiTestBench::new();
    for path in [
        "/api/v1/ledger?after=x",
        "/api/v1/ledger/x",
        "/api/v1/indicators?period=2026&period=2025",
        "/api/v1/ledger/attachments/x",
    ] {
        let (status, _, text) = answer_to(&bench, get(path)).await;
        let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {text}");
        assert!(
            said["error"].is_string() && said["message"].is_string(),
            "{path} {text}"
        );
    }
    let unknown = format!("/api/v1/ledger/attachments/{}", "0".repeat(64));
    let (status, _, text) = answer_to(&bench, get(&unknown)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{text}");
    assert!(text.contains("unknown-attachment"), "{text}");
}

#[tokio::test]
async fn an_answer_says_beforehand_how_many_samples_it_has() {
    let bench = ApiTestBench::with_readings(3).await;
    let path = format!("point=inverter.ac_power&from={}", NOW - 10_000);
    for (path, count) in [
        (format!("/api/v1/samples?{path}"), Some("2")),
        (format!("/api/v1/samples.csv?{path}"), Some("2")),
        (format!("/api/v1/samples?{path}&step=1m"), None),
    ] {
        let (_, headers, _) = answer_to(&bench, get(&path)).await;
        let said = headers
            .get("x-pantau-samples")
            .map(|said| said.to_str().unwrap());
        assert_eq!(said, count, "{path}");
    }
}

#[tokio::test]
async fn the_description_names_every_path() {
    let json = ApiTestBench::new().json("/api/openapi.json").await;
    for path in [
        "/healthz",
        "/metrics",
        "/api/v1/site",
        "/api/v1/devices",
        "/api/v1/points",
        "/api/v1/samples",
        "/api/v1/live",
        "/api/v1/sinks",
    ] {
        assert!(json["paths"][path]["get"].is_object(), "{path}");
    }
    // A schema of a plain number would be a second type of its name.
    let schemas = json["components"]["schemas"].as_object().unwrap();
    assert!(!schemas.contains_key("u64"), "{:?}", schemas.keys());
    let refusal = &json["paths"]["/api/v1/site"]["get"]["responses"]["default"];
    assert!(
        refusal["content"]["application/json"].is_object(),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_number_beyond_every_entry_is_refused_and_does_not_wrap() {
    let bench = ApiTestBench::new();
    let path = format!("/api/v1/ledger?after={}", i64::MAX);
    assert_eq!(bench.json(&path).await, serde_json::json!([]));
    let path = format!("/api/v1/ledger?after={}", u64::MAX);
    assert_eq!(bench.get(&path).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_live_page_sees_a_reading_before_it_is_kept_and_when_it_is() {
    let bench = ApiTestBench::new();
    let response = build_router(bench.state.clone())
        .oneshot(get("/api/v1/live").body(Body::empty()).unwrap())
        .await
        .unwrap();
    bench
        .append_reading(
            UtcMs(NOW),
            SampleOutcome::Good(ExactNumber::Decimal {
                mantissa: 15_100,
                exponent: -1,
            }),
        )
        .await;
    let mut body = response.into_body();
    let mut seen = String::new();
    let mut flushed = false;
    while !seen.contains("event: kept") {
        let frame = tokio::time::timeout(Duration::from_secs(30), body.frame())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        seen.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        if seen.contains("event: reading") && !flushed {
            bench.state.store.flush().await.unwrap();
            flushed = true;
        }
    }
    let expected = format!(
        "data: {{\"device\":\"inverter\",\"t\":{NOW},\"seq\":1,\"v\":{{\"ac_energy\":8123.4,\"ac_power\":1510.0}},\"q\":{{}},\"kept\":false}}"
    );
    assert!(seen.contains(&expected), "{seen}");
    assert!(seen.contains("data: {\"seq\":1}"), "{seen}");
}

/// Events of an open page until `end` is seen; the store flushes after the first reading.
async fn told_until(bench: &ApiTestBench, path: &str, end: &str) -> String {
    let response = build_router(bench.state.clone())
        .oneshot(get(path).body(Body::empty()).unwrap())
        .await
        .unwrap();
    let outcome = SampleOutcome::Good(ExactNumber::Decimal {
        mantissa: 15_100,
        exponent: -1,
    });
    bench.append_reading(UtcMs(NOW), outcome).await;
    let mut body = response.into_body();
    let mut seen = String::new();
    let mut flushed = false;
    while !seen.contains(end) {
        let frame = tokio::time::timeout(Duration::from_secs(30), body.frame());
        let frame = frame.await.unwrap().unwrap().unwrap();
        seen.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        if seen.contains("point:inverter.ac_power") && !flushed {
            bench.state.store.flush().await.unwrap();
            flushed = true;
        }
    }
    seen
}

#[tokio::test]
async fn an_open_page_is_told_texts_in_its_language_and_when_they_are_kept() {
    let bench = ApiTestBench::new();
    let kept = "\"point:inverter.ac_power\":{\"kept\":\"true\"";
    let id = told_until(&bench, "/langsung?lang=id", kept).await;
    let value = "\"point:inverter.ac_power\":{\"kept\":\"false\",\"q\":\"good\",\
                 \"value\":\"1.510,0\",\"why\":\"\"}";
    assert!(id.contains(value), "{id}");
    assert!(id.contains("\"answering\":{") && !id.contains("event: reading"));
    let en = told_until(&bench, "/langsung?lang=en", kept).await;
    assert!(en.contains("\"value\":\"1,510.0\""), "{en}");
}

#[tokio::test]
async fn an_open_page_is_told_only_the_lines_that_it_shows() {
    let bench = ApiTestBench::new();
    let kept = "\"point:inverter.ac_power\":{\"kept\":\"true\"";
    let of = "/langsung?lang=en&of=point%3Ainverter.ac_power%2Cpoint%3Anobody.knows";
    let told = told_until(&bench, of, kept).await;
    assert!(
        !told.contains("answering") && !told.contains("device:"),
        "{told}"
    );
    assert!(
        !told.contains("nobody") && told.matches("point:").count() == 2,
        "{told}"
    );
    let with_store = format!("{of},store");
    let told = told_until(&bench, &with_store, kept).await;
    assert!(
        told.contains("\"store\":{") && !told.contains("answering"),
        "{told}"
    );
}

#[tokio::test]
async fn rows_come_as_the_exchange_format() {
    let bench = ApiTestBench::with_readings(2).await;
    let (_, text) = bench
        .get("/api/v1/samples.csv?point=inverter.ac_power")
        .await;
    assert_eq!(
        text,
        "time,value\n2026-11-25T02:59:50Z,1510\n2026-11-25T03:00:00Z,1510.1\n"
    );
}

#[tokio::test]
async fn an_export_marks_what_is_uncertain_and_gives_no_time_that_nobody_knows() {
    let bench = ApiTestBench::with_readings(1).await;
    let number = ExactNumber::Decimal {
        mantissa: 7,
        exponent: 0,
    };
    let retained = SampleOutcome::Uncertain(number, crate::domain::QualityReason::Retained);
    bench.append_reading(UtcMs(NOW - 20_000), retained).await;
    let path = "/api/v1/samples.csv?point=inverter.ac_power&from=0&to=2000000000000";
    let kept = "2026-11-25T02:59:40Z,7,uncertain\n2026-11-25T03:00:00Z,1510,good\n";
    bench.state.store.flush().await.unwrap();
    let (_, text) = bench.get(path).await;
    assert_eq!(text, format!("time,value,quality\n{kept}"));
    // A computer whose clock stood in 1970.
    let undated = Reading {
        device: 0,
        at: UtcMs(5000),
        mono: bench.state.clock.now().mono,
        dated: false,
        outcomes: Box::new([SampleOutcome::Good(number); 2]),
    };
    bench.state.store.append(undated).await.unwrap();
    bench.state.store.flush().await.unwrap();
    let (_, text) = bench.get(path).await;
    assert_eq!(text, format!("time,value,quality\n,7,uncertain\n{kept}"));
    // A stretch without doubt has the two columns of the exchange format.
    let path = path.replace("from=0", "from=2026-11-25T02:59:50Z");
    let (_, text) = bench.get(&path).await;
    assert_eq!(text, "time,value\n2026-11-25T03:00:00Z,1510\n");
}

/// Sends rows to the control socket; returns status and text of the answer.
async fn import_at_socket(bench: &ApiTestBench, mode: &str, rows: &str) -> (StatusCode, String) {
    let path = format!("/control/import?point=level.level&mode={mode}");
    let body = Body::from(format!("time,value\n{rows}"));
    let request = Request::post(path).body(body).unwrap();
    let (_, stop) = tokio::sync::watch::channel(false);
    let app = crate::api::ApiListener::new(bench.state.clone(), stop);
    let router = control_socket::control_router(app);
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
}

async fn imported_times(bench: &ApiTestBench) -> String {
    let path = "/api/v1/samples?point=level.level&from=0&to=2000000000000";
    bench.get(path).await.1
}

#[tokio::test]
async fn a_faulty_row_imports_nothing() {
    let bench = ApiTestBench::new();
    let rows = "2026-11-21T03:00:00Z,1\n2026-11-21T03:00:10Z,\n";
    let (status, _) = import_at_socket(&bench, "add", rows).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let text = imported_times(&bench).await;
    assert!(text.contains("\"t\":[]"), "{text}");
}

#[tokio::test]
async fn two_values_for_one_millisecond_are_refused_at_the_control_socket_too() {
    let bench = ApiTestBench::new();
    for second in ["03:00:00Z,2", "03:00:00.000Z,2", "10:00:00+07:00,2"] {
        let rows = format!("2026-11-21T03:00:00Z,1\n2026-11-21T{second}\n");
        for mode in ["compare", "add", "replace"] {
            let (status, text) = import_at_socket(&bench, mode, &rows).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{second} {mode}: {text}");
            assert!(text.contains("lines 2 and 3"), "{text}");
        }
    }
    let text = imported_times(&bench).await;
    assert!(text.contains("\"t\":[]"), "{text}");
    // The same row twice says one thing.
    let rows = "2026-11-21T03:00:00Z,1\n2026-11-21T03:00:00Z,1.0\n";
    let (status, text) = import_at_socket(&bench, "add", rows).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    // Another value in a later piece meets the kept one.
    let (status, _) = import_at_socket(&bench, "add", "2026-11-21T03:00:00Z,2\n").await;
    assert_eq!(status, StatusCode::CONFLICT);
}

pub(crate) mod words {
    use super::*;
    use std::collections::BTreeSet;

    const PAGES: &[&str] = &[
        "/masuk",
        "/akun",
        "/pengguna",
        "/riwayat",
        "/",
        "/catat",
        "/catat/luring",
        "/catat/target",
        "/catat/impor",
        "/luring",
        "/plts",
        "/air",
        "/laporan",
        "/dampak",
        "/dampak/sematkan",
        "/teknisi",
        "/health",
        "/alarm",
        "/points/inverter.ac_energy?span=week",
    ];

    /// Visible text of a page: without tags, ids (`translate="no"`) and script data.
    pub(crate) fn visible(html: &str) -> String {
        let html = html.split_once("<body").unwrap().1;
        let mut text = String::new();
        let mut hidden: Option<String> = None;
        for piece in html.split('<').skip(1) {
            let (tag, rest) = piece.split_once('>').unwrap_or((piece, ""));
            let name = tag
                .trim_start_matches('/')
                .split([' ', '\n'])
                .next()
                .unwrap();
            match &hidden {
                None if tag.contains("translate=\"no\"") || tag.starts_with("script") => {
                    hidden = Some(name.to_owned());
                }
                Some(outer) if tag.starts_with('/') && name == outer => hidden = None,
                _ => {}
            }
            if hidden.is_none() {
                text.push_str(rest);
                text.push(' ');
            }
        }
        text
    }

    fn words(text: &str) -> BTreeSet<String> {
        let plain = |word: &str| word.chars().all(char::is_alphabetic) && word.len() > 2;
        text.split(|c: char| !c.is_alphanumeric() && c != '-')
            .filter(|word| plain(word))
            .map(str::to_lowercase)
            .collect()
    }

    /// Words of a page that only the other language has, but for these names.
    pub(crate) fn foreign_words(html: &str, lang: &str, names: &str) -> Vec<String> {
        let id = words(include_str!("../../assets/words/id.ftl"));
        let en = words(include_str!("../../assets/words/en.ftl"));
        let (own, other) = if lang == "id" { (id, en) } else { (en, id) };
        let names = words(&format!(
            "Pantau API CSV Desa Impian Asia Jakarta WIB inverter mqtt November {names}"
        ));
        let is_foreign =
            |word: &String| other.contains(word) && !own.contains(word) && !names.contains(word);
        words(&visible(html))
            .into_iter()
            .filter(is_foreign)
            .collect()
    }

    #[tokio::test]
    async fn no_raw_key_shows_and_no_word_of_the_other_language() {
        let bench = ApiTestBench::with_readings(2).await;
        for page in PAGES {
            for lang in ["id", "en"] {
                let joint = if page.contains('?') { '&' } else { '?' };
                let (status, html) = bench.get(&format!("{page}{joint}lang={lang}")).await;
                assert_eq!(status, StatusCode::OK);
                for key in ["web-", "reason-", "fault-", "entry-", "ledger-"] {
                    assert!(!visible(&html).contains(key), "{page} {lang}: {html}");
                }
                let foreign = foreign_words(&html, lang, "");
                assert_eq!(foreign, Vec::<String>::new(), "{page} {lang}");
            }
        }
    }

    /// True for a number or a clock as English writes it: `1,234.5`, `12.5`, `10:30`.
    fn is_english_number(word: &str) -> bool {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        if word.is_empty()
            || !word
                .chars()
                .all(|c| c.is_ascii_digit() || ".,:".contains(c))
        {
            return false;
        }
        let (comma, dot) = (word.find(','), word.find('.'));
        let is_mixed = comma.zip(dot).is_some_and(|(comma, dot)| comma < dot);
        let parts: Vec<&str> = word.split('.').collect();
        // 1.234 is a number and 10.30 a clock; 12.5 is neither.
        let is_decimal = match parts.as_slice() {
            [whole, part] => {
                let is_clock = whole.len() == 2 && part.len() == 2;
                !part.contains(',') && part.len() != 3 && !is_clock
            }
            _ => false,
        };
        word.contains(':') || is_mixed || is_decimal
    }

    #[tokio::test]
    async fn an_indonesian_page_has_no_english_number_clock_or_month() {
        for (word, is_english) in [
            ("1,234.5", true),
            ("12.5", true),
            ("(10:30)", true),
            ("1.234,5", false),
            ("12.345", false),
            ("10.30", false),
            ("09.59.00,", false),
            ("G.5", false),
        ] {
            assert_eq!(is_english_number(word), is_english, "{word}");
        }
        let months = "January February March May June July August October December";
        let bench = ApiTestBench::with_readings(2).await;
        for page in PAGES.iter().chain(&["/teknisi/meter"]) {
            let joint = if page.contains('?') { '&' } else { '?' };
            let (_, html) = bench.get(&format!("{page}{joint}lang=id")).await;
            let text = visible(&html);
            let english = text
                .split_whitespace()
                .filter(|word| is_english_number(word) || months.split(' ').any(|m| m == *word));
            let english: Vec<&str> = english.collect();
            assert_eq!(english, Vec::<&str>::new(), "{page}");
        }
    }

    #[test]
    fn every_key_that_a_template_or_the_script_names_has_its_words() {
        let catalogue = include_str!("../../assets/words/id.ftl");
        let script = include_str!("../../assets/site/pantau.js").to_owned()
            + include_str!("../../assets/site/plot.js");
        let sources = [
            include_str!("../../assets/pages/base.html"),
            include_str!("../../assets/pages/home.html"),
            include_str!("../../assets/pages/technician.html"),
            include_str!("../../assets/pages/health.html"),
            include_str!("../../assets/pages/point.html"),
            include_str!("../../assets/pages/missing.html"),
            include_str!("../../assets/pages/reports.html"),
            include_str!("../../assets/pages/report_order.html"),
            include_str!("../../assets/pages/report_issued.html"),
            include_str!("../../assets/pages/impact.html"),
            include_str!("../../assets/pages/impact_card.html"),
            include_str!("../../assets/pages/impact_parts.html"),
            include_str!("../../assets/pages/sign_in.html"),
            include_str!("../../assets/pages/resume.html"),
            include_str!("../../assets/pages/set_up.html"),
            include_str!("../../assets/pages/users.html"),
            include_str!("../../assets/pages/account.html"),
            include_str!("../../assets/pages/tokens.html"),
            include_str!("../../assets/pages/audit.html"),
            include_str!("../../assets/pages/assets.html"),
            include_str!("../../assets/pages/asset_parts.html"),
            include_str!("../../assets/pages/explanation.html"),
            include_str!("../../assets/pages/entry.html"),
            include_str!("../../assets/pages/entry_parts.html"),
            include_str!("../../assets/pages/entry_correction.html"),
            include_str!("../../assets/pages/entry_target.html"),
            include_str!("../../assets/pages/entry_import.html"),
            include_str!("../../assets/pages/offline.html"),
        ];
        for source in sources {
            for key in source
                .split("frame.t(\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
            {
                assert!(catalogue.contains(&format!("\n{key} =")), "{key}");
            }
        }
        for word in script.split("words.").skip(1).map(|rest| {
            rest.split(|c: char| !c.is_ascii_lowercase())
                .next()
                .unwrap()
        }) {
            assert!(catalogue.contains(&format!("\nweb-{word} =")), "{word}");
        }
    }

    #[tokio::test]
    async fn numbers_and_times_are_written_as_the_language_does() {
        let bench = ApiTestBench::with_readings(1).await;
        let id = bench.get("/teknisi?lang=id").await.1;
        assert!(
            id.contains("1.510,0") && id.contains("terkirim sampai 09.59.00, 3.120 dalam antrean"),
            "{id}"
        );
        let en = bench.get("/teknisi?lang=en").await.1;
        assert!(
            en.contains("1,510.0") && en.contains("delivered up to 09:59:00, 3,120 in the queue"),
            "{en}"
        );
    }

    #[tokio::test]
    async fn points_have_labels_and_codes_are_words() {
        let mut bench = ApiTestBench::with_readings(1).await;
        let device = &mut Arc::make_mut(&mut bench.state.config).devices[0];
        device.name = "PLTS sekolah".into();
        Arc::make_mut(&mut device.points)[0].about.values =
            Arc::from([(1510, Arc::from("running"))]);
        let id = bench.get("/teknisi?lang=id").await.1;
        assert!(id.contains(">PLTS sekolah</h2>"), "{id}");
        assert!(
            id.contains("Daya AC<code") && id.contains("Energi AC<code"),
            "{id}"
        );
        assert!(id.contains(">bekerja</span>"), "{id}");
        let point = bench.get("/points/inverter.ac_power?lang=en").await.1;
        assert!(point.contains("<h1>AC power <code"), "{point}");
        assert!(point.contains(">running</span>"), "{point}");
    }

    #[tokio::test]
    async fn a_language_chosen_by_hand_is_remembered() {
        let bench = ApiTestBench::new();
        let request = get("/?lang=en").body(Body::empty()).unwrap();
        let response = build_router(bench.state.clone())
            .oneshot(request)
            .await
            .unwrap();
        assert!(
            response.headers()["set-cookie"]
                .to_str()
                .unwrap()
                .starts_with("lang=en;")
        );
        let request = get("/teknisi")
            .header("cookie", "a=b; lang=en")
            .body(Body::empty())
            .unwrap();
        assert!(bench.send_request(request).await.1.contains("Last updated"));
    }

    #[tokio::test]
    async fn the_site_decides_where_the_browser_asks_for_no_language_that_is_there() {
        let mut bench = ApiTestBench::new();
        let overview = |wish: &str, path: &str| {
            let request = Request::get(path).header("host", "localhost:8080");
            let request = request.header("accept-language", wish);
            request.body(Body::empty()).unwrap()
        };
        let before = bench.send_request(overview("de", "/")).await.1;
        assert!(before.contains("<html lang=\"id\""), "{before}");
        Arc::make_mut(&mut bench.state.config).language = Some(crate::i18n::Language::En);
        for (wish, path, lang) in [
            ("de", "/", "en"),
            ("", "/", "en"),
            ("id", "/", "id"),
            ("de", "/?lang=id", "id"),
        ] {
            let page = bench.send_request(overview(wish, path)).await.1;
            assert!(
                page.contains(&format!("<html lang=\"{lang}\"")),
                "{wish} {path}"
            );
        }
        let fault = bench
            .send_request(overview("de", "/api/v1/samples?point=x.y"))
            .await
            .1;
        assert!(fault.contains("`point` cannot be used"), "{fault}");
    }
}
