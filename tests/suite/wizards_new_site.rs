//! `pantau init` and `pantau device new` with the whole program: on a terminal, from a pipe, and
//! with options alone, on devices that answer.

use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer, wait_for};
use crate::servers::free_port;
use crate::wizards::{run_pantau, stderr_text, write_site};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A simulated inverter and level sensor at the units 1 and 2 of a TCP port.
fn start_devices(folder: &Path) -> (PeerProcess, u16) {
    let port = free_port();
    let device = |id: &str, unit: u8, profile: &str| {
        format!("[[device]]\nid = '{id}'\nbus = 'lan'\nunit = {unit}\nprofile = '{profile}'\n")
    };
    let tables = format!(
        "[[bus]]\nid = 'lan'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\ntcp_port = {port}\n{}{}",
        device("inverter", 1, "growatt-min-tlx"),
        device("meter", 2, "eastron-sdm630"),
    );
    std::fs::create_dir_all(folder).unwrap();
    let config = write_site(folder, &tables);
    let site = PeerProcess::start(
        pantau()
            .args(["--log", "off", "simulate", "-c"])
            .arg(&config)
            .stdout(Stdio::null()),
    );
    wait_for("the simulated devices", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (site, port)
}

/// Runs `pantau init` without a terminal.
fn run_init(lang: &str, words: &[&str]) -> Output {
    let mut command = pantau();
    command.args(["--lang", lang, "--log", "off", "init"]);
    command.args(words).stdin(Stdio::null()).output().unwrap()
}

/// Answers the questions of a command on a terminal; returns its status and its screen.
fn answer_questions(pairs: &[(&str, &str)], lang: &str, words: &[&str]) -> (Option<i32>, String) {
    let mut command = python_peer("dialogue.py");
    for (question, answer) in pairs {
        command.args([question, answer]);
    }
    command.arg("--").arg(pantau().get_program());
    command.args(["--lang", lang, "--log", "off"]).args(words);
    let output = command.output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), screen)
}

/// Checks that a configuration is right and that a gateway starts with it.
#[track_caller]
fn assert_runs(config: &Path) {
    let checked = run_pantau(config, &["check"]);
    assert!(checked.status.success(), "{}", stderr_text(&checked));
    let _gateway = PeerProcess::start(pantau().args(["--log", "off", "run", "-c"]).arg(config));
    let text = std::fs::read_to_string(config).unwrap();
    let store = text.lines().find_map(|line| line.strip_prefix("path = "));
    let store = store.unwrap().trim_matches('"');
    let socket = config.parent().unwrap().join(store).join("pantau.sock");
    wait_for("the gateway of the new site", || {
        UnixStream::connect(&socket).is_ok()
    });
}

