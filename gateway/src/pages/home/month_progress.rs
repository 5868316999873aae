//! This month against its targets, and the CO2 avoided in this month and this year.

use super::home_figures::HomeFigures;
use crate::attention::TargetProgress;
use crate::domain::indicator::Indicator;
use crate::formulas::claim_rounding::nearest_digits;
use crate::pages::site_figures::FigureText;
use crate::report::render::number_format;
use std::sync::Arc;

/// Width of a bar's drawing; 100 % of the target is drawn at four fifths of it.
const BAR_WIDTH: f64 = 100.0;
/// Share of the target that fills the whole bar.
const BAR_SHARE_MAX: f64 = 1.25;
/// CO2 avoided.
const AVOIDED: &str = "co2.net";

/// Figure of this month with its target, as a bar.
pub(super) struct TargetBar {
    /// The figure.
    pub(super) figure: FigureText,
    /// Share reached, in words.
    pub(super) reached: String,
    /// Width of what was reached, in the drawing.
    pub(super) width: String,
    /// Place of today in the drawing: where an even pace would be.
    pub(super) today: String,
    /// Place of the target in the drawing.
    pub(super) target: String,
}

/// Bars of all figures of this month that have a target.
pub(super) fn target_bars(figures: &HomeFigures) -> Vec<TargetBar> {
    let place = |share: f64| {
        let width = share.clamp(0.0, BAR_SHARE_MAX) / BAR_SHARE_MAX * BAR_WIDTH;
        nearest_digits(width, 1)
    };
    let passed = figures.month_passed();
    let aimed = aimed_figures(figures).into_iter();
    let bar = |(_, figure, share): (Arc<str>, FigureText, f64)| TargetBar {
        reached: number_format::format_percent(figures.lang(), share, 0),
        width: place(share),
        today: place(passed),
        target: place(1.0),
        figure,
    };
    aimed.map(bar).collect()
}

/// The same for the rules of attention.
pub(super) fn target_progress(figures: &HomeFigures) -> Vec<TargetProgress> {
    let aimed = aimed_figures(figures).into_iter();
    let progress = |(indicator, figure, reached): (Arc<str>, FigureText, f64)| TargetProgress {
        indicator,
        name: Arc::from(figure.label),
        reached,
        explain: figure.explain,
    };
    aimed.map(progress).collect()
}

/// CO2 avoided in this month and in this year, with the name of the period.
pub(super) fn emission_figures(figures: &HomeFigures) -> Vec<(String, FigureText)> {
    let [month, year] = figures.names_so_far();
    let both = [
        (month, figures.month_figure(None, AVOIDED)),
        (year, figures.year.headline(None, AVOIDED)),
    ];
    let found = both.into_iter();
    found
        .filter_map(|(name, figure)| Some((name, figure?)))
        .collect()
}

/// Figures of this month with a target, and the share that was reached.
fn aimed_figures(figures: &HomeFigures) -> Vec<(Arc<str>, FigureText, f64)> {
    let month = &figures.month;
    let all = month.account.indicators.iter();
    let aimed = all.filter_map(|one: &Indicator| {
        let mut figure = month.headline_text(one);
        let share = figure.target_share?;
        // A target of one asset names it, also for the rule that watches it.
        let Some(asset) = one.asset.as_deref() else {
            return Some((Arc::clone(&one.id), figure, share));
        };
        figure.label = format!("{}: {}", month.asset_name(asset), figure.label);
        Some((Arc::from(format!("{asset}/{}", one.id)), figure, share))
    });
    // Those of the site first.
    let mut aimed: Vec<_> = aimed.collect();
    aimed.sort_by_key(|(_, figure, _)| !figure.asset.is_empty());
    aimed
}
