//! Devices that answer late or only in part, and ports that others hold.

use super::bench::{
    GatewayProcess, ONE_POINT, TcpAnswer, device_toml, exception_frame, ones_frame, point_toml,
    read_device, serial_bus_toml, start_server, tcp_bus_toml,
};
use crate::killed::pantau;
use crate::peers::{pty_line, wait_for};
use crate::wizards::{run_pantau, write_site};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Points of `count` registers side by side.
fn points_toml(count: u16) -> String {
    (0..count)
        .map(|at| point_toml(&format!("p{at}"), &format!("input:{at}"), "u16"))
        .collect()
}

#[test]
fn reads_that_are_refused_as_too_long_are_split() {
    let limited: [(TcpAnswer, u16); 2] = [
        (
            |asked, _, _| {
                // As openWB#2890 reports it: more than 50 registers get exception 3, "illegal data
                // value".
                if asked[11] > 50 {
                    exception_frame(asked, 3)
                } else {
                    ones_frame(asked)
                }
            },
            107,
        ),
        (
            |asked, _, _| {
                // As Growatt_ModbusTCP#360: above 5 registers, and with exception 2, which usually
                // means that an address does not exist.
                if asked[11] > 5 {
                    exception_frame(asked, 2)
                } else {
                    ones_frame(asked)
                }
            },
            40,
        ),
    ];
    for (answer, count) in limited {
        let scratch = tempfile::tempdir().unwrap();
        let (port, _) = start_server(answer);
        let config = write_site(
            scratch.path(),
            &(tcp_bus_toml(port, "") + &device_toml(&points_toml(count))),
        );
        let (said, output) = read_device(&config, "1");
        let points = said["points"].as_array().unwrap();
        assert!(
            points.iter().all(|point| point["value"] == 1.0),
            "{output:?}"
        );
    }
}

#[test]
fn a_device_that_leaves_long_reads_unanswered_is_read_in_shorter_ones() {
    let (port, heard) = start_server(|asked, _, _| {
        // As Growatt_ModbusTCP#299 and node-red-contrib-modbus#233: no answer at all above 10
        // registers.
        if asked[11] > 10 {
            Vec::new()
        } else {
            ones_frame(asked)
        }
    });
    // The profile's gap of 850 ms between requests would make the halving too slow for a test.
    let inverter = "[[device]]\nid = \"d\"\nbus = \"lan\"\nprofile = \"growatt-min-tlx\"\n\
                    every = \"500ms\"\nlimits = { gap = \"0ms\" }\n";
    let scratch = tempfile::tempdir().unwrap();
    let tables = tcp_bus_toml(port, "timeout = \"100ms\"") + inverter;
    let config = write_site(scratch.path(), &tables);
    let (said, output) = read_device(&config, "1");
    assert!(said["failure"].is_null(), "{output:?}");
    assert!(heard.last_count() <= 10);
    let gateway = GatewayProcess::start(&config);
    let status = gateway.wait_for_status("values", |status| !status["last_good"].is_null());
    let shortened = status["shortened_to"].as_u64().unwrap();
    // Halving the profile's blocks ends at a length near 10; which one depends on the block.
    assert!((5..=13).contains(&shortened), "{status:#}");
}

#[test]
fn an_answer_after_the_timeout_is_called_late_and_the_key_is_named() {
    let slow: TcpAnswer = |asked, _, _| {
        // The test looks for "after 3": a busy computer may add up to 79 ms.
        std::thread::sleep(Duration::from_millis(320));
        ones_frame(asked)
    };
    let scratch = tempfile::tempdir().unwrap();
    let (port, _) = start_server(slow);
    let tables = tcp_bus_toml(port, "timeout = \"200ms\"") + &device_toml(ONE_POINT);
    let config = write_site(scratch.path(), &tables);
    let (said, output) = read_device(&config, "1");
    let failure = said["failure"].to_string();
    assert!(failure.contains("too late: after 3"), "{output:?}");
    assert_eq!(said["advice"], "diagnosis-late", "{output:?}");
    let gateway = GatewayProcess::start(&config);
    let late = |status: &Value| status["fault"]["reason"] == "late";
    let status = gateway.wait_for_status("lateness", late);
    let hint = status["fault"]["hint"].as_str().unwrap();
    assert!(proposes_timeout(hint), "{hint}");
    let detail = status["fault"]["detail"].as_str().unwrap();
    assert!(detail.contains("timeout is 200 ms"), "{detail}");
    for (lang, word) in [
        ("id", "jawaban terlambat: setelah 3"),
        ("en", "too late: after 3"),
    ] {
        let mut read = pantau();
        read.args(["--lang", lang, "--log", "off", "read", "d", "-c"]);
        let output = read.arg(&config).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(word) && proposes_timeout(&text), "{text}");
    }
    for (command, lang, word) in [("watch", "en", "too late"), ("soak", "id", "terlambat")] {
        let mut command = run_for_seconds(command, lang, &config);
        let output = command.stdout(Stdio::piped()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(word) && text.contains("`timeout`"), "{text}");
    }
}

