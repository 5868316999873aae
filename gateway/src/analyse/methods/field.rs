//! What a method takes: names, units, types, domains, defaults.

use serde_json::{Value, json};

/// Where a number may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Anywhere.
    Any,
    /// At 0 or above.
    NotNegative,
    /// Above 0.
    Positive,
    /// From 0 to 1.
    Share,
}

impl Range {
    /// Whether `x` lies in it.
    pub fn holds(self, x: f64) -> bool {
        match self {
            Self::Any => true,
            Self::NotNegative => x >= 0.0,
            Self::Positive => x > 0.0,
            Self::Share => (0.0..=1.0).contains(&x),
        }
    }

    /// Its word in the catalogue and for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::NotNegative => "not-negative",
            Self::Positive => "positive",
            Self::Share => "share",
        }
    }
}

/// The type of an input.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A finite number.
    Number(Range),
    /// A whole number, from and to (inside).
    Whole(i32, i32),
    /// Any text.
    Text,
    /// An instant in RFC 3339.
    Instant,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of numbers.
    Numbers(Range),
    /// A list of numbers, null where one is missing.
    Gaps(Range),
    /// A list of true and false.
    Flags,
    /// A list of rows with these columns; a `?` after a name lets it be null.
    Rows(&'static [&'static str]),
    /// Tonnes by year: `{"1": 10.0}`.
    Years,
    /// Tonnes by year and kind of waste: `{"1": {"food": 10.0}}`.
    Deposits,
}

impl Kind {
    /// Its word in the catalogue (`analyse-kind-CODE`) and for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Whole(..) => "whole",
            Self::Text => "text",
            Self::Instant => "instant",
            Self::Choice(_) => "choice",
            Self::Numbers(_) => "numbers",
            Self::Gaps(_) => "gaps",
            Self::Flags => "flags",
            Self::Rows(_) => "rows",
            Self::Years => "years",
            Self::Deposits => "deposits",
        }
    }

    /// Words or columns that belong to it.
    pub fn detail(self) -> String {
        match self {
            Self::Choice(words) => words.join(", "),
            Self::Rows(columns) => columns.join(", "),
            Self::Whole(from, to) => format!("{from} .. {to}"),
            _ => String::new(),
        }
    }
}

/// Whether an input must be there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    /// It must, and must not be null.
    Required,
    /// Null, or not there, means that there is no value.
    Nullable,
    /// Required where the method's first input is one of these words.
    For(&'static [&'static str]),
    /// A number where nobody says another.
    Or(f64),
    /// A word where nobody says another.
    OrWord(&'static str),
}

/// An input of a method.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// Another key that the equations of the methods use for it; empty for none.
    pub also: &'static str,
    /// Its unit; empty for none.
    pub unit: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
}

impl Field {
    /// A required input.
    pub(super) const fn new(name: &'static str, unit: &'static str, kind: Kind) -> Self {
        Self {
            name,
            also: "",
            unit,
            kind,
            need: Need::Required,
        }
    }

    /// With another key.
    pub(super) const fn also(mut self, name: &'static str) -> Self {
        self.also = name;
        self
    }

    /// May be null or absent.
    pub(super) const fn nullable(mut self) -> Self {
        self.need = Need::Nullable;
        self
    }

    /// Required where the method's first input is one of `words`.
    pub(super) const fn of(mut self, words: &'static [&'static str]) -> Self {
        self.need = Need::For(words);
        self
    }

    /// With a default.
    pub(super) const fn or(mut self, x: f64) -> Self {
        self.need = Need::Or(x);
        self
    }

    /// With a default word.
    pub(super) const fn or_word(mut self, word: &'static str) -> Self {
        self.need = Need::OrWord(word);
        self
    }

    /// All of it, for scripts.
    pub(super) fn describe(&self) -> Value {
        let default = match self.need {
            Need::Or(x) => json!(x),
            Need::OrWord(word) => json!(word),
            Need::Required | Need::Nullable | Need::For(_) => Value::Null,
        };
        let required_for = match self.need {
            Need::For(words) => words,
            _ => &[],
        };
        json!({
            "name": self.name,
            "unit": self.unit,
            "type": self.kind.code(),
            "detail": self.kind.detail(),
            "required": self.need == Need::Required,
            "required_for": required_for,
            "nullable": self.need == Need::Nullable,
            "default": default,
        })
    }
}

/// A number that may lie anywhere.
pub(super) const fn any(name: &'static str, unit: &'static str) -> Field {
    Field::new(name, unit, Kind::Number(Range::Any))
}

/// A number of 0 or more.
pub(super) const fn amount(name: &'static str, unit: &'static str) -> Field {
    Field::new(name, unit, Kind::Number(Range::NotNegative))
}

/// A number above 0.
pub(super) const fn positive(name: &'static str, unit: &'static str) -> Field {
    Field::new(name, unit, Kind::Number(Range::Positive))
}

/// A number from 0 to 1.
pub(super) const fn share(name: &'static str) -> Field {
    Field::new(name, "", Kind::Number(Range::Share))
}

/// Rows.
pub(super) const fn rows(
    name: &'static str,
    unit: &'static str,
    columns: &'static [&'static str],
) -> Field {
    Field::new(name, unit, Kind::Rows(columns))
}

/// One of some words.
pub(super) const fn choice(name: &'static str, words: &'static [&'static str]) -> Field {
    Field::new(name, "", Kind::Choice(words))
}
