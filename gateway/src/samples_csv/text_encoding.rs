//! Decoding of a file's bytes to text, and splitting of the text into rows and cells.

use crate::ledger::record_line;
use std::borrow::Cow;

/// Character encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16 of either byte order, the "Unicode text" of spreadsheets.
    Utf16,
    /// One byte per character (ISO 8859-1 and related code pages); digits and separators are the
    /// same in all of them.
    OneByte,
    /// Sheet of an XLSX workbook.
    Workbook,
}

impl TextEncoding {
    /// Name of the encoding, the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::OneByte => "ISO 8859-1",
            Self::Workbook => "XLSX",
        }
    }
}

/// Text with `\n` at the end of each line; `None` for binary data.
pub(super) fn decode_text(bytes: &[u8]) -> Option<(String, TextEncoding)> {
    let (text, encoding) = decode_bytes(bytes)?;
    // Lines end with CR LF, with LF, or in files of very old programs with CR alone. This is done
    // before lines are counted, so that line numbers in messages are right.
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    };
    // No text file has a zero byte after decoding; archives and images have.
    let is_text = !text.contains('\0');
    is_text.then(|| (text.into_owned(), encoding))
}

fn decode_bytes(bytes: &[u8]) -> Option<(Cow<'_, str>, TextEncoding)> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
        Some((Cow::Owned(text), TextEncoding::Utf16))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            let text = std::str::from_utf8(rest).ok()?;
            Some((Cow::Borrowed(text), TextEncoding::Utf8))
        }
        // UTF-16 without a byte order mark: each ASCII character of a table has one zero byte.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => wide(bytes, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => wide(bytes, u16::from_be_bytes),
        // Any byte sequence is valid ISO 8859-1, so this is tried last.
        _ => Some(std::str::from_utf8(bytes).map_or_else(
            |_| {
                let text = bytes.iter().map(|byte| char::from(*byte)).collect();
                (Cow::Owned(text), TextEncoding::OneByte)
            },
            |text| (Cow::Borrowed(text), TextEncoding::Utf8),
        )),
    }
}

/// Separator that the first line declares as `sep=;`, a convention of spreadsheet programs.
pub(super) fn declared_separator(text: &str) -> Option<u8> {
    let line = text.lines().next()?.trim_matches('"');
    match line.as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] if sign.is_ascii() => Some(*sign),
        _ => None,
    }
}

/// Line number from 1, and cells of a row.
pub(super) type NumberedCells = (u64, csv::StringRecord);

/// Rows of a text, split at a separator; quotes around cells are removed.
pub(super) fn csv_rows(text: &str, separator: u8) -> impl Iterator<Item = NumberedCells> + '_ {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        // Rows of another length are reported with their line by the table reader.
        .flexible(true)
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    // Reading from memory cannot fail, and an unclosed quote makes one long last cell.
    let records = reader.into_records().filter_map(Result::ok);
    records.map(|record| (record_line(text, &record), record))
}

/// Whether all cells of a row are empty.
pub(super) fn is_blank_row(row: &csv::StringRecord) -> bool {
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
            (text.as_bytes().to_vec(), TextEncoding::Utf8),
            (marked(b"\xef\xbb\xbf", text.as_bytes()), TextEncoding::Utf8),
            (marked(b"\xff\xfe", &little), TextEncoding::Utf16),
            (marked(b"\xfe\xff", &big), TextEncoding::Utf16),
            (little, TextEncoding::Utf16),
            (big, TextEncoding::Utf16),
            (text.replace('\n', "\r").into_bytes(), TextEncoding::Utf8),
            (text.replace('\n', "\r\n").into_bytes(), TextEncoding::Utf8),
        ] {
            assert_eq!(decode_text(&bytes), Some((text.to_owned(), encoding)));
        }
        let degrees = decode_text(b"suhu \xb0C").unwrap();
        assert_eq!(degrees, ("suhu \u{b0}C".to_owned(), TextEncoding::OneByte));
        assert_eq!(decode_text(b"a\0b"), None);
    }

    #[test]
    fn a_file_says_its_separator_in_its_first_line() {
        assert_eq!(declared_separator("sep=;\nx"), Some(b';'));
        assert_eq!(declared_separator("\"SEP=,\"\nx"), Some(b','));
        assert_eq!(declared_separator("sep=;;\nx"), None);
        assert_eq!(declared_separator(""), None);
    }
}
