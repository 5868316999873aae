//! Search for times that occur more than once in a file.

use super::{CsvRowError, CsvRowErrorKind, CsvRowErrors, write_number, write_time};
use crate::domain::{ExactNumber, UtcMs};
use crate::limits::IMPORT_UNSORTED_ROWS_MAX;

/// Rows of a file that are compared with each other. At most `IMPORT_UNSORTED_ROWS_MAX` rows are
/// kept.
#[derive(Debug, Default)]
pub struct DuplicateTimeFinder {
    rows: Vec<(UtcMs, u64, ExactNumber)>,
    too_many: Option<u64>,
}

impl DuplicateTimeFinder {
    /// Adds a row: its line, time and value.
    pub fn push(&mut self, line: u64, at: UtcMs, number: ExactNumber) {
        if self.rows.len() < IMPORT_UNSORTED_ROWS_MAX {
            self.rows.push((at, line, number));
        } else {
            self.too_many.get_or_insert(line);
        }
    }

    /// Adds an error for every two rows that have other values at the same time; the error names
    /// both lines, since the file does not show which one is right. Returns the number of rows that
    /// repeat another exactly.
    pub fn report_duplicates(mut self, faults: &mut CsvRowErrors) -> u64 {
        if let Some(line) = self.too_many {
            faults.push(CsvRowError::new(line, CsvRowErrorKind::Unsorted, ""));
            return 0;
        }
        // By line within a time, so that the error stands at the later row and names the first one.
        self.rows.sort_by_key(|(at, line, _)| (*at, *line));
        let mut found: Vec<CsvRowError> = Vec::new();
        let mut repeated = 0;
        for group in self.rows.chunk_by(|one, next| one.0 == next.0) {
            let (at, first, value) = group[0];
            for (_, line, other) in &group[1..] {
                // Compared as the number that counts, so that `1.50` repeats `1.5`.
                if other.to_f64().to_bits() == value.to_f64().to_bits() {
                    repeated += 1;
                    continue;
                }
                let mut text = String::new();
                write_time(&mut text, at);
                text.push(' ');
                write_number(&mut text, *other);
                found.push(CsvRowError {
                    other: Some(first),
                    ..CsvRowError::new(*line, CsvRowErrorKind::DuplicateTime, &text)
                });
            }
        }
        // Messages come in the order of the file, not of time.
        found.sort_by_key(|fault| fault.line);
        for fault in found {
            faults.push(fault);
        }
        repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn find_duplicates(rows: &[(i64, f64)]) -> (u64, Vec<(u64, Option<u64>)>) {
        let mut twice = DuplicateTimeFinder::default();
        for (line, (at, value)) in (2..).zip(rows) {
            twice.push(line, UtcMs(*at), ExactNumber::Float(*value));
        }
        let mut faults = CsvRowErrors::default();
        let repeated = twice.report_duplicates(&mut faults);
        let named = faults.named.iter().map(|fault| (fault.line, fault.other));
        (repeated, named.collect())
    }

    #[test]
    fn two_values_of_one_time_name_both_lines_and_a_repeated_row_is_counted() {
        assert_eq!(find_duplicates(&[(1, 2.0), (2, 4.0)]), (0, vec![]));
        assert_eq!(find_duplicates(&[(1, 2.0), (1, 2.0)]), (1, vec![]));
        let twice = find_duplicates(&[(5, 1.0), (3, 2.0), (5, 1.0), (3, 4.0)]);
        assert_eq!(twice, (1, vec![(5, Some(3))]));
    }

    proptest! {
        #[test]
        fn nothing_goes_silently(rows in prop::collection::vec((0i64..4, 0u8..2), 0..6)) {
            let rows: Vec<(i64, f64)> = rows.iter().map(|(at, v)| (*at, f64::from(*v))).collect();
            let (repeated, faults) = find_duplicates(&rows);
            let kept: BTreeMap<i64, f64> = rows.iter().copied().collect();
            let left = rows.len() - kept.len();
            prop_assert_eq!(usize::try_from(repeated).unwrap() + faults.len(), left);
        }
    }
}
