//! Site, store and buses: raw to believed; devices and sinks have files of their own.

use crate::config::assets::{self, Around};
use crate::config::notes::Notes;
use crate::config::raw::{At, BusKind, RawBus, RawConfig, RawParity, RawSite};
use crate::config::{
    Bus, Config, Line, Link, Parity, StoreSettings, devices, factors, indicators, limits, sinks,
    values,
};
use crate::model::{DeviceInfo, Site};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The most that a power cut takes when nothing is said: a sixth of the card wear of 10 s.
const FLUSH_DEFAULT: Duration = Duration::from_mins(1);
/// A flush more often than this wears the card and gains nothing.
const FLUSH_MIN: Duration = Duration::from_millis(100);
const TIMEZONE_DEFAULT: &str = "Asia/Jakarta";
const STORE_DEFAULT: &str = "/var/lib/pantau";
const TIMEOUT_DEFAULT: Duration = Duration::from_millis(500);
/// Catalogue key of how durations are written.
pub(crate) const DURATION: &str = "fault-expect-duration";

/// Speeds of serial lines.
pub(crate) const BAUD: RangeInclusive<i64> = 300..=4_000_000;

/// Everything. What it returns may only be believed when `notes` has no fault.
pub(crate) fn config(
    notes: &mut Notes<'_>,
    raw: &RawConfig,
    env: &dyn Fn(&str) -> Option<String>,
    texts: factors::Texts<'_>,
) -> Config {
    let empty = RawSite::default();
    let raw_site = raw.site.as_ref().map_or(&empty, At::get);
    let mut buses = buses(notes, &raw.bus);
    let (mut devices, infos) = devices::devices(notes, raw, raw_site, &buses);
    limits::settled(&mut buses, &raw.bus, &devices);
    let site = site(notes, raw, infos);
    let factors = factors::factors(notes, raw.factors.as_ref(), &raw.factor_evidence, texts);
    let definitions = indicators::definitions(notes, &raw.indicator, &factors);
    let mut around = Around {
        site: &site,
        factors: &factors,
        definitions: &definitions,
        roles: BTreeMap::new(),
    };
    let assets = assets::assets(notes, &raw.asset, &mut around);
    assets::rating::narrow(&assets, &mut devices);
    Config {
        file: notes.file.to_owned(),
        text: notes.text.to_owned(),
        assets,
        factors,
        definitions,
        store: store(notes, raw),
        mqtt: sinks::mqtt(notes, raw.mqtt.as_ref(), &site.id, env),
        influx: sinks::influx(notes, raw.influx.as_ref(), env),
        web: sinks::web(notes, raw.web.as_ref()),
        site,
        buses,
        devices,
        profiles: raw_site.profiles.as_ref().map(|at| notes.path(at.get())),
        warnings: Vec::new(),
    }
}

fn site(notes: &mut Notes<'_>, raw: &RawConfig, devices: Vec<DeviceInfo>) -> Site {
    let empty = RawSite::default();
    let head = raw.site.as_ref().map_or(0..0, At::span);
    let raw = raw.site.as_ref().map_or(&empty, At::get);
    let id = notes.id(&raw.id, &mut BTreeSet::new());
    let zone = |name: &str| jiff::tz::TimeZone::get(name).ok().map(|_| Arc::from(name));
    let timezone = notes.parsed(&raw.timezone, "timezone", zone, "fault-expect-timezone");
    if raw.timezone.is_none() {
        notes.warn(
            head.clone(),
            "timezone",
            "fault-assumed",
            "",
            TIMEZONE_DEFAULT,
        );
    }
    let name = raw.name.as_ref().map(|at| Arc::from(at.get().as_str()));
    Site {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        timezone: timezone.unwrap_or_else(|| Arc::from(TIMEZONE_DEFAULT)),
        latitude: degrees(notes, &head, raw.latitude.as_ref(), "latitude", 90.0),
        longitude: degrees(notes, &head, raw.longitude.as_ref(), "longitude", 180.0),
        devices,
    }
}

/// A coordinate; `most` is the greatest latitude or longitude.
fn degrees(
    notes: &mut Notes<'_>,
    head: &Range<usize>,
    typed: Option<&At<f64>>,
    key: &str,
    most: f64,
) -> f64 {
    let Some(at) = typed else {
        let middle = if most > 90.0 { 118.0 } else { -2.5 };
        notes.warn(head.clone(), key, "fault-assumed", "", &middle.to_string());
        return middle;
    };
    let value = notes.finite(typed, key).unwrap_or(0.0);
    if value.abs() > most {
        let expected = format!("-{most}..={most}");
        notes.fault(at.span(), key, "fault-range", &value.to_string(), &expected);
    }
    value
}

