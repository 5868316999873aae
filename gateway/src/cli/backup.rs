//! `pantau backup`: a backup of the whole site on another disk, or a copy of the store in one file,
//! with or without a running gateway.

use super::backend::{
    DEFAULT_CONFIG_PATH, load_config, open_client, print_stderr, progress_bar, report_failure,
};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::output_ending::check_file;
use crate::api::client::{ApiBody, path_with_query};
use crate::backup::{
    BackupError, BackupFacts, BackupWriter, WrittenBackup, add_site_files, is_open_to_others,
    is_same_disk,
};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::config::Config;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::limits::BACKUP_KEEP_MAX;
use crate::server::BackupHead;
use crate::storage::StoreAccess;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of the first line of the answer.
const HEAD_BYTES_MAX: usize = 4096;

/// Arguments of `pantau backup`.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(
        value_name = "DIRECTORY",
        required_unless_present = "output",
        conflicts_with = "output"
    )]
    directory: Option<PathBuf>,
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[arg(long, value_name = "N", requires = "directory",
        value_parser = clap::value_parser!(u64).range(1..=BACKUP_KEEP_MAX as u64))]
    keep: Option<u64>,
}

/// Makes the backup or the copy; returns the exit status.
pub(super) async fn run_backup(options: &BackupArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match (&options.output, &options.directory) {
        (Some(file), _) => copy_to_file(&config, file, lang).await,
        (None, Some(directory)) => {
            let keep = options.keep.and_then(|keep| usize::try_from(keep).ok());
            let keep = keep.unwrap_or(config.backup.keep);
            back_up(&config, directory, keep, lang).await
        }
        (None, None) => EXIT_USAGE,
    }
}

/// Copies the store to `to`, a file that must not exist.
async fn copy_to_file(config: &Config, to: &Path, lang: Language) -> u8 {
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
    let done = copy_store(config, to).await;
    bar.finish_and_clear();
    match done {
        Ok(lost) => {
            print_stderr(
                &lang.text_with("cli-backup-done", &[("file", &to.display().to_string())]),
            );
            print_lost(lost, lang)
        }
        Err(trouble) => report_failure(&trouble, lang),
    }
}

/// Copies the store; returns the number of lines of lost data of which nobody has taken note.
async fn copy_store(config: &Config, to: &Path) -> Result<usize, CommandError> {
    // The running gateway has another working directory, so the path must be absolute.
    let to: PathBuf = std::path::absolute(to).writing(to)?;
    let mut client = open_client(config, StoreAccess::Read).await?;
    let to = to.to_string_lossy();
    let path = path_with_query("/control/backup", &[("to", Some(&*to))]);
    let done = async {
        // Read to its end, so that the connection is free for the next question.
        client.post(&path, "text/plain", "").await?.bytes().await?;
        client.unseen_damage().await
    };
    let done = done.await;
    client.close().await;
    Ok(done?)
}

/// Says that the store has lost data by damage; the answer is negative until somebody has taken
/// note of it.
fn print_lost(lost: usize, lang: Language) -> u8 {
    if lost == 0 {
        return EXIT_DONE;
    }
    let lines = lost.to_string();
    print_stderr(&lang.text_with("cli-backup-lost", &[("lines", &lines)]));
    EXIT_NEGATIVE
}

/// Makes a backup of the whole site in a directory.
async fn back_up(config: &Config, directory: &Path, keep: usize, lang: Language) -> u8 {
    let place = directory.display().to_string();
    if !directory.is_dir() {
        print_stderr(&lang.text_with("cli-backup-no-place", &[("place", &place)]));
        return EXIT_USAGE;
    }
    if is_within(directory, &config.store.path) {
        print_stderr(&lang.text_with("cli-backup-in-store", &[("place", &place)]));
        return EXIT_USAGE;
    }
    if is_open_to_others(directory) {
        print_stderr(&lang.text_with("cli-backup-open-place", &[("place", &place)]));
    }
    if is_same_disk(directory, &config.store.path) {
        print_stderr(&lang.text_with("cli-backup-same-disk", &[("place", &place)]));
    }
    let bar = progress_bar(None);
    let mut facts = None;
    let mut done = write_backup(config, (directory, keep), &bar, &mut facts).await;
    if let (Err(CommandError::Backup(BackupError::Full(_))), Some(facts)) = (&done, facts)
        && makes_room(directory, &facts, keep, lang)
    {
        done = write_backup(config, (directory, keep), &bar, &mut None).await;
    }
    bar.finish_and_clear();
    match done {
        Ok((written, lost)) => print_written(&written, lang).max(print_lost(lost, lang)),
        Err(trouble) => report_failure(&trouble, lang),
    }
}

