//! Collects the faults and warnings of one file while it is checked.

use crate::config::raw::{At, Day, Number, Text, Whole};
use crate::config::values::is_id;
use crate::config::{Fault, masked};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file under check.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<Fault>,
    /// Every text within the assets of the file, the ids of their points among them.
    pub(crate) asset_texts: Vec<String>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            faults: Vec::new(),
            warnings: Vec::new(),
            asset_texts: Vec::new(),
        }
    }

    /// A fault without a nearest name.
    pub(crate) fn fault(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
    ) {
        self.add(span, key, what, found, expected, None);
    }

    /// A fault.
    pub(crate) fn add(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
        hint: Option<String>,
    ) {
        let fault = self.note(span.start, key, what, found, expected, hint);
        self.faults.push(fault);
    }

    /// A doubt that does not stop the start.
    pub(crate) fn warn(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
    ) {
        let fault = self.note(span.start, key, what, found, expected, None);
        self.warnings.push(fault);
    }

    /// A text that must read as something.
    pub(crate) fn parsed<T>(
        &mut self,
        typed: &Text,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let at = typed.as_ref()?;
        let value = read(at.get());
        if value.is_none() {
            self.fault(at.span(), key, "fault-value", at.get(), expected);
        }
        value
    }

    /// A whole number within a range.
    pub(crate) fn ranged<T: TryFrom<i64>>(
        &mut self,
        typed: &Whole,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let at = typed.as_ref()?;
        let value = T::try_from(*at.get()).ok();
        if range.contains(at.get()) && value.is_some() {
            return value;
        }
        let expected = format!("{}..={}", range.start(), range.end());
        self.fault(
            at.span(),
            key,
            "fault-range",
            &at.get().to_string(),
            &expected,
        );
        None
    }

    /// A date, written with or without quotes.
    pub(crate) fn date(&mut self, typed: Option<&Day>, key: &str) -> Option<Date> {
        let at = typed?;
        let text = match at.get() {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let date = text.parse().ok();
        if date.is_none() || text.len() != "2026-11-20".len() {
            self.fault(at.span(), key, "fault-value", &text, "fault-expect-date");
            return None;
        }
        date
    }

    /// A double above zero.
    pub(crate) fn positive(&mut self, typed: &Number, key: &str) -> Option<f64> {
        let at = typed.as_ref()?;
        let value = self.finite(typed.as_ref(), key)?;
        if value <= 0.0 {
            self.fault(at.span(), key, "fault-range", &value.to_string(), "> 0");
            return None;
        }
        Some(value)
    }

    /// A double within a range.
    pub(crate) fn within(
        &mut self,
        typed: &Number,
        key: &str,
        range: RangeInclusive<f64>,
    ) -> Option<f64> {
        let at = typed.as_ref()?;
        let value = self.finite(typed.as_ref(), key)?;
        if !range.contains(&value) {
            let expected = format!("{}..={}", range.start(), range.end());
            self.fault(at.span(), key, "fault-range", &value.to_string(), &expected);
            return None;
        }
        Some(value)
    }

    /// A double that is a number.
    pub(crate) fn finite(&mut self, typed: Option<&At<f64>>, key: &str) -> Option<f64> {
        let at = typed?;
        if at.get().is_finite() {
            return Some(*at.get());
        }
        let found = at.get().to_string();
        self.fault(at.span(), key, "fault-value", &found, "fault-expect-number");
        None
    }

    /// An id that is new in `seen`; the empty id stands for one that has its fault already.
    pub(crate) fn id(&mut self, typed: &Text, seen: &mut BTreeSet<String>) -> Arc<str> {
        let Some(id) = self.parsed(typed, "id", id_text, "fault-expect-id") else {
            return Arc::from("");
        };
        if !seen.insert(id.clone()) {
            let span = typed.as_ref().map_or(0..0, At::span);
            self.fault(span, "id", "fault-duplicate", &id, "");
        }
        Arc::from(id)
    }

    /// A path; a relative one starts at the file's own directory.
    pub(crate) fn path(&self, typed: &str) -> PathBuf {
        let base = self.file.parent().unwrap_or_else(|| Path::new(""));
        base.join(typed)
    }

    /// Line of a place in the text, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        1 + before.matches('\n').count()
    }

    fn note(
        &self,
        at: usize,
        key: &str,
        what: &'static str,
        found: &str,
        expected: &str,
        hint: Option<String>,
    ) -> Fault {
        Fault {
            file: self.file.to_owned(),
            line: self.line(at),
            key: masked(key).into_owned(),
            what,
            // What a fault shows is printed, logged and passed on.
            found: masked(found).into_owned(),
            expected: expected.to_owned(),
            hint,
        }
    }
}

fn id_text(text: &str) -> Option<String> {
    is_id(text).then(|| text.to_owned())
}
