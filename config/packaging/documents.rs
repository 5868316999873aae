//! Writes the man pages and shell completions of `pantau` in every language into a folder.
//!
//! `config/packaging/build` runs it. The commands and their texts are those of the program, which
//! itself carries neither.

use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use gateway::cli::command_definition;
use gateway::i18n::{FALLBACK, Language};
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

/// Headings that the generator writes in English, with the key of their words.
const HEADINGS: [(&str, &str); 5] = [
    ("NAME", "cli-manual-name"),
    ("SYNOPSIS", "cli-manual-synopsis"),
    ("DESCRIPTION", "cli-manual-description"),
    ("EXTRA", "cli-manual-notes"),
    ("VERSION", "cli-manual-version"),
];

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| Error::other("usage: package_documents FOLDER"))?;
    for lang in Language::ALL {
        // The place of `man` for a language; that of the fallback has no name.
        let manual = if lang == FALLBACK {
            folder.join("man/man1")
        } else {
            folder.join("man").join(lang.code()).join("man1")
        };
        fs::create_dir_all(&manual)?;
        write_manual(command_definition(lang), &manual, lang)?;
        let completions = folder.join("completions").join(lang.code());
        fs::create_dir_all(&completions)?;
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            generate_to(shell, &mut command_definition(lang), "pantau", &completions)?;
        }
    }
    Ok(())
}

/// Writes the page of a command and those of its subcommands.
fn write_manual(command: clap::Command, folder: &Path, lang: Language) -> Result<()> {
    // The word for "a command" in a usage line, without its brackets.
    let word = lang.text("cli-usage-command");
    let mut command = with_words(command, word.trim_matches(['<', '>']), lang);
    command.build();
    write_pages(&command, folder, lang)
}

/// Command with the words that the generator would take from clap.
fn with_words(command: clap::Command, word: &str, lang: Language) -> clap::Command {
    let arguments = lang.text("cli-arguments");
    command
        .subcommand_value_name(word.to_owned())
        .mut_args(|arg| {
            if arg.is_positional() {
                arg.help_heading(arguments.clone())
            } else {
                arg
            }
        })
        .mut_subcommands(|sub| with_words(sub, word, lang))
}

fn write_pages(command: &clap::Command, folder: &Path, lang: Language) -> Result<()> {
    let source = format!("pantau {}", env!("CARGO_PKG_VERSION"));
    let page = Man::new(command.clone()).manual("Pantau").source(source);
    let mut text = Vec::new();
    page.render(&mut text)?;
    let text = String::from_utf8(text).map_err(Error::other)?;
    fs::write(folder.join(page.get_filename()), with_headings(&text, lang))?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write_pages(sub, folder, lang)?;
    }
    Ok(())
}

/// The page with its headings in a language, in capitals as in other manuals.
fn with_headings(page: &str, lang: Language) -> String {
    let line = |line: &str| {
        let Some(heading) = line.strip_prefix(".SH ") else {
            return format!("{line}\n");
        };
        let known = HEADINGS.iter().find(|(name, _)| *name == heading);
        let words = known.map_or_else(
            || heading.trim_matches('"').to_owned(),
            |(_, key)| lang.text(key),
        );
        format!(".SH \"{}\"\n", words.to_uppercase())
    };
    page.lines().map(line).collect()
}
