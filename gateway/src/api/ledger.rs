//! `/api/v1/ledger`: manual entries. Entries are added, or corrected by new entries; none is ever
//! changed.

use super::ApiListener;
use super::entry_recording::{ClientKey, EntryRecording, RecordingResult};
use super::error::ApiError;
use super::json_body::JsonBody;
use super::request_language::RequestLanguage;
use crate::domain::ledger::EntryId;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::ledger::{
    EntriesAddedJson, EntriesRefusedJson, EntryBatch, EntryBatchRequest, EntryJson, EntryRequest,
    FaultJson, IndicatorDefinitionJson,
};
use crate::storage::{LedgerQuery, StoreError};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::str::FromStr;
use utoipa::openapi::{ArrayBuilder, OneOfBuilder, Ref, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Recorded author of a request that names none.
const DEFAULT_RECORDER: &str = "api";
/// Characters of the recorder that are kept.
const RECORDER_NAME_MAX: usize = 100;

/// Query parameters of the entry list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LedgerEntriesQuery {
    /// Period in local time: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`; default: all
    /// entries.
    period: Option<String>,
    /// First local day, when `period` is missing.
    from: Option<String>,
    /// Last local day, when `period` is missing.
    to: Option<String>,
    /// Indicator id.
    indicator: Option<String>,
    /// Includes corrected and withdrawn entries.
    #[serde(default)]
    superseded: bool,
    /// Entries after this number; an answer has at most 10000.
    #[serde(default)]
    #[param(value_type = u64)]
    after: EntryId,
}

pub(crate) fn ledger_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(list_entries, add_entries))
        .routes(routes!(list_ledger_indicators))
        .routes(routes!(get_entry_chain))
}

#[utoipa::path(get, path = "/api/v1/ledger", params(LedgerEntriesQuery),
    description = "Entries that touch the period, in the order in which they were written down.",
    responses((status = 200, body = [EntryJson]), (status = 400, body = ApiError)))]
pub(crate) async fn list_entries(
    State(app): State<ApiListener>,
    Query(ask): Query<LedgerEntriesQuery>,
) -> Result<Json<Vec<EntryJson>>, ApiError> {
    let period: Option<Period> = parse_parameter("period", ask.period.as_deref())?;
    let (from, to) = match period {
        Some(period) => (Some(period.first()), Some(period.last())),
        None => (
            parse_parameter("from", ask.from.as_deref())?,
            parse_parameter("to", ask.to.as_deref())?,
        ),
    };
    let indicator = ask.indicator.filter(|text| !text.is_empty());
    if let Some(id) = &indicator {
        check_indicator(&app, id)?;
    }
    if i64::try_from(ask.after).is_err() {
        let expected = "the number of an entry";
        return Err(ApiError::bad_parameter(
            "after",
            &ask.after.to_string(),
            expected,
        ));
    }
    let query = LedgerQuery {
        from,
        to,
        indicator,
        sort: None,
        superseded: ask.superseded,
        after: ask.after,
        newest: None,
    };
    let entries = app.state().store.ledger(query).await?;
    Ok(Json(entries.iter().map(EntryJson::from_entry).collect()))
}

/// Value of an optional query parameter; an empty text counts as missing. Status 400 when it cannot
/// be parsed.
fn parse_parameter<T: FromStr>(
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    let parse = |text: &str| {
        let expected = "a local date, or of a period 2026-W47, 2026-11, 2026-Q4 or 2026";
        let fault = |_| ApiError::bad_parameter(name, text, expected);
        text.parse().map_err(fault)
    };
    text.map(parse).transpose()
}

/// Status 400 with the most similar id when the indicator is not defined.
fn check_indicator(app: &ApiListener, id: &str) -> Result<(), ApiError> {
    let definitions = &app.state().definitions;
    if definitions.find(id).is_some() || definitions.find_measured(id).is_some() {
        return Ok(());
    }
    let near = definitions.nearest_id(id);
    let expected = near.map_or(
        "an id of /api/v1/ledger/indicators".to_owned(),
        str::to_owned,
    );
    Err(ApiError::bad_parameter("indicator", id, expected))
}

#[utoipa::path(get, path = "/api/v1/ledger/indicators",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    responses((status = 200, body = [IndicatorDefinitionJson])))]
pub(crate) async fn list_ledger_indicators(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
) -> Json<Vec<IndicatorDefinitionJson>> {
    let all = app.state().definitions.all().iter();
    Json(
        all.map(|one| IndicatorDefinitionJson::from_definition(one, lang))
            .collect(),
    )
}

