//! `/teknisi/konfigurasi`: the configuration of the site for a technician. Each change is shown as
//! a difference before it is saved, is used without a restart, and can be taken back.

use crate::api::added_device::{AddedDevice, AddedLine, with_added_device};
use crate::api::configuration_file::{
    DifferenceLine, KeptConfiguration, check_text, device_choices, difference, has_secret,
    kept_configurations, put_back, read_file, save_text, with_number,
};
use crate::api::error::ApiError;
use crate::api::reload::{ReloadJson, ask_for_reload, reload_json};
use crate::config::{ConfigurationEditError, configuration_name};
use crate::i18n::Language;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::users_page::time_text;
use crate::storage::AuditEntry;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// Largest text that the form takes; typed in a form it grows to three times as much at most.
const FORM_TEXT_MAX: usize = 20_000;

#[derive(Template)]
#[template(path = "configuration.html")]
struct ConfigurationPage {
    frame: PageFrame,
    file: String,
    revision: String,
    /// Sentences about what was done.
    done: Vec<String>,
    /// Device that was added, whose first readings can be seen; empty for none.
    added: String,
    refused: Vec<String>,
    /// Text in the editor; `None` where it cannot be edited here.
    text: Option<String>,
    why_not: String,
    /// Lines of the file on the disk that are not in use yet.
    pending: Vec<DifferenceLine>,
    pending_faults: Vec<String>,
    proposal: Option<ConfigurationProposal>,
    revisions: Vec<RevisionRow>,
    buses: Vec<Arc<str>>,
    profiles: Vec<String>,
}

impl ConfigurationPage {
    /// Whether the text can be edited: at the start, and where what was typed has a fault.
    fn shows_editor(&self) -> bool {
        let proposal = self.proposal.as_ref();
        proposal.is_none_or(|one| !one.faults.is_empty())
    }
}

/// Change that a person has typed and not saved yet.
struct ConfigurationProposal {
    text: String,
    why: String,
    /// Name of the file's text that it was made from.
    expected: String,
    /// Device that it adds; empty for another change.
    added: String,
    lines: Vec<DifferenceLine>,
    faults: Vec<String>,
    warnings: Vec<String>,
}

/// Revision as shown.
struct RevisionRow {
    number: u64,
    name: String,
    since: String,
    is_in_use: bool,
    /// Person and reason; empty where nothing is noted.
    who: String,
}

/// Outcome of a form.
#[derive(Default)]
struct FormOutcome {
    done: Vec<String>,
    added: String,
    refused: Vec<String>,
    proposal: Option<ConfigurationProposal>,
}

pub(crate) async fn configuration_page(asked: PageRequest) -> Response {
    show_page(&asked, FormOutcome::default()).await
}

pub(crate) async fn change_configuration(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    match apply_form(&asked, &fields, &frame).await {
        Ok(outcome) => show_page(&asked, outcome).await,
        Err(error) if error.status < 500 => {
            let refused = error.error.lines().map(str::to_owned).collect();
            let outcome = FormOutcome {
                refused,
                ..FormOutcome::default()
            };
            show_page(&asked, outcome).await
        }
        Err(error) => render_failure(&asked.uri, frame, &error),
    }
}

