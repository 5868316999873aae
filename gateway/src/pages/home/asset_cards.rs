//! Cards of the assets as they are today: plants, tanks, bins, pumps, and the figures of others.

use super::home_figures::HomeFigures;
use super::present_value::{PresentValue, age_text, power_text, temperature_text};
use crate::assets::{
    Asset, AssetKind, BsfTemperatureBands, LevelMeasurement, PumpAsset, TankAsset,
};
use crate::attention::last_reading;
use crate::domain::{QualityReason, SampleOutcome};
use crate::formulas::claim_rounding::nearest_digits;
use crate::pages::drawings::tank;
use crate::pages::navigation;
use crate::pages::site_figures::FigureText;
use crate::report::render::number_format;

/// Inside of the tank in its drawing: top and height.
const TANK_INSIDE: (f64, f64) = (8.0, 72.0);
/// Width of the drawing of a temperature strip.
const STRIP_WIDTH: f64 = 100.0;
/// Degrees below the lower limit of growth and above the lethal limit that a strip shows.
const STRIP_MARGIN_C: f64 = 6.0;
/// Share of the rated power from which a pump runs, and the power for an unrated one, W.
const RUNNING_SHARE: f64 = 0.1;
const RUNNING_W: f64 = 20.0;
/// Figures of today of the kinds that have no card of their own.
const OTHER_FIGURES: &[(&str, &[&str])] = &[
    ("catchment", &["catchment.rain", "catchment.captured"]),
    ("compost", &["compost.temperature_max", "compost.fed"]),
    ("genset", &["genset.hours", "genset.fuel"]),
    ("meter", &["meter.import", "meter.export"]),
];

/// Solar plant.
pub(super) struct PlantCard {
    pub(super) name: String,
    /// Energy of today.
    pub(super) today: Option<FigureText>,
    /// Energy of this month.
    pub(super) month: Option<FigureText>,
    /// `Bulan ini`, with the day on which the readings began if that was later.
    pub(super) month_name: String,
    /// Power now.
    pub(super) power: Option<PresentValue>,
    /// Point of the power, for the small curve; empty without one.
    pub(super) point: String,
}

/// Water tank.
pub(super) struct TankCard {
    pub(super) name: String,
    /// Filling in words: `78%`; empty without a reading.
    pub(super) fill: String,
    /// Water in litres; empty without a reading.
    pub(super) litres: String,
    /// Level in metres; empty when the sensor gives none.
    pub(super) level: String,
    /// Days or hours that the water lasts, in words; empty when that is not known.
    pub(super) supply: String,
    /// Age of an old reading, in words; empty for the present.
    pub(super) age: String,
    /// Top and height of the water in the drawing.
    pub(super) water: (String, String),
}

/// Bin with larvae.
pub(super) struct BinCard {
    pub(super) name: String,
    pub(super) core: Option<PresentValue>,
    /// `cold`, `cool`, `best`, `warm` or `hot`; its text has the message key `home-bin-WORD`.
    pub(super) verdict: &'static str,
    /// Limits of the bands, in words.
    pub(super) limits: String,
    /// Zones of the strip: class, left edge and width in the drawing.
    pub(super) zones: Vec<(&'static str, String, String)>,
    /// Place of the present temperature in the drawing; empty without one.
    pub(super) marker: String,
}

/// Pump.
pub(super) struct PumpCard {
    pub(super) name: String,
    /// `running`, `stopped` or `unknown`; its text has the message key `home-pump-WORD`.
    pub(super) state: &'static str,
    pub(super) hours: Option<FigureText>,
    pub(super) volume: Option<FigureText>,
}

/// Asset of another kind.
pub(super) struct OtherCard {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) figures: Vec<FigureText>,
}

pub(super) fn plant_cards(figures: &HomeFigures) -> Vec<PlantCard> {
    let [month_name, _] = figures.names_so_far();
    let card = |asset: &Asset| {
        let AssetKind::Plts(plant) = &asset.kind else {
            return None;
        };
        let point = plant.power.as_ref().map(|point| point.id.to_string());
        Some(PlantCard {
            name: asset.name.to_string(),
            today: figures.today.figure(Some(&asset.id), "plts.generation"),
            month: figures.month_figure(Some(&asset.id), "plts.generation"),
            month_name: month_name.clone(),
            power: PresentValue::of_point(figures, plant.power.as_ref(), power_text),
            point: point.unwrap_or_default(),
        })
    };
    assets(figures).filter_map(card).collect()
}

