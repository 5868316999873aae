//! The whole program on a computer that does not know the time, and people who tell it.

use crate::killed::pantau;
use crate::peers::{PeerProcess, compile_library, wait_for};
use crate::servers::free_port;
use crate::wizards::{run_pantau, stderr_text};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tests::site_text::SiteText;

/// A site with a simulated level, and the wrong clock of its gateway.
struct LostSite {
    folder: tempfile::TempDir,
    config: PathBuf,
    clock: PathBuf,
    _simulator: PeerProcess,
}

impl LostSite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = SiteText::new("desa")
            .tcp_bus("lan", free_port())
            .device("level", "lan", "unit = 2\nevery = '1s'")
            .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'mm' }"]);
        let site = site
            .store(&folder.path().join("store"))
            .with("flush = '1s'");
        let config = folder.path().join("pantau.toml");
        std::fs::write(&config, site.text()).unwrap();
        let clock = compile_library("wrong_clock", folder.path());
        let computer = folder.path().join("computer");
        std::fs::create_dir(&computer).unwrap();
        std::fs::write(computer.join("boot_id"), "start-1\n").unwrap();
        // A small computer, without a battery.
        std::fs::write(computer.join("available_clocksource"), "arch_sys_counter\n").unwrap();
        let mut simulate = pantau();
        simulate.args(["simulate", "-c"]).arg(&config);
        Self {
            _simulator: PeerProcess::start(simulate.stdout(Stdio::null())),
            folder,
            config,
            clock,
        }
    }

    /// Shows the gateway's computer this wall clock, seconds off the true time.
    fn set_computer(&self, off: i64, synchronised: bool) {
        let file = self.folder.path().join("clock.txt");
        let whole = file.with_extension("new");
        std::fs::write(&whole, format!("{off} {}", u8::from(synchronised))).unwrap();
        // At once: a look must not find half of it.
        std::fs::rename(&whole, &file).unwrap();
    }

    fn computer(&self, file: &str) -> PathBuf {
        self.folder.path().join("computer").join(file)
    }

    /// Makes the computer a virtual one, whose time at the start is that of its host.
    fn make_virtual(&self) {
        std::fs::write(self.computer("available_clocksource"), "tsc kvm-clock\n").unwrap();
    }

    /// Gives the computer a battery clock that is so far off, from which the kernel has set its
    /// time.
    fn add_battery_clock(&self, off: i64) {
        let clock = self.computer("rtc").join("rtc0");
        std::fs::create_dir_all(&clock).unwrap();
        std::fs::write(clock.join("hctosys"), "1\n").unwrap();
        std::fs::write(clock.join("since_epoch"), format!("{}\n", now_s() + off)).unwrap();
    }

    fn start(&self) -> PeerProcess {
        let mut command = pantau();
        command
            .args(["--log", "off", "run", "-c"])
            .arg(&self.config);
        command.env("LD_PRELOAD", &self.clock);
        command.env("WRONG_CLOCK", self.folder.path().join("clock.txt"));
        command.env("COMPUTER_FILES", self.computer(""));
        let gateway = PeerProcess::start(&mut command);
        wait_for("the control socket", || {
            UnixStream::connect(self.socket()).is_ok()
        });
        gateway
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("store").join("pantau.sock")
    }

    fn run(&self, words: &[&str]) -> Output {
        run_pantau(&self.config, words)
    }

    fn time(&self) -> Value {
        let shown = self.run(&["time", "show", "--json"]);
        assert!(shown.status.success(), "{}", stderr_text(&shown));
        serde_json::from_slice(&shown.stdout).unwrap()
    }

    /// Text of a GET over the control socket.
    fn get(&self, path: &str) -> String {
        let mut socket = UnixStream::connect(self.socket()).unwrap();
        write!(socket, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        text
    }

    /// Rows of an export: time and quality.
    fn exported(&self) -> Vec<(String, String)> {
        let out = self.run(&["export", "--point", "level.level"]);
        let text = String::from_utf8(out.stdout).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0].to_owned(), cells[cells.len() - 1].to_owned())
        };
        text.lines().skip(1).map(row).collect()
    }
}

