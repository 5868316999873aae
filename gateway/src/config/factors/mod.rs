//! Factors: those in the binary (`config/factors.toml`), those of a file of the site's own, and the
//! official pages that the site has attached.

mod evidence;
mod raw;
#[cfg(test)]
mod tests;

pub(crate) use raw::{RawEvidence, RawFactors, RawGwp};

use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{At, Text};
use crate::config::{Fault, shape};
use crate::limits::FACTORS_MAX;
use crate::model::factor::{Evidence, Factor, FactorStatus, FactorUnit, Headline, Unverified};
use crate::words::Lang;
use raw::{RawFactor, RawFactorFile, RawFactorStatus, RawUnverified};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};

static BUILT_IN: &str = include_str!("../../../../config/factors.toml");
/// The factors in the binary as text, kept beside the configuration's revision.
pub fn built_in_factors() -> &'static str {
    BUILT_IN
}

const BUILT_IN_FILE: &str = "config/factors.toml";

/// Which warming potentials make CO2e of methane and nitrous oxide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GwpSet {
    /// IPCC AR4: 25, 298.
    Ar4,
    /// IPCC AR5: 28, 265.
    #[default]
    Ar5,
    /// IPCC AR6: 27.9, 273.
    Ar6,
}

/// Every factor of a site, and the pages behind them.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    known: Vec<Arc<Factor>>,
    unverified: Vec<Unverified>,
    /// Sources in Bahasa Indonesia by the id of the factor.
    sources_id: BTreeMap<Arc<str>, String>,
    /// The pages that the site has attached.
    pub evidence: Vec<Evidence>,
    /// The warming potentials that the site prints.
    pub gwp: GwpSet,
    /// Text of the site's own file, kept with the configuration's revision; empty without one.
    pub own_text: String,
    /// Text of the built-in ones, part of the revision's name.
    pub built_in_text: Cow<'static, str>,
}

/// Where the texts of factors come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Texts<'a> {
    /// The binary, and the file that the configuration names.
    Now,
    /// What the store kept of both.
    Kept {
        /// The factors of the binary of that time.
        built_in: &'a str,
        /// The site's own; empty without any.
        own: &'a str,
    },
}

/// Factors of one file and what is wrong with it.
#[derive(Clone, Debug)]
struct Read {
    known: Vec<Factor>,
    unverified: Vec<Unverified>,
    sources_id: BTreeMap<Arc<str>, String>,
    faults: Vec<Fault>,
}

static PARSED: LazyLock<Read> = LazyLock::new(|| read(BUILT_IN, Path::new(BUILT_IN_FILE)));

impl Factors {
    /// Those in the binary.
    pub fn built_in() -> Self {
        Self::of(&PARSED, Cow::Borrowed(BUILT_IN))
    }

    fn of(read: &Read, text: Cow<'static, str>) -> Self {
        Self {
            known: read.known.iter().cloned().map(Arc::new).collect(),
            unverified: read.unverified.clone(),
            sources_id: read.sources_id.clone(),
            built_in_text: text,
            ..Self::default()
        }
    }

    /// All that may be chosen, in file order, a site's own last.
    pub fn all(&self) -> &[Arc<Factor>] {
        &self.known
    }

    /// What nobody could check.
    pub fn unverified(&self) -> &[Unverified] {
        &self.unverified
    }

    /// The factor with this id.
    pub fn find(&self, id: &str) -> Option<&Arc<Factor>> {
        self.known.iter().find(|factor| *factor.id == *id)
    }

    /// The number with this id that nobody could check.
    pub fn find_unverified(&self, id: &str) -> Option<&Unverified> {
        self.unverified.iter().find(|factor| *factor.id == *id)
    }

    /// What may be said in a headline with this factor behind it.
    pub fn headline(&self, factor: &Factor) -> Headline {
        factor.headline(&self.evidence)
    }

    /// Where the factor's number is from, in one language where the file has it.
    pub fn source<'a>(&'a self, factor: &'a Factor, lang: Lang) -> &'a str {
        let own = self.sources_id.get(&factor.id);
        own.filter(|_| lang == Lang::Id).unwrap_or(&factor.source)
    }

    fn add(&mut self, own: Read) {
        for factor in own.known {
            self.sources_id.remove(&factor.id);
            self.known.retain(|known| known.id != factor.id);
            self.unverified.retain(|known| known.id != factor.id);
            self.known.push(Arc::new(factor));
        }
        for other in own.unverified {
            self.unverified.retain(|known| known.id != other.id);
            self.unverified.push(other);
        }
        self.sources_id.extend(own.sources_id);
    }
}

