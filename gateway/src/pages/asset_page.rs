//! `/plts`, `/air`, `/bsf`, ...: assets of a kind over a period.

use crate::api::ApiListener;
use crate::pages::navigation::ASSET_PAGES;
use crate::pages::page_frame::{PageFrame, render_failure, render_not_found, render_page};
use crate::pages::period_choice::PeriodChoice;
use crate::pages::plot_spec::{PlotData, PlotSeries, PlotSpec, PlotStyle};
use crate::pages::site_figures::{FigureScope, FigureText, SiteFigures};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

#[derive(Template)]
#[template(path = "asset.html")]
struct AssetPage {
    frame: PageFrame,
    place: &'static str,
    choice: PeriodChoice,
    assets: Vec<AssetSection>,
}

/// One asset of the page.
struct AssetSection {
    name: String,
    figures: Vec<FigureText>,
    plots: Vec<(String, PlotSpec)>,
}

pub(crate) async fn asset_page(
    State(app): State<ApiListener>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let place = uri.path().trim_matches('/').to_owned();
    let Some(page) = ASSET_PAGES.iter().find(|page| page.place == place) else {
        let frame = PageFrame::new(&app, "", &uri, &headers);
        return render_not_found(&uri, frame, &place);
    };
    let frame = PageFrame::new(&app, page.place, &uri, &headers);
    let choice = PeriodChoice::of_request(&uri, app.today(), "month", frame.lang);
    let mut assets = Vec::new();
    for asset in page.assets(&app.state().assets) {
        let scope = FigureScope::asset_by_day(&asset.id);
        let figures = match SiteFigures::load(&app, choice.period, scope, frame.lang).await {
            Ok(figures) => figures,
            Err(error) => return render_failure(&uri, frame, &error),
        };
        let own = figures.account.daily.iter();
        let own = own.filter(|one| one.asset.as_deref() == Some(&asset.id));
        let (from, to) = app.period_bounds(choice.period);
        let plot = |one: &crate::domain::indicator::DailyValues| {
            let series = PlotSeries {
                label: one.id.to_string(),
                unit: one.unit.to_string(),
                style: PlotStyle::Bars,
                data: PlotData::of_days(one, &app.0.zone, 1.0),
                pale: false,
            };
            (one.id.to_string(), PlotSpec::new(from, to, vec![series]))
        };
        assets.push(AssetSection {
            name: asset.name.to_string(),
            plots: own.map(plot).collect(),
            figures: figures.figures_of(Some(&asset.id)),
        });
    }
    let place = page.place;
    let page = AssetPage {
        frame,
        place,
        choice,
        assets,
    };
    render_page(&uri, StatusCode::OK, &page)
}
