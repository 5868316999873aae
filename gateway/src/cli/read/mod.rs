//! `pantau read`: one device, a few times, with registers, what they may mean, bytes, and what to
//! do when it is silent.

mod rank;

use super::args::CONFIG_DEFAULT;
use super::running::failed;
use super::{DONE, NO, WRONG, shared};
use crate::clock::Clock;
use crate::config::{Bus, Confidence, Config, Device, Link, Parity, Point, Table};
use crate::field::diagnosis;
use crate::field::infer::Ranking;
use crate::model::{Number, Outcome, Reason};
use crate::read::{Once, Session, decode};
use crate::status::Identity;
use crate::words::Lang;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Between two reads of the device: long enough for most to have measured again.
const PAUSE: Duration = Duration::from_millis(500);

/// What `pantau read` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// Device id.
    #[arg(value_name = "DEVICE")]
    device: String,
    /// Reads in a row: what changes, and how, tells word orders apart.
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=16))]
    times: u8,
    /// What the device's display shows for a point.
    #[arg(long, value_name = "POINT=VALUE", value_parser = display)]
    display: Vec<(String, Number)>,
    /// For scripts.
    #[arg(long)]
    json: bool,
}

/// `POINT=VALUE`, with a decimal point or comma.
fn display(text: &str) -> Result<(String, Number), String> {
    let parsed = text.split_once('=').and_then(|(point, value)| {
        let value = Number::parse(&value.replace(',', "."))?;
        Some((point.to_owned(), value))
    });
    parsed.ok_or_else(|| "POINT=VALUE".to_owned())
}

/// A device as it was read, the last time in full, the registers of all times.
struct Seen {
    once: Once,
    /// For each point the registers of every read that gave it.
    reads: Vec<Vec<Vec<u16>>>,
    round_trips_ms: Vec<f64>,
}

/// Reads the device and prints what came; the exit status.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match super::configured(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let device = options.device.as_str();
    let index = config.devices.iter().position(|known| &*known.id == device);
    let Some(index) = index else {
        eprintln!("{}", lang.say("cli-read-unknown", &[("device", device)]));
        return WRONG;
    };
    // A line has one owner: a running gateway asks for us between its polls.
    let channel = match shared::channel(&config, config.devices[index].bus).await {
        Ok((channel, _)) => channel,
        Err(trouble) => return failed(&trouble, lang),
    };
    let Some(session) = Session::over(channel, &config, index, &Clock::system()) else {
        return WRONG;
    };
    let seen = see(session, options.times).await;
    let text = if options.json {
        format!("{:#}\n", as_json(&config, index, &seen, options))
    } else {
        as_text(&config, index, &seen, options, lang)
    };
    // A reader that has gone away (`| head`) is no failure of the device.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    let mut outcomes = seen.once.outcomes.iter();
    if outcomes.any(|outcome| outcome.number().is_some()) {
        DONE
    } else {
        NO
    }
}

/// Reads so many times; silence is not waited for again.
async fn see(mut session: Session, times: u8) -> Seen {
    let mut seen = Seen::of(session.read().await);
    for _ in 1..times {
        if seen.once.failure.is_some() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        seen.add(session.read().await);
    }
    seen
}

impl Seen {
    fn of(once: Once) -> Self {
        let registers = once.registers.iter().cloned();
        Self {
            reads: registers.map(|read| read.into_iter().collect()).collect(),
            round_trips_ms: round_trip(&once).into_iter().collect(),
            once,
        }
    }

    /// A later read without an answer leaves the earlier ones as they are.
    fn add(&mut self, once: Once) {
        if once.failure.is_some() {
            return;
        }
        for (reads, read) in self.reads.iter_mut().zip(&once.registers) {
            reads.extend(read.clone());
        }
        self.round_trips_ms.extend(round_trip(&once));
        self.once = once;
    }

    fn ranking(&self, index: usize, options: &Options) -> Option<(&Point, Ranking)> {
        let point = self.once.points.get(index)?.as_ref()?;
        let shown = options
            .display
            .iter()
            .find(|(name, _)| **name == *point.name);
        let ranking = rank::ranking(
            point,
            self.reads.get(index)?,
            shown.map(|(_, value)| *value),
        )?;
        Some((point, ranking))
    }
}

fn round_trip(once: &Once) -> Option<f64> {
    once.failure.is_none().then_some(once.round_trip_ms)
}

fn as_text(config: &Config, index: usize, seen: &Seen, options: &Options, lang: Lang) -> String {
    let once = &seen.once;
    let device = &config.devices[index];
    let bus = &config.buses[device.bus];
    let mut text = String::new();
    if let Some(identity) = &once.identity {
        text += &identity_text(identity, lang);
    }
    let points = device.points.iter().zip(each(device, once));
    for (number, (point, (place, outcome, words))) in points.enumerate() {
        text += &point_line(point, place, outcome, words, lang);
        if let Some((point, ranking)) = seen.ranking(number, options) {
            text += &rank::text(point, &ranking, lang);
        }
    }
    if let Some((_, detail)) = &once.failure {
        let nothing = lang.say("cli-read-nothing", &[("detail", detail)]);
        let _ = writeln!(text, "{nothing}");
    }
    if let Some(key) = advice(bus, once) {
        let _ = writeln!(text, "{}", lang.text(key));
    }
    let times = seen.round_trips_ms.iter().map(|ms| format!("{ms:.1}"));
    let times = times.collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "{}", lang.say("cli-read-time", &[("ms", &times)]));
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
    line
}

/// What the profile calls this raw value.
fn name_of(point: &Point, words: &[u16]) -> Option<String> {
    let raw = decode::raw_integer(point, words)?;
    point.about.name_of(raw)
}

/// What to do about a device that gave nothing, or that refused a part.
fn advice(bus: &Bus, once: &Once) -> Option<&'static str> {
    let whole = once.failure.as_ref().map(|(failure, _)| failure.reason());
    let mut parts = once.outcomes.iter().filter_map(Outcome::reason);
    let reason = whole.or_else(|| parts.find(|reason| matches!(reason, Reason::Refused(_))))?;
    // Of its neighbours nothing is known here; one silent device may be a silent line.
    diagnosis::advice(reason, Some(&bus.link), &[Some(reason)])
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

fn as_json(config: &Config, index: usize, seen: &Seen, options: &Options) -> Value {
    let once = &seen.once;
    let device = &config.devices[index];
    let points: Vec<Value> = device
        .points
        .iter()
        .zip(each(device, once))
        .enumerate()
        .map(|(number, (point, (place, outcome, words)))| {
            let ranked = seen.ranking(number, options);
            json!({
                "id": format!("{}.{}", device.id, point.name),
                "register": place_text(place),
                "words": words,
                "meaning": ranked.map(|(point, ranking)| rank::as_json(point, &ranking)),
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
        "round_trips_ms": seen.round_trips_ms,
        "sent": hex(&once.sent),
        "received": hex(&once.received),
        "failure": once.failure.as_ref().map(|(failure, detail)| json!({
            "reason": failure.reason().word(),
            "detail": detail,
        })),
        "advice": advice(&config.buses[device.bus], once),
        "mbpoll": commands(&config.buses[device.bus], device, once),
    })
}
