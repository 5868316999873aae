//! A year of the demo's site, read every ten minutes: with a replaced meter, a reset inverter, a
//! loose cable, leaks and a full ledger. Its headlines are recomputed by a script that is not ours.

use crate::peers::python_peer;
use crate::sites::{run_ok, write_config};
use gateway::clock::Clock;
use gateway::config::{StoreSettings, load_config};
use gateway::domain::UtcMs;
use gateway::domain::site_zone::SiteZone;
use gateway::simulator::clear_sky::GeoLocation;
use gateway::simulator::{
    IncidentKind, IncidentList, SimulatedHistory, SimulatedIncident, SimulatedPlant, SimulatedWorld,
};
use gateway::storage::Store;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tests::site_text::SiteText;
use tokio::sync::OnceCell;

const YEAR: i16 = 2025;
/// First and last day with readings: one more than the year at each end.
const DAYS: (Date, Date) = (date(2024, 12, 31), date(2026, 1, 1));
/// Indicator, quantity of a day, unit, days between two entries.
const BOOK: &[(&str, f64, &str, i32)] = &[
    ("bsf-fed", 11.6, "kg", 1),
    ("bsf-maggot", 16.2, "kg", 7),
    ("bsf-kasgot", 24.5, "kg", 7),
    ("waste-sorted", 3.9, "kg", 3),
    ("jelantah", 18.5, "L", 7),
    ("belt-waste", 250.0, "kg", 90),
    ("belt-saved", 1_750_000.0, "IDR", 90),
    ("beneficiaries", 57.0, "orang", 360),
];

/// Moment of a local day in Sumatra.
fn at(day: Date, hour: i64, minute: i64) -> UtcMs {
    let midnight = SiteZone::default().midnight(day);
    UtcMs(midnight.0 + (hour * 60 + minute) * 60_000)
}

fn incident(day: Date, hours: [i64; 2], kind: IncidentKind) -> SimulatedIncident {
    SimulatedIncident {
        from: at(day, hours[0], 0),
        to: at(day, hours[1], 10),
        kind,
    }
}

fn incidents() -> IncidentList {
    IncidentList::new(vec![
        incident(
            date(2025, 3, 4),
            [9, 10],
            IncidentKind::SilentDevice("meter".into()),
        ),
        incident(date(2025, 3, 4), [10, 10], IncidentKind::MeterSwap),
        incident(date(2025, 7, 19), [12, 12], IncidentKind::InverterReset),
        incident(
            date(2025, 9, 1),
            [8, 20],
            IncidentKind::SilentDevice("level".into()),
        ),
        incident(date(2025, 10, 6), [0, 5], IncidentKind::TankLeak(0.12)),
        incident(date(2025, 11, 23), [11, 16], IncidentKind::HotBin(9.0)),
    ])
}

/// The demo's configuration with readings every ten minutes.
fn write_site(folder: &Path) -> PathBuf {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/assets/demo.toml");
    let text = std::fs::read_to_string(demo).unwrap();
    let text = text
        .replace("\"10s\"", "\"10m\"")
        .replace("\"30s\"", "\"10m\"");
    let text = text.replace("since = 2026-01-01", "since = 2025-01-01");
    let file = folder.join("pantau.toml");
    let store = folder.join("store");
    let text = format!("{text}\n[store]\npath = '{}'\n", store.display());
    std::fs::write(&file, text).unwrap();
    file
}

async fn write_readings(folder: &Path, file: &Path) {
    let config = load_config(file).unwrap();
    let clock = Clock::system();
    clock.trust();
    let place = GeoLocation {
        latitude: config.site.latitude,
        longitude: config.site.longitude,
    };
    let (first, last) = (at(DAYS.0, 0, 0), at(DAYS.1, 0, 10));
    let plant = SimulatedPlant::new(place, config.site.timezone.clone(), 1, first)
        .with_incidents(incidents());
    let world = SimulatedWorld::new(plant, clock.clone(), 1, 1.0);
    let history = SimulatedHistory::new(&config, &world);
    let settings = StoreSettings {
        path: folder.join("store"),
        flush: Duration::from_secs(5),
        keep: None,
        budget: None,
    };
    let store = Store::open(
        &settings.path,
        &config.site,
        &settings,
        &config.text,
        &clock,
    )
    .unwrap();
    let mut from = first;
    while from < last {
        let to = UtcMs((from.0 + 7 * 86_400_000).min(last.0));
        store
            .import_columns(history.polls_between(from, to))
            .await
            .unwrap();
        from = to;
    }
    store.stop().await;
}

fn ledger_csv() -> String {
    let mut rows = "tanggal,indikator,jumlah,satuan,petugas\n".to_owned();
    let days = date(YEAR, 1, 1).series(1.day());
    for (number, day) in (0..).zip(days.take_while(|day| day.year() == YEAR)) {
        for (indicator, usual, unit, every) in BOOK {
            if (number + 1) % every == 0 {
                // Another quantity every time, so that an entry too many shows.
                let quantity = usual + f64::from(number % 7);
                writeln!(rows, "{day},{indicator},{quantity},{unit},Siti").unwrap();
            }
        }
    }
    rows
}

