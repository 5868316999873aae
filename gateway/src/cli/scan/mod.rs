//! `pantau scan`: what is on a line or in a network, as it is found.

mod show;
mod write;

use super::args::CONFIG_DEFAULT;
use super::run::stop_asked;
use super::running::complain;
use super::{DONE, NO, WRONG};
use crate::config::{self, Config, Parity};
use crate::field::scan::ranges;
use crate::onsite::scan::{Scan, Target, Wishes};
use crate::words::Lang;
use show::Screen;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// What `pantau scan` is asked.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each switch of the command line"
)]
pub(super) struct Options {
    /// Ports, hosts, ranges of addresses, or buses of the configuration.
    #[arg(value_name = "PORT|HOST|RANGE")]
    targets: Vec<String>,
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// The likeliest settings and units; the default.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Every speed, parity and unit.
    #[arg(long)]
    full: bool,
    /// Speeds to try.
    #[arg(long, value_name = "BAUD,..", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
    baud: Vec<u32>,
    /// Parities to try.
    #[arg(long, value_name = "none|even|odd", value_delimiter = ',', value_parser = parity)]
    parity: Vec<Parity>,
    /// Units to try.
    #[arg(long, value_name = "1-10,247", value_parser = units)]
    units: Option<Units>,
    /// TCP ports to try.
    #[arg(long, value_name = "502,1502", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    ports: Vec<u16>,
    /// How long an answer may take.
    #[arg(long, value_name = "MS")]
    #[arg(value_parser = clap::value_parser!(u64).range(20..=2000))]
    timeout: Option<u64>,
    /// Quiet time between connecting and the first question.
    #[arg(long, value_name = "MS")]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=60_000))]
    settle: Option<u64>,
    /// Goes on although others use the line.
    #[arg(long)]
    yes: bool,
    /// Adds what was found to the configuration.
    #[arg(long)]
    write: bool,
    /// For scripts: a line each.
    #[arg(long)]
    json: bool,
}

/// A list of units.
#[derive(Clone, Debug)]
struct Units(Vec<u8>);

fn units(text: &str) -> Result<Units, String> {
    ranges::units(text)
        .map(Units)
        .map_err(|bad| bad.to_string())
}

fn parity(text: &str) -> Result<Parity, String> {
    match text {
        "none" => Ok(Parity::None),
        "even" => Ok(Parity::Even),
        "odd" => Ok(Parity::Odd),
        _ => Err("none, even, odd".to_owned()),
    }
}

/// Scans, shows, and writes when told to; the exit status: 0 found something, 1 nothing or not
/// all, 2 wrong call.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match configuration(options, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let wishes = options.wishes();
    let targets = match Target::all(&options.targets, &wishes.ports(), config.as_ref()) {
        Ok(targets) if !targets.is_empty() => targets,
        Ok(_) => return wrong(&lang.text("scan-no-target")),
        Err((text, why)) => {
            return wrong(&lang.say("scan-bad-target", &[("text", &text), ("why", &why)]));
        }
    };
    let mut scan = Scan::new(&wishes, config.as_ref(), Screen::new(options.json, lang));
    let begun = Instant::now();
    let whole = tokio::select! {
        () = scan.all(&targets) => true,
        () = stop_asked() => false,
    };
    scan.host
        .end(scan.found.len(), &scan.cost, begun.elapsed(), whole);
    let wrote = match (options.write, &config) {
        (true, Some(config)) => write::add(&options.config, config, &scan.found, lang),
        (wanted, _) => !wanted,
    };
    if scan.found.is_empty() || scan.failed || !wrote {
        NO
    } else {
        DONE
    }
}

/// The configuration, when there is one; a faulty one stops only what needs it.
fn configuration(options: &Options, lang: Lang) -> Result<Option<Config>, u8> {
    let needed = options.write || options.targets.is_empty();
    if !options.config.exists() {
        if options.write {
            let file = options.config.display().to_string();
            return Err(wrong(&lang.say("scan-no-config", &[("file", &file)])));
        }
        return Ok(None);
    }
    match config::load(&options.config) {
        Ok(config) => Ok(Some(config)),
        Err(faults) => {
            complain(&faults.render(lang));
            if needed { Err(WRONG) } else { Ok(None) }
        }
    }
}

fn wrong(why: &str) -> u8 {
    complain(&format!("pantau: {why}"));
    WRONG
}

impl Options {
    fn wishes(&self) -> Wishes {
        Wishes {
            full: self.full,
            baud: self.baud.clone(),
            parity: self.parity.clone(),
            units: self.units.as_ref().map(|Units(units)| units.clone()),
            ports: self.ports.clone(),
            timeout: self.timeout.map(Duration::from_millis),
            settle: self.settle.map(Duration::from_millis),
            yes: self.yes,
        }
    }
}
