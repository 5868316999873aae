//! Fuzz target: rows of the journal, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::read_journal_row;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_journal_row(input));
