//! Parts of an XLSX file as text, for what the XLSX reader does not tell.

use crate::limits::IMPORT_TABLE_BYTES_MAX;
use std::io::{Cursor, Read};

/// Sheets of a workbook whose form is read.
const SHEETS_MAX: usize = 256;

/// Text of a part, its first `most` bytes; empty if it cannot be read, which the XLSX reader
/// refuses.
pub(super) fn part_text(bytes: &[u8], path: &str, most: u64) -> String {
    let mut text = Vec::new();
    if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes))
        && let Ok(file) = archive.by_name(path)
    {
        let _ = file.take(most).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Form of a workbook: what it hides, and the texts in the heads and feet of its printed pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkbookForm {
    /// Number of hidden sheets.
    hidden_sheets: usize,
    /// Hidden rows and columns of each sheet, with its head and foot.
    sheets: Vec<(usize, String)>,
}

impl WorkbookForm {
    /// Reads the form of a workbook; that of a file that is none is empty.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let part = |path: &str| part_text(bytes, path, IMPORT_TABLE_BYTES_MAX);
        let parts = (1..=SHEETS_MAX).map(|at| part(&format!("xl/worksheets/sheet{at}.xml")));
        let parts = parts.take_while(|text| !text.is_empty());
        let count = |text: &str, all: [&str; 2]| -> usize {
            all.iter().map(|one| text.matches(one).count()).sum()
        };
        let hidden = [" hidden=\"1\"", " hidden=\"true\""];
        let states = [" state=\"hidden\"", " state=\"veryHidden\""];
        Self {
            hidden_sheets: count(&part("xl/workbook.xml"), states),
            sheets: parts
                .map(|text| (count(&text, hidden), head_and_foot(&text)))
                .collect(),
        }
    }
}

/// Letters and digits of the head and foot of a sheet, without the codes of their fonts and places,
/// which every program writes in its own way.
fn head_and_foot(sheet: &str) -> String {
    let inside = sheet
        .split_once("<headerFooter")
        .map_or("", |(_, rest)| rest);
    let inside = inside.split("</headerFooter>").next().unwrap_or_default();
    let mut text = String::new();
    // Behind each bracket stands the rest of a tag, then a text.
    for piece in inside.split('<') {
        let said = piece.split_once('>').map_or("", |(_, said)| said);
        let said = said.replace("&quot;", "\"").replace("&amp;", "&");
        for (at, part) in said.split('&').enumerate() {
            let bare = match part.strip_prefix('"') {
                Some(font) => font.split_once('"').map_or("", |(_, rest)| rest),
                None if at > 0 => without_code(part),
                None => part,
            };
            text.extend(bare.chars().filter(|sign| sign.is_alphanumeric()));
        }
    }
    text
}

/// Text behind a code: a letter, or the digits of a size.
fn without_code(part: &str) -> &str {
    let bare = part.trim_start_matches(|sign: char| sign.is_ascii_digit());
    if bare.len() < part.len() {
        return bare;
    }
    let mut signs = part.chars();
    let _code = signs.next();
    signs.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn form(sheet: &str, workbook: &str) -> WorkbookForm {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [
            ("xl/workbook.xml", workbook),
            ("xl/worksheets/sheet1.xml", sheet),
        ] {
            let plain = zip::write::SimpleFileOptions::default();
            zip.start_file(name, plain).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        WorkbookForm::read(&zip.finish().unwrap().into_inner())
    }

    fn sheet(row: &str, head: &str) -> String {
        format!("<row r=\"1\"{row}/><headerFooter><oddHeader>{head}</oddHeader></headerFooter>")
    }

    #[test]
    fn hidden_rows_and_sheets_and_another_head_are_another_form_and_fonts_are_none() {
        let issued = form(&sheet("", "&amp;LReport 5&amp;R&amp;P"), "<sheet/>");
        let font = "&amp;L&amp;&quot;Arial,Bold&quot;&amp;8Report 5&amp;R&amp;P";
        assert_eq!(issued, form(&sheet(" hidden=\"false\"", font), "<sheet/>"));
        let same = "&amp;LReport 5&amp;R&amp;P";
        for other in [
            form(&sheet(" hidden=\"1\"", same), "<sheet/>"),
            form(&sheet("", same), "<sheet state=\"hidden\"/>"),
            form(&sheet("", "&amp;LReport 6&amp;R&amp;P"), "<sheet/>"),
        ] {
            assert_ne!(issued, other);
        }
    }
}
