//! Chain of records: each record names the digest of the record made before it, whatever day that
//! is about.

use super::canonical_form::hash;
use super::chain_remark::{RecordsSince, RemarksAndSince};
use super::day_record::{DayDigest, DayRecord, RevisionKind, RevisionLine};
use super::recorded_table::{RecordedTable, numbers_text};
use super::time_stamp::{StampError, check_time_stamp};
use super::verification::{EvidenceMismatch, MismatchKind, VerificationReport};
use crate::domain::UtcMs;
use jiff::civil::Date;
use rustls::pki_types::CertificateDer;
use std::collections::{BTreeMap, BTreeSet};

/// Maximum names of what a broken record speaks of.
const TOUCHES_MAX: usize = 20;

/// Rows of a table that a record covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredRows {
    /// Day of the record.
    pub day: Date,
    /// Number of the first row.
    pub first: u64,
    /// Number of the last row.
    pub last: u64,
    /// SHA-256 of their lines.
    pub sha256: String,
}

/// A text as the records name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedText {
    /// First local day that names it.
    pub first: Date,
    /// Last local day that names it: on the days between, it was in force.
    pub last: Date,
    /// SHA-256 of the text.
    pub sha256: String,
}

/// Records checked one after the other, and what they state about the data.
#[derive(Clone, Debug, Default)]
pub struct DigestChain {
    count: u64,
    head: String,
    /// Hash of a broken record's text, which the next record may name instead of `head`.
    other_head: Option<String>,
    /// True after a line that is no record: the next one need not follow the one before.
    is_gap: bool,
    /// True when there was such a line: it may have held any revision of any day.
    is_torn: bool,
    made: Option<UtcMs>,
    newest: BTreeMap<Date, (u64, u32)>,
    /// Days whose newest record is broken.
    broken: BTreeSet<Date>,
    /// Tables of which a broken record may have covered rows: the next range need not follow the
    /// last.
    unknown: BTreeSet<RecordedTable>,
    ranges: BTreeMap<RecordedTable, Vec<CoveredRows>>,
    texts: BTreeMap<(RevisionKind, u64), NamedText>,
    /// Digest of each record, by its number.
    digests: BTreeMap<u64, String>,
    wanted: Option<String>,
    told: RemarksAndSince,
}

impl DigestChain {
    /// Returns an empty chain that searches the digest `wanted`, and tells what came since.
    pub fn searching(wanted: Option<&str>) -> Self {
        Self {
            wanted: wanted.map(str::to_owned),
            ..Self::default()
        }
    }

    /// Takes the next record; mismatches are added to the verdict. `None` when the record cannot be
    /// read.
    pub fn push(
        &mut self,
        digest: &DayDigest,
        verdict: &mut VerificationReport,
    ) -> Option<DayRecord> {
        let read: Option<DayRecord> = digest.record.parse().ok();
        let text_sha256 = hash(digest.record.as_bytes());
        let Some(record) = read.filter(|_| text_sha256 == digest.sha256) else {
            self.push_broken(digest, text_sha256, verdict);
            return None;
        };
        let expected = (self.count + 1, std::mem::take(&mut self.head));
        let (other, is_gap) = (self.other_head.take(), std::mem::take(&mut self.is_gap));
        let (day, name) = (Some(record.day), record.number.to_string());
        // The text is that of its digest, so it knows better than what stands beside it. Continue
        // from its number: one missing record is one mismatch, not one for every later record.
        self.count = record.number;
        self.head.clone_from(&digest.sha256);
        self.digests.insert(record.number, digest.sha256.clone());
        let said = (record.number, record.day, record.revision);
        if said != (digest.number, digest.day, digest.revision) {
            verdict.add_mismatch(day, MismatchKind::Record, &name);
        }
        // The first record has 64 zeros instead of a digest.
        let before = match expected.0 {
            1 => DayRecord::NO_PREVIOUS_DIGEST,
            _ => &expected.1,
        };
        let follows = record.before == before || Some(&record.before) == other.as_ref();
        let is_next = record.number == expected.0 && follows;
        let is_next = is_next || (is_gap && record.number >= expected.0);
        if !is_next || !self.is_revision_due(&record) {
            verdict.add_mismatch(day, MismatchKind::Link, &name);
        }
        self.newest
            .insert(record.day, (record.number, record.revision));
        self.broken.remove(&record.day);
        self.told.take_record(&record, self.made);
        self.made = Some(record.made);
        let new_texts = self.take_record(&record, verdict);
        if let Some(since) = &mut self.told.since {
            since.take_record(&record, new_texts);
        }
        self.look_for_wanted(digest);
        Some(record)
    }

