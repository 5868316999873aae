//! Files that commands write: their names fit what is in them.

use crate::imports::ImportBench;
use crate::wizards::{run_pantau, stderr_text};
use std::path::Path;

#[test]
fn a_dash_is_standard_output_and_an_ending_of_another_format_is_refused() {
    let bench = ImportBench::new();
    let text = "time,value\n2025-11-01T03:00:00Z,100\n";
    let import = bench.import(text, &["--point", "inverter.energy"]);
    assert!(import.status.success(), "{}", stderr_text(&import));
    let words = ["export", "--point", "inverter.energy", "-o", "-"];
    let output = run_pantau(&bench.config, &words);
    assert_eq!(String::from_utf8_lossy(&output.stdout), text);
    let output = run_pantau(&bench.config, &["ledger", "template", "-o", "-"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("bsf-"));
    assert!(!Path::new("-").exists());
    let path = |name: &str| bench.folder.path().join(name).to_str().unwrap().to_owned();
    let (pdf, csv, zip) = (path("y.pdf"), path("y.csv"), path("y.zip"));
    for (words, fitting) in [
        (
            &["report", "2025-11", "--format", "csv", "-o", &pdf][..],
            "y.csv",
        ),
        (
            &["report", "2025-11", "-o", &csv, "--bundle", &pdf],
            "y.zip",
        ),
        (
            &[
                "report",
                "2025-11",
                "--explain",
                "plts.generation",
                "-o",
                &pdf,
            ],
            "y.txt",
        ),
        (
            &["export", "--point", "inverter.energy", "-o", &pdf],
            "y.csv",
        ),
        (&["export", "--bundle", "2025-11", "-o", &pdf], "y.zip"),
        (&["export", "--bundle", "2025-11", "-o", "-"], "-o"),
        (&["ledger", "template", "-o", &pdf], "y.csv"),
        (&["backup", "-o", &zip], "y.db"),
        (&["backup", "-o", "-"], "-o"),
        (&["handover", "-o", &csv], "y.pdf"),
    ] {
        let output = run_pantau(&bench.config, words);
        let said = stderr_text(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(fitting), "{words:?}: {said}");
    }
}
