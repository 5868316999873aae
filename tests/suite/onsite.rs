//! Scan and set-address beside a running gateway: over its API, and by the command line that asks
//! it.

use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::free_port;
use crate::sites::write_config;
use crate::wizards::{run_pantau, set_address_outcome, start_gateway, stderr_text, token_header};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use tests::site_text::SiteText;

/// A sensor as the technician's own file knows it: it wants its button, and its power off and on.
const OWN_PROFILE: &str = "name = 'shy'\nmanufacturer = 'nobody'\nmodel = 'S'\nkind = 'environment'\n\
    source = 'tests'\nconfidence = 'low'\n[link]\nbaud = 9600\n[set_address]\n\
    register = 'holding:257'\nbutton = true\npower_cycle = true\n[set_baud]\n\
    register = 'holding:258'\ncodes = { 4800 = 2, 9600 = 3 }\n[[point]]\nid = 'temp'\n\
    register = 'holding:0'\ntype = 'u16'\nunit = 'degC'\n[[capture]]\npoint = 'temp'\n\
    words = [7]\nvalue = 7.0\nfrom = 'worked-out'\n";

/// Configuration with a line, a device `air` of this profile at unit 5, a page on `port`, and the
/// technician's own profile `shy`.
pub(crate) fn write_line_site(
    folder: &Path,
    shy: &str,
    tty: &str,
    port: u16,
    profile: &str,
) -> PathBuf {
    let profiles = folder.join("profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    std::fs::write(profiles.join("shy.toml"), shy).unwrap();
    let line = "kind = 'modbus-rtu'\nbaud = 9600\ntimeout = '100ms'";
    let device = "unit = 5\nevery = '1s'";
    let site = SiteText::new("desa")
        .with(format_args!("profiles = '{}'", profiles.display()))
        .with(format_args!("[web]\nlisten = '127.0.0.1:{port}'"))
        .bus("rs485", format_args!("{line}\nport = '{tty}'"))
        .device(
            "air",
            "rs485",
            format_args!("{device}\nprofile = '{profile}'"),
        );
    write_config(folder, site)
}

/// A gateway with its page.
struct CommissioningSite {
    config: PathBuf,
    port: u16,
    /// Header of a technician's token.
    token: String,
    _line: PeerProcess,
}

impl CommissioningSite {
    /// A line with these devices, and one that the configuration has at unit 5.
    fn new(folder: &Path, devices: &[&str], profile: &str) -> Self {
        let (line, tty) = PeerProcess::start_ready(python_peer("address_line.py").args(devices));
        let port = free_port();
        let config = write_line_site(folder, OWN_PROFILE, &tty, port, profile);
        Self {
            token: token_header(&config),
            config,
            port,
            _line: line,
        }
    }

    /// Status and body of an answer.
    fn http_json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.http_text(method, path, body);
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn http_text(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = body.to_string();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAccept-Language: en\r\n{}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
            self.token
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn get_json(&self, path: &str) -> Value {
        self.http_json("GET", path, &Value::Null).1
    }

    /// Waits for the end of an address change and returns its result; `help` runs before each step
    /// that needs a person.
    fn wait_for_end(&self, begun: &Value, mut help: impl FnMut(&str)) -> Value {
        let path = job_path("/api/v1/set-address", begun);
        let mut last = Value::Null;
        wait_for("the change", || {
            last = self.get_json(&path);
            if let Some(step) = last["waiting_for"].as_str() {
                help(step);
                self.http_json("POST", &format!("{path}/continue"), &Value::Null);
            }
            last["state"] == "ended"
        });
        last
    }
}

/// Path of a job that was begun; its id cannot be guessed.
fn job_path(kind: &str, begun: &Value) -> String {
    let id = begun["id"].as_str().unwrap();
    let is_random = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_random, "{id}");
    format!("{kind}/{id}")
}

#[test]
fn a_line_in_use_is_scanned_over_the_api_and_what_was_found_can_be_configured() {
    let scratch = tempfile::tempdir().unwrap();
    let site = CommissioningSite::new(scratch.path(), &["3", "5"], "xy-md02");
    let _gateway = start_gateway(&site.config);
    let wanted = json!({ "targets": ["rs485"], "units": "1-6", "timeout_ms": 50 });
    let (status, begun) = site.http_json("POST", "/api/v1/scans", &wanted);
    assert_eq!(
        (status, &begun["state"]),
        (202, &json!("running")),
        "{begun}"
    );
    // One scan at a time: both would need the few gaps between the polls of one line.
    let (status, refused) = site.http_json("POST", "/api/v1/scans", &wanted);
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("job-busy")),
        "{refused}"
    );
    // The events end with the scan.
    let path = job_path("/api/v1/scans", &begun);
    let (_, events) = site.http_text("GET", &format!("{path}/live"), &Value::Null);
    assert!(
        events.contains("event: scan") && events.contains("\"left_ms\""),
        "{events}"
    );
    let scan = site.get_json(&path);
    assert_eq!(scan["state"], "done", "{scan:#}");
    let found = scan["found"].as_array().unwrap();
    let units: Vec<&Value> = found.iter().map(|one| &one["unit"]).collect();
    assert_eq!(units, [3, 5], "{scan:#}");
    assert_eq!(found[1]["configured"], "air", "{scan:#}");
    let said = scan["said"].to_string();
    assert!(said.contains("9600 8N1"), "{said}");
    assert_eq!(site.get_json("/api/v1/scans").as_array().unwrap().len(), 1);
}

