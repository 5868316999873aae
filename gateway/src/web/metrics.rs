//! `/metrics` for Prometheus: the board and the store's health, read at the moment of asking.

use super::App;
use super::error::ApiError;
use crate::status::{BusState, DeviceState, SinkState};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

type Labels = [(&'static str, String); 1];
type Count = Counter<u64, AtomicU64>;
type Level = Gauge<f64, AtomicU64>;

const MIME: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, content_type = "application/openmetrics-text", body = String)))]
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let mut registry = Registry::with_prefix("pantau");
    let board = app.state().board.read();
    devices(
        &mut registry,
        board
            .devices
            .iter()
            .map(|(id, state)| (id.to_string(), state))
            .collect(),
    );
    buses(
        &mut registry,
        board
            .buses
            .iter()
            .map(|(id, state)| (id.to_string(), state))
            .collect(),
    );
    sinks(
        &mut registry,
        board
            .sinks
            .iter()
            .map(|(id, state)| ((*id).to_owned(), state))
            .collect(),
    );
    store(&mut registry, &app.state().store.health().borrow());
    let clock = f64::from(u8::from(app.state().clock.now().trusted));
    level(
        &mut registry,
        "clock_trusted",
        "1 when the wall clock is believed",
        clock,
    );
    if let Some(bytes) = resident() {
        level(
            &mut registry,
            "process_resident_bytes",
            "Resident memory",
            bytes,
        );
    }
    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "metrics failed"))?;
    Ok(([(header::CONTENT_TYPE, MIME)], text).into_response())
}

/// Rows of one kind: the label's value and the state.
struct Table<'a, T> {
    registry: &'a mut Registry,
    label: &'static str,
    rows: Vec<(String, &'a T)>,
}

impl<T> Table<'_, T> {
    fn count(&mut self, name: &str, help: &str, of: impl Fn(&T) -> u64) {
        let family = Family::<Labels, Count>::default();
        for (id, state) in &self.rows {
            family
                .get_or_create(&[(self.label, id.clone())])
                .inc_by(of(state));
        }
        self.registry.register(name, help, family);
    }

    fn level(&mut self, name: &str, help: &str, of: impl Fn(&T) -> Option<f64>) {
        let family = Family::<Labels, Level>::default();
        for (id, state) in &self.rows {
            if let Some(value) = of(state) {
                family.get_or_create(&[(self.label, id.clone())]).set(value);
            }
        }
        self.registry.register(name, help, family);
    }
}

fn devices(registry: &mut Registry, rows: Vec<(String, &DeviceState)>) {
    let mut table = Table {
        registry,
        label: "device",
        rows,
    };
    table.count("readings", "Polls that gave at least one value", |s| {
        s.polls.saturating_sub(s.failures)
    });
    table.count("polls", "Polls done", |s| s.polls);
    table.count("failures", "Polls that gave nothing", |s| s.failures);
    table.count("late", "Slots that passed because the bus was busy", |s| {
        s.late
    });
    table.level("device_up", "1 when the last poll was without fault", |s| {
        s.last_poll.map(|_| f64::from(u8::from(s.fault.is_none())))
    });
    table.level(
        "device_last_good_seconds",
        "Time of the last poll that gave a value",
        |s| s.last_good.map(|at| number(at.0) / 1000.0),
    );
    table.level(
        "device_round_trip_seconds",
        "Round trip of the last good request",
        |s| Some(s.round_trip_ms / 1000.0),
    );
}

fn buses(registry: &mut Registry, rows: Vec<(String, &BusState)>) {
    let mut table = Table {
        registry,
        label: "bus",
        rows,
    };
    table.level("bus_open", "1 when the port or connection is open", |s| {
        Some(f64::from(u8::from(s.open)))
    });
    table.count("requests", "Requests sent", |s| s.requests);
    table.count("timeouts", "Requests without an answer in time", |s| {
        s.timeouts
    });
    table.count("corrupt", "Answers that did not fit", |s| s.corrupt);
    table.count(
        "late_answers",
        "Whole answers that came after the timeout",
        |s| s.late,
    );
    table.count("stale", "What else came unasked and was thrown away", |s| {
        s.stale
    });
}

fn sinks(registry: &mut Registry, rows: Vec<(String, &SinkState)>) {
    let mut table = Table {
        registry,
        label: "sink",
        rows,
    };
    table.level("sink_connected", "1 when the far side is there", |s| {
        Some(f64::from(u8::from(s.connected)))
    });
    table.level(
        "sink_delivered_seq",
        "Journal number up to which all is acknowledged",
        |s| Some(count(s.delivered)),
    );
    table.level(
        "sink_waiting",
        "Readings kept but not yet acknowledged",
        |s| Some(count(s.waiting)),
    );
    table.level(
        "sink_stalled_seconds",
        "Seconds without an acknowledgement although readings wait",
        |s| Some(s.stalled().as_secs_f64()),
    );
    table.level(
        "sink_delivering",
        "1 when connected and what waits is being acknowledged",
        |s| Some(f64::from(u8::from(s.delivers()))),
    );
    table.count("sink_refused", "Readings refused for good", |s| s.refused);
}

fn store(registry: &mut Registry, health: &crate::store::StoreHealth) {
    level(
        registry,
        "store_bytes",
        "Bytes on disk",
        count(health.bytes),
    );
    let unflushed = u64::try_from(health.unflushed).unwrap_or(u64::MAX);
    level(
        registry,
        "store_unflushed",
        "Readings not yet on disk",
        count(unflushed),
    );
    level(
        registry,
        "store_durable_seq",
        "Last journal number on disk",
        count(health.durable),
    );
    let failing = f64::from(u8::from(health.failure.is_some()));
    level(
        registry,
        "store_failing",
        "1 while the disk refuses",
        failing,
    );
    for (name, help, value) in [
        (
            "store_lost",
            "Readings lost because the disk refused them",
            health.lost,
        ),
        ("store_flushes", "Commits since the start", health.flushes),
    ] {
        let counter = Count::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
}

fn level(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Level::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

#[expect(clippy::cast_precision_loss, reason = "a metric; exact up to 2^53")]
fn count(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a time in milliseconds is below 2^53"
)]
fn number(value: i64) -> f64 {
    value as f64
}

/// Bytes of memory that this process holds.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(count(kilobytes * 1024))
}
