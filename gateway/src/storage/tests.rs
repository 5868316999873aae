//! Tests of the store through its public interface.

use super::*;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::domain::*;
use crate::tests::site_with_devices;
use std::path::Path;
use std::time::Duration;

/// 2026-11-21 00:00 in Jakarta.
pub(super) const MIDNIGHT: i64 = 1_795_194_000_000;

/// Removes the tables of versions after 3.
pub(super) const BACK_TO_VERSION_3: &str = "
    DROP TABLE clock_pair; DROP TABLE identity; DROP TABLE sink_lane; DROP TABLE data_damage;
    DROP TABLE time_stamp; DROP TABLE redated_stretch;
    DROP TABLE replaced_samples; DROP TABLE import_stretch; DROP TABLE sample_import;
    DROP TABLE issued_file; DROP TABLE issued_report; DROP TABLE entry_key;
    DROP TABLE figure_snapshot; DROP TABLE alarm_state; DROP TABLE alarm_change;
    DROP TABLE alarm_delivery; DROP TABLE alarm_message; DROP TABLE alarm_channel;
    DROP TABLE alarm_traffic; DROP TABLE technician_note; DROP TABLE handover_record;
    ALTER TABLE device DROP COLUMN kind;";

pub(super) fn site(points: &[&str]) -> Site {
    let point = |name: &&str| PointInfo {
        id: format!("meter.{name}").into(),
        name: (*name).into(),
        unit: "W".into(),
        quantity: "power".into(),
        counter: false,
    };
    let meter = DeviceInfo {
        id: "meter".into(),
        bus: "b".into(),
        profile: None,
        kind: "meter".into(),
        every_ms: 10_000,
        points: points.iter().map(point).collect(),
    };
    site_with_devices("s", vec![meter])
}

pub(super) fn open(dir: &Path, site: &Site) -> Store {
    try_open_store(dir, site).unwrap()
}

pub(super) fn try_open_store(dir: &Path, site: &Site) -> Result<Store, StoreError> {
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    // A day later, so that no reading of these tests lies in the future.
    let clock = Clock::set(UtcMs(MIDNIGHT + 86_400_000), true);
    Store::open(dir, site, &settings, "text", &clock)
}

pub(super) fn decimal(mantissa: i64) -> SampleOutcome {
    SampleOutcome::Good(ExactNumber::Decimal {
        mantissa,
        exponent: -1,
    })
}

pub(super) fn reading(at: i64, outcomes: &[SampleOutcome]) -> Reading {
    Reading {
        device: 0,
        at: UtcMs(at),
        mono: MonoMs(5),
        dated: true,
        outcomes: outcomes.into(),
    }
}

pub(super) async fn ask(store: &Store, query: PointQuery) -> Vec<Sample> {
    let mut blocks = store.query(query).await.unwrap();
    let mut all = Vec::new();
    while let Some(block) = blocks.recv().await {
        all.extend(block.unwrap());
    }
    all
}

pub(super) fn raw(point: &str) -> PointQuery {
    PointQuery {
        point: point.to_owned(),
        from: UtcMs(0),
        to: UtcMs(i64::MAX),
        step: BucketStep::Raw,
        aggregate: AggregateFunction::Mean,
    }
}

