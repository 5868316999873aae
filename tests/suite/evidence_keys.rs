//! Tests that the document names every key that `pantau verify --json` and the files of a bundle
//! have: an auditor must not guess one.

use crate::evidence::{EvidenceSite, verify_without_configuration};
use crate::peers::python_peer;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/evidence.md");

/// Adds the keys of a JSON value and of all within it.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                keys.insert(key.clone());
                collect_keys(value, keys);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| collect_keys(one, keys)),
        _ => {}
    }
}

/// Checks that the document has each key of a JSON value as code.
#[track_caller]
pub(crate) fn assert_keys_are_documented(value: &Value) {
    let mut keys = BTreeSet::new();
    collect_keys(value, &mut keys);
    let is_missing = |key: &&String| {
        let (code, quoted) = (format!("`{key}`"), format!("\"{key}\""));
        !DOCUMENT.contains(&code) && !DOCUMENT.contains(&quoted)
    };
    let missing: Vec<&String> = keys.iter().filter(is_missing).collect();
    assert!(
        missing.is_empty(),
        "docs/evidence.md does not name {missing:?}"
    );
}

/// Returns a folder with the files of a bundle.
pub(crate) fn unpack_bundle(bundle: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = python_peer("unpack.py");
    let status = command.arg(bundle).arg(folder.path()).status();
    assert!(status.unwrap().success());
    folder
}

#[test]
fn every_key_that_verify_prints_is_in_the_document() {
    let site = EvidenceSite::new();
    // As if they had been there from the beginning, so that records name them.
    site.tamper("UPDATE factors SET since = 1763686800000");
    let good = site.verify();
    assert_keys_are_documented(&good);
    let digest = good["digest"].as_str().unwrap();
    let read =
        |words: &[&str]| -> Value { serde_json::from_slice(&site.run(words).stdout).unwrap() };
    site.import(22..23, 5);
    let since = read(&["verify", "--json", "--digest", digest]);
    assert!(since["since"]["revised"][0].is_object(), "{since:#}");
    assert_keys_are_documented(&since);
    let report = site.path("report.json");
    let report = report.to_str().unwrap();
    assert!(
        site.run(&["report", "2025-11", "-o", report])
            .status
            .success()
    );
    assert_keys_are_documented(&read(&["verify", "--json", report]));
    site.tamper("UPDATE factors SET text = replace(text, '28.0', '29.0')");
    let broken = site.verify();
    assert_eq!(broken["good"], false);
    assert_keys_are_documented(&broken);
}

#[test]
fn every_key_of_a_bundle_is_in_the_document() {
    let site = EvidenceSite::new();
    site.import(22..23, 5);
    let report = site.path("report.json");
    let report = report.to_str().unwrap();
    assert!(
        site.run(&["report", "2025-11", "-o", report])
            .status
            .success()
    );
    let bundle = site.bundle("keys.zip");
    assert_keys_are_documented(&verify_without_configuration(&bundle).1);
    let folder = unpack_bundle(&bundle);
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        if !name.contains(".json") {
            continue;
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        // The manifest is one value; the other files have one in each line.
        let lines: Vec<&str> = match name.as_str() {
            "manifest.json" => vec![&text],
            _ => text.lines().collect(),
        };
        files += usize::from(!lines.is_empty());
        for line in lines {
            assert_keys_are_documented(&serde_json::from_str(line).unwrap());
        }
    }
    assert!(files >= 7, "{files}");
}
