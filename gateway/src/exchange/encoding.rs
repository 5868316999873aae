//! The bytes of a file as text, its lines and its cells.

use std::borrow::Cow;

/// How the letters of a file are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16 of either byte order, "Unicode text" of spreadsheets.
    Utf16,
    /// One byte a letter; digits and separators are those of every such code page.
    OneByte,
}

impl Encoding {
    /// Its name, the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::OneByte => "ISO 8859-1",
        }
    }
}

/// The text with `\n` at the end of each line; `None` for what is no text.
pub(super) fn decode(bytes: &[u8]) -> Option<(String, Encoding)> {
    let (text, encoding) = letters(bytes)?;
    // Lines end with CR LF, LF, or on very old programs with CR alone.
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    };
    let is_text = !text.contains('\0');
    is_text.then(|| (text.into_owned(), encoding))
}

fn letters(bytes: &[u8]) -> Option<(Cow<'_, str>, Encoding)> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
        Some((Cow::Owned(text), Encoding::Utf16))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            let text = std::str::from_utf8(rest).ok()?;
            Some((Cow::Borrowed(text), Encoding::Utf8))
        }
        // Without a mark: the letters of a table have a zero byte each.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => wide(bytes, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => wide(bytes, u16::from_be_bytes),
        _ => Some(std::str::from_utf8(bytes).map_or_else(
            |_| {
                let text = bytes.iter().map(|byte| char::from(*byte)).collect();
                (Cow::Owned(text), Encoding::OneByte)
            },
            |text| (Cow::Borrowed(text), Encoding::Utf8),
        )),
    }
}

/// `sep=;` in the first line, with which spreadsheets tell each other the separator.
pub(super) fn said_separator(text: &str) -> Option<u8> {
    let line = text.lines().next()?.trim_matches('"');
    match line.as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] if sign.is_ascii() => Some(*sign),
        _ => None,
    }
}

/// A row of a file: its line from 1, and its cells.
pub(super) type CellRow = (u64, csv::StringRecord);

/// The rows under a separator; quotes around cells are taken off.
pub(super) fn rows(text: &str, separator: u8) -> impl Iterator<Item = CellRow> + '_ {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    // Text cannot fail to be read, and a quote that is never closed makes one long last cell.
    let records = reader.into_records().filter_map(Result::ok);
    records.map(|record| (record.position().map_or(0, csv::Position::line), record))
}

/// Whether all cells of a row are empty.
pub(super) fn is_blank(row: &csv::StringRecord) -> bool {
    row.iter().all(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_a_table_gives_its_text() {
        let text = "time;value\nx;1\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (marked(b"\xef\xbb\xbf", text.as_bytes()), Encoding::Utf8),
            (marked(b"\xff\xfe", &little), Encoding::Utf16),
            (marked(b"\xfe\xff", &big), Encoding::Utf16),
            (little, Encoding::Utf16),
            (big, Encoding::Utf16),
            (text.replace('\n', "\r").into_bytes(), Encoding::Utf8),
            (text.replace('\n', "\r\n").into_bytes(), Encoding::Utf8),
        ] {
            assert_eq!(decode(&bytes), Some((text.to_owned(), encoding)));
        }
        let degrees = decode(b"suhu \xb0C").unwrap();
        assert_eq!(degrees, ("suhu \u{b0}C".to_owned(), Encoding::OneByte));
        assert_eq!(decode(b"a\0b"), None);
    }

    #[test]
    fn a_file_says_its_separator_in_its_first_line() {
        assert_eq!(said_separator("sep=;\nx"), Some(b';'));
        assert_eq!(said_separator("\"SEP=,\"\nx"), Some(b','));
        assert_eq!(said_separator("sep=;;\nx"), None);
        assert_eq!(said_separator(""), None);
    }
}
