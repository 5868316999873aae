//! Canonical form of what is hashed: a line a sample, a line a ledger entry, texts byte for byte.

use crate::domain::hex_text::to_hex;
use crate::domain::{QualityReason, Sample, SampleOutcome};
use ring::digest::{Context, SHA256};
use serde::Serialize;
use std::fmt;
use std::fmt::Write;

/// First line of a file of samples; not hashed.
pub const SAMPLES_CSV_HEADER: &str = "time,value,quality,reason";

/// Incremental SHA-256.
#[derive(Clone)]
pub struct Sha256Hasher(Context);

impl Default for Sha256Hasher {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl fmt::Debug for Sha256Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

impl Sha256Hasher {
    /// Adds bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns 64 lower-case hexadecimal digits.
    pub fn finish_hex(self) -> String {
        to_hex(self.0.finish().as_ref())
    }
}

/// Returns the SHA-256 of bytes as 64 lower-case hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    let mut hash = Sha256Hasher::default();
    hash.put(bytes);
    hash.finish_hex()
}

/// Appends the line of a sample: time, number in the device's own step, quality, reason.
fn write_sample(out: &mut String, sample: &Sample) {
    sample.at.append_to(out);
    out.push(',');
    if let Some(number) = sample.outcome.number() {
        number.append_to(out);
    }
    out.push(',');
    // Words instead of codes, so that a verifier needs no table of this program.
    out.push_str(sample.outcome.quality().word());
    out.push(',');
    match sample.outcome {
        SampleOutcome::Good(_) => {}
        SampleOutcome::Uncertain(_, reason) | SampleOutcome::Bad(reason) => {
            write_reason(out, reason);
        }
    }
    out.push('\n');
}

/// Appends a reason; a Modbus exception carries its code.
fn write_reason(out: &mut String, reason: QualityReason) {
    out.push_str(reason.word());
    if let QualityReason::Refused(exception) = reason {
        let _ = write!(out, ":{exception}");
    }
}

/// Returns the lines of samples, each without its end.
pub fn sample_lines(samples: &[Sample]) -> Vec<String> {
    let mut text = String::new();
    write_samples(&mut text, samples);
    text.lines().map(str::to_owned).collect()
}

/// Appends the lines of samples.
pub fn write_samples(out: &mut String, samples: &[Sample]) {
    for sample in samples {
        write_sample(out, sample);
    }
}

/// Returns the SHA-256 of the lines of a point's day.
pub fn hash_samples(samples: &[Sample]) -> String {
    let (mut hash, mut text) = (Sha256Hasher::default(), String::new());
    // In blocks: the text of a whole day is never in memory.
    for some in samples.chunks(1024) {
        text.clear();
        write_samples(&mut text, some);
        hash.put(text.as_bytes());
    }
    hash.finish_hex()
}

/// Ledger entry as stored, without derived values and without anything that a later entry changes.
/// The order of the fields is the order in the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// Number of the entry.
    pub id: u64,
    /// `record`, `target` or `baseline`.
    pub sort: String,
    /// Id of the indicator.
    pub indicator: String,
    /// Free description.
    pub what: String,
    /// Decimal text in `unit`; `null` in a withdrawal.
    pub quantity: Option<String>,
    /// Unit of the indicator.
    pub unit: String,
    /// Local day, time or period.
    pub when: String,
    /// First local day of the period.
    pub first: String,
    /// Last local day of the period.
    pub last: String,
    /// Method by which the quantity is known.
    pub known: String,
    /// Person who states it.
    pub who: String,
    /// Free note.
    pub note: String,
    /// Receipts and photos with their SHA-256.
    pub files: Vec<LedgerFile>,
    /// Number of the entry that this one replaces.
    pub supersedes: Option<u64>,
    /// Time of recording, RFC 3339, UTC.
    pub recorded_at: String,
    /// Person or program that recorded it.
    pub recorded_by: String,
}

/// Attachment of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerFile {
    /// File name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: i64,
}

/// Appends the line of a row: JSON without spaces.
pub fn write_row_line(out: &mut String, line: &impl Serialize) {
    // A struct of texts and numbers always has a JSON form.
    out.push_str(&serde_json::to_string(line).unwrap_or_default());
    out.push('\n');
}
