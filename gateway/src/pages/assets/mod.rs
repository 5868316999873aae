//! `/plts`, `/air`, `/bsf`, ...: assets of a kind over a period.
//!
//! One section for each asset, from the present down to the data to check. `asset_section` puts a
//! section together, `*_section(s)` say what each kind shows, `section_context` makes plots of
//! figures and readings, `data_download` the files.

mod asset_section;
mod bin_sections;
mod daily_table;
mod data_checks;
mod data_download;
mod day_groups;
mod kind_parts;
mod plts_section;
mod power_map;
mod power_sections;
mod section_context;
mod water_sections;

pub(crate) use data_download::asset_data;

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::assets::AssetKind;
use crate::config::Asset;
use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::pages::navigation::{ASSET_PAGES, AssetPageKind};
use crate::pages::page_frame::{PageFrame, render_failure, render_not_found, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::period_choice::PeriodChoice;
use crate::pages::site_figures::{FigureScope, SiteFigures};
use crate::storage::LatestSample;
use askama::Template;
use asset_section::AssetSection;
use axum::http::StatusCode;
use axum::response::Response;
use power_map::PowerMap;
use section_context::SectionContext;

#[derive(Template)]
#[template(path = "assets.html")]
struct AssetsPage {
    frame: PageFrame,
    place: &'static str,
    choice: PeriodChoice,
    sections: Vec<AssetSection>,
}

pub(crate) async fn asset_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let Some(page) = page_of_path(uri.path()) else {
        let frame = PageFrame::new(&app, "", &uri, &headers);
        return render_not_found(&uri, frame, uri.path());
    };
    let frame = PageFrame::new(&app, page.place, &uri, &headers);
    let choice = PeriodChoice::of_request(&uri, app.today(), "month", frame.lang);
    // Without its last readings the page still shows the figures.
    let latest = app.state().store.latest_samples().await.unwrap_or_default();
    let mut sections = Vec::new();
    for asset in page.assets(&app.state().assets) {
        match load_section(&app, asset, &choice, (&latest, frame.lang)).await {
            Ok(section) => sections.push(section),
            Err(error) => return render_failure(&uri, frame, &error),
        }
    }
    let page = AssetsPage {
        frame,
        place: page.place,
        choice,
        sections,
    };
    render_page(&uri, StatusCode::OK, &page)
}

/// Page of the first part of a path.
pub(crate) fn page_of_path(path: &str) -> Option<&'static AssetPageKind> {
    let place = path.trim_start_matches('/').split('/').next();
    ASSET_PAGES.iter().find(|page| Some(page.place) == place)
}

async fn load_section(
    app: &ApiListener,
    asset: &Asset,
    choice: &PeriodChoice,
    (latest, lang): (&[LatestSample], Language),
) -> Result<AssetSection, ApiError> {
    let load = |period| SiteFigures::load(app, period, FigureScope::asset_by_day(&asset.id), lang);
    let figures = load(choice.period).await?;
    // The period before is only for comparison: without it the page has fewer bars.
    let before = load(choice.period_before()).await.ok();
    let day = Period::Day(choice.today);
    let today = if choice.is_current && choice.period != day {
        Some(load(day).await?)
    } else {
        None
    };
    let means = load_hourly_power(app, asset, choice).await?;
    let at = SectionContext {
        app,
        asset,
        choice,
        figures: &figures,
        before: before.as_ref(),
        today: today
            .as_ref()
            .or_else(|| choice.is_current.then_some(&figures)),
        latest,
    };
    let power = power_point(asset);
    let heat = power.and_then(|point| PowerMap::new(&at, point, &means));
    Ok(asset_section::asset_section(&at, heat))
}

/// Power of a solar plant.
fn power_point(asset: &Asset) -> Option<&crate::assets::asset_point::AssetPoint> {
    match &asset.kind {
        AssetKind::Plts(plant) => plant.power.as_ref(),
        _ => None,
    }
}

/// Hourly means of a plant's power; empty when the page has no map of them.
async fn load_hourly_power(
    app: &ApiListener,
    asset: &Asset,
    choice: &PeriodChoice,
) -> Result<Vec<(UtcMs, Option<f64>)>, ApiError> {
    let point = power_point(asset).filter(|_| choice.days() >= power_map::MAP_DAYS_MIN);
    let Some(point) = point else {
        return Ok(Vec::new());
    };
    let (from, to) = app.period_bounds(choice.period);
    app.bucket_means(&point.id, (UtcMs(from), UtcMs(to)), 3_600_000)
        .await
}
