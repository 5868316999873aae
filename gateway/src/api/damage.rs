//! `/api/v1/damage`: what damage of the store's file has cost.

use super::ApiListener;
use super::error::ApiError;
use axum::Json;
use axum::extract::{Query, State};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Line of what is missing of one day.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct DataDamageJson {
    /// Number of the line; later ones have greater ones.
    pub(crate) id: u64,
    /// Milliseconds since 1970 UTC at which the loss was found.
    pub(crate) t: i64,
    /// Lost content: `readings`, `delivery`, `ledger`, `receipts`, `calibration`, `records`,
    /// `notes`, `audit`, `revisions`, `refusals` or `keys`.
    pub(crate) what: String,
    /// Local day.
    pub(crate) day: String,
    /// Device; empty for what belongs to none, and for readings of all devices.
    pub(crate) device: String,
    /// First millisecond since 1970 of lost readings; else the first number that is missing.
    pub(crate) first: i64,
    /// Last one.
    pub(crate) last: i64,
    /// Rows that are missing at most; 0 when that cannot be told.
    pub(crate) rows: u64,
    /// Name of the person who has taken note of it.
    pub(crate) seen_by: Option<String>,
}

/// Place in the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DamageQuery {
    /// Lines before this number.
    before: Option<i64>,
}

/// Point and day of a question about lost readings.
#[derive(Debug, Deserialize)]
pub(crate) struct LostReadingsQuery {
    point: String,
    day: String,
}

/// Answers whether a point lost readings of a day; a line of the list is about all points of a
/// device.
pub(crate) async fn has_lost_readings(
    State(app): State<ApiListener>,
    Query(ask): Query<LostReadingsQuery>,
) -> Result<Json<bool>, ApiError> {
    let day = ask.day.parse::<Date>();
    let day = day.map_err(|_| ApiError::bad_parameter("day", &ask.day, "YYYY-MM-DD"))?;
    let store = &app.state().store;
    Ok(Json(store.has_point_lost(&ask.point, day).await?))
}

pub(crate) fn damage_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new().routes(routes!(list_damage))
}

#[utoipa::path(get, path = "/api/v1/damage",
    params(DamageQuery),
    description = "What damage of the store's file has cost, by day and device, the latest first; \
        at most 1000 lines in an answer. A line of readings without a device is for all of them.",
    responses((status = 200, body = [DataDamageJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_damage(
    State(app): State<ApiListener>,
    Query(ask): Query<DamageQuery>,
) -> Result<Json<Vec<DataDamageJson>>, ApiError> {
    // No line has a number below 1.
    let before = ask.before.map(|before| before.max(0).cast_unsigned());
    let found = app.state().store.damage_page(before).await?;
    let found = found.into_iter().map(|one| DataDamageJson {
        id: one.id,
        t: one.at.0,
        what: one.what.word().to_owned(),
        day: one.day.to_string(),
        device: one.device.to_string(),
        first: one.numbers.0,
        last: one.numbers.1,
        rows: one.rows,
        seen_by: one.seen.map(|(by, _)| by),
    });
    Ok(Json(found.collect()))
}
