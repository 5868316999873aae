//! Devices that share one bus, and the RTU frames of a serial line.
//!
//! The frames here are written apart from those of `drivers::frame`, as the TCP servers are by
//! another library: what asks and what answers must not share one mistake.

use super::device::SimDevice;
use super::world::World;
use crate::config::Table;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Exception 1: no such function here.
const ILLEGAL_FUNCTION: u8 = 1;
/// Unit, function, start, count, CRC: all requests that are answered have this length.
const REQUEST: usize = 8;
/// Bytes kept while looking for a request; noise beyond them is thrown away.
const BUFFER_MAX: usize = 512;
/// Silence after which a half request is given up.
const SILENCE: Duration = Duration::from_millis(100);

/// The devices of one bus by their unit id.
#[derive(Clone, Debug)]
pub struct Units {
    /// Devices by unit id.
    pub devices: BTreeMap<u8, SimDevice>,
    /// What they measure.
    pub world: World,
}

impl Units {
    /// What the unit answers; `None` when there is no such unit.
    pub fn read(
        &self,
        unit: u8,
        table: Table,
        start: u16,
        count: u16,
    ) -> Option<Result<Vec<u16>, u8>> {
        let device = self.devices.get(&unit)?;
        Some(device.read(table, start, count, &self.world.look()))
    }

    /// Answers RTU requests until the line ends.
    pub async fn answer<L: AsyncRead + AsyncWrite + Unpin>(&self, mut line: L) {
        let mut heard = Vec::new();
        let mut chunk = [0; 256];
        loop {
            let more = if heard.is_empty() {
                line.read(&mut chunk).await
            } else {
                let Ok(more) = tokio::time::timeout(SILENCE, line.read(&mut chunk)).await else {
                    heard.clear();
                    continue;
                };
                more
            };
            let Ok(more @ 1..) = more else { return };
            heard.extend_from_slice(&chunk[..more]);
            while let Some(request) = next_request(&mut heard) {
                if let Some(answer) = self.frame(request)
                    && line.write_all(&answer).await.is_err()
                {
                    return;
                }
            }
        }
    }

    fn frame(&self, [unit, function, s1, s0, c1, c0]: [u8; 6]) -> Option<Vec<u8>> {
        let (start, count) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
        let answer = match table(function) {
            Some(table) => self.read(unit, table, start, count)?,
            None => self.devices.get(&unit).map(|_| Err(ILLEGAL_FUNCTION))?,
        };
        let mut frame = match answer {
            Err(exception) => vec![unit, function | 0x80, exception],
            Ok(words) => {
                let data = if function <= 2 {
                    pack_bits(&words)
                } else {
                    bytes(&words)
                };
                let mut frame = vec![unit, function, u8::try_from(data.len()).unwrap_or(u8::MAX)];
                frame.extend(data);
                frame
            }
        };
        frame.extend(crc(&frame).to_le_bytes());
        Some(frame)
    }
}

fn table(function: u8) -> Option<Table> {
    Some(match function {
        1 => Table::Coil,
        2 => Table::Discrete,
        3 => Table::Holding,
        4 => Table::Input,
        _ => return None,
    })
}

fn bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

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

/// Takes the first whole request out of what was heard, and drops what cannot be one.
fn next_request(heard: &mut Vec<u8>) -> Option<[u8; 6]> {
    let is_request = |frame: &[u8]| crc(&frame[..6]).to_le_bytes() == frame[6..];
    let found = heard.windows(REQUEST).position(is_request);
    let keep_from = match found {
        Some(at) => at + REQUEST,
        None => heard.len().saturating_sub(BUFFER_MAX),
    };
    let request = found.and_then(|at| heard[at..at + 6].try_into().ok());
    heard.drain(..keep_from);
    request
}

/// CRC-16 of Modbus, bit by bit as the specification's appendix draws it.
fn crc(bytes: &[u8]) -> u16 {
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
        assert_eq!(crc(&[0x02, 0x07]), 0x1241);
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
            prop_assert!(noise.len() <= before.min(BUFFER_MAX));
        }
    }
}
