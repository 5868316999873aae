//! Organic waste: bins with larvae and compost heaps.

use super::kind_parts::{KindParts, NowValue, figure_bar};
use super::section_context::{SectionContext, TitledPlot};
use crate::assets::asset_point::AssetPoint;
use crate::assets::{AssetKind, BsfAsset, BsfTemperatureBands, CompostAsset};
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryTime, LedgerEntry};
use crate::pages::plot_spec::{PlotBand, PlotMark, PlotSeries, PlotStyle};
use crate::report::content;
use jiff::civil::time;

const BSF_FIGURES: &[&str] = &[
    "bsf.temperature_mean",
    "bsf.temperature_max",
    "bsf.fed",
    "bsf.larvae",
    "bsf.residue",
    "bsf.reduction",
    "bsf.bioconversion",
    "bsf.feed_conversion",
];
const COMPOST_FIGURES: &[&str] = &[
    "compost.temperature_mean",
    "compost.temperature_max",
    "compost.hot_hours",
    "compost.hygienised",
    "compost.turnings",
    "compost.fed",
];
/// Hours in each temperature band, coldest first, with their colours.
const BAND_HOURS: [(&str, &str); 6] = [
    ("bsf.hours_no_development", "cold"),
    ("bsf.hours_slow", "slow"),
    ("bsf.hours_optimal", "good"),
    ("bsf.hours_warm", "warm"),
    ("bsf.hours_critical", "critical"),
    ("bsf.hours_lethal", "lethal"),
];
/// Least and greatest temperature of a plot, degC: ends of the outer bands.
const PLOT_C: (f64, f64) = (-40.0, 120.0);
/// Temperature of hygienisation, degC (METHODS E.4).
const HYGIENE_C: f64 = 55.0;
/// Longest period with a mark for each feeding; a longer one has bars by day.
const FEEDING_MARK_DAYS: i32 = 8;
/// Longest period with a mark for each harvest.
const HARVEST_MARK_DAYS: i32 = 100;

/// Parts of a bin or a heap; `None` for other kinds.
pub(crate) fn parts(at: &SectionContext<'_>) -> Option<KindParts> {
    match &at.asset.kind {
        AssetKind::Bsf(bin) => Some(bsf_parts(at, bin)),
        AssetKind::Compost(heap) => Some(compost_parts(at, heap)),
        _ => None,
    }
}

fn bsf_parts(at: &SectionContext<'_>, bin: &BsfAsset) -> KindParts {
    let mut now = NowValue::of_points(at, &bin.temperatures);
    for (value, point) in now.iter_mut().zip(&bin.temperatures) {
        if let Some(celsius) = present_value(at, point) {
            let (key, tone) = band_of(celsius, &bin.bands);
            (value.state, value.tone) = (at.text(key), tone);
        }
    }
    let others = bin.moisture.iter().chain(&bin.humidity);
    now.extend(NowValue::of_points(at, others));
    let series = temperature_series(at, &bin.temperatures);
    let marks = [
        (&bin.fed, "assets-mark-fed", FEEDING_MARK_DAYS),
        (&bin.larvae, "assets-mark-larvae", HARVEST_MARK_DAYS),
        (&bin.residue, "assets-mark-residue", HARVEST_MARK_DAYS),
    ];
    let marks = marks
        .into_iter()
        .filter(|(.., days)| at.choice.days() <= *days);
    let marks = marks
        .flat_map(|(of, key, _)| entry_marks(at, of, key))
        .collect();
    KindParts {
        now,
        today: &["bsf.temperature_max", "bsf.hours_critical", "bsf.fed"],
        main: BSF_FIGURES,
        drawing: String::new(),
        bars: vec![figure_bar(at, "assets-split-bands", &BAND_HOURS)],
        plots: vec![
            at.decorated_plot("assets-plot-bin", series, bands(at, &bin.bands), marks),
            feeding_plot(at, bin),
        ],
    }
}

/// Last valid reading of a point in the unit of the formulas.
fn present_value(at: &SectionContext<'_>, point: &AssetPoint) -> Option<f64> {
    let last = at.latest.iter().find(|last| last.point == point.id)?;
    let number = last.sample.outcome.present_number()?;
    Some(point.value(number.to_f64()))
}

