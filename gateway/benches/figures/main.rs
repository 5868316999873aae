//! Time of the figures of a year with and without the sums of its closed days, and the memory that
//! making these sums takes.
//!
//! `cargo bench -p gateway --bench figures`; `PANTAU_DAYS=30` makes a shorter year.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures with the real clock"
)]

#[path = "../report/synthetic_village.rs"]
mod synthetic_village;

use divan::Bencher;
use gateway::clock::Clock;
use gateway::config::{Config, StoreSettings, load_config_text};
use gateway::domain::UtcMs;
use gateway::indicators::{IndicatorQuery, calculate_indicators};
use gateway::report::build::IndicatorService;
use gateway::storage::Store;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use synthetic_village::{DAY_MS, START_MS, SyntheticVillage};
use tokio::runtime::Runtime;

type FigureBenchResult<T> = Result<T, Box<dyn Error>>;

/// Periods that a page shows in November; the last one is closed.
const PERIODS: [&str; 4] = ["2026", "2026-Q4", "2026-12", "2026-11"];

/// Store and figures of the synthetic village.
struct BenchVillage {
    runtime: Runtime,
    store: Store,
    config: Arc<Config>,
    service: Arc<IndicatorService>,
    days: u32,
}

static VILLAGE: OnceLock<BenchVillage> = OnceLock::new();

fn main() -> FigureBenchResult<()> {
    let days = std::env::var("PANTAU_DAYS").ok();
    let days: u32 = days.map_or(Ok(365), |days| days.parse())?;
    let args: Vec<String> = std::env::args().collect();
    if let [_, word, folder] = &args[..]
        && word == "--prepare"
    {
        return prepare_snapshots(&BenchVillage::open(Path::new(folder), days)?);
    }
    let folder = tempfile::tempdir()?;
    let village = BenchVillage::open(folder.path(), days)?;
    village.runtime.block_on(village.import_days())?;
    village.runtime.block_on(village.store.stop());
    // A process of its own: the peak of its memory cannot be set back.
    let mut child = Command::new(std::env::current_exe()?);
    if !child
        .arg("--prepare")
        .arg(folder.path())
        .status()?
        .success()
    {
        return Err("the snapshots were not made".into());
    }
    let village = BenchVillage::open(folder.path(), days)?;
    drop(VILLAGE.set(village));
    divan::main();
    Ok(())
}

/// All readings of the period, as before there were snapshots.
#[divan::bench(args = PERIODS, sample_count = 3, sample_size = 1)]
fn every_reading(bencher: Bencher, period: &str) {
    if let Some(village) = VILLAGE.get() {
        bencher.bench_local(|| village.figures(period, false));
    }
}

/// The sums of the closed days, and the readings of today.
#[divan::bench(args = PERIODS, sample_count = 20, sample_size = 1)]
fn closed_days_kept(bencher: Bencher, period: &str) {
    if let Some(village) = VILLAGE.get() {
        bencher.bench_local(|| village.figures(period, true));
    }
}

/// Makes the snapshots that the gateway makes some time after its start; prints time and memory.
fn prepare_snapshots(village: &BenchVillage) -> FigureBenchResult<()> {
    let (before, begun) = (memory_mb("VmHWM:")?, Instant::now());
    for period in PERIODS {
        for asset in &village.config.assets {
            let ask = IndicatorQuery {
                asset: Some(asset.id.clone()),
                ..village.question(period, true)?
            };
            village.runtime.block_on(village.service.prepare(ask))?;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    village.runtime.block_on(village.store.stop());
    print_line(&format!(
        "snapshots of {PERIODS:?} in {seconds:.1} s, {} MB resident, peak {} MB ({before} MB before)",
        memory_mb("VmRSS:")?,
        memory_mb("VmHWM:")?
    ))
}

impl BenchVillage {
    fn open(folder: &Path, days: u32) -> FigureBenchResult<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(1).enable_time().build()?;
        let mut text = include_str!("../report/site.toml").to_owned();
        for bin in '1'..='7' {
            text += &include_str!("../report/bin.toml").replace('N', &bin.to_string());
        }
        let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None);
        let config = Arc::new(config.map_err(|faults| faults.to_string())?);
        let settings = StoreSettings {
            path: folder.to_owned(),
            flush: Duration::from_secs(1),
            keep: None,
            budget: None,
        };
        let clock = Clock::set(end_of_data(days), true);
        let text = config.revision_text();
        let store = Store::open(folder, &config.site, &settings, &text, &clock)?;
        let service = Arc::new(IndicatorService::new(Arc::clone(&config), store.clone()));
        Ok(Self {
            runtime,
            store,
            config,
            service,
            days,
        })
    }

    /// Days of 50 points, imported one at a time.
    async fn import_days(&self) -> FigureBenchResult<()> {
        let village = SyntheticVillage::new(&self.config);
        let (begun, mut samples) = (Instant::now(), 0);
        for day in 0..self.days {
            samples += self.store.import_columns(village.day(day)).await?;
        }
        print_line(&format!(
            "{} days of {} points: {samples} samples in {:.0} s",
            self.days,
            village.point_count(),
            begun.elapsed().as_secs_f64()
        ))
    }

    fn question(&self, period: &str, snapshots: bool) -> FigureBenchResult<IndicatorQuery> {
        Ok(IndicatorQuery {
            period: period.parse()?,
            asset: None,
            now: end_of_data(self.days),
            daily: true,
            snapshots,
        })
    }

    /// Computes the figures of a period; returns their number.
    fn figures(&self, period: &str, snapshots: bool) -> usize {
        let Ok(ask) = self.question(period, snapshots) else {
            return 0;
        };
        let mut progress = |_| ();
        let work = calculate_indicators(&self.config, &self.store, &ask, &mut progress);
        self.runtime
            .block_on(work)
            .map_or(0, |found| found.indicators.len())
    }
}

/// Afternoon of the last day.
fn end_of_data(days: u32) -> UtcMs {
    UtcMs(START_MS + i64::from(days) * DAY_MS - DAY_MS / 3)
}

/// A line of this process's memory, MB.
fn memory_mb(name: &str) -> FigureBenchResult<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name));
    let kb = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kb.unwrap_or_default().parse::<u64>()? * 1024 / 1_000_000)
}

fn print_line(line: &str) -> FigureBenchResult<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