/// Returns what the script says of a bundle, and whether it was content.
fn recompute(bundle: &Path, words: &[&str]) -> (bool, Json) {
    let output = python_peer("recompute.py")
        .arg(bundle)
        .args(words)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    (output.status.success(), said)
}

/// A folder with the year, made once and copied for each test.
async fn seeded_folder() -> TempDir {
    static SEED: OnceCell<TempDir> = OnceCell::const_new();
    let seed = SEED.get_or_init(async || {
        let folder = tempfile::tempdir().unwrap();
        let file = write_site(folder.path());
        write_readings(folder.path(), &file).await;
        std::fs::write(folder.path().join("book.csv"), ledger_csv()).unwrap();
        let words = ["ledger", "import", "book.csv", "--yes"];
        run_ok(folder.path(), "en", &words);
        folder
    });
    let (seed, copy) = (seed.await.path(), tempfile::tempdir().unwrap());
    write_site(copy.path());
    std::fs::create_dir(copy.path().join("store")).unwrap();
    for file in std::fs::read_dir(seed.join("store")).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            let to = copy.path().join("store").join(file.file_name());
            std::fs::copy(file.path(), to).unwrap();
        }
    }
    copy
}

#[tokio::test]
async fn an_outsider_recomputes_every_headline_of_a_year_and_sees_one_changed_row() {
    let folder = seeded_folder().await;
    let run = |words: &[&str]| run_ok(folder.path(), "en", words);
    run(&["report", "2025", "-o", "report.json"]);
    run(&[
        "export",
        "--bundle",
        "2025",
        "--with",
        "report.json",
        "-o",
        "year.zip",
    ]);

    let bundle = folder.path().join("year.zip");
    if let Some(place) = std::env::var_os("PANTAU_REPORT_SAMPLE") {
        std::fs::copy(&bundle, Path::new(&place).join("year.zip")).unwrap();
    }
    let (good, said) = recompute(&bundle, &[]);
    assert!(good, "{said:#}");
    assert!(said["headlines"].as_array().unwrap().len() >= 6, "{said:#}");
    // A row in the middle of a counter moves no sum, but its hash.
    let row = ("samples/pump-flow.volume_total.csv", "20000");
    let (good, said) = recompute(&changed(&bundle, row), &[]);
    assert!(
        !good && said["faults"][0].as_str().unwrap().starts_with("hashes"),
        "{said:#}"
    );
    // Somebody who makes new hashes for his row is found by the sum.
    for (name, number, headline) in CHANGED_ROWS {
        let copy = changed(&bundle, (name, number));
        let (good, said) = recompute(&copy, &["--arithmetic-only"]);
        let faults = said["faults"].to_string();
        assert!(!good && faults.contains(headline), "{name}: {said:#}");
    }
}

#[tokio::test]
async fn every_line_of_every_figure_of_a_year_is_redone_by_a_script_from_its_printed_numbers() {
    let folder = seeded_folder().await;
    for (period, lang) in [("2025", "en"), ("2025-07", "id")] {
        let words = [
            "report",
            period,
            "--explain",
            "all",
            "--json",
            "-o",
            "all.json",
        ];
        run_ok(folder.path(), lang, &words);
        let explained = folder.path().join("all.json");
        let redo = |explained: &Path| {
            let mut script = python_peer("redo.py");
            let output = script.arg(explained).args(["--lang", lang]).output();
            let output = output.unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            let said: Json =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
            (output.status.success(), said)
        };
        let (good, said) = redo(&explained);
        assert!(good, "{said:#}");
        assert!(said["figures"].as_u64() > Some(60), "{said:#}");
        assert!(said["sums"].as_u64() > Some(5), "{said:#}");
        // A result that is one digit beside the right one is found.
        let mut all: Json = serde_json::from_slice(&std::fs::read(&explained).unwrap()).unwrap();
        let mut figures = all.as_array_mut().unwrap().iter_mut();
        let one = figures
            .find(|one| one["indicator"]["id"] == "plts.generation")
            .unwrap();
        let line = one["lines"].as_array_mut().unwrap().last_mut().unwrap();
        line["result"] = Json::from(line["result"].as_f64().unwrap() * 1.000_001);
        let changed = folder.path().join("changed.json");
        std::fs::write(&changed, all.to_string()).unwrap();
        let (good, said) = redo(&changed);
        assert!(
            !good && said["faults"].to_string().contains("plts.generation"),
            "{said:#}"
        );
    }
}

