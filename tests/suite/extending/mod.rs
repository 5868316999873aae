//! The examples of `docs/extending.md` are the files that are built and run here.

mod asset_kind;
mod device;
mod language;
mod ledger_indicator;
mod sink;
mod table_bus;
mod tank_figure;

use crate::source::project_root;
use std::fs;

/// Returns the file name and the text of each code block of the page that names a file.
fn named_blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some((_, file)) = info.split_once("file=") {
            found.push((file.trim().to_owned(), text.join("\n") + "\n"));
        }
    }
    found
}

#[test]
fn each_example_of_the_page_stands_in_its_file() {
    let page = fs::read_to_string(project_root().join("docs/extending.md")).unwrap();
    for (file, block) in named_blocks(&page) {
        let text = fs::read_to_string(project_root().join(&file)).unwrap();
        assert!(
            text.contains(&block),
            "docs/extending.md: the block of {file} differs from the file:\n{block}"
        );
    }
}

#[test]
fn a_block_is_found_with_its_file() {
    let page = "a\n```rust file=tests/x.rs\nfn a() {}\n```\n```sh\nls\n```\n";
    let found = named_blocks(page);
    assert_eq!(found, [("tests/x.rs".to_owned(), "fn a() {}\n".to_owned())]);
}