#[tokio::test]
async fn what_was_flushed_is_there_after_a_stop_without_warning() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power", "temp"]);
    let store = open(dir.path(), &site);
    assert_eq!(store.sink_lanes("mqtt").await.unwrap(), None);
    for i in 0..10 {
        let outcomes = [decimal(i), SampleOutcome::Bad(QualityReason::Timeout)];
        store
            .append(reading(MIDNIGHT + i * 10_000, &outcomes))
            .await
            .unwrap();
    }
    assert_eq!(store.flush().await.unwrap(), 10);
    store
        .advance_lanes("mqtt", DeliveryLanes::at(4))
        .await
        .unwrap();
    store.flush().await.unwrap();
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 10);
    store
        .append(reading(MIDNIGHT + 100_000, &[decimal(10), decimal(1)]))
        .await
        .unwrap();
    assert!(matches!(
        try_open_store(dir.path(), &site),
        Err(StoreError::Busy(_))
    ));
    // A copy of the files at this moment is what a power cut would leave; the open store still has
    // the lock.
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let again = open(copy.path(), &site);
    assert_eq!(
        again.sink_lanes("mqtt").await.unwrap(),
        Some(DeliveryLanes::at(4))
    );
    let readings = again.read_journal(4, 100).await.unwrap();
    assert_eq!(
        readings.iter().map(|one| one.seq).collect::<Vec<_>>(),
        [5, 6, 7, 8, 9, 10]
    );
    assert_eq!(readings[0].reading.outcomes[0], decimal(4));
    let last = again.latest_samples().await.unwrap();
    assert_eq!(last[0].sample.outcome, decimal(9));
    assert!(last[0].durable);
    again
        .append(reading(MIDNIGHT + 100_000, &[decimal(3), decimal(1)]))
        .await
        .unwrap();
    assert_eq!(again.flush().await.unwrap(), 11);
}

/// Opens a store with a clock that the test moves.
pub(super) fn open_at(dir: &Path, site: &Site, clock: &Clock, keep: Option<u64>) -> Store {
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_hours(1),
        keep: keep.map(|days| Duration::from_hours(days * 24)),
        budget: None,
    };
    Store::open(dir, site, &settings, "text", clock).unwrap()
}

/// Advances the clock by 90 minutes and flushes until the closed days are merged.
pub(super) async fn close_days(store: &Store, clock: &Clock) {
    clock.advance(Duration::from_mins(90));
    for _ in 0..5 {
        store.flush().await.unwrap();
    }
    wait_for_maintenance(store).await;
}

/// Waits for the maintenance after the last flush, so that the clock may be moved.
pub(super) async fn wait_for_maintenance(store: &Store) {
    // Requests are served in order: the answer comes after the maintenance of the flush.
    store.latest_samples().await.unwrap();
}

fn bucket_query(step: BucketStep, aggregate: AggregateFunction) -> PointQuery {
    PointQuery {
        step,
        aggregate,
        ..raw("meter.power")
    }
}

/// Expected buckets, computed without roll-ups.
fn naive_buckets(
    samples: &[Sample],
    size: i64,
    aggregate: AggregateFunction,
) -> Vec<(i64, Option<f64>)> {
    let mut all: Vec<(i64, Option<f64>)> = Vec::new();
    let mut before: Option<f64> = None;
    for group in samples.chunk_by(|a, b| {
        (a.at.0 - MIDNIGHT).div_euclid(size) == (b.at.0 - MIDNIGHT).div_euclid(size)
    }) {
        let start = MIDNIGHT + (group[0].at.0 - MIDNIGHT).div_euclid(size) * size;
        let numbers: Vec<f64> = group
            .iter()
            .filter_map(|sample| sample.outcome.number().map(ExactNumber::to_f64))
            .collect();
        let mut grown = 0.0;
        for number in &numbers {
            let from = before.unwrap_or(*number);
            grown += if *number >= 0.9 * from {
                number - from
            } else {
                *number
            };
            before = Some(*number);
        }
        let sum: f64 = numbers.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "a few samples")]
        let value = match aggregate {
            AggregateFunction::Mean => sum / numbers.len() as f64,
            AggregateFunction::Min => numbers.iter().copied().fold(f64::MAX, f64::min),
            AggregateFunction::Max => numbers.iter().copied().fold(f64::MIN, f64::max),
            AggregateFunction::Last => numbers.last().copied().unwrap_or_default(),
            AggregateFunction::Sum => sum,
            AggregateFunction::Delta => grown,
        };
        all.push((start, (!numbers.is_empty()).then_some(value)));
    }
    all
}