#[test]
fn a_scan_is_stopped_over_the_api_and_keeps_what_it_found() {
    let scratch = tempfile::tempdir().unwrap();
    let site = CommissioningSite::new(scratch.path(), &["1", "5"], "xy-md02");
    let _gateway = start_gateway(&site.config);
    // All units, so that there is something left to stop after the first device.
    let wanted = json!({ "targets": ["rs485"], "full": true });
    let (status, begun) = site.http_json("POST", "/api/v1/scans", &wanted);
    assert_eq!(status, 202, "{begun}");
    let path = job_path("/api/v1/scans", &begun);
    wait_for("the first device", || {
        !site.get_json(&path)["found"].as_array().unwrap().is_empty()
    });
    let (status, stopped) = site.http_json("DELETE", &path, &Value::Null);
    assert_eq!(
        (status, &stopped["state"]),
        (200, &json!("stopped")),
        "{stopped:#}"
    );
    assert_eq!(stopped["found"][0]["unit"], 1, "{stopped:#}");
    let bad = json!({ "targets": ["10.0.0.0/4"] });
    let (status, refused) = site.http_json("POST", "/api/v1/scans", &bad);
    assert_eq!(
        (status, &refused["parameter"]),
        (400, &json!("targets")),
        "{refused}"
    );
    // The number of a job is no id of it.
    let (status, refused) = site.http_json("GET", "/api/v1/scans/1", &Value::Null);
    assert_eq!((status, &refused["code"]), (404, &json!("unknown-job")));
}

#[test]
fn a_running_gateway_gives_a_device_its_address_between_its_polls() {
    let scratch = tempfile::tempdir().unwrap();
    let site = CommissioningSite::new(scratch.path(), &["1"], "xy-md02");
    let gateway = start_gateway(&site.config);
    assert_eq!(set_address_outcome(&site.config, &["--from", "1"]), "done");
    assert_eq!(
        set_address_outcome(&site.config, &["--from", "1", "--to", "9"]),
        "silent"
    );
    // Another speed would make the line unusable for the gateway.
    let speed = [
        "set-address",
        "air",
        "--baud",
        "4800",
        "--yes",
        "--register",
    ];
    let refused = run_pantau(&site.config, &speed[..5]);
    assert!(!refused.status.success(), "{}", stderr_text(&refused));
    drop(gateway);
}

