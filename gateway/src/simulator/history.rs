//! Simulated history: what the devices would have answered, for a demo, through the same registers
//! and numbers of chips as live polls.

use super::device::SimulatedDevice;
use super::pins::SimulatedPinPoint;
use super::plant::{PlantSnapshot, STEP_MS};
use super::world::SimulatedWorld;
use crate::buses::modbus::decode;
use crate::config::{Config, Device, Point};
use crate::domain::{DeviceInfo, QualityReason, SampleOutcome, UtcMs};
use std::sync::Arc;

/// Samples of one point in time order.
pub type HistoryColumn = (Arc<str>, Vec<(UtcMs, SampleOutcome)>);

/// History of a world, made piece by piece.
#[derive(Debug)]
pub struct SimulatedHistory {
    world: SimulatedWorld,
    devices: Vec<DeviceHistory>,
}

/// History of one device.
#[derive(Debug)]
struct DeviceHistory {
    id: Arc<str>,
    answers: SimulatedAnswers,
    ids: Vec<Arc<str>>,
    every_ms: i64,
}

/// Answers of a simulated device.
#[derive(Debug)]
enum SimulatedAnswers {
    /// Registers of a Modbus device.
    Registers {
        device: Box<SimulatedDevice>,
        points: Vec<Point>,
        /// Raw values of the points that select scales for others; they never change.
        context: Vec<Option<i64>>,
    },
    /// The gateway's own pins.
    Pins(Vec<SimulatedPinPoint>),
}

impl SimulatedHistory {
    /// History of the devices of a configuration in this world.
    pub fn new(config: &Config, world: &SimulatedWorld) -> Self {
        // Registers that select scales are constant, so any moment will do.
        let now = world.snapshot_at(UtcMs(0));
        let devices = config
            .devices
            .iter()
            .zip(&config.site.devices)
            .map(|(device, info)| DeviceHistory {
                id: Arc::clone(&info.id),
                answers: SimulatedAnswers::new(config, device, info, (world.seed(), &now)),
                ids: info.points.iter().map(|point| point.id.clone()).collect(),
                every_ms: i64::try_from(info.every_ms)
                    .unwrap_or(i64::MAX)
                    .max(STEP_MS),
            });
        Self {
            world: world.clone(),
            devices: devices.collect(),
        }
    }

    /// Returns every poll with `from` <= time < `to`; moves the world on.
    pub fn polls_between(&self, from: UtcMs, to: UtcMs) -> Vec<HistoryColumn> {
        let mut columns: Vec<HistoryColumn> = self
            .devices
            .iter()
            .flat_map(|past| past.ids.iter().map(|id| (id.clone(), Vec::new())))
            .collect();
        // Polls lie on the step grid of the plant: pieces join without a gap and without a double.
        let first = from.0 + (-from.0).rem_euclid(STEP_MS);
        for slot in 0..((to.0 - first + STEP_MS - 1) / STEP_MS).max(0) {
            let at = UtcMs(first + slot * STEP_MS);
            let now = self.world.snapshot_at(at);
            let mut column = columns.iter_mut();
            for past in &self.devices {
                // Poll slots are multiples of the period, as in the gateway.
                let due = at.0.rem_euclid(past.every_ms) < STEP_MS;
                let silent = due && self.world.incidents().is_silent(&past.id, at);
                for (index, (_, samples)) in (0..past.ids.len()).zip(column.by_ref()) {
                    if silent {
                        samples.push((at, SampleOutcome::Bad(QualityReason::Timeout)));
                    } else if due {
                        samples.extend(
                            past.answers
                                .outcome(index, &now)
                                .map(|outcome| (at, outcome)),
                        );
                    }
                }
            }
        }
        columns
    }
}

impl SimulatedAnswers {
    fn new(
        config: &Config,
        device: &Device,
        info: &DeviceInfo,
        (seed, now): (u64, &PlantSnapshot),
    ) -> Self {
        let bus = config.buses.get(device.bus);
        if bus.is_some_and(|bus| bus.link.modbus().is_none()) {
            return Self::Pins(SimulatedPinPoint::all(device, info, seed));
        }
        let sim = SimulatedDevice::new(device, info, seed);
        let points = sim.points();
        let raw = |(point, index): (&Point, usize)| {
            decode::raw_integer(point, &sim.point_registers(index, now)?)
        };
        Self::Registers {
            context: points.iter().zip(0..).map(raw).collect(),
            points,
            device: Box::new(sim),
        }
    }

