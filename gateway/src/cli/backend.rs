//! Access of a command to the readings: one client of the API, whether a gateway runs or not. Also
//! what the commands share: configuration, messages, progress.

use super::exit_status::{EXIT_NEGATIVE, EXIT_USAGE};
use crate::access::{AccessControl, AccessPolicy, DamageHandling, PasswordCost};
use crate::api::ApiState;
use crate::api::client::{ApiClient, ApiClientError};
use crate::backup::BackupError;
use crate::cli::command_error::CommandError;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::UtcMs;
use crate::server;
use crate::status::StatusBoard;
use crate::storage::{Store, StoreAccess, StoreError};
use jiff::civil::Date;
use nix::unistd::{Uid, User};
use std::path::Path;
use std::time::Duration;

/// Configuration file of a command without `--config`.
pub(super) const DEFAULT_CONFIG_PATH: &str = "/etc/pantau/pantau.toml";

/// Looks at a store that another process holds, and the time between two of them: ten seconds.
const HELD_STORE_LOOKS: u32 = 50;
const HELD_STORE_LOOK: Duration = Duration::from_millis(200);

/// Client of the running gateway, else of the routes in this process, on the store opened with the
/// access that the command needs. Two processes never have the store open for writing.
pub(super) async fn open_client(
    config: &Config,
    access: StoreAccess,
) -> Result<ApiClient, CommandError> {
    match reach_store(config, access).await? {
        ReachedStore::Gateway(running) => Ok(running),
        ReachedStore::File(store) => Ok(local_client(config, &store)),
    }
}

/// Way to the readings.
enum ReachedStore {
    /// The running gateway.
    Gateway(ApiClient),
    /// The store, opened by this process.
    File(Box<Store>),
}

/// Reaches the running gateway, else opens the store. A store that is held while no gateway
/// answers is waited for: a gateway that takes a configuration over answers again in a moment.
async fn reach_store(config: &Config, access: StoreAccess) -> Result<ReachedStore, CommandError> {
    for _ in 0..HELD_STORE_LOOKS {
        if let Some(running) = server::connect_client(&config.store.path).await? {
            return Ok(ReachedStore::Gateway(running));
        }
        match open_store(config, access) {
            Err(CommandError::Store(StoreError::Busy(_))) => {
                tokio::time::sleep(HELD_STORE_LOOK).await;
            }
            opened => return Ok(ReachedStore::File(Box::new(opened?))),
        }
    }
    Ok(ReachedStore::File(Box::new(open_store(config, access)?)))
}

/// Client for reading, after the evidence records of closed days that are due were made, as the
/// gateway would make them. A store without write permission is read as it is. `check_file`: the
/// pages of the file are checked first. A running gateway is not asked to check: it would stop
/// reading meanwhile.
pub(super) async fn open_with_records(
    config: &Config,
    check_file: bool,
) -> Result<ApiClient, CommandError> {
    let store = match reach_store(config, StoreAccess::Read).await? {
        ReachedStore::Gateway(running) => return Ok(running),
        ReachedStore::File(store) => store,
    };
    let is_due = store.count_due_days().await? > 0;
    // Nothing is added to a damaged file: a repair needs it as it is.
    if check_file || is_due {
        store.check_integrity().await?;
    }
    if !is_due {
        return Ok(local_client(config, &store));
    }
    store.stop().await;
    // The records need a store that is open for writing; the command itself reads only.
    if let Ok(store) = open_store(config, StoreAccess::Write) {
        let mut writer = local_client(config, &store);
        if let Err(trouble) = writer.make_due_records(|_| ()).await {
            tracing::warn!(%trouble, "the records that are due could not be made");
        }
        writer.close().await;
    }
    open_client(config, StoreAccess::Read).await
}

/// Client for a command that makes a report, which the store notes as issued. Where the store can
/// only be read, the report is made all the same, and standard error says that it is not noted.
pub(super) async fn open_to_issue(
    config: &Config,
    lang: crate::i18n::Language,
) -> Result<ApiClient, CommandError> {
    if let Some(running) = server::connect_client(&config.store.path).await? {
        return Ok(running);
    }
    // Finds a damaged file, and makes the records whose digest the report prints.
    open_with_records(config, false).await?.close().await;
    if let Ok(store) = open_store(config, StoreAccess::Write) {
        return Ok(local_client(config, &store));
    }
    let reader = open_client(config, StoreAccess::Read).await?;
    print_stderr(&lang.text("reporting-not-noted"));
    Ok(reader)
}

fn open_store(config: &Config, access: StoreAccess) -> Result<Store, CommandError> {
    let (site, text) = (&config.site, &config.revision_text());
    let clock = Clock::system();
    let path = &config.store.path;
    let opened = Store::open_with_access(access, path, site, &config.store, text, &clock);
    opened.map_err(|fault| match fault {
        full if full.is_disk_full() => CommandError::Store(full),
        // The error of the system says the step, but not the directory.
        StoreError::Disk { what, why } => {
            CommandError::Refused(format!("{}: {what}: {why}", path.display()))
        }
        other => CommandError::Store(other),
    })
}

fn local_client(config: &Config, store: &Store) -> ApiClient {
    let (board, clock) = (StatusBoard::default(), Clock::system());
    server::local_client(ApiState::new(config, store, &board, &clock))
}

