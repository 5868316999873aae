//! Counter of pulses on a line ([`PulseCounter`]): water meter, rain gauge, kWh meter with a pulse
//! output, flow meter.
//!
//! It is handed edges with a sequence number and a time: in the gateway the line events of Linux
//! (`line_seqno`, `timestamp_ns`), in the node those of its interrupt. It counts by the sequence
//! number and not by the edges that it sees, so that a full buffer loses no pulse. Time is always
//! an argument.
//!
//! Sources: Linux `struct gpio_v2_line_event` (include/uapi/linux/gpio.h): sequence numbers of a
//! line begin with 1 after each request of it. IEC 62053-31 (S0 output): a pulse and a gap last
//! 30 ms at least.

use crate::sensor_fault::SensorFault;

mod edge_window;
mod pulse_rate;

use edge_window::EdgeWindow;
use pulse_rate::PulseRate;

const SECOND_NS: u64 = 1_000_000_000;

/// Edges that are reported, so that each has a sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchedEdges {
    /// The edge with which a pulse begins. Each sequence number is a pulse. For electronic outputs,
    /// and for lines with a debounce in the kernel.
    PulseStart,
    /// Both edges. Length of pulses and gaps is known, so that a bouncing contact can be filtered
    /// here.
    Both,
}

/// Properties of a meter and its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulseSettings {
    /// Edges that are reported.
    pub edges: WatchedEdges,
    /// Shortest pulse, ns; what is shorter is interference or a bouncing contact.
    pub pulse_min_ns: u64,
    /// Shortest gap between two pulses, ns.
    pub gap_min_ns: u64,
    /// Longest pulse, ns; a line that is active for longer is stuck. `None` for a meter that may
    /// stop with its contact closed.
    pub pulse_max_ns: Option<u64>,
    /// Edges in a second, bounces included, above which it is a bounce storm.
    pub edges_per_second_max: u32,
    /// Time without a pulse after which the rate is 0, ns.
    pub idle_after_ns: u64,
}

/// Edge of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulseEdge {
    /// Number of the edge on this line, 1 for the first one. It wraps around.
    pub sequence: u32,
    /// Time of the edge on a clock that never goes back, ns.
    pub time_ns: u64,
    /// True if the line became active, that is, a pulse begins. Always taken as true where only the
    /// starts of pulses are watched.
    pub is_active: bool,
}

/// Counter of the pulses on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct PulseCounter {
    settings: PulseSettings,
    total: u64,
    missed_edges: u64,
    rejected_edges: u64,
    /// Sequence number and time of the last edge.
    sequence: u32,
    time_ns: u64,
    /// Level that has lasted long enough.
    settled_active: bool,
    /// Level after the last edge, and since when.
    level_active: bool,
    level_since_ns: u64,
    /// Since when the line is active, bounces not regarded.
    active_since_ns: Option<u64>,
    /// Since when the line is watched.
    begun_ns: u64,
    last_pulse_ns: Option<u64>,
    rate: PulseRate,
    window: EdgeWindow,
}

impl PulseSettings {
    /// Returns the settings for a meter that gives at most so many pulses in a second, with both
    /// edges watched: pulse and gap last a quarter of the shortest period at least. 0 counts as 1.
    pub fn for_fastest_rate(pulses_per_second: u32) -> Self {
        let rate = pulses_per_second.max(1);
        let quarter_ns = SECOND_NS / u64::from(rate) / 4;
        Self {
            edges: WatchedEdges::Both,
            pulse_min_ns: quarter_ns,
            gap_min_ns: quarter_ns,
            pulse_max_ns: None,
            // A sound reed contact bounces a few times at a low rate.
            edges_per_second_max: rate.saturating_mul(4).saturating_add(100),
            idle_after_ns: 60 * SECOND_NS,
        }
    }

    /// Returns the settings for a line whose bounces are filtered before: by the kernel's debounce
    /// or an electronic output. Only the starts of pulses are watched.
    pub fn for_clean_line(pulses_per_second: u32) -> Self {
        Self {
            edges: WatchedEdges::PulseStart,
            pulse_min_ns: 0,
            gap_min_ns: 0,
            ..Self::for_fastest_rate(pulses_per_second)
        }
    }

