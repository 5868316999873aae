//! Rules about tanks and pumps.

use super::attention_rule::{FindingArg, RuleFinding};
use super::site_condition::{SiteCondition, figure_value, last_reading};
use crate::assets::{Asset, AssetKind, PumpAsset, TankAsset};
use std::sync::Arc;

/// Days of supply below which water is short now, and soon.
const SHORT_DAYS: f64 = 1.0;
const SOON_SHORT_DAYS: f64 = 2.0;
/// Age above which a level no longer says how much water there is, ms.
const LEVEL_AGE_MAX_MS: i64 = 6 * 3_600_000;
/// Nights with a leak within a week from which it is suspected (METHODS D.5).
const LEAK_NIGHTS_SUSPECTED: f64 = 3.0;
/// Key of the remark on flows that cannot be true together.
const BALANCE_IMPOSSIBLE: &str = "account-balance-impossible";
/// Time at the overflow since yesterday that is worth a notice, h.
const OVERFLOW_HOURS: f64 = 0.25;

pub(super) fn water_hours(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let short = days_left(site).filter(|(_, days)| *days < SHORT_DAYS);
    let finding = |(tank, days): (&Asset, f64)| {
        // "0 hours" would read as a tank that is empty already.
        let hours = FindingArg::Number((days * 24.0).max(1.0), 0);
        named(tank).with("hours", hours)
    };
    short.map(finding).collect()
}

pub(super) fn water_days(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let soon = days_left(site).filter(|(_, days)| (SHORT_DAYS..SOON_SHORT_DAYS).contains(days));
    soon.map(|(tank, days)| named(tank).with("days", FindingArg::Number(days, 1)))
        .collect()
}

pub(super) fn leak(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    leak_findings(site, |nights| nights >= LEAK_NIGHTS_SUSPECTED)
}

pub(super) fn leak_once(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    // Fewer nights than METHODS D.5 asks for: not suspected yet, so no more than a notice.
    leak_findings(site, |nights| {
        nights > 0.0 && nights < LEAK_NIGHTS_SUSPECTED
    })
}

pub(super) fn overflow(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let over = tanks(site).filter_map(|tank| {
        let hours = figure_value(site.figures.recent, tank, "tank.overflow_hours")?;
        (hours >= OVERFLOW_HOURS).then(|| named(tank).with("hours", FindingArg::Number(hours, 1)))
    });
    over.collect()
}

/// Tanks whose metered inflow cannot supply what their level shows.
pub(super) fn tank_balance(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let odd = tanks(site).filter_map(|tank| {
        let outflow = site.figures.week.find("tank.outflow", Some(&tank.id))?;
        let mut remarks = outflow.remarks.iter();
        let remark = remarks.find(|remark| remark.key == BALANCE_IMPOSSIBLE)?;
        let lacking = remark.args.iter().find(|(name, _)| *name == "lacking")?;
        let lacking = FindingArg::Number(lacking.1.parse().ok()?, 1);
        Some(named(tank).with("lacking", lacking))
    });
    odd.collect()
}

pub(super) fn pump_dry(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let dry = site.assets_with(pump_settings).filter_map(|(pump, _)| {
        let runs = figure_value(site.figures.recent, pump, "pump.dry_runs")?;
        (runs > 0.0).then(|| named(pump).with("count", FindingArg::Number(runs, 0)))
    });
    dry.collect()
}

/// Tanks with the days that their water lasts at the use of this week. A tank whose level was not
/// read for hours is left out: nobody knows what is in it.
fn days_left<'a>(site: &'a SiteCondition<'_>) -> impl Iterator<Item = (&'a Asset, f64)> {
    tanks(site).filter_map(|tank| {
        let stock = site.figures.week.find("tank.volume_last", Some(&tank.id))?;
        let (at, _) = last_reading(stock)?;
        let days = figure_value(site.figures.week, tank, "tank.days_left")?;
        (site.now.0 - at.0 <= LEVEL_AGE_MAX_MS).then_some((tank, days))
    })
}

fn leak_findings(site: &SiteCondition<'_>, is_meant: fn(f64) -> bool) -> Vec<RuleFinding> {
    let leaking = tanks(site).filter_map(|tank| {
        let nights = figure_value(site.figures.week, tank, "tank.leak_nights")?;
        let finding = || named(tank).with("nights", FindingArg::Number(nights, 0));
        is_meant(nights).then(finding)
    });
    leaking.collect()
}

fn tanks<'a>(site: &'a SiteCondition<'_>) -> impl Iterator<Item = &'a Asset> {
    site.assets_with(tank_settings).map(|(tank, _)| tank)
}

fn tank_settings(kind: &AssetKind) -> Option<&TankAsset> {
    match kind {
        AssetKind::Tank(tank) => Some(tank),
        _ => None,
    }
}

fn pump_settings(kind: &AssetKind) -> Option<&PumpAsset> {
    match kind {
        AssetKind::Pump(pump) => Some(pump),
        _ => None,
    }
}

fn named(asset: &Asset) -> RuleFinding {
    RuleFinding::about(&asset.id).with("name", FindingArg::Name(Arc::clone(&asset.name)))
}
