//! Reference of an asset to another one.

use super::kind_settings::NamedAsset;
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawText;

/// Checks a reference to another asset.
pub(crate) fn check_named_asset(
    notes: &mut DiagnosticCollector<'_>,
    all: &[&dyn NamedAsset],
    typed: &RawText,
    key: &str,
    kind: &str,
) {
    let Some(at) = typed else {
        return;
    };
    let found = all.iter().find(|asset| **asset.id() == **at.get());
    match found {
        Some(asset) if asset.word() == kind => {}
        Some(asset) => {
            let found = format!("{} ({})", asset.id(), asset.word());
            notes.add_error(at.span(), key, "fault-asset-kind", &found, kind);
        }
        None => {
            let of_kind = all.iter().filter(|asset| asset.word() == kind);
            let ids: Vec<&str> = of_kind.map(|asset| &**asset.id()).collect();
            let hint = nearest_name(at.get(), ids.iter().copied());
            notes.add_error_with_hint(
                at.span(),
                key,
                "fault-unknown-asset",
                at.get(),
                &ids.join(", "),
                hint,
            );
        }
    }
}
