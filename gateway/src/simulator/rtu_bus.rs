//! Simulated bus: devices by unit id, and RTU frames of a serial line.

// These frames are written apart from `drivers::frame`, and the TCP servers use another library:
// master and simulation must not share a mistake.
use super::device::SimulatedDevice;
use super::world::SimulatedWorld;
use crate::config::ModbusTable;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Modbus exception 1, illegal function.
const ILLEGAL_FUNCTION: u8 = 1;
/// Length of a read request: unit, function, start, count, CRC.
const REQUEST_BYTES: usize = 8;
/// Bytes kept while looking for a request; older noise is dropped.
const REQUEST_BUFFER_MAX: usize = 512;
/// Silence after which an incomplete request is dropped.
const FRAME_SILENCE: Duration = Duration::from_millis(100);

/// Devices of one bus by unit id.
#[derive(Clone, Debug)]
pub struct SimulatedBus {
    /// Devices by unit id.
    pub devices: BTreeMap<u8, SimulatedDevice>,
    /// World that the devices measure.
    pub world: SimulatedWorld,
}

impl SimulatedBus {
    /// Returns the registers or the exception code of a unit; `None` when there is no such unit.
    pub fn read(
        &self,
        unit: u8,
        table: ModbusTable,
        start: u16,
        count: u16,
    ) -> Option<Result<Vec<u16>, u8>> {
        let device = self.devices.get(&unit)?;
        Some(device.read(table, start, count, &self.world.snapshot()))
    }

    /// Answers RTU requests until the line is closed.
    pub async fn serve_line<L: AsyncRead + AsyncWrite + Unpin>(&self, mut line: L) {
        let mut heard = Vec::new();
        let mut chunk = [0; 256];
        loop {
            let more = if heard.is_empty() {
                line.read(&mut chunk).await
            } else {
                let Ok(more) = tokio::time::timeout(FRAME_SILENCE, line.read(&mut chunk)).await
                else {
                    heard.clear();
                    continue;
                };
                more
            };
            // 0 bytes or an error: the line is closed.
            let Ok(more @ 1..) = more else { return };
            heard.extend_from_slice(&chunk[..more]);
            while let Some(request) = next_request(&mut heard) {
                if let Some(answer) = self.response_frame(request)
                    && line.write_all(&answer).await.is_err()
                {
                    return;
                }
            }
        }
    }

    /// Returns the response frame; `None` for an unknown unit, which stays silent.
    fn response_frame(&self, [unit, function, s1, s0, c1, c0]: [u8; 6]) -> Option<Vec<u8>> {
        let (start, count) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
        let answer = match table_of_function(function) {
            Some(table) => self.read(unit, table, start, count)?,
            None => self.devices.get(&unit).map(|_| Err(ILLEGAL_FUNCTION))?,
        };
        let mut frame = match answer {
            // An exception response has the highest bit of the function code set.
            Err(exception) => vec![unit, function | 0x80, exception],
            Ok(words) => {
                let data = if function <= 2 {
                    pack_bits(&words)
                } else {
                    register_bytes(&words)
                };
                let mut frame = vec![unit, function, u8::try_from(data.len()).unwrap_or(u8::MAX)];
                frame.extend(data);
                frame
            }
        };
        frame.extend(modbus_crc(&frame).to_le_bytes());
        Some(frame)
    }
}

/// Returns the table that a function code reads.
fn table_of_function(function: u8) -> Option<ModbusTable> {
    Some(match function {
        1 => ModbusTable::Coil,
        2 => ModbusTable::Discrete,
        3 => ModbusTable::Holding,
        4 => ModbusTable::Input,
        _ => return None,
    })
}

/// Returns registers as big-endian bytes.
fn register_bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Packs bits into bytes, lowest bit first.
fn pack_bits(words: &[u16]) -> Vec<u8> {
    words
        .chunks(8)
        .map(|eight| {
            eight
                .iter()
                .rev()
                .fold(0, |byte, word| byte << 1 | u8::from(*word != 0))
        })
        .collect()
}

/// Takes the first whole request out of the received bytes, and drops what cannot be one.
fn next_request(heard: &mut Vec<u8>) -> Option<[u8; 6]> {
    // A request is recognised by its CRC alone, so that noise before it does no harm.
    let is_request = |frame: &[u8]| modbus_crc(&frame[..6]).to_le_bytes() == frame[6..];
    let found = heard.windows(REQUEST_BYTES).position(is_request);
    let keep_from = match found {
        Some(at) => at + REQUEST_BYTES,
        None => heard.len().saturating_sub(REQUEST_BUFFER_MAX),
    };
    let request = found.and_then(|at| heard[at..at + 6].try_into().ok());
    heard.drain(..keep_from);
    request
}

/// CRC-16 of Modbus, bit by bit as in the appendix of the serial line specification.
fn modbus_crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xa001
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Specification's own example: unit 2, function 7.
    #[test]
    fn the_checksum_is_the_specifications() {
        assert_eq!(modbus_crc(&[0x02, 0x07]), 0x1241);
    }

    #[test]
    fn a_request_is_found_behind_noise() {
        let mut heard = vec![0xff, 0x00, 0x12];
        heard.extend([1, 3, 0, 0, 0, 2, 0xc4, 0x0b, 9]);
        assert_eq!(next_request(&mut heard), Some([1, 3, 0, 0, 0, 2]));
        assert_eq!(heard, [9]);
    }

    #[test]
    fn bits_are_packed_lowest_first() {
        assert_eq!(pack_bits(&[1, 0, 1, 0, 0, 0, 0, 0, 1]), [0b101, 1]);
    }

    proptest! {
        #[test]
        fn any_noise_is_survived_and_forgotten(mut noise: Vec<u8>) {
            let before = noise.len();
            while next_request(&mut noise).is_some() {}
            prop_assert!(noise.len() <= before.min(REQUEST_BUFFER_MAX));
        }
    }
}
