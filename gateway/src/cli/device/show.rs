//! The library on the screen.

use super::{DONE, WRONG, say};
use crate::config::identify::{Asked, Rule, Test};
use crate::config::profile::Profile;
use crate::config::{Encoding, Parity, Point, Table, sound_profiles};
use crate::words::Lang;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Every profile, one a line.
pub(super) fn list(dir: Option<&Path>, json: bool, lang: Lang) -> u8 {
    let profiles = sound_profiles(dir);
    if json {
        let values: Vec<Value> = profiles.iter().map(as_json).collect();
        say(&format!("{:#}\n", Value::from(values)));
        return DONE;
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
    say(&text);
    DONE
}

/// One profile with its points.
pub(super) fn one(dir: Option<&Path>, name: &str, json: bool, lang: Lang) -> u8 {
    let profiles = sound_profiles(dir);
    let Some(profile) = profiles.iter().find(|profile| *profile.name == *name) else {
        eprintln!("{}", lang.say("cli-device-unknown", &[("name", name)]));
        return WRONG;
    };
    if json {
        say(&format!("{:#}\n", as_json(profile)));
    } else {
        say(&as_text(profile, lang));
    }
    DONE
}

fn as_text(profile: &Profile, lang: Lang) -> String {
    let sure = |word: &str| lang.text(&format!("confidence-{word}"));
    let mut text = format!("{} {}\n", profile.manufacturer, profile.model);
    let args = [
        ("kind", &*profile.kind),
        ("sure", &sure(profile.confidence.word())),
        ("source", &profile.source),
    ];
    text += &(lang.say("cli-device-head", &args) + "\n");
    if let Some(way) = &profile.reached_by {
        text += &(lang.say(
            "fault-reached-by",
            &[("found", &profile.name), ("expected", way)],
        ) + "\n");
    }
    if let Some(link) = link_text(profile) {
        text += &(lang.say("cli-device-link", &[("link", &link)]) + "\n");
    }
    for point in profile.points.iter().chain(&profile.facts) {
        let doubt = sure(point.about.confidence.word());
        let _ = writeln!(
            text,
            "  {:<28} {:<14} {:<10} {:<6} {doubt} {}",
            point.name,
            place(point),
            kind(point.encoding),
            point.unit,
            names(point)
        );
    }
    for rule in &profile.identify {
        let _ = writeln!(text, "  ? {}", rule_text(rule));
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

fn link_text(profile: &Profile) -> Option<String> {
    let factory = &profile.factory;
    let parity = match factory.parity {
        Some(Parity::Even) => "E",
        Some(Parity::Odd) => "O",
        _ => "N",
    };
    let stop = factory.stop_bits.unwrap_or(1);
    let serial = factory.baud.map(|baud| format!("{baud} 8{parity}{stop}"));
    let tcp = factory.tcp_port.map(|port| format!("TCP {port}"));
    let unit = factory.unit.map(|unit| format!("unit {unit}"));
    let parts: Vec<String> = [serial, tcp, unit].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn place(point: &Point) -> String {
    let table = match point.table {
        Table::Coil => "coil",
        Table::Discrete => "discrete",
        Table::Holding => "holding",
        Table::Input => "input",
    };
    format!("{table}:{}", point.address)
}

/// The word of `type`.
pub(super) fn kind(encoding: Encoding) -> String {
    match encoding {
        Encoding::Text(registers) => format!("string:{registers}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn names(point: &Point) -> String {
    let values = point.about.values.iter();
    let values = values.map(|(raw, name)| format!("{raw}={name}"));
    let flags = point.about.flags.iter();
    let flags = flags.map(|(bit, name)| format!("bit {bit}={name}"));
    values.chain(flags).collect::<Vec<_>>().join(" ")
}

fn rule_text(rule: &Rule) -> String {
    let asked = match &rule.asked {
        Asked::Registers(point) if point.name.is_empty() => place(point),
        Asked::Registers(point) => point.name.to_string(),
        Asked::Vendor => "vendor".to_owned(),
        Asked::Product => "product".to_owned(),
    };
    match &rule.test {
        Test::Range(min, max) => format!("{asked} {min}..{max}"),
        Test::OneOf(values, None) => format!("{asked} = {values:?}"),
        Test::OneOf(values, Some(mask)) => format!("{asked} & {mask:#x} = {values:?}"),
        Test::Contains(text) => format!("{asked} ~ {text:?}"),
    }
}

fn as_json(profile: &Profile) -> Value {
    let point = |point: &Point| {
        json!({
            "id": &*point.name,
            "register": place(point),
            "type": kind(point.encoding),
            "unit": &*point.unit,
            "quantity": &*point.quantity,
            "counter": point.counter,
            "confidence": point.about.confidence.word(),
        })
    };
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
        "identify": profile.identify.iter().map(rule_text).collect::<Vec<_>>(),
        "captures": profile.captures.len(),
        "captures_witnessed": witnessed,
        "source": profile.source,
    })
}
