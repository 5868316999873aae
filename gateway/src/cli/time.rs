//! `pantau time`: the time of the running gateway, and setting it where no source knows it.
//!
//! ```text
//! $ pantau time show
//! 2026-11-30 10:05:30 WIB, within 1 s, time from the network (NTP)
//! $ pantau time set "2026-11-30 10:05:30"
//! $ pantau time set "2027-03-01 08:00:00" --sure    # months beyond the newest reading
//! ```
//!
//! User documentation: `docs/field.md`.

use super::backend::{
    DEFAULT_CONFIG_PATH, current_user, load_config, print_stderr, report_failure,
};
use super::exit_status::EXIT_DONE;
use super::standard_output::print_text;
use crate::api::client::path_with_query;
use crate::api::site_time::SiteTimeJson;
use crate::cli::command_error::CommandError;
use crate::config::Config;
use crate::i18n::Language;
use crate::server;
use std::path::PathBuf;

/// Arguments of `pantau time`.
#[derive(Debug, clap::Args)]
pub(super) struct TimeArgs {
    #[command(subcommand)]
    command: TimeCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TimeCommand {
    Show {
        #[command(flatten)]
        common: TimeCommonArgs,
    },
    Set {
        #[arg(value_name = "TIME")]
        moment: String,
        #[arg(long)]
        sure: bool,
        #[command(flatten)]
        common: TimeCommonArgs,
    },
}

/// Options of both subcommands.
#[derive(Debug, clap::Args)]
struct TimeCommonArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand; returns the exit status.
pub(super) async fn run_time(options: &TimeArgs, lang: Language) -> u8 {
    let (TimeCommand::Show { common } | TimeCommand::Set { common, .. }) = &options.command;
    let config = match load_config(&common.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let time = match ask_gateway(&config, &options.command, lang).await {
        Ok(time) => time,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    if common.json {
        match serde_json::to_string(&time) {
            Ok(text) => print_text(&format!("{text}\n")),
            Err(fault) => return report_failure(&fault.into(), lang),
        };
        return EXIT_DONE;
    }
    if matches!(options.command, TimeCommand::Set { .. }) {
        print_stderr(&lang.text("site-time-done"));
    }
    print_text(&format!("{}\n", time_line(&time, lang)));
    EXIT_DONE
}

/// Asks the running gateway: without one there is no time of readings to show or to set.
async fn ask_gateway(
    config: &Config,
    command: &TimeCommand,
    lang: Language,
) -> Result<SiteTimeJson, CommandError> {
    let running = server::connect_client(&config.store.path).await?;
    let mut api = running.ok_or_else(|| CommandError::Refused(lang.text("cli-time-no-gateway")))?;
    let time = match command {
        TimeCommand::Show { .. } => api.get_json("/control/time").await?,
        TimeCommand::Set { moment, sure, .. } => {
            let by = current_user();
            let query = [
                ("to", Some(&**moment)),
                ("sure", sure.then_some("true")),
                ("recorded_by", Some(&*by)),
                ("lang", Some(lang.code())),
            ];
            let path = path_with_query("/control/time", &query);
            api.post(&path, "text/plain", "").await?.json().await?
        }
    };
    api.close().await;
    Ok(time)
}

fn time_line(time: &SiteTimeJson, lang: Language) -> String {
    let (Some(bound), Some(source)) = (time.bound_ms, &time.source) else {
        return lang.text_with("web-clock-untrusted", &[("time", &time.local)]);
    };
    let bound = bound.div_ceil(1000).to_string();
    let known = lang.text_with(
        "web-clock-bound",
        &[("time", &time.local), ("bound", &bound)],
    );
    let source = lang.text(&format!("web-clock-source-{source}"));
    format!("{known}, {source}")
}
