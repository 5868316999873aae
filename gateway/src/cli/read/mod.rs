//! `pantau read`: one device, a few times, with registers, what they may mean, bytes, and what to
//! do when it is silent.

mod json;
mod mbpoll;
mod rank;

use super::args::CONFIG_DEFAULT;
use super::run::stop_asked;
use super::running::failed;
use super::{DONE, NO, WRONG, complain, shared};
use crate::clock::Clock;
use crate::config::{Bus, Confidence, Config, Device, Link, Point, Table};
use crate::field::diagnosis;
use crate::field::infer::Ranking;
use crate::limits::SETTLE_MAX_MS;
use crate::model::{Number, Outcome, Reason};
use crate::read::{Once, Session, decode};
use crate::status::Identity;
use crate::words::Lang;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// Between two reads of the device: long enough for most to have measured again.
const PAUSE: Duration = Duration::from_millis(500);
/// Reads of a living screen that are weighed together.
const LIVE_READS_MAX: usize = 16;
/// Neighbours of a silent device that are asked.
const NEIGHBOURS_MAX: usize = 3;
/// Takes a terminal's screen away.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

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
    /// Again and again, at this distance, until Ctrl-C.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=3600))]
    #[arg(conflicts_with = "times")]
    every: Option<u16>,
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
    /// What is wrong with each device of its line, itself first; empty when it answers.
    line: Vec<Option<Reason>>,
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
    let bus = config.devices[index].bus;
    let (channel, is_shared) = match shared::channel(&config, bus).await {
        Ok(way) => way,
        Err(trouble) => return failed(&trouble, lang),
    };
    let port = &config.buses[bus..=bus];
    if let Some(who) = shared::holder(port, lang).filter(|_| !is_shared) {
        return complain(&who);
    }
    let Some(mut session) = Session::over(channel, &config, index, &Clock::system()) else {
        return WRONG;
    };
    let Some(every) = options.every else {
        let mut seen = see(&mut session, options.times, lang).await;
        drop(session);
        seen.line = line(&config, index, &seen.once).await;
        print(&told(&config, index, &seen, options, lang));
        return seen.status();
    };
    tokio::select! {
        status = live(&mut session, every, |seen| {
            print(&told(&config, index, seen, options, lang))
        }) => status,
        () = stop_asked() => DONE,
    }
}

/// Reads again and again; ends when nobody looks any more.
async fn live(session: &mut Session, every: u16, print: impl Fn(&Seen) -> bool) -> u8 {
    let mut slots = tokio::time::interval(Duration::from_secs(every.into()));
    slots.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    slots.tick().await;
    let mut seen = Seen::of(session.read().await);
    while print(&seen) {
        slots.tick().await;
        seen.renew(session.read().await);
    }
    seen.status()
}

fn told(config: &Config, index: usize, seen: &Seen, options: &Options, lang: Lang) -> String {
    if options.json && options.every.is_some() {
        return format!("{}\n", json::as_json(config, index, seen, options));
    }
    if options.json {
        return format!("{:#}\n", json::as_json(config, index, seen, options));
    }
    let text = as_text(config, index, seen, options, lang);
    match options.every {
        // The screen of before is no use any more.
        Some(_) if std::io::stdout().is_terminal() => format!("{CLEAR}{text}"),
        Some(_) => format!("{text}\n"),
        None => text,
    }
}

/// Prints; false when the reader has gone away (`| head`), which is no failure of the device.
fn print(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}

/// What is wrong with the devices of a line, the silent one first: its neighbours are asked once
/// each, since a line that is silent as a whole wants another remedy.
async fn line(config: &Config, index: usize, once: &Once) -> Vec<Option<Reason>> {
    let Some((failure, _)) = &once.failure else {
        return Vec::new();
    };
    let mut all = vec![Some(failure.reason())];
    let device = &config.devices[index];
    let is_network = matches!(config.buses[device.bus].link, Link::Tcp { .. });
    if is_network || !matches!(failure.reason(), Reason::Timeout | Reason::Corrupt) {
        return all;
    }
    let others = config.devices.iter().enumerate();
    let others = others.filter(|(other, one)| one.bus == device.bus && *other != index);
    for (other, _) in others.take(NEIGHBOURS_MAX) {
        let Ok((channel, _)) = shared::channel(config, device.bus).await else {
            break;
        };
        if let Some(mut session) = Session::over(channel, config, other, &Clock::system()) {
            let once = session.read().await;
            all.push(once.failure.map(|(failure, _)| failure.reason()));
        }
    }
    all
}

