//! `/api/v1/samples.csv`: the same stretch as rows of the exchange format, for people and `pantau
//! export`.

use super::App;
use super::error::ApiError;
use super::samples::{Checked, check, turn};
use crate::exchange;
use crate::store::{Block, StoreError};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Media type of the exchange format.
const MIME: &str = "text/csv; charset=utf-8; header=present";

struct Rows {
    blocks: mpsc::Receiver<Result<Block, StoreError>>,
    header: bool,
    _turn: OwnedSemaphorePermit,
}

#[utoipa::path(get, path = "/api/v1/samples.csv",
    description = "Parameters as for /api/v1/samples. Samples without a number are left out.",
    params(super::samples::Ask),
    responses((status = 200, content_type = "text/csv", body = String),
        (status = 400, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn csv(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let Checked { query, point } = check(&app, &uri)?;
    let turn = turn(&app).await?;
    let blocks = app.state().store.query(query).await?;
    let rows = Rows {
        blocks,
        header: false,
        _turn: turn,
    };
    let body = stream::unfold(rows, |mut rows| async {
        let piece = rows.next().await?;
        Some((piece, rows))
    });
    let name = format!("attachment; filename=\"{}.csv\"", file_name(&point.id));
    let headers = [
        (header::CONTENT_TYPE, MIME.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

impl Rows {
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        if !self.header {
            self.header = true;
            return Some(Ok(format!("{}\n", exchange::HEADER).into()));
        }
        Some(self.blocks.recv().await?.map(|block| {
            let mut text = String::with_capacity(block.len() * 32);
            for sample in &block {
                exchange::write_row(&mut text, sample);
            }
            text.into()
        }))
    }
}

/// Only letters that are harmless in a header and a file system.
fn file_name(id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    id.chars().map(plain).collect()
}
