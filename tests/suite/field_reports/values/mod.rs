//! Fault reports about register values: the registers of the report are served by a Modbus server
//! and read by the program.

mod device;

use crate::killed::pantau;
use crate::peers::{PeerProcess, wait_for};
use crate::servers::{WAIT_MAX, free_port, http_body};
use device::RegisterServer;
use gateway::buses::AdhocReader;
use gateway::clock::Clock;
use gateway::config::{Config, load_config_text};
use gateway::domain::{ExactNumber, QualityReason, SampleOutcome};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tests::site_text::SiteText;

/// A site whose devices are all behind one port.
fn site_toml(folder: &Path, port: u16, tables: &str) -> String {
    let site = SiteText::new("t").store(&folder.join("store"));
    let site = site.with("flush = '200ms'").tcp_bus("lan", port);
    site.with(tables).text()
}

fn load_site(port: u16, tables: &str) -> Config {
    let text = site_toml(Path::new("/nowhere"), port, tables);
    load_config_text(&text, Path::new("pantau.toml"), &|_| None)
        .unwrap_or_else(|why| panic!("{why}"))
}

/// `[[device]]` with a profile, or with these points.
fn device_toml(rest: &str) -> String {
    format!("[[device]]\nid = \"d\"\nbus = \"lan\"\nunit = 3\nevery = \"200ms\"\n{rest}\n")
}

/// One reading of the only device, by the names of its points.
async fn read_once(config: &Config) -> BTreeMap<String, SampleOutcome> {
    let mut session = AdhocReader::new(config, 0, &Clock::system()).unwrap();
    let once = session.read().await;
    assert_eq!(once.failure, None);
    let names = config.devices[0].points.iter();
    let names = names.map(|point| point.name.to_string());
    names.zip(once.outcomes.iter().copied()).collect()
}

/// One reading of a device with this profile whose other registers hold 0.
async fn read_profile(profile: &str, blocks: &[(u16, &[u16])]) -> BTreeMap<String, SampleOutcome> {
    let config = load_site(0, &device_toml(&format!("profile = \"{profile}\"")));
    let known = RegisterServer::default();
    let device = &config.devices[0];
    for point in device.points.iter().chain(&device.facts) {
        let access = point.modbus().unwrap();
        let count = access.encoding.registers();
        let first = access.address.saturating_sub(120);
        known.set_registers(first, &vec![0; usize::from(count) + 240]);
    }
    for (first, words) in blocks {
        known.set_registers(*first, words);
    }
    let tables = self::device_toml(&format!(
        "profile = \"{profile}\"\nlimits = {{ gap = \"0ms\" }}"
    ));
    read_once(&self::load_site(known.serve(), &tables)).await
}

