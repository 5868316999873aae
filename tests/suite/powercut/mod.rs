//! Test of power cuts at two hundred random moments: every acknowledged reading is there and none
//! is wrong.
//!
//! A day of a simulated site is kept on a disk that logs its blocks; at each acknowledged flush the
//! length of the log is noted. Then images of the disk as a cut left it are rebuilt, mounted (the
//! file system replays its own journal) and opened by the store.

mod disk;

use crate::sites::site_of;
pub(crate) use disk::SeededRandom;
use disk::{BlockLog, LoggedDisk, MountedImage, UnflushedWrites};
use gateway::clock::Clock;
use gateway::config::StoreSettings;
use gateway::domain::{
    DeviceInfo, ExactNumber, MonoMs, NumberedReading, PointInfo, QualityReason, Reading,
    ReadingSeq, SampleOutcome, Site, UtcMs,
};
use gateway::storage::Store;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Images that are rebuilt and checked.
const IMAGES: usize = 200;
/// Flushes of the simulated day; a local midnight with its sealing lies among them.
const FLUSHES: usize = 600;
const POINTS: usize = 50;
/// 2026-11-21T23:00:00 in Jakarta: an hour before the day is sealed.
const START: UtcMs = UtcMs(1_795_276_800_000);

/// Number of disk events at which the store had reported a sequence number as durable.
type AcknowledgedFlushes = Vec<(usize, ReadingSeq)>;

fn meter_site() -> Site {
    let points = (0..POINTS).map(|index| PointInfo {
        id: format!("meter.p{index}").into(),
        name: format!("p{index}").into(),
        unit: "W".into(),
        quantity: "power".into(),
        counter: false,
    });
    let devices = vec![DeviceInfo {
        id: "meter".into(),
        bus: "lan".into(),
        profile: None,
        kind: "meter".into(),
        every_ms: 10_000,
        points: points.collect(),
    }];
    site_of("cut", "Cut", devices)
}

/// Returns the n-th reading of the device, computed from n, so that it can be checked later.
fn nth_reading(n: u64) -> Reading {
    let outcomes = (0..POINTS as u64).map(|point| {
        // Gaps at places that differ by point, because a gap is coded otherwise than a value.
        if (n + point).is_multiple_of(97) {
            return SampleOutcome::Bad(QualityReason::Timeout);
        }
        let steps = (n * 7 + point * 13) % 1000 + point * 1000;
        SampleOutcome::Good(ExactNumber::Decimal {
            mantissa: i64::try_from(steps).unwrap(),
            exponent: -1,
        })
    });
    Reading {
        device: 0,
        at: UtcMs(START.0 + i64::try_from(n).unwrap() * 10_000),
        mono: MonoMs(n * 10_000),
        dated: true,
        outcomes: outcomes.collect(),
    }
}

fn open_store(path: &Path, clock: &Clock) -> Store {
    let settings = StoreSettings {
        path: path.to_owned(),
        // The test itself flushes, so that it knows the length of the log at each acknowledgement.
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    Store::open(path, &meter_site(), &settings, "# cut", clock).expect("the store always starts")
}

/// Simulates a day on the logged disk: six readings per flush, and a sink that never reads, so that
/// the journal is kept.
async fn simulate_day(disk: &LoggedDisk) -> AcknowledgedFlushes {
    let clock = Clock::set(START, true);
    let store = open_store(&disk.mounted.at.join("store"), &clock);
    // A cursor that is known and never moves keeps the journal from being deleted.
    store.sink_lanes("sink").await.unwrap();
    let mut acknowledged = Vec::new();
    for flush in 0..FLUSHES as u64 {
        for n in flush * 6..(flush + 1) * 6 {
            store.append(nth_reading(n)).await.unwrap();
            clock.advance(Duration::from_secs(10));
        }
        let seq = store.flush().await.unwrap();
        acknowledged.push((disk.log.len(), seq));
    }
    store.stop().await;
    acknowledged
}

/// Checks that every acknowledged reading is in the store, unchanged.
async fn check_acknowledged(path: &Path, due: ReadingSeq, clock: &Clock) {
    let store = open_store(path, clock);
    let mut after = 0;
    loop {
        let batch: Vec<Arc<NumberedReading>> = store.read_journal(after, 2000).await.unwrap();
        let Some(last) = batch.last() else { break };
        for numbered in &batch {
            after += 1;
            // More than the acknowledged readings may be there, since a write can reach the disk
            // before its flush; a hole may not.
            assert_eq!(numbered.seq, after, "the journal has a hole");
            let (found, sent) = (&numbered.reading, nth_reading(after - 1));
            assert_eq!(
                (found.at, &found.outcomes),
                (sent.at, &sent.outcomes),
                "seq {after}"
            );
        }
        assert_eq!(after, last.seq);
    }
    assert!(
        due <= after,
        "acknowledged up to {due}, found up to {after}"
    );
    store.stop().await;
}

async fn cut_and_check(
    log: &BlockLog,
    acknowledged: &AcknowledgedFlushes,
    scratch: &Path,
    image: usize,
) {
    // Seeded by its number: a failing image can be made again alone.
    let mut dice = SeededRandom(image as u64 * 7919 + 1);
    // Before the first acknowledgement there may be no file system yet, and nothing is due.
    let first = acknowledged.first().unwrap().0;
    let at = first + dice.below(log.len() - first);
    let due = acknowledged
        .iter()
        .rev()
        .find(|(length, _)| *length <= at)
        .unwrap()
        .1;
    let fate = [
        UnflushedWrites::All,
        UnflushedWrites::None,
        UnflushedWrites::Half,
        UnflushedWrites::Torn,
    ][image % 4];
    let disk = scratch.join("cut");
    std::fs::write(&disk, log.image_after_cut(at, fate, &mut dice)).unwrap();
    let mut mounted = MountedImage::new(&disk, &scratch.join("after"));
    // After all readings, so that the store also closes the day on what the cut left.
    let clock = Clock::set(UtcMs(START.0 + 86_400_000), true);
    check_acknowledged(&mounted.at.join("store"), due, &clock).await;
    mounted.unmount();
}

#[tokio::test]
async fn two_hundred_power_cuts_lose_nothing_acknowledged() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = LoggedDisk::new(scratch.path());
    let acknowledged = simulate_day(&disk).await;
    let log = disk.finish();
    for image in 0..IMAGES {
        cut_and_check(&log, &acknowledged, scratch.path(), image).await;
    }
}
