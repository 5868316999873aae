//! `/api/v1/reports/PERIOD.FORMAT`: the report of a period, made when it is asked for.

use super::App;
use super::error::ApiError;
use super::figures::{asset, period, told, turn};
use super::pages::language;
use crate::report::Format;
use crate::reporting::{self, Wish};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which report.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `id` or `en`; else Accept-Language.
    #[expect(
        dead_code,
        reason = "read from the address, as every page does; this describes it"
    )]
    lang: Option<String>,
    /// Id of an asset; the whole site unless said.
    asset: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/reports/{name}",
    description = "The report of a period. All formats say the same.",
    params(("name" = String, Path, description = "Period and format: `2026-11.pdf`, \
        `2026-Q4.xlsx`, `2026-W47.csv`, `2026.json`"), Wanted),
    responses((status = 200, description = "The file", body = Vec<u8>,
            content_type = "application/octet-stream"),
        (status = 400, body = ApiError), (status = 404, body = ApiError),
        (status = 503, body = ApiError)))]
pub(super) async fn report(
    State(app): State<App>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, ApiError> {
    let lang = language(&uri, &headers);
    let Query(wanted) =
        wanted.map_err(|fault| ApiError::new(StatusCode::BAD_REQUEST, fault.body_text()))?;
    let (of, format) = name.rsplit_once('.').unwrap_or((&name, ""));
    let format = Format::parse(format).ok_or_else(|| ApiError {
        found: Some(name.chars().take(200).collect()),
        expected: Some("PERIOD.pdf, PERIOD.xlsx, PERIOD.csv, PERIOD.json".to_owned()),
        ..ApiError::new(StatusCode::NOT_FOUND, lang.text("reporting-no-format"))
    })?;
    let wish = Wish {
        period: period(of, lang)?,
        asset: asset(wanted.asset.as_deref()),
        lang,
        format,
    };
    let (config, store) = (Arc::clone(&app.state().config), app.state().store.clone());
    let shown = match format {
        Format::Pdf | Format::Json => "inline",
        Format::Xlsx | Format::Csv => "attachment",
    };
    let file = reporting::file_name(&config, &wish);
    let turn = turn(&app, lang).await?;
    let now = app.state().clock.now().at;
    let bytes = reporting::report(config, store, wish, now, turn, |_| ()).await;
    let bytes = bytes.map_err(|trouble| told(&trouble, lang))?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("{shown}; filename=\"{file}\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}
