//! `pantau report` with the whole program: a month of imported readings and records, in every
//! format and language, beside a running gateway and without one.

use super::agree::{pdf_text, pdf_words, value_text_pairs};
use super::workbook_file_totals;
use crate::killed::pantau;
use crate::peers::{PeerProcess, wait_for};
use crate::sites::{run_ok, write_config};
use jiff::civil::date;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::site_text::SiteText;

pub(super) fn irrigation_plant() -> SiteText {
    let counter = |id: &str| {
        format!(
            "{{ id = '{id}', register = 'holding:0', type = 'u32', unit = 'kWh', scale = 0.01, counter = true }}"
        )
    };
    SiteText::new("desa")
        .with("name = 'Desa Impian'\n[web]\nlisten = '127.0.0.1:0'")
        .tcp_bus("lan", 9)
        .device("inverter", "lan", "unit = 1\nevery = '5m'")
        .points([counter("energy")])
        .device("meter", "lan", "unit = 2\nevery = '5m'")
        .points([counter("export")])
        .asset("plts", "plts", "name = 'PLTS irigasi'\ncapacity_kwp = 2.0")
        .with("energy = 'inverter.energy'\nexport = 'meter.export'\nclaim = { owner = 'Desa Impian' }")
        .with("baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante', since = 2025-01-01, evidence = 'rekening PLN' }")
}

/// Site with imported readings of November 2025.
pub(super) struct ReportedSite {
    pub(super) folder: tempfile::TempDir,
    config: PathBuf,
}

impl ReportedSite {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write_config(folder.path(), irrigation_plant());
        let site = Self { folder, config };
        // Odd numbers a day, so that a day too much or too few shows in the sum.
        for (point, a_day) in [("inverter.energy", 9.37), ("meter.export", 3.11)] {
            let file = site.folder.path().join("readings.csv");
            std::fs::write(&file, counter_csv(a_day)).unwrap();
            let file = file.to_str().unwrap().to_owned();
            site.run_ok(&["import", "--point", point, &file]);
        }
        for (indicator, quantity, unit, how) in [
            ("bsf-fed", "120,5", "kg", "weighed"),
            ("bsf-fed", "12", "kg", "declared"),
            ("jelantah", "18,5", "L", "metered"),
        ] {
            let entry = [
                "ledger",
                "add",
                indicator,
                quantity,
                unit,
                "--date",
                "2025-11-12",
            ];
            site.run_ok(&[&entry[..], &["--how", how, "--who", "Siti"]].concat());
        }
        let target = [
            "ledger", "target", "bsf-fed", "2025-11", "100", "kg", "--who", "Siti",
        ];
        site.run_ok(&target);
        site
    }

    /// The site whose files are in this folder.
    pub(super) fn at(folder: tempfile::TempDir) -> Self {
        let config = folder.path().join("pantau.toml");
        Self { folder, config }
    }

    /// The same site in another folder, from a backup.
    fn restored(copy: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write_config(folder.path(), irrigation_plant());
        let store = folder.path().join("store");
        std::fs::create_dir(&store).unwrap();
        // The backup alone, without journal files beside it: that is all a person keeps.
        std::fs::copy(copy, store.join("pantau.db")).unwrap();
        Self { folder, config }
    }

    pub(super) fn run(&self, words: &[&str], lang: &str) -> Output {
        self.command(words, lang).output().unwrap()
    }

    pub(super) fn command(&self, words: &[&str], lang: &str) -> Command {
        let mut command = pantau();
        command.args(["--lang", lang, "--log", "error"]).args(words);
        command.arg("-c").arg(&self.config);
        command.current_dir(self.folder.path());
        command
    }

    #[track_caller]
    pub(super) fn run_ok(&self, words: &[&str]) -> Vec<u8> {
        run_ok(self.folder.path(), "id", words)
    }

    /// The report as a file.
    #[track_caller]
    pub(super) fn report_file(&self, lang: &str, format: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{lang}.{format}"));
        let output = self.run(&["report", "2025-11", "-o", file.to_str().unwrap()], lang);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        file
    }

    /// A PDF in this edition.
    #[track_caller]
    pub(super) fn edition_file(&self, lang: &str, edition: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{lang}-{edition}.pdf"));
        let name = file.to_str().unwrap();
        let words = ["report", "2025-11", "-o", name, "--edition", edition];
        let output = self.run(&words, lang);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        file
    }

    pub(super) fn report_json(&self, lang: &str) -> Json {
        serde_json::from_slice(&std::fs::read(self.report_file(lang, "json")).unwrap()).unwrap()
    }

    pub(super) fn start_gateway(&self) -> PeerProcess {
        let mut command = pantau();
        let command = command
            .args(["--log", "error", "run", "-c"])
            .arg(&self.config);
        let gateway = PeerProcess::start(command);
        let socket = self.folder.path().join("store").join("pantau.sock");
        wait_for("the control socket", || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        gateway
    }
}

