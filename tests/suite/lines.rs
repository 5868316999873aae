//! Tests of commands on a serial line with problems: stopped midway, without permission, with
//! another master, with a device that is silent alone or among others.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer};
use crate::wizards::{run_pantau, write_site};
use gateway::simulator::pty::PseudoTerminal;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// A line with these devices.
fn start_line(devices: &[&str]) -> (PeerProcess, String) {
    PeerProcess::start_ready(python_peer("address_line.py").args(devices))
}

/// Two sensors of a configuration, at the units 5 and 6.
fn sensors_site(folder: &Path, port: &str) -> PathBuf {
    let sensor = |(id, unit): (&str, u8)| {
        format!(
            "[[device]]\nid = \"{id}\"\nbus = \"rs485\"\nunit = {unit}\nevery = \"10s\"\n\
             point = [{{ id = \"t\", register = \"holding:0\", type = \"u16\", unit = \"degC\" }}]\n"
        )
    };
    let tables = format!(
        "[[bus]]\nid = \"rs485\"\nkind = \"modbus-rtu\"\nport = \"{port}\"\nbaud = 9600\n\
         timeout = \"100ms\"\n{}{}",
        sensor(("air", 5)),
        sensor(("shade", 6))
    );
    write_site(folder, &tables)
}

/// `-INT` is Ctrl-C.
fn send_signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([name, &pid]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_scan_that_is_stopped_midway_keeps_what_it_found() {
    let (_line, port) = start_line(&["1"]);
    let mut scan = pantau();
    scan.args([
        // All 247 units take minutes, so there is time to stop it after the first device.
        "--lang", "en", "scan", &port, "--full", "--baud", "9600", "--json",
    ]);
    scan.args(["-c", "/nowhere/pantau.toml"]);
    let mut scan = scan
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(scan.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["unit"], 1, "{first}");
    send_signal(&scan, "-INT");
    let end: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        (&end["done"], &end["found"]),
        (&Value::Bool(false), &Value::from(1)),
        "{end}"
    );
    assert_eq!(scan.wait().unwrap().code(), Some(0));
}

#[test]
fn a_port_without_permission_names_the_group_to_join() {
    let (_line, port) = start_line(&["1"]);
    let shut = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&port, mode).unwrap();
    };
    let scratch = tempfile::tempdir().unwrap();
    std::fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    let mut scan = if is_root {
        // Root may open anything; the program runs as nobody, from where nobody may read it.
        shut(0o600);
        let program = scratch.path().join("pantau");
        std::fs::copy(pantau().get_program(), &program).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        shut(0);
        pantau()
    };
    scan.args(["--lang", "en", "scan", &port, "-c", "/nowhere/pantau.toml"]);
    let output = scan.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("usermod -aG") && said.contains(&port),
        "{said}"
    );
}

#[tokio::test]
async fn a_line_with_another_master_is_left_alone_unless_it_is_agreed_to() {
    let mut pty = PseudoTerminal::open(9600).unwrap();
    let port = pty.path().display().to_string();
    let chatter = tokio::spawn(async move {
        let mut slots = tokio::time::interval(Duration::from_millis(20));
        loop {
            slots.tick().await;
            // A whole request with its CRC, again and again: this is how another master looks on a
            // line.
            let _ = pty.write_all(&[1, 3, 0, 0, 0, 1, 0x84, 0x0a]).await;
        }
    });
    let scan = async |more: &[&str]| {
        let mut scan = tokio::process::Command::from(pantau());
        scan.args([
            "--lang", "en", "scan", &port, "--baud", "9600", "--parity", "none",
        ]);
        scan.args([
            "--units",
            "9",
            "--timeout",
            "20",
            "-c",
            "/nowhere/pantau.toml",
            "--json",
        ]);
        let output = scan.args(more).output().await.unwrap();
        let end = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
        let end: Value = serde_json::from_slice(end).unwrap();
        (String::from_utf8_lossy(&output.stderr).into_owned(), end)
    };
    let (said, end) = scan(&[]).await;
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(end["questions"], 0, "{end}");
    let (_, end) = scan(&["--yes"]).await;
    assert_ne!(end["questions"], 0, "{end}");
    chatter.abort();
}

