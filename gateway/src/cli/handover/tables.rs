//! Tables of the record.

use super::gather::Point;
use super::record::Record;
use super::sources::Soak;
use crate::account::tank_shape;
use crate::analyse::tank::{Shape, tank_volume};
use crate::cli::calibrate::effect;
use crate::config::assets::{AssetKind, Tank};
use crate::config::{Link, Parity};
use crate::report::format;
use crate::report::table::{Column, Table};
use crate::report::value::{Kind, Value};

/// Digits behind the point of a reading at most: those of a 32-bit float say nothing more.
const DIGITS_MAX: usize = 3;
/// Steps of a tank's table.
const STEPS: u8 = 10;
/// Lines that a signature has room for.
const SIGNATURE: &str = "\n\u{a0}\n\u{a0}\n\u{a0}\n\u{a0}";

fn text(words: impl Into<String>) -> Value {
    let words: String = words.into();
    if words.is_empty() {
        return Value::Empty;
    }
    Value::Text(words)
}

impl Record<'_> {
    fn table(&self, id: &str, columns: Vec<Column>) -> Table {
        Table::new(id, &self.word(&format!("{id}-title")), columns)
    }

    fn columns(&self, heads: &[&str]) -> Vec<Column> {
        let column = |id: &&str| Column::new(id, &self.word(&format!("head-{id}")), Kind::Text);
        heads.iter().map(column).collect()
    }
}

/// What and where the site is.
pub(super) fn site(record: &Record<'_>) -> Table {
    let site = &record.config.site;
    let degrees = |value: f64| format::number(record.lang, value, 5);
    let place = format!("{}, {}", degrees(site.latitude), degrees(site.longitude));
    let file = record.config.file.file_name().unwrap_or_default();
    let now = format::time(record.lang, record.now, &record.zone);
    let rows = [
        ("name", site.name.to_string()),
        ("id", site.id.to_string()),
        ("place", place),
        ("zone", site.timezone.to_string()),
        ("read-at", now),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("config", file.to_string_lossy().into_owned()),
        ("revision", record.revision()),
    ];
    let mut table = record.table("facts", record.columns(&["item", "value"]));
    let row =
        |(key, value): (&str, String)| vec![text(record.word(&format!("fact-{key}"))), text(value)];
    table.rows = rows.into_iter().map(row).collect();
    table
}

/// Lines and connections.
pub(super) fn buses(record: &Record<'_>) -> Table {
    let mut table = record.table("buses", record.columns(&["bus", "link", "address", "line"]));
    let row = |bus: &crate::config::Bus| {
        let (kind, address, line) = match &bus.link {
            Link::Tcp { host, port } => ("Modbus TCP", format!("{host}:{port}"), String::new()),
            Link::RtuOverTcp { host, port, baud } => {
                let line = format!("{baud} baud");
                ("Modbus RTU / TCP", format!("{host}:{port}"), line)
            }
            Link::Rtu(line) => {
                let parity = match line.parity {
                    Parity::None => 'N',
                    Parity::Even => 'E',
                    Parity::Odd => 'O',
                };
                let form = format!("{} baud, 8{parity}{}", line.baud, line.stop_bits);
                ("Modbus RTU", line.port.display().to_string(), form)
            }
        };
        vec![text(&*bus.id), text(kind), text(address), text(line)]
    };
    table.rows = record.config.buses.iter().map(row).collect();
    table
}

/// Devices with what they say of themselves.
pub(super) fn devices(record: &Record<'_>) -> Table {
    let heads = [
        "device", "profile", "sure", "bus", "unit", "maker", "serial", "state",
    ];
    let mut table = record.table("device-list", record.columns(&heads));
    let known = record
        .config
        .site
        .devices
        .iter()
        .zip(&record.config.devices);
    for ((info, device), seen) in known.zip(&record.devices) {
        let profile = info.profile.as_deref().map(str::to_owned);
        let profile = profile.unwrap_or_else(|| record.word("by-hand"));
        let sure = record
            .lang
            .text(&format!("confidence-{}", seen.confidence.word()));
        let mut serial = seen.serial.clone();
        if !seen.firmware.is_empty() {
            let args = [("version", &*seen.firmware)];
            serial = format!("{serial} {}", record.lang.say("handover-firmware", &args));
        }
        let state = match &seen.fault {
            Some((reason, detail)) => {
                let reason = record.lang.text(&format!("reason-{reason}"));
                format!("{reason} ({detail})")
            }
            None => record.word("answers"),
        };
        table.rows.push(vec![
            text(&*info.id),
            text(profile),
            text(sure),
            text(&*info.bus),
            text(device.unit.to_string()),
            text(&*seen.maker),
            text(serial.trim()),
            text(state),
        ]);
    }
    table
}

/// Every point beside its display.
pub(super) fn readings(record: &Record<'_>) -> Table {
    let heads = [
        "point",
        "reading",
        "display",
        "difference",
        "tolerance",
        "verdict",
    ];
    let mut table = record.table("points", record.columns(&heads));
    let points = record.devices.iter().flat_map(|device| &device.points);
    table.rows = points.map(|point| reading(record, point)).collect();
    table
}