impl GwpSet {
    /// Its name, `AR5`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ar4 => "AR4",
            Self::Ar5 => "AR5",
            Self::Ar6 => "AR6",
        }
    }
}

/// `[factors]` and `[[factor_evidence]]`.
pub(crate) fn factors(
    notes: &mut Notes<'_>,
    raw: Option<&RawFactors>,
    pages: &[At<RawEvidence>],
    texts: Texts<'_>,
) -> Factors {
    let mut factors = match texts {
        Texts::Now => {
            notes.faults.extend(PARSED.faults.iter().cloned());
            Factors::built_in()
        }
        Texts::Kept { built_in, .. } => {
            let mut read = read(built_in, Path::new(BUILT_IN_FILE));
            notes.faults.append(&mut read.faults);
            Factors::of(&read, Cow::Owned(built_in.to_owned()))
        }
    };
    if let Some(at) = raw.and_then(|raw| raw.file.as_ref()) {
        own(notes, at, texts, &mut factors);
    }
    factors.gwp = match raw.and_then(|raw| raw.gwp.as_ref()).map(At::get) {
        Some(RawGwp::Ar4) => GwpSet::Ar4,
        Some(RawGwp::Ar6) => GwpSet::Ar6,
        Some(RawGwp::Ar5) | None => GwpSet::Ar5,
    };
    factors.evidence = evidence::all(notes, pages, &factors);
    factors
}

/// The site's own file; its faults name it.
fn own(notes: &mut Notes<'_>, at: &At<String>, texts: Texts<'_>, factors: &mut Factors) {
    let path = notes.path(at.get());
    let text = match texts {
        Texts::Now => crate::config::read_text(&path),
        Texts::Kept { own, .. } => Ok(own.to_owned()),
    };
    match text {
        Ok(text) => {
            let mut own = read(&text, &path);
            notes.faults.append(&mut own.faults);
            factors.add(own);
            factors.own_text = text;
        }
        Err(error) => {
            let found = format!("{}: {error}", at.get());
            notes.fault(at.span(), "file", "fault-file", &found, "");
        }
    }
}

