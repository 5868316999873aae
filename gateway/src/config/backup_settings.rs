//! `[backup]`: the copy that the gateway makes of itself once a day on another disk.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawInteger, RawText};
use crate::limits::{BACKUP_KEEP_DEFAULT, BACKUP_KEEP_MAX};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// `[backup]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBackup {
    /// Directory on another disk for the daily copy. Without it, a stick or disk below `/media`,
    /// `/run/media` or `/mnt` that has a folder `pantau-backup` is used, or `/var/backups/pantau`
    /// when it is on another disk.
    pub(crate) directory: RawText,
    /// `false`: the gateway makes no copy by itself.
    pub(crate) daily: Option<bool>,
    /// Number of backups of a store that are kept; the oldest go first.
    pub(crate) keep: RawInteger,
}

/// Settings of the copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupSettings {
    /// Directory; `None`: it is looked for.
    pub directory: Option<PathBuf>,
    /// Whether the gateway makes a copy a day.
    pub daily: bool,
    /// Number of backups of a store that are kept.
    pub keep: usize,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            directory: None,
            daily: true,
            keep: BACKUP_KEEP_DEFAULT,
        }
    }
}

/// Checks `[backup]`.
pub(crate) fn check_backup(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawBackup>,
) -> BackupSettings {
    let Some(raw) = raw else {
        return BackupSettings::default();
    };
    let most = i64::try_from(BACKUP_KEEP_MAX).unwrap_or(i64::MAX);
    let keep = notes.integer_in_range(&raw.keep, "keep", 1..=most);
    BackupSettings {
        directory: notes.folder(&raw.directory, "directory"),
        daily: raw.daily.unwrap_or(true),
        keep: keep.unwrap_or(BACKUP_KEEP_DEFAULT),
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::SiteText;

    #[test]
    fn an_address_in_place_of_a_folder_is_refused_and_its_password_is_not_shown() {
        let address = "smb://u:HUNTER2@nas/share";
        for (table, key) in [("backup", "directory"), ("store", "path")] {
            let site = SiteText::new("one").with(format_args!("[{table}]"));
            let text = site.with(format_args!("{key} = '{address}'")).text();
            let file = std::path::Path::new("pantau.toml");
            let loaded = crate::config::load_config_text(&text, file, &|_| None);
            let said = loaded.unwrap_err().to_string();
            assert!(said.contains(&format!("{key}: smb://")), "{said}");
            assert!(!said.contains("HUNTER2"), "{said}");
        }
    }
}
