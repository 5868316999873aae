//! HTML pages for people: overview, plot of a point, health, in Bahasa Indonesia and English.
//!
//! Entry: `page_routes`. Templates are in `gateway/assets/pages`; style, script and the plotting
//! library are inside the binary, and no page loads anything from another host.
//!
//! ```text
//! GET /                 overview
//! GET /points/ID        plot of a point
//! GET /health           devices, buses, sinks
//! ```

mod number_format;
mod page_handlers;
mod page_texts;
mod static_files;

use crate::api::ApiListener;
use axum::Router;
use axum::routing::get;

/// Routes of the pages and of the files that they load.
pub(crate) fn page_routes() -> Router<ApiListener> {
    Router::new()
        .route("/", get(page_handlers::overview_page))
        .route("/points/{id}", get(page_handlers::point_page))
        .route("/health", get(page_handlers::health_page))
        .route("/assets/{*path}", get(static_files::get_static_file))
}
