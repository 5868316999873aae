//! Verification of a bundle: archive, manifest, chain, and everything that the chain covers.

use super::bundle::{
    BUNDLE_FORMAT, BUNDLE_FORMATS_BEFORE, BundleError, BundleFile, BundleManifest, BundleSummary,
    COMMENT_PREFIX, DIGESTS_NAME, MANIFEST_NAME, SAMPLES_FOLDER, SHA256_DIGITS, hash_archive,
    revision_file_name, samples_file_name, stamped_record,
};
use super::bundle_lines::{DaySpan, RowCheck, SampleCheck};
use super::canonical_form::Sha256Hasher;
use super::day_record::{DayDigest, DayRecord, RevisionKind, SampleDigestLine};
use super::digest_chain::DigestChain;
use super::recorded_table::{RecordedTable, numbers_text};
use super::verification::{ChangedText, EvidenceMismatch, MismatchKind, VerificationReport};
use crate::domain::UtcMs;
use crate::limits::{
    CHANGED_TEXT_BYTES_MAX, EVIDENCE_LINE_BYTES_MAX, EVIDENCE_MANIFEST_BYTES_MAX,
    TIME_STAMP_ANSWER_MAX,
};
use jiff::civil::Date;
use rustls::pki_types::CertificateDer;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// Bytes of one read.
const READ_BYTES: usize = 64 << 10;

/// Verifies a bundle, and that the digest `wanted` is in its chain; returns its summary and the
/// verdict. `authorities` are those behind its time stamps. `progress` is called with the number of
/// bytes read.
pub fn check_bundle(
    path: &Path,
    wanted: Option<&str>,
    authorities: &[CertificateDer<'_>],
    mut progress: impl FnMut(u64),
) -> Result<(BundleSummary, VerificationReport), BundleError> {
    let mut file = File::open(path)?;
    let digits = hash_archive(&mut file)?;
    let mut zip = ZipArchive::new(file)?;
    let is_whole = zip.comment() == format!("{COMMENT_PREFIX}{digits}").as_bytes();
    let mut check = BundleCheck::new(read_manifest(&mut zip)?, &mut progress)?;
    check.check_names(&zip);
    check.check_digests(&mut zip, wanted);
    for table in RecordedTable::ALL {
        check.check_rows(&mut zip, table);
    }
    check.check_revisions(&mut zip);
    check.check_samples(&mut zip);
    check.check_stamps(&mut zip, authorities);
    check.check_other_files(&mut zip);
    let BundleCheck {
        manifest,
        mut verdict,
        ..
    } = check;
    // A changed file changes the archive's hash as well: the archive is named only when nothing
    // more exact is.
    if verdict.is_intact() && !is_whole {
        verdict.add_mismatch(None, MismatchKind::Archive, "");
    }
    verdict.settle();
    Ok((manifest.about, verdict))
}

/// Reads the manifest; `Foreign` when it is missing or of another format.
fn read_manifest(zip: &mut ZipArchive<File>) -> Result<BundleManifest, BundleError> {
    let foreign = |why: &dyn std::fmt::Display| BundleError::Foreign(why.to_string());
    let file = zip
        .by_name(MANIFEST_NAME)
        .map_err(|fault| foreign(&fault))?;
    let mut text = Vec::new();
    // A small archive can unpack to any size.
    file.take(EVIDENCE_MANIFEST_BYTES_MAX)
        .read_to_end(&mut text)
        .map_err(|fault| foreign(&fault))?;
    let manifest: BundleManifest =
        serde_json::from_slice(&text).map_err(|fault| foreign(&fault))?;
    let format = manifest.about.format.as_str();
    if format == BUNDLE_FORMAT || BUNDLE_FORMATS_BEFORE.contains(&format) {
        Ok(manifest)
    } else {
        Err(foreign(&manifest.about.format))
    }
}

/// State of the verification of one bundle.
struct BundleCheck<'p> {
    manifest: BundleManifest,
    listed: BTreeMap<String, BundleFile>,
    /// Files that were read already.
    seen: BTreeSet<String>,
    gone: BTreeSet<Date>,
    chain: DigestChain,
    /// Newest record of each day whose samples the bundle has.
    records: BTreeMap<Date, DayRecord>,
    /// Days without a readable record; whatever stands in `samples` for them cannot be compared.
    skipped: Vec<DaySpan>,
    verdict: VerificationReport,
    progress: &'p mut dyn FnMut(u64),
}

