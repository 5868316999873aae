//! Bytes as hexadecimal text.

use std::fmt::Write as _;

/// Two lower-case digits a byte.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Bytes as hexadecimal pairs, for people.
pub(crate) fn hex_pairs(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// Registers as hexadecimal numbers, as a profile writes them.
pub(crate) fn hex_words(words: &[u16]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("0x{word:04X}")).collect();
    words.join(" ")
}

/// Bytes of a hexadecimal text; `None` when it is none.
pub(crate) fn parse_hex(hex: &str) -> Option<Vec<u8>> {
    // A digit alone would be half a byte, and `from_str_radix` takes a sign.
    let is_hex = hex.len().is_multiple_of(2) && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    is_hex.then(|| hex.as_bytes().chunks(2).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(parse_hex(&to_hex(&bytes)), Some(bytes));
        }

        #[test]
        fn other_texts_are_no_bytes(text in "\\PC{0,12}") {
            let digits = text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            prop_assert_eq!(parse_hex(&text).is_some(), digits);
        }
    }

    #[test]
    fn digits_are_lower_case_and_a_sign_is_none() {
        assert_eq!(to_hex(&[0, 0xab]), "00ab");
        assert_eq!(hex_pairs(&[0, 0xab]), "00 ab");
        assert_eq!(parse_hex("+1"), None);
        assert_eq!(parse_hex("00AB"), Some(vec![0, 0xab]));
    }
}
