//! Fault reports about devices and lines that answer late, slowly or wrongly: the whole program
//! against small servers that behave as in the report.

mod bench;
mod headers;
mod late;
mod registers;
mod shared_address;
mod turns;

use crate::killed::pantau;
use crate::peers::pty_line;
use crate::wizards::{run_pantau, write_site};
use bench::{
    GatewayProcess, ONE_POINT, TcpAnswer, device_toml, exception_frame, ones_frame, point_toml,
    read_device, reply_frame, serial_bus_toml, start_server, tcp_bus_toml,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::Duration;

#[test]
fn a_dongle_that_drops_what_comes_soon_after_connecting_gives_values() {
    // A Huawei SDongle discards what comes within 1 to 5 s of a new connection (openhab-core#2926
    // and others). A master that connects again after each timeout never gets past that time.
    let dongles: [(TcpAnswer, &str); 2] = [
        (
            |asked, since, _| match since.as_millis() {
                0..700 => Vec::new(),
                _ => ones_frame(asked),
            },
            "timeout = \"200ms\"",
        ),
        (
            |asked, since, _| match since.as_millis() {
                0..2000 => Vec::new(),
                _ => ones_frame(asked),
            },
            "timeout = \"200ms\"\nsettle = \"2100ms\"",
        ),
    ];
    for (dongle, bus) in dongles {
        let scratch = tempfile::tempdir().unwrap();
        let (port, heard) = start_server(dongle);
        let config = write_site(
            scratch.path(),
            &(tcp_bus_toml(port, bus) + &device_toml(ONE_POINT)),
        );
        let (said, output) = read_device(&config, "1");
        assert_eq!(said["points"][0]["value"], 1.0, "{output:?}");
        let asked = heard.count();
        // With `settle` configured, the gateway waits long enough and asks only once.
        assert_eq!(asked == 1, bus.contains("settle"), "{asked}");
        let gateway = GatewayProcess::start(&config);
        gateway.wait_for_status("values", |status| status["state"] == "ok");
    }
}

#[test]
fn the_profile_of_an_inverter_behind_a_dongle_knows_its_quiet_time() {
    let scratch = tempfile::tempdir().unwrap();
    let (port, heard) = start_server(|asked, since, _| match since.as_millis() {
        // Below the second of quiet time that the profile waits.
        0..900 => Vec::new(),
        _ => ones_frame(asked),
    });
    let inverter = "[[device]]\nid = \"d\"\nbus = \"lan\"\nprofile = \"huawei-sun2000\"\n";
    let config = write_site(scratch.path(), &(tcp_bus_toml(port, "") + inverter));
    let (said, output) = read_device(&config, "1");
    assert!(said["failure"].is_null(), "{output:?}");
    let first = heard.0.lock().unwrap()[0].clone();
    let again = heard.0.lock().unwrap()[1].clone();
    // The first request was answered, so the second one asks for other registers.
    assert_ne!(first[8..], again[8..], "the first request was lost");
}

#[test]
fn a_dongle_that_drops_at_night_is_not_asleep() {
    let scratch = tempfile::tempdir().unwrap();
    let (port, _) = start_server(|_, _, _| Vec::new());
    // At one of these two places it is always night.
    for longitude in ["103.78", "-76.22"] {
        // The dongle accepts connections at night too, so "inactive" would hide its quiet time.
        let sleeper = device_toml(ONE_POINT).replace("every", "asleep_at_night = true\nevery");
        let tables = tcp_bus_toml(port, "timeout = \"100ms\"") + &sleeper;
        let config = write_site(scratch.path(), &tables);
        let text = std::fs::read_to_string(&config).unwrap();
        let moved = text.replace("longitude = 103.78", &format!("longitude = {longitude}"));
        std::fs::write(&config, moved).unwrap();
        let gateway = GatewayProcess::start(&config);
        let polled = |status: &Value| status["polls"].as_u64() >= Some(3);
        let status = gateway.wait_for_status("three polls", polled);
        assert_eq!(status["fault"]["reason"], "timeout", "{status:#}");
        let hint = status["fault"]["hint"].as_str().unwrap();
        assert!(hint.contains("`settle`"), "{hint}");
    }
}

#[test]
fn a_scan_waits_for_a_dongle_as_it_is_told_and_asks_again_what_it_lost() {
    let (port, _) = start_server(|asked, since, _| match (since.as_millis(), asked[7]) {
        (0..600, _) => Vec::new(),
        // It answers for every unit, as many do.
        (_, 3) => ones_frame(asked),
        _ => exception_frame(asked, 1),
    });
    let host = format!("127.0.0.1:{port}");
    // Without the option a scan must ask again what it lost, and still find the device.
    for settle in [&["--settle", "650"][..], &[]] {
        let scratch = tempfile::tempdir().unwrap();
        let words = [
            "scan",
            &host,
            "--units",
            "1-9",
            "--timeout",
            "100",
            "--json",
        ];
        let config = write_site(scratch.path(), "");
        let output = run_pantau(&config, &[&words[..], settle].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        // The first of them, and no unit that only repeats its answers.
        assert_eq!(lines.len(), 2, "{settle:?}: {lines:#?}");
        assert_eq!(lines[0]["unit"], 1, "{settle:?}");
    }
}

#[test]
fn noise_in_front_of_an_answer_is_passed_over() {
    for noise in [&[0xff][..], &[0xff, 0xff], &[0]] {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        let (_line, near, far) = pty_line(folder);
        let noise = noise.to_vec();
        // 2238 and 5000: 223.8 V, 50.00 Hz.
        let slave = std::thread::spawn({
            let far = far.clone();
            move || {
                let mut wire = std::fs::File::options().read(true).write(true).open(far);
                let wire = wire.as_mut().unwrap();
                let mut asked = [0; 8];
                wire.read_exact(&mut asked).unwrap();
                // Registers of the frame that tsun-gen3-proxy#645 logged.
                let mut frame = vec![1, 3, 4, 8, 0xbe, 0x13, 0x88];
                frame.extend(drivers::frame::crc16(&frame).to_le_bytes());
                wire.write_all(&[noise, frame].concat()).unwrap();
            }
        });
        let tables = serial_bus_toml(&near, "")
            + &device_toml(
                "{ id = \"v\", register = \"holding:0\", type = \"u16\", scale = 0.1, unit = \"V\" },\
             { id = \"f\", register = \"holding:1\", type = \"u16\", scale = 0.01, unit = \"Hz\" }",
            );
        let config = write_site(folder, &tables);
        let (said, output) = read_device(&config, "1");
        assert_eq!(said["points"][0]["value"], 223.8, "{output:?}");
        assert_eq!(said["points"][1]["value"], 50.0, "{output:?}");
        slave.join().unwrap();
    }
}

#[test]
fn a_header_that_names_a_wrong_length_is_named_with_both_numbers() {
    let servers: [(TcpAnswer, &str); 2] = [
        (
            |asked, _, _| {
                // The bytes of pymodbus#2303: the length is one too large.
                let mut frame = reply_frame(asked, &[0x39, 2]);
                frame[5] = 6;
                frame
            },
            "length in the header is 6, should be 5",
        ),
        (
            |asked, _, _| {
                // As pymodbus#1851: the length counts the six bytes of the header too.
                let mut frame = reply_frame(asked, &[0x13, 0x88].repeat(10));
                frame[5] = 29;
                frame
            },
            "length in the header is 29, should be 23",
        ),
    ];
    for ((wrong, named), points) in servers.into_iter().zip([
        ONE_POINT.to_owned(),
        point_toml("f", "holding:7", "u16")
            + &point_toml("a", "holding:0", "u16")
            + &point_toml("z", "holding:9", "u16"),
    ]) {
        let scratch = tempfile::tempdir().unwrap();
        let (port, _) = start_server(wrong);
        let config = write_site(
            scratch.path(),
            &(tcp_bus_toml(port, "") + &device_toml(&points)),
        );
        let (said, output) = read_device(&config, "1");
        let failure = said["failure"].to_string();
        assert!(failure.contains(named), "{output:?}");
        let advice = said["advice"].to_string();
        assert!(advice.contains("diagnosis-header"), "{advice}");
        let indonesian = named
            .replace("length in the header is", "panjang di header")
            .replace("should be", "seharusnya");
        for (lang, named) in [("id", indonesian.as_str()), ("en", named)] {
            let output = pantau()
                .args(["--lang", lang, "--log", "off", "read", "d", "-c"])
                .arg(&config)
                .output();
            let text = String::from_utf8(output.unwrap().stdout).unwrap();
            assert!(text.contains(named) && text.contains("firmware"), "{text}");
        }
    }
}

#[test]
fn answers_of_others_before_ours_do_no_harm() {
    let scratch = tempfile::tempdir().unwrap();
    // Two old transactions, one of another master, then ours.
    let (port, _) = start_server(|asked, _, _| {
        let ours = reply_frame(asked, &[0, 33]);
        let mut all = Vec::new();
        // The transaction numbers are those of the reports (pymodbus#2762, pymodbus#2018).
        for (old, data) in [(0x08a4_u16, [9, 9]), (0x08a3, [8, 8]), (0x00bf, [7, 7])] {
            let mut frame = reply_frame(asked, &data);
            frame[..2].copy_from_slice(&old.to_be_bytes());
            all.extend(frame);
        }
        all.extend(ours);
        all
    });
    let config = write_site(
        scratch.path(),
        &(tcp_bus_toml(port, "") + &device_toml(ONE_POINT)),
    );
    assert_eq!(read_device(&config, "1").0["points"][0]["value"], 33.0);
    // A reply of another unit is not accepted.
    let (port, _) = start_server(|asked, _, _| {
        let mut frame = reply_frame(asked, &[0x0f, 0xff]);
        // As reported: an answer of unit 0 to a request for another unit.
        frame[6] = 0;
        frame
    });
    let config = write_site(
        scratch.path(),
        &(tcp_bus_toml(port, "") + &device_toml(ONE_POINT)),
    );
    let (said, _) = read_device(&config, "1");
    assert!(said["points"][0]["value"].is_null(), "{said:#}");
    assert!(
        said["failure"].to_string().contains("another unit"),
        "{said:#}"
    );
}

#[test]
fn one_refused_register_costs_no_other_one() {
    let scratch = tempfile::tempdir().unwrap();
    let (port, _) = start_server(|asked, _, _| {
        let first = u16::from_be_bytes([asked[8], asked[9]]);
        // 32086 is the efficiency, which the inverter of wlcrs/huawei_solar#1339 refuses, and with
        // it every block around it.
        let covers = (first..first + u16::from(asked[11])).contains(&32_086);
        if covers {
            exception_frame(asked, 2)
        } else {
            ones_frame(asked)
        }
    });
    let inverter = "[[device]]\nid = \"d\"\nbus = \"lan\"\nprofile = \"huawei-sun2000\"\n";
    let config = write_site(
        scratch.path(),
        &(tcp_bus_toml(port, "settle = \"0s\"") + inverter),
    );
    let (said, output) = read_device(&config, "1");
    let points = said["points"].as_array().unwrap();
    let refused = points.iter().filter(|point| point["reason"] == "refused");
    let refused: Vec<&Value> = refused.map(|point| &point["id"]).collect();
    assert_eq!(refused, [&json!("d.efficiency")], "{output:?}");
}

#[test]
fn busy_and_failing_answers_are_gaps_and_never_zero() {
    let scratch = tempfile::tempdir().unwrap();
    let (port, heard) = start_server(|asked, _, turn| match turn {
        // Busy, gateway target not responding, device failure: another program recorded 0 for them
        // (HA core#51103).
        0 => exception_frame(asked, 6),
        1 => exception_frame(asked, 11),
        2 => exception_frame(asked, 4),
        _ => reply_frame(asked, &[9, 0x2e]),
    });
    let volt =
        "{ id = \"a\", register = \"holding:0\", type = \"u16\", scale = 0.1, unit = \"V\" }";
    let config = write_site(
        scratch.path(),
        &(tcp_bus_toml(port, "") + &device_toml(volt)),
    );
    let gateway = GatewayProcess::start(&config);
    gateway.wait_for_status("a value", |status| status["state"] == "ok");
    assert!(heard.count() >= 4);
    let samples = gateway.get_json("/api/v1/samples?point=d.a");
    let values = samples["v"].as_array().unwrap();
    let numbers = values.iter().filter(|value| !value.is_null());
    assert!(
        numbers.into_iter().all(|value| *value == 235.0),
        "{samples}"
    );
    assert!(values.iter().take(3).all(Value::is_null), "{samples}");
}

#[test]
fn an_answer_that_dribbles_in_is_whole_in_the_end() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let (_line, near, far) = pty_line(folder);
    std::thread::spawn(move || {
        let wire = std::fs::File::options().read(true).write(true).open(far);
        let mut wire = wire.unwrap();
        // The values of esphome/issues#3912, an SDM230 whose answer took 220 ms to arrive.
        let registers = [
            (0_usize, [0x436C_u16, 0x7E6E]),
            (12, [0x41A7, 0x18C3]),
            (24, [0xC111, 0x4E2F]),
            (70, [0x4248, 0]),
            (72, [0x4528, 0x9591]),
        ];
        let mut asked = [0; 8];
        while wire.read_exact(&mut asked).is_ok() {
            let first = usize::from(u16::from_be_bytes([asked[2], asked[3]]));
            let count = usize::from(asked[5]);
            let mut words = vec![0_u16; count];
            for (address, pair) in registers {
                for (at, word) in (address..).zip(pair) {
                    if let Some(place) = at.checked_sub(first).and_then(|at| words.get_mut(at)) {
                        *place = word;
                    }
                }
            }
            let data: Vec<u8> = words.into_iter().flat_map(u16::to_be_bytes).collect();
            let mut frame = vec![1, 4, asked[5] * 2];
            frame.extend(data);
            frame.extend(drivers::frame::crc16(&frame).to_le_bytes());
            // The pause is longer than 3.5 characters (3.65 ms at 9600 baud), so the end cannot be
            // taken from a silence.
            for piece in frame.chunks(8) {
                wire.write_all(piece).unwrap();
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    });
    let float = |id: &str, at: u16| point_toml(id, &format!("input:{at}"), "f32");
    let points =
        float("v", 0) + &float("w", 12) + &float("var", 24) + &float("hz", 70) + &float("kwh", 72);
    let config = write_site(
        folder,
        &(serial_bus_toml(&near, "") + &device_toml(&points)),
    );
    let (said, output) = read_device(&config, "1");
    let value = |at: usize| said["points"][at]["value"].as_f64();
    let expected = [236.494, 20.887, -9.082, 50.0, 2697.348];
    for (at, expected) in expected.into_iter().enumerate() {
        let value = value(at).unwrap_or_else(|| panic!("{output:?}"));
        assert!((value - expected).abs() < 0.001, "{value}");
    }
}