impl<'p> BundleCheck<'p> {
    fn new(
        manifest: BundleManifest,
        progress: &'p mut dyn FnMut(u64),
    ) -> Result<Self, BundleError> {
        let about = &manifest.about;
        let days = about.gone.iter().map(|day| day.parse());
        let gone: Result<_, jiff::Error> = days.collect();
        let files = manifest.files.iter();
        Ok(Self {
            listed: files
                .map(|file| (file.name.clone(), file.clone()))
                .collect(),
            seen: BTreeSet::from([MANIFEST_NAME.to_owned()]),
            gone: gone.map_err(|fault| BundleError::Foreign(fault.to_string()))?,
            chain: DigestChain::default(),
            records: BTreeMap::new(),
            skipped: Vec::new(),
            verdict: VerificationReport::default(),
            progress,
            manifest,
        })
    }

    /// Checks that archive and manifest list the same files.
    fn check_names(&mut self, zip: &ZipArchive<File>) {
        let unnamed = |_| "?".to_owned();
        let names = zip.file_names();
        let there: BTreeSet<String> = names
            .map(|name| name.map_or_else(unnamed, std::borrow::Cow::into_owned))
            .collect();
        let listed: BTreeSet<String> = self.listed.keys().cloned().collect();
        for name in there.symmetric_difference(&listed) {
            if name != MANIFEST_NAME {
                self.verdict.add_mismatch(None, MismatchKind::File, name);
            }
        }
    }

