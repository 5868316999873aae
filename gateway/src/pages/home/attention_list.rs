//! [`AttentionList`]: what needs attention, worst first; or that all is well.

use super::home_figures::HomeFigures;
use crate::api::ApiListener;
use crate::api::device_health::{HealthState, judge_device_health};
use crate::attention::{
    AttentionItem, ConditionFigures, DeviceCondition, DeviceConditionState, SinkCondition,
    SiteCondition, StoreCondition, find_attention,
};
use crate::domain::UtcMs;
use crate::pages::home::month_progress;
use crate::status::{DeliveryHealth, SinkState};
use crate::storage::StoreHealth;
use std::collections::BTreeMap;
use std::sync::Arc;

/// List of problems as texts.
pub(super) struct AttentionList {
    /// `trouble`, `well` or `waiting`: nothing was read or written down yet.
    pub(super) state: &'static str,
    /// Problems, worst first.
    pub(super) lines: Vec<AttentionLine>,
}

/// One problem.
pub(super) struct AttentionLine {
    /// `urgent`, `warning` or `notice`; its text has the message key `attention-level-WORD`.
    pub(super) level: &'static str,
    /// Sentence.
    pub(super) text: String,
    /// Page where one looks or acts.
    pub(super) link: String,
}

impl AttentionList {
    /// The list of the site at the time of the figures.
    pub(super) fn of_site(app: &ApiListener, figures: &HomeFigures) -> Self {
        let condition = site_condition(app, figures);
        let found = find_attention(&condition);
        let is_read = !condition.latest.is_empty();
        let is_written = !condition.last_entries.is_empty();
        let state = match found.is_empty() {
            false => "trouble",
            true if is_read || is_written => "well",
            true => "waiting",
        };
        let line = |item: &AttentionItem| AttentionLine {
            level: item.rule.severity.word(),
            text: item.sentence(figures.lang(), &figures.zone, figures.now()),
            link: item.link().to_owned(),
        };
        Self {
            state,
            lines: found.iter().map(line).collect(),
        }
    }
}

fn site_condition<'a>(app: &'a ApiListener, figures: &'a HomeFigures) -> SiteCondition<'a> {
    let state = app.state();
    let good = figures.latest.iter().filter_map(|(point, last)| {
        let number = last.sample.outcome.present_number()?;
        Some((Arc::clone(point), (last.sample.at, number.to_f64())))
    });
    SiteCondition {
        site: app.site(),
        assets: &state.config.assets,
        definitions: &state.config.definitions,
        now: figures.now(),
        clock_trusted: state.clock.now().trusted,
        store: store_condition(app),
        sinks: sink_conditions(app),
        stamps: state.board.snapshot().stamps,
        copies: state.board.snapshot().copies,
        devices: device_conditions(app, figures.now(), figures),
        latest: good.collect(),
        figures: ConditionFigures {
            recent: &figures.recent.account,
            week: &figures.week.account,
            month: &figures.month.account,
        },
        targets: month_progress::target_progress(figures),
        month_passed: figures.month_passed(),
        last_entries: figures.last_entries(),
    }
}

fn store_condition(app: &ApiListener) -> StoreCondition {
    let receiver = app.state().store.health();
    // The store's task has ended when the sender of its health is gone.
    let stopped = receiver.has_changed().is_err();
    let health: StoreHealth = receiver.borrow().clone();
    StoreCondition {
        is_failing: stopped || health.failure.is_some(),
        is_disk_full: health.is_disk_full,
        is_hung: app.state().store.pulse.is_hung(),
        lost: health.lost,
        days_to_go: health.retention_due.map_or(0, |notice| notice.days),
        budget_due: health.budget_due,
        damage_unseen: health.damage_unseen,
        is_damaged: health.damage.is_some(),
    }
}

fn sink_conditions(app: &ApiListener) -> Vec<SinkCondition> {
    let board = app.state().board.snapshot();
    let sinks = board.sinks.iter();
    let condition = |(name, sink): (&&'static str, &SinkState)| SinkCondition {
        name: Arc::from(*name),
        is_delivering: sink.is_delivering(),
        minutes_late: (sink.health() == DeliveryHealth::Late)
            .then(|| sink.oldest_age().as_secs() / 60),
        waiting: sink.waiting,
        refused: sink.refused,
    };
    sinks.map(condition).collect()
}

/// Condition of every device, in the order of the site.
pub(super) fn device_conditions(
    app: &ApiListener,
    now: UtcMs,
    figures: &HomeFigures,
) -> Vec<DeviceCondition> {
    let (site, buses) = (app.site(), &app.state().buses);
    let board = app.state().board.snapshot();
    let newest = newest_good_samples(figures);
    let devices = site.devices.iter().map(|device| {
        let verdict = judge_device_health(device, site, buses, &board, now);
        let state = board.devices.get(&device.id);
        let answered = state.and_then(|state| state.last_good);
        DeviceCondition {
            state: condition_state(verdict.health),
            // The board knows nothing from before the start of the gateway.
            last_good: answered.or_else(|| newest.get(&*device.id).copied()),
        }
    });
    devices.collect()
}

fn condition_state(health: HealthState) -> DeviceConditionState {
    match health {
        HealthState::Ok | HealthState::Asleep => DeviceConditionState::Well,
        HealthState::Waiting => DeviceConditionState::Waiting,
        HealthState::Doubtful => DeviceConditionState::Partial,
        HealthState::Fault => DeviceConditionState::Silent,
    }
}

/// Time of the newest good sample by device, where the latest sample of a point is good.
fn newest_good_samples(figures: &HomeFigures) -> BTreeMap<&str, UtcMs> {
    let mut newest: BTreeMap<&str, UtcMs> = BTreeMap::new();
    for (point, last) in &figures.latest {
        let Some((device, _)) = point.split_once('.') else {
            continue;
        };
        if last.sample.outcome.present_number().is_none() {
            continue;
        }
        let known = newest.entry(device).or_insert(last.sample.at);
        known.0 = known.0.max(last.sample.at.0);
    }
    newest
}
