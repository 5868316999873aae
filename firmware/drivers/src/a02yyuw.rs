//! Ultrasonic distance sensor A02YYUW on a UART, 9600 8N1 ([`A02yyuwReader`]).
//!
//! Source: `wiki.dfrobot.com/sen0311` (revision 2026-01-21), "UART Output Form": 0xFF, distance in
//! mm high byte first, the low byte of the sum of these three; 30 to 4500 mm; a value every 100 to
//! 300 ms without being asked. Newer sensors of the same family (`sen0754`) send 0xFFFD for "no
//! object" and 0xFFFE for "another sensor interferes". A covered sensor or one over open space was
//! seen to send 0.

use crate::sensor_fault::SensorFault;

/// Speed of its UART, 8N1.
pub const A02YYUW_BAUD: u32 = 9600;
/// Shortest distance that can be measured, mm.
pub const NEAREST_MM: u16 = 30;
/// Longest distance that can be measured, mm.
pub const FARTHEST_MM: u16 = 4500;
/// Time without a good frame after which the sensor has failed, ms; six of its longest intervals.
pub const TIMEOUT_MS: u64 = 2000;

const HEADER: u8 = 0xff;
/// Greatest distance that any firmware sends as one; above it are only the two marks.
const PLAUSIBLE_MAX: u16 = 0x1fff;

/// Reader of the bytes that a sensor sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct A02yyuwReader {
    /// Bytes that may be the beginning of a frame.
    bytes: [u8; 4],
    length: usize,
    latest: Result<u16, SensorFault>,
    last_frame_ms: u64,
    last_byte_ms: Option<u64>,
    skipped_bytes: u32,
}

/// Decodes the distance of a frame whose checksum is right, mm.
fn check_distance(word: u16) -> Result<u16, SensorFault> {
    match word {
        0 | 0xff00.. => Err(SensorFault::NoEcho),
        ..NEAREST_MM => Err(SensorFault::BlindZone),
        NEAREST_MM..=FARTHEST_MM => Ok(word),
        _ => Err(SensorFault::AboveRange),
    }
}

/// Returns the frame of a sensor that has measured this distance, mm; for a simulated one.
pub fn frame_of_distance(distance_mm: u16) -> [u8; 4] {
    let [high, low] = distance_mm.to_be_bytes();
    let sum = HEADER.wrapping_add(high).wrapping_add(low);
    [HEADER, high, low, sum]
}

/// Returns the distance word of four bytes if they are a frame.
fn frame_word(bytes: [u8; 4]) -> Option<u16> {
    let [header, high, low, sum] = bytes;
    let word = u16::from_be_bytes([high, low]);
    // The checksum alone is not enough: the frames of 511 mm, FF 01 FF FF, have a second frame
    // between them whose checksum is right too, FF FF 01 FF.
    let is_plausible = word <= PLAUSIBLE_MAX || matches!(word, 0xfffd | 0xfffe);
    let is_sum = header.wrapping_add(high).wrapping_add(low) == sum;
    (header == HEADER && is_sum && is_plausible).then_some(word)
}

impl A02yyuwReader {
    /// Returns a reader that waits for its first frame from now on.
    pub fn new(now_ms: u64) -> Self {
        Self {
            bytes: [0; 4],
            length: 0,
            latest: Err(SensorFault::NotReady),
            last_frame_ms: now_ms,
            last_byte_ms: None,
            skipped_bytes: 0,
        }
    }

    /// Takes a byte. With the last byte of a frame it returns the distance in mm, or the reason for
    /// which there is none. Damaged bytes are skipped until the next frame.
    pub fn push(&mut self, byte: u8, now_ms: u64) -> Option<Result<u16, SensorFault>> {
        self.last_byte_ms = Some(now_ms);
        self.bytes[self.length] = byte;
        self.length += 1;
        if self.length == 4 {
            if let Some(word) = frame_word(self.bytes) {
                self.length = 0;
                self.last_frame_ms = now_ms;
                self.latest = check_distance(word);
                return Some(self.latest);
            }
            self.drop_first();
        }
        // Byte by byte: the header of the next frame may be among those already here.
        while self.length > 0 && self.bytes[0] != HEADER {
            self.drop_first();
        }
        None
    }

    /// Returns the last distance, mm, or the reason for which there is none.
    ///
    /// `NotReady`: the first frame has not come yet. `Checksum`: bytes come, but no frames; wrong
    /// speed, or interference. `Absent`: nothing comes.
    pub fn distance_mm(&self, now_ms: u64) -> Result<u16, SensorFault> {
        let is_late = |since_ms: u64| now_ms.saturating_sub(since_ms) > TIMEOUT_MS;
        if !is_late(self.last_frame_ms) {
            return self.latest;
        }
        match self.last_byte_ms {
            Some(byte_ms) if !is_late(byte_ms) => Err(SensorFault::Checksum),
            _ => Err(SensorFault::Absent),
        }
    }

