//! Holding a bundle against itself: archive, manifest, chain, and everything the chain speaks for.

use super::bundle::{
    About, BUNDLE_FORMAT, BundleError, COMMENT, DIGESTS, DIGITS, LEDGER, Listed, MANIFEST,
    Manifest, SAMPLES, entry_of_point, entry_of_text, hash_of_archive,
};
use super::canon::{CSV_HEADER, Hash};
use super::chain::{Chain, Range};
use super::fault::{Verdict, What};
use super::record::{Digest, Record, SampleLine};
use crate::limits::{EVIDENCE_LINE_BYTES_MAX, EVIDENCE_MANIFEST_BYTES_MAX};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// Bytes of one read.
const PIECE: usize = 64 << 10;

/// Holds a bundle against itself, told by `progress` in bytes, and against a
/// digest that somebody holds in hand; what it is about, and the verdict.
pub fn check_bundle(
    path: &Path,
    wanted: Option<&str>,
    mut progress: impl FnMut(u64),
) -> Result<(About, Verdict), BundleError> {
    let mut file = File::open(path)?;
    let digits = hash_of_archive(&mut file)?;
    let mut zip = ZipArchive::new(file)?;
    let is_whole = zip.comment() == format!("{COMMENT}{digits}").as_bytes();
    let mut check = Check::new(manifest(&mut zip)?, &mut progress)?;
    check.names(&zip);
    check.digests(&mut zip, wanted);
    check.ledger(&mut zip);
    check.texts(&mut zip);
    check.samples(&mut zip);
    check.rest(&mut zip);
    let Check {
        manifest,
        mut verdict,
        ..
    } = check;
    if verdict.is_good() && !is_whole {
        verdict.fault(None, What::Archive, "");
    }
    verdict.settle();
    Ok((manifest.about, verdict))
}

fn manifest(zip: &mut ZipArchive<File>) -> Result<Manifest, BundleError> {
    let foreign = |why: &dyn std::fmt::Display| BundleError::Foreign(why.to_string());
    let file = zip.by_name(MANIFEST).map_err(|fault| foreign(&fault))?;
    let mut text = Vec::new();
    file.take(EVIDENCE_MANIFEST_BYTES_MAX)
        .read_to_end(&mut text)
        .map_err(|fault| foreign(&fault))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|fault| foreign(&fault))?;
    if manifest.about.format == BUNDLE_FORMAT {
        Ok(manifest)
    } else {
        Err(foreign(&manifest.about.format))
    }
}

struct Check<'p> {
    manifest: Manifest,
    listed: BTreeMap<String, Listed>,
    /// Files that were read already.
    seen: BTreeSet<String>,
    gone: BTreeSet<Date>,
    chain: Chain,
    /// Newest records of the days of the period.
    records: BTreeMap<Date, Record>,
    verdict: Verdict,
    progress: &'p mut dyn FnMut(u64),
}

impl<'p> Check<'p> {
    fn new(manifest: Manifest, progress: &'p mut dyn FnMut(u64)) -> Result<Self, BundleError> {
        let about = &manifest.about;
        let days = about.gone.iter().map(|day| day.parse());
        let gone: Result<_, jiff::Error> = days.collect();
        let files = manifest.files.iter();
        Ok(Self {
            listed: files
                .map(|file| (file.name.clone(), file.clone()))
                .collect(),
            seen: BTreeSet::from([MANIFEST.to_owned()]),
            gone: gone.map_err(|fault| BundleError::Foreign(fault.to_string()))?,
            chain: Chain::default(),
            records: BTreeMap::new(),
            verdict: Verdict::default(),
            progress,
            manifest,
        })
    }

    /// What is in the archive is in the manifest, and the other way round.
    fn names(&mut self, zip: &ZipArchive<File>) {
        let unnamed = |_| "?".to_owned();
        let names = zip.file_names();
        let there: BTreeSet<String> = names
            .map(|name| name.map_or_else(unnamed, std::borrow::Cow::into_owned))
            .collect();
        let listed: BTreeSet<String> = self.listed.keys().cloned().collect();
        for name in there.symmetric_difference(&listed) {
            if name != MANIFEST {
                self.verdict.fault(None, What::File, name);
            }
        }
    }

