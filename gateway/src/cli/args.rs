//! Definition of the command line: commands, arguments, and help texts from the catalogue.

use super::backend::DEFAULT_CONFIG_PATH;
use super::exit_status::{EXIT_DONE, EXIT_USAGE};
use super::standard_output::print_text;
use crate::config;
use crate::i18n::{FALLBACK, Language};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Place of the options of every command among the options: last.
const GLOBAL_OPTION_ORDER: usize = 1000;

#[derive(Debug, Parser)]
#[command(
    name = "pantau",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(super) struct CommandLine {
    /// Language of texts.
    #[arg(long, global = true, value_name = Language::ALL.map(Language::code).join("|"),
        value_parser = parse_language)]
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
    Init(crate::cli::init::InitArgs),
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
    Reload(crate::cli::reload::ReloadArgs),
    Time(crate::cli::time::TimeArgs),
    Alarm(crate::cli::alarm::AlarmArgs),
    User(crate::cli::user::UserArgs),
    Backup(crate::cli::backup::BackupArgs),
    Restore(crate::cli::restore::RestoreArgs),
}

/// Language of `--lang`, which is chosen before clap parses the arguments. The placeholder of the
/// option names the languages in the message.
fn parse_language(text: &str) -> Result<String, String> {
    let known = Language::parse(text).map(|lang| lang.code().to_owned());
    known.ok_or_else(|| Language::ALL.map(Language::code).join(", "))
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

/// Language from `--lang`, else from `PANTAU_LANG`, else from the configuration that `--config`
/// names, else from the locale, else English.
pub(super) fn choose_language(
    arguments: &[OsString],
    env: impl Fn(&str) -> Option<String>,
    site_language: impl Fn(&Path) -> Option<Language>,
) -> Language {
    // Searched by hand, since clap has not parsed the arguments yet.
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let from_env = |name: &str| env(name).as_deref().and_then(Language::parse);
    let asked = option_value(&words, &["--lang"]).and_then(Language::parse);
    let config = || option_value(&words, &["--config", "-c"]);
    asked
        .or_else(|| from_env("PANTAU_LANG"))
        .or_else(|| site_language(Path::new(config()?)))
        // The order is that of gettext.
        .or_else(|| {
            ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .find_map(from_env)
        })
        .unwrap_or(FALLBACK)
}

/// Value of `PANTAU_LANG` when it names no language.
pub(super) fn unknown_language(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    env("PANTAU_LANG").filter(|text| !text.is_empty() && Language::parse(text).is_none())
}

/// Value of an option: `--config FILE`, `--config=FILE`, `-c FILE`, `-c=FILE` or `-cFILE`.
fn option_value<'a>(words: &[&'a str], names: &[&str]) -> Option<&'a str> {
    let options = words.iter().take_while(|word| **word != "--");
    options.enumerate().find_map(|(at, word)| {
        names.iter().find_map(|name| {
            let rest = word.strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None if rest.is_empty() => words.get(at + 1).copied(),
                // Only short names are followed by their value without a sign.
                None => (!name.starts_with("--")).then_some(rest),
            }
        })
    })
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
        .help_template(format!(
            "{{about}}\n\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
            lang.text("cli-usage")
        ))
        .subcommand_help_heading(lang.text("cli-commands"))
        // The flags of clap itself have English help texts.
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(
            clap::Arg::new("help")
                .short('h')
                .long("help")
                .action(clap::ArgAction::Help),
        )
        // A text for this command (`cli-scan-json`) wins over the common one (`cli-arg-json`).
        .mut_args(|arg| {
            let key = format!("cli-arg-{}", arg.get_id().as_str().replace('_', "-"));
            let own = format!("cli-{name}-{}", arg.get_id().as_str().replace('_', "-"));
            let takes_values = arg.get_action().takes_values();
            let arg = if takes_values {
                let names = arg.get_value_names().unwrap_or_default().iter();
                let names: Vec<String> = names.map(|name| placeholder(name, lang)).collect();
                arg.value_names(names).hide_default_value(true)
            } else {
                arg
            };
            let text = lang.find_text(&own).unwrap_or_else(|| lang.text(&key));
            under_heading(arg.help(text), lang)
        });
    // Only the program itself has a version, subcommands have none.
    let command = if command.get_version().is_none() {
        command
    } else {
        let version = clap::Arg::new("version").short('V').long("version");
        let version = version.help(lang.text("cli-arg-version"));
        command.arg(under_heading(
            version.action(clap::ArgAction::Version),
            lang,
        ))
    };
    subcommands.iter().fold(command, |command, sub| {
        command.mut_subcommand(sub, |sub| {
            let own = format!("cli-{name}-{}", sub.get_name());
            let common = format!("cli-{}", sub.get_name());
            let about = lang.find_text(&own).unwrap_or_else(|| lang.text(&common));
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
        // Small letters and words without a key (`N`, `URL`, `id|en`) are typed as they stand.
        match lang.find_text(&key) {
            Some(text) if !word.contains(|c: char| c.is_ascii_lowercase()) => {
                part.replace(word, &text)
            }
            _ => part.to_owned(),
        }
    });
    words.collect()
}

/// Puts an argument below its heading: an option of the command, or of every command.
fn under_heading(arg: clap::Arg, lang: Language) -> clap::Arg {
    if arg.is_positional() {
        // clap lists these first, below a heading of its own (`localise_clap_words`).
        arg
    } else if arg.is_global_set() || ["help", "version"].contains(&arg.get_id().as_str()) {
        arg.help_heading(lang.text("cli-options-global"))
            .display_order(GLOBAL_OPTION_ORDER)
    } else {
        arg.help_heading(lang.text("cli-options"))
    }
}

/// Prints help or version (exit status 0), or a parse error (exit status 2).
pub(super) fn print_parse_error(error: &clap::Error, lang: Language) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let text = localise_clap_words(&error.render().to_string(), lang);
            // Help that nobody requested (a call without a command) counts as a wrong call.
            if error.use_stderr() {
                eprint!("{text}");
                EXIT_USAGE
            } else {
                print_text(&text);
                EXIT_DONE
            }
        }
        _ => {
            eprintln!("pantau: {}", parse_error_text(error, lang));
            EXIT_USAGE
        }
    }
}

