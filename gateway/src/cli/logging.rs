//! Log output: structured lines on standard error, for the systemd journal or for a person.

use super::args::{CliCommand, CommandLine};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Log filter of `pantau run`. Libraries log details that do not help a technician.
const SERVICE_LOG_FILTER: &str = "info,tokio_modbus=error,hyper=warn";
/// Log filter of a command that a person waits for: warnings only.
const COMMAND_LOG_FILTER: &str = "warn,tokio_modbus=error";
/// Log filter of `watch` and `soak`: off. They show every fault themselves, and a log line would
/// overwrite their screen.
const SCREEN_LOG_FILTER: &str = "off";

/// Starts the log with `--log`, else `PANTAU_LOG`, else the default filter of the command.
pub(super) fn start_logging(cli: &CommandLine) {
    let default = match cli.command {
        CliCommand::Run { .. } => SERVICE_LOG_FILTER,
        CliCommand::Watch(_) | CliCommand::Soak(_) => SCREEN_LOG_FILTER,
        _ => COMMAND_LOG_FILTER,
    };
    let chosen = cli.log.clone().or_else(|| std::env::var("PANTAU_LOG").ok());
    let filter = chosen
        // A faulty filter counts as none, so that the command still runs.
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first subscriber.
    let _ = if cli.log_json {
        lines.json().try_init()
    } else {
        lines.try_init()
    };
}