#[test]
fn over_the_api_nothing_is_written_until_it_is_confirmed_and_two_devices_are_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let site = CommissioningSite::new(scratch.path(), &["1", "1", "7"], "xy-md02");
    let _gateway = start_gateway(&site.config);
    let path = "/api/v1/set-address";
    let mut wanted = json!({ "device": "air", "from": 7 });
    let (status, plan) = site.http_json("POST", path, &wanted);
    assert_eq!((status, &plan["state"]), (200, &json!("planned")), "{plan}");
    assert_eq!(plan["change"], "unit 7 -> 5");
    wanted["confirm"] = json!(true);
    // The audit log names the token of this request; the name in it is a remark.
    wanted["who"] = json!("Budi");
    let (status, begun) = site.http_json("POST", path, &wanted);
    assert_eq!(status, 202, "{begun}");
    // This profile needs neither a button nor power, so any question to a person is a fault.
    let done = site.wait_for_end(&begun, |step| panic!("{step}"));
    assert_eq!(
        (&done["outcome"], &done["verified"]),
        (&json!("done"), &json!(true)),
        "{done}"
    );
    wanted["from"] = json!(1);
    wanted["to"] = json!(2);
    let (status, begun) = site.http_json("POST", path, &wanted);
    assert_eq!(status, 202, "{begun}");
    let refused = site.wait_for_end(&begun, |step| panic!("{step}"));
    assert_eq!(
        (&refused["outcome"], &refused["written"]),
        (&json!("several"), &json!(false))
    );
    let words = refused["words"].as_str().unwrap();
    assert!(!words.is_empty() && !words.contains("setaddr"), "{words}");
    let unknown = json!({ "device": "nobody" });
    assert_eq!(site.http_json("POST", path, &unknown).0, 422);
}

#[test]
fn the_page_waits_for_the_button_and_for_the_power_of_a_device_that_needs_them() {
    let scratch = tempfile::tempdir().unwrap();
    let (button, power) = (scratch.path().join("button"), scratch.path().join("power"));
    let names = [button.to_str().unwrap(), power.to_str().unwrap()];
    let devices = ["--button", names[0], "--power", names[1], "1"];
    let site = CommissioningSite::new(scratch.path(), &devices, "shy");
    let _gateway = start_gateway(&site.config);
    let wanted = json!({ "device": "air", "from": 1, "confirm": true, "who": "Budi" });
    let (status, begun) = site.http_json("POST", "/api/v1/set-address", &wanted);
    assert_eq!(status, 202, "{begun}");
    let mut steps = Vec::new();
    let done = site.wait_for_end(&begun, |step| {
        // The simulated device takes the file as its pressed button, or as its power switched off
        // and on.
        std::fs::write(scratch.path().join(step), "").unwrap();
        steps.push(step.to_owned());
    });
    assert_eq!(done["outcome"], "done", "{done:#}");
    assert!(steps.contains(&"button".to_owned()) && steps.contains(&"power".to_owned()));
}

#[test]
fn a_device_whose_button_nobody_presses_is_left_as_it_was() {
    let scratch = tempfile::tempdir().unwrap();
    let site = CommissioningSite::new(scratch.path(), &["1"], "shy");
    let _gateway = start_gateway(&site.config);
    let wanted = json!({ "device": "air", "from": 1, "confirm": true, "who": "Budi" });
    let (status, begun) = site.http_json("POST", "/api/v1/set-address", &wanted);
    assert_eq!(status, 202, "{begun}");
    let path = job_path("/api/v1/set-address", &begun);
    wait_for("the question", || {
        site.get_json(&path)["waiting_for"] == "button"
    });
    assert_eq!(site.http_json("DELETE", &path, &Value::Null).0, 202);
    let left = site.wait_for_end(&begun, |step| panic!("{step}"));
    assert_eq!(
        (&left["outcome"], &left["written"]),
        (&json!("abandoned"), &json!(false))
    );
}

#[test]
fn a_device_gets_another_speed_and_is_heard_there_alone() {
    let scratch = tempfile::tempdir().unwrap();
    // The device hears nothing at another speed, so "silent" afterwards shows that the change is
    // real.
    let site = CommissioningSite::new(scratch.path(), &["--speed", "9600", "5"], "shy");
    assert_eq!(
        set_address_outcome(&site.config, &["--baud", "4800"]),
        "done"
    );
    assert_eq!(
        set_address_outcome(&site.config, &["--baud", "4800"]),
        "silent"
    );
}
