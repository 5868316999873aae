//! Adds found devices to the end of the configuration file. Comments and order stay, and a copy of
//! the old file is kept beside it.

use crate::cli::backend::print_stderr;
use crate::cli::file_error::io_reason;
use crate::commissioning::scan::{FoundDevice, join_config, plan_additions};
use crate::config::{self, Config};
use crate::file_replacement::{FileRights, replace_file};
use crate::i18n::Language;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Copies of a configuration that are kept beside it.
const BACKUPS_MAX: usize = 1000;

/// Prints the additions and writes them; returns false when they could not be written.
pub(super) fn append_found_devices(
    file: &Path,
    config: &Config,
    found: &[FoundDevice],
    lang: Language,
) -> bool {
    let additions = plan_additions(config, found, lang);
    for sentence in &additions.left_out {
        print_stderr(sentence);
    }
    append_tables(file, config, &additions.text, lang)
}

/// Prints tables and adds them to the file; returns false when they could not be written.
pub(super) fn append_tables(file: &Path, config: &Config, tables: &str, lang: Language) -> bool {
    if tables.is_empty() {
        print_stderr(&lang.text("scan-write-nothing"));
        return true;
    }
    // The new file is checked as a whole before it replaces the old one.
    let text = join_config(&config.text, tables);
    let env = |name: &str| std::env::var(name).ok();
    if let Err(faults) = config::load_config_text(&text, file, &env) {
        print_stderr(&faults.render(lang));
        print_stderr(&lang.text("scan-write-faulty"));
        print_stderr(tables);
        return false;
    }
    print_stderr(&lang.text_with("scan-write-diff", &[("file", &file.display().to_string())]));
    for line in tables.lines() {
        print_stderr(&format!("+{line}"));
    }
    match replace_with_copy(file, &config.text, &text) {
        Ok(backup) => {
            let backup = backup.display().to_string();
            print_stderr(&lang.text_with("scan-write-done", &[("backup", &backup)]));
            true
        }
        Err(why) => {
            let why = format!("{}: {}", file.display(), io_reason(&why, lang));
            print_stderr(&lang.text_with("cli-failed", &[("why", &why)]));
            false
        }
    }
}

/// Keeps a copy of the old file, then replaces the file in one step.
fn replace_with_copy(file: &Path, old: &str, new: &str) -> std::io::Result<PathBuf> {
    // A symbolic link must stay a link; its target is replaced.
    let file = std::fs::canonicalize(file)?;
    // Another program may have changed the file since it was read.
    if std::fs::read_to_string(&file)? != old {
        return Err(std::io::Error::other("changed by another program"));
    }
    let mode = std::fs::metadata(&file)?.permissions();
    // Before the rename: after it the old text is nowhere else.
    let backup = write_copy(&file, old, &mode)?;
    replace_file(&file, new.as_bytes(), FileRights::AsBefore)?;
    Ok(backup)
}

/// Writes a text beside `file`; an existing copy is never overwritten.
fn write_copy(file: &Path, text: &str, mode: &std::fs::Permissions) -> std::io::Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    for number in 1..=BACKUPS_MAX {
        let path = file.with_file_name(format!("{name}.bak{number}"));
        match std::fs::File::create_new(&path) {
            Ok(mut out) => {
                // The configuration may hold passwords, so its copy gets the same permissions.
                out.set_permissions(mode.clone())?;
                out.write_all(text.as_bytes())?;
                out.sync_all()?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commissioning::scan::DeviceLocation;
    use crate::commissioning::scan_engine::{
        IdentificationResult, ProfileCandidate, ScanLineSettings,
    };
    use crate::config::{FactConfidence, Parity};

    const TEST_SITE: &str = "# The site of the village.\n[site]\nid = 'desa'\ntimezone = 'Asia/Jakarta'\n\
                        latitude = -3.76\nlongitude = 103.78\n\n[[bus]]\nid = 'lan'\n\
                        kind = 'modbus-tcp'\nhost = '10.0.0.7'\n\n[[device]]\nid = 'meter-1'\n\
                        bus = 'lan'\nunit = 1\nprofile = 'xy-md02' # for a while";

    fn found_device(place: DeviceLocation, unit: u8, profiles: &[&str]) -> FoundDevice {
        let candidate = |profile: &&str| ProfileCandidate {
            profile: (*profile).into(),
            kind: "meter".into(),
            bits: 20.0,
            evidence: Vec::new(),
        };
        FoundDevice {
            place,
            unit,
            verdict: IdentificationResult {
                candidates: profiles.iter().map(candidate).collect(),
                confidence: FactConfidence::Medium,
                identity: crate::status::DeviceIdentity::default(),
            },
            configured: None,
        }
    }

    #[test]
    fn what_was_found_is_added_and_the_rest_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pantau.toml");
        std::fs::write(&file, TEST_SITE).unwrap();
        let config = config::load_config(&file).unwrap();
        let line = |baud| {
            DeviceLocation::Line(
                "/dev/ttyUSB9".into(),
                ScanLineSettings::new(baud, Parity::None),
            )
        };
        let lan = || DeviceLocation::Network("10.0.0.7".into(), 502);
        let all = [
            found_device(lan(), 1, &["xy-md02"]),
            found_device(lan(), 2, &["xy-md02"]),
            found_device(line(9600), 1, &["xy-md02"]),
            found_device(line(9600), 2, &["xy-md02", "jxct-th"]),
            found_device(line(4800), 3, &["xy-md02"]),
            found_device(line(9600), 4, &[]),
        ];
        let additions = plan_additions(&config, &all, Language::En);
        assert_eq!(additions.left_out.len(), 2, "{additions:?}");
        assert!(additions.left_out[0].contains("9600 8N1"), "{additions:?}");
        let text = join_config(TEST_SITE, &additions.text);
        assert!(text.starts_with(TEST_SITE));
        let backup = replace_with_copy(&file, TEST_SITE, &text).unwrap();
        assert_eq!(std::fs::read_to_string(backup).unwrap(), TEST_SITE);
        let config = config::load_config(&file).unwrap();
        let ids: Vec<&str> = config.devices.iter().map(|device| &*device.id).collect();
        assert_eq!(ids, ["meter-1", "meter-2", "meter-3", "meter-4"]);
        assert!(text.contains("xy-md02, jxct-th"), "{text}");
        // A second run adds nothing.
        let again = super::plan_additions(&config, &all, Language::En);
        assert_eq!(again.text, "");
    }

    #[test]
    fn a_file_that_has_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pantau.toml");
        std::fs::write(&file, "new = 1\n").unwrap();
        assert!(replace_with_copy(&file, "old = 1\n", "old = 1\nmore = 2\n").is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new = 1\n");
    }
}
