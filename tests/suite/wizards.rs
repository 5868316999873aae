//! The technician's tools with the whole program: a device gets another address, calibrations are
//! dated, and the site is handed over.

use crate::killed::pantau;
use crate::peers::{Peer, python, wait_for};
use crate::servers::free_port;
use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const HEAD: &str = "[site]\nid = \"desa\"\nname = \"Desa Impian\"\ntimezone = \"Asia/Jakarta\"\n\
    latitude = -3.76\nlongitude = 103.78\n";

/// A configuration in `folder` with these tables.
pub(crate) fn site(folder: &Path, tables: &str) -> PathBuf {
    let store = folder.join("store");
    let text = format!("{HEAD}[store]\npath = \"{}\"\n{tables}", store.display());
    let file = folder.join("pantau.toml");
    std::fs::write(&file, text).unwrap();
    file
}

pub(crate) fn call(config: &Path, words: &[&str]) -> Output {
    let mut command = pantau();
    command.args(["--lang", "id", "--log", "off"]).args(words);
    command.arg("-c").arg(config).stdin(Stdio::null());
    command.output().unwrap()
}

pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn done(config: &Path, words: &[&str]) -> Value {
    let output = call(config, &[words, &["--json"]].concat());
    assert!(output.status.success(), "{words:?}: {}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn running(config: &Path) -> Peer {
    let gateway = Peer::start(pantau().args(["--log", "off", "run", "-c"]).arg(config));
    let socket = config.with_file_name("store").join("pantau.sock");
    wait_for("the control socket", || {
        UnixStream::connect(&socket).is_ok()
    });
    gateway
}

/// A line with devices at these addresses, and a sensor that the configuration has at unit 5.
fn line(folder: &Path, devices: &[&str]) -> (Peer, PathBuf) {
    let (peer, port) = Peer::ready(python("address_line.py").args(devices));
    let tables = format!(
        "[[bus]]\nid = \"rs485\"\nkind = \"modbus-rtu\"\nport = \"{port}\"\nbaud = 9600\n\
         timeout = \"100ms\"\n[[device]]\nid = \"air\"\nbus = \"rs485\"\nunit = 5\n\
         every = \"10s\"\nprofile = \"xy-md02\"\n"
    );
    (peer, site(folder, &tables))
}

pub(crate) fn outcome(config: &Path, words: &[&str]) -> String {
    let words = [&["set-address", "air", "--yes", "--json"], words].concat();
    let output = call(config, &words);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.success(), told["verified"] == true, "{told}");
    told["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_device_gets_its_address_once_it_was_agreed_to_and_answers_there_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, config) = line(scratch.path(), &["1"]);
    let asked = call(&config, &["set-address", "air", "--from", "1"]);
    assert_eq!(asked.status.code(), Some(2));
    let plan = told(&asked);
    for part in ["unit 1 -> 5", "0x0005", "holding:257", "fungsi 6", "--yes"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    // Nothing was written so far: the device is still where it was.
    assert_eq!(outcome(&config, &["--from", "5", "--to", "6"]), "silent");
    assert_eq!(outcome(&config, &["--from", "1"]), "done");
    assert_eq!(outcome(&config, &["--from", "1", "--to", "6"]), "silent");
    assert_eq!(outcome(&config, &["--to", "9"]), "done");
}

#[test]
fn two_devices_at_one_address_are_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, config) = line(scratch.path(), &["1", "1", "7"]);
    assert_eq!(outcome(&config, &["--from", "1"]), "several");
    // Both are still there, and the third keeps its address to itself.
    assert_eq!(outcome(&config, &["--from", "1", "--to", "2"]), "several");
    assert_eq!(outcome(&config, &["--from", "7", "--to", "1"]), "taken");
}

#[test]
fn a_device_that_says_yes_and_stays_is_not_believed() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, config) = line(scratch.path(), &["--stubborn", "1"]);
    assert_eq!(outcome(&config, &["--from", "1"]), "unchanged");
    let wrong = ["--from", "1", "--register", "holding:9"];
    assert_eq!(outcome(&config, &wrong), "refused");
}

const LEVEL: &str = "[[device]]\nid = \"level\"\nbus = \"lan\"\nunit = 1\nevery = \"1s\"\n\
    point = [{ id = \"level\", register = \"holding:0\", type = \"u16\", scale = 0.001, \
    unit = \"m\" }]\n[[asset]]\nid = \"tank\"\nkind = \"tank\"\nname = \"Toren depan\"\n\
    level = \"level.level\"\nshape = { kind = \"vertical-cylinder\", diameter_m = 1.1, \
    height_m = 5.0 }\n";

fn network(port: u16) -> String {
    format!(
        "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = {port}\n{LEVEL}"
    )
}

