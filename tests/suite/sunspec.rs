//! `SunSpec` devices behind a server that is not ours, held against what pysunspec2 reads out of the
//! same registers: every number of every model that the definitions describe.

use crate::peers::{Peer, file, python};
use gateway::clock::Clock;
use gateway::config::{Config, load_text};
use gateway::read::{Once, once};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// A site with one device a model of the image, all behind the same unit.
fn site(port: &str, models: &[Value]) -> Config {
    let mut text = format!(
        "[site]\nid = \"t\"\n[[bus]]\nid = \"bus\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\n\
         tcp_port = {port}\ntimeout = \"10s\"\n"
    );
    for (index, model) in models.iter().enumerate() {
        let names: Vec<&String> = model["points"].as_object().unwrap().keys().collect();
        write!(
            text,
            "[[device]]\nid = \"d{index}\"\nbus = \"bus\"\nprofile = \"sunspec\"\npoints = {names:?}\n"
        )
        .unwrap();
    }
    load_text(&text, Path::new("pantau.toml"), &|_| None).unwrap_or_else(|f| panic!("{f}"))
}

async fn read(config: &Config, index: usize) -> Once {
    let once = once(config, index, &Clock::system()).await.unwrap();
    assert_eq!(once.failure, None);
    once
}

/// Every number of one model is what pysunspec2 says; how many there were.
fn same(config: &Config, index: usize, model: &Value, once: &Once) -> usize {
    let points = &config.devices[index].points;
    for (point, outcome) in points.iter().zip(&once.outcomes) {
        let expected = &model["points"][&*point.name];
        let expected: Option<f64> = expected.as_str().map(|text| text.parse().unwrap());
        let found = outcome.number().map(gateway::model::Number::to_f64);
        assert_eq!(found, expected, "{}: {outcome:?}", point.name);
    }
    points.len()
}

/// Reads every device of the folder; how many numbers were compared.
async fn all_of(folder: &Path) -> usize {
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let models: Vec<Value> = serde_json::from_str(&text).unwrap();
        let image = path.with_extension("image");
        let (_server, port) = Peer::ready(python("pymodbus_server.py").arg(image).arg("tcp"));
        let config = site(&port, &models);
        for (index, model) in models.iter().enumerate() {
            let once = read(&config, index).await;
            compared += same(&config, index, model, &once);
            let identity = once.identity.unwrap();
            assert_eq!(identity.cut_short, None, "{}", path.display());
            assert!(["Uji Coba", "SunSpecTest"].contains(&identity.manufacturer.as_str()));
        }
    }
    compared
}

#[tokio::test]
async fn every_number_of_every_model_is_what_pysunspec2_reads() {
    let folder = tempfile::tempdir().unwrap();
    for seed in ["1", "2"] {
        let made = python("sunspec_image.py")
            .arg(folder.path())
            .arg(seed)
            .status();
        assert!(made.unwrap().success());
        let compared = all_of(folder.path()).await;
        assert!(compared > 5000, "{compared}");
    }
}

#[test]
fn the_definitions_are_those_of_the_alliance() {
    let made = python("sunspec_models.py").output().unwrap();
    assert!(made.status.success());
    let kept = file("../../config/sunspec/models.json");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        String::from_utf8_lossy(&made.stdout) == kept,
        "config/sunspec/models.json is not what tests/peers/sunspec_models.py makes"
    );
}
