//! A backup of a site, made while its gateway runs, and put back at another place.

use super::month::{ReportedSite, report_figure};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Export, verdict and report, which must be the same before and after.
fn answers(site: &ReportedSite) -> (Vec<u8>, Json, Json) {
    let rows = site.run_ok(&["export", "--point", "inverter.energy"]);
    let verdict = serde_json::from_slice(&site.run_ok(&["verify", "--json"])).unwrap();
    (rows, verdict, site.report_json("id"))
}

fn megabytes_new(said: &str) -> f64 {
    let (_, rest) = said.split_once("MB, of which ").unwrap();
    rest.split(' ')
        .next()
        .unwrap()
        .replace(',', "")
        .parse()
        .unwrap()
}

#[test]
fn a_backup_put_back_elsewhere_gives_the_same_exports_digests_figures_and_report() {
    let site = ReportedSite::new();
    // A place that moves with the configuration.
    let config = site.folder.path().join("pantau.toml");
    let store = site.folder.path().join("store");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(store.to_str().unwrap(), "store");
    std::fs::write(&config, text).unwrap();
    let gateway = site.start_gateway();
    let stick = tempfile::tempdir().unwrap();
    let place = stick.path().to_str().unwrap();
    let before = answers(&site);
    let said = site.run(&["backup", place], "en");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(megabytes_new(&said) > 0.1, "{said}");
    let again = site.run(&["backup", place], "en");
    let again = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        megabytes_new(&again) < megabytes_new(&said) / 2.0,
        "{again}"
    );
    drop(gateway);
    let other = tempfile::tempdir().unwrap();
    let target = other.path().join("pantau.toml");
    let restore = |more: &[&str]| {
        let mut command = crate::killed::pantau();
        command.args(["--lang", "en", "restore", place, "-c"]);
        command.arg(&target).args(more).output().unwrap()
    };
    let dry = restore(&["--dry-run"]);
    assert!(
        dry.status.success(),
        "{}",
        String::from_utf8_lossy(&dry.stderr)
    );
    let plan = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(plan.contains("pantau.db: would be put there"), "{plan}");
    assert!(!target.exists());
    refuses_a_flipped_byte(stick.path(), other.path(), &restore);
    let done = restore(&[]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let moved = ReportedSite::at(other);
    let after = answers(&moved);
    assert!(before.0 == after.0, "the export differs");
    assert_eq!(after.1["good"], true, "{}", after.1);
    for part in ["digest", "revision", "period"] {
        assert_eq!(before.2[part], after.2[part], "{part}");
    }
    assert_eq!(before.2["sections"], after.2["sections"]);
    let net = |report| report_figure(report, "summary/co2.net")["value"].clone();
    assert_eq!(net(&before.2), net(&after.2));
    // Put back once more over itself: the store that was there is kept.
    let again = moved.run(&["restore", place], "en");
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("pantau.db.replaced-"), "{said}");
    assert_eq!(answers(&moved).0, before.0);
}

/// A byte of a piece of the newest backup is flipped: the restore names the file and changes
/// nothing.
fn refuses_a_flipped_byte(
    stick: &Path,
    target: &Path,
    restore: &dyn Fn(&[&str]) -> std::process::Output,
) {
    let piece = piece_of_the_newest_store(&stick.join("pantau-backup/desa"));
    let whole = std::fs::read(&piece).unwrap();
    let mut garbled = whole.clone();
    garbled[whole.len() / 2] ^= 4;
    std::fs::write(&piece, garbled).unwrap();
    let refused = restore(&[]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains(piece.file_name().unwrap().to_str().unwrap()),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(target).unwrap().count(), 0);
    std::fs::write(&piece, whole).unwrap();
}

/// First piece of the store's file in the newest backup. Other pieces may be of the one before,
/// which a restore does not read.
fn piece_of_the_newest_store(folder: &Path) -> PathBuf {
    let generations = std::fs::read_dir(folder.join("generations")).unwrap();
    let newest = generations.map(|one| one.unwrap().path()).max().unwrap();
    let text = std::fs::read_to_string(newest).unwrap();
    // The last line is the hash of the lines before.
    let (manifest, _) = text.trim_end().rsplit_once('\n').unwrap();
    let manifest: Json = serde_json::from_str(manifest).unwrap();
    let files = manifest["files"].as_array().unwrap();
    let store = files.iter().find(|file| file["path"] == "pantau.db");
    let piece = store.unwrap()["pieces"][0].as_str().unwrap();
    folder.join("pieces").join(&piece[..2]).join(piece)
}
