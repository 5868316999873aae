//! Fuzz target: any bytes from an ultrasonic sensor, then good frames. No panic, no distance that
//! the sensor cannot measure, and the good frames are found again whatever came before them.
#![no_main]

use drivers::a02yyuw::{A02yyuwReader, FARTHEST_MM, NEAREST_MM};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (distance, garbage) = input;
    let distance = NEAREST_MM + distance % (FARTHEST_MM - NEAREST_MM + 1);
    let mut reader = A02yyuwReader::new(0);
    for (at, byte) in (0..).zip(garbage) {
        if let Some(Ok(read)) = reader.push(*byte, at) {
            assert!((NEAREST_MM..=FARTHEST_MM).contains(&read));
        }
    }
    let [high, low] = distance.to_be_bytes();
    let sum = 0xffu8.wrapping_add(high).wrapping_add(low);
    let now = garbage.len() as u64;
    // Garbage can pass for a frame and take the beginning of the first true one with it.
    let mut last = [None; 4];
    for found in &mut last {
        for byte in [0xff, high, low, sum] {
            *found = reader.push(byte, now).or(*found);
        }
    }
    assert_eq!(last[1..], [Some(Ok(distance)); 3]);
    assert_eq!(reader.distance_mm(now), Ok(distance));
});
