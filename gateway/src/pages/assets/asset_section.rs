//! [`AssetSection`]: one asset of a page, from the present down to the data to check.

use super::daily_table::DailyTable;
use super::data_checks::{self, DataChecks};
use super::kind_parts::{KindParts, NowValue};
use super::power_map::PowerMap;
use super::section_context::{SectionContext, TitledPlot};
use super::{bin_sections, plts_section, power_sections, water_sections};
use crate::pages::drawings::stacked_bar::StackedBar;
use crate::pages::site_figures::FigureText;

/// Figure of a compost heap that is a yes or a no.
const HYGIENISED: &str = "compost.hygienised";

/// One asset of a page.
#[derive(Debug)]
pub(crate) struct AssetSection {
    /// Id of the element, for links within the page.
    pub(crate) anchor: String,
    pub(crate) name: String,
    /// Present values; empty when the period is over.
    pub(crate) now: Vec<NowValue>,
    /// Figures of the present day.
    pub(crate) today: Vec<FigureText>,
    /// Drawing as SVG; empty when there is none.
    pub(crate) drawing: String,
    /// Important figures of the period.
    pub(crate) main: Vec<FigureText>,
    /// All others.
    pub(crate) more: Vec<FigureText>,
    pub(crate) bars: Vec<StackedBar>,
    pub(crate) plots: Vec<TitledPlot>,
    /// Power by hour and day.
    pub(crate) heat: Option<PowerMap>,
    pub(crate) days: DailyTable,
    pub(crate) checks: DataChecks,
}

/// The section of an asset.
pub(crate) fn asset_section(at: &SectionContext<'_>, heat: Option<PowerMap>) -> AssetSection {
    let parts = kind_parts(at);
    let mut all = at.figures.figures_of(at.own());
    for one in &mut all {
        say_yes_or_no(at, one);
    }
    let is_main = |one: &FigureText| parts.main.is_empty() || parts.main.contains(&&*one.id);
    let (mut main, more): (Vec<_>, Vec<_>) = all.into_iter().partition(is_main);
    main.sort_by_key(|one| parts.main.iter().position(|id| *id == one.id));
    // The figures of a single day that is today are the main ones already.
    let today = at.today.filter(|_| at.choice.days() > 1);
    let of_today = |figure: &&&str| today.and_then(|day| day.figure(at.own(), figure));
    AssetSection {
        anchor: format!("asset-{}", at.asset.id),
        name: at.asset.name.to_string(),
        now: if at.choice.is_current {
            parts.now
        } else {
            Vec::new()
        },
        today: parts.today.iter().filter_map(|id| of_today(&id)).collect(),
        drawing: parts.drawing,
        main,
        more,
        bars: parts.bars.into_iter().flatten().collect(),
        plots: parts.plots.into_iter().flatten().collect(),
        heat,
        days: DailyTable::of_asset(at.figures, &at.asset.id, at.choice.today),
        checks: data_checks::data_checks(at),
    }
}

/// Parts of the kind; a kind that no module knows has its figures and its table.
fn kind_parts(at: &SectionContext<'_>) -> KindParts {
    let modules: [fn(&SectionContext<'_>) -> Option<KindParts>; 4] = [
        plts_section::parts,
        water_sections::parts,
        bin_sections::parts,
        power_sections::parts,
    ];
    let found = modules.into_iter().find_map(|parts| parts(at));
    found.unwrap_or_default()
}

/// A figure that is 1 or 0 says yes or no.
fn say_yes_or_no(at: &SectionContext<'_>, one: &mut FigureText) {
    if one.id != HYGIENISED || !one.has_value() {
        return;
    }
    let reached = at.figures.value(at.own(), HYGIENISED) > Some(0.5);
    one.value = at.text(if reached {
        "assets-yes"
    } else {
        "assets-not-yet"
    });
    one.label = at.text("assets-hygienised");
}
