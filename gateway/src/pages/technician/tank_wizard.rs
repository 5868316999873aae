//! `/teknisi/tangki`: calibration of a tank beside the tank. The level on a stick is typed beside
//! what the sensor shows at that moment, or litres beside the level of a fill; what would change is
//! shown before it is written.

use super::calibration_form::{
    CalibrationPreview, KeptCalibration, calibration_request, kept_calibrations, number_field,
    save_calibration, withdraw_calibration,
};
use super::present_reading::{live_card, present_reading};
use super::tank_draft::TankDraft;
use super::tank_preview::TankToday;
use super::wizard_notice::WizardNotice;
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::assets::{AssetKind, LevelMeasurement, TankAsset};
use crate::commissioning::calibration_texts::{short_number, whole_number};
use crate::domain::calibration::{CalibrationHistory, CalibrationKind};
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::PointCard;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::response::Response;

/// Standard gravity, m/s2.
const GRAVITY: f64 = 9.806_65;

/// Way in which a tank's level is measured, as the page asks about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TankSensorKind {
    /// Level: it is calibrated.
    Level,
    /// Distance or pressure: its zero stands in the configuration.
    Configured(&'static str),
    /// None.
    Missing,
}

/// Zero of a sensor that stands in the configuration.
struct ConfiguredZero {
    /// Key below `sensor`.
    key: &'static str,
    before: String,
    after: String,
    /// Spread of the measurements, in words.
    spread: String,
    /// The new value as the file has it.
    value: String,
}

#[derive(Template)]
#[template(path = "tank_wizard.html")]
struct TankWizardPage {
    frame: PageFrame,
    notice: WizardNotice,
    /// Ids and names of all tanks.
    tanks: Vec<(String, String)>,
    tank: Option<TankPanel>,
}

/// The chosen tank.
struct TankPanel {
    id: String,
    name: String,
    kind: TankSensorKind,
    sensor: Option<PointCard>,
    /// Unit of the levels that are typed.
    unit: String,
    /// Pairs and rows as shown.
    pairs: Vec<(String, String)>,
    rows: Vec<(String, String)>,
    /// Card of the inflow's counter, where it has one.
    inflow: Option<PointCard>,
    /// Litres that the inflow has counted since the fill began; empty before.
    metered: String,
    level: Option<CalibrationPreview>,
    table: Option<CalibrationPreview>,
    zero: Option<ConfiguredZero>,
    kept: Vec<KeptCalibration>,
}

impl TankPanel {
    fn is_level(&self) -> bool {
        self.kind == TankSensorKind::Level
    }
}

pub(super) async fn tank_page(asked: PageRequest) -> Response {
    let chosen = query_parameter(&asked.uri, "id").unwrap_or_default();
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let notice = WizardNotice::of_result(&asked.uri, &frame);
    show_page(&asked, &chosen, notice).await
}

pub(super) async fn change_tank(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let id = fields.trimmed("id").to_owned();
    match apply_form(&asked.app, (&id, &fields), &frame).await {
        Ok(Ok(result)) => redirect_to(&format!("/teknisi/tangki?id={id}{result}")),
        Ok(Err(notice)) => show_page(&asked, &id, notice).await,
        Err(error) => match WizardNotice::of_error(error, &frame) {
            Ok(notice) => show_page(&asked, &id, notice).await,
            Err(error) => render_failure(&asked.uri, frame, &error),
        },
    }
}

/// Tank of the site with this id.
fn find_tank<'a>(app: &'a ApiListener, id: &str) -> Option<(&'a str, &'a TankAsset)> {
    app.state()
        .assets
        .iter()
        .find_map(|asset| match &asset.kind {
            AssetKind::Tank(tank) if *asset.id == *id => Some((&*asset.name, &**tank)),
            _ => None,
        })
}

