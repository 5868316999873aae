//! JSON strings, written without a serializer where many are made each second.

use std::fmt::Write as _;

/// Appends a JSON string.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    // Names of points need no escape in practice; the usual case is one copy.
    if text.bytes().all(plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    // JSON allows all other characters unescaped in UTF-8.
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\x1f' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back(text in "[\\PC\"\\\\\n\t\u{0}\u{7f}]{0,12}") {
            let mut json = String::new();
            push_json_string(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
