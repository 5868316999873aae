//! Gateway under the load of a site, compared in the same run with a C program that does the least
//! possible.
//!
//! 20 Modbus TCP devices of 50 f32, every second, `QoS` 1, one message a device, journal and page
//! on; then with 5 silent devices, with slow ones, with 300 devices, and the start with a year on
//! disk.

use crate::devices::{
    BenchDevice, BenchDeviceBehaviour, POINTS_PER_DEVICE, poll_of_value, poll_value,
};
use crate::harness::{
    BenchProcess, collect_lines, compile_peer, free_port, now_ns, pantau_command, quantile,
    sleep_until, start_broker,
};
use crate::open_pages::open_viewers;
use crate::site_cases::{CASES, SiteLoadCase};
use crate::site_text::SiteText;
use crate::year_import::import_a_year;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command};
use tempfile::TempDir;

pub(crate) const SECOND_NS: i64 = 1_000_000_000;
/// Writes further apart than this belong to two commits.
const COMMIT_GAP_NS: i64 = 20_000_000;

/// A start is not to wait for the flush.
const START_FLUSH: &str = "100ms";

/// The case that runs only when it is named: an hour of `site_load`.
pub(crate) const HOUR: &str = "hour";

/// Measured values of one program in one window.
#[derive(Clone, Copy, Default)]
struct BenchMeasurements {
    cpu_ms_per_1000: f64,
    rss_mb: f64,
    peak_mb: f64,
    missed_percent: f64,
    wrong: usize,
    whole_ms: [f64; 2],
    beyond_ms: [f64; 2],
}

/// Peers that all cases share.
struct PeerBench {
    folder: TempDir,
    subscriber: PathBuf,
    floor: PathBuf,
    broker_port: u16,
    flush: String,
    _broker: BenchProcess,
}

/// A gateway that is ready to be started.
struct BenchGateway {
    /// Gone with its content when dropped.
    folder: TempDir,
    command: Command,
    store: PathBuf,
    /// Port of its page.
    port: u16,
}

/// Runs the cases that are wanted.
pub(crate) fn run_site_load(wanted: &dyn Fn(&str) -> bool) {
    let cases: Vec<&SiteLoadCase> = CASES.iter().filter(|case| wanted(case.name)).collect();
    if cases.is_empty() && !wanted("start") && !wanted(HOUR) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let subscriber = compile_peer("subscriber", &["libmosquitto"], folder.path());
    let floor = compile_peer("floor", &["libmodbus", "libmosquitto"], folder.path());
    let (peer, broker_port) = start_broker(folder.path());
    let flush = std::env::var("PANTAU_BENCH_FLUSH").unwrap_or_else(|_| "1s".into());
    let bench = PeerBench {
        folder,
        subscriber,
        floor,
        broker_port,
        flush,
        _broker: peer,
    };
    println!("flush {}", bench.flush);
    for case in cases {
        bench.compare(case);
    }
    if wanted("start") {
        bench.measure_starts();
    }
    if wanted(HOUR) {
        bench.measure_hour();
    }
}

impl PeerBench {
    /// Gateway and C program in turn on the same devices; prints both and their ratio.
    fn compare(&self, case: &SiteLoadCase) {
        let mut devices: Vec<BenchDevice> = (0..case.healthy)
            .map(|_| BenchDevice::start(case.manner))
            .collect();
        devices.extend((0..case.silent).map(|_| BenchDevice::start(BenchDeviceBehaviour::Silent)));
        let (mut ours, mut floors) = (Vec::new(), Vec::new());
        // In turn, because other work on the computer changes the CPU time of one program by up to
        // half.
        for _ in 0..case.rounds.max(1) {
            let gateway = self.gateway_command(&devices, case.every_s, &self.flush);
            let (mut command, store) = (gateway.command, Some((&*gateway.store, gateway.port)));
            ours.push(self.measure(&mut command, "bench", case, &devices, store));
            if case.rounds > 0 {
                let mut command = Command::new(&self.floor);
                command.arg(self.broker_port.to_string());
                command.args(devices.iter().map(|device| device.port.to_string()));
                floors.push(self.measure(&mut command, "floor", case, &devices, None));
            }
        }
        print_case(case, &ours, &floors);
    }

