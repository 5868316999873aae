//! Rules that find what needs attention at a site, from figures, devices and the ledger; in words,
//! and worst first. Pages show the list; alarms can use the same rules.
//!
//! ```text
//! find_attention(&condition)      // all items, worst first
//!     .sentence(lang, zone, now)  // "Tandon air: air cukup untuk ±8 jam"
//! ```
//!
//! A rule is one line of `ATTENTION_RULES`. Thresholds are those of the assets (temperature
//! bands, leak threshold, dry-run rule) and the constants beside the rules.
//!
//! **Invariant:** no store, no clock, no network: the same condition gives the same list.

mod attention_rule;
mod device_rules;
mod gateway_rules;
mod ledger_rules;
mod power_rules;
mod site_condition;
#[cfg(test)]
mod tests;
mod waste_rules;
mod water_rules;

pub(crate) use attention_rule::{AttentionItem, AttentionRule, AttentionSeverity};
pub(crate) use device_rules::measured_share;
pub(crate) use site_condition::{
    ConditionFigures, DeviceCondition, DeviceConditionState, SinkCondition, SiteCondition,
    StoreCondition, TargetProgress, last_reading,
};

use AttentionSeverity::{Notice, Urgent, Warning};
use attention_rule::rule;
use device_rules::{data_gap, device_partial, device_silent, figure_implausible, line_silent};
use gateway_rules::{
    budget_due, clock_untrusted, copies_failing, retention_due, sink_away, sink_late, sink_refused,
    stamps_failing, store_damage, store_failing, store_full, store_garbled, store_hung, store_lost,
    store_no_room,
};
use ledger_rules::{entry_missing, entry_never, target_behind};
use power_rules::plts_idle;
use waste_rules::{bin_cold, bin_hot, bin_was_hot, compost_hot, mass_balance};
use water_rules::{leak, leak_once, overflow, pump_dry, tank_balance, water_days, water_hours};

/// All rules. Items of one severity keep this order.
pub(crate) const ATTENTION_RULES: &[AttentionRule] = &[
    rule("clock-untrusted", Urgent, "/health", clock_untrusted),
    rule("store-failing", Urgent, "/health", store_failing),
    rule("store-no-room", Urgent, "/health", store_no_room),
    rule("store-full", Urgent, "/health", store_full),
    rule("store-hung", Urgent, "/health", store_hung),
    rule("store-garbled", Urgent, "/health", store_garbled),
    rule("store-damage", Urgent, "/health", store_damage),
    rule("water-hours", Urgent, "/air", water_hours),
    rule("bin-hot", Urgent, "/bsf", bin_hot),
    rule("bin-cold", Urgent, "/bsf", bin_cold),
    rule("line-silent", Urgent, "/teknisi", line_silent),
    rule("water-days", Warning, "/air", water_days),
    rule("plts-idle", Warning, "/plts", plts_idle),
    rule("pump-dry", Warning, "/air", pump_dry),
    rule("leak", Warning, "/air", leak),
    rule("tank-balance", Warning, "/air", tank_balance),
    rule("bin-was-hot", Warning, "/bsf", bin_was_hot),
    rule("compost-hot", Warning, "/kompos", compost_hot),
    rule(
        "figure-implausible",
        Warning,
        "/laporan",
        figure_implausible,
    ),
    rule("mass-balance", Warning, "/catat", mass_balance),
    rule("device-silent", Warning, "/teknisi", device_silent),
    rule("store-lost", Warning, "/health", store_lost),
    rule("retention-due", Warning, "/health", retention_due),
    rule("budget-due", Warning, "/health", budget_due),
    rule("sink-away", Warning, "/health", sink_away),
    rule("sink-late", Warning, "/health", sink_late),
    rule("stamps-failing", Warning, "/health", stamps_failing),
    rule("copies-failing", Warning, "/health", copies_failing),
    rule("leak-once", Notice, "/air", leak_once),
    rule("overflow", Notice, "/air", overflow),
    rule("device-partial", Notice, "/teknisi", device_partial),
    rule("data-gap", Notice, "/teknisi", data_gap),
    rule("sink-refused", Notice, "/health", sink_refused),
    rule("target-behind", Notice, "/laporan", target_behind),
    rule("entry-missing", Notice, "/catat", entry_missing),
    rule("entry-never", Notice, "/catat", entry_never),
];

/// Everything that needs attention, worst first.
pub(crate) fn find_attention(site: &SiteCondition<'_>) -> Vec<AttentionItem> {
    let found = |rule: &'static AttentionRule| {
        let items = (rule.find)(site).into_iter();
        items.map(move |finding| AttentionItem { rule, finding })
    };
    let mut all: Vec<AttentionItem> = ATTENTION_RULES.iter().flat_map(found).collect();
    // The sort is stable: within a severity the order of `ATTENTION_RULES` is kept.
    all.sort_by_key(|item| item.rule.severity);
    all
}
