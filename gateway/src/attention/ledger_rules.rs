//! Rules about targets and what people write down.

use super::attention_rule::{FindingArg, RuleFinding};
use super::site_condition::{SiteCondition, TargetProgress};
use crate::ledger::IndicatorDefinition;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Share of the month from which a target can be behind: a week.
// In the first days one entry more or less moves the share too much to speak of a pace.
const MONTH_BEGUN: f64 = 0.23;
/// Share of the expected part of a target below which it is behind.
const BEHIND_SHARE: f64 = 0.8;
/// Days without an entry of the daily feeding that are worth a notice.
const ENTRY_DAYS: i32 = 3;

/// Targets of this month that will be missed at the present pace.
pub(super) fn target_behind(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let passed = site.month_passed;
    let behind = site
        .targets
        .iter()
        .filter(|target| passed >= MONTH_BEGUN && target.reached < passed * BEHIND_SHARE);
    let finding = |target: &TargetProgress| {
        let found = RuleFinding::about(&target.indicator)
            .with("name", FindingArg::Name(Arc::clone(&target.name)))
            .with("reached", FindingArg::Share(target.reached))
            .with("passed", FindingArg::Share(passed));
        RuleFinding {
            link: Some(target.explain.clone()),
            ..found
        }
    };
    behind.map(finding).collect()
}

/// Feedings that nobody wrote down for days.
pub(super) fn entry_missing(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let late = fed_indicators(site).filter_map(|definition| {
        // Without any entry there is no day to count from: `entry_never` says that instead.
        let last = *site.last_entries.get(&definition.id)?;
        // Civil days of the site, since an entry has a date and no time.
        let days = (site.site.timezone.date(site.now) - last).get_days();
        let finding = || entry_finding(definition).with("days", FindingArg::Number(days.into(), 0));
        (days >= ENTRY_DAYS).then(finding)
    });
    late.collect()
}

/// Feedings of which there is no entry at all.
pub(super) fn entry_never(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let never = fed_indicators(site).filter(|one| !site.last_entries.contains_key(&one.id));
    never.map(entry_finding).collect()
}

/// Indicators of what bins and heaps are fed; several of them may share one.
fn fed_indicators<'a>(
    site: &'a SiteCondition<'_>,
) -> impl Iterator<Item = &'a IndicatorDefinition> {
    let today = site.site.timezone.date(site.now);
    let wastes = site
        .assets
        .iter()
        .filter(|asset| asset.days.contains(today));
    let wastes = wastes.filter_map(|asset| asset.kind.settings().organic_waste());
    let fed: BTreeSet<&Arc<str>> = wastes.map(|waste| waste.fed).collect();
    fed.into_iter().filter_map(|id| site.definitions.find(id))
}

fn entry_finding(definition: &IndicatorDefinition) -> RuleFinding {
    let name = FindingArg::Bilingual(definition.name.clone());
    RuleFinding::about(&definition.id).with("name", name)
}
