//! Files of method calls (test vectors), with or without expected results.

use super::{MethodError, eval_method};
use serde_json::Value;

/// Tolerance of numbers unless the file gives one.
const TOLERANCE: f64 = 1e-9;

/// One call of a file of vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorCase {
    /// Id, or the position in the file.
    pub id: String,
    /// Name of the method.
    pub name: String,
    /// Inputs of the call.
    pub inputs: Value,
    /// Expected result, if the file has one.
    pub expected: Option<Value>,
    /// Relative tolerance of numbers.
    pub rel_tol: f64,
    /// Absolute tolerance of numbers.
    pub abs_tol: f64,
}

/// Difference between a result and its expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorDifference {
    /// Place: empty for the result itself, else its key or index.
    pub place: String,
    /// Expected value.
    pub expected: Value,
    /// Value found.
    pub found: Value,
}

/// Result of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorOutcome {
    /// Bare result, or the error of the call.
    pub result: Result<Value, MethodError>,
    /// Differences from the expected result.
    pub differences: Vec<VectorDifference>,
}

/// Parses the calls of a file: one `{fn, inputs}`, a list of them, or an object with such a list in
/// `vectors`.
pub fn parse_cases(file: &Value) -> Result<Vec<VectorCase>, MethodError> {
    let list = file.get("vectors").unwrap_or(file);
    let list = match list {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let cases: Option<Vec<VectorCase>> = (1..).zip(list).map(parse_case).collect();
    cases
        // A file without calls must not pass as a success.
        .filter(|cases| !cases.is_empty())
        .ok_or(MethodError::NoCases)
}

fn parse_case((place, entry): (usize, &Value)) -> Option<VectorCase> {
    let id = entry.get("id").and_then(Value::as_str);
    let tolerance = |key: &str| entry.get(key).and_then(Value::as_f64).unwrap_or(TOLERANCE);
    Some(VectorCase {
        id: id.map_or_else(|| place.to_string(), str::to_owned),
        name: entry.get("fn")?.as_str()?.to_owned(),
        inputs: entry.get("inputs")?.clone(),
        expected: entry.get("expected").cloned(),
        rel_tol: tolerance("rel_tol"),
        abs_tol: tolerance("abs_tol"),
    })
}

impl VectorCase {
    /// Evaluates the call and compares it with the expected result.
    pub fn run(&self) -> VectorOutcome {
        let result = eval_method(&self.name, &self.inputs);
        let differences = match (&self.expected, &result) {
            (Some(expected), Ok(found)) => {
                compare_results(expected, found, self.rel_tol, self.abs_tol)
            }
            _ => Vec::new(),
        };
        VectorOutcome {
            result,
            differences,
        }
    }
}

/// Returns the differences: numbers are equal if |a−b| <= max(abs, rel·max(|a|, |b|)), all else
/// must be identical.
pub fn compare_results(
    expected: &Value,
    found: &Value,
    rel_tol: f64,
    abs_tol: f64,
) -> Vec<VectorDifference> {
    let mut differences = Vec::new();
    let tolerances = (rel_tol, abs_tol);
    compare_at("", expected, found, tolerances, &mut differences);
    differences
}

fn compare_at(
    place: &str,
    expected: &Value,
    found: &Value,
    tolerances: (f64, f64),
    differences: &mut Vec<VectorDifference>,
) {
    let inner = |key: &str| match place {
        "" => key.to_owned(),
        place => format!("{place}.{key}"),
    };
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            // A key on one side only is a difference, even if its value is null.
            let extra = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(extra) {
                let [left, right] = [a, b].map(|map| map.get(key));
                let at = inner(key);
                match (left, right) {
                    (Some(left), Some(right)) => {
                        compare_at(&at, left, right, tolerances, differences);
                    }
                    _ => push_difference(&at, left, right, differences),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (left, right)) in a.iter().zip(b).enumerate() {
                compare_at(
                    &inner(&at.to_string()),
                    left,
                    right,
                    tolerances,
                    differences,
                );
            }
        }
        (a, b) if is_within_tolerance(a, b, tolerances) => {}
        (a, b) => push_difference(place, Some(a), Some(b), differences),
    }
}

fn push_difference(
    place: &str,
    expected: Option<&Value>,
    found: Option<&Value>,
    differences: &mut Vec<VectorDifference>,
) {
    differences.push(VectorDifference {
        place: place.to_owned(),
        expected: expected.cloned().unwrap_or_default(),
        found: found.cloned().unwrap_or_default(),
    });
}

fn is_within_tolerance(a: &Value, b: &Value, (rel_tol, abs_tol): (f64, f64)) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= abs_tol.max(rel_tol * a.abs().max(b.abs())),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shown_vector_comes_out_within_its_tolerance() {
        let file = include_str!("../../../tests/golden/methods.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let cases = parse_cases(&file).unwrap();
        assert!(cases.len() >= 81);
        let mut faults = Vec::new();
        for case in cases {
            assert!(case.expected.is_some(), "{}", case.id);
            let outcome = case.run();
            let id = &case.id;
            match outcome.result {
                Err(fault) => faults.push(format!("{id}: {fault}")),
                Ok(_) if outcome.differences.is_empty() => {}
                Ok(_) => faults.push(format!("{id}: {:?}", outcome.differences)),
            }
        }
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn a_missing_key_and_a_null_for_a_number_are_differences() {
        let differ = |a: Value, b: Value| !compare_results(&a, &b, 1e-9, 1e-9).is_empty();
        assert!(differ(json!({"a": null}), json!({})));
        assert!(differ(json!({}), json!({"a": 1})));
        assert!(differ(json!(0.0), json!(null)));
        assert!(differ(json!([1, 2]), json!([1])));
        assert!(!differ(json!(2208.0), json!(2208)));
    }
}