/// Whether half as long again as 320 ms to 399 ms is proposed.
fn proposes_timeout(text: &str) -> bool {
    ["500ms", "600ms"]
        .iter()
        .any(|time| text.contains(&format!("timeout = \"{time}\"")))
}

/// `watch` or `soak` for a few seconds.
pub(super) fn run_for_seconds(name: &str, lang: &str, config: &Path) -> Command {
    let mut command = Command::new("timeout");
    // `watch` runs until Ctrl-C, which is SIGINT.
    command.args(["-s", "INT", "4"]).arg(pantau().get_program());
    command.args(["--lang", lang, "--log", "off", name]);
    if name == "watch" {
        command.arg("--plain");
    } else {
        command.args(["--for", "2s"]);
    }
    command.arg("-c").arg(config);
    command
}

#[test]
fn a_scan_of_a_line_calls_a_late_device_late_and_names_no_other_unit() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    std::thread::spawn(move || {
        let wire = std::fs::File::options().read(true).write(true).open(far);
        let mut wire = wire.unwrap();
        let mut head = [0; 2];
        while wire.read_exact(&mut head).is_ok() {
            // A scan also asks for the identification (function 43), whose request is a byte
            // shorter.
            let mut rest = vec![0; if head[1] == 0x2b { 5 } else { 6 }];
            wire.read_exact(&mut rest).unwrap();
            // Unit 2 alone is there, has one register, and answers after 70 ms.
            if head[0] != 2 {
                continue;
            }
            let mut frame = match (head[1], rest[1], rest[3]) {
                (3, 0, 1) => vec![2, 3, 2, 0, 1],
                (function, ..) => vec![2, function | 0x80, 2],
            };
            frame.extend(drivers::frame::crc16(&frame).to_le_bytes());
            let mut late = wire.try_clone().unwrap();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(70));
                late.write_all(&frame).unwrap();
            });
        }
    });
    let port = near.display().to_string();
    let mut scan = pantau();
    scan.args([
        "--lang", "en", "--log", "off", "scan", &port, "--units", "1-6",
    ]);
    scan.args([
        "--baud",
        "9600",
        "--parity",
        "none",
        // Much shorter than the device needs, so its answers arrive while other units are asked.
        "--timeout",
        "20",
        "--json",
    ]);
    let output = scan.args(["-c", "/nowhere/pantau.toml"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let units: Vec<&Value> = lines.iter().map(|line| &line["unit"]).collect();
    assert_eq!(units, [&json!(2), &Value::Null], "{said}");
    assert!(
        said.contains("Unit 2 answers later") && said.contains("`timeout`"),
        "{said}"
    );
    assert!(!said.contains("damaged"), "{said}");
}

#[test]
fn a_port_that_another_program_holds_is_left_to_it_and_its_holder_named() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, _far) = pty_line(scratch.path());
    let port = std::fs::File::open(&near).unwrap();
    let mut holder = Command::new("sleep").arg("60").stdin(port).spawn().unwrap();
    let pid = holder.id();
    let comm = format!("/proc/{pid}/comm");
    wait_for("the holder", || {
        std::fs::read_to_string(&comm).is_ok_and(|name| name.trim() == "sleep")
    });
    let config = write_site(
        scratch.path(),
        &(serial_bus_toml(&near, "timeout = \"100ms\"") + &device_toml(ONE_POINT)),
    );
    for words in [
        &["read", "d"][..],
        &["watch", "--plain"],
        &["soak", "--for", "1s"],
    ] {
        let output = run_pantau(&config, words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        let holder = format!("sleep (proses {pid})");
        assert!(said.contains(&holder), "{words:?}: {said}");
    }
    // The gateway waits for it, and says for whom.
    let gateway = GatewayProcess::start(&config);
    let status = gateway.wait_for_status("the fault", |status| !status["fault"].is_null());
    let detail = status["fault"]["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("sleep (process {pid})")),
        "{detail}"
    );
    holder.kill().unwrap();
    holder.wait().unwrap();
    // No device is on this line: a timeout shows that the gateway has opened the port.
    let silent = |status: &Value| status["fault"]["reason"] == "timeout";
    gateway.wait_for_status("the line is the gateway's", silent);
}

#[test]
fn two_gateways_do_not_share_a_line() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_line, near, _far) = pty_line(one.path());
    let tables = serial_bus_toml(&near, "timeout = \"100ms\"") + &device_toml(ONE_POINT);
    let first = GatewayProcess::start(&write_site(one.path(), &tables));
    first.wait_for_status("its line", |status| status["fault"]["reason"] == "timeout");
    let second = GatewayProcess::start(&write_site(two.path(), &tables));
    let status = second.wait_for_status("the fault", |status| !status["fault"].is_null());
    assert_eq!(status["fault"]["reason"], "unreachable", "{status:#}");
    let detail = status["fault"]["detail"].as_str().unwrap();
    assert!(detail.contains("pantau (process "), "{detail}");
    drop(first);
    second.wait_for_status("its turn", |status| status["fault"]["reason"] == "timeout");
}
