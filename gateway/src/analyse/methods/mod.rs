//! Every method by name: JSON in, the bare result out, so that an auditor can redo any step.

mod args;
mod carbon;
mod fault;
mod field;
mod pump;
mod pv;
mod quality;
mod vectors;
mod waste;
mod water;

pub use args::Args;
pub use fault::Fault;
pub use field::{Field, Kind, Need, Range};
pub use vectors::{Case, Difference, Outcome, cases, compare};

use crate::words::Lang;
use serde_json::{Value, json};

/// A formula that can be called by name.
#[derive(Debug)]
pub struct Method {
    /// Its name, also the word of the vectors.
    pub name: &'static str,
    /// Its section in the methods, e.g. `A.5`.
    pub section: &'static str,
    /// What it takes.
    pub inputs: &'static [Field],
    eval: fn(&Args) -> Value,
}

/// Every method, in the order of the sections.
pub fn all() -> impl Iterator<Item = &'static Method> {
    [
        pv::METHODS,
        pump::METHODS,
        carbon::METHODS,
        water::METHODS,
        waste::METHODS,
        quality::METHODS,
    ]
    .into_iter()
    .flatten()
}

/// The method of this name.
pub fn find(name: &str) -> Result<&'static Method, Fault> {
    all()
        .find(|method| method.name == name)
        .ok_or_else(|| Fault::UnknownMethod {
            name: name.to_owned(),
            near: fault::nearest(name, all().map(|method| method.name)),
        })
}

/// The bare result of `name` for a JSON object of inputs.
pub fn eval(name: &str, inputs: &Value) -> Result<Value, Fault> {
    let method = find(name)?;
    Ok((method.eval)(&Args::check(method, inputs)?))
}

impl Method {
    /// One line of what it is.
    pub fn text(&self, lang: Lang) -> String {
        lang.text(&format!("analyse-method-{}", self.name.replace('_', "-")))
    }

    /// All of it, for scripts.
    pub fn describe(&self, lang: Lang) -> Value {
        let inputs: Vec<Value> = self.inputs.iter().map(Field::describe).collect();
        json!({
            "name": self.name,
            "section": self.section,
            "text": self.text(lang),
            "inputs": inputs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_line_in_both_languages_and_its_own_name() {
        let mut names: Vec<&str> = all().map(|method| method.name).collect();
        for method in all() {
            for lang in [Lang::Id, Lang::En] {
                assert!(!method.text(lang).contains("analyse-"), "{}", method.name);
            }
        }
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn a_wrong_call_is_told_what_to_change() {
        let said = |name: &str, inputs: Value| eval(name, &inputs).unwrap_err().say(Lang::En);
        let near = said("be_gird", json!({}));
        assert!(near.contains("be_grid"), "{near}");
        let missing = said("be_grid", json!({"e_used_kwh": 1.0}));
        assert!(missing.contains("ef_t_mwh"), "{missing}");
        let unknown = said("be_grid", json!({"e_used_kwh": 1.0, "ef_t_mhw": 0.8}));
        assert!(unknown.contains("ef_t_mwh"), "{unknown}");
        let text = said("be_grid", json!({"e_used_kwh": "1", "ef_t_mwh": 0.8}));
        assert!(text.contains("e_used_kwh"), "{text}");
        let negative = said("be_grid", json!({"e_used_kwh": -1.0, "ef_t_mwh": 0.8}));
        assert!(negative.contains("e_used_kwh"), "{negative}");
        let list = said("be_grid", json!([1.0]));
        assert!(!list.is_empty());
        let row = said(
            "counter_total",
            json!({"readings": [[0, 1.0], [null, 2.0]], "max_rate_per_s": 1.0}),
        );
        assert!(row.contains("readings[1]"), "{row}");
    }
}
