//! Tests of the sensor node: its image for an emulated board in QEMU, the RP2040's image in
//! rp2040js with sensors on its pins, and what is generated from its register map.

mod boards;
mod generated;

use crate::killed::pantau;
use crate::source::project_root;
use crate::wizards::{run_pantau, stderr_text, write_site};
use boards::{PicoBoard, QemuBoard, RawLine, with_crc};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A site with the node on this port.
fn node_site(folder: &Path, port: &Path) -> PathBuf {
    let port = port.display();
    let tables = format!(
        "[[bus]]\nid = \"rs485\"\nkind = \"modbus-rtu\"\nport = \"{port}\"\nbaud = 9600\n\
         timeout = \"3s\"\n[[device]]\nid = \"node\"\nbus = \"rs485\"\nunit = 1\n\
         every = \"10s\"\nprofile = \"pantau-node\"\n"
    );
    write_site(folder, &tables)
}

/// Value of each point, and the name of its code, as `pantau read` gives them.
#[track_caller]
fn read_node(config: &Path) -> Vec<(String, Option<f64>, Option<String>)> {
    let output = run_pantau(config, &["read", "node", "--json"]);
    assert!(output.status.success(), "{}", stderr_text(&output));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let points = said["points"].as_array().unwrap().iter();
    let point = |point: &Value| {
        let id = point["id"].as_str().unwrap().trim_start_matches("node.");
        let name = point["name"].as_str().map(str::to_owned);
        (id.to_owned(), point["value"].as_f64(), name)
    };
    points.map(point).collect()
}

#[track_caller]
fn assert_points(
    found: &[(String, Option<f64>, Option<String>)],
    expected: &[(&str, Option<f64>)],
) {
    for (id, value) in expected {
        let point = found.iter().find(|(known, ..)| known == id);
        assert_eq!(&point.unwrap().1, value, "{id}: {found:?}");
    }
}

fn value_name<'a>(found: &'a [(String, Option<f64>, Option<String>)], id: &str) -> Option<&'a str> {
    found.iter().find(|(known, ..)| known == id)?.2.as_deref()
}

/// Two registers as one number.
fn wide(words: &[u16]) -> u32 {
    u32::from(words[0]) << 16 | u32::from(words[1])
}

/// Output of mbpoll for registers of the node.
fn mbpoll(port: &Path, table: &str, address: u16, count: u16) -> (bool, String) {
    let mut command = Command::new("mbpoll");
    command.args([
        "-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", "-0", "-1", "-o", "5",
    ]);
    command.args([
        "-t",
        table,
        "-r",
        &address.to_string(),
        "-c",
        &count.to_string(),
    ]);
    let output = command
        .arg(port)
        .output()
        .expect("no mbpoll: use tests/run");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.success(), said)
}

