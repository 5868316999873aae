//! Rules about devices and the data that they give.

use super::attention_rule::{FindingArg, RuleFinding};
use super::site_condition::{DeviceCondition, DeviceConditionState, SiteCondition};
use crate::assets::Asset;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::domain::{DeviceInfo, UtcMs};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Measured share since yesterday below which data are missing (METHODS G.4: complete from 90 %).
const COMPLETE_SHARE: f64 = 0.9;

/// Beginning of the remarks on figures that cannot be true.
const IMPLAUSIBLE_KEYS: &str = "account-implausible-";

/// Lines on which no device answers, if there are several devices on it.
pub(super) fn line_silent(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let buses: BTreeSet<&Arc<str>> = site.site.devices.iter().map(|one| &one.bus).collect();
    let silent = buses.into_iter().filter(|bus| is_line_silent(site, bus));
    let finding = |bus: &Arc<str>| {
        // The newest of the last answers counts: from then on nothing on the line was heard.
        let states = devices_of_bus(site, bus).filter_map(|(_, device)| device.last_good);
        RuleFinding::about(bus)
            .with("count", device_count(devices_of_bus(site, bus).count()))
            .with("since", FindingArg::Since(states.max_by_key(|at| at.0)))
    };
    silent.map(finding).collect()
}

/// Devices that do not answer while others on their line do.
pub(super) fn device_silent(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let silent = devices_in(site, DeviceConditionState::Silent);
    let alone = silent.filter(|(info, _)| !is_line_silent(site, &info.bus));
    let finding = |(info, device): (&DeviceInfo, &DeviceCondition)| {
        let since = FindingArg::Since(device.last_good);
        device_finding(site, info).with("since", since)
    };
    alone.map(finding).collect()
}

/// Devices of which some values are missing or implausible.
pub(super) fn device_partial(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let partial = devices_in(site, DeviceConditionState::Partial);
    partial
        .map(|(info, _)| device_finding(site, info))
        .collect()
}

/// Assets of which too little was measured since yesterday. A device that is silent now is named by
/// its own rule.
pub(super) fn data_gap(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let heard = site
        .assets
        .iter()
        .filter(|asset| !site.has_silent_device(asset));
    let gap = |asset: &Asset| {
        let (recent, week) = (site.figures.recent, site.figures.week);
        let share = measured_share(recent, asset).filter(|share| *share < COMPLETE_SHARE)?;
        // A site that was set up yesterday or today has no earlier readings, and no gap.
        let begin = site.site.timezone.midnight(recent.period.first());
        if first_reading(week, asset).is_none_or(|first| first.0 >= begin.0) {
            return None;
        }
        let finding = RuleFinding::about(&asset.id);
        let finding = finding.with("name", FindingArg::Name(Arc::clone(&asset.name)));
        Some(finding.with("share", FindingArg::Share(share)))
    };
    heard.filter_map(gap).collect()
}

/// Assets with a figure of this week that cannot be true by its own inputs. What inherits the
/// verdict is not named: it is right when the cause is.
pub(super) fn figure_implausible(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let is_odd = |one: &Indicator| {
        let mut remarks = one.remarks.iter();
        one.claim == ClaimVerdict::NotClaimed(NotClaimedReason::Implausible)
            && remarks.any(|remark| remark.key.starts_with(IMPLAUSIBLE_KEYS))
    };
    let today = site.site.timezone.date(site.now);
    let working = site
        .assets
        .iter()
        .filter(|asset| asset.days.contains(today));
    let odd = working.filter(|asset| {
        let mut own = figures_of(site.figures.week, asset);
        own.any(is_odd)
    });
    let finding = |asset: &Asset| {
        RuleFinding::about(&asset.id).with("name", FindingArg::Name(Arc::clone(&asset.name)))
    };
    odd.map(finding).collect()
}

fn devices_in<'a>(
    site: &'a SiteCondition<'_>,
    state: DeviceConditionState,
) -> impl Iterator<Item = (&'a DeviceInfo, &'a DeviceCondition)> {
    let all = site.site.devices.iter().zip(&site.devices);
    all.filter(move |(_, device)| device.state == state)
}

fn devices_of_bus<'a>(
    site: &'a SiteCondition<'_>,
    bus: &'a str,
) -> impl Iterator<Item = (&'a DeviceInfo, &'a DeviceCondition)> {
    let all = site.site.devices.iter().zip(&site.devices);
    all.filter(move |(info, _)| *info.bus == *bus)
}

fn is_line_silent(site: &SiteCondition<'_>, bus: &str) -> bool {
    let mut states = devices_of_bus(site, bus).map(|(_, device)| device.state);
    // One device alone says nothing about its line: it is reported as a silent device.
    devices_of_bus(site, bus).count() > 1
        && states.all(|state| state == DeviceConditionState::Silent)
}

/// Finding with what the device is, and the asset that it measures: ids say nothing to people.
fn device_finding(site: &SiteCondition<'_>, info: &DeviceInfo) -> RuleFinding {
    let asset = site
        .assets_of_device(info)
        .first()
        .map(|one| Arc::clone(&one.name));
    let device = FindingArg::Device(Arc::clone(&info.kind), asset);
    RuleFinding::about(&info.id).with("device", device)
}

#[expect(clippy::cast_precision_loss, reason = "a site has a few dozen devices")]
fn device_count(count: usize) -> FindingArg {
    FindingArg::Number(count as f64, 0)
}

/// Least measured share of the figures of an asset that come from readings; of daylight hours for
/// plants, which sleep at night.
pub(crate) fn measured_share(account: &SiteIndicators, asset: &Asset) -> Option<f64> {
    let shares = figures_of(account, asset).filter_map(|one| {
        let known = one.completeness;
        known
            .daylight
            .filter(|_| one.id.starts_with("plts."))
            .or(known.all)
    });
    // The weakest figure counts: a good meter beside it does not fill its gap.
    shares.min_by(f64::total_cmp)
}

fn first_reading(account: &SiteIndicators, asset: &Asset) -> Option<UtcMs> {
    let inputs = figures_of(account, asset).flat_map(|one| &one.inputs);
    let first = inputs.filter_map(|input| match &input.from {
        InputSource::Point(readings) => readings.first.map(|(at, _)| at),
        _ => None,
    });
    first.min_by_key(|at| at.0)
}

fn figures_of<'a>(
    account: &'a SiteIndicators,
    asset: &'a Asset,
) -> impl Iterator<Item = &'a Indicator> {
    let own = account.indicators.iter();
    let own = own.filter(|one| one.asset.as_deref() == Some(&asset.id));
    // Figures of entries and settings alone have no readings that could be missing.
    own.filter(|one| {
        let mut inputs = one.inputs.iter();
        inputs.any(|input| matches!(input.from, InputSource::Point(_)))
    })
}
