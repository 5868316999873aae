//! Recorded values of the watched devices: last values, round-trip times, and errors by kind.

use crate::cli::live_devices::DeviceSnapshot;
use crate::domain::QualityReason;
use crate::limits::WATCH_HISTORY_MAX;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bars of a sparkline, from low to high.
const SPARKLINE_BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Recorded values of all devices.
#[derive(Debug, Default)]
pub(super) struct WatchHistory {
    /// Devices in the order of the configuration.
    pub(super) devices: Vec<WatchedDevice>,
}

/// Recorded values of one device.
#[derive(Debug, Default)]
pub(super) struct WatchedDevice {
    pub(super) look: DeviceSnapshot,
    pub(super) round_trips: SparklineValues,
    /// Values by point name, in the order of `look.values`.
    pub(super) values: BTreeMap<String, SparklineValues>,
    /// Failed polls by the word of their reason.
    pub(super) errors: BTreeMap<&'static str, u64>,
}

/// Last numbers of one series, at most `WATCH_HISTORY_MAX`; `None` for a failed poll.
#[derive(Debug, Default)]
pub(super) struct SparklineValues(VecDeque<Option<f64>>);

impl WatchHistory {
    /// Records snapshots; a device without a poll since the last snapshot adds nothing.
    pub(super) fn record_snapshots(&mut self, looks: Vec<DeviceSnapshot>) {
        for look in looks {
            let id: Arc<str> = look.id.clone();
            let place = self.devices.iter().position(|known| known.look.id == id);
            let place = place.unwrap_or_else(|| {
                self.devices.push(WatchedDevice::default());
                self.devices.len() - 1
            });
            self.devices[place].record_snapshot(look);
        }
    }
}

impl WatchedDevice {
    fn record_snapshot(&mut self, look: DeviceSnapshot) {
        // Counters of a running gateway begin long before the first snapshot.
        let first = self.look.counts.polls == 0;
        let (polls, failures) = (self.look.counts.polls, self.look.counts.failures);
        if look.counts.polls > polls {
            let failed = look.counts.failures.saturating_sub(failures);
            // Failures before this screen was opened have no known reason.
            if let Some(fault) = look
                .counts
                .fault
                .filter(|_| failed > 0 && !(first && polls > 1))
            {
                *self.errors.entry(QualityReason::word(fault)).or_default() += failed;
            }
            // The round trip of a failed poll is that of an earlier one.
            let good = failed == 0;
            self.round_trips
                .push(good.then_some(look.counts.round_trip_ms));
            for value in &look.values {
                self.values
                    .entry(value.name.clone())
                    .or_default()
                    .push(value.value);
            }
        }
        self.look = look;
    }
}

impl SparklineValues {
    fn push(&mut self, value: Option<f64>) {
        if self.0.len() == WATCH_HISTORY_MAX {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// The last `width` numbers as bars between their minimum and maximum; a gap stays blank.
    pub(super) fn render_bars(&self, width: usize) -> String {
        let shown = || self.0.iter().skip(self.0.len().saturating_sub(width));
        let known = || shown().copied().flatten();
        let least = known().fold(f64::INFINITY, f64::min);
        let range = known().fold(f64::NEG_INFINITY, f64::max) - least;
        let bar = |value: &Option<f64>| match value {
            None => ' ',
            // All values are equal.
            Some(_) if range <= 0.0 => SPARKLINE_BARS[0],
            Some(value) => bar_for_share((value - least) / range),
        };
        shown().map(bar).collect()
    }
}

/// Bar for a share from 0 to 1.
fn bar_for_share(share: f64) -> char {
    let thresholds = (1..SPARKLINE_BARS.len()).zip(1u8..);
    let reached = thresholds.take_while(|(_, eighth)| share >= f64::from(*eighth) / 8.0);
    SPARKLINE_BARS[reached.last().map_or(0, |(place, _)| place)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::watch::tests::example_snapshot;

    #[test]
    fn values_become_bars_and_gaps_stay_gaps() {
        let mut track = WatchHistory::default();
        for (polls, power) in [(1, Some(0.0)), (2, Some(50.0)), (3, None), (4, Some(100.0))] {
            track.record_snapshots(vec![example_snapshot(polls, u64::from(polls >= 3), power)]);
        }
        assert_eq!(track.devices[0].values["power"].render_bars(10), "▁▅ █");
        assert_eq!(track.devices[0].values["power"].render_bars(3), "▁ █");
        assert_eq!(track.devices[0].errors["timeout"], 1);
    }

    #[test]
    fn a_look_without_a_new_poll_adds_nothing() {
        let mut track = WatchHistory::default();
        track.record_snapshots(vec![example_snapshot(1, 0, Some(1.0))]);
        track.record_snapshots(vec![example_snapshot(1, 0, Some(1.0))]);
        assert_eq!(track.devices[0].round_trips.render_bars(10), "▁");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut history = SparklineValues::default();
        (0..1000).for_each(|_| history.push(Some(1.0)));
        assert_eq!(history.render_bars(1000).chars().count(), WATCH_HISTORY_MAX);
    }
}
