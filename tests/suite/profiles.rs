//! Tests of device profiles: each one loads, and each of its captures decodes to the value it
//! states.

use crate::peers::{PeerProcess, python_peer};
use gateway::buses::modbus::decode;
use gateway::clock::Clock;
use gateway::config::{
    self, Config, ModbusLink, ModbusPoint, ModbusTable, Point, WordOrder, profile::Profile,
};
use gateway::domain::site_zone::SiteZone;
use gateway::domain::{ExactNumber, UtcMs};
use gateway::i18n::Language;
use gateway::simulator::clear_sky::GeoLocation;
use gateway::simulator::device::SimulatedRegisters;
use gateway::simulator::{SimulatedPlant, SimulatedWorld, server::serve_registers};
use gateway::status::DeviceIdentity;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tests::site_text::SiteText;

#[test]
fn every_capture_of_every_profile_decodes_to_its_value() {
    let all = config::load_profiles(None);
    // A lower bound, so that profiles which are not found at all do not pass for none that is
    // wrong.
    assert!(all.len() >= 80, "{}", all.len());
    for (name, profile) in all {
        let profile = profile.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(*profile.name, *name);
        assert!(!profile.source.is_empty());
        assert_eq!(
            gateway::buses::modbus::replay_captures(&profile),
            [],
            "{name}"
        );
    }
}

/// Cases with expected values from `tests/peers/profile_cases.py`.
struct ProfileCases(Vec<Value>);

impl ProfileCases {
    /// A site with one device a case, all on one TCP bus.
    fn config(&self, port: u16, folder: &Path, profiles: &Path) -> Config {
        let site = SiteText::new("t").with(format_args!("profiles = '{}'", profiles.display()));
        let site = site.store(folder).tcp_bus("bus", port);
        let mut site = site.with("timeout = '5s'");
        for case in &self.0 {
            let (unit, profile) = (&case["unit"], &case["profile"]);
            let keys = format!("unit = {unit}\nprofile = {profile}\nlimits = {{ gap = '0ms' }}");
            site = site.device(&format!("d{unit}"), "bus", keys);
        }
        config::load_config_text(&site.text(), &folder.join("pantau.toml"), &|_| None)
            .unwrap_or_else(|faults| panic!("{faults}"))
    }

    /// Returns the number of values compared.
    fn points(&self) -> usize {
        let points = self.0.iter().map(|case| case["values"].as_array());
        points.map(|values| values.unwrap().len()).sum()
    }

    /// Their registers, for our own simulator.
    fn registers(&self) -> BTreeMap<String, SimulatedRegisters> {
        let word = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
        let register = |register: &Value| {
            let table = match register[0].as_str().unwrap() {
                "input" => ModbusTable::Input,
                _ => ModbusTable::Holding,
            };
            ((table, word(&register[1])), word(&register[2]))
        };
        let device = |case: &Value| {
            let registers = case["registers"].as_array().unwrap();
            let id = format!("d{}", case["unit"]);
            (id, registers.iter().map(register).collect())
        };
        self.0.iter().map(device).collect()
    }

    /// Reads every device, and compares every value.
    async fn assert_all_read(&self, config: &Config) {
        let clock = Clock::system();
        for (index, case) in self.0.iter().enumerate() {
            let mut session = gateway::buses::AdhocReader::new(config, index, &clock).unwrap();
            let read = session.read().await;
            let place = format!("{} at {}", case["profile"], case["level"]);
            assert_eq!(read.failure, None, "{place}");
            check_identity(case, read.identity.unwrap_or_default(), &place);
            let values = case["values"].as_array().unwrap();
            assert_eq!(read.outcomes.len(), values.len(), "{place}");
            for ((outcome, value), id) in read.outcomes.iter().zip(values).zip(0..) {
                let found = outcome.number().map(gateway::domain::ExactNumber::to_f64);
                assert_eq!(
                    found,
                    value.as_f64(),
                    "{place}: {} {outcome:?}",
                    case["ids"][id]
                );
            }
        }
    }
}

