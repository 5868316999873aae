//! `pantau read`: one device, once, with registers, values, bytes, and what to do when it is
//! silent.

use super::{DONE, NO, WRONG};
use crate::clock::Clock;
use crate::config::{self, Bus, Confidence, Config, Device, Link, Parity, Point, Table};
use crate::model::{Outcome, Reason};
use crate::read::{Once, decode, once};
use crate::status::Identity;
use crate::words::Lang;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Reads the device and prints what came; the exit status.
pub(super) async fn run(file: &Path, device: &str, lang: Lang, json: bool) -> u8 {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{}", faults.render(lang));
            return WRONG;
        }
    };
    let index = config.devices.iter().position(|known| &*known.id == device);
    let Some(index) = index else {
        eprintln!("{}", lang.say("cli-read-unknown", &[("device", device)]));
        return WRONG;
    };
    let Some(once) = once(&config, index, &Clock::system()).await else {
        return WRONG;
    };
    let text = if json {
        format!("{:#}\n", as_json(&config, index, &once))
    } else {
        as_text(&config, index, &once, lang)
    };
    // A reader that has gone away (`| head`) is no failure of the device.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if once
        .outcomes
        .iter()
        .any(|outcome| outcome.number().is_some())
    {
        DONE
    } else {
        NO
    }
}

fn as_text(config: &Config, index: usize, once: &Once, lang: Lang) -> String {
    let device = &config.devices[index];
    let bus = &config.buses[device.bus];
    let mut text = String::new();
    if let Some(identity) = &once.identity {
        text += &identity_text(identity, lang);
    }
    for (point, (place, outcome, words)) in device.points.iter().zip(each(device, once)) {
        text += &point_line(point, place, outcome, words, lang);
    }
    if let Some((failure, detail)) = &once.failure {
        let hint = hint(failure.reason());
        let _ = writeln!(
            text,
            "{}",
            lang.say("cli-read-nothing", &[("detail", detail)])
        );
        let _ = writeln!(text, "{}", lang.text(hint));
    } else if once
        .outcomes
        .iter()
        .any(|o| matches!(o.reason(), Some(Reason::Refused(_))))
    {
        let _ = writeln!(text, "{}", lang.text("cli-read-hint-refused"));
    }
    let time = format!("{:.1}", once.round_trip_ms);
    let _ = writeln!(text, "{}", lang.say("cli-read-time", &[("ms", &time)]));
    let (sent, received) = (hex(&once.sent), hex(&once.received));
    let bytes = [("sent", sent.as_str()), ("received", received.as_str())];
    let _ = writeln!(text, "{}", lang.say("cli-read-bytes", &bytes));
    for command in commands(bus, device, once) {
        let _ = writeln!(text, "  {command}");
    }
    text
}

fn identity_text(identity: &Identity, lang: Lang) -> String {
    let model = |(id, length): &(u16, u16)| {
        let (id, length) = (id.to_string(), length.to_string());
        lang.say(
            "cli-read-sunspec-model",
            &[("id", &id), ("length", &length)],
        )
    };
    let models: Vec<String> = identity.models.iter().map(model).collect();
    let (base, models) = (identity.base.to_string(), models.join(", "));
    let args = [("base", base.as_str()), ("models", models.as_str())];
    let mut lines = Vec::new();
    if !identity.models.is_empty() {
        lines.push(lang.say("cli-read-sunspec", &args));
    }
    if let Some(why) = &identity.cut_short {
        lines.push(lang.say("cli-read-sunspec-cut", &[("why", why)]));
    }
    let parts = [&identity.manufacturer, &identity.model, &identity.options];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let device = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    let facts = [
        ("device", device.as_str()),
        ("version", identity.version.as_str()),
        ("serial", identity.serial.as_str()),
    ];
    lines.push(lang.say("cli-read-identity", &facts));
    lines.join("\n") + "\n"
}

/// Where a configured point was read, its outcome and its registers.
type Read<'a> = (Option<&'a Point>, Option<Outcome>, Option<&'a [u16]>);

fn each<'a>(device: &'a Device, once: &'a Once) -> impl Iterator<Item = Read<'a>> {
    (0..device.points.len()).map(|i| {
        let words = once.registers.get(i).and_then(Option::as_deref);
        let place = once.points.get(i).and_then(Option::as_ref);
        (place, once.outcomes.get(i).copied(), words)
    })
}

fn place_text(place: Option<&Point>) -> Option<String> {
    place.map(|point| format!("{}:{}", table(point.table), point.address))
}

