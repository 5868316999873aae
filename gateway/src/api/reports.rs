//! `/api/v1/reports/PERIOD.FORMAT`: the report of a period, made on request.

use super::ApiListener;
use super::error::ApiError;
use super::indicators::{asset_filter, parse_period, report_error, requested_basis};
use super::issued_reports::issuer_name;
use super::request_language::request_language;
use super::request_sender::RequestSender;
use crate::domain::issued_report::IssueWay;
use crate::report::build::{self, CalculationRevision, ReportRequest};
use crate::report::content::ReportEdition;
use crate::report::render::ReportFormat;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// Query parameters of a report.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// `id` or `en`; else Accept-Language.
    #[expect(
        dead_code,
        reason = "read from the address, as every page does; this describes it"
    )]
    lang: Option<String>,
    /// Asset id; default: the whole site.
    asset: Option<String>,
    /// Revision of configuration and factors, `4.1`, or the digits that a report prints; default:
    /// the revision in force.
    revision: Option<String>,
    /// `director` (default) or `full`: what a PDF contains. The other formats are always full.
    edition: Option<String>,
    /// Name of the person, from a command of this computer; else the name of the sender counts.
    by: Option<String>,
}

/// A revision: a configuration together with the program's built-in factors.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportRevisionJson {
    /// Numbers of the configuration and of the factors, `4.1`.
    pub id: String,
    /// Start of its validity, UTC.
    pub since: String,
    /// First digits of both SHA-256 values, as reports print them.
    pub digits: String,
}

impl From<CalculationRevision> for ReportRevisionJson {
    fn from(one: CalculationRevision) -> Self {
        Self {
            id: one.number(),
            since: one.since.to_string(),
            digits: one.name,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/revisions",
    description = "Revisions of configuration and factors, the oldest first.",
    responses((status = 200, body = [ReportRevisionJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_revisions(
    State(app): State<ApiListener>,
) -> Result<Json<Vec<ReportRevisionJson>>, ApiError> {
    let all = build::list_revisions(&app.state().store).await?;
    Ok(Json(all.into_iter().map(Into::into).collect()))
}

/// Edition of a request; the director's when none is named.
fn parse_edition(word: Option<&str>) -> Result<ReportEdition, ApiError> {
    match word {
        None | Some("") => Ok(ReportEdition::default()),
        Some(word) => ReportEdition::parse(word)
            .ok_or_else(|| ApiError::bad_parameter("edition", word, "director or full")),
    }
}

#[utoipa::path(get, path = "/api/v1/reports/{name}",
    description = "The report of a period. Workbook, CSV, JSON and `edition=full` have the same \
        content; a PDF is the director's edition of it by default. It is noted as issued, with \
        the name of its reader.",
    params(("name" = String, Path, description = "Period and format: `2026-11.pdf`, \
        `2026-Q4.xlsx`, `2026-W47.csv`, `2026.json`"), ReportQuery),
    responses((status = 200, description = "The file", body = Vec<u8>,
            content_type = "application/octet-stream"),
        (status = 400, body = ApiError), (status = 404, body = ApiError),
        (status = 503, body = ApiError)))]
pub(crate) async fn get_report(
    State(app): State<ApiListener>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    wanted: Result<Query<ReportQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let lang = request_language(&uri, &headers);
    let Query(wanted) = wanted.map_err(|fault| ApiError::bad_request(fault.body_text()))?;
    let (of, format) = name.rsplit_once('.').unwrap_or((&name, ""));
    let format = ReportFormat::parse(format).ok_or_else(|| ApiError {
        found: Some(name.chars().take(200).collect()),
        expected: Some("PERIOD.pdf, PERIOD.xlsx, PERIOD.csv, PERIOD.json".to_owned()),
        ..ApiError::new(StatusCode::NOT_FOUND, lang.text("reporting-no-format"))
    })?;
    let wish = ReportRequest {
        period: parse_period(of, lang)?,
        asset: asset_filter(wanted.asset.as_deref()),
        lang,
        format,
        edition: parse_edition(wanted.edition.as_deref())?,
    };
    // A browser shows PDF and JSON itself; workbooks and tables are downloaded.
    let shown = match format {
        ReportFormat::Pdf | ReportFormat::Json => "inline",
        ReportFormat::Xlsx | ReportFormat::Csv => "attachment",
    };
    let turn = app.state().figures.turns().long().await;
    let turn = turn.map_err(|busy| report_error(&busy.into(), lang))?;
    let basis = requested_basis(&app, wanted.revision.as_deref(), lang).await?;
    let revision = wanted.revision.as_deref().filter(|asked| !asked.is_empty());
    let file = build::report_file_name(&basis.config, &wish, revision);
    let task = app.state().report_task(basis, wish, turn);
    let built = build::build_report(task, app.progress_callback()).await;
    let built = built.map_err(|trouble| report_error(&trouble, lang))?;
    let via = match RequestSender::current().connection {
        Some(_) => IssueWay::Api,
        None => IssueWay::Command,
    };
    if app.is_issued_to_sender() {
        let note = (built.issue, built.file);
        app.note_issue(note, via, issuer_name(wanted.by)).await;
    }
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("{shown}; filename=\"{file}\""),
        ),
    ];
    Ok((headers, built.bytes).into_response())
}
