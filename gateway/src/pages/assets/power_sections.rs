//! Gensets and electricity meters.

use super::kind_parts::{KindParts, NowValue};
use super::section_context::{SectionContext, TitledPlot};
use crate::assets::asset_point::AssetPoint;
use crate::assets::{AssetKind, GensetAsset, MeterAsset};
use crate::pages::plot_spec::PlotStyle;

const GENSET_FIGURES: &[&str] = &[
    "genset.energy",
    "genset.hours",
    "genset.fuel",
    "genset.specific_fuel",
    "genset.co2",
];
const METER_FIGURES: &[&str] = &["meter.import", "meter.export", "meter.energy"];

/// Watts in a kilowatt.
const KILO: f64 = 0.001;

/// Parts of a genset or an electricity meter; `None` for other kinds.
pub(crate) fn parts(at: &SectionContext<'_>) -> Option<KindParts> {
    match &at.asset.kind {
        AssetKind::Genset(set) => Some(genset_parts(at, set)),
        AssetKind::Meter(meter) => Some(meter_parts(at, meter)),
        _ => None,
    }
}

fn genset_parts(at: &SectionContext<'_>, set: &GensetAsset) -> KindParts {
    let energy = set.energy.as_ref().map(|point| (point, "kWh"));
    KindParts {
        now: NowValue::of_points(at, set.power.iter().chain(&set.fuel_flow)),
        today: &["genset.energy", "genset.hours"],
        main: GENSET_FIGURES,
        plots: vec![
            at.daily_plot("assets-plot-energy", "genset.energy", energy),
            power_plot(at, set.power.as_ref()),
        ],
        ..KindParts::default()
    }
}

fn meter_parts(at: &SectionContext<'_>, meter: &MeterAsset) -> KindParts {
    let plot = |title: &str, id: &str, counter: &Option<AssetPoint>| {
        at.daily_plot(title, id, counter.as_ref().map(|point| (point, "kWh")))
    };
    KindParts {
        now: NowValue::of_points(at, &meter.power),
        today: &["meter.import", "meter.export", "meter.energy"],
        main: METER_FIGURES,
        plots: vec![
            plot("assets-plot-import", "meter.import", &meter.import),
            plot("assets-plot-export", "meter.export", &meter.export),
            plot("assets-plot-energy", "meter.energy", &meter.energy),
            power_plot(at, meter.power.as_ref()),
        ],
        ..KindParts::default()
    }
}

fn power_plot(at: &SectionContext<'_>, power: Option<&AssetPoint>) -> Option<TitledPlot> {
    let point = power?;
    let means = at.named_means(point, ("kW", KILO), PlotStyle::Area);
    at.plot("assets-plot-power", vec![means])
}
