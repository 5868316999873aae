//! Hashes that a report names in its own file: found as text, in whatever format it is.

use crate::limits::{EVIDENCE_FAULTS_MAX, EVIDENCE_MANIFEST_BYTES_MAX};
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Digits of a SHA-256.
const HASH_DIGITS: usize = 64;
/// Maximum parts of a workbook that are searched.
const PARTS_MAX: usize = 200;

/// Returns the SHA-256 hashes that stand in a file, each once and at most `EVIDENCE_FAULTS_MAX`; in
/// a workbook those of its parts.
pub fn hashes_in_file(bytes: &[u8]) -> Vec<String> {
    let mut found = HashSearch::default();
    match ZipArchive::new(Cursor::new(bytes)) {
        Ok(mut zip) => {
            for at in 0..zip.len().min(PARTS_MAX) {
                let mut part = Vec::new();
                // A small file can unpack to any size; what cannot be read names nothing.
                let read = zip.by_index(at).ok().map(|file| {
                    let mut file = file.take(EVIDENCE_MANIFEST_BYTES_MAX);
                    file.read_to_end(&mut part)
                });
                if matches!(read, Some(Ok(_))) {
                    found.search(&part);
                }
            }
        }
        Err(_) => found.search(bytes),
    }
    found.hashes
}

/// Hashes found so far, in the order of the file.
#[derive(Default)]
struct HashSearch {
    hashes: Vec<String>,
    known: BTreeSet<String>,
}

impl HashSearch {
    fn search(&mut self, bytes: &[u8]) {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        for word in bytes.split(|byte| !is_digit(byte)) {
            if word.len() == HASH_DIGITS && self.hashes.len() < EVIDENCE_FAULTS_MAX {
                let word = String::from_utf8_lossy(word).into_owned();
                if self.known.insert(word.clone()) {
                    self.hashes.push(word);
                }
            }
        }
    }
}
