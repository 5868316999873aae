//! `viewers`: a hundred people leave a page with live values open, and their home page loads itself
//! as it does in a browser.

use crate::devices::{BenchDevice, BenchDeviceBehaviour, POINTS_PER_DEVICE};
use crate::harness::{BenchProcess, free_port, now_ns, pantau_command, sleep_until};
use crate::site_load::SECOND_NS;
use crate::site_text::SiteText;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const VIEWERS: u16 = 100;
/// Devices, each polled every second. In three minutes they give as many readings as the demo in an
/// hour.
const DEVICES: usize = 20;
/// Seconds at which memory is printed; the first ends the warming up.
const SECONDS: [i64; 5] = [0, 45, 90, 135, 180];
/// Time between two loads of a home page by each viewer, s.
const HOME_SECONDS: i64 = 30;
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Events that the open pages were told.
#[derive(Default)]
struct ToldEvents {
    events: AtomicU64,
    ended: AtomicU64,
}

/// Measures a gateway with `VIEWERS` open pages and prints a line for each of `SECONDS`.
pub(crate) fn run_open_pages() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    write_site(folder.path(), port);
    let mut command = pantau_command();
    command.args(["--log", "off", "run", "-c"]);
    command.arg(folder.path().join("pantau.toml"));
    let (mut gateway, _said) = BenchProcess::start(&mut command);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    let told = Arc::new(ToldEvents::default());
    for number in 0..VIEWERS {
        let told = Arc::clone(&told);
        thread::spawn(move || watch_page(port, number, &told));
    }
    // What the first loads leave behind is not growth.
    for path in ["/", "/teknisi", "/health", "/laporan", "/dampak"] {
        for _ in 0..3 {
            load_page(port, path);
        }
    }
    let begin = now_ns() + 20 * SECOND_NS;
    sleep_until(begin);
    let (mut cpu, mut at) = (gateway.cpu_ns(), begin);
    let mut slowest = Duration::ZERO;
    for second in SECONDS {
        while now_ns() < begin + second * SECOND_NS {
            let next = now_ns() + HOME_SECONDS * SECOND_NS / i64::from(VIEWERS);
            slowest = slowest.max(load_page(port, "/"));
            sleep_until(next);
        }
        let (memory, most) = gateway.memory_mb();
        let busy_us = (gateway.cpu_ns() - cpu) / 1000;
        let passed_ms = u64::try_from(now_ns() - at).unwrap() / 1_000_000;
        // Thousandths of a core.
        let share = busy_us / passed_ms.max(1);
        (cpu, at) = (gateway.cpu_ns(), now_ns());
        println!(
            "viewers: second {second:>3}: {memory:.1} MB (most {most:.1}), {}.{} % of a core, \
             {} events told, {} of {VIEWERS} pages lost, slowest home page {} ms",
            share / 10,
            share % 10,
            told.events.load(Ordering::Relaxed),
            told.ended.load(Ordering::Relaxed),
            slowest.as_millis(),
        );
    }
    gateway.stop();
}

/// Configuration of a gateway with `DEVICES` and its page at this port.
fn write_site(folder: &Path, port: u16) {
    let mut site = SiteText::new("bench")
        .store(&folder.join("store"))
        .with("flush = '10s'")
        .with(format_args!("[web]\nlisten = '127.0.0.1:{port}'"));
    for i in 0..DEVICES {
        let device = BenchDevice::start(BenchDeviceBehaviour::Prompt);
        let point = |point| {
            let register = 2 * point;
            format!("{{ id = 'p{point}', register = 'holding:{register}', type = 'f32' }}")
        };
        site = site
            .tcp_bus(&format!("b{i}"), device.port)
            .device(&format!("d{i}"), &format!("b{i}"), "unit = 1\nevery = '1s'")
            .points((0..POINTS_PER_DEVICE).map(point));
    }
    std::fs::write(folder.join("pantau.toml"), site.text()).unwrap();
}

/// Opens pages with live values; each loads its home page every `HOME_SECONDS`. They end with the
/// gateway.
pub(crate) fn open_viewers(port: u16, count: u16) {
    while count > 0 && TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    let told = Arc::new(ToldEvents::default());
    for number in 0..count {
        let told = Arc::clone(&told);
        thread::spawn(move || watch_page(port, number, &told));
        thread::spawn(move || {
            // Spread over the period, as people are.
            let delay = HOME_SECONDS * SECOND_NS * i64::from(number) / i64::from(count);
            let mut next = now_ns() + delay;
            sleep_until(next);
            while TcpStream::connect(("127.0.0.1", port)).is_ok() {
                load_page(port, "/");
                next += HOME_SECONDS * SECOND_NS;
                sleep_until(next);
            }
        });
    }
}

/// Lines that a phone shows of the technician's page, and asks for: two devices with the eight
/// points that are not folded away.
fn lines_on_screen(number: usize) -> String {
    let devices = [number % DEVICES, (number + 1) % DEVICES];
    let lines = devices.iter().flat_map(|device| {
        let points = (0..8).map(move |point| format!("point:d{device}.p{point}"));
        points.chain([format!("device:d{device}")])
    });
    lines.collect::<Vec<_>>().join(",")
}

/// Reads the event stream of an open page until it ends.
fn watch_page(port: u16, number: u16, told: &ToldEvents) {
    let lang = if number.is_multiple_of(2) { "id" } else { "en" };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let of = lines_on_screen(usize::from(number));
    let ask = format!("GET /langsung?lang={lang}&of={of} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    let mut piece = vec![0; 16 << 10];
    while let Ok(count) = stream.read(&mut piece) {
        if count == 0 {
            break;
        }
        // An event may lie across two pieces; one in a hundred that is not counted is no matter.
        let events = piece[..count]
            .windows(11)
            .filter(|at| *at == b"event: put\n");
        let events = u64::try_from(events.count()).unwrap();
        told.events.fetch_add(events, Ordering::Relaxed);
    }
    told.ended.fetch_add(1, Ordering::Relaxed);
}

/// Loads a page; returns the time that it took.
#[expect(clippy::disallowed_methods, reason = "a bench measures the real clock")]
fn load_page(port: u16, path: &str) -> Duration {
    let from = std::time::Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
    let ask = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}");
    from.elapsed()
}
