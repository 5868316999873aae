//! The whole program, killed twenty times in the middle of its work, with a broker that comes and
//! goes.
//!
//! `pantau simulate` serves the devices, mosquitto carries the messages, and `mosquitto_sub`, a
//! client that is not ours, keeps what arrives. No `seq` may be missing, none may come out of
//! order.

use crate::peers::Peer;
use crate::servers::{Mosquitto, Subscriber, free_port, judge_seqs, until};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Kills of the gateway.
const KILLS: usize = 20;
/// Readings that must have arrived between two kills.
const BETWEEN: u64 = 8;

/// The program under test, beside the test's own binary.
pub(crate) fn pantau() -> Command {
    let mut path = std::env::current_exe().unwrap();
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

fn site(folder: &Path, devices: u16, broker: u16) -> PathBuf {
    let store = folder.join("store");
    let text = format!(
        r#"
[site]
id = "killed"
name = "Killed"
timezone = "Asia/Jakarta"
latitude = -3.76
longitude = 103.78

[store]
path = "{}"
flush = "200ms"

[[bus]]
id = "lan"
kind = "modbus-tcp"
host = "127.0.0.1"
tcp_port = {devices}

[[device]]
id = "inverter"
bus = "lan"
unit = 1
profile = "growatt-min-tlx"
every = "1s"

[[device]]
id = "level"
bus = "lan"
unit = 2
every = "100ms"
point = [{{ id = "level", register = "holding:0", type = "u16", scale = 0.001, unit = "m" }}]

[mqtt]
url = "mqtt://127.0.0.1:{broker}"
catch_up = 100000
"#,
        store.display()
    );
    let file = folder.join("pantau.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// Waits until more readings have arrived than before.
async fn more(ears: &Subscriber) {
    let last = || ears.seqs().last().copied().unwrap_or(0);
    let before = last();
    until("further readings", || before + BETWEEN <= last()).await;
}

#[tokio::test]
async fn twenty_kills_and_three_broker_outages_lose_no_reading_and_keep_their_order() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, devices) = (scratch.path(), free_port());
    let mut broker = Mosquitto::start("max_inflight_messages 0").await;
    let ears = Subscriber::start(broker.port, folder, &[]).await;
    let config = site(folder, devices, broker.port);
    let _simulator = Peer::start(
        pantau()
            .arg("simulate")
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null()),
    );

    for kill in 0..KILLS {
        let gateway = Peer::start(pantau().args(["--log", "error", "run", "-c"]).arg(&config));
        if kill % 7 == 3 {
            // The broker is away while the gateway lives and dies; the journal grows.
            broker.stop();
            let before = last_change(folder);
            until("a growing journal", || before < last_change(folder)).await;
            drop(gateway);
            broker.up().await;
            continue;
        }
        more(&ears).await;
        drop(gateway);
    }
    let _gateway = Peer::start(pantau().args(["--log", "error", "run", "-c"]).arg(&config));
    more(&ears).await;

    let seqs = ears.seqs();
    judge_seqs(&seqs, seqs.iter().copied().max().unwrap());
}

/// When the store last wrote, in milliseconds: at every flush.
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
