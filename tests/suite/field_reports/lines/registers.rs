//! Registers that a device refuses, and reads that are too long for it.

use super::bench::{
    TcpAnswer, device_toml, exception_frame, line_reply, point_toml, read_device, reply_frame,
    said_in, serve_line, start_server, tcp_bus_toml,
};
use crate::peers::pty_line;
use crate::wizards::{run_pantau, write_site};
use serde_json::json;
use std::io::Write;

/// Input registers 0 to 9 hold 2301; all others are refused.
const INPUTS_ONLY: TcpAnswer = |asked, _, _| {
    let first = u16::from_be_bytes([asked[8], asked[9]]);
    if asked[7] == 4 && first + u16::from(asked[11]) <= 10 {
        reply_frame(asked, &[8, 0xfd].repeat(usize::from(asked[11])))
    } else {
        exception_frame(asked, 2)
    }
};

#[test]
fn for_a_refused_register_those_that_answer_are_shown() {
    let scratch = tempfile::tempdir().unwrap();
    let (port, _) = start_server(INPUTS_ONLY);
    let volts = "{ id = \"v\", register = \"holding:3\", type = \"u16\", scale = 0.1, \
                 unit = \"V\" }";
    let tables = tcp_bus_toml(port, "") + &device_toml(volts);
    let config = write_site(scratch.path(), &tables);
    let (said, output) = read_device(&config, "1");
    let others = said["other_registers"].as_array().unwrap();
    assert_eq!(others[0]["register"], "input:3", "{output:?}");
    assert_eq!(others[0]["value"], 230.1, "{output:?}");
    for (lang, words, value) in [
        ("en", "These registers answer", "230.1 V"),
        ("id", "Register berikut menjawab", "230,1 V"),
    ] {
        let text = said_in(lang, &["read", "d", "-c", config.to_str().unwrap()]);
        assert!(text.contains(words) && text.contains(value), "{text}");
        assert!(
            text.contains("input:3 ") && text.contains("input:2 "),
            "{text}"
        );
        // The number of a manual, without any configuration.
        let host = format!("127.0.0.1:{port}");
        let words = ["read", &host, "--unit", "1", "--register", "input:30004"];
        let text = said_in(lang, &words);
        assert!(
            text.contains("input:3 ") && text.contains("0x08FD"),
            "{text}"
        );
    }
    let tables = tcp_bus_toml(port, "")
        + &device_toml(
            &(point_toml("a", "holding:40001", "u16") + &point_toml("b", "input:30011", "u16")),
        );
    let config = write_site(scratch.path(), &tables);
    let output = run_pantau(&config, &["check", "--json"]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let warnings = plan["warnings"].as_array().unwrap().iter();
    let numbers = warnings.filter(|one| one["what"] == "fault-manual-number");
    let proposed: Vec<_> = numbers.map(|one| &one["expected"]).collect();
    assert_eq!(
        proposed,
        [&json!("holding:0"), &json!("input:10")],
        "{plan:#}"
    );
}

#[test]
fn a_line_device_that_is_silent_above_some_registers_is_read_without_a_configuration() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    let heard = serve_line(&far, |asked, _, wire| {
        if asked[5] <= 12 {
            let reply = line_reply(asked, vec![7; usize::from(asked[5])]);
            wire.write_all(&reply).unwrap();
        }
    });
    let port = near.display().to_string();
    let words = [
        "read",
        &port,
        "--unit",
        "1",
        "--register",
        "holding:0",
        "--count",
        "40",
    ];
    let text = said_in("en", &[&words[..], &["--times", "1"]].concat());
    assert_eq!(text.matches("0x0007").count(), 40, "{text}");
    let last = heard.0.lock().unwrap().last().unwrap()[5];
    assert!((5..=12).contains(&last), "{last}");
}

#[test]
fn a_capture_that_fails_is_explained_in_both_languages() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("acme.toml");
    let profile = "name = \"acme\"\nmanufacturer = \"Acme\"\nmodel = \"M\"\nkind = \"meter\"\n\
                   source = \"manual\"\nconfidence = \"medium\"\n[[point]]\nid = \"energy\"\n\
                   register = \"input:2\"\ntype = \"u32\"\nscale = 0.1\nunit = \"kWh\"\n\
                   [[capture]]\npoint = \"energy\"\nwords = [0x2345, 0x0001]\n\
                   value = 7456.5\nfrom = \"device\"\n";
    std::fs::write(&file, profile).unwrap();
    for (lang, maybe) in [("en", "did you mean"), ("id", "maksudnya")] {
        let text = said_in(lang, &["device", "test", file.to_str().unwrap()]);
        assert!(text.contains("input:2 0x2345 0x0001, u32 abcd"), "{text}");
        assert!(text.contains("7456.5") && text.contains(maybe), "{text}");
        assert!(text.contains("words = \"cdab\""), "{text}");
    }
}
