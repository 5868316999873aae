//! The socket in the store's directory over which a second `pantau` asks the running one:
//! everything that the page's listener answers, and what changes or copies the store.

use super::error::ApiError;
use super::{App, State, open, stopped, until_stopped};
use crate::exchange::{self, Faults, Kind, RowFault};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_LINE_MAX};
use crate::store::ImportRow;
use axum::Json;
use axum::extract::{DefaultBodyLimit, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// Name of the socket in the store's directory.
pub const SOCKET: &str = "pantau.sock";

#[derive(Deserialize)]
struct ImportAsk {
    point: String,
}

#[derive(Deserialize)]
struct BackupAsk {
    to: PathBuf,
}

/// What an import took.
#[derive(Debug, Serialize, Deserialize)]
struct Imported {
    rows: u64,
}

/// Answers on the socket in the store's `directory` until `stop` turns true; only this user may
/// connect. Without a socket the gateway does its work all the same.
pub async fn serve_control(directory: PathBuf, state: State, stop: watch::Receiver<bool>) {
    let socket = directory.join(SOCKET);
    let listener = match listen(&socket).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, socket = %socket.display(), "no control socket");
            return;
        }
    };
    let router = control(App::new(state, stop.clone()));
    let server = axum::serve(listener, router).with_graceful_shutdown(stopped(stop.clone()));
    if let Err(error) = until_stopped(server.into_future(), stop).await {
        tracing::error!(%error, "the control socket has ended");
    }
    // The next start removes a socket that nobody answers on, so a failure here is harmless.
    let _ = std::fs::remove_file(&socket);
}

/// Binds, after removing the socket of a gateway that is gone.
async fn listen(socket: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(socket).await.is_ok() {
        let why = format!("{} is answered by another pantau", socket.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

pub(super) fn control(app: App) -> axum::Router {
    let routes = axum::Router::new()
        .route("/control/import", post(import))
        .route("/control/backup", post(backup))
        .merge(super::evidence::routes())
        .route("/control/ask", post(super::ask::ask))
        .route("/control/hear", post(super::ask::hear))
        .route("/control/write", post(super::ask::write))
        .layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX))
        .with_state(app.clone());
    open(app).merge(routes)
}

/// Takes one piece of a CSV, with its header. All of it or nothing.
async fn import(
    Of(app): Of<App>,
    Query(ask): Query<ImportAsk>,
    body: Bytes,
) -> Result<Json<Imported>, Response> {
    let rows = rows(&body).map_err(|faults| {
        let words = faults
            .named
            .first()
            .map(|fault| format!("line {}: {}", fault.line, fault.found));
        ApiError::new(StatusCode::BAD_REQUEST, words.unwrap_or_default()).into_response()
    })?;
    if app.site().point(&ask.point).is_none() {
        let error = ApiError::parameter("point", &ask.point, "a point of this site");
        return Err(error.into_response());
    }
    let rows = app.state().store.import(&ask.point, rows).await;
    rows.map(|rows| Json(Imported { rows }))
        .map_err(|error| ApiError::from(error).into_response())
}

async fn backup(Of(app): Of<App>, Query(ask): Query<BackupAsk>) -> Result<StatusCode, ApiError> {
    app.state().store.backup(ask.to).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All rows, or all faults.
fn rows(text: &[u8]) -> Result<Vec<ImportRow>, Faults> {
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for (line, number) in text.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        if number == 1 {
            if !exchange::is_header(line) {
                let found = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
                faults.push(RowFault::new(1, Kind::Header, &found));
            }
            continue;
        }
        match exchange::read_row(number, &line[..line.len().min(IMPORT_LINE_MAX)]) {
            Ok(row) => rows.push(row),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.count == 0 {
        Ok(rows)
    } else {
        Err(faults)
    }
}
