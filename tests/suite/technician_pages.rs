//! A technician with a phone: finds a device, adds it, looks at its registers and at the line.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::free_port;
use crate::wizards::{run_pantau, start_gateway, stderr_text};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Site with a level that is read, and an energy meter on the same network that nobody knows yet.
struct FieldSite {
    folder: tempfile::TempDir,
    config: PathBuf,
    page: u16,
    _devices: PeerProcess,
}

impl FieldSite {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (device, page) = (free_port(), free_port());
        let level = "[[device]]\nid = 'level'\nbus = 'lan'\nunit = 1\nevery = '1s'\npoint = [\n  \
             { id = 'level', register = 'holding:0', type = 'u16', unit = 'mm' },\n]\n";
        let site = format!(
            "# Desa Impian\n[site]\nid = 'desa'\ntimezone = 'Asia/Jakarta'\nlatitude = -3.76\n\
             longitude = 103.78\n\n[[bus]]\nid = 'lan'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\n\
             tcp_port = {device}\ntimeout = '300ms'\n\n{level}"
        );
        let store = folder.path().join("store");
        let rest = format!(
            "\n# halaman\n[store]\npath = '{}'\nflush = '1s'\n[web]\nlisten = \
             '127.0.0.1:{page}'\n",
            store.display()
        );
        let meter = "\n[[device]]\nid = 'kwh'\nbus = 'lan'\nunit = 3\nevery = '1s'\n\
             profile = 'eastron-sdm120'\n";
        // What stands in the field, and what the gateway is told of it.
        let field = folder.path().join("field.toml");
        std::fs::write(&field, format!("{site}{meter}{rest}")).unwrap();
        let config = folder.path().join("pantau.toml");
        std::fs::write(&config, format!("{site}{rest}")).unwrap();
        let words = ["--log", "off", "simulate", "--speed", "1", "-c"];
        let mut simulated = pantau();
        let simulated = simulated.args(words).arg(&field).stdout(Stdio::null());
        let devices = PeerProcess::start(simulated);
        wait_for("the devices", || {
            std::net::TcpStream::connect(("127.0.0.1", device)).is_ok()
        });
        Self {
            folder,
            config,
            page,
            _devices: devices,
        }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.config).unwrap()
    }

    fn technician(&self) -> Technician {
        let words = ["user", "token", "add", "tests", "--scope", "technician"];
        let made = run_pantau(&self.config, &words);
        assert!(made.status.success(), "{}", stderr_text(&made));
        Technician {
            address: format!("http://127.0.0.1:{}", self.page),
            token: String::from_utf8(made.stdout).unwrap().trim().to_owned(),
        }
    }

    fn audit(&self) -> String {
        let socket = self.folder.path().join("store").join("pantau.sock");
        let mut command = Command::new("curl");
        command.args(["-s", "--unix-socket"]).arg(socket);
        let output = command.arg("http://localhost/api/v1/audit").output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }
}

/// A person with a token, who sees pages.
struct Technician {
    address: String,
    token: String,
}

impl Technician {
    fn curl(&self, path: &str) -> Command {
        let mut command = Command::new("curl");
        command.args(["-s", "-H", "Accept: text/html", "-H", "Accept-Language: id"]);
        command.args(["-H", &format!("Authorization: Bearer {}", self.token)]);
        command.arg(format!("{}{path}", self.address));
        command
    }

    fn get(&self, path: &str) -> String {
        String::from_utf8(self.curl(path).output().unwrap().stdout).unwrap()
    }