fn store(notes: &mut Notes<'_>, raw: &RawConfig) -> StoreSettings {
    let empty = crate::config::raw::RawStore::default();
    let raw = raw.store.as_ref().unwrap_or(&empty);
    let flush = notes.parsed(&raw.flush, "flush", values::duration, DURATION);
    if let (Some(at), Some(_)) = (&raw.flush, flush.filter(|flush| *flush < FLUSH_MIN)) {
        notes.fault(at.span(), "flush", "fault-value", at.get(), ">= 100ms");
    }
    let path = raw
        .path
        .as_ref()
        .map_or(STORE_DEFAULT, |at| at.get().as_str());
    StoreSettings {
        path: notes.path(path),
        flush: flush.unwrap_or(FLUSH_DEFAULT),
        keep: notes.parsed(&raw.keep, "keep", values::duration, DURATION),
        budget: notes.parsed(&raw.budget, "budget", values::size, "fault-expect-size"),
    }
}

fn buses(notes: &mut Notes<'_>, raw: &[At<RawBus>]) -> Vec<Bus> {
    let mut ids = BTreeSet::new();
    let mut ports = BTreeSet::new();
    let mut buses = Vec::new();
    for at in raw {
        let typed = at.get();
        let id = notes.id(&typed.id, &mut ids);
        let link = link(notes, at);
        if let (Link::Rtu(line), Some(port)) = (&link, &typed.port)
            && !ports.insert(line.port.clone())
        {
            notes.fault(port.span(), "port", "fault-duplicate", port.get(), "");
        }
        let timeout = notes.parsed(&typed.timeout, "timeout", values::duration, DURATION);
        let usable = Duration::from_millis(10)..=Duration::from_mins(1);
        if let (Some(typed), Some(timeout)) = (&typed.timeout, timeout)
            && !usable.contains(&timeout)
        {
            notes.fault(
                typed.span(),
                "timeout",
                "fault-range",
                typed.get(),
                "10ms..=60s",
            );
        }
        buses.push(Bus {
            id,
            link,
            timeout: timeout.unwrap_or(TIMEOUT_DEFAULT),
            settle: limits::settle(notes, &typed.settle).unwrap_or_default(),
        });
    }
    buses
}

fn link(notes: &mut Notes<'_>, at: &At<RawBus>) -> Link {
    let typed = at.get();
    let kind = typed.kind.as_ref().map(|kind| *kind.get());
    let baud = notes.ranged(&typed.baud, "baud", BAUD).unwrap_or(9600);
    let serial = kind == Some(BusKind::ModbusRtu);
    let tcp = matches!(kind, Some(BusKind::ModbusTcp | BusKind::ModbusRtuOverTcp));
    let needed = if serial {
        ("port", &typed.port)
    } else {
        ("host", &typed.host)
    };
    if (serial || tcp) && needed.1.as_ref().is_none_or(|text| text.get().is_empty()) {
        notes.fault(at.span(), needed.0, "fault-missing", "", "");
    }
    let stray = [("port", &typed.port, tcp), ("host", &typed.host, serial)];
    for (key, text, stray) in stray {
        if let Some(text) = text.as_ref().filter(|_| stray) {
            notes.fault(text.span(), key, "fault-other-kind", key, "");
        }
    }
    let host = typed
        .host
        .as_ref()
        .map_or(String::new(), |at| at.get().clone());
    let port = typed.tcp_port.as_ref().map_or(502, |at| *at.get());
    match kind {
        Some(BusKind::ModbusRtu) => Link::Rtu(line(notes, typed, baud)),
        Some(BusKind::ModbusRtuOverTcp) => Link::RtuOverTcp { host, port, baud },
        Some(BusKind::Gpio | BusKind::I2c | BusKind::OneWire | BusKind::Mqtt) => {
            let span = typed.kind.as_ref().map_or(0..0, At::span);
            let found = notes
                .text
                .get(span.clone())
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned();
            let open = "modbus-tcp, modbus-rtu, modbus-rtu-over-tcp";
            notes.fault(span, "kind", "fault-bus-later", &found, open);
            Link::Tcp { host, port }
        }
        Some(BusKind::ModbusTcp) | None => Link::Tcp { host, port },
    }
}

fn line(notes: &mut Notes<'_>, typed: &RawBus, baud: u32) -> Line {
    Line {
        port: PathBuf::from(typed.port.as_ref().map_or("", |at| at.get().as_str())),
        baud,
        parity: typed
            .parity
            .as_ref()
            .map_or(Parity::None, |at| parity(*at.get())),
        stop_bits: notes
            .ranged(&typed.stop_bits, "stop_bits", 1..=2)
            .unwrap_or(1),
    }
}

pub(crate) fn parity(raw: RawParity) -> Parity {
    match raw {
        RawParity::None => Parity::None,
        RawParity::Even => Parity::Even,
        RawParity::Odd => Parity::Odd,
    }
}
