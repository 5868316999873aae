//! [`devices`]: checks `[[device]]` tables and resolves their profiles.

use crate::config::bus_kinds::DeviceAddressKeys;
use crate::config::chip_point::ChipDeviceKeys;
use crate::config::device_accuracy::{add_unknown_point, check_accuracy};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::mqtt_point::SensorNodeKeys;
use crate::config::profile::{Profile, ProfileLibrary};
use crate::config::raw_config::{RawConfig, RawDevice, RawSite};
use crate::config::raw_values::SpannedValue;
use crate::config::register_types::ModbusTable;
use crate::config::value_syntax::EXPECT_DURATION;
use crate::config::{
    Bus, BusLink, Device, DeviceLimits, FactConfidence, ModbusLink, Point, bus_kinds,
    device_limits, point_checks, point_places, register_checks, sunspec, value_syntax,
};
use crate::domain::{DeviceInfo, PointInfo};
use crate::limits::DEVICES_MAX;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const POLL_INTERVAL_DEFAULT: Duration = Duration::from_secs(10);
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(100);
const POLL_INTERVAL_MAX: Duration = Duration::from_hours(24);

/// Lookup tables while devices are checked.
struct DeviceCheckContext<'a> {
    buses: &'a [Bus],
    library: ProfileLibrary,
    profiles: BTreeMap<String, Option<Profile>>,
    ids: BTreeSet<String>,
    /// Bus and id of the first device of each unit at each place.
    addresses: BTreeMap<(String, u8), (usize, Arc<str>)>,
}

/// Checks all devices; returns their settings and their descriptions for the other modules.
pub(crate) fn check_devices(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawConfig,
    site: &RawSite,
    buses: &[Bus],
) -> (Vec<Device>, Vec<DeviceInfo>) {
    if let Some(extra) = raw.device.get(DEVICES_MAX) {
        let (found, most) = (raw.device.len().to_string(), DEVICES_MAX.to_string());
        notes.add_error(extra.span(), "device", "fault-too-many", &found, &most);
    }
    let directory = site.profiles.as_ref().map(|at| notes.path(at.get()));
    if let (Some(directory), Some(at)) = (&directory, &site.profiles)
        && !directory.is_dir()
    {
        notes.add_error(at.span(), "profiles", "fault-no-directory", at.get(), "");
    }
    let mut around = DeviceCheckContext {
        buses,
        library: ProfileLibrary::new(directory),
        profiles: BTreeMap::new(),
        ids: BTreeSet::new(),
        addresses: BTreeMap::new(),
    };
    let assets = std::mem::take(&mut notes.asset_texts);
    let all = raw.device.iter();
    let all = all.map(|at| check_device(notes, at, &assets, &mut around));
    all.unzip()
}