    /// Reads a listed file line by line, and holds it against its hash. Lines go to `each` until
    /// the bytes make no sense any more.
    fn lines(&mut self, zip: &mut ZipArchive<File>, name: &str, mut each: impl FnMut(&[u8])) {
        let mut line = Vec::new();
        let whole = self.pieces(zip, name, |piece| {
            for part in piece.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    each(&line);
                    line.clear();
                } else if line.len() > EVIDENCE_LINE_BYTES_MAX {
                    return false;
                }
            }
            true
        });
        if !(whole && line.is_empty()) {
            self.broken(name);
        }
    }

    /// A file that could be read, but is not the one of the manifest.
    fn broken(&mut self, name: &str) {
        let what = (What::File, name);
        if !self
            .verdict
            .faults
            .iter()
            .any(|one| (one.what, one.name.as_str()) == what)
        {
            self.verdict.fault(None, What::File, name);
        }
    }

    /// Reads a file piece by piece; whether it is the one of the manifest.
    fn pieces(
        &mut self,
        zip: &mut ZipArchive<File>,
        name: &str,
        mut each: impl FnMut(&[u8]) -> bool,
    ) -> bool {
        self.seen.insert(name.to_owned());
        let Ok(mut file) = zip.by_name(name) else {
            return false;
        };
        let (mut hash, mut bytes, mut piece) = (Hash::default(), 0u64, vec![0; PIECE]);
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
        said.is_some_and(|said| said.bytes == bytes && said.sha256 == hash.finish())
    }

    fn digests(&mut self, zip: &mut ZipArchive<File>, wanted: Option<&str>) {
        let about = &self.manifest.about;
        let (first, last) = (about.first.clone(), about.last.clone());
        let mut chain = Chain::default();
        let mut verdict = Verdict::default();
        let mut records = BTreeMap::new();
        let mut found = wanted.is_none();
        self.lines(zip, DIGESTS, |line| {
            let Ok(digest) = serde_json::from_slice::<Digest>(line) else {
                let next = (chain.count() + 1).to_string();
                return verdict.fault(None, What::Record, next);
            };
            found |= Some(digest.sha256.as_str()) == wanted;
            let record = chain.push(&digest, &mut verdict);
            let day = digest.day.to_string();
            if let Some(record) = record.filter(|_| (&first..=&last).contains(&&day)) {
                records.insert(record.day, record);
            }
        });
        for fault in std::mem::take(&mut verdict.faults) {
            self.verdict.fault(fault.day, fault.what, fault.name);
        }
        chain.sum_up(&mut self.verdict);
        if !found {
            self.verdict
                .fault(None, What::Foreign, wanted.unwrap_or_default());
        }
        if self.verdict.head != self.manifest.about.head {
            let day = self.verdict.last;
            self.verdict.fault(day, What::Link, "head");
        }
        (self.chain, self.records) = (chain, records);
    }

    fn ledger(&mut self, zip: &mut ZipArchive<File>) {
        let ranges = self.chain.ranges().to_vec();
        let mut ledger = LedgerCheck::new(&ranges);
        self.lines(zip, LEDGER, |line| ledger.take(line));
        let (wrong, open) = ledger.finish();
        self.verdict.open_entries = open;
        for range in wrong {
            let name = format!("{}-{}", range.first, range.last);
            self.verdict.fault(Some(range.day), What::Ledger, name);
        }
    }

    fn texts(&mut self, zip: &mut ZipArchive<File>) {
        for ((kind, id), (day, sha256)) in self.chain.texts().clone() {
            let name = entry_of_text(kind, id);
            let mut hash = Hash::default();
            let whole = self.pieces(zip, &name, |piece| {
                hash.put(piece);
                true
            });
            if !whole || hash.finish() != sha256 {
                self.verdict.fault(Some(day), kind.what(), id.to_string());
            }
        }
    }

    fn samples(&mut self, zip: &mut ZipArchive<File>) {
        let mut points: BTreeMap<String, Vec<(Date, SampleLine)>> = BTreeMap::new();
        for (day, record) in std::mem::take(&mut self.records) {
            if self.gone.contains(&day) {
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
        for (point, days) in points {
            let name = entry_of_point(&point);
            let mut check = SampleCheck::new(&days);
            self.lines(zip, &name, |line| check.take(line));
            if let Some(day) = check.finish() {
                self.verdict.fault(Some(day), What::Samples, point);
            }
        }
    }

    /// Files that the chain does not speak for: a report.
    fn rest(&mut self, zip: &mut ZipArchive<File>) {
        let names: Vec<String> = self.listed.keys().cloned().collect();
        for name in names {
            if self.seen.contains(&name) {
                continue;
            }
            // Samples that no record names are nobody's.
            let foreign = name.starts_with(SAMPLES);
            if !self.pieces(zip, &name, |_| true) || foreign {
                self.broken(&name);
            }
        }
    }
}

/// The ledger's lines against what the records say of them.
struct LedgerCheck<'c> {
    ranges: std::iter::Peekable<std::slice::Iter<'c, Range>>,
    hash: Hash,
    id: u64,
    wrong: Vec<Range>,
    open: u64,
}

