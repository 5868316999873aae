//! [`site_condition`]: the condition of the site now, for the list of the home page and for alarms.

use crate::api::ApiListener;
use crate::api::device_health::{HealthState, judge_device_health};
use crate::attention::{
    ConditionFigures, DeviceCondition, DeviceConditionState, SinkCondition, SiteCondition,
    StoreCondition,
};
use crate::domain::UtcMs;
use crate::status::{DeliveryHealth, SinkState};
use crate::storage::{LatestSample, StoreHealth};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Latest sample by point.
pub(crate) type LatestSamples = BTreeMap<Arc<str>, LatestSample>;

/// Condition of the site; targets and ledger entries are left empty.
pub(crate) fn site_condition<'a>(
    app: &'a ApiListener,
    now: UtcMs,
    figures: ConditionFigures<'a>,
    latest: &LatestSamples,
) -> SiteCondition<'a> {
    let state = app.state();
    let good = latest.iter().filter_map(|(point, last)| {
        let number = last.sample.outcome.present_number()?;
        Some((Arc::clone(point), (last.sample.at, number.to_f64())))
    });
    SiteCondition {
        site: app.site(),
        assets: &state.config.assets,
        definitions: &state.config.definitions,
        now,
        clock_trusted: state.clock.now().trusted,
        store: store_condition(app),
        sinks: sink_conditions(app),
        stamps: state.board.snapshot().stamps,
        copies: state.board.snapshot().copies,
        devices: device_conditions(app, now, latest),
        latest: good.collect(),
        figures,
        targets: Vec::new(),
        month_passed: 0.0,
        last_entries: BTreeMap::new(),
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
pub(crate) fn device_conditions(
    app: &ApiListener,
    now: UtcMs,
    latest: &LatestSamples,
) -> Vec<DeviceCondition> {
    let (site, buses) = (app.site(), &app.state().buses);
    let board = app.state().board.snapshot();
    let newest = newest_good_samples(latest);
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
fn newest_good_samples(latest: &LatestSamples) -> BTreeMap<&str, UtcMs> {
    let mut newest: BTreeMap<&str, UtcMs> = BTreeMap::new();
    for (point, last) in latest {
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
