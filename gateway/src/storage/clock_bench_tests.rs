//! Parts of the tests of clocks: a store whose readings have the time that its clock shows.

use super::Store;
use super::tests::{decimal, open_at, site};
use crate::clock::Clock;
use crate::domain::Reading;
use std::path::Path;

/// Hour and day, ms.
pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;

/// Opens a store with one point, which keeps raw readings for so many days.
pub(super) fn open_clocked(dir: &Path, clock: &Clock, keep: Option<u64>) -> Store {
    open_at(dir, &site(&["power"]), clock, keep)
}

/// Appends a reading of this value with the time that the clock shows now.
pub(super) async fn read_now(store: &Store, clock: &Clock, number: i64) {
    let now = clock.now();
    let reading = Reading {
        device: 0,
        at: now.at,
        mono: now.mono,
        dated: now.trusted,
        outcomes: [decimal(number)].into(),
    };
    store.append(reading).await.unwrap();
}

/// Closes what may be closed; returns the days that have a record.
pub(super) async fn closed_days(store: &Store) -> Vec<String> {
    while store.close_due_days().await.unwrap() > 0 {}
    let digests = store.digests_after(0).await.unwrap();
    digests.iter().map(|one| one.day.to_string()).collect()
}
