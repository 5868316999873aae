//! Route of the control socket that hands the store's file over for a backup.
//!
//! The answer is a line of JSON ([`BackupHead`]), then the bytes of the file. The file is held
//! still until the answer ends; the gateway stores readings all the while.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::limits::BACKUP_PIECE_BYTES;
use crate::storage::{StoreError, StoreSnapshot};
use axum::body::Body;
use axum::extract::State as Of;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// First line of the answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct BackupHead {
    /// Id of the store.
    pub(crate) store: String,
    /// Time at which the file was held, ms since 1970.
    pub(crate) t: i64,
    /// Number of the last reading in it.
    pub(crate) durable: u64,
    /// Size of the file, bytes.
    pub(crate) bytes: u64,
}

/// Holds the file and hands it over.
pub(crate) async fn stream_store(Of(app): Of<ApiListener>) -> Result<Response, ApiError> {
    let snapshot = app.state().store.hold_file().await?;
    let head = BackupHead {
        store: snapshot.store.clone(),
        t: snapshot.at.0,
        durable: snapshot.durable,
        bytes: snapshot.bytes(),
    };
    let mut line = serde_json::to_vec(&head).unwrap_or_default();
    line.push(b'\n');
    let first = stream::once(std::future::ready(Ok(Bytes::from(line))));
    let rest = stream::unfold((Arc::new(snapshot), Some(0)), next_piece);
    Ok(Response::new(Body::from_stream(first.chain(rest))))
}

/// Reads the next piece; the last answer may be an error, after which nothing follows.
async fn next_piece(
    (snapshot, at): (Arc<StoreSnapshot>, Option<u64>),
) -> Option<(Result<Bytes, StoreError>, (Arc<StoreSnapshot>, Option<u64>))> {
    let at = at.filter(|at| *at < snapshot.bytes())?;
    let reader = Arc::clone(&snapshot);
    let read = tokio::task::spawn_blocking(move || reader.read_at(at, BACKUP_PIECE_BYTES)).await;
    match read.unwrap_or(Err(StoreError::Stopped)) {
        Ok(bytes) => {
            let next = at + bytes.len() as u64;
            Some((Ok(bytes.into()), (snapshot, Some(next))))
        }
        Err(fault) => Some((Err(fault), (snapshot, None))),
    }
}
