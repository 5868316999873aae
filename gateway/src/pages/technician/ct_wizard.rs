//! `/teknisi/trafo-arus`: the current transformer of a meter beside a clamp. The current of the
//! clamp is typed beside what the meter shows; the usual ratios near it are proposed.

use super::calibration_form::{
    CalibrationPreview, KeptCalibration, calibration_request, kept_calibrations, number_field,
    preview_calibration, save_calibration, withdraw_calibration,
};
use super::present_reading::{card_of, present_reading};
use super::wizard_notice::WizardNotice;
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::commissioning::calibration_texts::short_number;
use crate::domain::calibration::CalibrationKind;
use crate::domain::{DeviceInfo, parse_finite};
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::PointCard;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::response::Response;
use drivers::units;

/// Primary currents of transformers that are sold, A; the secondary is 5 A or 1 A.
const USUAL_PRIMARY_A: [f64; 22] = [
    5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 80.0, 100.0, 120.0, 150.0, 200.0,
    250.0, 300.0, 400.0, 500.0, 600.0, 800.0, 1000.0,
];
/// Most ratios that are proposed.
const PROPOSED_MAX: usize = 3;
/// Largest distance of a proposed ratio from the measured one.
// A clamp has 2 to 3 % and a meter at a small current as much; neighbours are a fifth apart.
const NEAR_RATIO: f64 = 1.25;

#[derive(Template)]
#[template(path = "ct_wizard.html")]
struct CtWizardPage {
    frame: PageFrame,
    notice: WizardNotice,
    /// Ids of all devices with a current.
    devices: Vec<String>,
    device: Option<CtPanel>,
}

/// The chosen meter.
struct CtPanel {
    id: String,
    currents: Vec<PointCard>,
    /// Fields as typed.
    point: String,
    clamp: String,
    set: String,
    mounted: String,
    /// Ratio of clamp and meter, in words; empty before both are known.
    measured: String,
    /// Proposed ratios, the nearest first.
    proposed: Vec<String>,
    preview: Option<CalibrationPreview>,
    kept: Vec<KeptCalibration>,
}

/// Values that a form asks for.
#[derive(Default)]
struct CtTyped {
    point: String,
    clamp: String,
    set: String,
    mounted: String,
    /// Clamp over meter, of the moment at which the form was sent.
    ratio: Option<f64>,
}

impl CtTyped {
    fn of_fields(fields: &PlainForm) -> Self {
        let text = |name: &str| fields.trimmed(name).to_owned();
        Self {
            point: text("titik"),
            clamp: text("jepit"),
            set: text("diatur"),
            mounted: text("terpasang"),
            ratio: parse_finite(fields.trimmed("rasio")),
        }
    }

    /// Ratio that is set and the one that is mounted; `None` unless both are ratios.
    fn pairs(&self) -> Option<Vec<(f64, f64)>> {
        Some(vec![parse_ratio(&self.set)?, parse_ratio(&self.mounted)?])
    }
}

/// `100/5`, also with spaces.
fn parse_ratio(text: &str) -> Option<(f64, f64)> {
    let (primary, secondary) = text.split_once('/')?;
    let number = |text: &str| parse_finite(&text.trim().replace(',', "."));
    Some((number(primary)?, number(secondary)?))
}

/// Points of a device that are a current.
fn currents(device: &DeviceInfo) -> impl Iterator<Item = &crate::domain::PointInfo> {
    device.points.iter().filter(|point| {
        units::find_unit(&point.unit).is_some_and(|unit| unit.quantity == "current")
    })
}

pub(super) async fn ct_page(asked: PageRequest) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let chosen = query_parameter(&asked.uri, "id").unwrap_or_default();
    let notice = WizardNotice::of_result(&asked.uri, &frame);
    show_page(&asked, &chosen, (CtTyped::default(), notice)).await
}

pub(super) async fn change_ct(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let id = fields.trimmed("id").to_owned();
    let mut typed = CtTyped::of_fields(&fields);
    match apply_form(&asked.app, (&id, &fields), &mut typed, &frame).await {
        Ok(Ok(result)) if !result.is_empty() => {
            redirect_to(&format!("/teknisi/trafo-arus?id={id}{result}"))
        }
        Ok(Ok(_)) => show_page(&asked, &id, (typed, WizardNotice::default())).await,
        Ok(Err(notice)) => show_page(&asked, &id, (typed, notice)).await,
        Err(error) => match WizardNotice::of_error(error, &frame) {
            Ok(notice) => show_page(&asked, &id, (typed, notice)).await,
            Err(error) => render_failure(&asked.uri, frame, &error),
        },
    }
}

