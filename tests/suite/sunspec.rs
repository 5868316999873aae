//! Tests of SunSpec devices behind an independent server: every number of every model is compared
//! with what pysunspec2 reads from the same registers.

use crate::peers::{PeerProcess, peer_file, python_peer};
use crate::sites::noon_world;
use gateway::buses::{AdhocReader, AdhocReading};
use gateway::clock::Clock;
use gateway::config::{Config, load_config_text};
use gateway::simulator::{SimulatedEndpoint, serve_devices};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tests::site_text::SiteText;

/// A site with one device a model of the image, all behind the same unit.
fn sunspec_site(port: &str, models: &[Value]) -> Config {
    let mut site = SiteText::new("t")
        .tcp_bus("bus", port)
        .with("timeout = '10s'");
    for (index, model) in models.iter().enumerate() {
        let names: Vec<&String> = model["points"].as_object().unwrap().keys().collect();
        let keys = format_args!("profile = 'sunspec'\npoints = {names:?}");
        site = site.device(&format!("d{index}"), "bus", keys);
    }
    load_site(site)
}

fn load_site(site: SiteText) -> Config {
    load_config_text(&site.text(), Path::new("pantau.toml"), &|_| None)
        .unwrap_or_else(|f| panic!("{f}"))
}

async fn read_model(config: &Config, index: usize) -> AdhocReading {
    let once = AdhocReader::new(config, index, &Clock::system())
        .unwrap()
        .read()
        .await;
    assert_eq!(once.failure, None);
    once
}

/// The value with the digits of a single, where the register holds one: pysunspec2 widens it.
fn own_digits(point: &gateway::config::Point, value: f64) -> f64 {
    let is_single = point
        .access
        .modbus()
        .is_some_and(|register| register.encoding == gateway::config::RegisterEncoding::F32);
    #[expect(clippy::cast_possible_truncation, reason = "it is a single")]
    let single = value as f32;
    if is_single {
        gateway::domain::widen_single(single)
    } else {
        value
    }
}

/// Compares every number of one model with pysunspec2; returns how many were compared.
fn assert_model(config: &Config, index: usize, model: &Value, once: &AdhocReading) -> usize {
    let points = &config.devices[index].points;
    for (point, outcome) in points.iter().zip(&once.outcomes) {
        let expected = &model["points"][&*point.name];
        let expected: Option<f64> = expected.as_str().map(|text| text.parse().unwrap());
        let expected = expected.map(|value| own_digits(point, value));
        let found = outcome.number().map(gateway::domain::ExactNumber::to_f64);
        assert_eq!(found, expected, "{}: {outcome:?}", point.name);
    }
    points.len()
}

/// Model numbers of devices in use: common, inverters, strings, meters, weather, combiners, and the
/// 700s of newer inverters.
const FIELD_MODELS: [std::ops::RangeInclusive<u64>; 9] = [
    1..=1,
    101..=103,
    111..=113,
    160..=160,
    201..=204,
    302..=303,
    307..=307,
    401..=404,
    701..=714,
];

/// Reads every device of the folder; how many numbers of each model were compared.
async fn read_all_models(folder: &Path) -> BTreeMap<u64, usize> {
    let mut compared: BTreeMap<u64, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let models: Vec<Value> = serde_json::from_str(&text).unwrap();
        let image = path.with_extension("image");
        let (_server, port) =
            PeerProcess::start_ready(python_peer("pymodbus_server.py").arg(image).arg("tcp"));
        let config = sunspec_site(&port, &models);
        for (index, model) in models.iter().enumerate() {
            let once = read_model(&config, index).await;
            let number = model["model"].as_u64().unwrap();
            *compared.entry(number).or_default() += assert_model(&config, index, model, &once);
            let identity = once.identity.unwrap();
            assert_eq!(identity.cut_short, None, "{}", path.display());
            // The first maker is of the images made here, the second of pysunspec2's own test
            // device.
            assert!(["Uji Coba", "SunSpecTest"].contains(&identity.manufacturer.as_str()));
        }
    }
    compared
}

#[tokio::test]
async fn every_number_of_every_model_is_what_pysunspec2_reads() {
    let folder = tempfile::tempdir().unwrap();
    // Two seeds, because a value that is right by chance (0, or equal halves) is not so in both
    // images.
    for seed in ["1", "2"] {
        let made = python_peer("sunspec_image.py")
            .arg(folder.path())
            .arg(seed)
            .status();
        assert!(made.unwrap().success());
        let compared = read_all_models(folder.path()).await;
        assert!(compared.values().sum::<usize>() > 5000, "{compared:?}");
        for number in FIELD_MODELS.into_iter().flatten() {
            // The least is a model of one number beside its own number and length.
            let numbers = compared.get(&number).copied().unwrap_or_default();
            assert!(numbers > 2, "model {number}: {numbers} numbers");
        }
    }
}

#[test]
fn the_definitions_are_those_of_the_alliance() {
    let made = python_peer("sunspec_models.py").output().unwrap();
    assert!(made.status.success());
    let kept = peer_file("../../config/sunspec/models.json");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        String::from_utf8_lossy(&made.stdout) == kept,
        "config/sunspec/models.json is not what tests/peers/sunspec_models.py makes"
    );
}

#[tokio::test]
async fn pysunspec2_finds_the_simulated_inverter_and_reads_what_the_gateway_reads() {
    let keys = "unit = 3\nprofile = 'sunspec'\nmodels = [103, 160]";
    let site = SiteText::new("t").tcp_bus("bus", 502);
    let mut config = load_site(site.device("inverter", "bus", keys));
    let world = noon_world();
    let served = serve_devices(&config, &world).await.unwrap();
    let SimulatedEndpoint::Tcp(at) = &served.places[0] else {
        panic!("not TCP");
    };
    let mut client = tokio::process::Command::from(python_peer("sunspec_client.py"));
    let said = client.args([&at.port().to_string(), "3"]).output().await;
    let found: Value = serde_json::from_slice(&said.unwrap().stdout).unwrap();
    assert_eq!(found["base"], 40_000);
    assert_eq!(found["models"], serde_json::json!([1, 103, 160]));
    assert_eq!(found["errors"], serde_json::json!(["", "", ""]));
    assert_eq!(found["maker"], "Pantau");
    assert_eq!(found["unimplemented"], Value::Null);
    assert_eq!(found["modules"], 2);

    // Port 502 of the configuration is not free for users other than root; the simulator listens
    // elsewhere.
    served.redirect_config(&mut config);
    let once = read_model(&config, 0).await;
    let names = config.devices[0].points.iter().map(|point| &*point.name);
    let ours: BTreeMap<&str, f64> = names
        .zip(&once.outcomes)
        .filter_map(|(name, outcome)| Some((name, outcome.number()?.to_f64())))
        .collect();
    for name in ["ac_power", "ac_energy", "frequency", "status", "dc_power_1"] {
        let theirs = found[name].as_f64().unwrap();
        assert!(
            (ours[name] - theirs).abs() < 1e-9,
            "{name}: {theirs} {ours:?}"
        );
    }
    assert!(ours["ac_power"] > 100.0, "{ours:?}");
    assert_eq!(once.identity.unwrap().manufacturer, "Pantau");
}
