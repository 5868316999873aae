//! [`RawAsset`]: an asset as typed, made from the list of kinds.

use super::kind_settings::RawAssetTable;
use crate::assets::{AssetKind, CheckContext};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawText};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

macro_rules! raw_asset_enum {
    ($($kind:ident: $word:literal, $about:tt, $folder:ident($settings:ident, $raw:ident);)*) => {
        /// `[[asset]]` as typed.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        #[schemars(tag = "kind")]
        pub(crate) enum RawAsset {
            $(#[doc = $about] $kind(crate::assets::$folder::settings::$raw),)*
        }

        impl RawAsset {
            pub(crate) fn id_and_name(&self) -> (&RawText, &RawText) {
                match self {
                    $(Self::$kind(raw) => (&raw.id, &raw.name),)*
                }
            }

            /// First and last day of operation.
            pub(crate) fn days(&self) -> [Option<&RawDate>; 2] {
                match self {
                    $(Self::$kind(raw) => [raw.since.as_ref(), raw.until.as_ref()],)*
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

for_each_asset_kind!(raw_asset_enum);
