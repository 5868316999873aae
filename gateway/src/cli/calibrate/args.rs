//! Arguments of `pantau calibrate`.

use crate::cli::backend::DEFAULT_CONFIG_PATH;
use crate::cli::prompt::{parse_decimal, parse_pair};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;

/// Arguments of `pantau calibrate`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CalibrateArgs {
    #[command(subcommand)]
    pub(super) command: CalibrateCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CalibrateCommand {
    List(CalibrateListArgs),
    Level(CalibrateLevelArgs),
    Strapping(CalibrateStrappingArgs),
    Pulses(CalibratePulsesArgs),
    Ct(CalibrateCtArgs),
    Swap(CalibrateSwapArgs),
    Withdraw(CalibrateWithdrawArgs),
}

/// Arguments of every entry.
#[derive(Debug, Args)]
pub(super) struct CalibrateCommonArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    pub(super) config: PathBuf,
    #[arg(long)]
    pub(super) json: bool,
    /// First local day.
    #[arg(long = "date", value_name = "DATE")]
    pub(super) since: Option<Date>,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    /// Confirms the summary beforehand.
    #[arg(long = "yes")]
    pub(super) agreed: bool,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateListArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    pub(super) config: PathBuf,
    #[arg(long)]
    pub(super) json: bool,
    /// Includes withdrawn and replaced entries.
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateLevelArgs {
    #[command(flatten)]
    pub(super) common: CalibrateCommonArgs,
    #[arg(value_name = "POINT")]
    pub(super) dipped: String,
    /// Earlier measurements.
    #[arg(long, value_name = "SHOWN=TRUE", value_parser = parse_equal_pair)]
    pub(super) pair: Vec<(f64, f64)>,
    /// True level now.
    #[arg(long, value_name = "LEVEL", value_parser = parse_finite_number)]
    pub(super) dip: Option<f64>,
    /// The tank is empty now.
    #[arg(long, conflicts_with = "dip")]
    pub(super) dry: bool,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateStrappingArgs {
    #[command(flatten)]
    pub(super) common: CalibrateCommonArgs,
    #[arg(value_name = "TANK")]
    pub(super) tank: String,
    #[arg(long, value_name = "METRES=LITRES", value_parser = parse_equal_pair)]
    pub(super) row: Vec<(f64, f64)>,
    /// The same rows from a file.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "row")]
    pub(super) rows: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CalibratePulsesArgs {
    #[command(flatten)]
    pub(super) common: CalibrateCommonArgs,
    #[arg(value_name = "POINT")]
    pub(super) counter: String,
    /// Counted pulses.
    #[arg(long = "pulses", value_name = "N", value_parser = parse_finite_number, requires = "litres")]
    pub(super) counted: Option<f64>,
    #[arg(long, value_name = "L", value_parser = parse_finite_number)]
    pub(super) litres: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateCtArgs {
    #[command(flatten)]
    pub(super) common: CalibrateCommonArgs,
    #[arg(value_name = "DEVICE")]
    pub(super) device: String,
    /// Ratio that the meter is set to.
    #[arg(long, value_name = "A/A", value_parser = parse_ratio_pair)]
    pub(super) set: Option<(f64, f64)>,
    /// Ratio of the mounted transformer.
    #[arg(long, value_name = "A/A", value_parser = parse_ratio_pair)]
    pub(super) mounted: Option<(f64, f64)>,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateSwapArgs {
    #[command(flatten)]
    pub(super) common: CalibrateCommonArgs,
    #[arg(value_name = "POINT")]
    pub(super) counter: String,
    /// Moment of the change.
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Last reading of the old meter.
    #[arg(long = "old", value_name = "VALUE", value_parser = parse_finite_number)]
    pub(super) old_last: Option<f64>,
    /// First reading of the new meter.
    #[arg(long = "new", value_name = "VALUE", value_parser = parse_finite_number)]
    pub(super) new_first: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateWithdrawArgs {
    #[command(flatten)]
    pub(super) common: CalibrateCommonArgs,
    #[arg(value_name = "ID")]
    pub(super) id: u64,
}

fn parse_equal_pair(text: &str) -> Result<(f64, f64), String> {
    // clap prints the error text behind the argument; an example needs no translation.
    parse_pair(text, '=').ok_or_else(|| "0.03=0".to_owned())
}

fn parse_ratio_pair(text: &str) -> Result<(f64, f64), String> {
    parse_pair(text, '/').ok_or_else(|| "100/5".to_owned())
}

fn parse_finite_number(text: &str) -> Result<f64, String> {
    parse_decimal(text).ok_or_else(|| "1.25".to_owned())
}

impl CalibrateCommand {
    pub(super) fn config_and_json(&self) -> (&PathBuf, bool) {
        let common = match self {
            Self::List(list) => return (&list.config, list.json),
            Self::Level(CalibrateLevelArgs { common, .. })
            | Self::Strapping(CalibrateStrappingArgs { common, .. })
            | Self::Pulses(CalibratePulsesArgs { common, .. })
            | Self::Ct(CalibrateCtArgs { common, .. })
            | Self::Swap(CalibrateSwapArgs { common, .. })
            | Self::Withdraw(CalibrateWithdrawArgs { common, .. }) => common,
        };
        (&common.config, common.json)
    }
}