fn read(text: &str, file: &Path) -> Read {
    let mut notes = Notes::new(file, text);
    let raw = shape::read::<RawFactorFile>(&mut notes).unwrap_or_default();
    notes.ranged::<u8>(&raw.schema, "schema", 1..=1);
    if let Some(extra) = raw.factor.get(FACTORS_MAX) {
        let (found, most) = (raw.factor.len().to_string(), FACTORS_MAX.to_string());
        notes.fault(extra.span(), "factor", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let known: Vec<Option<Factor>> = raw
        .factor
        .iter()
        .map(|raw| factor(&mut notes, raw, &mut seen))
        .collect();
    let unverified: Vec<Option<Unverified>> = raw
        .unverified
        .iter()
        .map(|raw| unverified(&mut notes, raw, &mut seen))
        .collect();
    notes.faults.sort_by_key(|fault| fault.line);
    let sources_id = raw.factor.iter().filter_map(|at| {
        let (id, source) = (at.get().id.as_ref()?, at.get().source_id.as_ref()?);
        Some((Arc::from(id.get().as_str()), source.get().clone()))
    });
    Read {
        sources_id: sources_id.collect(),
        known: known.into_iter().flatten().collect(),
        unverified: unverified.into_iter().flatten().collect(),
        faults: notes.faults,
    }
}

fn factor(
    notes: &mut Notes<'_>,
    at: &At<RawFactor>,
    seen: &mut BTreeSet<String>,
) -> Option<Factor> {
    let raw = at.get();
    let id = factor_id(notes, &raw.id, seen);
    let unit = notes.parsed(
        &raw.unit,
        "unit",
        FactorUnit::parse,
        "fault-expect-factor-unit",
    );
    let value = notes.finite(raw.value.as_ref(), "value");
    let source = said(notes, &raw.source, "source");
    let (valid_from, valid_to) = (
        notes.date(raw.valid_from.as_ref(), "valid_from"),
        notes.date(raw.valid_to.as_ref(), "valid_to"),
    );
    if let (Some(from), Some(to), Some(at)) = (valid_from, valid_to, &raw.valid_to)
        && to < from
    {
        notes.fault(
            at.span(),
            "valid_to",
            "fault-range",
            &to.to_string(),
            &format!(">= {from}"),
        );
    }
    let status = raw.status.as_ref().map(|at| status(*at.get()));
    Some(Factor {
        id: Arc::from(id?),
        value: value?,
        unit: unit?,
        spread: spread(notes, at, value?),
        scope: raw
            .scope
            .as_ref()
            .map_or(String::new(), |at| at.get().clone()),
        year: notes.ranged(&raw.year, "year", 1900..=2200),
        valid_from,
        valid_to,
        status: status?,
        headline_ok: raw.headline_ok.unwrap_or(false),
        source: source?,
        note: raw
            .note
            .as_ref()
            .map_or(String::new(), |at| at.get().clone()),
    })
}

/// A text that must not be empty.
fn said(notes: &mut Notes<'_>, typed: &Text, key: &str) -> Option<String> {
    let at = typed.as_ref()?;
    let text = at.get().trim();
    if text.is_empty() {
        notes.fault(at.span(), key, "fault-missing", "", "");
    }
    (!text.is_empty()).then(|| text.to_owned())
}

fn factor_id(notes: &mut Notes<'_>, typed: &Text, seen: &mut BTreeSet<String>) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let usable = |text: &str| {
        let good = (1..=96).contains(&text.len()) && text.chars().all(fits);
        good.then(|| text.to_owned())
    };
    let id = notes.parsed(typed, "id", usable, "fault-expect-factor-id")?;
    if !seen.insert(id.clone()) {
        let span = typed.as_ref().map_or(0..0, At::span);
        notes.fault(span, "id", "fault-duplicate", &id, "");
    }
    Some(id)
}

/// `low` and `high` go together and around the value.
fn spread(notes: &mut Notes<'_>, at: &At<RawFactor>, value: f64) -> Option<(f64, f64)> {
    let raw = at.get();
    let low = notes.finite(raw.low.as_ref(), "low");
    let high = notes.finite(raw.high.as_ref(), "high");
    match (low, high) {
        (Some(low), Some(high)) if low <= value && value <= high => Some((low, high)),
        (Some(low), Some(high)) => {
            let expected = format!("{low}..={high}");
            notes.fault(
                at.span(),
                "value",
                "fault-range",
                &value.to_string(),
                &expected,
            );
            None
        }
        (None, None) => None,
        (low, _) => {
            let missing = if low.is_none() { "low" } else { "high" };
            notes.fault(at.span(), missing, "fault-missing", "", "");
            None
        }
    }
}

fn status(raw: RawFactorStatus) -> FactorStatus {
    match raw {
        RawFactorStatus::OfficialText => FactorStatus::OfficialText,
        RawFactorStatus::TranscribedTwice => FactorStatus::TranscribedTwice,
        RawFactorStatus::TranscribedOnce => FactorStatus::TranscribedOnce,
        RawFactorStatus::Derived => FactorStatus::Derived,
        RawFactorStatus::Constant => FactorStatus::Constant,
        RawFactorStatus::Policy => FactorStatus::Policy,
    }
}

fn unverified(
    notes: &mut Notes<'_>,
    at: &At<RawUnverified>,
    seen: &mut BTreeSet<String>,
) -> Option<Unverified> {
    let raw = at.get();
    let id = factor_id(notes, &raw.id, seen);
    let value = notes.finite(raw.value.as_ref(), "value");
    let text = said(notes, &raw.said, "said").or_else(|| value.map(|value| value.to_string()));
    if text.is_none() && raw.said.is_none() && raw.value.is_none() {
        notes.fault(at.span(), "value", "fault-missing", "", "");
    }
    Some(Unverified {
        id: Arc::from(id?),
        value,
        said: text?,
        unit: said(notes, &raw.unit, "unit")?,
        why: said(notes, &raw.why, "why")?,
    })
}

/// The factor that a key names, in a unit that fits: `fits` says so, `units` names such a unit.
pub(crate) fn chosen(
    notes: &mut Notes<'_>,
    factors: &Factors,
    typed: &Text,
    key: &str,
    units: &str,
    fits: impl Fn(&Factor) -> bool,
) -> Option<Arc<Factor>> {
    let at = typed.as_ref()?;
    let Some(factor) = factors.find(at.get()) else {
        unknown(notes, factors, at.span(), key, at.get(), &fits);
        return None;
    };
    if fits(factor) {
        return Some(Arc::clone(factor));
    }
    let found = format!("{} ({})", factor.id, factor.unit);
    notes.fault(at.span(), key, "fault-factor-unit", &found, units);
    None
}

fn unknown(
    notes: &mut Notes<'_>,
    factors: &Factors,
    span: Range<usize>,
    key: &str,
    id: &str,
    fits: &impl Fn(&Factor) -> bool,
) {
    if factors.find_unverified(id).is_some() {
        notes.fault(span, key, "fault-factor-unverified", id, "");
        return;
    }
    let usable = factors.all().iter().filter(|factor| fits(factor));
    let ids: Vec<&str> = usable.map(|factor| &*factor.id).collect();
    let hint = nearest(id, ids.iter().copied());
    notes.add(span, key, "fault-unknown-factor", id, &ids.join(", "), hint);
}
