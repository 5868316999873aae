//! Variable-length integers (LEB128, zigzag), used by every blob of the file.

/// Appends a LEB128 varint: seven bits a byte, least significant first.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a signed number, zigzag-coded.
pub(super) fn put_signed_varint(out: &mut Vec<u8>, value: i64) {
    put(out, zigzag_encode(value));
}

/// Appends the length and the bytes.
pub(super) fn put_length_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Maps 0, -1, 1, -2, ... to 0, 1, 2, 3, ...
pub(super) fn zigzag_encode(value: i64) -> u64 {
    // Small magnitudes of either sign become short varints.
    (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned()
}

/// Inverse of `zigzag`.
pub(super) fn zigzag_decode(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Reader of varints over a byte slice; every method returns `None` at the end or on an invalid
/// code.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteReader<'a>(pub(super) &'a [u8]);

impl<'a> ByteReader<'a> {
    pub(super) fn read_byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn read_varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.read_byte()?;
            // `checked_shl` stops at 64 bits: a blob full of continuation bytes cannot loop or
            // overflow.
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn read_signed_varint(&mut self) -> Option<i64> {
        self.read_varint().map(zigzag_decode)
    }

    pub(super) fn read_length(&mut self) -> Option<usize> {
        usize::try_from(self.read_varint()?).ok()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn read_length_prefixed(&mut self) -> Option<&'a [u8]> {
        let length = self.read_length()?;
        self.take(length)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, signed: i64) {
            let mut out = Vec::new();
            put(&mut out, value);
            put_signed_varint(&mut out, signed);
            let mut bytes = ByteReader(&out);
            prop_assert_eq!(bytes.read_varint(), Some(value));
            prop_assert_eq!(bytes.read_signed_varint(), Some(signed));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn garbage_ends_and_never_panics(garbage: Vec<u8>) {
            let mut bytes = ByteReader(&garbage);
            while bytes.read_varint().is_some() {}
        }
    }
}