/// Readings of a counter in November 2025, every five minutes, growing every day; 9 November is
/// missing.
fn counter_csv(a_day: f64) -> String {
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    let start = zone.to_timestamp(date(2025, 11, 1).at(0, 0, 0, 0)).unwrap();
    let (mut text, mut total) = ("time,value\n".to_owned(), 1000.0);
    for step in 0..30 * 288_i64 {
        let (day, slot) = (step / 288, step % 288);
        // From 06:00 to 18:00, as the sun shines on the plant.
        if (72..216).contains(&slot) {
            total += a_day / 144.0;
        }
        if day != 8 {
            let at: Timestamp = start + Span::new().minutes(5 * step);
            writeln!(text, "{at},{total:.2}").unwrap();
        }
    }
    text
}

fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A figure of the report's JSON.
pub(super) fn report_figure<'a>(report: &'a Json, id: &str) -> &'a Json {
    let sections = report["sections"].as_array().unwrap().iter();
    let blocks = sections.flat_map(|section| section["blocks"].as_array().unwrap());
    let mut items = blocks
        .filter_map(|block| block["items"].as_array())
        .flatten();
    let found = items.find(|item| item["id"] == id);
    found.unwrap_or_else(|| panic!("no figure {id}"))
}

#[test]
fn all_formats_and_languages_say_the_same_numbers_of_the_month() {
    let site = ReportedSite::new();
    for lang in ["id", "en"] {
        let report = site.report_json(lang);
        let generated = report_figure(&report, "plts/plts.generation")["value"]
            .as_f64()
            .unwrap();
        // The missing day is in the sum, because a counter goes on counting while nobody reads it.
        assert!((generated - 9.37 * 30.0).abs() < 0.02, "{generated}");
        let net = report_figure(&report, "summary/co2.net");
        assert_eq!(net["status"], "provisional", "{net}");
        let net = net["value"].as_f64().unwrap();
        // Self-used energy times the grid factor of 0.93 t/MWh. Export is not claimed.
        assert!((net - 6.26 * 30.0 * 0.93 / 1000.0).abs() < 1e-4, "{net}");
        assert_totals_agree(
            &report,
            &workbook_file_totals(&site.report_file(lang, "xlsx")),
        );
        assert_paper_agrees(
            &report,
            &std::fs::read(site.edition_file(lang, "full")).unwrap(),
        );
    }
}

/// Checks that the totals computed from the workbook by another program are those of the JSON.
fn assert_totals_agree(report: &Json, book: &Json) {
    let sections = report["sections"].as_array().unwrap().iter();
    let blocks = sections.flat_map(|section| section["blocks"].as_array().unwrap());
    let totals = blocks.flat_map(|block| block["total"].as_array().into_iter().flatten());
    let expected: Vec<f64> = totals.filter_map(|total| total["value"].as_f64()).collect();
    let totals = book["totals"].as_array().unwrap();
    assert_eq!(totals.len(), expected.len());
    assert!(expected.len() >= 3);
    for (total, expected) in totals.iter().zip(expected) {
        for result in ["carried", "computed"] {
            let off = (total[result].as_f64().unwrap() - expected).abs();
            assert!(off <= expected.abs() * 1e-12, "{total} {expected}");
        }
    }
}