    /// A fresh store, and the command that runs the gateway on it.
    fn gateway_command(&self, devices: &[BenchDevice], every_s: i64, flush: &str) -> BenchGateway {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        let store = folder.path().join("store");
        std::fs::create_dir(&store).unwrap();
        let file = folder.path().join("pantau.toml");
        let port = free_port();
        let page = format!("[web]\nlisten = '127.0.0.1:{port}'\npublic = 'read'");
        let text = self.configuration(&store, devices, every_s, flush, &page);
        std::fs::write(&file, text).unwrap();
        let mut command = pantau_command();
        command.args(["--log", "error", "run", "-c"]).arg(file);
        BenchGateway {
            folder,
            command,
            store,
            port,
        }
    }

    fn configuration(
        &self,
        store: &Path,
        devices: &[BenchDevice],
        every_s: i64,
        flush: &str,
        page: &str,
    ) -> String {
        let broker = format!("[mqtt]\nurl = 'mqtt://127.0.0.1:{}'", self.broker_port);
        let mut site = SiteText::new("bench")
            .store(store)
            .with(format_args!("flush = '{flush}'\n{broker}"))
            .with(page);
        for (i, device) in devices.iter().enumerate() {
            let (bus, keys) = (format!("b{i}"), format!("unit = 1\nevery = '{every_s}s'"));
            let point = |point| {
                let register = 2 * point;
                format!("{{ id = 'p{point}', register = 'holding:{register}', type = 'f32' }}")
            };
            site = site
                .tcp_bus(&bus, device.port)
                .device(&format!("d{i}"), &bus, keys)
                .points((0..POINTS_PER_DEVICE).map(point));
        }
        site.text()
    }

    /// A subscriber that is ready; with a folder, it also tells of each write in there.
    fn start_subscriber(
        &self,
        site: &str,
        folder: Option<&Path>,
    ) -> (BenchProcess, BufReader<ChildStdout>) {
        let mut command = Command::new(&self.subscriber);
        let topic = format!("pantau/{site}/+");
        command
            .args([&self.broker_port.to_string(), &topic, "1"])
            .args(folder);
        let (peer, mut said) = BenchProcess::start(&mut command);
        let mut ready = String::new();
        said.read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n", "the subscriber does not reach the broker");
        (peer, said)
    }

    fn measure(
        &self,
        command: &mut Command,
        site: &str,
        case: &SiteLoadCase,
        devices: &[BenchDevice],
        store: Option<(&Path, u16)>,
    ) -> BenchMeasurements {
        let (mut listener, said) = self.start_subscriber(site, store.map(|(folder, _)| folder));
        let lines = collect_lines(said);
        let (mut program, _said) = BenchProcess::start(command);
        if let Some((_, port)) = store {
            open_viewers(port, case.viewers);
        }

        // Warm-up: first connections and first commit. Then whole periods of the wall clock.
        let period = case.every_s * SECOND_NS;
        let from = (now_ns() + 5 * SECOND_NS) / period * period + period;
        let to = from + case.window_s * SECOND_NS;
        sleep_until(from);
        let before = program.cpu_ns();
        sleep_until(to);
        let cpu = program.cpu_ns() - before;
        let (rss_mb, peak_mb) = program.memory_mb();
        // Readings of the last slots still wait for their flush and their way to the subscriber.
        sleep_until(to + 4 * SECOND_NS + flush_ns(&self.flush));
        program.stop();
        listener.close_stdin();

        let lines = lines.join().unwrap();
        let polled = case.healthy * usize::from(POINTS_PER_DEVICE) * window_slots(case);
        let mut figures = evaluate_window(&lines, &devices[..case.healthy], case, from, to);
        figures.cpu_ms_per_1000 = mean_per(cpu, polled) / 1e3;
        (figures.rss_mb, figures.peak_mb) = (rss_mb, peak_mb);
        figures
    }

