//! `pantau check`: errors of a configuration, or the plan of what it will do.
//!
//! Entry point: [`run_check`].
//!
//! ```text
//! $ pantau check -c pantau.toml
//! ```
//!
//! User documentation: `docs/configuration.md`.

mod assets;
mod estimate;

use super::device::capture_diagnostics;
use super::exit_status::{EXIT_DONE, EXIT_USAGE};
use super::standard_output::{print_line, print_text};
use crate::clock::Clock;
use crate::config::pin_place::pin_place;
use crate::config::{self, Config, Diagnostic, Diagnostics};
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use crate::sinks::SINK_KINDS;
use estimate::{BusLoad, CostEstimate};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::path::Path;

/// Prints the errors, or the plan; returns the exit status.
pub(super) fn run_check(file: &Path, lang: Language, json: bool) -> u8 {
    let loaded = config::load_config(file).map(|mut config| {
        // Loading knows no date: its result depends on the file alone.
        config
            .warnings
            .extend(config.expired_factors(site_today(&config)));
        config
    });
    match loaded {
        Ok(config) if !config.far_days(site_today(&config)).is_empty() => {
            let faults = Diagnostics(config.far_days(site_today(&config)));
            print_diagnostics(&faults, lang, json)
        }
        Ok(config) if !profile_diagnostics(&config).is_empty() => {
            print_diagnostics(&Diagnostics(profile_diagnostics(&config)), lang, json)
        }
        Ok(config) => {
            let text = if json {
                format!("{:#}\n", plan_json(&config, lang))
            } else {
                plan_text(&config, lang)
            };
            print_text(&text);
            EXIT_DONE
        }
        Err(faults) => print_diagnostics(&faults, lang, json),
    }
}

/// Date at the site by the clock of this computer.
fn site_today(config: &Config) -> Date {
    config.site.timezone.date(Clock::system().now().at)
}

fn print_diagnostics(faults: &Diagnostics, lang: Language, json: bool) -> u8 {
    if json {
        // Standard output: for a script the errors are the result.
        print_text(&format!("{:#}\n", diagnostics_json(faults, lang)));
    } else {
        eprintln!("{}", faults.render(lang));
    }
    EXIT_USAGE
}

/// Errors of the site's own profiles, also of those that no device uses: broken rules, and captures
/// that decode to other values.
fn profile_diagnostics(config: &Config) -> Vec<Diagnostic> {
    let Some(directory) = &config.profiles else {
        return Vec::new();
    };
    let all = config::load_profiles(Some(directory)).into_iter();
    all.flat_map(|(_, profile)| match profile {
        // Built-in profiles are tested with the program.
        Ok(profile) if profile.file.starts_with(directory) => capture_diagnostics(&profile),
        Ok(_) => Vec::new(),
        Err(faults) => faults.0,
    })
    .collect()
}

/// Prints the JSON Schema of `pantau.toml`.
pub(super) fn print_schema() -> u8 {
    print_line(&config::config_schema());
    EXIT_DONE
}

fn diagnostic_json(fault: &Diagnostic, lang: Language) -> Value {
    json!({
        "file": fault.file,
        "line": fault.line,
        "key": fault.key,
        "what": fault.what,
        "found": fault.found,
        "expected": fault.expected_text(lang),
        "hint": fault.hint,
        "message": fault.render(lang),
    })
}

fn diagnostics_json(faults: &Diagnostics, lang: Language) -> Value {
    let list: Vec<Value> = faults
        .0
        .iter()
        .map(|fault| diagnostic_json(fault, lang))
        .collect();
    json!({ "ok": false, "faults": list })
}

