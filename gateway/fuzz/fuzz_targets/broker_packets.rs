//! Fuzz target: packets of a broker, as `gateway::fuzz_doors` promises.
#![no_main]

use gateway::fuzz_doors::read_broker_packets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_broker_packets(input));
