//! Tests of `pantau method`, as an auditor uses it.

use crate::killed::pantau;
use crate::source::project_root;
use serde_json::Value;
use std::process::Output;

fn eval_method(arguments: &[&str]) -> Output {
    let call = ["--lang", "en", "method", "eval"];
    pantau().args(call).args(arguments).output().unwrap()
}

fn utf8_text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_auditor_redoes_every_golden_vector_and_sees_the_one_that_differs() {
    let golden = project_root().join("tests/golden/methods.json");
    let right = eval_method(&["--file", golden.to_str().unwrap()]);
    assert_eq!(right.status.code(), Some(0), "{}", utf8_text(&right.stdout));

    let mut file: Value = serde_json::from_slice(&std::fs::read(&golden).unwrap()).unwrap();
    let changed = file["vectors"].as_array_mut().unwrap();
    let one = changed.iter_mut().find(|v| v["id"] == "C04").unwrap();
    // A result that differs a little from the right one, like a rounded figure in an auditor's
    // table.
    one["expected"] = Value::from(414.2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let wrong = eval_method(&["--file", path.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(utf8_text(&wrong.stdout).contains("C04 be_grid"));
}

#[test]
fn one_formula_is_worked_out_by_hand_and_a_wrong_call_is_explained() {
    let right = eval_method(&["be_grid", r#"{"e_used_kwh": 1000, "ef_t_mwh": 0.79}"#]);
    assert_eq!(
        (right.status.code(), utf8_text(&right.stdout).trim()),
        (Some(0), "0.79")
    );
    // Two letters are swapped on purpose: the message has to suggest the right name.
    let wrong = eval_method(&["be_gird", "{}"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(utf8_text(&wrong.stderr).contains("be_grid"));
    assert!(wrong.stdout.is_empty());
}