#[test]
fn what_a_silent_device_means_its_neighbours_say() {
    let scratch = tempfile::tempdir().unwrap();
    let (_one, port) = start_line(&["6"]);
    let said = |config: &Path| {
        let output = run_pantau(config, &["read", "air"]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let alone = said(&sensors_site(scratch.path(), &port));
    assert!(
        alone.contains("Hanya alat ini yang tidak menjawab"),
        "{alone}"
    );
    // Unit 9 is on the line but not configured, so every configured device is without an answer.
    let (_none, port) = start_line(&["9"]);
    let all = said(&sensors_site(scratch.path(), &port));
    assert!(
        all.contains("Tidak satu pun alat pada jalur ini menjawab"),
        "{all}"
    );
}

#[test]
fn a_live_read_goes_on_until_it_is_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, port) = start_line(&["5", "6"]);
    let config = sensors_site(scratch.path(), &port);
    let mut read = pantau();
    read.args(["read", "air", "--every", "1", "--json", "-c"])
        .arg(&config);
    let mut read = read.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(read.stdout.take().unwrap()).lines();
    for reads in 1..=3 {
        let look: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(look["points"][0]["value"], 0.0, "{look}");
        assert_eq!(
            look["round_trips_ms"].as_array().unwrap().len(),
            reads,
            "{look}"
        );
    }
    send_signal(&read, "-INT");
    assert_eq!(read.wait().unwrap().code(), Some(0));
}

#[test]
fn a_watch_that_is_ended_from_outside_ends_well_and_no_log_tears_its_screen() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, port) = start_line(&["9"]);
    let config = sensors_site(scratch.path(), &port);
    let mut watch = pantau();
    watch.args(["watch", "air", "--plain", "-c"]).arg(&config);
    watch.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = watch.spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    // The other device, which is polled too, is not shown.
    for _ in 0..3 {
        let line = lines.next().unwrap().unwrap();
        assert!(!line.contains("shade"), "{line}");
    }
    // As systemd or a closed terminal ends a program, other than Ctrl-C.
    send_signal(&watch, "-TERM");
    let output = watch.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("WARN"), "{said}");
}

/// Scans a pymodbus server; returns the device found and the other output.
fn scan_named(framing: &str) -> (Value, String) {
    let scratch = tempfile::tempdir().unwrap();
    let (_server, port) = PeerProcess::start_ready(python_peer("identity_server.py").arg(framing));
    let config = write_site(scratch.path(), "");
    let host = format!("127.0.0.1:{port}");
    let words = ["scan", &host, "--units", "3", "--timeout", "300", "--json"];
    let output = run_pantau(&config, &words);
    let text = String::from_utf8(output.stdout).unwrap();
    let first = text.lines().next().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_str(first).unwrap(), told)
}

#[test]
fn a_device_that_says_what_it_is_in_several_answers_is_heard_whole() {
    for framing in ["tcp", "rtu"] {
        let (found, told) = scan_named(framing);
        assert_eq!(
            (&found["unit"], &found["framing"]),
            (&3.into(), &framing.into()),
            "{told}"
        );
        let identity = &found["identity"];
        assert_eq!(identity["manufacturer"], "Desa Listrik", "{found:#}");
        assert!(
            identity["model"].as_str().unwrap().contains("DL-7"),
            "{found:#}"
        );
        assert_eq!(identity["version"], "2.1", "{found:#}");
        // A name alone makes no profile of the library.
        assert_ne!(found["confidence"], "high", "{found:#}");
    }
}