fn point_line(
    point: &Point,
    place: Option<&Point>,
    outcome: Option<Outcome>,
    words: Option<&[u16]>,
    lang: Lang,
) -> String {
    let place = place_text(place).unwrap_or_else(|| "-".to_owned());
    let value = match outcome.map(|outcome| (outcome, outcome.number())) {
        Some((outcome, Some(number))) => {
            let name = words.and_then(|words| name_of(point, words));
            let name = name.map_or(String::new(), |name| format!(" = {name}"));
            format!(
                "{number} {}{name} ({})",
                point.unit,
                outcome.quality().word()
            )
        }
        Some((outcome, None)) => {
            let word = outcome.reason().map_or("missing", Reason::word);
            format!(
                "- ({}: {})",
                outcome.quality().word(),
                lang.text(&format!("reason-{word}"))
            )
        }
        None => "-".to_owned(),
    };
    let doubt = match point.about.confidence {
        Confidence::Low => format!("  {}", lang.text("cli-read-doubt")),
        Confidence::Medium | Confidence::High => String::new(),
    };
    let mut line = format!("{:<20} {place:<16} {value}{doubt}\n", point.name);
    for word in words.unwrap_or_default() {
        let _ = writeln!(
            line,
            "{:>25}0x{word:04x} u16 {word} i16 {}",
            "",
            word.cast_signed()
        );
    }
    let others = words.map(decode::interpretations).unwrap_or_default();
    if others.len() > 6 {
        let shown: Vec<String> = others
            .iter()
            .map(|o| format!("{:?}/{:?} {}", o.encoding, o.words, o.value).to_lowercase())
            .collect();
        let _ = writeln!(line, "{:>25}{}", "", shown.join("  "));
    }
    line
}

/// What the profile calls this raw value.
fn name_of(point: &Point, words: &[u16]) -> Option<String> {
    let raw = decode::raw_integer(point, words)?;
    point.about.name_of(raw)
}

fn hint(reason: Reason) -> &'static str {
    match reason {
        Reason::Timeout | Reason::Refused(10 | 11) => "cli-read-hint-timeout",
        Reason::Corrupt => "cli-read-hint-corrupt",
        Reason::Refused(_) => "cli-read-hint-refused",
        Reason::Absent => "cli-read-hint-absent",
        _ => "cli-read-hint-unreachable",
    }
}

fn table(table: Table) -> &'static str {
    match table {
        Table::Coil => "coil",
        Table::Discrete => "discrete",
        Table::Holding => "holding",
        Table::Input => "input",
    }
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// The same requests for mbpoll, whose addresses count from 1 unless told `-0`. It cannot speak RTU
/// over TCP.
fn commands(bus: &Bus, device: &Device, once: &Once) -> Vec<String> {
    let (options, target) = match &bus.link {
        Link::Tcp { host, port } => (format!("-m tcp -p {port}"), host.clone()),
        Link::Rtu(line) => {
            let parity = match line.parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            let options = format!("-m rtu -b {} -P {parity} -s {}", line.baud, line.stop_bits);
            (options, line.port.display().to_string())
        }
        Link::RtuOverTcp { .. } => return Vec::new(),
    };
    let command = |ask: &crate::read::Exchange| {
        let kind = match ask.table {
            Table::Coil => "0",
            Table::Discrete => "1",
            Table::Input => "3:hex",
            Table::Holding => "4:hex",
        };
        let (unit, address, count) = (device.unit, ask.address, ask.count);
        format!("mbpoll {options} -a {unit} -0 -t {kind} -r {address} -c {count} -1 {target}")
    };
    once.asks.iter().map(command).collect()
}

fn identity_json(identity: &Identity) -> Value {
    let model = |(id, length): &(u16, u16)| json!({ "id": id, "length": length });
    json!({
        "manufacturer": identity.manufacturer,
        "model": identity.model,
        "options": identity.options,
        "version": identity.version,
        "serial": identity.serial,
        "base": identity.base,
        "models": identity.models.iter().map(model).collect::<Vec<_>>(),
        "cut_short": identity.cut_short,
    })
}

fn as_json(config: &Config, index: usize, once: &Once) -> Value {
    let device = &config.devices[index];
    let points: Vec<Value> = device
        .points
        .iter()
        .zip(each(device, once))
        .map(|(point, (place, outcome, words))| {
            json!({
                "id": format!("{}.{}", device.id, point.name),
                "register": place_text(place),
                "words": words,
                "value": outcome.and_then(|o| o.number()).map(crate::model::Number::to_f64),
                "unit": &*point.unit,
                "name": words.and_then(|words| name_of(point, words)),
                "confidence": point.about.confidence.word(),
                "quality": outcome.map_or("bad", |o| o.quality().word()),
                "reason": outcome.and_then(|o| o.reason()).map(Reason::word),
            })
        })
        .collect();
    json!({
        "device": &*device.id,
        "identity": once.identity.as_ref().map(identity_json),
        "points": points,
        "round_trip_ms": once.round_trip_ms,
        "sent": hex(&once.sent),
        "received": hex(&once.received),
        "failure": once.failure.as_ref().map(|(failure, detail)| json!({
            "reason": failure.reason().word(),
            "detail": detail,
        })),
        "mbpoll": commands(&config.buses[device.bus], device, once),
    })
}
