//! Profiles: facts about a device type, from the binary or from a directory of one's own.

use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{At, RawOrigin, RawProfile, Text};
use crate::config::{DeviceLimits, Faults, Parity, Point, check, points, shape};
use include_dir::{Dir, include_dir};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../config/devices");

/// A checked profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name, that of its file.
    pub name: Arc<str>,
    /// Who makes the device.
    pub manufacturer: String,
    /// Models that it fits.
    pub model: String,
    /// Kind of device.
    pub kind: Arc<str>,
    /// How the device leaves the factory.
    pub factory: Factory,
    /// What its registers allow.
    pub limits: DeviceLimits,
    /// Silence at night is no fault.
    pub asleep_at_night: bool,
    /// Its points.
    pub points: Vec<Point>,
    /// How to recognise it: point (index), least and greatest value on such a device.
    pub identify: Vec<(usize, f64, f64)>,
    /// Words and what they must decode to.
    pub captures: Vec<Capture>,
    /// Where the facts come from.
    pub source: String,
}

/// Factory settings of a device; what is unknown is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Factory {
    /// Bits a second.
    pub baud: Option<u32>,
    /// Parity.
    pub parity: Option<Parity>,
    /// 1 or 2.
    pub stop_bits: Option<u8>,
    /// Modbus unit id.
    pub unit: Option<u8>,
}

/// Words of one point and their meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Index of the point in the profile.
    pub point: usize,
    /// Its registers, in address order.
    pub words: Vec<u16>,
    /// Value in the point's unit; `None`: no value.
    pub value: Option<f64>,
    /// Raw values of other points (index) that this one depends on.
    pub with: Vec<(usize, i64)>,
    /// True when a device sent the words or a document prints them; false when they were worked out
    /// from the source's type, order and scale.
    pub witnessed: bool,
}

/// Where profiles are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    directory: Option<PathBuf>,
}

impl Library {
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// Names of all profiles, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = self
            .directory
            .iter()
            .filter_map(|dir| std::fs::read_dir(dir).ok());
        let own = own.flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let built_in = BUILT_IN.files().map(|file| file.path().to_path_buf());
        let names: BTreeSet<String> = own
            .chain(built_in)
            .filter_map(|path| name_of(&path))
            .collect();
        names.into_iter().collect()
    }

    /// The profile, checked; `None` when there is none of this name.
    pub(crate) fn load(&self, name: &str) -> Option<Result<Profile, Faults>> {
        let (path, text) = self.text(name)?;
        Some(load_text(&text, &path))
    }

    /// The name that was probably meant.
    pub(crate) fn nearest(&self, name: &str) -> Option<String> {
        nearest(name, self.names().iter().map(String::as_str))
    }

    fn text(&self, name: &str) -> Option<(PathBuf, String)> {
        let file = format!("{name}.toml");
        if let Some(directory) = &self.directory {
            let path = directory.join(&file);
            if let Ok(text) = std::fs::read_to_string(&path) {
                return Some((path, text));
            }
        }
        let text = BUILT_IN.get_file(&file)?.contents_utf8()?.to_owned();
        Some((Path::new("config/devices").join(file), text))
    }
}

fn name_of(path: &Path) -> Option<String> {
    let is_toml = path.extension().is_some_and(|ending| ending == "toml");
    is_toml.then(|| path.file_stem()?.to_str().map(str::to_owned))?
}

/// Checks the text of a profile.
pub fn load_text(text: &str, file: &Path) -> Result<Profile, Faults> {
    let mut notes = Notes::new(file, text);
    let profile = shape::read::<RawProfile>(&mut notes).map(|raw| profile(&mut notes, &raw));
    notes.faults.sort_by_key(|fault| fault.line);
    match profile {
        Some(profile) if notes.faults.is_empty() => Ok(profile),
        _ => Err(Faults(notes.faults)),
    }
}

