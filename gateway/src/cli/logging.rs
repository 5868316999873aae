//! Where the log goes: structured lines on standard error, for the journal of systemd or a person.

use super::args::{Cli, Command};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What each library says by itself is noise to a technician; our own rooms speak at `info`.
const SERVICE: &str = "info,tokio_modbus=error,hyper=warn";
/// A command that a person waits for shows warnings only.
const COMMAND: &str = "warn,tokio_modbus=error";
/// `watch` and `soak` tell every fault themselves; a line of the log would tear their screen.
const SCREEN: &str = "off";

pub(super) fn start(cli: &Cli) {
    let default = match cli.command {
        Command::Run { .. } => SERVICE,
        Command::Watch(_) | Command::Soak(_) => SCREEN,
        _ => COMMAND,
    };
    let chosen = cli.log.clone().or_else(|| std::env::var("PANTAU_LOG").ok());
    let filter = chosen
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first.
    let _ = if cli.log_json {
        lines.json().try_init()
    } else {
        lines.try_init()
    };
}
