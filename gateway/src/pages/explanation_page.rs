//! `/jelas/ID`: explanation of a figure: equation with its numbers, inputs, factors, readings and
//! gaps.

use crate::api::ApiListener;
use crate::api::request_language::query_parameter;
use crate::pages::page_frame::{PageFrame, render_failure, render_not_found, render_page};
use crate::pages::period_choice::PeriodChoice;
use crate::pages::site_figures::{FigureScope, FigureText, SiteFigures};
use crate::report::content::explain::explain_indicator;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

#[derive(Template)]
#[template(path = "explanation.html")]
struct ExplanationPage {
    frame: PageFrame,
    choice: PeriodChoice,
    figure: FigureText,
    /// Name of the asset; empty for the site.
    asset_name: String,
    /// Lines of the explanation, with their depth.
    lines: Vec<(usize, String)>,
}

pub(crate) async fn explanation_page(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = PageFrame::new(&app, "", &uri, &headers);
    let lang = frame.lang;
    let choice = PeriodChoice::of_request(&uri, app.today(), "month", lang);
    let asset = query_parameter(&uri, "asset").filter(|asset| !asset.is_empty());
    let scope = FigureScope::site();
    let figures = match SiteFigures::load(&app, choice.period, scope, lang).await {
        Ok(figures) => figures,
        Err(error) => return render_failure(&uri, frame, &error),
    };
    let (Some(figure), Ok(found)) = (
        figures.figure(asset.as_deref(), &id),
        explain_indicator(&figures.account, &id, asset.as_deref(), lang),
    ) else {
        return render_not_found(&uri, frame, &id);
    };
    let text = found.text(&figures.config, &figures.account, lang);
    let line = |line: &str| {
        let depth = line.len() - line.trim_start().len();
        (depth / 2, line.trim_start().to_owned())
    };
    let assets = app.state().assets.iter();
    let mut named = assets.filter(|one| Some(&*one.id) == asset.as_deref());
    let page = ExplanationPage {
        asset_name: named
            .next()
            .map_or_else(String::new, |one| one.name.to_string()),
        // The first line repeats the heading of the page.
        lines: text.lines().skip(1).map(line).collect(),
        frame,
        choice,
        figure,
    };
    render_page(&uri, StatusCode::OK, &page)
}
