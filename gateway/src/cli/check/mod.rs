//! `pantau check`: the faults of a configuration, or what it will do.

mod assets;
mod estimate;

use super::device::captures;
use super::{DONE, WRONG};
use crate::clock::Clock;
use crate::config::{self, Config, Fault, Faults};
use crate::words::Lang;
use estimate::{BusLoad, Estimate};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;

/// Prints the faults, or the plan; the exit status.
pub(super) fn run(file: &Path, lang: Lang, json: bool) -> u8 {
    let loaded = config::load(file).map(|mut config| {
        config.warnings.extend(config.expired(today(&config)));
        config
    });
    match loaded {
        Ok(config) if !faults_of_profiles(&config).is_empty() => {
            wrong(&Faults(faults_of_profiles(&config)), lang, json)
        }
        Ok(config) if json => print(&format!("{:#}\n", plan_json(&config, lang)), DONE),
        Ok(config) => print(&plan_text(&config, lang), DONE),
        Err(faults) => wrong(&faults, lang, json),
    }
}

/// The site's date, by this computer's clock.
fn today(config: &Config) -> Date {
    let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(Clock::system().now().at.0).unwrap_or_default();
    now.to_zoned_datetime(zone).date()
}

fn wrong(faults: &Faults, lang: Lang, json: bool) -> u8 {
    if json {
        return print(&format!("{:#}\n", faults_json(faults, lang)), WRONG);
    }
    eprintln!("{}", faults.render(lang));
    WRONG
}

/// What is wrong with the site's own profiles, also with those that no device has yet: the rules,
/// and captures that decode otherwise.
fn faults_of_profiles(config: &Config) -> Vec<Fault> {
    let Some(directory) = &config.profiles else {
        return Vec::new();
    };
    let all = config::profiles(Some(directory)).into_iter();
    all.flat_map(|(_, profile)| match profile {
        Ok(profile) if profile.file.starts_with(directory) => captures(&profile),
        Ok(_) => Vec::new(),
        Err(faults) => faults.0,
    })
    .collect()
}

/// Prints the JSON Schema of `pantau.toml`.
pub(super) fn schema() -> u8 {
    print(&(config::schema() + "\n"), DONE)
}

/// A reader that has gone away (`| head`) is no failure of the check.
fn print(text: &str, status: u8) -> u8 {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    status
}

fn fault_json(fault: &Fault, lang: Lang) -> Value {
    json!({
        "file": fault.file,
        "line": fault.line,
        "key": fault.key,
        "what": fault.what,
        "found": fault.found,
        "expected": fault.expected(lang),
        "hint": fault.hint,
        "message": fault.render(lang),
    })
}

fn faults_json(faults: &Faults, lang: Lang) -> Value {
    let list: Vec<Value> = faults
        .0
        .iter()
        .map(|fault| fault_json(fault, lang))
        .collect();
    json!({ "ok": false, "faults": list })
}

fn plan_json(config: &Config, lang: Lang) -> Value {
    let estimate = Estimate::of(config);
    let buses: Vec<Value> = estimate
        .buses
        .iter()
        .map(|bus| bus_json(config, bus))
        .collect();
    let warnings: Vec<Value> = config
        .warnings
        .iter()
        .map(|fault| fault_json(fault, lang))
        .collect();
    json!({
        "ok": true,
        "site": &*config.site.id,
        "buses": buses,
        "assets": assets::json(config, lang),
        "indicators": config.definitions.all().len(),
        "mqtt_mb_per_month": estimate.mqtt_mb,
        "influx_mb_per_month": estimate.influx_mb,
        "card_written_mb_per_month": estimate.written_mb,
        "card_kept_mb_per_month": estimate.kept_mb,
        "warnings": warnings,
    })
}

fn bus_json(config: &Config, bus: &BusLoad) -> Value {
    let devices: Vec<Value> = bus
        .devices
        .iter()
        .map(|device| {
            let (settings, info) = (
                &config.devices[device.index],
                &config.site.devices[device.index],
            );
            json!({
                "id": &*settings.id,
                "unit": settings.unit,
                "profile": info.profile.as_deref(),
                "kind": &*info.kind,
                "points": settings.points.len(),
                "every_ms": info.every_ms,
                "requests_per_poll": device.requests,
                "wire_ms": device.wire_ms,
            })
        })
        .collect();
    json!({
        "id": &*config.buses[bus.index].id,
        "link": estimate::link_text(&config.buses[bus.index].link),
        "devices": devices,
        "cycle_s": bus.cycle_s(),
        "load_percent": bus.load * 100.0,
        "overloaded": bus.is_overloaded(),
    })
}

