//! Examples of `docs/extending.md` that change the gateway itself: they are written into a copy of
//! the gateway, which is built and run.
//!
//! The copy is a workspace in the build folder. It shares the built crates of this one, so that
//! only the gateway is compiled: in about 45 s on two cores the first time, in about 10 s later.

use super::{extending_page, marked_blocks};
use crate::source::project_root;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::site_text::SiteText;

/// Program of the copy; another name, so that `pantau` in the build folder stays.
const PROGRAM: &str = "pantau-extended";

/// Folder of the crates in the workspace of the copy. cargo tells crates of one build folder apart
/// by their place in their workspace: at the same place, the copy would replace the gateway.
const COPIES: &str = "extended";

/// Build folder of this test: the binary is in `TARGET/debug/deps`.
fn target_folder() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    binary.ancestors().nth(3).unwrap().to_path_buf()
}

/// Returns all files below a folder by their path within the project.
fn read_files(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(project_root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                all.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    all
}

/// Applies a block of changes: a line with ` ` or `@@` is searched for from the last change on, a
/// line with `+` is added there.
fn apply_changes(text: &str, changes: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    for change in changes.lines() {
        if let Some(added) = change.strip_prefix('+') {
            lines.insert(at, added);
            at += 1;
            continue;
        }
        let is_wanted = |line: &&str| match change.strip_prefix("@@ ") {
            Some(part) => line.contains(part),
            None => change.strip_prefix(' ') == Some(line),
        };
        let found = lines[at..].iter().position(is_wanted);
        at += found.unwrap_or_else(|| panic!("no such line: {change:?}")) + 1;
    }
    lines.join("\n") + "\n"
}

/// The files of the gateway with the blocks of the page.
fn extended_files(page: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = read_files("gateway");
    for (file, text) in marked_blocks(page, "new") {
        let old = files.insert(file.clone(), text.into_bytes());
        assert!(old.is_none(), "{file} exists already");
    }
    let mut change = |file: &str, change: &dyn Fn(&str) -> String| {
        let text = files.get_mut(file).unwrap_or_else(|| panic!("no {file}"));
        *text = change(std::str::from_utf8(text).unwrap()).into_bytes();
    };
    for (file, block) in marked_blocks(page, "append") {
        change(&file, &|text| format!("{text}\n{block}"));
    }
    for (file, block) in marked_blocks(page, "patch") {
        change(&file, &|text| apply_changes(text, &block));
    }
    change("gateway/Cargo.toml", &|text| {
        text.replace("\"pantau\"", &format!("\"{PROGRAM}\""))
    });
    files
}

/// Writes the files below a folder; those that are there already keep their time, so that cargo
/// builds only what has changed.
fn write_files(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (file, bytes) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::write(&path, bytes).unwrap();
        }
    }
}

/// Removes what an earlier copy had and the gateway no longer has.
fn remove_other_files(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let mut folders = vec![folder.join("gateway")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if !files.contains_key(name) {
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

/// Builds the gateway with the examples of the page; returns the program.
fn build_extended_gateway() -> PathBuf {
    let target = target_folder();
    let folder = target.join("extending");
    let copies = folder.join(COPIES);
    let files = extended_files(&extending_page());
    write_files(&copies, &files);
    remove_other_files(&copies, &files);
    for part in ["config", "docs", "firmware", "tests"] {
        let link = copies.join(part);
        if !link.exists() {
            std::os::unix::fs::symlink(project_root().join(part), link).unwrap();
        }
    }
    let read = |file: &str| fs::read_to_string(project_root().join(file)).unwrap();
    let mut workspace = read("Cargo.toml");
    for member in ["firmware", "gateway", "tests"] {
        workspace = workspace.replace(&format!("\"{member}"), &format!("\"{COPIES}/{member}"));
    }
    let manifests = [
        ("Cargo.toml", workspace),
        ("Cargo.lock", read("Cargo.lock")),
    ];
    let manifests = manifests.map(|(file, text)| (file.to_owned(), text.into_bytes()));
    write_files(&folder, &manifests.into());
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    // With `--examples` the crates get the features that they have in a test build; no example
    // exists.
    build.args(["build", "--workspace", "--bin", PROGRAM, "--examples"]);
    build.args(["--locked", "--offline", "--quiet", "--target-dir"]);
    build.arg(&target);
    let output = build.current_dir(&folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    target.join("debug").join(PROGRAM)
}

fn extended_site(folder: &Path) -> String {
    SiteText::new("desa")
        .tcp_bus("lan", 502)
        .device("pipe", "lan", "unit = 1")
        .points([
            "{ id = 'volume', register = 'holding:0', type = 'u32', unit = 'm3', counter = true }",
            "{ id = 'level', register = 'holding:2', type = 'u16', unit = 'm', scale = 0.01 }",
        ])
        .asset("kran", "tap", "volume = 'pipe.volume'")
        .asset(
            "tandon",
            "tank",
            "level = 'pipe.level'\nfull_m = 1.5\n\
             shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 1.5 }",
        )
        .store(&folder.join("store"))
        .text()
}

#[test]
fn the_program_with_all_examples_is_built_and_run() {
    let program = build_extended_gateway();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("pantau.toml"), extended_site(home.path())).unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.args(words).args(["--lang", "en", "--log", "error"]);
        command.args(["-c", "pantau.toml"]).current_dir(home.path());
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    for (point, first, last) in [("pipe.volume", "100", "103"), ("pipe.level", "1", "0.5")] {
        let rows = format!(
            "time,value\n2026-07-01T08:00:00+07:00,{first}\n2026-07-01T08:30:00+07:00,{last}\n"
        );
        fs::write(home.path().join("rows.csv"), rows).unwrap();
        run(&["import", "--point", point, "rows.csv"]);
    }
    // The command.
    assert_eq!(run(&["points"]), "pipe.volume\npipe.level\n");
    // The kind of asset: its table, and its figure with the name of both words.
    let plan = run(&["check"]);
    assert!(plan.contains("kran (tap)"), "{plan}");
    let said = run(&["report", "2026-07-01", "--explain", "tap.volume"]);
    assert!(said.contains("Water drawn"), "{said}");
    assert!(said.contains("3 m3") || said.contains("3.0"), "{said}");
    // The figure of a tank: 2 m by 1 m by 1.5 m, filled to 0.5 m.
    let said = run(&["report", "2026-07-01", "--explain", "tank.free_last"]);
    assert!(said.contains("Free volume at the end"), "{said}");
}

#[test]
fn changes_are_applied_where_their_lines_stand() {
    let text = "a\n  b\nfn x() {\n  b\n}\n";
    let changed = apply_changes(text, "@@ fn x\n   b\n+  c\n");
    assert_eq!(changed, "a\n  b\nfn x() {\n  b\n  c\n}\n");
}