/// Checks the identity texts of a device and that each of its settings was read.
fn check_identity(case: &Value, identity: DeviceIdentity, place: &str) {
    let mut said: BTreeMap<&str, String> = BTreeMap::new();
    said.insert("manufacturer", identity.manufacturer);
    said.insert("model", identity.model);
    said.insert("version", identity.version);
    said.insert("serial", identity.serial);
    for (name, text) in case["texts"].as_object().unwrap() {
        assert_eq!(Some(&*said[&**name]), text.as_str(), "{place}: {name}");
    }
    let options: Vec<_> = identity.options.split(", ").collect();
    for setting in case["settings"].as_array().unwrap() {
        let begins = format!("{} ", setting.as_str().unwrap());
        let found = options.iter().any(|option| option.starts_with(&begins));
        assert!(found, "{place}: {setting} in {options:?}");
    }
}

/// Reads every case of a kind from a profile folder: from pymodbus, then from our simulator.
async fn read_back(profiles: &Path, kind: &str) -> ProfileCases {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cases.json");
    let mut server = python_peer("profile_cases.py");
    let (_server, port) = PeerProcess::start_ready(server.arg(profiles).arg(&out).arg(kind));
    let said = std::fs::read_to_string(&out).unwrap();
    let cases = ProfileCases(serde_json::from_str(&said).unwrap());
    let mut config = cases.config(port.parse().unwrap(), folder.path(), profiles);
    cases.assert_all_read(&config).await;

    let place = GeoLocation {
        latitude: 0.0,
        longitude: 110.0,
    };
    let plant = SimulatedPlant::new(place, SiteZone::default(), 1, UtcMs(1_782_838_800_000));
    let world = SimulatedWorld::new(plant, Clock::system(), 1, 1.0);
    if let Some(ModbusLink::Tcp { port, .. }) = config.buses[0].link.modbus_mut() {
        *port = 0;
    }
    let twins = serve_registers(&config, &world, &cases.registers())
        .await
        .unwrap();
    twins.redirect_config(&mut config);
    cases.assert_all_read(&config).await;
    cases
}

fn profile_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/devices")
}

#[tokio::test]
async fn every_profile_is_read_exactly_from_pymodbus_and_from_our_simulator() {
    let (mut cases, mut values) = (0, 0);
    // One level at a time: each profile takes a unit id, of which a bus has 256.
    for level in ["full", "zero", "negative", "missing"] {
        let read = read_back(&profile_folder(), level).await;
        cases += read.0.len();
        values += read.points();
    }
    let with_points = |(_, profile): &(String, Result<Profile, _>)| {
        profile.as_ref().is_ok_and(Profile::has_registers)
    };
    let count = config::load_profiles(None)
        .iter()
        .filter(|p| with_points(p))
        .count();
    assert!(cases >= 4 * count, "{cases} of {count}");
    let points: usize = config::load_profiles(None)
        .iter()
        .filter_map(|(_, profile)| profile.as_ref().ok())
        .flat_map(|profile| std::iter::once(profile).chain(&profile.variants))
        .filter(|profile| profile.has_registers())
        .map(|profile| profile.points.len())
        .sum();
    assert!(points >= 577, "{points}");
    // Each point at four levels: full scale, zero, negative, and no value.
    assert_eq!(values, 4 * points, "none is left out");
}

#[tokio::test]
async fn whatever_one_register_decides_over_another_is_read_exactly() {
    let cases = read_back(&profile_folder(), "choices").await;
    let names: BTreeSet<_> = cases
        .0
        .iter()
        .map(|case| case["profile"].as_str())
        .collect();
    assert!(names.len() >= 5, "{names:?}");
    assert!(cases.0.len() >= 74, "{}", cases.0.len());
}

#[tokio::test]
async fn every_shape_of_the_format_is_read_exactly() {
    let shapes = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/shapes");
    let levels = read_back(&shapes, "levels").await;
    let choices = read_back(&shapes, "choices").await;
    assert_eq!((levels.0.len(), choices.0.len()), (8, 12));
    assert_eq!(levels.points(), 4 * (18 + 18));
}

#[test]
fn a_profile_without_a_capture_for_each_point_is_refused() {
    let text = include_str!("../../config/devices/xy-md02.toml");
    let text = text.replace("point = \"humidity\"\nwords", "point = \"temp_air\"\nwords");
    let file = std::path::Path::new("xy-md02.toml");
    let faults = config::profile::load_profile_text(&text, file).unwrap_err();
    assert!(
        faults
            .to_string()
            .contains("point `humidity` has no capture"),
        "{faults}"
    );
}

/// Faults of a profile's text, one a line.
fn profile_diagnostics(text: &str) -> String {
    let file = Path::new("probe.toml");
    config::profile::load_profile_text(text, file)
        .map_or_else(|faults| faults.to_string(), |_| String::new())
}