const AGGREGATES: [AggregateFunction; 6] = [
    AggregateFunction::Mean,
    AggregateFunction::Min,
    AggregateFunction::Max,
    AggregateFunction::Last,
    AggregateFunction::Sum,
    AggregateFunction::Delta,
];

async fn assert_buckets(store: &Store, samples: &[Sample]) {
    for (step, size) in [
        (BucketStep::Millis(300_000), 300_000),
        (BucketStep::Millis(7_200_000), 7_200_000),
        (BucketStep::Day, 86_400_000),
    ] {
        for aggregate in AGGREGATES {
            let got = ask(store, bucket_query(step, aggregate)).await;
            let want = naive_buckets(samples, size, aggregate);
            assert_eq!(got.len(), want.len(), "{step:?} {aggregate:?}");
            for (got, (at, value)) in got.iter().zip(want) {
                assert_eq!(got.at.0, at, "{step:?} {aggregate:?}");
                let got = got.outcome.number().map(ExactNumber::to_f64);
                // Not exact: the store adds up integers, the expected value adds doubles.
                let near = match (got, value) {
                    (Some(a), Some(b)) => (a - b).abs() < 1e-6 * b.abs().max(1.0),
                    (a, b) => a == b,
                };
                assert!(
                    near,
                    "{step:?} {aggregate:?} at {at}: {got:?}, not {value:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn random_days_come_back_exact_hot_sealed_and_reopened_and_buckets_add_up() {
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        let dir = tempfile::tempdir().unwrap();
        let site = site(&["power"]);
        let clock = Clock::set(UtcMs(MIDNIGHT), true);
        let mut store = open_at(dir.path(), &site, &clock, None);
        let mut want = Vec::new();
        let mut at = MIDNIGHT;
        for _ in 0..3000 {
            // Mostly the same step, as polls have, and a gap of an hour now and then.
            at += if random.u8(..) < 250 {
                60_000
            } else {
                3_600_000
            };
            let outcome = match random.u8(..) {
                0..8 => SampleOutcome::Bad(QualityReason::Timeout),
                8..12 => SampleOutcome::Uncertain(
                    ExactNumber::Float(random.f64()),
                    QualityReason::OutOfRange,
                ),
                _ => decimal(random.i64(0..5000)),
            };
            want.push(Sample {
                at: UtcMs(at),
                outcome,
            });
            clock.set_wall_clock(UtcMs(at));
            store.append(reading(at, &[outcome])).await.unwrap();
            match random.u16(..1000) {
                0..40 => drop(store.flush().await.unwrap()),
                // The store is also stopped and opened in the middle of a day.
                40..42 => {
                    store.stop().await;
                    store = open_at(dir.path(), &site, &clock, None);
                }
                _ => {}
            }
        }
        store.flush().await.unwrap();
        assert_eq!(ask(&store, raw("meter.power")).await, want, "seed {seed}");
        assert_buckets(&store, &want).await;
        clock.advance(Duration::from_hours(24));
        close_days(&store, &clock).await;
        assert_eq!(
            ask(&store, raw("meter.power")).await,
            want,
            "sealed, seed {seed}"
        );
        assert_buckets(&store, &want).await;
        store.stop().await;
        let store = open_at(dir.path(), &site, &clock, None);
        assert_eq!(
            ask(&store, raw("meter.power")).await,
            want,
            "reopened, seed {seed}"
        );
        assert_eq!(
            store.latest_samples().await.unwrap()[0].sample,
            *want.last().unwrap()
        );
        store.append(reading(at + 1, &[decimal(1)])).await.unwrap();
        assert_eq!(store.flush().await.unwrap(), 3001, "numbers go on");
    }
}

#[tokio::test]
async fn late_and_imported_samples_merge_and_replace() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    for i in [0, 1, 3] {
        store
            .append(reading(MIDNIGHT + i * 1000, &[decimal(i)]))
            .await
            .unwrap();
    }
    clock.advance(Duration::from_hours(48));
    close_days(&store, &clock).await;
    store
        .append(reading(MIDNIGHT + 2000, &[decimal(20)]))
        .await
        .unwrap();
    close_days(&store, &clock).await;
    let number = |mantissa| ExactNumber::Decimal {
        mantissa,
        exponent: -1,
    };
    let rows = vec![
        (UtcMs(MIDNIGHT + 3000), number(30)),
        (UtcMs(MIDNIGHT - 1000), number(-1)),
    ];
    assert_eq!(store.import_rows("meter.power", rows).await.unwrap(), 2);
    let want = [(-1000, -1), (0, 0), (1000, 1), (2000, 20), (3000, 30)];
    let want: Vec<_> = want
        .iter()
        .map(|(at, mantissa)| Sample {
            at: UtcMs(MIDNIGHT + at),
            outcome: decimal(*mantissa),
        })
        .collect();
    assert_eq!(ask(&store, raw("meter.power")).await, want);
    let sums = ask(
        &store,
        bucket_query(BucketStep::Day, AggregateFunction::Sum),
    )
    .await;
    assert_eq!(sums.len(), 2);
    assert_eq!(sums[1].outcome, decimal(51));
    let unknown = store.import_rows("meter.nothing", Vec::new()).await;
    assert!(matches!(unknown, Err(StoreError::UnknownPoint(_))));
}

#[tokio::test]
async fn both_lanes_of_a_sink_are_there_after_a_restart_and_gone_with_the_backlog() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let mut lanes = DeliveryLanes::at(3);
    lanes.begin_live_at(8);
    lanes.advance(DeliveryLane::Live, 9);
    for wanted in [lanes, DeliveryLanes::at(9)] {
        let store = open(dir.path(), &site);
        store.sink_lanes("mqtt").await.unwrap();
        let moved = store.advance_lanes("mqtt", wanted.clone());
        moved.await.unwrap();
        store.flush().await.unwrap();
        store.stop().await;
        let again = open(dir.path(), &site);
        assert_eq!(again.sink_lanes("mqtt").await.unwrap(), Some(wanted));
        again.stop().await;
    }
}

#[tokio::test]
async fn undated_readings_get_their_true_time_in_the_samples_and_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    let mut undated = reading(1000, &[decimal(7)]);
    undated.dated = false;
    store.append(undated).await.unwrap();
    store.flush().await.unwrap();
    let doubtful = SampleOutcome::Uncertain(decimal(7).number().unwrap(), QualityReason::Undated);
    assert_eq!(ask(&store, raw("meter.power")).await[0].outcome, doubtful);
    assert_eq!(
        ask(
            &store,
            bucket_query(BucketStep::Day, AggregateFunction::Sum)
        )
        .await,
        []
    );
    let boot = crate::clock::boot_id();
    assert_eq!(
        store
            // The reading has 1000 by the wall clock and 5 by the monotonic one, an offset of 995:
            // with this true offset it moves by exactly MIDNIGHT.
            .redate_boot(boot.clone(), MIDNIGHT + 995)
            .await
            .unwrap(),
        1
    );
    let want = Sample {
        at: UtcMs(MIDNIGHT + 1000),
        outcome: decimal(7),
    };
    assert_eq!(ask(&store, raw("meter.power")).await, [want]);
    assert_eq!(store.latest_samples().await.unwrap()[0].sample, want);
    let readings = store.read_journal(0, 10).await.unwrap();
    assert!(readings[0].reading.dated);
    assert_eq!(readings[0].reading.at, want.at);
    assert_eq!(
        store
            .redate_boot(boot.clone(), MIDNIGHT + 995)
            .await
            .unwrap(),
        0
    );
    // What was moved stays known: from which boot, by how much.
    let moved = store.redated_stretches(want.at, want.at).await.unwrap();
    assert_eq!(moved.len(), 1);
    let era = format!("{}@995", boot.0);
    assert_eq!((&*moved[0].point, &moved[0].era), ("meter.power", &era));
    assert_eq!((moved[0].shift_ms, moved[0].samples), (MIDNIGHT, 1));
    assert_eq!((moved[0].first, moved[0].last), (want.at, want.at));
    let later = UtcMs(want.at.0 + 1);
    assert_eq!(store.redated_stretches(later, later).await.unwrap(), []);
}

