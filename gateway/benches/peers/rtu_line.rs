//! Throughput on a serial line compared with its limit: 5 devices of 20 registers, 9600 8N1.
//!
//! The line is a pty whose far end (`tests/peers/line.c`) lets each byte take its 10 bits and
//! counts requests that begin before 3.5 characters of silence.

use crate::harness::{BenchProcess, compile_peer, pantau_command};
use crate::site_text::SiteText;
use std::io::{BufRead, Read};
use std::process::Command;
use std::thread;
use std::time::Duration;

const DEVICES: u32 = 5;
/// A request of 8 bytes, an answer of 45, and 3.5 characters of silence after each: 10 bits a byte.
const CYCLE_LIMIT_S: f64 = 5.0 * (8.0 + 3.5 + 45.0 + 3.5) * 10.0 / 9600.0;
const SECONDS: u64 = 30;

/// Reads the line for half a minute and prints what it saw.
pub(crate) fn run_rtu_bench() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile_peer("line", &[], folder.path());
    let (mut line, mut said) = BenchProcess::start(Command::new(program).arg("9600"));
    let mut port = String::new();
    said.read_line(&mut port).unwrap();

    let file = folder.path().join("pantau.toml");
    std::fs::write(&file, line_configuration(port.trim(), folder.path())).unwrap();
    let mut command = pantau_command();
    let (mut gateway, _) =
        BenchProcess::start(command.args(["--log", "error", "run", "-c"]).arg(&file));
    // About ninety cycles of 312.5 ms, so that the start counts for little.
    thread::sleep(Duration::from_secs(SECONDS));
    // Before the stop, whose work belongs to no poll.
    let cpu = gateway.cpu_ns();
    gateway.stop();
    line.close_stdin();
    let mut seen = String::new();
    said.read_to_string(&mut seen).unwrap();
    print_line_report(&seen, cpu);
}

fn line_configuration(port: &str, folder: &std::path::Path) -> String {
    let bus = format!("kind = 'modbus-rtu'\nport = '{port}'\nbaud = 9600");
    let mut site = SiteText::new("bench")
        .store(&folder.join("store"))
        .with("flush = '10s'")
        .bus("line", bus);
    for unit in 1..=DEVICES {
        let keys = format!("unit = {unit}\nevery = '100ms'");
        let point = |at| format!("{{ id = 'p{at}', register = 'holding:{at}', type = 'u16' }}");
        site = site
            .device(&format!("d{unit}"), "line", keys)
            .points((0..20).map(point));
    }
    site.text()
}

/// The line's own words: `requests N early E seconds S busy B`.
#[expect(clippy::cast_precision_loss, reason = "seconds to three digits")]
fn print_line_report(seen: &str, cpu: u64) {
    let words: Vec<&str> = seen.split_whitespace().collect();
    let of = |key: &str| -> f64 {
        let at = words.iter().position(|word| *word == key).unwrap();
        words[at + 1].parse().unwrap()
    };
    // The line counts requests, and a cycle is one request to each device.
    let cycle = of("seconds") / (of("requests") / f64::from(DEVICES));
    println!("rtu: {DEVICES} devices x 20 registers, 9600 8N1, {SECONDS} s");
    println!("  requests                 {:8.0}", of("requests"));
    println!(
        "  before 3.5 characters    {:8.0}   (must be 0)",
        of("early")
    );
    println!("  a cycle                  {:8.1} ms", cycle * 1e3);
    println!("  the line's limit         {:8.1} ms", CYCLE_LIMIT_S * 1e3);
    println!(
        "  of the limit             {:8.1} %   (must be 95)",
        100.0 * CYCLE_LIMIT_S / cycle
    );
    println!(
        "  CPU                      {:8.2} %",
        cpu as f64 / 1e7 / SECONDS as f64
    );
}