fn plan_json(config: &Config, lang: Language) -> Value {
    let estimate = CostEstimate::from_config(config);
    let buses: Vec<Value> = estimate
        .buses
        .iter()
        .map(|bus| bus_json(config, bus))
        .collect();
    let warnings: Vec<Value> = config
        .warnings
        .iter()
        .map(|fault| diagnostic_json(fault, lang))
        .collect();
    let mut plan = json!({
        "ok": true,
        "site": &*config.site.id,
        "buses": buses,
        "assets": assets::assets_json(config, lang),
        "indicators": config.definitions.all().len(),
        "card_written_mb_per_month": estimate.written_mb,
        "card_kept_mb_per_month": estimate.kept_mb,
        "warnings": warnings,
    });
    // A sink that is not configured has a key, too: null.
    for kind in SINK_KINDS {
        let mut sinks = config.sinks.iter().zip(&estimate.sinks_mb);
        let found = sinks.find(|(sink, _)| sink.name() == kind.name());
        plan[format!("{}_mb_per_month", kind.name())] = found.map(|(_, mb)| *mb).into();
    }
    plan
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

fn plan_text(config: &Config, lang: Language) -> String {
    let estimate = CostEstimate::from_config(config);
    let points: usize = config
        .devices
        .iter()
        .map(|device| device.points.len())
        .sum();
    let mut lines = vec![lang.text_with(
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
        push_bus_text(&mut lines, config, bus, lang);
    }
    assets::push_assets_text(&mut lines, config, lang);
    push_sinks_text(&mut lines, config, &estimate, lang);
    for warning in &config.warnings {
        let text = warning.render(lang);
        lines.push(lang.text_with("cli-check-warning", &[("text", &text)]));
    }
    lines.push(lang.text("cli-check-good"));
    lines.join("\n") + "\n"
}

fn push_bus_text(lines: &mut Vec<String>, config: &Config, bus: &BusLoad, lang: Language) {
    let settings = &config.buses[bus.index];
    let digits = |text: &str| lang.locale().plain_digits(text);
    lines.push(String::new());
    // Pins and nodes have neither requests nor a time on the wire.
    let (bus_key, device_key) = match settings.link.modbus() {
        Some(_) => ("cli-check-bus", "cli-check-device"),
        None => ("cli-check-pin-bus", "cli-check-pin-device"),
    };
    lines.push(lang.text_with(
        bus_key,
        &[
            ("bus", &settings.id),
            ("link", &estimate::link_text(&settings.link)),
            ("seconds", &digits(&nearest_digits(bus.cycle_s(), 2))),
            ("load", &digits(&nearest_digits(bus.load * 100.0, 1))),
        ],
    ));
    for device in &bus.devices {
        let (settings, info) = (
            &config.devices[device.index],
            &config.site.devices[device.index],
        );
        let place = pin_place(settings, lang).unwrap_or_default();
        lines.push(lang.text_with(
            device_key,
            &[
                ("device", &settings.id),
                ("unit", &settings.unit.to_string()),
                ("pin", &place),
                ("profile", info.profile.as_deref().unwrap_or("-")),
                ("points", &settings.points.len().to_string()),
                ("every", &digits(&format!("{:?}", settings.every))),
                ("requests", &device.requests.to_string()),
                ("ms", &nearest_digits(device.wire_ms, 0)),
            ],
        ));
    }
    if bus.is_overloaded() {
        let (seconds, period) = (bus.cycle_s(), bus.shortest_period_s());
        let args = [
            ("bus", &*settings.id),
            ("seconds", &digits(&nearest_digits(seconds, 2))),
            ("period", &nearest_digits(period, 0)),
        ];
        let text = lang.text_with("cli-check-overloaded", &args);
        lines.push(lang.text_with("cli-check-warning", &[("text", &text)]));
    }
}

fn push_sinks_text(
    lines: &mut Vec<String>,
    config: &Config,
    estimate: &CostEstimate,
    lang: Language,
) {
    let digits = |text: &str| lang.locale().plain_digits(text);
    lines.push(String::new());
    for (sink, mb) in config.sinks.iter().zip(&estimate.sinks_mb) {
        let (to, mb) = (sink.address(), nearest_digits(*mb, 0));
        let args = [("sink", sink.name()), ("to", &to), ("mb", &mb)];
        lines.push(lang.text_with("cli-check-sink", &args));
    }
    lines.push(lang.text_with(
        "cli-check-card",
        &[
            ("written", &nearest_digits(estimate.written_mb, 0)),
            ("kept", &digits(&nearest_digits(estimate.kept_mb, 1))),
            ("flush", &digits(&format!("{:?}", config.store.flush))),
            ("path", &config.store.path.display().to_string()),
        ],
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::SiteText;

    fn load_test_config(text: &str) -> Config {
        let env = |_: &str| Some("x".to_owned());
        config::load_config_text(text, Path::new("pantau.toml"), &env).unwrap()
    }

    #[test]
    fn the_plan_names_every_bus_device_and_destination() {
        let config = load_test_config(include_str!("../../../../config/pantau.toml"));
        let text = plan_text(&config, Language::En);
        for word in [
            "Asset plts (plts)",
            "grid.sumatera.2019.cm5050_exante = 0.93 tCO2/MWh (2019)",
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
        assert!(!plan_text(&config, Language::Id).contains("cli-check"));
        let plan = plan_json(&config, Language::En);
        assert_eq!(plan["ok"], true);
        assert_eq!(plan["buses"][0]["devices"][1]["requests_per_poll"], 1);
        assert_eq!(plan["assets"][0]["baseline"]["code"], "GRID");
        assert_eq!(plan["assets"][0]["baseline"]["headline"], "no-page");
        assert_eq!(plan["assets"][0]["factors"][0]["status"], "transcribed_1");
    }

    #[test]
    fn a_line_that_cannot_keep_up_is_called_overloaded() {
        let line = "kind = 'modbus-rtu'\nport = '/dev/x'\nbaud = 1200";
        let mut site = SiteText::new("a").bus("slow", line);
        for unit in 1..=8 {
            let keys = format!("unit = {unit}\nevery = '1s'");
            let point = ["{ id = 'v', register = 'holding:0', type = 'u16' }"];
            site = site.device(&format!("d{unit}"), "slow", keys).points(point);
        }
        let config = load_test_config(&site.text());
        let plan = plan_json(&config, Language::En);
        assert_eq!(plan["buses"][0]["overloaded"], true);
        let text = plan_text(&config, Language::Id);
        // 8 requests of 8 and 7 characters at 1200 baud, two silences, and 30 ms each.
        assert!(text.contains("1,71 detik"), "{text}");
        assert!(text.contains("every = \"3s\""), "{text}");
    }
}
