//! Fuzz target: configurations, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::read_configuration;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_configuration(input));
