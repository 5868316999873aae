//! Fuzz target: any edges with any sequence numbers, times and levels. No panic, the total only
//! goes up, and there are never more pulses than the sequence numbers allow.
#![no_main]

use drivers::pulse_counter::{PulseCounter, PulseEdge, PulseSettings, WatchedEdges};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, u64, u64, Vec<(u32, u64, bool)>)| {
    let (watches_both, pulse_min_ns, gap_min_ns, edges) = input;
    let mut settings = PulseSettings::for_clean_line(1000);
    settings.pulse_min_ns = pulse_min_ns;
    settings.gap_min_ns = gap_min_ns;
    settings.pulse_max_ns = Some(1_000_000_000);
    if watches_both {
        settings.edges = WatchedEdges::Both;
    }
    let mut counter = PulseCounter::new(settings, 0);
    counter.begin(false, 0);
    let mut possible = 0;
    let mut sequence = 0u32;
    for (number, time_ns, is_active) in edges {
        let step = number.wrapping_sub(sequence);
        if step <= u32::MAX / 2 && step > 0 {
            possible += u64::from(step);
            sequence = number;
        }
        let before = counter.total();
        let edge = PulseEdge {
            sequence: number,
            time_ns,
            is_active,
        };
        let new = counter.feed(edge) + counter.advance(time_ns, Some(is_active));
        assert_eq!(counter.total(), before + new);
        assert!(counter.total() <= possible);
        assert!(counter.rate_per_second(time_ns) >= 0.0);
        let _ = counter.fault(time_ns);
    }
});
