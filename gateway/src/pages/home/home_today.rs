//! [`HomeToday`]: the content of the home page.

use super::asset_cards::{self, BinCard, OtherCard, PlantCard, PumpCard, TankCard};
use super::attention_list::AttentionList;
use super::data_line::DataLine;
use super::home_figures::HomeFigures;
use super::month_progress::{self, TargetBar};
use crate::api::ApiListener;
use crate::i18n::Language;
use crate::pages::site_figures::FigureText;
use crate::report::render::number_format;

/// The site today, in the words of one language.
pub(super) struct HomeToday {
    pub(super) lang: Language,
    /// Time of the page, in words.
    pub(super) as_of: String,
    pub(super) attention: AttentionList,
    pub(super) plants: Vec<PlantCard>,
    pub(super) tanks: Vec<TankCard>,
    pub(super) bins: Vec<BinCard>,
    pub(super) pumps: Vec<PumpCard>,
    pub(super) others: Vec<OtherCard>,
    pub(super) targets: Vec<TargetBar>,
    /// Share of the month that has passed, in words.
    pub(super) passed: String,
    /// CO2 avoided in this month and in this year.
    pub(super) emissions: Vec<(String, FigureText)>,
    pub(super) data: DataLine,
}

impl HomeToday {
    pub(super) fn new(app: &ApiListener, figures: &HomeFigures, lang: Language) -> Self {
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