/// Whether a directory is the other one, or in it.
fn is_within(directory: &Path, other: &Path) -> bool {
    match (directory.canonicalize(), other.canonicalize()) {
        (Ok(directory), Ok(other)) => directory.starts_with(other),
        _ => false,
    }
}

/// Removes the backups beyond `keep` from a full disk; returns whether there were any.
fn makes_room(directory: &Path, facts: &BackupFacts, keep: usize, lang: Language) -> bool {
    match BackupWriter::make_room(directory, facts, keep) {
        Ok(removed) if removed > 0 => {
            let count = removed.to_string();
            print_stderr(&lang.text_with("cli-backup-room", &[("count", &count)]));
            true
        }
        Ok(_) => false,
        Err(fault) => {
            tracing::warn!(%fault, "no room could be made");
            false
        }
    }
}

/// Writes a backup, and counts the lines of lost data of which nobody has taken note; `told` gets
/// what it is of as soon as that is known.
async fn write_backup(
    config: &Config,
    (directory, keep): (&Path, usize),
    bar: &indicatif::ProgressBar,
    told: &mut Option<BackupFacts>,
) -> Result<(WrittenBackup, usize), CommandError> {
    let mut client = open_client(config, StoreAccess::Read).await?;
    let done = async {
        let lost = client.unseen_damage().await?;
        let mut body = client.get("/control/backup/stream").await?;
        let (head, first) = read_head(&mut body).await?;
        let facts = BackupFacts {
            site: config.site.id.to_string(),
            store: head.store,
            at: UtcMs(head.t),
            durable: head.durable,
        };
        *told = Some(facts.clone());
        let mut writer = BackupWriter::begin(directory, &facts, &config.store.path)?;
        writer.begin_store_file();
        let (mut part, mut done) = (Some(first), 0);
        while let Some(bytes) = part {
            writer.write(&bytes)?;
            done += bytes.len() as u64;
            super::backend::move_progress_bar(bar, done, head.bytes);
            part = body.next_part().await?.map(|part| part.to_vec());
        }
        if done != head.bytes {
            let why = format!("{done} of {} bytes of the store came", head.bytes);
            return Err(CommandError::Refused(why));
        }
        writer.end_file()?;
        Ok::<_, CommandError>((writer, lost))
    };
    let done = done.await;
    // The store is given back before the slow part; what follows is not in its file.
    client.close().await;
    let (mut writer, lost) = done?;
    add_site_files(&mut writer, &config.file, &config.store.path)?;
    Ok((writer.finish(keep)?, lost))
}

/// Reads the first line of the answer, and what came behind it.
async fn read_head(body: &mut ApiBody) -> Result<(BackupHead, Vec<u8>), CommandError> {
    let mut begun = Vec::new();
    while let Some(part) = body.next_part().await? {
        begun.extend_from_slice(&part);
        if let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
            let rest = begun.split_off(end + 1);
            return Ok((serde_json::from_slice(&begun)?, rest));
        }
        if begun.len() > HEAD_BYTES_MAX {
            break;
        }
    }
    let why = "this version cannot read the running gateway's answer";
    Err(CommandError::Refused(why.to_owned()))
}

/// Says what was written; a damaged receipt makes the answer negative.
fn print_written(written: &WrittenBackup, lang: Language) -> u8 {
    let [all, new] = [written.bytes, written.new_bytes].map(|bytes| megabytes(bytes, lang));
    let (file, kept) = (
        written.manifest.display().to_string(),
        written.generations.to_string(),
    );
    let args = [
        ("file", &*file),
        ("all", &all),
        ("new", &new),
        ("kept", &kept),
    ];
    print_stderr(&lang.text_with("cli-backup-written", &args));
    print_stderr(&lang.text("cli-backup-secrets"));
    for file in &written.damaged {
        print_stderr(&lang.text_with("cli-backup-receipt", &[("file", file)]));
    }
    if written.damaged.is_empty() {
        EXIT_DONE
    } else {
        EXIT_NEGATIVE
    }
}

/// A number of bytes in MB, for people.
pub(super) fn megabytes(bytes: u64, lang: Language) -> String {
    #[expect(clippy::cast_precision_loss, reason = "megabytes, for people")]
    let number = bytes as f64 / 1e6;
    let decimals = if bytes < 10_000_000 { 2 } else { 0 };
    crate::report::render::number_format::format_number(lang, number, decimals)
}