    /// Reads a listed file line by line, up to the first invalid bytes; returns whether it is the
    /// one of the manifest.
    fn for_each_line(
        &mut self,
        zip: &mut ZipArchive<File>,
        name: &str,
        mut each: impl FnMut(&[u8]),
    ) -> bool {
        let mut line = Vec::new();
        let whole = self.for_each_block(zip, name, |piece| {
            for part in piece.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    each(&line);
                    line.clear();
                // A line without an end must not fill the memory.
                } else if line.len() > EVIDENCE_LINE_BYTES_MAX {
                    return false;
                }
            }
            true
        });
        whole && line.is_empty()
    }

    /// Adds a mismatch for a file that differs from the manifest, once.
    fn report_broken_file(&mut self, name: &str) {
        let what = (MismatchKind::File, name);
        let mut known = self.verdict.mismatches.iter();
        if known.any(|one| (one.what, one.name.as_str()) == what) {
            return;
        }
        self.verdict.add(file_mismatch(name));
    }

    /// Reads a file in blocks; returns whether it is the one of the manifest.
    fn for_each_block(
        &mut self,
        zip: &mut ZipArchive<File>,
        name: &str,
        mut each: impl FnMut(&[u8]) -> bool,
    ) -> bool {
        self.seen.insert(name.to_owned());
        let Ok(mut file) = zip.by_name(name) else {
            return false;
        };
        let (mut hash, mut bytes, mut piece) = (Sha256Hasher::default(), 0u64, vec![0; READ_BYTES]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => {
                    let piece = piece.get(..read).unwrap_or_default();
                    hash.put(piece);
                    bytes += read as u64;
                    (self.progress)(read as u64);
                    if !each(piece) {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
        let said = self.listed.get(name);
        said.is_some_and(|said| said.bytes == bytes && said.sha256 == hash.finish_hex())
    }

    /// Checks the chain, and finds the wanted digest.
    fn check_digests(&mut self, zip: &mut ZipArchive<File>, wanted: Option<&str>) {
        let about = self.manifest.about.clone();
        let mut chain = DigestChain::searching(wanted);
        let mut verdict = VerificationReport::default();
        let mut records = BTreeMap::new();
        let mut place = None;
        let whole = self.for_each_line(zip, DIGESTS_NAME, |line| {
            let Ok(digest) = serde_json::from_slice::<DayDigest>(line) else {
                // An unreadable line has no number of its own; this is the one that was due.
                let next = (chain.count() + 1).to_string();
                return verdict.add_mismatch(None, MismatchKind::Record, next);
            };
            let Some(record) = chain.push(&digest, &mut verdict) else {
                return drop(records.remove(&digest.day));
            };
            place = Some((record.site.clone(), record.zone.clone()));
            if about.has_samples_of(record.day) {
                records.insert(record.day, record);
            }
        });
        // The newest record: a site may have had another id or zone before.
        let is_elsewhere =
            place.is_some_and(|place| place != (about.site.clone(), about.zone.clone()));
        if is_elsewhere {
            self.verdict
                .add_mismatch(None, MismatchKind::File, MANIFEST_NAME);
        }
        let is_named = !verdict.is_intact();
        for fault in std::mem::take(&mut verdict.mismatches) {
            self.verdict.add(fault);
        }
        if !whole && !is_named {
            self.report_broken_file(DIGESTS_NAME);
        }
        chain.summarise(&mut self.verdict);
        if !chain.has_wanted() {
            self.verdict
                .add_mismatch(None, MismatchKind::Foreign, wanted.unwrap_or_default());
        }
        // The summary names the last digest: records cut off at the end are detected.
        if self.verdict.head != about.head && !is_named {
            let day = self.verdict.last;
            self.verdict.add_mismatch(day, MismatchKind::Link, "head");
        }
        let broken = chain.broken_days().iter();
        let broken = broken.filter(|day| about.has_samples_of(**day));
        self.skipped = broken.map(|day| span_between(&records, *day)).collect();
        self.verdict.unchecked = self.skipped.len() as u64;
        (self.chain, self.records) = (chain, records);
    }

    /// Checks the lines of a table against the ranges of the records.
    fn check_rows(&mut self, zip: &mut ZipArchive<File>, table: RecordedTable) {
        let ranges = self.chain.ranges(table).to_vec();
        let name = table.file_name();
        // An older bundle has the ledger alone, and records without other rows.
        let is_old = self.manifest.about.format != BUNDLE_FORMAT && ranges.is_empty();
        if is_old && table != RecordedTable::Ledger {
            return;
        }
        let mut rows = RowCheck::new(&ranges);
        let whole = self.for_each_line(zip, &name, |line| rows.add_line(line));
        let (wrong, open) = rows.finish();
        if table == RecordedTable::Ledger {
            self.verdict.open_entries = open;
        }
        if !whole && wrong.is_empty() {
            self.report_broken_file(&name);
        }
        for range in wrong {
            let name = numbers_text(range.first, range.last);
            self.verdict
                .add_mismatch(Some(range.day), MismatchKind::Rows(table), name);
        }
    }

    /// Checks configurations, factors and calibrations against the records.
    fn check_revisions(&mut self, zip: &mut ZipArchive<File>) {
        for ((kind, id), text) in self.chain.texts().clone() {
            let name = revision_file_name(kind, id);
            let mut hash = Sha256Hasher::default();
            let whole = self.for_each_block(zip, &name, |piece| {
                hash.put(piece);
                true
            });
            if !whole || hash.finish_hex() != text.sha256 {
                self.verdict.add(self.chain.text_mismatch(kind, id));
                self.keep_changed_text(zip, (kind, id), text.sha256);
            }
        }
    }

    /// Keeps a changed text with those before and after it, for a closer look.
    fn keep_changed_text(
        &mut self,
        zip: &mut ZipArchive<File>,
        (kind, id): (RevisionKind, u64),
        sha256: String,
    ) {
        let mut read = |id: u64| {
            let file = zip.by_name(&revision_file_name(kind, id)).ok()?;
            let mut text = String::new();
            let mut file = file.take(CHANGED_TEXT_BYTES_MAX);
            file.read_to_string(&mut text).ok()?;
            Some(text)
        };
        let near = [id.saturating_sub(1), id + 1];
        let neighbours = near.into_iter().filter_map(&mut read).collect();
        if let Some(text) = read(id) {
            self.verdict.add_changed_text(ChangedText {
                kind,
                id,
                sha256,
                text,
                neighbours,
            });
        }
    }

    /// Checks the samples of each point against the newest record of each day.
    fn check_samples(&mut self, zip: &mut ZipArchive<File>) {
        let mut points: BTreeMap<String, Vec<(Date, SampleDigestLine)>> = BTreeMap::new();
        for (day, record) in std::mem::take(&mut self.records) {
            if self.gone.contains(&day) {
                // Deleted by retention, as the summary says: these days are counted, but are no
                // mismatch.
                self.verdict.gone += 1;
                continue;
            }
            self.verdict.days += 1;
            for line in record.samples {
                points
                    .entry(line.point.clone())
                    .or_default()
                    .push((day, line));
            }
        }
        let skipped = std::mem::take(&mut self.skipped);
        for (point, days) in points {
            let name = samples_file_name(&point);
            let mut check = SampleCheck::new(&days, &skipped);
            let whole = self.for_each_line(zip, &name, |line| check.add_line(line));
            if let Some(day) = check.finish() {
                self.verdict
                    .add_mismatch(Some(day), MismatchKind::Samples, point);
            } else if !whole {
                self.report_broken_file(&name);
            }
        }
    }

    /// Checks the time stamps against the records.
    fn check_stamps(&mut self, zip: &mut ZipArchive<File>, authorities: &[CertificateDer<'_>]) {
        let names = self.listed.keys();
        let stamps = names.filter_map(|name| Some((name.clone(), stamped_record(name)?)));
        let stamps: Vec<(String, u64)> = stamps.collect();
        for (name, number) in stamps {
            let mut answer = Vec::new();
            let whole = self.for_each_block(zip, &name, |piece| {
                answer.extend_from_slice(piece);
                answer.len() <= TIME_STAMP_ANSWER_MAX
            });
            let faults = self.verdict.mismatch_count;
            self.chain
                .check_stamp(number, &answer, authorities, &mut self.verdict);
            if !whole && self.verdict.mismatch_count == faults {
                self.report_broken_file(&name);
            }
        }
    }

    /// Checks files that the chain does not cover, such as a report.
    fn check_other_files(&mut self, zip: &mut ZipArchive<File>) {
        let names: Vec<String> = self.listed.keys().cloned().collect();
        for name in names {
            if self.seen.contains(&name) {
                continue;
            }
            // Samples that no record names prove nothing and must not be there; those of a broken
            // record only may.
            let foreign = name.starts_with(SAMPLES_FOLDER) && self.verdict.unchecked == 0;
            if !self.for_each_block(zip, &name, |_| true) || foreign {
                self.report_broken_file(&name);
                let said = self.listed.get(&name).map(|said| said.sha256.clone());
                if let Some((text, sha256)) = text_of_name(&name).zip(said) {
                    self.keep_changed_text(zip, text, sha256);
                }
            }
        }
    }
}

/// Returns the mismatch of a file; a text that no record names yet is told as such.
fn file_mismatch(name: &str) -> EvidenceMismatch {
    let text = text_of_name(name).map(|(kind, id)| format!("{} {id}", kind.word()));
    EvidenceMismatch {
        touches: text.into_iter().collect(),
        ..EvidenceMismatch::new(None, MismatchKind::File, name)
    }
}

/// Returns the text whose file has this name.
fn text_of_name(name: &str) -> Option<(RevisionKind, u64)> {
    let (folder, file) = name.split_once('/')?;
    let id = file.split('.').next()?;
    Some((RevisionKind::parse(folder)?, id.parse().ok()?))
}

/// Returns the time between the records before and after a day.
fn span_between(records: &BTreeMap<Date, DayRecord>, day: Date) -> DaySpan {
    let before = records.range(..day).next_back();
    let after = records.range(day..).next();
    (
        before.map_or(UtcMs(i64::MIN), |(_, record)| record.to),
        after.map_or(UtcMs(i64::MAX), |(_, record)| record.from),
    )
}

const _: () = assert!(SHA256_DIGITS == 64, "the digits of SHA-256");
