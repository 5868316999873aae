//! Sinks in `/api/v1/sinks` and in `/healthz`.

use super::ApiListener;
use super::error::ApiError;
use crate::status::{DeliveryHealth, SinkState};
use crate::storage::RefusedReading;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::fmt::Write as _;
use utoipa::ToSchema;

/// A sink: a destination of readings, such as an MQTT broker.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SinkJson {
    name: &'static str,
    connected: bool,
    /// Connected, and waiting readings are acknowledged and not late.
    delivering: bool,
    /// `ok`, `away`, `stalled` (nothing is acknowledged), `refusing` (everything is refused) or
    /// `late`.
    health: &'static str,
    /// Seconds without an acknowledgement while readings wait.
    stalled_seconds: u64,
    /// Age of the oldest undelivered reading, seconds.
    oldest_waiting_seconds: u64,
    fault: Option<String>,
    /// All readings up to this journal number have been acknowledged or refused for good.
    settled: u64,
    /// Number of the last acknowledged reading up to there; 0 when none is known.
    delivered: u64,
    /// Time of that reading, milliseconds.
    delivered_at: Option<i64>,
    waiting: u64,
    /// The part of them that has waited for the end of an outage: new readings go out first.
    backlog: u64,
    refused: u64,
    /// Time before which nothing is sent, milliseconds: the receiver has asked for the pause.
    next_try: Option<i64>,
    /// The latest refused readings.
    refusals: Vec<SinkRefusalJson>,
}

/// A reading that the remote side refused permanently.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SinkRefusalJson {
    seq: u64,
    /// Milliseconds.
    at: i64,
    why: String,
    what: String,
}

/// Note about a sink that is not well; `None` when it is. It is a note and not a failure, because a
/// restart of the gateway does not end an outage of the broker.
pub(super) fn sink_note(sink: &SinkState) -> Option<String> {
    let waiting = sink.waiting;
    let fault = sink.fault.as_deref();
    let mut why = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
    if let Some(until) = sink.next_try {
        // Writing to a text cannot fail.
        let _ = write!(why, "; it has asked for a pause until {until}");
    }
    match sink.health() {
        DeliveryHealth::Away => Some(format!("not connected, {waiting} readings wait{why}")),
        DeliveryHealth::Stalled => {
            let stalled = sink.stalled_for().as_secs();
            Some(format!(
                "connected, but nothing acknowledged for {stalled} s, {waiting} readings wait{why}"
            ))
        }
        DeliveryHealth::Refusing => {
            let refused = sink.refused_in_a_row;
            Some(format!(
                "connected, but the last {refused} readings were refused{why}"
            ))
        }
        DeliveryHealth::Late => {
            let age = sink.oldest_age().as_secs();
            Some(format!(
                "connected, catching up: {waiting} readings wait, the oldest for {age} s{why}"
            ))
        }
        DeliveryHealth::Good => fault.map(|fault| format!("connected; {fault}")),
    }
}

#[utoipa::path(get, path = "/api/v1/sinks", responses(
    (status = 200, body = [SinkJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_sinks(
    State(app): State<ApiListener>,
) -> Result<Json<Vec<SinkJson>>, ApiError> {
    let mut sinks = Vec::new();
    for (name, sink) in app.state().board.snapshot().sinks {
        let (refused, refusals) = app.state().store.list_refusals(name).await?;
        sinks.push(SinkJson {
            name,
            connected: sink.connected,
            delivering: sink.is_delivering(),
            health: sink.health().word(),
            stalled_seconds: sink.stalled_for().as_secs(),
            oldest_waiting_seconds: sink.oldest_age().as_secs(),
            fault: sink.fault,
            settled: sink.settled,
            delivered: sink.delivered,
            delivered_at: sink.delivered_at.map(|at| at.0),
            waiting: sink.waiting,
            backlog: sink.backlog,
            refused,
            next_try: sink.next_try.map(|at| at.0),
            refusals: refusals.into_iter().map(sink_refusal_json).collect(),
        });
    }
    Ok(Json(sinks))
}

fn sink_refusal_json(refusal: RefusedReading) -> SinkRefusalJson {
    SinkRefusalJson {
        seq: refusal.seq,
        at: refusal.at.0,
        why: refusal.why,
        what: refusal.what,
    }
}
