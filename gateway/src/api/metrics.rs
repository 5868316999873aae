//! `/metrics` in `OpenMetrics` text for Prometheus, from the status board and the store's health at
//! the time of the request.

use super::ApiListener;
use super::error::ApiError;
use super::metric_kinds::{GaugeMetric, MetricLabels, register_gauge};
use crate::domain::UtcMs;
use crate::status::{AlarmChannelState, BusState, DeviceState, SinkState};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

type CounterMetric = Counter<u64, AtomicU64>;

const OPENMETRICS_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, content_type = "application/openmetrics-text", body = String)))]
pub(crate) async fn get_metrics(State(app): State<ApiListener>) -> Result<Response, ApiError> {
    // A new registry for each request: the numbers live on the board, so there is nothing to keep
    // in step.
    let mut registry = Registry::with_prefix("pantau");
    let board = app.state().board.snapshot();
    register_device_metrics(
        &mut registry,
        board
            .devices
            .iter()
            .map(|(id, state)| (id.to_string(), state))
            .collect(),
    );
    register_bus_metrics(
        &mut registry,
        board
            .buses
            .iter()
            .map(|(id, state)| (id.to_string(), state))
            .collect(),
    );
    register_sink_metrics(
        &mut registry,
        board
            .sinks
            .iter()
            .map(|(id, state)| ((*id).to_owned(), state))
            .collect(),
    );
    register_channel_metrics(
        &mut registry,
        board
            .alarm_channels
            .iter()
            .map(|(id, state)| (id.to_string(), state))
            .collect(),
        app.state().clock.now().at,
    );
    let store = &app.state().store;
    register_store_metrics(&mut registry, &store.health().borrow());
    register_pulse_metrics(&mut registry, &store.pulse);
    if let Some(copies) = &board.copies {
        register_copy_metrics(&mut registry, copies, app.state().clock.now().at);
    }
    super::clock_certainty::register_clock_metrics(&mut registry, app.state().clock.certainty());
    if let Some(bytes) = resident_memory_bytes() {
        register_gauge(
            &mut registry,
            "process_resident_bytes",
            "Resident memory",
            bytes,
        );
    }
    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "metrics failed"))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS_MEDIA_TYPE)], text).into_response())
}

/// Metrics of one kind of object (device, bus, sink): label value and state of each.
struct MetricTable<'a, T> {
    registry: &'a mut Registry,
    label: &'static str,
    rows: Vec<(String, &'a T)>,
}

impl<T> MetricTable<'_, T> {
    /// Adds a counter with one series for each object.
    fn add_counter(&mut self, name: &str, help: &str, of: impl Fn(&T) -> u64) {
        let family = Family::<MetricLabels, CounterMetric>::default();
        for (id, state) in &self.rows {
            family
                .get_or_create(&[(self.label, id.clone())])
                .inc_by(of(state));
        }
        self.registry.register(name, help, family);
    }

    /// Adds a gauge; objects without a value get no series.
    fn add_gauge(&mut self, name: &str, help: &str, of: impl Fn(&T) -> Option<f64>) {
        let family = Family::<MetricLabels, GaugeMetric>::default();
        for (id, state) in &self.rows {
            if let Some(value) = of(state) {
                family.get_or_create(&[(self.label, id.clone())]).set(value);
            }
        }
        self.registry.register(name, help, family);
    }
}

fn register_device_metrics(registry: &mut Registry, rows: Vec<(String, &DeviceState)>) {
    let mut table = MetricTable {
        registry,
        label: "device",
        rows,
    };
    table.add_counter("readings", "Polls that gave at least one value", |s| {
        s.polls.saturating_sub(s.failures)
    });
    table.add_counter("polls", "Polls done", |s| s.polls);
    table.add_counter("failures", "Polls that gave nothing", |s| s.failures);
    table.add_counter("late", "Slots that passed because the bus was busy", |s| {
        s.late
    });
    table.add_gauge("device_up", "1 when the last poll was without fault", |s| {
        // No series before the first poll: a 0 would look like a fault at each start.
        s.last_poll.map(|_| f64::from(u8::from(s.fault.is_none())))
    });
    table.add_gauge(
        "device_last_good_seconds",
        "Time of the last poll that gave a value",
        |s| s.last_good.map(|at| millis_to_f64(at.0) / 1000.0),
    );
    table.add_gauge(
        "device_round_trip_seconds",
        "Round trip of the last good request",
        |s| Some(s.round_trip_ms / 1000.0),
    );
}

fn register_bus_metrics(registry: &mut Registry, rows: Vec<(String, &BusState)>) {
    let mut table = MetricTable {
        registry,
        label: "bus",
        rows,
    };
    table.add_gauge("bus_open", "1 when the port or connection is open", |s| {
        Some(f64::from(u8::from(s.open)))
    });
    table.add_counter("requests", "Requests sent", |s| s.requests);
    table.add_counter("timeouts", "Requests without an answer in time", |s| {
        s.timeouts
    });
    table.add_counter("corrupt", "Corrupt or unexpected answers", |s| s.corrupt);
    table.add_counter(
        "late_answers",
        "Whole answers that came after the timeout",
        |s| s.late,
    );
    table.add_counter("stale", "Unexpected frames that were discarded", |s| {
        s.stale
    });
}

