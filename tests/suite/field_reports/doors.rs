//! Fault reports about requests, configuration and imported files.

use crate::access::http_answer;
use crate::killed::pantau;
use crate::onsite::write_line_site;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::publish::require_password;
use crate::servers::{MosquittoBroker, MqttSubscriber, free_port, wait_until};
use crate::source::project_root;
use crate::wizards::{run_pantau, start_gateway, stderr_text, token_header, write_site};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;

/// A password that stands nowhere else.
const PASSWORD: &str = "geheim-7531";

const LEVEL: &str = "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\n\
    tcp_port = 9\n[[device]]\nid = \"tank\"\nbus = \"lan\"\nunit = 1\nevery = \"1s\"\n\
    point = [{ id = \"level\", register = \"holding:0\", type = \"u16\", unit = \"m\" }]\n";

/// A sensor that waits for its button before it takes another address.
const BUTTON_PROFILE: &str = "name = 'shy'\nmanufacturer = 'nobody'\nmodel = 'S'\nkind = 'environment'\n\
    source = 'tests'\nconfidence = 'low'\n[link]\nbaud = 9600\n[set_address]\n\
    register = 'holding:257'\nbutton = true\n[[point]]\nid = 'temp'\n\
    register = 'holding:0'\ntype = 'u16'\nunit = 'degC'\n[[capture]]\npoint = 'temp'\n\
    words = [7]\nvalue = 7.0\nfrom = 'worked-out'\n";

/// Status line and body of a request to the page, as a browser or script sends it.
fn http_request(port: u16, line: &str, headers: &str, body: &str) -> (u16, Value) {
    let address = format!("127.0.0.1:{port}");
    let (status, _, body) = http_answer(&address, line, headers, body);
    (status, serde_json::from_str(&body).unwrap_or_default())
}

/// A gateway in the middle of a change of address: it waits for a person to press the button.
struct WaitingGateway {
    port: u16,
    /// Path of the job.
    job: String,
    /// Header of a technician's token.
    token: String,
    _peers: (PeerProcess, PeerProcess),
}

impl WaitingGateway {
    fn new(folder: &Path) -> Self {
        let (line, tty) = PeerProcess::start_ready(python_peer("address_line.py").args(["1"]));
        let port = free_port();
        let config = write_line_site(folder, BUTTON_PROFILE, &tty, port, "shy");
        let token = token_header(&config);
        let gateway = start_gateway(&config);
        let mut waiting = Self {
            port,
            job: String::new(),
            token,
            _peers: (gateway, line),
        };
        let wanted = json!({ "device": "air", "from": 1, "confirm": true, "who": "Budi" });
        let media = format!("Content-Type: application/json\r\n{}", waiting.token);
        let body = wanted.to_string();
        let (status, begun) = http_request(port, "POST /api/v1/set-address", &media, &body);
        assert_eq!(status, 202, "{begun}");
        waiting.job = format!("/api/v1/set-address/{}", begun["id"].as_str().unwrap());
        wait_for("the question", || waiting.is_waiting_for_button());
        waiting
    }

    fn is_waiting_for_button(&self) -> bool {
        let line = format!("GET {}", self.job);
        let (_, job) = http_request(self.port, &line, &self.token, "");
        job["waiting_for"] == "button"
    }
}

#[test]
fn a_foreign_page_does_not_move_a_change_of_address_on_and_a_script_does() {
    let scratch = tempfile::tempdir().unwrap();
    let waiting = WaitingGateway::new(scratch.path());
    let lines = [
        format!("POST {}/continue", waiting.job),
        format!("DELETE {}", waiting.job),
    ];
    for line in &lines {
        // Another site, another port of the same host, and a page without origin such as a
        // sandboxed frame. Browsers send these headers themselves; a script on the gateway sends
        // none.
        for headers in [
            "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n",
            "Origin: http://127.0.0.1:3000\r\nSec-Fetch-Site: same-site\r\n",
            "Origin: null\r\n",
        ] {
            let headers = format!("{headers}{}", waiting.token);
            let (status, said) = http_request(waiting.port, line, &headers, "");
            assert_eq!((status, &said["code"]), (403, &json!("foreign-page")));
            assert!(waiting.is_waiting_for_button(), "{line} {headers}");
        }
    }
    // Nobody moves it on by counting jobs.
    for line in [
        "POST /api/v1/set-address/1/continue",
        "DELETE /api/v1/set-address/1",
    ] {
        let (status, _) = http_request(waiting.port, line, &waiting.token, "");
        assert_eq!(status, 404);
    }
    let (status, _) = http_request(waiting.port, &lines[1], "", "");
    assert_eq!(status, 401, "without a token nothing is changed");
    let (status, _) = http_request(waiting.port, &lines[1], &waiting.token, "");
    assert_eq!(status, 202);
}

