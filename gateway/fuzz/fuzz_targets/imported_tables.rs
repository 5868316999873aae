//! Fuzz target: files that a person imports, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::read_imported_table;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_imported_table(input));
