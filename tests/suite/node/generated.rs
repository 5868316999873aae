//! Texts made from the register map of the sensor node: its profile, and the table of its
//! documentation.

use drivers::node::{
    CONFIRM_WORD, LINE_SPEEDS, NODE_REGISTERS, NODE_SIGNATURE, NodeRegister, RegisterEncoding,
    RegisterUse,
};
use drivers::sensor_fault::SensorFault;
use std::fmt::Write as _;

const PROFILE_HEAD: &str = "\
# Sensor node of this project (docs/node.md). Generated from the register map
# (firmware/drivers/src/node/map.rs): change that, then
#     PANTAU_WRITE_GENERATED=1 tests/run -p tests node_map
# Address and speed are on trial until register 42 confirms them with the new settings; without
# that, the node goes back after a minute.
name = \"pantau-node\"
manufacturer = \"Pantau\"
model = \"node\"
kind = \"sensors\"
source = \"the register map of the node's own firmware\"
confidence = \"high\"
";

const CAUSES: &[&str] = &["unknown", "power on", "watchdog", "forced restart"];

/// Profile of the node.
pub(super) fn profile_text() -> String {
    let speeds: Vec<String> = LINE_SPEEDS
        .iter()
        .enumerate()
        .map(|(code, speed)| format!("{speed} = {code}"))
        .collect();
    let save = format!("save = {{ register = \"holding:42\", value = {CONFIRM_WORD} }}");
    let mut text = format!(
        "{PROFILE_HEAD}\nidentify = [\n  {{ register = \"input:0\", type = \"u16\", equals = \
         [{NODE_SIGNATURE}] }},\n  {{ product = \"pantau-node\" }},\n]\n\n[link]\nbaud = 9600\n\
         parity = \"none\"\nstop_bits = 1\nunit = 1\n\n[set_address]\nregister = \"holding:40\"\n\
         {save}\n\n[set_baud]\nregister = \"holding:41\"\ncodes = {{ {} }}\n{save}\n",
        speeds.join(", ")
    );
    let entries = || NODE_REGISTERS.iter().filter(|entry| entry.id != "confirm");
    for entry in entries().filter(|entry| is_point(entry)) {
        text += &point_text(entry, "point");
    }
    for entry in entries().filter(|entry| !is_point(entry)) {
        text += &point_text(entry, "fact");
    }
    for entry in entries() {
        text += &captures_text(entry);
    }
    text + "\n[[document]]\ntitle = \"Sensor node\"\nsection = \"docs/node.md\"\n"
}

fn is_point(entry: &NodeRegister) -> bool {
    matches!(entry.usage, RegisterUse::Value(_) | RegisterUse::Status)
}

fn type_name(encoding: RegisterEncoding) -> String {
    match encoding {
        RegisterEncoding::U16 => "u16".to_owned(),
        RegisterEncoding::I16 => "i16".to_owned(),
        RegisterEncoding::U32 => "u32".to_owned(),
        RegisterEncoding::Text(words) => format!("string:{words}"),
    }
}

fn missing_word(encoding: RegisterEncoding) -> &'static str {
    match encoding {
        RegisterEncoding::I16 => "0x8000",
        RegisterEncoding::U32 => "0xFFFFFFFF",
        RegisterEncoding::U16 | RegisterEncoding::Text(_) => "0xFFFF",
    }
}

fn status_id(entry: &NodeRegister) -> Option<&'static str> {
    let RegisterUse::Value(Some(status)) = entry.usage else {
        return None;
    };
    let found = NODE_REGISTERS.iter().find(|one| one.address == status);
    found.map(|status| status.id)
}

/// Words of the codes of a status.
fn status_words(entry: &NodeRegister) -> Vec<(usize, String)> {
    let numbered = |words: &[&str]| -> Vec<(usize, String)> {
        let words = words.iter().map(|word| (*word).to_owned());
        words.enumerate().collect()
    };
    match entry.id {
        "reset_cause" => numbered(CAUSES),
        "keeping_status" => numbered(&["ok", "memory loss"]),
        _ => {
            let faults = SensorFault::ALL
                .iter()
                .map(|fault| (fault.code().into(), fault.name().replace('-', " ")));
            std::iter::once((0, "ok".to_owned()))
                .chain(faults)
                .collect()
        }
    }
}