#[test]
fn a_foreign_page_in_a_real_browser_changes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let waiting = WaitingGateway::new(scratch.path());
    let gateway = format!("http://127.0.0.1:{}", waiting.port);
    let mut browser = python_peer("foreign_page.py");
    let output = browser.args([&gateway, &format!("{}/continue", waiting.job)]);
    let output = output.output().unwrap();
    assert!(output.status.success(), "{}", stderr_text(&output));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["own"], 200);
    assert!(waiting.is_waiting_for_button());
}

fn run_check(config: &Path, lang: &str, more: &[&str]) -> Output {
    let mut command = pantau();
    command.args(["--lang", lang, "--log", "off", "check", "-c"]);
    command.arg(config).args(more);
    // A developer's environment may have them.
    command.env_remove("PANTAU_MQTT_PASSWORD");
    command.env_remove("PANTAU_INFLUX_TOKEN").output().unwrap()
}

fn all_output(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &stderr_text(output)
}

#[test]
fn the_shipped_example_passes_its_check_before_anybody_has_its_secrets() {
    let config = project_root().join("config/pantau.toml");
    for (lang, word) in [("id", "tidak ada yang dikirim"), ("en", "nothing is sent")] {
        let output = run_check(&config, lang, &[]);
        let text = all_output(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        for part in ["mqtt.password", "influx.token", word] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let json = run_check(&config, lang, &["--json"]);
        let json: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(json["warnings"].as_array().unwrap().len(), 2, "{json}");
    }
}

#[test]
fn a_password_in_the_host_of_a_bus_is_refused_and_never_shown() {
    let scratch = tempfile::tempdir().unwrap();
    for host in [
        format!("desa:{PASSWORD}@192.168.1.1"),
        format!("{PASSWORD}@192.168.1.1"),
        format!("desa:{PASSWORD}"),
        format!("192.168.1.1?p={PASSWORD}"),
    ] {
        let bus = format!("[[bus]]\nid = \"a\"\nkind = \"modbus-tcp\"\nhost = \"{host}\"\n");
        let config = write_site(scratch.path(), &bus);
        for lang in ["id", "en"] {
            for more in [&[][..], &["--json"]] {
                let output = run_check(&config, lang, more);
                let said = all_output(&output);
                assert_eq!(output.status.code(), Some(2), "{said}");
                assert!(!said.contains(PASSWORD), "{said}");
            }
        }
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_never_shown() {
    let scratch = tempfile::tempdir().unwrap();
    for (table, address) in [
        ("mqtt", format!("mqtt://desa:{PASSWORD}@broker.example.org")),
        // Without `@` the password looks like a port, and would be quoted as a wrong one.
        ("mqtt", format!("mqtt://desa:{PASSWORD}")),
        ("mqtt", format!("desa:{PASSWORD}@broker.example.org:1883")),
        ("influx", format!("http://desa:{PASSWORD}@db.example.org")),
        (
            "influx",
            format!("http://db.example.org?u=desa&p={PASSWORD}"),
        ),
    ] {
        let tables =
            format!("{LEVEL}[{table}]\nurl = \"{address}\"\norg = \"o\"\nbucket = \"b\"\n");
        let config = write_site(scratch.path(), &tables);
        for lang in ["id", "en"] {
            for more in [&[][..], &["--json"]] {
                let output = run_check(&config, lang, more);
                assert_eq!(output.status.code(), Some(2), "{}", all_output(&output));
                assert!(
                    !all_output(&output).contains(PASSWORD),
                    "{}",
                    all_output(&output)
                );
            }
        }
        let mut run = pantau();
        // The most talkative log, since libraries also log what they were given.
        let run = run.args(["--log", "trace", "run", "-c"]).arg(&config);
        let output = run.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            !all_output(&output).contains(PASSWORD),
            "{}",
            all_output(&output)
        );
    }
}

#[tokio::test]
async fn a_secret_that_comes_late_needs_no_restart_and_nothing_is_lost_meanwhile() {
    let scratch = tempfile::tempdir().unwrap();
    let mut broker = MosquittoBroker::start("").await;
    broker.stop();
    require_password(&broker, "desa", PASSWORD);
    broker.start_process().await;
    let ears = ["-u", "desa", "-P", PASSWORD];
    let ears = MqttSubscriber::start(broker.port, scratch.path(), &ears).await;

    let port = free_port();
    let tables = format!(
        "{LEVEL}[web]\nlisten = \"127.0.0.1:{port}\"\n[mqtt]\n\
         url = \"mqtt://127.0.0.1:{}\"\nusername = \"desa\"\npassword_file = \"late\"\n",
        broker.port
    );
    let config = write_site(scratch.path(), &tables);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replacen("[store]\n", "[store]\nflush = \"200ms\"\n", 1),
    )
    .unwrap();
    let gateway = start_gateway(&config);
    let sink = || {
        http_request(port, "GET /api/v1/sinks", "", "")
            .1
            .to_string()
    };
    wait_until("the reason is shown", || sink().contains("no secret in")).await;
    wait_until("readings are kept", || !sink().contains("\"waiting\":0")).await;
    assert!(ears.seqs().is_empty());

    std::fs::write(scratch.path().join("late"), format!("{PASSWORD}\n")).unwrap();
    wait_until("the readings are there", || ears.seqs().len() > 2).await;
    assert_eq!(ears.seqs()[0], 1);
    wait_until("the reason is gone", || !sink().contains("no secret in")).await;
    drop(gateway);
}

/// Groups of Debian's base-passwd that own devices.
const GROUPS_OF_EVERY_DEBIAN: [&str; 4] = ["dialout", "tty", "plugdev", "audio"];

#[test]
fn the_unit_names_no_group_that_a_plain_debian_lacks() {
    let unit = std::fs::read_to_string(project_root().join("config/pantau.service")).unwrap();
    let users =
        std::fs::read_to_string(project_root().join("config/pantau.sysusers.conf")).unwrap();
    let named = unit
        .lines()
        .filter_map(|line| line.strip_prefix("SupplementaryGroups="));
    let named: Vec<&str> = named.flat_map(str::split_whitespace).collect();
    // systemd does not start a unit with an unknown group; Raspberry Pi OS has `gpio` and `i2c`,
    // plain Debian has not.
    for group in &named {
        assert!(
            GROUPS_OF_EVERY_DEBIAN.contains(group),
            "{group}: status 216/GROUP"
        );
    }
    let said = |kind: &str, name: &str, id: &str| {
        users.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.starts_with(&[kind, name, id])
        })
    };
    assert!(said("u", "pantau", "-"));
    for group in ["gpio", "i2c"] {
        assert!(
            said("g", group, "-") && said("m", "pantau", group),
            "{group}"
        );
    }
    assert!(said("m", "pantau", "dialout") || named.contains(&"dialout"));
    // Settings that remove privileges stay; systemd-analyze security gives 2.1 of 10.
    for line in [
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "RestrictNamespaces=yes",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=~@privileged @resources",
    ] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
}

