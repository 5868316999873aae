//! `pantau scan`: searches lines and networks for Modbus devices, the gateway's own pins for
//! sensors, and brokers for sensor nodes.
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

use super::backend::{DEFAULT_CONFIG_PATH, print_stderr};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, print_usage_error};
use super::run::wait_for_stop;
use crate::commissioning::scan::{DeviceScan, ScanOptions, ScanTarget};
use crate::commissioning::scan_engine::scan_ranges;
use crate::config::{self, Config, Parity};
use crate::i18n::Language;
use nodes::NodeTarget;
use output::ScanScreen;
use pins::PinTarget;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

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
struct UnitList(Vec<u8>);

fn parse_units(text: &str) -> Result<UnitList, String> {
    scan_ranges::parse_units(text)
        .map(UnitList)
        .map_err(|bad| bad.to_string())
}

fn parse_parity(text: &str) -> Result<Parity, String> {
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
    let mut brokers = options.targets.iter();
    let broker = brokers.find_map(|text| NodeTarget::parse(text, config.as_ref()));
    if let Some(target) = broker {
        if options.targets.len() > 1 {
            return print_usage_error(&lang.text("scan-pins-alone"));
        }
        return run_node_scan(&target, config.as_ref(), options, lang).await;
    }
    let pins = options.targets.iter();
    let pins: Vec<PinTarget> = pins
        .filter_map(|text| PinTarget::parse(text, config.as_ref()))
        .collect();
    if let Some(target) = pins.first() {
        // Pins and lines have nothing in common: one target, and no other.
        if options.targets.len() > 1 {
            return print_usage_error(&lang.text("scan-pins-alone"));
        }
        return pins::scan_pins(target, options.json, lang).await;
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

/// Scans a broker, and writes the nodes when requested.
async fn run_node_scan(
    target: &NodeTarget,
    config: Option<&Config>,
    options: &ScanArgs,
    lang: Language,
) -> u8 {
    let form = (options.full, options.json);
    let found = nodes::scan_nodes(target, config, form, lang).await;
    let wrote = match config.filter(|_| options.write) {
        Some(config) => config_append::append_tables(&options.config, config, &found.tables, lang),
        None => true,
    };
    if wrote { found.status } else { EXIT_NEGATIVE }
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
