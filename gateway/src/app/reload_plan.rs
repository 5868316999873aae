//! [`plan_reload`]: which buses go on, start and stop when the configuration changes.

use crate::buses::devices_of_bus;
use crate::config::{Config, Device};
use crate::reload_request::ReloadPlan;

/// Keys that only a new start can change: the process holds the lock of the one, and the other is
/// the identity under which everything was stored and sent.
pub(super) fn keys_that_need_a_start(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("store.path", old.store.path != new.store.path),
        ("site.id", old.site.id != new.site.id),
    ];
    let changed = changed.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(key, _)| key).collect()
}

/// Plans the change from one configuration to another.
pub(super) fn plan_reload(old: &Config, new: &Config) -> ReloadPlan {
    let mut plan = ReloadPlan {
        revision: new.revision_id(),
        warnings: new.warnings.clone(),
        ..ReloadPlan::default()
    };
    for (index, bus) in new.buses.iter().enumerate() {
        if devices_of_bus(new, index).next().is_none() {
            continue;
        }
        let goes_on = goes_on(old, new, index);
        let place = if goes_on {
            &mut plan.kept
        } else {
            &mut plan.started
        };
        place.push(bus.id.clone());
    }
    let is_polled = |id| plan.kept.contains(id) || plan.started.contains(id);
    let gone =
        old.buses.iter().enumerate().filter(|(index, bus)| {
            devices_of_bus(old, *index).next().is_some() && !is_polled(&bus.id)
        });
    plan.stopped = gone.map(|(_, bus)| bus.id.clone()).collect();
    plan
}

/// Whether the task of a bus of `new` would do the same as the one that runs under `old`.
fn goes_on(old: &Config, new: &Config, index: usize) -> bool {
    let bus = &new.buses[index];
    let Some(before) = old.buses.iter().position(|one| one.id == bus.id) else {
        return false;
    };
    // Dates of sensor nodes depend on the zone, and sleep at night on the place.
    let is_same_site = old.site.timezone == new.site.timezone
        && (old.site.latitude, old.site.longitude) == (new.site.latitude, new.site.longitude);
    let polled = |config, bus| -> Vec<&Device> {
        devices_of_bus(config, bus)
            .map(|(_, device)| device)
            .collect()
    };
    let (ran, runs) = (polled(old, before), polled(new, index));
    let is_same_device = |(one, other): (&&Device, &&Device)| is_polled_alike(one, other);
    is_same_site
        && old.buses[before] == *bus
        && ran.len() == runs.len()
        && ran.iter().zip(&runs).all(is_same_device)
}

fn is_polled_alike(one: &Device, other: &Device) -> bool {
    // Name, accuracy and the index of the bus are for others than the task.
    one.id == other.id
        && (one.unit, one.every) == (other.unit, other.every)
        && one.limits == other.limits
        && one.points == other.points
        && one.asleep_at_night == other.asleep_at_night
        && one.facts == other.facts
        && one.sunspec == other.sunspec
}
