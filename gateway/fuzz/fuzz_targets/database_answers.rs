//! Fuzz target: answers of a database to a write, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::read_database_answer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_database_answer(input));