/// A 32-bit value as registers, high half first.
fn high_low_words(wide: u32) -> [u16; 2] {
    let [a, b, c, d] = wide.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

fn as_f64(outcome: SampleOutcome) -> Option<f64> {
    outcome.number().map(ExactNumber::to_f64)
}

const MISSING: SampleOutcome = SampleOutcome::Bad(QualityReason::Missing);

#[tokio::test]
async fn what_is_not_there_at_dusk_is_missing_and_so_is_a_frequency_of_zero() {
    let dusk = [
        // Power and energy as evcc#30950 reports them from an SMA inverter at dusk; the frequency
        // is 0.
        (30775, &[0x8000, 0x0000][..]),
        (30513, &[0xFFFF; 4][..]),
        (30803, &[0, 0][..]),
    ];
    let read = read_profile("sma-modbus", &dusk).await;
    for name in ["ac_power", "ac_energy_total", "frequency"] {
        assert_eq!(read[name], MISSING, "{name}");
    }
    // By day, from a device that hangs up after three answers: the next poll asks anew.
    let config = load_site(0, &device_toml("profile = \"sma-modbus\""));
    let mut known = RegisterServer {
        patience: Some(3),
        ..RegisterServer::default()
    };
    known.registers = RegisterServer::new(&[(30000, &[0; 1200])]).registers;
    known.set_registers(30775, &[0, 1500]);
    known.set_registers(30803, &[0, 5001]);
    let port = known.serve();
    let tables = device_toml("profile = \"sma-modbus\"\nlimits = { gap = \"0ms\" }");
    let config = Config {
        buses: self::load_site(port, &tables).buses,
        ..config
    };
    let mut session = AdhocReader::new(&config, 0, &Clock::system()).unwrap();
    let mut seen = Vec::new();
    // A poll needs more than three answers, so the values come from several connections.
    for _ in 0..4 {
        let once = session.read().await;
        seen.extend(once.outcomes.iter().copied().filter_map(as_f64));
    }
    assert!(seen.contains(&1500.0) && seen.contains(&50.01), "{seen:?}");
    assert!(!seen.contains(&0.0) || seen.len() > 3, "{seen:?}");
}

#[tokio::test]
async fn a_drive_that_stands_still_has_a_frequency_of_zero_and_an_inverter_has_none() {
    // The output of a drive that stands still has 0 Hz. A grid never has: 0 Hz means that the
    // inverter does not measure.
    let read = read_profile("invt-gd100-pv", &[]).await;
    assert_eq!(as_f64(read["pump_frequency"]), Some(0.0));
    for profile in ["growatt-min-tlx", "solis-string", "huawei-sun2000"] {
        assert_eq!(
            read_profile(profile, &[]).await["frequency"],
            MISSING,
            "{profile}"
        );
    }
    // A frequency of 0 is accepted only while another point of the device has a value.
    let points = |missing: &str| {
        device_toml(&format!(
            "point = [\n\
             {{ id = \"e\", register = \"holding:0\", type = \"u32\", unit = \"kWh\"{missing} }},\n\
             {{ id = \"f\", register = \"holding:2\", type = \"u16\", unit = \"Hz\" }} ]"
        ))
    };
    let known = RegisterServer::new(&[(0, &[0xFFFF, 0xFFFF, 0])]);
    let port = known.serve();
    let asleep = self::read_once(&load_site(port, &points(", missing = [0xFFFFFFFF]"))).await;
    assert_eq!(asleep["f"], MISSING);
    known.set_registers(0, &[0, 7]);
    let awake = self::read_once(&load_site(port, &points(", missing = [0xFFFFFFFF]"))).await;
    assert_eq!(as_f64(awake["f"]), Some(0.0));
}

/// A counter of 3937.3 kWh with its low word first.
const LOW_WORD_FIRST: [u16; 2] = [0x99CD, 0x0000];

fn counter_toml(words: &str) -> String {
    device_toml(&format!(
        "point = [{{ id = \"energy\", register = \"holding:0\", type = \"u32\", \
         words = \"{words}\", scale = 0.1, unit = \"kWh\", counter = true }}]"
    ))
}

#[tokio::test]
async fn a_counter_in_the_wrong_word_order_counts_more_than_any_site_can() {
    let port = RegisterServer::new(&[(0, &LOW_WORD_FIRST)]).serve();
    let right = read_once(&load_site(port, &counter_toml("cdab"))).await;
    assert_eq!(as_f64(right["energy"]), Some(3937.3));
    let wrong = read_once(&load_site(port, &counter_toml("abcd"))).await;
    assert_eq!(
        wrong["energy"],
        SampleOutcome::Bad(QualityReason::OutOfRange)
    );
}

/// The program's `read` of device `d`, in a language: what it prints, and its JSON.
fn read_output(file: &Path, lang: &str) -> (String, Value) {
    let call = |more: &[&str]| {
        let mut command = pantau();
        command.args(["--lang", lang, "--log", "off", "read", "d", "--times", "1"]);
        let output = command.args(more).arg("-c").arg(file).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    (call(&[]), serde_json::from_str(&call(&["--json"])).unwrap())
}

#[test]
fn read_says_which_limit_a_value_is_beyond_and_which_word_order_would_fit() {
    let folder = tempfile::tempdir().unwrap();
    let port = RegisterServer::new(&[(0, &LOW_WORD_FIRST)]).serve();
    let file = folder.path().join("pantau.toml");
    std::fs::write(&file, site_toml(folder.path(), port, &counter_toml("abcd"))).unwrap();
    let (english, json) = read_output(&file, "en");
    // The same two registers as evcc#14522, read in the other order.
    let said = "258034892.8 kWh is above the limit of 200000000 kWh";
    assert!(english.contains(said), "{english}");
    assert!(
        read_output(&file, "id")
            .0
            .contains("258034892,8 kWh di atas batas 200000000 kWh")
    );
    let point = &json["points"][0];
    assert_eq!(point["quality"], "bad", "{point:#}");
    assert_eq!(point["reason"], "out-of-range", "{point:#}");
    assert_eq!(point["refused"], 258_034_892.8, "{point:#}");
    assert_eq!(point["max"], 2e8, "{point:#}");
    let first = &point["meaning"]["ranked"][0];
    assert_eq!(
        (&first["type"], &first["words"]),
        (&"u32".into(), &"cdab".into())
    );
}

#[tokio::test]
async fn energy_of_the_day_and_of_all_days_are_two_registers() {
    let words = [9734, 50, 0, 53, 16064, 0, 9561, 0, 500];
    let read = read_profile("sungrow-sg", &[(4999, &words)]).await;
    assert_eq!(as_f64(read["ac_energy_today"]), Some(5.3));
    assert_eq!(as_f64(read["ac_energy_total_kwh"]), Some(16_064.0));
}

/// Profiles of the reports with the points that gave impossible power, and their first register.
const POWERS: [(&str, &str); 17] = [
    ("growatt-min-tlx", "ac_power"),
    ("growatt-min-tlx", "dc_power"),
    ("growatt-mic-legacy", "ac_power"),
    ("growatt-mic-legacy", "dc_power"),
    ("growatt-tlx-group1", "ac_power"),
    ("growatt-tlx-group1", "dc_power"),
    ("growatt-spf", "ac_power"),
    ("growatt-spf", "dc_power_1"),
    ("deye-string", "ac_power"),
    ("solis-string", "ac_power"),
    ("solis-string", "dc_power"),
    ("solis-hybrid", "dc_power"),
    ("sungrow-sg", "ac_power"),
    ("sungrow-sg", "dc_power"),
    ("goodwe-et", "dc_power_1"),
    ("epever-tracer", "dc_power"),
    ("huawei-sun2000", "dc_power"),
];

#[tokio::test]
async fn power_that_no_device_has_is_not_believed_at_dusk() {
    for (profile, point) in POWERS {
        let config = load_site(0, &device_toml(&format!("profile = \"{profile}\"")));
        let mut points = config.devices[0].points.iter();
        let known = points.find(|known| *known.name == *point).unwrap();
        let access = known.modbus().unwrap();
        let low_first = access.words == gateway::config::WordOrder::Cdab;
        for raw in [0x7FFF_FFFF_u32, 0xFFFF_FFFF, 0x8000_0000, 0xFFFF_FF9C] {
            let mut words = high_low_words(raw);
            if low_first {
                words.reverse();
            }
            let read = read_profile(profile, &[(access.address, &words)]).await;
            let value = as_f64(read[point]);
            let small = value.is_some_and(|value| (-100.0..0.0).contains(&value));
            let signed = access.encoding == gateway::config::RegisterEncoding::I32;
            let place = format!("{profile} {point} {raw:08x}: {value:?}");
            assert!(
                value.is_none() || (signed && small) || value == Some(-100.0),
                "{place}"
            );
        }
    }
}

#[tokio::test]
async fn the_sign_of_a_battery_current_and_of_a_temperature_below_zero() {
    let blocks = [(0x331B, &[0xFFD2, 0xFFFF][..]), (0x3110, &[0xFFF6][..])];
    let read = read_profile("epever-tracer", &blocks).await;
    assert_eq!(as_f64(read["battery_current_net"]), Some(-0.46));
    assert_eq!(as_f64(read["battery_temperature"]), Some(-0.1));
}

/// A `SunSpec` list at 40000 of these models.
fn sunspec_list(models: &[(u16, Vec<u16>)]) -> Vec<u16> {
    let mut words = vec![0x5375, 0x6E53];
    for (id, body) in models {
        words.extend([*id, u16::try_from(body.len()).unwrap()]);
        words.extend(body);
    }
    words.extend([0xFFFF, 0]);
    words
}

/// The body of a model: registers counted from its number on, all others not implemented.
fn sunspec_body(length: usize, places: &[(usize, &[u16])]) -> Vec<u16> {
    let mut words = vec![0x8000; length + 2];
    for (first, held) in places {
        words[*first..*first + held.len()].copy_from_slice(held);
    }
    words.split_off(2)
}

#[tokio::test]
async fn an_inverter_and_its_meter_in_one_list_with_their_own_factors_are_read() {
    let minus = |power: u16| 0u16.wrapping_sub(power);
    // Values of the trace in binsentsu/solaredge#17: each has its own scale factor, and a second
    // common model stands before the meter.
    let (wh, out, back) = (12_245_720_u32, 21_267_458_u32, 18_090_016_u32);
    assert_eq!(
        (high_low_words(out), high_low_words(back)),
        ([0x0144, 0x8402], [0x0114, 0x0820])
    );
    let inverter = [
        (14, &[3649, minus(1)][..]),
        (16, &[50_026, minus(3)]),
        (24, &high_low_words(wh)),
        (26, &[0]),
    ];
    let meter = [
        (18, &[minus(91)][..]),
        (22, &[0]),
        (38, &high_low_words(out)),
        (46, &high_low_words(back)),
        (54, &[0]),
    ];
    let common = || (1, vec![0x2020; 66]);
    let models = [
        common(),
        (101, sunspec_body(50, &inverter)),
        common(),
        (203, sunspec_body(105, &meter)),
    ];
    let port = RegisterServer::new(&[(40_000, &sunspec_list(&models))]).serve();
    let names = "[\"ac_power\", \"frequency\", \"ac_energy\", \"m203_w\", \"ac_energy_export\", \
                 \"ac_energy_import\"]";
    let tables = device_toml(&format!("profile = \"sunspec\"\npoints = {names}"));
    let read = read_once(&load_site(port, &tables)).await;
    let expected = [
        ("ac_power", 364.9),
        ("frequency", 50.026),
        ("ac_energy", 12_245.72),
        ("m203_w", -91.0),
        ("ac_energy_export", 21_267.458),
        ("ac_energy_import", 18_090.016),
    ];
    for (name, wanted) in expected {
        assert_eq!(as_f64(read[name]), Some(wanted), "{name}: {:?}", read[name]);
    }
}

/// `pantau run` with its page; what it says goes into `log`.
fn start_gateway(file: &Path, log: &Path, page: u16) -> PeerProcess {
    let mut command = pantau();
    command.args(["--log", "warn", "run", "-c"]).arg(file);
    let gateway =
        PeerProcess::start(command.stderr(Stdio::from(std::fs::File::create(log).unwrap())));
    wait_for("the page", || {
        TcpStream::connect(("127.0.0.1", page)).is_ok()
    });
    gateway
}

fn write_site(folder: &Path, port: u16, page: u16, tables: &str) -> PathBuf {
    let file = folder.join("pantau.toml");
    let web = format!("[web]\nlisten = \"127.0.0.1:{page}\"\n");
    std::fs::write(&file, site_toml(folder, port, &(tables.to_owned() + &web))).unwrap();
    file
}

/// Points of the site with their last samples.
async fn polled_points(page: u16) -> Value {
    serde_json::from_str(&http_body(page, "/api/v1/points", "GET").await).unwrap()
}

#[tokio::test]
async fn a_list_of_models_that_breaks_off_is_said_once_and_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let page = free_port();
    // A common model of 15 registers, and nothing behind it that is a model.
    let mut words = vec![0x5375, 0x6E53, 1, 15];
    let maker = b"SAXPOWERHOME-";
    words.extend(
        maker
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])),
    );
    // Zeros behind it, as in matfroh/sax_battery_ha#128: 0 is no number of a model.
    words.resize(300, 0);
    let known = RegisterServer::new(&[(40_000, &words)]);
    let tables = device_toml("profile = \"sunspec\"");
    let file = write_site(folder.path(), known.serve(), page, &tables);
    let _gateway = start_gateway(&file, &log, page);
    let looked = || {
        known
            .asked
            .lock()
            .unwrap()
            .iter()
            .filter(|at| **at == 40_019)
            .count()
    };
    wait_for("three looks at the list", || looked() >= 3);
    let said = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("40019")).collect();
    // One line and not one a poll: a log that repeats itself fills the card.
    assert_eq!(lines.len(), 1, "{said}");
    let wanted = "SunSpec list of models ends early: 40019: [0, 0] is no model";
    assert!(
        lines[0].contains(wanted) && lines[0].contains("absent"),
        "{said}"
    );
    // Once the device says its whole list, it is read without a restart.
    let whole = [
        (1, vec![0x2020; 66]),
        (101, sunspec_body(50, &[(14, &[3649, 0xFFFF])])),
    ];
    known.set_registers(40_000, &sunspec_list(&whole));
    // 3649 with the factor -1.
    let read = async { while polled_points(page).await[0]["last"]["v"] != 364.9 {} };
    tokio::time::timeout(WAIT_MAX, read).await.unwrap();
}

