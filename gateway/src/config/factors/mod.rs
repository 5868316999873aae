//! [`Factors`]: emission factors and other constants of a site, with their sources.
//!
//! ```text
//! let factors = Factors::built_in();
//! let grid = factors.find("grid.sumatera.2019.cm5050_expost")?;
//! factors.headline(grid)    // provisional until the official page is attached
//! ```
//!
//! Built-in factors (`config/factors.toml`), then the site's own file, then the attached official
//! pages. See `docs/factors.md`.

mod attached_pages;
mod factor_ranges;
mod raw_factors;
#[cfg(test)]
mod tests;
mod typed_text;

pub(crate) use factor_ranges::{check_use, unusual_factor, unusual_use};
pub(crate) use raw_factors::{RawFactorEvidence, RawFactors, RawGwpSet};

use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::config::{Diagnostic, schema_check};
use crate::domain::ExactNumber;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::factor::{Factor, FactorEvidence, FactorUnit, UnverifiedFactor};
use crate::i18n::Language;
use crate::limits::FACTORS_MAX;
use raw_factors::{RawFactor, RawFactorFile, RawUnverifiedFactor};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use typed_text::non_empty_text;

static BUILT_IN_TEXT: &str = include_str!("../../../../config/factors.toml");
/// Returns the text of the built-in factors, archived beside the configuration's revision.
pub fn built_in_factors() -> &'static str {
    BUILT_IN_TEXT
}

/// Id of the uncertainty of a grid factor that no document gives.
// The uncertainty of official grid factors is not published (METHODS C.2 e).
pub(crate) const GRID_UNCERTAINTY_RULE: &str = "policy.grid.uncertainty";
const BUILT_IN_FILE: &str = "config/factors.toml";
/// Years of the data behind a factor: inventories begin in 1990.
const FACTOR_YEARS: RangeInclusive<i64> = 1990..=2099;

/// Set of global warming potentials for methane and nitrous oxide.
// CO2e figures print the set: public documents use several (METHODS C.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GwpSet {
    /// IPCC AR4: CH4 25, N2O 298.
    Ar4,
    /// IPCC AR5: CH4 28, N2O 265.
    #[default]
    Ar5,
    /// IPCC AR6: CH4 27.9, N2O 273.
    Ar6,
}

/// All factors of a site, with the attached pages.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    known: Vec<Arc<Factor>>,
    unverified: Vec<UnverifiedFactor>,
    /// Sources in Bahasa Indonesia by the id of the factor.
    sources_id: BTreeMap<Arc<str>, String>,
    /// Attached official pages.
    pub evidence: Vec<FactorEvidence>,
    /// Global warming potentials of CO2e figures.
    pub gwp: GwpSet,
    /// Ids of the site's own factors that have an error, which is told of them.
    broken: BTreeSet<String>,
    /// Ids of the factors of the site's own file.
    own: BTreeSet<Arc<str>>,
    /// Text of the site's own file, archived with the revision; empty without one.
    pub own_text: String,
    /// Text of the built-in factors, part of the revision id.
    pub built_in_text: Cow<'static, str>,
}

/// Source of the factor texts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FactorTexts<'a> {
    /// Built-in factors and the file that the configuration names.
    Now,
    /// Archived texts of an earlier revision.
    Kept {
        /// Built-in factors of that time.
        built_in: &'a str,
        /// Site's own factors; empty without any.
        own: &'a str,
    },
}

/// Parsed factor file with its errors.
#[derive(Clone, Debug)]
struct ParsedFactors {
    known: Vec<Factor>,
    unverified: Vec<UnverifiedFactor>,
    sources_id: BTreeMap<Arc<str>, String>,
    /// Ids of factors that have an error.
    broken: BTreeSet<String>,
    faults: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

static BUILT_IN_PARSED: LazyLock<ParsedFactors> =
    LazyLock::new(|| parse_factor_file(BUILT_IN_TEXT, Path::new(BUILT_IN_FILE), &[]));

impl Factors {
    /// Returns the built-in factors.
    pub fn built_in() -> Self {
        Self::from_parsed(&BUILT_IN_PARSED, Cow::Borrowed(BUILT_IN_TEXT))
    }