#[test]
fn a_device_that_nobody_knew_is_interviewed_and_reads_as_its_display_in_both_languages() {
    // The answers in the order of the questions; an empty line takes the default, or ends the
    // points.
    const ANSWERS: &str = "Acme\nLevel 5\nacme-level\nlevel\nplate\nlevel\nholding\n4\nm\n\
                           0x04D2\n1.234\nenergy\ninput\n2\nkWh\n0x2345 0x0001\n7456.5\n\n";
    for lang in ["id", "en"] {
        let scratch = tempfile::tempdir().unwrap();
        let image = scratch.path().join("image");
        let registers = "coils 0\ndiscrete 0\nholding 0 0 0 0 1234\ninput 0 0 9029 1\n";
        std::fs::write(&image, registers).unwrap();
        let (_server, port) =
            PeerProcess::start_ready(python_peer("pymodbus_server.py").arg(&image).arg("tcp"));
        let mut new = pantau();
        new.args(["--lang", lang, "device", "new", "--dir"])
            .arg(scratch.path());
        new.stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut new = new.spawn().unwrap();
        new.stdin
            .take()
            .unwrap()
            .write_all(ANSWERS.as_bytes())
            .unwrap();
        assert!(new.wait().unwrap().success());
        let tables = format!(
            "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\n\
             tcp_port = {port}\n[[device]]\nid = \"acme\"\nbus = \"lan\"\nunit = 1\n\
             profile = \"acme-level\"\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let config = write_site(folder.path(), &tables);
        let text = std::fs::read_to_string(&config).unwrap();
        let own = format!("[site]\nprofiles = \"{}\"\n", scratch.path().display());
        std::fs::write(&config, text.replacen("[site]\n", &own, 1)).unwrap();
        assert!(run_pantau(&config, &["check"]).status.success());
        let read = run_pantau(&config, &["read", "acme", "--json"]);
        let read: Value = serde_json::from_slice(&read.stdout).unwrap();
        let values = [&read["points"][0]["value"], &read["points"][1]["value"]];
        assert_eq!(
            values,
            [&Value::from(1.234), &Value::from(7456.5)],
            "{lang}: {read:#}"
        );
    }
}

/// Runs the program without a configuration; returns what it printed.
fn read_port(arguments: &[&str]) -> (Option<i32>, String) {
    let mut read = pantau();
    let output = read.args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn registers_of_a_device_are_read_without_any_configuration() {
    let scratch = tempfile::tempdir().unwrap();
    let image = scratch.path().join("image");
    // 230.5 V as single precision, a counter of 70 000, and a negative number.
    let registers = "coils 0 1\ndiscrete 0\nholding 0\ninput 17254 32768 1 4464 65535\n";
    std::fs::write(&image, registers).unwrap();
    let (_server, port) =
        PeerProcess::start_ready(python_peer("pymodbus_server.py").arg(&image).arg("tcp"));
    let host = format!("127.0.0.1:{port}");
    let asked = ["read", &host, "--unit", "1", "--register", "input:0"];
    for (lang, decimal) in [("en", "230.5"), ("id", "230,5")] {
        let words = [&["--lang", lang], &asked[..], &["--count", "5"]].concat();
        let (status, text) = read_port(&words);
        assert_eq!(status, Some(0), "{text}");
        let line = |register: &str| {
            let mut lines = text.lines();
            let line = lines.find(|line| line.starts_with(register));
            line.unwrap_or_else(|| panic!("{register}: {text}"))
        };
        assert!(line("input:0").contains("0x4366"), "{text}");
        assert!(
            line("input:0").contains(&format!("f32 abcd {decimal}")),
            "{text}"
        );
        assert!(line("input:2").contains("u32 abcd 70000"), "{text}");
        assert!(line("input:4").contains("i16 -1"), "{text}");
        assert!(text.contains("mbpoll "), "{text}");
    }
    let (status, text) = read_port(&[&asked[..], &["--count", "5", "--json"]].concat());
    assert_eq!(status, Some(0), "{text}");
    let json: Value = serde_json::from_str(&text).unwrap();
    let words: Vec<_> = json["registers"].as_array().unwrap().iter().collect();
    assert_eq!(words[3]["word"], 4464, "{json:#}");
    assert_eq!(words[3]["register"], "input:3", "{json:#}");
}

#[test]
fn a_read_without_a_configuration_says_what_is_wrong_with_the_call_or_the_device() {
    let asked = ["read", "127.0.0.1:1", "--unit", "1", "--register"];
    let with = |more: &[&'static str]| read_port(&[&asked[..], more].concat());
    let (status, text) = with(&["input:65530", "--count", "10", "--lang", "en"]);
    assert_eq!(status, Some(2));
    assert!(text.contains("--count"), "{text}");
    let (status, text) = with(&["30001", "--lang", "en"]);
    assert_eq!(status, Some(2));
    assert!(text.contains("input:N"), "{text}");
    // Nothing listens there.
    let (status, text) = with(&["input:0", "--lang", "id"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("Alat tidak memberi data"), "{text}");
}
