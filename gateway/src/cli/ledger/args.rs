//! Arguments of `pantau ledger`.

use crate::cli::backend::DEFAULT_CONFIG_PATH;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `pantau ledger`.
#[derive(Debug, Args)]
pub(in crate::cli) struct LedgerArgs {
    #[command(subcommand)]
    pub(super) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    Add(LedgerAddArgs),
    List(LedgerListArgs),
    Correct(LedgerCorrectArgs),
    Withdraw(LedgerWithdrawArgs),
    Import(LedgerImportArgs),
    Template(LedgerTemplateArgs),
    Target(LedgerTargetArgs),
}

/// Arguments of every subcommand: the site, and the output format.
#[derive(Debug, Args)]
pub(super) struct LedgerCommonArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    pub(super) config: PathBuf,
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of an entry besides its quantity.
#[derive(Debug, Args)]
pub(super) struct LedgerEntryArgs {
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
pub(super) struct LedgerAddArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
    #[arg(value_name = "INDICATOR")]
    pub(super) indicator: String,
    // A negative quantity must not be parsed as an option.
    #[arg(value_name = "QUANTITY", allow_hyphen_values = true)]
    pub(super) quantity: String,
    /// Unit; absent when the quantity is written with it, as `"12,5 kg"`.
    #[arg(value_name = "UNIT")]
    pub(super) unit: Option<String>,
    #[command(flatten)]
    pub(super) said: LedgerEntryArgs,
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Debug, Args)]
pub(super) struct LedgerListArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
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
pub(super) struct LedgerCorrectArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
    #[arg(value_name = "ID")]
    pub(super) id: u64,
    #[arg(long, value_name = "QUANTITY", allow_hyphen_values = true)]
    pub(super) quantity: Option<String>,
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<String>,
    #[arg(long, value_name = "INDICATOR")]
    pub(super) indicator: Option<String>,
    #[command(flatten)]
    pub(super) said: LedgerEntryArgs,
}

#[derive(Debug, Args)]
pub(super) struct LedgerWithdrawArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
    #[arg(value_name = "ID")]
    pub(super) id: u64,
    #[arg(long, value_name = "TEXT")]
    pub(super) note: String,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct LedgerImportArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
    #[arg(value_name = "FILE")]
    pub(super) table: PathBuf,
    #[arg(long)]
    pub(super) dry_run: bool,
    // clap would add the possible values in English; the placeholder names them already.
    #[arg(long, value_name = "comma|point", value_parser = ["comma", "point"],
        hide_possible_values = true)]
    pub(super) decimal: Option<String>,
    #[arg(long = "column", value_name = "NAME=FIELD")]
    pub(super) entry_column: Vec<String>,
    #[arg(long)]
    pub(super) yes: bool,
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Debug, Args)]
pub(super) struct LedgerTemplateArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
    #[arg(short, long, value_name = "FILE.csv|FILE.xlsx")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct LedgerTargetArgs {
    #[command(flatten)]
    pub(super) common: LedgerCommonArgs,
    #[arg(value_name = "INDICATOR")]
    pub(super) indicator: String,
    #[arg(value_name = "PERIOD")]
    pub(super) period: String,
    #[arg(value_name = "QUANTITY", allow_hyphen_values = true)]
    pub(super) quantity: String,
    /// Unit; absent when the quantity is written with it, as `"12,5 kg"`.
    #[arg(value_name = "UNIT")]
    pub(super) unit: Option<String>,
    #[arg(long)]
    pub(super) baseline: bool,
    #[arg(long, value_name = "ASSET")]
    pub(super) asset: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
}