#[tokio::test]
async fn a_spike_is_bad_with_its_limits_in_the_api_and_in_watch() {
    let folder = tempfile::tempdir().unwrap();
    let page = free_port();
    // 214 748 364.7 W (OpenInverterGateway#342), and -1 degC read as unsigned, which is 654 degC.
    let port = RegisterServer::new(&[(0, &[0x7FFF, 0xFFFF, 0xFF9C])]).serve();
    let tables = device_toml(
        "point = [\n\
         { id = \"power\", register = \"holding:0\", type = \"u32\", scale = 0.1, unit = \"W\" },\n\
         { id = \"air\", register = \"holding:2\", type = \"u16\", scale = 0.01, unit = \"degC\" } ]",
    ) + "[[asset]]\nid = \"plts\"\nkind = \"plts\"\ncapacity_kwp = 5\npower = \"d.power\"\n\
         air_temperature = \"d.air\"\n";
    let file = write_site(folder.path(), port, page, &tables);
    let _gateway = start_gateway(&file, &folder.path().join("log"), page);
    let mut points = Value::Null;
    let first = async {
        while !points[0]["last"].is_object() {
            points = polled_points(page).await;
        }
    };
    tokio::time::timeout(WAIT_MAX, first).await.unwrap();
    // The power's limit comes from the 5 kWp of the asset, the temperature's from the table of
    // physical limits.
    for (index, max) in [(0, 15_000.0), (1, 150.0)] {
        let point = &points[index];
        assert_eq!(point["max"], max, "{points:#}");
        assert_eq!(point["last"]["v"], Value::Null, "{points:#}");
        assert_eq!(point["last"]["q"], "bad", "{points:#}");
        assert_eq!(point["last"]["reason"], "out-of-range", "{points:#}");
    }
    let mut command = pantau();
    command
        .args(["--lang", "en", "--log", "off", "watch", "d", "-c"])
        .arg(&file);
    let mut watch = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(watch.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(line.contains("power=- (out-of-range)"), "{line}");
}

#[test]
fn check_names_a_limit_that_is_not_physical_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let checked = |max: &str, lang: &str| {
        let point = format!(
            "point = [{{ id = \"power\", register = \"holding:0\", type = \"u32\", unit = \"W\"{max} }}]"
        );
        let file = folder.path().join("pantau.toml");
        std::fs::write(&file, site_toml(folder.path(), 502, &device_toml(&point))).unwrap();
        let mut command = pantau();
        command.args(["--lang", lang, "--log", "off", "check", "-c"]);
        let output = command.arg(&file).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let said = "max: 1000000000 is not possible for this quantity (-10000000 to 10000000)";
    assert!(checked(", max = 1e9", "en").contains(said));
    assert!(checked(", max = 1e9", "id").contains("1000000000 tidak mungkin untuk besaran ini"));
    for max in ["", ", max = 6000", ", min = 0, max = 1e7"] {
        assert!(!checked(max, "en").contains("not possible"), "{max}");
    }
}
