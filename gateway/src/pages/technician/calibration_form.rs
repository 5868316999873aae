//! Parts that the wizards of calibrations share: the preview before one is written, writing it, and
//! the calibrations that hold, each with its way back.

use super::wizard_notice::WizardNotice;
use crate::api::ApiListener;
use crate::api::calibrations::{checked_calibration, record_calibration};
use crate::api::error::ApiError;
use crate::commissioning::calibration_texts::{effect_text, summary_text};
use crate::domain::calibration::{Calibration, CalibrationHistory, CalibrationKind};
use crate::i18n::Language;
use crate::ledger::CalibrationRequest;
use crate::pages::number_format::parse_reader_number;
use crate::pages::page_frame::PageFrame;
use crate::pages::plain_form::PlainForm;

/// Stands for the name in a preview, which nobody has signed yet.
const NOBODY: &str = "–";

/// Value before and after a calibration.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CalibrationChange {
    pub(super) label: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Preview of a calibration, before it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct CalibrationPreview {
    /// Value of the field `cara` that saves it.
    pub(super) action: &'static str,
    /// Summary, a line each.
    pub(super) summary: Vec<String>,
    /// Reasons against it, one sentence each.
    pub(super) faults: Vec<String>,
    pub(super) changes: Vec<CalibrationChange>,
    /// Drawing; empty for none.
    pub(super) plot: String,
}

/// Calibration that holds, or will.
#[derive(Clone, Debug)]
pub(super) struct KeptCalibration {
    pub(super) id: u64,
    pub(super) kind: String,
    pub(super) effect: String,
    pub(super) since: String,
    pub(super) who: String,
    pub(super) note: String,
}

/// Number of a field as the reader writes it; the error is a sentence.
pub(super) fn number_field(
    fields: &PlainForm,
    name: &str,
    lang: Language,
) -> Result<f64, WizardNotice> {
    let text = fields.trimmed(name);
    let number = parse_reader_number(text, lang).map(crate::domain::ExactNumber::to_f64);
    number.filter(|number| number.is_finite()).ok_or_else(|| {
        let example = lang.locale().grouped_digits("1.25");
        let args = [("found", text), ("example", &*example)];
        WizardNotice::refusal(lang.text_with("wizard-number", &args))
    })
}

/// Request for a calibration of a target, with the person and the reason of a form.
pub(super) fn calibration_request(
    (kind, target): (CalibrationKind, &str),
    pairs: Vec<(f64, f64)>,
    fields: Option<&PlainForm>,
) -> CalibrationRequest {
    let text = |name: &str| fields.map(|form| form.trimmed(name).to_owned());
    CalibrationRequest {
        kind: Some(kind.word().to_owned()),
        target: Some(target.to_owned()),
        pairs,
        who: Some(text("nama").unwrap_or_else(|| NOBODY.to_owned())),
        note: text("alasan"),
        ..CalibrationRequest::default()
    }
}

/// The calibration of a request as it would be stored, and its preview.
pub(super) async fn preview_calibration(
    app: &ApiListener,
    request: &CalibrationRequest,
    action: &'static str,
    lang: Language,
) -> Result<(Option<Calibration>, CalibrationPreview), ApiError> {
    let mut preview = CalibrationPreview {
        action,
        ..CalibrationPreview::default()
    };
    match checked_calibration(app, request, lang).await? {
        Ok(said) => {
            let kept = app.state().store.list_calibrations().await?;
            let text = summary_text(&said, &kept, &app.state().config, lang);
            // The first line names the person, who is asked for below it.
            let lines = text.lines().skip(1).map(|line| line.trim().to_owned());
            preview.summary = lines.collect();
            Ok((Some(said), preview))
        }
        Err(faults) => {
            preview.faults = faults.into_iter().map(|fault| fault.error).collect();
            Ok((None, preview))
        }
    }
}

/// Writes a calibration, for which a reason must be given; the notice says why it was not.
pub(super) async fn save_calibration(
    app: &ApiListener,
    request: CalibrationRequest,
    frame: &PageFrame,
) -> Result<Result<u64, WizardNotice>, ApiError> {
    if request.note.as_deref().unwrap_or_default().is_empty() {
        return Ok(Err(WizardNotice::refusal(frame.t("wizard-no-reason"))));
    }
    let saved = record_calibration(app, request, frame.lang).await?;
    Ok(saved.map(|kept| kept.id).map_err(|faults| WizardNotice {
        refused: faults.into_iter().map(|fault| fault.error).collect(),
        ..WizardNotice::default()
    }))
}

/// Withdraws the calibration of a form.
pub(super) async fn withdraw_calibration(
    app: &ApiListener,
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<Result<u64, WizardNotice>, ApiError> {
    let request = CalibrationRequest {
        withdraws: Some(fields.trimmed("nomor").parse().unwrap_or(0)),
        who: Some(fields.trimmed("nama").to_owned()),
        note: Some(fields.trimmed("alasan").to_owned()),
        ..CalibrationRequest::default()
    };
    save_calibration(app, request, frame).await
}

/// Calibrations of these kinds that hold for one of the targets today or later, the newest first.
pub(super) fn kept_calibrations(
    app: &ApiListener,
    history: &CalibrationHistory,
    (kinds, targets): (&[CalibrationKind], &[&str]),
    lang: Language,
) -> Vec<KeptCalibration> {
    let today = app.local_today(app.now());
    let is_shown = |said: &Calibration| {
        kinds.contains(&said.kind)
            && said.withdraws.is_none()
            && targets.iter().any(|target| said.applies_to(target))
    };
    let held = history.entries().iter().rev().filter(|entry| {
        let target = entry.said.targets.first();
        let counting = target.and_then(|target| history.in_force(entry.said.kind, target, today));
        let is_later = entry.said.since > today && history.withdrawal(entry.id).is_none();
        is_shown(&entry.said) && (is_later || counting.is_some_and(|one| one.id == entry.id))
    });
    held.map(|entry| {
        let target = entry.said.targets.first();
        let unit = target.and_then(|target| app.site().point(target));
        let unit = unit.map_or("", |point| &*point.unit);
        KeptCalibration {
            id: entry.id,
            kind: lang.text(&format!("calibrate-kind-{}", entry.said.kind.word())),
            effect: effect_text(&entry.said, unit, lang),
            since: lang.locale().format_date(entry.said.since),
            who: entry.said.who.clone(),
            note: entry.said.note.clone(),
        }
    })
    .collect()
}