fn plan_text(config: &Config, lang: Lang) -> String {
    let estimate = Estimate::of(config);
    let points: usize = config
        .devices
        .iter()
        .map(|device| device.points.len())
        .sum();
    let mut lines = vec![lang.say(
        "cli-check-site",
        &[
            ("site", &config.site.id),
            ("name", &config.site.name),
            ("buses", &config.buses.len().to_string()),
            ("devices", &config.devices.len().to_string()),
            ("points", &points.to_string()),
            ("assets", &config.assets.len().to_string()),
        ],
    )];
    for bus in &estimate.buses {
        bus_text(&mut lines, config, bus, lang);
    }
    assets::text(&mut lines, config, lang);
    sinks_text(&mut lines, config, &estimate, lang);
    for warning in &config.warnings {
        let text = warning.render(lang);
        lines.push(lang.say("cli-check-warning", &[("text", &text)]));
    }
    lines.push(lang.text("cli-check-good"));
    lines.join("\n") + "\n"
}

fn bus_text(lines: &mut Vec<String>, config: &Config, bus: &BusLoad, lang: Lang) {
    let settings = &config.buses[bus.index];
    lines.push(String::new());
    lines.push(lang.say(
        "cli-check-bus",
        &[
            ("bus", &settings.id),
            ("link", &estimate::link_text(&settings.link)),
            ("seconds", &format!("{:.2}", bus.cycle_s())),
            ("load", &format!("{:.1}", bus.load * 100.0)),
        ],
    ));
    for device in &bus.devices {
        let (settings, info) = (
            &config.devices[device.index],
            &config.site.devices[device.index],
        );
        lines.push(lang.say(
            "cli-check-device",
            &[
                ("device", &settings.id),
                ("unit", &settings.unit.to_string()),
                ("profile", info.profile.as_deref().unwrap_or("-")),
                ("points", &settings.points.len().to_string()),
                ("every", &format!("{:?}", settings.every)),
                ("requests", &device.requests.to_string()),
                ("ms", &format!("{:.0}", device.wire_ms)),
            ],
        ));
    }
    if bus.is_overloaded() {
        let text = lang.say("cli-check-overloaded", &[("bus", &settings.id)]);
        lines.push(lang.say("cli-check-warning", &[("text", &text)]));
    }
}

fn sinks_text(lines: &mut Vec<String>, config: &Config, estimate: &Estimate, lang: Lang) {
    lines.push(String::new());
    if let (Some(mqtt), Some(mb)) = (&config.mqtt, estimate.mqtt_mb) {
        let to = format!("{}:{}", mqtt.host, mqtt.port);
        lines.push(lang.say(
            "cli-check-mqtt",
            &[("to", &to), ("mb", &format!("{mb:.0}"))],
        ));
    }
    if let (Some(influx), Some(mb)) = (&config.influx, estimate.influx_mb) {
        lines.push(lang.say(
            "cli-check-influx",
            &[("to", &influx.url), ("mb", &format!("{mb:.0}"))],
        ));
    }
    lines.push(lang.say(
        "cli-check-card",
        &[
            ("written", &format!("{:.0}", estimate.written_mb)),
            ("kept", &format!("{:.1}", estimate.kept_mb)),
            ("flush", &format!("{:?}", config.store.flush)),
            ("path", &config.store.path.display().to_string()),
        ],
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn config(text: &str) -> Config {
        let env = |_: &str| Some("x".to_owned());
        config::load_text(text, Path::new("pantau.toml"), &env).unwrap()
    }

    #[test]
    fn the_plan_names_every_bus_device_and_destination() {
        let config = config(include_str!("../../../../config/pantau.toml"));
        let text = plan_text(&config, Lang::En);
        for word in [
            "Asset plts (plts)",
            "grid.sumatera.2019.cm5050_expost = 0.94 tCO2/MWh (2019)",
            "provisional",
            "rs485",
            "inverter",
            "growatt-min-tlx",
            "broker.example.org:8883",
            "MB",
        ] {
            assert!(text.contains(word), "{word} in {text}");
        }
        assert!(!text.contains("cli-check"), "{text}");
        assert!(!plan_text(&config, Lang::Id).contains("cli-check"));
        let plan = plan_json(&config, Lang::En);
        assert_eq!(plan["ok"], true);
        assert_eq!(plan["buses"][0]["devices"][1]["requests_per_poll"], 1);
        assert_eq!(plan["assets"][0]["baseline"]["code"], "GRID");
        assert_eq!(plan["assets"][0]["baseline"]["headline"], "no-page");
        assert_eq!(
            plan["assets"][0]["factors"][0]["status"],
            "transcribed_2plus"
        );
    }

    #[test]
    fn a_line_that_cannot_keep_up_is_called_overloaded() {
        let mut text = "[site]\nid = 'a'\n[[bus]]\nid = 'slow'\nkind = 'modbus-rtu'\nport = '/dev/x'\nbaud = 1200\n".to_owned();
        for unit in 1..=8 {
            let _ = write!(
                text,
                "[[device]]\nid = 'd{unit}'\nbus = 'slow'\nunit = {unit}\nevery = '1s'\n\
                 point = [{{ id = 'v', register = 'holding:0', type = 'u16' }}]\n"
            );
        }
        let config = config(&text);
        let plan = plan_json(&config, Lang::En);
        assert_eq!(plan["buses"][0]["overloaded"], true);
        assert!(plan_text(&config, Lang::Id).contains("slow"));
    }
}
