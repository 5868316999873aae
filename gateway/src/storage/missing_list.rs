//! [`MissingRows`]: what a file lacks, by kind, day and device. Pure.

use super::local_calendar::LocalDay;
use crate::domain::data_damage::DamagedContent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Missing content, by kind, day and device: first and last number, and the number of rows.
pub(super) type MissingRows = BTreeMap<(DamagedContent, LocalDay, Arc<str>), (i64, i64, u64)>;

/// Adds a stretch to what is missing.
pub(super) fn add_missing(
    missing: &mut MissingRows,
    key: (DamagedContent, LocalDay, Arc<str>),
    (first, last, rows): (i64, i64, u64),
) {
    let known = missing.entry(key).or_insert((first, last, 0));
    *known = (known.0.min(first), known.1.max(last), known.2 + rows);
}

/// Gives a long list one line a day for all devices, which has no name. Nothing is left out of it.
pub(super) fn join_devices(missing: &MissingRows) -> MissingRows {
    let mut joined = MissingRows::new();
    for ((what, day, _), stretch) in missing {
        add_missing(&mut joined, (*what, *day, "".into()), *stretch);
    }
    joined
}
