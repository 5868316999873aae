//! Tests of the chain of evidence with the whole program: beside a running gateway, after the file
//! was changed, and on another machine with an independent verifier.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::MosquittoBroker;
use crate::sites::write_config;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use tests::site_text::SiteText;

/// A site with three days of one point, and an entry of the ledger.
pub(crate) struct EvidenceSite {
    folder: tempfile::TempDir,
    pub(crate) config: PathBuf,
}

impl EvidenceSite {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// The same with more lines of configuration.
    pub(crate) fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = SiteText::new("desa")
            .tcp_bus("lan", 9)
            .device("tank", "lan", "unit = 1\nevery = '24h'")
            .points(["{ id = 'level', register = 'holding:0', type = 'u16' }"])
            .with(more);
        let config = write_config(folder.path(), site);
        let scratch = Self { folder, config };
        scratch.import(21..24, 0);
        let entry = ["ledger", "add", "bsf-maggot", "12,5", "kg", "--date"];
        let entry = [&entry[..], &["2025-11-21", "--who", "Siti"]].concat();
        assert!(scratch.run(&entry).status.success());
        scratch
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let mut command = pantau();
        command.args(["--lang", "id", "--log", "error"]).args(words);
        command.arg("-c").arg(&self.config).output().unwrap()
    }

    /// A reading every ten minutes of these days of November 2025, local time.
    pub(crate) fn import(&self, days: std::ops::Range<u32>, offset: u32) {
        let mut rows = "time,value\n".to_owned();
        for (day, tens) in days.flat_map(|day| (0..144).map(move |tens| (day, tens))) {
            let (hour, minute) = (tens / 6, tens % 6 * 10);
            let value = day * 100 + tens + offset;
            let time = format!("2025-11-{day:02}T{hour:02}:{minute:02}:00+07:00");
            writeln!(rows, "{time},{value}").unwrap();
        }
        let file = self.path("rows.csv");
        std::fs::write(&file, rows).unwrap();
        let words = ["import", "--replace", "--point", "tank.level"];
        let output = self.run(&[&words[..], &[file.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn verify(&self) -> Value {
        let output = self.run(&["verify", "--json"]);
        let verdict: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(
            output.status.success(),
            verdict["good"] == true,
            "{verdict:#}"
        );
        verdict
    }

    /// The report of the month as JSON.
    pub(crate) fn report(&self, name: &str) -> Value {
        let file = self.path(&format!("{name}.json"));
        let output = self.run(&["report", "2025-11", "-o", file.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }

    pub(crate) fn bundle(&self, name: &str) -> PathBuf {
        let file = self.path(name);
        let report = self.path("laporan.pdf");
        // No valid UTF-8 and no PDF: a bundle must take any file as it is.
        std::fs::write(&report, [0, 159, 146, 150]).unwrap();
        let (report, to) = (report.to_str().unwrap(), file.to_str().unwrap());
        let output = self.run(&["export", "--bundle", "2025-11", "--with", report, "-o", to]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert!(
            told.contains(": 3 hari diperiksa") || told.contains(": 11 hari diperiksa"),
            "{told}"
        );
        file
    }

    pub(crate) fn tamper(&self, sql: &str) {
        let file = self.path("store").join("pantau.db");
        let status = python_peer("tamper.py")
            .arg(file)
            .arg(sql)
            .status()
            .unwrap();
        assert!(status.success(), "{sql}");
    }

    /// A copy of the store, to be put back.
    pub(crate) fn save_store(&self) -> tempfile::TempDir {
        // The triggers refuse such changes to everybody who uses the store; only a change of the
        // file itself is left to find.
        let saved = tempfile::tempdir().unwrap();
        copy_files(&self.path("store"), saved.path());
        saved
    }

    pub(crate) fn restore_store(&self, saved: &tempfile::TempDir) {
        copy_files(saved.path(), &self.path("store"));
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// Returns the result of the independent verifier for a bundle.
pub(crate) fn independent_verdict(file: &Path) -> Value {
    let output = python_peer("verify.py").arg(file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let verdict = serde_json::from_slice(&output.stdout);
    verdict.unwrap_or_else(|_| panic!("{errors}"))
}

/// A copy of a bundle in which one letter of a file is another one, and nothing else.
fn rewrite_bundle(bundle: &Path, name: &str) -> PathBuf {
    let changed = bundle.with_file_name("changed.zip");
    let output = python_peer("change_bundle.py")
        .args([bundle, &changed])
        .arg(name)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    changed
}

/// Runs `pantau verify FILE.zip` without a configuration; returns success and JSON.
pub(crate) fn verify_without_configuration(file: &Path) -> (bool, Value) {
    let output = pantau()
        .arg("verify")
        .arg(file)
        .arg("--json")
        .output()
        .unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.success(), verdict)
}

#[test]
fn a_bundle_is_the_same_with_and_without_a_running_gateway_and_another_verifier_agrees() {
    let scratch = EvidenceSite::new();
    let own = scratch.verify();
    assert_eq!(own["good"], true, "{own:#}");
    let bundle = scratch.bundle("own.zip");

    let mut command = pantau();
    command.args(["--log", "error", "run", "-c"]);
    let run = PeerProcess::start(command.arg(&scratch.config));
    let socket = scratch.path("store").join("pantau.sock");
    wait_for("the control socket", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    let asked = scratch.verify();
    assert_eq!(
        (&asked["good"], &asked["digest"]),
        (&json!(true), &own["digest"])
    );
    let beside = scratch.bundle("beside.zip");
    drop(run);

    let (ours, theirs) = (
        verify_without_configuration(&bundle),
        independent_verdict(&bundle),
    );
    assert!(ours.0, "{:#}", ours.1);
    assert_eq!(ours.1["digest"], own["digest"]);
    for key in ["good", "first", "days", "digest"] {
        assert_eq!(theirs[key], ours.1[key], "{key}");
    }
    assert_eq!(
        std::fs::read(bundle).unwrap(),
        std::fs::read(beside).unwrap()
    );
}

#[test]
fn what_somebody_changes_in_the_file_is_found_and_its_day_named() {
    let scratch = EvidenceSite::new();
    assert_eq!(scratch.verify()["good"], true);
    let saved = scratch.save_store();
    // 21 November 2025 is day 20413 since 1970.
    let other = "UPDATE pack SET (parts, body) = (SELECT parts, body FROM pack
        WHERE day = 20413 AND content = 0) WHERE day = 20414 AND content = 0";
    let more = "INSERT INTO pack(content, day, boot, low, high, parts, body)
        SELECT content, 20412, boot, low, high, parts, body FROM pack
        WHERE day = 20413 AND content = 0";
    let garbled = "UPDATE pack SET body = zeroblob(length(body)) WHERE day = 20415";
    let record = "UPDATE digest SET record = replace(record, 'closed', 'late')
        WHERE day = 20414";
    for (what, day, sql) in [
        ("samples", "2025-11-23", garbled),
        ("samples", "2025-11-22", other),
        (
            "samples",
            "2025-11-21",
            "DELETE FROM pack WHERE day = 20413",
        ),
        ("unrecorded", "2025-11-20", more),
        ("record", "2025-11-22", record),
        ("link", "2025-11-22", "DELETE FROM digest WHERE day = 20414"),
    ] {
        scratch.tamper(sql);
        let verdict = scratch.verify();
        assert_eq!(verdict["good"], false, "{sql}");
        // The first faulty day matters most: all days before it are still proven.
        assert_eq!(verdict["first"], day, "{sql}: {verdict:#}");
        let faults = verdict["faults"].as_array().unwrap();
        assert!(
            faults.iter().any(|fault| fault["what"] == what),
            "{sql}: {verdict:#}"
        );
        scratch.restore_store(&saved);
    }
    assert_eq!(scratch.verify()["good"], true);
}

#[test]
fn a_changed_entry_and_a_changed_configuration_are_found_once_their_day_is_closed() {
    let scratch = EvidenceSite::new();
    // The entry and the revisions as if they had been there from the beginning.
    let day = "1763686800000";
    for table in [
        "revision SET since",
        "factors SET since",
        "ledger SET recorded_at",
    ] {
        scratch.tamper(&format!("UPDATE {table} = {day}"));
    }
    let good = scratch.verify();
    assert_eq!(
        (&good["good"], &good["open_entries"]),
        (&json!(true), &json!(0)),
        "{good:#}"
    );
    let saved = scratch.save_store();
    for (what, sql) in [
        ("ledger", "UPDATE ledger SET mantissa = mantissa + 1"),
        ("ledger", "UPDATE ledger SET first = '2025-11-20'"),
        ("ledger", "DELETE FROM ledger"),
        (
            "configuration",
            "UPDATE revision SET text = replace(text, '103.78', '103.79')",
        ),
        ("factors", "UPDATE factors SET text = text || ' '"),
    ] {
        scratch.tamper(sql);
        let verdict = scratch.verify();
        assert_eq!(verdict["faults"][0]["what"], what, "{sql}: {verdict:#}");
        assert_eq!(verdict["first"], "2025-11-21", "{sql}");
        scratch.restore_store(&saved);
    }
}

#[test]
fn a_changed_issuer_import_or_original_is_told_in_one_line() {
    let scratch = EvidenceSite::new();
    scratch.report("one");
    scratch.import(22..23, 5);
    // All of it as if it had been there from the beginning, and no record yet.
    for table in [
        "revision SET since",
        "factors SET since",
        "ledger SET recorded_at",
        "issued_report SET issued_at",
        "issued_file SET issued_at",
        "sample_import SET at",
        "import_stretch SET at",
        "replaced_samples SET at",
    ] {
        scratch.tamper(&format!("UPDATE {table} = 1763686800000"));
    }
    scratch.tamper("DELETE FROM digest");
    scratch.tamper("DELETE FROM digest_due");
    let good = scratch.verify();
    assert_eq!(good["good"], true, "{good:#}");
    let bundle = scratch.bundle("all.zip");
    assert_eq!(independent_verdict(&bundle)["good"], true);
    assert!(verify_without_configuration(&bundle).0);

    let saved = scratch.save_store();
    for (what, sql) in [
        ("issued", "UPDATE issued_report SET issued_by = 'Budi'"),
        ("issued", "UPDATE issued_report SET content = 'ab'"),
        ("issued-files", "UPDATE issued_file SET sha256 = 'ab'"),
        ("imports", "UPDATE sample_import SET by = 'Budi'"),
        ("imports", "UPDATE sample_import SET file = 'lain.csv'"),
        ("imports", "DELETE FROM sample_import WHERE id = 1"),
        ("stretches", "UPDATE import_stretch SET samples = 1"),
        ("replaced", "UPDATE replaced_samples SET body = zeroblob(9)"),
        ("replaced", "DELETE FROM replaced_samples"),
    ] {
        scratch.tamper(sql);
        let verdict = scratch.verify();
        let faults = verdict["faults"].as_array().unwrap();
        assert_eq!(faults.len(), 1, "{sql}: {verdict:#}");
        assert_eq!(faults[0]["what"], what, "{sql}: {verdict:#}");
        scratch.restore_store(&saved);
    }
    // The same change in the file of a bundle.
    for table in ["issued", "imports", "replaced"] {
        let changed = rewrite_bundle(&bundle, &format!("{table}.jsonl"));
        let (good, verdict) = verify_without_configuration(&changed);
        let whats: Vec<_> = verdict["faults"].as_array().unwrap().iter().collect();
        assert!(!good && whats.len() == 1, "{verdict:#}");
        assert_eq!(whats[0]["what"], table);
        assert_eq!(independent_verdict(&changed)["good"], false);
    }
}

#[test]
fn a_late_import_makes_a_new_revision_and_an_old_report_is_still_in_the_chain() {
    let scratch = EvidenceSite::new();
    let before = scratch.verify();
    scratch.import(22..23, 5);
    let after = scratch.verify();
    assert_eq!(after["good"], true, "{after:#}");
    let count = |verdict: &Value| verdict["records"].as_u64().unwrap();
    assert_eq!(count(&after), count(&before) + 1);
    let printed = before["digest"].as_str().unwrap();
    let output = scratch.run(&["verify", "--json", "--digest", printed]);
    let since: Value = serde_json::from_slice(&output.stdout).unwrap();
    let since = &since["since"];
    assert_eq!(since["records"], 1, "{since:#}");
    let revised = json!([{ "day": "2025-11-22", "reasons": ["import"] }]);
    assert_eq!(since["revised"], revised, "{since:#}");
    assert_eq!(since["entries"], json!({ "first": 1, "last": 1 }));
    // Days of a year ago, closed today: told, and no fault.
    assert_eq!(after["remarks"][0]["what"], "late", "{after:#}");
    assert!(
        scratch
            .run(&["verify", "--digest", printed])
            .status
            .success()
    );
    // The right length and form, but no digest of this chain.
    let foreign = scratch.run(&["verify", "--digest", &"ab".repeat(32)]);
    assert_eq!(foreign.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&foreign.stdout).contains("tidak ada dalam rantai"));
    let bundle = scratch.bundle("late.zip");
    assert_eq!(independent_verdict(&bundle)["good"], true);
}

#[test]
fn a_report_says_another_evidence_after_a_corrected_entry_and_after_an_import() {
    let scratch = EvidenceSite::new();
    let first = scratch.report("one");
    let content = |report: &Value| report["evidence"]["content"].as_str().unwrap().to_owned();
    // Nothing has changed: another time of issue is the same report.
    let again = scratch.report("two");
    assert_eq!(again["evidence"], first["evidence"]);
    assert_eq!(content(&first).len(), 64);
    assert!(
        first["evidence"]["open"][0]
            .as_str()
            .unwrap()
            .starts_with("ledger 1 1 ")
    );

    let correct = ["ledger", "correct", "1", "--quantity", "13"];
    let why = ["--who", "Siti", "--note", "timbang ulang"];
    let output = scratch.run(&[&correct[..], &why].concat());
    assert!(output.status.success(), "{output:?}");
    let corrected = scratch.report("three");
    assert_eq!(corrected["evidence"]["head"], first["evidence"]["head"]);
    assert_ne!(
        corrected["evidence"]["open_sha256"],
        first["evidence"]["open_sha256"]
    );
    assert_ne!(content(&corrected), content(&first));

    // The middle day: its record is new, that of the last day is not.
    scratch.import(22..23, 5);
    let late = scratch.report("four");
    assert_ne!(late["evidence"]["head"], corrected["evidence"]["head"]);
    assert_eq!(late["evidence"]["head"]["day"], "2025-11-22");
    assert_ne!(late["digest"], first["digest"]);
}

#[tokio::test]
async fn the_head_of_the_chain_is_a_retained_message_at_the_broker() {
    let broker = MosquittoBroker::start("").await;
    let port = broker.port.to_string();
    let scratch = EvidenceSite::with(&format!("[mqtt]\nurl = 'mqtt://127.0.0.1:{port}'"));
    let own = scratch.verify();
    let mut command = pantau();
    command.args(["--log", "error", "run", "-c"]);
    let run = PeerProcess::start(command.arg(&scratch.config));
    let hear = || {
        let mut command = std::process::Command::new("mosquitto_sub");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-q",
            "1",
            "-C",
            "1",
            "-W",
            "60",
        ]);
        let output = command
            .args(["-t", "pantau/desa/evidence", "-F", "%q %r %t %p"])
            .output()
            .expect("apt install mosquitto-clients");
        String::from_utf8(output.stdout).unwrap()
    };
    hear();
    drop(run);
    // Nobody publishes any more: what is heard now, the broker has kept.
    let heard = hear();
    // QoS 1, retained, on its own topic, and nothing in it but these four.
    let told = heard.strip_prefix("1 1 pantau/desa/evidence ");
    let told: Value = serde_json::from_str(told.expect(&heard)).unwrap();
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["day", "made", "number", "sha256"], "{told}");
    assert_eq!(told["sha256"], own["digest"], "{told}");
    assert_eq!(told["number"], own["records"], "{told}");
    assert_eq!(told["day"], own["last"], "{told}");
    let made: jiff::Timestamp = told["made"].as_str().unwrap().parse().unwrap();
    // The record says the same of itself.
    let mut unpack = python_peer("unpack.py");
    let files = [scratch.bundle("own.zip"), scratch.path("unpacked")];
    assert!(unpack.args(files).status().unwrap().success());
    let records = std::fs::read_to_string(scratch.path("unpacked/digests.jsonl")).unwrap();
    let parse = |line| serde_json::from_str::<Value>(line).unwrap();
    let mut records = records.lines().map(parse);
    let record = records.find(|one| one["sha256"] == told["sha256"]).unwrap();
    let mut lines = record["record"].as_str().unwrap().lines();
    let said = lines.find_map(|line| line.strip_prefix("made "));
    let said: jiff::Timestamp = said.unwrap().parse().unwrap();
    assert_eq!(said, made, "{record}");
}

#[test]
fn a_bundle_with_one_changed_bit_is_refused_by_both_verifiers() {
    let scratch = EvidenceSite::new();
    let bundle = scratch.bundle("own.zip");
    let whole = std::fs::read(&bundle).unwrap();
    // Forty places meet every part of the archive: names, data, and the directory at its end.
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&bundle, bytes).unwrap();
        let output = pantau().arg("verify").arg(&bundle).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "byte {at}");
        let theirs = python_peer("verify.py").arg(&bundle).output().unwrap();
        assert!(!theirs.status.success(), "byte {at}");
    }
}

#[test]
fn a_period_without_a_closed_day_and_a_word_that_is_no_period_leave_no_file() {
    let scratch = EvidenceSite::new();
    let file = scratch.path("none.zip");
    let to = file.to_str().unwrap();
    let none = scratch.run(&["export", "--bundle", "1999-01", "-o", to]);
    assert_eq!(none.status.code(), Some(1));
    let wrong = scratch.run(&["export", "--bundle", "kemarin", "-o", to]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("bukan periode"));
    let left: Vec<_> = std::fs::read_dir(scratch.folder.path())
        .unwrap()
        .flatten()
        .collect();
    assert!(
        left.iter()
            .all(|file| !file.file_name().to_string_lossy().contains("none.zip"))
    );
}
