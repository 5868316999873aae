//! Tests of the ledger with the whole program: beside a running gateway, from a workbook written by
//! another program, and with the program killed.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::sites::write_config;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use tests::site_text::SiteText;

fn write_site(folder: &Path) -> PathBuf {
    let site = SiteText::new("desa")
        .tcp_bus("lan", 9)
        .device("level", "lan", "unit = 1\nevery = '10s'")
        .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"]);
    write_config(folder, site)
}

fn run_ledger(config: &Path, words: &[&str]) -> Output {
    let mut command = pantau();
    command
        .args(["--lang", "id", "--log", "error", "ledger"])
        .args(words);
    command.arg("-c").arg(config).output().unwrap()
}

#[track_caller]
fn run_ledger_json(config: &Path, words: &[&str]) -> Value {
    let mut words = words.to_vec();
    words.push("--json");
    let output = run_ledger(config, &words);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn start_gateway(config: &Path, folder: &Path) -> PeerProcess {
    let gateway = PeerProcess::start(pantau().args(["--log", "error", "run", "-c"]).arg(config));
    let socket = folder.join("store").join("pantau.sock");
    // Beside a gateway the command line writes through this socket, so the test may begin only when
    // it answers.
    wait_for("the control socket", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    gateway
}

#[test]
fn entries_are_the_same_with_and_without_a_running_gateway_and_outlive_its_kill() {
    let scratch = tempfile::tempdir().unwrap();
    let config = write_site(scratch.path());
    let receipt = scratch.path().join("nota.jpg");
    std::fs::write(&receipt, "receipt").unwrap();
    let maggot = [
        "add",
        "bsf-maggot",
        "12,5",
        "kg",
        "--date",
        "21/11/2025",
        "--who",
        "Siti",
    ];
    assert_eq!(run_ledger_json(&config, &maggot)["ids"][0], 1);

    let gateway = start_gateway(&config, scratch.path());
    beside_a_running_gateway(&config, &receipt);
    let list = ["list", "--period", "2025-Q4", "--superseded"];
    let asked = run_ledger_json(&config, &list);
    // SIGKILL: everything that has a number is on disk.
    drop(gateway);

    assert_eq!(run_ledger_json(&config, &list), asked);
    let ids: Vec<_> = asked
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(asked[1]["quantity"], 1500);
    // The attachment is a file beside the database; it must have survived the kill as well.
    let kept = asked[1]["attachments"][0]["path"].as_str().unwrap();
    let kept = scratch.path().join("store").join(kept);
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "receipt");
    assert_eq!(
        run_ledger_json(&config, &["list", "--chain", "1"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

/// Adds a receipt, a correction and a target; refuses a repeated entry and a second correction.
fn beside_a_running_gateway(config: &Path, receipt: &Path) {
    let path = receipt.to_str().unwrap();
    let with = [
        "add",
        "jelantah",
        "1,5",
        "m3",
        "--date",
        "2025-11-21",
        "--who",
        "Budi",
    ];
    let with = [&with[..], &["--attach", path]].concat();
    assert_eq!(run_ledger_json(config, &with)["ids"][0], 2);
    // 12.5 kg become 11 500 g: a correction may use another unit of the same kind.
    let correction = [
        "correct",
        "1",
        "--quantity",
        "11500",
        "--unit",
        "g",
        "--note",
        "salah baca",
    ];
    assert_eq!(run_ledger_json(config, &correction)["ids"][0], 3);
    let target = [
        "target",
        "bsf-maggot",
        "2025-Q4",
        "900",
        "kg",
        "--who",
        "Siti",
    ];
    assert_eq!(run_ledger_json(config, &target)["ids"][0], 4);
    // The same entry a second time: staff press the key twice, or import a table again.
    let again = run_ledger(config, &with);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("sudah tercatat sebagai entri 2"));
    // Entry 1 was already replaced by entry 3. Two replacements of one entry would leave open which
    // holds.
    let old = run_ledger(config, &["withdraw", "1", "--note", "dua kali"]);
    assert!(String::from_utf8_lossy(&old.stderr).contains("yang berlaku entri 3"));
}

#[test]
fn a_workbook_of_another_program_is_checked_first_and_written_as_a_whole() {
    let scratch = tempfile::tempdir().unwrap();
    let config = write_site(scratch.path());
    let book = |name: &str, bad: &str| {
        let file = scratch.path().join(name);
        let status = python_peer("ledger_book.py")
            .arg(&file)
            .arg(bad)
            .status()
            .unwrap();
        assert!(status.success());
        file.to_str().unwrap().to_owned()
    };
    // Two rows are wrong: nothing of the table may be written.
    let bad = book("bad.xlsx", "bad");
    let refused = run_ledger(&config, &["import", &bad, "--yes"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    for part in [
        "baris 5, kolom C (jumlah): jumlah −3",
        "baris 6, kolom B (indikator)",
        "maksudnya batik",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let good = book("good.xlsx", "good");
    let dry = run_ledger(&config, &["import", &good]);
    assert!(String::from_utf8_lossy(&dry.stderr).contains("3 baris benar"));
    // Without --yes an import is only a check.
    assert_eq!(run_ledger_json(&config, &["list"]), serde_json::json!([]));

    let _gateway = start_gateway(&config, scratch.path());
    let written = run_ledger_json(&config, &["import", &good, "--yes"]);
    assert_eq!(written["ids"], serde_json::json!([1, 2, 3]));
    let list = run_ledger_json(&config, &["list"]);
    let seen = |at: usize| {
        (
            list[at]["when"].as_str().unwrap(),
            list[at]["quantity"].to_string(),
        )
    };
    assert_eq!(seen(0), ("2025-11-21", "12.3".to_owned()));
    assert_eq!(seen(1), ("2025-11-21T14:30", "0.0125".to_owned()));
    assert_eq!(seen(2), ("2025-11-22", "2500000".to_owned()));
    let twice = run_ledger(&config, &["import", &good, "--yes"]);
    assert_eq!(twice.status.code(), Some(1));
    assert_eq!(run_ledger_json(&config, &["list"]), list);
}

#[test]
fn more_out_of_a_bin_than_was_fed_is_told_to_a_script_and_recorded() {
    let scratch = tempfile::tempdir().unwrap();
    let site = SiteText::new("desa")
        .tcp_bus("lan", 9)
        .device("probe", "lan", "unit = 1")
        .points(["{ id = 'core', register = 'holding:0', type = 'i16', unit = 'degC' }"])
        .asset("bin", "bsf", "temperature = 'probe.core'\nprobe = 'centre'");
    let config = write_config(scratch.path(), site);
    let add = |indicator: &'static str, kg: &'static str, date: &'static str| {
        ["add", indicator, kg, "kg", "--date", date, "--who", "Siti"]
    };
    let fed = run_ledger(&config, &add("bsf-fed", "13,5", "2026-01-02"));
    assert!(fed.status.success());
    let taken = run_ledger(&config, &add("bsf-kasgot", "608", "2026-01-14"));
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(taken.status.success(), "{said}");
    let told = "massa yang keluar dalam 90 hari terakhir lebih banyak daripada pakannya";
    assert!(said.contains(&format!("dengan 608 kg, {told}")), "{said}");
    assert!(said.contains("608 kg > 13,5 kg"), "{said}");
    let few = run_ledger(&config, &add("bsf-fed", "700", "2026-01-03"));
    assert!(!String::from_utf8_lossy(&few.stderr).contains(told));
    // A table is told once, at its worst row.
    let table = scratch.path().join("panen.csv");
    let rows = "tanggal;indikator;jumlah;satuan;oleh\n2026-01-15;bsf-maggot;100;kg;Siti\n\
                2026-01-16;bsf-kasgot;50;kg;Siti\n2026-01-17;bsf-kasgot;20;kg;Siti\n";
    std::fs::write(&table, rows).unwrap();
    let import = ["import", table.to_str().unwrap(), "--yes"];
    let found = run_ledger_json(&config, &import);
    let remarks = found["remarks"].as_array().unwrap();
    let said: Vec<&Value> = remarks
        .iter()
        .filter(|one| one.to_string().contains(told))
        .collect();
    assert_eq!(said.len(), 1, "{found}");
    assert!(said[0].to_string().contains("778 kg > 713,5 kg"), "{found}");
    assert_eq!(found["written"], 3);
}
