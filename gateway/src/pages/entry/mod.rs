//! `/catat`: where people record what they weigh, count and measure.
//!
//! ```text
//! GET  /catat                     indicators, number keys, the latest entries
//! POST /catat                     records an entry, or shows the form again with the reason
//! GET  /catat/entri/ID            an entry with its corrections; correct and withdraw below it
//! GET  /catat/target              targets and baselines
//! GET  /catat/impor               a table is shown first, and recorded when it is confirmed
//! GET  /catat/luring, /sw.js, /manifest.webmanifest   the page without a connection
//! ```
//!
//! Every form works without a script, and carries a key: sent twice it is recorded once. The
//! service worker keeps a form that cannot be sent and sends it later with the same key.

mod app_shell;
mod correction_page;
mod entry_page;
mod entry_texts;
mod form_fields;
mod import_page;
mod indicator_tiles;
mod plausibility;
mod submission;
mod target_page;
#[cfg(test)]
mod tests;
mod writer_name;

pub(super) use form_fields::FormFields;

use crate::api::ApiListener;
use crate::limits::FORM_BYTES_MAX;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// Routes of these pages.
pub(super) fn entry_routes() -> Router<ApiListener> {
    let forms = Router::new()
        .route(
            "/catat",
            get(entry_page::entry_page).post(entry_page::save_entry),
        )
        .route("/catat/entri/{id}", get(correction_page::correction_page))
        .route(
            "/catat/entri/{id}/perbaiki",
            post(correction_page::correct_entry),
        )
        .route(
            "/catat/entri/{id}/batalkan",
            post(correction_page::withdraw_entry),
        )
        .route(
            "/catat/target",
            get(target_page::target_page).post(target_page::save_target),
        )
        .route(
            "/catat/impor",
            get(import_page::import_page).post(import_page::preview_table),
        )
        .route("/catat/impor/simpan", post(import_page::save_table))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    Router::new()
        .merge(forms)
        .route("/catat/luring", get(entry_page::offline_page))
        .route("/catat/foto/{sha256}", get(entry_page::photo))
        .route("/catat/templat/{file}", get(import_page::table_template))
        .route("/luring", get(app_shell::offline_notice))
        .route("/sw.js", get(app_shell::service_worker))
        .route("/manifest.webmanifest", get(app_shell::manifest))
        .route("/ikon/{file}", get(app_shell::icon))
}