#[test]
fn a_bad_profile_is_explained_line_by_line() {
    let text = include_str!("../cases/profile/probe.toml");
    let wanted = include_str!("../cases/profile/probe.txt");
    assert_eq!(profile_diagnostics(text).trim(), wanted.trim());
}

/// Faults put into a good profile: text replaced, replacement, and the expected message.
const BROKEN_PROFILES: [(&str, &str, &str); 9] = [
    ("input:1\"", "inptu:1\"", "register: found `inptu:1`"),
    ("type = \"i16\"", "type = \"i61\"", "type: "),
    ("unit = \"degC\"", "unit = \"celsus\"", "unit: "),
    ("unit = \"%RH\"", "", "scale: "),
    (
        "register = \"input:2\"",
        "register = \"input:1\"",
        "register: ",
    ),
    ("max_registers = 2", "max_registers = 0", "max_registers: "),
    ("[[document]]", "[[documnet]]", "documnet: unknown key"),
    ("source = \"XY", "sorce = \"XY", "sorce: unknown key"),
    ("kind = ", "#kind = ", "kind: "),
];

#[test]
fn each_mistake_in_a_profile_is_named_with_its_line_in_both_languages() {
    let good = include_str!("../../config/devices/xy-md02.toml");
    for (from, to, said) in BROKEN_PROFILES {
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        let faults =
            config::profile::load_profile_text(&text, Path::new("xy-md02.toml")).unwrap_err();
        let english = faults.render(Language::En);
        assert!(english.contains(said), "{from} -> {to}: {english}");
        assert!(
            !faults.render(Language::Id).contains("fault-"),
            "{from} -> {to}"
        );
        assert_ne!(english, faults.render(Language::Id));
        assert!(faults.0.iter().all(|fault| fault.line > 0));
    }
}

#[test]
fn two_variants_of_one_name_are_refused() {
    let shapes = include_str!("../cases/shapes/shapes.toml");
    let (_, variant) = shapes.split_once("[[variant]]").unwrap();
    let text = format!("{shapes}\n[[variant]]{variant}");
    let faults = config::profile::load_profile_text(&text, Path::new("shapes.toml")).unwrap_err();
    let again = 1 + text[..text.rfind("name = \"other\"").unwrap()]
        .matches('\n')
        .count();
    assert_eq!(faults.0[0].line, again, "{faults}");
    assert!(faults.to_string().contains("other"), "{faults}");
}