fn check_device(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawDevice>,
    assets: &[String],
    around: &mut DeviceCheckContext<'_>,
) -> (Device, DeviceInfo) {
    let typed = at.get();
    let id = notes.id(&typed.id, &mut around.ids);
    let bus = check_bus_id(notes, typed, around.buses);
    let profile = load_profile(notes, at, around);
    if let (Some(profile), Some(at)) = (&profile, &typed.profile) {
        warn_low_confidence(notes, at, profile);
    }
    let listed = point_checks::check_points(notes, &typed.point);
    register_checks::warn_document_numbers(notes, &typed.point);
    let base = profile
        .as_ref()
        .map_or_else(device_limits::protocol_limits, |profile| {
            profile.limits.clone()
        });
    let limits = device_limits::check_device_limits(notes, typed.limits.as_ref(), base);
    let found = sunspec::check_sunspec(notes, typed, assets);
    let points = match (&profile, &found) {
        (Some(profile), _) => profile.points.clone(),
        (None, Some((sunspec, _))) => sunspec.nominal_points(),
        (None, None) => listed,
    };
    let link = around.buses.get(bus).map(|bus| &bus.link);
    let mut points = fit_points(notes, at, link, (&id, &limits), points);
    let default_unit = profile.as_ref().and_then(|profile| profile.factory.unit);
    let unit = claim_unit_id(notes, at, (bus, &id), default_unit, around);
    let every = check_poll_interval(notes, typed);
    let described = profile.as_ref().map(|profile| profile.kind.clone());
    let described = described.or(found.as_ref().map(|(_, kind)| Arc::from(*kind)));
    let kind = device_kind(notes, typed, described, &points);
    let info = DeviceInfo {
        bus: bus_id(around.buses, bus),
        profile: match &profile {
            Some(profile) => Some(profile.name.clone()),
            None => found.as_ref().map(|_| Arc::from(sunspec::SUNSPEC_PROFILE)),
        },
        kind,
        every_ms: u64::try_from(every.as_millis()).unwrap_or(u64::MAX),
        points: points.iter().map(|point| point_info(&id, point)).collect(),
        id: id.clone(),
    };
    let asleep = profile.as_ref().is_some_and(|one| one.asleep_at_night);
    let name = notes.display_name(&typed.name, "name");
    check_point_names(notes, typed, &info, &mut points);
    let device = Device {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        bus,
        unit,
        every,
        limits,
        points: points.into(),
        asleep_at_night: typed.asleep_at_night.unwrap_or(asleep),
        accuracy: check_accuracy(notes, typed, &info),
        facts: profile.map_or_else(Vec::new, |profile| profile.facts),
        sunspec: found.map(|(sunspec, _)| Arc::new(sunspec)),
    };
    (device, info)
}

/// Id of a bus by its index; empty when the configuration has an error there.
fn bus_id(buses: &[Bus], index: usize) -> Arc<str> {
    let bus = buses.get(index);
    bus.map_or_else(|| Arc::from(""), |bus| bus.id.clone())
}

/// Checks points against the bus and the limits of their device, and gives them its own keys.
fn fit_points(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawDevice>,
    link: Option<&BusLink>,
    (id, limits): (&str, &DeviceLimits),
    mut points: Vec<Point>,
) -> Vec<Point> {
    let typed = at.get();
    let places_fit = point_places::check_point_places(notes, &typed.point, link);
    if let Some(link) = link {
        let keys = DeviceAddressKeys {
            profile: &typed.profile,
            line: typed.line.as_ref(),
            chip: ChipDeviceKeys {
                span: at.span(),
                chip: &typed.chip,
                address: &typed.address,
                serial: &typed.serial,
            },
            node: SensorNodeKeys {
                topic: &typed.topic,
                availability: &typed.availability,
                time_field: &typed.time_field,
                stale_after: &typed.stale_after,
            },
        };
        // What is of another kind was reported, and would be again.
        let accesses = points.iter_mut().filter(|_| places_fit);
        let accesses = accesses.map(|point| (&*point.name, &mut point.access));
        bus_kinds::complete_points(notes, &keys, link, accesses);
    }
    check_scales(notes, at.get(), id, &mut points);
    register_checks::check_points_fit(notes, &at.span(), &points, limits);
    points
}

/// Gives points the scale of this very device, such as the litres of a pulse.
fn check_scales(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawDevice,
    device: &str,
    points: &mut [Point],
) {
    for (id, at) in &typed.scales {
        let factor = point_checks::check_factor(notes, Some(at), "scales");
        if let Some(point) = points.iter_mut().find(|point| *point.name == **id) {
            point.scale.factor = factor.unwrap_or(point.scale.factor);
            continue;
        }
        let hint = nearest_name(id, points.iter().map(|point| &*point.name));
        let (what, found) = ("fault-unknown-point", format!("{device}.{id}"));
        notes.add_error_with_hint(
            at.span(),
            "scales",
            what,
            &found,
            "fault-expect-point",
            hint,
        );
    }
}

/// Checks the site's own names of points, and gives them to the points.
fn check_point_names(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawDevice,
    info: &DeviceInfo,
    points: &mut [Point],
) {
    for (id, at) in &typed.names {
        let name = notes.display_name(&Some(at.clone()), "names");
        match points.iter_mut().find(|point| *point.name == **id) {
            Some(point) => point.about.name = name.or(point.about.name.take()),
            None => add_unknown_point(notes, at.span(), "names", info, id),
        }
    }
}

