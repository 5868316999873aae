//! Tests of what a bundle cannot prove with the whole program, and of two verifiers.

use crate::evidence::{EvidenceSite, independent_verdict, verify_without_configuration};
use crate::peers::python_peer;
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn what_no_record_covers_is_told_and_what_a_report_named_is_compared() {
    let site = EvidenceSite::new();
    let told = site.verify();
    let count = |verdict: &Value, what: &str| -> u64 {
        let parts = verdict["uncovered"].as_array().unwrap().iter();
        let parts = parts.filter(|part| part["what"] == what);
        parts.map(|part| part["count"].as_u64().unwrap()).sum()
    };
    // Days of a year ago: their records cover neither the entry nor the texts of today.
    for what in ["ledger", "configuration", "factors"] {
        assert_eq!(count(&told, what), 1, "{what}: {told:#}");
    }
    site.report("laporan");
    let (report, bundle) = (site.path("laporan.json"), site.path("with.zip"));
    let words = ["export", "--bundle", "2025-11", "--with"];
    let files = [report.to_str().unwrap(), "-o", bundle.to_str().unwrap()];
    let output = site.run(&[&words[..], &files].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("entri 1: 1 belum masuk"), "{said}");
    let (good, verdict) = verify_without_configuration(&bundle);
    assert!(good, "{verdict:#}");
    assert_eq!(count(&verdict, "report"), 1, "{verdict:#}");
    assert_eq!(independent_verdict(&bundle)["good"], true);
    assert_open_parts_are_compared(&bundle);
    // With a report in another format, the program adds the one that names the rows.
    for format in ["pdf", "xlsx", "csv"] {
        let (file, to) = (site.path(&format!("own.{format}")), site.path("own.zip"));
        let words = [
            "report",
            "2025-11",
            "-o",
            file.to_str().unwrap(),
            "--bundle",
        ];
        let output = site.run(&[&words[..], &[to.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{output:?}");
        let (good, verdict) = verify_without_configuration(&to);
        assert!(good, "{verdict:#}");
        assert_open_parts_are_compared(&to);
    }
}

/// Somebody who knows the format changes what no record covers: a report in the bundle has it.
fn assert_open_parts_are_compared(bundle: &Path) {
    for (name, what) in [
        ("ledger.jsonl", "ledger 1"),
        ("configuration/1.toml", "configuration 1"),
        ("factors/1.toml", "factors 1"),
    ] {
        let changed = bundle.with_file_name("changed.zip");
        let mut command = python_peer("forge_bundle.py");
        let status = command.args([bundle, &changed]).arg(name).status();
        assert!(status.unwrap().success());
        let (good, verdict) = verify_without_configuration(&changed);
        let faults = verdict["faults"].as_array().unwrap();
        assert!(!good && faults.len() == 1, "{name}: {verdict:#}");
        assert_eq!(faults[0]["what"], "report", "{verdict:#}");
        let touches = faults[0]["touches"].as_array().unwrap();
        assert!(touches.contains(&json!(what)), "{verdict:#}");
        assert_eq!(independent_verdict(&changed)["good"], false, "{name}");
    }
}
