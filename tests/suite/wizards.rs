//! Tests of the commissioning commands with the whole program: set-address, calibrations and
//! handover.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::free_port;
use crate::sites::write_config;
use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::site_text::SiteText;

/// A configuration in `folder` with these tables.
pub(crate) fn write_site(folder: &Path, tables: &str) -> PathBuf {
    let site = SiteText::new("desa").with("name = 'Desa Impian'");
    write_config(folder, site.with(tables))
}

pub(crate) fn run_pantau(config: &Path, words: &[&str]) -> Output {
    let mut command = pantau();
    command.args(["--lang", "id", "--log", "off"]).args(words);
    command.arg("-c").arg(config).stdin(Stdio::null());
    command.output().unwrap()
}

pub(crate) fn stderr_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn run_json(config: &Path, words: &[&str]) -> Value {
    let output = run_pantau(config, &[words, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{words:?}: {}",
        stderr_text(&output)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn start_gateway(config: &Path) -> PeerProcess {
    let gateway = PeerProcess::start(pantau().args(["--log", "off", "run", "-c"]).arg(config));
    let socket = config.with_file_name("store").join("pantau.sock");
    wait_for("the control socket", || {
        UnixStream::connect(&socket).is_ok()
    });
    gateway
}

/// Header with a token that may do what a technician may; made before the gateway starts.
pub(crate) fn token_header(config: &Path) -> String {
    let made = run_pantau(
        config,
        &["user", "token", "add", "tests", "--scope", "technician"],
    );
    assert!(made.status.success(), "{}", stderr_text(&made));
    let token = String::from_utf8(made.stdout).unwrap();
    format!("Authorization: Bearer {}\r\n", token.trim())
}

/// A line with devices at these addresses, and a sensor that the configuration has at unit 5.
fn start_line(folder: &Path, devices: &[&str]) -> (PeerProcess, PathBuf) {
    let (peer, port) = PeerProcess::start_ready(python_peer("address_line.py").args(devices));
    let tables = format!(
        "[[bus]]\nid = \"rs485\"\nkind = \"modbus-rtu\"\nport = \"{port}\"\nbaud = 9600\n\
         timeout = \"100ms\"\n[[device]]\nid = \"air\"\nbus = \"rs485\"\nunit = 5\n\
         every = \"10s\"\nprofile = \"xy-md02\"\n"
    );
    (peer, write_site(folder, &tables))
}

pub(crate) fn set_address_outcome(config: &Path, words: &[&str]) -> String {
    let words = [&["set-address", "air", "--yes", "--json"], words].concat();
    let output = run_pantau(config, &words);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.success(), told["verified"] == true, "{told}");
    told["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_device_gets_its_address_once_it_was_agreed_to_and_answers_there_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, config) = start_line(scratch.path(), &["1"]);
    let asked = run_pantau(&config, &["set-address", "air", "--from", "1"]);
    assert_eq!(asked.status.code(), Some(2));
    let plan = stderr_text(&asked);
    // Without agreement the plan is printed only; its status 2 tells scripts that nothing was done.
    for part in ["unit 1 -> 5", "0x0005", "holding:257", "fungsi 6", "--yes"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    // Nothing has been written yet: the device still has its old address.
    assert_eq!(
        set_address_outcome(&config, &["--from", "5", "--to", "6"]),
        "silent"
    );
    assert_eq!(set_address_outcome(&config, &["--from", "1"]), "done");
    assert_eq!(
        set_address_outcome(&config, &["--from", "1", "--to", "6"]),
        "silent"
    );
    assert_eq!(set_address_outcome(&config, &["--to", "9"]), "done");
}

#[test]
fn two_devices_at_one_address_are_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    // Two new sensors come with the same address. Writing to it would move both, and they could not
    // be told apart afterwards.
    let (_line, config) = start_line(scratch.path(), &["1", "1", "7"]);
    assert_eq!(set_address_outcome(&config, &["--from", "1"]), "several");
    // Both devices still answer, and the third keeps its address.
    assert_eq!(
        set_address_outcome(&config, &["--from", "1", "--to", "2"]),
        "several"
    );
    assert_eq!(
        set_address_outcome(&config, &["--from", "7", "--to", "1"]),
        "taken"
    );
}

#[test]
fn a_device_that_says_yes_and_stays_is_not_believed() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, config) = start_line(scratch.path(), &["--stubborn", "1"]);
    assert_eq!(set_address_outcome(&config, &["--from", "1"]), "unchanged");
    let wrong = ["--from", "1", "--register", "holding:9"];
    assert_eq!(set_address_outcome(&config, &wrong), "refused");
}

const LEVEL: &str = "[[device]]\nid = \"level\"\nbus = \"lan\"\nunit = 1\nevery = \"1s\"\n\
    point = [{ id = \"level\", register = \"holding:0\", type = \"u16\", scale = 0.001, \
    unit = \"m\" }]\n[[asset]]\nid = \"tank\"\nkind = \"tank\"\nname = \"Toren depan\"\n\
    level = \"level.level\"\nshape = { kind = \"vertical-cylinder\", diameter_m = 1.1, \
    height_m = 5.0 }\n";

fn tcp_level_site(port: u16) -> String {
    format!(
        "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = {port}\n{LEVEL}"
    )
}

#[test]
fn calibrations_are_the_same_with_and_without_a_running_gateway_and_change_no_day_before() {
    let scratch = tempfile::tempdir().unwrap();
    let config = write_site(scratch.path(), &tcp_level_site(9));
    let who = ["--who", "Budi", "--yes"];
    // Decimal comma and decimal point in one call, as people mix them.
    let dips = [
        "calibrate",
        "level",
        "tank",
        "--pair",
        "0,05=0",
        "--pair",
        "1.05=1.1",
    ];
    let first = run_json(&config, &[&dips[..], &who].concat());
    assert_eq!(
        (&first["id"], &first["targets"][0]),
        (&json!(1), &json!("level.level"))
    );
    let gateway = start_gateway(&config);
    let fill = [
        "calibrate",
        "strapping",
        "tank",
        "--row",
        "0=0",
        "--row",
        "1=930",
    ];
    assert_eq!(run_json(&config, &[&fill[..], &who].concat())["id"], 2);
    // A calibration of an earlier day would change figures that were already reported.
    let yesterday = [
        "calibrate",
        "level",
        "tank",
        "--pair",
        "0=0",
        "--date",
        "2020-01-01",
    ];
    let past = run_pantau(&config, &[&yesterday[..], &who].concat());
    assert_eq!(past.status.code(), Some(2));
    assert!(
        stderr_text(&past).contains("angka sebelumnya tetap"),
        "{}",
        stderr_text(&past)
    );
    // Standard input is closed, so nobody can be asked.
    let unsaid = run_pantau(
        &config,
        &[
            "calibrate",
            "level",
            "tank",
            "--pair",
            "0.1=0",
            "--who",
            "A",
        ],
    );
    assert_eq!(unsaid.status.code(), Some(1), "nobody agreed");
    let withdrawal = ["calibrate", "withdraw", "2", "--note", "meter macet"];
    assert_eq!(
        run_json(&config, &[&withdrawal[..], &who].concat())["withdraws"],
        2
    );
    let asked = run_json(&config, &["calibrate", "list", "--all"]);
    drop(gateway);
    assert_eq!(run_json(&config, &["calibrate", "list", "--all"]), asked);
    let in_force = |value: &Value| value["in_force"] == true;
    let all: Vec<bool> = asked.as_array().unwrap().iter().map(in_force).collect();
    assert_eq!(all, [true, false, false]);
}

#[test]
fn a_moment_at_which_the_new_meter_was_read_already_is_refused_by_that_reason() {
    let scratch = tempfile::tempdir().unwrap();
    let config = write_site(
        scratch.path(),
        "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = 9\n\
         [[device]]\nid = \"meter\"\nbus = \"lan\"\nunit = 1\n\
         point = [{ id = \"energy\", register = \"holding:0\", type = \"u32\", unit = \"kWh\", \
         counter = true }]\n",
    );
    let rows = scratch.path().join("rows.csv");
    let text = "time,value\n2026-01-20T10:10:00+07:00,101\n2026-01-20T10:20:00+07:00,102\n\
        2026-01-20T10:30:00+07:00,1\n2026-01-20T10:40:00+07:00,2\n";
    std::fs::write(&rows, text).unwrap();
    let import = ["import", "--point", "meter.energy", rows.to_str().unwrap()];
    let imported = run_pantau(&config, &[&import[..], &["--yes"]].concat());
    assert!(imported.status.success(), "{}", stderr_text(&imported));
    let swap = |at| {
        let words = ["calibrate", "swap", "meter.energy", "--at", at];
        let said = ["--old", "102", "--new", "0", "--who", "Budi", "--yes"];
        run_pantau(&config, &[&words[..], &said].concat())
    };
    let refused = swap("2026-01-20 10:30");
    let said = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("satu menit lebih awal"), "{said}");
    let kept = swap("2026-01-20 10:29");
    assert!(kept.status.success(), "{}", stderr_text(&kept));
}

