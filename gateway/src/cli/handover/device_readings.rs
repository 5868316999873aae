//! State of every device for the record: from the running gateway, else from one read of each
//! device.

use crate::cli::command_error::CommandError;
use crate::clock::Clock;
use crate::commissioning::display_comparison::{DisplayComparison, compare_with_display};
use crate::config::{Config, FactConfidence};
use crate::domain::{ExactNumber, FaultDetail, QualityReason, SampleOutcome};
use crate::i18n::Language;
use crate::status::DeviceIdentity;
use crate::{buses, server};
use serde_json::Value;

/// Device in the record.
#[derive(Clone, Debug, Default)]
pub(super) struct HandoverDevice {
    pub(super) id: String,
    /// Confidence of its register map: that of its least certain point.
    pub(super) confidence: FactConfidence,
    /// Manufacturer and model that the device reports; empty when it does not.
    pub(super) maker: String,
    pub(super) serial: String,
    pub(super) firmware: String,
    /// Fault of the device: a word of `reason-WORD`, and device, register, request and answer.
    pub(super) fault: Option<(&'static str, FaultDetail)>,
    pub(super) points: Vec<HandoverPoint>,
}

/// Point in the record.
#[derive(Clone, Debug, Default)]
pub(super) struct HandoverPoint {
    pub(super) id: String,
    pub(super) unit: String,
    /// Number in the resolution of the device.
    pub(super) text: String,
    pub(super) value: Option<f64>,
    /// Reason for a missing or doubtful value: a word of `reason-WORD`.
    pub(super) reason: Option<&'static str>,
    /// Value on the display, as typed.
    pub(super) display: Option<String>,
}

impl HandoverPoint {
    /// Comparison with the display; `None` when one of the two is missing.
    pub(super) fn compare_with_display(&self) -> Option<DisplayComparison> {
        compare_with_display(self.value?, self.display.as_ref()?)
    }
}

impl HandoverDevice {
    /// Reason that no point has a value of the present, of a device without a fault: a word of
    /// `reason-WORD`. A node that has not sent yet is none that answers.
    pub(super) fn silent_reason(&self) -> Option<&'static str> {
        let kept = QualityReason::Retained.word();
        let is_old = |point: &HandoverPoint| point.value.is_none() || point.reason == Some(kept);
        let all_old = self.points.iter().all(is_old);
        self.points
            .iter()
            .find_map(|point| point.reason)
            .filter(|_| all_old)
    }
}

/// Point with this id.
pub(super) fn find_point_mut<'a>(
    devices: &'a mut [HandoverDevice],
    id: &str,
) -> Option<&'a mut HandoverPoint> {
    let mut points = devices.iter_mut().flat_map(|device| &mut device.points);
    points.find(|point| point.id == id)
}

/// All devices, in the order of the configuration.
pub(super) async fn gather_devices(
    config: &Config,
    lang: Language,
) -> Result<Vec<HandoverDevice>, CommandError> {
    let Some(mut running) = server::connect_client(&config.store.path).await? else {
        return Ok(read_devices_once(config).await);
    };
    let devices: Vec<Value> = running
        .get_json(&format!("/api/v1/devices?lang={}", lang.code()))
        .await?;
    let points: Vec<Value> = running.get_json("/api/v1/points").await?;
    let all = devices_from_config(config).into_iter();
    Ok(all
        .map(|one| device_from_api(one, &devices, &points))
        .collect())
}

/// Devices and points as the configuration has them, without values.
fn devices_from_config(config: &Config) -> Vec<HandoverDevice> {
    let both = config.site.devices.iter().zip(&config.devices);
    let device = both.map(|(info, device)| {
        let points = info.points.iter().map(|point| HandoverPoint {
            id: point.id.to_string(),
            unit: point.unit.to_string(),
            ..HandoverPoint::default()
        });
        let sure = device.points.iter().map(|point| point.about.confidence);
        HandoverDevice {
            id: info.id.to_string(),
            confidence: sure.min().unwrap_or_default(),
            points: points.collect(),
            ..HandoverDevice::default()
        }
    });
    device.collect()
}

