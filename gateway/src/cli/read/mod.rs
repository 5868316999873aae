//! `pantau read`: reads one device a few times and prints its registers, their possible meanings,
//! the bytes on the wire, and advice when it does not answer.
//!
//! Entry point: [`run_read`].
//!
//! ```text
//! $ pantau read meter -c pantau.toml --display voltage=230.1
//! $ pantau read /dev/ttyUSB0 --unit 3 --register input:0 --count 10
//! ```
//!
//! User documentation: `docs/field.md`, `docs/devices.md`.

mod answer_lines;
mod bare_port;
mod device_reads;
mod json;
mod mbpoll;
mod other_registers;
mod point_text;
mod ranking;

use super::backend::{DEFAULT_CONFIG_PATH, report_failure};
use super::bus_client;
use super::exit_status::{EXIT_DONE, EXIT_USAGE, fail_with_message};
use super::run::wait_for_stop;
use super::standard_output::print_text;
use crate::buses::{AdhocReader, AdhocReading};
use crate::clock::Clock;
use crate::config::{Config, ModbusLink};
use crate::domain::{ExactNumber, QualityReason};
use crate::i18n::Language;
use crate::status::DeviceIdentity;
use answer_lines::answer_lines;
pub(super) use bare_port::{register_line, tcp_place};
use device_reads::{DeviceReads, read_times};
use other_registers::find_other_registers;
use point_text::{display_line, limit_line};
pub(super) use point_text::{point_line, point_reads};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

/// Neighbours of a silent device that are read for the diagnosis.
const NEIGHBOURS_MAX: usize = 3;
/// ANSI codes that clear the screen and its scrollback.
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J\x1b[3J";

/// Arguments of `pantau read`.
#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Device id; with a register, a port or host.
    #[arg(value_name = "DEVICE")]
    device: String,
    #[command(flatten)]
    bare: bare_port::BarePortArgs,
    /// Number of reads; changes between reads distinguish word orders.
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=16))]
    times: u8,
    /// Value on the device's display for a point.
    #[arg(long, value_name = "POINT=VALUE", value_parser = parse_display_value)]
    display: Vec<(String, ExactNumber)>,
    /// Repeats at this interval until Ctrl-C.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=3600))]
    #[arg(conflicts_with = "times")]
    every: Option<u16>,
    /// JSON output for scripts.
    #[arg(long)]
    json: bool,
}

/// `POINT=VALUE`, with a decimal point or comma.
fn parse_display_value(text: &str) -> Result<(String, ExactNumber), String> {
    let parsed = text.split_once('=').and_then(|(point, value)| {
        let value = ExactNumber::parse(&value.replace(',', "."))?;
        Some((point.to_owned(), value))
    });
    parsed.ok_or_else(|| "POINT=VALUE".to_owned())
}