/// Does what a form asks for: the end of the address of the page that shows it, or why not.
async fn apply_form(
    app: &ApiListener,
    (id, fields): (&str, &PlainForm),
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let Some((_, tank)) = find_tank(app, id) else {
        let refusal = frame.lang.text_with("wizard-unknown", &[("found", id)]);
        return Ok(Err(WizardNotice::refusal(refusal)));
    };
    let mut draft = TankDraft::read(app, id).await?;
    let measured = match fields.trimmed("cara") {
        "ukur" | "kering" => add_pair(app, (tank, &mut draft), fields, frame).await?,
        "isi" => add_row(app, (id, tank, &mut draft), fields, frame).await?,
        "isi-mulai" => begin_fill(app, (tank, &mut draft), frame).await?,
        "hapus" => {
            remove_measurement(&mut draft, fields.trimmed("nomor"));
            Ok(())
        }
        "buang" => {
            draft = TankDraft::default();
            Ok(())
        }
        "batal" => {
            let withdrawn = withdraw_calibration(app, fields, frame).await?;
            return Ok(withdrawn.map(|_| "&hasil=batal".to_owned()));
        }
        "simpan-ketinggian" => {
            let of = (CalibrationKind::Level, id);
            let request = calibration_request(of, draft.pairs.clone(), Some(fields));
            draft.pairs.clear();
            return save_draft(app, (id, request, draft), frame).await;
        }
        "simpan-tabel" => {
            let of = (CalibrationKind::Strapping, id);
            let request = calibration_request(of, draft.rows.clone(), Some(fields));
            (draft.rows, draft.fill_from_m3) = (Vec::new(), None);
            return save_draft(app, (id, request, draft), frame).await;
        }
        _ => Ok(()),
    };
    if let Err(refusal) = measured {
        return Ok(Err(refusal));
    }
    draft.keep(app, id).await?;
    Ok(Ok("#ukuran".to_owned()))
}

/// Writes the calibration, and keeps what of the draft is left.
async fn save_draft(
    app: &ApiListener,
    (id, request, rest): (&str, crate::ledger::CalibrationRequest, TankDraft),
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let saved = save_calibration(app, request, frame).await?;
    if saved.is_ok() {
        rest.keep(app, id).await?;
    }
    Ok(saved.map(|number| format!("&hasil={number}")))
}

fn remove_measurement(draft: &mut TankDraft, place: &str) {
    let Some((list, index)) = place.split_once('-') else {
        return;
    };
    let list = if list == "isi" {
        &mut draft.rows
    } else {
        &mut draft.pairs
    };
    if let Ok(index) = index.parse::<usize>()
        && index < list.len()
    {
        list.remove(index);
    }
}

/// Reading of the sensor now, or the refusal that says that there is none.
async fn sensor_now(
    app: &ApiListener,
    point: &str,
    frame: &PageFrame,
) -> Result<Result<f64, WizardNotice>, ApiError> {
    let reading = present_reading(app, point).await?;
    Ok(reading.map(|reading| reading.value).ok_or_else(|| {
        let args = [("point", point)];
        WizardNotice::refusal(frame.lang.text_with("wizard-no-reading", &args))
    }))
}

