//! What a person hands in besides the configuration: displays, a soak test, photos.

use crate::evidence::hash;
use crate::field::display::compare;
use crate::limits::{ATTACHMENT_BYTES_MAX, HANDOVER_FILE_BYTES_MAX, HANDOVER_PHOTOS_MAX};
use crate::report::photo::{Photo, Picture};
use crate::words::Lang;
use serde::Deserialize;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Id of a point, and what its display shows.
pub(super) type Display = (String, String);

/// `POINT=VALUE`.
pub(super) fn display(text: &str) -> Result<Display, String> {
    let (point, value) = text.split_once('=').unwrap_or_default();
    match compare(0.0, value) {
        Some(_) if !point.is_empty() => Ok((point.trim().to_owned(), value.trim().to_owned())),
        _ => Err("POINT=VALUE".to_owned()),
    }
}

/// `point,display`, a line each, with or without a head; or with `;` between and decimal commas.
pub(super) fn displays(file: &Path, lang: Lang) -> Result<Vec<Display>, String> {
    let bytes = read(file, HANDOVER_FILE_BYTES_MAX, lang)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut displays = Vec::new();
    for (line, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let text = text.trim();
        let sign = if text.contains(';') { ';' } else { ',' };
        let (point, value) = text.split_once(sign).unwrap_or((text, ""));
        let is_head = line == 0 && point.trim() == "point";
        // A display that could not be read is left out.
        if text.is_empty() || is_head || value.trim().is_empty() {
            continue;
        }
        let value = value.trim().trim_matches('"');
        if compare(0.0, value).is_none() {
            let (file, line) = (file.display().to_string(), (line + 1).to_string());
            let args = [("file", &*file), ("line", &*line), ("found", text)];
            return Err(lang.say("handover-display-line", &args));
        }
        displays.push((point.trim().to_owned(), value.to_owned()));
    }
    Ok(displays)
}

/// What `pantau soak --json` wrote.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Soak {
    pub(super) passes: bool,
    pub(super) elapsed_ms: u64,
    pub(super) devices: Vec<SoakRow>,
}

/// One device of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SoakRow {
    pub(super) device: String,
    pub(super) good: u64,
    pub(super) polls: u64,
    pub(super) percent: Option<f64>,
    pub(super) passes: bool,
}

pub(super) fn soak(file: &Path, lang: Lang) -> Result<Soak, String> {
    let bytes = read(file, HANDOVER_FILE_BYTES_MAX, lang)?;
    serde_json::from_slice(&bytes).map_err(|_| {
        let file = file.display().to_string();
        lang.say("handover-soak-file", &[("file", &file)])
    })
}

/// Photos with name and hash.
pub(super) fn photos(files: &[PathBuf], lang: Lang) -> Result<Vec<Photo>, String> {
    if files.len() > HANDOVER_PHOTOS_MAX {
        let (found, most) = (files.len().to_string(), HANDOVER_PHOTOS_MAX.to_string());
        let args = [("found", &*found), ("expected", &*most)];
        return Err(lang.say("handover-photos-many", &args));
    }
    let photo = |(index, file): (usize, &PathBuf)| {
        let bytes = read(file, ATTACHMENT_BYTES_MAX, lang)?;
        let sha256 = hash(&bytes);
        let picture = Picture::read(bytes).ok_or_else(|| {
            let file = file.display().to_string();
            lang.say("handover-no-photo", &[("file", &file)])
        })?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(Photo {
            id: format!("photo-{}", index + 1),
            name: name.into_owned(),
            sha256,
            picture,
        })
    };
    files.iter().enumerate().map(photo).collect()
}

fn read(file: &Path, most: usize, lang: Lang) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(file)?;
        file.take(most as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            return Err(io::Error::other(format!("> {most} B")));
        }
        Ok(bytes)
    };
    read().map_err(|error| {
        let (file, why) = (file.display().to_string(), error.to_string());
        lang.say("handover-file", &[("file", &file), ("why", &why)])
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
        let read = displays(&file, Lang::En).unwrap();
        assert_eq!(read, [("meter.voltage".to_owned(), "230,1".to_owned())]);
        std::fs::write(&file, "meter.voltage,230.1\nmeter.power,many\n").unwrap();
        let why = displays(&file, Lang::En).unwrap_err();
        assert!(why.contains("line 2") && why.contains("many"), "{why}");
        assert_eq!(display("a.b=1"), Ok(("a.b".to_owned(), "1".to_owned())));
        assert!(display("a.b").is_err() && display("=1").is_err());
    }

    #[test]
    fn a_file_that_is_no_photo_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nota.txt");
        std::fs::write(&file, "text").unwrap();
        let why = photos(&[file], Lang::En).unwrap_err();
        assert!(why.contains("nota.txt"), "{why}");
    }
}
