//! Upgrade of a store that an earlier version of the program wrote (`tests/fixtures`).

use crate::killed::pantau;
use crate::peers::PeerProcess;
use crate::servers::{free_port, http_body, wait_until};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Last day record of the kept store.
const LAST_RECORD: &str = "b39b8e89a20f8ca3723be283833387acf3f6e9750f346bf83f34c6a60a2328fa";
/// End of what the kept store holds.
const END: &str = "2026-11-30T01:20:00Z";

/// A copy of a kept store, with its configuration.
struct KeptStore {
    folder: tempfile::TempDir,
    config: PathBuf,
    page: u16,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl KeptStore {
    fn copy(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&fixture(name), &folder.path().join("store"));
        let text = std::fs::read_to_string(fixture(name).join("pantau.toml")).unwrap();
        let page = free_port();
        let config = folder.path().join("pantau.toml");
        let web = format!("\n[web]\nlisten = \"127.0.0.1:{page}\"\n");
        std::fs::write(&config, text + &web).unwrap();
        Self {
            folder,
            config,
            page,
        }
    }

    async fn start(&self) -> PeerProcess {
        let mut command = pantau();
        command
            .args(["--log", "off", "run", "-c"])
            .arg(&self.config);
        command.current_dir(self.folder.path());
        let gateway = PeerProcess::start(&mut command);
        let page = self.page;
        wait_until("the page", || {
            std::net::TcpStream::connect(("127.0.0.1", page)).is_ok()
        })
        .await;
        gateway
    }

    fn run(&self, words: &[&str]) -> String {
        let mut command = pantau();
        command.args(["--lang", "en", "--log", "off"]).args(words);
        command.current_dir(self.folder.path());
        let output = command.arg("-c").arg(&self.config).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn expected(store: &str, name: &str) -> String {
    std::fs::read_to_string(fixture(store).join("expected").join(name)).unwrap()
}

fn expected_json(store: &str, name: &str) -> Value {
    serde_json::from_str(&expected(store, name)).unwrap()
}

#[tokio::test]
async fn a_store_of_format_9_keeps_all_that_it_held() {
    let kept = KeptStore::copy("store-9");
    let gateway = kept.start().await;
    let health: Value =
        serde_json::from_str(&http_body(kept.page, "/healthz", "GET").await).unwrap();
    // Nothing but the devices and the broker, which are not there.
    assert_eq!(health["why"], serde_json::json!([]), "{health}");
    let notes = health["notes"].as_array().unwrap().iter();
    let is_outside = |note: &Value| {
        let note = note.as_str().unwrap_or_default();
        note.starts_with("device ") || note.starts_with("sink ")
    };
    assert!(notes.into_iter().all(is_outside), "{health}");
    gateway.terminate();
    for point in ["meter.energy", "meter.power", "tank.level"] {
        let rows = kept.run(&["export", "--point", point, "--to", END]);
        let kept = expected("store-9", &format!("{point}.csv"));
        let differ = rows
            .lines()
            .zip(kept.lines())
            .find(|(now, then)| now != then);
        assert_eq!(differ, None);
        assert_eq!(rows.len(), kept.len());
    }
    let entries = kept.run(&["ledger", "list", "--json", "--superseded"]);
    let entries: Value = serde_json::from_str(&entries).unwrap();
    assert_eq!(entries, expected_json("store-9", "ledger.json"));
    let list = kept.run(&["calibrate", "list", "--json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list, expected_json("store-9", "calibrations.json"));
    let evidence = kept.run(&["verify", "--json", "--digest", LAST_RECORD]);
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    assert_eq!(evidence["good"], true, "{evidence}");
}
