//! `/`: how the site is today. One file a question: what needs attention, how the assets are today,
//! where the month stands, and whether the data are complete.

mod asset_cards;
mod attention_list;
mod data_line;
mod home_figures;
mod home_shelf;
mod home_today;
mod month_progress;
mod present_value;
#[cfg(test)]
mod tests;

use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use home_figures::HomeFigures;
use home_shelf::HomeMoment;
pub(crate) use home_shelf::HomeShelf;
use home_today::HomeToday;
use std::sync::Arc;

/// The page of one person; the site is the same for all.
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: PageFrame,
    site: Arc<HomeToday>,
}

pub(crate) async fn home_page(
    Extension(shelf): Extension<HomeShelf>,
    PageRequest { app, uri, headers }: PageRequest,
) -> Response {
    let frame = PageFrame::new(&app, "beranda", &uri, &headers);
    let made_for = HomeMoment::of_site(&app);
    let site = match shelf.find(frame.lang, made_for) {
        Some(known) => known,
        None => match HomeFigures::load(&app, frame.lang).await {
            Ok(figures) => shelf.keep(made_for, HomeToday::new(&app, &figures, frame.lang)),
            Err(error) => return render_failure(&uri, frame, &error),
        },
    };
    render_page(&uri, StatusCode::OK, &HomePage { frame, site })
}
