//! Hash of a JSON report in itself: SHA-256 of its text without white space between the tokens and
//! with zeros in the place of the hash.

use super::canonical_form::hash;

/// Key under which a JSON report names the hash.
pub const OWN_HASH_KEY: &str = "document_sha256";
/// Value while the hash is not known.
pub const OWN_HASH_PLACEHOLDER: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// Returns the text with the hash in the place of the placeholder.
pub fn with_own_hash(text: &str) -> String {
    let sha256 = hash(&without_white_space(text.as_bytes()));
    let (before, after) = (
        format!("\"{OWN_HASH_KEY}\": \"{OWN_HASH_PLACEHOLDER}\""),
        format!("\"{OWN_HASH_KEY}\": \"{sha256}\""),
    );
    text.replacen(&before, &after, 1)
}

/// Returns whether a text has the hash that it names; `None` when it names none.
pub fn has_own_hash(text: &[u8]) -> Option<bool> {
    let mut text = without_white_space(text);
    let key = format!("\"{OWN_HASH_KEY}\":\"");
    let place = text
        .windows(key.len())
        .position(|part| part == key.as_bytes())?;
    let first = place + key.len();
    let digits = text.get_mut(first..first + OWN_HASH_PLACEHOLDER.len())?;
    let said = String::from_utf8_lossy(digits).into_owned();
    digits.fill(b'0');
    Some(hash(&text) == said)
}

/// Returns a JSON text without the white space between its tokens.
fn without_white_space(text: &[u8]) -> Vec<u8> {
    let (mut is_string, mut is_escaped) = (false, false);
    let mut kept = Vec::with_capacity(text.len());
    for byte in text {
        if !is_string && byte.is_ascii_whitespace() {
            continue;
        }
        is_string ^= *byte == b'"' && !is_escaped;
        is_escaped = is_string && *byte == b'\\' && !is_escaped;
        kept.push(*byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_its_own_hash_and_an_edited_number_does_not_fit_it() {
        let text = format!(
            "{{\n  \"a\": \"x \\\" y\",\n  \"b\": 1.50,\n  \"{OWN_HASH_KEY}\": \
             \"{OWN_HASH_PLACEHOLDER}\"\n}}"
        );
        let sealed = with_own_hash(&text);
        assert_ne!(sealed, text);
        assert_eq!(has_own_hash(sealed.as_bytes()), Some(true));
        // Saved again with other indents: the same text.
        let saved = sealed.replace("\n  ", " ");
        assert_eq!(has_own_hash(saved.as_bytes()), Some(true));
        for (from, to) in [
            ("1.50", "1.60"),
            ("x \\\" y", "x \\\"  y"),
            ("\"a\"", "\"c\""),
        ] {
            let edited = sealed.replacen(from, to, 1);
            assert_ne!(edited, sealed);
            assert_eq!(has_own_hash(edited.as_bytes()), Some(false), "{from}");
        }
        assert_eq!(has_own_hash(b"{\"a\":1}"), None);
        assert_eq!(has_own_hash(b"\"document_sha256\":\"12"), None);
    }
}
