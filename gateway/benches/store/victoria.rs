//! `VictoriaMetrics` with the same samples in the same run, where it is installed
//! (`apt install victoria-metrics`).

use crate::series::BenchSeries;
use crate::{DAY_MS, DEVICES, POINTS, START_MS, StoreBenchResult};
use gateway::domain::ExactNumber;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Slots in one request.
const SLOTS_PER_REQUEST: i64 = 360;
/// Tenths of a second that it may take to come up.
const START_TENTHS_MAX: usize = 300;

/// A server that ends with the bench.
struct BenchVictoria {
    child: Child,
    port: u16,
}

impl Drop for BenchVictoria {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes a sample of its folder after 30 days of the bench's series, merged; `None`: not installed.
pub(crate) fn bytes_per_sample() -> StoreBenchResult<Option<f64>> {
    let folder = tempfile::tempdir()?;
    let Some(rival) = BenchVictoria::start(folder.path())? else {
        return Ok(None);
    };
    let mut series = BenchSeries::one_per_point(DEVICES * POINTS)?;
    let (mut lines, mut samples) = (String::new(), 0_usize);
    let slots = 30 * DAY_MS / 10_000;
    for slot in 0..slots {
        for (device, mine) in series.chunks_mut(POINTS).enumerate() {
            samples += push_device_line(&mut lines, device, mine, slot)?;
        }
        if slot % SLOTS_PER_REQUEST == SLOTS_PER_REQUEST - 1 {
            rival.post("/write", &lines)?;
            lines.clear();
        }
    }
    rival.post("/write", &lines)?;
    rival.post("/internal/force_flush", "")?;
    // Merged, as the parts of a server are in the end; before that they take more space.
    rival.post("/internal/force_merge", "")?;
    Ok(Some(
        settled_bytes(folder.path())? / crate::count_as_f64(samples),
    ))
}

/// One device's line; how many values it has.
fn push_device_line(
    out: &mut String,
    device: usize,
    mine: &mut [BenchSeries],
    slot: i64,
) -> StoreBenchResult<usize> {
    let begin = out.len();
    write!(out, "m,device=d{device} ")?;
    let mut values = 0;
    for (point, series) in mine.iter_mut().enumerate() {
        let value = match series.next(slot).number() {
            // The decimal itself, so that the other database does not store the digits of a binary
            // fraction.
            Some(ExactNumber::Decimal { mantissa, exponent }) => format!("{mantissa}e{exponent}"),
            Some(ExactNumber::Float(value)) => value.to_string(),
            None => continue,
        };
        let comma = if values == 0 { "" } else { "," };
        write!(out, "{comma}p{point}={value}")?;
        values += 1;
    }
    if values == 0 {
        out.truncate(begin);
    } else {
        writeln!(out, " {}", (START_MS + slot * 10_000) * 1_000_000)?;
    }
    Ok(values)
}

impl BenchVictoria {
    fn start(folder: &Path) -> StoreBenchResult<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("victoria-metrics");
        command
            .arg(format!("-storageDataPath={}", folder.display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            // The samples are of 2026; the default of one month would drop them.
            .arg("-retentionPeriod=100y")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            return Ok(None);
        };
        let rival = Self { child, port };
        for _ in 0..START_TENTHS_MAX {
            // An empty write is answered as soon as the server takes any.
            if rival.post("/write", "").is_ok() {
                return Ok(Some(rival));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("victoria-metrics did not come up".into())
    }

    fn post(&self, path: &str, body: &str) -> StoreBenchResult<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        if status.starts_with('2') {
            return Ok(());
        }
        Err(format!("{path}: {status}").into())
    }
}

/// Bytes of a folder, once they have not changed for three seconds.
fn settled_bytes(folder: &Path) -> StoreBenchResult<f64> {
    let (mut last, mut same) = (0, 0);
    while same < 3 {
        std::thread::sleep(Duration::from_secs(1));
        let now = folder_bytes(folder)?;
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    Ok(crate::count_as_f64(usize::try_from(last)?))
}

fn folder_bytes(folder: &Path) -> StoreBenchResult<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A part that has just been merged may be gone.
        let Ok(meta) = entry.metadata() else { continue };
        sum += if meta.is_dir() {
            folder_bytes(&entry.path()).unwrap_or(0)
        } else {
            meta.len()
        };
    }
    Ok(sum)
}
