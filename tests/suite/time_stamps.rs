//! Tests of the time stamps of the chain: asked for by the running gateway, in the bundle, and
//! checked by us and by openssl.

use crate::evidence::{EvidenceSite, verify_without_configuration};
use crate::evidence_keys::{assert_keys_are_documented, unpack_bundle};
use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A token with another byte in its signature, whatever the byte was.
const CHANGED_TOKEN: &str = "substr(token, 1, length(token) - 9) \
    || CASE substr(token, -9, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(token, -8)";

/// Starts a time-stamp authority; returns it, its folder and its address.
fn start_authority(kind: &[&str]) -> (PeerProcess, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = python_peer("time_stamp_authority.py");
    let (peer, port) = PeerProcess::start_ready(command.arg(folder.path()).args(kind));
    (peer, folder, format!("http://127.0.0.1:{}/", port.trim()))
}

/// A site whose chain is stamped at an address, with the authority of a folder.
fn stamped_site(url: &str, authority: &Path) -> EvidenceSite {
    let file = authority.display();
    let table = format!("time_stamp = {{ url = '{url}', ca_file = '{file}/ca.pem' }}");
    EvidenceSite::with(&format!("[evidence]\n{table}"))
}

fn start_gateway(site: &EvidenceSite) -> PeerProcess {
    let mut command = pantau();
    command.args(["--log", "error", "run", "-c"]);
    let run = PeerProcess::start(command.arg(&site.config));
    let socket = site.path("store").join("pantau.sock");
    wait_for("the control socket", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    run
}

/// The only fault of a store: what, name and reason.
fn only_fault(verdict: &Value) -> (String, String, String) {
    let faults = verdict["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{verdict:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fault = &faults[0];
    (
        text(&fault["what"]),
        text(&fault["name"]),
        text(&fault["touches"][0]),
    )
}

#[test]
fn the_head_of_the_chain_gets_a_time_stamp_that_openssl_confirms_and_a_changed_one_is_told() {
    let (authority, folder, url) = start_authority(&[]);
    let site = stamped_site(&url, folder.path());
    let before = site.verify();
    assert_eq!(before["stamps"], Value::Null);
    let run = start_gateway(&site);
    wait_for("a time stamp", || !site.verify()["stamps"].is_null());
    drop(run);
    let verdict = site.verify();
    let stamp = &verdict["stamps"];
    assert_keys_are_documented(&verdict);
    let record = verdict["records"].as_u64().unwrap();
    let found = (&stamp["count"], &stamp["record"], &stamp["trusted"]);
    assert_eq!(
        found,
        (&json!(1), &json!(record), &json!(true)),
        "{verdict:#}"
    );
    // A second start of the day asks for no second stamp.
    drop(start_gateway(&site));
    assert_eq!(site.verify()["stamps"]["count"], 1);
    drop(authority);

    let bundle = site.bundle("stamped.zip");
    let (good, verdict) = verify_without_configuration(&bundle);
    assert!(good, "{verdict:#}");
    assert_eq!(verdict["stamps"]["trusted"], false);
    for (file, is_good) in [("ca.pem", true), ("other.pem", false)] {
        let mut command = pantau();
        command.args(["verify", "--json", "--ca"]);
        command.arg(folder.path().join(file)).arg(&bundle);
        let output = command.output().unwrap();
        assert_eq!(output.status.success(), is_good, "{file}");
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        if is_good {
            assert_eq!(verdict["stamps"]["trusted"], true);
        } else {
            let number = record.to_string();
            let wanted = ("stamp".to_owned(), number, "untrusted".to_owned());
            assert_eq!(only_fault(&verdict), wanted);
        }
    }
    let name = format!("stamps/{record}.tsr");
    let unpacked = unpack_bundle(&bundle);
    let confirmed = Command::new("openssl")
        .args(["ts", "-verify", "-CAfile", "ca.pem", "-in"])
        .arg(unpacked.path().join(&name))
        .args(["-digest", verdict["digest"].as_str().unwrap()])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(confirmed.success());

    assert_changes_are_told(&site);
}

/// Checks that a stamp that somebody changed in the store is told with the reason.
fn assert_changes_are_told(site: &EvidenceSite) {
    let saved = site.save_store();
    let part = "CAST(replace(CAST(token AS TEXT), 'x', 'y') AS BLOB)";
    for (reason, sql) in [
        (
            "signature",
            format!("UPDATE time_stamp SET token = {CHANGED_TOKEN}"),
        ),
        (
            "digest",
            "UPDATE time_stamp SET number = number - 1".to_owned(),
        ),
        ("digest", "UPDATE time_stamp SET number = 100000".to_owned()),
        (
            "unreadable",
            "UPDATE time_stamp SET token = substr(token, 1, 90)".to_owned(),
        ),
        (
            "unreadable",
            format!("UPDATE time_stamp SET token = {part} || 'x'"),
        ),
    ] {
        site.tamper(&sql);
        let verdict = site.verify();
        let (what, _, why) = only_fault(&verdict);
        assert_eq!((&*what, &*why), ("stamp", reason), "{sql}: {verdict:#}");
        site.restore_store(&saved);
    }
}

#[test]
fn an_authority_that_does_not_answer_or_answers_nonsense_stops_nothing() {
    let (_authority, folder, _) = start_authority(&[]);
    // Nobody listens there; and a server that answers, but is no authority.
    let (_other, port) = PeerProcess::start_ready(&mut python_peer("no_authority.py"));
    let nonsense = format!("http://127.0.0.1:{}/", port.trim());
    for url in ["http://127.0.0.1:9/", &nonsense] {
        let site = stamped_site(url, folder.path());
        site.verify();
        let log = site.path("log.txt");
        let mut command = pantau();
        command
            .args(["--log", "warn", "run", "-c"])
            .arg(&site.config);
        let output = std::fs::File::create(&log).unwrap();
        let run = PeerProcess::start(command.stderr(output));
        wait_for("a line in the log", || {
            std::fs::read_to_string(&log)
                .unwrap()
                .contains("no time stamp")
        });
        let verdict = site.verify();
        assert_eq!(
            (&verdict["good"], &verdict["stamps"]),
            (&json!(true), &Value::Null)
        );
        drop(run);
    }
}

#[test]
fn a_stamp_whose_signer_is_named_by_its_key_holds_and_a_changed_one_does_not() {
    let (_authority, folder, url) = start_authority(&["key-id"]);
    let site = stamped_site(&url, folder.path());
    site.verify();
    let run = start_gateway(&site);
    wait_for("a time stamp", || !site.verify()["stamps"].is_null());
    drop(run);
    let verdict = site.verify();
    assert_eq!(verdict["stamps"]["trusted"], true, "{verdict:#}");
    assert_eq!(verdict["good"], true, "{verdict:#}");
    site.tamper(&format!("UPDATE time_stamp SET token = {CHANGED_TOKEN}"));
    let (what, _, why) = only_fault(&site.verify());
    assert_eq!((&*what, &*why), ("stamp", "signature"));
}
