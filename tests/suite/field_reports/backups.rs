//! Backups of the whole program: to a disk that gets full, and the daily copy by itself.

use super::store::{OneDeviceSite, wait_for_condition};
use crate::killed::pantau;
use crate::servers::http_body;
use crate::small_disk::SmallDisk;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths below a folder, without the lock.
fn paths_below(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(paths_below(&path));
        } else if path.file_name().unwrap() != "lock" {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

#[tokio::test]
async fn a_full_stick_is_said_and_the_last_good_backup_stays_whole() {
    let site = OneDeviceSite::new(None);
    let scratch = tempfile::tempdir().unwrap();
    let stick = SmallDisk::new(&scratch.path().join("stick"), "4m");
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    let place = stick.0.to_str().unwrap();
    let output = site.run(&["backup", place]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("passwords"), "{said}");
    let before = paths_below(&stick.0.join("pantau-backup"));
    stick.fill();
    site.wait_durable_above(site.durable_seq().await + 20).await;
    let output = site.run(&["backup", place]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is full"), "{said}");
    assert_eq!(paths_below(&stick.0.join("pantau-backup")), before);
    // The gateway has stored all the while, and refuses to have its store replaced.
    assert_eq!(site.health().await["status"], "ok");
    let output = site.run(&["restore", place]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("A gateway runs"), "{said}");
    stick.remove_filler();
    let output = site.run(&["backup", place]);
    assert!(output.status.success());
    let last = site.durable_seq().await;
    gateway.terminate();
    let output = site.run(&["restore", place]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("pantau.db.replaced-"), "{said}");
    let gateway = site.start().await;
    // Numbers go on above all that were given out.
    site.wait_durable_above(last).await;
    gateway.terminate();
    let verdict = site.run(&["verify"]);
    assert!(verdict.status.success());
}

#[tokio::test]
async fn a_store_that_was_put_back_starts_on_a_full_disk_and_goes_on_when_there_is_room() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&scratch.path().join("disk"), "48m");
    let stick = tempfile::tempdir().unwrap();
    let site = OneDeviceSite::new(Some(&disk.0));
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    let place = stick.path().to_str().unwrap();
    assert!(site.run(&["backup", place]).status.success());
    let last = site.durable_seq().await;
    gateway.terminate();
    // As at another place: the numbers that were given out are not known there.
    std::fs::remove_file(disk.0.join("pantau.seq")).unwrap();
    let output = site.run(&["restore", place]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    disk.fill();
    let gateway = site.start().await;
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("full"), "{why}");
    disk.remove_filler();
    site.wait_for_health("ok").await;
    // Readings of the full disk were held, and have numbers that no other one can have had.
    site.wait_durable_above(last + (1 << 32)).await;
    gateway.terminate();
    let gateway = site.start().await;
    let again = site.durable_seq().await;
    site.wait_durable_above(again + 5).await;
    assert!(again < last + (1 << 33), "{again}");
    gateway.terminate();
    assert!(site.run(&["verify"]).status.success());
}

#[tokio::test]
async fn a_full_disk_of_the_store_keeps_no_backup_from_another_disk() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&scratch.path().join("disk"), "24m");
    let site = OneDeviceSite::new(Some(&disk.0));
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    gateway.terminate();
    // Without the reserve that the log holds, no reading is written.
    std::fs::remove_file(disk.0.join("pantau.db-wal")).unwrap();
    disk.fill();
    let gateway = site.start().await;
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("full"), "{why}");
    let (stick, copy) = (tempfile::tempdir().unwrap(), scratch.path().join("copy.db"));
    for words in [
        ["backup", stick.path().to_str().unwrap()].as_slice(),
        &["backup", "-o", copy.to_str().unwrap()],
    ] {
        let output = site.run(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }
    disk.remove_filler();
    site.wait_for_health("ok").await;
    gateway.terminate();
}