/// Replaces the words that clap itself writes into a usage line and over the arguments.
fn localise_clap_words(text: &str, lang: Language) -> String {
    text.replace(
        "Arguments:\n",
        &format!("{}:\n", lang.text("cli-arguments")),
    )
    .replace("[OPTIONS]", &lang.text("cli-usage-options"))
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
        ErrorKind::ArgumentConflict => "cli-fault-conflict",
        _ => "cli-fault-other",
    };
    let other = context(ContextKind::PriorArg).join(", ");
    let args = [("found", &*found), ("value", &value), ("other", &other)];
    let mut text = lang.text_with(key, &args);
    if let Some(allowed) = allowed_values(error) {
        text.push(' ');
        text.push_str(&lang.text_with("cli-fault-allowed", &[("allowed", &allowed)]));
    }
    if let Some(near) = near {
        text.push(' ');
        text.push_str(&lang.text_with("cli-fault-near", &[("near", &near)]));
    }
    text
}

/// Values that an option takes, as its parser names them: `0.001..86400`, `POINT=VALUE`. `None` for
/// the sentences of other parsers.
fn allowed_values(error: &clap::Error) -> Option<String> {
    let said = std::error::Error::source(error)?.to_string();
    // Of `500 is not in 1..=16` the range.
    let allowed = said
        .rsplit_once(" is not in ")
        .map_or(&*said, |(_, range)| range);
    let is_one_word = !allowed.is_empty() && !allowed.contains(' ');
    is_one_word.then(|| allowed.replace("..=", ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_an_option_does_not_take_is_answered_with_those_that_it_takes() {
        for (call, allowed) in [
            (
                &["pantau", "demo", "--speed", "0"][..],
                "Allowed: 0.001..86400",
            ),
            (
                &["pantau", "simulate", "--speed", "1.2e-400"],
                "Allowed: 0.001..86400",
            ),
            (
                &["pantau", "demo", "--speed", "nan"],
                "Allowed: 0.001..86400",
            ),
            (&["pantau", "read", "x", "--every", "0"], "Allowed: 1..3600"),
            (
                &["pantau", "read", "x", "--display", "a"],
                "Allowed: POINT=VALUE",
            ),
        ] {
            let fault = CommandLine::try_parse_from(call).unwrap_err();
            let text = parse_error_text(&fault, Language::En);
            assert!(text.contains(allowed), "{text}");
        }
    }

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
    fn arguments_that_exclude_each_other_are_both_named() {
        let call = ["pantau", "report", "2026-11", "--revisions"];
        let why = said(&call, Language::En);
        assert!(
            why.contains("--revisions") && why.contains("PERIOD"),
            "{why}"
        );
    }

    #[test]
    fn an_unknown_language_is_refused_with_those_that_exist() {
        let why = said(&["pantau", "check", "--lang", "fr"], Language::En);
        assert!(why.contains("\"fr\"") && why.contains("id|en"), "{why}");
        let known =
            localised_command(Language::En).try_get_matches_from(["pantau", "--lang=id_ID", "run"]);
        assert!(known.is_ok());
        let env = |text: &'static str| move |_: &str| Some(text.to_owned());
        assert_eq!(unknown_language(env("fr")).as_deref(), Some("fr"));
        assert_eq!(unknown_language(env("en_GB.UTF-8")), None);
        assert_eq!(unknown_language(env("")), None);
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
        let nothing = |_: &str| None;
        let locale = |name: &str| (name == "LANG").then(|| "id_ID.UTF-8".to_owned());
        let own = |name: &str| (name == "PANTAU_LANG").then(|| "en".to_owned());
        let site = |file: &Path| (file == Path::new("site.toml")).then_some(Language::Id);
        let named = call(&["pantau", "check", "-c", "site.toml"]);
        let english = call(&["pantau", "check", "--lang=en", "--config", "site.toml"]);
        assert_eq!(choose_language(&english, locale, site), Language::En);
        assert_eq!(choose_language(&named, own, site), Language::En);
        assert_eq!(choose_language(&named, nothing, site), Language::Id);
        let other = call(&["pantau", "check", "-c", "other.toml"]);
        assert_eq!(choose_language(&other, locale, site), Language::Id);
        assert_eq!(choose_language(&other, nothing, site), Language::En);
    }

    #[test]
    fn a_value_is_found_in_every_way_to_write_it() {
        let value = |words: &[&str]| {
            let words = [&["pantau", "check"], words].concat();
            option_value(&words, &["--config", "-c"]).map(str::to_owned)
        };
        for words in [["-c", "x"].as_slice(), &["-cx"], &["-c=x"], &["--config=x"]] {
            assert_eq!(value(words).as_deref(), Some("x"), "{words:?}");
        }
        assert_eq!(value(&["--configuration", "x"]), None);
        assert_eq!(value(&["--", "-c", "x"]), None);
        assert_eq!(value(&["-c"]), None);
    }
}
