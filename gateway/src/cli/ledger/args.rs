//! `pantau ledger` as data.

use crate::cli::args::CONFIG_DEFAULT;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What `pantau ledger` is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Add(Add),
    List(List),
    Correct(Correct),
    Withdraw(Withdraw),
    Import(Import),
    Template(Template),
    Target(Target),
}

/// The site and the shape of the answer; every command has them.
#[derive(Debug, Args)]
pub(super) struct Common {
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    pub(super) config: PathBuf,
    #[arg(long)]
    pub(super) json: bool,
}

/// What may be said of an entry besides how much it is.
#[derive(Debug, Args)]
pub(super) struct Said {
    #[arg(long, value_name = "DATE")]
    pub(super) date: Option<String>,
    #[arg(long, value_name = "HOW")]
    pub(super) how: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(super) what: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(value_name = "INDICATOR")]
    pub(super) indicator: String,
    #[arg(value_name = "QUANTITY", allow_hyphen_values = true)]
    pub(super) quantity: String,
    #[arg(value_name = "UNIT")]
    pub(super) unit: String,
    #[command(flatten)]
    pub(super) said: Said,
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_name = "PERIOD")]
    pub(super) period: Option<String>,
    #[arg(long, value_name = "INDICATOR")]
    pub(super) indicator: Option<String>,
    #[arg(long)]
    pub(super) superseded: bool,
    #[arg(long, value_name = "ID", conflicts_with_all = ["period", "indicator", "superseded"])]
    pub(super) chain: Option<u64>,
    #[arg(long, conflicts_with_all = ["period", "indicator", "superseded", "chain"])]
    pub(super) indicators: bool,
}

#[derive(Debug, Args)]
pub(super) struct Correct {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(value_name = "ID")]
    pub(super) id: u64,
    #[arg(long, value_name = "QUANTITY", allow_hyphen_values = true)]
    pub(super) quantity: Option<String>,
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<String>,
    #[arg(long, value_name = "INDICATOR")]
    pub(super) indicator: Option<String>,
    #[command(flatten)]
    pub(super) said: Said,
}

#[derive(Debug, Args)]
pub(super) struct Withdraw {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(value_name = "ID")]
    pub(super) id: u64,
    #[arg(long, value_name = "TEXT")]
    pub(super) note: String,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(value_name = "FILE")]
    pub(super) table: PathBuf,
    #[arg(long)]
    pub(super) yes: bool,
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Debug, Args)]
pub(super) struct Template {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(short, long, value_name = "FILE.csv|FILE.xlsx")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Target {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(value_name = "INDICATOR")]
    pub(super) indicator: String,
    #[arg(value_name = "PERIOD")]
    pub(super) period: String,
    #[arg(value_name = "QUANTITY", allow_hyphen_values = true)]
    pub(super) quantity: String,
    #[arg(value_name = "UNIT")]
    pub(super) unit: String,
    #[arg(long)]
    pub(super) baseline: bool,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
}
