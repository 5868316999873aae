//! A device is a profile file: loaded, replayed, and read from a simulated device.

use gateway::buses::{AdhocReader, modbus};
use gateway::clock::Clock;
use gateway::config::{load_config_text, profile};
use gateway::domain::UtcMs;
use gateway::domain::site_zone::SiteZone;
use gateway::simulator::clear_sky::GeoLocation;
use gateway::simulator::{SimulatedPlant, SimulatedWorld, serve_devices};
use std::path::Path;
use tests::site_text::SiteText;

const PROFILE: &str = include_str!("acme-flow.toml");

#[test]
fn the_captures_of_the_profile_decode_to_their_values() {
    let profile = profile::load_profile_text(PROFILE, Path::new("acme-flow.toml"));
    let profile = profile.unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(modbus::replay_captures(&profile), []);
}

#[tokio::test]
async fn a_device_of_the_profile_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme-flow.toml"), PROFILE).unwrap();
    let site = SiteText::new("s").with("profiles = '.'").tcp_bus("b", 0);
    let site = site.device("flow", "b", "profile = 'acme-flow'");
    let file = folder.path().join("pantau.toml");
    let mut config = load_config_text(&site.text(), &file, &|_| None).unwrap();
    let place = GeoLocation {
        latitude: -3.0,
        longitude: 104.0,
    };
    let plant = SimulatedPlant::new(place, SiteZone::default(), 1, UtcMs(1_782_838_800_000));
    let world = SimulatedWorld::new(plant, Clock::system(), 1, 1.0);
    let served = serve_devices(&config, &world).await.unwrap();
    served.redirect_config(&mut config);
    let mut reader = AdhocReader::new(&config, 0, &Clock::system()).unwrap();
    let reading = reader.read().await;
    assert_eq!(reading.failure, None);
    assert!(reading.outcomes[0].number().is_some());
}
