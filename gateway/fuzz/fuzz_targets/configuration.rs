//! Fuzz target: configurations and profiles. Nothing panics, and every fault can be printed.
#![no_main]

use gateway::config::{load_config_text, profile::load_profile_text};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    if let Err(faults) = load_config_text(&text, Path::new("pantau.toml"), &|_| None) {
        assert!(!faults.to_string().is_empty());
    }
    if let Err(faults) = load_profile_text(&text, Path::new("device.toml")) {
        assert!(!faults.to_string().is_empty());
    }
});