/// Client like that of [`open_client`], whose routes in this process know people and tokens.
pub(super) async fn open_access_client(
    config: &Config,
    access: StoreAccess,
) -> Result<ApiClient, CommandError> {
    // The store is opened first: with it, this process is the only one that writes the file.
    let store = match reach_store(config, access).await? {
        ReachedStore::Gateway(running) => return Ok(running),
        ReachedStore::File(store) => store,
    };
    let (board, clock) = (StatusBoard::default(), Clock::system());
    let (damage, cost) = (DamageHandling::Refuse, PasswordCost::STANDARD);
    let people = AccessControl::open(&config.store.path, &clock, damage, cost);
    Ok(server::local_client(ApiState {
        access: AccessPolicy::Guarded(people),
        ..ApiState::new(config, &store, &board, &clock)
    }))
}

/// Form of a progress bar with a known total.
const BAR_TEMPLATE: &str = "{bar:30} {percent} % {human_pos} {eta}";

/// Progress bar on standard error; not drawn when that is no terminal.
pub(super) fn progress_bar(total: Option<u64>) -> indicatif::ProgressBar {
    use indicatif::{ProgressBar, ProgressStyle};
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), BAR_TEMPLATE),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Moves a bar to `done` of `all`; one without a total until now gets the form of one with it.
pub(super) fn move_progress_bar(bar: &indicatif::ProgressBar, done: u64, all: u64) {
    if bar.length().is_none()
        && let Ok(style) = indicatif::ProgressStyle::with_template(BAR_TEMPLATE)
    {
        bar.set_style(style);
    }
    bar.set_length(all);
    bar.set_position(done);
}

/// Configuration after its check. Errors are printed, and the exit status is returned.
pub(super) fn load_config(file: &Path, lang: crate::i18n::Language) -> Result<Config, u8> {
    config::load_config(file).map_err(|faults| {
        print_stderr(&faults.render(lang));
        EXIT_USAGE
    })
}

/// Prints the failure on standard error; returns exit status 1, and 2 for a wrong call.
pub(super) fn report_failure(trouble: &CommandError, lang: crate::i18n::Language) -> u8 {
    let why = match trouble {
        CommandError::Usage(why) => {
            print_stderr(why);
            return EXIT_USAGE;
        }
        CommandError::InputFile(fault) | CommandError::OutputFile(fault) => {
            Some(fault.message(lang))
        }
        CommandError::Store(fault) | CommandError::Backup(BackupError::Store(fault)) => {
            store_error_text(fault, lang)
        }
        CommandError::Api(ApiClientError::Refused { code, .. }) if code == "disk-full" => {
            Some(lang.text("web-error-disk-full"))
        }
        CommandError::Backup(fault) => super::backup_texts::backup_error_text(fault, lang),
        CommandError::RecordChanged(day) => {
            Some(lang.text_with("evidence-unsettled", &[("day", day)]))
        }
        _ => None,
    };
    let why = why.unwrap_or_else(|| trouble.to_string());
    print_stderr(&lang.text_with("cli-failed", &[("why", &why)]));
    if trouble.is_wrong_call() {
        EXIT_USAGE
    } else {
        EXIT_NEGATIVE
    }
}

/// Message for a store that cannot be opened, with the remedy; `None` for other errors.
pub(super) fn store_error_text(fault: &StoreError, lang: crate::i18n::Language) -> Option<String> {
    if fault.is_disk_full() {
        return Some(lang.text("web-error-disk-full"));
    }
    let (key, file, why) = match fault {
        StoreError::Damaged { file, why } => ("cli-store-damaged", file, why.as_str()),
        StoreError::Missing(file) => ("cli-store-missing", file, ""),
        StoreError::Older(file) => ("cli-store-older", file, ""),
        StoreError::Busy(file) => ("cli-store-busy", file, ""),
        StoreError::ReadOnly(place) => ("store-fault-read-only", place, ""),
        _ => return None,
    };
    let file = file.display().to_string();
    Some(lang.text_with(key, &[("file", &file), ("why", why)]))
}

/// Date at the site of a moment.
pub(super) fn local_date(config: &Config, at: UtcMs) -> Date {
    config.site.timezone.date(at)
}

/// Name of the person at this computer: of the environment, else of the system (`uid 1000` where
/// it has none).
pub(super) fn current_user() -> String {
    named_user().unwrap_or_else(|| user_of(Uid::current()))
}

/// Name of the person at this computer, when the environment has one.
pub(super) fn named_user() -> Option<String> {
    // Under sudo `USER` is root, and the audit needs the person.
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let said = names.iter().filter_map(|name| std::env::var(name).ok());
    said.into_iter().find(|name| !name.trim().is_empty())
}

/// Name of a user of this computer: a service or a container may have one without a name.
fn user_of(id: Uid) -> String {
    let known = User::from_uid(id).ok().flatten();
    known.map_or_else(|| format!("uid {id}"), |user| user.name)
}

/// Prints one line on standard error.
pub(super) fn print_stderr(text: &str) {
    use std::io::Write;
    // Nothing can be reported when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_the_system_and_without_a_name_by_number() {
        assert_eq!(user_of(Uid::from_raw(0)), "root");
        assert_eq!(user_of(Uid::from_raw(4_000_000_123)), "uid 4000000123");
    }
}
