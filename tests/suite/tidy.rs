//! Rules for the source code. A message names the place and the remedy.

use crate::source::{SourceFile, closing_bracket, project_files, project_root, rust_sources};

/// Files that may exceed the limit, with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Files and folders allowed at the top of the project.
const TOP_FOLDER: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".gitignore",
    ".rustfmt.toml",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "config",
    "docs",
    "firmware",
    "gateway",
    "tests",
];

/// Files that may name a language, with the reason.
const LANGUAGE_FILES: &[(&str, &str)] = &[
    ("gateway/src/config/diagnostic.rs", "`Display` is for logs"),
    ("gateway/src/config/set_address.rs", "an error for logs"),
    (
        "gateway/src/methods/method_error.rs",
        "`Display` is for logs",
    ),
    (
        "gateway/src/cli/run.rs",
        "the log of the gateway is English",
    ),
];

/// Rooms that show figures; `formulas::claim_rounding` rounds for them.
const FIGURE_ROOMS: &[&str] = &[
    "indicators",
    "assets",
    "carbon",
    "report",
    "pages",
    "api",
    "ledger",
    "cli",
    "attention",
];

/// Files of these rooms that round something else than a figure.
const ROUNDING_FILES: &[(&str, &str)] = &[
    (
        "gateway/src/cli/import/value_units.rs",
        "last digits of a conversion",
    ),
    ("gateway/src/indicators/data_events.rs", "seconds to ms"),
    ("gateway/src/ledger/value_parser.rs", "a time of day to s"),
    ("gateway/src/ledger/xlsx_reader.rs", "the digits of a cell"),
    (
        "gateway/src/report/render/chart/value_axis.rs",
        "axis ticks",
    ),
    (
        "gateway/src/report/render/chart/chart_drawing.rs",
        "colours, and places on the page",
    ),
    (
        "gateway/src/cli/read/ranking.rs",
        "a probability just below 1 must not snap to 100 %",
    ),
    (
        "gateway/src/pages/drawings/tank.rs",
        "places within a drawing",
    ),
    (
        "gateway/src/pages/drawings/heat_map.rs",
        "places within a drawing",
    ),
    (
        "gateway/src/pages/drawings/stacked_bar.rs",
        "places within a drawing",
    ),
];

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;
const WIDTH_MAX: usize = 100;
const SCRIPT_WIDTH_MAX: usize = 124;
/// Without the service worker.
const SCRIPT_LINES_MAX: usize = 400;

fn all_sources() -> Vec<SourceFile> {
    rust_sources("")
}

pub(crate) fn gateway_sources() -> Vec<SourceFile> {
    rust_sources("gateway/src")
}

#[track_caller]
pub(crate) fn assert_no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Faults at every place of a file's product code where `word` stands, with what to do instead.
fn fault_places(sources: &[SourceFile], word: &str, advice: &str) -> Vec<String> {
    let fault = |source: &SourceFile, at| format!("{}: `{word}`: {advice}", source.place_of(at));
    let hits = |source: &SourceFile| -> Vec<String> {
        let found = source.product.match_indices(word);
        found.map(|(at, _)| fault(source, at)).collect()
    };
    sources.iter().flat_map(hits).collect()
}

#[test]
fn drivers_and_firmware_stand_alone() {
    let drivers = rust_sources("firmware/drivers/src");
    let mut faults = Vec::new();
    for word in ["std::", "alloc::", "gateway::", "serde"] {
        faults.extend(fault_places(
            &drivers,
            word,
            "`drivers` also runs on a bare chip: use core",
        ));
    }
    let lib = drivers
        .iter()
        .find(|s| s.path.ends_with("/lib.rs"))
        .unwrap();
    if !lib.code.contains("#![no_std]") && !lib.code.contains("not(test), no_std") {
        faults.push(format!("{}: say #![no_std]", lib.path));
    }
    if !lib.code.contains("#![forbid(unsafe_code)]") {
        faults.push(format!("{}: say #![forbid(unsafe_code)]", lib.path));
    }
    assert_no_faults(&faults);
}

