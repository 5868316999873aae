//! Fuzz target: messages of sensor nodes at a broker, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::propose_nodes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| propose_nodes(input));
