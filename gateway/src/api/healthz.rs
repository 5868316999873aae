//! `/healthz`: whether the gateway does its work, and notes about what around it does not.

use super::ApiListener;
use super::clock_certainty::clock_notes;
use super::sinks::sink_note;
use crate::domain::UtcMs;
use crate::status;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
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

/// Note about a copy that was saved of a store whose file was gone.
fn rescued_note(name: &str) -> String {
    format!("{name} is a copy of the store that was saved when its file was gone")
}
