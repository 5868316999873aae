//! Wiring in the commissioning record: the drawings for what this site has, and the parts.

use super::record::HandoverRecord;
use crate::config::{
    BusLink, Config, GpioPoint, ModbusLink, PointAccess, SensorChip, VoltageMeaning,
};
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{ReportBlock, ReportDrawing};
use crate::report::render::table::{ReportColumn, ReportTable};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Parts with what to look for.
const PARTS: &str = include_str!("../../assets/wiring-parts.toml");
/// Most pulses a second of a contact; a meter that gives more has an electronic output.
const CONTACT_RATE_MAX: f64 = 50.0;

/// Drawing with its id, and its text in each language by code.
type WiringDrawing = (&'static str, [(&'static str, &'static str); 2]);

/// Drawing of `docs/wiring`.
macro_rules! drawing {
    ($id:literal) => {
        (
            $id,
            [
                (
                    "id",
                    include_str!(concat!("../../../docs/wiring/", $id, ".id.svg")),
                ),
                (
                    "en",
                    include_str!(concat!("../../../docs/wiring/", $id, ".en.svg")),
                ),
            ],
        )
    };
}

/// All drawings in the order of docs/wiring.md.
const DRAWINGS: [WiringDrawing; 10] = [
    drawing!("header"),
    drawing!("rs485"),
    drawing!("pulse"),
    drawing!("pulse-optocoupler"),
    drawing!("ds18b20"),
    drawing!("current-loop"),
    drawing!("divider"),
    drawing!("i2c"),
    drawing!("uart"),
    drawing!("node"),
];

/// Content of the file with the parts.
#[derive(Debug, Default, Deserialize)]
struct WiringPartFile {
    part: Vec<WiringPart>,
}

/// Part to buy: its name, what to look for, and how many.
#[derive(Debug, Deserialize)]
struct WiringPart {
    /// Drawings or chips that need it; empty: every gateway does.
    #[serde(default)]
    r#for: Vec<String>,
    /// Texts by the code of their language.
    texts: BTreeMap<String, [String; 3]>,
}

/// Drawings for the site, and the parts. Without a line or a pin there is nothing to wire.
pub(crate) fn wiring_blocks(record: &HandoverRecord<'_>) -> Vec<ReportBlock> {
    let wanted = wiring_of(record.config);
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![ReportBlock::Paragraph(record.handover_text("wiring-text"))];
    let code = record.lang.code();
    for (id, texts) in DRAWINGS.iter().filter(|(id, _)| wanted.contains(id)) {
        // A language without drawings of its own gets the last ones.
        let own = texts.iter().find(|(language, _)| *language == code);
        if let Some((_, svg)) = own.or(texts.last()) {
            blocks.push(ReportBlock::Drawing(ReportDrawing {
                id: format!("wiring-{id}"),
                svg,
            }));
        }
    }
    blocks.push(ReportBlock::Table(parts_table(record, &wanted)));
    blocks
}

/// Drawings and chips that a site needs, by id.
fn wiring_of(config: &Config) -> BTreeSet<&'static str> {
    let mut wanted = BTreeSet::new();
    for bus in &config.buses {
        match &bus.link {
            BusLink::Modbus(ModbusLink::Rtu(_)) => wanted.insert("rs485"),
            BusLink::I2c(_) => wanted.insert("i2c"),
            BusLink::OneWire(_) => wanted.insert("ds18b20"),
            BusLink::Uart(_) => wanted.insert("uart"),
            _ => false,
        };
    }
    for device in &config.devices {
        wanted.extend(
            device
                .points
                .iter()
                .flat_map(|point| point_wiring(&point.access)),
        );
    }
    let mut profiles = config
        .site
        .devices
        .iter()
        .filter_map(|info| info.profile.as_deref());
    if profiles.any(|profile| profile == "pantau-node") {
        wanted.insert("node");
    }
    if wanted.iter().any(|id| !["rs485", "node"].contains(id)) {
        wanted.insert("header");
    }
    wanted
}

