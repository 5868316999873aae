//! Site, store, buses and devices: raw to believed.

use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::profile::{Library, Profile};
use crate::config::raw::{At, BusKind, RawBus, RawConfig, RawDevice, RawParity, RawSite};
use crate::config::{
    Bus, Config, Device, Line, Link, Parity, Point, StoreSettings, assets, points, sinks, values,
};
use crate::limits::DEVICES_MAX;
use crate::model::{DeviceInfo, PointInfo, Site};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The most that a power cut takes when nothing is said: a sixth of the card wear of 10 s.
const FLUSH_DEFAULT: Duration = Duration::from_secs(60);
/// A flush more often than this wears the card and gains nothing.
const FLUSH_MIN: Duration = Duration::from_millis(100);
const TIMEZONE_DEFAULT: &str = "Asia/Jakarta";
const STORE_DEFAULT: &str = "/var/lib/pantau";
const TIMEOUT_DEFAULT: Duration = Duration::from_millis(500);
const EVERY_DEFAULT: Duration = Duration::from_secs(10);
const EVERY_MIN: Duration = Duration::from_millis(100);
const EVERY_MAX: Duration = Duration::from_secs(86_400);
const DURATION: &str = "fault-expect-duration";

/// Speeds of serial lines.
pub(crate) const BAUD: RangeInclusive<i64> = 300..=4_000_000;

/// Everything. What it returns may only be believed when `notes` has no fault.
pub(crate) fn config(
    notes: &mut Notes<'_>,
    raw: &RawConfig,
    env: &dyn Fn(&str) -> Option<String>,
) -> Config {
    let empty = RawSite::default();
    let raw_site = raw.site.as_ref().map_or(&empty, At::get);
    let buses = buses(notes, &raw.bus);
    let (devices, infos) = devices(notes, raw, raw_site, &buses);
    let site = site(notes, raw, infos);
    Config {
        file: notes.file.to_owned(),
        text: notes.text.to_owned(),
        assets: assets::assets(notes, &raw.asset, &site),
        store: store(notes, raw),
        mqtt: sinks::mqtt(notes, raw.mqtt.as_ref(), &site.id, env),
        influx: sinks::influx(notes, raw.influx.as_ref(), env),
        web: sinks::web(notes, raw.web.as_ref()),
        site,
        buses,
        devices,
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
        latitude: degrees(notes, &head, &raw.latitude, "latitude", 90.0),
        longitude: degrees(notes, &head, &raw.longitude, "longitude", 180.0),
        devices,
    }
}

/// A coordinate; `most` is the greatest latitude or longitude.
fn degrees(
    notes: &mut Notes<'_>,
    head: &Range<usize>,
    typed: &Option<At<f64>>,
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
        let usable = Duration::from_millis(10)..=Duration::from_secs(60);
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

/// What devices are checked against.
struct Around<'a> {
    buses: &'a [Bus],
    library: Library,
    profiles: BTreeMap<String, Option<Profile>>,
    ids: BTreeSet<String>,
    addresses: BTreeSet<(usize, u8)>,
}

fn devices(
    notes: &mut Notes<'_>,
    raw: &RawConfig,
    site: &RawSite,
    buses: &[Bus],
) -> (Vec<Device>, Vec<DeviceInfo>) {
    if let Some(extra) = raw.device.get(DEVICES_MAX) {
        let (found, most) = (raw.device.len().to_string(), DEVICES_MAX.to_string());
        notes.fault(extra.span(), "device", "fault-too-many", &found, &most);
    }
    let directory = site.profiles.as_ref().map(|at| notes.path(at.get()));
    if let (Some(directory), Some(at)) = (&directory, &site.profiles)
        && !directory.is_dir()
    {
        notes.fault(at.span(), "profiles", "fault-no-directory", at.get(), "");
    }
    let mut around = Around {
        buses,
        library: Library::new(directory),
        profiles: BTreeMap::new(),
        ids: BTreeSet::new(),
        addresses: BTreeSet::new(),
    };
    let all = raw.device.iter().map(|at| device(notes, at, &mut around));
    all.unzip()
}

fn device(
    notes: &mut Notes<'_>,
    at: &At<RawDevice>,
    around: &mut Around<'_>,
) -> (Device, DeviceInfo) {
    let typed = at.get();
    let id = notes.id(&typed.id, &mut around.ids);
    let bus = bus_of(notes, typed, around.buses);
    let profile = profile_of(notes, at, around);
    let listed = points::points(notes, &typed.point);
    let base = profile
        .as_ref()
        .map_or_else(points::no_limits, |profile| profile.limits.clone());
    let limits = points::limits(notes, typed.limits.as_ref(), base);
    let points = profile
        .as_ref()
        .map_or(listed, |profile| profile.points.clone());
    points::fit(notes, &at.span(), &points, &limits);
    let default_unit = profile.as_ref().and_then(|profile| profile.factory.unit);
    let unit = unit_of(notes, at, bus, around)
        .or(default_unit)
        .unwrap_or(1);
    if !around.addresses.insert((bus, unit)) {
        let span = typed.unit.as_ref().map_or(at.span(), At::span);
        notes.warn(span, "unit", "fault-same-unit", &unit.to_string(), "");
    }
    let every = every(notes, typed);
    let kind = kind_of(notes, typed, profile.as_ref(), &points);
    let info = DeviceInfo {
        bus: around
            .buses
            .get(bus)
            .map_or_else(|| Arc::from(""), |bus| bus.id.clone()),
        profile: profile.as_ref().map(|profile| profile.name.clone()),
        kind,
        every_ms: u64::try_from(every.as_millis()).unwrap_or(u64::MAX),
        points: points.iter().map(|point| point_info(&id, point)).collect(),
        id: id.clone(),
    };
    let asleep = profile
        .as_ref()
        .is_some_and(|profile| profile.asleep_at_night);
    let device = Device {
        id,
        bus,
        unit,
        every,
        limits,
        points,
        asleep_at_night: typed.asleep_at_night.unwrap_or(asleep),
    };
    (device, info)
}

