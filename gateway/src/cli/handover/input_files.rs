//! Files for the record besides the configuration: display values, a soak test, photos.

use crate::cli::file_error::io_reason;
use crate::commissioning::display_comparison::compare_with_display;
use crate::commissioning::soak_record::SoakRecord;
use crate::evidence::hash;
use crate::i18n::Language;
use crate::limits::{ATTACHMENT_BYTES_MAX, HANDOVER_FILE_BYTES_MAX, HANDOVER_PHOTOS_MAX};
use crate::report::render::photo::{PictureFile, ReportPhoto};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Point id, and the value on its display as typed.
pub(super) type DisplayReading = (String, String);

/// Parses `POINT=VALUE`.
pub(super) fn parse_display_reading(text: &str) -> Result<DisplayReading, String> {
    let (point, value) = text.split_once('=').unwrap_or_default();
    match compare_with_display(0.0, value) {
        Some(_) if !point.is_empty() => Ok((point.trim().to_owned(), value.trim().to_owned())),
        _ => Err("POINT=VALUE".to_owned()),
    }
}

/// Reads a file with one `point,display` on each line, with or without a heading; also with `;`
/// between the columns and decimal commas. Errors: a line that is no number.
pub(super) fn read_displays_file(
    file: &Path,
    lang: Language,
) -> Result<Vec<DisplayReading>, String> {
    let bytes = read_bounded_file(file, HANDOVER_FILE_BYTES_MAX, lang)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut displays = Vec::new();
    // Spreadsheets put a byte order mark before UTF-8.
    for (line, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let text = text.trim();
        let sign = if text.contains(';') { ';' } else { ',' };
        let (point, value) = text.split_once(sign).unwrap_or((text, ""));
        let is_head = line == 0 && point.trim() == "point";
        // A display that could not be read has no value, and is left out.
        if text.is_empty() || is_head || value.trim().is_empty() {
            continue;
        }
        let value = value.trim().trim_matches('"');
        if compare_with_display(0.0, value).is_none() {
            let (file, line) = (file.display().to_string(), (line + 1).to_string());
            let args = [("file", &*file), ("line", &*line), ("found", text)];
            return Err(lang.text_with("handover-display-line", &args));
        }
        displays.push((point.trim().to_owned(), value.to_owned()));
    }
    Ok(displays)
}

pub(super) fn read_soak_result(file: &Path, lang: Language) -> Result<SoakRecord, String> {
    let bytes = read_bounded_file(file, HANDOVER_FILE_BYTES_MAX, lang)?;
    serde_json::from_slice(&bytes).map_err(|_| {
        let file = file.display().to_string();
        lang.text_with("handover-soak-file", &[("file", &file)])
    })
}

/// Photos with name and SHA-256.
pub(super) fn read_photos(files: &[PathBuf], lang: Language) -> Result<Vec<ReportPhoto>, String> {
    if files.len() > HANDOVER_PHOTOS_MAX {
        let (found, most) = (files.len().to_string(), HANDOVER_PHOTOS_MAX.to_string());
        let args = [("found", &*found), ("expected", &*most)];
        return Err(lang.text_with("handover-photos-many", &args));
    }
    let photo = |(index, file): (usize, &PathBuf)| {
        let bytes = read_bounded_file(file, ATTACHMENT_BYTES_MAX, lang)?;
        let sha256 = hash(&bytes);
        let picture = PictureFile::read(bytes).ok_or_else(|| {
            let file = file.display().to_string();
            lang.text_with("handover-no-photo", &[("file", &file)])
        })?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(ReportPhoto {
            id: format!("photo-{}", index + 1),
            name: name.into_owned(),
            sha256,
            picture,
        })
    };
    files.iter().enumerate().map(photo).collect()
}

/// Reads a file of at most `most` bytes.
fn read_bounded_file(file: &Path, most: usize, lang: Language) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(file)?;
        // One byte more than allowed, so that a longer file is noticed.
        file.take(most as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            return Err(io::Error::other(format!("> {most} B")));
        }
        Ok(bytes)
    };
    read().map_err(|error| {
        let (file, why) = (file.display().to_string(), io_reason(&error, lang));
        lang.text_with("handover-file", &[("file", &file), ("why", &why)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_are_read_with_a_comma_or_a_point_and_a_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("displays.csv");
        std::fs::write(&file, "point;display\nmeter.voltage;230,1\nmeter.power;\n").unwrap();
        let read = read_displays_file(&file, Language::En).unwrap();
        assert_eq!(read, [("meter.voltage".to_owned(), "230,1".to_owned())]);
        std::fs::write(&file, "meter.voltage,230.1\nmeter.power,many\n").unwrap();
        let why = read_displays_file(&file, Language::En).unwrap_err();
        assert!(why.contains("line 2") && why.contains("many"), "{why}");
        assert_eq!(
            parse_display_reading("a.b=1"),
            Ok(("a.b".to_owned(), "1".to_owned()))
        );
        assert!(parse_display_reading("a.b").is_err() && parse_display_reading("=1").is_err());
    }

    #[test]
    fn a_file_that_is_no_photo_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nota.txt");
        std::fs::write(&file, "text").unwrap();
        let why = read_photos(&[file], Language::En).unwrap_err();
        assert!(why.contains("nota.txt"), "{why}");
    }
}
