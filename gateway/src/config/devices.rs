//! Devices: raw to believed, with their profiles.

use crate::config::check::DURATION;
use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::profile::{Library, Profile};
use crate::config::raw::{At, RawConfig, RawDevice, RawSite};
use crate::config::{Bus, Confidence, Device, Link, Point, limits, points, sunspec, values};
use crate::limits::DEVICES_MAX;
use crate::model::{DeviceInfo, PointInfo};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const EVERY_DEFAULT: Duration = Duration::from_secs(10);
const EVERY_MIN: Duration = Duration::from_millis(100);
const EVERY_MAX: Duration = Duration::from_hours(24);

/// What devices are checked against.
struct Around<'a> {
    buses: &'a [Bus],
    library: Library,
    profiles: BTreeMap<String, Option<Profile>>,
    ids: BTreeSet<String>,
    addresses: BTreeSet<(usize, u8)>,
}

/// Every device, and what the rest of the program needs to know of it.
pub(crate) fn devices(
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
    let assets = std::mem::take(&mut notes.asset_texts);
    let all = raw.device.iter();
    let all = all.map(|at| device(notes, at, &assets, &mut around));
    all.unzip()
}

fn device(
    notes: &mut Notes<'_>,
    at: &At<RawDevice>,
    assets: &[String],
    around: &mut Around<'_>,
) -> (Device, DeviceInfo) {
    let typed = at.get();
    let id = notes.id(&typed.id, &mut around.ids);
    let bus = bus_of(notes, typed, around.buses);
    let profile = profile_of(notes, at, around);
    if let (Some(profile), Some(at)) = (&profile, &typed.profile) {
        doubts(notes, at, profile);
    }
    let listed = points::points(notes, &typed.point);
    let base = profile
        .as_ref()
        .map_or_else(limits::no_limits, |profile| profile.limits.clone());
    let limits = limits::limits(notes, typed.limits.as_ref(), base);
    let found = sunspec::sunspec(notes, typed, assets);
    let points = match (&profile, &found) {
        (Some(profile), _) => profile.points.clone(),
        (None, Some((sunspec, _))) => sunspec.points(),
        (None, None) => listed,
    };
    limits::fit(notes, &at.span(), &points, &limits);
    let default_unit = profile.as_ref().and_then(|profile| profile.factory.unit);
    let unit = unit_of(notes, at, bus, around)
        .or(default_unit)
        .unwrap_or(1);
    if !around.addresses.insert((bus, unit)) {
        let span = typed.unit.as_ref().map_or(at.span(), At::span);
        notes.warn(span, "unit", "fault-same-unit", &unit.to_string(), "");
    }
    let every = every(notes, typed);
    let described = profile.as_ref().map(|profile| profile.kind.clone());
    let described = described.or(found.as_ref().map(|(_, kind)| Arc::from(*kind)));
    let kind = kind_of(notes, typed, described, &points);
    let info = DeviceInfo {
        bus: around
            .buses
            .get(bus)
            .map_or_else(|| Arc::from(""), |bus| bus.id.clone()),
        profile: match &profile {
            Some(profile) => Some(profile.name.clone()),
            None => found.as_ref().map(|_| Arc::from(sunspec::PROFILE)),
        },
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
        accuracy: accuracy(notes, typed, &info),
        facts: profile.map_or_else(Vec::new, |profile| profile.facts),
        sunspec: found.map(|(sunspec, _)| Arc::new(sunspec)),
    };
    (device, info)
}

/// How well points measure, as the site says.
fn accuracy(
    notes: &mut Notes<'_>,
    typed: &RawDevice,
    info: &DeviceInfo,
) -> BTreeMap<Arc<str>, f64> {
    let mut all = BTreeMap::new();
    for (name, at) in &typed.accuracy {
        let pct = *at.get();
        let mut points = info.points.iter();
        match points.find(|point| *point.name == **name) {
            None => {
                let names = info.points.iter().map(|point| &*point.name);
                let hint = nearest(name, names);
                let found = format!("{}.{name}", info.id);
                let what = "fault-unknown-point";
                notes.add(
                    at.span(),
                    "accuracy",
                    what,
                    &found,
                    "fault-expect-point",
                    hint,
                );
            }
            Some(_) if !(pct > 0.0 && pct <= 100.0) => {
                notes.fault(
                    at.span(),
                    "accuracy",
                    "fault-range",
                    &pct.to_string(),
                    "0..=100",
                );
            }
            Some(point) => {
                all.insert(Arc::clone(&point.name), pct);
            }
        }
    }
    all
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
    if name.get() == sunspec::PROFILE {
        return None;
    }
    if let Some(known) = around.profiles.get(name.get()) {
        return known.clone();
    }
    let found = match around.library.load(name.get()) {
        Some(Ok(profile)) => reachable(notes, name, profile),
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

/// Facts of low confidence are said, so that somebody compares them with the display.
fn doubts(notes: &mut Notes<'_>, at: &At<String>, profile: &Profile) {
    let is_low = |point: &&Point| point.about.confidence == Confidence::Low;
    let low: Vec<&str> = profile
        .points
        .iter()
        .filter(is_low)
        .map(|p| &*p.name)
        .collect();
    if profile.confidence == Confidence::Low {
        notes.warn(at.span(), "profile", "fault-low-confidence", at.get(), "");
    } else if !low.is_empty() {
        let (what, low) = ("fault-low-confidence-points", low.join(", "));
        notes.warn(at.span(), "profile", what, at.get(), &low);
    }
}

/// A device that has no registers to ask for is a fault here; it has its profile for its facts.
fn reachable(notes: &mut Notes<'_>, name: &At<String>, profile: Profile) -> Option<Profile> {
    let Some(way) = &profile.reached_by else {
        return Some(profile);
    };
    if profile.points.is_empty() {
        let what = "fault-reached-by";
        notes.fault(name.span(), "profile", what, name.get(), way);
        return None;
    }
    Some(profile)
}

fn kind_of(
    notes: &mut Notes<'_>,
    typed: &RawDevice,
    described: Option<Arc<str>>,
    points: &[Point],
) -> Arc<str> {
    if typed.kind.is_some() {
        let word = |text: &str| values::is_id(text).then(|| Arc::from(text));
        let kind = notes.parsed(&typed.kind, "kind", word, "fault-expect-id");
        return kind.unwrap_or_else(|| Arc::from("device"));
    }
    if let Some(kind) = described {
        return kind;
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
