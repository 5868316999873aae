//! [`AssetKind`], made from the list of kinds.

use super::kind_settings::AssetKindSettings;

macro_rules! asset_kind_enum {
    ($($kind:ident: $word:literal, $about:tt, $folder:ident($settings:ident, $raw:ident);)*) => {
        /// Kind of an asset, with its data.
        #[derive(Clone, Debug, PartialEq)]
        pub enum AssetKind {
            $(#[doc = $about] $kind(Box<crate::assets::$folder::settings::$settings>),)*
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
    };
}

for_each_asset_kind!(asset_kind_enum);
