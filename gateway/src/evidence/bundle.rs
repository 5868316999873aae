//! Bundle: one ZIP with everything behind the figures of a period, written as a stream.
//!
//! The same content gives the same bytes. The archive's comment ends with the SHA-256 of all bytes
//! before those 64 digits, so that a change of any bit is detected.

use super::canonical_form::Sha256Hasher;
use super::day_record::{DayDigest, RevisionKind};
use crate::domain::period::Period;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Format name in the manifest.
pub const BUNDLE_FORMAT: &str = "pantau-bundle 3";
/// Formats without issued reports and imports; the first also without the days before and after the
/// period.
pub(super) const BUNDLE_FORMATS_BEFORE: [&str; 2] = ["pantau-bundle 1", "pantau-bundle 2"];
pub(super) const MANIFEST_NAME: &str = "manifest.json";
pub(super) const DIGESTS_NAME: &str = "digests.jsonl";
/// Folder of the samples.
pub(super) const SAMPLES_FOLDER: &str = "samples/";
/// Folder of the readings of the moment at which the period ends, while the day after it is open.
pub(super) const CLOSING_FOLDER: &str = "closing/";
/// Folder of the time stamps.
const STAMPS_FOLDER: &str = "stamps/";
/// Text of the archive's comment before the 64 digits.
pub(super) const COMMENT_PREFIX: &str = "pantau-bundle sha256 ";
pub(super) const SHA256_DIGITS: usize = 64;

/// Error of writing or reading a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The file is no ZIP archive, or a broken one.
    #[error("not a readable ZIP archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// The file is an archive, but not a bundle.
    #[error("not a bundle of pantau: {0}")]
    Foreign(String),
}

/// Summary of a bundle: site, period and last digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleSummary {
    /// `BUNDLE_FORMAT`.
    pub format: String,
    /// Id of the site.
    pub site: String,
    /// IANA time zone of its days.
    pub zone: String,
    /// Period as requested.
    pub period: String,
    /// First closed local day of the period. Samples from `first` to `last` are included.
    pub first: String,
    /// Days before the period whose samples are included: the last reading of a counter before the
    /// period is its baseline.
    #[serde(default)]
    pub before: Vec<String>,
    /// Days after the period whose samples are included: a reading at the midnight after the
    /// period counts in it.
    #[serde(default)]
    pub after: Vec<String>,
    /// Last closed local day of the period.
    pub last: String,
    /// Closed days of the period whose raw samples were no longer stored.
    pub gone: Vec<String>,
    /// Digest of the last record.
    pub head: String,
}

impl BundleSummary {
    /// Returns whether the bundle has the readings of the moment at which the period ends in files
    /// of their own: its last day is closed, the day after it is not.
    pub fn has_closing_readings(&self) -> bool {
        let period: Option<Period> = self.period.parse().ok();
        let last = period.map(|period| period.last().to_string());
        self.after.is_empty() && last.is_some_and(|last| last == self.last)
    }

    /// Returns whether the bundle has the samples of a day, unless they are gone.
    pub(super) fn has_samples_of(&self, day: Date) -> bool {
        let day = day.to_string();
        let is_near = self.before.contains(&day) || self.after.contains(&day);
        is_near || (&self.first..=&self.last).contains(&&day)
    }
}

/// Manifest: summary, and name, length and hash of every other file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundleManifest {
    pub(super) about: BundleSummary,
    pub(super) files: Vec<BundleFile>,
}

/// Entry of the manifest for one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundleFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Writes a bundle, file after file.
#[derive(Debug)]
pub struct BundleWriter {
    zip: ZipWriter<File>,
    files: Vec<BundleFile>,
    open: Option<(String, u64, Sha256Hasher)>,
}

/// Returns the name of the file with a point's samples.
pub fn samples_file_name(point: &str) -> String {
    format!("{SAMPLES_FOLDER}{point}.csv")
}

/// Returns the name of the file with a point's reading at the end of the period.
pub fn closing_file_name(point: &str) -> String {
    format!("{CLOSING_FOLDER}{point}.csv")
}

