//! HTML pages for people, in Bahasa Indonesia and English.
//!
//! Entry: `page_routes`. Templates are in `gateway/assets/pages`; style, scripts and the plotting
//! library are inside the binary, and no page loads anything from another host.
//!
//! ```text
//! GET /                 how the site is today
//! GET /plts, /air, ..   assets of a kind over a period; /plts/data.csv and .xlsx download it
//! GET /jelas/ID         explanation of a figure, down to its readings
//! GET /laporan          reports: short edition, downloads, issued ones
//! GET /dampak           what the programme has achieved, for people outside
//! GET /catat            what people weigh, count and measure
//! GET /teknisi          devices with their points; /points/ID a plot; /health buses and sinks
//! ```
//!
//! Figures come from [`site_figures::SiteFigures`] alone; a page reads no samples by itself. Plots
//! are described by [`plot_spec::PlotSpec`] and drawn by `plot.js`.

mod assets;
mod drawings;
mod entry;
mod explanation_page;
mod home;
mod impact;
mod navigation;
mod number_format;
mod page_frame;
mod page_texts;
mod period_choice;
mod plot_spec;
mod reports;
mod site_figures;
mod static_files;
mod technician_pages;
mod trust_page;

use crate::api::ApiListener;
use axum::Router;
use axum::routing::get;
pub(crate) use impact::FrameAncestors;
use navigation::ASSET_PAGES;
pub(crate) use page_frame::refusal_page;
pub(crate) use trust_page::trust_page;

/// Routes of the pages and of the files that they load.
pub(crate) fn page_routes() -> Router<ApiListener> {
    let mut routes = Router::new()
        .route("/", get(home::home_page))
        .route("/jelas/{id}", get(explanation_page::explanation_page))
        .route("/teknisi", get(technician_pages::technician_page))
        .route("/points/{id}", get(technician_pages::point_page))
        .route("/health", get(technician_pages::health_page))
        .route("/assets/{*path}", get(static_files::get_static_file))
        .merge(reports::report_routes())
        .merge(impact::impact_routes())
        .merge(entry::entry_routes());
    for page in &ASSET_PAGES {
        routes = routes
            .route(&format!("/{}", page.place), get(assets::asset_page))
            .route(
                &format!("/{}/data.{{format}}", page.place),
                get(assets::asset_data),
            );
    }
    routes
}
