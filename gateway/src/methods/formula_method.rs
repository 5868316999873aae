//! [`FormulaMethod`]: formula that can be called by name.

use crate::i18n::Language;
use crate::methods::method_args::MethodArgs;
use crate::methods::method_input::MethodInput;
use crate::methods::method_output::MethodOutput;
use serde_json::{Value, json};

/// Formula that can be called by name.
#[derive(Debug)]
pub struct FormulaMethod {
    /// Name, as in the test vectors.
    pub name: &'static str,
    /// Section in the methods, e.g. `A.5`.
    pub section: &'static str,
    /// Inputs, in order.
    pub inputs: &'static [MethodInput],
    /// Values of the result, in order.
    pub outputs: &'static [MethodOutput],
    pub(super) eval: fn(&MethodArgs) -> Value,
}

impl FormulaMethod {
    /// Returns its description, one line.
    pub fn text(&self, lang: Language) -> String {
        lang.text(&format!("analyse-method-{}", self.name.replace('_', "-")))
    }

    /// Returns name, section, description, inputs and outputs as JSON.
    pub fn describe(&self, lang: Language) -> Value {
        let inputs: Vec<Value> = self.inputs.iter().map(MethodInput::describe).collect();
        json!({
            "name": self.name,
            "section": self.section,
            "text": self.text(lang),
            "inputs": inputs,
            "outputs": self.outputs.iter().map(MethodOutput::describe).collect::<Vec<Value>>(),
        })
    }
}