/// Does what a form asks for: the end of the address that shows it, empty for the page itself.
async fn apply_form(
    app: &ApiListener,
    (id, fields): (&str, &PlainForm),
    typed: &mut CtTyped,
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let refused = |reason: String| Ok(Err(WizardNotice::refusal(reason)));
    match fields.trimmed("cara") {
        "ukur" => {
            let clamp = match number_field(fields, "jepit", frame.lang) {
                Ok(clamp) => clamp,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let args = [("point", &*typed.point)];
            let Some(shown) = present_reading(app, &typed.point).await? else {
                return refused(frame.lang.text_with("wizard-no-reading", &args));
            };
            if shown.value.abs() <= 0.0 || clamp <= 0.0 {
                return refused(frame.t("wizard-ct-no-current"));
            }
            typed.ratio = Some(clamp / shown.value.abs());
        }
        "hitung" if typed.pairs().is_none() => {
            let args = [("found", &*typed.mounted), ("expected", "100/5")];
            return refused(frame.lang.text_with("calibrate-ct-ratio", &args));
        }
        "simpan-ct" => {
            let pairs = typed.pairs().unwrap_or_default();
            let request = calibration_request((CalibrationKind::Ct, id), pairs, Some(fields));
            let saved = save_calibration(app, request, frame).await?;
            return Ok(saved.map(|number| format!("&hasil={number}")));
        }
        "batal" => {
            let withdrawn = withdraw_calibration(app, fields, frame).await?;
            return Ok(withdrawn.map(|_| "&hasil=batal".to_owned()));
        }
        _ => {}
    }
    Ok(Ok(String::new()))
}

async fn show_page(
    asked: &PageRequest,
    chosen: &str,
    (typed, notice): (CtTyped, WizardNotice),
) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let has_current = |device: &&DeviceInfo| currents(device).next().is_some();
    let devices = app.site().devices.iter().filter(has_current);
    let devices: Vec<String> = devices.map(|device| device.id.to_string()).collect();
    let chosen = match (chosen, &devices[..]) {
        ("", [only]) => only.clone(),
        _ => chosen.to_owned(),
    };
    let mut all = app.site().devices.iter();
    let device = all.find(|device| *device.id == *chosen).filter(has_current);
    let panel = match device {
        Some(device) => load_panel(app, device, typed, &frame).await.map(Some),
        None => Ok(None),
    };
    match panel {
        Ok(device) => {
            let status = notice.status();
            let page = CtWizardPage {
                frame,
                notice,
                devices,
                device,
            };
            render_page(uri, status, &page)
        }
        Err(error) => render_failure(uri, frame, &error),
    }
}

async fn load_panel(
    app: &ApiListener,
    device: &DeviceInfo,
    typed: CtTyped,
    frame: &PageFrame,
) -> Result<CtPanel, ApiError> {
    let lang = frame.lang;
    let last = app.state().store.latest_samples().await?;
    let cards = currents(device).filter_map(|point| card_of(app, &point.id, (&last, lang)));
    let set = parse_ratio(&typed.set);
    let preview = match typed.pairs() {
        Some(pairs) => {
            let request = calibration_request((CalibrationKind::Ct, &device.id), pairs, None);
            Some(
                preview_calibration(app, &request, "simpan-ct", lang)
                    .await?
                    .1,
            )
        }
        None => None,
    };
    let history = app.state().store.list_calibrations().await?;
    let targets: Vec<&str> = device.points.iter().map(|point| &*point.id).collect();
    Ok(CtPanel {
        id: device.id.to_string(),
        currents: cards.collect(),
        measured: typed
            .ratio
            .map(|ratio| {
                let ratio = short_number(ratio, lang);
                lang.text_with("wizard-ct-measured", &[("ratio", &ratio)])
            })
            .unwrap_or_default(),
        proposed: set
            .zip(typed.ratio)
            .map(|(set, ratio)| proposed_ratios(set, ratio))
            .unwrap_or_default(),
        preview,
        kept: kept_calibrations(app, &history, (&[CalibrationKind::Ct], &targets), lang),
        point: typed.point,
        clamp: typed.clamp,
        set: typed.set,
        mounted: typed.mounted,
    })
}

/// Usual ratios near the one that the clamp tells, the nearest first.
fn proposed_ratios((primary, secondary): (f64, f64), clamp_over_meter: f64) -> Vec<String> {
    let told = primary * clamp_over_meter;
    let apart = |usual: f64| (usual / told).max(told / usual);
    let mut near: Vec<f64> = USUAL_PRIMARY_A
        .into_iter()
        .filter(|usual| apart(*usual) <= NEAR_RATIO)
        .collect();
    near.sort_by(|a, b| apart(*a).total_cmp(&apart(*b)));
    near.truncate(PROPOSED_MAX);
    near.iter()
        .map(|usual| format!("{usual}/{secondary}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ratio_nearest_to_the_clamp_comes_first() {
        assert_eq!(proposed_ratios((100.0, 5.0), 1.97)[0], "200/5");
        assert_eq!(proposed_ratios((5.0, 5.0), 30.2)[0], "150/5");
        // Nothing that is sold is near: the clamp was around two wires, or the point is another.
        assert_eq!(proposed_ratios((100.0, 5.0), 0.001), Vec::<String>::new());
        assert_eq!(parse_ratio("100 / 5"), Some((100.0, 5.0)));
        assert_eq!(parse_ratio("100"), None);
    }
}