#[test]
fn a_replaced_meter_is_recorded_with_its_moment_and_withdrawn() {
    let scratch = tempfile::tempdir().unwrap();
    let config = write_site(
        scratch.path(),
        "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = 9\n\
         [[device]]\nid = \"meter\"\nbus = \"lan\"\nunit = 1\n\
         point = [{ id = \"energy\", register = \"holding:0\", type = \"u32\", unit = \"kWh\", \
         counter = true }]\n",
    );
    let who = ["--who", "Budi", "--yes"];
    let swap = |point: &'static str, at: &'static str, old: &'static str| {
        [
            "calibrate",
            "swap",
            point,
            "--at",
            at,
            "--old",
            old,
            "--new",
            "0",
        ]
    };
    let known = swap("meter.energy", "2026-01-20 10:30", "10531,2");
    let kept = run_json(&config, &[&known[..], &who].concat());
    // Local time of the site.
    assert_eq!(kept["at"], "2026-01-20T03:30:00Z");
    assert_eq!(kept["pairs"], json!([[10531.2, 0.0]]));
    for (wrong, text) in [
        (
            swap("meter.power", "2026-01-20 10:30", "1"),
            "bukan penghitung",
        ),
        (
            swap("meter.energy", "2126-01-20 10:30", "1"),
            "setelah hari ini",
        ),
        (
            swap("meter.energy", "kemarin", "1"),
            "isi waktu penggantian",
        ),
    ] {
        let refused = run_pantau(&config, &[&wrong[..], &who].concat());
        let said = stderr_text(&refused);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(text), "{said}");
    }
    let list = run_pantau(&config, &["calibrate", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("meter lama berakhir di 10531,2"), "{list}");
    let withdrawal = ["calibrate", "withdraw", "1", "--note", "salah titik"];
    let withdrawn = run_json(&config, &[&withdrawal[..], &who].concat());
    assert_eq!(withdrawn["since"], "2026-01-20");
    assert_eq!(run_json(&config, &["calibrate", "list"]), json!([]));
}

