//! The JSON types and the small answers; the only serialisable view of the model.

use super::error::ApiError;
use super::health;
use super::pages::language;
use super::{App, zone};
use crate::model::{Number, Outcome, UtcMs};
use crate::status;
use crate::store::Refusal;
use crate::words::Lang;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Whether the gateway does its work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Healthz {
    /// `ok`, or `failing` with status 503.
    status: &'static str,
    /// What fails.
    why: Vec<String>,
    /// What is worth knowing but no failure of the gateway: silent devices, absent sinks, repairs.
    notes: Vec<String>,
}

/// The site.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SiteView {
    id: String,
    name: String,
    /// IANA name.
    timezone: String,
    /// What people call it: WIB, WITA, WIT.
    timezone_label: String,
    /// Degrees, north positive.
    latitude: f64,
    /// Degrees, east positive.
    longitude: f64,
    assets: Vec<AssetView>,
    /// Version of the gateway.
    version: &'static str,
    /// The gateway's clock, milliseconds since 1970 UTC.
    now: i64,
    /// Whether that clock can be believed.
    clock_trusted: bool,
}

/// What staff think in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssetView {
    id: String,
    /// Name for people.
    name: String,
    kind: String,
    /// Point ids by role.
    points: HashMap<String, String>,
}

/// A device and how it does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceView {
    id: String,
    bus: String,
    profile: Option<String>,
    kind: String,
    /// Milliseconds between two polls.
    every_ms: u64,
    /// Point ids.
    points: Vec<String>,
    status: DeviceStatus,
    /// What the device says of itself; absent when it cannot or was not asked yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityView>,
}

/// How a device does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceStatus {
    /// `ok`, `waiting` (not asked yet), `doubtful`, `fault`.
    state: &'static str,
    fault: Option<FaultView>,
    /// Last poll that gave a value, milliseconds.
    last_good: Option<i64>,
    /// Last poll of any kind, milliseconds.
    last_poll: Option<i64>,
    polls: u64,
    failures: u64,
    /// Slots that passed because the bus was still busy.
    late: u64,
    /// Milliseconds.
    round_trip_ms: f64,
    /// Registers of one read, when the device was found to be silent to longer ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    shortened_to: Option<u16>,
}

/// What a device says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IdentityView {
    manufacturer: String,
    model: String,
    options: String,
    /// Of the firmware.
    version: String,
    serial: String,
    /// Address at which its list of models begins; absent when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<u16>,
    models: Vec<ModelView>,
    /// Why the list was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_short: Option<String>,
}

/// A `SunSpec` model of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelView {
    id: u16,
    /// Registers.
    length: u16,
}

/// What is wrong, in the language asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultView {
    /// Stable word: `timeout`, `corrupt`, `refused`, ...
    reason: &'static str,
    words: String,
    /// Device, register, asked, got.
    detail: String,
    /// What to do.
    hint: Option<String>,
}

/// A point and its last sample.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointView {
    id: String,
    device: String,
    name: String,
    unit: String,
    quantity: String,
    /// It only grows.
    counter: bool,
    /// Least value that is believed, in `unit`; what is below is `bad`.
    min: Option<f64>,
    /// Greatest value that is believed, in `unit`; what is above is `bad`.
    max: Option<f64>,
    last: Option<LastView>,
}

/// A point's last sample.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LastView {
    /// Milliseconds since 1970 UTC.
    t: i64,
    /// Absent when there is no number.
    #[schema(value_type = Option<f64>)]
    v: Option<serde_json::Number>,
    /// `good`, `uncertain`, `bad`.
    q: &'static str,
    /// Why it is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// It is on disk; a reading that is not yet could still be lost in a power cut.
    durable: bool,
}

/// A destination of readings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SinkView {
    name: &'static str,
    connected: bool,
    /// Connected, and what waits is being acknowledged.
    delivering: bool,
    /// Seconds without an acknowledgement although readings wait.
    stalled_seconds: u64,
    fault: Option<String>,
    /// Everything up to this journal number has been acknowledged.
    delivered: u64,
    /// Time of that reading, milliseconds.
    delivered_at: Option<i64>,
    waiting: u64,
    refused: u64,
    /// The latest refusals.
    refusals: Vec<RefusalView>,
}

/// A reading that the far side refused for good.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusalView {
    seq: u64,
    /// Milliseconds.
    at: i64,
    why: String,
    what: String,
}