    fn send(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let mut command = self.curl(path);
        for (name, value) in fields {
            command.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    /// Sends the change that a page has shown as a difference.
    fn save(&self, page: &str, why: &str) -> String {
        let expected = between(page, "name=\"dasar\" value=\"", "\"");
        let added = between(page, "name=\"baru\" value=\"", "\"");
        let text = between(page, "<textarea name=\"teks\" hidden>\n", "</textarea>");
        let text = text.replace("&#34;", "\"").replace("&#39;", "'");
        let fields = [
            ("cara", "simpan"),
            ("dasar", &*expected),
            ("baru", &*added),
            ("teks", &*text),
            ("alasan", why),
        ];
        self.send("/teknisi/konfigurasi", &fields)
    }
}

#[track_caller]
fn between(page: &str, from: &str, to: &str) -> String {
    let (_, rest) = page
        .split_once(from)
        .unwrap_or_else(|| panic!("{from}: {page}"));
    rest.split_once(to).unwrap().0.to_owned()
}

#[test]
fn a_found_device_is_added_on_the_phone_and_its_first_readings_are_shown() {
    let site = FieldSite::open();
    let _gateway = start_gateway(&site.config);
    let person = site.technician();
    let before = site.text();
    let fields = [
        ("cara", "mulai"),
        ("jalur", "lan"),
        ("unit", "1-4"),
        ("luas", "cepat"),
    ];
    person.send("/teknisi/cari", &fields);
    wait_for("the scan", || {
        person.get("/teknisi/cari").contains("Pencarian selesai")
    });
    let found = person.get("/teknisi/cari");
    assert!(
        found.contains("Alamat 3") && found.contains("eastron-sdm120"),
        "{found}"
    );
    let place = between(&found, "href=\"/teknisi/tambah?", "\"").replace("&amp;", "&");
    let form = person.get(&format!("/teknisi/tambah?{place}"));
    assert!(form.contains("name=\"jalur\" value=\"lan\""), "{form}");
    let id = between(&form, "name=\"id\" value=\"", "\"");
    let fields = [
        ("cara", "alat"),
        ("jalur", "lan"),
        ("id", &*id),
        ("nama", "Meter rumah pompa"),
        ("unit", "3"),
        ("profil", "eastron-sdm120"),
        ("setiap", "1s"),
    ];
    let shown = person.send("/teknisi/konfigurasi", &fields);
    assert!(shown.contains(&format!("+ id = &#34;{id}&#34;")), "{shown}");
    assert_eq!(site.text(), before);
    let saved = person.save(&shown, "meter baru");
    let first = format!("/teknisi/alat?id={id}");
    assert!(saved.contains(&first), "{saved}");
    // Comments and order stay, and the device stands with the others.
    let (told, after) = (site.text(), before.split_once("\n# halaman").unwrap());
    assert!(
        told.starts_with(after.0) && told.ends_with(after.1),
        "{told}"
    );
    wait_for("the first readings", || {
        let page = person.get(&first);
        page.contains("Meter rumah pompa") && page.contains("data-q=\"good\"")
    });
    // A start of the program, and no other: a reload is none.
    let audit = site.audit();
    assert_eq!(audit.matches("\"kind\":\"start\"").count(), 1, "{audit}");
    assert!(audit.contains("taken over: meter baru"), "{audit}");
}

#[test]
fn what_a_display_shows_stands_first_among_the_meanings_of_registers() {
    let site = FieldSite::open();
    let _gateway = start_gateway(&site.config);
    let person = site.technician();
    let words = "jalur=lan&unit=3&tabel=input&alamat=0&banyak=2&nama=tegangan&satuan=V";
    let page = person.get(&format!("/teknisi/register?{words}"));
    let value = between(&page, "<b class=\"value\">", "</b>");
    assert!(page.contains("type = &#34;f32&#34;"), "{value}: {page}");
    let page = person.get(&format!("/teknisi/register?{words}&tampilan=99999"));
    assert!(page.contains("Tidak ada arti yang cocok"), "{page}");
    // A unit that does not answer is told with what to do.
    let page = person.get("/teknisi/register?jalur=lan&unit=77&alamat=0");
    assert!(page.contains("class=\"refused\""), "{page}");
    let page = person.get("/teknisi/register?jalur=lan&unit=3&alamat=0&banyak=99");
    assert!(page.contains("1 sampai 32"), "{page}");
}

#[test]
fn frames_are_shown_with_their_meaning_while_somebody_looks() {
    let site = FieldSite::open();
    let _gateway = start_gateway(&site.config);
    let person = site.technician();
    let path = "/teknisi/bingkai?jalur=lan";
    assert!(!person.get(path).contains("holding:0"));
    wait_for("frames", || person.get(path).contains("holding:0"));
    let page = person.get(path);
    assert!(
        page.contains("Alamat 1 · membaca 1 mulai holding:0"),
        "{page}"
    );
    let mut live = person.curl("/langsung?of=frame:0:lan,bus:lan");
    let live = live.args(["-N", "--max-time", "4"]).output().unwrap();
    let live = String::from_utf8(live.stdout).unwrap();
    assert!(live.contains("\"frame:0:lan\":{\"state\":\"ok\""), "{live}");
    assert!(live.contains("\"bus:lan\""), "{live}");
    let teknisi = person.get("/teknisi");
    assert!(teknisi.contains("permintaan sejak dinyalakan"), "{teknisi}");
    // Nobody without the role sees frames.
    let reader = Technician {
        token: String::new(),
        ..person
    };
    assert!(!reader.get(path).contains("holding:0"));
}

#[test]
fn a_scan_of_the_command_line_goes_on_over_a_reload() {
    let site = FieldSite::open();
    let _gateway = start_gateway(&site.config);
    let person = site.technician();
    // It asks through the gateway, so its requests are among the frames of the line.
    let path = "/teknisi/bingkai?jalur=lan";
    person.get(path);
    let mut scan = pantau();
    scan.args([
        "--log",
        "off",
        "scan",
        "lan",
        "--units",
        "1-30",
        "--timeout",
        "200",
        "--json",
    ]);
    let scan = scan.arg("-c").arg(&site.config).stdin(Stdio::null());
    let scan = scan
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("a request of the scan", || {
        person.get(path).contains("Alamat 7 ")
    });
    let changed = site.text().replace("every = '1s'", "every = '2s'");
    std::fs::write(&site.config, changed).unwrap();
    let reload = run_pantau(&site.config, &["reload"]);
    assert!(reload.status.success(), "{}", stderr_text(&reload));
    let ended = scan.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    let why = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("\"unit\":3"), "{said}{why}");
    assert!(
        said.contains("\"done\":true") && !why.contains("can no longer"),
        "{said}{why}"
    );
}

#[test]
fn a_change_is_shown_again_when_somebody_else_was_faster() {
    let site = FieldSite::open();
    let _gateway = start_gateway(&site.config);
    let person = site.technician();
    let typed = format!("{}# tulisan saya\n", site.text());
    let shown = person.send(
        "/teknisi/konfigurasi",
        &[("cara", "lihat"), ("teks", &typed)],
    );
    std::fs::write(&site.config, format!("{}# orang lain\n", site.text())).unwrap();
    let refused = person.save(&shown, "catatan");
    assert!(refused.contains("diubah orang lain"), "{refused}");
    assert!(
        refused.contains("<span class=\"added\">+ # tulisan saya"),
        "{refused}"
    );
    assert!(
        refused.contains("<span class=\"removed\">− # orang lain"),
        "{refused}"
    );
    let saved = person.save(&refused, "catatan saya yang dipakai");
    assert!(!saved.contains("class=\"refused\""), "{saved}");
    assert!(site.text().ends_with("# tulisan saya\n"));
}

#[test]
fn a_phone_shows_the_pages_of_the_technician_in_both_languages() {
    let site = FieldSite::open();
    let _gateway = start_gateway(&site.config);
    let code = run_pantau(&site.config, &["user", "setup-code"]);
    let code = String::from_utf8(code.stdout).unwrap();
    let mut browser = python_peer("technician_pages.py");
    browser.env("PANTAU_CODE", code.trim());
    browser.arg(format!("http://127.0.0.1:{}", site.page));
    let chosen = std::env::var_os("PANTAU_SHOTS");
    browser.arg(chosen.map_or_else(|| site.folder.path().join("shots"), PathBuf::from));
    let status = browser.status().unwrap();
    assert!(
        status.success(),
        "the browser saw something wrong, see above"
    );
}
