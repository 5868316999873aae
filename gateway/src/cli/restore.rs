//! `pantau restore`: puts a backup of `pantau backup` back. The present store is set aside, and
//! nothing else that is there is replaced.

use super::backend::{
    DEFAULT_CONFIG_PATH, current_user, move_progress_bar, print_stderr, progress_bar,
    report_failure,
};
use super::backup::megabytes;
use super::backup_texts::backup_error_text;
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::prompt::ConsolePrompt;
use super::standard_output::print_text;
use crate::api::site_time::parse_moment;
use crate::backup::{
    BackupError, BackupManifest, BackupSource, RestoreAction, RestorePlan, RestoreTarget,
};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::clock::Clock;
use crate::config::SiteOutline;
use crate::domain::UtcMs;
use crate::domain::site_zone::SiteZone;
use crate::i18n::Language;
use crate::server;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

/// Arguments of `pantau restore`.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    yes: bool,
}

/// Word of `--at` that asks for the times of all backups.
const LIST_WORD: &str = "list";

/// Backup that was put back.
struct RestoredBackup {
    /// Name of the file that was the store's before; empty without one.
    old: String,
    /// Files that were put beside those that stay.
    beside: Vec<PathBuf>,
}

/// Puts a backup back, or only looks at what would happen; returns the exit status.
pub(super) async fn run_restore(options: &RestoreArgs, lang: Language) -> u8 {
    match restore(options, lang).await {
        Ok(status) => status,
        Err(trouble) => report_failure(&trouble, lang),
    }
}

async fn restore(options: &RestoreArgs, lang: Language) -> Result<u8, CommandError> {
    let file = &options.config;
    let present = match std::fs::read_to_string(file) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.reading(file)?),
    };
    let outline = present.map(|text| SiteOutline::read(&text, file));
    let site = outline.as_ref().and_then(|outline| outline.site.clone());
    let source = BackupSource::open(&options.directory, site.as_deref())?;
    print_unusable(&source, lang);
    let zone = site_zone(outline.as_ref(), &source, file)?;
    if options
        .at
        .as_deref()
        .is_some_and(|at| at.trim() == LIST_WORD)
    {
        print_times(&source, &zone);
        return Ok(EXIT_DONE);
    }
    let Some(manifest) = choose_backup(&source, options, &zone, lang)? else {
        return Ok(EXIT_USAGE);
    };
    if let Some(site) = site.filter(|site| *site != manifest.site) {
        let args = [("site", &*site), ("found", &manifest.site)];
        print_stderr(&lang.text_with("cli-restore-other-site", &args));
        return Ok(EXIT_USAGE);
    }
    let is_config_missing = outline.is_none();
    let outline = match outline {
        Some(outline) => outline,
        None => SiteOutline::read(&source.configuration_text(manifest)?, file),
    };
    let target = RestoreTarget {
        config: file.clone(),
        store: outline.store,
    };
    let is_running = server::connect_client(&target.store).await?.is_some();
    if is_running && !options.dry_run {
        let place = target.store.display().to_string();
        print_stderr(&lang.text_with("cli-restore-running", &[("place", &place)]));
        return Ok(EXIT_NEGATIVE);
    }
    print_choice(&source, manifest, &zone, lang);
    verify(&source, manifest)?;
    let plan = RestorePlan::new(&source, manifest, target);
    if options.dry_run {
        print_plan(&plan, lang);
        return Ok(EXIT_DONE);
    }
    if is_config_missing && !may_replace(&plan, options, lang) {
        return Ok(EXIT_USAGE);
    }
    let restored = match put_back(&plan, &source, manifest) {
        Err(fault) if is_full(&fault) => {
            let needed = megabytes(manifest.bytes(), lang);
            let place = plan.store().display().to_string();
            let args = [("place", &*place), ("size", &*needed)];
            print_stderr(&lang.text_with("cli-restore-full", &args));
            return Ok(EXIT_NEGATIVE);
        }
        restored => restored?,
    };
    print_restored(&restored, lang);
    Ok(EXIT_DONE)
}

/// Backup that the call asks for; `None` when there is none, which was said.
fn choose_backup<'s>(
    source: &'s BackupSource,
    options: &RestoreArgs,
    zone: &SiteZone,
    lang: Language,
) -> Result<Option<&'s BackupManifest>, BackupError> {
    let wished = options.at.as_deref();
    let at = wished.and_then(|text| parse_when(text, zone));
    if let (Some(text), None) = (wished, at) {
        print_stderr(&lang.text_with("cli-restore-when", &[("found", text)]));
        return Ok(None);
    }
    // A time that is written without its thousandths means the whole second.
    let whole = |at: UtcMs| {
        if at.0 % 1000 == 0 {
            UtcMs(at.0 + 999)
        } else {
            at
        }
    };
    match source.choose(at.map(whole)) {
        Err(BackupError::NotThen { there }) => {
            let there = there.iter().map(|at| local_time(*at, zone));
            let there = there.collect::<Vec<_>>().join(", ");
            print_stderr(&lang.text_with("backup-not-then", &[("there", &there)]));
            Ok(None)
        }
        chosen => chosen.map(Some),
    }
}

