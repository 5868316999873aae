//! Water: tanks, pumps, and surfaces that collect rain.

use super::kind_parts::{KindParts, NowValue};
use super::section_context::{SectionContext, SeriesLook, TitledPlot};
use crate::assets::asset_point::AssetPoint;
use crate::assets::tank::geometry::{TankGeometry, tank_volume};
use crate::assets::tank::tank_sums::tank_geometry;
use crate::assets::{AssetKind, CatchmentAsset, LevelMeasurement, PumpAsset, TankAsset};
use crate::formulas::GRAVITY_M_S2;
use crate::pages::drawings::tank::TankDrawing;
use crate::pages::plot_spec::{PlotBand, PlotMark, PlotSeries, PlotStyle};
use jiff::civil::Date;

const TANK_FIGURES: &[&str] = &[
    "tank.fill_last",
    "tank.volume_last",
    "tank.days_left",
    "tank.inflow",
    "tank.outflow",
    "tank.leak_nights",
    "tank.overflow_hours",
];
const PUMP_FIGURES: &[&str] = &[
    "pump.volume",
    "pump.hours",
    "pump.energy",
    "pump.specific",
    "pump.dry_runs",
];
const CATCHMENT_FIGURES: &[&str] = &[
    "catchment.rain",
    "catchment.captured",
    "catchment.inflow",
    "catchment.gross",
];

/// Steps of the curve from level to litres; more than a strapping table usually has.
const CURVE_STEPS: u8 = 48;
/// Quarters of a tank that are marked in its plot.
const QUARTERS: [u8; 4] = [25, 50, 75, 100];
/// Longest period in which each night with a suspected leak is marked.
const LEAK_MARK_DAYS: i32 = 31;
/// Number of nights with a mark of their own.
const LABELLED_NIGHTS_MAX: usize = 4;
/// Watts in a kilowatt.
const KILO: f64 = 0.001;

/// Parts of what holds, lifts or collects water; `None` for other kinds.
pub(crate) fn parts(at: &SectionContext<'_>) -> Option<KindParts> {
    match &at.asset.kind {
        AssetKind::Tank(tank) => Some(tank_parts(at, tank)),
        AssetKind::Pump(pump) => Some(pump_parts(at, pump)),
        AssetKind::Catchment(roof) => Some(catchment_parts(at, roof)),
        _ => None,
    }
}

fn tank_parts(at: &SectionContext<'_>, tank: &TankAsset) -> KindParts {
    let level = tank.level.iter().map(LevelMeasurement::point);
    // A tank of the past has its state at the end of the period.
    let shown = at.today.unwrap_or(at.figures);
    KindParts {
        now: NowValue::of_points(at, level.chain(&tank.temperature)),
        today: &[],
        main: TANK_FIGURES,
        drawing: TankDrawing::of_figures(at.asset, tank, shown).svg(),
        bars: Vec::new(),
        plots: vec![level_plot(at, tank), flow_plot(at, tank)],
    }
}

/// Litres with the rain on the roofs that fill the tank, and the nights with a suspected leak.
fn level_plot(at: &SectionContext<'_>, tank: &TankAsset) -> Option<TitledPlot> {
    let level = tank.level.as_ref()?;
    let geometry = tank_geometry(tank.shape.as_ref()?);
    let rain = rain_of_tank(at).map(|(_, point)| {
        let look = SeriesLook {
            label: at.text("role-rain"),
            unit: "mm",
            style: PlotStyle::Bars,
        };
        at.growth(point, look)
    });
    let look = SeriesLook {
        label: at.text("assets-water"),
        unit: "L",
        style: PlotStyle::Area,
    };
    let litres = litre_curve(tank, level, &geometry).map(|curve| {
        // The same buckets as the bars of the rain, so that both are drawn in full width.
        let step = if rain.is_some() {
            at.bar_step()
        } else {
            at.sample_step()
        };
        at.converted((level.point(), look), ("mean", step), curve)
    })?;
    let title = if rain.is_some() {
        "assets-plot-level-rain"
    } else {
        "assets-plot-level"
    };
    let series: Vec<PlotSeries> = std::iter::once(litres).chain(rain).collect();
    at.decorated_plot(
        title,
        series,
        quarter_bands(&geometry, tank),
        leak_marks(at),
    )
}

/// Lines at the quarters of the tank.
fn quarter_bands(geometry: &TankGeometry, tank: &TankAsset) -> Vec<PlotBand> {
    let full = tank_volume(geometry, Some(tank.full_m)).v_m3.unwrap_or(0.0) * 1000.0;
    let quarter = |percent: u8| {
        let litres = full * f64::from(percent) / 100.0;
        PlotBand {
            from: litres - full * 0.001,
            to: litres + full * 0.001,
            label: format!("{percent}%"),
            tone: "mark",
        }
    };
    QUARTERS.into_iter().map(quarter).collect()
}

