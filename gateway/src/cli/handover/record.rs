//! The record as a document: what the report's renderers write.

use super::gather::{Device, Point};
use super::sources::Soak;
use super::tables;
use crate::config::Config;
use crate::evidence::hash;
use crate::model::UtcMs;
use crate::model::calibration::Calibrations;
use crate::report::document::{Block, Callout, Document, Named, Section, Tone};
use crate::report::format;
use crate::report::photo::Photo;
use crate::words::Lang;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Digits of the configuration's hash that are printed.
const REVISION_DIGITS: usize = 16;

/// Everything that the record says.
pub(super) struct Record<'a> {
    pub(super) config: &'a Config,
    pub(super) lang: Lang,
    pub(super) zone: TimeZone,
    pub(super) now: UtcMs,
    pub(super) devices: Vec<Device>,
    pub(super) soak: Option<Soak>,
    pub(super) photos: Vec<Photo>,
    pub(super) calibrations: Calibrations,
    pub(super) technician: String,
    pub(super) receiver: String,
}

impl Record<'_> {
    pub(super) fn word(&self, key: &str) -> String {
        self.lang.text(&format!("handover-{key}"))
    }

    /// The local day.
    pub(super) fn day(&self) -> Date {
        format::local(self.now, &self.zone).0.date()
    }

    /// The configuration's hash, in short.
    pub(super) fn revision(&self) -> String {
        let mut digits = hash(self.config.revision().as_bytes());
        digits.truncate(REVISION_DIGITS);
        digits
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.devices.iter().flat_map(|device| &device.points)
    }

    /// Readings that do not agree with the display.
    pub(super) fn differing(&self) -> usize {
        let compared = self.points().filter_map(Point::compared);
        compared.filter(|compared| !compared.agrees()).count()
    }

    pub(super) fn document(&self) -> Document {
        let site = &self.config.site;
        let day = self.day();
        Document {
            title: self.word("title"),
            site: Named {
                id: site.id.to_string(),
                name: site.name.to_string(),
            },
            period: Named {
                id: day.to_string(),
                name: format::date(self.lang, day),
            },
            lang: self.lang,
            zone: self.zone.clone(),
            issued: self.now,
            revision: self.revision(),
            digest: String::new(),
            sections: self.sections(),
        }
    }

    fn sections(&self) -> Vec<Section> {
        let mut sections = vec![
            self.section(
                "site",
                vec![
                    Block::Table(tables::site(self)),
                    Block::Table(tables::buses(self)),
                ],
            ),
            self.section("devices", vec![Block::Table(tables::devices(self))]),
            self.section("readings", self.readings()),
        ];
        if let Some(soak) = &self.soak {
            sections.push(self.section("soak", self.soak(soak)));
        }
        let tanks = tables::tanks(self);
        if !tanks.is_empty() {
            let tanks = tanks.into_iter().map(Block::Table);
            sections.push(self.section("tanks", tanks.collect()));
        }
        sections.push(self.section("calibrations", vec![self.calibrations()]));
        if !self.photos.is_empty() {
            let photos = self.photos.iter().cloned().map(Block::Photo);
            sections.push(self.section("photos", photos.collect()));
        }
        sections.push(self.section(
            "signatures",
            vec![
                Block::Paragraph(self.word("signatures-text")),
                Block::Table(tables::signatures(self)),
            ],
        ));
        sections
    }

    fn section(&self, id: &str, blocks: Vec<Block>) -> Section {
        Section {
            id: id.to_owned(),
            title: self.word(id),
            tab: String::new(),
            annex: false,
            blocks,
        }
    }

    fn readings(&self) -> Vec<Block> {
        let differing = self.differing();
        let compared = self.points().filter_map(Point::compared).count();
        let (tone, key) = match (compared, differing) {
            (0, _) => (Tone::Warning, "uncompared"),
            (_, 0) => (Tone::Note, "agreeing"),
            _ => (Tone::Warning, "differing-box"),
        };
        let (compared, differing) = (compared.to_string(), differing.to_string());
        let args = [("compared", &*compared), ("differing", &*differing)];
        let callout = Callout {
            tone,
            title: self.word("readings-box"),
            text: self.lang.say(&format!("handover-{key}"), &args),
        };
        vec![
            Block::Callout(callout),
            Block::Table(tables::readings(self)),
        ]
    }

    fn soak(&self, soak: &Soak) -> Vec<Block> {
        let minutes = std::time::Duration::from_millis(soak.elapsed_ms).as_secs_f64() / 60.0;
        let minutes = format::number(self.lang, minutes, 1);
        let (tone, key) = if soak.passes {
            (Tone::Note, "soak-passed")
        } else {
            (Tone::Warning, "soak-failed")
        };
        let callout = Callout {
            tone,
            title: self.word("soak-box"),
            text: self.lang.say(key, &[("minutes", &minutes)]),
        };
        vec![
            Block::Callout(callout),
            Block::Table(tables::soak(self, soak)),
        ]
    }

    fn calibrations(&self) -> Block {
        match tables::calibrations(self) {
            Some(table) => Block::Table(table),
            None => Block::Paragraph(self.word("calibrations-none")),
        }
    }
}