impl Seen {
    fn status(&self) -> u8 {
        let mut outcomes = self.once.outcomes.iter();
        if outcomes.any(|outcome| outcome.number().is_some()) {
            DONE
        } else {
            NO
        }
    }
}

/// Reads so many times; silence is not waited for again.
async fn see(session: &mut Session, times: u8, lang: Lang) -> Seen {
    let waiting = || {
        let seconds = SETTLE_MAX_MS.div_ceil(1000).to_string();
        eprintln!("{}", lang.say("cli-read-waiting", &[("seconds", &seconds)]));
    };
    let mut seen = Seen::of(session.read_patiently(waiting).await);
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
            line: Vec::new(),
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

    /// A read of a screen that lives: what fails is seen, and what is long ago forgotten.
    fn renew(&mut self, once: Once) {
        if once.failure.is_some() {
            self.once = once;
            return;
        }
        self.add(once);
        let old = |all: usize| all.saturating_sub(LIVE_READS_MAX);
        self.round_trips_ms.drain(..old(self.round_trips_ms.len()));
        for reads in &mut self.reads {
            reads.drain(..old(reads.len()));
        }
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
    // Of a device that gave nothing there is nothing to show.
    let count = if once.failure.is_some() {
        0
    } else {
        device.points.len()
    };
    let points = device.points.iter().zip(each(device, once)).take(count);
    for (number, (point, (place, outcome, words))) in points.enumerate() {
        text += &point_line(point, place, outcome, words, lang);
        if let Some(refused) = once.beyond.get(number).copied().flatten() {
            text += &beyond_line(point, refused, lang);
        }
        if let Some((point, ranking)) = seen.ranking(number, options) {
            let value = outcome.and_then(|outcome| outcome.number());
            text += &rank::text(point, value, &ranking, lang);
        }
    }
    if let Some((_, detail)) = &once.failure {
        let nothing = lang.say("cli-read-nothing", &[("detail", detail)]);
        let _ = writeln!(text, "{nothing}");
    }
    if let Some(key) = advice(bus, seen) {
        let _ = writeln!(text, "{}", lang.text(key));
    }
    if !seen.round_trips_ms.is_empty() {
        let times = seen.round_trips_ms.iter().map(|ms| format!("{ms:.1}"));
        let times = times.collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "{}", lang.say("cli-read-time", &[("ms", &times)]));
    }
    if once.sent.is_empty() {
        return text;
    }
    let (sent, received) = (hex(&once.sent), hex(&once.received));
    let bytes = [("sent", sent.as_str()), ("received", received.as_str())];
    let _ = writeln!(text, "{}", lang.say("cli-read-bytes", &bytes));
    for command in mbpoll::commands(bus, device, once) {
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
            let number = rank::shown(point.encoding, number);
            let unit = match &*point.unit {
                "" => String::new(),
                unit => format!(" {unit}"),
            };
            format!("{number}{unit}{name} ({})", quality(outcome, lang))
        }
        Some((outcome, None)) => {
            let word = outcome.reason().map_or("missing", Reason::word);
            format!(
                "- ({}: {})",
                quality(outcome, lang),
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

/// Which limit a value is beyond that is not believed.
fn beyond_line(point: &Point, refused: Number, lang: Lang) -> String {
    let below = point.min.filter(|min| refused.to_f64() < *min);
    let (key, limit) = match below {
        Some(min) => ("cli-read-below", min),
        None => ("cli-read-above", point.max.unwrap_or_default()),
    };
    let (value, limit) = (rank::shown(point.encoding, refused), limit.to_string());
    let args = [("value", &*value), ("limit", &limit), ("unit", &point.unit)];
    format!("{:>22} {}\n", "", lang.say(key, &args))
}

fn quality(outcome: Outcome, lang: Lang) -> String {
    lang.text(&format!("quality-{}", outcome.quality().word()))
}

/// What the profile calls this raw value.
fn name_of(point: &Point, words: &[u16]) -> Option<String> {
    let raw = decode::raw_integer(point, words)?;
    point.about.name_of(raw)
}

/// What to do about a device that gave nothing, or that refused a part.
fn advice(bus: &Bus, seen: &Seen) -> Option<&'static str> {
    let once = &seen.once;
    let whole = once.failure.as_ref().map(|(failure, _)| failure.reason());
    let mut parts = once.outcomes.iter().filter_map(Outcome::reason);
    let reason = whole.or_else(|| parts.find(|reason| matches!(reason, Reason::Refused(_))))?;
    let alone = [Some(reason)];
    let line = if seen.line.is_empty() {
        &alone[..]
    } else {
        &seen.line
    };
    diagnosis::advice(reason, Some(&bus.link), line)
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
