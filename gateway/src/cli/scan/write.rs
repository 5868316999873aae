//! What was found, added to the end of the configuration: comments stay, a copy of the file as it
//! was stays beside it.

use crate::cli::running::complain;
use crate::config::{self, Config};
use crate::onsite::scan::{Found, additions, joined};
use crate::words::Lang;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Copies of a configuration that are kept beside it.
const BACKUPS_MAX: usize = 1000;

/// Shows what is added and writes it; false when it could not be written.
pub(super) fn add(file: &Path, config: &Config, found: &[Found], lang: Lang) -> bool {
    let additions = additions(config, found, lang);
    for sentence in &additions.left_out {
        complain(sentence);
    }
    if additions.text.is_empty() {
        complain(&lang.text("scan-write-nothing"));
        return true;
    }
    let text = joined(&config.text, &additions.text);
    let env = |name: &str| std::env::var(name).ok();
    if let Err(faults) = config::load_text(&text, file, &env) {
        complain(&faults.render(lang));
        complain(&lang.text("scan-write-faulty"));
        complain(&additions.text);
        return false;
    }
    complain(&lang.say("scan-write-diff", &[("file", &file.display().to_string())]));
    for line in additions.text.lines() {
        complain(&format!("+{line}"));
    }
    match replace(file, &config.text, &text) {
        Ok(backup) => {
            let backup = backup.display().to_string();
            complain(&lang.say("scan-write-done", &[("backup", &backup)]));
            true
        }
        Err(why) => {
            complain(&lang.say("cli-failed", &[("why", &why.to_string())]));
            false
        }
    }
}

/// Keeps the file as it was, then puts the new one into its place at once.
fn replace(file: &Path, old: &str, new: &str) -> std::io::Result<PathBuf> {
    let file = std::fs::canonicalize(file)?;
    // Somebody else may have changed it since it was read.
    if std::fs::read_to_string(&file)? != old {
        let why = format!("{} has changed meanwhile", file.display());
        return Err(std::io::Error::other(why));
    }
    let mode = std::fs::metadata(&file)?.permissions();
    let backup = written(&file, "bak", old, &mode)?;
    let fresh = written(&file, "new", new, &mode)?;
    std::fs::rename(&fresh, &file)?;
    if let Some(folder) = file.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(backup)
}

/// A new file beside `file`, never over another one.
fn written(
    file: &Path,
    ending: &str,
    text: &str,
    mode: &std::fs::Permissions,
) -> std::io::Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    for number in 1..=BACKUPS_MAX {
        let path = file.with_file_name(format!("{name}.{ending}{number}"));
        match std::fs::File::create_new(&path) {
            Ok(mut out) => {
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
    use crate::config::{Confidence, Parity};
    use crate::field::scan::{Candidate, Tuning, Verdict};
    use crate::onsite::scan::Place;

    const SITE: &str = "# The site of the village.\n[site]\nid = 'desa'\ntimezone = 'Asia/Jakarta'\n\
                        latitude = -3.76\nlongitude = 103.78\n\n[[bus]]\nid = 'lan'\n\
                        kind = 'modbus-tcp'\nhost = '10.0.0.7'\n\n[[device]]\nid = 'meter-1'\n\
                        bus = 'lan'\nunit = 1\nprofile = 'xy-md02' # for a while";

    fn found(place: Place, unit: u8, profiles: &[&str]) -> Found {
        let candidate = |profile: &&str| Candidate {
            profile: (*profile).into(),
            kind: "meter".into(),
            bits: 20.0,
            why: Vec::new(),
        };
        Found {
            place,
            unit,
            verdict: Verdict {
                candidates: profiles.iter().map(candidate).collect(),
                confidence: Confidence::Medium,
                identity: crate::status::Identity::default(),
            },
            configured: None,
        }
    }

    #[test]
    fn what_was_found_is_added_and_the_rest_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pantau.toml");
        std::fs::write(&file, SITE).unwrap();
        let config = config::load(&file).unwrap();
        let line = |baud| Place::Line("/dev/ttyUSB9".into(), Tuning::new(baud, Parity::None));
        let lan = || Place::Network("10.0.0.7".into(), 502);
        let all = [
            found(lan(), 1, &["xy-md02"]),
            found(lan(), 2, &["xy-md02"]),
            found(line(9600), 1, &["xy-md02"]),
            found(line(9600), 2, &["xy-md02", "jxct-th"]),
            found(line(4800), 3, &["xy-md02"]),
            found(line(9600), 4, &[]),
        ];
        let additions = additions(&config, &all, Lang::En);
        assert_eq!(additions.left_out.len(), 2, "{additions:?}");
        assert!(additions.left_out[0].contains("9600 8N1"), "{additions:?}");
        let text = joined(SITE, &additions.text);
        assert!(text.starts_with(SITE));
        let backup = replace(&file, SITE, &text).unwrap();
        assert_eq!(std::fs::read_to_string(backup).unwrap(), SITE);
        let config = config::load(&file).unwrap();
        let ids: Vec<&str> = config.devices.iter().map(|device| &*device.id).collect();
        assert_eq!(ids, ["meter-1", "meter-2", "meter-3", "meter-4"]);
        assert!(text.contains("xy-md02, jxct-th"), "{text}");
        // Once more adds nothing.
        let again = super::additions(&config, &all, Lang::En);
        assert_eq!(again.text, "");
    }

    #[test]
    fn a_file_that_has_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pantau.toml");
        std::fs::write(&file, "new = 1\n").unwrap();
        assert!(replace(&file, "old = 1\n", "old = 1\nmore = 2\n").is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new = 1\n");
    }
}