    /// Returns the outcome of a point; `None` for a point without a past.
    fn outcome(&self, point: usize, now: &PlantSnapshot) -> Option<SampleOutcome> {
        match self {
            Self::Pins(points) => points.get(point)?.outcome(now),
            Self::Registers {
                device,
                points,
                context,
            } => {
                let words = device.point_registers(point, now)?;
                Some(decode::decode_point(points.get(point)?, &words, context))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site, world_at};

    /// 2026-07-01T00:00:00+07:00.
    const JULY: UtcMs = UtcMs(1_782_838_800_000);

    fn demo_history() -> (SimulatedHistory, usize) {
        history_of(include_str!("../../assets/demo.toml"))
    }

    fn history_of(text: &str) -> (SimulatedHistory, usize) {
        let config = load_site(text);
        let points = config
            .site
            .devices
            .iter()
            .map(|device| device.points.len())
            .sum();
        (SimulatedHistory::new(&config, &world_at(JULY)), points)
    }

    fn find_column<'a>(columns: &'a [HistoryColumn], id: &str) -> &'a [(UtcMs, SampleOutcome)] {
        columns
            .iter()
            .find(|(name, _)| &**name == id)
            .map(|(_, samples)| &samples[..])
            .unwrap()
    }

    #[test]
    fn an_hour_of_history_has_every_poll_of_every_point_once() {
        let (history, points) = demo_history();
        let columns = history.polls_between(JULY, UtcMs(JULY.0 + 3_600_000));
        assert_eq!(columns.len(), points);
        assert_eq!(find_column(&columns, "inverter.ac_power").len(), 360);
        assert_eq!(find_column(&columns, "air.temp_air").len(), 120);
        for (id, samples) in &columns {
            for (_, outcome) in samples {
                assert!(
                    matches!(outcome, SampleOutcome::Good(_)),
                    "{id}: {outcome:?}"
                );
            }
        }
    }

    #[test]
    fn a_device_that_says_itself_where_its_points_are_has_a_past_too() {
        let (history, _) = history_of(
            &SiteText::new("a")
                .tcp_bus("b", 502)
                .device("plts", "b", "profile = 'sunspec'\nmodels = [103, 160]")
                .text(),
        );
        let noon = JULY.0 + 12 * 3_600_000;
        let columns = history.polls_between(UtcMs(noon), UtcMs(noon + 60_000));
        let value = |id: &str| find_column(&columns, id)[0].1.number().unwrap().to_f64();
        assert!(value("plts.ac_power") > 100.0);
        assert!((value("plts.dc_power") - value("plts.dc_power_1")).abs() < 1e-9);
        assert!((45.0..55.0).contains(&value("plts.frequency")));
    }

    #[test]
    fn pieces_join_without_a_hole_or_a_double() {
        let (history, _) = demo_history();
        let half = UtcMs(JULY.0 + 1_799_995);
        let first = history.polls_between(JULY, half);
        let second = history.polls_between(half, UtcMs(JULY.0 + 3_600_000));
        let times = |columns: &[HistoryColumn]| -> Vec<i64> {
            find_column(columns, "meter.ac_power")
                .iter()
                .map(|(at, _)| at.0)
                .collect()
        };
        let all = [times(&first), times(&second)].concat();
        let expected: Vec<i64> = (0..360).map(|slot| JULY.0 + slot * 10_000).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn the_level_is_in_metres_whatever_the_probe_counts_in() {
        let (history, _) = demo_history();
        let columns = history.polls_between(JULY, UtcMs(JULY.0 + 60_000));
        let Some((_, SampleOutcome::Good(level))) = find_column(&columns, "level.level").first()
        else {
            panic!("no level");
        };
        assert!((0.2..2.4).contains(&level.to_f64()), "{level}");
    }
}
