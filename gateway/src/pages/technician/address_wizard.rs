//! `/teknisi/alamat`: gives a device another address from the phone, with the checks of
//! `pantau set-address`: one device alone on the line, no address twice, read back afterwards, and
//! nothing written on a doubt.

use super::wizard_notice::WizardNotice;
use crate::api::ApiListener;
use crate::api::device_health::judge_device_health;
use crate::api::error::ApiError;
use crate::api::jobs::JobCommand;
use crate::api::set_address::{begin_change, newest_change, plan_change, send_job_command};
use crate::api::set_address_json::SetAddressJson;
use crate::commissioning::address::AddressChangeRequest;
use crate::config::Device;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::response::Response;

/// Seconds after which the page of a running change asks for itself again.
const REFRESH_S: u32 = 2;

#[derive(Template)]
#[template(path = "address_wizard.html")]
struct AddressWizardPage {
    frame: PageFrame,
    notice: WizardNotice,
    refresh_s: u32,
    /// Lines with their devices.
    lines: Vec<AddressLine>,
    devices: Vec<String>,
    typed: AddressTyped,
    /// Lines of what would be written; empty before it is asked for.
    plan: Vec<String>,
    job: Option<AddressJob>,
}

/// Line with what the configuration has on it.
struct AddressLine {
    bus: String,
    devices: Vec<AddressedDevice>,
}

struct AddressedDevice {
    id: String,
    unit: u8,
    /// Word of its health.
    state: &'static str,
    words: String,
}

/// Fields of the form.
#[derive(Default)]
struct AddressTyped {
    device: String,
    from: String,
    to: String,
    register: String,
}

/// The running change, or the last one.
struct AddressJob {
    device: String,
    change: String,
    is_running: bool,
    is_waiting: bool,
    is_verified: bool,
    words: Vec<String>,
    /// Address that the configuration must have now; `None` where it has it.
    new_unit: Option<u8>,
}

pub(super) async fn address_page(asked: PageRequest) -> Response {
    show_page(
        &asked,
        (AddressTyped::default(), Vec::new()),
        WizardNotice::default(),
    )
}

pub(super) async fn change_address(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let text = |name: &str| fields.trimmed(name).to_owned();
    let typed = AddressTyped {
        device: text("alat"),
        from: text("dari"),
        to: text("ke"),
        register: text("register"),
    };
    match apply_form(&asked.app, (&fields, &typed), &frame) {
        Ok(Some(plan)) => show_page(&asked, (typed, plan), WizardNotice::default()),
        Ok(None) => redirect_to("/teknisi/alamat"),
        Err(error) => match WizardNotice::of_error(error, &frame) {
            Ok(notice) => show_page(&asked, (typed, Vec::new()), notice),
            Err(error) => render_failure(&asked.uri, frame, &error),
        },
    }
}

/// Does what a form asks for; the plan where it only asks for that.
fn apply_form(
    app: &ApiListener,
    (fields, typed): (&PlainForm, &AddressTyped),
    frame: &PageFrame,
) -> Result<Option<Vec<String>>, ApiError> {
    let command = match fields.trimmed("cara") {
        "lanjut" => Some(JobCommand::Continue),
        "berhenti" => Some(JobCommand::Stop),
        _ => None,
    };
    if let Some(command) = command {
        let id = newest_change(app)
            .and_then(|job| job.id)
            .unwrap_or_default();
        return send_job_command(app, &id, command).map(|_| None);
    }
    let unit = |text: &str| match text {
        "" => Ok(None),
        text => text.parse::<u8>().map(Some).map_err(|_| {
            let args = [("found", text), ("expected", "1 - 247")];
            unprocessable(frame.lang.text_with("setaddr-range", &args))
        }),
    };
    let register = Some(typed.register.clone()).filter(|text| !text.is_empty());
    let request = AddressChangeRequest {
        device: typed.device.clone(),
        from: unit(&typed.from)?,
        to: unit(&typed.to)?,
        baud: None,
        register,
        function: 6,
    };
    let (plan, planned) = plan_change(app, &request, frame.lang)?;
    let lines: Vec<String> = planned.plan.lines().map(str::to_owned).collect();
    if fields.trimmed("cara") != "tulis" {
        return Ok(Some(lines));
    }
    if fields.trimmed("sendiri") != "ya" {
        return Err(unprocessable(frame.t("wizard-address-not-alone")));
    }
    if fields.trimmed("nama").is_empty() {
        return Err(unprocessable(frame.t("wizard-no-name")));
    }
    let who = Some(fields.trimmed("nama").to_owned());
    begin_change(app, (plan, planned), who, frame.lang).map(|_| None)
}

fn unprocessable(reason: String) -> ApiError {
    ApiError::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, reason)
}

fn show_page(
    asked: &PageRequest,
    (typed, plan): (AddressTyped, Vec<String>),
    notice: WizardNotice,
) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let lines = address_lines(app, &frame);
    let devices = lines.iter().flat_map(|line| &line.devices);
    let status = notice.status();
    let page = AddressWizardPage {
        devices: devices.map(|device| device.id.clone()).collect(),
        lines,
        notice,
        refresh_s: REFRESH_S,
        typed,
        plan,
        job: newest_change(app).map(|job| address_job(app, job)),
        frame,
    };
    render_page(uri, status, &page)
}

/// Modbus lines with their devices, by address.
fn address_lines(app: &ApiListener, frame: &PageFrame) -> Vec<AddressLine> {
    let config = &app.state().config;
    let board = app.state().board.snapshot();
    let line = |(index, bus): (usize, &crate::config::Bus)| {
        let both = config.devices.iter().zip(&app.site().devices);
        let mut devices: Vec<AddressedDevice> = both
            .filter(|(device, _)| device.bus == index)
            .map(|(device, info)| {
                let buses = &app.state().buses;
                let verdict = judge_device_health(info, app.site(), buses, &board, app.now());
                let state = verdict.health.word();
                AddressedDevice {
                    id: device.id.to_string(),
                    unit: device.unit,
                    state,
                    words: frame.word("web-health-", state),
                }
            })
            .collect();
        devices.sort_by_key(|device| device.unit);
        AddressLine {
            bus: bus.id.to_string(),
            devices,
        }
    };
    let buses = config.buses.iter().enumerate();
    let buses = buses.filter(|(_, bus)| bus.link.modbus().is_some());
    buses
        .map(line)
        .filter(|line| !line.devices.is_empty())
        .collect()
}

fn address_job(app: &ApiListener, job: SetAddressJson) -> AddressJob {
    let is_device = |device: &&Device| *device.id == *job.device;
    let configured = app.state().config.devices.iter().find(is_device);
    let configured = configured.map(|device| device.unit);
    let words = job.words.unwrap_or_default();
    AddressJob {
        is_running: job.state != "ended",
        is_waiting: job.waiting_for.is_some(),
        is_verified: job.verified,
        new_unit: job
            .new_unit
            .filter(|unit| job.verified && configured.is_some_and(|known| known != *unit)),
        words: words.lines().map(str::to_owned).collect(),
        device: job.device,
        change: job.change,
    }
}