    /// Returns whether a record has the revision that follows the newest one of its day.
    fn is_revision_due(&self, record: &DayRecord) -> bool {
        match self.newest.get(&record.day) {
            Some(newest) => record.revision == newest.1 + 1,
            None => record.revision == 1 || self.is_torn,
        }
    }

    /// Takes a record that does not have its digest, or is none.
    fn push_broken(
        &mut self,
        digest: &DayDigest,
        text_sha256: String,
        verdict: &mut VerificationReport,
    ) {
        self.count = digest.number;
        self.head.clone_from(&digest.sha256);
        self.digests.insert(digest.number, digest.sha256.clone());
        let (day, name) = (Some(digest.day), digest.number.to_string());
        verdict.add(EvidenceMismatch {
            touches: names_in_text(&digest.record),
            ..EvidenceMismatch::new(day, MismatchKind::Record, name)
        });
        // The day still has a record, though a broken one; otherwise it would be reported as
        // unrecorded too. What follows from this record is no mismatch of its own.
        self.newest
            .insert(digest.day, (digest.number, digest.revision));
        self.broken.insert(digest.day);
        self.unknown.extend(RecordedTable::ALL);
        (self.other_head, self.is_torn) = (Some(text_sha256), true);
        self.look_for_wanted(digest);
    }

    /// Takes a line that cannot be read: it stands for the record that was due.
    pub(super) fn push_unreadable(&mut self, line: &[u8], verdict: &mut VerificationReport) {
        self.count += 1;
        let text = String::from_utf8_lossy(line);
        let after = self.newest.keys().next_back();
        let after = after.and_then(|day| day.tomorrow().ok());
        let day = day_in_text(&text).or(after);
        verdict.add(EvidenceMismatch {
            touches: names_in_text(&text.replace("\\n", "\n")),
            ..EvidenceMismatch::new(day, MismatchKind::Record, self.count.to_string())
        });
        if let Some(day) = day {
            self.newest.entry(day).or_insert((self.count, 1));
            self.broken.insert(day);
        }
        self.unknown.extend(RecordedTable::ALL);
        (self.is_gap, self.is_torn) = (true, true);
    }