impl<'c> LedgerCheck<'c> {
    fn new(ranges: &'c [Range]) -> Self {
        Self {
            ranges: ranges.iter().peekable(),
            hash: Hash::default(),
            id: 0,
            wrong: Vec::new(),
            open: 0,
        }
    }

    fn take(&mut self, line: &[u8]) {
        self.id = id_of(line).unwrap_or(self.id + 1);
        // A range whose last entry is missing ends where the next one begins.
        while self.ranges.peek().is_some_and(|range| range.last < self.id) {
            self.close();
        }
        match self.ranges.peek() {
            Some(range) => {
                let is_last = range.last == self.id;
                self.hash.put(line);
                if is_last {
                    self.close();
                }
            }
            None => self.open += 1,
        }
    }

    fn close(&mut self) {
        let hash = std::mem::take(&mut self.hash).finish();
        let range = self.ranges.next();
        self.wrong
            .extend(range.filter(|range| range.sha256 != hash).cloned());
    }

    fn finish(mut self) -> (Vec<Range>, u64) {
        self.wrong.extend(self.ranges.cloned());
        (self.wrong, self.open)
    }
}

/// The number at the beginning of an entry's line.
fn id_of(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("{\"id\":")?;
    text.split(',').next()?.parse().ok()
}

/// A point's lines, so many for each day in turn.
struct SampleCheck<'c> {
    days: std::slice::Iter<'c, (Date, SampleLine)>,
    today: Option<&'c (Date, SampleLine)>,
    header: bool,
    hash: Hash,
    count: u64,
    last: Option<Date>,
    wrong: Option<Date>,
}

impl<'c> SampleCheck<'c> {
    fn new(days: &'c [(Date, SampleLine)]) -> Self {
        let mut days = days.iter();
        Self {
            today: days.next(),
            days,
            header: false,
            hash: Hash::default(),
            count: 0,
            last: None,
            wrong: None,
        }
    }

    fn take(&mut self, line: &[u8]) {
        if self.wrong.is_some() {
            return;
        }
        let Some((day, said)) = self.today else {
            // More than all days have.
            self.wrong = self.last;
            return;
        };
        if !self.header {
            self.header = true;
            let right = line.trim_ascii_end() == CSV_HEADER.as_bytes();
            self.wrong = (!right).then_some(*day);
            return;
        }
        self.hash.put(line);
        self.count += 1;
        if self.count == said.count {
            self.last = Some(*day);
            if std::mem::take(&mut self.hash).finish() != said.sha256 {
                self.wrong = Some(*day);
            }
            (self.today, self.count) = (self.days.next(), 0);
        }
    }

    /// The first day that differs.
    fn finish(self) -> Option<Date> {
        self.wrong.or(self.today.map(|(day, _)| *day))
    }
}

const _: () = assert!(DIGITS == 64, "the digits of SHA-256");