fn bus_of(notes: &mut Notes<'_>, typed: &RawDevice, buses: &[Bus]) -> usize {
    let Some(at) = &typed.bus else {
        return 0;
    };
    let ids = buses.iter().map(|bus| &*bus.id);
    let index = ids.clone().position(|id| id == at.get());
    if index.is_none() {
        let hint = nearest(at.get(), ids.clone());
        let all: Vec<&str> = ids.collect();
        notes.add(
            at.span(),
            "bus",
            "fault-unknown-bus",
            at.get(),
            &all.join(", "),
            hint,
        );
    }
    index.unwrap_or(0)
}

fn unit_of(
    notes: &mut Notes<'_>,
    at: &At<RawDevice>,
    bus: usize,
    around: &Around<'_>,
) -> Option<u8> {
    let serial = around
        .buses
        .get(bus)
        .is_some_and(|bus| !matches!(bus.link, Link::Tcp { .. }));
    let range = if serial { 1..=247 } else { 0..=255 };
    notes.ranged(&at.get().unit, "unit", range)
}

fn every(notes: &mut Notes<'_>, typed: &RawDevice) -> Duration {
    let every = notes.parsed(&typed.every, "every", values::duration, DURATION);
    if let (Some(at), Some(every)) = (&typed.every, every)
        && !(EVERY_MIN..=EVERY_MAX).contains(&every)
    {
        notes.fault(at.span(), "every", "fault-range", at.get(), "100ms..=1d");
    }
    every.unwrap_or(EVERY_DEFAULT)
}

fn profile_of(
    notes: &mut Notes<'_>,
    at: &At<RawDevice>,
    around: &mut Around<'_>,
) -> Option<Profile> {
    let Some(name) = &at.get().profile else {
        if at.get().point.is_empty() {
            notes.fault(at.span(), "profile", "fault-no-points", "", "");
        }
        return None;
    };
    if let Some(point) = at.get().point.first() {
        notes.fault(
            point.span(),
            "point",
            "fault-profile-and-points",
            name.get(),
            "",
        );
    }
    if name.get() == "sunspec" {
        notes.fault(
            name.span(),
            "profile",
            "fault-sunspec-later",
            name.get(),
            "",
        );
        return None;
    }
    if let Some(known) = around.profiles.get(name.get()) {
        return known.clone();
    }
    let found = match around.library.load(name.get()) {
        Some(Ok(profile)) => Some(profile),
        Some(Err(faults)) => {
            notes.faults.extend(faults.0);
            None
        }
        None => {
            let hint = around.library.nearest(name.get());
            let all = around.library.names().join(", ");
            notes.add(
                name.span(),
                "profile",
                "fault-unknown-profile",
                name.get(),
                &all,
                hint,
            );
            // Not kept: each device that names it gets its own fault.
            return None;
        }
    };
    around.profiles.insert(name.get().clone(), found.clone());
    found
}

fn kind_of(
    notes: &mut Notes<'_>,
    typed: &RawDevice,
    profile: Option<&Profile>,
    points: &[Point],
) -> Arc<str> {
    if typed.kind.is_some() {
        let word = |text: &str| values::is_id(text).then(|| Arc::from(text));
        let kind = notes.parsed(&typed.kind, "kind", word, "fault-expect-id");
        return kind.unwrap_or_else(|| Arc::from("device"));
    }
    if let Some(profile) = profile {
        return profile.kind.clone();
    }
    let kinds = [
        ("energy", "meter"),
        ("power", "meter"),
        ("level", "level"),
        ("length", "level"),
        ("temperature", "environment"),
        ("humidity", "environment"),
    ];
    let measures = |quantity: &str| points.iter().any(|point| *point.quantity == *quantity);
    let kind = kinds.iter().find(|(quantity, _)| measures(quantity));
    Arc::from(kind.map_or("device", |(_, kind)| *kind))
}

fn point_info(device: &str, point: &Point) -> PointInfo {
    PointInfo {
        id: Arc::from(format!("{device}.{}", point.name)),
        name: point.name.clone(),
        unit: point.unit.clone(),
        quantity: point.quantity.clone(),
        counter: point.counter,
    }
}