    /// Returns whether a record was broken, so that what it covered is not known.
    pub(super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Returns the digest of a record.
    pub(super) fn digest(&self, number: u64) -> Option<&String> {
        self.digests.get(&number)
    }

    /// Notes the record with the digest that is searched.
    fn look_for_wanted(&mut self, digest: &DayDigest) {
        if self.wanted.as_ref() == Some(&digest.sha256) {
            self.told.since = Some(RecordsSince::after(digest, self.recorded_entries()));
        }
    }

    /// Checks the rows and the texts that a record names; returns the names of new texts.
    fn take_record(&mut self, record: &DayRecord, verdict: &mut VerificationReport) -> Vec<String> {
        for range in &record.rows {
            let rows = CoveredRows {
                day: record.day,
                first: range.first,
                last: range.last,
                sha256: range.sha256.clone(),
            };
            self.take_range(record.revision, range.table, rows, verdict);
        }
        let mut new = Vec::new();
        for (kind, lines) in record_texts(record) {
            for line in lines {
                let known = self.texts.entry((kind, line.id));
                if matches!(known, std::collections::btree_map::Entry::Vacant(_)) {
                    new.push(format!("{} {}", kind.word(), line.id));
                }
                let known = known.or_insert_with(|| NamedText {
                    first: record.day,
                    last: record.day,
                    sha256: line.sha256.clone(),
                });
                known.first = known.first.min(record.day);
                known.last = known.last.max(record.day);
                if known.sha256 != line.sha256 {
                    verdict.add_mismatch(Some(record.day), kind.what(), line.id.to_string());
                }
            }
        }
        new
    }

    /// Takes a range of rows. First revisions cover a table without gaps; a later revision repeats
    /// the range of its first one.
    fn take_range(
        &mut self,
        revision: u32,
        table: RecordedTable,
        range: CoveredRows,
        verdict: &mut VerificationReport,
    ) {
        let through = self.recorded_rows(table);
        let is_unknown = self.unknown.contains(&table);
        let follows = range.first == through + 1 || (is_unknown && range.first > through);
        let known = self.ranges.entry(table).or_default();
        if revision == 1 && follows && range.last >= range.first {
            self.unknown.remove(&table);
            known.push(range);
        } else if revision == 1 || !(known.contains(&range) || is_unknown) {
            let name = numbers_text(range.first, range.last);
            verdict.add_mismatch(Some(range.day), MismatchKind::Rows(table), name);
        }
    }

    /// Checks the time stamp of a record; adds what it proves, or a mismatch, to the verdict.
    pub fn check_stamp(
        &self,
        number: u64,
        answer: &[u8],
        authorities: &[CertificateDer<'_>],
        verdict: &mut VerificationReport,
    ) {
        let checked = match self.digests.get(&number) {
            Some(sha256) => check_time_stamp(answer, sha256, authorities),
            None => Err(StampError::OtherDigest),
        };
        match checked {
            Ok(stamp) => verdict.add_stamp(number, stamp),
            Err(why) => verdict.add(EvidenceMismatch {
                touches: vec![why.word().to_owned()],
                ..EvidenceMismatch::new(None, MismatchKind::Stamp, number.to_string())
            }),
        }
    }

    /// Returns the digest of the last record.
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// Returns the number of records taken.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the days with the number of their newest record.
    pub fn newest_by_day(&self) -> impl Iterator<Item = (Date, u64)> + '_ {
        self.newest.iter().map(|(day, newest)| (*day, newest.0))
    }

    /// Returns whether the day has a record.
    pub fn has_day(&self, day: Date) -> bool {
        self.newest.contains_key(&day)
    }

    /// Returns the days whose newest record is broken.
    pub fn broken_days(&self) -> &BTreeSet<Date> {
        &self.broken
    }

    /// Returns whether the digest that is searched was found; true when none is.
    pub fn has_wanted(&self) -> bool {
        self.wanted.is_none() || self.told.since.is_some()
    }

    /// Returns the rows of a table by record, without gaps from number 1 on unless a record is
    /// broken.
    pub fn ranges(&self, table: RecordedTable) -> &[CoveredRows] {
        self.ranges.get(&table).map_or(&[], Vec::as_slice)
    }

    /// Returns the number of the last row that a record covers.
    pub fn recorded_rows(&self, table: RecordedTable) -> u64 {
        self.ranges(table).last().map_or(0, |range| range.last)
    }

    /// Returns the number of the last ledger entry that a record covers.
    pub fn recorded_entries(&self) -> u64 {
        self.recorded_rows(RecordedTable::Ledger)
    }

    /// Returns texts by kind and revision, as the records name them.
    pub fn texts(&self) -> &BTreeMap<(RevisionKind, u64), NamedText> {
        &self.texts
    }

    /// Returns the mismatch of a text that differs, with the days on which it was in force.
    pub fn text_mismatch(&self, kind: RevisionKind, id: u64) -> EvidenceMismatch {
        let known = self.texts.get(&(kind, id));
        EvidenceMismatch {
            last: known.map(|text| text.last),
            ..EvidenceMismatch::new(known.map(|text| text.first), kind.what(), id.to_string())
        }
    }

    /// Copies record count, last day, last digest and remarks into the verdict.
    pub fn summarise(&self, verdict: &mut VerificationReport) {
        verdict.records = self.count;
        verdict.head.clone_from(&self.head);
        verdict.last = self.newest.keys().next_back().copied();
        verdict.recorded_entries = self.recorded_entries();
        verdict.told.clone_from(&self.told);
    }
}

/// Texts that a record names, by kind.
fn record_texts(record: &DayRecord) -> [(RevisionKind, &Vec<RevisionLine>); 3] {
    [
        (RevisionKind::Configuration, &record.configuration),
        (RevisionKind::Factors, &record.factors),
        (RevisionKind::Calibrations, &record.calibrations),
    ]
}

/// Returns the day that a line names beside its record or in it, as far as it can be read.
fn day_in_text(text: &str) -> Option<Date> {
    let day = |before| {
        let (_, rest) = text.split_once(before)?;
        rest.get(..10)?.parse().ok()
    };
    day("\"day\":\"").or_else(|| day("\\nday "))
}

/// Returns the names of what the text of a broken record speaks of, as far as they can be read.
fn names_in_text(text: &str) -> Vec<String> {
    let named = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["samples", point, ..] => Some((*point).to_owned()),
            [table, first, last, _] if RecordedTable::parse(table).is_some() => {
                Some(format!("{table} {first}-{last}"))
            }
            [kind, id, ..] if RevisionKind::parse(kind).is_some() => Some(format!("{kind} {id}")),
            _ => None,
        }
    });
    named.take(TOUCHES_MAX).collect()
}

impl RevisionKind {
    /// Returns the mismatch of a text of this kind.
    pub fn what(self) -> MismatchKind {
        match self {
            Self::Configuration => MismatchKind::Configuration,
            Self::Factors => MismatchKind::Factors,
            Self::Calibrations => MismatchKind::Calibrations,
        }
    }
}
