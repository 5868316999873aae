//! Common parts of the benches: external programs, simulated devices, and process statistics.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The program under measurement: the one of this build, or the file that `PANTAU_BENCH_BINARY`
/// names.
pub(crate) fn pantau_command() -> Command {
    let other = std::env::var_os("PANTAU_BENCH_BINARY");
    Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_pantau").into()))
}

/// A process of ours, ended when the bench is done with it.
pub(crate) struct BenchProcess(Child);

impl BenchProcess {
    /// Starts it; its standard output can be read once.
    pub(crate) fn start(command: &mut Command) -> (Self, BufReader<ChildStdout>) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let said = BufReader::new(child.stdout.take().unwrap());
        (Self(child), said)
    }

    /// Nanoseconds on a processor so far, over all threads that still live.
    pub(crate) fn cpu_ns(&self) -> u64 {
        // `schedstat` counts nanoseconds. `stat` counts ticks of 10 ms, too coarse for a window.
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id()))
            .into_iter()
            .flatten();
        let spent = |task: PathBuf| -> Option<u64> {
            let text = fs::read_to_string(task.join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse().ok()
        };
        tasks.flatten().filter_map(|task| spent(task.path())).sum()
    }

    /// Resident memory, and the most it ever was, in MB.
    pub(crate) fn memory_mb(&self) -> (f64, f64) {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let of = |key: &str| -> f64 {
            let line = text
                .lines()
                .find(|line| line.starts_with(key))
                .unwrap_or_default();
            let kib: f64 = line
                .split_whitespace()
                .nth(1)
                .unwrap_or("0")
                .parse()
                .unwrap_or(0.0);
            kib / 1024.0
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Closes its standard input, which tells the C peers to end.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.0.stdin.take());
    }

    /// A clean stop, as systemd would ask for it; killed after ten seconds.
    pub(crate) fn stop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        for _ in 0..1000 {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
    }
}

impl Drop for BenchProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Nanoseconds since 1970, as the C peers count them.
#[expect(clippy::disallowed_methods, reason = "a bench measures the real clock")]
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Sleeps until a moment of the wall clock.
pub(crate) fn sleep_until(ns: i64) {
    let left = u64::try_from(ns - now_ns()).unwrap_or(0);
    thread::sleep(Duration::from_nanos(left));
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Compiles a peer from `tests/peers`.
pub(crate) fn compile_peer(name: &str, libraries: &[&str], folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/peers/{name}.c"));
    let program = folder.join(name);
    let flags = |library: &&str| -> Vec<String> {
        let asked = Command::new("pkg-config")
            .args(["--cflags", "--libs", library])
            .output();
        let said = asked.expect("pkg-config is not there: tests/run installs it");
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        text.split_whitespace().map(str::to_owned).collect()
    };
    let mut compiler = Command::new("cc");
    // Optimised like a packaged program, so that the comparison is fair.
    compiler.args(["-O2", "-o"]).arg(&program).arg(source);
    compiler.args(libraries.iter().flat_map(flags));
    let status = compiler
        .status()
        .expect("no C compiler: tests/run installs one");
    assert!(
        status.success(),
        "{name}.c does not compile: tests/run installs its libraries"
    );
    program
}

/// A broker of its own, without limits; its port.
pub(crate) fn start_broker(folder: &Path) -> (BenchProcess, u16) {
    // No limits and no persistence: the broker must not be what is measured.
    let port = free_port();
    let file = folder.join("mosquitto.conf");
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n\
         max_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n"
    );
    fs::write(&file, text).unwrap();
    // Debian keeps servers out of an ordinary user's path.
    let places = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];
    let place = places.iter().find(|place| Path::new(place).exists());
    let mut command = Command::new(place.unwrap_or(&"mosquitto"));
    let (peer, _) = BenchProcess::start(command.arg("-c").arg(file));
    for _ in 0..500 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return (peer, port);
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("mosquitto does not listen on {port}");
}

/// Lines of a peer, gathered by a thread until it ends.
pub(crate) fn collect_lines(said: BufReader<ChildStdout>) -> thread::JoinHandle<Vec<String>> {
    thread::spawn(move || said.lines().map_while(Result::ok).collect())
}

/// The value below which this share of the values lies.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list that fits the memory"
    )]
    let at = ((values.len() as f64) * share) as usize;
    values
        .get(at.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