    fn from_parsed(read: &ParsedFactors, text: Cow<'static, str>) -> Self {
        Self {
            known: read.known.iter().cloned().map(Arc::new).collect(),
            unverified: read.unverified.clone(),
            sources_id: read.sources_id.clone(),
            built_in_text: text,
            ..Self::default()
        }
    }

    /// Returns all verified factors in file order, the site's own last.
    pub fn all(&self) -> &[Arc<Factor>] {
        &self.known
    }

    /// Returns the unverified numbers.
    pub fn unverified(&self) -> &[UnverifiedFactor] {
        &self.unverified
    }

    /// Returns the factor with this id.
    pub fn find(&self, id: &str) -> Option<&Arc<Factor>> {
        self.known.iter().find(|factor| *factor.id == *id)
    }

    /// Returns the unverified number with this id.
    pub fn find_unverified(&self, id: &str) -> Option<&UnverifiedFactor> {
        self.unverified.iter().find(|factor| *factor.id == *id)
    }

    /// Returns the strength of a headline that depends on this factor.
    pub fn headline(&self, factor: &Factor) -> ClaimVerdict {
        factor.headline(&self.evidence)
    }

    /// Returns the source of the factor, in Bahasa Indonesia where the file has it.
    pub fn source<'a>(&'a self, factor: &'a Factor, lang: Language) -> &'a str {
        let own = self.sources_id.get(&factor.id);
        lang.choose(own.unwrap_or(&factor.source), &factor.source)
    }

    /// Returns the uncertainty that figures use, half-width in % of the value: that of the factor,
    /// and at least that of a factor without a document.
    pub fn used_uncertainty(&self, factor: &Factor) -> Option<f64> {
        let declared = factor.uncertainty_percent()?;
        let least = self.least_uncertainty(factor);
        Some(least.map_or(declared, |least| declared.max(least)))
    }

    /// Returns the least uncertainty, %, of a factor of the site without an official page: nobody
    /// can see that it is known better. For electricity that of the policy, for a replaced factor
    /// that of the built-in one; `None` for all others.
    pub fn least_uncertainty(&self, factor: &Factor) -> Option<f64> {
        let is_proven = || {
            let mut pages = self.evidence.iter();
            pages.any(|page| page.factor == factor.id && page.present)
        };
        if !self.own.contains(&factor.id) || is_proven() {
            return None;
        }
        if factor.t_per_mwh().is_some() {
            return self.find(GRID_UNCERTAINTY_RULE).map(|rule| rule.value);
        }
        let mut built_in = BUILT_IN_PARSED.known.iter();
        built_in
            .find(|one| one.id == factor.id)?
            .uncertainty_percent()
    }

    fn add(&mut self, own: ParsedFactors) {
        for factor in own.known {
            self.own.insert(Arc::clone(&factor.id));
            // A factor of the site replaces a built-in one of the same id, verified or not.
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
        self.broken.extend(own.broken);
    }
}

impl GwpSet {
    /// Name, such as `AR5`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ar4 => "AR4",
            Self::Ar5 => "AR5",
            Self::Ar6 => "AR6",
        }
    }
}

/// Checks `[factors]` and `[[factor_evidence]]`.
pub(crate) fn check_factors(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawFactors>,
    pages: &[SpannedValue<RawFactorEvidence>],
    texts: FactorTexts<'_>,
) -> Factors {
    let mut factors = match texts {
        // Parsed once for all loads of the program.
        FactorTexts::Now => {
            notes.faults.extend(BUILT_IN_PARSED.faults.iter().cloned());
            Factors::built_in()
        }
        FactorTexts::Kept { built_in, .. } => {
            let mut read = parse_factor_file(built_in, Path::new(BUILT_IN_FILE), &[]);
            notes.faults.append(&mut read.faults);
            Factors::from_parsed(&read, Cow::Owned(built_in.to_owned()))
        }
    };
    if let Some(at) = raw.and_then(|raw| raw.file.as_ref()) {
        add_own_file(notes, at, texts, &mut factors);
    }
    factors.gwp = match raw.and_then(|raw| raw.gwp.as_ref()).map(SpannedValue::get) {
        Some(RawGwpSet::Ar4) => GwpSet::Ar4,
        Some(RawGwpSet::Ar6) => GwpSet::Ar6,
        Some(RawGwpSet::Ar5) | None => GwpSet::Ar5,
    };
    factors.evidence = attached_pages::check_evidence(notes, pages, factors.all());
    if let Some(at) = raw.and_then(|raw| raw.file.as_ref()) {
        warn_narrow_ranges(notes, at, &factors);
    }
    factors
}