async fn read_devices_once(config: &Config) -> Vec<HandoverDevice> {
    let clock = Clock::system();
    let mut all = devices_from_config(config);
    let is_node = |index: usize| {
        let bus = config.devices.get(index).map(|device| device.bus);
        let bus = bus.and_then(|bus| config.buses.get(bus));
        bus.is_some_and(|bus| bus.link.mqtt().is_some())
    };
    // Nodes send by themselves: all are waited for together, each up to a minute.
    let nodes = (0..all.len()).filter(|index| is_node(*index));
    let reads = nodes.map(|index| async move {
        (
            index,
            buses::read_device_once(config, index, &Clock::system()).await,
        )
    });
    for (index, once) in futures_util::future::join_all(reads).await {
        if let Some((device, once)) = all.get_mut(index).zip(once) {
            apply_reading(device, &once);
        }
    }
    // One after the other: two requests on one bus would collide.
    for (index, device) in all.iter_mut().enumerate() {
        if is_node(index) {
            continue;
        }
        if let Some(once) = buses::read_device_once(config, index, &clock).await {
            apply_reading(device, &once);
        }
    }
    all
}

/// Applies one read to a device.
fn apply_reading(device: &mut HandoverDevice, once: &buses::AdhocReading) {
    if let Some(identity) = &once.identity {
        apply_identity(device, identity);
    }
    let whole = once.failure.as_ref();
    let silent = whole.map(|(failure, _)| failure.reason);
    device.fault = whole.map(|(failure, detail)| (failure.reason.word(), detail.clone()));
    for (index, point) in device.points.iter_mut().enumerate() {
        let outcome = once.outcomes.get(index);
        let number = outcome.and_then(SampleOutcome::number);
        // A point without an outcome has the reason of the whole device.
        let reason = outcome.and_then(SampleOutcome::reason).or(silent);
        apply_point_value(point, number, reason.map(QualityReason::word));
    }
}

/// Applies the identification of a device.
fn apply_identity(device: &mut HandoverDevice, identity: &DeviceIdentity) {
    let parts = [&identity.manufacturer, &identity.model];
    let parts = parts.map(|part| part.trim()).into_iter();
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    device.maker = parts.join(" ");
    device.serial.clone_from(&identity.serial);
    device.firmware.clone_from(&identity.version);
}

/// Applies one value to a point.
fn apply_point_value(
    point: &mut HandoverPoint,
    number: Option<ExactNumber>,
    reason: Option<&'static str>,
) {
    point.value = number.map(ExactNumber::to_f64);
    point.text = number.map(ExactNumber::short_digits).unwrap_or_default();
    point.reason = reason;
}

/// Device from the answers of the API.
fn device_from_api(
    mut device: HandoverDevice,
    devices: &[Value],
    points: &[Value],
) -> HandoverDevice {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(found) = devices.iter().find(|one| one["id"] == *device.id) {
        let identity = &found["identity"];
        let identity = DeviceIdentity {
            manufacturer: text(&identity["manufacturer"]),
            model: text(&identity["model"]),
            version: text(&identity["version"]),
            serial: text(&identity["serial"]),
            ..DeviceIdentity::default()
        };
        apply_identity(&mut device, &identity);
        let fault = &found["status"]["fault"];
        let reason = fault["reason"].as_str().and_then(QualityReason::from_word);
        device.fault = reason.map(|reason| (reason.word(), text(&fault["detail"]).into()));
    }
    for point in &mut device.points {
        let found = points.iter().find(|one| one["id"] == *point.id);
        let last = found.map(|one| &one["last"]);
        let number = last.and_then(|last| last["v"].as_number()?.to_string().parse().ok());
        let number = number.and_then(|text: String| ExactNumber::parse(&text));
        let reason = last.and_then(|last| QualityReason::from_word(last["reason"].as_str()?));
        apply_point_value(point, number, reason.map(QualityReason::word));
    }
    device
}
