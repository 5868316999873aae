//! `/api/v1/indicators`: the figures of a period, and the way down from one of them.

use super::App;
use super::error::ApiError;
use super::pages::language;
use crate::account::Ask;
use crate::chapters::explain::{ExplanationJson, IndicatorJson, explain, indicator_json};
use crate::config::Config;
use crate::model::indicator::Account;
use crate::model::period::Period;
use crate::reporting::{self, Basis, Trouble};
use crate::words::Lang;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

/// How long a question waits for its turn.
const TURN: Duration = Duration::from_mins(1);

/// Which figures.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026` or `2026-10-05..2026-11-21`, local
    /// time.
    #[param(required = true)]
    period: Option<String>,
    /// Id of an asset; all of them, and the site, unless said.
    pub(super) asset: Option<String>,
    /// With this revision of configuration and factors, `4.1` or the digits that a report prints;
    /// the one in force unless said.
    revision: Option<String>,
    /// `id` or `en`; else Accept-Language.
    #[expect(
        dead_code,
        reason = "read from the address, as every page does; this describes it"
    )]
    lang: Option<String>,
    /// `text`: the way down as text for people.
    #[serde(rename = "as")]
    shape: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/indicators", params(Wanted),
    description = "Every figure of the period, unrounded, with what it is made of.",
    responses((status = 200, body = [IndicatorJson]), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn indicators(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Vec<IndicatorJson>>, ApiError> {
    let lang = language(&uri, &headers);
    let (account, config, _) = asked(&app, wanted, lang).await?;
    let all = account.indicators.iter();
    Ok(Json(
        all.map(|one| indicator_json(&config, &account, one, lang))
            .collect(),
    ))
}

#[utoipa::path(get, path = "/api/v1/indicators/{id}",
    description = "One figure and the way down from it: equation with its numbers, inputs, factors, \
        first and last readings, gaps.",
    params(("id" = String, Path, description = "Id of the figure, `plts.generation`"), Wanted),
    responses((status = 200, body = ExplanationJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn indicator(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, ApiError> {
    let lang = language(&uri, &headers);
    let (account, config, wanted) = asked(&app, wanted, lang).await?;
    let asset = wanted.asset.as_deref();
    let found = explain(&account, &id, asset, lang);
    let found = found.map_err(|unknown| ApiError::new(StatusCode::NOT_FOUND, unknown.say(lang)))?;
    if wanted.shape.as_deref() == Some("text") {
        let text = found.text(&config, &account, lang);
        return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response());
    }
    Ok(Json(found.json(&config, &account, lang)).into_response())
}

async fn asked(
    app: &App,
    wanted: Result<Query<Wanted>, QueryRejection>,
    lang: Lang,
) -> Result<(Account, Arc<Config>, Wanted), ApiError> {
    let Query(wanted) =
        wanted.map_err(|fault| ApiError::new(StatusCode::BAD_REQUEST, fault.body_text()))?;
    let period = period(wanted.period.as_deref().unwrap_or_default(), lang)?;
    let ask = Ask {
        period,
        asset: asset(wanted.asset.as_deref()),
        now: app.state().clock.now().at,
        daily: false,
    };
    let turn = turn(app, lang).await?;
    let config = basis(app, wanted.revision.as_deref(), lang).await?.config;
    let store = app.state().store.clone();
    let account = reporting::figures(Arc::clone(&config), store, ask, turn, |_| ()).await;
    let account = account.map_err(|trouble| told(&trouble, lang))?;
    Ok((account, config, wanted))
}

/// What to compute with: the revision that is asked for, else what is in force.
pub(super) async fn basis(app: &App, asked: Option<&str>, lang: Lang) -> Result<Basis, ApiError> {
    let config = Arc::clone(&app.state().config);
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(Basis::now(config));
    };
    let basis = reporting::basis(config, &app.state().store, asked).await;
    basis.map_err(|trouble| told(&trouble, lang))
}

/// An asset by name; an empty one was not asked for.
pub(super) fn asset(asked: Option<&str>) -> Option<Arc<str>> {
    asked.filter(|asset| !asset.is_empty()).map(Arc::from)
}

pub(super) fn period(text: &str, lang: Lang) -> Result<Period, ApiError> {
    text.parse().map_err(|_| ApiError {
        error: lang.say("reporting-no-period", &[("found", text)]),
        ..ApiError::parameter(
            "period",
            text,
            "2026-11-21, 2026-W47, 2026-11, 2026-Q4, 2026 or 2026-10-05..2026-11-21",
        )
    })
}

/// Figures of a year are work for many seconds: so many are made at once and no more.
pub(super) async fn turn(app: &App, lang: Lang) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, lang.text("reporting-busy"));
    let turn = Arc::clone(&app.0.reports).acquire_owned();
    let turn = tokio::time::timeout(TURN, turn).await;
    turn.map_err(|_| busy())?.map_err(|_| busy())
}

pub(super) fn told(trouble: &Trouble, lang: Lang) -> ApiError {
    use crate::account::AccountError;
    use crate::store::StoreError;
    let status = match trouble {
        Trouble::Account(AccountError::UnknownAsset(_)) | Trouble::NoRevision(_) => {
            StatusCode::NOT_FOUND
        }
        question if question.is_question() => StatusCode::BAD_REQUEST,
        Trouble::Store(StoreError::Stopped | StoreError::Busy(_))
        | Trouble::Account(AccountError::Store(StoreError::Stopped | StoreError::Busy(_))) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(error = %trouble, "no report");
    }
    ApiError::new(status, trouble.say(lang))
}
