//! [`config`]: checks site, store and buses, and calls the checks of all other tables.

use crate::assets::{self, CheckContext};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::{RawBus, RawBusKind, RawConfig, RawParity, RawSite, SpannedValue};
use crate::config::{
    Bus, BusLink, Config, Parity, SerialPortSettings, StoreSettings, device_limits, devices,
    factors, sink_settings, site_indicators, value_syntax,
};
use crate::domain::{DeviceInfo, Site};
use crate::i18n::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Default flush interval: the longest time of readings that a power cut can lose.
// A sixth of the card wear of 10 s (table in docs/configuration.md).
const FLUSH_DEFAULT: Duration = Duration::from_mins(1);
/// Minimum flush interval.
// More frequent commits wear the card and gain nothing.
const FLUSH_MIN: Duration = Duration::from_millis(100);
const TIMEZONE_DEFAULT: &str = "Asia/Jakarta";
const STORE_DEFAULT: &str = "/var/lib/pantau";
const TIMEOUT_DEFAULT: Duration = Duration::from_millis(500);
/// Catalogue key of the text that explains the syntax of durations.
pub(crate) const EXPECT_DURATION: &str = "fault-expect-duration";

/// Valid speeds of serial lines, bit/s.
pub(crate) const BAUD_RANGE: RangeInclusive<i64> = 300..=4_000_000;

/// Checks the whole file. The result is valid only when `notes` has no errors.
pub(crate) fn check_config(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawConfig,
    env: &dyn Fn(&str) -> Option<String>,
    texts: factors::FactorTexts<'_>,
) -> Config {
    let empty = RawSite::default();
    let raw_site = raw.site.as_ref().map_or(&empty, SpannedValue::get);
    let mut buses = check_buses(notes, &raw.bus);
    let (mut devices, infos) = devices::check_devices(notes, raw, raw_site, &buses);
    // After the devices: a bus without `settle` takes the longest time of its devices' profiles.
    device_limits::apply_settle_times(&mut buses, &raw.bus, &devices);
    let site = check_site(notes, raw, infos);
    let factors = factors::check_factors(notes, raw.factors.as_ref(), &raw.factor_evidence, texts);
    let definitions = site_indicators::check_indicators(notes, &raw.indicator, &factors);
    let mut around = CheckContext {
        site: &site,
        factors: &factors,
        definitions: &definitions,
        roles: BTreeMap::new(),
    };
    let assets = assets::check_assets(notes, &raw.asset, &mut around);
    // After the assets: their ratings narrow the limits of the points that they name.
    assets::rated_limits::apply_rated_limits(&assets, &mut devices);
    Config {
        file: notes.file.to_owned(),
        text: notes.text.to_owned(),
        assets,
        factors,
        definitions,
        store: check_store(notes, raw),
        mqtt: sink_settings::check_mqtt(notes, raw.mqtt.as_ref(), &site.id, env),
        influx: sink_settings::check_influx(notes, raw.influx.as_ref(), env),
        web: sink_settings::check_web(notes, raw.web.as_ref()),
        site,
        language: raw_site
            .language
            .as_ref()
            .and_then(|at| Language::parse(at.get())),
        buses,
        devices,
        profiles: raw_site.profiles.as_ref().map(|at| notes.path(at.get())),
        warnings: Vec::new(),
    }
}

