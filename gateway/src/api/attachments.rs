//! `/api/v1/ledger/attachments`: receipts and photos. They pass through in pieces, so that an
//! upload or download needs little memory whatever its size is.

use super::error::{ApiError, ApiErrorCode};
use super::{ApiListener, DroppedBytes};
use crate::domain::ledger::Attachment;
use crate::ledger::AttachmentJson;
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::storage::{AttachmentFile, AttachmentUpload, StoreError};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use http_body_util::BodyExt;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Media type of an upload and of a download.
const FILE_MEDIA_TYPE: &str = "application/octet-stream";

/// Query parameter of an upload.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttachmentNameQuery {
    /// File name of the receipt or photo.
    name: String,
}

pub(crate) fn attachment_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(add_attachment))
        .routes(routes!(get_attachment))
}

/// Status 415 when the body has another media type. A page of another origin can send `text/plain`
/// without a preflight, but not the types that the API takes.
pub(crate) fn check_media_type(headers: &HeaderMap, media: &'static str) -> Result<(), ApiError> {
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|said| said.to_str().ok())
        .unwrap_or_default();
    // A parameter such as `charset` does not change the type.
    let said = said.split(';').next().unwrap_or_default().trim();
    if said.eq_ignore_ascii_case(media) {
        return Ok(());
    }
    let (status, code) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, ApiErrorCode::MediaType);
    Err(ApiError {
        found: Some(said.chars().take(200).collect()),
        expected: Some(media.to_owned()),
        ..ApiError::with_code(status, code, "not this media type")
    })
}

#[utoipa::path(post, path = "/api/v1/ledger/attachments", params(AttachmentNameQuery),
    description = "Keeps a receipt or photo of at most 20 MB, to be named in an entry's \
        `attachments`. The body must be `application/octet-stream`.",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = AttachmentJson), (status = 400, body = ApiError),
        (status = 408, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn add_attachment(
    State(app): State<ApiListener>,
    Query(named): Query<AttachmentNameQuery>,
    request: Request,
) -> Result<(StatusCode, Json<AttachmentJson>), ApiError> {
    check_media_type(request.headers(), FILE_MEDIA_TYPE)?;
    // Refused before the first byte of it is read, where the client says how large it is.
    if declared_length(request.headers()).is_some_and(|bytes| bytes > ATTACHMENT_BYTES_MAX as u64) {
        return Err(StoreError::TooLarge.into());
    }
    let hold = request.extensions().get::<DroppedBytes>().cloned();
    let mut upload = app.state().store.begin_attachment().await?;
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|fault| ApiError::bad_request(fault.to_string()))?;
        if let Ok(piece) = frame.into_data() {
            let count = piece.len();
            upload.write(piece).await?;
            // On disk: others may use the memory of it.
            if let Some(DroppedBytes(give_back)) = &hold {
                give_back(count);
            }
        }
    }
    let kept = keep_upload(&app, upload, &named.name).await?;
    let added = Json(AttachmentJson::from_attachment(&kept));
    Ok((StatusCode::CREATED, added))
}

/// Keeps an upload whose bytes have all come; only a few are read back at once.
pub(crate) async fn keep_upload(
    app: &ApiListener,
    upload: AttachmentUpload,
    name: &str,
) -> Result<Attachment, StoreError> {
    // Needs a name: `_` alone would give the turn back at once.
    let _turn = app.0.attachment_checks.acquire().await;
    upload.finish(name).await
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

#[utoipa::path(get, path = "/api/v1/ledger/attachments/{sha256}",
    params(("sha256" = String, Path, description = "Hash of the file", pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 400, body = ApiError), (status = 404, body = ApiError),
        (status = 500, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn get_attachment(
    State(app): State<ApiListener>,
    Path(sha256): Path<String>,
) -> Result<Response, ApiError> {
    let file = open_checked(&app, &sha256).await?;
    let length = file.bytes().to_string();
    // Always a download: an uploaded HTML file must not run as a page of this origin.
    let headers = [
        (header::CONTENT_TYPE, FILE_MEDIA_TYPE),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CONTENT_LENGTH, &length),
        // Photos and scans are compressed already.
        (header::CONTENT_ENCODING, "identity"),
    ];
    Ok((headers, stream_file(Bytes::new(), file)).into_response())
}

/// Opens a file after its hash was verified; only a few are read for that at once.
pub(crate) async fn open_checked(
    app: &ApiListener,
    sha256: &str,
) -> Result<AttachmentFile, ApiError> {
    let _turn = app.0.attachment_checks.acquire().await;
    Ok(app.state().store.open_attachment(sha256).await?)
}

/// Body of a file of which `first` was read already; the rest is read as the client takes it.
pub(crate) fn stream_file(first: Bytes, file: AttachmentFile) -> Body {
    let rest = stream::unfold(file, |mut file| async {
        let piece = file.next_piece().await.transpose()?;
        Some((piece, file))
    });
    let first = stream::once(std::future::ready(Ok(first)));
    // Fused: a body is asked again after its end when the answer is compressed.
    Body::from_stream(first.chain(rest.fuse()).fuse())
}