pub(super) fn tank_cards(figures: &HomeFigures) -> Vec<TankCard> {
    let card = |asset: &Asset| match &asset.kind {
        AssetKind::Tank(tank) => Some(tank_card(figures, asset, tank)),
        _ => None,
    };
    assets(figures).filter_map(card).collect()
}

fn tank_card(figures: &HomeFigures, asset: &Asset, tank: &TankAsset) -> TankCard {
    let lang = figures.lang();
    // The figures of the week: the last level may be older than today.
    let (week, own) = (&figures.week, Some(&*asset.id));
    let filled = week.value(own, "tank.fill_last");
    let stock = week.value(own, "tank.volume_last");
    let read = week
        .indicator(own, "tank.volume_last")
        .and_then(last_reading);
    let present =
        read.map(|(at, value)| PresentValue::read_at(figures, at, value, |_, _| String::new()));
    let is_old = present.as_ref().is_some_and(|one| !one.is_present());
    let level = match (&tank.level, read) {
        (Some(LevelMeasurement::Level(point)), Some((_, value))) => {
            number_format::format_quantity(lang, point.value(value) + tank.offset_m, "m", 2)
        }
        _ => String::new(),
    };
    let share = filled.unwrap_or_default().clamp(0.0, 100.0) / 100.0;
    let (top, height) = TANK_INSIDE;
    let water = height * share;
    TankCard {
        name: asset.name.to_string(),
        fill: filled.map_or_else(String::new, |percent| {
            number_format::format_percent(lang, percent / 100.0, 0)
        }),
        litres: stock.map_or_else(String::new, |m3| tank::litres_text(lang, m3)),
        level,
        supply: supply_text(figures, asset),
        age: match read {
            Some((at, _)) if is_old => age_text(lang, figures.now().0 - at.0),
            Some(_) => String::new(),
            None if has_undated(figures, asset) => lang.text("home-undated"),
            None => lang.text("home-never-read"),
        },
        water: (
            nearest_digits(top + height - water, 1),
            nearest_digits(water, 1),
        ),
    }
}

/// Whether the latest sample of a point of an asset has no date.
fn has_undated(figures: &HomeFigures, asset: &Asset) -> bool {
    let mut points = asset.points.values();
    points.any(|id| {
        let last = figures.latest.get(id);
        last.is_some_and(|last| {
            let reason = QualityReason::Undated;
            matches!(last.sample.outcome, SampleOutcome::Uncertain(_, found) if found == reason)
        })
    })
}

/// Days or hours that the water lasts at the use of the last seven days, in words.
fn supply_text(figures: &HomeFigures, asset: &Asset) -> String {
    let lang = figures.lang();
    let Some(days) = figures.week.value(Some(&asset.id), "tank.days_left") else {
        return String::new();
    };
    let (key, number, decimals) = if days < 2.0 {
        ("home-supply-hours", days * 24.0, 0)
    } else {
        ("home-supply-days", days, u8::from(days < 10.0))
    };
    let count = number_format::format_number(lang, number, decimals);
    lang.text_with(key, &[("count", &count)])
}

pub(super) fn bin_cards(figures: &HomeFigures) -> Vec<BinCard> {
    let card = |asset: &Asset| {
        let AssetKind::Bsf(bin) = &asset.kind else {
            return None;
        };
        let core = PresentValue::of_point(figures, bin.temperatures.first(), temperature_text);
        let lang = figures.lang();
        let degrees = |limit: f64| number_format::format_number(lang, limit, 0);
        let bands = &bin.bands;
        let args = [
            ("low", &*degrees(bands.optimal)),
            ("high", &*degrees(bands.warm)),
            ("limit", &*degrees(bands.critical)),
        ];
        let now = core.as_ref().filter(|core| core.is_present());
        let now = now.and_then(|core| core.number);
        let (low, high) = strip_range(bands);
        Some(BinCard {
            name: asset.name.to_string(),
            verdict: now.map_or("unknown", |core| bin_verdict(core, bands)),
            limits: lang.text_with("home-bin-limits", &args),
            zones: strip_zones(bands),
            marker: now.map_or_else(String::new, |core| {
                let place = (core.clamp(low, high) - low) / (high - low) * STRIP_WIDTH;
                nearest_digits(place, 1)
            }),
            core,
        })
    };
    assets(figures).filter_map(card).collect()
}

