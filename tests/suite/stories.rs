//! Stories of the first ten minutes of each person, and every page for every eye and finger: in a
//! real browser, signed in by the form of the page.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::free_port;
use crate::wizards::{run_pantau, start_gateway};
use gateway::access::ROUTE_ROLES;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tests::site_text::SiteText;

/// Environment variable with the folder for screenshots; a temporary folder by default.
const SCREENSHOTS_VARIABLE: &str = "PANTAU_SHOTS";
/// Days of history: enough for the days that a tank lasts.
const DAYS: &str = "10";
/// Routes that give a file or a stream, or redirect.
const FILES: &[&str] = &[
    "/healthz",
    "/metrics",
    "/assets/{*path}",
    "/sw.js",
    "/manifest.webmanifest",
    "/ikon/{file}",
    "/ca.crt",
    "/points/{id}/curve.svg",
    "/laporan/berkas/{id}",
    "/catat/foto/{sha256}",
    "/teknisi/serah-terima/berkas",
    "/teknisi/serah-terima/berkas/{id}",
    "/catat/templat/{file}",
    "/langsung",
];
/// Routes of a box without users, and of one with its own certificates.
const OF_NEW_BOX: &[&str] = &["/mulai", "/sertifikat"];
/// Paths for patterns. The script makes a report for the two that need one.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "/jelas/{id}",
        &[
            "/jelas/plts.generation?asset=plts",
            "/jelas/tank.volume_last?asset=tank",
            "/jelas/co2.net",
        ],
    ),
    (
        "/points/{id}",
        &[
            "/points/inverter.ac_power?span=day",
            "/points/level.level?span=week",
        ],
    ),
    ("/catat", &["/catat", "/catat?isi=bsf-fed"]),
    // Without a scan there is no such page; `technician_pages` sees it.
    ("/teknisi/tambah", &[]),
    ("/teknisi/alat", &["/teknisi/alat?id=inverter"]),
    ("/catat/entri/{id}", &["/catat/entri/1"]),
    ("/laporan/pekerjaan/{id}", &["ORDER"]),
    (
        "/laporan/terbitan/{id}",
        &["/laporan/terbitan/1?bandingkan=1"],
    ),
];

/// The demo, with a user of each role.
struct DemoSite {
    _process: PeerProcess,
    _folder: tempfile::TempDir,
    address: String,
    /// Name and password.
    users: Vec<(String, String)>,
}

/// The demo that tests have open at this time: its history takes a while to write.
static OPEN_DEMO: Mutex<Weak<DemoSite>> = Mutex::new(Weak::new());

impl DemoSite {
    /// The one that is open, else a new one. It ends with the last test that holds it.
    fn open() -> Arc<Self> {
        let mut open = OPEN_DEMO.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = open.upgrade() {
            return site;
        }
        let site = Arc::new(Self::start());
        *open = Arc::downgrade(&site);
        site
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = pantau();
        command.args(["--lang", "en", "--log", "error", "demo", "--days", DAYS]);
        command.args(["--port", &port.to_string(), "--store"]);
        command.arg(folder.path()).stderr(Stdio::null());
        let (process, lines) = PeerProcess::start_until(&mut command, "Press Ctrl-C");
        let user = |line: &String| {
            let (name, password) = line.split_once(": name ")?.1.split_once(", password ")?;
            Some((name.to_owned(), password.trim().to_owned()))
        };
        Self {
            _process: process,
            _folder: folder,
            address: format!("http://127.0.0.1:{port}"),
            users: lines.iter().filter_map(user).collect(),
        }
    }

    /// Command with the name and the password of a user.
    fn script(&self, script: &str, name: &str) -> Command {
        let found = self.users.iter().find(|(known, _)| known == name);
        let (name, password) = found.unwrap();
        let mut command = python_peer(script);
        command.env("PANTAU_NAME", name);
        command.env("PANTAU_PASSWORD", password);
        command
    }

    fn tell(&self, story: &str, name: &str) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = self.script("stories.py", name);
        command.args([story, &self.address]);
        run_script(command.arg(screenshots(folder.path())));
    }
}

fn screenshots(folder: &Path) -> PathBuf {
    let chosen = std::env::var_os(SCREENSHOTS_VARIABLE);
    chosen.map_or_else(|| folder.to_owned(), PathBuf::from)
}

fn run_script(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(
        status.success(),
        "the browser saw something wrong, see above"
    );
}

