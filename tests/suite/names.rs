//! Names that a stranger understands: no type name in many places, no bare riddle.

use crate::source::{SourceFile, project_files, rust_sources};
use crate::tidy::assert_no_faults;
use std::collections::BTreeMap;

/// Names that say nothing without the path of their module.
const BARE_NAMES: &[&str] = &[
    "Answer", "Ask", "Asked", "Book", "Desk", "Fault", "Found", "Kind", "Options", "Outcome",
    "Said", "Step", "Told", "Track", "Trouble", "Verdict", "Way", "What", "Why", "Wish",
];

/// Associated types of traits of other crates: their names are not ours.
const FOREIGN_NAMES: &[&str] = &["Err", "Error", "Future", "Item", "Output", "Rejection"];

/// Returns the names of the types that a file defines, with their positions.
fn defined_types(source: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in source.code.split_inclusive('\n') {
        let mut words = line.split_whitespace();
        let mut word = words.next().unwrap_or_default();
        if word.starts_with("pub") {
            word = words.next().unwrap_or_default();
        }
        if ["struct", "enum", "trait", "union", "type"].contains(&word) {
            let name = words.next().unwrap_or_default().chars();
            let name: String = name
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push((at, name));
        }
        at += line.len();
    }
    found.retain(|(_, name)| !FOREIGN_NAMES.contains(&name.as_str()));
    found
}

#[test]
fn a_type_name_stands_in_at_most_two_files_and_is_no_riddle() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for source in rust_sources("") {
        for (at, name) in defined_types(&source) {
            let place = source.place_of(at);
            if BARE_NAMES.contains(&name.as_str()) {
                faults.push(format!(
                    "{place}: `{name}` does not say of what: `Bus{name}`, `Report{name}`, ..."
                ));
            }
            places.entry(name).or_default().push(place);
        }
    }
    for (name, places) in places {
        if places.len() > 2 {
            let places = places.join(", ");
            faults.push(format!("`{name}` is the name of too many types: {places}"));
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn a_doc_comment_begins_with_what_the_item_is() {
    let mut faults = Vec::new();
    for (path, text) in project_files("", ".rs") {
        let mut before = "";
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let begins =
                |mark: &str| line.starts_with(mark) && !before.starts_with(mark.trim_end());
            let first = ["/// ", "//! "].into_iter().find(|mark| begins(mark));
            let word = first.and_then(|mark| line[mark.len()..].split(' ').next());
            if word.is_some_and(|word| ["What", "How", "Who", "Whom", "Whose"].contains(&word)) {
                let number = number + 1;
                faults.push(format!(
                    "{path}:{number}: begin with what it is or does: {line}"
                ));
            }
            before = line;
        }
    }
    assert_no_faults(&faults);
}
