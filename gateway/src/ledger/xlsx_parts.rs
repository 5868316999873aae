//! Parts of an XLSX file as text, for what the XLSX reader does not tell.

use std::io::{Cursor, Read};

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
