//! Rules about bins and compost heaps.

use super::attention_rule::{FindingArg, RuleFinding};
use super::site_condition::{SiteCondition, figure_value};
use crate::assets::{Asset, AssetKind, BsfAsset};
use std::sync::Arc;

/// Time above the critical temperature since yesterday that is worth a warning, h.
const HOT_HOURS: f64 = 0.5;
/// Key of the reason why a bin has no indices.
const MORE_OUT_THAN_IN: &str = "analyse-status-inconsistent-mass-balance";
/// Temperature of a heap above which its organisms die, degC.
const COMPOST_HOT_C: f64 = 70.0;

/// Bins that are too hot now.
pub(super) fn bin_hot(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let hot = bins(site).filter_map(|(bin, settings)| {
        let core = core_temperature(site, settings)?;
        // The bin is hot now: unknown hours must not hide that.
        let hours = hot_hours(site, bin).unwrap_or_default();
        let finding = || {
            let finding = named(bin).with("temperature", FindingArg::Number(core, 0));
            finding.with("hours", FindingArg::Number(hours, 0))
        };
        (core >= settings.bands.critical).then(finding)
    });
    hot.collect()
}

/// Bins that were too hot since yesterday, and are not now.
pub(super) fn bin_was_hot(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let over = bins(site).filter_map(|(bin, settings)| {
        let core = core_temperature(site, settings);
        let is_hot = core.is_some_and(|core| core >= settings.bands.critical);
        // A bin that is still hot has the urgent item; a second one would only repeat it.
        let hours = hot_hours(site, bin).filter(|hours| *hours >= HOT_HOURS && !is_hot)?;
        let finding = named(bin).with("hours", FindingArg::Number(hours, 1));
        Some(finding.with("limit", FindingArg::Number(settings.bands.critical, 0)))
    });
    over.collect()
}

/// Bins in which nothing grows.
pub(super) fn bin_cold(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let cold = bins(site).filter_map(|(bin, settings)| {
        let core = core_temperature(site, settings)?;
        let finding = || named(bin).with("temperature", FindingArg::Number(core, 0));
        (core < settings.bands.slow).then(finding)
    });
    cold.collect()
}

/// Heaps that are too hot now.
pub(super) fn compost_hot(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let heaps = site.assets_with(|kind| match kind {
        AssetKind::Compost(heap) => Some(&**heap),
        _ => None,
    });
    let hot = heaps.filter_map(|(asset, heap)| {
        let core = site.present_value(heap.temperatures.first())?;
        let finding = || named(asset).with("temperature", FindingArg::Number(core, 0));
        (core > COMPOST_HOT_C).then(finding)
    });
    hot.collect()
}

/// Bins out of which the ledger says that more came than went in.
pub(super) fn mass_balance(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let odd = bins(site).filter(|(bin, _)| {
        let loss = site.figures.month.find("bsf.loss", Some(&bin.id));
        loss.is_some_and(|one| matches!(&one.value, Err(why) if why.key == MORE_OUT_THAN_IN))
    });
    odd.map(|(bin, _)| named(bin)).collect()
}

/// Hours since yesterday in the critical and the lethal band.
fn hot_hours(site: &SiteCondition<'_>, bin: &Asset) -> Option<f64> {
    let recent = site.figures.recent;
    let critical = figure_value(recent, bin, "bsf.hours_critical")?;
    // The bands do not overlap, and a lethal hour is above the critical temperature as well.
    Some(critical + figure_value(recent, bin, "bsf.hours_lethal").unwrap_or_default())
}

fn core_temperature(site: &SiteCondition<'_>, settings: &BsfAsset) -> Option<f64> {
    site.present_value(settings.temperatures.first())
}

fn bins<'a>(site: &'a SiteCondition<'_>) -> impl Iterator<Item = (&'a Asset, &'a BsfAsset)> {
    site.assets_with(|kind| match kind {
        AssetKind::Bsf(bin) => Some(&**bin),
        _ => None,
    })
}

fn named(asset: &Asset) -> RuleFinding {
    RuleFinding::about(&asset.id).with("name", FindingArg::Name(Arc::clone(&asset.name)))
}
