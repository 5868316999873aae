//! The whole program takes over a changed configuration while it reads.

use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::free_port;
use crate::wizards::{run_pantau, start_gateway, stderr_text};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use tests::site_text::SiteText;

/// Site with a level on one line, and an energy meter on another that is added later.
struct GrowingSite {
    folder: tempfile::TempDir,
    config: PathBuf,
    ports: Vec<String>,
    _servers: Vec<PeerProcess>,
}

const LEVEL: &str = "{ id = 'level', register = 'holding:0', type = 'u16', unit = 'mm' }";
const POWER: &str = "{ id = 'power', register = 'holding:0', type = 'u16', unit = 'W' }";

impl GrowingSite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let serve = |number: u16| {
            let image = folder.path().join(number.to_string());
            let registers = format!("coils 0\ndiscrete 0\nholding {number}\ninput 0\n");
            std::fs::write(&image, registers).unwrap();
            let mut server = python_peer("pymodbus_server.py");
            PeerProcess::start_ready(server.arg(&image).arg("tcp"))
        };
        let (servers, ports) = [111, 222].map(serve).into_iter().unzip();
        let config = folder.path().join("pantau.toml");
        Self {
            folder,
            config,
            ports,
            _servers: servers,
        }
    }

    fn port(&self, index: usize) -> &str {
        self.ports[index].trim()
    }

    fn site(&self, id: &str) -> SiteText {
        let store = self.folder.path().join("store");
        SiteText::new(id).store(&store).with("flush = '1s'")
    }

    fn level(&self, site: SiteText) -> String {
        let every = "unit = 1\nevery = '1s'";
        let site = site.tcp_bus("lan", self.port(0));
        site.device("level", "lan", every).points([LEVEL]).text()
    }

    fn small(&self) -> String {
        self.level(self.site("desa"))
    }

    /// With the meter in front, so that every device has another place in the file.
    fn large(&self) -> String {
        let site = self.site("desa").tcp_bus("rs485", self.port(1));
        let site = site.device("meter", "rs485", "unit = 1\nevery = '1s'");
        self.level(site.points([POWER]))
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.config, text).unwrap();
    }

    fn reload(&self) -> Value {
        let output = run_pantau(&self.config, &["reload", "--json"]);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", stderr_text(&output)))
    }

    /// Values of a point in the store.
    fn values(&self, point: &str) -> Vec<String> {
        let output = run_pantau(&self.config, &["export", "--point", point]);
        let text = String::from_utf8(output.stdout).unwrap();
        let cell = |line: &str| line.split(',').nth(1).unwrap().to_owned();
        text.lines().skip(1).map(cell).collect()
    }

    fn wait_for_more(&self, point: &str, value: &str) {
        let before = self.values(point).len();
        wait_for(point, || self.values(point).len() > before + 2);
        let others: Vec<String> = self.values(point);
        assert!(others.iter().all(|one| one == value), "{point}: {others:?}");
    }
}

/// Local ports of the connections to a port of this computer.
fn connections_to(port: &str) -> Vec<String> {
    let port = format!(":{:04X}", port.parse::<u16>().unwrap());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    // 01: established.
    let open = rows.filter(|row| row.len() > 3 && row[2].ends_with(&port) && row[3] == "01");
    open.map(|row| row[1].to_owned()).collect()
}

fn hang_up(gateway: &PeerProcess) {
    let id = gateway.id().to_string();
    let sent = Command::new("kill").args(["-HUP", &id]).status();
    assert!(sent.unwrap().success());
}

