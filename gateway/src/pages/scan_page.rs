//! `/teknisi/cari`: a scan of a line or a network, with its progress and what it has found.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::jobs::JobProgress as _;
use crate::api::scan_json::ScanJson;
use crate::api::scans::{ScanRequest, begin_scan, end_scan, unused_ports};
use crate::i18n::Language;
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

/// Profiles of one device that are named.
const PROFILES_NAMED_MAX: usize = 4;

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage {
    frame: PageFrame,
    refused: String,
    /// Lines and networks to choose from: value and text.
    places: Vec<(String, String)>,
    scan: Option<ScanView>,
}

impl ScanPage {
    fn is_running(&self) -> bool {
        self.scan.as_ref().is_some_and(|scan| scan.is_running)
    }
}

/// The newest scan as shown.
struct ScanView {
    id: String,
    is_running: bool,
    title: String,
    /// Part that is done, and the whole, for the bar.
    done: u64,
    whole: u64,
    progress: String,
    said: Vec<String>,
    found: Vec<FoundDeviceRow>,
}

/// Device that was found.
struct FoundDeviceRow {
    number: usize,
    place: String,
    /// Type of device in words.
    what: String,
    identity: String,
    reasons: Vec<String>,
    /// Id in the configuration; empty for a new device.
    configured: String,
    /// Settings of the bus at its port, where they are others.
    other_settings: String,
    /// Address of the page that shows its registers.
    registers: String,
}

pub(crate) async fn scan_page(asked: PageRequest) -> Response {
    show_scan(&asked, String::new())
}

pub(crate) async fn change_scan(asked: PageRequest, fields: PlainForm) -> Response {
    let lang = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers).lang;
    let outcome = match fields.trimmed("cara") {
        "berhenti" => end_scan(&asked.app, fields.trimmed("pindai")).await,
        _ => begin_scan(&asked.app, &scan_request(&fields), lang),
    };
    match outcome {
        // A page that is loaded again must not start another scan.
        Ok(_) => redirect_to("/teknisi/cari"),
        Err(error) => show_scan(&asked, refusal_text(&error, lang)),
    }
}

fn refusal_text(error: &ApiError, lang: Language) -> String {
    if error.status == StatusCode::CONFLICT.as_u16() {
        return lang.text("scanpage-one");
    }
    // Examples, since the API says what it expects in English.
    let expected = match error.parameter {
        Some("units") => "1-10,247",
        Some("targets") => "/dev/ttyUSB0, 192.168.1.20, 192.168.1.0/24",
        _ => error.expected.as_deref().unwrap_or_default(),
    };
    let args = [
        ("found", error.found.as_deref().unwrap_or_default()),
        ("expected", expected),
    ];
    match expected {
        "" => error.person_message(lang),
        _ => lang.text_with("scanpage-bad", &args),
    }
}

fn scan_request(fields: &PlainForm) -> ScanRequest {
    let own = fields.trimmed("lain");
    let place = if own.is_empty() {
        fields.trimmed("jalur")
    } else {
        own
    };
    let units = fields.trimmed("unit");
    ScanRequest {
        targets: (!place.is_empty())
            .then(|| place.to_owned())
            .into_iter()
            .collect(),
        full: fields.trimmed("luas") == "semua",
        units: (!units.is_empty()).then(|| units.to_owned()),
        ..ScanRequest::default()
    }
}

/// Lines and networks of the configuration, and serial ports that are free.
pub(crate) fn line_choices(app: &ApiListener) -> Vec<(String, String)> {
    let buses = app.state().config.buses.iter();
    let modbus = buses.filter(|bus| bus.link.modbus().is_some());
    let known = modbus.map(|bus| {
        let summary = bus.link.summary();
        (
            bus.id.to_string(),
            format!("{} · {}", bus.id, summary.address),
        )
    });
    let free = unused_ports(app)
        .into_iter()
        .map(|port| (port.clone(), port));
    known.chain(free).collect()
}

fn show_scan(asked: &PageRequest, refused: String) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    let newest = app.state().scans.list_progress().pop();
    let status = if refused.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = ScanPage {
        refused,
        places: line_choices(app),
        scan: newest.map(|scan| scan_view(&scan, frame.lang)),
        frame,
    };
    render_page(uri, status, &page)
}