/// A gateway without a user, whose page has these keys; returns it with its configuration.
fn start_new_box(folder: &Path, site: SiteText, port: u16, keys: &str) -> (PeerProcess, PathBuf) {
    let site = site.with(format_args!("[web]\nlisten = '127.0.0.1:{port}'\n{keys}"));
    // Readings are on the card soon, so that the story need not wait for its plot.
    let site = site.store(&folder.join("store")).with("flush = '1s'");
    let config = folder.join("pantau.toml");
    std::fs::write(&config, site.text()).unwrap();
    let gateway = start_gateway(&config);
    wait_for("the page", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (gateway, config)
}

/// Code with which the first person of a new box is made.
fn set_up_code(config: &Path) -> String {
    let shown = run_pantau(config, &["user", "setup-code"]);
    String::from_utf8(shown.stdout).unwrap().trim().to_owned()
}

/// Addresses of every page of the route table, by examples.
fn page_addresses() -> Vec<&'static str> {
    let mut addresses = Vec::new();
    for (methods, pattern, _) in ROUTE_ROLES {
        let is_file = FILES.contains(pattern)
            || OF_NEW_BOX.contains(pattern)
            || pattern.starts_with("/api/")
            || pattern.ends_with("/data.{format}");
        if !methods.contains("GET") || is_file {
            continue;
        }
        let known = EXAMPLES.iter().find(|(known, _)| known == pattern);
        let own = [*pattern];
        let examples = known.map_or(&own[..], |(_, examples)| examples);
        for example in examples {
            assert!(!example.contains('{'), "{pattern}: give it an example here");
            addresses.push(*example);
        }
    }
    addresses
}

#[test]
fn every_page_is_fit_for_every_eye_finger_width_and_language() {
    let demo = DemoSite::open();
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let (_new_box, _) = start_new_box(folder.path(), SiteText::new("desa"), port, "tls = 'local'");
    let mut command = demo.script("axe_pages.py", "admin");
    command.arg(&demo.address).arg(screenshots(folder.path()));
    command.args(page_addresses());
    command.arg(format!("https://127.0.0.1:{port}/mulai"));
    command.arg(format!("http://127.0.0.1:{port}/sertifikat"));
    run_script(&mut command);
}

#[test]
fn an_officer_sees_the_site_from_the_city_writes_down_twelve_kilograms_and_shares_a_text() {
    DemoSite::open().tell("officer", "teknisi");
}

#[test]
fn a_reporter_downloads_the_quarter_and_follows_a_figure_to_its_readings() {
    DemoSite::open().tell("reporter", "pengamat");
}

#[test]
fn an_admin_adds_a_user_and_a_token_reads_the_log_and_signs_out() {
    DemoSite::open().tell("admin", "admin");
}

#[test]
fn a_browser_that_trusts_the_box_records_over_https_also_without_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let site = SiteText::new("desa");
    let (_gateway, config) = start_new_box(folder.path(), site, port, "tls = 'local'");
    let mut command = python_peer("trusted_box.py");
    command.env("PANTAU_CODE", set_up_code(&config));
    command.arg(format!("https://127.0.0.1:{port}"));
    let home = tempfile::tempdir().unwrap();
    run_script(command.arg(home.path()));
}

#[test]
fn a_technician_opens_a_new_box_and_sees_a_sane_level_and_the_tank() {
    let folder = tempfile::tempdir().unwrap();
    let device = free_port();
    let site = SiteText::new("desa")
        .with("name = 'Desa Impian'")
        .tcp_bus("lan", device)
        .device("level", "lan", "unit = 1\nevery = '1s'")
        .points([
            "{ id = 'level', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }",
        ])
        .asset(
            "tank",
            "tank",
            "name = 'Toren depan'\nlevel = 'level.level'\nshape = { kind = \
             'vertical-cylinder', diameter_m = 1.1, height_m = 5.0 }",
        );
    let port = free_port();
    let (_gateway, config) = start_new_box(folder.path(), site, port, "");
    let words = ["--log", "off", "simulate", "--speed", "1", "-c"];
    let mut simulated = pantau();
    let simulated = simulated.args(words).arg(&config).stdout(Stdio::null());
    let _devices = PeerProcess::start(simulated);
    let mut command = python_peer("stories.py");
    command.env("PANTAU_CODE", set_up_code(&config));
    command.args(["technician", &format!("http://127.0.0.1:{port}")]);
    run_script(command.arg(screenshots(folder.path())));
}

#[test]
fn a_technician_goes_from_an_empty_box_to_a_signed_record_on_a_phone() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("registers");
    std::fs::write(&image, "coils 0\ndiscrete 0\nholding 30\ninput 0\n").unwrap();
    let mut server = python_peer("pymodbus_server.py");
    let (_sensor, modbus) = PeerProcess::start_ready(server.arg(&image).arg("tcp"));
    let port = free_port();
    let site = SiteText::new("desa").with("name = 'Desa Impian'");
    let (_gateway, config) = start_new_box(folder.path(), site, port, "");
    let tables = SiteText::new("desa")
        .tcp_bus("lan", &modbus)
        .device("level", "lan", "unit = 1\nevery = '200ms'")
        .points([
            "{ id = 'level', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }",
        ])
        .asset(
            "toren",
            "tank",
            "name = 'Toren depan'\nlevel = 'level.level'\nshape = { kind = \
             'vertical-cylinder', diameter_m = 1.1, height_m = 2.0 }",
        );
    let tables = tables.text();
    let (_, added) = tables.split_at(tables.find("[[bus]]").unwrap());
    let mut command = python_peer("stories.py");
    command.env("PANTAU_CODE", set_up_code(&config));
    command.env("PANTAU_MODBUS", &modbus);
    command.env("PANTAU_TABLES", format!("\n{added}"));
    command.args(["installer", &format!("http://127.0.0.1:{port}")]);
    run_script(command.arg(screenshots(folder.path())));
}