fn audit(site: &GrowingSite) -> String {
    let socket = site.folder.path().join("store").join("pantau.sock");
    let mut command = std::process::Command::new("curl");
    command.args(["-s", "--unix-socket"]).arg(socket);
    let output = command.arg("http://localhost/api/v1/audit").output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn a_bus_is_added_and_removed_while_the_others_go_on_with_their_connection() {
    let site = GrowingSite::new();
    site.write(&site.small());
    let _gateway = start_gateway(&site.config);
    site.wait_for_more("level.level", "111");
    let connection = connections_to(site.port(0));
    assert_eq!(connection.len(), 1);

    site.write(&site.large());
    let taken = site.reload();
    let change = |name: &str| taken[name].clone();
    assert_eq!(taken["result"], "accepted", "{taken:#}");
    let expected = (json!(["lan"]), json!(["rs485"]), json!([]));
    let found = (change("kept"), change("started"), change("stopped"));
    assert_eq!(found, expected);
    site.wait_for_more("meter.power", "222");
    site.wait_for_more("level.level", "111");
    assert_eq!(connections_to(site.port(0)), connection);
    assert!(audit(&site).contains(" taken over by "));

    site.write(&site.small());
    let taken = site.reload();
    assert_eq!(taken["stopped"], json!(["rs485"]), "{taken:#}");
    site.wait_for_more("level.level", "111");
    assert_eq!(connections_to(site.port(0)), connection);
    wait_for("the end of the other line", || {
        connections_to(site.port(1)).is_empty()
    });
}

#[test]
fn a_file_with_faults_changes_nothing_and_a_hangup_takes_over_a_good_one() {
    let site = GrowingSite::new();
    site.write(&site.small());
    let gateway = start_gateway(&site.config);
    site.wait_for_more("level.level", "111");
    let good = site.large();

    site.write(&good.replace("holding:0", "holdnig:0"));
    let refused = run_pantau(&site.config, &["reload"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = stderr_text(&refused);
    assert!(
        why.contains("holdnig") && why.contains("tetap memakai konfigurasi yang lama"),
        "{why}"
    );
    hang_up(&gateway);
    site.write(&site.small());
    site.wait_for_more("level.level", "111");

    site.write(&site.level(site.site("kota")));
    let other = run_pantau(&site.config, &["reload"]);
    assert_eq!(other.status.code(), Some(1));
    let why = stderr_text(&other);
    assert!(
        why.contains("site.id") && why.contains("systemctl restart pantau"),
        "{why}"
    );

    site.write(&good);
    hang_up(&gateway);
    wait_for("the meter", || !site.values("meter.power").is_empty());
    site.wait_for_more("meter.power", "222");
}

#[test]
fn without_a_gateway_a_reload_says_how_to_start_one() {
    let site = GrowingSite::new();
    site.write(&site.small());
    let none = run_pantau(&site.config, &["reload"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr_text(&none).contains("sudo -u pantau pantau reload"));
}

/// A page with forms, as a technician with a token uses it.
pub(crate) struct TechnicianForm {
    pub(crate) address: String,
    pub(crate) token: String,
}

impl TechnicianForm {
    /// Sends the fields, or asks for the page without any; returns the page that answers.
    pub(crate) fn send(&self, fields: &[(&str, &str)]) -> String {
        let mut command = Command::new("curl");
        command.args(["-s", "-H", "Accept: text/html", "-H", "Accept-Language: id"]);
        command.args(["-H", &format!("Authorization: Bearer {}", self.token)]);
        for (name, value) in fields {
            command.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        // `-L`: a form that was taken leads to the page that shows it.
        let output = command.args(["-L", &self.address]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Sends the change that a page has shown as a difference.
    pub(crate) fn save(&self, page: &str, why: &str) -> String {
        let between = |from: &str, to: &str| {
            let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("{page}"));
            rest.split_once(to).unwrap().0.to_owned()
        };
        let expected = between("name=\"dasar\" value=\"", "\"");
        let text = between("<textarea name=\"teks\" hidden>\n", "</textarea>");
        let text = text.replace("&#34;", "\"").replace("&#39;", "'");
        let fields = [("cara", "simpan"), ("dasar", &*expected), ("teks", &*text)];
        self.send(&[&fields[..], &[("alasan", why)]].concat())
    }
}

#[test]
fn a_technician_adds_a_device_on_the_page_and_takes_it_back_with_all_comments() {
    let site = GrowingSite::new();
    let port = free_port();
    let listen = format!("# halaman\n[web]\nlisten = '127.0.0.1:{port}'");
    let before = format!("{}{listen}\n", site.small());
    site.write(&before);
    let _gateway = start_gateway(&site.config);
    let made = run_pantau(
        &site.config,
        &["user", "token", "add", "tests", "--scope", "technician"],
    );
    let form = TechnicianForm {
        address: format!("http://127.0.0.1:{port}/teknisi/konfigurasi"),
        token: String::from_utf8(made.stdout).unwrap().trim().to_owned(),
    };
    let device = |profile| {
        let fields = [("cara", "alat"), ("id", "kwh"), ("jalur", "lan")];
        form.send(
            &[
                &fields[..],
                &[("unit", "7"), ("profil", profile), ("setiap", "10s")],
            ]
            .concat(),
        )
    };
    let wrong = device("eastron-sdm63");
    assert!(wrong.contains("eastron-sdm630") && wrong.contains("Tidak ada yang disimpan"));
    let shown = device("eastron-sdm630");
    assert!(
        shown.contains("<span class=\"added\">+ id = &#34;kwh&#34;"),
        "{shown}"
    );
    assert_eq!(std::fs::read_to_string(&site.config).unwrap(), before);

    let saved = form.save(&shown, "meter pompa");
    assert!(saved.contains("Mulai membaca: lan"), "{saved}");
    let text = std::fs::read_to_string(&site.config).unwrap();
    assert!(text.contains("every = \"10s\"\n# halaman\n"), "{text}");
    wait_for("the device", || {
        let shown = form.send(&[]);
        shown.contains("sedang dipakai") && shown.contains("tests: meter pompa")
    });
    // The same form again: the file is not what it was made from.
    assert!(form.save(&shown, "dua kali").contains("diubah orang lain"));

    let page = form.send(&[]);
    let (_, rest) = page.split_once("name=\"revisi\" value=\"").unwrap();
    let number = rest.split_once('"').unwrap().0;
    let back = form.send(&[("cara", "kembali"), ("revisi", number)]);
    assert!(
        back.contains("<span class=\"removed\">− id = &#34;kwh&#34;"),
        "{back}"
    );
    form.save(&back, "salah pasang");
    let text = std::fs::read_to_string(&site.config).unwrap();
    assert_eq!(text.trim_end(), before.trim_end());
    site.wait_for_more("level.level", "111");
}

#[test]
fn a_file_with_a_password_in_an_address_is_not_shown_on_the_page() {
    let site = GrowingSite::new();
    let port = free_port();
    let more = format!("# mqtt://ani:sangat-rahasia@broker\n[web]\nlisten = '127.0.0.1:{port}'\n");
    site.write(&format!("{}{more}", site.small()));
    let _gateway = start_gateway(&site.config);
    let token = run_pantau(
        &site.config,
        &["user", "token", "add", "tests", "--scope", "technician"],
    );
    let form = TechnicianForm {
        address: format!("http://127.0.0.1:{port}/teknisi/konfigurasi"),
        token: String::from_utf8(token.stdout).unwrap().trim().to_owned(),
    };
    let page = form.send(&[]);
    assert!(page.contains("kata sandi di dalam alamat"), "{page}");
    assert!(!page.contains("sangat-rahasia"));
    let reader = TechnicianForm {
        token: String::new(),
        ..form
    };
    assert!(!reader.send(&[]).contains("Tambah alat"));
}