/// Checks that every number of the JSON is on paper.
fn assert_paper_agrees(report: &Json, pdf: &[u8]) {
    let paper = pdf_text(pdf).expect("pdftotext: use tests/run");
    // A character that no font has is drawn as a question mark.
    assert!(!paper.contains('?'), "{paper}");
    let paper = pdf_words(&paper);
    let mut found = Vec::new();
    value_text_pairs(report, &mut found);
    for (_, shown) in found.iter().filter(|(value, _)| value.is_number()) {
        for piece in pdf_words(shown) {
            assert!(paper.contains(&piece), "{shown} is not in the PDF");
        }
    }
}

#[test]
fn the_indonesian_report_has_no_raw_key_and_no_english_word() {
    let site = ReportedSite::new();
    let keys = [
        "chapters-",
        "indicator-",
        "report-",
        "analyse-",
        "account-",
        "event-",
        "factor-",
    ];
    for lang in ["id", "en"] {
        let text = read_text(&site.report_file(lang, "csv"));
        for key in keys {
            assert!(!text.contains(key), "{lang}: {key}");
        }
    }
    let text = read_text(&site.report_file("id", "csv"));
    assert!(text.contains("sementara"));
    // Ids of points are the site's own.
    let text = text
        .replace("inverter.energy", "")
        .replace("meter.export", "");
    let is_word = |c: char| c.is_alphanumeric();
    let words: Vec<&str> = text.split(|c| !is_word(c)).collect();
    for word in [
        "the",
        "of",
        "and",
        "is",
        "not",
        "energy",
        "water",
        "share",
        "measured",
        "period",
        "day",
        "month",
        "provisional",
        "source",
        "original",
        "opened",
        "hours",
        "with",
    ] {
        let at = words
            .iter()
            .position(|found| found.eq_ignore_ascii_case(word));
        let around = at.map(|at| &words[at.saturating_sub(4)..words.len().min(at + 4)]);
        assert_eq!(around, None, "{word}");
    }
}

#[test]
fn a_question_that_makes_no_sense_is_told_what_to_change_and_leaves_no_file() {
    let site = ReportedSite::new();
    let file = site.folder.path().join("out.pdf");
    let name = file.to_str().unwrap();
    // Misspelt words as well: the answer has to name what was probably meant.
    for (words, part) in [
        (vec!["report", "2999-01", "-o", name], "belum dimulai"),
        (vec!["report", "2025-13", "-o", name], "bukan periode"),
        (
            vec!["report", "2025-11", "--asset", "pltss", "-o", name],
            "plts",
        ),
        (
            vec!["report", "2025-11", "--format", "doc", "-o", name],
            "pdf, xlsx",
        ),
        (
            vec!["report", "2025-11", "--explain", "co2.nett"],
            "co2.net",
        ),
    ] {
        let output = site.run(&words, "id");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(part), "{words:?}: {said}");
        assert!(!said.contains("reporting-"), "{said}");
    }
    let left = std::fs::read_dir(site.folder.path()).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains("out")),
        "{left:?}"
    );
}