fn point_wiring(access: &PointAccess) -> Vec<&'static str> {
    if let Some(line) = access.gpio() {
        let is_fast = |line: &GpioPoint| {
            line.signal.is_count() && line.rate_max.is_none_or(|rate| rate > CONTACT_RATE_MAX)
        };
        return vec![if is_fast(line) {
            "pulse-optocoupler"
        } else {
            "pulse"
        }];
    }
    let Some(chip) = access.chip() else {
        return Vec::new();
    };
    if chip.chip != Some(SensorChip::Ads1115) {
        return Vec::new();
    }
    match chip.meaning {
        VoltageMeaning::Loop(_) => vec!["ads1115", "current-loop"],
        VoltageMeaning::Divided(_) => vec!["ads1115", "divider"],
        VoltageMeaning::Voltage => vec!["ads1115"],
    }
}

/// Parts for these drawings.
fn parts_table(record: &HandoverRecord<'_>, wanted: &BTreeSet<&str>) -> ReportTable {
    let column = |id: &str| {
        let head = record.handover_text(&format!("head-{id}"));
        ReportColumn::new(id, &head, ValueKind::Text)
    };
    let columns = ["part", "look-for", "number-of"].map(column);
    let title = record.handover_text("parts-title");
    let mut table = ReportTable::new("parts", &title, columns.into());
    let is_needed = |part: &&WiringPart| {
        part.r#for.is_empty() || part.r#for.iter().any(|id| wanted.contains(id.as_str()))
    };
    let parts = all_parts();
    table.rows = parts
        .iter()
        .filter(is_needed)
        .map(|part| part.row(record.lang))
        .collect();
    table
}

fn all_parts() -> Vec<WiringPart> {
    // A test reads the built-in file, so the default is never used.
    toml::from_str::<WiringPartFile>(PARTS)
        .unwrap_or_default()
        .part
}

impl WiringPart {
    fn row(&self, lang: Language) -> Vec<CellValue> {
        let own = self.texts.get(lang.code());
        let texts = own.or_else(|| self.texts.values().next());
        let cell = |text: &String| match text.replace("**", "").replace('`', "") {
            empty if empty.is_empty() => CellValue::Empty,
            text => CellValue::Text(text),
        };
        texts.into_iter().flatten().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::render::chart::read_line_drawing;
    use crate::tests::{SiteText, load_site};

    /// Cells of the table under a heading of a page.
    fn table_rows(page: &str, heading: &str) -> Vec<Vec<String>> {
        let (_, section) = page.split_once(heading).unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
        let cells = |row: &str| {
            let row = row.trim().trim_matches('|');
            row.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        rows.map(cells).collect()
    }

    #[test]
    fn the_parts_are_those_of_the_wiring_pages() {
        let english = table_rows(include_str!("../../../docs/wiring.md"), "## What to buy");
        let indonesian = table_rows(
            include_str!("../../../docs/pengkabelan.md"),
            "## Daftar belanja",
        );
        let parts = all_parts();
        let of = |code: &str| -> Vec<Vec<String>> {
            let texts = parts.iter().map(|part| part.texts[code].to_vec());
            texts.collect()
        };
        assert_eq!(of("en"), english);
        assert_eq!(of("id"), indonesian);
    }

    #[test]
    fn every_drawing_can_be_printed_in_both_languages() {
        for (id, texts) in DRAWINGS {
            for (_, svg) in texts {
                let drawing = read_line_drawing(svg, 480.0);
                let drawing = drawing.unwrap_or_else(|error| panic!("{id}: {error}"));
                assert!(
                    drawing.marks.len() > 10 && !drawing.title.is_empty(),
                    "{id}"
                );
                assert!(drawing.height < 650.0, "{id}: {}", drawing.height);
            }
        }
    }

    #[test]
    fn a_site_gets_the_drawings_for_what_it_has() {
        let site = SiteText::new("s").bus("pins", "kind = 'gpio'");
        let site = site
            .device("rain", "pins", "line = 27\nprofile = 'rain-tipping-pulse'")
            .bus("chips", "kind = 'i2c'")
            .device("well", "chips", "chip = 'ads1115'")
            .points(["{ id = 'level', signal = 'a0', loop_values = [0, 5], unit = 'm' }"]);
        let config = load_site(&site.text());
        let wanted: Vec<_> = wiring_of(&config).into_iter().collect();
        assert_eq!(
            wanted,
            ["ads1115", "current-loop", "header", "i2c", "pulse"]
        );
        let lan = load_site(&SiteText::new("s").tcp_bus("lan", 502).text());
        assert!(wiring_of(&lan).is_empty());
    }
}
