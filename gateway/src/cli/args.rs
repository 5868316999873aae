//! The command line as data: commands, arguments, and their words from the catalogue.

use super::{DONE, WRONG};
use crate::words::Lang;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

/// Where `pantau.toml` is looked for when nobody says.
pub(super) const CONFIG_DEFAULT: &str = "/etc/pantau/pantau.toml";

#[derive(Debug, Parser)]
#[command(
    name = "pantau",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(super) struct Cli {
    /// `id` or `en`.
    #[arg(long, global = true, value_name = "id|en")]
    pub(super) lang: Option<String>,
    /// Log filter.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(super) log: Option<String>,
    /// Log lines as JSON.
    #[arg(long, global = true)]
    pub(super) log_json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run {
        #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
        config: PathBuf,
    },
    Demo(crate::cli::demo::Options),
    Check {
        #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
        config: PathBuf,
        #[arg(long)]
        json: bool,
        #[arg(long)]
        schema: bool,
    },
    Read(crate::cli::read::Options),
    Scan(crate::cli::scan::Options),
    Soak(crate::cli::soak::Options),
    Watch(crate::cli::watch::Options),
    Calibrate(crate::cli::calibrate::Options),
    Handover(crate::cli::handover::Options),
    SetAddress(crate::cli::set_address::Options),
    Method {
        #[command(subcommand)]
        ask: MethodAsk,
    },
    Device {
        #[command(subcommand)]
        ask: crate::cli::device::Ask,
    },
    Simulate(crate::cli::simulate::Options),
    Import(crate::cli::import::Options),
    Export(crate::cli::export::Options),
    Verify(crate::cli::evidence::Options),
    Ledger(crate::cli::ledger::Options),
    Report(crate::cli::report::Options),
    Backup {
        #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
        config: PathBuf,
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// What is asked of the formulas.
#[derive(Debug, Subcommand)]
pub(super) enum MethodAsk {
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

/// The language asked for by `--lang`, else by the environment; Bahasa Indonesia when nobody says.
pub(super) fn language(arguments: &[OsString], env: impl Fn(&str) -> Option<String>) -> Lang {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let by_hand = words.iter().enumerate().find_map(|(at, word)| {
        word.strip_prefix("--lang=").or_else(|| {
            (*word == "--lang")
                .then(|| words.get(at + 1).copied())
                .flatten()
        })
    });
    let asked = by_hand.and_then(Lang::parse);
    let names = ["PANTAU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];
    asked
        .or_else(|| {
            names
                .iter()
                .find_map(|name| env(name).as_deref().and_then(Lang::parse))
        })
        .unwrap_or_default()
}

/// The command line with its words in one language.
pub(super) fn command(lang: Lang) -> clap::Command {
    let command = Cli::command()
        .about(lang.text("cli-about"))
        .after_help(lang.text("cli-after"));
    localise(command, lang)
}

fn localise(command: clap::Command, lang: Lang) -> clap::Command {
    let name = command.get_name().to_owned();
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let command = command
        .help_template(template(lang, !subcommands.is_empty()))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(
            clap::Arg::new("help")
                .short('h')
                .long("help")
                .action(clap::ArgAction::Help)
                .help(lang.text("cli-arg-help")),
        )
        .mut_args(|arg| {
            let key = format!("cli-arg-{}", arg.get_id().as_str().replace('_', "-"));
            let own = format!("cli-{name}-{}", arg.get_id().as_str().replace('_', "-"));
            let text = lang.text(&own);
            let takes_values = arg.get_action().takes_values();
            let arg = if takes_values {
                arg.hide_default_value(true)
            } else {
                arg
            };
            if text == own {
                arg.help(lang.text(&key))
            } else {
                arg.help(text)
            }
        });
    // Only the program itself has a version.
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
            localise(sub.about(about), lang)
        })
    })
}

fn template(lang: Lang, has_subcommands: bool) -> String {
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

/// Help and version go to the screen with status 0; a wrong call is explained with status 2.
pub(super) fn explain(error: &clap::Error, lang: Lang) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let text = in_words(&error.render().to_string(), lang);
            if error.use_stderr() {
                eprint!("{text}");
                WRONG
            } else {
                let _ = write!(std::io::stdout(), "{text}");
                DONE
            }
        }
        _ => {
            eprintln!("pantau: {}", fault(error, lang));
            WRONG
        }
    }
}

/// The words that clap writes into a usage line by itself, in the user's language.
fn in_words(text: &str, lang: Lang) -> String {
    text.replace("[OPTIONS]", &lang.text("cli-usage-options"))
        .replace("<COMMAND>", &lang.text("cli-usage-command"))
        .replace("[COMMAND]", &lang.text("cli-usage-command"))
}

fn fault(error: &clap::Error, lang: Lang) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let found = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
        .map(context)
        .concat();
    let value = context(ContextKind::InvalidValue);
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand]
        .map(context)
        .concat();
    let key = match error.kind() {
        ErrorKind::MissingRequiredArgument => "cli-fault-missing",
        ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument => "cli-fault-unknown",
        _ => "cli-fault-other",
    };
    let mut text = lang.say(key, &[("found", &found), ("value", &value)]);
    if !near.is_empty() {
        text.push(' ');
        text.push_str(&lang.say("cli-fault-near", &[("near", &near)]));
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
        for lang in [Lang::Id, Lang::En] {
            let mut command = command(lang);
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

    #[test]
    fn the_language_is_taken_from_the_call_before_the_environment() {
        let call = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let english = |name: &str| (name == "LANG").then(|| "en_US.UTF-8".to_owned());
        assert_eq!(
            language(&call(&["pantau", "--lang", "id", "run"]), english),
            Lang::Id
        );
        assert_eq!(language(&call(&["pantau", "run"]), english), Lang::En);
        assert_eq!(language(&call(&["pantau", "run"]), |_| None), Lang::Id);
    }
}
