//! `/api/v1/audit`: the audit log, for admins.

use super::ApiListener;
use super::error::ApiError;
use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entry of the audit log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AuditEntryJson {
    /// Number; later entries have greater ones.
    id: i64,
    /// Milliseconds since 1970 UTC.
    t: i64,
    /// Kind of the event: `ledger`, `sign-in`, `loss`, ...
    kind: String,
    /// Event, with the person after ` by `.
    what: String,
}

/// Query parameter of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Entries before this number.
    before: Option<i64>,
}

pub(crate) fn audit_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

#[utoipa::path(get, path = "/api/v1/audit", params(AuditQuery),
    description = "Entries of the audit log, the latest first, at most 200 in an answer.",
    responses((status = 200, body = [AuditEntryJson]), (status = 503, body = ApiError)))]
pub(crate) async fn list_audit(
    State(app): State<ApiListener>,
    Query(ask): Query<AuditQuery>,
) -> Result<Json<Vec<AuditEntryJson>>, ApiError> {
    let entries = app.state().store.read_audit(ask.before).await?;
    let entries = entries.into_iter().map(|entry| AuditEntryJson {
        id: entry.id,
        t: entry.at.0,
        kind: entry.kind,
        what: entry.what,
    });
    Ok(Json(entries.collect()))
}
