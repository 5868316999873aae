//! Fuzz target: what anybody sends to the page's port, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::answer_http;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| answer_http(input));
