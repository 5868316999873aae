//! Files of calls, with or without what is expected of them.

use super::{Fault, eval};
use serde_json::Value;

/// How near a number must come where the file does not say.
const TOLERANCE: f64 = 1e-9;

/// One call of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its id, or its place in the file.
    pub id: String,
    /// The method.
    pub name: String,
    /// The inputs.
    pub inputs: Value,
    /// What is expected, where the file says.
    pub expected: Option<Value>,
    /// Relative tolerance of numbers.
    pub rel_tol: f64,
    /// Absolute tolerance of numbers.
    pub abs_tol: f64,
}

/// A place where a result is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: empty for the result itself, else its key or index.
    pub place: String,
    /// What is expected there.
    pub expected: Value,
    /// What was found there.
    pub found: Value,
}

/// What a case gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The bare result, or what is wrong with the call.
    pub result: Result<Value, Fault>,
    /// Where it differs from what is expected.
    pub differences: Vec<Difference>,
}

/// The calls of a file: one `{fn, inputs}`, a list of them, or an object with such a list in
/// `vectors`.
pub fn cases(file: &Value) -> Result<Vec<Case>, Fault> {
    let list = file.get("vectors").unwrap_or(file);
    let list = match list {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let cases: Option<Vec<Case>> = (1..).zip(list).map(case).collect();
    cases
        .filter(|cases| !cases.is_empty())
        .ok_or(Fault::NoCases)
}

fn case((place, entry): (usize, &Value)) -> Option<Case> {
    let id = entry.get("id").and_then(Value::as_str);
    let tolerance = |key: &str| entry.get(key).and_then(Value::as_f64).unwrap_or(TOLERANCE);
    Some(Case {
        id: id.map_or_else(|| place.to_string(), str::to_owned),
        name: entry.get("fn")?.as_str()?.to_owned(),
        inputs: entry.get("inputs")?.clone(),
        expected: entry.get("expected").cloned(),
        rel_tol: tolerance("rel_tol"),
        abs_tol: tolerance("abs_tol"),
    })
}

impl Case {
    /// Evaluates the call and holds it against what is expected.
    pub fn run(&self) -> Outcome {
        let result = eval(&self.name, &self.inputs);
        let differences = match (&self.expected, &result) {
            (Some(expected), Ok(found)) => compare(expected, found, self.rel_tol, self.abs_tol),
            _ => Vec::new(),
        };
        Outcome {
            result,
            differences,
        }
    }
}

/// Where `found` differs: numbers by |a−b| <= max(abs, rel·max(|a|, |b|)), all else exactly.
pub fn compare(expected: &Value, found: &Value, rel_tol: f64, abs_tol: f64) -> Vec<Difference> {
    let mut differences = Vec::new();
    let tolerances = (rel_tol, abs_tol);
    hold("", expected, found, tolerances, &mut differences);
    differences
}

fn hold(
    place: &str,
    expected: &Value,
    found: &Value,
    tolerances: (f64, f64),
    differences: &mut Vec<Difference>,
) {
    let inner = |key: &str| match place {
        "" => key.to_owned(),
        place => format!("{place}.{key}"),
    };
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            let extra = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(extra) {
                let [left, right] = [a, b].map(|map| map.get(key));
                let at = inner(key);
                match (left, right) {
                    (Some(left), Some(right)) => hold(&at, left, right, tolerances, differences),
                    _ => note(&at, left, right, differences),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (left, right)) in a.iter().zip(b).enumerate() {
                hold(
                    &inner(&at.to_string()),
                    left,
                    right,
                    tolerances,
                    differences,
                );
            }
        }
        (a, b) if same(a, b, tolerances) => {}
        (a, b) => note(place, Some(a), Some(b), differences),
    }
}

fn note(
    place: &str,
    expected: Option<&Value>,
    found: Option<&Value>,
    differences: &mut Vec<Difference>,
) {
    differences.push(Difference {
        place: place.to_owned(),
        expected: expected.cloned().unwrap_or_default(),
        found: found.cloned().unwrap_or_default(),
    });
}

fn same(a: &Value, b: &Value, (rel_tol, abs_tol): (f64, f64)) -> bool {
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
        let file = include_str!("../../../../tests/golden/methods.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let cases = cases(&file).unwrap();
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
        let differ = |a: Value, b: Value| !compare(&a, &b, 1e-9, 1e-9).is_empty();
        assert!(differ(json!({"a": null}), json!({})));
        assert!(differ(json!({}), json!({"a": 1})));
        assert!(differ(json!(0.0), json!(null)));
        assert!(differ(json!([1, 2]), json!([1])));
        assert!(!differ(json!(2208.0), json!(2208)));
    }
}
