//! [`FileSort`]: whether a file is a bundle, a report or neither, by its first bytes and its name.

use crate::report::render::ReportFormat;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zip::ZipArchive;

/// Sort of a file that is to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileSort {
    /// A ZIP that is no workbook, or has the name of one.
    Bundle,
    /// A PDF, XLSX, CSV or JSON.
    Report,
    /// Another file.
    Other,
}

/// Returns the format of a report with this name.
pub(super) fn format_of_name(file: &Path) -> Option<ReportFormat> {
    let ending = file.extension()?.to_str()?.to_ascii_lowercase();
    ReportFormat::parse(&ending)
}

/// Returns the sort of a file. Errors: it cannot be opened.
pub(super) fn sort_of_file(file: &Path) -> io::Result<FileSort> {
    let mut opened = File::open(file)?;
    let mut head = Vec::new();
    Read::by_ref(&mut opened).take(4).read_to_end(&mut head)?;
    Ok(match head.as_slice() {
        [b'P', b'K', ..] => sort_of_archive(opened, file),
        [b'%', b'P', b'D', b'F'] => FileSort::Report,
        _ => sort_of_name(file),
    })
}

/// Returns the sort of an archive: a workbook is a report, everything else a bundle.
fn sort_of_archive(opened: File, file: &Path) -> FileSort {
    match ZipArchive::new(opened) {
        Ok(zip) if zip.index_for_name("xl/workbook.xml").is_some() => FileSort::Report,
        Ok(_) => FileSort::Bundle,
        Err(_) => match sort_of_name(file) {
            FileSort::Other => FileSort::Bundle,
            named => named,
        },
    }
}

fn sort_of_name(file: &Path) -> FileSort {
    let ending = file.extension().unwrap_or_default();
    if ending.eq_ignore_ascii_case("zip") {
        return FileSort::Bundle;
    }
    match format_of_name(file) {
        Some(_) => FileSort::Report,
        None => FileSort::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_what_a_file_is_and_else_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let archive = |with: &str| {
            let path = folder.path().join("made.zip");
            let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(with, options).unwrap();
            zip.finish().unwrap();
            std::fs::read(&path).unwrap()
        };
        for (name, bytes, sort) in [
            ("a.txt", b"hello".to_vec(), FileSort::Other),
            ("a", Vec::new(), FileSort::Other),
            ("a.csv", b"hello".to_vec(), FileSort::Report),
            ("a.JSON", b"{}".to_vec(), FileSort::Report),
            ("a.zip", b"broken".to_vec(), FileSort::Bundle),
            ("a.bak", b"%PDF-1.7".to_vec(), FileSort::Report),
            ("a.bak", archive("manifest.json"), FileSort::Bundle),
            ("a.zip", archive("xl/workbook.xml"), FileSort::Report),
            ("a.xlsx", archive("manifest.json"), FileSort::Bundle),
            ("a.xlsx", b"PK\x03\x04".to_vec(), FileSort::Report),
            ("a.bin", b"PK\x03\x04".to_vec(), FileSort::Bundle),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(sort_of_file(&path).unwrap(), sort, "{name}");
        }
        assert!(sort_of_file(&folder.path().join("none")).is_err());
    }
}
