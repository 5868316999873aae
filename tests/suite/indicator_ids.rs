//! The id of an indicator stands once in the product: in the constant beside the function that
//! computes it.

use crate::source::project_root;
use crate::tidy::{assert_no_faults, gateway_sources};
use gateway::config::load_config_text;
use gateway::indicators::all_indicators;
use std::collections::BTreeMap;
use std::path::Path;

/// Folders that choose figures by their ids, as data: what a report, a page or a warning shows.
const CHOOSING_FOLDERS: [&str; 3] = [
    "gateway/src/report/content/",
    "gateway/src/pages/",
    "gateway/src/attention/",
];

/// Whether a file chooses figures by their ids.
fn chooses_figures(path: &str) -> bool {
    CHOOSING_FOLDERS
        .iter()
        .any(|folder| path.starts_with(folder))
}

#[test]
fn the_id_of_an_indicator_stands_in_its_constant_alone() {
    let ids: Vec<&str> = all_indicators().map(|spec| spec.id).collect();
    let mut constants: BTreeMap<&str, usize> = ids.iter().map(|id| (*id, 0)).collect();
    let mut faults = Vec::new();
    for source in &gateway_sources() {
        for (at, literal) in source.literals() {
            let Some(count) = constants.get_mut(literal) else {
                continue;
            };
            if source.product[..at]
                .trim_end()
                .ends_with("IndicatorSpec::new(")
            {
                *count += 1;
            } else if !chooses_figures(&source.path) {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{literal}` is an id: name the constant of the figure"
                ));
            }
        }
    }
    let repeated = constants.iter().filter(|(_, count)| **count != 1);
    faults.extend(repeated.map(|(id, count)| format!("`{id}` has {count} constants, not one")));
    assert_no_faults(&faults);
}

#[test]
fn an_id_in_a_report_is_that_of_an_indicator() {
    let ids: Vec<&str> = all_indicators().map(|spec| spec.id).collect();
    let folder = |id: &str| id.split_once('.').map(|(folder, _)| folder.to_owned());
    let mut faults = Vec::new();
    for source in &gateway_sources() {
        if !chooses_figures(&source.path) {
            continue;
        }
        for (at, literal) in source.literals() {
            let of_asset =
                folder(literal).is_some() && ids.iter().any(|id| folder(id) == folder(literal));
            // A list may name several ids by what they begin with.
            if of_asset && !ids.iter().any(|id| id.starts_with(literal)) {
                let place = source.place_of(at);
                faults.push(format!("{place}: no indicator has the id `{literal}`"));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn every_figure_can_be_chosen_for_the_first_page_and_nothing_else() {
    let load = |id: &str| {
        let text = format!(
            "[site]\nid = 'a'\n[report]\nheadlines = ['{id}', 'ledger.jelantah', 'ledger.songket', \
             'ledger.batik']"
        );
        load_config_text(&text, Path::new("pantau.toml"), &|_| None)
    };
    for spec in all_indicators() {
        let loaded = load(spec.id);
        // The methane of all later years is no figure of the period of a report.
        let is_of_period = spec.id != "methane.lifetime";
        assert_eq!(loaded.is_ok(), is_of_period, "{}: {loaded:?}", spec.id);
    }
    let ids: Vec<&str> = all_indicators().map(|spec| spec.id).collect();
    let words = project_root().join("gateway/assets/words/en.ftl");
    let words = std::fs::read_to_string(words).unwrap();
    let names = words.lines().filter(|line| line.starts_with("indicator-"));
    // Each name in the catalogue is that of a figure, so that nothing else can be chosen.
    assert_eq!(names.count(), ids.len());
}