#[tokio::test]
async fn the_journal_waits_for_the_slowest_sink_and_no_longer() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    store.sink_lanes("influx").await.unwrap();
    for i in 0..10 {
        store
            .append(reading(MIDNIGHT + i, &[decimal(i)]))
            .await
            .unwrap();
        store.flush().await.unwrap();
    }
    store
        .advance_lanes("mqtt", DeliveryLanes::at(10))
        .await
        .unwrap();
    store
        .advance_lanes("influx", DeliveryLanes::at(4))
        .await
        .unwrap();
    store.flush().await.unwrap();
    close_days(&store, &clock).await;
    store.stop().await;
    let store = open_at(dir.path(), &site, &clock, None);
    let left = store.read_journal(0, 100).await.unwrap();
    assert_eq!(
        left.iter().map(|one| one.seq).collect::<Vec<_>>(),
        [5, 6, 7, 8, 9, 10]
    );
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 10);
}

#[tokio::test]
async fn readings_of_a_device_that_is_gone_or_changed_still_reach_a_sink_that_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let before = site(&["power", "energy"]);
    let store = open_at(dir.path(), &before, &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    let put = async |store: &Store, at: i64, values: &[SampleOutcome]| {
        store.append(reading(MIDNIGHT + at, values)).await.unwrap();
    };
    put(&store, 1, &[decimal(1), decimal(2)]).await;
    store.stop().await;
    // A point is taken out, then the device itself is another one.
    let store = open_at(dir.path(), &site(&["energy"]), &clock, None);
    put(&store, 2, &[decimal(3)]).await;
    store.stop().await;
    let mut after = site(&["level"]);
    after.devices[0].id = "tank".into();
    after.devices[0].kind = "level".into();
    after.devices[0].points[0].id = "tank.level".into();
    let store = open_at(dir.path(), &after, &clock, None);
    put(&store, 3, &[decimal(4)]).await;
    store.flush().await.unwrap();
    let devices: Vec<_> = after.devices.iter().chain(store.past_devices()).collect();
    let waiting = store.read_journal(0, 10).await.unwrap();
    let told = waiting.iter().map(|one| {
        let device = devices[usize::from(one.reading.device)];
        let names = device.points.iter().map(|point| &*point.name);
        let values = one.reading.outcomes.iter().map(|one| one.number().unwrap());
        let values: Vec<_> = names.zip(values.map(|one| one.to_string())).collect();
        (one.seq, &*device.id, &*device.kind, values)
    });
    let value = |name, number: &str| (name, number.to_owned());
    let kind = &*before.devices[0].kind;
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (
                1,
                "meter",
                kind,
                vec![value("power", "0.1"), value("energy", "0.2")]
            ),
            (2, "meter", kind, vec![value("energy", "0.3")]),
            (3, "tank", "level", vec![value("level", "0.4")]),
        ]
    );
    store.stop().await;
}

#[tokio::test]
async fn raw_samples_go_by_age_and_their_daily_figures_stay() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, Some(3));
    for day in 0..6 {
        let at = MIDNIGHT + day * 86_400_000;
        clock.set_wall_clock(UtcMs(at));
        store.append(reading(at, &[decimal(day)])).await.unwrap();
        close_days(&store, &clock).await;
    }
    let kept = ask(&store, raw("meter.power")).await;
    // A day later than the rule says: the first deletion has a notice of a day.
    assert_eq!(kept[0].outcome, decimal(1));
    assert_eq!(
        ask(
            &store,
            bucket_query(BucketStep::Day, AggregateFunction::Last)
        )
        .await
        .len(),
        6
    );
}
