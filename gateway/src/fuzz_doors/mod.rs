//! Entry points for fuzz targets and for the inputs that are kept of them: each parser of bytes
//! from outside, also those that are private to their rooms. And a computer whose clocks a test
//! sets.
//!
//! Each takes any bytes, and panics when a promise of its parser is broken. Only with the feature
//! `fuzz-doors`, which the installed program is built without.

mod http_requests;
mod imported_tables;
mod node_messages;
mod simulated_computer;

pub use http_requests::answer_http;
pub use imported_tables::read_imported_table;
pub use node_messages::propose_nodes;
pub use simulated_computer::SimulatedComputer;

use crate::config::{load_config_text, profile::load_profile_text};
use crate::mqtt_link::read_any_packets;
use crate::sinks::influx::judge_any_answer;
use crate::storage::fuzz_doors;
use std::path::Path;

/// A sealed chunk. What is read from one is written again without a loss.
pub fn read_chunk(input: &[u8]) {
    fuzz_doors::read_chunk(input);
}

/// A row of the journal: number of readings in the first byte, then the row.
pub fn read_journal_row(input: &[u8]) {
    fuzz_doors::read_journal_row(input);
}

/// Packets of a broker, by both versions of MQTT. Reading ends, and takes no byte twice.
pub fn read_broker_packets(input: &[u8]) {
    read_any_packets(input);
}

/// Answer of a database: its status in the first two bytes, then the text. Only 204 counts as
/// stored.
pub fn read_database_answer(input: &[u8]) {
    judge_any_answer(input);
}

/// A configuration. Whether it is correct does not matter here; that its faults can be printed
/// does.
///
/// # Panics
///
/// When a promise is broken.
pub fn read_configuration(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Err(faults) = load_config_text(&text, Path::new("pantau.toml"), &|_| None) {
        assert!(!faults.to_string().is_empty());
    }
}

/// Profile of a device. Its faults can be printed.
///
/// # Panics
///
/// When a promise is broken.
pub fn read_profile(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Err(faults) = load_profile_text(&text, Path::new("device.toml")) {
        assert!(!faults.to_string().is_empty());
    }
}
