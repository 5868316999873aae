//! `pantau import` of files as people have them: what it shows, asks, refuses and keeps.

use crate::killed::pantau;
use crate::peers::python_peer;
use crate::wizards::{run_pantau, stderr_text, write_site};
use gateway::clock::Clock;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const TABLES: &str = "
[[bus]]
id = 'lan'
kind = 'modbus-tcp'
host = '127.0.0.1'
tcp_port = 9
[[device]]
id = 'inverter'
bus = 'lan'
unit = 1
every = '10s'
point = [
  { id = 'power', register = 'holding:0', type = 'u32', unit = 'W', min = 0, max = 6000 },
  { id = 'energy', register = 'holding:2', type = 'u32', scale = 0.1, unit = 'kWh', counter = true },
]
[[asset]]
id = 'plts'
kind = 'plts'
capacity_kwp = 5.0
energy = 'inverter.energy'
power = 'inverter.power'
";

pub(crate) struct ImportBench {
    pub(crate) folder: TempDir,
    pub(crate) config: PathBuf,
}

impl ImportBench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write_site(folder.path(), TABLES);
        Self { folder, config }
    }

    pub(crate) fn file(&self, text: &str) -> String {
        let file = self.folder.path().join("logger.csv");
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    pub(crate) fn import(&self, text: &str, words: &[&str]) -> Output {
        let file = self.file(text);
        run_pantau(&self.config, &[&["import", &file], words].concat())
    }

    /// Imports at a terminal, where a person types these answers; what it showed, and the status.
    fn import_at_terminal(&self, text: &str, words: &[&str], answers: &[&str]) -> (String, i32) {
        let file = self.file(text);
        self.at_terminal(&[&["import", &file], words].concat(), answers)
    }

    /// Runs a command at a terminal, where a person types these answers; what it showed, and the
    /// status.
    pub(crate) fn at_terminal(&self, words: &[&str], answers: &[&str]) -> (String, i32) {
        let mut command = python_peer("terminal.py");
        command.args(answers).arg("--").arg(pantau().get_program());
        command.args(["--lang", "id", "--log", "off"]);
        command.args(words).arg("-c").arg(&self.config);
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        (shown, output.status.code().unwrap())
    }

    fn export(&self, point: &str) -> String {
        let output = run_pantau(&self.config, &["export", "--point", point]);
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn explain(&self, period: &str) -> Value {
        let words = ["report", period, "--json", "--asset", "plts", "--explain"];
        let output = run_pantau(&self.config, &[&words[..], &["plts.generation"]].concat());
        assert!(output.status.success(), "{}", stderr_text(&output));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said["indicator"].clone()
    }
}

/// Rows of one counter, hourly on 1 November 2025 in Jakarta, with 1.5 kWh an hour.
fn hourly_counter() -> String {
    let mut text = "Waktu;Energi (kWh)\n".to_owned();
    for hour in 0..=24 {
        let tenths = 1000 + hour * 15;
        let (kwh, part) = (tenths / 10, tenths % 10);
        let (day, clock) = (1 + hour / 24, hour % 24);
        writeln!(text, "{day:02}/11/2025 {clock:02}:00;{kwh},{part}").unwrap();
    }
    text
}

const OF_JAKARTA: [&str; 4] = ["--zone", "Asia/Jakarta", "--date-order", "dmy"];

#[test]
fn a_dry_run_shows_how_the_file_is_read_and_makes_no_store() {
    let bench = ImportBench::new();
    let text = format!("Logger 7\n{}TOTAL;3000\n", hourly_counter());
    let words = [
        &OF_JAKARTA[..],
        &["--point", "inverter.energy", "--dry-run"],
    ]
    .concat();
    let output = bench.import(&text, &words);
    let said = stderr_text(&output);
    assert!(output.status.success(), "{said}");
    for part in [
        "pemisah \";\"",
        "judul kolom di baris 2",
        "waktu dari kolom 1 \"Waktu\"",
        "hari sebelum bulan",
        "waktu setempat Asia/Jakarta",
        "nilai dari kolom 2 \"Energi (kWh)\"",
        "koma desimal",
        "baris 3",
        "\"01/11/2025 00:00\" dan \"100,0\" = 2025-10-31T17:00:00Z, 100",
        "1 baris jumlah atau rata-rata dilewati, yang pertama baris 28",
        "inverter.energy [kWh]: 25 baris",
        "satu baris setiap 1 jam",
        "25 baru, 0 sudah ada, 0 berbeda",
        "Uji coba",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!bench.folder.path().join("store").exists());
}

#[test]
fn hourly_rows_fill_a_point_of_ten_seconds_and_the_figure_names_the_file() {
    let bench = ImportBench::new();
    let words = [
        &OF_JAKARTA[..],
        &["--point", "inverter.energy", "--who", "Siti"],
    ]
    .concat();
    let output = bench.import(&hourly_counter(), &words);
    assert!(output.status.success(), "{}", stderr_text(&output));
    let found = bench.explain("2025-11-01");
    assert_eq!(found["value"], 36.0, "{found:#}");
    assert_eq!(found["completeness"], 1.0, "{found:#}");
    assert_eq!(found["origin"], "imported", "{found:#}");
    let import = &found["inputs"][0]["readings"]["imports"][0];
    assert_eq!(
        (&import["file"], &import["by"]),
        (&"logger.csv".into(), &"Siti".into())
    );
    assert_eq!(import["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(
        (&import["samples"], &import["replaced"]),
        (&25.into(), &0.into())
    );
    assert_eq!(found["inputs"][0]["readings"]["gaps"], 0);
}

#[test]
fn kept_readings_are_replaced_only_when_that_is_said_and_reports_list_it() {
    let bench = ImportBench::new();
    let first = "time,value\n2025-11-01T03:00:00Z,100\n2025-11-01T04:00:00Z,101\n";
    let point = ["--point", "inverter.energy"];
    assert!(bench.import(first, &point).status.success());
    let second = "time,value\n2025-11-01T03:00:00Z,100\n2025-11-01T04:00:00Z,102.5\n";
    let refused = bench.import(second, &point);
    let said = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for part in [
        "0 baru, 1 sudah ada, 1 berbeda",
        "pada 2025-11-01T04:00:00Z: tersimpan 101, di berkas 102,5",
        "--replace",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(bench.export("inverter.energy"), first);
    let done = bench.import(second, &[&point[..], &["--replace", "--json"]].concat());
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&done["differing"], &done["written"]),
        (&1.into(), &true.into())
    );
    assert_eq!(bench.export("inverter.energy"), second);
    let report = bench.folder.path().join("r.json");
    let words = [
        "report",
        "2025-11",
        "--format",
        "json",
        "-o",
        report.to_str().unwrap(),
    ];
    let made = run_pantau(&bench.config, &words);
    assert!(made.status.success(), "{}", stderr_text(&made));
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("menggantikan bacaan tersimpan"), "{report}");
    assert!(report.contains("bacaan dari berkas logger.csv"), "{report}");
    let audit = run_pantau(&bench.config, &["verify", "--json"]);
    assert!(audit.status.success(), "{}", stderr_text(&audit));
}

