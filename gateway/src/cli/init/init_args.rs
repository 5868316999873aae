//! [`InitArgs`]: the command line of `pantau init`.

use crate::cli::scan::{UnitList, parse_units};
use std::path::PathBuf;

/// Arguments of `pantau init`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct InitArgs {
    /// Directory of the new site.
    #[arg(value_name = "DIRECTORY", conflicts_with = "config")]
    pub(super) dir: Option<PathBuf>,
    /// File to write.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Name of the site.
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Id of the site.
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,
    /// Time zone: WIB, a city, an offset.
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub(super) zone: Option<String>,
    /// Latitude, or both coordinates.
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true)]
    pub(super) latitude: Option<String>,
    /// Longitude.
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true)]
    pub(super) longitude: Option<String>,
    /// Serial ports to search.
    #[arg(long, value_name = "PORT")]
    pub(super) port: Vec<String>,
    /// Modbus TCP hosts to search.
    #[arg(long, value_name = "HOST")]
    pub(super) host: Vec<String>,
    /// Speeds to try, baud.
    #[arg(long, value_name = "BAUD,..", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
    pub(super) baud: Vec<u32>,
    /// Units to try.
    #[arg(long, value_name = "1-10,247", value_parser = parse_units)]
    pub(super) units: Option<UnitList>,
    /// Asks nothing: what no option says is as proposed.
    #[arg(long)]
    pub(super) yes: bool,
}
