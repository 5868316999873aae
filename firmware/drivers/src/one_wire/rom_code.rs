//! Serial number of a 1-Wire device ([`RomCode`]).

use super::crc8_one_wire;
use crate::sensor_fault::SensorFault;

/// Serial number of a 1-Wire device: family, six bytes of number, checksum, as sent on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RomCode([u8; 8]);

impl RomCode {
    /// Returns the serial number if its checksum is right.
    pub fn from_bytes(bytes: [u8; 8]) -> Result<Self, SensorFault> {
        // A line that is held low reads as zeros, whose checksum is right; no family is 0.
        if bytes == [0; 8] {
            return Err(SensorFault::BusFault);
        }
        if bytes == [0xff; 8] {
            return Err(SensorFault::Absent);
        }
        if crc8_one_wire(&bytes) != 0 {
            return Err(SensorFault::Checksum);
        }
        Ok(Self(bytes))
    }

    /// Returns the device of a family (0x28 for the DS18B20) with this 48-bit number.
    pub fn from_number(family: u8, number: u64) -> Self {
        let [n0, n1, n2, n3, n4, n5, ..] = number.to_le_bytes();
        let mut bytes = [family, n0, n1, n2, n3, n4, n5, 0];
        bytes[7] = crc8_one_wire(&bytes[..7]);
        Self(bytes)
    }

    /// Reads the name that Linux gives to a device, such as `28-0000072431ab`.
    pub fn from_linux_name(name: &str) -> Option<Self> {
        let (family, number) = name.split_once('-')?;
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if family.len() != 2 || number.len() != 12 || !is_hex(family) || !is_hex(number) {
            return None;
        }
        let family = u8::from_str_radix(family, 16).ok()?;
        let number = u64::from_str_radix(number, 16).ok()?;
        // Family 0 with number 0 is what a shorted line reads as.
        (family != 0).then(|| Self::from_number(family, number))
    }

    /// Returns the bytes as sent on the wire.
    pub fn bytes(self) -> [u8; 8] {
        self.0
    }

    /// Returns the family: 0x28 for the DS18B20.
    pub fn family(self) -> u8 {
        self.0[0]
    }

    /// Returns the 48-bit number without family and checksum.
    pub fn number(self) -> u64 {
        let [_, n0, n1, n2, n3, n4, n5, _] = self.0;
        u64::from_le_bytes([n0, n1, n2, n3, n4, n5, 0, 0])
    }
}

/// Writes the name that Linux gives to the device, so that node and gateway have one name for it.
impl core::fmt::Display for RomCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:02x}-{:012x}", self.family(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_application_note_has_its_name() {
        let bytes = [0x02, 0x1c, 0xb8, 0x01, 0, 0, 0, 0xa2];
        let rom = RomCode::from_bytes(bytes).unwrap();
        assert_eq!(rom.family(), 2);
        assert_eq!(rom.number(), 0x01_b81c);
        assert_eq!(rom.to_string(), "02-00000001b81c");
        assert_eq!(RomCode::from_linux_name("02-00000001b81c"), Some(rom));
    }

    #[test]
    fn a_dead_line_is_no_serial_number() {
        let dead = RomCode::from_bytes;
        assert_eq!(dead([0; 8]), Err(SensorFault::BusFault));
        assert_eq!(dead([0xff; 8]), Err(SensorFault::Absent));
        assert_eq!(
            dead([0x28, 0, 0, 0, 0, 0, 0, 1]),
            Err(SensorFault::Checksum)
        );
    }

    #[test]
    fn names_that_are_not_of_linux_are_refused() {
        for name in [
            "",
            "28",
            "28-",
            "28-12345",
            "28-+00000000001",
            "zz-000000000001",
        ] {
            assert_eq!(RomCode::from_linux_name(name), None, "{name}");
        }
        assert_eq!(RomCode::from_linux_name("00-000000000000"), None);
    }

    proptest! {
        #[test]
        fn a_serial_number_survives_its_name_and_its_bytes(
            family in 1u8.., number in 0..1u64 << 48
        ) {
            let rom = RomCode::from_number(family, number);
            prop_assert_eq!(RomCode::from_linux_name(&rom.to_string()), Some(rom));
            prop_assert_eq!(RomCode::from_bytes(rom.bytes()), Ok(rom));
            prop_assert_eq!((rom.family(), rom.number()), (family, number));
        }

        #[test]
        fn any_name_and_any_bytes_are_refused_or_read(name: String, bytes: [u8; 8]) {
            let _ = RomCode::from_linux_name(&name);
            let _ = RomCode::from_bytes(bytes);
        }
    }
}
