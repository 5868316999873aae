//! Looks of a report on paper: type that can be read, and words of one language.

use super::agree::pdf_text;
use super::director::{demo_config, edition_pages, full_account};
use super::month::ReportedSite;
use gateway::domain::UtcMs;
use gateway::domain::indicator::DataEvent;
use gateway::i18n::Language;
use std::collections::BTreeSet;
use std::process::Command;

/// Ids of devices of the demo, and words of the commands that a report names.
const QUOTED: &[&str] = &[
    "rain", "bin", "pump", "level", "report", "edition", "full", "method", "eval", "list",
];
/// Smallest type of a PDF, points.
const TYPE_SIZE_MIN: f64 = 6.5;
/// Factor by which pdftohtml enlarges a page: sizes are whole numbers of thirds of a point.
const ZOOM: f64 = 3.0;

/// Smallest type size in a PDF, points, as another program reads it.
pub(super) fn smallest_type(pdf: &[u8]) -> f64 {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("report.pdf");
    std::fs::write(&path, pdf).unwrap();
    let mut program = Command::new("pdftohtml");
    let zoom = ZOOM.to_string();
    program.args(["-xml", "-zoom", &zoom, "-stdout", "-i", "-hidden"]);
    let output = program.arg(&path).output();
    let output = output.expect("pdftohtml: use tests/run");
    let text = String::from_utf8_lossy(&output.stdout);
    let sizes = text.split("<fontspec ").skip(1).map(|spec| {
        let (_, rest) = spec.split_once("size=\"").unwrap();
        let size: f64 = rest.split('"').next().unwrap().parse().unwrap();
        size / ZOOM
    });
    let smallest = sizes.fold(f64::INFINITY, f64::min);
    assert!(smallest.is_finite(), "no text: {text}");
    smallest
}

#[track_caller]
pub(super) fn assert_readable(pdf: &[u8], what: &str) {
    let smallest = smallest_type(pdf);
    assert!(smallest >= TYPE_SIZE_MIN, "{what}: {smallest} points");
}

/// Words of a text that stand in the English catalogue and nowhere in the Indonesian one.
pub(crate) fn english_words(text: &str) -> BTreeSet<String> {
    // Lines that quote a command, a file or a key say nothing about the words of a language.
    let is_prose = |line: &&str| {
        let quoted = ["pantau ", "`", ".toml", " --", "[", "$id"];
        !line.starts_with('#') && !quoted.iter().any(|part| line.contains(part))
    };
    let words_of = |lines: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
        let values = lines.filter_map(|line| line.split_once(" = "));
        let words = values.flat_map(|(_, value)| value.split(|c: char| !c.is_alphabetic()));
        words.map(str::to_lowercase).collect()
    };
    let own = include_str!("../../../gateway/assets/words/id.ftl");
    let own = words_of(&mut own.lines().filter(is_prose));
    let other = words_of(&mut include_str!("../../../gateway/assets/words/en.ftl").lines());
    // Ids such as `inverter.ac_energy` and commands are no words of a language.
    let is_plain = |word: &&str| word.len() > 2 && word.chars().all(char::is_alphabetic);
    let words = text.split_whitespace().flat_map(|word| {
        let word = word.trim_matches(|c: char| ".,:;()\"'“”[]·".contains(c));
        word.split(['/', '-']).collect::<Vec<_>>()
    });
    let words = words.filter(is_plain).map(str::to_lowercase);
    words
        .filter(|word| other.contains(word) && !own.contains(word))
        .filter(|word| !QUOTED.contains(&word.as_str()))
        .collect()
}

#[test]
fn no_text_of_any_report_is_smaller_than_can_be_read_and_none_is_in_the_other_language() {
    let site = ReportedSite::new();
    for period in [
        "2025-W46",
        "2025-11",
        "2025-Q4",
        "2025",
        "2025-11-03..2025-11-21",
    ] {
        for edition in ["director", "full"] {
            for lang in ["id", "en"] {
                let name = format!("{period}-{edition}-{lang}.pdf");
                let words = ["report", period, "-o", &name, "--edition", edition];
                let output = site.run(&words, lang);
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{errors}");
                let pdf = std::fs::read(site.folder.path().join(&name)).unwrap();
                assert_readable(&pdf, &name);
                let text = pdf_text(&pdf).expect("pdftotext: use tests/run");
                if lang == "id" {
                    assert_eq!(english_words(&text), BTreeSet::new(), "{name}");
                }
            }
        }
    }
    let words = english_words("ledger 1-80, configuration 1");
    assert_eq!(
        words,
        BTreeSet::from(["configuration", "ledger"].map(str::to_owned))
    );
}

#[test]
fn a_meter_that_was_replaced_in_the_period_is_told_with_both_of_its_readings() {
    let swap = DataEvent {
        // 2026-10-17 12:00 in Jakarta.
        at: UtcMs(1_792_213_200_000),
        until: None,
        of: "inverter.ac_energy_total".into(),
        kind: "swap",
        before_after: Some((8112.8, 0.5)),
        import: None,
        redated: None,
    };
    for (lang, parts) in [
        (
            Language::Id,
            [
                "Meter diganti atau direset",
                "17 Oktober 2026 12.00",
                "8.112,8",
                "mulai dari 0,5",
            ],
        ),
        (
            Language::En,
            [
                "A meter was replaced or reset",
                "17 October 2026 12:00",
                "8,112.8",
                "began at 0.5",
            ],
        ),
    ] {
        let mut account = full_account("2026-10".parse().unwrap(), 1.0);
        let without = edition_pages(&demo_config(""), &account, lang).concat();
        assert!(!without.contains(parts[0]), "{without}");
        account.events.push(swap.clone());
        let text = edition_pages(&demo_config(""), &account, lang).concat();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
