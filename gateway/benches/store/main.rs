//! Disk space per sample and time of queries; prints one line per measurement.
//!
//! `cargo bench -p gateway --bench store`. With `PANTAU_DATA=DIR` the series come from measured
//! ones (`series`) instead of seeded random walks. Where `victoria-metrics` is installed it keeps
//! the same samples in the same run.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a benchmark measures with the real clock and prints rounded ratios"
)]

mod series;
mod victoria;

use gateway::clock::Clock;
use gateway::config::StoreSettings;
use gateway::domain::site_zone::SiteZone;
use gateway::domain::{DeviceInfo, MonoMs, PointInfo, Reading, Sample, SampleOutcome, Site, UtcMs};
use gateway::storage::{AggregateFunction, BucketStep, PointQuery, Store};
use series::BenchSeries;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

type StoreBenchResult<T> = Result<T, Box<dyn Error>>;

/// 2026-01-01 00:00 in Jakarta.
const START_MS: i64 = 1_767_200_400_000;
const DAY_MS: i64 = 86_400_000;
const DEVICES: usize = 5;
const POINTS: usize = 10;

fn main() -> StoreBenchResult<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        size_and_raw_day().await?;
        query_years().await
    })
}

/// 30 days of 50 points each 10 s, through the journal as a gateway does it.
async fn size_and_raw_day() -> StoreBenchResult<()> {
    let dir = tempfile::tempdir()?;
    let site = bench_site(DEVICES, POINTS);
    let clock = Clock::set(UtcMs(START_MS), true);
    let store = open_store(dir.path(), &site, &clock)?;
    let mut series = BenchSeries::one_per_point(DEVICES * POINTS)?;
    let (samples, seconds) = append_month(&store, &clock, &mut series).await?;
    print_line(&format!(
        "taken in          {:.2} M samples in {seconds:.1} s",
        samples as f64 / 1e6
    ))?;
    let query = |step, aggregate, days: i64| PointQuery {
        point: "d0.p1".to_owned(),
        from: UtcMs(START_MS + 10 * DAY_MS),
        to: UtcMs(START_MS + (10 + days) * DAY_MS),
        step,
        aggregate,
    };
    time_query(
        &store,
        "one raw day",
        &query(BucketStep::Raw, AggregateFunction::Mean, 1),
    )
    .await?;
    time_query(
        &store,
        "a day by 5 min",
        &query(BucketStep::Millis(300_000), AggregateFunction::Mean, 1),
    )
    .await?;
    let begun = Instant::now();
    let last = store.latest_samples().await?;
    print_line(&format!(
        "last of all       {:.3} ms, {} points",
        elapsed_ms(begun),
        last.len()
    ))?;
    store.stop().await;
    let bytes = std::fs::metadata(dir.path().join("pantau.db"))?.len();
    print_line(&format!(
        "bytes a sample    {:.3}",
        bytes as f64 / count_as_f64(samples)
    ))?;
    if let Some(theirs) = victoria::bytes_per_sample()? {
        print_line(&format!("VictoriaMetrics   {theirs:.3} bytes a sample"))?;
    }
    time_reopen(dir.path(), &site, &clock).await
}

