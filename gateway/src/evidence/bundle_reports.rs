//! Reports in a bundle: what a JSON report says about the tables and texts when it was made.

use super::bundle::BundleFile;
use super::canonical_form::{Sha256Hasher, hash};
use super::day_record::{RevisionKind, parse_revision_line};
use super::digest_chain::DigestChain;
use super::own_hash::{OWN_HASH_KEY, has_own_hash};
use super::recorded_table::{RecordedTable, RowRange};
use super::uncovered::{BUNDLED_FILES, UNISSUED_FILES};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Folder of the files that were added.
pub(super) const REPORT_FOLDER: &str = "report/";
/// Start of the name and version of a JSON report.
const REPORT_SCHEMA: &str = "pantau.report/";

/// A file of the folder `report`.
#[derive(Debug)]
pub(super) struct BundledReport {
    /// Name of the file.
    pub(super) name: String,
    /// SHA-256 of its bytes.
    pub(super) sha256: String,
    /// True when a record covers the note that it was handed out.
    pub(super) is_covered: bool,
    /// True when it was noted as handed out, covered or not.
    is_noted: bool,
    /// True for a JSON report, edited or not.
    is_report: bool,
    /// Its own words about the evidence; `None` for another format.
    said: Option<ReportText>,
    /// Rows that it speaks of.
    claims: Vec<RowClaim>,
    /// Names of what differs from what it says.
    pub(super) differs: Vec<String>,
}

/// Rows as a report had them.
#[derive(Debug)]
struct RowClaim {
    range: RowRange,
    hash: Sha256Hasher,
}

#[derive(Debug, Deserialize)]
struct ReportText {
    schema: String,
    #[serde(default)]
    revision: String,
    evidence: EvidenceText,
}

#[derive(Debug, Deserialize)]
struct EvidenceText {
    head: Option<HeadText>,
    #[serde(default)]
    open: Vec<String>,
    open_sha256: Option<String>,
}

#[derive(Deserialize)]
struct IssuedRow {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct HeadText {
    number: u64,
    sha256: String,
}

impl BundledReport {
    /// Reads a file of the folder.
    pub(super) fn read(name: &str, bytes: &[u8]) -> Self {
        let said: Option<ReportText> = serde_json::from_slice(bytes).ok();
        let said = said.filter(|said| said.schema.starts_with(REPORT_SCHEMA));
        let mut differs = Vec::new();
        // An edited report says nothing about the tables.
        let is_report = said.is_some();
        let is_edited = said.is_some() && has_own_hash(bytes) == Some(false);
        if is_edited {
            differs.push(OWN_HASH_KEY.to_owned());
        }
        let said = said.filter(|_| !is_edited);
        let open = said.iter().flat_map(|said| &said.evidence.open);
        let claims = open.filter_map(|line| {
            let (word, rest) = line.split_once(' ')?;
            let range = RowRange::parse(RecordedTable::parse(word)?, rest)?;
            let hash = Sha256Hasher::default();
            Some(RowClaim { range, hash })
        });
        Self {
            name: name.to_owned(),
            sha256: hash(bytes),
            is_covered: false,
            is_noted: false,
            is_report,
            claims: claims.collect(),
            said,
            differs,
        }
    }

    /// Takes a row of a table with its number, and whether a record covers it.
    pub(super) fn take_row(
        &mut self,
        table: RecordedTable,
        (id, is_covered): (u64, bool),
        line: &[u8],
    ) {
        for claim in &mut self.claims {
            let range = &claim.range;
            if range.table == table && (range.first..=range.last).contains(&id) {
                claim.hash.put(line);
            }
        }
        if table == RecordedTable::IssuedFiles {
            let of_file: Option<IssuedRow> = serde_json::from_slice(line).ok();
            let is_own = of_file.is_some_and(|row| row.sha256 == self.sha256);
            self.is_noted |= is_own;
            self.is_covered |= is_own && is_covered;
        }
    }

    /// Returns the word of the part that no record covers: a report that was handed out is noted.
    pub(super) fn uncovered_word(&self) -> &'static str {
        if self.is_report && !self.is_noted {
            UNISSUED_FILES
        } else {
            BUNDLED_FILES
        }
    }

    /// Compares with the chain, the rows that were taken, and the texts of the bundle.
    pub(super) fn compare(&mut self, chain: &DigestChain, files: &BTreeMap<String, BundleFile>) {
        for claim in std::mem::take(&mut self.claims) {
            if claim.hash.finish_hex() != claim.range.sha256 {
                let table = claim.range.table.word();
                self.differs
                    .push(format!("{table} {}", claim.range.numbers()));
            }
        }
        let Some(said) = &self.said else {
            return;
        };
        let evidence = &said.evidence;
        let text = evidence.open.iter().map(|line| format!("{line}\n"));
        let text: String = text.collect();
        let open = (!text.is_empty()).then(|| hash(text.as_bytes()));
        if open != evidence.open_sha256 {
            self.differs.push("open_sha256".to_owned());
        }
        let head = evidence.head.as_ref();
        if head.is_some_and(|head| chain.digest(head.number) != Some(&head.sha256)) {
            self.differs.push("head".to_owned());
        }
        let texts = evidence.open.iter().filter_map(|line| {
            let (word, rest) = line.split_once(' ')?;
            Some((RevisionKind::parse(word)?, parse_revision_line(rest)?))
        });
        for (kind, line) in texts {
            let file = files.get(&super::bundle::revision_file_name(kind, line.id));
            if file.is_none_or(|file| file.sha256 != line.sha256) {
                self.differs.push(format!("{} {}", kind.word(), line.id));
            }
        }
        self.differs.extend(missing_revision(&said.revision, files));
    }
}

/// Returns the kinds of text with which a report was computed and that are not in the bundle: its
/// revision has the first digits of the configuration and of the factors.
fn missing_revision<'f>(
    revision: &'f str,
    files: &'f BTreeMap<String, BundleFile>,
) -> impl Iterator<Item = String> + 'f {
    let (configuration, factors) = revision.split_once('-').unwrap_or_default();
    let wanted = [
        (RevisionKind::Configuration, configuration),
        (RevisionKind::Factors, factors),
    ];
    let is_missing = move |(kind, digits): &(RevisionKind, &str)| {
        let folder = format!("{}/", kind.word());
        let mut files = files.iter();
        !files.any(|(name, file)| name.starts_with(&folder) && file.sha256.starts_with(digits))
    };
    let missing = wanted.into_iter().filter(is_missing);
    missing.map(|(kind, digits)| format!("{} {digits}", kind.word()))
}
