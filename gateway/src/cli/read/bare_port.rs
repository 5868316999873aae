//! `pantau read PORT --unit N --register input:0 --count 10`: registers of a device that no
//! configuration knows.

use super::answer_lines::answer_lines;
use super::device_reads::{DeviceReads, read_times};
use super::other_registers::find_other_registers;
use crate::buses::AdhocReader;
use crate::cli::bus_client;
use crate::cli::exit_status::{EXIT_USAGE, fail_with_message, print_usage_error};
use crate::cli::standard_output::print_text;
use crate::clock::Clock;
use crate::config::value_syntax::parse_register;
use crate::config::{Config, ModbusPoint, ModbusTable, load_config_text};
use crate::i18n::Language;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Registers that one request can ask for (Modbus Application Protocol V1.1b3, 6.3).
const REGISTERS_MAX: u16 = 125;
/// Smallest and largest size of a number that is shown as single precision: others are hardly
/// measured values.
const F32_SHOWN: std::ops::Range<f32> = 1e-3..1e7;

/// Arguments for a device that no configuration knows.
#[derive(Debug, clap::Args)]
pub(super) struct BarePortArgs {
    /// Unit address.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=247))]
    #[arg(requires = "register")]
    unit: Option<u8>,
    /// First register; the device is then a port or host.
    #[arg(long, value_name = "input:N", value_parser = parse_first_register)]
    #[arg(requires = "unit", conflicts_with_all = ["config", "every", "display"])]
    register: Option<FirstRegister>,
    /// Number of registers.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "register")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(REGISTERS_MAX)))]
    count: u16,
    /// Speed of the line, baud.
    #[arg(
        long,
        value_name = "BAUD",
        default_value_t = 9600,
        requires = "register"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
    baud: u32,
    /// Parity of the line.
    #[arg(
        long,
        value_name = "none|even|odd",
        default_value = "none",
        requires = "register"
    )]
    #[arg(value_parser = ["none", "even", "odd"])]
    parity: String,
}

/// Place of the first register.
#[derive(Clone, Debug)]
struct FirstRegister {
    /// Word of the table.
    table: String,
    has_bits: bool,
    /// 0-based.
    address: u16,
}

fn parse_first_register(text: &str) -> Result<FirstRegister, String> {
    let parsed = parse_register(text).zip(text.split_once(':'));
    let register = parsed.map(|((table, address), (word, _))| FirstRegister {
        table: word.trim().to_owned(),
        has_bits: matches!(table, ModbusTable::Coil | ModbusTable::Discrete),
        address,
    });
    register.ok_or_else(|| "input:0, holding:0, coil:0, discrete:0".to_owned())
}

impl BarePortArgs {
    /// True when registers of a port are asked for in place of a device of the configuration.
    pub(super) fn is_asked(&self) -> bool {
        self.register.is_some()
    }

    /// Site of this one device.
    fn site_text(&self, port: &str, unit: u8, first: &FirstRegister) -> String {
        let kind = if first.has_bits { "bool" } else { "u16" };
        let table = &first.table;
        let addresses = (0..self.count).filter_map(|offset| first.address.checked_add(offset));
        let points = addresses.map(|at| {
            format!(
                "[[device.point]]\nid = \"r{at}\"\nregister = \"{table}:{at}\"\n\
                 type = \"{kind}\"\nunit = \"\"\n"
            )
        });
        let points: String = points.collect();
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let link = match tcp_place(port) {
            None => format!(
                "kind = \"modbus-rtu\"\nport = {}\nbaud = {}\nparity = \"{}\"\n",
                quoted(port),
                self.baud,
                self.parity
            ),
            Some((host, tcp_port)) => format!(
                "kind = \"modbus-tcp\"\nhost = {}\ntcp_port = {tcp_port}\n",
                quoted(host)
            ),
        };
        format!(
            "[site]\nid = \"read\"\ntimezone = \"Asia/Jakarta\"\nlatitude = -6.2\n\
             longitude = 106.8\n[[bus]]\nid = \"line\"\n{link}[[device]]\nid = \"unit-{unit}\"\n\
             bus = \"line\"\nunit = {unit}\nevery = \"10s\"\n{points}"
        )
    }
}

/// Host and port of a network address; `None`: the file of a serial port.
pub(in crate::cli) fn tcp_place(text: &str) -> Option<(&str, u16)> {
    if text.starts_with('/') {
        return None;
    }
    let parsed = text.rsplit_once(':');
    let parsed = parsed.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    Some(parsed.unwrap_or((text, 502)))
}

/// Port that is read, and how.
pub(super) struct BareRead<'a> {
    /// File of a serial port, or a host.
    pub(super) port: &'a str,
    /// Number of reads.
    pub(super) times: u8,
    /// JSON in place of lines.
    pub(super) json: bool,
}

