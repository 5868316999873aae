//! Every device as it is now: told by the running gateway, else read once.

use crate::cli::running::{Running, Trouble};
use crate::clock::Clock;
use crate::config::{Confidence, Config};
use crate::field::display::{Compared, compare};
use crate::model::{Number, Outcome, Reason};
use crate::read;
use crate::status::Identity;
use http_body_util::BodyExt;
use serde_json::Value;

/// A device.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub(super) id: String,
    /// How sure its facts are: those of its most doubtful point.
    pub(super) confidence: Confidence,
    /// What it says of itself; empty when it cannot.
    pub(super) maker: String,
    pub(super) serial: String,
    pub(super) firmware: String,
    /// What is wrong with it: a word of `reason-WORD`, and device, register, asked and got.
    pub(super) fault: Option<(&'static str, String)>,
    pub(super) points: Vec<Point>,
}

/// One of its points.
#[derive(Clone, Debug, Default)]
pub(super) struct Point {
    pub(super) id: String,
    pub(super) unit: String,
    /// As it was read, in the device's own step.
    pub(super) text: String,
    pub(super) value: Option<f64>,
    /// Why there is no value, or a doubtful one: a word of `reason-WORD`.
    pub(super) reason: Option<&'static str>,
    /// What the display shows, as typed.
    pub(super) display: Option<String>,
}

impl Point {
    /// Beside its display, when there are both.
    pub(super) fn compared(&self) -> Option<Compared> {
        compare(self.value?, self.display.as_ref()?)
    }
}

/// The point with this id.
pub(super) fn point<'a>(devices: &'a mut [Device], id: &str) -> Option<&'a mut Point> {
    let mut points = devices.iter_mut().flat_map(|device| &mut device.points);
    points.find(|point| point.id == id)
}

/// All devices, in the configuration's order.
pub(super) async fn gather(config: &Config) -> Result<Vec<Device>, Trouble> {
    let Some(mut running) = Running::connect(&config.store.path).await? else {
        return Ok(read_all(config).await);
    };
    let devices = json(&mut running, "/api/v1/devices").await?;
    let points = json(&mut running, "/api/v1/points").await?;
    let all = blank(config).into_iter();
    Ok(all.map(|one| told(one, &devices, &points)).collect())
}

async fn json(running: &mut Running, path: &str) -> Result<Vec<Value>, Trouble> {
    let body = running.ask("GET", path, "").await?.collect().await?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| Trouble::Refused(error.to_string()))
}

/// What the configuration knows of them.
fn blank(config: &Config) -> Vec<Device> {
    let both = config.site.devices.iter().zip(&config.devices);
    let device = both.map(|(info, device)| {
        let points = info.points.iter().map(|point| Point {
            id: point.id.to_string(),
            unit: point.unit.to_string(),
            ..Point::default()
        });
        let sure = device.points.iter().map(|point| point.about.confidence);
        Device {
            id: info.id.to_string(),
            confidence: sure.min().unwrap_or_default(),
            points: points.collect(),
            ..Device::default()
        }
    });
    device.collect()
}

async fn read_all(config: &Config) -> Vec<Device> {
    let clock = Clock::system();
    let mut all = blank(config);
    for (index, device) in all.iter_mut().enumerate() {
        if let Some(once) = read::once(config, index, &clock).await {
            seen(device, &once);
        }
    }
    all
}

/// One reading of a device.
fn seen(device: &mut Device, once: &read::Once) {
    if let Some(identity) = &once.identity {
        introduce(device, identity);
    }
    let whole = once.failure.as_ref();
    let silent = whole.map(|(failure, _)| failure.reason());
    device.fault = whole.map(|(failure, detail)| (failure.reason().word(), detail.clone()));
    for (index, point) in device.points.iter_mut().enumerate() {
        let outcome = once.outcomes.get(index);
        let number = outcome.and_then(Outcome::number);
        let reason = outcome.and_then(Outcome::reason).or(silent);
        show(point, number, reason.map(Reason::word));
    }
}

fn introduce(device: &mut Device, identity: &Identity) {
    let parts = [&identity.manufacturer, &identity.model];
    let parts = parts.map(|part| part.trim()).into_iter();
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    device.maker = parts.join(" ");
    device.serial.clone_from(&identity.serial);
    device.firmware.clone_from(&identity.version);
}

fn show(point: &mut Point, number: Option<Number>, reason: Option<&'static str>) {
    point.value = number.map(Number::to_f64);
    point.text = number.map(|number| number.to_string()).unwrap_or_default();
    point.reason = reason;
}

/// A device as the running gateway tells it.
fn told(mut device: Device, devices: &[Value], points: &[Value]) -> Device {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(found) = devices.iter().find(|one| one["id"] == *device.id) {
        let identity = &found["identity"];
        let identity = Identity {
            manufacturer: text(&identity["manufacturer"]),
            model: text(&identity["model"]),
            version: text(&identity["version"]),
            serial: text(&identity["serial"]),
            ..Identity::default()
        };
        introduce(&mut device, &identity);
        let fault = &found["status"]["fault"];
        let reason = fault["reason"].as_str().and_then(word);
        device.fault = reason.map(|reason| (reason, text(&fault["detail"])));
    }
    for point in &mut device.points {
        let found = points.iter().find(|one| one["id"] == *point.id);
        let last = found.map(|one| &one["last"]);
        let number = last.and_then(|last| last["v"].as_number()?.to_string().parse().ok());
        let number = number.and_then(|text: String| Number::parse(&text));
        let reason = last.and_then(|last| word(last["reason"].as_str()?));
        show(point, number, reason);
    }
    device
}

/// The reason with this word.
fn word(text: &str) -> Option<&'static str> {
    let all = (0..=u8::MAX)
        .filter_map(Reason::from_code)
        .map(Reason::word);
    all.into_iter().find(|word| *word == text)
}