/// Word of a temperature within the bands of a bin.
fn bin_verdict(core: f64, bands: &BsfTemperatureBands) -> &'static str {
    match core {
        core if core < bands.slow => "cold",
        core if core < bands.optimal => "cool",
        core if core <= bands.warm => "best",
        core if core < bands.critical => "warm",
        _ => "hot",
    }
}

fn strip_range(bands: &BsfTemperatureBands) -> (f64, f64) {
    (bands.slow - STRIP_MARGIN_C, bands.lethal + STRIP_MARGIN_C)
}

fn strip_zones(bands: &BsfTemperatureBands) -> Vec<(&'static str, String, String)> {
    let (low, high) = strip_range(bands);
    let edges = [
        low,
        bands.slow,
        bands.optimal,
        bands.warm,
        bands.critical,
        high,
    ];
    let names = ["cold", "cool", "best", "warm", "hot"];
    let place = |edge: f64| (edge - low) / (high - low) * STRIP_WIDTH;
    let zones = names.iter().zip(edges.windows(2)).map(|(name, edge)| {
        let (from, to) = (place(edge[0]), place(edge[1]));
        (*name, nearest_digits(from, 1), nearest_digits(to - from, 1))
    });
    zones.collect()
}

pub(super) fn pump_cards(figures: &HomeFigures) -> Vec<PumpCard> {
    let card = |asset: &Asset| {
        let AssetKind::Pump(pump) = &asset.kind else {
            return None;
        };
        Some(PumpCard {
            name: asset.name.to_string(),
            state: pump_state(figures, pump),
            hours: figure_of_today(figures, asset, "pump.hours", Some("home-pump-hours")),
            volume: figure_of_today(figures, asset, "pump.volume", Some("home-pump-volume")),
        })
    };
    assets(figures).filter_map(card).collect()
}

/// Whether a pump runs now, by its power.
fn pump_state(figures: &HomeFigures, pump: &PumpAsset) -> &'static str {
    let power = PresentValue::of_point(figures, pump.power.as_ref(), power_text);
    let power = power.filter(PresentValue::is_present);
    let running = pump
        .rated_power_w
        .map_or(RUNNING_W, |rated| rated * RUNNING_SHARE);
    match power.and_then(|power| power.number) {
        Some(power) if power >= running => "running",
        Some(_) => "stopped",
        None => "unknown",
    }
}

pub(super) fn other_cards(figures: &HomeFigures) -> Vec<OtherCard> {
    let card = |asset: &Asset| {
        let kind = asset.kind.word();
        let (_, ids) = OTHER_FIGURES.iter().find(|(of, _)| *of == kind)?;
        let found = ids
            .iter()
            .filter_map(|id| figure_of_today(figures, asset, id, None));
        Some(OtherCard {
            name: asset.name.to_string(),
            link: navigation::page_of_kind(kind)
                .map_or_else(String::new, |page| format!("/{}", page.place)),
            figures: found.filter(FigureText::has_value).collect(),
        })
    };
    let cards = assets(figures).filter_map(card);
    cards.filter(|card| !card.figures.is_empty()).collect()
}

/// Figure of today that says so, under the text `key` or else its own name. `None` when the asset
/// has no such figure.
fn figure_of_today(
    figures: &HomeFigures,
    asset: &Asset,
    id: &str,
    key: Option<&str>,
) -> Option<FigureText> {
    let mut found = figures.today.figure(Some(&asset.id), id)?;
    let lang = figures.lang();
    let name = key.map_or(found.label, |key| lang.text(key));
    found.label = format!("{name}, {}", lang.text("assets-today"));
    Some(found)
}

fn assets(figures: &HomeFigures) -> impl Iterator<Item = &Asset> {
    figures.today.config.assets.iter()
}
