//! Profiles: facts about a device type, from the binary or from a directory of one's own.

use crate::config::fault::nearest;
use crate::config::identify::{self, Rule};
use crate::config::notes::Notes;
use crate::config::raw::{At, RawPoint, Text};
use crate::config::raw_profile::{RawCapture, RawOrigin, RawProfile, RawVariant};
use crate::config::set_address::Setting;
use crate::config::{Confidence, DeviceLimits, Encoding, Faults, Parity, Point, Scale};
use crate::config::{check, limits, points, set_address, shape, variant};
use include_dir::{Dir, include_dir};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../config/devices");

/// A checked profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name: that of its file, and of a variant behind a dot.
    pub name: Arc<str>,
    /// Its file; the place in the project for a built-in one.
    pub file: PathBuf,
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
    /// What it can say of itself: `manufacturer`, `model`, `version`, `serial`, and settings.
    pub facts: Vec<Point>,
    /// How it is given another address.
    pub set_address: Option<Setting>,
    /// How it is given another speed.
    pub set_baud: Option<Setting>,
    /// How to recognise it.
    pub identify: Vec<Rule>,
    /// Words and what they must decode to.
    pub captures: Vec<Capture>,
    /// How sure the facts are.
    pub confidence: Confidence,
    /// How it is reached when not by Modbus registers that a profile lists: `gpio`, `i2c`,
    /// `one-wire`, `uart`, `sunspec`; `None` for the others.
    pub reached_by: Option<String>,
    /// Where the facts come from, in a sentence.
    pub source: String,
    /// The documents.
    pub documents: Vec<Document>,
    /// Models that differ in a few facts; their names are `NAME.VARIANT`.
    pub variants: Vec<Profile>,
}

/// A document that facts come from; what is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Revision, version or commit.
    pub revision: String,
    /// Page, section or file.
    pub section: String,
    /// Where it is public.
    pub url: String,
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
    /// TCP port.
    pub tcp_port: Option<u16>,
}

/// Words of one point and their meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Line in the file, from 1.
    pub line: usize,
    /// Index of the point in the profile; of the fact behind them, from the number of points on.
    pub point: usize,
    /// Its registers, in address order.
    pub words: Vec<u16>,
    /// Value in the point's unit; `None`: no value.
    pub value: Option<f64>,
    /// What the registers of a fact say.
    pub text: Option<String>,
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

    /// The profile (or `NAME.VARIANT`), checked; `None` when there is none of this name.
    pub(crate) fn load(&self, name: &str) -> Option<Result<Profile, Faults>> {
        let file = name.split_once('.').map_or(name, |(file, _)| file);
        let (path, text) = self.text(file)?;
        match load_text(&text, &path) {
            Ok(profile) if *profile.name == *name => Some(Ok(profile)),
            Ok(profile) => {
                let mut variants = profile.variants.into_iter();
                Some(Ok(variants.find(|variant| *variant.name == *name)?))
            }
            Err(faults) => Some(Err(faults)),
        }
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
    let raw = shape::read::<RawProfile>(&mut notes);
    let profile = raw.map(|raw| profile(&mut notes, &raw));
    // In a profile a doubt is a fault: it will be believed at many sites.
    let mut faults = notes.faults;
    faults.append(&mut notes.warnings);
    faults.sort_by_key(|fault| fault.line);
    // A variant repeats the faults of what it shares.
    let mut seen = Vec::new();
    faults.retain(|fault| {
        let is_new = !seen.contains(fault);
        seen.push(fault.clone());
        is_new
    });
    match profile {
        Some(profile) if faults.is_empty() => Ok(profile),
        _ => Err(Faults(faults)),
    }
}

fn profile(notes: &mut Notes<'_>, raw: &RawProfile) -> Profile {
    let name = notes.id(&raw.name, &mut BTreeSet::new());
    let stem = notes.file.file_stem().unwrap_or_default().to_string_lossy();
    if let Some(at) = raw.name.as_ref().filter(|at| *at.get() != stem) {
        notes.fault(at.span(), "name", "fault-value", at.get(), &stem);
    }
    let mut profile = one(notes, raw, name);
    let mut seen = BTreeSet::new();
    for at in &raw.variant {
        let variant = variant_of(notes, raw, at.get(), &profile.name, &mut seen);
        profile.variants.push(variant);
    }
    profile
}

fn variant_of(
    notes: &mut Notes<'_>,
    base: &RawProfile,
    raw: &RawVariant,
    name: &str,
    seen: &mut BTreeSet<String>,
) -> Profile {
    for at in variant::strangers(base, raw) {
        let expected = "fault-expect-point";
        notes.fault(at.span(), "without", "fault-value", at.get(), expected);
    }
    let own = notes.id(&raw.name, seen);
    let merged = variant::merged(base, raw);
    one(notes, &merged, Arc::from(format!("{name}.{own}")))
}