#[test]
fn functions_and_files_stay_short_enough_to_read() {
    let mut faults = Vec::new();
    for source in all_sources() {
        for (name, at, lines) in source.functions() {
            if lines > FUNCTION_LINES_MAX {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{name}` has {lines} lines of at most {FUNCTION_LINES_MAX}: give its \
                     parts names"
                ));
            }
        }
        let lines = source.product_lines;
        let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        if lines > FILE_LINES_MAX && !excused {
            let path = &source.path;
            faults.push(format!(
                "{path}: {lines} lines of at most {FILE_LINES_MAX}: split it by what it owns"
            ));
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn lines_fit_the_page() {
    let mut texts = project_files("tests/peers", ".py");
    texts.extend(project_files("tests/peers", ".c"));
    texts.extend(project_files("", "/run"));
    texts.extend(
        all_sources()
            .into_iter()
            .map(|source| (source.path.clone(), source.breakable_text())),
    );
    let mut faults = Vec::new();
    for (path, text) in texts {
        for (line, words) in text.lines().enumerate() {
            let width = words.chars().count();
            if width > WIDTH_MAX {
                let line = line + 1;
                faults.push(format!(
                    "{path}:{line}: {width} wide of {WIDTH_MAX}: break it"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn the_scripts_of_the_pages_stay_small() {
    let mut faults = Vec::new();
    let mut all = 0;
    for (path, text) in project_files("gateway/assets/site", ".js") {
        let wide = text.lines().map(|line| line.chars().count()).max();
        if wide > Some(SCRIPT_WIDTH_MAX) {
            faults.push(format!("{path}: a line of more than {SCRIPT_WIDTH_MAX}"));
        }
        if !path.ends_with("/sw.js") {
            all += text.lines().count();
        }
    }
    if all > SCRIPT_LINES_MAX {
        faults.push(format!(
            "{all} lines of script of at most {SCRIPT_LINES_MAX}: let the server make texts and \
             options, and HTML and CSS do the rest"
        ));
    }
    assert_no_faults(&faults);
}

#[test]
fn the_product_does_not_panic_on_what_comes_from_outside() {
    let sources = gateway_sources()
        .into_iter()
        .chain(rust_sources("firmware"))
        .collect::<Vec<_>>();
    let mut faults = Vec::new();
    for word in [".unwrap()", "panic!(", "todo!(", "unimplemented!(", "dbg!("] {
        faults.extend(fault_places(
            &sources,
            word,
            "return an error that names device, point or key",
        ));
    }
    for source in &sources {
        for (at, _) in source.product.match_indices(".expect(") {
            let said = source.text[at + ".expect(".len()..].trim_start();
            let reason = said
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next());
            if reason.is_none_or(|reason| reason.split_whitespace().count() < 3) {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `expect` is for invariants alone: say in the text why it holds, or \
                     return an error"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn only_the_clock_asks_the_system_for_the_time() {
    let mut sources = gateway_sources();
    sources.retain(|source| source.room_name() != "clock");
    let mut faults = Vec::new();
    for word in [
        "SystemTime::now",
        "Timestamp::now",
        "Zoned::now",
        "disallowed_methods",
    ] {
        faults.extend(fault_places(
            &sources,
            word,
            "take `clock::Clock` or a time as an argument",
        ));
    }
    // tokio's Instant is the timer's own and stands still in tests; std's does not.
    sources.retain(|source| {
        let code = &source.product;
        let imports = code
            .split(';')
            .filter(|item| item.contains("use std::time::"));
        code.contains("std::time::Instant") || imports.into_iter().any(|i| i.contains("Instant"))
    });
    faults.extend(fault_places(
        &sources,
        "Instant::now",
        "use tokio::time, or take a time as argument",
    ));
    assert_no_faults(&faults);
}

fn is_listed(files: &[(&str, &str)], source: &SourceFile) -> bool {
    files.iter().any(|(path, _)| *path == source.path)
}

#[test]
fn languages_differ_only_in_their_rows() {
    let mut sources = gateway_sources();
    sources.retain(|source| source.room_name() != "i18n" && !is_listed(LANGUAGE_FILES, source));
    let mut faults = Vec::new();
    for word in ["Language::Id", "Language::En"] {
        faults.extend(fault_places(
            &sources,
            word,
            "what differs between languages is a field of i18n::LocaleRow or a message",
        ));
    }
    assert_no_faults(&faults);
}

#[test]
fn figures_are_rounded_in_one_place() {
    let mut sources = gateway_sources();
    sources.retain(|source| {
        let shows_figures = FIGURE_ROOMS.contains(&source.room_name());
        shows_figures && !is_listed(ROUNDING_FILES, source)
    });
    let advice = "formulas::claim_rounding rounds figures";
    let mut faults = Vec::new();
    for word in [".round()", ".floor()", ".ceil()", ".trunc()"] {
        faults.extend(fault_places(&sources, word, advice));
    }
    // `{:.1}` prints -0.0, of which an empty sum is one.
    for source in &sources {
        for (at, text) in source.literals() {
            let mut formats = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'));
            if formats.any(|(inner, _)| inner.contains(":.")) {
                faults.push(format!("{}: `{text}`: {advice}", source.place_of(at)));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn texts_become_numbers_in_one_place() {
    let sources = gateway_sources();
    let advice = "domain::parse_finite refuses what no double holds";
    assert_no_faults(&fault_places(&sources, "parse::<f64>", advice));
}

#[test]
fn attributes_do_not_silence_lints_and_paths_do_not_climb() {
    let sources = all_sources();
    let mut faults = Vec::new();
    for word in ["#[allow(", "#![allow(", ", allow("] {
        faults.extend(fault_places(
            &sources,
            word,
            "use #[expect(.., reason = \"..\")]",
        ));
    }
    faults.extend(fault_places(
        &sources,
        "super::super",
        "name the room: crate::room::..",
    ));
    for source in &sources {
        for (at, _) in source.product.match_indices("serde(") {
            let end = closing_bracket(&source.product, at + "serde".len()).unwrap_or(at);
            let inner = &source.product[at..end];
            if inner.contains("flatten") || inner.contains("untagged") {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: it hides the line of a fault: spell the keys out"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn the_project_holds_what_it_should_and_no_trace_of_a_machine() {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(project_root()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !TOP_FOLDER.contains(&name.as_str()) && !["target", ".git"].contains(&name.as_str()) {
            faults.push(format!(
                "{name}: put it into a folder, or give it a place in TOP"
            ));
        }
    }
    // The names are joined here, since the rule would find them in this file otherwise.
    let paths = ["work", "root", "tmp"].map(|folder| format!("/{folder}/"));
    for (path, text) in project_files("", "") {
        for hit in paths.iter().filter(|hit| text.contains(hit.as_str())) {
            faults.push(format!(
                "{path}: `{hit}` is a path of one machine: ask for a folder"
            ));
        }
    }
    let lock = std::fs::read_to_string(project_root().join("Cargo.lock")).unwrap();
    let index = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let other = lock
        .lines()
        .filter(|line| line.starts_with("source") && *line != index);
    faults.extend(other.map(|line| format!("Cargo.lock: {line}: only crates.io's index")));
    assert_no_faults(&faults);
}
