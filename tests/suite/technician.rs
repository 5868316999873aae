//! Tests of the commands used beside a device: `read`, `watch` and `soak`, against simulated
//! devices.

use crate::killed::pantau;
use crate::pin_commands::run_program;
use crate::servers::free_port;
use crate::sites::{noon_world, write_config};
use gateway::config;
use gateway::simulator::{SimulatorServers, serve_devices};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::process::Command;

/// Site with one meter that answers and one unit that does not exist.
async fn serve_site(folder: &Path) -> (PathBuf, SimulatorServers) {
    let site = SiteText::new("desa")
        .tcp_bus("lan", free_port())
        .with("timeout = '300ms'")
        .device("meter", "lan", "unit = 7\nevery = '200ms'")
        .points([
            "{ id = 'voltage', register = 'input:10', type = 'f32', words = 'cdab', unit = 'V' }",
            "{ id = 'frequency', register = 'input:12', type = 'u16', scale = 0.01, unit = 'Hz' }",
        ]);
    let file = write_config(folder, site.clone());
    let config = config::load_config(&file).unwrap();
    let world = noon_world();
    let served = serve_devices(&config, &world).await.unwrap();
    let ghost = site
        .device("ghost", "lan", "unit = 9\nevery = '200ms'")
        .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"]);
    (write_config(folder, ghost), served)
}

/// Runs the program with this configuration; returns its output.
async fn run_pantau(file: &Path, arguments: &[&str]) -> (Output, String) {
    let file = ["-c", file.to_str().unwrap()];
    run_program(&[arguments, &file].concat()).await
}

#[tokio::test]
async fn read_ranks_meanings_and_its_mbpoll_call_reads_the_same_registers() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _served) = serve_site(folder.path()).await;
    let (output, text) = run_pantau(&file, &["read", "meter", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: Value = serde_json::from_str(&text).unwrap();
    let voltage = &json["points"][0];
    let first = &voltage["meaning"]["ranked"][0];
    assert_eq!(first["type"], "f32", "{voltage:#}");
    assert_eq!(first["words"], "cdab", "{voltage:#}");
    assert_eq!(json["round_trips_ms"].as_array().unwrap().len(), 3);
    let points = json["points"].as_array().unwrap();
    let read: Vec<u64> = points
        .iter()
        .flat_map(|point| point["words"].as_array().unwrap())
        .map(|word| word.as_u64().unwrap())
        .collect();
    // Technicians compare with mbpoll, so the printed call must run as it is and read the same
    // words.
    let call = json["mbpoll"][0].as_str().unwrap();
    let mut parts = call.split_whitespace();
    let mut command = Command::new(parts.next().unwrap());
    let output = command
        .args(parts)
        .output()
        .await
        .expect("mbpoll is installed (apt)");
    let heard = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = heard
        .lines()
        .filter_map(|line| line.split_once("0x")?.1.trim().get(..4));
    let words: Vec<u64> = words
        .filter_map(|word| u64::from_str_radix(word, 16).ok())
        .collect();
    assert_eq!(words, read, "{call}\n{heard}");
}

#[tokio::test]
async fn a_silent_unit_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _served) = serve_site(folder.path()).await;
    let (output, text) = run_pantau(&file, &["read", "ghost"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text.contains("unit address"), "{text}");
}

#[tokio::test]
async fn a_soak_passes_for_a_good_device_and_not_for_a_silent_one() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _served) = serve_site(folder.path()).await;
    // No poll has failed, but a few are too few to tell 99 in 100.
    let (output, text) = run_pantau(&file, &["soak", "meter", "--for", "3s"]).await;
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("100 are needed"), "{text}");
    assert!(!text.contains("FAILED"), "{text}");
    let (output, text) = run_pantau(&file, &["soak", "--for", "3s", "--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{text}");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["devices"][0]["passes"], true, "{json:#}");
    assert_eq!(json["devices"][0]["enough"], false, "{json:#}");
    // The device beside the missing one still passes: its neighbour's timeouts do not count against
    // it.
    assert_eq!(json["devices"][1]["passes"], false, "{json:#}");
}

#[tokio::test]
async fn watch_without_a_screen_prints_a_line_a_poll() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let (file, _served) = serve_site(folder.path()).await;
    let mut command = Command::from(pantau());
    command
        .args(["watch", "meter", "-c"])
        .arg(&file)
        .kill_on_drop(true);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_mins(1), lines.next_line());
    let line = line.await.unwrap().unwrap().unwrap();
    assert!(
        line.starts_with("meter ") && line.contains("voltage="),
        "{line}"
    );
    child.kill().await.unwrap();
}
