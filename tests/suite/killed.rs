//! The whole program, killed twenty times in the middle of its work, with a broker that comes and
//! goes.
//!
//! `pantau simulate` serves the devices, mosquitto carries the messages, and `mosquitto_sub`, a
//! client that is not ours, keeps what arrives. No `seq` may be missing, none may come out of
//! order.

use crate::peers::{Peer, wait_for};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Kills of the gateway.
const KILLS: usize = 20;
/// Readings that must have arrived between two kills.
const BETWEEN: usize = 8;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

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

/// mosquitto that writes its queue down, so that what it acknowledged survives its own end.
fn broker(folder: &Path, port: u16) -> Peer {
    let file = folder.join("mosquitto.conf");
    let text = format!(
        "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\n\
         max_queued_messages 0\nmax_inflight_messages 0\n",
        folder.display()
    );
    std::fs::write(&file, text).unwrap();
    let peer = Peer::start(
        Command::new("mosquitto")
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null()),
    );
    wait_for("mosquitto", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    peer
}

fn subscriber(port: u16, arrived: &Path) -> Peer {
    let out = std::fs::File::create(arrived).unwrap();
    let arguments = [
        "-h",
        "127.0.0.1",
        "-q",
        "1",
        "-c",
        "-i",
        "judge",
        "-t",
        "pantau/killed/+",
    ];
    Peer::start(
        Command::new("mosquitto_sub")
            .args(arguments)
            .args(["-p", &port.to_string()])
            .stdout(out),
    )
}

/// The `seq` of every reading that has arrived, in order of arrival.
fn seqs(arrived: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(arrived).unwrap_or_default();
    let readings = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    readings
        .filter_map(|message: serde_json::Value| message["seq"].as_u64())
        .collect()
}

fn wait_for_more(arrived: &Path) {
    let before = seqs(arrived).last().copied().unwrap_or(0);
    let more = || before + BETWEEN as u64 <= seqs(arrived).last().copied().unwrap_or(0);
    wait_for("further readings", more);
}

#[test]
fn twenty_kills_and_three_broker_outages_lose_no_reading_and_keep_their_order() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let (devices, port) = (free_port(), free_port());
    let (config, arrived) = (site(folder, devices, port), folder.join("arrived"));
    let _simulator = Peer::start(
        pantau()
            .arg("simulate")
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null()),
    );
    let mut mosquitto = Some(broker(folder, port));
    let _subscriber = subscriber(port, &arrived);

    for kill in 0..KILLS {
        let gateway = Peer::start(pantau().args(["--log", "error", "run", "-c"]).arg(&config));
        if kill % 7 == 3 {
            // The broker is away while the gateway lives and dies; the journal grows.
            mosquitto.take().unwrap().terminate();
            let changed = || last_change(folder);
            let before = changed();
            wait_for("a growing journal", || before < changed());
            drop(gateway);
            mosquitto = Some(broker(folder, port));
            continue;
        }
        wait_for_more(&arrived);
        drop(gateway);
    }
    let _gateway = Peer::start(pantau().args(["--log", "error", "run", "-c"]).arg(&config));
    wait_for_more(&arrived);

    let seqs = seqs(&arrived);
    let seen: BTreeSet<u64> = seqs.iter().copied().collect();
    let last = seen.last().copied().unwrap();
    let missing: Vec<u64> = (1..=last).filter(|seq| !seen.contains(seq)).collect();
    assert_eq!(missing, [0u64; 0], "lost");
    let mut highest = 0;
    for seq in seqs {
        assert!(seq <= highest + 1, "{seq} arrived before {}", highest + 1);
        highest = highest.max(seq);
    }
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
