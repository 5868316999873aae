//! [`config`]: checks site, store and buses, and calls the checks of all other tables.

use crate::assets::{self, CheckContext};
use crate::config::alarm_channel_keys::check_data_budget;
use crate::config::alarm_table::AlarmContext;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::{RawConfig, RawSite};
use crate::config::raw_values::SpannedValue;
use crate::config::same_places::SamePlaces;
use crate::config::site_place::{PlaceCorrection, meant_place};
use crate::config::value_syntax::EXPECT_DURATION;
use crate::config::{
    AlarmRule, Config, Device, Diagnostics, StoreSettings, alarm_settings, backup_settings,
    bus_checks, devices, evidence_settings, factors, is_role, report_settings, site_indicators,
    value_syntax, web_settings,
};
use crate::domain::site_zone::SiteZone;
use crate::domain::{DeviceInfo, Site};
use crate::i18n::Language;
use crate::ledger::IndicatorDefinitions;
use crate::sinks::{ConfiguredSink, RawSink, SinkCheck};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Default flush interval: the longest time of readings that a power cut can lose.
// A sixth of the card wear of 10 s (table in docs/configuration.md).
const FLUSH_DEFAULT: Duration = Duration::from_mins(1);
/// Minimum flush interval.
// More frequent commits wear the card and gain nothing.
const FLUSH_MIN: Duration = Duration::from_millis(100);
/// Directory of the store where the file names none.
pub(super) const STORE_DEFAULT: &str = "/var/lib/pantau";

/// Checks the whole file but its sinks. The result is valid only when `notes` has no errors.
pub(crate) fn check_config(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawConfig,
    texts: factors::FactorTexts<'_>,
) -> Config {
    let empty = RawSite::default();
    let raw_site = raw.site.as_ref().map_or(&empty, SpannedValue::get);
    let mut buses = bus_checks::check_buses(notes, &raw.bus);
    let (mut devices, infos) = devices::check_devices(notes, raw, raw_site, &buses);
    bus_checks::warn_shared_places(notes, &raw.device, &buses, &devices);
    devices::warn_manual_numbers(notes, &raw.device);
    // After the devices: a bus without `settle` or `timeout` takes the longest of its devices'
    // profiles.
    bus_checks::apply_bus_times(&mut buses, &raw.bus, &mut devices);
    let site = check_site(notes, raw, infos);
    let factors = factors::check_factors(notes, raw.factors.as_ref(), &raw.factor_evidence, texts);
    let definitions = site_indicators::check_indicators(notes, &raw.indicator, &factors);
    let places = SamePlaces::of(&buses, &devices);
    let mut around = CheckContext {
        site: &site,
        places: &places,
        factors: &factors,
        definitions: &definitions,
        roles: BTreeMap::new(),
    };
    let (assets, relations) = assets::check_assets(notes, &raw.asset, &raw.relation, &mut around);
    // After the assets: their ratings narrow the limits of the points that they name, and the
    // amounts that people record of them.
    assets::apply_rated_limits(&assets, &mut devices);
    let ranges = assets.iter().map(|asset| asset.kind.settings());
    let ranges = ranges.flat_map(|settings| settings.entry_ranges());
    let names = assets.iter();
    let names = names.map(|one| (Arc::clone(&one.id), Arc::clone(&one.name)));
    let definitions = definitions
        .clone()
        .with_asset_ranges(ranges)
        .with_assets(names);
    let alarms = check_alarms(notes, raw, (&site, &assets, &devices), &definitions);
    let report = report_settings::check_report(notes, raw.report.as_ref(), &assets, &definitions);
    Config {
        file: notes.file.to_owned(),
        text: notes.text.to_owned(),
        assets,
        relations,
        factors,
        definitions,
        store: check_store(notes, raw),
        sinks: Vec::new(),
        report,
        web: {
            let folder = notes.file.parent().unwrap_or(std::path::Path::new("."));
            web_settings::check_web(notes, raw.web.as_ref(), folder)
        },
        backup: backup_settings::check_backup(notes, raw.backup.as_ref()),
        alarms,
        // They need the environment, which an archived configuration has not.
        alarm_channels: Vec::new(),
        alarm_budget: check_data_budget(notes, raw.alarm_delivery.as_ref()),
        time_stamp: evidence_settings::check_time_stamp_server(notes, raw.evidence.as_ref()),
        site,
        language: raw_site
            .language
            .as_ref()
            .and_then(|at| Language::parse(at.get())),
        buses,
        devices,
        profiles: raw_site.profiles.as_ref().map(|at| notes.path(at.get())),
        warnings: Vec::new(),
        revision: OnceLock::new(),
    }
}

