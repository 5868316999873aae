//! Two devices with one address on a line: answers by turns, and two answers to one request.

use super::bench::{
    GatewayProcess, LineAnswer, ONE_POINT, device_toml, line_refusal, line_reply, said_in,
    serial_bus_toml, serve_line,
};
use super::late::run_for_seconds;
use crate::peers::{pty_line, wait_for};
use crate::wizards::write_site;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

/// 230.1 V of one device after 5 ms, 110.7 V of the other after 40 ms, by turns.
const BY_TURNS: LineAnswer = |asked, turn, wire| {
    if asked[0] != 1 {
        return;
    }
    let reply = match (asked[1], turn % 2) {
        (3 | 4, 0) => line_reply(asked, vec![2301; usize::from(asked[5])]),
        (3 | 4, _) => line_reply(asked, vec![1107; usize::from(asked[5])]),
        _ => line_refusal(asked, 1),
    };
    let ms = if turn % 2 == 0 { 5 } else { 40 };
    std::thread::sleep(Duration::from_millis(ms));
    wire.write_all(&reply).unwrap();
};

/// Both answer each request, one after the other.
const BOTH: LineAnswer = |asked, _, wire| {
    if asked[0] != 1 || !matches!(asked[1], 3 | 4) {
        return;
    }
    for word in [2301, 1107] {
        let reply = line_reply(asked, vec![word; usize::from(asked[5])]);
        wire.write_all(&reply).unwrap();
        std::thread::sleep(Duration::from_millis(15));
    }
};

#[test]
fn two_devices_with_one_address_are_told_with_the_evidence() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    let heard = serve_line(&far, BY_TURNS);
    let tables = serial_bus_toml(&near, "") + &device_toml(ONE_POINT).replace("1s", "100ms");
    let config = write_site(scratch.path(), &tables);
    let file = config.to_str().unwrap();
    for (lang, words) in [
        ("en", ["Two devices seem to have", "by turns", "after 4"]),
        ("id", ["dua alat memakai alamat", "bergantian", "setelah 4"]),
    ] {
        let text = said_in(lang, &["read", "d", "-c", file]);
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    let port = near.display().to_string();
    let scan = [
        "scan", &port, "--units", "1", "--baud", "9600", "--parity", "none",
    ];
    let scan = [&scan[..], &["-c", "/nowhere/pantau.toml"]].concat();
    for (lang, words) in [
        ("en", "two devices with one address?"),
        ("id", "dua alat dengan"),
    ] {
        let text = said_in(lang, &scan);
        assert!(text.contains(words), "{text}");
    }
    let mut watch = run_for_seconds("watch", "en", &config);
    let output = watch.stdout(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("two devices with one address?"), "{text}");
    let text = said_in("id", &["soak", "--for", "6s", "-c", file]);
    assert!(text.contains("dua alat dengan alamat yang sama?"), "{text}");
    let gateway = GatewayProcess::start(&config);
    let status = gateway.wait_for_status("the fault", |status| {
        status["fault"]["reason"] == "two-devices"
    });
    let hint = status["fault"]["hint"].as_str().unwrap();
    assert!(hint.contains("set-address"), "{hint}");
    // No value of this address is certain.
    wait_for("an uncertain value", || {
        gateway.get_json("/api/v1/points")[0]["last"]["q"] == "uncertain"
    });
    // Nothing was written to them.
    let writes = heard.0.lock().unwrap();
    assert!(writes.iter().all(|asked| asked[1] != 6));
}

#[test]
fn two_answers_to_one_request_are_two_devices() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    serve_line(&far, BOTH);
    let tables = serial_bus_toml(&near, "") + &device_toml(ONE_POINT).replace("1s", "200ms");
    let config = write_site(scratch.path(), &tables);
    let text = said_in("en", &["read", "d", "-c", config.to_str().unwrap()]);
    assert!(text.contains("requests were answered twice"), "{text}");
    let gateway = GatewayProcess::start(&config);
    let status = gateway.wait_for_status("the fault", |status| {
        status["fault"]["reason"] == "two-devices"
    });
    let detail = status["fault"]["detail"].as_str().unwrap();
    assert!(detail.contains("answered twice"), "{detail}");
}

#[test]
fn an_address_that_two_devices_answer_by_turns_is_not_changed() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    let heard = serve_line(&far, BY_TURNS);
    let tables = serial_bus_toml(&near, "timeout = \"100ms\"") + &device_toml(ONE_POINT);
    let config = write_site(scratch.path(), &tables);
    let words = [
        "set-address",
        "d",
        "--to",
        "9",
        "--register",
        "holding:257",
        "--yes",
    ];
    let words = [&words[..], &["-c", config.to_str().unwrap()]].concat();
    let text = said_in("en", &words);
    assert!(text.contains("More than one device"), "{text}");
    let asked = heard.0.lock().unwrap();
    assert!(asked.len() > 3 && asked.iter().all(|asked| asked[1] != 6));
}