#[test]
fn the_emulated_node_is_read_by_pantau_and_by_mbpoll() {
    let scratch = tempfile::tempdir().unwrap();
    let board = QemuBoard::start(scratch.path());
    let mut line = board.raw_line();
    // The first values come with the first tenth of a second.
    while line.read_input(1, 24, 2) == [0, 0] {}
    drop(line);
    let (_line, port) = board.serial_port(scratch.path());
    let config = node_site(scratch.path(), &port);
    let found = read_node(&config);
    assert_points(
        &found,
        &[
            ("temperature_1", Some(21.37)),
            ("temperature_2", None),
            ("level_current", Some(12.0)),
            ("level", Some(2.5)),
            ("pulse_rate", Some(10.0)),
            ("air_temperature", Some(27.44)),
            ("air_humidity", Some(81.23)),
            ("keeping_status", Some(0.0)),
        ],
    );
    assert_eq!(value_name(&found, "temperature_2_status"), Some("absent"));
    let (is_read, said) = mbpoll(&port, "3", 16, 8);
    assert!(is_read, "{said}");
    for line in [
        "[16]: \t2137",
        "[18]: \t32768",
        "[20]: \t12000",
        "[21]: \t2500",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let (is_read, said) = mbpoll(&port, "4", 40, 5);
    assert!(is_read && said.contains("[44]: \t5000"), "{said}");
    let (is_read, said) = mbpoll(&port, "4", 45, 1);
    assert!(!is_read && said.contains("Illegal data address"), "{said}");
}

#[test]
fn the_emulated_node_refuses_and_ignores_what_it_should() {
    let scratch = tempfile::tempdir().unwrap();
    let board = QemuBoard::start(scratch.path());
    let mut line = board.raw_line();
    for (request, answer) in [
        (&[1, 1, 0, 0, 0, 1][..], &[0x81, 1][..]),
        (&[1, 4, 0, 45, 0, 1], &[0x84, 2]),
        (&[1, 6, 0, 16, 0, 1], &[0x86, 2]),
        (&[1, 3, 0, 0, 0, 126], &[0x83, 3]),
        (&[1, 6, 0, 40, 1, 0], &[0x86, 3]),
        (
            &[1, 16, 0, 43, 0, 2, 4, 0xff, 0x38, 0x12, 0xc0],
            &[16, 0, 43, 0, 2],
        ),
        (&[1, 3, 0, 43, 0, 2], &[3, 4, 0xff, 0x38, 0x12, 0xc0]),
    ] {
        assert_eq!(line.ask(request), answer, "{request:02x?}");
    }
    let identity = line.ask(&[1, 0x2b, 0x0e, 1, 0]);
    let identity = String::from_utf8_lossy(&identity);
    assert!(identity.contains("Pantau") && identity.contains("pantau-node"));
    // Nothing comes back for a wrong checksum, another unit and a broadcast.
    let mut damaged = with_crc(&[1, 4, 0, 0, 0, 1]);
    damaged[7] ^= 1;
    for silent in [
        damaged,
        with_crc(&[2, 4, 0, 0, 0, 1]),
        with_crc(&[0, 6, 0, 43, 0, 7]),
    ] {
        line.send(&silent);
        let answer = line.receive(Duration::from_millis(200));
        assert!(answer.is_empty(), "{answer:02x?}");
    }
    assert_eq!(line.ask(&[1, 3, 0, 43, 0, 1]), [3, 2, 0, 7]);
    // Noise right in front of a request.
    line.send(&[0, 0xff, 0x55]);
    assert_eq!(line.read_input(1, 0, 1), [0x504e]);
}

#[test]
fn the_emulated_node_survives_a_reset_in_the_middle_of_a_frame() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = QemuBoard::start(scratch.path());
    let mut line = board.raw_line();
    // Settings are kept at once; counters with them.
    while line.read_input(1, 24, 2) == [0, 0] {}
    line.ask(&[1, 16, 0, 40, 0, 2, 4, 0, 17, 0, 4]);
    line.ask(&[17, 6, 0, 42, 0x5a, 0xfe]);
    // Kept within a second of the node; its uptime tells.
    let seconds = |line: &mut RawLine| wide(&line.read_input(17, 11, 2));
    let confirmed = seconds(&mut line);
    while seconds(&mut line) < confirmed + 3 {}
    let before = line.read_input(17, 13, 18);
    line.send(&with_crc(&[17, 4, 0, 0, 0, 40])[..5]);
    board.reset();
    // The answer begins a new frame, whatever was cut off.
    let after = line.read_input(17, 13, 18);
    assert_eq!(after[0], before[0] + 1, "starts");
    assert_eq!(after[2], 0, "kept");
    let pulses = |words: &[u16]| wide(&words[11..13]);
    assert!(pulses(&after) > 0 && pulses(&after) <= pulses(&before) + 50);
    assert_eq!(line.ask(&[17, 3, 0, 40, 0, 2]), [3, 4, 0, 17, 0, 4]);
    // An address on trial does not survive.
    line.ask(&[17, 6, 0, 40, 0, 18]);
    line.read_input(18, 0, 1);
    board.reset();
    assert_eq!(line.read_input(17, 0, 1), [0x504e]);
}

/// Waits until every sensor of the board has been measured.
fn wait_until_measured(line: &mut RawLine, unit: u8) -> Vec<u16> {
    loop {
        let words = line.read_input(unit, 0, 40);
        // 8: not measured yet.
        if [17, 19, 22, 34].iter().all(|status| words[*status] != 8) {
            return words;
        }
    }
}