    /// Returns the shortest time from one pulse to the next, ns.
    fn period_min_ns(&self) -> u64 {
        self.pulse_min_ns.saturating_add(self.gap_min_ns)
    }

    /// Returns how many pulses can be in a time.
    fn pulses_within(&self, time_ns: u64) -> u64 {
        let pulses = time_ns.checked_div(self.period_min_ns());
        // A clean line has a shortest period of 0, which sets no limit.
        pulses.unwrap_or(u64::MAX)
    }
}

impl PulseCounter {
    /// Returns a counter that goes on from a total, such as the one kept over a power cut.
    /// [`PulseCounter::begin`] tells it the level of the line.
    pub fn new(settings: PulseSettings, total: u64) -> Self {
        Self {
            settings,
            total,
            missed_edges: 0,
            rejected_edges: 0,
            sequence: 0,
            time_ns: 0,
            settled_active: false,
            level_active: false,
            level_since_ns: 0,
            active_since_ns: None,
            begun_ns: 0,
            last_pulse_ns: None,
            rate: PulseRate::default(),
            window: EdgeWindow::default(),
        }
    }

    /// Tells that the line is watched from now on: the next edge has the sequence number 1. A level
    /// that is active already is no new pulse.
    pub fn begin(&mut self, is_active: bool, now_ns: u64) {
        self.sequence = 0;
        self.time_ns = now_ns;
        self.begun_ns = now_ns;
        self.settled_active = is_active;
        self.level_active = is_active;
        self.level_since_ns = now_ns;
        self.active_since_ns = is_active.then_some(now_ns);
        // Nobody watched before: the time since the last pulse is no gap between two pulses.
        self.last_pulse_ns = None;
        self.rate = PulseRate::default();
        self.window = EdgeWindow::default();
    }

    /// Takes an edge; returns how many pulses it made certain.
    pub fn feed(&mut self, edge: PulseEdge) -> u64 {
        let step = edge.sequence.wrapping_sub(self.sequence);
        // The same edge again, or an old one: more than half of all numbers away.
        if step == 0 || step > u32::MAX / 2 {
            return 0;
        }
        let time_ns = edge.time_ns.max(self.time_ns);
        let missed = u64::from(step - 1);
        let before = self.total;
        self.sequence = edge.sequence;
        self.missed_edges += missed;
        let limit = self.settings.edges_per_second_max;
        self.window.note(step, self.time_ns, time_ns, limit);
        match self.settings.edges {
            WatchedEdges::PulseStart => self.take_pulse_start(missed, time_ns),
            WatchedEdges::Both => self.take_either_edge(missed, time_ns, edge.is_active),
        }
        self.time_ns = time_ns;
        self.total - before
    }

    /// Tells the time and, if it is known, the level of the line. Counts a pulse that has lasted
    /// long enough and has not ended yet; returns how many that are.
    pub fn advance(&mut self, now_ns: u64, is_active: Option<bool>) -> u64 {
        let before = self.total;
        let now_ns = now_ns.max(self.time_ns);
        match (self.settings.edges, is_active) {
            (WatchedEdges::Both, _) => {
                self.settle(now_ns);
            }
            (WatchedEdges::PulseStart, Some(true)) => {
                self.active_since_ns.get_or_insert(now_ns);
            }
            (WatchedEdges::PulseStart, Some(false)) => self.active_since_ns = None,
            (WatchedEdges::PulseStart, None) => {}
        }
        self.window
            .advance(now_ns, self.settings.edges_per_second_max);
        self.total - before
    }

    /// Returns the number of pulses.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns the number of edges that were counted by their sequence numbers alone.
    pub fn missed_edges(&self) -> u64 {
        self.missed_edges
    }

    /// Returns the number of edges that were too near to others to be pulses.
    pub fn rejected_edges(&self) -> u64 {
        self.rejected_edges
    }

