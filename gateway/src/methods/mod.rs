//! Formulas callable by name: a JSON object of inputs in, the bare result out, so that an auditor
//! can recompute any step.
//!
//! Entry type: [`FormulaMethod`]. Names and inputs are those of the test vectors in
//! `tests/golden/methods.json`:
//!
//! ```text
//! eval("be_grid", &json!({"e_used_kwh": 453667.2, "ef_t_mwh": 0.79}))   // 358.4 t CO2
//! pantau method eval be_grid '{"e_used_kwh": 453667.2, "ef_t_mwh": 0.79}'
//! ```
//!
//! Figures of a site that stand on these formulas: `docs/reports.md`.

mod carbon;
mod data_quality;
mod formula_method;
mod method_args;
mod method_error;
mod method_input;
mod method_output;
mod pump;
mod pv;
mod test_vectors;
mod waste;
mod water;

pub use formula_method::FormulaMethod;
pub use method_args::MethodArgs;
pub use method_error::MethodError;
pub use method_input::{InputKind, InputRange, InputRequirement, MethodInput};
pub use method_output::MethodOutput;
pub use test_vectors::{VectorCase, VectorDifference, VectorOutcome, compare_results, parse_cases};

use serde_json::Value;

/// Returns all methods, in the order of the sections.
pub fn all() -> impl Iterator<Item = &'static FormulaMethod> {
    [
        pv::METHODS,
        pump::METHODS,
        carbon::METHODS,
        water::METHODS,
        waste::METHODS,
        data_quality::METHODS,
    ]
    .into_iter()
    .flatten()
}

/// Returns the method of this name; the error suggests a similar one.
pub fn find_method(name: &str) -> Result<&'static FormulaMethod, MethodError> {
    all()
        .find(|method| method.name == name)
        .ok_or_else(|| MethodError::UnknownMethod {
            name: name.to_owned(),
            near: method_error::nearest_name(name, all().map(|method| method.name)),
        })
}

/// Evaluates the method `name` for a JSON object of inputs; returns the bare result.
pub fn eval_method(name: &str, inputs: &Value) -> Result<Value, MethodError> {
    let method = find_method(name)?;
    Ok((method.eval)(&MethodArgs::check(
        method.name,
        method.inputs,
        inputs,
    )?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;
    use serde_json::json;

    #[test]
    fn every_method_has_a_line_in_both_languages_and_its_own_name() {
        let mut names: Vec<&str> = all().map(|method| method.name).collect();
        for method in all() {
            for lang in [Language::Id, Language::En] {
                assert!(!method.text(lang).contains("analyse-"), "{}", method.name);
            }
        }
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn every_number_that_goes_in_or_comes_out_has_a_unit_or_says_that_it_has_none() {
        for method in all() {
            for input in method.inputs {
                let is_number = !matches!(
                    input.kind,
                    InputKind::Text | InputKind::Instant | InputKind::Choice(_) | InputKind::Flags
                );
                let name = format!("{} {}", method.name, input.name);
                assert_eq!(input.unit.is_empty(), !is_number, "{name}");
            }
            for output in method.outputs {
                assert!(!output.unit.is_empty(), "{} {}", method.name, output.name);
            }
        }
    }

    #[test]
    fn a_wrong_call_is_told_what_to_change() {
        let said = |name: &str, inputs: Value| {
            eval_method(name, &inputs)
                .unwrap_err()
                .message(Language::En)
        };
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
