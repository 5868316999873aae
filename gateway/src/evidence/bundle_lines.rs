//! Comparison of the lines of a bundle, rows of tables and samples, with the records.

use super::canonical_form::{SAMPLES_CSV_HEADER, Sha256Hasher};
use super::day_record::SampleDigestLine;
use super::digest_chain::CoveredRows;
use crate::domain::UtcMs;
use jiff::Timestamp;
use jiff::civil::Date;

/// Comparison of the lines of a table with the ranges of the records.
pub(super) struct RowCheck<'c> {
    ranges: std::iter::Peekable<std::slice::Iter<'c, CoveredRows>>,
    hash: Sha256Hasher,
    id: u64,
    wrong: Vec<CoveredRows>,
    open: u64,
}

impl<'c> RowCheck<'c> {
    pub(super) fn new(ranges: &'c [CoveredRows]) -> Self {
        Self {
            ranges: ranges.iter().peekable(),
            hash: Sha256Hasher::default(),
            id: 0,
            wrong: Vec::new(),
            open: 0,
        }
    }

    /// Adds the next line.
    pub(super) fn add_line(&mut self, line: &[u8]) {
        self.id = row_id_of_line(line).unwrap_or(self.id + 1);
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
            None => self.open += 1,
        }
    }

    /// Compares the hash of the finished range.
    fn close_range(&mut self) {
        let hash = std::mem::take(&mut self.hash).finish_hex();
        let range = self.ranges.next();
        self.wrong
            .extend(range.filter(|range| range.sha256 != hash).cloned());
    }

    /// Returns the ranges that differ, and the number of rows after the last range.
    pub(super) fn finish(mut self) -> (Vec<CoveredRows>, u64) {
        // Ranges without any line are missing from the file.
        self.wrong.extend(self.ranges.cloned());
        (self.wrong, self.open)
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