/// Reads the registers a few times and prints them; returns the exit status.
pub(super) async fn run_bare_read(
    bare: &BarePortArgs,
    wishes: &BareRead<'_>,
    lang: Language,
) -> u8 {
    let (Some(unit), Some(first)) = (bare.unit, &bare.register) else {
        return EXIT_USAGE;
    };
    if first.address.checked_add(bare.count - 1).is_none() {
        return print_usage_error(&lang.text("cli-read-beyond"));
    }
    let text = bare.site_text(wishes.port, unit, first);
    let config = match load_config_text(&text, Path::new("read.toml"), &|_| None) {
        Ok(config) => config,
        Err(faults) => return print_usage_error(&faults.to_string()),
    };
    if let Some(who) = bus_client::port_holder_text(&config.buses, lang) {
        return fail_with_message(&who);
    }
    let Some(mut session) = AdhocReader::via_owner(&config, 0, &Clock::system(), None) else {
        return EXIT_USAGE;
    };
    let mut seen = read_times(&mut session, wishes.times, false, lang).await;
    // The port must be free again.
    drop(session);
    seen.others = find_other_registers(&config, 0, &seen.once, None).await;
    print_text(&if wishes.json {
        format!("{:#}\n", registers_json(&config, &seen))
    } else {
        register_lines(&config, &seen, lang) + &answer_lines(&config, 0, &seen, lang)
    });
    seen.exit_status()
}

/// Place and word of each register that the device gave, in order.
fn words<'a>(config: &'a Config, seen: &'a DeviceReads) -> impl Iterator<Item = (String, u16)> {
    let registers = seen.once.details.registers.iter();
    let points = config.devices[0].points.iter().zip(registers);
    points.filter_map(|(point, words)| {
        let register = point.modbus().map(ModbusPoint::register_text)?;
        Some((register, *words.as_ref()?.first()?))
    })
}

/// A line for each register: decimal, hexadecimal, signed, and with the one after it as the two
/// 32-bit types that meters use.
fn register_lines(config: &Config, seen: &DeviceReads, lang: Language) -> String {
    let all: Vec<_> = words(config, seen).collect();
    let mut text = String::new();
    for (index, (register, word)) in all.iter().enumerate() {
        let next = all.get(index + 1).map(|(_, next)| *next);
        let _ = writeln!(text, "{}", register_line(register, *word, next, lang));
    }
    text
}

/// Line of one register, with the word after it where that is known.
pub(in crate::cli) fn register_line(
    register: &str,
    word: u16,
    next: Option<u16>,
    lang: Language,
) -> String {
    let mut notes = Vec::new();
    if word > 0x7FFF {
        notes.push(format!("i16 {}", word.cast_signed()));
    }
    if let Some(next) = next {
        notes.extend(pair_notes(word, next, lang));
    }
    let notes = notes.join("  ");
    let line = format!("{register:<14} {word:>6}  0x{word:04X}  {notes}");
    line.trim_end().to_owned()
}

/// Meanings of two registers together that may be measured values.
fn pair_notes(first: u16, second: u16, lang: Language) -> Vec<String> {
    let orders = [("abcd", (first, second)), ("cdab", (second, first))];
    let mut notes = Vec::new();
    for (order, (high, low)) in orders {
        let bits = u32::from(high) << 16 | u32::from(low);
        let number = f32::from_bits(bits);
        if F32_SHOWN.contains(&number.abs()) {
            let digits = lang.locale().plain_digits(&number.to_string());
            notes.push(format!("f32 {order} {digits}"));
        }
        // A large counter has a high word, but seldom a full one.
        if high > 0 && high < 0x0100 {
            notes.push(format!("u32 {order} {bits}"));
        }
    }
    notes
}

fn registers_json(config: &Config, seen: &DeviceReads) -> Value {
    let once = &seen.once;
    let registers: Vec<Value> = words(config, seen)
        .map(|(register, word)| json!({ "register": register, "word": word }))
        .collect();
    json!({
        "registers": registers,
        "failure": once.failure.as_ref().map(|(failure, detail)| json!({
            "reason": failure.reason.word(), "detail": detail.english(),
        })),
        "other_registers": seen.others.to_json(),
        "round_trips_ms": seen.round_trips_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_is_a_serial_port_and_any_other_a_host() {
        assert_eq!(tcp_place("/dev/ttyUSB0"), None);
        assert_eq!(tcp_place("192.168.1.7"), Some(("192.168.1.7", 502)));
        assert_eq!(tcp_place("logger.local:1502"), Some(("logger.local", 1502)));
    }

    #[test]
    fn pairs_are_shown_as_what_a_meter_may_mean() {
        // 230.5 V as single precision, and 70 000 as a counter.
        assert_eq!(pair_notes(0x4366, 0x8000, Language::En), ["f32 abcd 230.5"]);
        assert_eq!(
            pair_notes(0x0001, 0x1170, Language::En)[0],
            "u32 abcd 70000"
        );
        assert!(pair_notes(0, 0, Language::En).is_empty());
    }
}
