//! Sites that several tests use: their files, the program run on them, their simulated world.

use crate::killed::pantau;
use gateway::clock::Clock;
use gateway::config::StoreSettings;
use gateway::domain::site_zone::SiteZone;
use gateway::domain::{DeviceInfo, Site, UtcMs};
use gateway::simulator::{SimulatedPlant, SimulatedWorld, clear_sky};
use gateway::storage::Store;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::site_text::SiteText;

/// Simulated time, 2026-07-01T12:00:00+07:00. It stands still, so that every value is known.
pub(crate) const NOON: UtcMs = UtcMs(1_782_882_000_000);

/// Simulated world in southern Sumatra at noon.
pub(crate) fn noon_world() -> SimulatedWorld {
    let place = clear_sky::GeoLocation {
        latitude: -3.76,
        longitude: 103.78,
    };
    let plant = SimulatedPlant::new(place, SiteZone::default(), 1, NOON);
    SimulatedWorld::new(plant, Clock::set(NOON, true), 1, 1.0)
}

/// Site of these devices, in southern Sumatra.
pub(crate) fn site_of(id: &str, name: &str, devices: Vec<DeviceInfo>) -> Site {
    Site {
        id: id.into(),
        name: name.into(),
        timezone: SiteZone::default(),
        latitude: -3.76,
        longitude: 103.78,
        devices,
    }
}

/// Store of a site in a folder that flushes every two seconds, with a clock that is trusted:
/// readings of another one would be uncertain, and the plots empty.
pub(crate) fn live_store(folder: &Path, site: &Site) -> (Store, Clock) {
    let clock = Clock::system();
    clock.trust();
    let settings = StoreSettings {
        path: folder.to_owned(),
        flush: Duration::from_secs(2),
        keep: None,
        budget: None,
    };
    let store = Store::open(folder, site, &settings, "", &clock).unwrap();
    (store, clock)
}

/// Writes `pantau.toml` into a folder, with the store beside it; returns the file.
pub(crate) fn write_config(folder: &Path, site: SiteText) -> PathBuf {
    let file = folder.join("pantau.toml");
    std::fs::write(&file, site.store(&folder.join("store")).text()).unwrap();
    file
}

/// Runs the program on a folder's `pantau.toml`; it must succeed. Returns its standard output.
#[track_caller]
pub(crate) fn run_ok(folder: &Path, lang: &str, words: &[&str]) -> Vec<u8> {
    let mut command = pantau();
    command.args(["--lang", lang, "--log", "error"]).args(words);
    command.arg("-c").arg(folder.join("pantau.toml"));
    let output = command.current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    output.stdout
}