fn reading(record: &Record<'_>, point: &Point) -> Vec<Value> {
    let digits = |text: &str| {
        let part = text.split_once(['.', ',']).map_or("", |(_, part)| part);
        u8::try_from(part.len().min(DIGITS_MAX)).unwrap_or_default()
    };
    let with_unit = |value: f64, digits: u8| {
        let number = format::number(record.lang, value, digits);
        text(format!("{number} {}", point.unit).trim_end())
    };
    let own = digits(&point.text);
    let shown = match (point.value, point.reason) {
        (Some(value), _) => with_unit(value, own),
        (None, Some(reason)) => Value::Missing(record.lang.text(&format!("reason-{reason}"))),
        (None, None) => Value::Missing(record.word("unread")),
    };
    let mut row = vec![text(&*point.id), shown];
    let display = point.display.as_deref().unwrap_or_default();
    let finest = own.max(digits(display));
    if let Some(compared) = point.compared() {
        let verdict = if compared.agrees() {
            "agrees"
        } else {
            "differs"
        };
        row.push(with_unit(compared.display, digits(display)));
        row.push(with_unit(compared.difference, finest));
        row.push(with_unit(compared.tolerance, finest));
        row.push(text(record.word(verdict)));
    } else {
        row.push(text(display));
        row.extend([Value::Empty, Value::Empty, Value::Empty]);
    }
    row
}

/// How the line held.
pub(super) fn soak(record: &Record<'_>, soak: &Soak) -> Table {
    let mut columns = record.columns(&["device", "good", "share", "verdict"]);
    // Never rounded up to a pass.
    columns[2].kind = Kind::Percent(2);
    let mut table = record.table("soak-table", columns);
    for row in &soak.devices {
        let verdict = if row.passes { "soak-ok" } else { "soak-bad" };
        let share = row.percent.map(|percent| (percent * 100.0).floor() / 1e4);
        table.rows.push(vec![
            text(&*row.device),
            text(format!("{} / {}", row.good, row.polls)),
            Value::known(share, &record.word("unread")),
            text(record.lang.text(verdict)),
        ]);
    }
    table
}

/// Level to volume, every tenth of the height, of each tank.
pub(super) fn tanks(record: &Record<'_>) -> Vec<Table> {
    let tank = |asset: &crate::config::Asset| match &asset.kind {
        AssetKind::Tank(tank) => self::tank(record, &asset.id, &asset.name, tank),
        _ => None,
    };
    record.config.assets.iter().filter_map(tank).collect()
}

fn tank(record: &Record<'_>, id: &str, name: &str, tank: &Tank) -> Option<Table> {
    let strapping = record.calibrations.strapping(id, record.day());
    let (shape, key) = match strapping {
        Some(table) => (Shape::Strapping(table), "tank-calibrated"),
        None => (tank_shape(tank.shape.as_ref()?), "tank-configured"),
    };
    let (empty, full) = shape.levels()?;
    let head = |id: &str| record.word(&format!("head-{id}"));
    let columns = vec![
        Column::new("height", &head("height"), Kind::Percent(0)),
        Column::new("level", &head("level"), Kind::number("m", 3)),
        Column::new("volume", &head("volume"), Kind::number("L", 0)),
    ];
    let title = record
        .lang
        .say(&format!("handover-{key}"), &[("name", name)]);
    let mut table = Table::new(&format!("tank-{id}"), &title, columns);
    for step in 0..=STEPS {
        let part = f64::from(step) / f64::from(STEPS);
        let level = empty + (full - empty) * part;
        let litres = tank_volume(&shape, Some(level)).v_m3;
        let litres = litres.map(|volume| volume * 1000.0);
        table.rows.push(vec![
            Value::Number(part),
            Value::Number(level),
            Value::known(litres, &record.word("unread")),
        ]);
    }
    Some(table)
}

/// Calibrations that count today; `None` when there is none.
pub(super) fn calibrations(record: &Record<'_>) -> Option<Table> {
    let heads = ["number", "kind", "target", "effect", "since", "by"];
    let mut table = record.table("calibration-list", record.columns(&heads));
    for entry in record.calibrations.entries() {
        let said = &entry.said;
        let counts = said.targets.iter().any(|target| {
            let counting = record
                .calibrations
                .in_force(said.kind, target, record.day());
            counting.is_some_and(|counting| counting.id == entry.id)
        });
        if !counts {
            continue;
        }
        let kind = record
            .lang
            .text(&format!("calibrate-kind-{}", said.kind.word()));
        table.rows.push(vec![
            text(entry.id.to_string()),
            text(kind),
            text(said.targets.join(" ")),
            text(effect(said, "", record.lang)),
            text(said.since.to_string()),
            text(&*said.who),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Names, and room to sign.
pub(super) fn signatures(record: &Record<'_>) -> Table {
    let heads = ["role", "who", "date", "signature"];
    let mut table = record.table("signature-list", record.columns(&heads));
    let day = format::date(record.lang, record.day());
    for (role, name) in [
        ("technician", &record.technician),
        ("receiver", &record.receiver),
    ] {
        let name = match name.as_str() {
            "" => "........................................",
            name => name,
        };
        table.rows.push(vec![
            text(record.word(role) + SIGNATURE),
            text(name),
            text(&*day),
            text("........................................"),
        ]);
    }
    table
}
