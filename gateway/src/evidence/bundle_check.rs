//! Verification of a bundle: archive, manifest, chain, and everything that the chain covers.

use super::bundle::{
    BUNDLE_FORMAT, BUNDLE_FORMATS_BEFORE, BundleError, BundleFile, BundleManifest, BundleSummary,
    CLOSING_FOLDER, COMMENT_PREFIX, DIGESTS_NAME, MANIFEST_NAME, SAMPLES_FOLDER, SHA256_DIGITS,
    hash_archive, stamped_record,
};
use super::bundle_days::{
    BundleDays, ClosedDayRecords, are_oldest, days_of_figures, is_near_period,
};
use super::bundle_lines::DaySpan;
use super::bundle_reports::{BundledReport, REPORT_FOLDER};
use super::canonical_form::Sha256Hasher;
use super::day_record::{DayDigest, DayRecord, RevisionKind};
use super::digest_chain::DigestChain;
use super::recorded_table::RecordedTable;
use super::verification::{EvidenceMismatch, MismatchKind, VerificationReport};
use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::limits::{EVIDENCE_LINE_BYTES_MAX, EVIDENCE_MANIFEST_BYTES_MAX, TIME_STAMP_ANSWER_MAX};
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
    check.read_reports(&mut zip);
    check.check_digests(&mut zip, wanted);
    if !check.is_blind {
        for table in RecordedTable::ALL {
            check.check_rows(&mut zip, table);
        }
        check.check_revisions(&mut zip);
        check.check_closing_readings(&mut zip);
        check.check_samples(&mut zip);
        check.check_stamps(&mut zip, authorities);
        check.check_reports();
    }
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
pub(super) struct BundleCheck<'p> {
    pub(super) manifest: BundleManifest,
    pub(super) listed: BTreeMap<String, BundleFile>,
    /// Files that were read already.
    seen: BTreeSet<String>,
    pub(super) gone: BTreeSet<Date>,
    pub(super) chain: DigestChain,
    /// Newest record of each day whose samples the bundle has.
    pub(super) records: ClosedDayRecords,
    /// Files of the folder `report`.
    pub(super) reports: Vec<BundledReport>,
    /// True when the chain cannot be read: nothing is compared with it.
    is_blind: bool,
    /// Days without a readable record; whatever stands in `samples` for them cannot be compared.
    pub(super) skipped: Vec<DaySpan>,
    pub(super) verdict: VerificationReport,
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
            reports: Vec::new(),
            is_blind: false,
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

    /// Reads a listed file line by line, up to the first invalid bytes, the last line also without
    /// its end; returns whether it is the one of the manifest.
    pub(super) fn for_each_line(
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
        if !line.is_empty() && line.len() <= EVIDENCE_LINE_BYTES_MAX {
            each(&line);
        }
        whole && line.is_empty()
    }

    /// Adds a mismatch for a file that differs from the manifest, once.
    pub(super) fn report_broken_file(&mut self, name: &str) {
        let what = (MismatchKind::File, name);
        let mut known = self.verdict.mismatches.iter();
        if known.any(|one| (one.what, one.name.as_str()) == what) {
            return;
        }
        self.verdict.add(file_mismatch(name));
    }

    /// Reads a file in blocks; returns whether it is the one of the manifest.
    pub(super) fn for_each_block(
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

    /// Reads the files of the folder `report`.
    fn read_reports(&mut self, zip: &mut ZipArchive<File>) {
        let names = self.listed.keys();
        let names = names.filter(|name| name.starts_with(REPORT_FOLDER));
        for name in names.cloned().collect::<Vec<_>>() {
            let mut bytes = Vec::new();
            let whole = self.for_each_block(zip, &name, |piece| {
                // A file that is too long for a report is compared with the manifest alone.
                if (bytes.len() as u64) < EVIDENCE_MANIFEST_BYTES_MAX {
                    bytes.extend_from_slice(piece);
                }
                true
            });
            if whole {
                self.reports.push(BundledReport::read(&name, &bytes));
            } else {
                self.report_broken_file(&name);
            }
        }
    }

    /// Checks the chain, and finds the wanted digest.
    fn check_digests(&mut self, zip: &mut ZipArchive<File>, wanted: Option<&str>) {
        let about = self.manifest.about.clone();
        let period: Option<Period> = about.period.parse().ok();
        let mut chain = DigestChain::searching(wanted);
        let mut verdict = VerificationReport::default();
        let mut records = BTreeMap::new();
        let mut place = None;
        let whole = self.for_each_line(zip, DIGESTS_NAME, |line| {
            let Ok(digest) = serde_json::from_slice::<DayDigest>(line) else {
                return chain.push_unreadable(line, &mut verdict);
            };
            let Some(record) = chain.push(&digest, &mut verdict) else {
                return drop(records.remove(&digest.day));
            };
            place = Some((record.site.clone(), record.zone.clone()));
            let is_near = period.is_some_and(|period| is_near_period(period, record.day));
            if is_near || about.has_samples_of(record.day) {
                records.insert(record.day, record);
            }
        });
        let is_named = !verdict.is_intact();
        // The summary names the last digest: records cut off at the end are detected.
        let is_cut = chain.count() > 0 && !is_named && chain.head() != about.head;
        let undue = self.undue_key(&records);
        self.check_summary(place, undue.filter(|_| !(is_named || is_cut)));
        for fault in std::mem::take(&mut verdict.mismatches) {
            self.verdict.add(fault);
        }
        // Without records nothing can be compared, and every file would be a fault of its own.
        self.is_blind = chain.count() == 0;
        if self.is_blind || (!whole && !is_named && !is_cut) {
            self.report_broken_file(DIGESTS_NAME);
        }
        chain.summarise(&mut self.verdict);
        if !chain.has_wanted() {
            self.verdict
                .add_mismatch(None, MismatchKind::Foreign, wanted.unwrap_or_default());
        }
        if is_cut {
            let (day, count) = (self.verdict.last, chain.count().to_string());
            self.verdict.add_mismatch(day, MismatchKind::Cut, count);
            // What the missing records cover would be a fault of its own, line by line.
            self.is_blind = true;
        }
        records.retain(|day, _| about.has_samples_of(*day));
        let broken = chain.broken_days().iter();
        let broken = broken.filter(|day| about.has_samples_of(**day));
        self.skipped = broken.map(|day| span_between(&records, *day)).collect();
        self.verdict.unchecked = self.skipped.len() as u64;
        (self.chain, self.records) = (chain, records);
    }

    /// Compares the summary with the site and time zone of the newest record, since a site may have
    /// had others before; `undue` is a key that does not fit the days of the records.
    fn check_summary(&mut self, place: Option<(String, String)>, undue: Option<&'static str>) {
        let about = &self.manifest.about;
        let (site, zone) = place.unwrap_or_else(|| (about.site.clone(), about.zone.clone()));
        let keys = [
            (site != about.site).then_some("site"),
            (zone != about.zone).then_some("zone"),
            undue,
        ];
        let places: Vec<String> = keys.into_iter().flatten().map(str::to_owned).collect();
        if !places.is_empty() {
            self.verdict.add(EvidenceMismatch {
                places,
                ..EvidenceMismatch::new(None, MismatchKind::File, MANIFEST_NAME)
            });
        }
    }

    /// Returns the key of the summary that does not name the days which the records and its period
    /// give.
    fn undue_key(&self, records: &ClosedDayRecords) -> Option<&'static str> {
        let about = &self.manifest.about;
        // Older bundles do not name the days beside the period.
        if about.format != BUNDLE_FORMAT || records.is_empty() {
            return None;
        }
        let Ok(period) = about.period.parse() else {
            return Some("period");
        };
        let near = records
            .iter()
            .filter(|(day, _)| is_near_period(period, **day));
        let near = near.map(|(day, record)| (*day, record.clone()));
        let due = days_of_figures(near.collect(), period);
        match BundleDays::of(&due, period) {
            None => Some("period"),
            Some(days) => days
                .differing_key(about)
                .or_else(|| (!are_oldest(&self.gone, &due)).then_some("gone")),
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
            let is_compared = self.verdict.unchecked == 0 && !self.is_blind;
            let is_samples = [SAMPLES_FOLDER, CLOSING_FOLDER];
            let is_samples = is_samples.iter().any(|folder| name.starts_with(folder));
            let foreign = is_samples && is_compared;
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
pub(super) fn text_of_name(name: &str) -> Option<(RevisionKind, u64)> {
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
