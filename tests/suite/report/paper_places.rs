//! Places at which a reader looks for something: the target of a figure, the printed number in the
//! workbook, the strip of a stream, room to sign, the reason beside a refused figure, and who
//! imported what.

use super::agree::{last_digit_value, parse_shown_number, pdf_text};
use super::month::{ReportedSite, report_figure};
use crate::peers::python_peer;
use gateway::i18n::Language;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Dots of a picture for each point of the page.
const DOTS: f64 = 4.0;
/// Millimetres as points.
const MM: f64 = 72.0 / 25.4;
/// Days of November.
const DAYS: usize = 30;

/// Page of a PDF, as other programs read and draw it; lengths in points from the left upper corner.
struct DrawnPage {
    words: Vec<DrawnWord>,
    width: usize,
    dots: Vec<u8>,
}

#[derive(Clone, Debug)]
struct DrawnWord {
    text: String,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl DrawnPage {
    /// The first page of the file on which this stands.
    fn with(pdf: &Path, text: &str) -> Self {
        let all = pdf_text(&std::fs::read(pdf).unwrap()).expect("pdftotext: use tests/run");
        let page = all.split('\u{c}').position(|page| page.contains(text));
        let number = (page.unwrap_or_else(|| panic!("{text} in\n{all}")) + 1).to_string();
        let run = |program: &str, words: &[&str]| {
            let mut command = Command::new(program);
            command.args(["-f", &number, "-l", &number]).args(words);
            let output = command.output().expect("poppler-utils: use tests/run");
            assert!(output.status.success(), "{output:?}");
            output.stdout
        };
        let name = pdf.to_str().unwrap();
        let words = run("pdftotext", &["-bbox", name, "-"]);
        let words = String::from_utf8(words).unwrap();
        let words = words.lines().filter_map(DrawnWord::from_line).collect();
        let picture = run("pdftoppm", &["-r", &(72.0 * DOTS).to_string(), name]);
        // "P6", width, height and 255 on three lines, then three bytes a dot.
        let mut lines = picture.splitn(4, |byte| *byte == b'\n');
        let size = lines.nth(1).unwrap();
        let size = std::str::from_utf8(size).unwrap().split(' ');
        let width = size.map(|text| text.parse().unwrap()).next().unwrap();
        let dots = lines.nth(1).unwrap().to_vec();
        Self { words, width, dots }
    }

    /// Colour of the dot at a place.
    fn colour(&self, x: f64, y: f64) -> [u8; 3] {
        let dot = |length: f64| -> usize { format!("{:.0}", length * DOTS).parse().unwrap() };
        let from = 3 * (dot(y) * self.width + dot(x));
        self.dots[from..from + 3].try_into().unwrap()
    }

    fn is_paper(&self, x: f64, y: f64) -> bool {
        self.colour(x, y).iter().all(|part| *part >= 254)
    }

    /// Colours of the cells along a line, each once.
    fn cells(&self, (from, to): (f64, f64), y: f64) -> Vec<[u8; 3]> {
        let (mut cells, mut in_cell, mut x) = (Vec::new(), false, from);
        while x < to {
            let is_paper = self.is_paper(x, y);
            if !is_paper && !in_cell {
                // A little to the right of the edge, which is blended with the paper.
                cells.push(self.colour(x + 1.0, y));
            }
            in_cell = !is_paper;
            x += 1.0 / DOTS;
        }
        cells
    }
}

impl DrawnWord {
    /// The word of a line of `pdftotext -bbox`.
    fn from_line(line: &str) -> Option<Self> {
        let rest = line.trim().strip_prefix("<word ")?;
        let (places, text) = rest.split_once('>')?;
        let place = |name: &str| -> Option<f64> {
            let (_, rest) = places.split_once(&format!("{name}=\""))?;
            rest.split('"').next()?.parse().ok()
        };
        Some(Self {
            text: text.trim_end_matches("</word>").to_owned(),
            left: place("xMin")?,
            top: place("yMin")?,
            right: place("xMax")?,
            bottom: place("yMax")?,
        })
    }
}

/// Rows of all sheets of a workbook.
fn workbook_rows(file: &Path) -> Vec<Vec<Json>> {
    let output = python_peer("sheet_rows.py").arg(file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let sheets: Json = serde_json::from_slice(&output.stdout).unwrap();
    let sheets = sheets.as_object().unwrap().values();
    let rows = sheets.flat_map(|sheet| sheet.as_array().unwrap());
    rows.map(|row| row.as_array().unwrap().clone()).collect()
}

fn has_text(row: &[Json], text: &str) -> bool {
    row.iter().any(|cell| cell.as_str() == Some(text))
}

#[test]
fn the_target_of_a_further_figure_stands_in_the_table_of_targets_of_every_format() {
    let site = ReportedSite::new();
    let target = ["ledger", "target", "plts-export", "2025-11", "100", "kWh"];
    site.run_ok(&[&target[..], &["--who", "Siti"]].concat());
    for (lang, title, name, shown) in [
        ("id", "Target dan capaian", "Energi ekspor", "93,3"),
        ("en", "Targets and results", "Energy exported", "93.3"),
    ] {
        let pdf = std::fs::read(site.edition_file(lang, "full")).unwrap();
        let text = pdf_text(&pdf).expect("pdftotext: use tests/run");
        let (_, table) = text.split_once(title).unwrap_or_else(|| panic!("{text}"));
        let line = table.lines().find(|line| line.trim().starts_with(name));
        let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
        let end = [shown, "100", "kWh", "93%"];
        assert!(words.ends_with(&end), "{words:?}");
        let rows = workbook_rows(&site.report_file(lang, "xlsx"));
        let row = rows.iter().find(|row| {
            let label = row.first().and_then(Json::as_str).unwrap_or_default();
            // Value, target, unit and share: a row of figures has more than two numbers.
            label.starts_with(name) && has_text(row, "kWh") && row.get(2) == Some(&Json::from(100))
        });
        let row = row.unwrap_or_else(|| panic!("{rows:?}"));
        let value = row[1].as_f64().unwrap();
        let share = row[4].as_f64().unwrap();
        assert!(
            (value - 93.3).abs() < 1e-9 && (share - 0.933).abs() < 1e-9,
            "{row:?}"
        );
        let report = site.report_json(lang);
        let text = report.to_string();
        assert!(text.contains("\"id\":\"targets\""), "{text}");
    }
}

#[test]
fn the_workbook_says_beside_each_exact_number_how_it_is_printed() {
    let site = ReportedSite::new();
    for (lang, code, head) in [
        (Language::Id, "id", "Seperti tercetak"),
        (Language::En, "en", "As printed"),
    ] {
        let rows = workbook_rows(&site.report_file(code, "xlsx"));
        let heads = rows.iter().position(|row| has_text(row, head)).unwrap();
        let column = rows[heads]
            .iter()
            .position(|cell| cell.as_str() == Some(head));
        let column = column.unwrap();
        let figures = rows[heads + 1..]
            .iter()
            .filter(|row| row.len() == column + 1);
        let mut printed: Vec<(f64, String)> = Vec::new();
        for row in figures {
            let (Some(value), Some(text)) = (row[column - 2].as_f64(), row[column].as_str()) else {
                continue;
            };
            let shown = parse_shown_number(lang, text).unwrap_or_else(|| panic!("{row:?}"));
            // A percentage stands as a number of percent, with its unit beside it.
            let value = if text.ends_with('%') {
                value / 100.0
            } else {
                value
            };
            let last = last_digit_value(lang, text) * 1.000_001;
            assert!((value - shown).abs() <= last, "{row:?}");
            printed.push((value, text.to_owned()));
        }
        assert!(printed.len() > 6, "{printed:?}");
        // It is what page 1 and the chapters print.
        let report = site.report_json(code);
        for id in ["summary/co2.net", "plts/plts.generation"] {
            let figure = report_figure(&report, id);
            let value = figure["value"].as_f64().unwrap();
            let found = printed
                .iter()
                .find(|(exact, _)| (exact - value).abs() < 1e-9);
            let text = found.map(|(_, text)| text.as_str());
            assert_eq!(text, figure["text"].as_str(), "{figure}");
        }
    }
}

#[test]
fn there_is_one_strip_a_stream_with_a_gap_where_the_data_has_one() {
    let site = ReportedSite::new();
    for (lang, heading) in [("id", "satu kotak per hari"), ("en", "a cell for each day")] {
        let page = DrawnPage::with(&site.edition_file(lang, "director"), heading);
        // A strip ends with its share, at the right margin.
        let ends = page
            .words
            .iter()
            .filter(|word| word.text.ends_with('%') && word.left > 480.0);
        let mut streams = Vec::new();
        for end in ends {
            let of_row = |word: &&DrawnWord| (word.top - end.top).abs() < 2.0 && word.left < 240.0;
            let label: Vec<&DrawnWord> = page.words.iter().filter(of_row).collect();
            let name: Vec<&str> = label.iter().map(|word| &*word.text).collect();
            let from = label.iter().map(|word| word.right).fold(0.0, f64::max);
            let middle = f64::midpoint(end.top, end.bottom);
            let cells = page.cells((from + 2.0, end.left - 2.0), middle);
            assert_eq!(cells.len(), DAYS, "{name:?}");
            for (day, cell) in (1..).zip(&cells) {
                // Nothing was read on 9 November.
                assert_eq!(*cell == cells[0], day != 9, "{name:?} day {day}: {cells:?}");
            }
            assert_eq!(end.text, "97%", "{name:?}");
            streams.push(name.last().copied().unwrap_or_default().to_owned());
        }
        streams.sort_unstable();
        assert_eq!(streams, ["inverter", "meter"], "{lang}");
    }
}

#[test]
fn each_of_three_signers_has_two_centimetres_to_sign() {
    let site = ReportedSite::new();
    let config = site.folder.path().join("pantau.toml");
    let plain = std::fs::read_to_string(&config).unwrap();
    let named = "\n[report]\nprepared = 'Siti Rahayu; Petugas'\nchecked = 'Budi; Manajer'\n";
    for names in ["", named] {
        std::fs::write(&config, format!("{plain}{names}")).unwrap();
        for (lang, roles) in [
            ("id", ["Disiapkan", "Diperiksa", "Disetujui"]),
            ("en", ["Prepared", "Checked", "Approved"]),
        ] {
            let page = DrawnPage::with(&site.edition_file(lang, "director"), roles[2]);
            let mut lefts = Vec::new();
            for role in roles {
                let word = page.words.iter().find(|word| word.text == role).unwrap();
                // Down from the role to the line; also at the far side of the field.
                for x in [word.left + 1.0, word.left + 100.0] {
                    let mut y = word.bottom + 0.5;
                    while page.is_paper(x, y) {
                        y += 1.0 / DOTS;
                    }
                    let free = (y - word.bottom) / MM;
                    assert!((20.0..40.0).contains(&free), "{role}: {free} mm");
                }
                lefts.push(word.left);
            }
            // Side by side, each wide enough for a name.
            assert!(lefts.is_sorted() && lefts.windows(2).all(|two| two[1] - two[0] > 40.0 * MM));
        }
    }
}

/// Replaces every twentieth daytime reading by one that no plant of this size can give.
fn import_torn_words(site: &ReportedSite) {
    let start: Timestamp = "2025-10-31T17:00:00Z".parse().unwrap();
    let mut text = "time,value\n".to_owned();
    for step in (0..30 * 288_i64).step_by(20) {
        let (day, slot) = (step / 288, step % 288);
        if (72..216).contains(&slot) && day != 8 {
            let at = start + jiff::Span::new().minutes(5 * step);
            writeln!(text, "{at},{}", 400_000 + step).unwrap();
        }
    }
    std::fs::write(site.folder.path().join("torn.csv"), text).unwrap();
    let words = ["import", "--replace", "--point", "inverter.energy"];
    site.run_ok(&[&words[..], &["--who", "Siti Rahayu", "torn.csv"]].concat());
}

#[test]
fn page_1_says_of_a_figure_with_refused_readings_that_it_is_not_claimed_and_what_to_check() {
    let site = ReportedSite::new();
    import_torn_words(&site);
    for (lang, energy, parts) in [
        (
            "id",
            "Produksi energi",
            [
                "Tidak masuk akal, tidak diklaim.",
                "periksa satuan, skala, dan rasio trafo arus (CT)",
            ],
        ),
        (
            "en",
            "Energy generated",
            [
                "Not plausible, not claimed.",
                "check unit, scale and current transformer (CT) ratio",
            ],
        ),
    ] {
        let pdf = std::fs::read(site.edition_file(lang, "director")).unwrap();
        let text = pdf_text(&pdf).expect("pdftotext: use tests/run");
        let page = text.split('\u{c}').next().unwrap();
        let said = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(said.contains(part), "{part} in\n{page}");
        }
        let row = page.lines().find(|line| line.trim().starts_with(energy));
        assert!(row.unwrap_or_default().contains('–'), "{page}");
        let words: Vec<&str> = page.split_whitespace().collect();
        let is_amount = |pair: &&[&str]| {
            pair[1].starts_with("kWh") && pair[0].contains(|letter: char| letter.is_ascii_digit())
        };
        let amount = words.windows(2).find(is_amount);
        assert_eq!(amount, None, "{page}");
    }
}

#[test]
fn who_imported_a_file_and_when_is_told_down_to_the_figure() {
    let site = ReportedSite::new();
    import_torn_words(&site);
    let explain = ["report", "2025-11", "--explain", "plts.generation"];
    let output = site.run(&[&explain[..], &["--json"]].concat(), "en");
    let found: Json = serde_json::from_slice(&output.stdout).unwrap();
    let imports = &found["indicator"]["inputs"][0]["readings"]["imports"];
    let own = imports.as_array().unwrap().iter();
    let own: Vec<&Json> = own.filter(|one| one["file"] == "torn.csv").collect();
    assert_eq!(own.len(), 1, "{imports}");
    let keys: Vec<&String> = own[0].as_object().unwrap().keys().collect();
    let wanted = [
        "at", "by", "file", "first_at", "last_at", "replaced", "samples", "sha256",
    ];
    assert_eq!(keys, wanted, "{imports}");
    assert_eq!(own[0]["by"], "Siti Rahayu", "{imports}");
    assert_eq!(own[0]["replaced"], own[0]["samples"], "{imports}");
    let at: Timestamp = own[0]["at"].as_str().unwrap().parse().unwrap();
    let local = TimeZone::get("Asia/Jakarta").unwrap().to_datetime(at);
    let text = String::from_utf8(site.run(&explain, "en").stdout).unwrap();
    let sha256 = &own[0]["sha256"].as_str().unwrap()[..12];
    let day = local.strftime("%-d %B %Y %H:%M");
    let line = format!("torn.csv (SHA-256 {sha256}…) by Siti Rahayu on {day} WIB");
    assert!(text.contains(&line), "{line} in\n{text}");
}
