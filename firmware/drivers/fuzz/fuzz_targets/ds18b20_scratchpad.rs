//! Fuzz target: any nine bytes as the scratchpad of a DS18B20, any eight as a serial number. No
//! panic, no temperature that the sensor cannot measure, and what is accepted has a right checksum.
#![no_main]

use drivers::ds18b20::Ds18b20Reading;
use drivers::one_wire::{RomCode, crc8_one_wire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u8; 9], [u8; 8], bool)| {
    let (mut scratchpad, rom, is_mended) = input;
    if is_mended {
        // Random bytes hardly ever have a right checksum.
        scratchpad[8] = crc8_one_wire(&scratchpad[..8]);
    }
    if let Ok(reading) = Ds18b20Reading::from_scratchpad(&scratchpad) {
        assert!((-55.0..=125.0).contains(&reading.celsius()));
        assert_eq!(crc8_one_wire(&scratchpad), 0);
    }
    if let Ok(code) = RomCode::from_bytes(rom) {
        assert_eq!(code.bytes(), rom);
        assert_eq!(RomCode::from_number(code.family(), code.number()), code);
    }
});
