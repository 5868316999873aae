//! [`Profile`]: facts about a device type, built into the binary or from the site's directory.
//!
//! ```text
//! let library = ProfileLibrary::new(Some("devices".into()));
//! let profile = library.load("acrel-adl400.t317");    // None: no profile of this name
//! ```
//!
//! The format is described in `docs/devices.md`.

use crate::config::bus_kinds::RawPoint;
use crate::config::captures::RegisterCapture;
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::identification::{self, IdentificationRule};
use crate::config::mqtt_point::{self, SensorNodeKeys};
use crate::config::raw_profile::{RawProfile, RawVariant};
use crate::config::raw_values::{RawText, SpannedValue};
use crate::config::set_address::DeviceSetting;
use crate::config::{
    DeviceLimits, Diagnostics, FactConfidence, LinearScale, Parity, Point, PointAccess,
};
use crate::config::{
    captures, chip_point, device_limits, modbus_link, point_checks, point_places, profile_variant,
    register_checks, schema_check, set_address,
};
use include_dir::{Dir, include_dir};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

static BUILT_IN_PROFILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../config/devices");

/// Checked profile of a device type.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name of its file; of a variant `NAME.VARIANT`.
    pub name: Arc<str>,
    /// File; for a built-in profile its path in the project.
    pub file: PathBuf,
    /// Manufacturer.
    pub manufacturer: String,
    /// Models that the profile fits.
    pub model: String,
    /// Kind of device.
    pub kind: Arc<str>,
    /// Factory settings of the device.
    pub factory: FactorySettings,
    /// Limits of one request.
    pub limits: DeviceLimits,
    /// True when no answer at night is normal.
    pub asleep_at_night: bool,
    /// Points.
    pub points: Vec<Point>,
    /// Registers read at the start and once a day: `manufacturer`, `model`, `version`, `serial`,
    /// and settings.
    pub facts: Vec<Point>,
    /// Setting of the unit id, when it can be changed.
    pub set_address: Option<DeviceSetting>,
    /// Setting of the serial speed, when it can be changed.
    pub set_baud: Option<DeviceSetting>,
    /// Rules by which `scan` recognises the device.
    pub identify: Vec<IdentificationRule>,
    /// Captured registers with the values that they must decode to.
    pub captures: Vec<RegisterCapture>,
    /// Confidence in the facts.
    pub confidence: FactConfidence,
    /// Access without a Modbus register list: `gpio`, `i2c`, `one-wire`, `uart`, `mqtt`, `sunspec`;
    /// `None` for all others.
    pub reached_by: Option<String>,
    /// Source of the facts, one sentence.
    pub source: String,
    /// Source documents.
    pub documents: Vec<SourceDocument>,
    /// Models that differ in a few facts, as profiles `NAME.VARIANT`.
    pub variants: Vec<Profile>,
}

impl Profile {
    /// Whether it lists Modbus registers: not so for pins, chips and `sunspec`.
    pub fn has_registers(&self) -> bool {
        self.points.iter().any(|point| point.modbus().is_some())
    }
}

/// Source document of a profile; unknown parts are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceDocument {
    /// Title.
    pub title: String,
    /// Revision, version or commit.
    pub revision: String,
    /// Page, section or file.
    pub section: String,
    /// Public address.
    pub url: String,
}

/// Factory settings of a device; `None` where unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactorySettings {
    /// Serial speed, bit/s.
    pub baud: Option<u32>,
    /// Parity.
    pub parity: Option<Parity>,
    /// 1 or 2.
    pub stop_bits: Option<u8>,
    /// Modbus unit id.
    pub unit: Option<u8>,
    /// TCP port.
    pub tcp_port: Option<u16>,
}

/// Directory and built-in list in which profiles are searched.
#[derive(Clone, Debug)]
pub(crate) struct ProfileLibrary {
    directory: Option<PathBuf>,
}

