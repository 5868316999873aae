//! Checksums of Modbus RTU frames ([`crc16`]), of 1-Wire devices ([`crc8_one_wire`]) and of
//! Sensirion's sensors ([`crc8_sensirion`]).

/// Returns true if the last two bytes are the CRC of those before them, low byte first.
pub(crate) fn has_valid_crc(frame: &[u8]) -> bool {
    frame
        .split_last_chunk()
        .is_some_and(|(body, sum)| crc16(body).to_le_bytes() == *sum)
}

/// Returns the CRC-16 of Modbus (polynomial 0xA001 reflected, initial value 0xFFFF). The low byte
/// goes first on the wire.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        // By table: bit by bit it would take eight steps for each byte, which counts on a bare
        // chip.
        (sum >> 8) ^ CRC_TABLE[usize::from((sum ^ u16::from(*byte)) & 0xff)]
    })
}

/// CRC of each single byte, computed at compile time.
const CRC_TABLE: [u16; 256] = crc_table();

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0u16;
    while byte < 256 {
        let mut sum = byte;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xa001
            } else {
                sum >> 1
            };
            bit += 1;
        }
        table[byte as usize] = sum;
        byte += 1;
    }
    table
}

/// Returns the CRC-8 of 1-Wire devices (polynomial 0x8C reflected, initial value 0; Maxim
/// application note 27). It is 0 over data with its own checksum at the end.
pub fn crc8_one_wire(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0x8c } else { 0 }
        })
    })
}

/// Returns the CRC-8 of Sensirion's sensors (polynomial 0x31). The initial value is 0 for the SHT20
/// and 0xFF for the SHT30, with their families.
pub fn crc8_sensirion(initial: u8, bytes: &[u8]) -> u8 {
    bytes.iter().fold(initial, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| {
            (sum << 1) ^ if sum & 0x80 != 0 { 0x31 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_maxims_application_note_27_has_its_checksum() {
        let serial = [0x02, 0x1c, 0xb8, 0x01, 0, 0, 0];
        assert_eq!(crc8_one_wire(&serial), 0xa2);
        assert_eq!(crc8_one_wire(&[0x02, 0x1c, 0xb8, 0x01, 0, 0, 0, 0xa2]), 0);
    }

    #[test]
    fn the_examples_of_sensirions_data_sheets_have_their_checksums() {
        // SHT3x-DIS, table 20.
        assert_eq!(crc8_sensirion(0xff, &[0xbe, 0xef]), 0x92);
        // CRC checksum calculation for the SHT20, section 2; also in the data sheet of the HTU21D.
        assert_eq!(crc8_sensirion(0, &[0xdc]), 0x79);
        assert_eq!(crc8_sensirion(0, &[0x68, 0x3a]), 0x7c);
        assert_eq!(crc8_sensirion(0, &[0x4e, 0x85]), 0x6b);
    }
}
