//! Control socket in the store's directory: a second `pantau` process asks the running one over it.
//! It has all public routes, and those that change or copy the store. A command that finds no
//! running gateway calls the same routes in its own process.

use crate::api::client::{ApiClient, ApiClientError};
use crate::api::error::ApiError;
use crate::api::{ApiListener, ApiState, wait_for_stop};
use crate::limits::IMPORT_BYTES_MAX;
use crate::server::backup_stream::stream_store;
use crate::server::sample_import::import_samples;
use crate::server::{access_guard, run_until_stopped, unguarded_routes};
use axum::extract::{DefaultBodyLimit, Query, State as Of};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// Name of the socket in the store's directory.
pub const SOCKET_NAME: &str = "pantau.sock";

/// Time until a socket that could not be opened is tried again.
const BIND_RETRY: Duration = Duration::from_secs(10);

/// Directory or file of a backup.
#[derive(Deserialize)]
struct BackupRequest {
    to: PathBuf,
}

/// Note about a change of a device's address or speed.
#[derive(Deserialize)]
struct AddressNote {
    note: String,
}

/// Answers on the socket in the store's `directory` until `stop` is true. Only the same user may
/// connect. While the socket cannot be opened, on a full disk for one, the gateway runs without it.
pub async fn serve_control(directory: PathBuf, state: ApiState, mut stop: watch::Receiver<bool>) {
    let socket = directory.join(SOCKET_NAME);
    let mut is_told = false;
    let listener = loop {
        match bind_socket(&socket).await {
            Ok(listener) => break listener,
            Err(error) if !is_told => tracing::error!(
                %error, socket = %socket.display(),
                "control socket not opened: commands cannot ask this gateway; tried again"
            ),
            Err(_) => {}
        }
        is_told = true;
        tokio::select! {
            () = tokio::time::sleep(BIND_RETRY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    };
    let router = control_router(ApiListener::new(state, stop.clone()));
    let server = axum::serve(listener, router).with_graceful_shutdown(wait_for_stop(stop.clone()));
    if let Err(error) = run_until_stopped(server.into_future(), stop).await {
        tracing::error!(%error, "the control socket server has ended");
    }
    // A stale socket is removed at the next start, so a failure is harmless.
    let _ = std::fs::remove_file(&socket);
}

/// Binds the socket after removing a stale one of a process that has ended.
async fn bind_socket(socket: &Path) -> io::Result<UnixListener> {
    // A socket file remains after a crash. Whether it is stale shows only in a connection attempt.
    if UnixStream::connect(socket).await.is_ok() {
        let why = format!("{} is answered by another pantau", socket.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    // `bind` makes the file with the umask of the process, which may let others connect.
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Client of the gateway whose store is in `directory`; `None` when no gateway runs.
pub(crate) async fn connect_client(directory: &Path) -> Result<Option<ApiClient>, ApiClientError> {
    ApiClient::connect(&directory.join(SOCKET_NAME)).await
}

/// Client of the same routes in this process, for a command that has opened the store of `state`.
pub(crate) fn local_client(state: ApiState) -> ApiClient {
    // The sender is dropped at once: the routes are never told to stop.
    let (_, stop) = watch::channel(false);
    let app = ApiListener::new(state, stop);
    ApiClient::in_process(&app, control_router(app.clone()))
}

pub(crate) fn control_router(app: ApiListener) -> axum::Router {
    let routes = axum::Router::new()
        .route("/control/import", post(import_samples))
        .route("/control/backup", post(backup_store))
        .route("/control/backup/stream", get(stream_store))
        .route(
            "/control/damage",
            get(crate::api::damage::has_lost_readings),
        )
        .route("/control/audit/set-address", post(note_address_change))
        .route(
            "/control/setup-code",
            get(crate::api::users::show_set_up_code),
        )
        .route(
            "/control/time",
            get(crate::api::site_time::show_site_time).post(crate::api::site_time::set_site_time),
        )
        .merge(crate::api::evidence::evidence_routes())
        .route("/control/ask", post(crate::api::bus_requests::read_on_bus))
        .route("/control/poll", post(crate::api::bus_requests::poll_on_bus))
        .route(
            "/control/hear",
            post(crate::api::bus_requests::probe_on_bus),
        )
        .route(
            "/control/write",
            post(crate::api::bus_requests::write_on_bus),
        )
        .layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX))
        .with_state(app.clone());
    let trusted = axum::middleware::from_fn(access_guard::trust_system);
    unguarded_routes(app).merge(routes).layer(trusted)
}

async fn backup_store(
    Of(app): Of<ApiListener>,
    Query(ask): Query<BackupRequest>,
) -> Result<StatusCode, ApiError> {
    app.state().store.backup(ask.to).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes a change in the audit that a command made on a bus of its own.
async fn note_address_change(
    Of(app): Of<ApiListener>,
    Query(ask): Query<AddressNote>,
) -> Result<StatusCode, ApiError> {
    let store = &app.state().store;
    store.append_audit("set-address", ask.note).await?;
    Ok(StatusCode::NO_CONTENT)
}