impl ProfileLibrary {
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// Returns the names of all profiles, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = self
            .directory
            .iter()
            .filter_map(|dir| std::fs::read_dir(dir).ok());
        let own = own.flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let built_in = BUILT_IN_PROFILES
            .files()
            .map(|file| file.path().to_path_buf());
        let names: BTreeSet<String> = own
            .chain(built_in)
            .filter_map(|path| profile_name(&path))
            .collect();
        names.into_iter().collect()
    }

    /// Loads and checks a profile (or `NAME.VARIANT`); `None` when none has this name.
    pub(crate) fn load(&self, name: &str) -> Option<Result<Profile, Diagnostics>> {
        // A variant is part of its profile's file.
        let file = name.split_once('.').map_or(name, |(file, _)| file);
        let (path, text) = self.profile_text(file)?;
        match load_profile_text(&text, &path) {
            Ok(profile) if *profile.name == *name => Some(Ok(profile)),
            Ok(profile) => {
                let mut variants = profile.variants.into_iter();
                Some(Ok(variants.find(|variant| *variant.name == *name)?))
            }
            Err(faults) => Some(Err(faults)),
        }
    }

    /// Returns the nearest profile name.
    pub(crate) fn nearest_name(&self, name: &str) -> Option<String> {
        nearest_name(name, self.names().iter().map(String::as_str))
    }

    fn profile_text(&self, name: &str) -> Option<(PathBuf, String)> {
        let file = format!("{name}.toml");
        // An own profile replaces the built-in one of the same name.
        if let Some(directory) = &self.directory {
            let path = directory.join(&file);
            if let Ok(text) = std::fs::read_to_string(&path) {
                return Some((path, text));
            }
        }
        let text = BUILT_IN_PROFILES
            .get_file(&file)?
            .contents_utf8()?
            .to_owned();
        Some((Path::new("config/devices").join(file), text))
    }
}

fn profile_name(path: &Path) -> Option<String> {
    let is_toml = path.extension().is_some_and(|ending| ending == "toml");
    is_toml.then(|| path.file_stem()?.to_str().map(str::to_owned))?
}

/// Checks the text of a profile.
pub fn load_profile_text(text: &str, file: &Path) -> Result<Profile, Diagnostics> {
    let mut notes = DiagnosticCollector::new(file, text);
    let raw = schema_check::parse_checked::<RawProfile>(&mut notes);
    let profile = raw.map(|raw| check_profile(&mut notes, &raw));
    // In a profile a warning is an error: many sites will use it.
    let mut faults = notes.faults;
    faults.append(&mut notes.warnings);
    faults.sort_by_key(|fault| fault.line);
    // A variant repeats the errors of the parts it shares with the profile.
    let mut seen = Vec::new();
    faults.retain(|fault| {
        let is_new = !seen.contains(fault);
        seen.push(fault.clone());
        is_new
    });
    match profile {
        Some(profile) if faults.is_empty() => Ok(profile),
        _ => Err(Diagnostics(faults)),
    }
}

fn check_profile(notes: &mut DiagnosticCollector<'_>, raw: &RawProfile) -> Profile {
    let name = notes.id(&raw.name, &mut BTreeSet::new());
    let stem = notes.file.file_stem().unwrap_or_default().to_string_lossy();
    // The name is how devices refer to the file, so both must be equal.
    if let Some(at) = raw.name.as_ref().filter(|at| *at.get() != stem) {
        notes.add_error(at.span(), "name", "fault-value", at.get(), &stem);
    }
    let mut profile = check_single_profile(notes, raw, name);
    let mut seen = BTreeSet::new();
    for at in &raw.variant {
        let variant = check_variant(notes, raw, at.get(), &profile.name, &mut seen);
        profile.variants.push(variant);
    }
    profile
}

fn check_variant(
    notes: &mut DiagnosticCollector<'_>,
    base: &RawProfile,
    raw: &RawVariant,
    name: &str,
    seen: &mut BTreeSet<String>,
) -> Profile {
    for at in profile_variant::unknown_removed_points(base, raw) {
        let expected = "fault-expect-point";
        notes.add_error(at.span(), "without", "fault-value", at.get(), expected);
    }
    let own = notes.id(&raw.name, seen);
    let merged = profile_variant::merge_variant(base, raw);
    check_single_profile(notes, &merged, Arc::from(format!("{name}.{own}")))
}

