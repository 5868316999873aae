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

#[test]
fn a_method_names_each_value_of_its_result_with_its_unit() {
    let golden = project_root().join("tests/golden/methods.json");
    let file: Value = serde_json::from_slice(&std::fs::read(&golden).unwrap()).unwrap();
    let call = ["--lang", "en", "method", "list", "--json"];
    let listed: Value =
        serde_json::from_slice(&pantau().args(call).output().unwrap().stdout).unwrap();
    let outputs = |name: &str| -> Vec<String> {
        let mut all = listed.as_array().unwrap().iter();
        let method = all.find(|one| one["name"] == name).unwrap();
        let outputs = method["outputs"].as_array().unwrap().iter();
        outputs
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for vector in file["vectors"].as_array().unwrap() {
        let name = vector["fn"].as_str().unwrap();
        let known = outputs(name);
        let expected: Vec<&str> = match &vector["expected"] {
            Value::Object(keys) => keys.keys().map(String::as_str).collect(),
            _ => vec![""],
        };
        for key in &expected {
            assert!(known.iter().any(|one| one == key), "{name}: {key}");
        }
        assert!(known.len() >= expected.len(), "{name}");
    }
    for method in listed.as_array().unwrap() {
        for one in method["outputs"].as_array().unwrap() {
            assert_ne!(one["unit"], "", "{}: {}", method["name"], one["name"]);
        }
    }
    // A ratio, a word and a flag are said to be such.
    let text = utf8_text(
        &pantau()
            .args(["--lang", "en", "method", "list"])
            .output()
            .unwrap()
            .stdout,
    );
    for line in [
        "→ h_kwh_m2 [kWh/m2]",
        "→ e_hyd_kwh [kWh]",
        "→ wri [%/d]",
        "→ pr [no unit (ratio or count)]",
        "→ status [text]",
        "→ passed [true or false]",
        "→ = [t]",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}