/// Warns about factors of the site that claim to be known better than is shown.
fn warn_narrow_ranges(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    factors: &Factors,
) {
    for factor in factors.all() {
        let declared = factor.uncertainty_percent();
        let Some((declared, least)) = declared.zip(factors.least_uncertainty(factor)) else {
            continue;
        };
        if declared < least {
            let found = format!("{} (±{declared:.2} %)", factor.id);
            let least = format!("±{} %", ExactNumber::Float(least).short_digits());
            notes.add_warning(at.span(), "file", "fault-factor-narrow", &found, &least);
        }
    }
}

/// Adds the site's own factor file; its errors name that file.
fn add_own_file(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    texts: FactorTexts<'_>,
    factors: &mut Factors,
) {
    let path = notes.path(at.get());
    let text = match texts {
        FactorTexts::Now => crate::config::config_file::read_text(&path),
        FactorTexts::Kept { own, .. } => Ok(own.to_owned()),
    };
    match text {
        Ok(text) => {
            // What an earlier revision replaced was told when it was in use.
            let replaced = match texts {
                FactorTexts::Now => factors.all(),
                FactorTexts::Kept { .. } => &[],
            };
            let mut own = parse_factor_file(&text, &path, replaced);
            notes.faults.append(&mut own.faults);
            notes.warnings.append(&mut own.warnings);
            factors.add(own);
            factors.own_text = text;
        }
        Err(error) => {
            let found = format!("{}: {error}", at.get());
            notes.add_error(at.span(), "file", "fault-file", &found, "");
        }
    }
}

