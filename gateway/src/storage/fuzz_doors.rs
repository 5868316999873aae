//! Parsers of the store for any bytes (`crate::fuzz_doors`).

use super::chunk_codec::{decode_chunk, encode_chunk};
use super::journal_codec::decode_row;
use super::key_registry::KeyRegistry;

/// Reads a chunk; what is read can be written, and is then read back the same.
pub(crate) fn read_chunk(input: &[u8]) {
    let Some(samples) = decode_chunk(input) else {
        return;
    };
    let written = encode_chunk(&samples);
    let again = decode_chunk(&written).map(|samples| encode_chunk(&samples));
    assert!(again == Some(written), "{samples:?}");
}

/// Reads a journal row of at most 255 readings, of devices with none to two points.
pub(crate) fn read_journal_row(input: &[u8]) {
    let Some((count, body)) = input.split_first() else {
        return;
    };
    let names = KeyRegistry::of_layouts(&[&[], &[1, 2], &[3]]);
    if let Some(readings) = decode_row(body, u32::from(*count), &names) {
        assert_eq!(readings.len(), usize::from(*count));
    }
}