fn check_site(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawConfig,
    devices: Vec<DeviceInfo>,
) -> Site {
    let empty = RawSite::default();
    let head = raw.site.as_ref().map_or(0..0, SpannedValue::span);
    let raw = raw.site.as_ref().map_or(&empty, SpannedValue::get);
    let id = notes.id(&raw.id, &mut BTreeSet::new());
    let zone = |name: &str| jiff::tz::TimeZone::get(name).ok().map(|_| Arc::from(name));
    let timezone = notes.parsed_text(&raw.timezone, "timezone", zone, "fault-expect-timezone");
    if raw.timezone.is_none() {
        notes.add_warning(
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
        latitude: check_coordinate(notes, &head, raw.latitude.as_ref(), "latitude", 90.0),
        longitude: check_coordinate(notes, &head, raw.longitude.as_ref(), "longitude", 180.0),
        devices,
    }
}

/// Checks a coordinate in degrees; `most` is the largest latitude or longitude.
fn check_coordinate(
    notes: &mut DiagnosticCollector<'_>,
    head: &Range<usize>,
    typed: Option<&SpannedValue<f64>>,
    key: &str,
    most: f64,
) -> f64 {
    let Some(at) = typed else {
        // The middle of Indonesia, about 2.5 degrees south and 118 degrees east.
        let middle = if most > 90.0 { 118.0 } else { -2.5 };
        notes.add_warning(head.clone(), key, "fault-assumed", "", &middle.to_string());
        return middle;
    };
    let value = notes.finite_number(typed, key).unwrap_or(0.0);
    if value.abs() > most {
        let expected = format!("-{most}..={most}");
        notes.add_error(at.span(), key, "fault-range", &value.to_string(), &expected);
    }
    value
}

fn check_store(notes: &mut DiagnosticCollector<'_>, raw: &RawConfig) -> StoreSettings {
    let empty = crate::config::raw_config::RawStore::default();
    let raw = raw.store.as_ref().unwrap_or(&empty);
    let flush = notes.parsed_text(
        &raw.flush,
        "flush",
        value_syntax::parse_duration,
        EXPECT_DURATION,
    );
    if let (Some(at), Some(_)) = (&raw.flush, flush.filter(|flush| *flush < FLUSH_MIN)) {
        notes.add_error(at.span(), "flush", "fault-value", at.get(), ">= 100ms");
    }
    let path = raw
        .path
        .as_ref()
        .map_or(STORE_DEFAULT, |at| at.get().as_str());
    StoreSettings {
        path: notes.path(path),
        flush: flush.unwrap_or(FLUSH_DEFAULT),
        keep: notes.parsed_text(
            &raw.keep,
            "keep",
            value_syntax::parse_duration,
            EXPECT_DURATION,
        ),
        budget: notes.parsed_text(
            &raw.budget,
            "budget",
            value_syntax::parse_size,
            "fault-expect-size",
        ),
    }
}

fn check_buses(notes: &mut DiagnosticCollector<'_>, raw: &[SpannedValue<RawBus>]) -> Vec<Bus> {
    let mut ids = BTreeSet::new();
    let mut ports = BTreeSet::new();
    let mut buses = Vec::new();
    for at in raw {
        let typed = at.get();
        let id = notes.id(&typed.id, &mut ids);
        let link = check_bus_link(notes, at);
        // A serial port has exactly one owner.
        if let (BusLink::Rtu(line), Some(port)) = (&link, &typed.port)
            && !ports.insert(line.port.clone())
        {
            notes.add_error(port.span(), "port", "fault-duplicate", port.get(), "");
        }
        let timeout = notes.parsed_text(
            &typed.timeout,
            "timeout",
            value_syntax::parse_duration,
            EXPECT_DURATION,
        );
        let usable = Duration::from_millis(10)..=Duration::from_mins(1);
        if let (Some(typed), Some(timeout)) = (&typed.timeout, timeout)
            && !usable.contains(&timeout)
        {
            notes.add_error(
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
            settle: device_limits::settle(notes, &typed.settle).unwrap_or_default(),
        });
    }
    buses
}

fn check_bus_link(notes: &mut DiagnosticCollector<'_>, at: &SpannedValue<RawBus>) -> BusLink {
    let typed = at.get();
    let kind = typed.kind.as_ref().map(|kind| *kind.get());
    // For RTU over TCP it is the speed of the line behind the server, used for the plan.
    let baud = notes
        .integer_in_range(&typed.baud, "baud", BAUD_RANGE)
        .unwrap_or(9600);
    let serial = kind == Some(RawBusKind::ModbusRtu);
    let tcp = matches!(
        kind,
        Some(RawBusKind::ModbusTcp | RawBusKind::ModbusRtuOverTcp)
    );
    let needed = if serial {
        ("port", &typed.port)
    } else {
        ("host", &typed.host)
    };
    if (serial || tcp) && needed.1.as_ref().is_none_or(|text| text.get().is_empty()) {
        notes.add_error(at.span(), needed.0, "fault-missing", "", "");
    }
    // A key of another kind of bus would be ignored in silence.
    let stray = [("port", &typed.port, tcp), ("host", &typed.host, serial)];
    for (key, text, stray) in stray {
        if let Some(text) = text.as_ref().filter(|_| stray) {
            notes.add_error(text.span(), key, "fault-other-kind", key, "");
        }
    }
    let host = typed
        .host
        .as_ref()
        .map_or(String::new(), |at| at.get().clone());
    let port = typed.tcp_port.as_ref().map_or(502, |at| *at.get());
    match kind {
        Some(RawBusKind::ModbusRtu) => BusLink::Rtu(check_serial_port(notes, typed, baud)),
        Some(RawBusKind::ModbusRtuOverTcp) => BusLink::RtuOverTcp { host, port, baud },
        Some(RawBusKind::Gpio | RawBusKind::I2c | RawBusKind::OneWire | RawBusKind::Mqtt) => {
            let span = typed.kind.as_ref().map_or(0..0, SpannedValue::span);
            // The word as typed, so that the message does not show a Rust name.
            let found = notes
                .text
                .get(span.clone())
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned();
            let open = "modbus-tcp, modbus-rtu, modbus-rtu-over-tcp";
            notes.add_error(span, "kind", "fault-bus-later", &found, open);
            BusLink::Tcp { host, port }
        }
        Some(RawBusKind::ModbusTcp) | None => BusLink::Tcp { host, port },
    }
}

fn check_serial_port(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawBus,
    baud: u32,
) -> SerialPortSettings {
    SerialPortSettings {
        port: PathBuf::from(typed.port.as_ref().map_or("", |at| at.get().as_str())),
        baud,
        parity: typed
            .parity
            .as_ref()
            .map_or(Parity::None, |at| convert_parity(*at.get())),
        stop_bits: notes
            .integer_in_range(&typed.stop_bits, "stop_bits", 1..=2)
            .unwrap_or(1),
    }
}

pub(crate) fn convert_parity(raw: RawParity) -> Parity {
    match raw {
        RawParity::None => Parity::None,
        RawParity::Even => Parity::Even,
        RawParity::Odd => Parity::Odd,
    }
}
