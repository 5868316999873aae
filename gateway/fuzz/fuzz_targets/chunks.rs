//! Fuzz target: sealed chunks of the store, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::read_chunk;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_chunk(input));
