//! Checksum of Modbus RTU frames ([`crc16`]).

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