/// Parses a factor file; `replaced` are the factors that it may replace.
fn parse_factor_file(text: &str, file: &Path, replaced: &[Arc<Factor>]) -> ParsedFactors {
    let mut notes = DiagnosticCollector::new(file, text);
    let raw = schema_check::parse_checked::<RawFactorFile>(&mut notes).unwrap_or_default();
    notes.integer_in_range::<u8>(&raw.schema, "schema", 1..=1);
    if let Some(extra) = raw.factor.get(FACTORS_MAX) {
        let (found, most) = (raw.factor.len().to_string(), FACTORS_MAX.to_string());
        notes.add_error(extra.span(), "factor", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let known: Vec<Option<Factor>> = raw
        .factor
        .iter()
        .map(|raw| check_factor(&mut notes, raw, &mut seen))
        .collect();
    let unverified: Vec<Option<UnverifiedFactor>> = raw
        .unverified
        .iter()
        .map(|raw| check_unverified(&mut notes, raw, &mut seen))
        .collect();
    for (at, factor) in raw.factor.iter().zip(&known) {
        let Some(factor) = factor else {
            continue;
        };
        if let Some(built_in) = replaced.iter().find(|one| one.id == factor.id) {
            factor_ranges::check_replacement(&mut notes, at, factor, built_in);
        }
    }
    notes.faults.sort_by_key(|fault| fault.line);
    let sources_id = raw.factor.iter().filter_map(|at| {
        let (id, source) = (at.get().id.as_ref()?, at.get().source_id.as_ref()?);
        Some((Arc::from(id.get().as_str()), source.get().clone()))
    });
    for factor in known.iter().flatten() {
        seen.remove(&*factor.id);
    }
    ParsedFactors {
        sources_id: sources_id.collect(),
        broken: seen,
        known: known.into_iter().flatten().collect(),
        unverified: unverified.into_iter().flatten().collect(),
        faults: notes.faults,
        warnings: notes.warnings,
    }
}

fn check_factor(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawFactor>,
    seen: &mut BTreeSet<String>,
) -> Option<Factor> {
    let raw = at.get();
    let id = check_factor_id(notes, &raw.id, seen);
    let unit = notes.parsed_text(
        &raw.unit,
        "unit",
        FactorUnit::parse,
        "fault-expect-factor-unit",
    );
    let value = notes.finite_number(raw.value.as_ref(), "value");
    let source = non_empty_text(notes, &raw.source, "source");
    let (valid_from, valid_to) = (
        notes.date(raw.valid_from.as_ref(), "valid_from"),
        notes.date(raw.valid_to.as_ref(), "valid_to"),
    );
    if let (Some(from), Some(to), Some(at)) = (valid_from, valid_to, &raw.valid_to)
        && to < from
    {
        notes.add_error(
            at.span(),
            "valid_to",
            "fault-range",
            &to.to_string(),
            &format!(">= {from}"),
        );
    }
    let status = raw.status.as_ref().map(|at| at.get().status());
    let factor = Factor {
        id: Arc::from(id?),
        value: value?,
        unit: unit?,
        spread: factor_ranges::check_value_spread(notes, at, value?),
        scope: raw
            .scope
            .as_ref()
            .map_or(String::new(), |at| at.get().clone()),
        year: notes.integer_in_range(&raw.year, "year", FACTOR_YEARS),
        valid_from,
        valid_to,
        status: status?,
        headline_ok: raw.headline_ok.unwrap_or(false),
        source: source?,
        note: raw
            .note
            .as_ref()
            .map_or(String::new(), |at| at.get().clone()),
    };
    factor_ranges::check_ranges(notes, at, &factor);
    Some(factor)
}

fn check_factor_id(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    seen: &mut BTreeSet<String>,
) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let usable = |text: &str| {
        let good = (1..=96).contains(&text.len()) && text.chars().all(fits);
        good.then(|| text.to_owned())
    };
    let id = notes.parsed_text(typed, "id", usable, "fault-expect-factor-id")?;
    if !seen.insert(id.clone()) {
        let span = typed.as_ref().map_or(0..0, SpannedValue::span);
        notes.add_error(span, "id", "fault-duplicate", &id, "");
    }
    Some(id)
}

fn check_unverified(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawUnverifiedFactor>,
    seen: &mut BTreeSet<String>,
) -> Option<UnverifiedFactor> {
    let raw = at.get();
    let id = check_factor_id(notes, &raw.id, seen);
    let value = notes.finite_number(raw.value.as_ref(), "value");
    let text =
        non_empty_text(notes, &raw.said, "said").or_else(|| value.map(|value| value.to_string()));
    if text.is_none() && raw.said.is_none() && raw.value.is_none() {
        notes.add_error(at.span(), "value", "fault-missing", "", "");
    }
    Some(UnverifiedFactor {
        id: Arc::from(id?),
        value,
        said: text?,
        unit: non_empty_text(notes, &raw.unit, "unit")?,
        why: non_empty_text(notes, &raw.why, "why")?,
    })
}

/// Returns the factor that a key names; an error when `fits` refuses its unit (`units` for hints).
pub(crate) fn choose_factor(
    notes: &mut DiagnosticCollector<'_>,
    factors: &Factors,
    typed: &RawText,
    key: &str,
    units: &str,
    fits: impl Fn(&Factor) -> bool,
) -> Option<Arc<Factor>> {
    choose_factor_at(notes, factors, typed.as_ref()?, (key, units), fits)
}

/// The same at its place.
pub(crate) fn choose_factor_at(
    notes: &mut DiagnosticCollector<'_>,
    factors: &Factors,
    at: &SpannedValue<String>,
    (key, units): (&str, &str),
    fits: impl Fn(&Factor) -> bool,
) -> Option<Arc<Factor>> {
    let Some(factor) = factors.find(at.get()) else {
        report_unknown_factor(notes, factors, at.span(), key, at.get(), &fits);
        return None;
    };
    if fits(factor) {
        return Some(Arc::clone(factor));
    }
    let found = format!("{} ({})", factor.id, factor.unit);
    notes.add_error(at.span(), key, "fault-factor-unit", &found, units);
    None
}

fn report_unknown_factor(
    notes: &mut DiagnosticCollector<'_>,
    factors: &Factors,
    span: Range<usize>,
    key: &str,
    id: &str,
    fits: &impl Fn(&Factor) -> bool,
) {
    // An unverified number is never used without being named in a place that allows it.
    if factors.find_unverified(id).is_some() {
        notes.add_error(span, key, "fault-factor-unverified", id, "");
        return;
    }
    // Its own error is told.
    if factors.broken.contains(id) {
        return;
    }
    let usable = factors.all().iter().filter(|factor| fits(factor));
    let ids: Vec<&str> = usable.map(|factor| &*factor.id).collect();
    let hint = nearest_name(id, ids.iter().copied());
    notes.add_error_with_hint(span, key, "fault-unknown-factor", id, &ids.join(", "), hint);
}
