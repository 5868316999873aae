//! Time and memory of reports: a year of 50 points every 10 s, then the PDF of the year and of a
//! quarter, each in its own process.
//!
//! `cargo bench -p gateway --bench report`; `PANTAU_DAYS=30` makes a shorter year.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures with the real clock"
)]

mod synthetic_village;

use gateway::clock::Clock;
use gateway::config::{Config, StoreSettings, load_config_text};
use gateway::domain::UtcMs;
use gateway::i18n::Language;
use gateway::report::build::{self, CalculationBasis, ReportRequest, ReportTask};
use gateway::report::content::ReportEdition;
use gateway::report::render::ReportFormat;
use gateway::storage::Store;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use synthetic_village::{DAY_MS, START_MS, SyntheticVillage};

type ReportBenchResult<T> = Result<T, Box<dyn Error>>;

fn main() -> ReportBenchResult<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()?;
    let days = std::env::var("PANTAU_DAYS").ok();
    let days: u32 = days.map_or(Ok(365), |days| days.parse())?;
    let args: Vec<String> = std::env::args().collect();
    if let [_, word, folder, period] = &args[..]
        && word == "--report"
    {
        return runtime.block_on(measure_report(Path::new(folder), period, days));
    }
    let folder = tempfile::tempdir()?;
    runtime.block_on(import_days(folder.path(), days))?;
    for period in ["2026", "2026-Q1"] {
        // A process for each report: the peak of its memory cannot be set back.
        let mut child = Command::new(std::env::current_exe()?);
        let child = child.arg("--report").arg(folder.path()).arg(period);
        if !child.status()?.success() {
            return Err(format!("no report of {period}").into());
        }
    }
    Ok(())
}

/// Days of 50 points, imported one at a time.
async fn import_days(folder: &Path, days: u32) -> ReportBenchResult<()> {
    let config = site_config()?;
    let store = open_store(folder, &config, days)?;
    let village = SyntheticVillage::new(&config);
    let (begun, mut samples) = (Instant::now(), 0);
    for day in 0..days {
        samples += store.import_columns(village.day(day)).await?;
    }
    store.stop().await;
    let bytes = std::fs::metadata(folder.join("pantau.db"))?.len();
    print_line(&format!(
        "{days} days of {} points: {samples} samples, {} MB on disk, filled in {:.0} s",
        village.point_count(),
        bytes / 1_000_000,
        begun.elapsed().as_secs_f64()
    ))
}

/// Writes one report and prints its time and memory.
async fn measure_report(folder: &Path, period: &str, days: u32) -> ReportBenchResult<()> {
    let config = site_config()?;
    let store = open_store(folder, &config, days)?;
    let wish = ReportRequest {
        period: period.parse()?,
        asset: None,
        lang: Language::Id,
        format: ReportFormat::Pdf,
        edition: ReportEdition::Full,
    };
    // An open store already takes memory, which is no part of the report.
    let before = peak_mb()?;
    let (basis, begun) = (CalculationBasis::in_force(Arc::new(config)), Instant::now());
    let task = ReportTask {
        basis,
        store: store.clone(),
        wish,
        now: end_of_data(days),
        held: (),
    };
    let bytes = build::build_report(task, |_| ()).await?;
    let seconds = begun.elapsed().as_secs_f64();
    store.stop().await;
    print_line(&format!(
        "{period:<8} PDF of {} kB in {seconds:.1} s, peak {} MB resident ({before} MB before)",
        bytes.bytes.len() / 1000,
        peak_mb()?
    ))
}

fn site_config() -> ReportBenchResult<Config> {
    let mut text = include_str!("site.toml").to_owned();
    for bin in '1'..='7' {
        text += &include_str!("bin.toml").replace('N', &bin.to_string());
    }
    Ok(load_config_text(&text, Path::new("pantau.toml"), &|_| None)
        .map_err(|faults| faults.to_string())?)
}

fn open_store(folder: &Path, config: &Config, days: u32) -> ReportBenchResult<Store> {
    let settings = StoreSettings {
        path: folder.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    let clock = Clock::set(end_of_data(days), true);
    let text = config.revision_text();
    Ok(Store::open(folder, &config.site, &settings, &text, &clock)?)
}

/// The midnight after the last day.
fn end_of_data(days: u32) -> UtcMs {
    UtcMs(START_MS + i64::from(days) * DAY_MS)
}

/// The most memory that this process ever had, MB.
fn peak_mb() -> ReportBenchResult<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kb.unwrap_or_default().parse::<u64>()? * 1024 / 1_000_000)
}

fn print_line(line: &str) -> ReportBenchResult<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
