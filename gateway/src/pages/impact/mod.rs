//! `/dampak`: what the programme has achieved, for people outside. `/dampak/sematkan` is the same
//! as a bare card, which other sites may show in a frame when the configuration names them.

mod impact_figures;
mod impact_page;

pub(crate) use impact_page::FrameAncestors;

use crate::api::ApiListener;
use axum::Router;
use axum::routing::get;

/// Routes of the pages of the impact.
pub(crate) fn impact_routes() -> Router<ApiListener> {
    Router::new()
        .route("/dampak", get(impact_page::impact_page))
        .route("/dampak/sematkan", get(impact_page::embedded_card))
}
