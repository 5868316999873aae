//! Looks for times that stand more than once in a file.

use super::{Faults, Kind, RowFault, write_number, write_time};
use crate::limits::IMPORT_UNSORTED_ROWS_MAX;
use crate::model::{Number, UtcMs};

/// The rows of a file, to be held against each other.
#[derive(Debug, Default)]
pub struct Twice {
    rows: Vec<(UtcMs, u64, Number)>,
    too_many: Option<u64>,
}

impl Twice {
    /// Takes a row in: its line, time and value.
    pub fn push(&mut self, line: u64, at: UtcMs, number: Number) {
        if self.rows.len() < IMPORT_UNSORTED_ROWS_MAX {
            self.rows.push((at, line, number));
        } else {
            self.too_many.get_or_insert(line);
        }
    }

    /// Two values of one time are a fault that names both lines: which of them is right, nobody
    /// here can know. Rows that only repeat another are counted.
    pub fn finish(mut self, faults: &mut Faults) -> u64 {
        if let Some(line) = self.too_many {
            faults.push(RowFault::new(line, Kind::Unsorted, ""));
            return 0;
        }
        self.rows.sort_by_key(|(at, line, _)| (*at, *line));
        let mut found: Vec<RowFault> = Vec::new();
        let mut repeated = 0;
        for group in self.rows.chunk_by(|one, next| one.0 == next.0) {
            let (at, first, value) = group[0];
            for (_, line, other) in &group[1..] {
                if other.to_f64().to_bits() == value.to_f64().to_bits() {
                    repeated += 1;
                    continue;
                }
                let mut text = String::new();
                write_time(&mut text, at);
                text.push(' ');
                write_number(&mut text, *other);
                found.push(RowFault {
                    other: Some(first),
                    ..RowFault::new(*line, Kind::Twice, &text)
                });
            }
        }
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

    fn of(rows: &[(i64, f64)]) -> (u64, Vec<(u64, Option<u64>)>) {
        let mut twice = Twice::default();
        for (line, (at, value)) in (2..).zip(rows) {
            twice.push(line, UtcMs(*at), Number::Float(*value));
        }
        let mut faults = Faults::default();
        let repeated = twice.finish(&mut faults);
        let named = faults.named.iter().map(|fault| (fault.line, fault.other));
        (repeated, named.collect())
    }

    #[test]
    fn two_values_of_one_time_name_both_lines_and_a_repeated_row_is_counted() {
        assert_eq!(of(&[(1, 2.0), (2, 4.0)]), (0, vec![]));
        assert_eq!(of(&[(1, 2.0), (1, 2.0)]), (1, vec![]));
        let twice = of(&[(5, 1.0), (3, 2.0), (5, 1.0), (3, 4.0)]);
        assert_eq!(twice, (1, vec![(5, Some(3))]));
    }

    proptest! {
        #[test]
        fn nothing_goes_silently(rows in prop::collection::vec((0i64..4, 0u8..2), 0..6)) {
            let rows: Vec<(i64, f64)> = rows.iter().map(|(at, v)| (*at, f64::from(*v))).collect();
            let (repeated, faults) = of(&rows);
            let kept: BTreeMap<i64, f64> = rows.iter().copied().collect();
            let left = rows.len() - kept.len();
            prop_assert_eq!(usize::try_from(repeated).unwrap() + faults.len(), left);
        }
    }
}