/// Checks the rules of alarms, after the devices have the limits of their assets.
fn check_alarms(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawConfig,
    (site, assets, devices): (&Site, &[assets::Asset], &[Device]),
    definitions: &IndicatorDefinitions,
) -> Vec<AlarmRule> {
    let range_of = |id: &str| {
        let found = site.find_point(id).and_then(|(device, point)| {
            let device = devices.get(usize::from(device))?;
            device.points.get(point)
        });
        let none = (f64::NEG_INFINITY, f64::INFINITY);
        let limits = found.map(|point| (point.min.unwrap_or(none.0), point.max.unwrap_or(none.1)));
        let limits = limits.unwrap_or(none);
        // Limits of a reading leave room for the drift of a sensor; a rule is about true values.
        let info = site.point(id);
        match info.map(|info| (&*info.unit, &*info.quantity)) {
            Some(("%RH", _) | ("%", "fill" | "state_of_charge" | "humidity")) => {
                (limits.0.max(0.0), limits.1.min(100.0))
            }
            _ if found.is_some_and(super::point::Point::is_never_negative)
                || is_depth(assets, id) =>
            {
                (limits.0.max(0.0), limits.1)
            }
            _ => limits,
        }
    };
    let around = AlarmContext {
        site,
        assets,
        figures: &report_settings::known_figures(definitions),
        range_of: &range_of,
    };
    alarm_settings::check_alarms(notes, &raw.alarm, &around)
}

/// Whether a point is the level of water in an asset, which begins at its floor.
fn is_depth(assets: &[assets::Asset], id: &str) -> bool {
    let mut points = assets.iter().flat_map(|asset| &asset.points);
    points.any(|(role, point)| is_role(role, "level") && **point == *id)
}

/// Checks the tables of the sinks.
pub(crate) fn check_sinks(
    notes: &mut DiagnosticCollector<'_>,
    sinks: Vec<RawSink<'_>>,
    site: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<Arc<dyn ConfiguredSink>> {
    let mut checked = Vec::new();
    for (kind, table) in sinks {
        let mut check = SinkCheck { notes, site, env };
        match (kind.check)(table, &mut check) {
            Ok(sink) => checked.push(sink),
            Err(error) => notes.add_toml_error(&error),
        }
    }
    checked
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
    let zone = SiteZone::by_name;
    let timezone = notes.parsed_text(&raw.timezone, "timezone", zone, "fault-expect-timezone");
    let timezone = timezone.unwrap_or_default();
    if raw.timezone.is_none() {
        let name = timezone.name();
        notes.add_warning(head.clone(), "timezone", "fault-assumed", "", name);
    }
    let name = raw.name.as_ref().map(|at| Arc::from(at.get().as_str()));
    let (latitude, longitude) = check_place(notes, &head, raw);
    Site {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        timezone,
        latitude,
        longitude,
        devices,
    }
}

/// Checks the coordinates, with a warning where another sign or the other order puts them into
/// Indonesia.
fn check_place(
    notes: &mut DiagnosticCollector<'_>,
    head: &Range<usize>,
    raw: &RawSite,
) -> (f64, f64) {
    let typed = raw.latitude.as_ref().zip(raw.longitude.as_ref());
    let meant = typed.and_then(|(north, east)| meant_place(*north.get(), *east.get()));
    let Some(((north, east), meant)) = typed.zip(meant) else {
        return (
            check_coordinate(notes, head, raw.latitude.as_ref(), "latitude", 90.0),
            check_coordinate(notes, head, raw.longitude.as_ref(), "longitude", 180.0),
        );
    };
    let (latitude, longitude) = (*north.get(), *east.get());
    let found = format!("{latitude}, {longitude}");
    let (span, key) = (north.span(), "latitude");
    match meant {
        // A longitude of Indonesia is no latitude at all.
        PlaceCorrection::Swapped => {
            let expected = format!("latitude = {longitude}, longitude = {latitude}");
            notes.add_error(span, key, "fault-place-swapped", &found, &expected);
        }
        PlaceCorrection::LatitudeSign => {
            let expected = format!("latitude = {}", -latitude);
            notes.add_warning(span, key, "fault-place-sign", &found, &expected);
        }
    }
    (latitude, longitude)
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
    let path = notes.folder(&raw.path, "path");
    StoreSettings {
        path: path.unwrap_or_else(|| notes.path(STORE_DEFAULT)),
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

/// Returns the configuration when it has no errors, else the sorted errors.
pub(crate) fn accept_config(
    mut notes: DiagnosticCollector<'_>,
    config: Option<Config>,
) -> Result<Config, Diagnostics> {
    let mut faults = std::mem::take(&mut notes.faults);
    // Errors of profiles follow those of the file itself.
    faults.sort_by_key(|fault| (fault.file != notes.file, fault.line));
    match config {
        Some(mut config) if faults.is_empty() => {
            notes.warnings.sort_by_key(|fault| fault.line);
            config.warnings = notes.warnings;
            Ok(config)
        }
        _ => Err(Diagnostics(faults)),
    }
}