/// Time zone of the site: by its configuration, else by that of the newest backup.
fn site_zone(
    outline: Option<&SiteOutline>,
    source: &BackupSource,
    file: &Path,
) -> Result<SiteZone, CommandError> {
    if let Some(outline) = outline {
        return Ok(outline.timezone.clone());
    }
    let Some(newest) = source.manifests().last() else {
        return Ok(SiteZone::default());
    };
    let text = source.configuration_text(newest)?;
    Ok(SiteOutline::read(&text, file).timezone)
}

/// Prints the time at the site of each backup, the oldest first.
fn print_times(source: &BackupSource, zone: &SiteZone) {
    let seconds = |one: &BackupManifest| one.at().0.div_euclid(1000);
    let all = source.manifests();
    let times = all.iter().map(|one| {
        let is_shared = all
            .iter()
            .filter(|other| seconds(other) == seconds(one))
            .count()
            > 1;
        let time = if is_shared {
            exact_time(one.at(), zone)
        } else {
            local_time(one.at(), zone)
        };
        format!("{}  {time}\n", one.number)
    });
    print_text(&times.collect::<String>());
}

/// Says which backups cannot be used.
fn print_unusable(source: &BackupSource, lang: Language) {
    let is_other = !source.manifests().is_empty();
    for damaged in &source.damaged {
        print_stderr(&unusable_text(damaged, is_other, lang));
    }
}

/// Says which backup cannot be used. `is_other`: there is another one, so that this is no reason to
/// change nothing.
fn unusable_text(
    (number, fault): &(Option<u64>, BackupError),
    is_other: bool,
    lang: Language,
) -> String {
    match (fault, number) {
        (BackupError::Damaged { file, .. }, Some(number)) if is_other => {
            let (number, file) = (number.to_string(), file.display().to_string());
            let args = [("number", &*number), ("file", &*file)];
            lang.text_with("cli-restore-unusable", &args)
        }
        _ => backup_error_text(fault, lang).unwrap_or_else(|| fault.to_string()),
    }
}

/// Says that an earlier backup is taken in the place of one that cannot be used.
fn print_earlier(
    source: &BackupSource,
    manifest: &BackupManifest,
    zone: &SiteZone,
    lang: Language,
) {
    let mut unusable = source.damaged.iter();
    if unusable.any(|(number, _)| number.is_some_and(|number| number > manifest.number)) {
        let number = manifest.number.to_string();
        let time = local_time(manifest.at(), zone);
        let args = [("number", &*number), ("time", &*time)];
        print_stderr(&lang.text_with("cli-restore-earlier", &args));
    }
}

/// Says which present store would be replaced only because the backup names its place, and asks;
/// true without such a store.
fn may_replace(plan: &RestorePlan<'_>, options: &RestoreArgs, lang: Language) -> bool {
    let replaced = plan.files.iter();
    let replaced = replaced.filter(|(_, action)| *action == RestoreAction::Replace);
    let replaced = replaced.map(|(place, _)| {
        let full = std::path::absolute(place).unwrap_or_else(|_| place.clone());
        full.display().to_string()
    });
    let replaced = replaced.collect::<Vec<_>>().join(", ");
    if replaced.is_empty() {
        return true;
    }
    let config = options.config.display().to_string();
    let args = [("config", &*config), ("files", &*replaced)];
    print_stderr(&lang.text_with("cli-restore-elsewhere", &args));
    if options.yes {
        return true;
    }
    if io::stdin().is_terminal() {
        let mut person = io::stdin().lock();
        let question = lang.text("cli-restore-ask");
        return ConsolePrompt::new(&mut person, lang).ask_agreement(&question);
    }
    print_stderr(&lang.text("cli-restore-yes-needed"));
    false
}

/// Whether a disk without room is the reason.
fn is_full(fault: &BackupError) -> bool {
    match fault {
        BackupError::Full(_) => true,
        BackupError::Store(fault) => fault.is_disk_full(),
        _ => false,
    }
}

/// Time of `--at`: a moment, a local time of the site, or the end of a day there.
fn parse_when(text: &str, zone: &SiteZone) -> Option<UtcMs> {
    if let Some(said) = parse_moment(text.trim(), zone.rules()) {
        return Some(UtcMs(said.as_millisecond()));
    }
    // A date with a time would count as one, too.
    let is_date = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let day = Some(text.trim()).filter(is_date)?.parse().ok()?;
    Some(UtcMs(zone.day_bounds(day).1.0 - 1))
}