fn check_bus_id(notes: &mut DiagnosticCollector<'_>, typed: &RawDevice, buses: &[Bus]) -> usize {
    let Some(at) = &typed.bus else {
        return 0;
    };
    let ids = buses.iter().map(|bus| &*bus.id);
    let index = ids.clone().position(|id| id == at.get());
    if index.is_none() {
        let hint = nearest_name(at.get(), ids.clone());
        let all: Vec<&str> = ids.collect();
        notes.add_error_with_hint(
            at.span(),
            "bus",
            "fault-unknown-bus",
            at.get(),
            &all.join(", "),
            hint,
        );
    }
    // The error is noted; with any bus the rest of the device is checked in the same run.
    index.unwrap_or(0)
}

/// Checks the unit id of a device, and warns about one that another device of its bus has, or one
/// of another bus that reaches the same host.
fn claim_unit_id(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawDevice>,
    (bus, id): (usize, &Arc<str>),
    default: Option<u8>,
    around: &mut DeviceCheckContext<'_>,
) -> u8 {
    let typed = check_unit_id(notes, at, bus, around);
    let unit = typed.or(default).unwrap_or(1);
    let link = around.buses.get(bus).map(|bus| &bus.link);
    let Some(place) = link.and_then(BusLink::modbus).map(ModbusLink::place) else {
        return unit;
    };
    let known = around.addresses.entry((place, unit));
    let known = known.or_insert_with(|| (bus, Arc::clone(id)));
    if known.1 != *id {
        let typed = &at.get().unit;
        let span = typed.as_ref().map_or(at.span(), SpannedValue::span);
        let (what, other) = if known.0 == bus {
            ("fault-same-unit", "")
        } else {
            ("fault-same-unit-host", &*known.1)
        };
        notes.add_warning(span, "unit", what, &unit.to_string(), other);
    }
    unit
}

fn check_unit_id(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawDevice>,
    bus: usize,
    around: &DeviceCheckContext<'_>,
) -> Option<u8> {
    let serial = around
        .buses
        .get(bus)
        .is_some_and(|bus| !matches!(bus.link.modbus(), Some(ModbusLink::Tcp { .. })));
    // On a serial line 0 is broadcast and 248..=255 are reserved (serial line guide V1.02, 2.2).
    let range = if serial { 1..=247 } else { 0..=255 };
    notes.integer_in_range(&at.get().unit, "unit", range)
}

fn check_poll_interval(notes: &mut DiagnosticCollector<'_>, typed: &RawDevice) -> Duration {
    let every = notes.parsed_text(
        &typed.every,
        "every",
        value_syntax::parse_duration,
        EXPECT_DURATION,
    );
    if let (Some(at), Some(every)) = (&typed.every, every)
        && !(POLL_INTERVAL_MIN..=POLL_INTERVAL_MAX).contains(&every)
    {
        notes.add_error(at.span(), "every", "fault-range", at.get(), "100ms..=1d");
    }
    every.unwrap_or(POLL_INTERVAL_DEFAULT)
}

/// Warns about registers of the site's own points that look like the numbers of a manual, which
/// begin with 1 behind the digit of their table.
pub(crate) fn warn_manual_numbers(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawDevice>],
) {
    for point in raw.iter().flat_map(|device| &device.get().point) {
        let Some(typed) = &point.get().register else {
            continue;
        };
        let first = match value_syntax::parse_register(typed.get()) {
            Some((ModbusTable::Holding, address @ 40_001..=49_999)) => address - 40_001,
            Some((ModbusTable::Input, address @ 30_001..=39_999)) => address - 30_001,
            _ => continue,
        };
        let (table, _) = typed.get().split_once(':').unwrap_or_default();
        let expected = format!("{}:{first}", table.trim());
        notes.add_warning(
            typed.span(),
            "register",
            "fault-manual-number",
            typed.get(),
            &expected,
        );
    }
}