#[utoipa::path(get, path = "/api/v1/ledger/{id}",
    description = "The chain of corrections of an entry, the oldest first; the last one is current.",
    params(("id" = u64, Path, description = "Number of any entry of the chain")),
    responses((status = 200, body = [EntryJson]), (status = 400, body = ApiError),
        (status = 404, body = ApiError)))]
pub(crate) async fn get_entry_chain(
    State(app): State<ApiListener>,
    Path(id): Path<EntryId>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<Vec<EntryJson>>, ApiError> {
    let chain = app.state().store.correction_chain(id).await;
    let chain = chain.map_err(|fault| ledger_error(fault, lang))?;
    Ok(Json(chain.iter().map(EntryJson::from_entry).collect()))
}

/// Body of a request that records entries, for the OpenAPI description: one entry, a list of them,
/// or a batch.
enum EntryBody {}

impl PartialSchema for EntryBody {
    fn schema() -> RefOr<Schema> {
        let one = || Ref::from_schema_name(EntryRequest::name());
        let batch = Ref::from_schema_name(EntryBatchRequest::name());
        let both = OneOfBuilder::new().item(one());
        let all = both.item(ArrayBuilder::new().items(one())).item(batch);
        Schema::from(all).into()
    }
}

impl ToSchema for EntryBody {
    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        all.push((EntryRequest::name().into_owned(), EntryRequest::schema()));
        let batch = EntryBatchRequest::name().into_owned();
        all.push((batch, EntryBatchRequest::schema()));
        EntryBatchRequest::schemas(all);
    }
}

#[utoipa::path(post, path = "/api/v1/ledger",
    description = "One entry, a list of them, or `{entries, again, recorded_by, key}`: all are \
        written down or none. A request with a `key` that was used before, after a lost answer, \
        records nothing and gets the first answer; 409 when its entries are others. The body must \
        be `application/json`. `recorded_by` counts on the gateway's own control socket only: over \
        the network the person of the session, or the token, is kept.",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    request_body(content = EntryBody),
    responses((status = 201, body = EntriesAddedJson), (status = 400, body = ApiError),
        (status = 409, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = EntriesRefusedJson)))]
pub(crate) async fn add_entries(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<Response, ApiError> {
    let batch = EntryBatchRequest::parse(&bytes).map_err(|fault| {
        let why = format!("not an entry: {fault}");
        ApiError::bad_request(why)
    })?;
    if let Some(key) = &batch.key {
        ClientKey::check(key)?;
    }
    // Parsed and written again, so that other spaces in the JSON are no other content.
    let content = (&batch.entries, batch.again);
    let content = serde_json::to_string(&content).unwrap_or_default();
    let raws = batch.entries.iter().map(EntryRequest::raw);
    let recording = EntryRecording {
        rows: (1..).zip(raws).collect(),
        mark: None,
        again: batch.again,
        by: recorder_name(batch.recorded_by),
        key: batch.key.map(|key| ClientKey { key, content }),
    };
    let result = app.record_entries(recording, lang).await;
    Ok(match result.map_err(|fault| ledger_error(fault, lang))? {
        RecordingResult::Recorded(added) => (StatusCode::CREATED, Json(added)).into_response(),
        RecordingResult::Refused(checked) => {
            let refused = Json(refused_json(&checked, lang));
            (StatusCode::UNPROCESSABLE_ENTITY, refused).into_response()
        }
    })
}

/// Name of the person or program that writes an entry down, as it is kept.
pub(crate) fn recorder_name(said: Option<String>) -> String {
    let said = said.filter(|by| !by.trim().is_empty());
    let said = said.as_deref().unwrap_or(DEFAULT_RECORDER);
    said.chars().take(RECORDER_NAME_MAX).collect()
}

fn refused_json(batch: &EntryBatch, lang: Language) -> EntriesRefusedJson {
    let count = batch.faults.len().to_string();
    EntriesRefusedJson {
        error: lang.text_with("ledger-refused", &[("count", &count)]),
        faults: batch
            .faults
            .iter()
            .map(|told| FaultJson::from_row_remark(told, lang))
            .collect(),
    }
}

/// The store's error in the requested language.
pub(crate) fn ledger_error(fault: StoreError, lang: Language) -> ApiError {
    let words = match &fault {
        StoreError::Superseded { entry, current } => {
            let (entry, current) = (entry.to_string(), current.to_string());
            lang.text_with(
                "ledger-superseded",
                &[("entry", &entry), ("current", &current)],
            )
        }
        StoreError::UnknownEntry(entry) => {
            lang.text_with("ledger-unknown-entry", &[("entry", &entry.to_string())])
        }
        _ => return fault.into(),
    };
    ApiError {
        error: words,
        ..ApiError::from(fault)
    }
}
