//! Tables of the commissioning record.

use super::device_state::HandoverPoint;
use super::record::{HandoverCheck, HandoverRecord};
use crate::assets::tank::geometry::{TankGeometry, tank_volume};
use crate::assets::tank::tank_sums::tank_geometry as tank_shape;
use crate::assets::{AssetKind, TankAsset};
use crate::commissioning::calibration_texts::effect_text;
use crate::commissioning::soak_record::SoakRecord;
use crate::commissioning::soak_test;
use crate::config::ValueWords;
use crate::config::pin_place::pin_place;
use crate::domain::ExactNumber;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::number_format;
use crate::report::render::table::{ReportColumn, ReportTable};

/// Most decimals of a reading: a 32-bit float has about seven digits in all.
const DIGITS_MAX: usize = 3;
/// Steps of a tank's table.
const TANK_TABLE_STEPS: u8 = 10;
/// Empty lines for a signature.
const SIGNATURE_SPACE: &str = "\n\u{a0}\n\u{a0}\n\u{a0}\n\u{a0}";

fn text_value(words: impl Into<String>) -> CellValue {
    let words: String = words.into();
    if words.is_empty() {
        return CellValue::Empty;
    }
    CellValue::Text(words)
}

impl HandoverRecord<'_> {
    fn new_table(&self, id: &str, columns: Vec<ReportColumn>) -> ReportTable {
        ReportTable::new(id, &self.handover_text(&format!("{id}-title")), columns)
    }

    fn text_columns(&self, heads: &[&str]) -> Vec<ReportColumn> {
        let column = |id: &&str| {
            ReportColumn::new(
                id,
                &self.handover_text(&format!("head-{id}")),
                ValueKind::Text,
            )
        };
        heads.iter().map(column).collect()
    }
}

/// Name, place and configuration of the site.
pub(crate) fn site_table(record: &HandoverRecord<'_>) -> ReportTable {
    let site = &record.config.site;
    let degrees = |value: f64| number_format::format_number(record.lang, value, 5);
    let place = format!("{}, {}", degrees(site.latitude), degrees(site.longitude));
    let file = record.config.file.file_name().unwrap_or_default();
    let now = number_format::time(record.lang, record.now, site.timezone.rules());
    let rows = [
        ("name", site.name.to_string()),
        ("id", site.id.to_string()),
        ("place", place),
        ("zone", site.timezone.name().to_string()),
        ("read-at", now),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("config", file.to_string_lossy().into_owned()),
        ("revision", record.revision_digits()),
    ];
    let mut table = record.new_table("facts", record.text_columns(&["item", "value"]));
    let row = |(key, value): (&str, String)| {
        vec![
            text_value(record.handover_text(&format!("fact-{key}"))),
            text_value(value),
        ]
    };
    table.rows = rows.into_iter().map(row).collect();
    table
}

/// Buses and their connections.
pub(crate) fn buses_table(record: &HandoverRecord<'_>) -> ReportTable {
    let mut table = record.new_table(
        "buses",
        record.text_columns(&["bus", "link", "address", "line"]),
    );
    let row = |bus: &crate::config::Bus| {
        let link = bus.link.summary();
        let baud = link.baud.map(|baud| format!("{baud} baud"));
        let settings = baud.into_iter().chain(link.format).collect::<Vec<_>>();
        vec![
            text_value(&*bus.id),
            text_value(link.name),
            text_value(link.address),
            text_value(settings.join(", ")),
        ]
    };
    table.rows = record.config.buses.iter().map(row).collect();
    table
}

/// Devices with their identification and state.
pub(crate) fn devices_table(record: &HandoverRecord<'_>) -> ReportTable {
    let heads = [
        "device", "profile", "sure", "bus", "unit", "maker", "serial", "state",
    ];
    let mut table = record.new_table("device-list", record.text_columns(&heads));
    let known = record
        .config
        .site
        .devices
        .iter()
        .zip(&record.config.devices);
    for ((info, device), seen) in known.zip(&record.devices) {
        let profile = info.profile.as_deref().map(str::to_owned);
        let profile = profile.unwrap_or_else(|| record.handover_text("by-hand"));
        let sure = record
            .lang
            .text(&format!("confidence-{}", seen.confidence.word()));
        let mut serial = seen.serial.clone();
        if !seen.firmware.is_empty() {
            let args = [("version", &*seen.firmware)];
            serial = format!(
                "{serial} {}",
                record.lang.text_with("handover-firmware", &args)
            );
        }
        let place = pin_place(device, record.lang);
        let place = place.unwrap_or_else(|| device.unit.to_string());
        let state = match &seen.fault {
            Some((reason, detail)) => {
                let reason = record.lang.text(&format!("reason-{reason}"));
                format!("{reason} ({})", record.lang.fault_detail(detail))
            }
            None => match seen.silent_reason() {
                Some(reason) => record.lang.text(&format!("reason-{reason}")),
                None => record.handover_text("answers"),
            },
        };
        table.rows.push(vec![
            text_value(&*info.id),
            text_value(profile),
            text_value(sure),
            text_value(&*info.bus),
            text_value(place),
            text_value(&*seen.maker),
            text_value(serial.trim()),
            text_value(state),
        ]);
    }
    table
}