fn scan_view(scan: &ScanJson, lang: Language) -> ScanView {
    let is_running = !scan.has_ended();
    let title = match scan.state {
        "running" => "scanpage-running",
        "done" => "scanpage-done",
        "stopped" => "scan-stopped",
        _ => "scanpage-failed",
    };
    // Before the first request the hosts of a network are looked for.
    let is_looking = scan.unit.is_none() && scan.connections > 0;
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (done, whole) = if is_looking {
        (number(scan.connected), number(scan.connections))
    } else {
        (scan.whole_ms.saturating_sub(scan.left_ms), scan.whole_ms)
    };
    let seconds = scan.left_ms.div_ceil(1000);
    let args = [
        ("settings", scan.settings.as_deref().unwrap_or_default()),
        (
            "unit",
            &*scan.unit.map_or(String::new(), |unit| unit.to_string()),
        ),
        ("left", &format!("{}:{:02}", seconds / 60, seconds % 60)),
        ("found", &scan.found.len().to_string()),
    ];
    let progress = match (is_running, is_looking) {
        (false, _) => String::new(),
        (true, true) => lang.text("scan-connecting"),
        // Nothing was asked yet.
        (true, false) if scan.unit.is_none() => String::new(),
        (true, false) => lang.text_with("scan-progress", &args),
    };
    let rows = scan.found.iter().enumerate();
    let warning = lang.text("scan-line-warning");
    ScanView {
        id: scan.id.clone(),
        is_running,
        title: lang.text(title),
        done,
        whole: whole.max(1),
        progress,
        // The page has a warning of its own, without the keys of a keyboard.
        said: scan
            .said
            .iter()
            .filter(|text| **text != warning)
            .cloned()
            .collect(),
        found: rows
            .map(|(number, found)| found_row(number, found, lang))
            .collect(),
    }
}

/// Text of a member of the JSON of a found device.
pub(crate) fn member<'a>(found: &'a Value, name: &str) -> &'a str {
    found[name].as_str().unwrap_or_default()
}

/// Place of a found device: port with its settings, or host.
pub(crate) fn place_words(found: &Value) -> String {
    match found["port"].as_str() {
        Some(port) => format!("{port} {} {}", found["baud"], member(found, "parity")),
        None => format!("{}:{}", member(found, "host"), found["tcp_port"]),
    }
}

/// Identity that a device reports: manufacturer, model, version, serial number.
pub(crate) fn identity_words(found: &Value) -> String {
    let identity = &found["identity"];
    let parts = ["manufacturer", "model", "version", "serial"];
    let parts = parts.map(|part| member(identity, part));
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join(", ")
}

/// Profiles of a found device, the likeliest first.
pub(crate) fn candidate_profiles(found: &Value) -> Vec<&str> {
    let all = found["candidates"].as_array().into_iter().flatten();
    all.map(|one| member(one, "profile")).collect()
}

fn found_row(number: usize, found: &Value, lang: Language) -> FoundDeviceRow {
    let candidates = found["candidates"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let what = match candidates {
        [] => lang.text("scanpage-unknown"),
        [one] => {
            let sure = lang.text(&format!("confidence-{}", member(found, "confidence")));
            let args = [
                ("profile", member(one, "profile")),
                ("kind", member(one, "kind")),
                ("sure", &*sure),
            ];
            lang.text_with("scan-named", &args)
        }
        _ => {
            let names: Vec<&str> = candidate_profiles(found);
            let names = names[..names.len().min(PROFILES_NAMED_MAX)].join(", ");
            lang.text_with("scan-unsure", &[("names", &names)])
        }
    };
    let first = candidates.first();
    let reasons = first
        .and_then(|one| one["why"].as_array())
        .into_iter()
        .flatten();
    let unit = found["unit"].to_string();
    FoundDeviceRow {
        number,
        place: lang.text_with(
            "scanpage-place",
            &[("unit", &unit), ("place", &place_words(found))],
        ),
        what,
        identity: identity_words(found),
        reasons: reasons
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        configured: member(found, "configured").to_owned(),
        other_settings: member(found, "other_settings").to_owned(),
        registers: registers_path(found),
    }
}

/// Address of the page that shows the registers of a found device.
pub(crate) fn registers_path(found: &Value) -> String {
    let bus = member(found, "bus");
    let place = match (bus, found["port"].as_str()) {
        ("", Some(port)) => port.to_owned(),
        ("", None) => place_words(found),
        _ => bus.to_owned(),
    };
    let unit = found["unit"].to_string();
    let baud = found["baud"].as_u64().map(|baud| baud.to_string());
    crate::api::client::path_with_query(
        "/teknisi/register",
        &[
            ("jalur", Some(&*place)),
            ("unit", Some(&*unit)),
            ("baud", baud.as_deref()),
            ("paritas", found["parity"].as_str()),
        ],
    )
}