#[test]
fn the_rp2040_measures_its_sensors_and_names_their_faults() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = PicoBoard::start(scratch.path());
    let (peer, port) = board.serial_port(scratch.path());
    let config = node_site(scratch.path(), &port);
    board.command("skip 4");
    let found = read_node(&config);
    assert_points(
        &found,
        &[
            ("temperature_1", Some(21.38)),
            ("temperature_2", Some(-10.13)),
            ("level_current", Some(12.0)),
            ("level", Some(2.5)),
            ("air_temperature", Some(27.4)),
            ("air_humidity", Some(81.0)),
        ],
    );
    let (is_read, said) = mbpoll(&port, "3", 20, 3);
    assert!(is_read && said.contains("[20]: \t12000"), "{said}");
    for fault in ["probe1 null", "probe2 85", "milliamps 3.2", "celsius null"] {
        board.command(&format!("set {fault}"));
    }
    board.command("skip 7");
    let found = read_node(&config);
    for (id, status, reason) in [
        ("temperature_1", "temperature_1_status", "absent"),
        ("temperature_2", "temperature_2_status", "power on value"),
        ("level", "level_status", "wire broken"),
        ("air_humidity", "air_status", "absent"),
    ] {
        assert_points(&found, &[(id, None)]);
        assert_eq!(value_name(&found, status), Some(reason));
    }
    board.command("set milliamps 21.5");
    board.command("skip 4");
    assert_eq!(
        value_name(&read_node(&config), "level_status"),
        Some("short circuit")
    );
    let scan = [
        "scan", "--baud", "9600", "--parity", "none", "--units", "1", "--json",
    ];
    let mut scanned = pantau();
    scanned
        .args(scan)
        .args(["--timeout", "2000", "-c", "/nowhere/pantau.toml"])
        .arg(&port);
    let scanned = scanned.output().unwrap();
    let said = String::from_utf8_lossy(&scanned.stdout);
    assert!(said.contains("\"profile\":\"pantau-node\""), "{said}");
    assert!(said.contains("E661A4D17B5F0C2A"), "{said}");
    drop(peer);
}

#[test]
fn the_rp2040_counts_every_pulse_and_keeps_its_counters() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = PicoBoard::start(scratch.path());
    let mut line = board.raw_line();
    wait_until_measured(&mut line, 1);
    board.command("pulses 6 300 10 10");
    board.command("pulses 7 7 60 200");
    board.command("skip 1");
    let counts = |words: &[u16]| (wide(&words[24..26]), wide(&words[28..30]));
    assert_eq!(counts(&line.read_input(1, 0, 40)), (300, 7));
    // Interference of half a millisecond is no pulse.
    board.command("pulses 6 20 0.5 30");
    board.command("skip 31");
    let before = line.read_input(1, 0, 40);
    assert_eq!(counts(&before), (300, 7));
    board.command("power");
    let after = line.read_input(1, 0, 40);
    assert_eq!(counts(&after), (300, 7));
    assert_eq!((after[13], after[14]), (before[13] + 1, 1));
    // A core that hangs is started again by the watchdog, and pulses that are not in the flash yet
    // are not lost.
    board.command("pulses 6 12 10 10");
    board.command("skip 1");
    board.command("hang");
    let report = board.command("skip 10");
    assert_eq!(report["watchdogs"], 1, "{report}");
    let after = line.read_input(1, 0, 40);
    assert_eq!(counts(&after), (312, 7));
    assert_eq!((after[13], after[14]), (before[13] + 2, 2));
}

#[test]
fn power_that_fails_within_a_write_costs_the_rp2040_that_write_only() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = PicoBoard::start(scratch.path());
    let mut line = board.raw_line();
    wait_until_measured(&mut line, 1);
    let mut counted = 0;
    for torn in 1..=3 {
        let before = counted;
        board.command("pulses 6 10 10 10");
        board.command(&format!("tear {torn}"));
        let report = board.command("skip 32");
        let words = line.read_input(1, 0, 40);
        counted = wide(&words[24..26]);
        // A record is several writes; behind the last of them it is kept.
        assert!(
            [before, before + 10].contains(&counted),
            "{torn}: {words:?}"
        );
        assert_eq!(words[15], 0, "{torn}: {report}");
        // The next record is kept again.
        board.command("pulses 6 10 10 10");
        board.command("skip 32");
        board.command("power");
        let words = line.read_input(1, 0, 40);
        assert_eq!(wide(&words[24..26]), counted + 10, "{torn}: {words:?}");
        counted += 10;
    }
}