/// A number as JSON: the same digits, as far as a double holds them.
pub(super) fn number(number: Number) -> Option<serde_json::Number> {
    number.to_string().parse().ok()
}

#[utoipa::path(get, path = "/healthz", responses(
    (status = 200, body = Healthz, description = "The gateway does its work"),
    (status = 503, body = Healthz, description = "It does not; `why` says what fails")))]
pub(super) async fn healthz(State(app): State<App>) -> (StatusCode, Json<Healthz>) {
    let receiver = app.state().store.health();
    let mut why = Vec::new();
    if receiver.has_changed().is_err() {
        why.push("the store has stopped".to_owned());
    }
    let store = receiver.borrow().clone();
    why.extend(
        store
            .failure
            .map(|(_, failure)| format!("store: {failure}")),
    );
    let status = if why.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut notes = store.repairs;
    if store.lost > 0 {
        notes.push(format!(
            "{} readings were lost while the disk refused them",
            store.lost
        ));
    }
    if store.undelivered > 0 {
        notes.push(format!(
            "{} readings left the journal undelivered: over the disk budget",
            store.undelivered
        ));
    }
    let retired = store.retired.iter();
    notes.extend(
        retired.map(|sink| {
            format!("sink {sink}: no longer configured; the journal is not kept for it")
        }),
    );
    if !app.state().clock.now().trusted {
        notes.push("the clock is not synchronised; readings are kept undated".to_owned());
    }
    notes.extend(faults(&app));
    let word = if why.is_empty() { "ok" } else { "failing" };
    (
        status,
        Json(Healthz {
            status: word,
            why,
            notes,
        }),
    )
}

fn faults(app: &App) -> Vec<String> {
    let board = app.state().board.read();
    let devices = board.devices.iter().filter_map(|(id, state)| {
        let fault = state.fault.as_ref()?;
        Some(format!(
            "device {id}: {}: {}",
            fault.reason.word(),
            fault.detail
        ))
    });
    let sinks = board
        .sinks
        .iter()
        .filter_map(|(name, sink)| Some(format!("sink {name}: {}", sink_note(sink)?)));
    devices.chain(sinks).collect()
}

/// What is not well with a sink: the state of an outage is no reason to restart the gateway.
fn sink_note(sink: &status::SinkState) -> Option<String> {
    let (waiting, stalled) = (sink.waiting, sink.stalled().as_secs());
    let fault = sink.fault.as_deref();
    let why = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
    match (sink.connected, sink.delivers()) {
        (false, _) => Some(format!("not connected, {waiting} readings wait{why}")),
        (true, false) => Some(format!(
            "connected, but nothing acknowledged for {stalled} s, {waiting} readings wait{why}"
        )),
        (true, true) => fault.map(|fault| format!("connected; {fault}")),
    }
}

#[utoipa::path(get, path = "/api/v1/site", responses((status = 200, body = SiteView)))]
pub(super) async fn site(State(app): State<App>) -> Json<SiteView> {
    let (site, now) = (app.site(), app.state().clock.now());
    let assets = app.state().assets.iter().map(|asset| AssetView {
        id: asset.id.to_string(),
        name: asset.name.to_string(),
        kind: asset.kind.word().to_owned(),
        points: asset
            .points
            .iter()
            .map(|(role, id)| (role.clone(), id.to_string()))
            .collect(),
    });
    Json(SiteView {
        id: site.id.to_string(),
        name: site.name.to_string(),
        timezone: site.timezone.to_string(),
        timezone_label: zone::label(now.at, &app.0.zone),
        latitude: site.latitude,
        longitude: site.longitude,
        assets: assets.collect(),
        version: app.state().version,
        now: now.at.0,
        clock_trusted: now.trusted,
    })
}

