//! File in the exchange format (`time,value`), read line by line, so that its length has no limit.

use super::counter_falls::CounterFalls;
use crate::domain::UtcMs;
use crate::limits::IMPORT_LINE_MAX;
use crate::samples_csv::{
    self, CsvRowError, CsvRowErrorKind, CsvRowErrors, DuplicateTimeFinder, SampleInterval,
    TimestampBounds,
};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Result of the check of a file in the exchange format.
#[derive(Debug)]
pub(super) struct CheckedSamplesFile {
    pub(super) faults: CsvRowErrors,
    /// Rows that repeat another row exactly.
    pub(super) repeated: u64,
    /// Number of rows.
    pub(super) rows: u64,
    /// Earliest and latest time.
    pub(super) span: Option<(UtcMs, UtcMs)>,
    /// Interval between the rows, ms.
    pub(super) interval_ms: Option<i64>,
    /// Falls of the values.
    pub(super) falls: CounterFalls,
}

/// Checks every row of the file.
pub(super) fn check_samples_file(
    file: &Path,
    era: TimestampBounds,
    mut falls: CounterFalls,
) -> io::Result<CheckedSamplesFile> {
    let mut faults = CsvRowErrors::default();
    let mut lines = SamplesFileReader::open(file)?;
    let mut last: Option<UtcMs> = None;
    let mut is_ordered = true;
    let (mut rows, mut interval) = (0, SampleInterval::default());
    let mut span: Option<(UtcMs, UtcMs)> = None;
    while let Some(line) = lines.next_line()? {
        match line {
            SamplesFileLine::Header(true) => {}
            SamplesFileLine::Row(Ok((at, number))) => {
                falls.push(at, number.to_f64());
                is_ordered &= last.is_none_or(|last| last < at);
                last = Some(at);
                rows += 1;
                interval.push(at);
                span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                let found = || String::from_utf8_lossy(&lines.text).trim_end().to_owned();
                if let Some(fault) = era.check_timestamp(lines.number, at, "") {
                    // The text of the line is copied only for an error.
                    let fault = CsvRowError::new(fault.line, fault.kind, &found());
                    faults.push(fault);
                }
            }
            SamplesFileLine::Header(false) => {
                let found = String::from_utf8_lossy(&lines.text);
                faults.push(CsvRowError::new(
                    1,
                    CsvRowErrorKind::Header,
                    found.trim_end(),
                ));
            }
            SamplesFileLine::Row(Err(fault)) => faults.push(fault),
        }
    }
    if lines.number == 0 {
        faults.push(CsvRowError::new(1, CsvRowErrorKind::Header, ""));
    }
    // Only a file without other errors is searched: the search reads it a second time.
    let repeated = if is_ordered || faults.count > 0 {
        0
    } else {
        find_duplicate_times(file, &mut faults)?
    };
    Ok(CheckedSamplesFile {
        faults,
        repeated,
        rows,
        span,
        interval_ms: interval.most_frequent(),
        falls,
    })
}

/// Searches for times that occur twice. A file in order of time has none and is not searched.
fn find_duplicate_times(file: &Path, faults: &mut CsvRowErrors) -> io::Result<u64> {
    let mut lines = SamplesFileReader::open(file)?;
    let mut twice = DuplicateTimeFinder::default();
    while let Some(line) = lines.next_line()? {
        if let SamplesFileLine::Row(Ok((at, number))) = line {
            twice.push(lines.number, at, number);
        }
    }
    Ok(twice.report_duplicates(faults))
}

/// Line of the file.
pub(super) enum SamplesFileLine {
    Header(bool),
    Row(samples_csv::SampleRowResult),
}

/// Reader of the lines of a file; a long line cannot fill the memory.
pub(super) struct SamplesFileReader {
    reader: BufReader<File>,
    text: Vec<u8>,
    number: u64,
    pub(super) bytes: u64,
}

impl SamplesFileReader {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Self {
            reader,
            text: Vec::new(),
            number: 0,
            bytes: 0,
        })
    }

    pub(super) fn next_line(&mut self) -> io::Result<Option<SamplesFileLine>> {
        self.text.clear();
        let bound = u64::try_from(IMPORT_LINE_MAX).unwrap_or(u64::MAX);
        let read = self
            .reader
            .by_ref()
            .take(bound)
            .read_until(b'\n', &mut self.text)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += u64::try_from(read).unwrap_or(0);
        // The rest of the line is skipped, so that the next line is read as a row again.
        if read == IMPORT_LINE_MAX && !self.text.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
            let found = String::from_utf8_lossy(&self.text);
            let fault = CsvRowError::new(self.number, CsvRowErrorKind::Text, &found);
            return Ok(Some(SamplesFileLine::Row(Err(fault))));
        }
        if self.number == 1 {
            return Ok(Some(SamplesFileLine::Header(samples_csv::is_header(
                &self.text,
            ))));
        }
        Ok(Some(SamplesFileLine::Row(samples_csv::parse_sample_row(
            self.number,
            &self.text,
        ))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_bounds() -> TimestampBounds {
        TimestampBounds::for_now(samples_csv::parse_time("2026-11-28T00:00:00Z").unwrap())
    }

    fn faults_of_text(text: &[u8]) -> Vec<(u64, CsvRowErrorKind)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        check_samples_file(file.path(), test_bounds(), CounterFalls::default())
            .unwrap()
            .faults
            .named
            .into_iter()
            .map(|fault| (fault.line, fault.kind))
            .collect()
    }

    #[test]
    fn every_faulty_row_is_named_with_its_line() {
        let text =
            b"time,value\n2026-11-21T03:00:00Z,1\nyesterday,2\n2026-11-21T03:00:00Z,1,5\r\n,\n";
        assert_eq!(
            faults_of_text(text),
            [
                (3, CsvRowErrorKind::Time),
                (4, CsvRowErrorKind::Columns),
                (5, CsvRowErrorKind::Time)
            ]
        );
    }

    #[test]
    fn a_file_without_its_header_or_with_a_monstrous_line_is_refused() {
        assert_eq!(faults_of_text(b""), [(1, CsvRowErrorKind::Header)]);
        assert_eq!(
            faults_of_text(b"value,time\n"),
            [(1, CsvRowErrorKind::Header)]
        );
        let mut text = b"time,value\n".to_vec();
        text.extend(vec![b'7'; 3 * IMPORT_LINE_MAX]);
        text.extend(b"\n2026-11-21T03:00:00Z,x\n");
        assert_eq!(
            faults_of_text(&text),
            [(2, CsvRowErrorKind::Text), (3, CsvRowErrorKind::Value)]
        );
    }
}
