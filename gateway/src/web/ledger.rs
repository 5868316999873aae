//! `/api/v1/ledger`: what people write down. Entries are added, corrected by new ones, and never
//! changed.

use super::App;
use super::error::ApiError;
use super::pages::language;
use crate::ledger::{
    Added, Batch, EntryJson, FaultJson, FileJson, IndicatorJson, Refused, Rules, Sent, SentBatch,
};
use crate::limits::{ATTACHMENT_BYTES_MAX, LEDGER_FILE_BYTES_MAX};
use crate::model::UtcMs;
use crate::model::ledger::{EntryId, Sort, Statement, When};
use crate::model::period::Period;
use crate::store::{LedgerQuery, StoreError};
use crate::words::Lang;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use std::str::FromStr;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who writes down when a request does not say.
pub(super) const BY: &str = "api";

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`, local time; all of time unless
    /// said.
    period: Option<String>,
    /// First local day, when no period is named.
    from: Option<String>,
    /// Last local day, when no period is named.
    to: Option<String>,
    /// Indicator id.
    indicator: Option<String>,
    /// Corrected and withdrawn entries as well.
    #[serde(default)]
    superseded: bool,
    /// Entries after this number: an answer has at most 10000.
    #[serde(default)]
    after: EntryId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Named {
    /// File name of the receipt or photo.
    name: String,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    let entries = OpenApiRouter::new()
        .routes(routes!(list, add))
        .layer(DefaultBodyLimit::max(LEDGER_FILE_BYTES_MAX));
    let files = OpenApiRouter::new()
        .routes(routes!(attach))
        .layer(DefaultBodyLimit::max(ATTACHMENT_BYTES_MAX));
    OpenApiRouter::new()
        .merge(entries)
        .merge(files)
        .routes(routes!(indicators))
        .routes(routes!(chain))
        .routes(routes!(attachment))
}

#[utoipa::path(get, path = "/api/v1/ledger", params(Ask),
    description = "Entries that touch the period, in the order in which they were written down.",
    responses((status = 200, body = [EntryJson]), (status = 400, body = ApiError)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(ask): Query<Ask>,
) -> Result<Json<Vec<EntryJson>>, ApiError> {
    let period: Option<Period> = parsed("period", ask.period.as_deref())?;
    let (from, to) = match period {
        Some(period) => (Some(period.first()), Some(period.last())),
        None => (
            parsed("from", ask.from.as_deref())?,
            parsed("to", ask.to.as_deref())?,
        ),
    };
    let indicator = ask.indicator.filter(|text| !text.is_empty());
    if let Some(id) = &indicator {
        known(&app, id)?;
    }
    let query = LedgerQuery {
        from,
        to,
        indicator,
        superseded: ask.superseded,
        after: ask.after,
    };
    let entries = app.state().store.ledger(query).await?;
    Ok(Json(entries.iter().map(EntryJson::of).collect()))
}

/// A part of the question; an empty one was not asked.
fn parsed<T: FromStr>(name: &'static str, text: Option<&str>) -> Result<Option<T>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    let parse = |text: &str| {
        let expected = "a local date, or of a period 2026-W47, 2026-11, 2026-Q4 or 2026";
        let fault = |_| ApiError::parameter(name, text, expected);
        text.parse().map_err(fault)
    };
    text.map(parse).transpose()
}

fn known(app: &App, id: &str) -> Result<(), ApiError> {
    let definitions = &app.state().definitions;
    if definitions.find(id).is_some() {
        return Ok(());
    }
    let near = definitions.nearest(id);
    let expected = near.map_or(
        "an id of /api/v1/ledger/indicators".to_owned(),
        str::to_owned,
    );
    Err(ApiError::parameter("indicator", id, expected))
}

#[utoipa::path(get, path = "/api/v1/ledger/indicators",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    responses((status = 200, body = [IndicatorJson])))]
pub(super) async fn indicators(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Json<Vec<IndicatorJson>> {
    let lang = language(&uri, &headers);
    let all = app.state().definitions.all().iter();
    Json(all.map(|one| IndicatorJson::of(one, lang)).collect())
}

#[utoipa::path(get, path = "/api/v1/ledger/{id}",
    description = "The chain of corrections of an entry, the oldest first; the last one is current.",
    params(("id" = u64, Path, description = "Number of any entry of the chain")),
    responses((status = 200, body = [EntryJson]), (status = 404, body = ApiError)))]
pub(super) async fn chain(
    State(app): State<App>,
    Path(id): Path<EntryId>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Vec<EntryJson>>, ApiError> {
    let lang = language(&uri, &headers);
    let chain = app.state().store.ledger_chain(id).await;
    let chain = chain.map_err(|fault| told(fault, lang))?;
    Ok(Json(chain.iter().map(EntryJson::of).collect()))
}

#[utoipa::path(post, path = "/api/v1/ledger",
    description = "One entry, a list of them, or `{entries, again, recorded_by}`: all are written \
        down or none. The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    request_body(content = SentBatch),
    responses((status = 201, body = Added), (status = 400, body = ApiError),
        (status = 409, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = Refused)))]
pub(super) async fn add(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let lang = language(&uri, &headers);
    let body = whole(&headers, "application/json", body)?;
    let batch = SentBatch::parse(&body).map_err(|fault| {
        ApiError::new(StatusCode::BAD_REQUEST, format!("not an entry: {fault}"))
    })?;
    let by = batch.recorded_by.clone();
    let checked = check(&app, &batch).await?;
    if !checked.faults.is_empty() {
        return Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(refused(&checked, lang)),
        )
            .into_response());
    }
    let statements = checked.good.into_iter().map(|(_, statement)| statement);
    let by = by.filter(|by| !by.trim().is_empty());
    let by: String = by.as_deref().unwrap_or(BY).chars().take(100).collect();
    let added = app
        .state()
        .store
        .ledger_add(statements.collect(), &by)
        .await;
    let ids = added.map_err(|fault| told(fault, lang))?;
    let remarks = checked.remarks.iter().map(|told| FaultJson::of(told, lang));
    let added = Added {
        ids,
        remarks: remarks.collect(),
    };
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// The body, when it came whole and is of this media type.
pub(super) fn whole(
    headers: &HeaderMap,
    media: &'static str,
    body: Result<Bytes, BytesRejection>,
) -> Result<Bytes, ApiError> {
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|said| said.to_str().ok());
    let said = said
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !said.eq_ignore_ascii_case(media) {
        return Err(ApiError {
            found: Some(said.to_owned()),
            expected: Some(media.to_owned()),
            ..ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not this media type")
        });
    }
    body.map_err(|fault| ApiError::new(fault.status(), fault.body_text()))
}

async fn check(app: &App, sent: &SentBatch) -> Result<Batch, ApiError> {
    let stamp = app.state().clock.now();
    let rules = Rules {
        definitions: &app.state().definitions,
        today: stamp.trusted.then(|| today(app, stamp.at)),
        zone: app.0.zone.clone(),
        mark: None,
    };
    let raws: Vec<_> = sent.entries.iter().map(Sent::raw).collect();
    let mut batch = Batch::of((1..).zip(&raws), &rules);
    let days = batch.good.iter().map(|(_, statement)| statement.when);
    let (from, to) = (
        days.clone().map(When::first).min(),
        days.map(When::last).max(),
    );
    let query = LedgerQuery {
        from,
        to,
        ..LedgerQuery::default()
    };
    if batch
        .good
        .iter()
        .any(|(_, statement)| asks(statement, sent.again))
    {
        let kept = app.state().store.ledger_all(query).await?;
        batch.flag_duplicates(&kept, sent.again);
    }
    Ok(batch)
}

/// Whether the ledger must be looked through for the same.
fn asks(statement: &Statement, again: bool) -> bool {
    !again || statement.sort != Sort::Record
}

pub(super) fn today(app: &App, at: UtcMs) -> Date {
    let now = Timestamp::from_millisecond(at.0).unwrap_or_default();
    now.to_zoned_datetime(app.0.zone.clone()).date()
}

fn refused(batch: &Batch, lang: Lang) -> Refused {
    let count = batch.faults.len().to_string();
    Refused {
        error: lang.say("ledger-refused", &[("count", &count)]),
        faults: batch
            .faults
            .iter()
            .map(|told| FaultJson::of(told, lang))
            .collect(),
    }
}

/// What the store says of an entry, in the language asked for.
pub(super) fn told(fault: StoreError, lang: Lang) -> ApiError {
    let words = match &fault {
        StoreError::Superseded { entry, current } => {
            let (entry, current) = (entry.to_string(), current.to_string());
            lang.say(
                "ledger-superseded",
                &[("entry", &entry), ("current", &current)],
            )
        }
        StoreError::UnknownEntry(entry) => {
            lang.say("ledger-unknown-entry", &[("entry", &entry.to_string())])
        }
        _ => return fault.into(),
    };
    ApiError {
        error: words,
        ..ApiError::from(fault)
    }
}

#[utoipa::path(post, path = "/api/v1/ledger/attachments", params(Named),
    description = "Keeps a receipt or photo, to be named in an entry's `attachments`. The body must \
        be `application/octet-stream`.",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = FileJson), (status = 400, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError)))]
pub(super) async fn attach(
    State(app): State<App>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<FileJson>), ApiError> {
    let body = whole(&headers, "application/octet-stream", body)?;
    let kept = app.state().store.attach(&named.name, body.into()).await?;
    Ok((StatusCode::CREATED, Json(FileJson::of(&kept))))
}

#[utoipa::path(get, path = "/api/v1/ledger/attachments/{sha256}",
    params(("sha256" = String, Path, description = "Hash of the file")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 400, body = ApiError), (status = 500, body = ApiError)))]
pub(super) async fn attachment(
    State(app): State<App>,
    Path(sha256): Path<String>,
) -> Result<Response, ApiError> {
    let bytes = app.state().store.attachment(&sha256).await?;
    // Never shown inside the page: what somebody uploaded must not run there.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, bytes).into_response())
}