/// A profile without its variants.
fn one(notes: &mut Notes<'_>, raw: &RawProfile, name: Arc<str>) -> Profile {
    let confidence = raw.confidence.as_ref();
    let confidence = confidence.map_or(Confidence::Medium, |at| (*at.get()).into());
    let points = sure(notes, &raw.point, confidence);
    if points.is_empty() && raw.reached_by.is_none() {
        notes.fault(0..0, "point", "fault-profile-empty", "", "");
    }
    let mut facts = sure(notes, &raw.fact, confidence);
    for (fact, at) in facts.iter_mut().zip(&raw.fact) {
        // A setting is shown as the device holds it; only what is measured must be possible.
        let typed = |limit: &Option<At<f64>>| limit.as_ref().map(|at| *at.get());
        (fact.min, fact.max) = (typed(&at.get().min), typed(&at.get().max));
    }
    let limits = limits::limits(notes, raw.limits.as_ref(), limits::no_limits());
    limits::fit(notes, &(0..0), &points, &limits);
    let known: Vec<Point> = points.iter().chain(&facts).cloned().collect();
    Profile {
        name,
        file: notes.file.to_path_buf(),
        manufacturer: text(&raw.manufacturer),
        model: text(&raw.model),
        kind: notes.id(&raw.kind, &mut BTreeSet::new()),
        factory: factory(notes, raw),
        limits,
        asleep_at_night: raw.asleep_at_night.unwrap_or(false),
        set_address: set_address::address(notes, raw.set_address.as_ref()),
        set_baud: set_address::baud(notes, raw.set_baud.as_ref()),
        identify: identify::rules(notes, &raw.identify, &known),
        captures: captures(notes, raw, &known),
        points,
        facts,
        confidence,
        reached_by: raw.reached_by.as_ref().map(|at| at.get().clone()),
        source: text(&raw.source),
        documents: documents(raw),
        variants: Vec::new(),
    }
}

fn text(typed: &Text) -> String {
    typed.as_ref().map_or(String::new(), |at| at.get().clone())
}

fn documents(raw: &RawProfile) -> Vec<Document> {
    let documents = raw.document.iter();
    documents
        .map(|document| Document {
            title: text(&document.title),
            revision: text(&document.revision),
            section: text(&document.section),
            url: text(&document.url),
        })
        .collect()
}

/// Points, as sure as the profile where they say nothing else.
fn sure(notes: &mut Notes<'_>, raw: &[At<RawPoint>], confidence: Confidence) -> Vec<Point> {
    let mut points = points::points(notes, raw);
    for (point, at) in points.iter_mut().zip(raw) {
        if at.get().confidence.is_none() {
            point.about.confidence = confidence;
        }
        has_unit(notes, at.span(), point);
    }
    points
}

/// A number that is scaled but has neither unit nor quantity means nothing to anybody.
fn has_unit(notes: &mut Notes<'_>, span: Range<usize>, point: &Point) {
    if point.scale != Scale::ONE && point.unit.is_empty() && point.quantity.is_empty() {
        notes.fault(span, "scale", "fault-scale-without-unit", &point.name, "");
    }
}

fn factory(notes: &mut Notes<'_>, raw: &RawProfile) -> Factory {
    Factory {
        baud: notes.ranged(&raw.link.baud, "baud", check::BAUD),
        parity: raw.link.parity.as_ref().map(|at| check::parity(*at.get())),
        stop_bits: notes.ranged(&raw.link.stop_bits, "stop_bits", 1..=2),
        unit: notes.ranged(&raw.link.unit, "unit", 1..=247),
        tcp_port: notes.ranged(&raw.link.tcp_port, "tcp_port", 1..=65_535),
    }
}

fn index(points: &[Point], name: &str) -> Option<usize> {
    points.iter().position(|point| *point.name == *name)
}

/// `points` are the points and the facts.
fn captures(notes: &mut Notes<'_>, raw: &RawProfile, points: &[Point]) -> Vec<Capture> {
    let all = raw.capture.iter();
    let captures: Vec<Capture> = all.filter_map(|at| capture(notes, at, points)).collect();
    let spans = raw.point.iter().chain(&raw.fact).map(At::span);
    for ((index, point), span) in points.iter().enumerate().zip(spans) {
        if !captures.iter().any(|capture| capture.point == index) {
            notes.fault(span, &point.name, "fault-no-capture", &point.name, "");
        }
    }
    captures
}

fn capture(notes: &mut Notes<'_>, at: &At<RawCapture>, points: &[Point]) -> Option<Capture> {
    let typed = at.get();
    let find = |name: &str| index(points, name);
    let point = notes.parsed(&typed.point, "point", find, "fault-expect-point")?;
    let wanted = points[point].encoding.registers();
    if typed.words.len() != usize::from(wanted) {
        let (found, wanted) = (typed.words.len().to_string(), wanted.to_string());
        notes.fault(at.span(), "words", "fault-value", &found, &wanted);
    }
    let is_text = matches!(points[point].encoding, Encoding::Text(_));
    if is_text != typed.text.is_some() {
        notes.fault(
            at.span(),
            "text",
            "fault-capture-text",
            &points[point].name,
            "",
        );
    }
    let origin = typed.from.as_ref().map(At::get);
    let worked_out = [RawOrigin::WorkedOut, RawOrigin::Computed];
    Some(Capture {
        line: notes.line(at.span().start),
        point,
        words: typed.words.iter().map(|word| *word.get()).collect(),
        value: notes.finite(typed.value.as_ref(), "value"),
        text: typed.text.as_ref().map(|at| at.get().clone()),
        with: with(notes, at.span(), &typed.with, points),
        witnessed: origin.is_some_and(|origin| !worked_out.contains(origin)),
    })
}

fn with(
    notes: &mut Notes<'_>,
    span: Range<usize>,
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
