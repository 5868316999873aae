//! Definition of the command line: commands, arguments, and help texts from the catalogue.

use super::{EXIT_DONE, EXIT_USAGE};
use crate::config;
use crate::i18n::Language;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

/// Configuration file of a command without `--config`.
pub(super) const DEFAULT_CONFIG_PATH: &str = "/etc/pantau/pantau.toml";

#[derive(Debug, Parser)]
#[command(
    name = "pantau",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(super) struct CommandLine {
    /// Language: `id` or `en`.
    #[arg(long, global = true, value_name = "id|en")]
    pub(super) lang: Option<String>,
    /// Log filter.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(super) log: Option<String>,
    /// Log lines as JSON.
    #[arg(long, global = true)]
    pub(super) log_json: bool,
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    Run {
        #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
        config: PathBuf,
    },
    Demo(crate::cli::demo::DemoArgs),
    Check {
        #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
        config: PathBuf,
        #[arg(long)]
        json: bool,
        #[arg(long)]
        schema: bool,
    },
    Read(crate::cli::read::ReadArgs),
    Scan(crate::cli::scan::ScanArgs),
    Soak(crate::cli::soak::SoakArgs),
    Watch(crate::cli::watch::WatchArgs),
    Calibrate(crate::cli::calibrate::CalibrateArgs),
    Handover(crate::cli::handover::HandoverArgs),
    SetAddress(crate::cli::set_address::SetAddressArgs),
    Method {
        #[command(subcommand)]
        ask: MethodCommand,
    },
    Device {
        #[command(subcommand)]
        ask: crate::cli::device::DeviceCommand,
    },
    Simulate(crate::cli::simulate::SimulateArgs),
    Import(crate::cli::import::ImportArgs),
    Export(crate::cli::export::ExportArgs),
    Verify(crate::cli::evidence::VerifyArgs),
    Ledger(crate::cli::ledger::LedgerArgs),
    Report(crate::cli::report::ReportArgs),
    Backup {
        #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
        config: PathBuf,
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// Commands about the formulas.
#[derive(Debug, Subcommand)]
pub(super) enum MethodCommand {
    List {
        #[arg(long)]
        json: bool,
    },
    Eval {
        #[arg(value_name = "NAME")]
        name: Option<String>,
        #[arg(value_name = "JSON", allow_hyphen_values = true)]
        inputs: Option<String>,
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Language from `--lang`, else from the environment, else Bahasa Indonesia.
pub(super) fn choose_language(
    arguments: &[OsString],
    env: impl Fn(&str) -> Option<String>,
) -> Language {
    // Searched by hand, since clap has not parsed the arguments yet.
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let by_hand = words.iter().enumerate().find_map(|(at, word)| {
        word.strip_prefix("--lang=").or_else(|| {
            (*word == "--lang")
                .then(|| words.get(at + 1).copied())
                .flatten()
        })
    });
    let asked = by_hand.and_then(Language::parse);
    // The order is that of gettext; `PANTAU_LANG` sets this program alone.
    let names = ["PANTAU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];
    asked
        .or_else(|| {
            names
                .iter()
                .find_map(|name| env(name).as_deref().and_then(Language::parse))
        })
        .unwrap_or_default()
}

/// Command line with help texts in one language.
pub(super) fn localised_command(lang: Language) -> clap::Command {
    let command = CommandLine::command()
        .about(lang.text("cli-about"))
        .after_help(lang.text("cli-after"));
    localise_command(command, lang)
}

/// Replaces the help texts of a command and of its subcommands by those of the catalogue.
fn localise_command(command: clap::Command, lang: Language) -> clap::Command {
    let name = command.get_name().to_owned();
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let command = command
        .help_template(help_template(lang, !subcommands.is_empty()))
        // The flags of clap itself have English help texts.
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(
            clap::Arg::new("help")
                .short('h')
                .long("help")
                .action(clap::ArgAction::Help)
                .help(lang.text("cli-arg-help")),
        )
        // A text for this command (`cli-scan-json`) wins over the common one (`cli-arg-json`).
        .mut_args(|arg| {
            let key = format!("cli-arg-{}", arg.get_id().as_str().replace('_', "-"));
            let own = format!("cli-{name}-{}", arg.get_id().as_str().replace('_', "-"));
            let text = lang.text(&own);
            let takes_values = arg.get_action().takes_values();
            let arg = if takes_values {
                let names = arg.get_value_names().unwrap_or_default().iter();
                let names: Vec<String> = names.map(|name| placeholder(name, lang)).collect();
                arg.value_names(names).hide_default_value(true)
            } else {
                arg
            };
            if text == own {
                arg.help(lang.text(&key))
            } else {
                arg.help(text)
            }
        });
    // Only the program itself has a version, subcommands have none.
    let command = if command.get_version().is_none() {
        command
    } else {
        command.arg(
            clap::Arg::new("version")
                .short('V')
                .long("version")
                .action(clap::ArgAction::Version)
                .help(lang.text("cli-arg-version")),
        )
    };
    subcommands.iter().fold(command, |command, sub| {
        command.mut_subcommand(sub, |sub| {
            let own = format!("cli-{name}-{}", sub.get_name());
            let about = match lang.text(&own) {
                text if text == own => lang.text(&format!("cli-{}", sub.get_name())),
                text => text,
            };
            localise_command(sub.about(about), lang)
        })
    })
}

/// The placeholder of a value in one language: `FILE.csv` is `BERKAS.csv` in Bahasa Indonesia.
fn placeholder(name: &str, lang: Language) -> String {
    let is_sign = |c: char| !c.is_ascii_alphanumeric();
    let words = name.split_inclusive(is_sign).map(|part| {
        let word = part.trim_end_matches(is_sign);
        let key = format!("cli-value-{}", word.to_lowercase());
        let text = lang.text(&key);
        // Small letters and words without a key (`N`, `URL`, `id|en`) are typed as they stand.
        if text == key || word.contains(|c: char| c.is_ascii_lowercase()) {
            part.to_owned()
        } else {
            part.replace(word, &text)
        }
    });
    words.collect()
}

fn help_template(lang: Language, has_subcommands: bool) -> String {
    let [usage, commands, options] =
        ["cli-usage", "cli-commands", "cli-options"].map(|key| lang.text(key));
    let commands = if has_subcommands {
        format!("{commands}:\n{{subcommands}}\n\n")
    } else {
        String::new()
    };
    format!(
        "{{about}}\n\n{usage}: {{usage}}\n\n{commands}{options}:\n{{options}}\n\n{{after-help}}"
    )
}

/// Prints help or version (exit status 0), or a parse error (exit status 2).
pub(super) fn print_parse_error(error: &clap::Error, lang: Language) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let text = localise_usage(&error.render().to_string(), lang);
            // Help that nobody requested (a call without a command) counts as a wrong call.
            if error.use_stderr() {
                eprint!("{text}");
                EXIT_USAGE
            } else {
                let _ = write!(std::io::stdout(), "{text}");
                EXIT_DONE
            }
        }
        _ => {
            eprintln!("pantau: {}", parse_error_text(error, lang));
            EXIT_USAGE
        }
    }
}

/// Replaces the words that clap itself writes into a usage line.
fn localise_usage(text: &str, lang: Language) -> String {
    text.replace("[OPTIONS]", &lang.text("cli-usage-options"))
        .replace("<COMMAND>", &lang.text("cli-usage-command"))
        .replace("[COMMAND]", &lang.text("cli-usage-command"))
}

/// Message for a parse error.
fn parse_error_text(error: &clap::Error, lang: Language) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let found = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
        .map(|kind| context(kind).join(", "))
        .concat();
    let value = context(ContextKind::InvalidValue).concat();
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand]
        .map(context)
        .concat();
    // clap suggests `calibrate` for `frobnicate`: a name that is not near helps nobody.
    let near = config::nearest_name(&found, near.iter().map(String::as_str));
    let key = match error.kind() {
        ErrorKind::MissingRequiredArgument => "cli-fault-missing",
        ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument => "cli-fault-unknown",
        _ => "cli-fault-other",
    };
    let mut text = lang.text_with(key, &[("found", &found), ("value", &value)]);
    if let Some(near) = near {
        text.push(' ');
        text.push_str(&lang.text_with("cli-fault-near", &[("near", &near)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect_help(command: &mut clap::Command, texts: &mut Vec<String>) {
        texts.push(command.render_long_help().to_string());
        for sub in command.get_subcommands_mut() {
            collect_help(sub, texts);
        }
    }

    #[test]
    fn every_command_and_argument_has_words_in_both_languages() {
        for lang in [Language::Id, Language::En] {
            let mut command = localised_command(lang);
            let mut texts = Vec::new();
            collect_help(&mut command, &mut texts);
            for text in texts {
                assert!(
                    !text.contains("cli-"),
                    "a key without words ({}):\n{text}",
                    lang.code()
                );
            }
        }
    }

    fn said(call: &[&str], lang: Language) -> String {
        let error = localised_command(lang)
            .try_get_matches_from(call)
            .unwrap_err();
        parse_error_text(&error, lang)
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let strange = said(&["pantau", "frobnicate"], Language::Id);
        assert!(!strange.contains("Mungkin maksudnya"), "{strange}");
        let near = said(&["pantau", "calibrat"], Language::Id);
        assert!(near.ends_with("Mungkin maksudnya: calibrate"), "{near}");
        let near = said(&["pantau", "check", "--confg", "x"], Language::En);
        assert!(near.ends_with("Did you mean: --config"), "{near}");
    }

    #[test]
    fn placeholders_are_in_the_language_of_the_help() {
        assert_eq!(placeholder("FILE.csv", Language::Id), "BERKAS.csv");
        assert_eq!(placeholder("POINT=VALUE", Language::Id), "TITIK_UKUR=NILAI");
        assert_eq!(placeholder("holding:N", Language::Id), "holding:N");
        assert_eq!(placeholder("id|en", Language::Id), "id|en");
        assert_eq!(placeholder("PERIOD", Language::En), "PERIOD");
        let missing = said(&["pantau", "report"], Language::Id);
        assert!(missing.contains("PERIODE"), "{missing}");
    }

    #[test]
    fn the_language_is_taken_from_the_call_before_the_environment() {
        let call = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let english = |name: &str| (name == "LANG").then(|| "en_US.UTF-8".to_owned());
        assert_eq!(
            choose_language(&call(&["pantau", "--lang", "id", "run"]), english),
            Language::Id
        );
        assert_eq!(
            choose_language(&call(&["pantau", "run"]), english),
            Language::En
        );
        assert_eq!(
            choose_language(&call(&["pantau", "run"]), |_| None),
            Language::Id
        );
    }
}
