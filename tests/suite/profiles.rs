//! Every profile loads, and every capture of it decodes to the value it names.

use crate::peers::{Peer, python};
use gateway::clock::Clock;
use gateway::config::{self, Config, Link, Table, profile::Profile};
use gateway::model::UtcMs;
use gateway::sim::device::Registers;
use gateway::sim::sun::Place;
use gateway::sim::{Plant, World, server::serve_registers};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn every_capture_of_every_profile_decodes_to_its_value() {
    let all = config::profiles(None);
    assert!(all.len() >= 53, "{}", all.len());
    for (name, profile) in all {
        let profile = profile.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(*profile.name, *name);
        assert!(!profile.source.is_empty());
        assert_eq!(gateway::read::replay(&profile), [], "{name}");
    }
}

/// What `tests/peers/profile_cases.py` says must be read.
struct Cases(Vec<Value>);

impl Cases {
    /// A site with one device a case, all on one TCP bus.
    fn config(&self, port: u16, folder: &Path) -> Config {
        let mut text = format!(
            "[site]\nid = \"t\"\nname = \"T\"\ntimezone = \"Asia/Jakarta\"\nlatitude = 0.0\n\
             longitude = 110.0\n[store]\npath = \"{}\"\n[[bus]]\nid = \"bus\"\n\
             kind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = {port}\ntimeout = \"5s\"\n",
            folder.display()
        );
        for case in &self.0 {
            let (unit, profile) = (&case["unit"], &case["profile"]);
            write!(
                text,
                "[[device]]\nid = \"d{unit}\"\nbus = \"bus\"\nunit = {unit}\n\
                 profile = {profile}\nlimits = {{ gap = \"0ms\" }}\n"
            )
            .unwrap();
        }
        config::load_text(&text, &folder.join("pantau.toml"), &|_| None)
            .unwrap_or_else(|faults| panic!("{faults}"))
    }

    /// Their registers, for our own simulator.
    fn registers(&self) -> BTreeMap<String, Registers> {
        let word = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
        let register = |register: &Value| {
            let table = match register[0].as_str().unwrap() {
                "input" => Table::Input,
                _ => Table::Holding,
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
    async fn must_be_read(&self, config: &Config) {
        let clock = Clock::system();
        for (index, case) in self.0.iter().enumerate() {
            let mut session = gateway::read::Session::new(config, index, &clock).unwrap();
            let read = session.read().await;
            let place = format!("{} at {}", case["profile"], case["level"]);
            assert_eq!(read.failure, None, "{place}");
            if let Some(serial) = case["serial"].as_str() {
                let said = read.identity.map(|identity| identity.serial);
                assert_eq!(said.as_deref(), Some(serial), "{place}");
            }
            let values = case["values"].as_array().unwrap();
            assert_eq!(read.outcomes.len(), values.len(), "{place}");
            for ((outcome, value), id) in read.outcomes.iter().zip(values).zip(0..) {
                let found = outcome.number().map(gateway::model::Number::to_f64);
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

#[tokio::test]
async fn every_profile_is_read_exactly_from_pymodbus_and_from_our_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cases.json");
    let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/devices");
    let mut server = python("profile_cases.py");
    let (_server, port) = Peer::ready(server.arg(profiles).arg(&out));
    let said = std::fs::read_to_string(&out).unwrap();
    let cases = Cases(serde_json::from_str(&said).unwrap());
    let with_points = |(_, profile): &(String, Result<Profile, _>)| {
        profile
            .as_ref()
            .is_ok_and(|profile| !profile.points.is_empty())
    };
    let count = config::profiles(None)
        .iter()
        .filter(|p| with_points(p))
        .count();
    assert!(cases.0.len() >= 4 * count, "{} of {count}", cases.0.len());
    let mut config = cases.config(port.parse().unwrap(), folder.path());
    cases.must_be_read(&config).await;

    let place = Place {
        latitude: 0.0,
        longitude: 110.0,
    };
    let plant = Plant::new(place, "Asia/Jakarta", 1, UtcMs(1_782_838_800_000));
    let world = World::new(plant, Clock::system(), 1, 1.0);
    if let Link::Tcp { port, .. } = &mut config.buses[0].link {
        *port = 0;
    }
    let twins = serve_registers(&config, &world, &cases.registers())
        .await
        .unwrap();
    twins.redirect(&mut config);
    cases.must_be_read(&config).await;
}

#[test]
fn a_profile_without_a_capture_for_each_point_is_refused() {
    let text = include_str!("../../config/devices/xy-md02.toml");
    let text = text.replace("point = \"humidity\"\nwords", "point = \"temp_air\"\nwords");
    let file = std::path::Path::new("xy-md02.toml");
    let faults = config::profile::load_text(&text, file).unwrap_err();
    assert!(
        faults
            .to_string()
            .contains("point `humidity` has no capture"),
        "{faults}"
    );
}

/// Faults of a profile's text, one a line.
fn faults(text: &str) -> String {
    let file = Path::new("probe.toml");
    config::profile::load_text(text, file)
        .map_or_else(|faults| faults.to_string(), |_| String::new())
}

#[test]
fn a_bad_profile_is_explained_line_by_line() {
    let text = include_str!("../cases/profile/probe.toml");
    let wanted = include_str!("../cases/profile/probe.txt");
    assert_eq!(faults(text).trim(), wanted.trim());
}

#[test]
fn a_capture_that_decodes_otherwise_is_named_with_its_line() {
    let text = include_str!("../../config/devices/xy-md02.toml");
    let text = text.replace("value = 85.3", "value = 85.4");
    let profile = config::profile::load_text(&text, Path::new("xy-md02.toml")).unwrap();
    let wrong = gateway::read::replay(&profile);
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
        let real: Vec<&str> = REAL.iter().flat_map(|text| text.lines()).collect();
        let mut text = String::new();
        for (pick, junk, how) in picks {
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
        if let Ok(profile) = config::profile::load_text(&text, Path::new("any.toml")) {
            let _ = gateway::read::replay(&profile);
        }
    }
}

const REAL: [&str; 4] = [
    include_str!("../../config/devices/acrel-adl400.toml"),
    include_str!("../../config/devices/waveshare-ai-8ch.toml"),
    include_str!("../../config/devices/qdy30a-level.toml"),
    include_str!("../../config/devices/deye-hybrid-1p.toml"),
];