    /// Returns the time of the last pulse, ns.
    pub fn last_pulse_ns(&self) -> Option<u64> {
        self.last_pulse_ns
    }

    /// Returns the pulses in a second, averaged over the last eight. It falls while no pulse comes,
    /// and is 0 after the idle time.
    pub fn rate_per_second(&self, now_ns: u64) -> f64 {
        self.rate.per_second(now_ns, self.settings.idle_after_ns)
    }

    /// Returns the reason for which the line is not to be trusted now. Pulses are counted all the
    /// same.
    pub fn fault(&self, now_ns: u64) -> Option<SensorFault> {
        if self.window.is_storm() {
            return Some(SensorFault::BounceStorm);
        }
        let active_ns = now_ns.saturating_sub(self.active_since_ns?);
        (active_ns > self.settings.pulse_max_ns?).then_some(SensorFault::StuckLine)
    }

    fn take_pulse_start(&mut self, missed: u64, time_ns: u64) {
        let edges = missed + 1;
        let since = self.last_pulse_ns.unwrap_or(self.begun_ns);
        let possible = self.settings.pulses_within(time_ns.saturating_sub(since));
        // The pulse before the line was watched may have been long ago.
        let possible = possible.saturating_add(u64::from(self.last_pulse_ns.is_none()));
        let pulses = edges.min(possible);
        self.rejected_edges += edges - pulses;
        // The line was inactive before this edge, however long it was active earlier.
        self.active_since_ns = None;
        self.count(pulses, time_ns);
    }

    fn take_either_edge(&mut self, missed: u64, time_ns: u64, is_active: bool) {
        if missed == 0 {
            let is_settled = self.settle(time_ns);
            self.rejected_edges += u64::from(!is_settled);
        } else {
            self.take_missed_edges(missed, time_ns);
            // The level before this edge was the other one, and its length is not known.
            self.settled_active = !is_active;
        }
        self.level_active = is_active;
        self.level_since_ns = time_ns;
        if is_active {
            self.active_since_ns.get_or_insert(time_ns);
        } else {
            self.active_since_ns = None;
        }
        // Counts at once what needs no time to settle.
        self.settle(time_ns);
    }

    /// Counts the pulses among edges that were not seen: edges of both kinds take turns.
    fn take_missed_edges(&mut self, missed: u64, time_ns: u64) {
        let pending = u64::from(self.level_active && !self.settled_active);
        // Edges take turns: after an active level the first missed one ends a pulse.
        let starts = if self.level_active {
            missed / 2
        } else {
            missed.div_ceil(2)
        };
        let since = time_ns.saturating_sub(self.level_since_ns);
        let possible = self.settings.pulses_within(since).saturating_add(pending);
        let pulses = (pending + starts).min(possible);
        // Each pulse that cannot have been has two edges.
        self.rejected_edges += 2 * (pending + starts - pulses);
        self.active_since_ns = None;
        self.count(pulses, time_ns);
    }

    /// Takes the level of the line as settled if it has lasted long enough. Returns false if it is
    /// another one than the settled level and has not.
    fn settle(&mut self, now_ns: u64) -> bool {
        if self.level_active == self.settled_active {
            return true;
        }
        let shortest = if self.level_active {
            self.settings.pulse_min_ns
        } else {
            self.settings.gap_min_ns
        };
        if now_ns.saturating_sub(self.level_since_ns) < shortest {
            return false;
        }
        self.settled_active = self.level_active;
        if self.settled_active {
            // With the time of its begin: the time to settle must not shift it.
            self.count(1, self.level_since_ns);
        }
        true
    }

    fn count(&mut self, pulses: u64, time_ns: u64) {
        if pulses > 0 {
            self.total = self.total.saturating_add(pulses);
            self.last_pulse_ns = Some(time_ns);
            self.rate.note(pulses, time_ns, self.settings.idle_after_ns);
        }
    }
}

/// Returns the pulses between two readings of a counter that wraps around at 2^32.
pub fn pulses_between(before: u32, after: u32) -> u32 {
    after.wrapping_sub(before)
}

#[cfg(test)]
mod tests;
