//! Soak: a simulated year of a site with faults of devices, disk, clock, database and the program
//! itself, from a seed. In the end every reading that was acknowledged is there once, at its time,
//! and delivered, and each figure is that of a site without faults that has the same gaps; memory
//! and open files did not grow.
//!
//! `SOAK_SEEDS=N` runs N seeds in place of one.

mod child;
mod faults;

use crate::powercut::SeededRandom;
use crate::servers::{DatabaseAnswer, STORED_ANSWER, ScriptedDatabase};
use crate::small_disk::SmallDisk;
use child::{ENVIRONMENT, SAID};
use faults::{DAY_SLOTS, DAYS, DEVICES, FaultPlan, SLOTS, SoakSite, site_text, time_of};
use gateway::clock::Clock;
use gateway::config::{Config, load_config};
use gateway::domain::Sample;
use gateway::domain::indicator::Indicator;
use gateway::domain::period::Period;
use gateway::indicators::{IndicatorQuery, calculate_indicators};
use gateway::storage::{AggregateFunction, BucketStep, PointQuery, Store};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Months and quarters of the soak, and all of it.
const PERIODS: [&str; 6] = [
    "2026-07",
    "2026-08",
    "2026-09",
    "2026-Q4",
    "2027-Q1",
    "2026-07-01..2027-06-30",
];

/// Allocator of the C library as the program sets it for itself (`cli::kept_memory`).
const ALLOCATOR: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];

#[tokio::test]
async fn a_year_with_faults_gives_the_figures_of_the_same_year_without_them() {
    let seeds = std::env::var("SOAK_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    for seed in 1..=seeds.unwrap_or(1) {
        soak(seed).await;
    }
}

async fn soak(seed: u64) {
    let scratch = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&scratch.path().join("disk"), "48m");
    let database = moody_database(seed).await;
    write_site(
        scratch.path(),
        &scratch.path().join("disk/store"),
        database.port,
    );
    let mut account = SoakAccount::default();
    let plan = FaultPlan::of_seed(seed);
    let starts = std::iter::once(0).chain(plan.kills.iter().map(|kill| kill.resumes));
    for from in starts {
        let mut gateway = SoakProcess::start(scratch.path(), seed, from);
        gateway.follow(&disk, from, &mut account).await;
    }
    account.assert_flat(seed);

    let calm = scratch.path().join("calm");
    std::fs::create_dir(&calm).unwrap();
    write_site(&calm, &calm.join("store"), database.port);
    write_calm_store(&calm, &plan, &account.kept).await;
    let soaked = OpenSite::open(scratch.path());
    let calm = OpenSite::open(&calm);
    assert_same_samples(&soaked, &calm, seed).await;
    assert_same_figures(&soaked, &calm, seed).await;
    soaked.store.check_integrity().await.unwrap();
    assert_delivered(&database, &calm, seed).await;
}

/// A database that now and then refuses, or is a login page.
async fn moody_database(seed: u64) -> ScriptedDatabase {
    let answer = |status, body| DatabaseAnswer {
        status,
        headers: "",
        body,
    };
    ScriptedDatabase::start(move |number, _| {
        let mood = SeededRandom(seed ^ u64::try_from(number).unwrap()).below(40);
        Some(match mood {
            0 => answer(503, "busy"),
            1 => answer(200, "<html>log in</html>"),
            2 => answer(500, "internal error"),
            _ => STORED_ANSWER,
        })
    })
    .await
}

fn write_site(folder: &Path, store: &Path, database: u16) {
    std::fs::write(folder.join("pantau.toml"), site_text(store, database)).unwrap();
    std::fs::write(folder.join("token"), "secret").unwrap();
}

/// Account of the processes, as their parent has seen them.
#[derive(Default)]
struct SoakAccount {
    /// Slots whose readings the store has.
    kept: BTreeSet<u32>,
    /// First and last slot of the last process whose readings were acknowledged.
    acknowledged: Option<(u32, u32)>,
    /// Slot, anonymous memory in KiB, and open files of the last process.
    looks: Vec<(u32, u64, usize)>,
}

