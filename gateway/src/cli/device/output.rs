//! Output of `pantau device`.

use crate::cli::exit_status::{EXIT_DONE, EXIT_USAGE};
use crate::cli::standard_output::print_text;
use crate::config::identification::{IdentificationRule, IdentificationSource, IdentificationTest};
use crate::config::profile::Profile;
use crate::config::{ModbusPoint, Parity, Point, valid_profiles};
use crate::i18n::Language;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Prints every profile, one on each line.
pub(super) fn print_profiles(dir: Option<&Path>, json: bool, lang: Language) -> u8 {
    let profiles = valid_profiles(dir);
    if json {
        let values: Vec<Value> = profiles.iter().map(profile_json).collect();
        print_text(&format!("{:#}\n", Value::from(values)));
        return EXIT_DONE;
    }
    let mut text = String::new();
    for profile in &profiles {
        let sure = lang.text(&format!("confidence-{}", profile.confidence.word()));
        let _ = writeln!(
            text,
            "{:<28} {:<12} {:<8} {} {}",
            profile.name, profile.kind, sure, profile.manufacturer, profile.model
        );
    }
    print_text(&text);
    EXIT_DONE
}

/// Prints one profile with its points.
pub(super) fn print_profile(dir: Option<&Path>, name: &str, json: bool, lang: Language) -> u8 {
    let profiles = valid_profiles(dir);
    let Some(profile) = profiles.iter().find(|profile| *profile.name == *name) else {
        eprintln!(
            "{}",
            lang.text_with("cli-device-unknown", &[("name", name)])
        );
        return EXIT_USAGE;
    };
    if json {
        print_text(&format!("{:#}\n", profile_json(profile)));
    } else {
        print_text(&profile_text(profile, lang));
    }
    EXIT_DONE
}

fn profile_text(profile: &Profile, lang: Language) -> String {
    let sure = |word: &str| lang.text(&format!("confidence-{word}"));
    let mut text = format!("{} {}\n", profile.manufacturer, profile.model);
    let args = [
        ("kind", &*profile.kind),
        ("sure", &sure(profile.confidence.word())),
        ("source", &profile.source),
    ];
    text += &(lang.text_with("cli-device-head", &args) + "\n");
    if let Some(way) = &profile.reached_by {
        text += &(lang.text_with(
            "fault-reached-by",
            &[("found", &profile.name), ("expected", way)],
        ) + "\n");
    }
    if let Some(link) = link_text(profile, lang) {
        text += &(lang.text_with("cli-device-link", &[("link", &link)]) + "\n");
    }
    for point in profile.points.iter().chain(&profile.facts) {
        let doubt = sure(point.about.confidence.word());
        let _ = writeln!(
            text,
            "  {:<28} {:<14} {:<10} {:<6} {doubt} {}",
            point.name,
            register_text(point),
            type_text(point),
            point.unit,
            value_names(point)
        );
    }
    let words = ["cli-device-vendor", "cli-device-product"].map(|key| lang.text(key));
    let words = words.each_ref().map(String::as_str);
    for rule in &profile.identify {
        let _ = writeln!(text, "  ? {}", rule_text(rule, words));
    }
    for document in &profile.documents {
        let parts = [
            &document.title,
            &document.revision,
            &document.section,
            &document.url,
        ];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        let _ = writeln!(text, "  - {}", parts.join("  ").trim_end());
    }
    text
}

fn link_text(profile: &Profile, lang: Language) -> Option<String> {
    let factory = &profile.factory;
    let parity = match factory.parity {
        Some(Parity::Even) => "E",
        Some(Parity::Odd) => "O",
        _ => "N",
    };
    let stop = factory.stop_bits.unwrap_or(1);
    let serial = factory.baud.map(|baud| format!("{baud} 8{parity}{stop}"));
    let tcp = factory.tcp_port.map(|port| format!("TCP {port}"));
    let unit = |unit: u8| lang.text_with("cli-device-unit", &[("unit", &unit.to_string())]);
    let unit = factory.unit.map(unit);
    let parts: Vec<String> = [serial, tcp, unit].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn register_text(point: &Point) -> String {
    point
        .modbus()
        .map_or_else(String::new, ModbusPoint::register_text)
}

fn type_text(point: &Point) -> String {
    let access = point.modbus();
    access.map_or_else(String::new, |access| access.encoding.word())
}

fn value_names(point: &Point) -> String {
    let values = point.about.values.iter();
    let values = values.map(|(raw, name)| format!("{raw}={name}"));
    let flags = point.about.flags.iter();
    let flags = flags.map(|(bit, name)| format!("bit {bit}={name}"));
    values.chain(flags).collect::<Vec<_>>().join(" ")
}

/// Text of a rule, with these words for vendor and product.
fn rule_text(rule: &IdentificationRule, [vendor, product]: [&str; 2]) -> String {
    let asked = match &rule.asked {
        IdentificationSource::Registers(point) if point.name.is_empty() => register_text(point),
        IdentificationSource::Registers(point) => point.name.to_string(),
        IdentificationSource::Vendor => vendor.to_owned(),
        IdentificationSource::Product => product.to_owned(),
    };
    match &rule.test {
        IdentificationTest::Range(min, max) => format!("{asked} {min}..{max}"),
        IdentificationTest::OneOf(values, None) => format!("{asked} = {values:?}"),
        IdentificationTest::OneOf(values, Some(mask)) => {
            format!("{asked} & {mask:#x} = {values:?}")
        }
        IdentificationTest::Contains(text) => format!("{asked} ~ {text:?}"),
    }
}

fn profile_json(profile: &Profile) -> Value {
    let point = |point: &Point| {
        json!({
            "id": &*point.name,
            "register": register_text(point),
            "type": type_text(point),
            "unit": &*point.unit,
            "quantity": &*point.quantity,
            "counter": point.counter,
            "confidence": point.about.confidence.word(),
        })
    };
    // For scripts the words are those of the profile's own keys.
    let rules = profile.identify.iter();
    let rules = rules.map(|rule| rule_text(rule, ["vendor", "product"]));
    let captures = profile.captures.iter();
    let witnessed = captures.filter(|capture| capture.witnessed).count();
    json!({
        "name": &*profile.name,
        "manufacturer": profile.manufacturer,
        "model": profile.model,
        "kind": &*profile.kind,
        "confidence": profile.confidence.word(),
        "reached_by": profile.reached_by,
        "asleep_at_night": profile.asleep_at_night,
        "baud": profile.factory.baud,
        "unit": profile.factory.unit,
        "tcp_port": profile.factory.tcp_port,
        "points": profile.points.iter().map(point).collect::<Vec<_>>(),
        "facts": profile.facts.iter().map(point).collect::<Vec<_>>(),
        "identify": rules.collect::<Vec<_>>(),
        "captures": profile.captures.len(),
        "captures_witnessed": witnessed,
        "source": profile.source,
    })
}
