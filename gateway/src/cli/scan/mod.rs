//! `pantau scan`: searches lines and networks for Modbus devices, the gateway's own pins for
//! sensors, a UART for the sensor that sends there, and brokers for sensor nodes.
//!
//! Entry point: [`run_scan`].
//!
//! ```text
//! $ pantau scan /dev/ttyUSB0 --baud 9600 --units 1-10
//! ```
//!
//! User documentation: `docs/field.md`, "Scan".

mod config_append;
mod nodes;
mod output;
mod pins;
mod target_checks;
mod uart;

use super::backend::{DEFAULT_CONFIG_PATH, print_stderr};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, print_usage_error};
use super::run::wait_for_stop;
use crate::commissioning::scan::{DeviceScan, ScanOptions, ScanTarget};
use crate::commissioning::scan_engine::scan_ranges;
use crate::config::{self, Config, Parity};
use crate::i18n::Language;
use nodes::NodeTarget;
pub(super) use output::ScanScreen;
use pins::PinTarget;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;
use uart::UartTarget;

/// Arguments of `pantau scan`.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each switch of the command line"
)]
pub(super) struct ScanArgs {
    /// Ports, hosts, address ranges, or buses of the configuration.
    #[arg(value_name = "PORT|HOST|RANGE")]
    targets: Vec<String>,
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Only the likeliest settings and units; the default.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Every speed, parity and unit.
    #[arg(long)]
    full: bool,
    /// Speeds to try, baud.
    #[arg(long, value_name = "BAUD,..", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
    baud: Vec<u32>,
    /// Parities to try.
    #[arg(long, value_name = "none|even|odd", value_delimiter = ',', value_parser = parse_parity)]
    parity: Vec<Parity>,
    /// Units to try.
    #[arg(long, value_name = "1-10,247", value_parser = parse_units)]
    units: Option<UnitList>,
    /// TCP ports to try.
    #[arg(long, value_name = "502,1502", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    ports: Vec<u16>,
    /// Time limit for an answer, ms.
    #[arg(long, value_name = "MS")]
    #[arg(value_parser = clap::value_parser!(u64).range(20..=2000))]
    timeout: Option<u64>,
    /// Quiet time between connecting and the first request, ms.
    #[arg(long, value_name = "MS")]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=60_000))]
    settle: Option<u64>,
    /// Continue although another master uses the line.
    #[arg(long)]
    yes: bool,
    /// Adds found devices to the configuration.
    #[arg(long)]
    write: bool,
    /// JSON lines for scripts.
    #[arg(long)]
    json: bool,
}

/// List of unit addresses.
#[derive(Clone, Debug)]
// A type of its own, since clap takes a `Vec` for an argument that is repeated.
pub(super) struct UnitList(pub(super) Vec<u8>);

pub(super) fn parse_units(text: &str) -> Result<UnitList, String> {
    scan_ranges::parse_units(text)
        .map(UnitList)
        .map_err(|bad| bad.to_string())
}

pub(super) fn parse_parity(text: &str) -> Result<Parity, String> {
    match text {
        "none" => Ok(Parity::None),
        "even" => Ok(Parity::Even),
        "odd" => Ok(Parity::Odd),
        _ => Err("none, even, odd".to_owned()),
    }
}

/// Scans, prints the devices, and writes them when requested. Exit status: 0 something was found, 1
/// nothing was found or not everything could be scanned, 2 the call is wrong.
pub(super) async fn run_scan(options: &ScanArgs, lang: Language) -> u8 {
    let config = match load_optional_config(options, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if let Some(status) = scan_alone(options, config.as_ref(), lang).await {
        return status;
    }
    if let Err(why) = target_checks::check_targets(&options.targets, config.as_ref(), lang).await {
        return print_usage_error(&why);
    }
    let wishes = options.scan_options();
    let targets =
        match ScanTarget::parse_all(&options.targets, &wishes.tcp_ports(), config.as_ref()) {
            Ok(targets) if !targets.is_empty() => targets,
            Ok(_) => return print_usage_error(&lang.text("scan-no-target")),
            Err((text, why)) => {
                return print_usage_error(
                    &lang.text_with("scan-bad-target", &[("text", &text), ("why", &why)]),
                );
            }
        };
    let mut scan = DeviceScan::new(
        &wishes,
        config.as_ref(),
        ScanScreen::new(options.json, lang),
    );
    let begun = Instant::now();
    // Ctrl-C ends the scan, and what was found so far is still written.
    let whole = tokio::select! {
        () = scan.all(&targets) => true,
        () = wait_for_stop() => false,
    };
    scan.host
        .print_end(scan.found.len(), &scan.cost, begun.elapsed(), whole);
    let wrote = match (options.write, &config) {
        (true, Some(config)) => {
            config_append::append_found_devices(&options.config, config, &scan.found, lang)
        }
        (wanted, _) => !wanted,
    };
    if scan.found.is_empty() || scan.failed || !wrote {
        EXIT_NEGATIVE
    } else {
        EXIT_DONE
    }
}

/// Scans a broker, a UART or pins, and writes what was found when requested; `None` when no target
/// is one of these.
async fn scan_alone(options: &ScanArgs, config: Option<&Config>, lang: Language) -> Option<u8> {
    let texts = &options.targets;
    let broker = texts
        .iter()
        .find_map(|text| NodeTarget::parse(text, config));
    let uart = texts
        .iter()
        .find_map(|text| UartTarget::parse(text, config));
    let pins = texts.iter().find_map(|text| PinTarget::parse(text, config));
    let is_any = broker.is_some() || uart.is_some() || pins.is_some();
    // These and lines have nothing in common: one target, and no other.
    if is_any && texts.len() > 1 {
        return Some(print_usage_error(&lang.text("scan-pins-alone")));
    }
    let (status, tables) = if let Some(target) = broker {
        let form = (options.full, options.json);
        nodes::scan_nodes(&target, config, form, lang).await
    } else if let Some(target) = uart {
        uart::scan_uart(&target, config, options.json, lang).await
    } else {
        return Some(pins::scan_pins(&pins?, options.json, lang).await);
    };
    let wrote = match config.filter(|_| options.write) {
        Some(config) => config_append::append_tables(&options.config, config, &tables, lang),
        None => true,
    };
    Some(if wrote { status } else { EXIT_NEGATIVE })
}

/// Configuration, if there is one. An error in it ends the scan only when the scan needs it.
fn load_optional_config(options: &ScanArgs, lang: Language) -> Result<Option<Config>, u8> {
    let needed = options.write || options.targets.is_empty();
    // A scan is often made before there is a configuration.
    if !options.config.exists() {
        if options.write {
            let file = options.config.display().to_string();
            return Err(print_usage_error(
                &lang.text_with("scan-no-config", &[("file", &file)]),
            ));
        }
        return Ok(None);
    }
    match config::load_config(&options.config) {
        Ok(config) => Ok(Some(config)),
        Err(faults) => {
            print_stderr(&faults.render(lang));
            if needed { Err(EXIT_USAGE) } else { Ok(None) }
        }
    }
}

impl ScanArgs {
    fn scan_options(&self) -> ScanOptions {
        ScanOptions {
            full: self.full,
            baud: self.baud.clone(),
            parity: self.parity.clone(),
            units: self.units.as_ref().map(|UnitList(units)| units.clone()),
            ports: self.ports.clone(),
            timeout: self.timeout.map(Duration::from_millis),
            settle: self.settle.map(Duration::from_millis),
            yes: self.yes,
        }
    }
}
