//! `pantau device`: the library of device profiles, and an interview that writes a new profile.
//!
//! Entry point: [`run_device`].
//!
//! ```text
//! $ pantau device show eastron-sdm630
//! $ pantau device test my-meter.toml
//! ```
//!
//! User documentation: `docs/devices.md`.

mod interview;
mod output;
mod profile_check;

use super::exit_status::{EXIT_DONE, EXIT_USAGE};
use super::file_error::io_reason;
use super::standard_output::print_line;
use crate::config::{Diagnostic, Diagnostics};
use crate::i18n::Language;
pub(super) use profile_check::capture_diagnostics;
use profile_check::load_valid_profile;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Subcommands of `pantau device`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum DeviceCommand {
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

/// Runs the subcommand; returns the exit status.
pub(super) fn run_device(ask: DeviceCommand, lang: Language) -> u8 {
    match ask {
        DeviceCommand::List { dir, json } => output::print_profiles(dir.as_deref(), json, lang),
        DeviceCommand::Show { dir, json, name } => {
            output::print_profile(dir.as_deref(), &name, json, lang)
        }
        DeviceCommand::Test { files } => test_profiles(&files, lang),
        DeviceCommand::New { dir } => {
            let dir = dir.unwrap_or_else(|| PathBuf::from("."));
            let stdin = std::io::stdin();
            interview::run_interview(&dir, &mut stdin.lock(), stdin.is_terminal(), lang)
        }
    }
}

/// Checks profile files: the rules of a profile, and the decoding of its captures.
fn test_profiles(files: &[PathBuf], lang: Language) -> u8 {
    let mut status = EXIT_DONE;
    for file in files {
        let read = std::fs::read_to_string(file).map_err(|why| unreadable_file(file, &why, lang));
        match read.and_then(|text| load_valid_profile(&text, file)) {
            Ok(profile) => {
                let count = (profile.points.len() + profile.facts.len()).to_string();
                let args = [("name", &*profile.name), ("points", count.as_str())];
                print_line(&lang.text_with("cli-device-good", &args));
            }
            Err(faults) => {
                eprintln!("{}", faults.render(lang));
                // The other files are still tested.
                status = EXIT_USAGE;
            }
        }
    }
    status
}

fn unreadable_file(file: &Path, why: &std::io::Error, lang: Language) -> Diagnostics {
    let (what, found) = match why.kind() {
        std::io::ErrorKind::NotFound => ("fault-no-file", file.display().to_string()),
        _ => ("fault-file", io_reason(why, lang)),
    };
    Diagnostics(vec![Diagnostic {
        file: file.to_owned(),
        line: 1,
        key: String::new(),
        what,
        found,
        expected: String::new(),
        hint: None,
    }])
}
