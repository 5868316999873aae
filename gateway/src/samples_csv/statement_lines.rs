//! [`StatementLines`]: lines above the heading that say the unit of the values (`Satuan: kW`) or
//! the zone of the times (`Zona waktu: WIT`).

use super::column_names::offset_of_heading;
use super::heading_unit::{HeadingUnit, stated_unit};
use super::text_encoding::NumberedCells;
use crate::i18n::excerpt;
use crate::i18n::written_time::parse_zone;
use crate::ledger::{LineStatement, labelled_texts, line_statements};
use jiff::tz::{Offset, TimeZone};

/// Words of a label of zones, in lower case.
const ZONE_WORDS: [&str; 6] = ["zona", "zone", "timezone", "time_zone", "tz", "zeitzone"];
/// Words of a sentence about the times, in lower case.
const TIME_WORDS: [&str; 6] = ["time", "times", "timestamps", "waktu", "jam", "zeiten"];

/// Unit that a line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LineUnit {
    /// Line in the file.
    pub(super) line: u64,
    /// The unit, or what is none.
    pub(super) unit: HeadingUnit,
    /// Whether the label names no quantity, so that the unit is that of every value.
    pub(super) is_general: bool,
}

/// Units and zones of the lines above the heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StatementLines {
    pub(super) units: Vec<LineUnit>,
    /// Line in the file, and zone.
    pub(super) zones: Vec<(u64, TimeZone)>,
    /// Text of every line that is not blank.
    pub(super) texts: Vec<(u64, String)>,
}

impl StatementLines {
    /// Statements of rows.
    pub(super) fn read(rows: &[NumberedCells]) -> Self {
        let mut found = Self::default();
        for (line, row) in rows {
            let cells: Vec<&str> = row.iter().filter(|cell| !cell.is_empty()).collect();
            if !cells.is_empty() {
                found.texts.push((*line, excerpt(&cells.join(" "))));
            }
            for (label, text) in labelled_texts(&cells) {
                found.add_labelled(*line, label, text);
            }
            for statement in line_statements(&cells) {
                found.add_statement(*line, statement);
            }
            let mut sentences = row.iter().filter_map(zone_of_sentence);
            if let Some(zone) = sentences.next() {
                found.add_zone(*line, zone);
            }
        }
        found
    }

    /// Whether no row says a unit or a zone.
    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty() && self.zones.is_empty()
    }

    fn add_zone(&mut self, line: u64, zone: TimeZone) {
        if !self.zones.contains(&(line, zone.clone())) {
            self.zones.push((line, zone));
        }
    }

    fn add_labelled(&mut self, line: u64, label: &str, text: &str) {
        let label = label.to_lowercase();
        let words: Vec<&str> = label.split_whitespace().collect();
        let has = |all: &[&str]| words.iter().any(|word| all.contains(word));
        let is_offset = || has(&["utc", "gmt"]) && has(&["offset"]);
        if (has(&ZONE_WORDS) || is_offset())
            && let Some(zone) = zone_of_text(text)
        {
            self.add_zone(line, zone);
        }
    }

    fn add_statement(&mut self, line: u64, statement: LineStatement) {
        let (unit, is_general) = match statement {
            LineStatement::Multiplier(text) => (HeadingUnit::Unknown(text), true),
            LineStatement::Unit {
                text,
                is_sure,
                is_general,
            } => (stated_unit(&text, is_sure), is_general),
        };
        if unit != HeadingUnit::Unsaid {
            self.units.push(LineUnit {
                line,
                unit,
                is_general,
            });
        }
    }
}

/// Zone of a text such as `WIT`, `UTC+9`, `Asia/Jayapura (+09:00)`.
fn zone_of_text(text: &str) -> Option<TimeZone> {
    let fixed = || {
        let offset = Offset::from_seconds(offset_of_heading(text)?).ok()?;
        Some(TimeZone::fixed(offset))
    };
    let first = || parse_zone(text.split([' ', '(']).next().unwrap_or_default());
    parse_zone(text).or_else(first).or_else(fixed)
}

/// Zone of a sentence such as `Semua waktu dalam WIB`; one with another number, such as a time, is
/// about one moment.
fn zone_of_sentence(cell: &str) -> Option<TimeZone> {
    let text = cell.to_lowercase();
    let mut words = text.split(|sign: char| !sign.is_alphanumeric());
    if !words.any(|word| TIME_WORDS.contains(&word)) {
        return None;
    }
    let offset = offset_of_heading(cell)?;
    let is_number = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let is_other = |word: &str| is_number(word) && offset_of_heading(word).is_none();
    let other = text.split_whitespace().any(is_other);
    let zone = || Offset::from_seconds(offset).ok().map(TimeZone::fixed);
    (!other).then(zone).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples_csv::text_encoding::csv_rows;

    fn lines(text: &str) -> StatementLines {
        StatementLines::read(&csv_rows(text, b';').collect::<Vec<_>>())
    }

    fn unit_of(text: &str) -> String {
        match lines(text).units.first().map(|one| one.unit.clone()) {
            Some(HeadingUnit::Known { unit, .. }) => unit.symbol.to_owned(),
            Some(HeadingUnit::Unknown(text)) => format!("? {text}"),
            _ => "-".to_owned(),
        }
    }

    #[test]
    fn a_unit_is_found_in_every_form_of_a_line() {
        for (text, unit) in [
            ("Satuan: kW", "kW"),
            ("Unit;kW", "kW"),
            ("# Unit = kWh", "kWh"),
            ("Units:;m3/jam", "m3/h"),
            ("Satuan daya: kW", "kW"),
            ("Power unit: hp", "? hp"),
            ("Satuan: karung", "? karung"),
            ("Alat: INV-01;Satuan: kW", "kW"),
            ("Satuan: ribuan kWh", "? ribuan kWh"),
            ("(dalam ribuan kWh)", "? (dalam ribuan kWh)"),
            ("Satuan dalam ribuan", "? Satuan dalam ribuan"),
            ("Semua nilai dalam MWh", "MWh"),
            ("Pengali: 1000", "? Pengali: 1000"),
            ("Faktor kali;40", "? Faktor kali: 40"),
            ("Satuan kerja: Dinas Energi", "-"),
            ("Unit: INV-01", "-"),
            ("Unit ID: 5", "-"),
            ("Lokasi: kebun", "-"),
        ] {
            assert_eq!(unit_of(text), unit, "{text}");
        }
    }

    #[test]
    fn a_zone_is_found_in_every_form_of_a_line() {
        for (text, hours) in [
            ("Zona waktu: WIT", Some(9)),
            ("Timezone: UTC+9", Some(9)),
            ("Time zone;Asia/Jayapura", Some(9)),
            ("# tz=GMT +07:00", Some(7)),
            ("UTC offset: +8", Some(8)),
            ("Semua waktu dalam WIB", Some(7)),
            ("All times are UTC", Some(0)),
            ("Report time: 2026-11-20 10:00 UTC", None),
            ("Zona: utara", None),
            ("Sensor WIT", None),
        ] {
            let found = lines(text);
            let offset = |zone: &TimeZone| zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds();
            let said = found.zones.first().map(|(_, zone)| offset(zone));
            assert_eq!(said, hours.map(|hours| hours * 3600), "{text}");
        }
    }
}
