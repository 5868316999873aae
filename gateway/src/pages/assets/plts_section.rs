//! Solar plants: power and irradiance, energy by day, use on the site and by the grid.

use super::kind_parts::{KindParts, NowValue, figure_bar};
use super::section_context::{SectionContext, TitledPlot};
use crate::assets::{AssetKind, PvPlantAsset};
use crate::pages::plot_spec::PlotStyle;

const MAIN_FIGURES: &[&str] = &[
    "plts.generation",
    "plts.self_use",
    "plts.export",
    "plts.import",
    "plts.pr",
    "plts.availability",
    "co2.net",
];

/// Watts in a kilowatt.
const KILO: f64 = 0.001;

/// Parts of a solar plant; `None` for other kinds.
pub(crate) fn parts(at: &SectionContext<'_>) -> Option<KindParts> {
    match &at.asset.kind {
        AssetKind::Plts(plant) => Some(plts_parts(at, plant)),
        _ => None,
    }
}

fn plts_parts(at: &SectionContext<'_>, plant: &PvPlantAsset) -> KindParts {
    let power = plant.power.iter().chain(&plant.irradiance);
    let now = power.chain(&plant.status);
    let energy = plant.energy.as_ref().map(|point| (point, "kWh"));
    let made = [("plts.self_use", "own"), ("plts.export", "given")];
    let needed = [("plts.self_use", "own"), ("plts.import", "taken")];
    KindParts {
        now: NowValue::of_points(at, now),
        today: &["plts.generation"],
        main: MAIN_FIGURES,
        drawing: String::new(),
        bars: vec![
            figure_bar(at, "assets-split-made", &made),
            figure_bar(at, "assets-split-needed", &needed),
        ],
        plots: vec![
            at.daily_plot("assets-plot-generation", "plts.generation", energy),
            power_plot(at, plant),
        ],
    }
}

/// Power against irradiance.
fn power_plot(at: &SectionContext<'_>, plant: &PvPlantAsset) -> Option<TitledPlot> {
    let power = plant
        .power
        .as_ref()
        .map(|point| at.named_means(point, ("kW", KILO), PlotStyle::Area));
    let irradiance = plant
        .irradiance
        .as_ref()
        .map(|point| at.named_means(point, ("W/m2", 1.0), PlotStyle::Line));
    let title = match irradiance {
        Some(_) => "assets-plot-power-irradiance",
        None => "assets-plot-power",
    };
    at.plot(title, power.into_iter().chain(irradiance).collect())
}
