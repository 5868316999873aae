//! What the screen remembers of each device: the last values and round trips, errors by kind.

use crate::cli::source::Look;
use crate::limits::WATCH_HISTORY_MAX;
use crate::model::Reason;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bars of a sparkline, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Everything that is remembered.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// In the configuration's order.
    pub(super) devices: Vec<Tracked>,
}

/// One device.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    pub(super) look: Look,
    pub(super) round_trips: History,
    /// By point, in the order of `look.values`.
    pub(super) values: BTreeMap<String, History>,
    /// Failed polls by the word of what was wrong.
    pub(super) errors: BTreeMap<&'static str, u64>,
}

/// The last numbers; `None` where there was none.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Option<f64>>);

impl Track {
    /// Takes a look; a device that was not polled since the last one adds nothing.
    pub(super) fn take(&mut self, looks: Vec<Look>) {
        for look in looks {
            let id: Arc<str> = look.id.clone();
            let place = self.devices.iter().position(|known| known.look.id == id);
            let place = place.unwrap_or_else(|| {
                self.devices.push(Tracked::default());
                self.devices.len() - 1
            });
            self.devices[place].take(look);
        }
    }
}

impl Tracked {
    fn take(&mut self, look: Look) {
        let first = self.look.counts.polls == 0;
        let (polls, failures) = (self.look.counts.polls, self.look.counts.failures);
        if look.counts.polls > polls {
            let failed = look.counts.failures.saturating_sub(failures);
            // What failed before this screen was opened has no kind.
            if let Some(fault) = look
                .counts
                .fault
                .filter(|_| failed > 0 && !(first && polls > 1))
            {
                *self.errors.entry(Reason::word(fault)).or_default() += failed;
            }
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

impl History {
    fn push(&mut self, value: Option<f64>) {
        if self.0.len() == WATCH_HISTORY_MAX {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// The last `width` numbers as bars between their least and greatest; a gap stays a gap.
    pub(super) fn bars(&self, width: usize) -> String {
        let shown = || self.0.iter().skip(self.0.len().saturating_sub(width));
        let known = || shown().copied().flatten();
        let least = known().fold(f64::INFINITY, f64::min);
        let range = known().fold(f64::NEG_INFINITY, f64::max) - least;
        let bar = |value: &Option<f64>| match value {
            None => ' ',
            Some(_) if range <= 0.0 => BARS[0],
            Some(value) => bar((value - least) / range),
        };
        shown().map(bar).collect()
    }
}

/// The bar for a share of 0..=1.
fn bar(share: f64) -> char {
    let thresholds = (1..BARS.len()).zip(1u8..);
    let reached = thresholds.take_while(|(_, eighth)| share >= f64::from(*eighth) / 8.0);
    BARS[reached.last().map_or(0, |(place, _)| place)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::watch::tests::look;

    #[test]
    fn values_become_bars_and_gaps_stay_gaps() {
        let mut track = Track::default();
        for (polls, power) in [(1, Some(0.0)), (2, Some(50.0)), (3, None), (4, Some(100.0))] {
            track.take(vec![look(polls, u64::from(polls >= 3), power)]);
        }
        assert_eq!(track.devices[0].values["power"].bars(10), "▁▅ █");
        assert_eq!(track.devices[0].values["power"].bars(3), "▁ █");
        assert_eq!(track.devices[0].errors["timeout"], 1);
    }

    #[test]
    fn a_look_without_a_new_poll_adds_nothing() {
        let mut track = Track::default();
        track.take(vec![look(1, 0, Some(1.0))]);
        track.take(vec![look(1, 0, Some(1.0))]);
        assert_eq!(track.devices[0].round_trips.bars(10), "▁");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut history = History::default();
        (0..1000).for_each(|_| history.push(Some(1.0)));
        assert_eq!(history.bars(1000).chars().count(), WATCH_HISTORY_MAX);
    }
}