/// Reads the device and prints the result; returns the exit status.
pub(super) async fn run_read(options: &ReadArgs, lang: Language) -> u8 {
    if options.bare.is_asked() {
        let wishes = bare_port::BareRead {
            port: &options.device,
            times: options.times,
            json: options.json,
        };
        return bare_port::run_bare_read(&options.bare, &wishes, lang).await;
    }
    let config = match super::backend::load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let device = options.device.as_str();
    let index = config.devices.iter().position(|known| &*known.id == device);
    let Some(index) = index else {
        eprintln!(
            "{}",
            lang.text_with("cli-read-unknown", &[("device", device)])
        );
        return EXIT_USAGE;
    };
    // A line has one owner: a running gateway sends our requests between its polls.
    let bus = config.devices[index].bus;
    let owner = match bus_client::gateway_bus_handle(&config, &config.buses[bus].id).await {
        Ok(owner) => owner,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    let port = &config.buses[bus..=bus];
    if let Some(who) = bus_client::port_holder_text(port, lang).filter(|_| owner.is_none()) {
        return fail_with_message(&who);
    }
    let Some(mut session) = AdhocReader::via_owner(&config, index, &Clock::system(), owner) else {
        return EXIT_USAGE;
    };
    let Some(every) = options.every else {
        let is_node = config.buses[bus].link.mqtt().is_some();
        let mut seen = read_times(&mut session, options.times, is_node, lang).await;
        // The line must be free again before the neighbours are read.
        drop(session);
        seen.line = diagnose_line(&config, index, &seen.once).await;
        let owner = bus_client::gateway_bus_handle(&config, &config.buses[bus].id).await;
        seen.others =
            find_other_registers(&config, index, &seen.once, owner.unwrap_or_default()).await;
        print_text(&render_output(&config, index, &seen, options, lang));
        return seen.exit_status();
    };
    tokio::select! {
        status = read_live(&mut session, every, |seen| {
            print_text(&render_output(&config, index, seen, options, lang))
        }) => status,
        () = wait_for_stop() => EXIT_DONE,
    }
}

/// Reads at an interval; ends when standard output is closed.
async fn read_live(
    session: &mut AdhocReader,
    every: u16,
    print: impl Fn(&DeviceReads) -> bool,
) -> u8 {
    let mut slots = tokio::time::interval(Duration::from_secs(every.into()));
    // A slow device delays the next read; missed intervals are not made up.
    slots.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick of an interval completes at once.
    slots.tick().await;
    let mut seen = DeviceReads::from_first_read(session.read().await);
    while print(&seen) {
        slots.tick().await;
        seen.add_live_read(session.read().await);
    }
    seen.exit_status()
}

/// Result of the reads as text or JSON, whole or as one item of a stream.
fn render_output(
    config: &Config,
    index: usize,
    seen: &DeviceReads,
    options: &ReadArgs,
    lang: Language,
) -> String {
    if options.json && options.every.is_some() {
        return format!(
            "{}\n",
            json::device_json(config, index, seen, &options.display)
        );
    }
    if options.json {
        return format!(
            "{:#}\n",
            json::device_json(config, index, seen, &options.display)
        );
    }
    let text = device_text(config, index, seen, &options.display, lang);
    match options.every {
        // On a terminal the new result replaces the old one.
        Some(_) if std::io::stdout().is_terminal() => format!("{CLEAR_SCREEN}{text}"),
        Some(_) => format!("{text}\n"),
        None => text,
    }
}

/// Faults of the devices on a line, the silent one first. Its neighbours are read once each, since
/// a line that is silent as a whole needs another remedy than one device.
async fn diagnose_line(
    config: &Config,
    index: usize,
    once: &AdhocReading,
) -> Vec<Option<QualityReason>> {
    let Some((failure, _)) = &once.failure else {
        return Vec::new();
    };
    let mut all = vec![Some(failure.reason)];
    let device = &config.devices[index];
    // On TCP every device has its own connection, so neighbours say nothing about it.
    let is_network = matches!(
        config.buses[device.bus].link.modbus(),
        Some(ModbusLink::Tcp { .. })
    );
    if is_network
        || !matches!(
            failure.reason,
            QualityReason::Timeout | QualityReason::Corrupt
        )
    {
        return all;
    }
    let others = config.devices.iter().enumerate();
    let others = others.filter(|(other, one)| one.bus == device.bus && *other != index);
    for (other, _) in others.take(NEIGHBOURS_MAX) {
        let bus = &config.buses[device.bus];
        let Ok(owner) = bus_client::gateway_bus_handle(config, &bus.id).await else {
            break;
        };
        if let Some(mut session) = AdhocReader::via_owner(config, other, &Clock::system(), owner) {
            let once = session.read().await;
            all.push(once.failure.map(|(failure, _)| failure.reason));
        }
    }
    all
}

fn device_text(
    config: &Config,
    index: usize,
    seen: &DeviceReads,
    display: &[(String, ExactNumber)],
    lang: Language,
) -> String {
    let once = &seen.once;
    let device = &config.devices[index];
    let mut text = String::new();
    if let Some(identity) = &once.identity {
        text += &identity_text(identity, lang);
    }
    // A device without any answer has no points to show.
    let count = once.failure.as_ref().map_or(usize::MAX, |_| 0);
    let points = device
        .points
        .iter()
        .zip(point_reads(device, once))
        .take(count);
    for (number, (point, (place, outcome, words))) in points.enumerate() {
        text += &point_line(point, place, outcome, words, lang);
        if let Some(refused) = once.details.out_of_range.get(number).copied().flatten() {
            text += &limit_line(point, refused, lang);
        }
        if let Some((point, ranking)) = seen.rank_point(number, display) {
            let value = outcome.and_then(|outcome| outcome.number());
            text += &ranking::ranking_text(point, value, &ranking, lang);
        } else if let Some(value) = outcome.and_then(|outcome| outcome.number()) {
            text += &display_line(point, value, display, lang);
        }
    }
    text + &answer_lines(config, index, seen, lang)
}

fn identity_text(identity: &DeviceIdentity, lang: Language) -> String {
    let model = |(id, length): &(u16, u16)| {
        let (id, length) = (id.to_string(), length.to_string());
        lang.text_with(
            "cli-read-sunspec-model",
            &[("id", &id), ("length", &length)],
        )
    };
    let models: Vec<String> = identity.models.iter().map(model).collect();
    let (base, models) = (identity.base.to_string(), models.join(", "));
    let args = [("base", base.as_str()), ("models", models.as_str())];
    let mut lines = Vec::new();
    if !identity.models.is_empty() {
        lines.push(lang.text_with("cli-read-sunspec", &args));
    }
    if let Some(why) = &identity.cut_short {
        lines.push(lang.text_with("cli-read-sunspec-cut", &[("why", why)]));
    }
    let parts = [&identity.manufacturer, &identity.model, &identity.options];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let device = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    let facts = [
        ("device", device.as_str()),
        ("version", identity.version.as_str()),
        ("serial", identity.serial.as_str()),
    ];
    lines.push(lang.text_with("cli-read-identity", &facts));
    lines.join("\n") + "\n"
}