#[tokio::test]
async fn a_spreadsheet_computes_every_formula_of_a_year_again_and_prints_few_pages() {
    let folder = seeded_folder().await;
    for (period, lang) in [
        ("2025", "id"),
        ("2025", "en"),
        ("2025-11", "id"),
        ("2025-11", "en"),
    ] {
        run_ok(folder.path(), lang, &["report", period, "-o", "year.xlsx"]);
        let workbook = folder.path().join("year.xlsx");
        if let Some(place) = std::env::var_os("PANTAU_REPORT_SAMPLE") {
            let name = format!("workbook-{period}-{lang}.xlsx");
            std::fs::copy(&workbook, Path::new(&place).join(name)).unwrap();
        }
        let said = recalculated(&workbook);
        assert!(said["pages"].as_u64() <= Some(12), "{said:#}");
        assert!(said["smallest"].as_f64() >= Some(7.0), "{said:#}");
        // A page that does not show all of its sheet says so.
        assert_eq!(said["unmarked"], Json::Array(Vec::new()), "{said:#}");
        assert_eq!(said["text_counts"], Json::Array(Vec::new()), "{said:#}");
        let formulas = said["formulas"].as_object().unwrap();
        let all: u64 = formulas.values().filter_map(Json::as_u64).sum();
        assert!(formulas.len() > 6 && all > 150, "{said:#}");
    }
}

/// Asserts what a spreadsheet computes of a workbook, which is what the workbook says.
#[track_caller]
fn recalculated(workbook: &Path) -> Json {
    let mut office = python_peer("recalculated.py");
    let output = office.arg(workbook).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    assert_eq!(said["faults"], Json::Array(Vec::new()), "{said:#}");
    said
}

#[test]
fn a_spreadsheet_computes_a_sum_of_one_entry_and_of_one_shower_of_rain_again() {
    let folder = tempfile::tempdir().unwrap();
    let disposal = "disposal = { fate = 'landfill', mcf = 'swds.mcf.unmanaged_shallow', \
        gas_captured = 0.0, evidence = 'letter' }";
    let site = SiteText::new("one")
        .tcp_bus("lan", 9)
        .device("bin", "lan", "unit = 1\nevery = '1h'")
        .points(["{ id = 'core', register = 'holding:0', type = 'i16', unit = 'degC' }"])
        .device("rain", "lan", "unit = 2\nevery = '1h'")
        .points([
            "{ id = 'mm', register = 'holding:0', type = 'u32', unit = 'mm', counter = true }",
        ])
        .asset(
            "bsf",
            "bsf",
            format!("temperature = 'bin.core'\n{disposal}"),
        )
        .asset(
            "roof",
            "catchment",
            "area_m2 = 100\nrunoff = 0.9\nrain = 'rain.mm'",
        );
    write_config(folder.path(), site);
    let mut rows = ["time,value\n".to_owned(), "time,value\n".to_owned()];
    for hour in 0..24 {
        let at = format!("2025-11-15T{hour:02}:00:00+07:00");
        writeln!(rows[0], "{at},{}", 30 + hour % 3).unwrap();
        writeln!(rows[1], "{at},{}", if hour < 14 { 20 } else { 32 }).unwrap();
    }
    for (rows, point) in rows.iter().zip(["bin.core", "rain.mm"]) {
        std::fs::write(folder.path().join("rows.csv"), rows).unwrap();
        run_ok(
            folder.path(),
            "en",
            &["import", "--point", point, "rows.csv"],
        );
    }
    let entry = [
        "ledger",
        "add",
        "bsf-fed",
        "40",
        "kg",
        "--date",
        "2025-11-15",
    ];
    run_ok(
        folder.path(),
        "en",
        &[&entry[..], &["--who", "Siti"]].concat(),
    );
    for period in ["2025-11-15", "2025"] {
        run_ok(folder.path(), "en", &["report", period, "-o", "one.xlsx"]);
        let said = recalculated(&folder.path().join("one.xlsx"));
        let formulas = said["formulas"].as_object().unwrap();
        let all: u64 = formulas.values().filter_map(Json::as_u64).sum();
        assert!(all > 10, "{said:#}");
    }
}

/// File and row that are changed, and a headline that must then differ. The last row of a point is
/// the reading of the midnight after the year.
const CHANGED_ROWS: &[(&str, &str, &str)] = &[
    (
        "samples/inverter.ac_energy_total.csv",
        "-1",
        "plts.generation",
    ),
    ("samples/meter.ac_energy_export.csv", "-1", "co2.net"),
    ("samples/meter.ac_energy_import.csv", "-1", "meter.import"),
    ("samples/pump-flow.volume_total.csv", "-1", "pump.volume"),
    ("samples/level.level.csv", "-1", "tank.volume_last"),
    ("samples/rain.rain_total.csv", "-1", "catchment.rain"),
    (
        "samples/bsf-bin.temp_core.csv",
        "30000",
        "bsf.temperature_mean",
    ),
    ("ledger.jsonl", "0", "waste.net"),
];

/// A copy of the bundle with one row changed.
fn changed(bundle: &Path, (name, number): (&str, &str)) -> PathBuf {
    let copy = bundle.with_file_name("changed.zip");
    let mut change = python_peer("change_row.py");
    let output = change
        .args([bundle, &copy])
        .args([name, number])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    copy
}