#[test]
fn calibrations_are_the_same_with_and_without_a_running_gateway_and_change_no_day_before() {
    let scratch = tempfile::tempdir().unwrap();
    let config = site(scratch.path(), &network(9));
    let who = ["--who", "Budi", "--yes"];
    let dips = [
        "calibrate",
        "level",
        "tank",
        "--pair",
        "0,05=0",
        "--pair",
        "1.05=1.1",
    ];
    let first = done(&config, &[&dips[..], &who].concat());
    assert_eq!(
        (&first["id"], &first["targets"][0]),
        (&json!(1), &json!("level.level"))
    );
    let gateway = running(&config);
    let fill = [
        "calibrate",
        "strapping",
        "tank",
        "--row",
        "0=0",
        "--row",
        "1=930",
    ];
    assert_eq!(done(&config, &[&fill[..], &who].concat())["id"], 2);
    let yesterday = [
        "calibrate",
        "level",
        "tank",
        "--pair",
        "0=0",
        "--date",
        "2020-01-01",
    ];
    let past = call(&config, &[&yesterday[..], &who].concat());
    assert_eq!(past.status.code(), Some(1));
    assert!(
        told(&past).contains("angka sebelumnya tetap"),
        "{}",
        told(&past)
    );
    let unsaid = call(
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
        done(&config, &[&withdrawal[..], &who].concat())["withdraws"],
        2
    );
    let asked = done(&config, &["calibrate", "list", "--all"]);
    drop(gateway);
    assert_eq!(done(&config, &["calibrate", "list", "--all"]), asked);
    let in_force = |value: &Value| value["in_force"] == true;
    let all: Vec<bool> = asked.as_array().unwrap().iter().map(in_force).collect();
    assert_eq!(all, [true, false, false]);
}

/// What another program finds in a PDF.
fn words(pdf: &Path) -> String {
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
    let port = free_port();
    let config = site(scratch.path(), &network(port));
    let _site = Peer::start(
        pantau()
            .args(["--log", "off", "simulate", "--speed", "1", "-c"])
            .arg(&config)
            .stdout(Stdio::null()),
    );
    wait_for("the simulated site", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
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
    done(&config, &dry);
    let photo = scratch.path().join("panel.png");
    std::fs::write(&photo, PNG).unwrap();
    let pdf = scratch.path().join("serah-terima.pdf");
    let (photo, file) = (photo.to_str().unwrap(), pdf.to_str().unwrap());
    let read = record(&config, file, &[]);
    let points = &table(&read, "points")["rows"];
    assert_eq!(points[0][0]["text"], "level.level", "{points}");
    let shown = points[0][1]["text"].as_str().unwrap().replace(',', ".");
    let display = format!("level.level={}", shown.trim_end_matches(" m"));
    let people = ["--technician", "Budi Santoso", "--receiver", "Siti Aminah"];
    let more = [&people[..], &["--photo", photo, "--display", &display]].concat();
    let read = record(&config, file, &more);
    assert_eq!(
        table(&read, "points")["rows"][0][5]["text"],
        "cocok",
        "{read}"
    );
    assert_eq!(
        table(&read, "tank-tank")["rows"].as_array().unwrap().len(),
        11
    );
    let text = words(&pdf);
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
    let wrong = ["handover", "-o", file, "--display", "level.level=9,99"];
    let differing = call(&config, &wrong);
    assert_eq!(differing.status.code(), Some(1), "{}", told(&differing));
    assert!(words(&pdf).contains("BERBEDA"));
}

fn record(config: &Path, file: &str, more: &[&str]) -> Value {
    done(config, &[&["handover", "-o", file], more].concat())
}

/// The table with this id.
fn table<'a>(record: &'a Value, id: &str) -> &'a Value {
    let sections = record["sections"].as_array().unwrap().iter();
    let mut blocks = sections.flat_map(|section| section["blocks"].as_array().unwrap());
    blocks.find(|block| block["id"] == id).unwrap()
}

/// An interview from a pipe into a directory that is not there: its status, the profile, the words.
fn interviewed(lang: &str, dir: &Path, answers: &str) -> (Option<i32>, String, String) {
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
            let (status, profile, said) = interviewed(lang, &dir, &(head.to_owned() + &point));
            assert_eq!(status, Some(0), "{said}");
            assert!(said.contains(question), "{said}");
            let wanted = format!("type = \"{kind}\"\nscale = 0.1\n");
            assert!(profile.contains(&wanted), "{profile}");
            assert!(!said.contains("cli-device"), "{said}");
        }
    }
    // A place where no directory can be is said before the first question.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (status, _, said) = interviewed("id", &file.join("x"), "");
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
