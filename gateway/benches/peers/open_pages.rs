//! `viewers`: a hundred people leave a page open for an hour of the demo's time, and its home page
//! loads itself as it does in a browser.

use crate::harness::{BenchProcess, free_port, now_ns, pantau_command, sleep_until};
use crate::site_load::SECOND_NS;
use std::io::{BufRead as _, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const VIEWERS: u16 = 100;
/// Seconds of the demo in a second: an hour takes three minutes.
const SPEED: i64 = 20;
/// Minutes of the demo at which memory is printed; the first ends the warming up.
const MINUTES: [i64; 5] = [0, 15, 30, 45, 60];
/// Real time between two loads of a home page by each viewer, s.
const HOME_SECONDS: i64 = 30;
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Events that the open pages were told.
#[derive(Default)]
struct ToldEvents {
    events: AtomicU64,
    ended: AtomicU64,
}

/// Measures the demo with `VIEWERS` open pages and prints a line for each of `MINUTES`.
pub(crate) fn run_open_pages() {
    let port = free_port();
    let mut command = pantau_command();
    let speed = SPEED.to_string();
    command.args(["--lang", "en", "--log", "off", "demo", "--days", "10"]);
    command.args(["--speed", &speed, "--port", &port.to_string()]);
    let (mut demo, said) = BenchProcess::start(&mut command);
    let mut lines = said.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Press Ctrl-C")));
    let told = Arc::new(ToldEvents::default());
    for number in 0..VIEWERS {
        let told = Arc::clone(&told);
        thread::spawn(move || watch_page(port, number, &told));
    }
    let every_page = [
        "/", "/plts", "/air", "/bsf", "/laporan", "/dampak", "/teknisi",
    ];
    // The first load of each page reads ten days; what it leaves behind is not growth.
    for path in every_page.iter().cycle().take(3 * every_page.len()) {
        load_page(port, path);
    }
    let begin = now_ns();
    let (mut cpu, mut at) = (demo.cpu_ns(), begin);
    let mut slowest = Duration::ZERO;
    for minute in MINUTES {
        let end = begin + minute * 60 / SPEED * SECOND_NS;
        while now_ns() < end {
            let next = now_ns() + HOME_SECONDS * SECOND_NS / i64::from(VIEWERS);
            slowest = slowest.max(load_page(port, "/"));
            sleep_until(next);
        }
        let (memory, most) = demo.memory_mb();
        let busy_us = (demo.cpu_ns() - cpu) / 1000;
        let passed_ms = u64::try_from(now_ns() - at).unwrap() / 1_000_000;
        // Thousandths of a core.
        let share = busy_us / passed_ms.max(1);
        (cpu, at) = (demo.cpu_ns(), now_ns());
        println!(
            "viewers: minute {minute:>2}: {memory:.1} MB (most {most:.1}), {}.{} % of a core, \
             {} events told, {} of {VIEWERS} pages lost, slowest home page {} ms",
            share / 10,
            share % 10,
            told.events.load(Ordering::Relaxed),
            told.ended.load(Ordering::Relaxed),
            slowest.as_millis(),
        );
    }
    demo.stop();
}

/// Reads the event stream of an open page until it ends.
fn watch_page(port: u16, number: u16, told: &ToldEvents) {
    let lang = if number.is_multiple_of(2) { "id" } else { "en" };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let ask = format!("GET /langsung?lang={lang} HTTP/1.1\r\nHost: localhost\r\n\r\n");
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