/// Every point beside its display.
pub(crate) fn readings_table(record: &HandoverRecord<'_>) -> ReportTable {
    let heads = [
        "point",
        "reading",
        "display",
        "difference",
        "tolerance",
        "verdict",
    ];
    let mut table = record.new_table("points", record.text_columns(&heads));
    let points = record.devices.iter().flat_map(|device| &device.points);
    table.rows = points.map(|point| reading_row(record, point)).collect();
    table
}

/// Words for the values of a point; `None` for a measured number.
fn value_words(record: &HandoverRecord<'_>, id: &str) -> Option<ValueWords> {
    let (device, point) = record.config.site.find_point(id)?;
    let device = record.config.devices.get(usize::from(device))?;
    device.value_words(point, &[], record.lang)
}

fn reading_row(record: &HandoverRecord<'_>, point: &HandoverPoint) -> Vec<CellValue> {
    let digits = |text: &str| {
        let part = text.split_once(['.', ',']).map_or("", |(_, part)| part);
        u8::try_from(part.len().min(DIGITS_MAX)).unwrap_or_default()
    };
    let with_unit = |value: f64, digits: u8| {
        let number = number_format::format_number(record.lang, value, digits);
        text_value(format!("{number} {}", point.unit).trim_end())
    };
    let own = digits(&point.text);
    let shown = match (point.value, point.reason) {
        (Some(value), _) => match value_words(record, &point.id) {
            Some(words) => text_value(words.text(ExactNumber::Float(value))),
            None => with_unit(value, own),
        },
        (None, Some(reason)) => CellValue::Missing(record.lang.text(&format!("reason-{reason}"))),
        (None, None) => CellValue::Missing(record.handover_text("unread")),
    };
    let mut row = vec![text_value(&*point.id), shown];
    let display = point.display.as_deref().unwrap_or_default();
    // The difference is shown in the finer resolution of the two.
    let finest = own.max(digits(display));
    if let Some(compared) = point.compare_with_display() {
        let verdict = if compared.agrees() {
            "agrees"
        } else {
            "differs"
        };
        row.push(with_unit(compared.display, digits(display)));
        row.push(with_unit(compared.difference, finest));
        row.push(with_unit(compared.tolerance, finest));
        row.push(text_value(record.handover_text(verdict)));
    } else {
        row.push(text_value(display));
        row.extend([CellValue::Empty, CellValue::Empty, CellValue::Empty]);
    }
    row
}

/// Result of the soak test.
pub(crate) fn soak_table(record: &HandoverRecord<'_>, soak: &SoakRecord) -> ReportTable {
    let mut columns = record.text_columns(&["device", "good", "share", "verdict"]);
    // Rounded down below, so that a fail is never shown as a pass.
    columns[2].kind = ValueKind::Percent(2);
    let mut table = record.new_table("soak-table", columns);
    for row in &soak.devices {
        let share = row
            .percent
            .map(|percent| soak_test::rounded_down(percent) / 100.0);
        table.rows.push(vec![
            text_value(&*row.device),
            text_value(format!("{} / {}", row.good, row.polls)),
            CellValue::number_or_missing(share, &record.handover_text("unread")),
            text_value(record.lang.text(row.verdict_key())),
        ]);
    }
    table
}

/// Level and volume of each tank, in tenths of its height.
pub(crate) fn tank_tables(record: &HandoverRecord<'_>) -> Vec<ReportTable> {
    let tank = |asset: &crate::config::Asset| match &asset.kind {
        AssetKind::Tank(tank) => self::tank_table(record, &asset.id, &asset.name, tank),
        _ => None,
    };
    record.config.assets.iter().filter_map(tank).collect()
}