fn point_text(entry: &NodeRegister, table: &str) -> String {
    let NodeRegister {
        id, address, scale, ..
    } = entry;
    let space = match entry.usage {
        RegisterUse::Setting => "holding",
        _ => "input",
    };
    let kind = type_name(entry.encoding);
    let mut text = format!(
        "\n[[{table}]]\nid = \"{id}\"\nregister = \"{space}:{address}\"\ntype = \"{kind}\"\n"
    );
    if *scale != "1" {
        let _ = writeln!(text, "scale = {scale}");
    }
    if !entry.unit.is_empty() {
        let _ = writeln!(text, "unit = \"{}\"", entry.unit);
    }
    match entry.unit {
        "" if entry.encoding == RegisterEncoding::U32 => {
            text += "quantity = \"pulses\"\ncounter = true\nwraps_at = 4294967296\n";
        }
        // 30 years; what is above was never counted.
        "s" => text += "min = 0\nmax = 1000000000\n",
        "Hz" => text += "quantity = \"pulse_rate\"\n",
        "" if !matches!(entry.encoding, RegisterEncoding::Text(_)) => {
            text += "quantity = \"status\"\n";
        }
        _ => {}
    }
    if entry.usage == RegisterUse::Status {
        let words = status_words(entry).into_iter();
        let words: Vec<String> = words
            .map(|(code, word)| format!("{code} = \"{word}\""))
            .collect();
        let _ = writeln!(text, "values = {{ {} }}", words.join(", "));
    }
    if matches!(entry.usage, RegisterUse::Value(_)) {
        let _ = writeln!(text, "missing = [{}]", missing_word(entry.encoding));
    }
    if let Some(status) = status_id(entry) {
        let _ = writeln!(text, "valid_when = {{ point = \"{status}\", is = [0] }}");
    }
    text
}

/// Raw number times the scale, as text.
fn scaled(raw: i64, scale: &str) -> String {
    let digits = scale.split_once('.').map_or(0, |(_, digits)| digits.len());
    if digits == 0 {
        return raw.to_string();
    }
    let unit = 10_i64.pow(u32::try_from(digits).unwrap());
    let sign = if raw < 0 { "-" } else { "" };
    let (whole, part) = (raw.abs() / unit, raw.abs() % unit);
    format!("{sign}{whole}.{part:0digits$}")
}

fn captures_text(entry: &NodeRegister) -> String {
    let capture = |words: &str, value: Option<String>| {
        let with = status_id(entry).map(|status| format!("with = {{ {status} = 0 }}\n"));
        let with = with.unwrap_or_default();
        let value = value.map(|value| format!("{value}\n")).unwrap_or_default();
        let id = entry.id;
        format!(
            "\n[[capture]]\npoint = \"{id}\"\nwords = [{words}]\n{value}{with}from = \"computed\"\n"
        )
    };
    let number = |raw: i64| Some(format!("value = {}", scaled(raw, entry.scale)));
    let mut text = match entry.encoding {
        RegisterEncoding::I16 => {
            capture("0x0859", number(2137)) + &capture("0xFC0C", number(-1012))
        }
        RegisterEncoding::U16 if entry.usage == RegisterUse::Status => capture("0x0001", number(1)),
        RegisterEncoding::U16 => capture("0x1F40", number(8000)),
        RegisterEncoding::U32 => capture("0x0001, 0x0002", number(65_538)),
        RegisterEncoding::Text(_) => capture(
            "0x4536, 0x3631, 0x4134, 0x4431, 0x3742, 0x3546, 0x3043, 0x3241",
            Some("text = \"E661A4D17B5F0C2A\"".to_owned()),
        ),
    };
    if matches!(entry.usage, RegisterUse::Value(_)) {
        let words = match entry.encoding {
            RegisterEncoding::U32 => "0xFFFF, 0xFFFF",
            other => missing_word(other),
        };
        text += &capture(words, None);
    }
    text
}

/// Table of the registers for the documentation.
pub(super) fn map_table() -> String {
    let mut text = String::from(
        "| register | function | id | type | unit of one step | meaning |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for entry in NODE_REGISTERS {
        let functions = match entry.usage {
            RegisterUse::Setting => "3, 6, 16",
            _ => "3, 4",
        };
        let last = entry.address + entry.encoding.words() - 1;
        let registers = if last == entry.address {
            last.to_string()
        } else {
            format!("{}-{last}", entry.address)
        };
        let step = match entry.unit {
            "" => String::new(),
            unit => format!("{} {unit}", entry.scale),
        };
        let (id, kind, about) = (entry.id, type_name(entry.encoding), entry.about);
        let _ = writeln!(
            text,
            "| {registers} | {functions} | `{id}` | {kind} | {step} | {about} |"
        );
    }
    text
}

/// Table of the numbers of a status.
pub(super) fn status_table() -> String {
    let mut text = String::from("| status | meaning |\n| --- | --- |\n| 0 | a measurement |\n");
    for fault in SensorFault::ALL {
        let _ = writeln!(text, "| {} | {fault} |", fault.code());
    }
    text
}