async fn apply_form(
    asked: &PageRequest,
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<FormOutcome, ApiError> {
    let app = &asked.app;
    let on_disk = read_file(app)?;
    let text = match fields.trimmed("cara") {
        "pakai" => return take_over(asked, fields, frame).await,
        "simpan" => {
            let text = unix_lines(fields.text("teks"));
            if fields.trimmed("alasan").is_empty() {
                let refused = vec![frame.t("configuration-no-reason")];
                return Ok(shown_again(
                    asked,
                    (&on_disk, text),
                    fields,
                    (frame, refused),
                ));
            }
            match save_text(app, (&text, fields.trimmed("dasar")), frame.lang) {
                // What was typed is not lost: it is shown again, beside what the file is now.
                Err(error) if error.status == StatusCode::CONFLICT.as_u16() => {
                    let refused = vec![error.error];
                    return Ok(shown_again(
                        asked,
                        (&on_disk, text),
                        fields,
                        (frame, refused),
                    ));
                }
                saved => saved?,
            }
            let outcome = take_over(asked, fields, frame).await;
            // Not in use: the file stays what it was, as the sentence says.
            if !matches!(&outcome, Ok(told) if told.refused.is_empty()) {
                put_back(app, &on_disk);
            }
            return outcome;
        }
        "alat" => added_text(&on_disk, asked, fields)
            .map_err(|fault| unchanged_error(&fault, frame.lang))?,
        "nilai" => with_number(
            &on_disk,
            (fields.trimmed("tabel"), fields.trimmed("nama")),
            (fields.trimmed("kunci"), fields.trimmed("nilai")),
            frame.lang,
        )?,
        "kembali" => {
            let number: u64 = fields.trimmed("revisi").parse().unwrap_or(0);
            let all = kept_configurations(app).await?;
            let kept = all.into_iter().find(|one| one.number == number);
            let unknown = || ApiError::bad_parameter("revisi", &number.to_string(), "a revision");
            kept.ok_or_else(unknown)?.text
        }
        _ => unix_lines(fields.text("teks")),
    };
    let mut outcome = FormOutcome::default();
    if has_secret(&on_disk) || has_secret(&text) {
        outcome.refused.push(frame.t("configuration-has-secret"));
    } else {
        outcome.proposal = Some(propose(asked, (&on_disk, text), fields, frame));
    }
    Ok(outcome)
}

/// Outcome that saves nothing, says why, and shows the change again.
fn shown_again(
    asked: &PageRequest,
    texts: (&str, String),
    fields: &PlainForm,
    (frame, refused): (&PageFrame, Vec<String>),
) -> FormOutcome {
    FormOutcome {
        refused,
        proposal: Some(propose(asked, texts, fields, frame)),
        ..FormOutcome::default()
    }
}

/// Text of the file with the device of a form.
fn added_text(
    on_disk: &str,
    asked: &PageRequest,
    fields: &PlainForm,
) -> Result<String, ConfigurationEditError> {
    let line = AddedLine {
        port: fields.trimmed("port"),
        baud: fields.trimmed("baud"),
        parity: fields.trimmed("paritas"),
        host: fields.trimmed("host"),
        tcp_port: fields.trimmed("tcp_port"),
        framing: fields.trimmed("bingkai"),
    };
    let device = AddedDevice {
        id: fields.trimmed("id"),
        name: fields.trimmed("nama"),
        bus: fields.trimmed("jalur"),
        unit: fields.trimmed("unit"),
        profile: fields.trimmed("profil"),
        every: fields.trimmed("setiap"),
        line,
    };
    with_added_device(on_disk, &asked.app.state().config, &device)
}

/// Id of the device that a form adds, also when it is sent again to be saved.
fn added_id(fields: &PlainForm) -> &str {
    match fields.trimmed("cara") {
        "alat" => fields.trimmed("id"),
        _ => fields.trimmed("baru"),
    }
}

fn unchanged_error(fault: &ConfigurationEditError, lang: Language) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, fault.render(lang))
}

/// The difference that a text would make, with its faults.
fn propose(
    asked: &PageRequest,
    (on_disk, text): (&str, String),
    fields: &PlainForm,
    frame: &PageFrame,
) -> ConfigurationProposal {
    let lang = frame.lang;
    let (faults, warnings) = match check_text(&asked.app, &text) {
        Ok(config) => (Vec::new(), config.warnings),
        Err(faults) => (faults.0, Vec::new()),
    };
    ConfigurationProposal {
        lines: difference(on_disk, &text),
        why: fields.trimmed("alasan").to_owned(),
        expected: configuration_name(on_disk),
        added: added_id(fields).to_owned(),
        faults: faults.iter().map(|fault| fault.render(lang)).collect(),
        warnings: warnings.iter().map(|one| one.render(lang)).collect(),
        text,
    }
}

