//! `/api/v1/indicators` and `/api/v1/explanations`: figures of a period, and their explanations.

use super::ApiListener;
use super::error::ApiError;
use super::request_language::RequestLanguage;
use crate::config::Config;
use crate::domain::indicator::SiteIndicators;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::indicators::IndicatorQuery;
use crate::report::build::{self, CalculationBasis, ReportBuildError};
use crate::report::content::explain::{
    ExplanationJson, IndicatorValueJson, UnknownIndicatorError, explain_all, explain_indicator,
    indicator_json,
};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Query parameters of the figures.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct IndicatorsQuery {
    /// Period in local time: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026` or
    /// `2026-10-05..2026-11-21`.
    #[param(required = true)]
    period: Option<String>,
    /// Asset id; default: all assets and the site.
    pub(crate) asset: Option<String>,
    /// Revision of configuration and factors, `4.1`, or the digits that a report prints; default:
    /// the revision in force.
    revision: Option<String>,
    /// `id` or `en`; else Accept-Language.
    #[expect(
        dead_code,
        reason = "read from the address, as every page does; this describes it"
    )]
    lang: Option<String>,
    /// `text`: the explanation as text for people; `indented`: as JSON with line breaks.
    #[serde(rename = "as")]
    shape: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/indicators", params(IndicatorsQuery),
    description = "Every figure of the period, unrounded, with its inputs.",
    responses((status = 200, body = [IndicatorValueJson]), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn list_indicators(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
    wanted: Result<Query<IndicatorsQuery>, QueryRejection>,
) -> Result<Json<Vec<IndicatorValueJson>>, ApiError> {
    let (account, config, _) = compute_indicators(&app, wanted, lang).await?;
    let all = account.indicators.iter();
    Ok(Json(
        all.map(|one| indicator_json(&config, &account, one, lang))
            .collect(),
    ))
}

#[utoipa::path(get, path = "/api/v1/explanations", params(IndicatorsQuery),
    description = "Every figure of the period with its calculation line by line, so that a script \
        can redo all of them. Figures among the inputs are in the list, not below.",
    responses((status = 200, body = [ExplanationJson]), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn list_explanations(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
    wanted: Result<Query<IndicatorsQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (account, config, wanted) = compute_indicators(&app, wanted, lang).await?;
    let all = explain_all(&account, lang);
    if wanted.shape.as_deref() == Some("text") {
        let texts: Vec<String> = all
            .iter()
            .map(|one| one.text(&config, &account, lang))
            .collect();
        let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        return Ok((kind, texts.join("\n")).into_response());
    }
    let all: Vec<ExplanationJson> = all
        .iter()
        .map(|one| one.json(&config, &account, lang))
        .collect();
    Ok(Json(all).into_response())
}

#[utoipa::path(get, path = "/api/v1/indicators/{id}",
    description = "One figure and the way down from it: equation with its numbers, inputs, factors, \
        first and last readings, gaps.",
    params(("id" = String, Path, description = "Id of the figure, `plts.generation`"), IndicatorsQuery),
    responses((status = 200, body = ExplanationJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn get_indicator(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
    RequestLanguage(lang): RequestLanguage,
    wanted: Result<Query<IndicatorsQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (account, config, wanted) = compute_indicators(&app, wanted, lang).await?;
    let asset = asset_filter(wanted.asset.as_deref());
    let not_found = |unknown: UnknownIndicatorError| {
        ApiError::new(StatusCode::NOT_FOUND, unknown.message(lang))
    };
    let found = match explain_indicator(&account, &id, asset.as_deref(), lang) {
        Ok(found) => found,
        Err(unknown) if asset.is_none() => return Err(not_found(unknown)),
        Err(unknown) => {
            // The figures of one asset do not say which other one has it.
            let all = IndicatorsQuery {
                asset: None,
                ..wanted
            };
            let (account, ..) = compute_indicators(&app, Ok(Query(all)), lang).await?;
            let again = explain_indicator(&account, &id, asset.as_deref(), lang);
            return Err(not_found(again.err().unwrap_or(unknown)));
        }
    };
    let (media, text) = match wanted.shape.as_deref() {
        Some("text") => (
            "text/plain; charset=utf-8",
            found.text(&config, &account, lang),
        ),
        Some("indented") => {
            let json = serde_json::to_string_pretty(&found.json(&config, &account, lang));
            let fault = |fault: serde_json::Error| {
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, fault.to_string())
            };
            ("application/json", json.map_err(fault)?)
        }
        _ => return Ok(Json(found.json(&config, &account, lang)).into_response()),
    };
    Ok(([(header::CONTENT_TYPE, media)], text).into_response())
}

impl ApiListener {
    /// Figures of a period by the configuration in force, computed once for all who ask for the
    /// same; an open period's figures may be some seconds old.
    pub(crate) async fn indicators(
        &self,
        query: IndicatorQuery,
    ) -> Result<Arc<SiteIndicators>, ReportBuildError> {
        let figures = &self.state().figures;
        figures.indicators(query, self.progress_callback()).await
    }

    /// The same for pages, with the error as they show it.
    pub(crate) async fn period_indicators(
        &self,
        query: IndicatorQuery,
        lang: Language,
    ) -> Result<Arc<SiteIndicators>, ApiError> {
        let account = self.indicators(query).await;
        account.map_err(|trouble| report_error(&trouble, lang))
    }
}

/// Computes the figures of the query; also returns the configuration that was used.
async fn compute_indicators(
    app: &ApiListener,
    wanted: Result<Query<IndicatorsQuery>, QueryRejection>,
    lang: Language,
) -> Result<(Arc<SiteIndicators>, Arc<Config>, IndicatorsQuery), ApiError> {
    let Query(wanted) = wanted.map_err(|fault| ApiError::bad_request(fault.body_text()))?;
    let period = parse_period(wanted.period.as_deref().unwrap_or_default(), lang)?;
    let basis = requested_basis(app, wanted.revision.as_deref(), lang).await?;
    let ask = IndicatorQuery {
        period,
        asset: asset_filter(wanted.asset.as_deref()),
        now: app.state().clock.now().at,
        daily: false,
        snapshots: basis.past.is_none(),
    };
    let account = if basis.past.is_none() {
        app.indicators(ask).await
    } else {
        let (config, store) = (Arc::clone(&basis.config), app.state().store.clone());
        let turns = app.state().figures.turns().clone();
        let account = build::compute_indicators(config, store, ask, turns, app.progress_callback());
        account.await.map(Arc::new)
    };
    let account = account.map_err(|trouble| report_error(&trouble, lang))?;
    Ok((account, basis.config, wanted))
}

/// Configuration and factors of the requested revision, else those in force.
pub(crate) async fn requested_basis(
    app: &ApiListener,
    asked: Option<&str>,
    lang: Language,
) -> Result<CalculationBasis, ApiError> {
    let config = Arc::clone(&app.state().config);
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(CalculationBasis::in_force(config));
    };
    let basis = build::load_basis(config, &app.state().store, asked).await;
    basis.map_err(|trouble| report_error(&trouble, lang))
}

/// Asset id of the query; an empty text counts as missing.
pub(crate) fn asset_filter(asked: Option<&str>) -> Option<Arc<str>> {
    asked.filter(|asset| !asset.is_empty()).map(Arc::from)
}

pub(crate) fn parse_period(text: &str, lang: Language) -> Result<Period, ApiError> {
    text.parse().map_err(|_| ApiError {
        error: lang.text_with("reporting-no-period", &[("found", text)]),
        ..ApiError::bad_parameter(
            "period",
            text,
            "2026-11-21, 2026-W47, 2026-11, 2026-Q4, 2026 or 2026-10-05..2026-11-21",
        )
    })
}

/// The error with its HTTP status: 404 for unknown assets and revisions, 400 for other invalid
/// requests, 503 while the store is busy.
pub(crate) fn report_error(trouble: &ReportBuildError, lang: Language) -> ApiError {
    use crate::indicators::IndicatorsError;
    let status = match trouble {
        ReportBuildError::Account(IndicatorsError::UnknownAsset(_))
        | ReportBuildError::NoRevision(_) => StatusCode::NOT_FOUND,
        question if question.is_bad_request() => StatusCode::BAD_REQUEST,
        ReportBuildError::Account(IndicatorsError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        ReportBuildError::Store(store)
        | ReportBuildError::Account(IndicatorsError::Store(store))
            if store.may_pass() =>
        {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(error = %trouble, "report failed");
    }
    ApiError::new(status, trouble.message(lang))
}
