//! `pantau device`: the library of profiles, and a new one by interview.

mod new;
mod show;

use super::{DONE, WRONG};
use crate::config::profile::{self, Profile};
use crate::config::{Fault, Faults};
use crate::read::replay;
use crate::words::Lang;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// What is asked of the library.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Ask {
    List {
        #[arg(long, value_name = "DIRECTORY")]
        dir: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    Show {
        #[arg(long, value_name = "DIRECTORY")]
        dir: Option<PathBuf>,
        #[arg(long)]
        json: bool,
        #[arg(value_name = "PROFILE")]
        name: String,
    },
    Test {
        #[arg(value_name = "FILE.toml", required = true)]
        files: Vec<PathBuf>,
    },
    New {
        #[arg(long, value_name = "DIRECTORY")]
        dir: Option<PathBuf>,
    },
}

/// Does what is asked; the exit status.
pub(super) fn run(ask: Ask, lang: Lang) -> u8 {
    match ask {
        Ask::List { dir, json } => show::list(dir.as_deref(), json, lang),
        Ask::Show { dir, json, name } => show::one(dir.as_deref(), &name, json, lang),
        Ask::Test { files } => test(&files, lang),
        Ask::New { dir } => {
            let dir = dir.unwrap_or_else(|| PathBuf::from("."));
            let stdin = std::io::stdin();
            new::run(&dir, &mut stdin.lock(), stdin.is_terminal(), lang)
        }
    }
}

/// Holds files against the rules and their own captures.
fn test(files: &[PathBuf], lang: Lang) -> u8 {
    let mut status = DONE;
    for file in files {
        let read = std::fs::read_to_string(file).map_err(|why| unreadable(file, &why));
        match read.and_then(|text| believed(&text, file)) {
            Ok(profile) => {
                let count = (profile.points.len() + profile.facts.len()).to_string();
                let args = [("name", &*profile.name), ("points", count.as_str())];
                say(&(lang.say("cli-device-good", &args) + "\n"));
            }
            Err(faults) => {
                eprintln!("{}", faults.render(lang));
                status = WRONG;
            }
        }
    }
    status
}

fn unreadable(file: &Path, why: &std::io::Error) -> Faults {
    Faults(vec![Fault {
        file: file.to_owned(),
        line: 1,
        key: String::new(),
        what: "fault-file",
        found: why.to_string(),
        expected: String::new(),
        hint: None,
    }])
}

/// The profile of a text that keeps the rules and decodes its own captures.
fn believed(text: &str, file: &Path) -> Result<Profile, Faults> {
    let profile = profile::load_text(text, file)?;
    let wrong = captures(&profile);
    if wrong.is_empty() {
        return Ok(profile);
    }
    Err(Faults(wrong))
}

/// Captures that decode otherwise, as faults.
pub(super) fn captures(profile: &Profile) -> Vec<Fault> {
    let fault = |wrong: crate::read::Mismatch| Fault {
        file: profile.file.clone(),
        line: wrong.line,
        key: "capture".to_owned(),
        what: "fault-capture-decodes",
        found: wrong.point.to_string(),
        expected: format!("{} != {}", wrong.found, wrong.said),
        hint: None,
    };
    replay(profile).into_iter().map(fault).collect()
}

/// A screen that has gone away is no failure.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
