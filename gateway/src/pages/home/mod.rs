//! `/`: how the site is today. One file a question: what needs attention, how the assets are today,
//! where the month stands, and whether the data are complete.

mod asset_cards;
mod attention_list;
mod data_line;
mod home_figures;
mod home_shelf;
mod month_progress;
mod present_value;
#[cfg(test)]
mod tests;

use crate::api::ApiListener;
use crate::i18n::Language;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::site_figures::FigureText;
use crate::report::render::number_format;
use askama::Template;
use asset_cards::{BinCard, OtherCard, PlantCard, PumpCard, TankCard};
use attention_list::AttentionList;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use data_line::DataLine;
use home_figures::HomeFigures;
use home_shelf::HomeMoment;
pub(crate) use home_shelf::HomeShelf;
use month_progress::TargetBar;
use std::sync::Arc;

/// The page of one person; the site is the same for all.
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: PageFrame,
    site: Arc<HomeToday>,
}

/// The site today, in the words of one language.
struct HomeToday {
    lang: Language,
    /// Time of the page, in words.
    as_of: String,
    attention: AttentionList,
    plants: Vec<PlantCard>,
    tanks: Vec<TankCard>,
    bins: Vec<BinCard>,
    pumps: Vec<PumpCard>,
    others: Vec<OtherCard>,
    targets: Vec<TargetBar>,
    /// Share of the month that has passed, in words.
    passed: String,
    /// CO2 avoided in this month and in this year.
    emissions: Vec<(String, FigureText)>,
    data: DataLine,
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

impl HomeToday {
    fn new(app: &ApiListener, figures: &HomeFigures, lang: Language) -> Self {
        let passed = number_format::format_percent(lang, figures.month_passed(), 0);
        Self {
            lang,
            as_of: number_format::time(lang, figures.today.now, &app.0.zone),
            attention: AttentionList::of_site(app, figures),
            plants: asset_cards::plant_cards(figures),
            tanks: asset_cards::tank_cards(figures),
            bins: asset_cards::bin_cards(figures),
            pumps: asset_cards::pump_cards(figures),
            others: asset_cards::other_cards(figures),
            targets: month_progress::target_bars(figures),
            passed: lang.text_with("home-month-passed", &[("share", &passed)]),
            emissions: month_progress::emission_figures(figures),
            data: DataLine::of_site(app, figures),
        }
    }
}
