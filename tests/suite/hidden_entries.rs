//! Tests of what a person cannot see or writes differently: hidden rows, columns and sheets of a
//! workbook, and the name of an asset as nobody wrote it in the configuration.

use crate::imports::ImportBench;
use crate::killed::pantau;
use crate::peers::python_peer;
use crate::wizards::{run_pantau, stderr_text};
use std::path::{Path, PathBuf};

const BIN: &str = "[[asset]]\nid = 'bak-1'\nname = 'Bak timur'\nkind = 'bsf'\n\
                   probe = 'centre'\ntemperature = 'inverter.temp'\n";
/// Entry of a harvest, with everything that a person is asked for.
const HARVEST: [&str; 10] = [
    "ledger",
    "add",
    "bsf-maggot",
    "2 kg",
    "--how",
    "weighed",
    "--who",
    "Siti",
    "--date",
    "2025-11-02",
];

/// A site with a bin, and a file of a kind that openpyxl writes.
fn bench_with(kind: &str) -> (ImportBench, PathBuf) {
    let bench = ImportBench::new();
    let text = std::fs::read_to_string(&bench.config).unwrap();
    let temperature = "  { id = 'temp', register = 'holding:6', type = 'u16', unit = 'degC' },\n]";
    let (before, after) = text.rsplit_once("]\n[[asset]]").unwrap();
    let text = format!("{before}{temperature}\n[[asset]]{after}\n{BIN}");
    std::fs::write(&bench.config, text).unwrap();
    let file = bench.folder.path().join("book.xlsx");
    let mut peer = python_peer("import_book.py");
    assert!(peer.arg(kind).arg(&file).status().unwrap().success());
    (bench, file)
}

#[test]
fn hidden_rows_columns_and_sheets_are_read_and_told_at_every_import() {
    let power = ["--point", "inverter.power", "--zone", "WIB"];
    let parts = "tetap dibaca: jumlah baris 2, jumlah kolom 1";
    let sheet = "lembar ini disembunyikan, tetapi tetap dibaca";
    for (kind, told) in [
        ("hidden-hours", parts),
        ("hidden-hours-sheet", sheet),
        ("hidden-harvests", parts),
        ("hidden-harvests-sheet", sheet),
    ] {
        let (bench, file) = bench_with(kind);
        let file = file.to_str().unwrap();
        let (words, list): (Vec<&str>, &[&str]) = if kind.contains("hours") {
            let words = [&["import", file], &power[..]].concat();
            (words, &["export", "--point", "inverter.power"])
        } else {
            let words = vec!["ledger", "import", file, "--yes"];
            (words, &["ledger", "list", "--json"])
        };
        let output = run_pantau(&bench.config, &words);
        let said = stderr_text(&output);
        assert!(output.status.success(), "{kind}: {said}");
        assert!(said.contains(told), "{kind}: {said}");
        // Nothing that is hidden is left out.
        let kept = run_pantau(&bench.config, list).stdout;
        let kept = String::from_utf8(kept).unwrap();
        let count = if kind.contains("hours") {
            kept.matches("2025-11-01T").count()
        } else {
            kept.matches("\"bsf-maggot\"").count() + 1
        };
        assert_eq!(count, 5, "{kind}: {kept}");
    }
}

fn harvest(what: &str) -> Vec<String> {
    let described = ["--what", what];
    let all = HARVEST.iter().chain(&described);
    all.map(ToString::to_string).collect()
}

/// Descriptions of all entries.
fn descriptions(config: &Path) -> Vec<String> {
    let listed = run_pantau(config, &["ledger", "list", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
    let entries = listed.as_array().or_else(|| listed["entries"].as_array());
    let what = |one: &serde_json::Value| one["what"].as_str().unwrap_or_default().to_owned();
    entries.unwrap().iter().map(what).collect()
}

/// Writes a harvest at a terminal; returns the status and the screen.
fn harvest_at_terminal(config: &Path, what: &str, answer: &str) -> (Option<i32>, String) {
    let mut command = python_peer("dialogue.py");
    command.args(["Maksudnya bak-1", answer, "--"]);
    command.arg(pantau().get_program());
    command.args(["--lang", "id", "--log", "off"]);
    // Another amount than that of the entry without a terminal, which would be the same one.
    let words = harvest(what)
        .into_iter()
        .map(|word| word.replace("2 kg", "3 kg"));
    let output = command.args(words).arg("-c").arg(config).output();
    let output = output.unwrap();
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), screen)
}

#[test]
fn a_name_that_is_nearly_an_asset_is_refused_and_at_a_terminal_asked_about() {
    let (bench, _) = bench_with("hidden-harvests");
    for what in ["BAK1", "Bak01: panen pagi", "bak 1, panen"] {
        let words = harvest(what);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run_pantau(&bench.config, &words);
        let said = stderr_text(&output);
        let is_named = what.starts_with("bak 1");
        assert_eq!(output.status.success(), is_named, "{what}: {said}");
        assert_eq!(said.contains("maksudnya bak-1"), !is_named, "{said}");
    }
    assert_eq!(descriptions(&bench.config), ["bak 1, panen"]);
    let (status, screen) = harvest_at_terminal(&bench.config, "BAK1", "tidak");
    assert_ne!(status, Some(0), "{screen}");
    let (status, screen) = harvest_at_terminal(&bench.config, "Panen BAK1, pagi", "ya");
    assert_eq!(status, Some(0), "{screen}");
    let mut all = descriptions(&bench.config);
    all.sort();
    assert_eq!(all, ["Panen bak-1, pagi", "bak 1, panen"]);
}
