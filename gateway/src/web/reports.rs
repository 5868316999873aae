//! `/api/v1/reports/PERIOD.FORMAT`: the report of a period, made when it is asked for.

use super::App;
use super::error::ApiError;
use super::figures::{asset, basis, period, told, turn};
use super::pages::language;
use crate::report::Format;
use crate::reporting::{self, Revision, Wish};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
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
    /// With this revision of configuration and factors, `4.1` or the digits that a report prints;
    /// the one in force unless said.
    revision: Option<String>,
}

/// A configuration with the program's built-in factors beside it.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportRevisionJson {
    /// Numbers of the configuration and of the factors, `4.1`.
    pub id: String,
    /// Since when both are in force, UTC.
    pub since: String,
    /// First digits of their SHA-256, as reports print them.
    pub digits: String,
}

impl From<Revision> for ReportRevisionJson {
    fn from(one: Revision) -> Self {
        Self {
            id: one.number(),
            since: one.since.to_string(),
            digits: one.name,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/revisions",
    description = "What figures were computed with, the oldest first.",
    responses((status = 200, body = [ReportRevisionJson]), (status = 503, body = ApiError)))]
pub(super) async fn revisions(
    State(app): State<App>,
) -> Result<Json<Vec<ReportRevisionJson>>, ApiError> {
    let all = reporting::revisions(&app.state().store).await?;
    Ok(Json(all.into_iter().map(Into::into).collect()))
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
    let shown = match format {
        Format::Pdf | Format::Json => "inline",
        Format::Xlsx | Format::Csv => "attachment",
    };
    let turn = turn(&app, lang).await?;
    let basis = basis(&app, wanted.revision.as_deref(), lang).await?;
    let revision = wanted.revision.as_deref().filter(|asked| !asked.is_empty());
    let file = reporting::file_name(&basis.config, &wish, revision);
    let store = app.state().store.clone();
    let now = app.state().clock.now().at;
    let bytes = reporting::report(basis, store, wish, now, turn, |_| ()).await;
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