    /// Returns the number of bytes that belonged to no frame.
    pub fn skipped_bytes(&self) -> u32 {
        self.skipped_bytes
    }

    fn drop_first(&mut self) {
        self.bytes.rotate_left(1);
        self.length -= 1;
        self.skipped_bytes = self.skipped_bytes.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns what a reader makes of bytes.
    fn read_all(bytes: &[u8]) -> Vec<Result<u16, SensorFault>> {
        let mut reader = A02yyuwReader::new(0);
        let results = bytes.iter().filter_map(|byte| reader.push(*byte, 0));
        results.collect()
    }

    #[test]
    fn the_makers_example_is_1953_mm() {
        assert_eq!(read_all(&[0xff, 0x07, 0xa1, 0xa7]), [Ok(1953)]);
    }

    #[test]
    fn what_is_no_distance_has_a_reason() {
        for (word, expected) in [
            (0, Err(SensorFault::NoEcho)),
            (1, Err(SensorFault::BlindZone)),
            (29, Err(SensorFault::BlindZone)),
            (30, Ok(30)),
            (4500, Ok(4500)),
            (4501, Err(SensorFault::AboveRange)),
            (5500, Err(SensorFault::AboveRange)),
            (0xfffd, Err(SensorFault::NoEcho)),
            (0xfffe, Err(SensorFault::NoEcho)),
        ] {
            assert_eq!(read_all(&frame_of_distance(word)), [expected], "{word}");
        }
    }

    #[test]
    fn a_reader_that_starts_within_a_frame_never_takes_a_wrong_distance() {
        for word in (0..=PLAUSIBLE_MAX).chain([0xfffd, 0xfffe]) {
            let stream = [frame_of_distance(word); 4].concat();
            for start in 0..4 {
                let read = read_all(&stream[start..]);
                assert!(read.len() >= 3, "{word} from {start}");
                let expected = check_distance(word);
                assert!(
                    read.iter().all(|one| *one == expected),
                    "{word} from {start}"
                );
            }
        }
    }

    #[test]
    fn a_damaged_frame_is_skipped_and_the_next_one_is_read() {
        let mut bytes = [
            frame_of_distance(1000),
            frame_of_distance(2000),
            frame_of_distance(3000),
        ]
        .concat();
        bytes[6] ^= 0x10;
        assert_eq!(read_all(&bytes), [Ok(1000), Ok(3000)]);
        // A lost byte as well.
        let mut bytes = [
            frame_of_distance(1000),
            frame_of_distance(2000),
            frame_of_distance(3000),
        ]
        .concat();
        bytes.remove(5);
        assert_eq!(read_all(&bytes), [Ok(1000), Ok(3000)]);
    }

    #[test]
    fn a_sensor_that_stops_is_absent_and_one_that_sends_garbage_is_not() {
        let mut reader = A02yyuwReader::new(10_000);
        assert_eq!(reader.distance_mm(10_100), Err(SensorFault::NotReady));
        assert_eq!(reader.distance_mm(12_001), Err(SensorFault::Absent));
        for byte in frame_of_distance(777) {
            reader.push(byte, 13_000);
        }
        assert_eq!(reader.distance_mm(15_000), Ok(777));
        assert_eq!(reader.distance_mm(15_001), Err(SensorFault::Absent));
        reader.push(0x55, 15_500);
        assert_eq!(reader.distance_mm(15_501), Err(SensorFault::Checksum));
        assert_eq!(reader.skipped_bytes(), 1);
    }

    proptest! {
        #[test]
        fn frames_are_found_again_after_any_garbage(
            garbage in prop::collection::vec(any::<u8>(), 0..40), word in 30..=4500u16
        ) {
            let stream = [garbage, [frame_of_distance(word); 4].concat()].concat();
            let read = read_all(&stream);
            // Garbage can pass for a frame and take the beginning of the first true one with it.
            prop_assert!(read.ends_with(&[Ok(word); 3]), "{:?}", read);
        }

        #[test]
        fn any_bytes_are_a_possible_distance_or_a_fault(bytes: Vec<u8>) {
            for distance in read_all(&bytes).into_iter().flatten() {
                prop_assert!((NEAREST_MM..=FARTHEST_MM).contains(&distance));
            }
        }
    }
}
