//! [`DiagnosticCollector`]: collects the errors and warnings of one file while it is checked.
//!
//! ```text
//! let kwp = notes.positive_number(&raw.capacity_kwp, "capacity_kwp");    // None: reported
//! ```

use crate::config::number_ranges::{NumberRange, UnusualNumber, number_range, unusual_number};
use crate::config::raw_values::{RawDate, RawInteger, RawNumber, RawText, SpannedValue};
use crate::config::syntax_faults::classify_syntax;
use crate::config::value_syntax::is_id;
use crate::config::{Diagnostic, mask_secrets};
use crate::limits::DISPLAY_NAME_CHARS_MAX;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Errors before a new one among which its like is looked for.
const REPEATS_WITHIN: usize = 64;

/// Years of days that a site declares: no meter of a programme is older, and what is later is a
/// slip of the keyboard.
const DECLARED_YEARS: RangeInclusive<i16> = 2000..=2099;

/// File under check, with its errors and warnings so far.
#[derive(Debug)]
pub struct DiagnosticCollector<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
    pub(crate) faults: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    /// All strings within the asset tables of the file, point ids among them.
    pub(crate) asset_texts: Vec<String>,
    /// Unusual numbers since the last asset.
    pub(crate) unusual: Vec<UnusualNumber>,
}