#[test]
fn the_rp2040_tells_interference_and_held_lines_from_pulses() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = PicoBoard::start(scratch.path());
    let mut line = board.raw_line();
    wait_until_measured(&mut line, 1);
    // 1666 contacts in a second, each shorter than a pulse.
    board.command("pulses 6 4000 0.3 0.3");
    let words = line.read_input(1, 24, 4);
    assert_eq!(words, [0, 0, 0xffff, 10], "count, rate, bounce storm");
    // A line of the I2C bus and the rain gauge's contact are held low.
    board.command("level 5 0");
    board.command("level 7 0");
    board.command("skip 13");
    let words = line.read_input(1, 20, 15);
    assert_eq!(words[..3], [0xffff, 0x8000, 2], "bus fault");
    assert_eq!(words[7], 0, "the storm is over");
    assert_eq!(words[8..11], [0, 1, 11], "tips, stuck line");
    assert_eq!(words[12..], [0x8000, 0xffff, 2], "bus fault");
    board.command("level 5 1");
    board.command("level 7 1");
    board.command("skip 5");
    let words = line.read_input(1, 20, 15);
    assert_eq!((words[2], words[10], words[14]), (0, 0, 0));
}

#[test]
fn the_rp2040_never_cuts_its_last_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = PicoBoard::start(scratch.path());
    let mut line = board.raw_line();
    let mut asked = 0;
    let mut ask = |line: &mut RawLine, request: &[u8]| {
        line.ask(request);
        asked += 1;
    };
    for count in 1..=25 {
        ask(&mut line, &[1, 4, 0, 0, 0, count]);
    }
    // Each setting is written to the flash within a second, which stops the chip.
    for level in 0..15 {
        ask(&mut line, &[1, 6, 0, 43, 0, level]);
        ask(&mut line, &[1, 4, 0, 0, 0, 40]);
    }
    // At other speeds too, confirmed and not.
    for (code, request) in [(5, &[1, 4, 0, 0, 0, 40]), (0, &[1, 4, 0, 0, 0, 2])] {
        ask(&mut line, &[1, 6, 0, 41, 0, code]);
        for _ in 0..5 {
            ask(&mut line, request);
        }
    }
    // The last pin may fall behind its answer's arrival.
    let report = board.command("skip 1");
    assert_eq!(report["frames"], asked, "{report}");
    assert_eq!(report["cut"], 0, "{report}");
    assert_eq!(report["overruns"], 0, "{report}");
    // A tenth of a character at 38400 baud.
    assert!(report["lag_us"].as_f64().unwrap() < 50.0, "{report}");
    // Nobody has confirmed: after a minute the node is back.
    board.command("skip 61");
    assert_eq!(line.ask(&[1, 3, 0, 40, 0, 2]), [3, 4, 0, 1, 0, 3]);
}

#[test]
fn set_address_moves_the_rp2040_for_good() {
    let scratch = tempfile::tempdir().unwrap();
    let mut board = PicoBoard::start(scratch.path());
    let (peer, port) = board.serial_port(scratch.path());
    let config = node_site(scratch.path(), &port);
    let words = ["set-address", "node", "--to", "9", "--yes", "--json"];
    let output = run_pantau(&config, &words);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["outcome"], "done", "{told}");
    drop(peer);
    board.command("skip 61");
    board.command("power");
    let mut line = board.raw_line();
    assert_eq!(line.ask(&[9, 3, 0, 40, 0, 2]), [3, 4, 0, 9, 0, 3]);
}

/// Compares a file with what is generated, or writes it.
fn check_generated(path: &str, make: impl Fn(&str) -> String) {
    let file = project_root().join(path);
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let expected = make(&found);
    if std::env::var_os("PANTAU_WRITE_GENERATED").is_some() {
        std::fs::write(&file, expected).unwrap();
        return;
    }
    assert!(
        found == expected,
        "{path} differs from the register map: PANTAU_WRITE_GENERATED=1 tests/run -p tests node_map"
    );
}

/// The text with what stands between two marks replaced.
fn between_marks(text: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}\n{table}\n{end}{after}")
}

#[test]
fn the_node_map_is_what_profile_and_documentation_say() {
    check_generated("config/devices/pantau-node.toml", |_| {
        generated::profile_text()
    });
    check_generated("docs/node.md", |found| {
        let text = between_marks(found, "registers", &generated::map_table());
        between_marks(&text, "status", &generated::status_table())
    });
}