/// Nights with a suspected leak; many of them have their words once.
fn leak_marks(at: &SectionContext<'_>) -> Vec<PlotMark> {
    let daily = at.figures.daily(at.own(), "tank.leak_nights");
    let days = daily.into_iter().flat_map(|daily| &daily.days);
    let leaking = days.filter(|(_, leaks, _)| *leaks > Some(0.5));
    let mut nights: Vec<Date> = leaking.map(|(day, ..)| *day).collect();
    if at.choice.days() > LEAK_MARK_DAYS {
        nights.clear();
    }
    let count = nights.len();
    let mark = |(index, day): (usize, &Date)| PlotMark {
        at: at.app.site().timezone.midnight(*day).0,
        label: match index {
            0 if count > LABELLED_NIGHTS_MAX => at
                .lang()
                .text_with("assets-mark-leaks", &[("count", &count.to_string())]),
            _ if count > LABELLED_NIGHTS_MAX => String::new(),
            _ => at.text("assets-mark-leak"),
        },
    };
    nights.iter().enumerate().map(mark).collect()
}

/// Value of the level's point and litres of the tank, by growing value of the point; `None` where
/// they also depend on another reading.
fn litre_curve(
    tank: &TankAsset,
    level: &LevelMeasurement,
    geometry: &TankGeometry,
) -> Option<Vec<(f64, f64)>> {
    let (bottom, top) = geometry.levels()?;
    let pair = |step: u8| {
        let height = bottom + (top - bottom) * f64::from(step) / f64::from(CURVE_STEPS);
        let measured = match level {
            LevelMeasurement::Level(_) => height - tank.offset_m,
            LevelMeasurement::Pressure {
                barometer: None, ..
            } => (height - tank.offset_m) * tank.density_kg_m3 * GRAVITY_M_S2,
            LevelMeasurement::Pressure { .. } => return None,
            LevelMeasurement::Distance { height_m, .. } => height_m - height,
        };
        let point = level.point();
        let own = (measured - point.offset) / point.scale;
        Some((own, tank_volume(geometry, Some(height)).v_m3? * 1000.0))
    };
    let mut curve: Vec<(f64, f64)> = (0..=CURVE_STEPS).map(pair).collect::<Option<_>>()?;
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(curve)
}

/// Rain gauge of the first surface that fills this tank, with that surface.
fn rain_of_tank<'a>(at: &SectionContext<'a>) -> Option<(&'a CatchmentAsset, &'a AssetPoint)> {
    let assets = at.app.state().assets.iter();
    let mut roofs = assets.filter_map(|asset| match &asset.kind {
        AssetKind::Catchment(roof) if roof.tank.as_ref() == Some(&at.asset.id) => Some(&**roof),
        _ => None,
    });
    roofs.find_map(|roof| Some((roof, roof.rain.as_ref()?)))
}

/// Water into the tank and out of it.
fn flow_plot(at: &SectionContext<'_>, tank: &TankAsset) -> Option<TitledPlot> {
    if at.choice.days() > 1 {
        let inflow = at.by_day("tank.inflow", PlotStyle::Bars);
        let outflow = at.by_day("tank.outflow", PlotStyle::Line);
        let title = flow_title(inflow.is_some(), outflow.is_some());
        let both = inflow.into_iter().chain(outflow).collect();
        return at.plot(title, both);
    }
    let hours = |point: &AssetPoint, style: PlotStyle| {
        let look = SeriesLook {
            label: at.point_name(&point.id),
            unit: "m3",
            style,
        };
        at.growth(point, look)
    };
    let is_counter = |point: &&AssetPoint| point.unit == "m3";
    let inflow = tank.inflow.iter().filter(is_counter);
    let outflow = tank.outflow.iter().filter(is_counter);
    let inflow = inflow.map(|point| hours(point, PlotStyle::Bars));
    let outflow = outflow.map(|point| hours(point, PlotStyle::Line));
    let [inflow, outflow] = [inflow.collect(), outflow.collect::<Vec<_>>()];
    let title = flow_title(!inflow.is_empty(), !outflow.is_empty());
    at.plot(title, [inflow, outflow].concat())
}

/// Message key of the title of a plot with water into a tank, out of it, or both.
fn flow_title(has_inflow: bool, has_outflow: bool) -> &'static str {
    match (has_inflow, has_outflow) {
        (true, false) => "role-inflow",
        (false, true) => "role-outflow",
        _ => "assets-plot-flows",
    }
}

fn pump_parts(at: &SectionContext<'_>, pump: &PumpAsset) -> KindParts {
    let volume = pump.volume.as_ref().map(|point| (point, "m3"));
    let power = pump
        .power
        .as_ref()
        .map(|point| at.named_means(point, ("kW", KILO), PlotStyle::Area));
    let flow = pump
        .flow
        .as_ref()
        .map(|point| at.named_means(point, ("m3/h", 1.0), PlotStyle::Line));
    let now = pump.power.iter().chain(&pump.flow).chain(&pump.status);
    KindParts {
        now: NowValue::of_points(at, now),
        today: &["pump.volume", "pump.hours"],
        main: PUMP_FIGURES,
        drawing: String::new(),
        bars: Vec::new(),
        plots: vec![
            at.daily_plot("assets-plot-pumped", "pump.volume", volume),
            at.plot("assets-plot-pump", power.into_iter().chain(flow).collect()),
        ],
    }
}

fn catchment_parts(at: &SectionContext<'_>, roof: &CatchmentAsset) -> KindParts {
    let rain = roof.rain.as_ref().map(|point| (point, "mm"));
    KindParts {
        today: &["catchment.rain", "catchment.captured"],
        main: CATCHMENT_FIGURES,
        plots: vec![at.daily_plot("assets-plot-rain", "catchment.rain", rain)],
        ..KindParts::default()
    }
}
