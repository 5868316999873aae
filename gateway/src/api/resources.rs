//! `/healthz` and the resources `/api/v1/site`, `devices` and `points`, with the JSON types
//! of the API. The domain types are not serialised; these types are their public form.

use super::clock_certainty::{SiteClockJson, clock_notes};
use super::device_health;
use super::error::ApiError;
use super::request_language::RequestLanguage;
use super::sinks::sink_note;
use super::{ApiListener, local_time};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::i18n::Language;
use crate::status;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Health of the gateway itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthzJson {
    /// `ok`, or `failing` with status 503.
    status: &'static str,
    /// Failures of the gateway; empty when `ok`.
    why: Vec<String>,
    /// Conditions that are no failure of the gateway: silent devices, disconnected sinks, repairs.
    notes: Vec<String>,
}

/// The site and its clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteJson {
    id: String,
    name: String,
    /// IANA name.
    timezone: String,
    /// Usual abbreviation: WIB, WITA, WIT.
    timezone_label: String,
    /// Degrees, north positive.
    latitude: f64,
    /// Degrees, east positive.
    longitude: f64,
    assets: Vec<AssetJson>,
    /// Version of the gateway.
    version: &'static str,
    /// The gateway's clock, milliseconds since 1970 UTC.
    now: i64,
    /// False while the clock is not synchronised.
    clock_trusted: bool,
    /// Largest error of `now`, milliseconds; absent while the clock is not synchronised. It grows
    /// while the clock runs on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_bound_ms: Option<u64>,
    /// Source that vouched for the time last: `kernel` (NTP), `battery-clock`, `host`
    /// or `person`.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_source: Option<&'static str>,
}

/// An asset: a solar plant, pump, tank, bin and so on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssetJson {
    id: String,
    /// Name for people.
    name: String,
    kind: String,
    /// Point ids by role.
    points: HashMap<String, String>,
}

/// A device with its status.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceJson {
    id: String,
    bus: String,
    profile: Option<String>,
    kind: String,
    /// Milliseconds between two polls.
    every_ms: u64,
    /// Point ids.
    points: Vec<String>,
    status: DeviceStatusJson,
    /// Identification that the device returned; absent when it supports none or was not asked yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<DeviceIdentityJson>,
}

/// Polling status of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceStatusJson {
    /// `ok`, `waiting` (not asked yet), `doubtful`, `fault`.
    state: &'static str,
    fault: Option<DeviceFaultJson>,
    /// Last poll that gave a value, milliseconds.
    last_good: Option<i64>,
    /// Last poll of any kind, milliseconds.
    last_poll: Option<i64>,
    polls: u64,
    failures: u64,
    /// Scheduled polls that were skipped because the bus was still busy.
    late: u64,
    /// Mean milliseconds between the last polls, to compare with `every_ms`; absent at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    real_every_ms: Option<u64>,
    /// Round trip of the last good request, milliseconds.
    round_trip_ms: f64,
    /// Maximum registers per read, when the device was found not to answer longer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    shortened_to: Option<u16>,
}

/// Identification that the device returned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceIdentityJson {
    manufacturer: String,
    model: String,
    options: String,
    /// Firmware version.
    version: String,
    serial: String,
    /// Register address at which its list of `SunSpec` models begins; absent when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<u16>,
    models: Vec<SunspecModelJson>,
    /// Reason why the model list was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_short: Option<String>,
}

/// A `SunSpec` model of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SunspecModelJson {
    id: u16,
    /// Length in registers.
    length: u16,
}

/// A device fault, in the requested language.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceFaultJson {
    /// Stable code: `timeout`, `corrupt`, `refused`, ...
    reason: &'static str,
    words: String,
    /// Device, register, requested and received.
    detail: String,
    /// Advice for the technician.
    hint: Option<String>,
}

/// A point and its last sample.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PointJson {
    id: String,
    device: String,
    name: String,
    unit: String,
    quantity: String,
    /// A counter: it only grows.
    counter: bool,
    /// Smallest plausible value, in `unit`; a smaller one is `bad`.
    min: Option<f64>,
    /// Largest plausible value, in `unit`; a larger one is `bad`.
    max: Option<f64>,
    last: Option<LastSampleJson>,
}

/// A point's last sample.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastSampleJson {
    /// Milliseconds since 1970 UTC.
    t: i64,
    /// Absent when there is no number.
    #[schema(value_type = Option<f64>)]
    v: Option<serde_json::Number>,
    /// `good`, `uncertain`, `bad`.
    q: &'static str,
    /// Reason when the quality is not `good`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// True when the sample is on disk; a reading that is not could be lost in a power cut.
    durable: bool,
}

