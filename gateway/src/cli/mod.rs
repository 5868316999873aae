//! Technicians and scripts: one file a command, help in both languages.
//!
//! Exit status of every command: 0 done, 1 it ran and the answer is no, 2 the call or the
//! configuration is wrong.

mod args;
mod backup;
mod calibrate;
mod check;
mod demo;
mod device;
mod evidence;
mod export;
mod handover;
mod import;
mod ledger;
mod logging;
mod method;
mod person;
mod read;
mod report;
mod revisions;
mod run;
mod running;
mod scan;
mod set_address;
mod shared;
mod simulate;
mod soak;
mod source;
mod watch;

use crate::config::{self, Config};
use crate::words::Lang;
use args::{Cli, Command};
use clap::FromArgMatches;
use std::ffi::OsString;
use std::path::Path;

/// Done.
pub const DONE: u8 = 0;
/// It ran and the answer is no.
pub const NO: u8 = 1;
/// The call or the configuration is wrong.
pub const WRONG: u8 = 2;

/// Parses the arguments and does what they ask; the exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let lang = args::language(&arguments, |name| std::env::var(name).ok());
    let parsed = args::command(lang)
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return args::explain(&error, lang),
    };
    logging::start(&cli);
    match runtime() {
        Ok(runtime) => runtime.block_on(dispatch(cli, lang)),
        Err(error) => complain(&error.to_string()),
    }
}

/// One thread: the work is small, and a second thread would only add wake-ups and memory.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

async fn dispatch(cli: Cli, lang: Lang) -> u8 {
    match cli.command {
        Command::Run { config } => run::run(&config, lang).await,
        Command::Demo(options) => demo::run(options, lang).await,
        Command::Check { schema: true, .. } => check::schema(),
        Command::Check { config, json, .. } => check::run(&config, lang, json),
        Command::Read(options) => read::run(&options, lang).await,
        Command::Scan(options) => scan::run(&options, lang).await,
        Command::Soak(options) => soak::run(&options, lang).await,
        Command::Watch(options) => watch::run(&options, lang).await,
        Command::Calibrate(options) => calibrate::run(options, lang).await,
        Command::Handover(options) => handover::run(&options, lang).await,
        Command::SetAddress(options) => set_address::run(&options, lang).await,
        Command::Method { ask } => method::run(&ask, lang),
        Command::Device { ask } => device::run(ask, lang),
        Command::Simulate(options) => simulate::run(options, lang).await,
        Command::Import(options) => import::run(&options, lang).await,
        Command::Export(options) => export::run(&options, lang).await,
        Command::Verify(options) => evidence::run(&options, lang).await,
        Command::Ledger(options) => ledger::run(options, lang).await,
        Command::Report(options) => report::run(options, lang).await,
        Command::Backup { config, output } => backup::run(&config, &output, lang).await,
    }
}

/// The checked configuration; its faults go to the screen and make the call wrong.
fn configured(file: &Path, lang: Lang) -> Result<Config, u8> {
    config::load(file).map_err(|faults| {
        eprintln!("{}", faults.render(lang));
        WRONG
    })
}

fn complain(why: &str) -> u8 {
    eprintln!("pantau: {why}");
    NO
}
