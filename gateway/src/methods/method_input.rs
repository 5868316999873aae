//! Declaration of a method's inputs: names, units, types, ranges and defaults.

use serde_json::{Value, json};

/// Range of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputRange {
    /// Any finite number.
    Any,
    /// 0 or more.
    NotNegative,
    /// More than 0.
    Positive,
    /// 0 to 1.
    Share,
}

impl InputRange {
    /// Returns true if `x` is in the range.
    pub fn holds(self, x: f64) -> bool {
        match self {
            Self::Any => true,
            Self::NotNegative => x >= 0.0,
            Self::Positive => x > 0.0,
            Self::Share => (0.0..=1.0).contains(&x),
        }
    }

    /// Returns the code for messages (`analyse-range-CODE`) and scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::NotNegative => "not-negative",
            Self::Positive => "positive",
            Self::Share => "share",
        }
    }
}

/// Type of an input.
#[derive(Clone, Copy, Debug)]
pub enum InputKind {
    /// Finite number.
    Number(InputRange),
    /// Integer from and to (inclusive).
    Whole(i32, i32),
    /// Any text.
    Text,
    /// Instant in RFC 3339.
    Instant,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// List of numbers.
    Numbers(InputRange),
    /// List of numbers, null where one is missing.
    Gaps(InputRange),
    /// List of booleans.
    Flags,
    /// List of rows with these columns; a `?` after a name allows null.
    Rows(&'static [&'static str]),
    /// Tonnes by year: `{"1": 10.0}`.
    Years,
    /// Tonnes by year and kind of waste: `{"1": {"food": 10.0}}`.
    Deposits,
}

impl InputKind {
    /// Returns the code for messages (`analyse-kind-CODE`) and scripts.
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

    /// Returns the allowed words, columns or bounds, for messages.
    pub fn detail(self) -> String {
        match self {
            Self::Choice(words) => words.join(", "),
            Self::Rows(columns) => columns.join(", "),
            Self::Whole(from, to) => format!("{from} .. {to}"),
            _ => String::new(),
        }
    }
}

/// Requirement of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputRequirement {
    /// Required and not null.
    Required,
    /// Null or absent: there is no value.
    Nullable,
    /// Required if the method's first input is one of these words.
    For(&'static [&'static str]),
    /// Default number.
    Or(f64),
    /// Default word.
    OrWord(&'static str),
}

/// Input of a method.
#[derive(Clone, Copy, Debug)]
pub struct MethodInput {
    /// Key in the JSON object.
    pub name: &'static str,
    /// Alternative key, used by the equations of the methods; empty for none.
    pub also: &'static str,
    /// Unit: `1` for a number without one, `unit` for one that the caller chooses; empty for what
    /// is no number.
    pub unit: &'static str,
    /// Type of the value.
    pub kind: InputKind,
    /// Requirement.
    pub need: InputRequirement,
}

impl MethodInput {
    /// Declares a required input.
    pub(crate) const fn new(name: &'static str, unit: &'static str, kind: InputKind) -> Self {
        Self {
            name,
            also: "",
            unit,
            kind,
            need: InputRequirement::Required,
        }
    }

    /// Adds an alternative key.
    pub(crate) const fn also(mut self, name: &'static str) -> Self {
        self.also = name;
        self
    }

    /// Allows null or absent.
    pub(crate) const fn nullable(mut self) -> Self {
        self.need = InputRequirement::Nullable;
        self
    }

    /// Requires the input only if the method's first input is one of `words`.
    pub(crate) const fn required_for(mut self, words: &'static [&'static str]) -> Self {
        self.need = InputRequirement::For(words);
        self
    }

    /// Sets a default number.
    pub(crate) const fn or_default(mut self, x: f64) -> Self {
        self.need = InputRequirement::Or(x);
        self
    }

    /// Sets a default word.
    pub(crate) const fn or_default_word(mut self, word: &'static str) -> Self {
        self.need = InputRequirement::OrWord(word);
        self
    }

    /// Returns the declaration as JSON.
    pub(crate) fn describe(&self) -> Value {
        let default = match self.need {
            InputRequirement::Or(x) => json!(x),
            InputRequirement::OrWord(word) => json!(word),
            InputRequirement::Required | InputRequirement::Nullable | InputRequirement::For(_) => {
                Value::Null
            }
        };
        let required_for = match self.need {
            InputRequirement::For(words) => words,
            _ => &[],
        };
        json!({
            "name": self.name,
            "unit": self.unit,
            "type": self.kind.code(),
            "detail": self.kind.detail(),
            "required": self.need == InputRequirement::Required,
            "required_for": required_for,
            "nullable": self.need == InputRequirement::Nullable,
            "default": default,
        })
    }
}

/// Declares a required number of any size.
pub(crate) const fn any_number(name: &'static str, unit: &'static str) -> MethodInput {
    MethodInput::new(name, unit, InputKind::Number(InputRange::Any))
}

/// Declares a required number of 0 or more.
pub(crate) const fn non_negative(name: &'static str, unit: &'static str) -> MethodInput {
    MethodInput::new(name, unit, InputKind::Number(InputRange::NotNegative))
}

/// Declares a required number above 0.
pub(crate) const fn positive_number(name: &'static str, unit: &'static str) -> MethodInput {
    MethodInput::new(name, unit, InputKind::Number(InputRange::Positive))
}

/// Declares a required number from 0 to 1, without a unit.
pub(crate) const fn share_of_one(name: &'static str) -> MethodInput {
    MethodInput::new(name, "1", InputKind::Number(InputRange::Share))
}

/// Declares a required list of rows.
pub(crate) const fn table_rows(
    name: &'static str,
    unit: &'static str,
    columns: &'static [&'static str],
) -> MethodInput {
    MethodInput::new(name, unit, InputKind::Rows(columns))
}

/// Declares a required choice of words.
pub(crate) const fn word_choice(name: &'static str, words: &'static [&'static str]) -> MethodInput {
    MethodInput::new(name, "", InputKind::Choice(words))
}