#[test]
fn a_new_site_is_made_of_options_alone_and_runs_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let (_devices, port) = start_devices(&scratch.path().join("devices"));
    let host = format!("127.0.0.1:{port}");
    let folder = scratch.path().join("new/site");
    let place = ["--latitude=-3,76", "--longitude", "103°46'48\" BT"];
    let words = [
        &[
            folder.to_str().unwrap(),
            "--name",
            "Desa Impian",
            "--zone",
            "wib",
        ],
        &place[..],
        &["--host", &host, "--units", "1-2", "--yes"],
    ]
    .concat();
    let made = run_init("id", &words);
    assert_eq!(made.status.code(), Some(0), "{}", stderr_text(&made));
    let file = folder.join("pantau.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    for part in [
        "id       = \"desa-impian\"",
        "timezone = \"Asia/Jakarta\"",
        "latitude  = -3.76\n",
        "longitude = 103.78\n",
        "language = \"id\"",
        "profile = \"growatt-min-tlx\"",
        "profile = \"eastron-sdm630\"",
        "# Yang dihitung",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What is written was shown before.
    assert!(stderr_text(&made).contains(&text), "{}", stderr_text(&made));
    assert_runs(&file);
    // An existing file is never changed, and that is said before anything is asked.
    for lang in ["en", "id"] {
        let again = run_init(lang, &words);
        assert_eq!(again.status.code(), Some(2));
        let said = if lang == "en" {
            "exists already"
        } else {
            "sudah ada"
        };
        assert!(
            stderr_text(&again).contains(said),
            "{}",
            stderr_text(&again)
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn what_an_option_of_a_new_site_cannot_mean_is_said_in_both_languages() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("site");
    let folder = folder.to_str().unwrap();
    for (words, english, indonesian) in [
        (&["--yes"][..], "--yes needs --name", "--yes perlu --name"),
        (
            &["--name", "A", "--zone", "here", "--yes"],
            "is no time zone",
            "bukan zona waktu",
        ),
        (
            &[
                "--name",
                "A",
                "--latitude",
                "103.78",
                "--longitude",
                "-3.76",
                "--yes",
            ],
            "are exchanged; meant is -3.76, 103.78",
            "tertukar; maksudnya -3.76, 103.78",
        ),
        (
            &["--name", "A", "--latitude", "-3.76", "--yes"],
            "belong together",
            "harus ada keduanya",
        ),
        (
            &[
                "--name",
                "A",
                "--latitude",
                "south",
                "--longitude",
                "1",
                "--yes",
            ],
            "is no coordinate",
            "bukan koordinat",
        ),
        (
            &["--name", "A", "--id", "a b", "--yes"],
            "is no id",
            "bukan id",
        ),
    ] {
        for (lang, wanted) in [("en", english), ("id", indonesian)] {
            let refused = run_init(lang, &[&[folder], words].concat());
            let said = stderr_text(&refused);
            assert_eq!(refused.status.code(), Some(2), "{said}");
            assert!(said.contains(wanted), "{wanted}: {said}");
            assert!(!said.contains("cli-"), "{said}");
        }
    }
    assert!(!Path::new(folder).join("pantau.toml").exists());
    // Without a terminal and without `--yes` the answers end, and nothing is written.
    let ended = run_init("en", &[folder]);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_new_site_goes_on_after_ctrl_c_where_it_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let (_devices, port) = start_devices(&scratch.path().join("devices"));
    let host = format!("127.0.0.1:{port}");
    let folder = scratch.path().join("site");
    let (file, draft) = (folder.join("pantau.toml"), folder.join("pantau.toml.draft"));
    let words = ["init", folder.to_str().unwrap(), "--units", "1-2"];
    let first = [
        ("Nama lokasi", "Desa Impian"),
        ("Id singkat", ""),
        ("Zona waktu", "tidak ada"),
        ("tidak cocok", "Jakarta"),
        ("Di mana letaknya", "^C"),
    ];
    let (status, screen) = answer_questions(&first, "id", &words);
    assert_eq!(status, Some(1), "{screen}");
    assert!(screen.contains("Belum ada yang ditulis"), "{screen}");
    assert!(draft.exists() && !file.exists(), "{screen}");
    // The sign of the latitude was forgotten.
    let second = [
        ("3 jawaban dari sebelumnya", "ya"),
        ("Di mana letaknya", "3,76 103,78"),
        ("Itukah maksudnya", ""),
        ("port", "-"),
        ("Modbus TCP", &host),
        ("growatt-min-tlx (inverter). Tambahkan", "ya"),
        ("eastron-sdm630 (meter). Tambahkan", "^C"),
    ];
    let (status, screen) = answer_questions(&second, "id", &words);
    assert_eq!(status, Some(1), "{screen}");
    // The third start has what the search found, and does not search again.
    let third = [
        ("jawaban dari sebelumnya", ""),
        ("eastron-sdm630 (meter). Tambahkan", "tidak"),
        ("kWp", "2,5"),
        ("Tulis", "ya"),
    ];
    let (status, screen) = answer_questions(&third, "id", &words);
    assert_eq!(status, Some(0), "{screen}");
    assert!(!screen.contains("Mencari."), "{screen}");
    let text = std::fs::read_to_string(&file).unwrap();
    for part in [
        "latitude  = -3.76",
        "growatt-min-tlx",
        "capacity_kwp = 2.5",
        "unit 2: belum ada profil",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("\"eastron-sdm630\""), "{text}");
    assert!(!draft.exists(), "the draft has served");
    assert_runs(&file);
}

/// A device of pymodbus with a temperature of 28.5 degC (holding 0), an energy of 7456.5 kWh
/// (holding 2 and 3, low word first) and a temperature with an offset of -40 (holding 10).
fn start_unknown_device(folder: &Path) -> (PeerProcess, String) {
    let mut holding = vec![0; 128];
    (holding[0], holding[2], holding[3], holding[10]) = (285, 0x2345, 0x0001, 625);
    let numbers = |all: &[u16]| {
        let all: Vec<String> = all.iter().map(u16::to_string).collect();
        all.join(" ")
    };
    let none = numbers(&[0; 8]);
    let image = folder.join("image.txt");
    let text = format!(
        "coils {none}\ndiscrete {none}\nholding {}\ninput {none}\n",
        numbers(&holding)
    );
    std::fs::write(&image, text).unwrap();
    let mut server = python_peer("pymodbus_server.py");
    let (peer, port) = PeerProcess::start_ready(server.arg(&image).arg("tcp"));
    (peer, format!("127.0.0.1:{port}"))
}

/// The profile in this file, after `pantau device test` agreed with it.
#[track_caller]
fn tested_profile(file: &Path) -> String {
    let mut command = pantau();
    let tested = command.args(["device", "test"]).arg(file).output().unwrap();
    assert!(tested.status.success(), "{}", stderr_text(&tested));
    std::fs::read_to_string(file).unwrap()
}

/// Answers up to Ctrl-C in the second point.
const FIRST_START: &[(&str, &str)] = &[
    ("Manufacturer?", "Acme"),
    ("Model?", "T 7"),
    ("Profile name", ""),
    ("Kind", "environment"),
    ("register data come from", "the plate"),
    ("Point name", "air"),
    ("Register kind", "holding:0"),
    ("Unit, e.g.", "Celcius"),
    ("is degC meant", ""),
    ("display of the device show", "28,5"),
    // The register behind it is 0: it may be the high word of a larger number.
    ("Which number", "1"),
    ("below zero", ""),
    ("Point name", "energy"),
    ("Register kind", "^C"),
];

/// Answers that go on from there.
const SECOND_START: &[(&str, &str)] = &[
    ("answers of an earlier start", ""),
    ("Register kind", "holding"),
    ("Address", "2"),
    ("Unit, e.g.", "kwh"),
    ("is kWh meant", ""),
    ("display of the device show", "7456,5"),
    ("only ever grow", ""),
    // No scale gives this value, so the point is left out, and the rest stays.
    ("Point name", "wrong"),
    ("Register kind", "holding:2"),
    ("Unit, e.g.", "V"),
    ("display of the device show", "400"),
    ("name an offset", ""),
    ("was left out", "soil"),
    ("Register kind", "holding"),
    ("Address", "40011"),
    ("Is holding:10 meant", ""),
    ("Unit, e.g.", "°C"),
    ("display of the device show", "22,5"),
    ("name an offset", "-40"),
    ("Which number", "1"),
    ("below zero", ""),
    ("Point name", ""),
];

#[test]
fn a_profile_is_made_at_the_device_and_survives_ctrl_c_and_wrong_answers() {
    let scratch = tempfile::tempdir().unwrap();
    let (_device, host) = start_unknown_device(scratch.path());
    let folder = scratch.path().join("profiles/new");
    let words = ["device", "new", "--dir", folder.to_str().unwrap()];
    let words = [&words[..], &["--port", &host, "--unit", "1"]].concat();
    let (_, screen) = answer_questions(FIRST_START, "en", &words);
    // The registers that answer are shown before the first question.
    assert!(screen.contains("holding:0         285  0x011D"), "{screen}");
    assert!(folder.join("device-new.draft").exists(), "{screen}");
    let (status, screen) = answer_questions(SECOND_START, "en", &words);
    assert_eq!(status, Some(0), "{screen}");
    let file = folder.join("acme-t-7.toml");
    let profile = tested_profile(&file);
    for part in [
        "[link]\ntcp_port = ",
        "unit = 1\n",
        "id = \"air\"\nregister = \"holding:0\"\ntype = \"i16\"\nscale = 0.1\nunit = \"degC\"",
        "words = \"cdab\"\nscale = 0.1\nunit = \"kWh\"\ncounter = true",
        "register = \"holding:10\"\ntype = \"i16\"\nscale = 0.1\noffset = -40\n",
        "[[identify]]",
        "value = 22.5",
    ] {
        assert!(profile.contains(part), "{part}: {profile}");
    }
    assert!(!profile.contains("\"wrong\""), "{profile}");
    assert!(!folder.join("device-new.draft").exists());
    // The name is taken now: the proposal is gone, and the file stays as it is.
    let again = [
        ("Manufacturer?", "Acme"),
        ("Model?", "T 7"),
        ("already exists", "^C"),
    ];
    answer_questions(&again, "en", &words);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), profile);
}

#[test]
fn a_pipe_reads_the_registers_of_the_device_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let (_device, host) = start_unknown_device(scratch.path());
    let folder = scratch.path().join("profiles");
    let answers = "Acme\nT\nacme\nenvironment\npelat\n\
        energy\nholding\n2\nkWh\n7456,5\n\nair\nholding\n0\n°C\n28,5\n1\ntidak\n\n";
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "printf '%s' \"$1\" | \"$2\" --lang id device new --dir \"$3\" --port \"$4\"",
    ]);
    command.arg("sh").arg(answers).arg(pantau().get_program());
    let output = command.arg(&folder).arg(&host).output().unwrap();
    assert!(output.status.success(), "{}", stderr_text(&output));
    let profile = tested_profile(&folder.join("acme.toml"));
    assert!(profile.contains("counter = true"), "{profile}");
    assert!(
        profile.contains("type = \"u16\"\nscale = 0.1\nunit = \"°C\""),
        "{profile}"
    );
}
