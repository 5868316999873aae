//! Comparison of the lines of a bundle, rows of tables and samples, with the records.

use super::canonical_form::{SAMPLES_CSV_HEADER, Sha256Hasher};
use super::day_record::SampleDigestLine;
use super::digest_chain::CoveredRows;
use crate::domain::UtcMs;
use crate::limits::EVIDENCE_FAULTS_MAX;
use jiff::Timestamp;
use jiff::civil::Date;

/// Comparison of the lines of a table with the ranges of the records.
pub(super) struct RowCheck<'c> {
    ranges: std::iter::Peekable<std::slice::Iter<'c, CoveredRows>>,
    hash: Sha256Hasher,
    id: u64,
    /// Number of the next row behind the ranges; `None` while it may be any.
    due: Option<u64>,
    found: CheckedRows,
}

/// Result of the comparison of a table.
#[derive(Debug, Default)]
pub(super) struct CheckedRows {
    /// Ranges that differ.
    pub(super) wrong: Vec<CoveredRows>,
    /// Numbers of the first and the last row behind the ranges; `None` without any.
    pub(super) open: Option<(u64, u64)>,
    /// Numbers behind the ranges that are missing, or stand where others were due.
    pub(super) gaps: Vec<(u64, u64)>,
}

impl<'c> RowCheck<'c> {
    /// Starts a comparison; with `is_torn`, a broken record may have covered further rows.
    pub(super) fn new(ranges: &'c [CoveredRows], is_torn: bool) -> Self {
        let through = ranges.last().map_or(0, |range| range.last);
        Self {
            ranges: ranges.iter().peekable(),
            hash: Sha256Hasher::default(),
            id: 0,
            due: (!is_torn).then_some(through + 1),
            found: CheckedRows::default(),
        }
    }

    /// Adds the next line; returns the number of its row.
    pub(super) fn add_line(&mut self, line: &[u8]) -> u64 {
        let said = row_id_of_line(line);
        self.id = said.unwrap_or(self.id + 1);
        // A range whose last row is missing ends where the next one begins.
        while self.ranges.peek().is_some_and(|range| range.last < self.id) {
            self.close_range();
        }
        match self.ranges.peek() {
            // Rows of a broken record belong to no range.
            Some(range) if self.id < range.first => {}
            Some(range) => {
                let is_last = range.last == self.id;
                self.hash.put(line);
                if is_last {
                    self.close_range();
                }
            }
            None => self.add_open_row(said),
        }
        self.id
    }

    /// Takes a row that no record covers: nothing but its number can be checked.
    fn add_open_row(&mut self, said: Option<u64>) {
        let due = self.due.unwrap_or(self.id);
        if said != Some(due) && self.found.gaps.len() < EVIDENCE_FAULTS_MAX {
            let last = self.id.saturating_sub(1).max(due);
            self.found.gaps.push((due, last));
        }
        self.due = Some(self.id.max(due) + 1);
        let first = self.found.open.map_or(self.id, |open| open.0);
        self.found.open = Some((first, self.id));
    }

    /// Compares the hash of the finished range.
    fn close_range(&mut self) {
        let hash = std::mem::take(&mut self.hash).finish_hex();
        let range = self.ranges.next();
        self.found
            .wrong
            .extend(range.filter(|range| range.sha256 != hash).cloned());
    }

    /// Returns what was found.
    pub(super) fn finish(mut self) -> CheckedRows {
        // Ranges without any line are missing from the file.
        self.found.wrong.extend(self.ranges.cloned());
        self.found
    }
}

/// Returns the row number at the start of a line.
fn row_id_of_line(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("{\"id\":")?;
    text.split(',').next()?.parse().ok()
}

/// Time from the first moment of a day to the first moment after it.
pub(super) type DaySpan = (UtcMs, UtcMs);

/// Comparison of a point's lines with its days: the first COUNT lines belong to the first day, and
/// so on.
pub(super) struct SampleCheck<'c> {
    days: std::slice::Iter<'c, (Date, SampleDigestLine)>,
    today: Option<&'c (Date, SampleDigestLine)>,
    /// Days whose record is broken: nobody knows how many lines they have.
    skipped: &'c [DaySpan],
    header: bool,
    hash: Sha256Hasher,
    count: u64,
    last: Option<Date>,
    wrong: Option<Date>,
}

impl<'c> SampleCheck<'c> {
    pub(super) fn new(days: &'c [(Date, SampleDigestLine)], skipped: &'c [DaySpan]) -> Self {
        let mut days = days.iter();
        Self {
            today: days.next(),
            days,
            skipped,
            header: false,
            hash: Sha256Hasher::default(),
            count: 0,
            last: None,
            wrong: None,
        }
    }

    /// Adds the next line.
    pub(super) fn add_line(&mut self, line: &[u8]) {
        if self.wrong.is_some() {
            return;
        }
        if !self.header {
            self.header = true;
            let right = line.trim_ascii_end() == SAMPLES_CSV_HEADER.as_bytes();
            self.wrong = self.today.filter(|_| !right).map(|(day, _)| *day);
            return;
        }
        if is_within(self.skipped, line) {
            return;
        }
        let Some((day, said)) = self.today else {
            // More lines than all days have.
            self.wrong = self.last;
            return;
        };
        self.hash.put(line);
        self.count += 1;
        if self.count == said.count {
            self.last = Some(*day);
            if std::mem::take(&mut self.hash).finish_hex() != said.sha256 {
                self.wrong = Some(*day);
            }
            (self.today, self.count) = (self.days.next(), 0);
        }
    }

    /// Returns the first day that differs.
    pub(super) fn finish(self) -> Option<Date> {
        self.wrong.or(self.today.map(|(day, _)| *day))
    }
}

/// Returns whether the time of a line is in one of the spans.
fn is_within(spans: &[DaySpan], line: &[u8]) -> bool {
    if spans.is_empty() {
        return false;
    }
    let time = line.split(|byte| *byte == b',').next().unwrap_or_default();
    let time = std::str::from_utf8(time).ok();
    let time: Option<Timestamp> = time.and_then(|time| time.parse().ok());
    time.is_some_and(|time| {
        let at = UtcMs(time.as_millisecond());
        spans.iter().any(|(from, to)| *from <= at && at < *to)
    })
}