impl SoakAccount {
    /// A started process has found readings up to this slot (-1: none).
    fn check_kept(&mut self, newest: i64) {
        let Some((first, last)) = self.acknowledged.take() else {
            return assert_eq!(newest, -1);
        };
        // More than was acknowledged may be there, since a write may end before its answer.
        let newest = u32::try_from(newest).unwrap();
        assert!(
            newest >= last,
            "acknowledged up to {last}, found up to {newest}"
        );
        self.kept.extend(first..=newest);
    }

    /// In the last four months, when every bounded queue is as full as it gets, nothing has grown.
    fn assert_flat(&self, seed: u64) {
        let most_from = |day: u32| {
            let slots = day * DAY_SLOTS..(day + 20) * DAY_SLOTS;
            let within = self.looks.iter().filter(|look| slots.contains(&look.0));
            let most = within.fold((0, 0), |most, look| {
                (most.0.max(look.1), most.1.max(look.2))
            });
            assert!(most.1 > 0, "no look within {slots:?}");
            most
        };
        let (early, late) = (most_from(DAYS - 120), most_from(DAYS - 20));
        assert!(
            late.0 <= early.0 + 1024 && late.1 <= early.1 + 1,
            "seed {seed}: memory (KiB) and open files grew from {early:?} to {late:?}"
        );
    }
}

