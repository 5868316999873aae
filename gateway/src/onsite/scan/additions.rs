//! What was found, as text to be added to the end of the configuration: comments and order stay.

use super::{Found, Place, place_text, port, told};
use crate::config::{Config, Link};
use crate::field::scan::Tuning;
use crate::words::Lang;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What is to be added, and what is not, in sentences.
#[derive(Debug, Default, PartialEq)]
pub struct Additions {
    /// TOML tables; empty when there is nothing new.
    pub text: String,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// The configuration with more at its end.
pub fn joined(old: &str, more: &str) -> String {
    let newline = if old.is_empty() || old.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{old}{newline}{more}")
}

/// Ids that are taken, and buses that are there or will be.
struct Ids {
    taken: BTreeSet<String>,
    new: Vec<(Place, String)>,
}

impl Ids {
    /// `base`, or with the first number that makes it new.
    fn fresh(&mut self, base: &str, first: usize) -> String {
        let numbered = |number: usize| match number {
            0 => base.to_owned(),
            number => format!("{base}-{number}"),
        };
        let most = first + self.taken.len();
        let free = (first..=most)
            .map(numbered)
            .find(|id| !self.taken.contains(id));
        let id = free.unwrap_or_else(|| base.to_owned());
        self.taken.insert(id.clone());
        id
    }
}

/// What is to be added for these devices.
pub fn additions(config: &Config, found: &[Found], lang: Lang) -> Additions {
    let devices = config.devices.iter().map(|device| device.id.to_string());
    let buses = config.buses.iter().map(|bus| bus.id.to_string());
    let mut ids = Ids {
        taken: devices.chain(buses).collect(),
        new: Vec::new(),
    };
    let mut additions = Additions::default();
    for one in found {
        let place = place_text(&one.place);
        let unit = one.unit.to_string();
        let args = [("place", place.as_str()), ("unit", unit.as_str())];
        if one.verdict.candidates.is_empty() {
            additions
                .left_out
                .push(lang.say("scan-write-unknown", &args));
            continue;
        }
        match bus_of(config, &mut ids, one, &mut additions.text) {
            Ok(Some(bus)) => device(&mut ids, &bus, one, lang, &mut additions.text),
            Ok(None) => {}
            Err(settings) => {
                let settings = settings.text();
                let args = [args[0], args[1], ("settings", settings.as_str())];
                additions
                    .left_out
                    .push(lang.say("scan-write-settings", &args));
            }
        }
    }
    additions
}

/// The id of the device's bus, which is made when there is none; `None` when the device is there
/// already, `Err` with the settings of a bus that speaks otherwise.
fn bus_of(
    config: &Config,
    ids: &mut Ids,
    found: &Found,
    text: &mut String,
) -> Result<Option<String>, Tuning> {
    for (index, bus) in config.buses.iter().enumerate() {
        let other = match (&bus.link, &found.place) {
            (Link::Rtu(line), Place::Line(path, tuning)) if port::same(&line.port, path) => {
                let own = Tuning {
                    baud: line.baud,
                    parity: line.parity,
                    stop_bits: line.stop_bits,
                };
                (own != *tuning).then_some(own)
            }
            (Link::Tcp { host, port }, Place::Network(at, number))
            | (Link::RtuOverTcp { host, port, .. }, Place::Server(at, number))
                if host == at && port == number =>
            {
                None
            }
            _ => continue,
        };
        if let Some(other) = other {
            return Err(other);
        }
        let mut devices = config.devices.iter();
        let known = devices.any(|device| device.bus == index && device.unit == found.unit);
        return Ok((!known).then(|| bus.id.to_string()));
    }
    for (place, id) in &ids.new {
        match (place, &found.place) {
            (one, other) if one == other => return Ok(Some(id.clone())),
            (Place::Line(port, tuning), Place::Line(other, _)) if port == other => {
                return Err(*tuning);
            }
            _ => {}
        }
    }
    let id = match &found.place {
        Place::Line(..) => ids.fresh("rs485", 0),
        Place::Network(..) | Place::Server(..) => ids.fresh("lan", 0),
    };
    text.push_str(&bus_text(&found.place, &id));
    ids.new.push((found.place.clone(), id.clone()));
    Ok(Some(id))
}

fn bus_text(place: &Place, id: &str) -> String {
    let id = quoted(id);
    match place {
        Place::Line(port, tuning) => format!(
            "\n[[bus]]\nid = {id}\nkind = \"modbus-rtu\"\nport = {}\nbaud = {}\nparity = \"{}\"\n",
            quoted(&port.display().to_string()),
            tuning.baud,
            told::parity_word(tuning.parity),
        ),
        Place::Network(host, port) => network_text(&id, "modbus-tcp", host, *port),
        Place::Server(host, port) => network_text(&id, "modbus-rtu-over-tcp", host, *port),
    }
}

fn network_text(id: &str, kind: &str, host: &str, port: u16) -> String {
    let host = quoted(host);
    format!("\n[[bus]]\nid = {id}\nkind = \"{kind}\"\nhost = {host}\ntcp_port = {port}\n")
}

fn device(ids: &mut Ids, bus: &str, found: &Found, lang: Lang, text: &mut String) {
    let candidates = &found.verdict.candidates;
    let Some(first) = candidates.first() else {
        return;
    };
    let id = ids.fresh(&first.kind, 1);
    text.push('\n');
    if candidates.len() > 1 {
        let names: Vec<&str> = candidates.iter().map(|one| &*one.profile).collect();
        let doubt = lang.say("scan-write-unsure", &[("names", &names.join(", "))]);
        let _ = writeln!(text, "# {doubt}");
    }
    let _ = write!(
        text,
        "[[device]]\nid = {}\nbus = {}\nunit = {}\nprofile = {}\nevery = \"10s\"\n",
        quoted(&id),
        quoted(bus),
        found.unit,
        quoted(&first.profile),
    );
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
