//! Sites that the unit tests of several rooms share.

#[path = "../../../tests/reply_faults.rs"]
pub mod reply_faults;
#[path = "../../../tests/site_text.rs"]
pub mod site_text;

use crate::clock::Clock;
use crate::config::{Config, load_config_text};
use crate::domain::site_zone::SiteZone;
use crate::domain::{Site, UtcMs};
use crate::simulator::{SimulatedPlant, SimulatedWorld, clear_sky};
pub(crate) use site_text::SiteText;
use std::fmt::Display;
use std::path::Path;

/// Checked configuration of a text.
#[track_caller]
pub(crate) fn load_site(text: &str) -> Config {
    load_config_text(text, Path::new("pantau.toml"), &|_| None)
        .unwrap_or_else(|faults| panic!("{faults}"))
}

/// Configuration with a SunSpec device `d` with these keys behind a port; further keys of its bus
/// may follow the port.
pub(crate) fn sunspec_text(port: impl Display, keys: &str) -> String {
    SiteText::new("a")
        .tcp_bus("b", port)
        .device("d", "b", format_args!("profile = 'sunspec'\n{keys}"))
        .text()
}

/// Site of these devices, in southern Sumatra.
pub(crate) fn site_with_devices(id: &str, devices: Vec<crate::domain::DeviceInfo>) -> Site {
    Site {
        id: id.into(),
        name: id.into(),
        timezone: SiteZone::default(),
        latitude: -3.76,
        longitude: 103.78,
        devices,
    }
}

/// Simulated world in southern Sumatra whose clock stands at a moment.
pub(crate) fn world_at(at: UtcMs) -> SimulatedWorld {
    let place = clear_sky::GeoLocation {
        latitude: -3.76,
        longitude: 103.78,
    };
    let plant = SimulatedPlant::new(place, SiteZone::default(), 1, at);
    SimulatedWorld::new(plant, Clock::set(at, true), 1, 1.0)
}
