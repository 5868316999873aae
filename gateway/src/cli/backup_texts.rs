//! Messages about backups that failed.

use super::file_error::io_reason;
use crate::backup::BackupError;
use crate::i18n::Language;
use std::path::Path;

/// Message for a backup that failed or is damaged, with what to do; `None` for errors of the store.
pub(super) fn backup_error_text(fault: &BackupError, lang: Language) -> Option<String> {
    let shown = |path: &Path| path.display().to_string();
    let (key, args) = match fault {
        BackupError::Full(place) => ("backup-full", vec![("place", shown(place))]),
        BackupError::File { file, why } => (
            "backup-file",
            vec![("file", shown(file)), ("why", io_reason(why, lang))],
        ),
        BackupError::Damaged { file, part_of } if part_of.is_empty() => {
            ("backup-damaged-whole", vec![("file", shown(file))])
        }
        BackupError::Damaged { file, part_of } => (
            "backup-damaged",
            vec![("file", shown(file)), ("part", part_of.clone())],
        ),
        BackupError::Moved(place) => ("backup-moved", vec![("place", shown(place))]),
        BackupError::Foreign(place) => ("backup-foreign", vec![("place", shown(place))]),
        BackupError::Busy(place) => ("backup-busy", vec![("place", shown(place))]),
        BackupError::Silent(place) => ("backup-silent", vec![("place", shown(place))]),
        BackupError::Nothing(place) => ("backup-nothing", vec![("place", shown(place))]),
        BackupError::Several { place, sites } => (
            "backup-several",
            vec![("place", shown(place)), ("sites", sites.clone())],
        ),
        BackupError::NotThen { there } => {
            let there = there.iter().map(ToString::to_string);
            let there = there.collect::<Vec<_>>().join(", ");
            ("backup-not-then", vec![("there", there)])
        }
        BackupError::Newer(version) => ("backup-newer", vec![("version", version.clone())]),
        BackupError::Store(_) => return None,
    };
    let args: Vec<(&str, &str)> = args.iter().map(|(name, text)| (*name, &**text)).collect();
    Some(lang.text_with(key, &args))
}
