//! The resources `/api/v1/site`, `devices` and `points`, with the JSON types
//! of the API. The domain types are not serialised; these types are their public form.

use super::clock_certainty::SiteClockJson;
use super::device_health;
use super::error::ApiError;
use super::request_language::RequestLanguage;
use super::{ApiListener, local_time};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::i18n::Language;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

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
