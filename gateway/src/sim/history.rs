//! What the devices would have said: a past for a demo, through the same registers as the present.

use super::device::SimDevice;
use super::plant::{STEP_MS, Snapshot};
use super::world::World;
use crate::config::{Config, Point};
use crate::model::{Outcome, UtcMs};
use crate::read::decode;
use std::sync::Arc;

/// Samples of one point in time order.
pub type Column = (Arc<str>, Vec<(UtcMs, Outcome)>);

/// Writes the past of a world, piece by piece.
#[derive(Debug)]
pub struct History {
    world: World,
    devices: Vec<Past>,
}

#[derive(Debug)]
struct Past {
    device: SimDevice,
    points: Vec<Point>,
    ids: Vec<Arc<str>>,
    every_ms: i64,
    /// Raw values of the points that choose scales for others; those never change.
    context: Vec<Option<i64>>,
}

impl History {
    /// The past of these devices in this world.
    pub fn new(config: &Config, world: &World) -> Self {
        let now = world.look_at(UtcMs(0));
        let devices = config
            .devices
            .iter()
            .zip(&config.site.devices)
            .map(|(device, info)| {
                let sim = SimDevice::new(device, info, world.seed());
                let raw = |(point, index): (&Point, usize)| {
                    decode::raw_integer(point, &sim.words(index, &now)?)
                };
                Past {
                    points: device.points.clone(),
                    ids: info.points.iter().map(|point| point.id.clone()).collect(),
                    every_ms: i64::try_from(info.every_ms)
                        .unwrap_or(i64::MAX)
                        .max(STEP_MS),
                    context: device.points.iter().zip(0..).map(raw).collect(),
                    device: sim,
                }
            });
        Self {
            world: world.clone(),
            devices: devices.collect(),
        }
    }

    /// Every poll with `from` <= time < `to`; moves the world on.
    pub fn between(&self, from: UtcMs, to: UtcMs) -> Vec<Column> {
        let mut columns: Vec<Column> = self
            .devices
            .iter()
            .flat_map(|past| past.ids.iter().map(|id| (id.clone(), Vec::new())))
            .collect();
        let first = from.0 + (-from.0).rem_euclid(STEP_MS);
        for slot in 0..((to.0 - first + STEP_MS - 1) / STEP_MS).max(0) {
            let at = UtcMs(first + slot * STEP_MS);
            let now = self.world.look_at(at);
            let mut column = columns.iter_mut();
            for past in &self.devices {
                let due = at.0.rem_euclid(past.every_ms) < STEP_MS;
                for (index, (_, samples)) in (0..past.ids.len()).zip(column.by_ref()) {
                    if due {
                        samples.extend(past.say(index, &now).map(|outcome| (at, outcome)));
                    }
                }
            }
        }
        columns
    }
}

impl Past {
    fn say(&self, point: usize, now: &Snapshot) -> Option<Outcome> {
        let words = self.device.words(point, now)?;
        Some(decode::decode(
            self.points.get(point)?,
            &words,
            &self.context,
        ))
    }
}