#[test]
fn columns_go_to_points_in_their_unit_and_values_beyond_the_range_are_bad() {
    let bench = ImportBench::new();
    let text = "Time (UTC+7),Power (kW),Energy (Wh)\n2025-11-01 10:00,1.234,100000\n\
                2025-11-01 10:05,65.535,100100\n2025-11-01 10:10,1.5,100200\n";
    let columns = [
        "--column",
        "Power (kW)=inverter.power",
        "--column",
        "Energy (Wh)=inverter.energy",
    ];
    let output = bench.import(text, &columns);
    let said = stderr_text(&output);
    assert!(output.status.success(), "{said}");
    for part in [
        "Nilai diubah dari kW ke W",
        "Nilai diubah dari Wh ke kWh",
        "1 nilai di luar rentang",
        "2025-11-01T03:05:00Z: 65535",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(
        bench.export("inverter.power"),
        "time,value\n2025-11-01T03:00:00Z,1234\n2025-11-01T03:10:00Z,1500\n"
    );
    assert_eq!(
        bench.export("inverter.energy"),
        "time,value\n2025-11-01T03:00:00Z,100\n2025-11-01T03:05:00Z,100.1\n\
         2025-11-01T03:10:00Z,100.2\n"
    );
    let wrong = bench.import(
        text,
        &["--point", "inverter.energy", "--column", "Power (kW)"],
    );
    let said = stderr_text(&wrong);
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert!(
        said.contains("memakai kW, sedangkan inverter.energy memakai kWh"),
        "{said}"
    );
}

#[test]
fn at_a_terminal_a_person_answers_and_agrees_before_anything_is_written() {
    let bench = ImportBench::new();
    let text = "Waktu;kWh\n02/11/2025 10:00;100,5\n";
    let words = ["--point", "inverter.energy"];
    let (shown, status) = bench.import_at_terminal(text, &words, &["dmy", "y", "t"]);
    assert_eq!(status, 1, "{shown}");
    for part in [
        "--date-order",
        "Zona waktu (y untuk Asia/Jakarta",
        "Impor baris ini?",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(!bench.export("inverter.energy").contains("100.5"));
    let (shown, status) = bench.import_at_terminal(text, &words, &["dmy", "y", "y"]);
    assert_eq!(status, 0, "{shown}");
    let kept = "time,value\n2025-11-02T03:00:00Z,100.5\n";
    assert_eq!(bench.export("inverter.energy"), kept);
    // Another value at that time is asked about by itself.
    let other = text.replace("100,5", "101,5");
    let said = [&OF_JAKARTA[..], &words].concat();
    let (shown, _) = bench.import_at_terminal(&other, &said, &["t"]);
    assert!(shown.contains("Ganti dengan baris berkas?"), "{shown}");
    assert_eq!(bench.export("inverter.energy"), kept);
    let yes = [&said[..], &["--replace", "--yes"]].concat();
    let (shown, status) = bench.import_at_terminal(&other, &yes, &[]);
    assert_eq!(status, 0, "{shown}");
    assert!(bench.export("inverter.energy").contains("101.5"));
}

#[test]
fn a_time_beyond_the_present_is_refused_as_it_shows_a_wrong_zone() {
    let bench = ImportBench::new();
    let now = jiff::Timestamp::from_millisecond(Clock::system().now().at.0).unwrap();
    let soon = now + jiff::SignedDuration::from_hours(1);
    let text = format!("time,value\n{soon:.0},100\n");
    let refused = bench.import(&text, &["--point", "inverter.energy"]);
    let said = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("logger.csv:2:") && said.contains("zona waktu"),
        "{said}"
    );
}

#[test]
fn a_table_of_entries_is_recorded_at_a_terminal_after_a_yes() {
    let bench = ImportBench::new();
    let table = "Laporan November\ntanggal;indikator;jumlah;satuan;cara;oleh\n\
                 20 November 2025;belt-saved;70,7 juta;Rp;dinyatakan;Siti\n\
                 21/11/2025;bsf-fed;1.234;kg;ditimbang;Siti\nTOTAL;;;;;\n";
    let file = bench.file(table);
    let list = || {
        let output = run_pantau(&bench.config, &["ledger", "list", "--json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let words = ["ledger", "import", &file];
    let (shown, status) = bench.at_terminal(&words, &["t"]);
    assert_eq!(status, 0, "{shown}");
    for part in [
        "pemisah \";\"; judul kolom di baris 2; koma desimal; 1 = tanggal, 2 = indikator",
        "tidak dipakai karena berisi jumlah",
        "Rp 70.700.000",
        "2 baris benar. Catat sekarang?",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(list().as_array().unwrap().len(), 0);
    let dry = [&words[..], &["--dry-run"]].concat();
    let (shown, _) = bench.at_terminal(&dry, &["y"]);
    assert!(!shown.contains("Catat sekarang?"), "{shown}");
    let (shown, status) = bench.at_terminal(&words, &["y"]);
    assert_eq!(status, 0, "{shown}");
    let entries = list();
    assert_eq!(entries[0]["quantity"], 70_700_000, "{entries:#}");
    assert_eq!(entries[1]["quantity"], 1234, "{entries:#}");
}

/// A workbook of `unsaved_book.py`, its rows, and its cells with formulas that an import reads.
fn unsaved_book(folder: &Path, kind: &str, seed: u64) -> (String, Value) {
    let file = folder.join(format!("{kind}-{seed}.xlsx"));
    let file = file.to_str().unwrap().to_owned();
    let words = [&*file, kind, &seed.to_string()];
    let output = python_peer("unsaved_book.py").args(words).output().unwrap();
    (file, serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn no_cell_of_a_workbook_without_results_is_dropped_silently() {
    let bench = ImportBench::new();
    for seed in 0..8 {
        let (file, made) = unsaved_book(bench.folder.path(), "ledger", seed);
        let output = run_pantau(&bench.config, &["ledger", "import", &file, "--json"]);
        let cells = made["cells"].as_array().unwrap();
        let said = stderr_text(&output);
        if cells.is_empty() {
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(told["rows"], made["rows"], "{seed}: {told:#}");
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{seed}: {said}");
        assert!(
            said.contains("lembar \"Isi\"") && said.contains("hitung lalu simpan"),
            "{said}"
        );
        assert!(
            said.contains(&format!("{} rumus", cells.len())),
            "{seed}: {said}"
        );
        for cell in cells.iter().take(6) {
            assert!(
                said.contains(cell.as_str().unwrap()),
                "{seed} {cell}: {said}"
            );
        }
    }
    for seed in 0..8 {
        let (file, made) = unsaved_book(bench.folder.path(), "readings", seed);
        let words = [
            "import",
            &file,
            "--point",
            "inverter.energy",
            "--dry-run",
            "--json",
        ];
        let words = [&words[..], &["--zone", "WIB", "--column", "Energi (kWh)"]].concat();
        let output = run_pantau(&bench.config, &words);
        let said = stderr_text(&output);
        let Some(cell) = made["cells"][0].as_str() else {
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(told["rows"], made["rows"], "{seed}: {told:#}");
            continue;
        };
        assert_eq!(output.status.code(), Some(1), "{seed}: {said}");
        assert!(
            said.contains(&format!("Isi!{cell}: =")),
            "{seed} {cell}: {said}"
        );
    }
}

#[test]
fn a_unit_that_the_file_does_not_say_is_asked_for() {
    let bench = ImportBench::new();
    let text = "Waktu;Daya\n02/11/2025 10:00;4,5\n";
    let said = [&OF_JAKARTA[..], &["--point", "inverter.power"]].concat();
    let output = bench.import(text, &said);
    assert_eq!(output.status.code(), Some(1));
    let why = stderr_text(&output);
    assert!(
        why.contains("satuan kolom \"Daya\"") && why.contains("--unit W"),
        "{why}"
    );
    let (shown, status) = bench.import_at_terminal(text, &said, &["kW", "y"]);
    assert_eq!(status, 0, "{shown}");
    assert!(shown.contains("Nilai diubah dari kW ke W"), "{shown}");
    assert!(bench.export("inverter.power").contains(",4500\n"));
    let written = text.replace("4,5", "45,2 kWh").replace("10:00", "11:00");
    let words = [&OF_JAKARTA[..], &["--point", "inverter.energy", "--yes"]].concat();
    let output = bench.import(&written, &words);
    assert!(output.status.success(), "{}", stderr_text(&output));
    assert!(bench.export("inverter.energy").contains(",45.2\n"));
}

#[test]
fn daily_totals_go_into_a_counter_only_when_a_person_says_so() {
    let bench = ImportBench::new();
    let mut text = "Waktu;Energi (kWh)\n".to_owned();
    for day in 1..=28 {
        let total = 5 + 4 * (day % 3);
        writeln!(text, "{day:02}/11/2025 18:00;{total},4").unwrap();
    }
    let said = [&OF_JAKARTA[..], &["--point", "inverter.energy"]].concat();
    for words in [&["--yes"][..], &["--dry-run"], &["--yes", "--json"]] {
        let output = bench.import(&text, &[&said[..], words].concat());
        let why = stderr_text(&output);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {why}");
        assert!(why.contains("--falling-counter"), "{words:?}: {why}");
    }
    let (shown, status) = bench.import_at_terminal(&text, &said, &["t"]);
    assert_eq!(status, 1, "{shown}");
    assert!(shown.contains("jumlah harian"), "{shown}");
    let output = bench.import(
        &text,
        &[&said[..], &["--falling-counter", "--yes"]].concat(),
    );
    assert!(output.status.success(), "{}", stderr_text(&output));
    // The figure says what is wrong with the counter.
    let found = bench.explain("2025-11");
    assert_eq!(found["value"], Value::Null, "{found:#}");
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.contains("terlalu sering turun"), "{reason}");
}

#[test]
fn a_dry_run_says_the_same_with_a_store_and_without() {
    let bench = ImportBench::new();
    let text = "Waktu;Daya (kW)\n02/11/2025 10:00;4,5\n02/11/2025 10:10;7,5\n";
    let dry = [&OF_JAKARTA[..], &["--point", "inverter.power", "--dry-run"]].concat();
    let without = stderr_text(&bench.import(text, &dry));
    assert!(without.contains("di luar rentang"), "{without}");
    let made = bench.import(
        &hourly_counter(),
        &[&OF_JAKARTA[..], &["--point", "inverter.energy", "--yes"]].concat(),
    );
    assert!(made.status.success(), "{}", stderr_text(&made));
    assert_eq!(stderr_text(&bench.import(text, &dry)), without);
}

#[test]
fn a_template_that_is_handed_back_unchanged_records_nothing() {
    let bench = ImportBench::new();
    for name in ["isian.csv", "isian.xlsx"] {
        let file = bench.folder.path().join(name);
        let file = file.to_str().unwrap();
        let made = run_pantau(&bench.config, &["ledger", "template", "-o", file]);
        assert!(made.status.success(), "{}", stderr_text(&made));
        let output = run_pantau(&bench.config, &["ledger", "import", file, "--yes"]);
        let said = stderr_text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("ditandai sebagai contoh"), "{said}");
        let list = run_pantau(&bench.config, &["ledger", "list", "--json"]);
        assert_eq!(String::from_utf8_lossy(&list.stdout).trim(), "[]");
    }
}
