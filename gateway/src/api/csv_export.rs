//! `/api/v1/samples.csv`: the same range as rows of the samples CSV format, for spreadsheets and
//! `pantau export`.

use super::ApiListener;
use super::error::ApiError;
use super::samples::open_samples;
use crate::samples_csv;
use crate::storage::{SampleBlock, StoreError};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Media type of the samples CSV format.
const CSV_MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// A CSV answer in progress: the heading, then the rows of each block.
struct CsvStream {
    blocks: mpsc::Receiver<Result<SampleBlock, StoreError>>,
    header: bool,
    _turn: OwnedSemaphorePermit,
}

#[utoipa::path(get, path = "/api/v1/samples.csv",
    description = "Parameters as for /api/v1/samples. Samples without a number are left out.",
    params(super::samples::SamplesQuery),
    responses((status = 200, content_type = "text/csv", body = String),
        (status = 400, body = ApiError), (status = 404, body = ApiError)))]
pub(crate) async fn get_samples_csv(
    State(app): State<ApiListener>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let found = open_samples(&app, &uri).await?;
    let rows = CsvStream {
        blocks: found.blocks,
        header: false,
        _turn: found.turn,
    };
    let body = stream::unfold(rows, |mut rows| async {
        let piece = rows.next_piece().await?;
        Some((piece, rows))
    });
    let name = format!(
        "attachment; filename=\"{}.csv\"",
        safe_file_name(&found.point.id)
    );
    let headers = [
        (header::CONTENT_TYPE, CSV_MEDIA_TYPE.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(body.fuse())).into_response())
}

impl CsvStream {
    async fn next_piece(&mut self) -> Option<Result<Bytes, StoreError>> {
        if !self.header {
            self.header = true;
            return Some(Ok(format!("{}\n", samples_csv::SAMPLES_CSV_HEADER).into()));
        }
        Some(self.blocks.recv().await?.map(|block| {
            let mut text = String::with_capacity(block.len() * 32);
            for sample in &block {
                samples_csv::write_sample_row(&mut text, sample);
            }
            text.into()
        }))
    }
}

/// File name from a point id: other characters than letters, digits, `.`, `_` and `-` become `_`,
/// so that the name is safe in a header and in a file system.
fn safe_file_name(id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    id.chars().map(plain).collect()
}
