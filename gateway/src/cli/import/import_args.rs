//! Arguments of `pantau import`.

use crate::cli::backend::DEFAULT_CONFIG_PATH;
use crate::config::Config;
use crate::i18n::Language;
use crate::limits::IMPORT_COLUMNS_MAX;
use crate::samples_csv::{self, DateOrder, DecimalSeparator, LoggerTableOptions};
use std::path::PathBuf;

/// Arguments of `pantau import`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    pub(super) config: PathBuf,
    #[arg(long, value_name = "ID")]
    point: Option<String>,
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[arg(long)]
    pub(super) dry_run: bool,
    #[arg(short, long)]
    pub(super) yes: bool,
    #[arg(long)]
    pub(super) replace: bool,
    #[arg(long)]
    pub(super) falling_counter: bool,
    // clap would add the possible values in English; the placeholder names them already.
    #[arg(long, alias = "dates", value_name = "dmy|mdy|ymd", value_parser = ["dmy", "mdy", "ymd"],
        hide_possible_values = true)]
    date_order: Option<String>,
    #[arg(long, value_name = "ZONE")]
    pub(super) zone: Option<String>,
    #[arg(long, alias = "decimals", value_name = "comma|point", value_parser = ["comma", "point"],
        hide_possible_values = true)]
    decimal: Option<String>,
    #[arg(long, value_name = ";|,|tab")]
    separator: Option<String>,
    #[arg(long, value_name = "NAME|NUMBER")]
    sheet: Option<String>,
    #[arg(long, value_name = "NAME|NUMBER")]
    time_column: Option<String>,
    #[arg(long, value_name = "NAME[=POINT]")]
    column: Vec<String>,
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub(super) who: Option<String>,
    #[arg(long)]
    pub(super) json: bool,
}

/// Point, and the column that goes into it.
#[derive(Clone, Debug)]
pub(super) struct ImportTarget {
    pub(super) point: String,
    pub(super) column: Option<String>,
}

impl ImportArgs {
    /// Points of the call, each with its column. Errors: a sentence that says what is wrong.
    pub(super) fn targets(
        &self,
        config: &Config,
        lang: Language,
    ) -> Result<Vec<ImportTarget>, String> {
        let targets: Vec<ImportTarget> = match (&self.point, &*self.column) {
            (Some(point), []) => vec![ImportTarget {
                point: point.clone(),
                column: None,
            }],
            (Some(point), [column]) => vec![ImportTarget {
                point: point.clone(),
                column: Some(column.clone()),
            }],
            (Some(_), _) | (None, []) => return Err(lang.text("cli-import-which-point")),
            (None, columns) => {
                // The name of a column may hold the sign itself; the id of a point does not.
                let pair = |text: &String| {
                    let (column, point) = text.rsplit_once('=')?;
                    Some(ImportTarget {
                        point: point.trim().to_owned(),
                        column: Some(column.to_owned()),
                    })
                };
                let pairs: Option<Vec<ImportTarget>> = columns.iter().map(pair).collect();
                pairs.ok_or_else(|| lang.text("cli-import-which-point"))?
            }
        };
        if targets.len() > IMPORT_COLUMNS_MAX {
            let most = IMPORT_COLUMNS_MAX.to_string();
            return Err(lang.text_with("cli-import-too-many-columns", &[("most", &most)]));
        }
        for (at, target) in targets.iter().enumerate() {
            if config.site.point(&target.point).is_none() {
                return Err(lang.text_with("cli-no-point", &[("point", &target.point)]));
            }
            if targets[..at].iter().any(|one| one.point == target.point) {
                return Err(lang.text_with("cli-import-point-twice", &[("point", &target.point)]));
            }
        }
        Ok(targets)
    }

    /// Whether the call says how a table is laid out, so that the file is read as one.
    pub(super) fn names_layout(&self) -> bool {
        !self.column.is_empty()
            || self.sheet.is_some()
            || self.time_column.is_some()
            || self.separator.is_some()
            || self.unit.is_some()
            || self.zone.is_some()
            || self.decimal.is_some()
            || self.date_order.is_some()
    }

    /// Takes over what the call says about the table. Errors: a sentence that says what is wrong.
    pub(super) fn fill_wishes(
        &self,
        wishes: &mut LoggerTableOptions,
        lang: Language,
    ) -> Result<(), String> {
        wishes.dates = self.date_order.as_deref().and_then(DateOrder::parse);
        wishes.decimals = self.decimal.as_deref().and_then(DecimalSeparator::parse);
        wishes.sheet.clone_from(&self.sheet);
        wishes.time_column.clone_from(&self.time_column);
        if let Some(name) = &self.zone {
            let unknown = || lang.text_with("cli-import-zone-unknown", &[("zone", name)]);
            wishes.zone = Some(samples_csv::parse_zone(name).ok_or_else(unknown)?);
        }
        if let Some(sign) = &self.separator {
            let unknown = || lang.text_with("cli-import-separator-unknown", &[("found", sign)]);
            wishes.separator = Some(parse_separator(sign).ok_or_else(unknown)?);
        }
        Ok(())
    }
}

/// Separator from one sign, or from `tab`.
fn parse_separator(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Some(b'\t'),
        // A letter, a digit or a quote would cut cells apart.
        [sign]
            if sign.is_ascii_punctuation() && *sign != b'"' || *sign == b' ' || *sign == b'\t' =>
        {
            Some(*sign)
        }
        _ => None,
    }
}