    /// Memory of the gateway on `site_load`, minute by minute for an hour, and what was missed.
    fn measure_hour(&self) {
        let case = SiteLoadCase {
            window_s: 3600,
            ..CASES[0]
        };
        let devices: Vec<BenchDevice> = (0..case.healthy)
            .map(|_| BenchDevice::start(case.manner))
            .collect();
        let mut gateway = self.gateway_command(&devices, case.every_s, &self.flush);
        let (mut listener, said) = self.start_subscriber("bench", Some(&gateway.store));
        let lines = collect_lines(said);
        let (mut program, _said) = BenchProcess::start(&mut gateway.command);
        let from = (now_ns() / SECOND_NS + 6) * SECOND_NS;
        for minute in 1..=case.window_s / 60 {
            sleep_until(from + minute * 60 * SECOND_NS);
            let (rss_mb, peak_mb) = program.memory_mb();
            println!("hour: minute {minute:2}: RSS {rss_mb:.1} MB, peak {peak_mb:.1} MB");
        }
        let to = from + case.window_s * SECOND_NS;
        sleep_until(to + 4 * SECOND_NS + flush_ns(&self.flush));
        program.stop();
        listener.close_stdin();
        let figures = evaluate_window(&lines.join().unwrap(), &devices, &case, from, to);
        println!(
            "hour: missed {:.4} %, wrong {}, beyond the flush p50 {:.1} ms",
            figures.missed_percent, figures.wrong, figures.beyond_ms[0]
        );
    }

    /// From `exec` to the first reading at the subscriber: with nothing on disk, with a year of it.
    fn measure_starts(&self) {
        let devices: Vec<BenchDevice> = (0..20)
            .map(|_| BenchDevice::start(BenchDeviceBehaviour::Prompt))
            .collect();
        let mut gateway = self.gateway_command(&devices, 1, START_FLUSH);
        let mut empty: Vec<f64> = Vec::new();
        for _ in 0..5 {
            let mut fresh = self.gateway_command(&devices, 1, START_FLUSH);
            empty.push(self.measure_start(&mut fresh.command));
        }
        // After the starts with nothing on disk, which it must not slow down.
        import_a_year(gateway.folder.path());
        let starts = (0..5).map(|_| self.measure_start(&mut gateway.command));
        let mut year: Vec<f64> = starts.collect();
        println!("\nstart: exec to first reading at the subscriber, 5 starts, median [worst]");
        for (name, starts) in [
            ("nothing on disk", &mut empty),
            ("a year on disk", &mut year),
        ] {
            let (median, worst) = (quantile(starts, 0.5), quantile(starts, 1.0));
            println!("  {name:<18} {median:6.3} [{worst:.3}] s   (target 0.5)");
        }
    }

    fn measure_start(&self, command: &mut Command) -> f64 {
        let (_listener, said) = self.start_subscriber("bench", None);
        let began = now_ns();
        let (mut program, _said) = BenchProcess::start(command);
        let first = said
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("\"v\":{\""));
        let at: i64 = first.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        program.stop();
        mean_per(u64::try_from(at - began).unwrap_or(0), 1) / 1e9
    }
}

/// Compares the messages received in a window with the values that the devices sent.
fn evaluate_window(
    lines: &[String],
    devices: &[BenchDevice],
    case: &SiteLoadCase,
    from: i64,
    to: i64,
) -> BenchMeasurements {
    let mut commits: Vec<i64> = Vec::new();
    let mut last_write = i64::MIN / 2;
    let (mut whole, mut beyond) = (Vec::new(), Vec::new());
    let mut got: BTreeMap<(usize, i64), usize> = BTreeMap::new();
    let mut wrong = 0;
    for line in lines {
        let mut parts = line.splitn(4, ' ');
        let kind = parts.next().unwrap_or_default();
        let Some(at) = parts.next().and_then(|at| at.parse::<i64>().ok()) else {
            continue;
        };
        if kind == "W" {
            // A commit is several writes in a row, and the reading has waited since the first of
            // them.
            if at - last_write > COMMIT_GAP_NS {
                commits.push(at);
            }
            last_write = at;
            continue;
        }
        let Some((device, slot, values)) = parse_message(parts.next(), parts.next()) else {
            continue;
        };
        let Some(source) = devices.get(device) else {
            continue;
        };
        let Some(first) = values.get("p0").and_then(serde_json::Value::as_f64) else {
            continue;
        };
        if slot < from || slot >= to {
            continue;
        }
        let poll = poll_of_value(first);
        let said = |point: u16| {
            values
                .get(&format!("p{point}"))
                .and_then(serde_json::Value::as_f64)
        };
        let right = (0..POINTS_PER_DEVICE)
            .filter(|p| said(*p) == Some(f64::from(poll_value(poll, *p))))
            .count();
        wrong += values.len() - right;
        got.insert((device, slot), right);
        let Some(answered) = source.answered_at(poll) else {
            continue;
        };
        // A reading waits for its flush on purpose; what is counted is the time from that commit
        // on.
        let commit = commits.last().copied().unwrap_or(answered).max(answered);
        whole.push(ns_to_ms(at - answered));
        beyond.push(ns_to_ms(at - commit));
    }
    let wanted = devices.len() * usize::from(POINTS_PER_DEVICE) * window_slots(case);
    let missed = wanted.saturating_sub(got.values().sum());
    BenchMeasurements {
        missed_percent: 100.0 * mean_per(u64::try_from(missed).unwrap_or(0), wanted),
        wrong,
        whole_ms: [quantile(&mut whole, 0.5), quantile(&mut whole, 0.99)],
        beyond_ms: [quantile(&mut beyond, 0.5), quantile(&mut beyond, 0.99)],
        ..BenchMeasurements::default()
    }
}

