//! The wizards of `/teknisi` with the whole program and devices on lines: address and soak test.

use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::reload::TechnicianForm;
use crate::servers::free_port;
use crate::wizards::{run_pantau, start_gateway};
use std::path::Path;
use tests::site_text::SiteText;

/// A gateway with a sensor on a serial line, configured at unit 5, and devices at these addresses.
struct AddressedSite {
    _line: PeerProcess,
    _gateway: PeerProcess,
    port: u16,
    token: String,
}

impl AddressedSite {
    fn start(folder: &Path, devices: &[&str]) -> Self {
        let (line, serial) = PeerProcess::start_ready(python_peer("address_line.py").args(devices));
        let port = free_port();
        let site = SiteText::new("desa")
            .store(&folder.join("store"))
            .with(format_args!("[web]\nlisten = '127.0.0.1:{port}'"))
            .bus(
                "rs485",
                format_args!(
                    "kind = 'modbus-rtu'\nport = '{serial}'\nbaud = 9600\ntimeout = '100ms'"
                ),
            )
            .device(
                "air",
                "rs485",
                "unit = 5 # DIP\nevery = '1s'\nprofile = 'xy-md02'",
            );
        let config = folder.join("pantau.toml");
        std::fs::write(&config, site.text()).unwrap();
        let scope = ["user", "token", "add", "tests", "--scope", "technician"];
        let made = run_pantau(&config, &scope);
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Self {
            _line: line,
            _gateway: start_gateway(&config),
            port,
            token,
        }
    }

    fn page(&self, path: &str) -> TechnicianForm {
        TechnicianForm {
            address: format!("http://127.0.0.1:{}{path}", self.port),
            token: self.token.clone(),
        }
    }

    /// Writes an address on the page; returns the page when the change has ended.
    fn change_address(&self, from: &str, to: &str) -> String {
        let page = self.page("/teknisi/alamat");
        let change = [("alat", "air"), ("dari", from), ("ke", to)];
        let plan = page.send(&[&[("cara", "rencana")], &change[..]].concat());
        assert!(plan.contains("name=\"sendiri\""), "{plan}");
        let agreed = [("cara", "tulis"), ("sendiri", "ya"), ("nama", "Budi")];
        let begun = page.send(&[&agreed[..], &change].concat());
        assert!(begun.contains("id=\"pekerjaan\""), "{begun}");
        let mut shown = String::new();
        wait_for("the end of the change", || {
            shown = page.send(&[]);
            !shown.contains("http-equiv=\"refresh\"")
        });
        shown
    }
}

#[test]
fn a_device_gets_its_address_on_the_page_and_the_configuration_follows() {
    let folder = tempfile::tempdir().unwrap();
    let site = AddressedSite::start(folder.path(), &["1"]);
    let done = site.change_address("1", "5");
    assert!(
        done.contains("class=\"done\"") && done.contains("Selesai"),
        "{done}"
    );
    // The configuration has unit 5 already.
    assert!(!done.contains("name=\"nilai\""), "{done}");
    let moved = site.change_address("5", "9");
    assert!(moved.contains("name=\"nilai\" value=\"9\""), "{moved}");
    let page = site.page("/teknisi/konfigurasi");
    let change = [("cara", "nilai"), ("tabel", "device"), ("nama", "air")];
    let change = [&change[..], &[("kunci", "unit"), ("nilai", "9")]].concat();
    let shown = page.send(&change);
    assert!(
        shown.contains("<span class=\"added\">+ unit = 9 # DIP"),
        "{shown}"
    );
    page.save(&shown, "alamat baru");
    let config = std::fs::read_to_string(folder.path().join("pantau.toml")).unwrap();
    assert!(config.contains("unit = 9 # DIP"), "{config}");
}

#[test]
fn two_devices_at_one_address_are_left_alone_by_the_page_too() {
    let folder = tempfile::tempdir().unwrap();
    let site = AddressedSite::start(folder.path(), &["1", "1"]);
    let shown = site.change_address("1", "5");
    assert!(shown.contains("Lebih dari satu alat") && shown.contains("class=\"refused\""));
}

#[test]
fn a_soak_test_on_the_page_is_stopped_and_kept_as_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let site = AddressedSite::start(folder.path(), &["5"]);
    let page = site.page("/teknisi/uji");
    let nobody = page.send(&[("cara", "mulai"), ("lama", "singkat")]);
    assert!(nobody.contains("Tulis nama Anda"), "{nobody}");
    let begun = page.send(&[("cara", "mulai"), ("lama", "singkat"), ("nama", "Budi")]);
    assert!(begun.contains("<progress"), "{begun}");
    let second = page.send(&[("cara", "mulai"), ("nama", "Sari")]);
    assert!(second.contains("class=\"refused\""), "{second}");
    wait_for("polls", || !page.send(&[]).contains("0/0"));
    page.send(&[("cara", "berhenti")]);
    let mut shown = String::new();
    wait_for("the result", || {
        shown = page.send(&[]);
        shown.contains("id=\"hasil\"")
    });
    assert!(
        shown.contains("Dihentikan setelah") && shown.contains("token tests"),
        "{shown}"
    );
}