/// A site with one point, and a way to import into it.
struct ImportSite {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl ImportSite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write_site(folder.path(), LEVEL);
        Self { folder, config }
    }

    fn import_file(&self, bytes: impl AsRef<[u8]>, more: &[&str]) -> Output {
        let file = self.folder.path().join("in.csv");
        std::fs::write(&file, bytes).unwrap();
        let words = ["import", "--point", "tank.level", file.to_str().unwrap()];
        run_pantau(&self.config, &[&words[..], more].concat())
    }

    #[track_caller]
    fn import_rows(&self, bytes: impl AsRef<[u8]>, more: &[&str]) -> Value {
        let output = self.import_file(bytes, &[more, &["--json"]].concat());
        assert!(output.status.success(), "{}", stderr_text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    #[track_caller]
    fn import_refusal(&self, bytes: impl AsRef<[u8]>, more: &[&str]) -> String {
        let output = self.import_file(bytes, more);
        assert_eq!(output.status.code(), Some(1), "{}", stderr_text(&output));
        stderr_text(&output)
    }

    fn export(&self) -> String {
        let output = run_pantau(&self.config, &["export", "--point", "tank.level"]);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Nothing was ever kept: there is not even a store.
    fn has_no_store(&self) -> bool {
        let output = run_pantau(&self.config, &["export", "--point", "tank.level"]);
        output.status.code() == Some(1) && !self.folder.path().join("store").exists()
    }
}

#[test]
fn an_hour_that_stands_twice_is_refused_and_both_lines_are_named() {
    let import = ImportSite::new();
    // The repeated hour of pvanalytics#104, on the day of a clock change.
    let text = "time,value\n2020-03-08T02:00:00Z,1\n2020-03-08T03:00:00Z,2\n\
                2020-03-08T03:00:00Z,4\n";
    let why = import.import_refusal(text, &[]);
    assert!(
        why.contains("in.csv:4:") && why.contains("baris 3"),
        "{why}"
    );
    // The same without order, and in another form.
    let turned = "time;value\n2020-03-08T03:00:00Z;2\n2020-03-08T02:00:00Z;1\n\
                  2020-03-08T03:00:00Z;4\n";
    for text in [turned.to_owned(), turned.replace(';', ",")] {
        let why = import.import_refusal(text, &[]);
        assert!(
            why.contains("in.csv:4:") && why.contains("baris 2"),
            "{why}"
        );
    }
    assert!(import.has_no_store());
    let again = import.import_rows(text.replace(",4", ",2"), &[]);
    assert_eq!(again["rows"], 2);
}

#[test]
fn readings_of_1970_and_of_2126_are_refused_with_their_line() {
    let import = ImportSite::new();
    for (row, word) in [
        // 1970 is where a clock begins that was never set (AI-on-the-edge#3790).
        ("1970-01-01T02:00:36+02:00,264.342", "sebelum tahun 2000"),
        ("2126-07-02T10:00:00+07:00,1.5", "jam komputer ini"),
    ] {
        let text = format!("time,value\n2026-07-02T10:00:00+0300,1\n{row}\n");
        let why = import.import_refusal(text, &[]);
        assert!(why.contains("in.csv:3:") && why.contains(word), "{why}");
    }
    assert!(import.has_no_store());
    import.import_rows("time,value\n2026-07-02T10:00:00+0300,1\n", &[]);
    assert_eq!(import.export(), "time,value\n2026-07-02T07:00:00Z,1\n");
}

#[test]
fn a_table_of_a_spreadsheet_is_read_once_a_person_has_said_what_it_leaves_open() {
    let import = ImportSite::new();
    // Day and month can be exchanged here, and no zone is given: both must be asked for.
    let text = "time;value\n02/08/2022 15:30;28,9\n";
    let why = import.import_refusal(text, &[]);
    for part in ["--date-order dmy", "--zone Asia/Jakarta", "baris 2"] {
        assert!(why.contains(part), "{part} in {why}");
    }
    let said = import.import_rows(text, &["--date-order", "dmy", "--zone", "Asia/Jakarta"]);
    assert_eq!(said["understood"]["decimals"], "comma", "{said}");
    let exported = "time,value\n2022-08-02T08:30:00Z,28.9\n";
    assert_eq!(import.export(), exported);
    let output = import.import_file(text, &["--dates", "dmy", "--zone", "Asia/Jakarta"]);
    let why = stderr_text(&output);
    assert!(
        why.contains("koma desimal") && why.contains("2022-08-02T08:30:00Z, 28,9"),
        "{why}"
    );
    // What was exported comes back as it was, also with a byte order mark and other line ends.
    let crlf = format!("\u{feff}{}", exported.replace('\n', "\r\n"));
    assert_eq!(import.import_rows(crlf, &[])["rows"], 1);
    assert_eq!(import.export(), exported);
    let unknown = import.import_file(text, &["--zone", "Asia/Jakata"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", stderr_text(&unknown));
}

#[test]
fn a_thousand_faulty_rows_are_a_few_lines() {
    let import = ImportSite::new();
    let row = "2026-07-02T10:00:00Z,1.5.5\n";
    let why = import.import_refusal(format!("time,value\n{}", row.repeat(1000)), &[]);
    // A wrong sign makes every row faulty; a thousand messages would hide the first.
    assert!(why.lines().count() < 12, "{why}");
    assert!(why.contains("995") && why.contains("1.000"), "{why}");
}
