//! `pantau reload`: the running gateway takes over its configuration file as it is now.
//!
//! ```text
//! $ pantau reload -c pantau.toml
//! the new configuration is in use: 3f0a12c47a90-1b2c3d4e
//! go on without a pause: lan
//! started: rs485
//! ```
//!
//! A file with faults changes nothing: they are printed, and the gateway goes on with what it has.
//! User documentation: `docs/field.md`.

use super::backend::{
    DEFAULT_CONFIG_PATH, current_user, load_config, print_stderr, report_failure,
};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE};
use super::standard_output::print_text;
use crate::api::client::path_with_query;
use crate::api::reload::{ConfigurationInUseJson, ReloadJson};
use crate::cli::command_error::CommandError;
use crate::config::Config;
use crate::i18n::Language;
use crate::server;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest wait for the end of a reload. The store of a large site opens within seconds.
const RELOAD_WAIT: Duration = Duration::from_mins(2);
/// Looks for a gateway before none is taken to run: five seconds.
const TRIES: u32 = 25;
/// Time between two looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `pantau reload`.
#[derive(Debug, clap::Args)]
pub(super) struct ReloadArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(long)]
    json: bool,
}

/// Asks for the reload and waits for its end; returns the exit status.
pub(super) async fn run_reload(options: &ReloadArgs, lang: Language) -> u8 {
    // The file says where the gateway is; with faults it is printed as `check` prints it.
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => {
            print_stderr(&lang.text("reload-kept"));
            return status;
        }
    };
    let outcome = match reload(&config, lang).await {
        Ok(outcome) => outcome,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    if options.json {
        match serde_json::to_string_pretty(&outcome) {
            Ok(text) => print_text(&format!("{text}\n")),
            Err(fault) => return report_failure(&fault.into(), lang),
        };
    } else {
        print_outcome(&outcome, lang);
    }
    if outcome.result == "accepted" {
        EXIT_DONE
    } else {
        EXIT_NEGATIVE
    }
}

fn print_outcome(outcome: &ReloadJson, lang: Language) {
    let mut text = match &outcome.revision {
        Some(revision) => lang.text_with("reload-done", &[("revision", revision)]),
        None => outcome.text.clone(),
    };
    for line in &outcome.faults {
        text += "\n";
        text += line;
    }
    for (key, buses) in [
        ("reload-kept-buses", &outcome.kept),
        ("reload-started-buses", &outcome.started),
        ("reload-stopped-buses", &outcome.stopped),
    ] {
        if !buses.is_empty() {
            text += "\n";
            text += &lang.text_with(key, &[("buses", &buses.join(", "))]);
        }
    }
    for line in &outcome.warnings {
        print_stderr(line);
    }
    if outcome.result == "accepted" {
        print_text(&format!("{text}\n"));
    } else {
        print_stderr(&text);
    }
}

/// Asks the gateway, and waits until the change has ended.
async fn reload(config: &Config, lang: Language) -> Result<ReloadJson, CommandError> {
    let mut tries = 0;
    let (before, outcome) = loop {
        match ask(config, lang).await {
            Ok(told) => break told,
            // It starts anew for the reload of another: its turn comes.
            Err(CommandError::Api(_)) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(trouble) => return Err(trouble),
        }
    };
    if outcome.result == "accepted" {
        await_end(config, before, lang).await?;
    }
    Ok(outcome)
}

/// Asks once; returns the number of reloads before it, and the answer.
async fn ask(config: &Config, lang: Language) -> Result<(u32, ReloadJson), CommandError> {
    let mut looks = 0;
    let mut api = loop {
        if let Some(running) = server::connect_client(&config.store.path).await? {
            break running;
        }
        looks += 1;
        if looks > TRIES {
            return Err(CommandError::Refused(lang.text("reload-none")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let before: ConfigurationInUseJson = api.get_json("/api/v1/configuration").await?;
    if !is_same_file(&before.file, &config.file) {
        let args = [
            ("used", &*before.file),
            ("file", &*config.file.display().to_string()),
        ];
        let text = lang.text_with("reload-other-file", &args);
        return Err(CommandError::Refused(text));
    }
    let by = current_user();
    let query = [("recorded_by", Some(&*by)), ("lang", Some(lang.code()))];
    let path = path_with_query("/api/v1/configuration/reload", &query);
    let outcome: ReloadJson = api.post(&path, "text/plain", "").await?.json().await?;
    api.close().await;
    Ok((before.reloads, outcome))
}

/// Whether two paths lead to one file.
fn is_same_file(used: &str, named: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    match (real(Path::new(used)), real(named)) {
        (Some(used), Some(named)) => used == named,
        // What cannot be looked at is left to the gateway.
        _ => true,
    }
}

/// Waits until the gateway answers again with one reload more.
async fn await_end(config: &Config, before: u32, lang: Language) -> Result<(), CommandError> {
    let ended = async {
        loop {
            if let Some(now) = look(config).await
                && now.reloads > before
            {
                return now;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let refused = |text| Err(CommandError::Refused(text));
    match tokio::time::timeout(RELOAD_WAIT, ended).await {
        Ok(ConfigurationInUseJson {
            fault: Some(fault), ..
        }) => refused(lang.text_with("reload-went-back", &[("fault", &fault)])),
        Ok(_) => Ok(()),
        Err(_) => refused(lang.text("reload-no-end")),
    }
}

/// The configuration in use; `None` while the gateway does not answer.
async fn look(config: &Config) -> Option<ConfigurationInUseJson> {
    let mut api = server::connect_client(&config.store.path).await.ok()??;
    let now = api.get_json("/api/v1/configuration").await.ok();
    api.close().await;
    now
}
