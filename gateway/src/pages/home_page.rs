//! `/`: how the site is today.

use crate::api::ApiListener;
use crate::domain::period::Period;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::site_figures::{FigureScope, FigureText, SiteFigures};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: PageFrame,
    figures: Vec<FigureText>,
}

pub(crate) async fn home_page(
    State(app): State<ApiListener>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = PageFrame::new(&app, "beranda", &uri, &headers);
    let today = Period::Day(app.today());
    let figures = match SiteFigures::load(&app, today, FigureScope::site(), frame.lang).await {
        Ok(figures) => figures,
        Err(error) => return render_failure(&uri, frame, &error),
    };
    let figures = figures.figures_of(None);
    render_page(&uri, StatusCode::OK, &HomePage { frame, figures })
}
