//! `/teknisi/tambah`: a device that a scan has found, on its way into the configuration; and
//! `/teknisi/alat`: its first readings when it is there.

use crate::api::configuration_file::device_choices;
use crate::pages::page_frame::{PageFrame, render_not_found, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::DeviceCard;
use crate::pages::plain_form::PlainForm;
use crate::pages::scan_page::{candidate_profiles, identity_words, member, place_words};

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

#[derive(Template)]
#[template(path = "add_device.html")]
struct AddDevicePage {
    frame: PageFrame,
    place: String,
    identity: String,
    id: String,
    unit: String,
    /// Id of its bus; empty where the line is new.
    bus: String,
    /// Keys of the new line with their values, as hidden fields.
    line: Vec<(&'static str, String)>,
    /// Profiles that fit, the likeliest first.
    fitting: Vec<String>,
    profiles: Vec<String>,
    registers: String,
}

#[derive(Template)]
#[template(path = "first_readings.html")]
struct FirstReadingsPage {
    frame: PageFrame,
    id: String,
    /// `None` while the configuration with it is taken over.
    device: Option<DeviceCard>,
}

pub(crate) async fn add_device_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "teknisi", &uri, &headers);
    let query = PlainForm::of_query(&uri);
    let job = app.state().scans.find_job(query.trimmed("pindai"));
    let number: Option<usize> = query.trimmed("nomor").parse().ok();
    let scan = job.map(|job| job.progress.borrow().clone());
    let found = scan
        .zip(number)
        .and_then(|(scan, number)| scan.found.get(number).cloned());
    let Some(found) = found else {
        return render_not_found(&uri, frame, query.trimmed("pindai"));
    };
    let fitting: Vec<String> = candidate_profiles(&found)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let kind = found["candidates"][0]["kind"].as_str().unwrap_or("alat");
    let bus = member(&found, "bus").to_owned();
    let page = AddDevicePage {
        place: place_words(&found),
        identity: identity_words(&found),
        id: free_id(&app.state().config, kind),
        unit: found["unit"].to_string(),
        line: if bus.is_empty() {
            line_fields(&found)
        } else {
            Vec::new()
        },
        bus,
        fitting,
        profiles: device_choices(&app).1,
        registers: super::scan_page::registers_path(&found),
        frame,
    };
    render_page(&uri, StatusCode::OK, &page)
}

/// Fields of a line that the configuration does not have.
fn line_fields(found: &Value) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    for (field, key) in [
        ("port", "port"),
        ("baud", "baud"),
        ("paritas", "parity"),
        ("host", "host"),
        ("tcp_port", "tcp_port"),
        ("bingkai", "framing"),
    ] {
        match &found[key] {
            Value::String(text) => fields.push((field, text.clone())),
            Value::Number(number) => fields.push((field, number.to_string())),
            _ => {}
        }
    }
    fields
}

/// `meter-2` where there is a `meter-1`.
fn free_id(config: &crate::config::Config, kind: &str) -> String {
    let is_free = |id: &String| {
        let is_other_device = config.devices.iter().all(|device| *device.id != **id);
        is_other_device && config.buses.iter().all(|bus| *bus.id != **id)
    };
    let mut ids = (1u32..).map(|number| format!("{kind}-{number}"));
    ids.find(is_free).unwrap_or_default()
}

pub(crate) async fn first_readings_page(
    PageRequest { app, uri, headers }: PageRequest,
) -> Response {
    let frame = PageFrame::new(&app, "teknisi", &uri, &headers);
    let id = PlainForm::of_query(&uri).trimmed("id").to_owned();
    let last = app.state().store.latest_samples().await.unwrap_or_default();
    let cards = app.device_cards(&last, frame.lang);
    let page = FirstReadingsPage {
        device: cards.into_iter().find(|card| card.id == id),
        id,
        frame,
    };
    render_page(&uri, StatusCode::OK, &page)
}
