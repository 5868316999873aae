//! The bundle: one ZIP with everything behind the figures of a period, written as a stream.
//!
//! The same content gives the same bytes. The archive's comment ends with the SHA-256 of all bytes
//! before those 64 digits, so that no bit of the archive changes unseen.

use super::canon::Hash;
use super::record::{Digest, Kind};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// What the manifest begins with.
pub const BUNDLE_FORMAT: &str = "pantau-bundle 1";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const DIGESTS: &str = "digests.jsonl";
pub(super) const LEDGER: &str = "ledger.jsonl";
/// The folder of samples.
pub(super) const SAMPLES: &str = "samples/";
/// The archive's comment before the 64 digits.
pub(super) const COMMENT: &str = "pantau-bundle sha256 ";
pub(super) const DIGITS: usize = 64;

/// Why a bundle could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It is no archive, or a broken one.
    #[error("not a readable ZIP archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// It is an archive, but no bundle.
    #[error("not a bundle of pantau: {0}")]
    Foreign(String),
}

/// What a bundle is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// `BUNDLE_FORMAT`.
    pub format: String,
    /// Id of the site.
    pub site: String,
    /// IANA time zone of its days.
    pub zone: String,
    /// The period as it was asked for.
    pub period: String,
    /// First and last closed local day of the period; samples of these days are in here.
    pub first: String,
    /// See `first`.
    pub last: String,
    /// Closed days of the period whose raw samples were no longer kept.
    pub gone: Vec<String>,
    /// Digest of the last record.
    pub head: String,
}

/// The manifest: what it is about, and every other file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) about: About,
    pub(super) files: Vec<Listed>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Writes a bundle, file after file.
#[derive(Debug)]
pub struct BundleWriter {
    zip: ZipWriter<File>,
    files: Vec<Listed>,
    open: Option<(String, u64, Hash)>,
}

/// Name of the file with a point's samples.
pub fn entry_of_point(point: &str) -> String {
    format!("{SAMPLES}{point}.csv")
}

/// Name of the file with a revision.
pub fn entry_of_text(kind: Kind, id: u64) -> String {
    let ending = match kind {
        Kind::Configuration | Kind::Factors => "toml",
        Kind::Calibrations => "json",
    };
    format!("{}/{id}.{ending}", kind.word())
}

impl BundleWriter {
    /// Begins a bundle in a new file.
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

    /// Begins the next file; the one before it is closed.
    pub fn begin(&mut self, name: &str) -> Result<(), BundleError> {
        self.close();
        self.zip.start_file(name, options())?;
        self.open = Some((name.to_owned(), 0, Hash::default()));
        Ok(())
    }

    /// Appends to the file that was begun last.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        if let Some((_, length, hash)) = &mut self.open {
            *length += bytes.len() as u64;
            hash.put(bytes);
        }
        Ok(self.zip.write_all(bytes)?)
    }

    /// Writes the file of the chain's records; the caller hands every record in, in order.
    pub fn digest(&mut self, digest: &Digest) -> Result<(), BundleError> {
        if self.open.as_ref().is_none_or(|open| open.0 != DIGESTS) {
            self.begin(DIGESTS)?;
        }
        let mut line = serde_json::to_vec(digest).map_err(io::Error::other)?;
        line.push(b'\n');
        self.put(&line)
    }

    /// Begins the file of the ledger's lines.
    pub fn begin_ledger(&mut self) -> Result<(), BundleError> {
        self.begin(LEDGER)
    }

    /// Writes the manifest, and the hash of the whole archive into its end.
    pub fn finish(mut self, about: About) -> Result<(), BundleError> {
        self.close();
        let files = std::mem::take(&mut self.files);
        let manifest = Manifest { about, files };
        let mut text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        text.push(b'\n');
        self.begin(MANIFEST)?;
        self.put(&text)?;
        self.zip
            .set_comment(format!("{COMMENT}{}", "0".repeat(DIGITS)))?;
        let mut file = self.zip.finish()?;
        let digits = hash_of_archive(&mut file)?;
        file.seek(SeekFrom::End(-64))?;
        file.write_all(digits.as_bytes())?;
        Ok(file.sync_all()?)
    }

    fn close(&mut self) {
        if let Some((name, bytes, hash)) = self.open.take() {
            let sha256 = hash.finish();
            self.files.push(Listed {
                name,
                bytes,
                sha256,
            });
        }
    }
}

/// No time, no owner: the same content gives the same bytes.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(true)
}

/// SHA-256 of everything before the last 64 bytes.
pub(super) fn hash_of_archive(file: &mut File) -> io::Result<String> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut rest = file.take(length.saturating_sub(DIGITS as u64));
    let (mut hash, mut piece) = (Hash::default(), vec![0; 64 << 10]);
    loop {
        match rest.read(&mut piece)? {
            0 => return Ok(hash.finish()),
            read => hash.put(&piece[..read]),
        }
    }
}
