//! State of every device for the record: from the running gateway, else from one read of each
//! device.

use crate::cli::command_error::CommandError;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
use crate::handover::{HandoverDevice, devices_from_config};
use crate::i18n::Language;
use crate::status::DeviceIdentity;
use crate::{buses, server};
use serde_json::Value;

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
        device.set_identity(identity);
    }
    let whole = once.failure.as_ref();
    let silent = whole.map(|(failure, _)| failure.reason);
    device.fault = whole.map(|(failure, detail)| (failure.reason.word(), detail.clone()));
    for (index, point) in device.points.iter_mut().enumerate() {
        let outcome = once.outcomes.get(index);
        let number = outcome.and_then(SampleOutcome::number);
        // A point without an outcome has the reason of the whole device.
        let reason = outcome.and_then(SampleOutcome::reason).or(silent);
        point.set_value(number, reason.map(QualityReason::word));
    }
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
        device.set_identity(&identity);
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
        point.set_value(number, reason.map(QualityReason::word));
    }
    device
}