async fn add_pair(
    app: &ApiListener,
    (tank, draft): (&TankAsset, &mut TankDraft),
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<Result<(), WizardNotice>, ApiError> {
    let Some(way) = &tank.level else {
        return Ok(Err(WizardNotice::refusal(frame.t("wizard-tank-no-sensor"))));
    };
    if !draft.has_room() {
        return Ok(Err(WizardNotice::refusal(frame.t("wizard-full"))));
    }
    // An empty tank shows 0 on the stick.
    let truth = match fields.trimmed("cara") {
        "kering" => Ok(0.0),
        _ => number_field(fields, "tinggi", frame.lang),
    };
    let truth = match truth {
        Ok(truth) => truth,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let shown = sensor_now(app, &way.point().id, frame).await?;
    Ok(shown.map(|shown| draft.pairs.push((shown, truth))))
}

/// Total of the inflow's counter now, m3.
async fn inflow_m3(
    app: &ApiListener,
    tank: &TankAsset,
    frame: &PageFrame,
) -> Result<Result<f64, WizardNotice>, ApiError> {
    let counter = tank
        .inflow
        .as_ref()
        .filter(|point| is_counter(app, &point.id));
    let Some(counter) = counter else {
        return Ok(Err(WizardNotice::refusal(frame.t("wizard-tank-no-inflow"))));
    };
    let total = sensor_now(app, &counter.id, frame).await?;
    Ok(total.map(|total| counter.value(total)))
}

fn is_counter(app: &ApiListener, point: &str) -> bool {
    app.site().point(point).is_some_and(|point| point.counter)
}

async fn begin_fill(
    app: &ApiListener,
    (tank, draft): (&TankAsset, &mut TankDraft),
    frame: &PageFrame,
) -> Result<Result<(), WizardNotice>, ApiError> {
    let total = inflow_m3(app, tank, frame).await?;
    Ok(total.map(|total| draft.fill_from_m3 = Some(total)))
}

/// Row of a fill: litres as typed, else as the inflow has counted since the fill began; the level
/// of the sensor, else as typed.
async fn add_row(
    app: &ApiListener,
    (id, tank, draft): (&str, &TankAsset, &mut TankDraft),
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<Result<(), WizardNotice>, ApiError> {
    if !draft.has_room() {
        return Ok(Err(WizardNotice::refusal(frame.t("wizard-full"))));
    }
    let litres = match (fields.trimmed("liter"), draft.fill_from_m3) {
        ("", Some(from)) => {
            let total = inflow_m3(app, tank, frame).await?;
            total.map(|total| (total - from) * 1000.0)
        }
        _ => number_field(fields, "liter", frame.lang),
    };
    let history = app.state().store.list_calibrations().await?;
    let today = TankToday {
        app,
        id,
        tank,
        history: &history,
        lang: frame.lang,
    };
    let level = match (&tank.level, fields.trimmed("tinggi")) {
        (Some(LevelMeasurement::Level(point)), "") => {
            let shown = sensor_now(app, &point.id, frame).await?;
            shown.map(|shown| today.level_m(shown, today.line()).unwrap_or_default())
        }
        _ => number_field(fields, "tinggi", frame.lang),
    };
    Ok(litres.and_then(|litres| level.map(|level| draft.rows.push((level, litres)))))
}

async fn show_page(asked: &PageRequest, chosen: &str, notice: WizardNotice) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let is_tank = |asset: &&crate::config::Asset| matches!(asset.kind, AssetKind::Tank(_));
    let tanks = app.state().assets.iter().filter(is_tank);
    let tanks: Vec<(String, String)> = tanks
        .map(|asset| (asset.id.to_string(), asset.name.to_string()))
        .collect();
    let chosen = match (chosen, &tanks[..]) {
        ("", [(only, _)]) => only.clone(),
        _ => chosen.to_owned(),
    };
    let panel = match find_tank(app, &chosen) {
        Some((name, tank)) => load_panel(app, (&chosen, name, tank), &frame)
            .await
            .map(Some),
        None => Ok(None),
    };
    match panel {
        Ok(tank) => {
            let status = notice.status();
            let page = TankWizardPage {
                frame,
                notice,
                tanks,
                tank,
            };
            render_page(uri, status, &page)
        }
        Err(error) => render_failure(uri, frame, &error),
    }
}

async fn load_panel(
    app: &ApiListener,
    (id, name, tank): (&str, &str, &TankAsset),
    frame: &PageFrame,
) -> Result<TankPanel, ApiError> {
    let lang = frame.lang;
    let history = app.state().store.list_calibrations().await?;
    let draft = TankDraft::read(app, id).await?;
    let today = TankToday {
        app,
        id,
        tank,
        history: &history,
        lang,
    };
    let kind = match &tank.level {
        Some(LevelMeasurement::Level(_)) => TankSensorKind::Level,
        Some(LevelMeasurement::Distance { .. }) => TankSensorKind::Configured("height_m"),
        Some(LevelMeasurement::Pressure { .. }) => TankSensorKind::Configured("offset_m"),
        None => TankSensorKind::Missing,
    };
    let sensor = tank.level.as_ref().map(|way| way.point().id.clone());
    let (card, shown) = match &sensor {
        Some(point) => (
            live_card(app, point, lang).await?,
            present_reading(app, point).await?,
        ),
        None => (None, None),
    };
    let inflow = tank.inflow.as_ref();
    let inflow = inflow.filter(|point| is_counter(app, &point.id));
    let inflow_card = match inflow {
        Some(point) => live_card(app, &point.id, lang).await?,
        None => None,
    };
    let level = match (kind, draft.pairs.is_empty()) {
        (TankSensorKind::Level, false) => {
            let shown = shown.map(|reading| reading.value);
            Some(today.level_preview(&draft, shown).await?)
        }
        _ => None,
    };
    let table = if draft.rows.is_empty() {
        None
    } else {
        Some(today.table_preview(&draft).await?)
    };
    let texts = |list: &[(f64, f64)]| {
        let text = |(a, b): &(f64, f64)| (short_number(*a, lang), short_number(*b, lang));
        list.iter().map(text).collect()
    };
    Ok(TankPanel {
        id: id.to_owned(),
        name: name.to_owned(),
        unit: match kind {
            TankSensorKind::Configured(_) => "m".to_owned(),
            _ => today.unit(),
        },
        sensor: card,
        pairs: texts(&draft.pairs),
        rows: texts(&draft.rows),
        metered: metered_text(app, (tank, &draft), frame).await?,
        inflow: inflow_card,
        zero: configured_zero(kind, (tank, &draft), frame),
        level,
        table,
        kept: kept_of(app, (id, sensor.as_deref()), &history, frame),
        kind,
    })
}

fn kept_of(
    app: &ApiListener,
    (id, sensor): (&str, Option<&str>),
    history: &CalibrationHistory,
    frame: &PageFrame,
) -> Vec<KeptCalibration> {
    let kinds = [CalibrationKind::Level, CalibrationKind::Strapping];
    let targets: Vec<&str> = sensor.into_iter().chain([id]).collect();
    kept_calibrations(app, history, (&kinds, &targets), frame.lang)
}

/// Litres since the fill began; empty before it, and without a reading.
async fn metered_text(
    app: &ApiListener,
    (tank, draft): (&TankAsset, &TankDraft),
    frame: &PageFrame,
) -> Result<String, ApiError> {
    let Some(from) = draft.fill_from_m3 else {
        return Ok(String::new());
    };
    let total = inflow_m3(app, tank, frame).await?;
    let litres = total.map(|total| (total - from) * 1000.0);
    Ok(litres.map_or("–".to_owned(), |litres| whole_number(litres, frame.lang)))
}

/// Zero of a distance or pressure sensor as the measurements have it.
fn configured_zero(
    kind: TankSensorKind,
    (tank, draft): (&TankAsset, &TankDraft),
    frame: &PageFrame,
) -> Option<ConfiguredZero> {
    let TankSensorKind::Configured(key) = kind else {
        return None;
    };
    let zero_of = |(shown, truth): &(f64, f64)| match &tank.level {
        // The sensor hangs as high as the distance and the level together.
        Some(LevelMeasurement::Distance { point, .. }) => Some(point.value(*shown) + truth),
        Some(LevelMeasurement::Pressure {
            point,
            barometer: None,
        }) => Some(truth - point.value(*shown) / (tank.density_kg_m3 * GRAVITY)),
        _ => None,
    };
    let zeros: Vec<f64> = draft.pairs.iter().filter_map(zero_of).collect();
    let count = u32::try_from(zeros.len()).ok().filter(|count| *count > 0)?;
    let mean = zeros.iter().sum::<f64>() / f64::from(count);
    let low = zeros.iter().copied().fold(f64::INFINITY, f64::min);
    let high = zeros.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let before = match &tank.level {
        Some(LevelMeasurement::Distance { height_m, .. }) => *height_m,
        _ => tank.offset_m,
    };
    let millimetres = crate::formulas::claim_rounding::nearest_digits(mean, 3);
    let spread = short_number(high - low, frame.lang);
    Some(ConfiguredZero {
        key,
        before: short_number(before, frame.lang),
        after: frame.lang.locale().plain_digits(&millimetres),
        spread: frame
            .lang
            .text_with("wizard-tank-spread", &[("spread", &spread)]),
        value: millimetres,
    })
}
