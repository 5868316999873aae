//! Command line of `pantau`: one module for each command, with help in both languages.
//!
//! Entry point: [`run_command_line`], which parses the arguments, runs one command and returns its
//! exit status.
//!
//! ```text
//! $ pantau check -c pantau.toml --lang en
//! $ echo $?
//! 0
//! ```
//!
//! Exit status of every command: 0 done; 1 the command ran and the result is negative, or it
//! failed; 2 the call or the configuration is wrong. A call is also wrong when it names a file that
//! cannot be read, or a thing that the site does not have. The content of a file with data (rows to
//! import, a bundle) is no part of the call: when it is refused, the status is 1.
//!
//! Commands that need readings ask the API (`backend`): over the socket of the running gateway, or,
//! when none runs, in this process, on the store that the command opens.
//!
//! User documentation: `docs/field.md`, `docs/reports.md`, `docs/evidence.md`.

mod alarm;
mod alarm_channels;
mod args;
mod backend;
mod backup;
mod backup_texts;
mod bus_client;
mod calibrate;
mod check;
mod command_error;
mod demo;
mod device;
mod evidence;
mod exit_status;
mod export;
mod file_error;
mod handover;
mod import;
mod init;
mod interview;
mod kept_memory;
mod ledger;
mod live_devices;
mod logging;
mod method;
mod output_ending;
mod prompt;
mod read;
mod reload;
mod report;
mod restore;
mod revisions;
mod run;
mod scan;
mod set_address;
mod simulate;
mod soak;
mod standard_output;
mod time;
mod user;
mod watch;

use crate::config;
use crate::i18n::Language;
use args::{CliCommand, CommandLine};
use clap::FromArgMatches;
use exit_status::fail_with_message;
use std::ffi::OsString;
use std::time::Duration;

/// Time for work that a command left in another thread, at its end.
const LEFT_WORK_WAIT: Duration = Duration::from_secs(2);

/// Runs the command of these arguments and returns its exit status.
pub fn run_command_line(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // The language must be known before parsing: the help and parse errors are in that language.
    let lang = args::choose_language(
        &arguments,
        |name| std::env::var(name).ok(),
        config::site_language,
    );
    if let Some(found) = args::unknown_language(|name| std::env::var(name).ok()) {
        let known = Language::ALL.map(Language::code).join(", ");
        let args = [("found", &*found), ("known", &*known)];
        backend::print_stderr(&lang.text_with("cli-lang-unknown", &args));
    }
    let parsed = args::localised_command(lang)
        .try_get_matches_from(&arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return args::print_parse_error(&error, lang),
    };
    kept_memory::limit_kept_memory();
    logging::start_logging(&cli);
    match build_runtime() {
        Ok(runtime) => {
            let status = runtime.block_on(dispatch_command(cli, lang));
            // A disk or network folder that hangs must not keep the program.
            runtime.shutdown_timeout(LEFT_WORK_WAIT);
            standard_output::status_with_output(status, lang)
        }
        Err(error) => fail_with_message(&error.to_string()),
    }
}

/// Commands, options and help texts of the program in one language, for its man pages and
/// completions.
pub fn command_definition(lang: Language) -> clap::Command {
    args::localised_command(lang)
}

/// Runtime with one thread: the work is small, and a second thread would only add wake-ups and
/// memory.
fn build_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

async fn dispatch_command(cli: CommandLine, lang: Language) -> u8 {
    match cli.command {
        CliCommand::Run { config } => run::run_gateway(&config, lang).await,
        CliCommand::Init(options) => init::run_init(&options, lang).await,
        CliCommand::Demo(options) => demo::run_demo(options, lang).await,
        // The schema needs no configuration file.
        CliCommand::Check { schema: true, .. } => check::print_schema(),
        CliCommand::Check { config, json, .. } => check::run_check(&config, lang, json),
        CliCommand::Read(options) => read::run_read(&options, lang).await,
        CliCommand::Scan(options) => scan::run_scan(&options, lang).await,
        CliCommand::Soak(options) => soak::run_soak(&options, lang).await,
        CliCommand::Watch(options) => watch::run_watch(&options, lang).await,
        CliCommand::Calibrate(options) => calibrate::run_calibrate(options, lang).await,
        CliCommand::Handover(options) => handover::run_handover(&options, lang).await,
        CliCommand::SetAddress(options) => set_address::run_set_address(&options, lang).await,
        CliCommand::Method { ask } => method::run_method(&ask, lang),
        CliCommand::Device { ask } => device::run_device(ask, lang).await,
        CliCommand::Simulate(options) => simulate::run_simulate(options, lang).await,
        CliCommand::Import(options) => import::run_import(&options, lang).await,
        CliCommand::Export(options) => export::run_export(&options, lang).await,
        CliCommand::Verify(options) => evidence::run_verify(&options, lang).await,
        CliCommand::Ledger(options) => ledger::run_ledger(options, lang).await,
        CliCommand::Report(options) => report::run_report(options, lang).await,
        CliCommand::Reload(options) => reload::run_reload(&options, lang).await,
        CliCommand::Time(options) => time::run_time(&options, lang).await,
        CliCommand::Alarm(options) => alarm::run_alarm(&options, lang).await,
        CliCommand::User(options) => user::run_user(options, lang).await,
        CliCommand::Backup(options) => backup::run_backup(&options, lang).await,
        CliCommand::Restore(options) => restore::run_restore(&options, lang).await,
    }
}
