//! Fault reports of people who do this job, each as a test with its small input and right value.
//!
//! `docs/field-reports.md` is the list: where each was reported, and which test holds it.

mod access_lists;
mod backups;
mod doors;
mod figures;
mod ill_receivers;
mod known_damage;
mod lines;
mod read_only;
mod sinks;
mod store;
mod values;

use crate::source::{project_root, rust_sources};
use crate::tidy::assert_no_faults;

/// Tests that a row of the list names: what stands in backquotes in its last column.
fn named_tests(row: &str) -> Vec<&str> {
    let last = row.trim_end_matches('|').rsplit('|').next();
    let quoted = last.unwrap_or_default().split('`').skip(1).step_by(2);
    quoted.collect()
}

#[test]
fn every_report_of_the_list_names_tests_that_exist() {
    let list = std::fs::read_to_string(project_root().join("docs/field-reports.md")).unwrap();
    let code: String = rust_sources("")
        .into_iter()
        .map(|source| source.code)
        .collect();
    let rows = list.lines().filter(|line| {
        line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| reported at")
    });
    let mut faults = Vec::new();
    for row in rows {
        let tests = named_tests(row);
        if tests.is_empty() {
            faults.push(format!("docs/field-reports.md: no test is named: {row}"));
        }
        for test in tests {
            // Only the last part: the path in the list may leave out modules.
            let name = test.rsplit("::").next().unwrap_or(test);
            if !code.contains(&format!("fn {name}(")) {
                faults.push(format!("docs/field-reports.md: no such test: {test}"));
            }
        }
    }
    assert_no_faults(&faults);
}
