//! Rules about the gateway: clock, store, delivery.

use super::attention_rule::{FindingArg, RuleFinding};
use super::site_condition::{SinkCondition, SiteCondition};
use crate::status::{CopyState, StampingState};

pub(super) fn clock_untrusted(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let found = (!site.clock_trusted).then(RuleFinding::default);
    found.into_iter().collect()
}

pub(super) fn store_failing(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let is_failing = site.store.is_failing && !site.store.is_disk_full;
    let found = is_failing.then(RuleFinding::default);
    found.into_iter().collect()
}

/// A full disk without any reserve: readings wait in memory.
pub(super) fn store_no_room(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let has_no_room = site.store.is_failing && site.store.is_disk_full;
    let found = has_no_room.then(RuleFinding::default);
    found.into_iter().collect()
}

/// A full disk of which the store still has a reserve; without one it fails.
pub(super) fn store_full(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let is_full = site.store.is_disk_full && !site.store.is_failing;
    let found = is_full.then(RuleFinding::default);
    found.into_iter().collect()
}

pub(super) fn store_hung(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let found = site.store.is_hung.then(RuleFinding::default);
    found.into_iter().collect()
}

/// Data that damage of the store has cost, until a technician takes note of it.
pub(super) fn store_damage(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let lines = Some(site.store.damage_unseen).filter(|lines| *lines > 0);
    let finding = |lines| RuleFinding::default().with("lines", count_arg(lines));
    lines.map(finding).into_iter().collect()
}

pub(super) fn store_garbled(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let found = site.store.is_damaged.then(RuleFinding::default);
    found.into_iter().collect()
}

pub(super) fn store_lost(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let lost = Some(site.store.lost).filter(|lost| *lost > 0);
    let finding = |lost| RuleFinding::default().with("lost", count_arg(lost));
    lost.map(finding).into_iter().collect()
}

pub(super) fn retention_due(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let days = Some(site.store.days_to_go).filter(|days| *days > 0);
    let finding = |days| RuleFinding::default().with("days", count_arg(days));
    days.map(finding).into_iter().collect()
}

pub(super) fn budget_due(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let found = site.store.budget_due.map(|_| RuleFinding::default());
    found.into_iter().collect()
}

pub(super) fn sink_away(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let away = |sink: &&SinkCondition| !sink.is_delivering && sink.minutes_late.is_none();
    let finding = |sink| sink_finding(sink).with("waiting", count_arg(sink.waiting));
    site.sinks.iter().filter(away).map(finding).collect()
}

pub(super) fn sink_late(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let finding = |sink: &SinkCondition| {
        let minutes = count_arg(sink.minutes_late?);
        let found = sink_finding(sink).with("minutes", minutes);
        Some(found.with("waiting", count_arg(sink.waiting)))
    };
    site.sinks.iter().filter_map(finding).collect()
}

pub(super) fn sink_refused(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let refusing = site.sinks.iter().filter(|sink| sink.refused > 0);
    let finding = |sink| sink_finding(sink).with("refused", count_arg(sink.refused));
    refusing.map(finding).collect()
}

pub(super) fn stamps_failing(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let failing = site.stamps.iter().filter(|stamps| stamps.fault.is_some());
    let last = |stamps: &StampingState| {
        let never = || FindingArg::Message("attention-stamps-never".to_owned());
        let last = stamps.last_good.map(|at| FindingArg::Since(Some(at)));
        last.unwrap_or_else(never)
    };
    let finding = |stamps| RuleFinding::default().with("last", last(stamps));
    failing.map(finding).collect()
}

pub(super) fn copies_failing(site: &SiteCondition<'_>) -> Vec<RuleFinding> {
    let failing = site.copies.iter().filter(|one| one.is_failing(site.now));
    let last = |copies: &CopyState| {
        let never = || FindingArg::Message("attention-stamps-never".to_owned());
        let last = copies.last_good.map(|at| FindingArg::Since(Some(at)));
        last.unwrap_or_else(never)
    };
    let finding = |copies| RuleFinding::default().with("last", last(copies));
    failing.map(finding).collect()
}

fn sink_finding(sink: &SinkCondition) -> RuleFinding {
    // The names of sinks are words of the program, so each language has its own for them.
    let name = FindingArg::Message(format!("attention-sink-{}", sink.name));
    RuleFinding::about(&sink.name).with("sink", name)
}

#[expect(clippy::cast_precision_loss, reason = "counts for people")]
fn count_arg(count: u64) -> FindingArg {
    FindingArg::Number(count as f64, 0)
}
