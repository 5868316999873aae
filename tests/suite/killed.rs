//! Test of crash safety: the whole program is killed twenty times during operation, while the
//! broker goes away and comes back.
//!
//! `pantau simulate` serves the devices, mosquitto carries the messages, and `mosquitto_sub`
//! records what arrives. No `seq` may be missing or out of order. And a demo that is stopped while
//! it starts leaves nothing behind.

use crate::peers::PeerProcess;
use crate::servers::{
    MosquittoBroker, MqttSubscriber, assert_seqs_complete, free_port, wait_until,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::site_text::SiteText;

/// Number of times the gateway is killed.
const KILLS: usize = 20;
/// Readings that must have arrived between two kills.
const READINGS_BETWEEN_KILLS: u64 = 8;

/// The program under test, beside the test's own binary.
pub(crate) fn pantau() -> Command {
    let mut path = std::env::current_exe().unwrap();
    // The test binary is in `deps`, one folder below the program.
    path.pop();
    path.pop();
    let path = path.join("pantau");
    assert!(
        path.exists(),
        "{}: build it first (tests/run does)",
        path.display()
    );
    Command::new(path)
}

fn write_site(folder: &Path, devices: u16, broker: u16) -> PathBuf {
    let site = SiteText::new("killed")
        .tcp_bus("lan", devices)
        .device(
            "inverter",
            "lan",
            "unit = 1\nprofile = 'growatt-min-tlx'\nevery = '1s'",
        )
        .device("level", "lan", "unit = 2\nevery = '100ms'")
        .points([
            "{ id = 'level', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }",
        ])
        .with(format_args!(
            "[mqtt]\nurl = 'mqtt://127.0.0.1:{broker}'\ncatch_up = 100000"
        ))
        .store(&folder.join("store"))
        .with("flush = '200ms'");
    let file = folder.join("pantau.toml");
    std::fs::write(&file, site.text()).unwrap();
    file
}

/// Waits until more readings have arrived than before.
async fn wait_for_readings(ears: &MqttSubscriber) {
    let last = || ears.seqs().last().copied().unwrap_or(0);
    let before = last();
    wait_until("further readings", || {
        before + READINGS_BETWEEN_KILLS <= last()
    })
    .await;
}

#[test]
fn a_demo_that_is_stopped_while_it_writes_its_history_leaves_no_folder() {
    let temporary = tempfile::tempdir().unwrap();
    // A year, so that the history takes longer than the test.
    let mut command = pantau();
    command.args(["--lang", "en", "demo", "--days", "366", "--port"]);
    command.arg(free_port().to_string());
    command
        .env("TMPDIR", temporary.path())
        .stderr(Stdio::null());
    let (demo, _) = PeerProcess::start_until(&mut command, "Writing 366 days");
    let pins = format!("pantau-simulated-{}-", demo.id());
    let has_pins = || {
        let entries = std::fs::read_dir("/dev/shm").unwrap().flatten();
        let mut names = entries.map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().starts_with(&pins))
    };
    let folders = || std::fs::read_dir(temporary.path()).unwrap().count();
    assert!(has_pins() && folders() > 0);
    demo.terminate();
    assert!(!has_pins());
    assert_eq!(folders(), 0);
}

#[tokio::test]
async fn twenty_kills_and_three_broker_outages_lose_no_reading_and_keep_their_order() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, devices) = (scratch.path(), free_port());
    // No limit of messages in flight, so that many readings are between send and PUBACK when the
    // kill comes.
    let mut broker = MosquittoBroker::start("max_inflight_messages 0").await;
    let ears = MqttSubscriber::start(broker.port, folder, &[]).await;
    let config = write_site(folder, devices, broker.port);
    let _simulator = PeerProcess::start(
        pantau()
            .arg("simulate")
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null()),
    );

    for kill in 0..KILLS {
        let gateway =
            PeerProcess::start(pantau().args(["--log", "error", "run", "-c"]).arg(&config));
        // Kills 3, 10 and 17: early, in the middle and near the end, with kills that find the
        // broker between.
        if kill % 7 == 3 {
            // The broker is stopped for some of the kills, so that the journal grows.
            broker.stop();
            let before = last_change(folder);
            // The store's files must have changed without a broker, so the readings of this round
            // exist only on disk.
            wait_until("a growing journal", || before < last_change(folder)).await;
            drop(gateway);
            broker.start_process().await;
            continue;
        }
        wait_for_readings(&ears).await;
        drop(gateway);
    }
    // The last start is not killed: it must deliver everything that the kills left over.
    let _gateway = PeerProcess::start(pantau().args(["--log", "error", "run", "-c"]).arg(&config));
    wait_for_readings(&ears).await;

    let seqs = ears.seqs();
    assert_seqs_complete(&seqs, seqs.iter().copied().max().unwrap());
}

/// Returns the time of the store's last write (every flush), ms.
fn last_change(folder: &Path) -> u128 {
    let files = std::fs::read_dir(folder.join("store"))
        .into_iter()
        .flatten()
        .flatten();
    files
        .filter_map(|file| file.metadata().ok()?.modified().ok())
        .filter_map(|changed| changed.duration_since(std::time::UNIX_EPOCH).ok())
        .map(|since| since.as_millis())
        .max()
        .unwrap_or(0)
}
