//! [`ImportedSpans`]: where the readings of a series came from files, and at which interval.

use crate::domain::UtcMs;
use crate::domain::sample_import::{ImportInPeriod, ImportedStretch, imports_of_stretches};
use std::sync::Arc;

/// Longest interval of a file that its rows may cover, ms: a month.
// A year of one row must not pass for a year of readings.
const INTERVAL_MAX_MS: i64 = 31 * 86_400_000;

/// Imported stretches of one point.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImportedSpans {
    /// First and last time (ms) and interval (ms), in time order; no two overlap.
    spans: Vec<(i64, i64, i64)>,
    stretches: Vec<ImportedStretch>,
}

impl ImportedSpans {
    /// Stretches of a point among those of all points.
    pub(crate) fn of_point(point: &Arc<str>, all: &[ImportedStretch]) -> Self {
        let own = all.iter().filter(|one| one.import.point == *point);
        let stretches: Vec<ImportedStretch> = own.cloned().collect();
        let mut sorted: Vec<&ImportedStretch> = stretches.iter().collect();
        sorted.sort_by_key(|one| (one.import.id, one.first));
        let mut spans: Vec<(i64, i64, i64)> = Vec::new();
        for one in sorted {
            let interval = one.import.interval_ms.min(INTERVAL_MAX_MS);
            let (first, last) = (one.first.0, one.last.0);
            // Of two files for one time the later import counts; before and after it the earlier
            // one goes on.
            let rest = spans.iter().flat_map(|(begin, end, own)| {
                let before = (*begin, (*end).min(first - 1), *own);
                let after = ((*begin).max(last + 1), *end, *own);
                [before, after]
            });
            spans = rest.filter(|(begin, end, _)| begin <= end).collect();
            spans.push((first, last, interval));
        }
        spans.sort_unstable();
        Self { spans, stretches }
    }

    /// Interval of the file from which a reading at this time (ms) came; 0 when it came from none.
    pub(crate) fn interval_at(&self, at: i64) -> i64 {
        let after = self.spans.partition_point(|one| one.0 <= at);
        let span = after.checked_sub(1).and_then(|place| self.spans.get(place));
        span.filter(|one| at <= one.1).map_or(0, |one| one.2)
    }

    /// Longest interval of all files, ms.
    pub(crate) fn longest_interval(&self) -> i64 {
        let intervals = self.spans.iter().map(|one| one.2);
        intervals.max().unwrap_or(0)
    }

    /// Slots of `every_ms` of a period (ms) that files with a longer interval cover, and the rows
    /// that these files have for them.
    pub(crate) fn slots_and_rows(&self, (from, to): (i64, i64), every_ms: i64) -> (u64, u64) {
        // A row stands for the interval before it, as far as no earlier row does.
        let mut before = i64::MIN;
        let covered = self.spans.iter().map(|(first, last, interval)| {
            let begin = (first - interval).max(before).max(from);
            before = *last;
            if *interval <= every_ms {
                return (0, 0);
            }
            let length = (to.min(*last) - begin).max(0);
            let rows = (length + interval / 2) / interval;
            ((length / every_ms).unsigned_abs(), rows.unsigned_abs())
        });
        covered.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Imports of which a reading lies within a period or at its beginning, where a counter has its
    /// first value; each once.
    pub(crate) fn imports_within(&self, from: UtcMs, to: UtcMs) -> Vec<ImportInPeriod> {
        let touches = |one: &&ImportedStretch| one.last >= from && one.first <= to;
        imports_of_stretches(self.stretches.iter().filter(touches))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample_import::SampleImport;
    use proptest::prelude::*;

    fn stretch(id: u64, first: i64, last: i64, interval_ms: i64) -> ImportedStretch {
        ImportedStretch {
            import: Arc::new(SampleImport {
                id,
                point: "meter.energy".into(),
                file: "a.csv".to_owned(),
                sha256: String::new(),
                by: String::new(),
                at: UtcMs(0),
                interval_ms,
            }),
            first: UtcMs(first),
            last: UtcMs(last),
            samples: 1,
            replaced: 0,
        }
    }

    #[test]
    fn the_interval_is_that_of_the_file_and_of_the_later_one_of_two() {
        let all = [stretch(1, 100, 200, 10), stretch(2, 150, 300, 20)];
        let spans = ImportedSpans::of_point(&"meter.energy".into(), &all);
        let found = [99, 100, 149, 150, 300, 301].map(|at| spans.interval_at(at));
        assert_eq!(found, [0, 10, 10, 20, 20, 0]);
        let other = ImportedSpans::of_point(&"meter.power".into(), &all);
        assert_eq!(other.interval_at(150), 0);
        assert_eq!(spans.imports_within(UtcMs(201), UtcMs(250)).len(), 1);
        assert_eq!(spans.imports_within(UtcMs(200), UtcMs(250)).len(), 2);
    }

    #[test]
    fn an_import_within_an_earlier_one_leaves_the_rest_of_it_as_it_was() {
        let whole = stretch(1, 0, 1000, 10);
        let day = (0, 1000);
        let alone = ImportedSpans::of_point(&"meter.energy".into(), std::slice::from_ref(&whole));
        assert_eq!(alone.slots_and_rows(day, 1), (1000, 100));
        for (first, last, interval) in [(500, 500, 0), (500, 600, 10), (300, 700, 10)] {
            let all = [whole.clone(), stretch(2, first, last, interval)];
            let spans = ImportedSpans::of_point(&"meter.energy".into(), &all);
            let found = [first - 1, last + 1, 1000].map(|at| spans.interval_at(at));
            assert_eq!(found, [10; 3], "{first}");
            let (slots, rows) = spans.slots_and_rows(day, 1);
            assert!(
                slots.abs_diff(1000) <= 2 && rows.abs_diff(100) <= 1,
                "{slots} {rows}"
            );
        }
    }

    proptest! {
        #[test]
        fn each_time_has_the_interval_of_the_last_import_that_has_it(
            ends in prop::collection::vec((0i64..60, 0i64..40), 0..9),
        ) {
            let all = ends.iter().zip(1..);
            let all = all.map(|((first, length), id)| {
                stretch(id, *first, first + length, i64::try_from(id).unwrap())
            });
            let all: Vec<ImportedStretch> = all.collect();
            let spans = ImportedSpans::of_point(&"meter.energy".into(), &all);
            for at in 0..100 {
                let mut newest = all.iter().rev();
                let newest = newest.find(|one| (one.first.0..=one.last.0).contains(&at));
                let expected = newest.map_or(0, |one| one.import.interval_ms);
                prop_assert_eq!(spans.interval_at(at), expected, "{} {:?}", at, spans.spans);
            }
        }

        #[test]
        fn spans_never_overlap(
            ends in prop::collection::vec((0i64..100, 0i64..40, 1u64..9), 0..12),
        ) {
            let all = ends.iter();
            let all = all.map(|(first, length, id)| stretch(*id, *first, first + length, 5));
            let all: Vec<ImportedStretch> = all.collect();
            let spans = ImportedSpans::of_point(&"meter.energy".into(), &all).spans;
            for pair in spans.windows(2) {
                prop_assert!(pair[0].1 < pair[1].0, "{spans:?}");
            }
        }
    }
}