/// Time of a backup, as the clock of the site showed it.
fn local_time(at: UtcMs, zone: &SiteZone) -> String {
    shown_time(at, zone, "%Y-%m-%d %H:%M:%S %Z")
}

/// The same with thousandths of a second.
fn exact_time(at: UtcMs, zone: &SiteZone) -> String {
    shown_time(at, zone, "%Y-%m-%d %H:%M:%S%.3f %Z")
}

fn shown_time(at: UtcMs, zone: &SiteZone, form: &str) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let local = moment.to_zoned_datetime(zone.rules().clone());
    local.strftime(form).to_string()
}

/// Checks every byte of the backup before anything is changed.
fn verify(source: &BackupSource, manifest: &BackupManifest) -> Result<(), BackupError> {
    let (bar, all) = (progress_bar(Some(manifest.bytes())), manifest.bytes());
    let mut done = 0;
    let verified = source.verify(manifest, &mut |bytes| {
        done += bytes;
        move_progress_bar(&bar, done, all);
    });
    bar.finish_and_clear();
    verified
}

fn put_back(
    plan: &RestorePlan<'_>,
    source: &BackupSource,
    manifest: &BackupManifest,
) -> Result<RestoredBackup, BackupError> {
    let who = current_user();
    // The first word is the time of the backup: reports print it.
    let note = format!("{} {} by {who}", manifest.at(), source.folder().display());
    let bar = progress_bar(Some(manifest.bytes()));
    let now = Clock::system().now().at;
    let old = plan.run(&note, now, &mut |bytes| {
        bar.inc(bytes);
    });
    bar.finish_and_clear();
    let beside = plan.files.iter().filter_map(|(_, action)| match action {
        RestoreAction::Beside(place) => Some(place.clone()),
        _ => None,
    });
    Ok(RestoredBackup {
        old: old?,
        beside: beside.collect(),
    })
}

/// Says which backup was chosen, of how many.
fn print_choice(source: &BackupSource, manifest: &BackupManifest, zone: &SiteZone, lang: Language) {
    let size = megabytes(manifest.bytes(), lang);
    let args = [
        ("number", &*manifest.number.to_string()),
        ("time", &*local_time(manifest.at(), zone)),
        ("site", &*manifest.site),
        ("size", &*size),
        ("receipts", &*manifest.attachments().to_string()),
        ("count", &*source.manifests().len().to_string()),
    ];
    print_stderr(&lang.text_with("cli-restore-chosen", &args));
    print_earlier(source, manifest, zone, lang);
}

/// Says what would happen to each file; receipts that are only put there are counted.
fn print_plan(plan: &RestorePlan<'_>, lang: Language) {
    let mut lines = String::new();
    for (place, action) in &plan.files {
        let place = place.display().to_string();
        let (key, beside) = match action {
            RestoreAction::Put => ("cli-restore-put", String::new()),
            RestoreAction::Same => ("cli-restore-same", String::new()),
            RestoreAction::Replace => ("cli-restore-replace", String::new()),
            RestoreAction::Beside(beside) => ("cli-restore-beside", file_name(beside)),
        };
        lines.push_str(&lang.text_with(key, &[("file", &place), ("beside", &beside)]));
        lines.push('\n');
    }
    print_text(&lines);
    print_stderr(&lang.text("cli-restore-dry"));
}

fn print_restored(restored: &RestoredBackup, lang: Language) {
    if !restored.old.is_empty() {
        print_stderr(&lang.text_with("cli-restore-old", &[("old", &restored.old)]));
    }
    for beside in &restored.beside {
        let file = beside.display().to_string();
        print_stderr(&lang.text_with("cli-restore-kept", &[("file", &file)]));
    }
    print_stderr(&lang.text("cli-restore-done"));
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_means_that_time_and_a_date_alone_the_end_of_that_day_at_the_site() {
        let zone = SiteZone::by_name("Asia/Jakarta").unwrap();
        let read = |text| parse_when(text, &zone).map(|at| at.to_string());
        for (text, at) in [
            ("2026-11-30 10:00", "2026-11-30T03:00:00Z"),
            ("2026-11-30T10:00:30", "2026-11-30T03:00:30Z"),
            ("2026-11-30 10.00", "2026-11-30T03:00:00Z"),
            ("2026-11-30 10:00:05.123", "2026-11-30T03:00:05.123Z"),
            ("2026-11-30T10:00:00Z", "2026-11-30T10:00:00Z"),
            ("2026-11-30", "2026-11-30T16:59:59.999Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(at), "{text}");
        }
        for text in ["", "10:00", "30", "2026-11-30 25:00", "kemarin"] {
            assert_eq!(read(text), None, "{text}");
        }
        let shown = local_time(UtcMs(1_796_040_000_000), &zone);
        assert_eq!(shown, "2026-11-30 19:00:00 WIB");
    }
}
