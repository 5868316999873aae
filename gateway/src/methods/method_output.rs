//! [`MethodOutput`]: number of the result of a method, with its unit.

use serde_json::{Value, json};

/// Value of a method's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodOutput {
    /// Key in the result object; empty where the result is one bare value.
    pub name: &'static str,
    /// Unit; `1` for a ratio or a count, `unit` for that of the inputs, and `text`, `bool` or
    /// `list` for what is no number.
    pub unit: &'static str,
}

impl MethodOutput {
    /// Returns the declaration as JSON.
    pub(crate) fn describe(&self) -> Value {
        json!({"name": self.name, "unit": self.unit})
    }
}

/// Declares a value of a result; see [`MethodOutput::unit`].
pub(crate) const fn output(name: &'static str, unit: &'static str) -> MethodOutput {
    MethodOutput { name, unit }
}
