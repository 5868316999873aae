//! Device information (serial number, firmware) that is read after the first successful poll and
//! then once a day, with requests of its own; it makes no samples.

use super::decode;
use super::read_plan::{self, PlannedRead};
use super::register_image::RegisterImage;
use crate::config::{Device, ModbusLink, ModbusPoint, Point};
use crate::domain::MonoMs;
use crate::limits::{DEVICE_INFO_INTERVAL_MS, DEVICE_INFO_RETRY_MS};
use crate::status::DeviceIdentity;
use std::sync::Arc;

/// Information points of one device, their requests, and the last result.
#[derive(Debug, Default)]
pub(super) struct DeviceInfoReader {
    points: Vec<Point>,
    asks: Vec<PlannedRead>,
    image: RegisterImage,
    due: MonoMs,
    identity: Option<DeviceIdentity>,
}

impl DeviceInfoReader {
    pub(super) fn new(device: &Device, link: &ModbusLink) -> Self {
        // One request each: a device without a serial number may still report its firmware.
        let alone = |fact: &Point| {
            let only = Device {
                points: Arc::new([fact.clone()]),
                facts: Vec::new(),
                ..device.clone()
            };
            read_plan::plan_reads(&only, link).reads
        };
        Self {
            asks: device.facts.iter().flat_map(alone).collect(),
            points: device.facts.clone(),
            ..Self::default()
        }
    }

    pub(super) fn are_due(&self, now: MonoMs) -> bool {
        !self.asks.is_empty() && now >= self.due
    }

    pub(super) fn planned_reads(&self) -> Vec<PlannedRead> {
        self.asks.clone()
    }

    pub(super) fn store_answer(&mut self, ask: &PlannedRead, data: &[u8]) {
        self.image
            .store_reply(ask.table, ask.address, ask.count, data);
    }

    /// Ends a read: stores the texts that were answered and sets the time of the next read.
    pub(super) fn finish_read(&mut self, answered: bool, now: MonoMs) {
        let pause = if answered {
            DEVICE_INFO_INTERVAL_MS
        } else {
            DEVICE_INFO_RETRY_MS
        };
        self.due = MonoMs(now.0.saturating_add(pause));
        let mut identity = DeviceIdentity::default();
        let mut settings = Vec::new();
        for point in &self.points {
            let said = self.image.point_registers(point);
            let said = said
                .and_then(|words| fact_text(point, &words))
                .unwrap_or_default();
            match &*point.name {
                "manufacturer" => identity.manufacturer = said,
                "model" => identity.model = said,
                "version" => identity.version = said,
                "serial" => identity.serial = said,
                setting if !said.is_empty() => settings.push(format!("{setting} {said}")),
                _ => {}
            }
        }
        identity.options = settings.join(", ");
        self.image.clear();
        // Cleared, so that a register that is refused next time does not keep its old text.
        if identity != DeviceIdentity::default() {
            self.identity = Some(identity);
        }
    }

    pub(super) fn identity(&self) -> Option<&DeviceIdentity> {
        self.identity.as_ref()
    }
}

/// Returns a fact as text; a number as its name when it has one, else with its unit.
fn fact_text(point: &Point, words: &[u16]) -> Option<String> {
    if point.modbus().is_some_and(ModbusPoint::is_text) {
        return decode::text(point, words);
    }
    let raw = decode::raw_integer(point, words);
    if let Some(name) = raw.and_then(|raw| point.about.describe_raw(raw)) {
        return Some(name);
    }
    let number = decode::decode_point(point, words, &[]).number()?;
    Some(format!("{number} {}", point.unit).trim_end().to_owned())
}