fn profile(notes: &mut Notes<'_>, raw: &RawProfile) -> Profile {
    let text = |typed: &Text| typed.as_ref().map_or(String::new(), |at| at.get().clone());
    let name = notes.id(&raw.name, &mut BTreeSet::new());
    let stem = notes.file.file_stem().unwrap_or_default().to_string_lossy();
    if let Some(at) = raw.name.as_ref().filter(|at| *at.get() != stem) {
        notes.fault(at.span(), "name", "fault-value", at.get(), &stem);
    }
    let points = points::points(notes, &raw.point);
    let limits = points::limits(notes, raw.limits.as_ref(), points::no_limits());
    points::fit(notes, &(0..0), &points, &limits);
    Profile {
        name,
        manufacturer: text(&raw.manufacturer),
        model: text(&raw.model),
        kind: notes.id(&raw.kind, &mut BTreeSet::new()),
        factory: factory(notes, raw),
        limits,
        asleep_at_night: raw.asleep_at_night.unwrap_or(false),
        identify: identify(notes, raw, &points),
        captures: captures(notes, raw, &points),
        points,
        source: text(&raw.source),
    }
}

fn factory(notes: &mut Notes<'_>, raw: &RawProfile) -> Factory {
    Factory {
        baud: notes.ranged(&raw.link.baud, "baud", check::BAUD),
        parity: raw.link.parity.as_ref().map(|at| check::parity(*at.get())),
        stop_bits: notes.ranged(&raw.link.stop_bits, "stop_bits", 1..=2),
        unit: notes.ranged(&raw.link.unit, "unit", 1..=247),
    }
}

fn index(points: &[Point], name: &str) -> Option<usize> {
    points.iter().position(|point| *point.name == *name)
}

fn identify(notes: &mut Notes<'_>, raw: &RawProfile, points: &[Point]) -> Vec<(usize, f64, f64)> {
    let mut probes = Vec::new();
    for probe in raw.identify.iter().map(At::get) {
        let find = |name: &str| index(points, name);
        let point = notes.parsed(&probe.point, "point", find, "fault-expect-point");
        let (min, max) = (
            notes.finite(probe.min.as_ref(), "min"),
            notes.finite(probe.max.as_ref(), "max"),
        );
        if let (Some(point), Some(min), Some(max)) = (point, min, max) {
            probes.push((point, min, max));
        }
    }
    probes
}

fn captures(notes: &mut Notes<'_>, raw: &RawProfile, points: &[Point]) -> Vec<Capture> {
    let mut captures = Vec::new();
    for at in &raw.capture {
        let typed = at.get();
        let find = |name: &str| index(points, name);
        let Some(point) = notes.parsed(&typed.point, "point", find, "fault-expect-point") else {
            continue;
        };
        let wanted = points[point].encoding.registers();
        if typed.words.len() != usize::from(wanted) {
            let (found, wanted) = (typed.words.len().to_string(), wanted.to_string());
            notes.fault(at.span(), "words", "fault-value", &found, &wanted);
        }
        let origin = typed.from.as_ref().map(At::get);
        captures.push(Capture {
            point,
            words: typed.words.iter().map(|word| *word.get()).collect(),
            value: notes.finite(typed.value.as_ref(), "value"),
            with: with(notes, at.span(), &typed.with, points),
            witnessed: origin.is_some_and(|origin| *origin != RawOrigin::WorkedOut),
        });
    }
    for (index, point) in points.iter().enumerate() {
        if !captures.iter().any(|capture| capture.point == index) {
            let span = raw.point.get(index).map_or(0..0, At::span);
            notes.fault(span, &point.name, "fault-no-capture", &point.name, "");
        }
    }
    captures
}

fn with(
    notes: &mut Notes<'_>,
    span: std::ops::Range<usize>,
    typed: &BTreeMap<String, i64>,
    points: &[Point],
) -> Vec<(usize, i64)> {
    let mut with = Vec::new();
    for (name, raw) in typed {
        match index(points, name) {
            Some(index) => with.push((index, *raw)),
            None => notes.fault(
                span.clone(),
                "with",
                "fault-value",
                name,
                "fault-expect-point",
            ),
        }
    }
    with
}