#[test]
fn a_capture_that_decodes_otherwise_is_named_with_its_line() {
    let text = include_str!("../../config/devices/xy-md02.toml");
    let text = text.replace("value = 85.3", "value = 85.4");
    let profile = config::profile::load_profile_text(&text, Path::new("xy-md02.toml")).unwrap();
    let wrong = gateway::buses::modbus::replay_captures(&profile);
    let line = 1 + text[..text.find("value = 85.4").unwrap()]
        .matches('\n')
        .count();
    assert_eq!(wrong.len(), 1);
    assert_eq!((&*wrong[0].point, wrong[0].line), ("humidity", line - 3));
    assert_eq!((&*wrong[0].said, &*wrong[0].found), ("85.4", "85.3"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Lines of real profiles in any order, with anything for a value.
    #[test]
    fn no_text_of_a_profile_panics(
        picks in proptest::collection::vec((any::<u16>(), "[ -~]{0,12}", 0..4u8), 0..60),
    ) {
        let real: Vec<&str> = REAL_PROFILES.iter().flat_map(|text| text.lines()).collect();
        let mut text = String::new();
        for (pick, junk, how) in picks {
            // Lines of real profiles reach far deeper into the parser than random text does.
            let line = real[usize::from(pick) % real.len()];
            let line = match (how, line.split_once('=')) {
                (0, _) => junk,
                (1, Some((key, _))) => format!("{key}= {junk}"),
                (2, Some((key, _))) => format!("{key}= -{pick}"),
                _ => line.to_owned(),
            };
            text += &line;
            text.push('\n');
        }
        if let Ok(profile) = config::profile::load_profile_text(&text, Path::new("any.toml")) {
            let _ = gateway::buses::modbus::replay_captures(&profile);
        }
    }
}

/// Every point with registers of every built-in profile and variant that measures something.
fn measured_points() -> Vec<(String, Point)> {
    let profiles = config::valid_profiles(None).into_iter();
    let points = profiles.flat_map(|profile| {
        let name = profile.name.clone();
        let points = profile.points.into_iter();
        points.map(move |point| (format!("{name} {}", point.name), point))
    });
    let is_measured = |point: &Point| !point.unit.is_empty() && point.modbus().is_some();
    points.filter(|(_, point)| is_measured(point)).collect()
}

fn registers_of(point: &Point) -> &ModbusPoint {
    point.modbus().unwrap()
}

/// Decodes the registers of a point as if all points that it depends on were valid.
fn decode_registers(point: &Point, words: &[u16]) -> Option<f64> {
    let mut point = point.clone();
    let access = point.modbus_mut().unwrap();
    (access.scale_from, access.multiply_from) = (None, None);
    (access.powers, access.valid_when) = (Vec::new(), Vec::new());
    let number = decode::decode_point(&point, words, &[]).number();
    number.map(ExactNumber::to_f64)
}

/// The registers of a bit pattern, in the order of the point.
fn pattern_registers(point: &Point, pattern: u64) -> Vec<u16> {
    let count = usize::from(registers_of(point).encoding.registers());
    let bytes = pattern.to_be_bytes();
    let bytes = &bytes[8 - 2 * count..];
    let pairs = bytes.chunks(2);
    let mut words: Vec<u16> = pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    if registers_of(point).words == WordOrder::Cdab && registers_of(point).high.is_none() {
        words.reverse();
    }
    words
}

/// Bit patterns that mean "no value" with some maker, in the width of the point, and a small
/// negative number, which an unsigned type reads as a large one.
fn invalid_patterns(point: &Point, below: u64) -> [u64; 4] {
    let bits = 16 * u32::from(registers_of(point).encoding.registers());
    let all = u64::MAX >> (64 - bits);
    // All ones, the greatest and the smallest signed number, and a small negative one.
    [all, all >> 1, (all >> 1) + 1, all - below]
}

#[test]
fn no_word_for_no_value_is_believed_beyond_what_the_device_can_have() {
    let wide = |point: &Point| registers_of(point).encoding.registers() > 1;
    for (name, point) in measured_points() {
        let (min, max) = (point.min.unwrap(), point.max.unwrap());
        for pattern in invalid_patterns(&point, 99) {
            let Some(value) = decode_registers(&point, &pattern_registers(&point, pattern)) else {
                continue;
            };
            let place = format!("{name} {pattern:x}: {value}");
            assert!((min..=max).contains(&value), "{place}");
            // A wide register is either no value or the small number that it is.
            let (mantissa, exponent) = point.scale.factor;
            let step = ExactNumber::Decimal { mantissa, exponent }.to_f64();
            let small = (-100.0 * step..=0.0).contains(&value);
            assert!(!wide(&point) || small, "{place}");
        }
    }
}

#[test]
fn zero_hertz_is_believed_of_a_drive_only() {
    let mut drives = 0;
    for (name, point) in measured_points() {
        if &*point.unit == "Hz" {
            let zero = decode_registers(&point, &pattern_registers(&point, 0));
            // Only the output of a drive can really have 0 Hz, and pulses; a grid cannot.
            let drive = ["output_frequency", "pulse_rate"].contains(&&*point.quantity);
            assert_eq!(zero, drive.then_some(0.0), "{name}");
            drives += usize::from(drive);
        }
    }
    assert!(drives >= 3, "{drives}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a device sends.
    #[test]
    fn no_registers_are_believed_beyond_the_limits_of_their_point(
        pattern in any::<u64>(),
        below in 0..10_000u64,
    ) {
        for (name, point) in measured_points() {
            let (min, max) = (point.min.unwrap(), point.max.unwrap());
            for pattern in invalid_patterns(&point, below).into_iter().chain([pattern]) {
                let value = decode_registers(&point, &pattern_registers(&point, pattern));
                prop_assert!(
                    value.is_none_or(|value| (min..=max).contains(&value)),
                    "{} {:x}: {:?}", name, pattern, value
                );
            }
        }
    }
}

const REAL_PROFILES: [&str; 4] = [
    include_str!("../../config/devices/acrel-adl400.toml"),
    include_str!("../../config/devices/waveshare-ai-8ch.toml"),
    include_str!("../../config/devices/qdy30a-level.toml"),
    include_str!("../../config/devices/deye-hybrid-1p.toml"),
];
