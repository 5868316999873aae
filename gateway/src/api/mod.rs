//! JSON API and server-sent events of the gateway. The entry type is [`ApiState`]; the routes are
//! served by [`crate::server`].
//!
//! ```text
//! $ curl 'http://localhost:8080/api/v1/samples?point=inverter.ac_power&step=15m&agg=mean'
//! {"point":"inverter.ac_power","unit":"W","t":[1795575600000],"v":[1510.1],"q":["good"]}
//! ```
//!
//! Answers are made from the store (samples, last values, health), from the status board (state of
//! devices, buses and sinks) and from the configuration. The API keeps no state of its own except
//! the number of open event streams and the jobs that were started here (scans, changes of
//! address).
//!
//! See docs/ARCHITECTURE.md; `/api/openapi.json` describes every path.

pub(crate) mod accounts;
pub(crate) mod added_device;
pub(crate) mod alarm_channels;
pub(crate) mod alarms;
mod api_description;
pub(crate) mod api_listener;
pub(crate) mod attachments;
mod audit;
pub(crate) mod bus_requests;
pub(crate) mod calibrations;
mod changes_since_json;
pub(crate) mod client;
mod clock_certainty;
pub(crate) mod configuration_file;
mod csv_export;
pub(crate) mod damage;
pub(crate) mod device_health;
pub(crate) mod entry_recording;
pub(crate) mod error;
pub(crate) mod evidence;
mod figure_upkeep;
mod healthz;
mod indicators;
pub(crate) mod issued_reports;
pub(crate) mod jobs;
mod json_body;
pub(crate) mod ledger;
pub(crate) mod live_events;
pub(crate) mod local_time;
mod metric_kinds;
mod metrics;
pub(crate) mod register_reads;
pub(crate) mod reload;
pub(crate) mod report_jobs;
pub(crate) mod report_orders;
mod reports;
pub(crate) mod request_language;
pub(crate) mod request_sender;
mod resources;
pub(crate) mod row_messages;
mod sample_answers;
mod samples;
pub(crate) mod scan_json;
pub(crate) mod scans;
pub(crate) mod set_address;
pub(crate) mod set_address_json;
mod sinks;
pub(crate) mod site_time;
pub(crate) mod soak_job;
mod soak_progress;
pub(crate) mod store_fault;
mod time_runs;
pub(crate) mod users;

pub(crate) use figure_upkeep::keep_figures_ready;

pub use api_listener::ApiState;
pub(crate) use api_listener::{ApiListener, DroppedBytes, wait_for_stop};
pub use evidence::{EvidenceExtentJson, PendingDigestsJson, RevisionTextJson};
pub use reports::ReportRevisionJson;

use crate::limits::LEDGER_FILE_BYTES_MAX;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(
    title = "Pantau",
    description = "Readings of one programme site. Times are milliseconds since 1970 UTC unless said otherwise."
))]
struct PantauOpenApi;

/// Routes of the API with their description.
pub(crate) fn api_routes() -> (Router<ApiListener>, utoipa::openapi::OpenApi) {
    let (router, mut description) = described_routes().split_for_parts();
    api_description::describe_refusals(&mut description);
    api_description::describe_access(&mut description);
    (router, description)
}

fn described_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::with_openapi(PantauOpenApi::openapi())
        .routes(routes!(healthz::healthz))
        .routes(routes!(metrics::get_metrics))
        .routes(routes!(resources::get_site))
        .routes(routes!(resources::list_devices))
        .routes(routes!(resources::list_points))
        .routes(routes!(samples::get_samples))
        .routes(routes!(csv_export::get_samples_csv))
        .routes(routes!(live_events::stream_live_events))
        .routes(routes!(sinks::list_sinks))
        .routes(routes!(indicators::list_indicators))
        .routes(routes!(indicators::get_indicator))
        .routes(routes!(indicators::list_explanations))
        .routes(routes!(reports::get_report))
        .routes(routes!(reports::list_revisions))
        .merge(ledger::ledger_routes())
        .merge(attachments::attachment_routes())
        .merge(calibrations::calibration_routes())
        .merge(scans::scan_routes())
        .merge(set_address::set_address_routes())
        .merge(users::user_routes())
        .merge(audit::audit_routes())
        .merge(damage::damage_routes())
        .merge(alarms::alarm_routes())
        .merge(reload::reload_routes())
        .merge(alarm_channels::alarm_channel_routes())
        .layer(DefaultBodyLimit::max(LEDGER_FILE_BYTES_MAX))
}