/// Returns the name of the file with the time stamp of a record.
pub fn stamp_file_name(number: u64) -> String {
    format!("{STAMPS_FOLDER}{number}.tsr")
}

/// Returns the number of the record whose time stamp a file is.
pub(super) fn stamped_record(name: &str) -> Option<u64> {
    let number = name.strip_prefix(STAMPS_FOLDER)?.strip_suffix(".tsr")?;
    number.parse().ok()
}

/// Returns the name of the file with a revision.
pub fn revision_file_name(kind: RevisionKind, id: u64) -> String {
    let ending = match kind {
        RevisionKind::Configuration | RevisionKind::Factors => "toml",
        RevisionKind::Calibrations => "json",
    };
    format!("{}/{id}.{ending}", kind.word())
}

impl BundleWriter {
    /// Creates a bundle file; an existing one is overwritten.
    pub fn create(path: &Path) -> Result<Self, BundleError> {
        let options = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path);
        Ok(Self {
            zip: ZipWriter::new(options?),
            files: Vec::new(),
            open: None,
        })
    }

    /// Starts the next file and closes the one before it.
    pub fn begin_file(&mut self, name: &str) -> Result<(), BundleError> {
        self.close_file();
        self.zip.start_file(name, zip_options())?;
        self.open = Some((name.to_owned(), 0, Sha256Hasher::default()));
        Ok(())
    }

    /// Appends bytes to the current file.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        if let Some((_, length, hash)) = &mut self.open {
            *length += bytes.len() as u64;
            hash.put(bytes);
        }
        Ok(self.zip.write_all(bytes)?)
    }

    /// Appends a record to the file of the chain; the caller passes every record in order.
    pub fn write_digest(&mut self, digest: &DayDigest) -> Result<(), BundleError> {
        if self.open.as_ref().is_none_or(|open| open.0 != DIGESTS_NAME) {
            self.begin_file(DIGESTS_NAME)?;
        }
        let mut line = serde_json::to_vec(digest).map_err(io::Error::other)?;
        line.push(b'\n');
        self.put(&line)
    }

    /// Writes the manifest, and the hash of the whole archive into its comment.
    pub fn finish(mut self, about: BundleSummary) -> Result<(), BundleError> {
        self.close_file();
        let files = std::mem::take(&mut self.files);
        let manifest = BundleManifest { about, files };
        let mut text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        text.push(b'\n');
        // The manifest is written last, when the hashes of all other files are known; it does not
        // list itself.
        self.begin_file(MANIFEST_NAME)?;
        self.put(&text)?;
        self.zip
            .set_comment(format!("{COMMENT_PREFIX}{}", "0".repeat(SHA256_DIGITS)))?;
        let mut file = self.zip.finish()?;
        // The comment is the last part of a ZIP: its placeholder digits are overwritten in place.
        let digits = hash_archive(&mut file)?;
        file.seek(SeekFrom::End(-64))?;
        file.write_all(digits.as_bytes())?;
        // Synced, because the bundle may be on a disk that is removed at once.
        Ok(file.sync_all()?)
    }

    fn close_file(&mut self) {
        if let Some((name, bytes, hash)) = self.open.take() {
            let sha256 = hash.finish_hex();
            self.files.push(BundleFile {
                name,
                bytes,
                sha256,
            });
        }
    }
}

/// Options of a file: no time and no owner, so that the same content gives the same bytes.
fn zip_options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        // ZIP64 headers always, since the size of a streamed file is not known in advance.
        .large_file(true)
}

/// Returns the SHA-256 of everything before the last 64 bytes.
pub(super) fn hash_archive(file: &mut File) -> io::Result<String> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut rest = file.take(length.saturating_sub(SHA256_DIGITS as u64));
    let (mut hash, mut piece) = (Sha256Hasher::default(), vec![0; 64 << 10]);
    loop {
        match rest.read(&mut piece)? {
            0 => return Ok(hash.finish_hex()),
            read => hash.put(&piece[..read]),
        }
    }
}
