//! `/api/v1/samples.csv`: the same range as rows of the samples CSV format, for spreadsheets and
//! `pantau export`.

use super::ApiListener;
use super::error::ApiError;
use super::sample_answers::SampleReader;
use super::samples::{open_samples, with_sample_count};
use crate::samples_csv;
use crate::storage::StoreError;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

/// Media type of the samples CSV format.
const CSV_MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// A CSV answer in progress: the heading, then the rows of each block.
struct CsvStream {
    reader: SampleReader,
    header: bool,
    /// Each row says its quality.
    has_quality: bool,
}

#[utoipa::path(get, path = "/api/v1/samples.csv",
    description = "Parameters as for /api/v1/samples. Samples without a number are left out. \
        Where some numbers are uncertain, a third column `quality` says `good` or `uncertain` of \
        each row; a sample of which no source knows the time has none in its row.",
    params(super::samples::SamplesQuery),
    responses((status = 200, content_type = "text/csv", body = String),
        (status = 400, body = ApiError), (status = 404, body = ApiError),
        (status = 503, body = ApiError)))]
pub(crate) async fn get_samples_csv(
    State(app): State<ApiListener>,
    uri: Uri,
) -> Result<Response, ApiError> {
    // No limit on the samples: a row is sent once and nothing of it is kept.
    let found = open_samples(&app, &uri, None).await?;
    let rows = CsvStream {
        reader: found.reader,
        header: false,
        has_quality: found.has_doubt,
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
    // Fused: a body is asked again after its end when the answer is compressed.
    let response = (headers, Body::from_stream(body.fuse())).into_response();
    Ok(with_sample_count(response, found.samples))
}

impl CsvStream {
    async fn next_piece(&mut self) -> Option<Result<Bytes, StoreError>> {
        if !self.header {
            self.header = true;
            let heading = if self.has_quality {
                samples_csv::SAMPLES_QUALITY_HEADER
            } else {
                samples_csv::SAMPLES_CSV_HEADER
            };
            return Some(Ok(format!("{heading}\n").into()));
        }
        let block = self.reader.next_block().await.transpose()?;
        Some(block.map(|block| {
            let mut text = String::with_capacity(block.len() * 32);
            for sample in &block {
                if self.has_quality {
                    samples_csv::write_quality_row(&mut text, sample);
                } else {
                    samples_csv::write_sample_row(&mut text, sample);
                }
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