#[utoipa::path(get, path = "/api/v1/devices",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    responses((status = 200, body = [DeviceView])))]
pub(super) async fn devices(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Json<Vec<DeviceView>> {
    let lang = language(&uri, &headers);
    let board = app.state().board.read();
    let of = |device: &crate::model::DeviceInfo| DeviceView {
        id: device.id.to_string(),
        bus: device.bus.to_string(),
        profile: device.profile.as_ref().map(ToString::to_string),
        kind: device.kind.to_string(),
        every_ms: device.every_ms,
        points: device
            .points
            .iter()
            .map(|point| point.id.to_string())
            .collect(),
        status: device_status(&app, device, &board, lang),
        identity: board
            .devices
            .get(&device.id)
            .and_then(|state| state.identity.as_ref().map(identity_view)),
    };
    Json(app.site().devices.iter().map(of).collect())
}

fn device_status(
    app: &App,
    device: &crate::model::DeviceInfo,
    board: &crate::status::State,
    lang: Lang,
) -> DeviceStatus {
    let verdict = health::judge(device, app.site(), &app.state().buses, board, app.now());
    let state = board.devices.get(&device.id).cloned().unwrap_or_default();
    DeviceStatus {
        state: verdict.health.word(),
        fault: verdict.fault.map(|fault| FaultView {
            reason: fault.reason.word(),
            words: lang.text(&format!("reason-{}", fault.reason.word())),
            detail: fault.detail,
            hint: verdict.hint.map(|key| lang.text(key)),
        }),
        last_good: state.last_good.map(|at| at.0),
        last_poll: state.last_poll.map(|at| at.0),
        polls: state.polls,
        failures: state.failures,
        late: state.late,
        round_trip_ms: state.round_trip_ms,
        shortened_to: state.shortened_to,
    }
}

fn identity_view(identity: &crate::status::Identity) -> IdentityView {
    let model = |(id, length): &(u16, u16)| ModelView {
        id: *id,
        length: *length,
    };
    IdentityView {
        manufacturer: identity.manufacturer.clone(),
        model: identity.model.clone(),
        options: identity.options.clone(),
        version: identity.version.clone(),
        serial: identity.serial.clone(),
        base: (!identity.models.is_empty()).then_some(identity.base),
        models: identity.models.iter().map(model).collect(),
        cut_short: identity.cut_short.clone(),
    }
}

#[utoipa::path(get, path = "/api/v1/points", responses(
    (status = 200, body = [PointView]), (status = 503, body = ApiError)))]
pub(super) async fn points(State(app): State<App>) -> Result<Json<Vec<PointView>>, ApiError> {
    let last = app.state().store.last().await?;
    let mut last: HashMap<_, _> = last
        .into_iter()
        .map(|last| (last.point.clone(), last))
        .collect();
    let mut points = Vec::new();
    let config = &app.state().config;
    for (index, device) in app.site().devices.iter().enumerate() {
        let settings = config.devices.get(index).map(|device| &*device.points);
        let settings = settings.unwrap_or_default();
        points.extend(device.points.iter().enumerate().map(|(index, point)| {
            let limits = settings.get(index);
            PointView {
                id: point.id.to_string(),
                device: device.id.to_string(),
                name: point.name.to_string(),
                unit: point.unit.to_string(),
                quantity: point.quantity.to_string(),
                counter: point.counter,
                min: limits.and_then(|point| point.min),
                max: limits.and_then(|point| point.max),
                last: last
                    .remove(&point.id)
                    .map(|last| last_view(last.sample.at, last.sample.outcome, last.durable)),
            }
        }));
    }
    Ok(Json(points))
}

fn last_view(at: UtcMs, outcome: Outcome, durable: bool) -> LastView {
    LastView {
        t: at.0,
        v: outcome.number().and_then(number),
        q: outcome.quality().word(),
        reason: outcome.reason().map(crate::model::Reason::word),
        durable,
    }
}

#[utoipa::path(get, path = "/api/v1/sinks", responses(
    (status = 200, body = [SinkView]), (status = 503, body = ApiError)))]
pub(super) async fn sinks(State(app): State<App>) -> Result<Json<Vec<SinkView>>, ApiError> {
    let mut sinks = Vec::new();
    for (name, sink) in app.state().board.read().sinks {
        let (refused, refusals) = app.state().store.refusals(name).await?;
        sinks.push(SinkView {
            name,
            connected: sink.connected,
            delivering: sink.delivers(),
            stalled_seconds: sink.stalled().as_secs(),
            fault: sink.fault,
            delivered: sink.delivered,
            delivered_at: sink.delivered_at.map(|at| at.0),
            waiting: sink.waiting,
            refused,
            refusals: refusals.into_iter().map(refusal).collect(),
        });
    }
    Ok(Json(sinks))
}

fn refusal(refusal: Refusal) -> RefusalView {
    RefusalView {
        seq: refusal.seq,
        at: refusal.at.0,
        why: refusal.why,
        what: refusal.what,
    }
}