/// Appends 30 days of readings, one slot after the other, and closes the last day. Returns the
/// number of good samples and the time it took, s.
async fn append_month(
    store: &Store,
    clock: &Clock,
    series: &mut [BenchSeries],
) -> StoreBenchResult<(usize, f64)> {
    let slots = 30 * DAY_MS / 10_000;
    let (mut samples, begun) = (0, Instant::now());
    for slot in 0..slots {
        clock.advance(Duration::from_secs(10));
        let at = UtcMs(START_MS + slot * 10_000);
        for device in 0..DEVICES {
            let mine = &mut series[device * POINTS..(device + 1) * POINTS];
            let outcomes: Box<[SampleOutcome]> =
                mine.iter_mut().map(|one| one.next(slot)).collect();
            samples += outcomes.iter().filter(|one| one.number().is_some()).count();
            let reading = Reading {
                device: u16::try_from(device)?,
                at,
                mono: MonoMs(0),
                dated: true,
                outcomes,
            };
            store.append(reading).await?;
        }
        // Ten minutes in one flush, so that the bench does not wait for the disk at each slot.
        if slot % 60 == 59 {
            store.flush().await?;
        }
    }
    // The last day closes, and the work after it is done.
    // Beyond the next hour, when parts are sealed, and beyond the grace after midnight.
    clock.advance(Duration::from_secs(3700));
    for _ in 0..4 {
        store.flush().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok((samples, seconds))
}

/// A year of ten points each minute, and five years of a meter each ten minutes.
async fn query_years() -> StoreBenchResult<()> {
    let dir = tempfile::tempdir()?;
    let site = bench_site(1, 10);
    let clock = Clock::set(UtcMs(START_MS), true);
    let store = open_store(dir.path(), &site, &clock)?;
    let mut series = BenchSeries::one_per_point(10)?;
    let begun = Instant::now();
    let mut columns = Vec::new();
    for (point, series) in series.iter_mut().enumerate().skip(1) {
        let id: Arc<str> = format!("d0.p{point}").into();
        columns.push((id, series_samples(series, 60_000, 365)));
    }
    store.import_columns(columns).await?;
    let five = series_samples(&mut series[0], 600_000, 5 * 365);
    store.import_columns(vec![("d0.p0".into(), five)]).await?;
    print_line(&format!(
        "imported          4.99 M samples in {:.0} ms",
        elapsed_ms(begun)
    ))?;
    let query = |point: &str, step, aggregate, days: i64| PointQuery {
        point: point.to_owned(),
        from: UtcMs(START_MS),
        to: UtcMs(START_MS + days * DAY_MS),
        step,
        aggregate,
    };
    time_query(
        &store,
        "a year by day",
        &query("d0.p1", BucketStep::Day, AggregateFunction::Mean, 365),
    )
    .await?;
    time_query(
        &store,
        "a year by hour",
        &query(
            "d0.p1",
            BucketStep::Millis(3_600_000),
            AggregateFunction::Max,
            365,
        ),
    )
    .await?;
    let monthly = query(
        "d0.p0",
        BucketStep::Month,
        AggregateFunction::Delta,
        5 * 365,
    );
    time_query(&store, "5 y energy, months", &monthly).await?;
    store.stop().await;
    time_reopen(dir.path(), &site, &clock).await
}

async fn time_reopen(dir: &Path, site: &Site, clock: &Clock) -> StoreBenchResult<()> {
    let begun = Instant::now();
    let store = open_store(dir, site, clock)?;
    store.latest_samples().await?;
    print_line(&format!("open again        {:.1} ms", elapsed_ms(begun)))?;
    store.stop().await;
    Ok(())
}

async fn time_query(store: &Store, what: &str, query: &PointQuery) -> StoreBenchResult<()> {
    let mut best = f64::MAX;
    let mut samples = 0;
    for _ in 0..10 {
        let begun = Instant::now();
        let mut blocks = store.query(query.clone()).await?;
        let mut all: Vec<Sample> = Vec::new();
        while let Some(block) = blocks.recv().await {
            all.extend(block?);
        }
        // The best of ten: other work on the computer only makes a query slower.
        best = best.min(elapsed_ms(begun));
        samples = all.len();
    }
    print_line(&format!("{what:<18}{best:.2} ms, {samples} samples"))
}

fn elapsed_ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

fn count_as_f64(n: usize) -> f64 {
    n as f64
}

fn print_line(line: &str) -> StoreBenchResult<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn open_store(dir: &Path, site: &Site, clock: &Clock) -> StoreBenchResult<Store> {
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    Ok(Store::open(dir, site, &settings, "bench", clock)?)
}

fn bench_site(devices: usize, points: usize) -> Site {
    let point = |device: usize, point: usize| PointInfo {
        id: format!("d{device}.p{point}").into(),
        name: format!("p{point}").into(),
        unit: "".into(),
        quantity: "".into(),
        counter: false,
    };
    let device = |device: usize| DeviceInfo {
        id: format!("d{device}").into(),
        bus: "b".into(),
        profile: None,
        kind: "meter".into(),
        every_ms: 10_000,
        points: (0..points).map(|one| point(device, one)).collect(),
    };
    Site {
        id: "bench".into(),
        name: "Bench".into(),
        timezone: SiteZone::default(),
        latitude: -3.76,
        longitude: 103.78,
        devices: (0..devices).map(device).collect(),
    }
}

fn series_samples(
    series: &mut BenchSeries,
    every_ms: i64,
    days: i64,
) -> Vec<(UtcMs, SampleOutcome)> {
    let slots = days * DAY_MS / every_ms;
    (0..slots)
        .map(|slot| {
            (
                UtcMs(START_MS + slot * every_ms),
                series.next(slot * every_ms / 10_000),
            )
        })
        .collect()
}
