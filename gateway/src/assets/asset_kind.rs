//! [`AssetKind`] and the table as typed, made from the list of kinds, and the traits that the
//! folder of a kind implements.

use crate::assets::{Asset, Baseline, CheckContext, OrganicWaste, RatedLimit};
use crate::carbon::settings::waste_disposal::disposal_factors;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawText;
use crate::domain::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// Checked settings of a kind, as far as all parts of the gateway ask for them.
pub(crate) trait AssetKindSettings {
    /// Chapter of the report that shows it.
    fn report_chapter(&self) -> &'static str;

    /// Factors on which its figures depend; those of the disposal without the programme by default.
    fn factors(&self) -> Vec<&Arc<Factor>> {
        let waste = self.organic_waste();
        disposal_factors(waste.and_then(|waste| waste.disposal))
    }

    /// Declared baseline.
    fn baseline(&self) -> Option<&Baseline> {
        None
    }

    /// Ids of the other assets on which its figures depend.
    fn needed_assets(&self) -> Vec<&Arc<str>> {
        Vec::new()
    }

    /// Limits of its points by its ratings.
    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        Vec::new()
    }

    /// Organic waste that it takes.
    fn organic_waste(&self) -> Option<OrganicWaste<'_>> {
        None
    }
}

/// `[[asset]]` of a kind as typed. Its module also has `check_table`, which checks it by itself.
pub(crate) trait RawAssetTable {
    /// Checks the names of other assets in the table of `own`, once all assets are known.
    fn check_relations(&self, _notes: &mut DiagnosticCollector<'_>, _own: &Asset, _all: &[Asset]) {}
}

macro_rules! asset_kind_enums {
    ($($kind:ident: $word:literal, $about:tt, $folder:ident($settings:ident, $raw:ident);)*) => {
        /// Kind of an asset, with its data.
        #[derive(Clone, Debug, PartialEq)]
        pub enum AssetKind {
            $(#[doc = $about] $kind(Box<crate::assets::$folder::settings::$settings>),)*
        }

        /// `[[asset]]` as typed.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        #[schemars(tag = "kind")]
        #[expect(
            clippy::large_enum_variant,
            reason = "a few dozen, dropped once they are checked"
        )]
        pub(crate) enum RawAsset {
            $(#[doc = $about] $kind(crate::assets::$folder::settings::$raw),)*
        }

        impl AssetKind {
            /// Word in files and APIs: `plts`, `pump`, `tank`, ...
            pub fn word(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $word,)*
                }
            }

            pub(crate) fn settings(&self) -> &dyn AssetKindSettings {
                match self {
                    $(Self::$kind(one) => &**one,)*
                }
            }
        }

        impl RawAsset {
            pub(crate) fn id_and_name(&self) -> (&RawText, &RawText) {
                match self {
                    $(Self::$kind(raw) => (&raw.id, &raw.name),)*
                }
            }

            /// Checks the table by itself.
            pub(crate) fn check(
                &self,
                notes: &mut DiagnosticCollector<'_>,
                span: &Range<usize>,
                around: &mut CheckContext<'_>,
            ) -> AssetKind {
                match self {
                    $(Self::$kind(raw) => {
                        let checked =
                            crate::assets::$folder::settings::check_table(notes, span, raw, around);
                        AssetKind::$kind(Box::new(checked))
                    })*
                }
            }

            pub(crate) fn table(&self) -> &dyn RawAssetTable {
                match self {
                    $(Self::$kind(raw) => raw,)*
                }
            }
        }
    };
}

for_each_asset_kind!(asset_kind_enums);