/// Lets the gateway take the file over, and says what it does.
async fn take_over(
    asked: &PageRequest,
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<FormOutcome, ApiError> {
    let lang = frame.lang;
    let outcome = ask_for_reload(&asked.app, None, fields.trimmed("alasan"), lang).await?;
    let told = reload_json(outcome, lang);
    let mut lines = vec![told.text.clone()];
    lines.extend(bus_lines(&told, frame));
    lines.extend(told.faults);
    let is_accepted = told.result == "accepted";
    let (done, refused) = if is_accepted {
        (lines, Vec::new())
    } else {
        (Vec::new(), lines)
    };
    Ok(FormOutcome {
        done,
        added: added_id(fields).to_owned(),
        refused,
        proposal: None,
    })
}

fn bus_lines(told: &ReloadJson, frame: &PageFrame) -> Vec<String> {
    let all = [
        ("reload-kept-buses", &told.kept),
        ("reload-started-buses", &told.started),
        ("reload-stopped-buses", &told.stopped),
    ];
    let line = |(key, buses): (&str, &Vec<String>)| {
        let buses = buses.join(", ");
        (!buses.is_empty()).then(|| frame.lang.text_with(key, &[("buses", &buses)]))
    };
    all.into_iter().filter_map(line).collect()
}

/// Text of a form with the line ends of a file.
fn unix_lines(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

async fn show_page(asked: &PageRequest, outcome: FormOutcome) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let loaded = kept_configurations(app).await;
    let kept = match loaded.map_err(ApiError::from) {
        Ok(kept) => kept,
        Err(error) => return render_failure(uri, frame, &error),
    };
    // The newest page of it is enough for the newest revisions.
    let audit = app.state().store.read_audit(None).await.unwrap_or_default();
    let config = &app.state().config;
    let on_disk = read_file(app).map_err(|error| error.error);
    let is_accepted = !outcome.done.is_empty();
    let pending = match &on_disk {
        // Not while it is taken over, nor in a demo, whose settings stand in no file.
        Ok(text) if !is_accepted && app.state().reload.state().is_some() => {
            difference(&config.text, text)
        }
        _ => Vec::new(),
    };
    let pending_faults = match &on_disk {
        Ok(text) if !pending.is_empty() => check_text(app, text).err(),
        _ => None,
    };
    // What was typed and has a fault stays in the editor.
    let typed = outcome
        .proposal
        .as_ref()
        .filter(|one| !one.faults.is_empty());
    let typed = typed.map(|one| one.text.clone());
    let (text, why_not) = match typed {
        Some(text) => (Some(text), String::new()),
        None => editable_text(on_disk, &frame),
    };
    let (buses, profiles) = device_choices(app);
    let status = if outcome.refused.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = ConfigurationPage {
        file: config.file.display().to_string(),
        revision: config.revision_id(),
        done: outcome.done,
        added: outcome.added,
        refused: outcome.refused,
        text,
        why_not,
        pending,
        pending_faults: pending_faults.map_or(Vec::new(), |faults| {
            let all = faults.0.iter();
            all.map(|one| one.render(frame.lang)).collect()
        }),
        proposal: outcome.proposal,
        revisions: revision_rows(asked, &frame, (kept, &audit)),
        buses,
        profiles,
        frame,
    };
    render_page(uri, status, &page)
}

/// Text for the editor, or the reason why there is none.
fn editable_text(on_disk: Result<String, String>, frame: &PageFrame) -> (Option<String>, String) {
    match on_disk {
        Err(fault) => (None, fault),
        Ok(text) if has_secret(&text) => (None, frame.t("configuration-has-secret")),
        Ok(text) if text.len() > FORM_TEXT_MAX => (None, frame.t("configuration-too-long")),
        Ok(text) => (Some(text), String::new()),
    }
}

/// Person and reason of a revision, from the newest audit entry that names it.
fn told_change(audit: &[AuditEntry], name: &str) -> String {
    let begin = format!("revision {name}");
    let mut told = audit.iter().filter(|one| one.kind == "configuration");
    let found = told.find(|one| one.what.starts_with(&begin));
    // `revision ID taken over: REASON by PERSON`.
    let change = found.and_then(|one| one.what.split_once(" taken over"));
    let Some((why, who)) = change.and_then(|(_, rest)| rest.rsplit_once(" by ")) else {
        return String::new();
    };
    match why.trim_start_matches(": ") {
        "" => who.to_owned(),
        why => format!("{who}: {why}"),
    }
}

fn revision_rows(
    asked: &PageRequest,
    frame: &PageFrame,
    (kept, audit): (Vec<KeptConfiguration>, &[AuditEntry]),
) -> Vec<RevisionRow> {
    let app = &asked.app;
    // The newest is the one in use: the store keeps it when it opens.
    let row = |(place, one): (usize, KeptConfiguration)| RevisionRow {
        number: one.number,
        since: time_text(app, frame, Some(one.since)),
        is_in_use: place == 0,
        who: told_change(audit, &one.name),
        name: one.name,
    };
    kept.into_iter().enumerate().map(row).collect()
}