/// Local time of the site that far from now.
fn local_time(off: &str) -> String {
    let shown = Command::new("date")
        .env("TZ", "Asia/Jakarta")
        .args(["-d", off, "+%Y-%m-%d %H:%M:%S"])
        .output();
    String::from_utf8(shown.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

#[track_caller]
fn assert_refused(output: &Output, status: i32, part: &str) {
    let why = stderr_text(output);
    assert_eq!(output.status.code(), Some(status), "{why}");
    assert!(why.contains(part), "{why}");
}

fn now_s() -> i64 {
    let now = Command::new("date").arg("+%s").output().unwrap();
    String::from_utf8(now.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// Lines of the audit log about the clock.
fn clock_lines(site: &LostSite) -> Vec<String> {
    let text = site.get("/api/v1/audit");
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let all: Value = serde_json::from_str(body).unwrap();
    let lines = all.as_array().unwrap_or_else(|| panic!("{body}")).iter();
    let lines = lines.filter(|one| one["kind"] == "clock");
    lines.map(|one| one["what"].to_string()).collect()
}

#[test]
fn a_person_sets_the_time_of_a_lost_computer_and_the_network_corrects_it() {
    let site = LostSite::new();
    assert_refused(&site.run(&["time", "show"]), 1, "tidak ada gateway");
    // The computer was started in 1970, with readings since.
    site.set_computer(30 - now_s(), false);
    let gateway = site.start();
    assert_eq!(site.time()["trusted"], false);
    assert!(site.get("/healthz").contains("not synchronised"));
    wait_for("undated readings", || {
        let rows = site.exported();
        rows.len() >= 3 && rows.iter().all(|(at, _)| at.is_empty())
    });
    let never = site.run(&["time", "set", "2025-11-30 10:00"]);
    assert_refused(&never, 2, "sebelum tahun 2026");
    assert_refused(&site.run(&["time", "set", "kemarin"]), 2, "bukan waktu");

    let set = site.run(&["time", "set", &local_time("now")]);
    assert!(set.status.success(), "{}", stderr_text(&set));
    let said = String::from_utf8(set.stdout).unwrap();
    assert!(said.contains("diatur oleh seseorang"), "{said}");
    let time = site.time();
    assert_eq!(
        (&time["trusted"], &time["source"]),
        (&true.into(), &"person".into())
    );
    assert!(
        (5000..7000).contains(&time["bound_ms"].as_u64().unwrap()),
        "{time}"
    );
    let year = local_time("now")[..4].to_owned();
    wait_for("dated readings", || {
        let rows = site.exported();
        let is_dated = |(at, quality): &(String, String)| {
            at.starts_with(&year) && !quality.contains("undated")
        };
        rows.len() >= 4 && rows.iter().all(is_dated)
    });
    // The computer stays in 1970, also for a restart of the program, which goes on with the time.
    gateway.terminate();
    let _gateway = site.start();
    assert_eq!(site.time()["source"], "person");
    wait_for("a reading", || site.exported().len() >= 5);

    // The network comes, and says seven seconds more.
    site.set_computer(7, true);
    wait_for("the network's time", || site.time()["source"] == "kernel");
    let other = site.run(&["time", "set", &local_time("1 hour")]);
    assert_refused(&other, 1, "NTP");
    let rows = site.exported();
    assert!(rows.is_sorted_by_key(|(at, _)| at.clone()), "{rows:?}");
    let corrected = |line: &String| line.contains("readings follow it");
    wait_for("the audit log", || clock_lines(&site).iter().any(corrected));
    let lines = clock_lines(&site);
    let set = lines.iter().find(|line| line.contains("time set by"));
    let set = set.unwrap_or_else(|| panic!("{lines:?}"));
    assert!(
        set.contains("from 1970-") && set.contains("within 5 s"),
        "{set}"
    );
}

#[test]
fn a_wrong_year_that_a_person_was_sure_of_is_taken_back_after_a_restart() {
    let site = LostSite::new();
    site.set_computer(30 - now_s(), false);
    let gateway = site.start();
    wait_for("undated readings", || site.exported().len() >= 2);
    let set = site.run(&["time", "set", &local_time("now")]);
    assert!(set.status.success(), "{}", stderr_text(&set));
    let year = local_time("now")[..4].to_owned();
    let far = site.run(&["time", "set", &local_time("2 years")]);
    assert_refused(&far, 1, "--sure");
    let never = site.run(&["time", "set", &local_time("20 years"), "--sure"]);
    assert_refused(&never, 2, "tidak mungkin");

    // Somebody is sure of a wrong year, and the right one is set after one more restart.
    let wrong = site.run(&["time", "set", &local_time("2 years"), "--sure"]);
    assert!(wrong.status.success(), "{}", stderr_text(&wrong));
    let is_of = |year: &str| {
        let rows = site.exported();
        !rows.is_empty() && rows.iter().all(|(at, _)| at.starts_with(year))
    };
    let ahead = local_time("2 years")[..4].to_owned();
    wait_for("readings of a wrong year", || is_of(&ahead));
    gateway.terminate();
    let _gateway = site.start();
    let right = site.run(&["time", "set", &local_time("now")]);
    assert!(right.status.success(), "{}", stderr_text(&right));
    wait_for("readings of the right year", || is_of(&year));
    let lines = clock_lines(&site);
    let is_told = |line: &String| line.contains("a person had set was wrong");
    assert!(lines.iter().any(is_told), "{lines:?}");
}

const YEAR_S: i64 = 365 * 86_400;

#[test]
fn a_start_ten_years_ahead_is_not_believed_and_its_readings_get_their_true_time() {
    let site = LostSite::new();
    site.make_virtual();
    site.set_computer(0, true);
    let gateway = site.start();
    wait_for("dated readings", || site.exported().len() >= 3);
    gateway.terminate();

    // The computer starts again, without a network and with a clock that lost its mind.
    std::fs::write(site.computer("boot_id"), "start-2\n").unwrap();
    site.set_computer(10 * YEAR_S, false);
    let _gateway = site.start();
    assert_eq!(site.time()["trusted"], false);
    let health = site.get("/healthz");
    assert!(health.contains("far beyond the newest reading"), "{health}");
    let page = site.get("/health");
    assert!(page.contains("jauh setelah bacaan terbaru"), "{page}");
    let undated = || {
        let rows = site.exported();
        rows.iter().filter(|(at, _)| at.is_empty()).count()
    };
    wait_for("undated readings", || undated() >= 3);
    site.set_computer(0, true);
    wait_for("the network's time", || site.time()["source"] == "kernel");
    let year = local_time("now")[..4].to_owned();
    wait_for("dated readings", || {
        undated() == 0 && site.exported().iter().all(|(at, _)| at.starts_with(&year))
    });
}

#[test]
fn readings_by_a_wrong_start_are_moved_when_the_network_comes() {
    let site = LostSite::new();
    site.make_virtual();
    // A new site: nothing tells that this is not the time.
    site.set_computer(2 * YEAR_S, false);
    let gateway = site.start();
    assert_eq!(site.time()["source"], "host");
    let ahead = local_time("730 days")[..4].to_owned();
    let is_of = |year: &str| {
        let rows = site.exported();
        rows.len() >= 3 && rows.iter().all(|(at, _)| at.starts_with(year))
    };
    wait_for("readings of a wrong year", || is_of(&ahead));
    gateway.terminate();
    let _gateway = site.start();
    site.set_computer(0, true);
    wait_for("the network's time", || site.time()["source"] == "kernel");
    let year = local_time("now")[..4].to_owned();
    wait_for("readings of the right year", || is_of(&year));
    let lines = clock_lines(&site);
    let is_told = |line: &String| line.contains("at its start was wrong");
    assert!(lines.iter().any(is_told), "{lines:?}");
    let digests = site.run(&["verify"]);
    assert!(digests.status.success(), "{}", stderr_text(&digests));
}

#[test]
fn a_battery_clock_is_believed_only_where_the_computer_shows_the_same() {
    let site = LostSite::new();
    site.set_computer(0, false);
    // Local time in place of UTC.
    site.add_battery_clock(7 * 3600);
    let gateway = site.start();
    assert_eq!(site.time()["trusted"], false);
    let health = site.get("/healthz");
    assert!(
        health.contains("the battery clock shows another time"),
        "{health}"
    );
    gateway.terminate();
    site.add_battery_clock(0);
    let _gateway = site.start();
    let time = site.time();
    assert_eq!(
        (&time["trusted"], &time["source"]),
        (&true.into(), &"host".into())
    );
    // Nobody knows when it was set last.
    let bound = time["bound_ms"].as_u64().unwrap();
    assert!((122_000..130_000).contains(&bound), "{time}");
}
