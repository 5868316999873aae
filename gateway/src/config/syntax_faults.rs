//! [`classify_syntax`]: what a person did where a text is no TOML, so that the message says what
//! to change, in the reader's language.

use std::ops::Range;

/// Quotation marks that word processors and chat programs put in place of `"`.
const TYPOGRAPHIC_QUOTES: &[char] = &['“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '″'];

/// Beginnings of the parser's messages, each with the key of the text for people.
const SYNTAX_TEXTS: &[(&str, &str)] = &[
    ("duplicate key", "fault-syntax-twice"),
    ("unclosed array table", "fault-syntax-header"),
    ("unclosed table", "fault-syntax-header"),
    ("missing table open", "fault-syntax-header"),
    ("unclosed array", "fault-syntax-list"),
    ("missing array opening", "fault-syntax-list"),
    ("missing comma between array", "fault-syntax-comma-missing"),
    ("missing comma between key", "fault-syntax-comma-missing"),
    ("extra comma", "fault-syntax-comma-extra"),
    ("unclosed inline table", "fault-syntax-braces"),
    ("missing inline table", "fault-syntax-braces"),
    ("invalid inline table", "fault-syntax-braces"),
    ("invalid basic string", "fault-syntax-text"),
    ("invalid literal string", "fault-syntax-text"),
    ("invalid multi-line", "fault-syntax-text"),
    ("missing escaped value", "fault-syntax-text"),
    ("too few unicode", "fault-syntax-text"),
    ("string values must be quoted", "fault-syntax-quotes"),
    ("missing opening quote", "fault-syntax-quotes"),
    ("invalid value", "fault-syntax-quotes"),
    ("invalid string", "fault-syntax-quotes"),
    ("invalid boolean", "fault-syntax-quotes"),
    ("missing value", "fault-syntax-assignment"),
    ("missing assignment", "fault-syntax-assignment"),
    ("key with no value", "fault-syntax-assignment"),
    ("invalid key-value pair", "fault-syntax-assignment"),
    ("extra assignment", "fault-syntax-assignment"),
    ("extra `=`", "fault-syntax-assignment"),
    ("unexpected `=` in array", "fault-syntax-assignment"),
    ("invalid unquoted key", "fault-syntax-key"),
    ("unquoted keys cannot be empty", "fault-syntax-key"),
    ("missing key", "fault-syntax-key"),
    ("keys cannot be", "fault-syntax-key"),
    ("unexpected leading zero", "fault-syntax-number"),
    ("redundant", "fault-syntax-number"),
    ("unexpected sign", "fault-syntax-number"),
    ("integers with a radix", "fault-syntax-number"),
    ("radix must be", "fault-syntax-number"),
    ("`_` may only", "fault-syntax-number"),
    ("invalid integer", "fault-syntax-number"),
    ("invalid float", "fault-syntax-number"),
    ("invalid mantissa", "fault-syntax-number"),
    ("invalid fraction", "fault-syntax-number"),
    ("invalid exponent", "fault-syntax-number"),
    ("invalid hexadecimal", "fault-syntax-number"),
    ("invalid date-time", "fault-syntax-number"),
    ("unexpected key or value", "fault-syntax-rest"),
    ("unexpected content", "fault-syntax-rest"),
];

/// Fault of a text that is no TOML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxFault {
    /// Key of the line, as far as it can be read.
    pub(crate) key: String,
    /// Key of the text for people.
    pub(crate) what: &'static str,
    /// Text that was found.
    pub(crate) found: String,
    /// Text to write instead; empty where only the message says it.
    pub(crate) expected: String,
}

/// Returns what is wrong on the line of this place, which the parser refuses with this message.
pub(crate) fn classify_syntax(text: &str, span: &Range<usize>, message: &str) -> SyntaxFault {
    let line = line_at(text, span.start);
    let (key, value) = split_assignment(line);
    let fault = |what, found: &str, expected: &str| SyntaxFault {
        key: key.to_owned(),
        what,
        found: found.to_owned(),
        expected: expected.to_owned(),
    };
    if let Some(quote) = line.chars().find(|c| TYPOGRAPHIC_QUOTES.contains(c)) {
        return fault("fault-syntax-typographic", &quote.to_string(), "\"");
    }
    if let Some(number) = comma_number(value) {
        return fault("fault-syntax-decimal", number, &number.replace(',', "."));
    }
    if message.starts_with("duplicate key")
        && let Some(name) = header_name(line)
    {
        return fault(
            "fault-syntax-table-twice",
            &format!("[{name}]"),
            &format!("[[{name}]]"),
        );
    }
    let known = SYNTAX_TEXTS
        .iter()
        .find(|(begin, _)| message.starts_with(begin));
    match known {
        // The parser looks for the value on the next line, and finds another key.
        Some(_) if line.contains('=') && value.trim().is_empty() => {
            fault("fault-syntax-assignment", key, "")
        }
        // Numbers need no quotes: between two of a list a comma is missing.
        Some((_, "fault-syntax-quotes")) if is_list_of_numbers(value) => {
            fault("fault-syntax-comma-missing", key, "")
        }
        Some((_, what)) => fault(what, key, ""),
        // The parser's own words, in English, are more than nothing.
        None => fault("fault-syntax", message, ""),
    }
}