fn load_profile(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawDevice>,
    around: &mut DeviceCheckContext<'_>,
) -> Option<Profile> {
    let Some(name) = &at.get().profile else {
        if at.get().point.is_empty() {
            notes.add_error(at.span(), "profile", "fault-no-points", "", "");
        }
        return None;
    };
    if let Some(point) = at.get().point.first() {
        notes.add_error(
            point.span(),
            "point",
            "fault-profile-and-points",
            name.get(),
            "",
        );
    }
    // `sunspec` is not a file: the device itself reports its registers.
    if name.get() == sunspec::SUNSPEC_PROFILE {
        return None;
    }
    if let Some(known) = around.profiles.get(name.get()) {
        return known.clone();
    }
    let found = match around.library.load(name.get()) {
        Some(Ok(profile)) => require_points(notes, name, profile),
        Some(Err(faults)) => {
            // The profile has its errors once, however many devices name it.
            notes.faults.extend(faults.0);
            None
        }
        None => {
            let hint = around.library.nearest_name(name.get());
            let all = around.library.names().join(", ");
            notes.add_error_with_hint(
                name.span(),
                "profile",
                "fault-unknown-profile",
                name.get(),
                &all,
                hint,
            );
            // Not cached: each device that names it gets its own error.
            return None;
        }
    };
    around.profiles.insert(name.get().clone(), found.clone());
    found
}

/// Warns about facts of low confidence, so that a person compares them with the display.
fn warn_low_confidence(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    profile: &Profile,
) {
    let is_low = |point: &&Point| point.about.confidence == FactConfidence::Low;
    let low: Vec<&str> = profile
        .points
        .iter()
        .filter(is_low)
        .map(|p| &*p.name)
        .collect();
    if profile.confidence == FactConfidence::Low {
        notes.add_warning(at.span(), "profile", "fault-low-confidence", at.get(), "");
    } else if !low.is_empty() {
        let (what, low) = ("fault-low-confidence-points", low.join(", "));
        notes.add_warning(at.span(), "profile", what, at.get(), &low);
    }
}

/// Returns the profile when it can be polled; without points it is an error.
fn require_points(
    notes: &mut DiagnosticCollector<'_>,
    name: &SpannedValue<String>,
    profile: Profile,
) -> Option<Profile> {
    let Some(way) = &profile.reached_by else {
        return Some(profile);
    };
    // Profiles of such devices exist for their facts (`pantau device show`).
    if profile.points.is_empty() {
        let what = "fault-reached-by";
        notes.add_error(name.span(), "profile", what, name.get(), way);
        return None;
    }
    Some(profile)
}

fn device_kind(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawDevice,
    described: Option<Arc<str>>,
    points: &[Point],
) -> Arc<str> {
    if typed.kind.is_some() {
        let word = |text: &str| value_syntax::is_id(text).then(|| Arc::from(text));
        let kind = notes.parsed_text(&typed.kind, "kind", word, "fault-expect-id");
        return kind.unwrap_or_else(|| Arc::from("device"));
    }
    if let Some(kind) = described {
        return kind;
    }
    // Guessed from the quantities, since the kind becomes the InfluxDB measurement.
    let kinds = [
        ("energy", "meter"),
        ("power", "meter"),
        ("level", "level"),
        ("temperature", "environment"),
        ("humidity", "environment"),
    ];
    let measures = |quantity: &str| points.iter().any(|point| *point.quantity == *quantity);
    let kind = kinds.iter().find(|(quantity, _)| measures(quantity));
    // A length alone is mostly a level, but not that of a rain gauge, in millimetres.
    let is_height =
        |point: &Point| *point.quantity == *"length" && ["m", "cm"].contains(&&*point.unit);
    let other = if points.iter().any(is_height) {
        "level"
    } else {
        "device"
    };
    Arc::from(kind.map_or(other, |(_, kind)| *kind))
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
