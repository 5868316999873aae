//! Kept inputs of the fuzz targets (`gateway/fuzz/seeds`), without a fuzzer: each as it is, each
//! cut off, and each with a byte changed. A target's parser must not panic, and keep its promises.

use crate::servers::{free_port, wait_until};
use crate::source::project_root;
use crate::wizards::{start_gateway, write_site};
use gateway::fuzz_doors;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most variants of an input of small files, which take microseconds each.
const VARIANTS_MAX: usize = 4000;
/// Most variants of a text that takes milliseconds.
const TEXT_VARIANTS_MAX: usize = 24;
/// Most variants of a table or of messages.
const TABLE_VARIANTS_MAX: usize = 60;
/// Most variants of a request.
const REQUEST_VARIANTS_MAX: usize = 90;

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

/// Fuzz target: its door, the folders and endings of its kept inputs, and most variants of each.
struct FuzzTarget {
    name: &'static str,
    door: &'static str,
    parser: fn(&[u8]),
    inputs: &'static [(&'static str, &'static str)],
    variants_max: usize,
}

macro_rules! target {
    ($name:literal, $door:ident, $inputs:expr, $most:expr) => {
        FuzzTarget {
            name: $name,
            door: stringify!($door),
            parser: fuzz_doors::$door,
            inputs: &$inputs,
            variants_max: $most,
        }
    };
}

/// Targets of `gateway/fuzz`, in alphabetical order.
const TARGETS: [FuzzTarget; 9] = [
    target!(
        "broker_packets",
        read_broker_packets,
        [("gateway/fuzz/seeds/broker_packets", "")],
        VARIANTS_MAX
    ),
    target!(
        "chunks",
        read_chunk,
        [("gateway/fuzz/seeds/chunks", "")],
        VARIANTS_MAX
    ),
    target!(
        "configuration",
        read_configuration,
        [("tests/cases/config", ".toml"), ("config", "pantau.toml")],
        TEXT_VARIANTS_MAX
    ),
    target!(
        "database_answers",
        read_database_answer,
        [("gateway/fuzz/seeds/database_answers", "")],
        VARIANTS_MAX
    ),
    target!(
        "http_requests",
        answer_http,
        [("gateway/fuzz/seeds/http_requests", "")],
        REQUEST_VARIANTS_MAX
    ),
    target!(
        "imported_tables",
        read_imported_table,
        [("gateway/fuzz/seeds/imported_tables", "")],
        TABLE_VARIANTS_MAX
    ),
    target!(
        "journal_rows",
        read_journal_row,
        [("gateway/fuzz/seeds/journal_rows", "")],
        VARIANTS_MAX
    ),
    target!(
        "node_messages",
        propose_nodes,
        [("gateway/fuzz/seeds/node_messages", "")],
        TABLE_VARIANTS_MAX
    ),
    target!(
        "profiles",
        read_profile,
        [("config/devices", ".toml")],
        TEXT_VARIANTS_MAX
    ),
];

fn try_target(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    for (folder, ending) in target.inputs {
        for path in files(folder, ending) {
            try_variants(&path, target.variants_max, &target.parser);
        }
    }
}

/// A fuzz target needs a compiler with sanitizers; what it does must not. So it is a door and no
/// more, and this suite compiles and tries the doors.
#[test]
fn each_fuzz_target_hands_its_input_to_its_door_and_is_tried_here() {
    let manifest = project_root().join("gateway/fuzz/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let mut names = Vec::new();
    for path in files("gateway/fuzz/fuzz_targets", ".rs") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let target = TARGETS.iter().find(|target| target.name == name);
        let door = target
            .unwrap_or_else(|| panic!("{name}: no row in TARGETS"))
            .door;
        let text = std::fs::read_to_string(&path).unwrap();
        let code: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with("//!"))
            .collect();
        let wanted = [
            "#![no_main]",
            "",
            &format!("use gateway::fuzz_doors::{door};"),
            "use libfuzzer_sys::fuzz_target;",
            "",
            &format!("fuzz_target!(|input: &[u8]| {door}(input));"),
        ];
        assert_eq!(code, wanted, "{name}");
        let binary = format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&binary), "{name} is no [[bin]]");
        names.push(name);
    }
    let rows: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, rows);
}

#[test]
fn kept_chunks_and_their_damaged_copies_do_not_make_the_store_panic() {
    try_target("chunks");
}

#[test]
fn kept_journal_rows_and_their_damaged_copies_do_not_make_the_store_panic() {
    try_target("journal_rows");
}

#[test]
fn kept_packets_of_brokers_and_their_damaged_copies_come_to_an_end() {
    try_target("broker_packets");
}

#[test]
fn kept_answers_of_databases_and_their_damaged_copies_count_as_stored_with_204_alone() {
    try_target("database_answers");
}

#[test]
fn damaged_configurations_are_read_or_refused() {
    try_target("configuration");
}

#[test]
fn damaged_profiles_are_read_or_refused() {
    try_target("profiles");
}

#[test]
fn damaged_tables_that_people_import_are_read_in_order_or_refused() {
    try_target("imported_tables");
}

#[test]
fn damaged_messages_of_nodes_lead_to_no_wrong_configuration() {
    try_target("node_messages");
}

#[test]
fn damaged_requests_are_answered_or_refused_and_the_next_one_is_served() {
    try_target("http_requests");
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