/// Returns the text of a PDF, by pdftotext.
fn pdf_text(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .arg("-layout")
        .arg(pdf)
        .arg("-")
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn a_site_is_handed_over_with_displays_calibrations_photos_and_names() {
    let scratch = tempfile::tempdir().unwrap();
    let (_site, config) = start_simulated_site(scratch.path());
    let dry = [
        "calibrate",
        "level",
        "tank",
        "--pair",
        "0.05=0",
        "--who",
        "Budi",
        "--yes",
    ];
    run_json(&config, &dry);
    let photo = scratch.path().join("panel.png");
    std::fs::write(&photo, PNG).unwrap();
    let pdf = scratch.path().join("serah-terima.pdf");
    let (photo, file) = (photo.to_str().unwrap(), pdf.to_str().unwrap());
    let read = write_handover(&config, file, &[]);
    let points = &table_by_id(&read, "points")["rows"];
    assert_eq!(points[0][0]["text"], "level.level", "{points}");
    let shown = points[0][1]["text"].as_str().unwrap().replace(',', ".");
    // The person types what the display shows, here the very text of the record with a decimal
    // point.
    let display = format!("level.level={}", shown.trim_end_matches(" m"));
    let people = ["--technician", "Budi Santoso", "--receiver", "Siti Aminah"];
    let more = [&people[..], &["--photo", photo, "--display", &display]].concat();
    let read = write_handover(&config, file, &more);
    assert_eq!(
        table_by_id(&read, "points")["rows"][0][5]["text"],
        "cocok",
        "{read}"
    );
    assert_eq!(
        table_by_id(&read, "tank-tank")["rows"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
    let text = pdf_text(&pdf);
    for part in [
        "Berita Acara Serah Terima",
        "Budi Santoso",
        "Siti Aminah",
        "panel.png",
        "SHA-256",
        "Toren depan",
        "0,05",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("handover-"), "a key without words: {text}");
    // The record is written although a display differs: it documents the difference, and the status
    // shows it.
    let wrong = ["handover", "-o", file, "--display", "level.level=9,99"];
    let differing = run_pantau(&config, &wrong);
    assert_eq!(
        differing.status.code(),
        Some(1),
        "{}",
        stderr_text(&differing)
    );
    assert!(pdf_text(&pdf).contains("BERBEDA"));
}

/// Starts a simulated site with a level probe, and returns it with its configuration.
fn start_simulated_site(folder: &Path) -> (PeerProcess, PathBuf) {
    let port = free_port();
    let config = write_site(folder, &tcp_level_site(port));
    let site = PeerProcess::start(
        pantau()
            .args(["--log", "off", "simulate", "--speed", "1", "-c"])
            .arg(&config)
            .stdout(Stdio::null()),
    );
    wait_for("the simulated site", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (site, config)
}

fn write_handover(config: &Path, file: &str, more: &[&str]) -> Value {
    run_json(config, &[&["handover", "-o", file], more].concat())
}

/// The table with this id.
fn table_by_id<'a>(record: &'a Value, id: &str) -> &'a Value {
    let sections = record["sections"].as_array().unwrap().iter();
    let mut blocks = sections.flat_map(|section| section["blocks"].as_array().unwrap());
    blocks.find(|block| block["id"] == id).unwrap()
}

/// An interview from a pipe into a directory that is not there: its status, the profile, the words.
fn run_interview(lang: &str, dir: &Path, answers: &str) -> (Option<i32>, String, String) {
    let mut command = pantau();
    command
        .args(["--lang", lang, "--log", "off", "device", "new", "--dir"])
        .arg(dir);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(answers.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let written = std::fs::read_to_string(dir.join("acme.toml")).unwrap_or_default();
    (output.status.code(), written, said)
}

#[test]
fn a_new_profile_on_a_fresh_machine_takes_decimal_commas_and_asks_for_the_sign() {
    let folder = tempfile::tempdir().unwrap();
    let head = "Acme\nT\nacme\nenvironment\nplate\n";
    let words = [
        (
            "en",
            "Can it be below zero, like -1 °C? yes or no (empty: yes)",
            "no",
        ),
        (
            "id",
            "Bisakah nilainya di bawah nol, seperti -1 °C? ya atau tidak (kosong: ya)",
            "tidak",
        ),
    ];
    for (lang, question, no) in words {
        for (answer, kind) in [("", "i16"), (no, "u16")] {
            let dir = folder.path().join(lang).join(kind);
            let point = format!("air\nholding\n0\n°C\n285\n28,5\n{answer}\n\n");
            let (status, profile, said) = run_interview(lang, &dir, &(head.to_owned() + &point));
            assert_eq!(status, Some(0), "{said}");
            assert!(said.contains(question), "{said}");
            // 285 shown as 28,5: the scale follows from the two numbers, the sign only from the
            // answer.
            let wanted = format!("type = \"{kind}\"\nscale = 0.1\n");
            assert!(profile.contains(&wanted), "{profile}");
            assert!(!said.contains("cli-device"), "{said}");
        }
    }
    // A place where no directory can be is said before the first question.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (status, _, said) = run_interview("id", &file.join("x"), "");
    assert_eq!(status, Some(1));
    assert!(!said.contains("Pabrikan?"), "{said}");
}

/// One grey pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0x0, 0x0, 0x0, 0xd, 0x49, 0x48, 0x44, 0x52, 0x0,
    0x0, 0x0, 0x1, 0x0, 0x0, 0x0, 0x1, 0x8, 0x0, 0x0, 0x0, 0x0, 0x3a, 0x7e, 0x9b, 0x55, 0x0, 0x0,
    0x0, 0xa, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x0, 0x0, 0x0, 0x82, 0x0, 0x81, 0x77,
    0xcd, 0x72, 0xb6, 0x0, 0x0, 0x0, 0x0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