type MessageValues = serde_json::Map<String, serde_json::Value>;

/// Device, slot (ns since 1970) and values of a message.
fn parse_message(
    topic: Option<&str>,
    payload: Option<&str>,
) -> Option<(usize, i64, MessageValues)> {
    let device = topic?.rsplit('/').next()?.strip_prefix('d')?.parse().ok()?;
    let mut said: serde_json::Value = serde_json::from_str(payload?).ok()?;
    let slot: jiff::Timestamp = said.get("t")?.as_str()?.parse().ok()?;
    let serde_json::Value::Object(values) = said.get_mut("v")?.take() else {
        return None;
    };
    Some((device, i64::try_from(slot.as_nanosecond()).ok()?, values))
}

fn print_case(case: &SiteLoadCase, ours: &[BenchMeasurements], floors: &[BenchMeasurements]) {
    let SiteLoadCase {
        name,
        healthy,
        silent,
        every_s,
        window_s,
        ..
    } = case;
    println!(
        "\n{name}: {healthy} devices x {POINTS_PER_DEVICE} points every {every_s} s, {silent} more silent; \
         windows of {window_s} s: {}",
        ours.len()
    );
    println!(
        "{:<34}{:>10}{:>10}{:>10}",
        "median", "pantau", "C floor", "ratio"
    );
    let row = |what: &str, of: &dyn Fn(&BenchMeasurements) -> f64| {
        let median = |all: &[BenchMeasurements]| {
            let mut values: Vec<f64> = all.iter().map(of).collect();
            quantile(&mut values, 0.5)
        };
        let (our, floor) = (median(ours), median(floors));
        let said = |value: f64, places: usize| {
            if value.is_finite() {
                format!("{value:.places$}")
            } else {
                "-".into()
            }
        };
        let (floor, ratio) = (said(floor, 3), said(our / floor, 2));
        println!("{what:<34}{our:>10.3}{floor:>10}{ratio:>10}");
    };
    row("CPU ms for 1000 points", &|f| f.cpu_ms_per_1000);
    row("RSS MB", &|f| f.rss_mb);
    row("RSS MB, peak", &|f| f.peak_mb);
    row("healthy points missed %", &|f| f.missed_percent);
    row("wrong values", &|f| {
        mean_per(u64::try_from(f.wrong).unwrap_or(0), 1)
    });
    row("register to subscriber ms p50", &|f| f.whole_ms[0]);
    row("register to subscriber ms p99", &|f| f.whole_ms[1]);
    row("  of it beyond the flush p50", &|f| f.beyond_ms[0]);
    row("  of it beyond the flush p99", &|f| f.beyond_ms[1]);
}

fn window_slots(case: &SiteLoadCase) -> usize {
    usize::try_from(case.window_s / case.every_s).unwrap_or(1)
}

fn flush_ns(text: &str) -> i64 {
    text.trim_end_matches('s').parse::<i64>().unwrap_or(60) * SECOND_NS
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a bench stay far below 2^52"
)]
fn mean_per(count: u64, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "spans of a bench stay far below 2^52"
)]
fn ns_to_ms(ns: i64) -> f64 {
    ns as f64 / 1e6
}
