//! `pantau backup`: a consistent copy of the store, with or without a running gateway.

use super::backend::{load_config, open_client, print_stderr, progress_bar, report_failure};
use super::exit_status::{EXIT_DONE, EXIT_USAGE};
use super::output_ending::check_file;
use crate::api::client::path_with_query;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::config::Config;
use crate::i18n::Language;
use crate::storage::StoreAccess;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Copies the store to `to`, a file that must not exist; returns the exit status.
pub(super) async fn run_backup(file: &Path, to: &Path, lang: Language) -> u8 {
    let config = match load_config(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if let Err(why) = check_file(to, "db", lang) {
        print_stderr(&why);
        return EXIT_USAGE;
    }
    // A backup must never replace an older one.
    if to.exists() {
        print_stderr(&lang.text_with("cli-backup-exists", &[("file", &to.display().to_string())]));
        return EXIT_USAGE;
    }
    let bar = progress_bar(None);
    bar.enable_steady_tick(Duration::from_millis(100));
    let done = copy_store(&config, to).await;
    bar.finish_and_clear();
    match done {
        Ok(()) => {
            print_stderr(
                &lang.text_with("cli-backup-done", &[("file", &to.display().to_string())]),
            );
            EXIT_DONE
        }
        Err(trouble) => report_failure(&trouble, lang),
    }
}

async fn copy_store(config: &Config, to: &Path) -> Result<(), CommandError> {
    // The running gateway has another working directory, so the path must be absolute.
    let to: PathBuf = std::path::absolute(to).writing(to)?;
    let mut client = open_client(config, StoreAccess::Read).await?;
    let to = to.to_string_lossy();
    let path = path_with_query("/control/backup", &[("to", Some(&*to))]);
    let done = client.post(&path, "text/plain", "").await;
    client.close().await;
    Ok(done.map(drop)?)
}