/// Checks a profile or a merged variant, without variants of its own.
fn check_single_profile(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawProfile,
    name: Arc<str>,
) -> Profile {
    let confidence = raw.confidence.as_ref();
    let confidence = confidence.map_or(FactConfidence::Medium, |at| (*at.get()).into());
    let mut points = check_points_with_confidence(notes, &raw.point, confidence);
    // Devices behind GPIO, I2C or SunSpec have a profile for their facts alone.
    if points.is_empty() && raw.reached_by.is_none() {
        notes.add_error(0..0, "point", "fault-profile-empty", "", "");
    }
    let chip = chip_point::check_chip_word(notes, &raw.chip);
    let keys = SensorNodeKeys {
        topic: &None,
        availability: &raw.availability,
        time_field: &raw.time_field,
        stale_after: &raw.stale_after,
    };
    let node = mqtt_point::check_node_facts(notes, &keys);
    for point in &mut points {
        match &mut point.access {
            PointAccess::Chip(access) => access.chip = chip,
            PointAccess::Mqtt(access) => access.node = node.clone(),
            // Other points have nothing from the profile as a whole.
            _ => {}
        }
    }
    let mut facts = check_points_with_confidence(notes, &raw.fact, confidence);
    for (fact, at) in facts.iter_mut().zip(&raw.fact) {
        // A fact is shown as the device reports it: physical limits are for measured values.
        let typed = |limit: &Option<SpannedValue<f64>>| limit.as_ref().map(|at| *at.get());
        (fact.min, fact.max) = (typed(&at.get().min), typed(&at.get().max));
    }
    let limits = device_limits::check_device_limits(
        notes,
        raw.limits.as_ref(),
        device_limits::protocol_limits(),
    );
    register_checks::check_points_fit(notes, &(0..0), &points, &limits);
    let known: Vec<Point> = points.iter().chain(&facts).cloned().collect();
    Profile {
        name,
        file: notes.file.to_path_buf(),
        manufacturer: text_or_empty(&raw.manufacturer),
        model: text_or_empty(&raw.model),
        kind: notes.id(&raw.kind, &mut BTreeSet::new()),
        factory: check_factory_settings(notes, raw),
        limits,
        asleep_at_night: raw.asleep_at_night.unwrap_or(false),
        set_address: set_address::check_address_setting(notes, raw.set_address.as_ref()),
        set_baud: set_address::check_baud_setting(notes, raw.set_baud.as_ref()),
        identify: identification::check_rules(notes, &raw.identify, &known),
        captures: captures::check_captures(notes, raw, &known),
        points,
        facts,
        confidence,
        reached_by: raw.reached_by.as_ref().map(|at| at.get().clone()),
        source: text_or_empty(&raw.source),
        documents: convert_documents(raw),
        variants: Vec::new(),
    }
}

fn text_or_empty(typed: &RawText) -> String {
    typed.as_ref().map_or(String::new(), |at| at.get().clone())
}

fn convert_documents(raw: &RawProfile) -> Vec<SourceDocument> {
    let documents = raw.document.iter();
    documents
        .map(|document| SourceDocument {
            title: text_or_empty(&document.title),
            revision: text_or_empty(&document.revision),
            section: text_or_empty(&document.section),
            url: text_or_empty(&document.url),
        })
        .collect()
}

/// Checks points; those without a confidence of their own get that of the profile.
fn check_points_with_confidence(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawPoint>],
    confidence: FactConfidence,
) -> Vec<Point> {
    point_places::check_point_places(notes, raw, None);
    let mut points = point_checks::check_points(notes, raw);
    for (point, at) in points.iter_mut().zip(raw) {
        if at.get().confidence.is_none() {
            point.about.confidence = confidence;
        }
        require_unit(notes, at.span(), point);
    }
    points
}

/// Requires a unit or a quantity for a scaled number.
fn require_unit(notes: &mut DiagnosticCollector<'_>, span: Range<usize>, point: &Point) {
    // Without either, nobody can tell the meaning of the scaled value.
    if point.scale != LinearScale::IDENTITY && point.unit.is_empty() && point.quantity.is_empty() {
        notes.add_error(span, "scale", "fault-scale-without-unit", &point.name, "");
    }
}

fn check_factory_settings(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawProfile,
) -> FactorySettings {
    FactorySettings {
        baud: notes.integer_in_range(&raw.link.baud, "baud", modbus_link::BAUD_RANGE),
        parity: raw
            .link
            .parity
            .as_ref()
            .map(|at| modbus_link::convert_parity(*at.get())),
        stop_bits: notes.integer_in_range(&raw.link.stop_bits, "stop_bits", 1..=2),
        unit: notes.integer_in_range(&raw.link.unit, "unit", 1..=247),
        tcp_port: notes.integer_in_range(&raw.link.tcp_port, "tcp_port", 1..=65_535),
    }
}