/// A process with the gateway of the soak; killed when dropped.
struct SoakProcess {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl SoakProcess {
    fn start(folder: &Path, seed: u64, from: u32) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "soak::child::gateway_of_the_soak", "--nocapture"])
            .env(ENVIRONMENT[0], folder)
            .env(ENVIRONMENT[1], seed.to_string())
            .env(ENVIRONMENT[2], from.to_string())
            .envs(ALLOCATOR)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            input,
            output,
        }
    }

    /// Does what it asks for until it is to be killed, or has done.
    async fn follow(&mut self, disk: &SmallDisk, from: u32, account: &mut SoakAccount) {
        account.looks.clear();
        while let Some(line) = self.output.next_line().await.unwrap() {
            let Some(said) = line.strip_prefix(SAID) else {
                continue;
            };
            let (word, slot) = said.split_once(' ').unwrap_or((said, ""));
            match word {
                "kept" => account.check_kept(slot.parse().unwrap()),
                "acknowledged" => {
                    let slot = slot.parse().unwrap();
                    account.looks.extend(self.look(slot));
                    account.acknowledged = Some((from, slot));
                }
                "fill" => disk.fill(),
                "free" => disk.remove_filler(),
                "kill" => {
                    self.child.kill().await.unwrap();
                    return;
                }
                "done" => {
                    account.kept.extend(from..SLOTS);
                    self.input.write_all(b"\n").await.unwrap();
                    assert!(self.child.wait().await.unwrap().success());
                    return;
                }
                other => panic!("said {other}"),
            }
            if matches!(word, "fill" | "free") {
                self.input.write_all(b"\n").await.unwrap();
            }
        }
        panic!("the gateway ended");
    }

    /// Anonymous memory in KiB and open files; `None` when it has ended.
    fn look(&self, slot: u32) -> Option<(u32, u64, usize)> {
        let folder = format!("/proc/{}", self.child.id()?);
        let status = std::fs::read_to_string(format!("{folder}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let memory = line?.split_whitespace().next()?.parse().ok()?;
        let files = std::fs::read_dir(format!("{folder}/fd")).ok()?.count();
        Some((slot, memory, files))
    }
}

/// Keeps the same readings without any fault: a day, a flush.
async fn write_calm_store(folder: &Path, plan: &FaultPlan, kept: &BTreeSet<u32>) {
    let config = load_config(&folder.join("pantau.toml")).unwrap();
    let clock = Clock::set(time_of(0), true);
    let store = open_store(&config, &clock);
    let site = SoakSite::new();
    for slot in 0..SLOTS {
        if kept.contains(&slot) {
            store.append_all(site.readings(slot, plan)).await.unwrap();
        }
        clock.advance(std::time::Duration::from_millis(faults::mono_of(1).0));
        if slot % DAY_SLOTS == DAY_SLOTS - 1 {
            store.flush().await.unwrap();
        }
    }
    store.close_due_days().await.unwrap();
    store.stop().await;
}

fn open_store(config: &Config, clock: &Clock) -> Store {
    let (path, text) = (&config.store.path, config.revision_text());
    Store::open(path, &config.site, &config.store, &text, clock).unwrap()
}

/// The store of a soak after its end.
struct OpenSite {
    config: Config,
    store: Store,
}

impl OpenSite {
    fn open(folder: &Path) -> Self {
        let config = load_config(&folder.join("pantau.toml")).unwrap();
        let store = open_store(&config, &Clock::set(time_of(SLOTS), true));
        Self { config, store }
    }

    /// All samples of a point.
    async fn samples(&self, point: &str) -> Vec<Sample> {
        let query = PointQuery {
            point: point.to_owned(),
            from: gateway::domain::UtcMs(0),
            to: gateway::domain::UtcMs(i64::MAX),
            step: BucketStep::Raw,
            aggregate: AggregateFunction::Last,
        };
        let mut blocks = self.store.query(query).await.unwrap();
        let mut all = Vec::new();
        while let Some(block) = blocks.recv().await {
            all.extend(block.unwrap());
        }
        all
    }

    async fn figures(&self, period: Period) -> Vec<Indicator> {
        let query = IndicatorQuery {
            period,
            asset: None,
            now: time_of(SLOTS),
            daily: false,
            snapshots: true,
        };
        let figures = calculate_indicators(&self.config, &self.store, &query, &mut |_| {}).await;
        figures.unwrap().indicators
    }
}

async fn assert_same_samples(soaked: &OpenSite, calm: &OpenSite, seed: u64) {
    for device in &soaked.config.site.devices {
        for point in &device.points {
            let (found, wanted) = (
                soaked.samples(&point.id).await,
                calm.samples(&point.id).await,
            );
            assert!(!wanted.is_empty());
            let differs = found
                .iter()
                .zip(&wanted)
                .find(|(found, wanted)| found != wanted);
            assert!(
                differs.is_none() && found.len() == wanted.len(),
                "seed {seed}: {}: {} of {}: {differs:?}",
                point.id,
                found.len(),
                wanted.len(),
            );
        }
    }
}

async fn assert_same_figures(soaked: &OpenSite, calm: &OpenSite, seed: u64) {
    // What a reader sees of a figure; its inputs also name the stretches that were dated late.
    let shown = |figure: &Indicator| {
        let Indicator {
            id,
            asset,
            value,
            unit,
            uncertainty,
            completeness,
            claim,
            ..
        } = figure;
        format!("{id} {asset:?} {value:?} {unit} {uncertainty:?} {completeness:?} {claim:?}")
    };
    for period in PERIODS {
        let period = period.parse().unwrap();
        let (found, wanted) = (soaked.figures(period).await, calm.figures(period).await);
        let with_value = wanted.iter().filter(|figure| figure.value.is_ok()).count();
        assert!(with_value > 10, "{period}: {with_value} figures");
        let found: Vec<_> = found.iter().map(shown).collect();
        let wanted: Vec<_> = wanted.iter().map(shown).collect();
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted, "seed {seed}, {period}");
        }
        assert_eq!(found.len(), wanted.len());
    }
}

/// The database has every good reading, and nothing else.
async fn assert_delivered(database: &ScriptedDatabase, calm: &OpenSite, seed: u64) {
    let lines = database.stored.lock().unwrap().clone();
    let of = |device: &str| {
        let tag = format!(",device={device}");
        let of_device = lines.iter().filter(|line| line.contains(&tag));
        let times = of_device.map(|line| line.rsplit(' ').next().unwrap().to_owned());
        times.collect::<BTreeSet<_>>()
    };
    for (device, info) in DEVICES.iter().zip(&calm.config.site.devices) {
        let samples = calm.samples(&info.points[0].id).await;
        let good = samples.iter().filter(|one| one.outcome.number().is_some());
        let wanted: BTreeSet<_> = good.map(|one| one.at.0.to_string()).collect();
        let found = of(device);
        let missing: Vec<_> = wanted.difference(&found).take(3).collect();
        let more: Vec<_> = found.difference(&wanted).take(3).collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "seed {seed}: {device}: {missing:?} {more:?}"
        );
    }
}
