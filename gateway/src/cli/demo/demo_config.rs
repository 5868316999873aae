//! Configuration file of the demo.

use crate::cli::simulate::address_lines;
use crate::config::Bus;
use crate::simulator::SimulatedEndpoint;
use std::fmt::Write as _;
use std::path::Path;

/// Configuration of the demo site; the simulator replaces its bus addresses.
pub(super) const DEMO_SITE: &str = include_str!("../../../assets/demo.toml");

/// The configuration of a demo whose folder is `home`, with the addresses of its simulated buses
/// where these are known.
pub(super) fn demo_config_text(
    (mqtt, influx): (Option<&str>, Option<&str>),
    home: &Path,
    places: Option<(&[Bus], &[SimulatedEndpoint])>,
) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = quoted(&home.to_string_lossy());
    let mut text = match places {
        Some((buses, places)) => with_addresses(DEMO_SITE, buses, places),
        None => DEMO_SITE.to_owned(),
    };
    let _ = write!(text, "\n[store]\npath = {path}\nflush = \"5s\"\n");
    if let Some(url) = mqtt {
        let _ = write!(text, "\n[mqtt]\nurl = {}\n", quoted(url));
    }
    if let Some(url) = influx {
        let url = quoted(url);
        let _ = write!(
            text,
            "\n[influx]\nurl = {url}\norg = \"pantau\"\nbucket = \"pantau\"\n"
        );
    }
    text
}

/// The text with other addresses in its `[[bus]]` tables, which stand in the order of `buses` and
/// end with an empty line; its comments stay.
fn with_addresses(text: &str, buses: &[Bus], places: &[SimulatedEndpoint]) -> String {
    let mut all = buses.iter().zip(places);
    let mut new_lines: Option<Vec<String>> = None;
    let mut done = String::new();
    for line in text.lines() {
        let key = line.split('=').next().unwrap_or_default().trim();
        if line.starts_with("[[bus]]") {
            let known = all.next();
            new_lines = known.map(|(bus, place)| address_lines(&bus.link, place));
        } else if line.is_empty() {
            for new in new_lines.take().unwrap_or_default() {
                let _ = writeln!(done, "{new}");
            }
        } else if let Some(new) = &new_lines
            && new.iter().any(|one| one.starts_with(&format!("{key} = ")))
        {
            continue;
        }
        let _ = writeln!(done, "{line}");
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::load_site;

    #[test]
    fn the_file_beside_a_demo_has_the_addresses_that_are_really_used() {
        let places = [
            SimulatedEndpoint::Tcp(([127, 0, 0, 1], 40_123).into()),
            SimulatedEndpoint::Port("/dev/pts/7".into()),
            SimulatedEndpoint::Folder("/dev/shm/p/pins".into()),
            SimulatedEndpoint::Folder("/dev/shm/p/probes".into()),
        ];
        let config = load_site(DEMO_SITE);
        let text = with_addresses(DEMO_SITE, &config.buses, &places);
        let moved = load_site(&text);
        let addresses = moved.buses.iter().map(|bus| bus.link.summary().address);
        let addresses: Vec<String> = addresses.collect();
        let expected = [
            "127.0.0.1:40123",
            "/dev/pts/7",
            "/dev/shm/p/pins",
            "/dev/shm/p/probes",
        ];
        assert_eq!(addresses, expected);
        assert_eq!(moved.site.devices, config.site.devices);
        assert!(text.contains("# DS18B20 probes"), "comments stay");
    }
}