fn temperature_series(at: &SectionContext<'_>, points: &[AssetPoint]) -> Vec<PlotSeries> {
    let one = |point: &AssetPoint| at.named_means(point, ("degC", 1.0), PlotStyle::Line);
    points.iter().map(one).collect()
}

/// Message key and tone of the band of a temperature (METHODS E.1).
fn band_of(celsius: f64, limits: &BsfTemperatureBands) -> (&'static str, &'static str) {
    match celsius {
        t if t < limits.slow => ("assets-band-cold", "bad"),
        t if t < limits.optimal => ("assets-band-slow", "warn"),
        t if t <= limits.warm => ("assets-band-optimal", "good"),
        t if t < limits.critical => ("assets-band-warm", "warn"),
        t if t < limits.lethal => ("assets-band-critical", "bad"),
        _ => ("assets-band-lethal", "bad"),
    }
}

fn bands(at: &SectionContext<'_>, limits: &BsfTemperatureBands) -> Vec<PlotBand> {
    let edges = [
        PLOT_C.0,
        limits.slow,
        limits.optimal,
        limits.warm,
        limits.critical,
        limits.lethal,
        PLOT_C.1,
    ];
    let band = |pair: &[f64]| {
        let (key, tone) = band_of(f64::midpoint(pair[0], pair[1]), limits);
        PlotBand {
            from: pair[0],
            to: pair[1],
            label: at.text(key),
            tone,
        }
    };
    edges.windows(2).map(band).collect()
}

/// Entries of an indicator in the period, with their quantities.
fn entry_marks(at: &SectionContext<'_>, indicator: &str, key: &str) -> Vec<PlotMark> {
    let of = |entry: &&LedgerEntry| {
        let said = &entry.statement;
        entry.is_current() && said.sort == EntryKind::Record && *said.indicator == *indicator
    };
    let mark = |entry: &LedgerEntry| {
        let quantity = entry.statement.quantity.map_or(0.0, ExactNumber::to_f64);
        let amount = content::format_quantity(at.lang(), quantity, &entry.statement.unit);
        let moment = match entry.statement.when {
            EntryTime::Moment(moment) => moment,
            // The time of the day was not written down.
            other => other.first().to_datetime(time(12, 0, 0, 0)),
        };
        let moment = at.app.site().timezone.rules().to_timestamp(moment).ok()?;
        Some(PlotMark {
            at: moment.as_millisecond(),
            label: at.lang().text_with(key, &[("amount", &amount)]),
        })
    };
    let entries = at.figures.entries.iter().filter(of);
    entries.filter_map(mark).collect()
}

/// Waste fed on each day, where the marks of the temperatures do not show it.
fn feeding_plot(at: &SectionContext<'_>, bin: &BsfAsset) -> Option<TitledPlot> {
    let days = at.choice.days();
    if days <= FEEDING_MARK_DAYS {
        return None;
    }
    let fed = at.entries_by_day(&bin.fed, "bsf.fed", PlotStyle::Bars);
    let larvae = at.entries_by_day(&bin.larvae, "bsf.larvae", PlotStyle::Line);
    let both = fed.into_iter().chain(larvae).collect();
    at.plot("assets-plot-fed", both)
}

fn compost_parts(at: &SectionContext<'_>, heap: &CompostAsset) -> KindParts {
    let hygiene = PlotBand {
        from: HYGIENE_C,
        to: PLOT_C.1,
        label: at.text("assets-band-hygiene"),
        tone: "good",
    };
    let series = temperature_series(at, &heap.temperatures);
    let now = heap.temperatures.iter().chain(&heap.moisture);
    let marks = entry_marks(at, &heap.fed, "assets-mark-compost-fed");
    let marks = marks
        .into_iter()
        .filter(|_| at.choice.days() <= FEEDING_MARK_DAYS);
    let fed = at.entries_by_day(&heap.fed, "compost.fed", PlotStyle::Bars);
    KindParts {
        now: NowValue::of_points(at, now),
        today: &["compost.temperature_max", "compost.fed"],
        main: COMPOST_FIGURES,
        plots: vec![
            at.decorated_plot("assets-plot-heap", series, vec![hygiene], marks.collect()),
            at.plot("assets-plot-heap-fed", fed.into_iter().collect()),
        ],
        ..KindParts::default()
    }
}