impl<'a> DiagnosticCollector<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            faults: Vec::new(),
            warnings: Vec::new(),
            asset_texts: Vec::new(),
            unusual: Vec::new(),
        }
    }

    /// Adds an error without a hint.
    pub fn add_error(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
    ) {
        self.add_error_with_hint(span, key, what, found, expected, None);
    }

    /// Adds an error with the nearest valid name.
    pub(crate) fn add_error_with_hint(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
        hint: Option<String>,
    ) {
        let fault = self.build_diagnostic(span.start, key, what, found, expected, hint);
        // A key of a device is checked with each of its points, but told once.
        let mut last = self.faults.iter().rev().take(REPEATS_WITHIN);
        if !last.any(|known| *known == fault) {
            self.faults.push(fault);
        }
    }

    /// Adds the error of a text that is no TOML, one for each line: what follows a fault on its
    /// line is mostly its consequence.
    pub(crate) fn add_syntax_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let line = self.line_number(span.start);
        if self.faults.iter().any(|fault| fault.line == line) {
            return;
        }
        let fault = classify_syntax(self.text, &span, error.message());
        // The keys of a table that is there twice are there twice, too.
        let is_of_table = fault.what == "fault-syntax-twice"
            && self
                .faults
                .iter()
                .any(|one| one.what == "fault-syntax-table-twice");
        if is_of_table {
            return;
        }
        let (found, expected) = (&fault.found, &fault.expected);
        self.add_error(span, &fault.key, fault.what, found, expected);
    }

    /// Adds the error of a text that does not deserialize.
    pub(crate) fn add_toml_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        self.add_error(span, "", "fault-syntax", error.message(), "");
    }

    /// Adds a warning, which does not prevent the start.
    pub fn add_warning(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
    ) {
        let fault = self.build_diagnostic(span.start, key, what, found, expected, None);
        self.warnings.push(fault);
    }

    /// Parses a text with `read`; an error when that returns `None`.
    pub fn parsed_text<T>(
        &mut self,
        typed: &RawText,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let at = typed.as_ref()?;
        let value = read(at.get());
        if value.is_none() {
            self.add_error(at.span(), key, "fault-value", at.get(), expected);
        }
        value
    }

    /// Returns an integer within `range`; an error otherwise.
    pub fn integer_in_range<T: TryFrom<i64>>(
        &mut self,
        typed: &RawInteger,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let at = typed.as_ref()?;
        let value = T::try_from(*at.get()).ok();
        if range.contains(at.get()) && value.is_some() {
            return value;
        }
        let expected = format!("{}..={}", range.start(), range.end());
        self.add_error(
            at.span(),
            key,
            "fault-range",
            &at.get().to_string(),
            &expected,
        );
        None
    }

    /// Returns a date, written as a TOML date or as a string.
    pub(crate) fn date(&mut self, typed: Option<&RawDate>, key: &str) -> Option<Date> {
        let at = typed?;
        let text = match at.get() {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let date = text.parse().ok();
        // The length excludes a TOML date with a time of day.
        if date.is_none() || text.len() != "2026-11-20".len() {
            self.add_error(at.span(), key, "fault-value", &text, "fault-expect-date");
            return None;
        }
        date
    }

    /// Returns a date on which a programme can declare something; an error for other years.
    pub(crate) fn declared_date(&mut self, typed: Option<&RawDate>, key: &str) -> Option<Date> {
        let date = self.date(typed, key)?;
        let (first, last) = DECLARED_YEARS.into_inner();
        if let Some(at) = typed.filter(|_| !DECLARED_YEARS.contains(&date.year())) {
            let expected = format!("{first}-01-01..={last}-12-31");
            self.add_error(at.span(), key, "fault-range", &date.to_string(), &expected);
            return None;
        }
        Some(date)
    }

    /// Returns a finite number above zero; an error otherwise.
    pub(crate) fn positive_number(&mut self, typed: &RawNumber, key: &str) -> Option<f64> {
        let at = typed.as_ref()?;
        let value = self.finite_number(typed.as_ref(), key)?;
        if value <= 0.0 {
            self.add_error(at.span(), key, "fault-range", &value.to_string(), "> 0");
            return None;
        }
        Some(value)
    }

    /// Returns a number of an asset within the range that the table has for its key
    /// (`config/number_ranges.toml`); an error otherwise, and a warning where it is unusual.
    pub(crate) fn ranged_number(&mut self, typed: &RawNumber, key: &str) -> Option<f64> {
        let at = typed.as_ref()?;
        let value = self.finite_number(typed.as_ref(), key)?;
        let range = number_range(key)?;
        if range.refuses(value) {
            // What is nothing or less needs no unit to be wrong.
            let expected = if range.refused.0 > 0.0 && value <= 0.0 {
                "> 0".to_owned()
            } else {
                range.refused_text()
            };
            self.add_error(at.span(), key, "fault-range", &value.to_string(), &expected);
            return None;
        }
        self.warn_unusual((at.span(), key), (key, value), &value.to_string());
        Some(value)
    }

    /// Warns about a number of an asset that is possible and unusual by the range of a key, and
    /// keeps it for the figures that use it. All warnings about such numbers are made here.
    pub(crate) fn warn_unusual(
        &mut self,
        (span, typed_key): (Range<usize>, &str),
        (key, value): (&str, f64),
        found: &str,
    ) {
        let usual = number_range(key).map(NumberRange::usual_text);
        if let Some((unusual, usual)) = unusual_number(key, value).zip(usual) {
            self.unusual.push(unusual);
            self.add_warning(span, typed_key, "fault-unusual", found, &usual);
        }
    }

    /// Returns a finite number within `range`; an error otherwise, and a warning where it is
    /// unusual for its key.
    pub(crate) fn number_in_range(
        &mut self,
        typed: &RawNumber,
        key: &str,
        range: RangeInclusive<f64>,
    ) -> Option<f64> {
        let at = typed.as_ref()?;
        let value = self.finite_number(typed.as_ref(), key)?;
        if !range.contains(&value) {
            let expected = format!("{}..={}", range.start(), range.end());
            self.add_error(at.span(), key, "fault-range", &value.to_string(), &expected);
            return None;
        }
        self.warn_unusual((at.span(), key), (key, value), &value.to_string());
        Some(value)
    }

    /// Returns a finite number; an error for NaN and infinity.
    pub(crate) fn finite_number(
        &mut self,
        typed: Option<&SpannedValue<f64>>,
        key: &str,
    ) -> Option<f64> {
        let at = typed?;
        if at.get().is_finite() {
            return Some(*at.get());
        }
        let found = at.get().to_string();
        self.add_error(at.span(), key, "fault-value", &found, "fault-expect-number");
        None
    }

    /// Returns an id that is not in `seen` yet; the empty id stands for one that was reported.
    pub(crate) fn id(&mut self, typed: &RawText, seen: &mut BTreeSet<String>) -> Arc<str> {
        let Some(id) = self.parsed_text(typed, "id", parse_id, "fault-expect-id") else {
            return Arc::from("");
        };
        if !seen.insert(id.clone()) {
            let span = typed.as_ref().map_or(0..0, SpannedValue::span);
            self.add_error(span, "id", "fault-duplicate", &id, "");
        }
        Arc::from(id)
    }

    /// Returns a name for people; an error when it is empty, too long or not one line of text.
    pub(crate) fn display_name(&mut self, typed: &RawText, key: &str) -> Option<Arc<str>> {
        let name = |text: &str| {
            let text = text.trim();
            let is_line = !text.is_empty() && !text.contains(char::is_control);
            (is_line && text.chars().count() <= DISPLAY_NAME_CHARS_MAX).then(|| Arc::from(text))
        };
        self.parsed_text(typed, key, name, "fault-expect-name")
    }

    /// Resolves a path; a relative one starts at the directory of the file.
    pub fn path(&self, typed: &str) -> PathBuf {
        let base = self.file.parent().unwrap_or_else(|| Path::new(""));
        base.join(typed)
    }

    /// Resolves the path of a folder; an address such as that of a network share is an error.
    pub(crate) fn folder(&mut self, typed: &RawText, key: &str) -> Option<PathBuf> {
        let at = typed.as_ref()?;
        if at.get().contains("://") {
            self.add_error(at.span(), key, "fault-folder-address", at.get(), "");
        }
        Some(self.path(at.get()))
    }

    /// Line of a byte offset in the text, from 1.
    pub(crate) fn line_number(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        1 + before.matches('\n').count()
    }

    fn build_diagnostic(
        &self,
        at: usize,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
        hint: Option<String>,
    ) -> Diagnostic {
        Diagnostic {
            file: self.file.to_owned(),
            line: self.line_number(at),
            key: mask_secrets(key).into_owned(),
            what,
            // Diagnostics are printed, logged and passed on: secrets in values are masked.
            found: mask_secrets(found).into_owned(),
            expected: expected.to_owned(),
            hint,
        }
    }
}

fn parse_id(text: &str) -> Option<String> {
    is_id(text).then(|| text.to_owned())
}
