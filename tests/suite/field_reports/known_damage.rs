//! Readings without a place, and losses by damage, as people are told of them.

use super::store::{OneDeviceSite, wait_for_condition};
use crate::killed::pantau;
use crate::servers::{DatabaseAnswer, STORED_ANSWER, ScriptedDatabase, http_body};
use crate::small_disk::SmallDisk;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[tokio::test]
async fn a_new_store_on_a_full_disk_waits_in_memory_and_is_begun_when_there_is_room() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&scratch.path().join("disk"), "12m");
    let site = OneDeviceSite::new(Some(&disk.0));
    disk.fill();
    let log = scratch.path().join("log");
    let gateway = site.start_logged(&log).await;
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("full"), "{why}");
    // The page says it in the reader's language.
    let page = http_body(site.page, "/?lang=id", "GET").await;
    assert!(page.contains("Disk penuh"), "{page}");
    let health = http_body(site.page, "/health?lang=id", "GET").await;
    assert!(health.contains("disk sudah penuh"), "{health}");
    assert!(!health.contains("disk is full"), "{health}");
    // An entry is refused and not taken for kept, in that language, too.
    let mut entry = pantau();
    entry.args([
        "--lang",
        "id",
        "ledger",
        "add",
        "bsf-maggot",
        "12",
        "kg",
        "--who",
        "Ani",
        "-c",
    ]);
    let said = entry.arg(&site.config).output().unwrap();
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(
        !said.status.success() && text.contains("Disk penuh"),
        "{text}"
    );
    disk.remove_filler();
    site.wait_for_health("ok").await;
    site.wait_durable_above(20).await;
    gateway.terminate();
    // A line for each thing that fails, and not one for each reading.
    let log = std::fs::read_to_string(log).unwrap();
    let errors = log.lines().filter(|line| line.contains("ERROR"));
    let errors: Vec<_> = errors.collect();
    assert!(errors.len() <= 3, "{errors:#?}");
    site.assert_all_exported().await;
    assert!(site.run(&["verify"]).status.success());
}

#[tokio::test]
async fn readings_that_a_database_refuses_are_one_line_of_the_log_with_their_count() {
    // About every second reading, by its time: others are taken, so that the lines are the cause.
    let is_bad = |line: &&str| {
        let time = line
            .rsplit(' ')
            .next()
            .and_then(|text| text.parse::<u64>().ok());
        time.is_some_and(|time| time.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63 == 1)
    };
    let database = ScriptedDatabase::start(move |_, lines| {
        Some(if lines.iter().any(is_bad) {
            DatabaseAnswer {
                status: 400,
                headers: "",
                body: r#"{"code":"invalid","message":"field type conflict"}"#,
            }
        } else {
            STORED_ANSWER
        })
    })
    .await;
    let scratch = tempfile::tempdir().unwrap();
    let token = scratch.path().join("influx.token");
    std::fs::write(&token, "secret").unwrap();
    let (port, token) = (database.port, token.display());
    let more = format!(
        "[influx]\nurl = 'http://127.0.0.1:{port}/base'\norg = 'o'\nbucket = 'b'\n\
         token_file = '{token}'\n"
    );
    let site = OneDeviceSite::with(None, &more);
    let log = scratch.path().join("log");
    let gateway = site.start_logged(&log).await;
    let refused = async || {
        let text = http_body(site.page, "/api/v1/sinks", "GET").await;
        let sinks: Value = serde_json::from_str(&text).unwrap();
        sinks[0]["refused"].as_u64().unwrap_or(0)
    };
    wait_for_condition(async || refused().await > 15).await;
    gateway.terminate();
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text
        .lines()
        .filter(|line| line.contains("refused permanently"));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("count=") && lines[0].contains("field type conflict"));
}

/// Runs statements on a stopped store.
fn change_store(store: &Path, statements: &str) {
    let script = "import sqlite3, sys\n\
        db = sqlite3.connect(sys.argv[1])\ndb.executescript(sys.argv[2])\ndb.commit()";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(store.join("pantau.db"));
    assert!(python.arg(statements).status().unwrap().success());
}

#[tokio::test]
async fn what_damage_has_cost_is_said_by_export_backup_and_verify_until_somebody_notes_it() {
    let site = OneDeviceSite::new(None);
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    gateway.terminate();
    // Yesterday, of which the point has nothing; and a record of the chain.
    change_store(
        &site.store(),
        "INSERT INTO data_damage(at, what, day, device, first, last, rows) VALUES
           (1, 'readings', 20777, 'tank', 1795107600000, 1795193999999, 12),
           (1, 'readings', 20778, 'other', 1795194000000, 1795280399999, 12),
           (1, 'records', 20777, '', 3, 3, 1)",
    );
    let export = site.run(&["export", "--point", "tank.level"]);
    let said = String::from_utf8_lossy(&export.stderr);
    assert_eq!(export.status.code(), Some(1), "{said}");
    // The day of the point's device, and not that of another one.
    assert!(
        said.contains("2026-11-20") && !said.contains("2026-11-21"),
        "{said}"
    );
    assert!(said.contains("lost by damage"), "{said}");
    let stick = tempfile::tempdir().unwrap();
    let backup = site.run(&["backup", stick.path().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&backup.stderr);
    assert_eq!(backup.status.code(), Some(1), "{said}");
    assert!(
        said.contains("3 lines") && said.contains("Backup"),
        "{said}"
    );
    let verify = site.run(&["verify"]);
    let said = String::from_utf8_lossy(&verify.stderr);
    assert!(
        said.contains("records of the evidence chain 3 (2026-11-20)"),
        "{said}"
    );
    let seen = "UPDATE data_damage SET seen_by = 'Ani', seen_at = 2";
    change_store(&site.store(), seen);
    let backup = site.run(&["backup", stick.path().to_str().unwrap()]);
    assert_eq!(backup.status.code(), Some(0));
}