fn register_sink_metrics(registry: &mut Registry, rows: Vec<(String, &SinkState)>) {
    let mut table = MetricTable {
        registry,
        label: "sink",
        rows,
    };
    table.add_gauge("sink_connected", "1 when connected", |s| {
        Some(f64::from(u8::from(s.connected)))
    });
    table.add_gauge(
        "sink_settled_seq",
        "Journal number up to which all is acknowledged or refused for good",
        |s| Some(count_to_f64(s.settled)),
    );
    table.add_gauge(
        "sink_delivered_seq",
        "Journal number of the last acknowledged reading up to there",
        |s| Some(count_to_f64(s.delivered)),
    );
    table.add_gauge(
        "sink_waiting",
        "Stored readings not yet acknowledged",
        |s| Some(count_to_f64(s.waiting)),
    );
    table.add_gauge(
        "sink_backlog",
        "The part of them that waited for the end of an outage; new readings go out first",
        |s| Some(count_to_f64(s.backlog)),
    );
    table.add_gauge(
        "sink_stalled_seconds",
        "Seconds without an acknowledgement although readings wait",
        |s| Some(s.stalled_for().as_secs_f64()),
    );
    table.add_gauge(
        "sink_oldest_waiting_seconds",
        "Age of the oldest undelivered reading",
        |s| Some(s.oldest_age().as_secs_f64()),
    );
    table.add_gauge(
        "sink_delivering",
        "1 when connected, and readings are acknowledged, not all refused and not late",
        |s| Some(f64::from(u8::from(s.is_delivering()))),
    );
    table.add_counter("sink_refused", "Readings refused for good", |s| s.refused);
}

fn register_channel_metrics(
    registry: &mut Registry,
    rows: Vec<(String, &AlarmChannelState)>,
    now: UtcMs,
) {
    let mut table = MetricTable {
        registry,
        label: "channel",
        rows,
    };
    table.add_gauge(
        "alarm_messages_queued",
        "Messages of alarms that wait",
        |s| Some(count_to_f64(s.queued)),
    );
    table.add_gauge(
        "alarm_messages_oldest_seconds",
        "Age of the oldest message that waits",
        |s| {
            Some(s.oldest.map_or(0.0, |since| {
                millis_to_f64((now.0 - since.0).max(0)) / 1000.0
            }))
        },
    );
    table.add_gauge(
        "alarm_channel_failing",
        "1 since a fault without a message after it",
        |s| Some(f64::from(u8::from(s.fault.is_some()))),
    );
    table.add_counter(
        "alarm_messages_sent",
        "Messages that were acknowledged",
        |s| s.sent,
    );
    table.add_counter("alarm_messages_refused", "Messages refused for good", |s| {
        s.refused
    });
    table.add_counter(
        "alarm_messages_given_up",
        "Messages that were too old",
        |s| s.given_up,
    );
    table.add_counter(
        "alarm_messages_left_out",
        "Messages left out of a full queue",
        |s| s.left_out,
    );
}

fn register_store_metrics(registry: &mut Registry, health: &crate::storage::StoreHealth) {
    register_gauge(
        registry,
        "store_bytes",
        "Bytes on disk",
        count_to_f64(health.bytes),
    );
    let unflushed = u64::try_from(health.unflushed).unwrap_or(u64::MAX);
    register_gauge(
        registry,
        "store_unflushed",
        "Readings not yet on disk",
        count_to_f64(unflushed),
    );
    register_gauge(
        registry,
        "store_durable_seq",
        "Last journal number on disk",
        count_to_f64(health.durable),
    );
    let failing = f64::from(u8::from(health.failure.is_some()));
    register_gauge(
        registry,
        "store_failing",
        "1 while disk writes fail",
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
        let counter = CounterMetric::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
}

fn register_copy_metrics(
    registry: &mut Registry,
    copies: &crate::status::CopyState,
    now: crate::domain::UtcMs,
) {
    // No series before the first copy: an age would be made up.
    if let Some(last) = copies.last_good {
        let age = millis_to_f64((now.0 - last.0).max(0)) / 1000.0;
        let help = "Age of the newest copy on another disk";
        register_gauge(registry, "copy_age_seconds", help, age);
    }
    let failing = f64::from(u8::from(copies.is_failing(now)));
    let help = "1 while the daily copy fails or is old";
    register_gauge(registry, "copy_failing", help, failing);
}

fn register_pulse_metrics(registry: &mut Registry, pulse: &crate::storage::StorePulse) {
    register_gauge(
        registry,
        "store_oldest_waiting_seconds",
        "Age of the oldest reading that is not on disk",
        pulse.oldest_waiting().as_secs_f64(),
    );
    register_gauge(
        registry,
        "store_stuck_seconds",
        "Time for which the disk has given no answer",
        pulse.stuck_for().as_secs_f64(),
    );
}

#[expect(clippy::cast_precision_loss, reason = "a metric; exact up to 2^53")]
fn count_to_f64(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a time in milliseconds is below 2^53"
)]
fn millis_to_f64(value: i64) -> f64 {
    value as f64
}

/// Resident memory of this process in bytes (`VmRSS` of `/proc/self/status`).
fn resident_memory_bytes() -> Option<f64> {
    // Linux only; without this file the metric is left out.
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(count_to_f64(kilobytes * 1024))
}