/// The line of a byte offset, without spaces around it.
fn line_at(text: &str, at: usize) -> &str {
    let at = at.min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let first = before.rfind('\n').map_or(0, |end| end + 1);
    let rest = text.get(first..).unwrap_or_default();
    rest.lines().next().unwrap_or_default().trim()
}

/// Whether a value begins a list of numbers.
fn is_list_of_numbers(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || " [],.-+".contains(c);
    value.starts_with('[') && value.chars().all(is_part)
}

/// Key and value of a line; an empty key when it has no plain one.
fn split_assignment(line: &str) -> (&str, &str) {
    let is_plain = |key: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        !key.is_empty() && key.chars().all(fits)
    };
    match line.split_once('=') {
        Some((key, value)) if is_plain(key.trim()) => (key.trim(), value.trim()),
        _ => ("", line),
    }
}

/// The number at the start of a value that is written with a decimal comma, and nothing else.
fn comma_number(value: &str) -> Option<&str> {
    let value = value.split('#').next().unwrap_or_default().trim();
    let (whole, part) = value.split_once(',')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(whole.trim_start_matches(['-', '+'])) && digits(part)).then_some(value)
}

/// The name in a header `[name]` or `[[name]]`.
fn header_name(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?.trim_start_matches('[');
    inner.split_once(']').map(|(name, _)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeTable;

    /// First fault of a text: key, text, what is found and what is expected.
    fn fault_of(text: &str) -> (String, &'static str, String, String) {
        let (_, errors) = DeTable::parse_recoverable(text);
        let error = &errors[0];
        let span = error.span().unwrap_or(0..0);
        let fault = classify_syntax(text, &span, error.message());
        (fault.key, fault.what, fault.found, fault.expected)
    }

    #[test]
    fn what_people_type_is_told_apart() {
        let texts = [
            ("id = “desa”", "fault-syntax-typographic"),
            ("id = ‘desa’", "fault-syntax-typographic"),
            ("latitude = -3,7", "fault-syntax-decimal"),
            ("scale = 0,1 # per step", "fault-syntax-decimal"),
            ("a = 1\na = 2", "fault-syntax-twice"),
            (
                "[device]\nid = 1\n[device]\nid = 2",
                "fault-syntax-table-twice",
            ),
            (
                "[device]\nid = 1\n[[device]]\nid = 2",
                "fault-syntax-table-twice",
            ),
            ("[[device]\nid = 1", "fault-syntax-header"),
            ("[device\nid = 1", "fault-syntax-header"),
            ("every = 10s", "fault-syntax-quotes"),
            ("profile = eastron", "fault-syntax-quotes"),
            ("id = \"desa", "fault-syntax-text"),
            ("id", "fault-syntax-assignment"),
            ("id =", "fault-syntax-assignment"),
            ("a = [1, 2", "fault-syntax-list"),
            ("a = [1 2]", "fault-syntax-comma-missing"),
            ("shape = { kind = \"box\"", "fault-syntax-braces"),
            ("unit = 007", "fault-syntax-number"),
            ("unit = 1 baud = 2", "fault-syntax-rest"),
        ];
        for (text, what) in texts {
            let found = fault_of(text);
            assert_eq!(found.1, what, "{text}: {found:?}");
        }
        let comma = fault_of("[site]\nlatitude = -3,76\n");
        let wanted = ("latitude", "fault-syntax-decimal", "-3,76", "-3.76");
        assert_eq!((&*comma.0, comma.1, &*comma.2, &*comma.3), wanted);
    }

    #[test]
    fn a_place_beyond_the_text_is_no_panic() {
        for at in [0, 5, 900] {
            let _ = classify_syntax("é = “x", &(at..at), "anything");
        }
    }
}
