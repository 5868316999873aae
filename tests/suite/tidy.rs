//! Rules for the source code. A message names the place and the remedy.

use crate::source::{
    SourceFile, closing_bracket, project_files, project_root, rust_sources, word_places,
};

/// Allowed imports inside `gateway/src`: a module, and the modules it may name after `crate::`.
/// Data flows left to right, and so do imports; `drivers` is left of all.
const ROOM_IMPORTS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("model", &["limits"]),
    ("clock", &["model", "limits"]),
    ("status", &["model", "limits"]),
    ("words", &["model"]),
    // What others want asked on a bus that has an owner.
    ("errand", &["model", "limits"]),
    ("ledger", &["model", "limits", "words"]),
    // What may be written down is part of what a site's file says.
    ("config", &["model", "limits", "words", "ledger"]),
    ("sun", &["model"]),
    (
        "read",
        &[
            "model", "limits", "clock", "status", "sun", "config", "errand",
        ],
    ),
    // What registers may mean and what is wrong with a line: pure, shown by pages and commands.
    ("field", &["model", "limits", "status", "config", "read"]),
    // What a technician does on the lines, for the command line and the API alike.
    (
        "onsite",
        &[
            "model", "limits", "words", "config", "errand", "read", "field",
        ],
    ),
    // It answers as a bus would be answered, and makes a history out of readings.
    (
        "sim",
        &["model", "limits", "clock", "sun", "config", "words", "read"],
    ),
    // Pure arithmetic: what it needs is handed in.
    ("analyse", &["model", "limits", "words"]),
    // The form of what proves a day; the store makes it, edges check it.
    ("evidence", &["model", "limits"]),
    // Of `config` the store knows its own settings, and the factors that it keeps by revision.
    ("store", &["model", "limits", "clock", "config", "evidence"]),
    (
        "publish",
        &["model", "limits", "clock", "status", "config", "store"],
    ),
    // Readings and ledger to figures; the present is handed in.
    (
        "account",
        &[
            "model", "limits", "sun", "config", "ledger", "analyse", "store",
        ],
    ),
    // Documents to files; what they say is handed in.
    ("report", &["model", "limits", "words"]),
    // What a report says; nothing of how it looks, and no store.
    (
        "chapters",
        &[
            "model", "limits", "words", "config", "ledger", "analyse", "report",
        ],
    ),
    // From the store to a report, for the page and the command line alike.
    (
        "reporting",
        &[
            "model", "limits", "words", "config", "ledger", "evidence", "store", "account",
            "chapters", "report",
        ],
    ),
    ("exchange", &["model", "limits", "store"]),
    (
        "web",
        &[
            "model",
            "limits",
            "clock",
            "status",
            "words",
            "config",
            "field",
            "read",
            "onsite",
            "evidence",
            "store",
            "errand",
            "exchange",
            "ledger",
            "account",
            "chapters",
            "report",
            "reporting",
        ],
    ),
    (
        "app",
        &[
            "model", "limits", "clock", "status", "words", "config", "read", "sim", "store",
            "publish", "exchange", "ledger", "web", "errand",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "limits",
            "clock",
            "status",
            "words",
            "config",
            "read",
            "field",
            "onsite",
            "sim",
            "evidence",
            "store",
            "publish",
            "exchange",
            "ledger",
            "analyse",
            "account",
            "chapters",
            "report",
            "reporting",
            "errand",
            "web",
            "app",
        ],
    ),
    ("main", &["cli", "app"]),
    ("lib", &[]),
];

/// Crates that only these modules may use.
const CRATE_ROOMS: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("pco", &["store"]),
    ("rumqttc", &["publish"]),
    ("influxdb2", &["publish"]),
    ("reqwest", &["publish"]),
    ("axum", &["web"]),
    ("askama", &["web"]),
    // The JSON of an entry, and of a figure, is one shape for the API and the command line.
    ("utoipa", &["web", "ledger", "chapters"]),
    ("ring", &["store", "publish", "config", "evidence"]),
    ("calamine", &["ledger"]),
    ("rust_xlsxwriter", &["ledger", "report"]),
    ("prometheus_client", &["web"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("ratatui", &["cli"]),
    ("schemars", &["config"]),
    ("krilla", &["report"]),
    ("skrifa", &["report"]),
    ("fluent_bundle", &["words"]),
    ("serial2_tokio", &["read", "sim"]),
    ("tokio_modbus", &["sim"]),
];

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

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;
const WIDTH_MAX: usize = 100;

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

/// First names after `crate::`, also inside braces.
fn named_rooms(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = at + "crate::".len();
        let list = if code[rest..].starts_with('{') {
            let end = closing_bracket(code, rest).unwrap_or(code.len() - 1);
            top_names(&code[rest + 1..end])
        } else {
            top_names(&code[rest..])[..1].to_vec()
        };
        found.extend(list.into_iter().map(|name| (at, name)));
    }
    found
}

/// The first word of each item of a comma list, not looking into braces.
fn top_names(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in list.chars() {
        match c {
            '{' | '(' | '<' => depth += 1,
            '}' | ')' | '>' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        if depth == 0 && c != ',' {
            items.last_mut().unwrap().push(c);
        }
    }
    let word = |item: &String| -> String {
        let name = item.trim_start().chars();
        name.take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    items.iter().map(word).collect()
}

#[test]
fn rooms_name_only_what_stands_to_their_left() {
    let mut faults = Vec::new();
    for source in gateway_sources() {
        let room = source.room_name().to_owned();
        let Some((_, allowed)) = ROOM_IMPORTS.iter().find(|(name, _)| *name == room) else {
            let path = &source.path;
            faults.push(format!(
                "{path}: `{room}` is a new room: give it a row in ROOMS"
            ));
            continue;
        };
        for (at, name) in named_rooms(&source.product) {
            let is_room = ROOM_IMPORTS.iter().any(|(known, _)| *known == name);
            if is_room && name != room && !allowed.contains(&name.as_str()) {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{room}` may not name `{name}`: hand the data in, or move the shared \
                     noun left (ROOMS in tests/suite/tidy.rs)"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn a_crate_is_named_only_in_the_room_that_it_serves() {
    let mut faults = Vec::new();
    for source in gateway_sources() {
        for (name, rooms) in CRATE_ROOMS {
            if rooms.contains(&source.room_name()) {
                continue;
            }
            for at in word_places(&source.product, name) {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{name}` belongs to {rooms:?}: go through that room"
                ));
            }
        }
    }
    assert_no_faults(&faults);
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
