//! Kept inputs of the fuzz targets (`gateway/fuzz/seeds`), without a fuzzer: each as it is, each
//! cut off, and each with a byte changed. A target's parser must not panic, and keep its promises.

use crate::servers::{free_port, wait_until};
use crate::source::project_root;
use crate::wizards::{start_gateway, write_site};
use gateway::config::{load_config_text, profile::load_profile_text};
use gateway::fuzz_doors;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most variants of an input of small files, which take microseconds each.
const VARIANTS_MAX: usize = 4000;
/// Most variants of a text that takes milliseconds.
const TEXT_VARIANTS_MAX: usize = 24;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project_root().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no input");
    paths
}

/// Hands an input and its variants to a parser: cut off at places all over it, and with a byte
/// there changed in one bit and in all.
fn try_variants(path: &Path, most: usize, parser: &dyn Fn(&[u8])) {
    let input = std::fs::read(path).unwrap();
    parser(&input);
    let step = (input.len() * 3).div_ceil(most).max(1);
    for at in (0..input.len()).step_by(step) {
        parser(&input[..at]);
        for change in [1 << (at % 8), 0xFF] {
            let mut garbled = input.clone();
            garbled[at] ^= change;
            parser(&garbled);
        }
    }
}

fn try_seeds(target: &str, parser: fn(&[u8])) {
    for path in files(&format!("gateway/fuzz/seeds/{target}"), "") {
        try_variants(&path, VARIANTS_MAX, &parser);
    }
}

fn try_texts(paths: Vec<PathBuf>, parser: &dyn Fn(&str)) {
    for path in paths {
        try_variants(&path, TEXT_VARIANTS_MAX, &|input| {
            parser(&String::from_utf8_lossy(input));
        });
    }
}

#[test]
fn kept_chunks_and_their_damaged_copies_do_not_make_the_store_panic() {
    try_seeds("chunks", fuzz_doors::read_chunk);
}

#[test]
fn kept_journal_rows_and_their_damaged_copies_do_not_make_the_store_panic() {
    try_seeds("journal_rows", fuzz_doors::read_journal_row);
}

#[test]
fn kept_packets_of_brokers_and_their_damaged_copies_come_to_an_end() {
    try_seeds("broker_packets", fuzz_doors::read_broker_packets);
}

#[test]
fn kept_answers_of_databases_and_their_damaged_copies_count_as_stored_with_204_alone() {
    try_seeds("database_answers", fuzz_doors::read_database_answer);
}

#[test]
fn damaged_configurations_are_read_or_refused() {
    let mut paths = files("tests/cases/config", ".toml");
    paths.extend(files("config", "pantau.toml"));
    try_texts(paths, &|text| {
        // Whether it is correct does not matter here; that its faults can be printed does.
        if let Err(faults) = load_config_text(text, Path::new("pantau.toml"), &|_| None) {
            assert!(!faults.to_string().is_empty());
        }
    });
}

#[test]
fn damaged_profiles_are_read_or_refused() {
    try_texts(files("config/devices", ".toml"), &|text| {
        if let Err(faults) = load_profile_text(text, Path::new("device.toml")) {
            assert!(!faults.to_string().is_empty());
        }
    });
}

/// Answer of a server to these bytes, until it closes the connection.
fn answer_to(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    // It may have answered and closed before it was sent everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[tokio::test]
async fn kept_heads_of_requests_are_answered_or_refused_and_the_gateway_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = write_site(
        scratch.path(),
        &format!("[web]\nlisten = \"127.0.0.1:{port}\"\n"),
    );
    let gateway = start_gateway(&config);
    let is_up = || {
        let head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        answer_to(port, head).starts_with(b"HTTP/1.1 200")
    };
    wait_until("the page", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
    .await;
    wait_until("the gateway is well", is_up).await;
    for path in files("gateway/fuzz/seeds/http_requests", "") {
        let head = std::fs::read(&path).unwrap();
        let cut = head.len() / 2;
        for bytes in [&head[..], &head[..cut], &head[cut..]] {
            let answer = answer_to(port, bytes);
            // TLS answers with an alert, and to half a request there may be no answer.
            let is_answer = answer.is_empty() || answer.starts_with(b"HTTP/1.");
            assert!(is_answer, "{}: {answer:?}", path.display());
        }
        assert!(is_up(), "after {}", path.display());
    }
    drop(gateway);
}
