//! The examples of `docs/extending.md` are the files that are built and run here.

mod device;
mod extended_gateway;
mod language;
mod ledger_indicator;
mod sink;
mod table_bus;
mod tank_figure;

use crate::source::project_root;
use std::fs;

/// Returns the value of a word of the first line, and the text, of each code block of the page
/// whose first line has this word: `file=NAME`.
fn marked_blocks(page: &str, word: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let mut words = info.split(' ').filter_map(|part| part.split_once('='));
        if let Some((_, file)) = words.find(|(name, _)| *name == word) {
            found.push((file.to_owned(), text.join("\n") + "\n"));
        }
    }
    found
}

fn extending_page() -> String {
    fs::read_to_string(project_root().join("docs/extending.md")).unwrap()
}

#[test]
fn each_example_of_the_page_stands_in_its_file() {
    for (file, block) in marked_blocks(&extending_page(), "file") {
        let text = fs::read_to_string(project_root().join(&file)).unwrap();
        assert!(
            text.contains(&block),
            "docs/extending.md: the block of {file} differs from the file:\n{block}"
        );
    }
}

#[test]
fn a_block_is_found_with_its_file() {
    let page = "a\n```rust file=tests/x.rs new=y.rs\nfn a() {}\n```\n```sh\nls\n```\n";
    for (word, file) in [("file", "tests/x.rs"), ("new", "y.rs")] {
        let found = marked_blocks(page, word);
        assert_eq!(found, [(file.to_owned(), "fn a() {}\n".to_owned())]);
    }
}