#[test]
fn the_way_down_is_the_same_beside_a_running_gateway_and_without_one() {
    let site = ReportedSite::new();
    let ask = [
        "report",
        "2025-11",
        "--explain",
        "co2.net",
        "--asset",
        "plts",
    ];
    let text = String::from_utf8(site.run_ok(&ask)).unwrap();
    let as_json = [&ask[..], &["--json"]].concat();
    let own: Json = serde_json::from_slice(&site.run_ok(&as_json)).unwrap();
    for part in [
        "inverter.energy",
        "meter.export",
        "0,93",
        "sementara",
        "1 kali data kosong",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let gateway = site.start_gateway();
    assert_eq!(String::from_utf8(site.run_ok(&ask)).unwrap(), text);
    let asked: Json = serde_json::from_slice(&site.run_ok(&as_json)).unwrap();
    assert_eq!(asked, own);
    let file = site.report_file("en", "csv");
    assert!(read_text(&file).contains("Energy generated"));
    let output = site.run(&["report", "2025-11", "--explain", "co2.nett"], "id");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("co2.net"),
        "{said}"
    );
    drop(gateway);
}

#[test]
fn a_report_without_a_running_gateway_is_noted_as_issued_like_one_beside_it() {
    let site = ReportedSite::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let noted = || {
        let config = gateway::config::load_config(&site.config).unwrap();
        let (path, clock) = (&config.store.path, gateway::clock::Clock::system());
        let text = config.revision_text();
        let store = runtime.block_on(async {
            let access = gateway::storage::StoreAccess::Read;
            let opened = gateway::storage::Store::open_with_access(
                access,
                path,
                &config.site,
                &config.store,
                &text,
                &clock,
            );
            let store = opened.unwrap();
            let all = store.issued_reports_before(u64::MAX).await.unwrap();
            store.stop().await;
            all
        });
        let via = |one: &gateway::domain::issued_report::IssuedReport| one.issue.via.word();
        store.iter().map(via).collect::<Vec<_>>()
    };
    let own = site.report_json("id");
    assert_eq!(noted(), ["command"]);
    // The same content in another format and language is the same report.
    site.report_file("en", "csv");
    assert_eq!(noted(), ["command"]);
    let gateway = site.start_gateway();
    assert_eq!(site.report_json("id")["digest"], own["digest"]);
    drop(gateway);
    assert_eq!(noted(), ["command"]);
    let verdict: Json = serde_json::from_slice(&site.run_ok(&["verify", "--json"])).unwrap();
    assert_eq!(verdict["good"], true, "{verdict}");
}

#[test]
fn a_backup_made_while_the_gateway_runs_verifies_and_reports_in_another_place() {
    let site = ReportedSite::new();
    let gateway = site.start_gateway();
    let copy = site.folder.path().join("copy.db");
    let here = site.report_json("id");
    site.run_ok(&["backup", "-o", copy.to_str().unwrap()]);
    drop(gateway);
    let other = ReportedSite::restored(&copy);
    let verdict: Json = serde_json::from_slice(&other.run_ok(&["verify", "--json"])).unwrap();
    assert_eq!(verdict["good"], true, "{verdict}");
    let there = other.report_json("id");
    assert_eq!(there["digest"], here["digest"]);
    let net = |report| report_figure(report, "summary/co2.net").clone();
    assert_eq!(net(&there)["value"], net(&here)["value"]);
}

#[test]
fn an_old_revision_is_the_same_report_beside_a_running_gateway_and_without_one() {
    let site = ReportedSite::new();
    let ask = |file: &Path| {
        let file = file.to_str().unwrap();
        site.run_ok(&["report", "2025-11", "--revision", "1.1", "-o", file]);
        serde_json::from_slice::<Json>(&std::fs::read(file).unwrap()).unwrap()
    };
    let refusal = || {
        let output = site.run(&["report", "2025-11", "--revision", "9.9"], "id");
        (output.status.code(), output.stderr)
    };
    let own = ask(&site.folder.path().join("own.json"));
    let refused = refusal();
    assert_eq!(refused.0, Some(2));
    let gateway = site.start_gateway();
    let asked = ask(&site.folder.path().join("asked.json"));
    assert_eq!(refusal(), refused);
    drop(gateway);
    for part in ["digest", "revision", "period"] {
        assert_eq!(asked[part], own[part], "{part}");
    }
    assert_eq!(asked["sections"], own["sections"]);
}