/// Level table of one tank; `None` without a known shape.
fn tank_table(
    record: &HandoverRecord<'_>,
    id: &str,
    name: &str,
    tank: &TankAsset,
) -> Option<ReportTable> {
    // A measured strapping table is better than the shape of the configuration.
    let strapping = record
        .calibrations
        .strapping_table_on(id, record.local_day());
    let (shape, key) = match strapping {
        Some(table) => (TankGeometry::Strapping(table), "tank-calibrated"),
        None => (tank_shape(tank.shape.as_ref()?), "tank-configured"),
    };
    let (empty, full) = shape.levels()?;
    let head = |id: &str| record.handover_text(&format!("head-{id}"));
    let columns = vec![
        ReportColumn::new("height", &head("height"), ValueKind::Percent(0)),
        ReportColumn::new("level", &head("level"), ValueKind::number("m", 3)),
        ReportColumn::new("volume", &head("volume"), ValueKind::number("L", 0)),
    ];
    let title = record
        .lang
        .text_with(&format!("handover-{key}"), &[("name", name)]);
    let mut table = ReportTable::new(&format!("tank-{id}"), &title, columns);
    for step in 0..=TANK_TABLE_STEPS {
        let part = f64::from(step) / f64::from(TANK_TABLE_STEPS);
        let level = empty + (full - empty) * part;
        let litres = tank_volume(&shape, Some(level)).v_m3;
        let litres = litres.map(|volume| volume * 1000.0);
        table.rows.push(vec![
            CellValue::Number(part),
            CellValue::Number(level),
            CellValue::number_or_missing(litres, &record.handover_text("unread")),
        ]);
    }
    Some(table)
}

/// Calibrations in force on the day of the record; `None` without any.
pub(crate) fn calibrations_table(record: &HandoverRecord<'_>) -> Option<ReportTable> {
    let heads = ["number", "kind", "target", "effect", "since", "by"];
    let mut table = record.new_table("calibration-list", record.text_columns(&heads));
    for entry in record.calibrations.entries() {
        let said = &entry.said;
        // A CT calibration has several targets; it is listed when it holds for one of them.
        let counts = said.targets.iter().any(|target| {
            let counting = record
                .calibrations
                .in_force(said.kind, target, record.local_day());
            counting.is_some_and(|counting| counting.id == entry.id)
        });
        if !counts {
            continue;
        }
        let kind = record
            .lang
            .text(&format!("calibrate-kind-{}", said.kind.word()));
        table.rows.push(vec![
            text_value(entry.id.to_string()),
            text_value(kind),
            text_value(said.targets.join(" ")),
            text_value(effect_text(said, "", record.lang)),
            text_value(said.since.to_string()),
            text_value(&*said.who),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Table of what is done, and of what is missing.
pub(crate) fn checks_table(record: &HandoverRecord<'_>) -> ReportTable {
    let mut table = record.new_table(
        "check-list",
        record.text_columns(&["item", "state", "value"]),
    );
    let row = |check: &HandoverCheck| {
        vec![
            text_value(record.handover_text(&format!("subject-{}", check.subject))),
            text_value(record.handover_text(&format!("check-{}", check.state.word()))),
            text_value(&*check.found),
        ]
    };
    table.rows = record.checks.iter().map(row).collect();
    table
}

/// Names, and space to sign.
pub(crate) fn signatures_table(record: &HandoverRecord<'_>) -> ReportTable {
    let heads = ["role", "who", "date", "signature"];
    let mut table = record.new_table("signature-list", record.text_columns(&heads));
    let today = number_format::date(record.lang, record.local_day());
    for (role, signer) in [
        ("technician", &record.technician),
        ("receiver", &record.receiver),
    ] {
        let name = match (signer.name.as_str(), signer.position.as_str()) {
            ("", _) => "........................................".to_owned(),
            (name, "") => name.to_owned(),
            (name, position) => format!("{name}, {position}"),
        };
        let zone = record.config.site.timezone.rules();
        let confirmed = signer.confirmed.map(|at| {
            let at = number_format::time(record.lang, at, zone);
            let args = [("at", &*at)];
            record.lang.text_with("handover-confirmed", &args)
        });
        table.rows.push(vec![
            text_value(record.handover_text(role) + SIGNATURE_SPACE),
            text_value(name),
            text_value(confirmed.unwrap_or_else(|| today.clone())),
            text_value("........................................"),
        ]);
    }
    table
}
