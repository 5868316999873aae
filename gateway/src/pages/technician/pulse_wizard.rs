//! `/teknisi/meter-air`: a water meter beside a bucket. The counter is read before and after a
//! measured volume has run through; several runs show how sure the result is.

use super::calibration_form::{
    CalibrationPreview, KeptCalibration, calibration_request, kept_calibrations, number_field,
    preview_calibration, save_calibration, withdraw_calibration,
};
use super::draft_note::{keep_draft, read_draft};
use super::present_reading::{live_card, present_reading};
use super::wizard_notice::WizardNotice;
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::commissioning::calibration_check::is_water_counter;
use crate::commissioning::calibration_texts::short_number;
use crate::domain::PointInfo;
use crate::domain::calibration::CalibrationKind;
use crate::limits::CALIBRATION_PAIRS_MAX;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::PointCard;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::response::Response;
use drivers::units;
use serde::{Deserialize, Serialize};

/// Runs that show how far results are apart.
const RUNS_WISHED: usize = 3;

/// Runs of a water meter that are not a calibration yet, in the unit of the point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct PulseDraft {
    /// Counted and true volume.
    runs: Vec<(f64, f64)>,
    /// Counter when the present run began.
    begun: Option<f64>,
}

#[derive(Template)]
#[template(path = "pulse_wizard.html")]
struct PulseWizardPage {
    frame: PageFrame,
    notice: WizardNotice,
    /// Ids and titles of all counters of water.
    meters: Vec<(String, String)>,
    meter: Option<PulsePanel>,
}

/// The chosen meter.
struct PulsePanel {
    id: String,
    title: String,
    card: Option<PointCard>,
    /// Counter when the run began; empty between runs.
    begun: String,
    /// Counted litres, true litres, and their ratio.
    runs: Vec<[String; 3]>,
    /// Spread of the runs, in words; empty for one run.
    spread: String,
    /// Runs that are still wished for.
    missing: usize,
    preview: Option<CalibrationPreview>,
    kept: Vec<KeptCalibration>,
}

fn name(point: &str) -> String {
    format!("pulses/{point}")
}

/// Counters of a volume, which a bucket can check.
fn water_counters(app: &ApiListener) -> impl Iterator<Item = &PointInfo> {
    let devices = app.site().devices.iter();
    devices
        .flat_map(|device| &device.points)
        .filter(|point| is_water_counter(point))
}

/// One litre in the unit of a point.
fn litre_in(unit: &str) -> f64 {
    let factor = |name: &str| units::find_unit(name).map(|unit| unit.factor);
    match (factor("L"), factor(unit)) {
        (Some(litre), Some(own)) => litre / own,
        _ => 1.0,
    }
}

pub(super) async fn pulse_page(asked: PageRequest) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let chosen = query_parameter(&asked.uri, "id").unwrap_or_default();
    let notice = WizardNotice::of_result(&asked.uri, &frame);
    show_page(&asked, &chosen, notice).await
}

pub(super) async fn change_pulses(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let id = fields.trimmed("id").to_owned();
    match apply_form(&asked.app, (&id, &fields), &frame).await {
        Ok(Ok(result)) => redirect_to(&format!("/teknisi/meter-air?id={id}{result}")),
        Ok(Err(notice)) => show_page(&asked, &id, notice).await,
        Err(error) => match WizardNotice::of_error(error, &frame) {
            Ok(notice) => show_page(&asked, &id, notice).await,
            Err(error) => render_failure(&asked.uri, frame, &error),
        },
    }
}

