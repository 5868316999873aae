//! The bytes that are hashed: a line a sample, a line a ledger entry, texts as they are.

use crate::model::{Outcome, Reason, Sample};
use ring::digest::{Context, SHA256};
use serde::Serialize;
use std::fmt;
use std::fmt::Write;

/// First line of a file of samples; not part of what is hashed.
pub const CSV_HEADER: &str = "time,value,quality,reason";

/// SHA-256 of what comes piece by piece.
#[derive(Clone)]
pub struct Hash(Context);

impl Default for Hash {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

impl Hash {
    /// Takes the next piece.
    pub fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// 64 small hexadecimal digits.
    pub fn finish(self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0.finish().as_ref() {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// SHA-256 in 64 small hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    let mut hash = Hash::default();
    hash.put(bytes);
    hash.finish()
}

/// Appends a sample's line: time, number in the device's own step, quality, reason.
fn write_sample(out: &mut String, sample: &Sample) {
    sample.at.append_to(out);
    out.push(',');
    if let Some(number) = sample.outcome.number() {
        number.append_to(out);
    }
    out.push(',');
    out.push_str(sample.outcome.quality().word());
    out.push(',');
    match sample.outcome {
        Outcome::Good(_) => {}
        Outcome::Uncertain(_, reason) | Outcome::Bad(reason) => write_reason(out, reason),
    }
    out.push('\n');
}

fn write_reason(out: &mut String, reason: Reason) {
    out.push_str(reason.word());
    if let Reason::Refused(exception) = reason {
        let _ = write!(out, ":{exception}");
    }
}

/// Appends the lines of samples.
pub fn write_samples(out: &mut String, samples: &[Sample]) {
    for sample in samples {
        write_sample(out, sample);
    }
}

/// SHA-256 of the lines of a point's day.
pub fn hash_samples(samples: &[Sample]) -> String {
    let (mut hash, mut text) = (Hash::default(), String::new());
    for some in samples.chunks(1024) {
        text.clear();
        write_samples(&mut text, some);
        hash.put(text.as_bytes());
    }
    hash.finish()
}

/// An entry of the ledger as it stands in the file; nothing that is worked out, nothing that a
/// later entry changes. The order of the fields is that of the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// Its number.
    pub id: u64,
    /// `record`, `target` or `baseline`.
    pub sort: String,
    /// Id of the indicator.
    pub indicator: String,
    /// Free words.
    pub what: String,
    /// Decimal text in `unit`; `null` withdraws.
    pub quantity: Option<String>,
    /// The indicator's unit.
    pub unit: String,
    /// Local day, time or period.
    pub when: String,
    /// First local day of it.
    pub first: String,
    /// Last local day of it.
    pub last: String,
    /// How it is known.
    pub known: String,
    /// Who says so.
    pub who: String,
    /// Anything else.
    pub note: String,
    /// Receipts and photos, by their hash.
    pub files: Vec<LedgerFile>,
    /// The entry that this one replaces.
    pub supersedes: Option<u64>,
    /// RFC 3339, UTC.
    pub recorded_at: String,
    /// Who or what wrote it down.
    pub recorded_by: String,
}

/// A receipt or photo of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerFile {
    /// File name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its length, bytes.
    pub bytes: i64,
}

/// Appends an entry's line: JSON without spaces.
pub fn write_ledger(out: &mut String, line: &LedgerLine) {
    // A struct of texts and numbers always has a JSON form.
    out.push_str(&serde_json::to_string(line).unwrap_or_default());
    out.push('\n');
}