/// A JSON number with the same decimal digits, as far as a double holds them; `None` for NaN and
/// infinities.
pub(crate) fn json_number(number: ExactNumber) -> Option<serde_json::Number> {
    number.to_string().parse().ok()
}

// 503 may make a watchdog restart the gateway, so only faults of the gateway itself (the store)
// count. A silent device or broker is a note.
#[utoipa::path(get, path = "/healthz", responses(
    (status = 200, body = HealthzJson, description = "The gateway does its work"),
    (status = 503, body = HealthzJson, description = "It does not; `why` says what fails")))]
pub(crate) async fn healthz(State(app): State<ApiListener>) -> (StatusCode, Json<HealthzJson>) {
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
    why.extend(
        store.damage.map(|damage| {
            format!("store: its file is damaged ({damage}); the next start mends it")
        }),
    );
    why.extend(hung_disk_text(&app));
    let status = if why.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut notes = store.repairs;
    if store.is_disk_full && why.is_empty() {
        notes.push("the disk has no free room: readings go into the reserve of the log".to_owned());
    }
    if store.lost > 0 {
        notes.push(format!(
            "{} readings were lost while the disk refused them",
            store.lost
        ));
    }
    notes.extend(store.rescued_files.iter().map(|name| rescued_note(name)));
    if store.damage_unseen > 0 {
        notes.push(format!(
            "damage of the store has cost data: {} lines on /health wait for a technician",
            store.damage_unseen
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
    notes.extend(access_note(&app));
    notes.extend(clock_notes(app.state(), store.undated));
    notes.extend(fault_notes(&app));
    let word = if why.is_empty() { "ok" } else { "failing" };
    (
        status,
        Json(HealthzJson {
            status: word,
            why,
            notes,
        }),
    )
}

fn hung_disk_text(app: &ApiListener) -> Option<String> {
    let pulse = &app.state().store.pulse;
    let seconds = pulse.stuck_for().as_secs();
    let said =
        || format!("store: the disk has not answered for {seconds} s; readings wait in memory");
    pulse.is_hung().then(said)
}

/// Note about a list of people that nobody can sign in with; `None` where somebody can, or where
/// there never was one.
fn access_note(app: &ApiListener) -> Option<String> {
    let access = app.state().access.control()?;
    if let Err(why) = access.check_usable() {
        return Some(format!("nobody can sign in: {why}"));
    }
    let aside = access.set_aside().filter(|_| !access.has_users())?;
    let name = aside.file_name().unwrap_or(aside.as_os_str()).display();
    Some(format!(
        "nobody can sign in: access.json was damaged and is kept as {name}; put it back from a \
         backup, or `pantau user add NAME --role admin`"
    ))
}

/// One line for each device and sink with a fault.
fn fault_notes(app: &ApiListener) -> Vec<String> {
    let board = app.state().board.snapshot();
    let devices = board.devices.iter().filter_map(|(id, state)| {
        let fault = state.fault.as_ref()?;
        Some(format!(
            "device {id}: {}: {}",
            fault.reason.word(),
            fault.detail.english()
        ))
    });
    let sinks = board
        .sinks
        .iter()
        .filter_map(|(name, sink)| Some(format!("sink {name}: {}", sink_note(sink)?)));
    let stamps = board.stamps.as_ref().and_then(stamps_note);
    let copies = board
        .copies
        .as_ref()
        .and_then(|one| copies_note(one, app.state().clock.now().at));
    let now = app.state().clock.now().at;
    let channels = board.alarm_channels.iter();
    let channels = channels.filter_map(|(id, state)| {
        Some(format!("alarm channel {id}: {}", channel_note(state, now)?))
    });
    let all = devices.chain(sinks).chain(stamps).chain(copies);
    all.chain(channels).collect()
}

/// Note about messages of alarms that wait for a channel with a fault; `None` while it is well.
fn channel_note(state: &status::AlarmChannelState, now: UtcMs) -> Option<String> {
    let fault = state.fault?;
    let queued = state.queued;
    let oldest = state.oldest.filter(|_| queued > 0);
    let age = oldest.map_or(0, |since| (now.0 - since.0).max(0) / 60_000);
    Some(format!(
        "{fault}; {queued} messages wait, the oldest for {age} min"
    ))
}

/// Note about daily copies that fail; `None` while they are well, and where there is no place for
/// them.
fn copies_note(copies: &status::CopyState, now: UtcMs) -> Option<String> {
    let last = copies.last_good.map(|at| at.to_string());
    let last = last.unwrap_or_else(|| "none yet".to_owned());
    match &copies.fault {
        Some(fault) => Some(format!("daily copy: {fault}; last good one: {last}")),
        None if copies.is_old(now) => Some(format!("daily copy: the last one is of {last}")),
        None => None,
    }
}

/// Note about time stamps of the chain that fail; `None` while they are well.
fn stamps_note(stamps: &status::StampingState) -> Option<String> {
    let fault = stamps.fault.as_ref()?;
    let last = stamps.last_good.map(|at| at.to_string());
    let last = last.unwrap_or_else(|| "none yet".to_owned());
    Some(format!("time stamps: {fault}; last good one: {last}"))
}

#[utoipa::path(get, path = "/api/v1/site", responses((status = 200, body = SiteJson)))]
pub(crate) async fn get_site(State(app): State<ApiListener>) -> Json<SiteJson> {
    let (site, now) = (app.site(), app.state().clock.now());
    let clock = SiteClockJson::of(app.state().clock.certainty());
    let assets = app.state().assets.iter().map(|asset| AssetJson {
        id: asset.id.to_string(),
        name: asset.name.to_string(),
        kind: asset.kind.word().to_owned(),
        points: asset
            .points
            .iter()
            .map(|(role, id)| (role.clone(), id.to_string()))
            .collect(),
    });
    Json(SiteJson {
        id: site.id.to_string(),
        name: site.name.to_string(),
        timezone: site.timezone.name().to_string(),
        timezone_label: local_time::zone_abbreviation(now.at, &app.0.zone),
        latitude: site.latitude,
        longitude: site.longitude,
        assets: assets.collect(),
        version: app.state().version,
        now: now.at.0,
        clock_trusted: clock.clock_trusted,
        clock_bound_ms: clock.clock_bound_ms,
        clock_source: clock.clock_source,
    })
}

#[utoipa::path(get, path = "/api/v1/devices",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    responses((status = 200, body = [DeviceJson])))]
pub(crate) async fn list_devices(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
) -> Json<Vec<DeviceJson>> {
    let board = app.state().board.snapshot();
    let of = |device: &crate::domain::DeviceInfo| DeviceJson {
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
        status: device_status_json(&app, device, &board, lang),
        identity: board
            .devices
            .get(&device.id)
            .and_then(|state| state.identity.as_ref().map(device_identity_json)),
    };
    Json(app.site().devices.iter().map(of).collect())
}

fn device_status_json(
    app: &ApiListener,
    device: &crate::domain::DeviceInfo,
    board: &crate::status::StatusSnapshot,
    lang: Language,
) -> DeviceStatusJson {
    let verdict = device_health::judge_device_health(
        device,
        app.site(),
        &app.state().buses,
        board,
        app.now(),
    );
    let state = board.devices.get(&device.id).cloned().unwrap_or_default();
    let hint = verdict.hint_text(lang);
    DeviceStatusJson {
        state: verdict.health.word(),
        fault: verdict.fault.map(|fault| DeviceFaultJson {
            reason: fault.reason.word(),
            words: lang.text(&format!("reason-{}", fault.reason.word())),
            detail: lang.fault_detail(&fault.detail),
            hint,
        }),
        last_good: state.last_good.map(|at| at.0),
        last_poll: state.last_poll.map(|at| at.0),
        polls: state.polls,
        failures: state.failures,
        late: state.late,
        real_every_ms: state.real_every_ms,
        round_trip_ms: state.round_trip_ms,
        shortened_to: state.shortened_to,
    }
}

fn device_identity_json(identity: &crate::status::DeviceIdentity) -> DeviceIdentityJson {
    let model = |(id, length): &(u16, u16)| SunspecModelJson {
        id: *id,
        length: *length,
    };
    DeviceIdentityJson {
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
    (status = 200, body = [PointJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_points(
    State(app): State<ApiListener>,
) -> Result<Json<Vec<PointJson>>, ApiError> {
    let last = app.state().store.latest_samples().await?;
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
            PointJson {
                id: point.id.to_string(),
                device: device.id.to_string(),
                name: point.name.to_string(),
                unit: point.unit.to_string(),
                quantity: point.quantity.to_string(),
                counter: point.counter,
                min: limits.and_then(|point| point.min),
                max: limits.and_then(|point| point.max),
                last: last.remove(&point.id).map(|last| {
                    last_sample_json(last.sample.at, last.sample.outcome, last.durable)
                }),
            }
        }));
    }
    Ok(Json(points))
}

fn last_sample_json(at: UtcMs, outcome: SampleOutcome, durable: bool) -> LastSampleJson {
    LastSampleJson {
        t: at.0,
        v: outcome.number().and_then(json_number),
        q: outcome.quality().word(),
        reason: outcome.reason().map(crate::domain::QualityReason::word),
        durable,
    }
}

/// Note about a copy that was saved of a store whose file was gone.
fn rescued_note(name: &str) -> String {
    format!("{name} is a copy of the store that was saved when its file was gone")
}