async fn apply_form(
    app: &ApiListener,
    (id, fields): (&str, &PlainForm),
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let refused = |reason: String| Ok(Err(WizardNotice::refusal(reason)));
    let Some(point) = water_counters(app).find(|point| *point.id == *id) else {
        return refused(frame.lang.text_with("wizard-unknown", &[("found", id)]));
    };
    let mut draft = read_draft::<PulseDraft>(app, &name(id)).await?;
    match fields.trimmed("cara") {
        "mulai" | "selesai" => {
            let Some(now) = present_reading(app, id).await? else {
                return refused(frame.lang.text_with("wizard-no-reading", &[("point", id)]));
            };
            let begun = draft.begun.take();
            match begun.filter(|_| fields.trimmed("cara") == "selesai") {
                None => draft.begun = Some(now.value),
                Some(begun) => {
                    let litres = match number_field(fields, "liter", frame.lang) {
                        Ok(litres) => litres,
                        Err(refusal) => return Ok(Err(refusal)),
                    };
                    if draft.runs.len() >= CALIBRATION_PAIRS_MAX {
                        return refused(frame.t("wizard-full"));
                    }
                    draft
                        .runs
                        .push((now.value - begun, litres * litre_in(&point.unit)));
                }
            }
        }
        "hapus" => {
            let index = fields.trimmed("nomor").parse::<usize>().ok();
            if let Some(index) = index.filter(|index| *index < draft.runs.len()) {
                draft.runs.remove(index);
            }
        }
        "buang" => draft = PulseDraft::default(),
        "simpan-pulsa" => {
            let of = (CalibrationKind::Pulses, id);
            let request = calibration_request(of, draft.runs.clone(), Some(fields));
            let saved = save_calibration(app, request, frame).await?;
            if saved.is_ok() {
                keep_draft(app, &name(id), &PulseDraft::default()).await?;
            }
            return Ok(saved.map(|number| format!("&hasil={number}")));
        }
        "batal" => {
            let withdrawn = withdraw_calibration(app, fields, frame).await?;
            return Ok(withdrawn.map(|_| "&hasil=batal".to_owned()));
        }
        _ => {}
    }
    keep_draft(app, &name(id), &draft).await?;
    Ok(Ok("#uji".to_owned()))
}

async fn show_page(asked: &PageRequest, chosen: &str, notice: WizardNotice) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let title = |point: &PointInfo| {
        let title = app.state().config.point_title(&point.id, frame.lang);
        (point.id.to_string(), title)
    };
    let meters: Vec<(String, String)> = water_counters(app).map(title).collect();
    let chosen = match (chosen, &meters[..]) {
        ("", [(only, _)]) => only.clone(),
        _ => chosen.to_owned(),
    };
    let point = water_counters(app).find(|point| *point.id == *chosen);
    let panel = match point {
        Some(point) => load_panel(app, point, &frame).await.map(Some),
        None => Ok(None),
    };
    match panel {
        Ok(meter) => {
            let status = notice.status();
            let page = PulseWizardPage {
                frame,
                notice,
                meters,
                meter,
            };
            render_page(uri, status, &page)
        }
        Err(error) => render_failure(uri, frame, &error),
    }
}

async fn load_panel(
    app: &ApiListener,
    point: &PointInfo,
    frame: &PageFrame,
) -> Result<PulsePanel, ApiError> {
    let (id, lang) = (&*point.id, frame.lang);
    let draft = read_draft::<PulseDraft>(app, &name(id)).await?;
    let litre = litre_in(&point.unit);
    let run = |(counted, truth): &(f64, f64)| {
        let ratio = if *counted > 0.0 {
            short_number(truth / counted, lang)
        } else {
            "–".to_owned()
        };
        let litres = |value: f64| short_number(value / litre, lang);
        [litres(*counted), litres(*truth), ratio]
    };
    let preview = if draft.runs.is_empty() {
        None
    } else {
        let of = (CalibrationKind::Pulses, id);
        let request = calibration_request(of, draft.runs.clone(), None);
        Some(
            preview_calibration(app, &request, "simpan-pulsa", lang)
                .await?
                .1,
        )
    };
    let history = app.state().store.list_calibrations().await?;
    Ok(PulsePanel {
        title: app.state().config.point_title(id, lang),
        card: live_card(app, id, lang).await?,
        begun: draft
            .begun
            .map(|begun| format!("{} {}", short_number(begun, lang), point.unit))
            .unwrap_or_default(),
        runs: draft.runs.iter().map(run).collect(),
        spread: spread_text(&draft.runs, frame),
        missing: RUNS_WISHED.saturating_sub(draft.runs.len()),
        preview,
        kept: kept_calibrations(app, &history, (&[CalibrationKind::Pulses], &[id]), lang),
        id: id.to_owned(),
    })
}

/// Spread of the runs, in percent of the least.
fn spread_text(runs: &[(f64, f64)], frame: &PageFrame) -> String {
    let gains = runs.iter().filter(|(counted, _)| *counted > 0.0);
    let gains: Vec<f64> = gains.map(|(counted, truth)| truth / counted).collect();
    if gains.len() < 2 {
        return String::new();
    }
    let low = gains.iter().copied().fold(f64::INFINITY, f64::min);
    let high = gains.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let percent = crate::formulas::claim_rounding::nearest_digits((high / low - 1.0) * 100.0, 1);
    let spread = frame.lang.locale().plain_digits(&percent);
    frame
        .lang
        .text_with("wizard-pulse-spread", &[("spread", &spread)])
}
