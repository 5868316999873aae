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

mod device_connection;
mod interview;
mod live_device;
mod output;
mod profile_check;
mod profile_text;
mod typed_registers;

use super::exit_status::{EXIT_DONE, EXIT_USAGE};
use super::file_error::io_reason;
use super::interview::Interview;
use super::scan::parse_parity;
use super::standard_output::print_line;
use crate::config::{Diagnostic, Diagnostics, Parity};
use crate::i18n::Language;
use device_connection::NewProfileWishes;
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
        #[arg(long, value_name = "PORT|HOST")]
        port: Option<String>,
        #[arg(long, value_name = "N", requires = "port")]
        #[arg(value_parser = clap::value_parser!(u8).range(1..=247))]
        unit: Option<u8>,
        #[arg(long, value_name = "BAUD", requires = "port")]
        #[arg(value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
        baud: Option<u32>,
        #[arg(long, value_name = "none|even|odd", requires = "port", value_parser = parse_parity)]
        parity: Option<Parity>,
    },
}

/// Runs the subcommand; returns the exit status.
pub(super) async fn run_device(ask: DeviceCommand, lang: Language) -> u8 {
    match ask {
        DeviceCommand::List { dir, json } => output::print_profiles(dir.as_deref(), json, lang),
        DeviceCommand::Show { dir, json, name } => {
            output::print_profile(dir.as_deref(), &name, json, lang)
        }
        DeviceCommand::Test { files } => test_profiles(&files, lang),
        DeviceCommand::New {
            dir,
            port,
            unit,
            baud,
            parity,
        } => {
            let wishes = NewProfileWishes {
                dir: dir.unwrap_or_else(|| PathBuf::from(".")),
                port,
                unit,
                baud,
                parity,
            };
            let stdin = std::io::stdin();
            let is_terminal = stdin.is_terminal();
            let mut input = stdin.lock();
            let talk = Interview::new(&mut input, is_terminal, lang);
            interview::hold_interview(&wishes, talk).await
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