#[tokio::test]
async fn an_earlier_backup_that_is_taken_for_a_damaged_one_is_named() {
    let site = OneDeviceSite::new(None);
    let stick = tempfile::tempdir().unwrap();
    let place = stick.path().to_str().unwrap();
    let gateway = site.start().await;
    for _ in 0..2 {
        site.wait_durable_above(site.durable_seq().await + 5).await;
        assert!(site.run(&["backup", place]).status.success());
    }
    gateway.terminate();
    let paths = paths_below(&stick.path().join("pantau-backup"));
    let is_manifest = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let newest = paths.iter().filter(is_manifest).max().unwrap();
    std::fs::write(newest, "{").unwrap();
    let output = site.run(&["restore", place]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Backup 2 cannot be used"), "{said}");
    assert!(
        said.contains("this earlier one is taken: backup 1 of"),
        "{said}"
    );
    assert!(!said.contains("Nothing was changed"), "{said}");
}

#[tokio::test]
async fn fewer_backups_make_room_on_a_full_stick() {
    let site = OneDeviceSite::new(None);
    let scratch = tempfile::tempdir().unwrap();
    let stick = SmallDisk::new(&scratch.path().join("stick"), "4m");
    let gateway = site.start().await;
    let place = stick.0.to_str().unwrap();
    for _ in 0..3 {
        site.wait_durable_above(site.durable_seq().await + 20).await;
        assert!(site.run(&["backup", place]).status.success());
    }
    stick.fill();
    site.wait_durable_above(site.durable_seq().await + 5).await;
    let output = site.run(&["backup", place, "--keep", "1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("2 backups beyond --keep were removed"),
        "{said}"
    );
    let inside = site.run(&["backup", site.store().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&inside.stderr);
    assert_eq!(inside.status.code(), Some(2), "{said}");
    assert!(said.contains("directory of the store"), "{said}");
    gateway.terminate();
}

#[tokio::test]
async fn a_stick_below_mnt_with_the_folder_of_backups_gets_the_daily_copy_by_default() {
    let site = OneDeviceSite::new(None);
    // In mounts of its own: no other gateway shall find the stick.
    let plug_in = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/stick \
        && mount -t tmpfs -o size=16m tmpfs /mnt/stick && mkdir /mnt/stick/pantau-backup \
        && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", plug_in, "sh"]);
    command.arg(pantau().get_program());
    let gateway = site.start_by(command).await;
    let metrics = async || http_body(site.page, "/metrics", "GET").await;
    wait_for_condition(async || metrics().await.contains("pantau_copy_age_seconds")).await;
    let seen = format!("/proc/{}/root{}", gateway.id(), "/mnt/stick");
    assert!(!paths_below(&Path::new(&seen).join("pantau-backup")).is_empty());
    let dry = site.run(&["restore", &seen, "--dry-run"]);
    let said = String::from_utf8_lossy(&dry.stderr);
    assert!(dry.status.success(), "{said}");
    gateway.terminate();
}

#[test]
fn the_service_may_write_wherever_a_place_for_the_copy_is_looked_for() {
    let unit = crate::source::project_root().join("config/pantau.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ReadWritePaths="));
    let may: Vec<&str> = line.unwrap().split(' ').collect();
    let docs = crate::source::project_root().join("docs/configuration.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for place in ["/media", "/run/media", "/mnt", "/var/backups/pantau"] {
        // The dash: a place that is not there stops no service.
        assert!(may.contains(&&*format!("-{place}")), "{place}: {may:?}");
        assert!(docs.contains(&format!("`{place}`")), "{place}");
    }
}

#[tokio::test]
async fn the_gateway_makes_a_copy_by_itself_and_says_how_old_it_is() {
    let place = tempfile::tempdir().unwrap();
    let copies = place.path().join("copies");
    let more = format!("[backup]\ndirectory = '{}'\n", copies.display());
    let site = OneDeviceSite::with(None, &more);
    let gateway = site.start().await;
    let notes = async || site.health().await["notes"].to_string();
    wait_for_condition(async || notes().await.contains("daily copy")).await;
    let page = http_body(site.page, "/health", "GET").await;
    let place = page.find("data-line=\"copies\" data-state=\"fault\"");
    assert!(place.is_some(), "{page}");
    let metrics = http_body(site.page, "/metrics", "GET").await;
    assert!(metrics.contains("pantau_copy_failing 1"), "{metrics}");
    gateway.terminate();
    std::fs::create_dir(&copies).unwrap();
    let gateway = site.start().await;
    let metrics = async || http_body(site.page, "/metrics", "GET").await;
    wait_for_condition(async || metrics().await.contains("pantau_copy_age_seconds")).await;
    let page = http_body(site.page, "/health", "GET").await;
    assert!(
        page.contains("data-line=\"copies\" data-state=\"ok\""),
        "{page}"
    );
    assert!(
        !site.health().await["notes"]
            .to_string()
            .contains("daily copy")
    );
    gateway.terminate();
    let dry = site.run(&["restore", copies.to_str().unwrap(), "--dry-run"]);
    let said = String::from_utf8_lossy(&dry.stderr);
    assert!(dry.status.success(), "{said}");
    // The same day, a further start makes no second one.
    let before = paths_below(&copies);
    let gateway = site.start().await;
    wait_for_condition(async || metrics().await.contains("pantau_copy_age_seconds")).await;
    gateway.terminate();
    assert_eq!(paths_below(&copies), before);
}

#[tokio::test]
async fn a_store_that_only_the_backup_names_is_replaced_after_a_yes_alone() {
    let site = OneDeviceSite::new(None);
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    let stick = tempfile::tempdir().unwrap();
    let place = stick.path().to_str().unwrap();
    assert!(site.run(&["backup", place]).status.success());
    gateway.terminate();
    let restore = |more: &[&str]| {
        let mut command = pantau();
        command.args(["--lang", "en", "--log", "off", "restore", place]);
        command
            .args(more)
            .args(["-c"])
            .arg(stick.path().join("none.toml"));
        command.stdin(std::process::Stdio::null()).output().unwrap()
    };
    let listed = restore(&["--at", "list"]);
    let times = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.status.success() && times.contains("WIB"), "{times}");
    let refused = restore(&[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    let store = site.store().join("pantau.db").display().to_string();
    assert!(said.contains(&store) && said.contains("--yes"), "{said}");
    let early = restore(&["--at", "2020-01-01"]);
    let said = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(said.contains("WIB"), "{said}");
    let done = restore(&["--yes"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success() && said.contains("pantau.db.replaced-"),
        "{said}"
    );
}

#[tokio::test]
async fn a_place_that_others_may_write_in_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = OneDeviceSite::new(None);
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    let scratch = tempfile::tempdir().unwrap();
    let (real, link) = (scratch.path().join("stick"), scratch.path().join("link"));
    std::fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let said = |place: &Path| {
        let output = site.run(&["backup", place.to_str().unwrap()]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(!said(&real).contains("others may write"));
    assert!(said(&link).contains("others may write"));
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(said(&real).contains("others may write"));
    gateway.terminate();
}
