//! What a device says of itself: serial number, firmware. Read after the first good poll and once a
//! day, with requests of their own; no samples.

use super::decode;
use super::image::Image;
use super::plan::{self, Ask};
use crate::config::{Device, Encoding, Link, Point};
use crate::limits::{FACTS_AGAIN_MS, FACTS_RETRY_MS};
use crate::model::MonoMs;
use crate::status::Identity;

/// The facts of one device.
#[derive(Debug, Default)]
pub(super) struct Facts {
    points: Vec<Point>,
    asks: Vec<Ask>,
    image: Image,
    due: MonoMs,
    identity: Option<Identity>,
}

impl Facts {
    pub(super) fn new(device: &Device, link: &Link) -> Self {
        // One request each: a device that has no serial number may still say its firmware.
        let alone = |fact: &Point| {
            let only = Device {
                points: vec![fact.clone()],
                facts: Vec::new(),
                ..device.clone()
            };
            plan::plan(&only, link).asks
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

    pub(super) fn asks(&self) -> Vec<Ask> {
        self.asks.clone()
    }

    pub(super) fn put(&mut self, ask: &Ask, data: &[u8]) {
        self.image.put(ask.table, ask.address, ask.count, data);
    }

    /// After a look: what was said, and when to look again.
    pub(super) fn settle(&mut self, answered: bool, now: MonoMs) {
        let pause = if answered {
            FACTS_AGAIN_MS
        } else {
            FACTS_RETRY_MS
        };
        self.due = MonoMs(now.0.saturating_add(pause));
        let mut identity = Identity::default();
        let mut settings = Vec::new();
        for point in &self.points {
            let said = self.image.registers(point);
            let said = said
                .and_then(|words| say(point, &words))
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
        if identity != Identity::default() {
            self.identity = Some(identity);
        }
    }

    pub(super) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }
}

/// The text of a fact; a number as its name, or with its unit.
fn say(point: &Point, words: &[u16]) -> Option<String> {
    if matches!(point.encoding, Encoding::Text(_)) {
        return decode::text(point, words);
    }
    let raw = decode::raw_integer(point, words);
    if let Some(name) = raw.and_then(|raw| point.about.name_of(raw)) {
        return Some(name);
    }
    let number = decode::decode(point, words, &[]).number()?;
    Some(format!("{number} {}", point.unit).trim_end().to_owned())
}
