//! `WasteGroup`: bins and heaps that share an indicator of the ledger.

use crate::assets::{Asset, AssetKind, BsfAsset, WasteDisposal};
use crate::config::Config;
use std::sync::Arc;

/// Bins and heaps that are fed from one indicator of the ledger, or a single one of them.
pub(super) struct WasteGroup<'a> {
    pub(super) fed: &'a Arc<str>,
    /// Members, in the order of the configuration.
    pub(super) assets: Vec<&'a Asset>,
    pub(super) disposal: Option<&'a WasteDisposal>,
    pub(super) dry: bool,
    pub(super) heap: bool,
    pub(super) bin: Option<&'a BsfAsset>,
    /// True when every entry is of what goes into the one member.
    pub(super) is_declared: bool,
}

/// A single bin or heap as a group.
pub(super) fn single_asset_group(asset: &Asset) -> Option<WasteGroup<'_>> {
    let waste = asset.kind.settings().organic_waste()?;
    let bin = match &asset.kind {
        AssetKind::Bsf(bin) => Some(&**bin),
        _ => None,
    };
    Some(WasteGroup {
        fed: waste.fed,
        assets: vec![asset],
        disposal: waste.disposal,
        dry: waste.dry,
        heap: bin.is_none(),
        bin,
        is_declared: waste.is_declared,
    })
}

pub(super) fn waste_groups(config: &Config) -> Vec<WasteGroup<'_>> {
    let mut all: Vec<WasteGroup<'_>> = Vec::new();
    for one in config.assets.iter().filter_map(single_asset_group) {
        match all.iter_mut().find(|group| *group.fed == *one.fed) {
            None => all.push(one),
            Some(group) => {
                group.assets.extend(one.assets);
                group.disposal = group.disposal.or(one.disposal);
                group.dry |= one.dry;
                group.heap |= one.heap;
                group.bin = group.bin.or(one.bin);
                group.is_declared = false;
            }
        }
    }
    all
}
